//! Logins: TLS with passwords, credential helpers, tokens.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::process::{Process, Registry};
use crate::sandbox::Sandbox;
use crate::server::{Server, pass};
use crate::tls::Authority;
use crate::token::{IDENTITY, PASSWORD, Tokens, USER};

/// bcrypt of [`PASSWORD`], the only kind that docker-registry takes (`htpasswd -nbB`).
const HTPASSWD: &str = "alice:$2b$05$PTk3ZS7bPpq/eqR9nXbBseyMmU9f6.YqvumTfKaQx1doW1O7xNbHO\n";

/// A login as `docker login` keeps it.
pub(crate) fn auths(host: &str, user: &str, password: &str) -> Value {
    json!({ "auths": { host: { "auth": STANDARD.encode(format!("{user}:{password}")) } } })
}

/// The same images openly, and with TLS for those who know the password.
struct Private {
    open: Registry,
    _closed: Process,
    host: String,
    authority: Authority,
    _passwords: tempfile::TempDir,
}

impl Private {
    fn start() -> Option<Self> {
        let (open, authority) = (Registry::start()?, Authority::new(&[])?);
        let passwords = tempfile::tempdir().unwrap();
        let file = passwords.path().join("htpasswd");
        std::fs::write(&file, HTPASSWD).unwrap();
        let auth = format!("auth: {{htpasswd: {{realm: test, path: {}}}}}\n", file.display());
        let closed = open.guarded(&(authority.configuration() + &auth));
        let host = closed.address.to_string();
        Some(Self { open, _closed: closed, host, authority, _passwords: passwords })
    }

    /// Two images: one in the private registry, one in the open one.
    fn sandbox(&self) -> (Sandbox, String, String) {
        let digest = self.open.push("app", "app", &["1"]);
        let images = [format!("{}/app:1", self.host), format!("{}/app:1", self.open.host())];
        let mut sandbox = Sandbox::from(&images);
        sandbox.env("SSL_CERT_FILE", self.authority.file());
        let pinned = |image: &str, stage: usize| format!("FROM {image}@{digest} AS s{stage}\n");
        let both = pinned(&images[0], 0) + &pinned(&images[1], 1);
        let rest = format!("FROM {} AS s0\n", images[0]) + &pinned(&images[1], 1);
        (sandbox, both, rest)
    }
}

#[test]
fn a_password_of_docker_login_opens_a_private_registry() {
    let Some(private) = Private::start() else { return };
    let (sandbox, both, _) = private.sandbox();
    sandbox.docker_config(&auths(&private.host, USER, PASSWORD));
    let said = sandbox.pin().expect(0);
    assert_eq!(sandbox.text(), both);
    assert_eq!(said.warnings(), Vec::<&str>::new());
}

#[test]
fn a_wrong_password_or_none_costs_only_the_private_image() {
    let Some(private) = Private::start() else { return };
    for (config, hint) in [
        (json!({}), "needs `docker login "),
        (auths(&private.host, USER, "canary-wrong"), "refused the credentials"),
        (auths("other.example", USER, PASSWORD), "needs `docker login "),
    ] {
        let (sandbox, _, rest) = private.sandbox();
        sandbox.docker_config(&config);
        let said = sandbox.pin().expect(3).says(hint).says(&format!("`{}/app:1`", private.host));
        assert_eq!(sandbox.text(), rest);
        assert_eq!(said.warnings().len(), 1, "{}", said.err);
        println!("{}", said.warnings()[0]);
        assert!(!said.err.contains("canary"), "{}", said.err);
    }
}

#[test]
fn a_credential_helper_is_asked_once_and_may_fail() {
    let Some(private) = Private::start() else { return };
    let (mut sandbox, both, rest) = private.sandbox();
    private.open.push("other", "other", &["1"]);
    let helpers = sandbox.folder("helpers");
    std::fs::create_dir(&helpers).unwrap();
    let log = helpers.join("log");
    let script = format!(
        "#!/bin/sh\nread -r server\necho \"$1 $server\" >> {}\necho '{{\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}'\n",
        log.display()
    );
    write_program(&helpers, "docker-credential-good", &script);
    write_program(&helpers, "docker-credential-bad", &format!("#!/bin/sh\necho {PASSWORD} >&2\nexit 1\n"));
    let path = std::env::var("PATH").unwrap();
    sandbox.env("PATH", format!("{}:{path}", helpers.display()));

    sandbox.write("more/Dockerfile", format!("FROM {}/other:1\n", private.host));
    sandbox.docker_config(&json!({ "credHelpers": { &private.host: "good" } }));
    sandbox.pin().expect(0);
    assert_eq!(sandbox.text(), both);
    assert!(sandbox.read("more/Dockerfile").contains("@sha256:"));
    assert_eq!(std::fs::read_to_string(log).unwrap(), format!("get {}\n", private.host));

    let (mut sandbox, _, _) = private.sandbox();
    sandbox.env("PATH", format!("{}:{path}", helpers.display()));
    sandbox.docker_config(&json!({ "credsStore": "bad" }));
    let said = sandbox.pin().expect(3).says("docker-credential-bad reported an error");
    assert_eq!(sandbox.text(), rest);
    assert!(!said.err.contains(PASSWORD), "{}", said.err);
}

