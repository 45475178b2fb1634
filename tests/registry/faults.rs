//! Registries that misbehave. In every case the file is written with what could be resolved, the rest is reported by
//! name, the exit code is 4, and nothing hangs.

use std::time::Duration;

use crate::http::{Request, Response};
use crate::process::Registry;
use crate::push::Kind;
use crate::sandbox::{Said, Sandbox};
use crate::server::{Reply, Server, pass};

/// A registry, and the same one behind a server that spoils what concerns the repository `bad`.
struct Bench {
    good: Registry,
    digest: String,
    manifest: Vec<u8>,
}

/// What became of `bad:1`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It was resolved all the same.
    Pinned,
    /// It was reported, and its neighbours on the same host were resolved.
    Alone,
    /// The host was given up.
    Host,
}

impl Bench {
    fn start() -> Option<Self> {
        let good = Registry::start()?;
        let manifest = good.push_as(Kind::OciIndex, "bad", "app", &["1"]);
        good.push("app", "app", &["1", "2"]);
        Some(Self { digest: manifest.digest(), manifest: manifest.bytes, good })
    }

    /// `spoil` gets the requests for `bad`, how many equal ones came before, and what the registry answers.
    #[track_caller]
    fn run(
        &self,
        then: Then,
        reason: &str,
        spoil: impl Fn(&Request, usize, Response) -> Reply + Send + Sync + 'static,
    ) -> (Said, Server) {
        let to = self.good.address;
        let server = Server::start(move |request, earlier| {
            let answer = pass(to, request);
            if request.target.contains("/bad/") { spoil(request, earlier, answer) } else { answer.into() }
        });
        let said = self.pin(&server, then, reason);
        (said, server)
    }

    #[track_caller]
    fn pin(&self, server: &Server, then: Then, reason: &str) -> Said {
        let (bad, good) = (server.address, self.good.host());
        let images = [format!("{good}/app:1"), format!("{bad}/bad:1"), format!("{bad}/app:2")];
        let sandbox = Sandbox::from(&images);
        let code = if then == Then::Pinned { 0 } else { 4 };
        let said = sandbox.pin().expect(code);
        let text = sandbox.text();
        let lines: Vec<_> = text.lines().collect();
        let pinned = |line: usize| format!("FROM {}@{} AS s{line}", images[line], self.digest);
        assert_eq!(lines[0], pinned(0), "the other registry is none the worse");
        if then == Then::Pinned {
            assert_eq!(lines[1], pinned(1));
        } else {
            assert_eq!(lines[1], format!("FROM {} AS s1", images[1]));
            assert!(said.err.contains(&format!("`{}`", images[1])), "not reported by name: {}", said.err);
        }
        if then != Then::Host {
            assert!(lines[2].starts_with(&format!("FROM {}@sha256:", images[2])), "{}", lines[2]);
        }
        println!("{:.1?}, {} requests: {}", said.took, server.count(), said.warnings().join("; "));
        said.says(reason)
    }
}

macro_rules! bench {
    () => {{
        let Some(bench) = Bench::start() else { return };
        bench
    }};
}

fn limited() -> Response {
    Response::new(429).body(r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"canary"}]}"#)
}

#[test]
fn too_many_requests_for_a_moment() {
    for after in [Some("0"), Some("1"), None] {
        let bench = bench!();
        let (_, server) = bench.run(Then::Pinned, "", move |_, earlier, answer| match (earlier, after) {
            (0 | 1, Some(after)) => limited().with("Retry-After", after).into(),
            (0 | 1, None) => limited().into(),
            _ => answer.into(),
        });
        assert_eq!(server.requests().iter().filter(|one| one.target.contains("/bad/")).count(), 3);
    }
}

#[test]
fn too_many_requests_without_end() {
    for after in [None, Some("1"), Some("86400"), Some("nonsense")] {
        let bench = bench!();
        let (said, server) = bench.run(Then::Host, "HTTP 429", move |_, _, _| match after {
            Some(after) => limited().with("Retry-After", after).into(),
            None => limited().into(),
        });
        assert!(said.took < Duration::from_secs(20), "{:?}", said.took);
        assert!(server.count() <= 6, "{} requests to a registry that wants none", server.count());
    }
}

#[test]
fn a_burst_of_server_errors() {
    let bench = bench!();
    bench.run(Then::Pinned, "", |_, earlier, answer| match earlier {
        0 => Response::new(500).into(),
        1 => Response::new(503).body("<html>").into(),
        2 => Reply::Close,
        _ => answer.into(),
    });
}

