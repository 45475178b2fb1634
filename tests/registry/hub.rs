//! Docker Hub under its own names: a proxy of the test leads them to this machine.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::http::Response;
use crate::process::{Process, Registry};
use crate::sandbox::Sandbox;
use crate::server::{Reply, Server};
use crate::tls::Authority;
use crate::token::{PASSWORD, Tokens, USER};

struct Hub {
    open: Registry,
    tokens: Server,
    proxy: Server,
    authority: Authority,
    _closed: Process,
}

impl Hub {
    fn start() -> Option<Self> {
        let open = Registry::start()?;
        let authority = Authority::new(&["registry-1.docker.io", "auth.docker.io"])?;
        let signer = Arc::new(Tokens::new()?);
        let own = Arc::clone(&signer);
        let tokens = Server::with_tls(Some(authority.server()), move |request, _| own.answer(request).into());
        let auth = signer.configuration("https://auth.docker.io/token");
        let closed = open.guarded(&(authority.configuration() + &auth));
        let (hub, auth) = (closed.address, tokens.address);
        let proxy = Server::start(move |request, _| match request.target.as_str() {
            "registry-1.docker.io:443" => Reply::Tunnel(hub),
            "auth.docker.io:443" => Reply::Tunnel(auth),
            _ => Response::new(403).into(),
        });
        Some(Self { open, tokens, proxy, authority, _closed: closed })
    }

    fn sandbox(&self, images: &[&str]) -> Sandbox {
        let mut sandbox = Sandbox::from(images);
        sandbox.env("HTTPS_PROXY", format!("http://{}", self.proxy.address));
        sandbox.env("SSL_CERT_FILE", self.authority.file());
        sandbox
    }
}

#[test]
fn docker_hub_has_many_spellings_and_one_address() {
    let Some(hub) = Hub::start() else { return };
    let node = hub.open.push("library/node", "node", &["latest", "22", "22.23.3"]);
    let redis = hub.open.push("bitnami/redis", "redis", &["7"]);
    let sandbox = hub.sandbox(&[
        "node",
        "node:22",
        "docker.io/node:22",
        "docker.io/library/node:22",
        "index.docker.io/library/node:22",
        "library/node:22.23.3",
        "bitnami/redis:7",
    ]);
    sandbox.pin().expect(0);
    let expected = [
        format!("FROM node:22.23.3@{node} AS s0"),
        format!("FROM node:22@{node} AS s1"),
        format!("FROM docker.io/node:22@{node} AS s2"),
        format!("FROM docker.io/library/node:22@{node} AS s3"),
        format!("FROM index.docker.io/library/node:22@{node} AS s4"),
        format!("FROM library/node:22.23.3@{node} AS s5"),
        format!("FROM bitnami/redis:7@{redis} AS s6"),
    ];
    assert_eq!(sandbox.text().lines().collect::<Vec<_>>(), expected);
    let scopes: Vec<_> =
        hub.tokens.requests().iter().map(|request| request.query("scope").unwrap()).collect();
    println!("seven spellings of two repositories: tokens for {scopes:?}");
    assert_eq!(scopes.len(), 2);
}

#[test]
fn the_login_of_docker_hub_is_kept_under_its_old_name() {
    let Some(hub) = Hub::start() else { return };
    let digest = hub.open.push("private/app", "app", &["1"]);
    let sandbox = hub.sandbox(&["private/app:1"]);
    let said = sandbox.pin().expect(3).says("needs `docker login`");
    assert!(said.err.contains("`private/app:1`"), "{}", said.err);
    let login = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    sandbox.docker_config(&json!({ "auths": { "https://index.docker.io/v1/": { "auth": login } } }));
    sandbox.pin().expect(0);
    assert_eq!(sandbox.text(), format!("FROM private/app:1@{digest} AS s0\n"));
    let other: Vec<_> = hub
        .proxy
        .requests()
        .into_iter()
        .filter(|request| !request.target.contains("docker.io:443"))
        .collect();
    assert!(other.is_empty(), "{other:?}");
}