fn write_program(folder: &std::path::Path, name: &str, script: &str) {
    let path = folder.join(name);
    // Written by another process: one of ours that is just being started would keep it open and busy.
    let copied = std::process::Command::new("sh")
        .args(["-c", "printf %s \"$1\" > \"$2\"", "sh", script])
        .arg(&path)
        .status()
        .unwrap();
    assert!(copied.success());
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn a_certificate_that_is_not_trusted_is_said_to_be_one() {
    let Some(private) = Private::start() else { return };
    let Some(other) = Authority::new(&[]) else { return };
    let (mut sandbox, _, rest) = private.sandbox();
    sandbox.docker_config(&auths(&private.host, USER, PASSWORD));
    sandbox.env("SSL_CERT_FILE", other.file());
    sandbox.pin().expect(4).says("is not trusted").says("SSL_CERT_FILE");
    assert_eq!(sandbox.text(), rest);
}

/// A registry that wants tokens, and its token server; both count.
pub(crate) struct Tokened {
    pub(crate) open: Registry,
    pub(crate) registry: Server,
    pub(crate) tokens: Server,
    _closed: Process,
}

impl Tokened {
    pub(crate) fn start() -> Option<Self> {
        let open = Registry::start()?;
        let signer = Arc::new(Tokens::new()?);
        let own = Arc::clone(&signer);
        let tokens = Server::start(move |request, _| own.answer(request).into());
        let realm = format!("http://{}/token", tokens.address);
        let closed = open.guarded(&signer.configuration(&realm));
        let to = closed.address;
        let registry = Server::start(move |request, _| pass(to, request).into());
        Some(Self { open, registry, tokens, _closed: closed })
    }
}

#[test]
fn a_token_is_got_once_for_each_repository() {
    let Some(servers) = Tokened::start() else { return };
    let host = servers.registry.address;
    let mut images = Vec::new();
    for repository in ["a", "team/b", "c"] {
        for tag in ["1", "2", "3"] {
            servers.open.push(repository, tag, &[tag]);
            images.push(format!("{host}/{repository}:{tag}"));
        }
    }
    let sandbox = Sandbox::from(&images);
    sandbox.pin().expect(0);
    assert_eq!(sandbox.text().matches("@sha256:").count(), 9);
    let scopes: Vec<_> =
        servers.tokens.requests().iter().map(|request| request.query("scope").unwrap()).collect();
    let (asked, got) = (servers.registry.count(), scopes.len());
    println!(
        "9 references over 3 repositories: {asked} requests to the registry, {got} for tokens {scopes:?}"
    );
    assert_eq!((asked, got), (9 + 1, 3), "one request learns that tokens are wanted");
}

#[test]
fn passwords_and_identity_tokens_go_to_the_token_server_only() {
    let Some(servers) = Tokened::start() else { return };
    let host = servers.registry.address.to_string();
    let digest = servers.open.push("private/app", "app", &["1"]);
    let image = format!("{host}/private/app:1");
    let identity = json!({ "auths": { &host: { "auth": STANDARD.encode("00000000-0000-0000-0000-000000000000:"),
        "identitytoken": IDENTITY } } });
    for config in [auths(&host, USER, PASSWORD), identity] {
        let sandbox = Sandbox::from(&[&image]);
        sandbox.docker_config(&config);
        let said = sandbox.pin().expect(0);
        assert_eq!(sandbox.text(), format!("FROM {image}@{digest} AS s0\n"));
        assert!(!format!("{said:?}").contains("canary"));
    }
    let basic = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    for request in servers.registry.requests() {
        let sent = request.headers.get("Authorization").unwrap_or_default();
        assert!(!sent.contains(&basic) && !sent.contains(IDENTITY), "the registry got {sent}");
    }
    for config in [json!({}), auths(&host, USER, "canary-wrong")] {
        let sandbox = Sandbox::from(&[&image]);
        sandbox.docker_config(&config);
        let said = sandbox.pin().expect(3).says("docker login").says(&image);
        assert_eq!(said.warnings().len(), 1, "{}", said.err);
        println!("{}", said.warnings()[0]);
    }
}