#[test]
fn server_errors_without_end() {
    let bench = bench!();
    bench.run(Then::Alone, "HTTP 502", |_, _, _| Response::new(502).into());
    bench.run(Then::Alone, "closed the connection", |_, _, _| Reply::Close);
}

/// The digest is not in the header, so that the body is read.
fn no_digest(mut answer: Response) -> Response {
    answer.headers.remove("Docker-Content-Digest");
    answer
}

#[test]
fn without_a_digest_or_head_the_body_is_read() {
    let bench = bench!();
    bench.run(Then::Pinned, "", |_, _, answer| no_digest(answer).into());
    bench.run(Then::Pinned, "", |request, _, answer| {
        if request.method == "HEAD" { Response::new(405).into() } else { no_digest(answer).into() }
    });
}

#[test]
fn a_digest_that_the_body_does_not_have() {
    let bench = bench!();
    let wrong = format!("sha256:{}", "ab".repeat(32));
    let name = move |answer: Response| answer.with("Docker-Content-Digest", wrong.clone());
    bench.run(Then::Alone, "does not have the digest", move |request, _, answer| {
        if request.method == "HEAD" { Response::new(405).into() } else { name(answer).into() }
    });
    for digest in ["sha256:0", &format!("sha256:{}", "0".repeat(64)), "md5:00", "canary"] {
        let digest = digest.to_owned();
        let (said, _) = bench.run(Then::Alone, "named a digest that cannot be one", move |_, _, answer| {
            answer.with("Docker-Content-Digest", digest.clone()).into()
        });
        assert!(!said.err.contains("canary"));
    }
}

#[test]
fn a_body_that_ends_early() {
    let bench = bench!();
    bench.run(Then::Alone, "before the answer was complete", |request, _, answer| {
        let bytes = no_digest(answer).bytes(request.method == "HEAD");
        if request.method == "HEAD" {
            Reply::Raw(bytes)
        } else {
            Reply::Raw(bytes[..bytes.len() - 9].to_vec())
        }
    });
}

#[test]
fn a_body_that_comes_slowly() {
    let bench = bench!();
    bench.run(Then::Alone, "did not answer in time", |request, _, answer| {
        let bytes = no_digest(answer).bytes(request.method == "HEAD");
        if request.method == "HEAD" {
            return Reply::Raw(bytes);
        }
        let (begin, rest) = bytes.split_at(bytes.len() - 200);
        Reply::Slow(begin.to_vec(), rest.to_vec(), Duration::from_millis(500))
    });
}

#[test]
fn a_manifest_that_is_too_large() {
    let bench = bench!();
    let mut huge = bench.manifest.clone();
    huge.resize(5 << 20, b' ');
    bench.run(Then::Alone, "more than the largest answer", move |_, _, answer| {
        no_digest(answer).body(huge.clone()).into()
    });
}

#[test]
fn manifests_that_are_none() {
    let bench = bench!();
    let kind = "application/vnd.oci.image.index.v1+json";
    for body in ["", "{", "[]", "null", "{\"schemaVersion\":2}", "\u{0}\u{ff}", &"[".repeat(100_000)] {
        let body = body.to_owned();
        bench.run(Then::Alone, "cannot be understood", move |_, _, _| {
            Response::new(200).with("Content-Type", kind).body(body.clone()).into()
        });
    }
}

#[test]
fn a_web_page_instead_of_a_registry() {
    let bench = bench!();
    for status in [200, 203, 404, 500] {
        let page = move |_: &Request, _: usize, _: Response| -> Reply {
            Response::new(status).with("Content-Type", "text/html").body("<html>login canary</html>").into()
        };
        if status == 404 {
            continue;
        }
        let (said, _) = bench.run(Then::Alone, "", page);
        assert!(!said.err.contains("canary") && !said.err.contains("<html>"), "{}", said.err);
    }
}

#[test]
fn a_redirect_to_another_host_goes_without_the_login() {
    use base64::Engine as _;
    let bench = bench!();
    let to = bench.good.address;
    let other = Server::start(move |request, _| pass(to, request).into());
    let target = format!("http://{}", other.address);
    let server = Server::start(move |request, _| {
        if request.headers.get("Authorization").is_none() {
            return Response::new(401).with("WWW-Authenticate", "Basic realm=\"x\"").into();
        }
        Response::new(307).with("Location", format!("{target}{}", request.target)).into()
    });
    let image = format!("{}/bad:1", server.address);
    let sandbox = Sandbox::from(&[&image]);
    let login = base64::engine::general_purpose::STANDARD.encode("alice:canary");
    sandbox.docker_config(&serde_json::json!({ "auths": { server.address.to_string(): { "auth": login } } }));
    sandbox.pin().expect(0);
    assert_eq!(sandbox.text(), format!("FROM {image}@{} AS s0\n", bench.digest));
    assert_eq!(other.count(), 1);
    assert!(other.requests().iter().all(|request| request.headers.get("Authorization").is_none()));
    assert!(server.requests().iter().any(|request| request.headers.get("Authorization").is_some()));
}

