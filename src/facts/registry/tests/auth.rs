//! Tokens and logins.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::helpers::Login;
use super::*;

/// A registry that wants a token, and its own token server; `token` answers for the latter.
fn guarded(token: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
    Server::start_at(|own| {
        move |seen: &Seen| {
            if seen.path.starts_with("/token") {
                return token(seen);
            }
            if seen.authorization.as_deref() == Some("Bearer good") {
                return index();
            }
            let repository = seen.path.trim_start_matches("/v2/").split("/manifests").next().unwrap();
            let challenge = format!(
                r#"Bearer realm="http://{own}/token",service="tests",scope="repository:{repository}:pull""#
            );
            Reply::new(401, "").with("WWW-Authenticate", &challenge)
        }
    })
}

fn good() -> Reply {
    Reply::new(200, r#"{"token": "good", "expires_in": 300}"#)
}

#[test]
fn an_anonymous_token_is_got_for_each_repository() {
    let server = guarded(|_| good());
    let names: Vec<_> = (0..12).map(|n| format!("{}/r{}:{n}", server.authority, n % 3)).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let answers = Resolver::new(options()).unwrap().answer(&questions(&names), &|_, _| {});
    assert!(answers.failures.is_empty(), "{:?}", answers.failures);
    let lines = server.lines();
    let tokens: Vec<_> = lines.iter().filter(|line| line.contains("/token")).collect();
    assert_eq!(tokens.len(), 3, "{lines:#?}");
    assert!(
        tokens[0].contains("service=tests&scope=repository") && !tokens[0].contains("account"),
        "{tokens:?}"
    );
    // The first request showed that a token is wanted.
    assert_eq!(lines.len(), 12 + 3 + 1, "{lines:#?}");
    assert_eq!(answers.report.requests, lines.len());
}

#[test]
fn one_image_needs_three_requests() {
    let server = guarded(|_| good());
    assert!(ask_app(&server).is_ok());
    let token = "GET /token?service=tests&scope=repository%3Aapp%3Apull";
    let lines: Vec<_> =
        server.lines().iter().map(|line| line.replace(":pull", "%3Apull").replace("y:", "y%3A")).collect();
    assert_eq!(lines, ["HEAD /v2/app/manifests/1", token, "HEAD /v2/app/manifests/1"]);
}

#[test]
fn a_token_server_that_fails_is_asked_once_for_each_repository() {
    for (status, body, code) in [
        (404, "canary", "bad-response"),
        (200, "canary", "bad-response"),
        (200, r#"{"token": "can\r\nary"}"#, "bad-response"),
        (200, "{}", "bad-response"),
        (401, "canary", "unauthorized"),
        (403, "canary", "unauthorized"),
    ] {
        let server = guarded(move |_| Reply::new(status, body));
        let names = [format!("{}/app:1", server.authority), format!("{}/app:2", server.authority)];
        let answers =
            Resolver::new(options()).unwrap().answer(&questions(&[&names[0], &names[1]]), &|_, _| {});
        assert_eq!(codes(&answers), [code, code], "{status} {body}");
        assert!(answers.failures.values().all(|why| !why.message.contains("canary")));
        assert_eq!(
            server.lines().iter().filter(|line| line.contains("/token")).count(),
            1,
            "{status} {body}"
        );
    }
    let down = guarded(|_| Reply::new(503, ""));
    assert_eq!(refusal(ask_app(&down)), "server-error");
    let large = guarded(|_| Reply::new(200, &" ".repeat((1 << 20) + 1)));
    assert_eq!(refusal(ask_app(&large)), "too-large");
}

#[test]
fn a_token_that_is_not_taken_is_not_replaced() {
    let server = guarded(|_| Reply::new(200, r#"{"access_token": "canary"}"#));
    assert_eq!(refusal(ask_app(&server)), "unauthorized");
    assert_eq!(server.lines().len(), 3);
}

#[test]
fn a_token_that_has_ended_is_replaced() {
    // The registry takes each token twice, whatever the token server promised.
    let given = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&given);
    let server = Server::start_at(|own| {
        let used = AtomicUsize::new(0);
        move |seen: &Seen| {
            if seen.path.starts_with("/token") {
                used.store(0, Ordering::SeqCst);
                let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
                return Reply::new(200, &format!(r#"{{"token": "t{number}", "expires_in": 300}}"#));
            }
            let current = format!("Bearer t{}", counter.load(Ordering::SeqCst));
            if seen.authorization.as_deref() == Some(&current) && used.fetch_add(1, Ordering::SeqCst) < 2 {
                return index();
            }
            Reply::new(401, "").with("WWW-Authenticate", &format!("Bearer realm=\"http://{own}/token\""))
        }
    });
    let resolver = Resolver::new(RegistryOptions { jobs: 1, ..options() }).unwrap();
    for tag in 0..5 {
        assert!(ask(&resolver, &format!("{}/app:{tag}", server.authority)).is_ok(), "{tag}");
    }
    assert_eq!(given.load(Ordering::SeqCst), 3);
}

#[test]
fn a_short_token_is_renewed_in_time() {
    let server = guarded(|_| Reply::new(200, r#"{"token": "good", "expires_in": 1}"#));
    let resolver = Resolver::new(options()).unwrap();
    assert!(ask(&resolver, &format!("{}/app:1", server.authority)).is_ok());
    std::thread::sleep(Duration::from_millis(1100));
    assert!(ask(&resolver, &format!("{}/app:2", server.authority)).is_ok());
    assert_eq!(server.lines().iter().filter(|line| line.contains("/token")).count(), 2);
    assert_eq!(server.lines().len(), 5, "no request with a token that has ended");
}

#[test]
fn a_token_server_without_tls_is_trusted_on_this_machine_only() {
    let server = Server::start(|_| {
        Reply::new(401, "").with("WWW-Authenticate", "Bearer realm=\"http://token.invalid/x\"")
    });
    assert_eq!(refusal(ask_app(&server)), "bad-response");
    for challenge in ["Negotiate", "", "Bearer realm=\"not an address\"", "Bearer realm=\"ftp://x/\""] {
        let server = Server::start(move |_| Reply::new(401, "").with("WWW-Authenticate", challenge));
        let code = refusal(ask_app(&server));
        assert!(matches!(code, "unauthorized" | "bad-response"), "{challenge}");
    }
}

#[test]
fn a_login_goes_to_the_token_server() {
    let server = guarded(|seen| match seen.authorization.as_deref() {
        Some("Basic YWxpY2U6Y2FuYXJ5") if seen.path.contains("account=alice") => good(),
        _ => Reply::new(401, ""),
    });
    let login =
        Login::new(&format!(r#"{{"auths": {{"{}": {{"auth": "YWxpY2U6Y2FuYXJ5"}}}}}}"#, server.authority));
    let resolver = Resolver::new(login.options()).unwrap();
    assert!(ask(&resolver, &format!("{}/app:1", server.authority)).is_ok());
    assert!(!format!("{resolver:?}").contains("canary"));
    assert_eq!(server.seen()[0].authorization, None, "nothing is sent before it is asked for");
    // With a wrong password:
    let login = Login::new(&format!(
        r#"{{"auths": {{"{}": {{"username": "alice", "password": "canary-2"}}}}}}"#,
        server.authority
    ));
    let why =
        ask(&Resolver::new(login.options()).unwrap(), &format!("{}/app:1", server.authority)).unwrap_err();
    assert!(
        why.code == "unauthorized" && why.message.contains("refused") && !why.message.contains("canary"),
        "{why}"
    );
}

#[test]
fn an_identity_token_is_exchanged() {
    let server = guarded(|seen| {
        let exchange = seen.method == "POST" && seen.authorization.is_none();
        let form =
            seen.body.contains("grant_type=refresh_token") && seen.body.contains("refresh_token=canary");
        if exchange && form { good() } else { Reply::new(400, "") }
    });
    let login =
        Login::new(&format!(r#"{{"auths": {{"{}": {{"identitytoken": "canary"}}}}}}"#, server.authority));
    assert!(ask(&Resolver::new(login.options()).unwrap(), &format!("{}/app:1", server.authority)).is_ok());
    let body = &server.seen()[1].body;
    assert!(body.contains("service=tests") && body.contains("scope=repository"), "{body}");
}

/// A registry with basic authentication.
fn basic() -> Server {
    Server::start(|seen| match seen.authorization.as_deref() {
        Some("Basic YWxpY2U6Y2FuYXJ5") => index(),
        _ => Reply::new(401, "").with("WWW-Authenticate", r#"Basic realm="x""#),
    })
}

#[test]
fn basic_authentication_uses_the_login_of_that_host_alone() {
    let server = basic();
    let right =
        Login::new(&format!(r#"{{"auths": {{"{}": {{"auth": "YWxpY2U6Y2FuYXJ5"}}}}}}"#, server.authority));
    assert!(ask(&Resolver::new(right.options()).unwrap(), &format!("{}/app:1", server.authority)).is_ok());
    let before = server.seen().len();
    for config in [
        r#"{"auths": {"127.0.0.1": {"auth": "YWxpY2U6Y2FuYXJ5"}, "https://index.docker.io/v1/": {"auth": "YWxpY2U6Y2FuYXJ5"}}}"#,
        "{}",
    ] {
        let login = Login::new(config);
        assert_eq!(
            refusal(ask(&Resolver::new(login.options()).unwrap(), &format!("{}/app:1", server.authority))),
            "unauthorized"
        );
    }
    assert!(server.seen()[before..].iter().all(|seen| seen.authorization.is_none()));
    let wrong =
        Login::new(&format!(r#"{{"auths": {{"{}": {{"auth": "YWxpY2U6Ym9i"}}}}}}"#, server.authority));
    let resolver = Resolver::new(wrong.options()).unwrap();
    assert_eq!(refusal(ask(&resolver, &format!("{}/app:1", server.authority))), "unauthorized");
}

#[test]
fn a_mirror_gets_its_own_login_only() {
    let (mirror, origin) = (basic(), basic());
    let login =
        Login::new(&format!(r#"{{"auths": {{"{}": {{"auth": "YWxpY2U6Y2FuYXJ5"}}}}}}"#, origin.authority));
    let mut options = login.options();
    options.mirrors.insert(origin.authority.clone(), mirror.authority.clone());
    assert!(ask(&Resolver::new(options).unwrap(), &format!("{}/app:1", origin.authority)).is_ok());
    assert!(mirror.seen().iter().all(|seen| seen.authorization.is_none()) && !mirror.seen().is_empty());
}

#[test]
fn the_challenge_of_another_server_is_not_answered() {
    let thief = Server::start_at(|own| {
        move |_: &Seen| {
            Reply::new(401, "").with("WWW-Authenticate", &format!("Bearer realm=\"http://{own}/token\""))
        }
    });
    let target = format!("http://{}/take", thief.authority);
    let server = Server::start(move |seen| match seen.authorization {
        Some(_) => Reply::new(307, "").with("Location", &target),
        None => Reply::new(401, "").with("WWW-Authenticate", "Basic"),
    });
    let login =
        Login::new(&format!(r#"{{"auths": {{"{}": {{"auth": "YWxpY2U6Y2FuYXJ5"}}}}}}"#, server.authority));
    let resolver = Resolver::new(login.options()).unwrap();
    assert_eq!(refusal(ask(&resolver, &format!("{}/app:1", server.authority))), "unauthorized");
    assert_eq!(thief.lines(), ["HEAD /take"]);
    assert_eq!(thief.seen()[0].authorization, None);
}

#[test]
fn podman_files_are_read_first() {
    let server = basic();
    let docker =
        Login::new(&format!(r#"{{"auths": {{"{}": {{"auth": "YWxpY2U6Ym9i"}}}}}}"#, server.authority));
    let podman = Login::new(&format!(
        r#"{{"auths": {{"{}/team": {{"auth": "YWxpY2U6Y2FuYXJ5"}}}}}}"#,
        server.authority
    ));
    let mut options = docker.options();
    options.environment.auth_file = Some(podman.path());
    let resolver = Resolver::new(options).unwrap();
    assert!(ask(&resolver, &format!("{}/team/app:1", server.authority)).is_ok());
    assert_eq!(refusal(ask(&resolver, &format!("{}/other/app:1", server.authority))), "unauthorized");
}

#[test]
fn forbidden_is_final() {
    let server = Server::start(|_| Reply::new(403, "canary"));
    assert_eq!(refusal(ask_app(&server)), "forbidden");
    assert_eq!(server.lines().len(), 1);
}

#[cfg(unix)]
#[test]
fn a_helper_is_asked_once() {
    let server = basic();
    for config in [
        r#"{"credsStore": "x"}"#.to_owned(),
        format!(r#"{{"credHelpers": {{"{}": "x"}}, "credsStore": "none"}}"#, server.authority),
    ] {
        let log = "echo ran >> \"$(dirname \"$0\")/log\"; read -r server; echo canary >&2";
        let login = Login::new(&config)
            .with_helper("x", &format!("{log}; echo '{{\"Username\": \"alice\", \"Secret\": \"canary\"}}'"));
        let names: Vec<_> = (0..6).map(|n| format!("{}/r{n}:1", server.authority)).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let answers = Resolver::new(login.options()).unwrap().answer(&questions(&names), &|_, _| {});
        assert!(
            answers.failures.is_empty() && answers.report.warnings.iter().all(|w| !w.contains("helper")),
            "{answers:?}"
        );
        assert_eq!(std::fs::read_to_string(login.folder.path().join("log")).unwrap(), "ran\n");
    }
}

#[cfg(unix)]
#[test]
fn a_helper_that_fails_is_a_warning_and_costs_bounded_time() {
    for script in ["exec sleep 60", "echo canary >&2; echo canary; exit 1"] {
        let server = basic();
        let login = Login::new(r#"{"credsStore": "x"}"#).with_helper("x", script);
        let start = std::time::Instant::now();
        let name = format!("{}/app:1", server.authority);
        let answers = Resolver::new(login.options()).unwrap().answer(&questions(&[&name]), &|_, _| {});
        assert_eq!(codes(&answers), ["unauthorized"]);
        assert!(start.elapsed() < Duration::from_secs(10));
        let all = format!("{:?} {} {}", answers.report, answers.facts.to_json(), answers.report);
        assert!(all.contains("docker-credential-x") && !all.contains("canary"), "{all}");
    }
}
