//! Passwords and tokens are in no output and in no file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::auth::{Tokened, auths};
use crate::sandbox::Sandbox;
use crate::token::{IDENTITY, PASSWORD, USER};

#[test]
fn no_output_and_no_file_holds_a_password_or_token() {
    let Some(servers) = Tokened::start() else { return };
    let host = servers.registry.address.to_string();
    servers.open.push("private/app", "app", &["latest", "1", "1.2"]);
    let images =
        [format!("{host}/private/app"), format!("{host}/private/app:1"), format!("{host}/private/no:1")];
    let identity =
        json!({ "auths": { &host: { "auth": STANDARD.encode("x:"), "identitytoken": IDENTITY } } });
    let wrong = auths(&host, USER, "canary-wrong");
    let broken = json!({ "auths": { &host: { "auth": ["canary-broken"] } }, "credHelpers": "canary-helper" });
    let mut runs = 0;
    let mut seen = String::new();
    for config in [auths(&host, USER, PASSWORD), identity, wrong, broken] {
        for arguments in [
            &["--only", "pin-digest", "--verbose"][..],
            &["--only", "pin-digest", "--format", "json"],
            &["resolve", "--refresh"],
            &["resolve", "--refresh", "-o", "facts.json"],
            &["--only", "pin-digest", "--write", "--refresh", "--verbose"],
            &["update", "--refresh", "--verbose"],
        ] {
            let sandbox = Sandbox::from(&images);
            sandbox.docker_config(&config);
            let said = sandbox.harden(arguments);
            seen += &said.out;
            seen += &said.err;
            seen += &sandbox.everything();
            runs += 1;
        }
    }
    assert!(seen.contains("private/app:1@sha256:"), "some of the runs succeed");
    let logins =
        [format!("{USER}:{PASSWORD}"), format!("{USER}:canary-wrong")].map(|both| STANDARD.encode(both));
    let mut secrets: Vec<String> = logins.into();
    secrets.push("canary".to_owned());
    let mut tokens = 0;
    for request in servers.registry.requests() {
        if let Some(token) =
            request.headers.get("Authorization").and_then(|text| text.strip_prefix("Bearer "))
        {
            secrets.push(token.to_owned());
            tokens += 1;
        }
    }
    assert!(tokens > 0);
    for secret in &secrets {
        assert!(!seen.contains(secret.as_str()), "a secret was printed or kept");
    }
    println!("{runs} runs, {tokens} requests with tokens, {} bytes of output and files searched", seen.len());
}