#[test]
fn redirects_that_lead_nowhere() {
    let bench = bench!();
    bench.run(Then::Alone, "redirects more than", |request, _, _| {
        Response::new(307).with("Location", request.target.clone()).into()
    });
    bench.run(Then::Alone, "not followed", |_, _, _| {
        Response::new(302).with("Location", "http://registry.example/").into()
    });
    bench.run(Then::Alone, "HTTP 302", |_, _, _| Response::new(302).into());
}

#[test]
fn a_token_server_that_fails() {
    let bench = bench!();
    let gone = Server::start(|_, _| Reply::Close).address;
    let page = Server::start(|_, _| Response::new(200).body("<html>canary</html>").into());
    let broken = Server::start(|_, _| Response::new(503).into());
    let far = "http://auth.registry.example/token".to_owned();
    for (realm, reason) in [
        (format!("http://{gone}/token"), "no token: "),
        (format!("http://{}/token", page.address), "that is no token"),
        (format!("http://{}/token", broken.address), "HTTP 503"),
        (far, "without TLS, which is not trusted"),
        ("nonsense".to_owned(), "cannot be read"),
    ] {
        let (said, _) = bench.run(Then::Alone, reason, move |_, _, _| {
            Response::new(401).with("WWW-Authenticate", format!("Bearer realm=\"{realm}\"")).into()
        });
        assert!(!said.err.contains("canary"), "{}", said.err);
    }
}

#[test]
fn a_port_where_something_else_listens_or_nothing() {
    let bench = bench!();
    let shell = Server::start(|_, _| Reply::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()));
    bench.pin(&shell, Then::Host, "HTTP");
    let mute = Server::start(|_, _| Reply::Close);
    bench.pin(&mute, Then::Host, "closed the connection");
    let page = Server::start(|_, _| Response::new(200).with("Content-Type", "text/html").into());
    bench.pin(&page, Then::Host, "a web page");
    let closed = Server::start(|_, _| Reply::Close);
    let sandbox = Sandbox::from(&[format!("{}/bad:1", closed.address)]);
    drop(closed);
    sandbox.pin().expect(4).says("cannot be reached");
}

/// Answers a request for the tags.
type List = Box<dyn Fn(&Request, usize) -> Response + Send + Sync>;

#[test]
fn a_list_of_tags_that_cannot_be_had() {
    let bench = bench!();
    let latest = bench.good.push("bad", "app", &["latest", "1.2"]);
    let endless = |request: &Request, _: usize| {
        let number: u64 = request.query("last").and_then(|text| text.parse().ok()).unwrap_or_default();
        let next = format!("</v2/bad/tags/list?n=1000&last={}>; rel=\"next\"", number + 1);
        Response::new(200).with("Link", next).body(format!(r#"{{"tags":["x{number}"]}}"#))
    };
    let lists: [(&str, i32, List); 6] = [
        ("malformed", 4, Box::new(|_, _| Response::new(200).body("{\"tags\": [1]}"))),
        ("not there", 0, Box::new(|_, _| Response::new(404))),
        ("forbidden", 0, Box::new(|_, _| Response::new(403))),
        ("failing", 4, Box::new(|_, _| Response::new(500))),
        ("endless", 0, Box::new(endless)),
        (
            "strange",
            0,
            Box::new(|_, _| Response::new(200).body(r#"{"tags":["../1.2","1.2?x","a b","9.9.9"]}"#)),
        ),
    ];
    for (name, code, list) in lists {
        let to = bench.good.address;
        let server = Server::start(move |request, earlier| {
            let is_list = request.target.contains("/tags/list");
            if is_list { list(request, earlier).into() } else { pass(to, request).into() }
        });
        let image = format!("{}/bad", server.address);
        let sandbox = Sandbox::from(&[&image]);
        let said = sandbox.pin();
        println!(
            "{name}: exit code {}, {} requests: {}",
            said.code,
            server.count(),
            said.warnings().join("; ")
        );
        assert_eq!(sandbox.text(), format!("FROM {image}:latest@{latest} AS s0\n"), "{name}");
        said.expect(code);
        assert!(server.count() <= 40, "{} requests", server.count());
    }
}
