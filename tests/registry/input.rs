//! References that cannot be pinned, or need not be: one clear line each.

use crate::http::Response;
use crate::process::Registry;
use crate::push::Kind;
use crate::sandbox::Sandbox;
use crate::server::{Server, pass};

#[test]
fn an_image_that_does_not_exist() {
    let Some(registry) = Registry::start() else { return };
    let host = registry.host();
    let digest = registry.push("app", "app", &["1"]);
    let sandbox =
        Sandbox::from(&[format!("{host}/app:2"), format!("{host}/app:1"), format!("{host}/absent")]);
    let said = sandbox.pin().expect(3).says("has no `2` in app").says("has no `latest` in absent");
    let text = sandbox.text();
    assert!(text.contains(&format!("FROM {host}/app:1@{digest} AS s1\n")), "{text}");
    assert_eq!(text.matches("sha256:").count(), 1);
    assert_eq!(said.warnings().len(), 1, "one line for the registry: {}", said.err);
    println!("{}", said.warnings()[0]);
}

#[test]
fn an_image_that_is_not_for_everybody() {
    let Some(registry) = Registry::start() else { return };
    registry.push("app", "app", &["1"]);
    let to = registry.address;
    let server = Server::start(move |request, _| match &request.target {
        target if target.contains("/forbidden/") => Response::new(403).body("canary").into(),
        target if target.contains("/strange/") => {
            Response::new(401).with("WWW-Authenticate", "Negotiate").into()
        }
        _ => pass(to, request).into(),
    });
    let host = server.address;
    let sandbox =
        Sandbox::from(&[format!("{host}/forbidden:1"), format!("{host}/strange:1"), format!("{host}/app:1")]);
    let said = sandbox.pin().expect(3).says("does not allow reading forbidden").says("unknown kind");
    assert_eq!(sandbox.text().matches("sha256:").count(), 1);
    assert!(!said.err.contains("canary"));
}

#[test]
fn a_digest_that_is_there_already_costs_no_request() {
    let Some(registry) = Registry::start() else { return };
    let digest = registry.push("app", "app", &["1"]);
    let server = Server::before(registry.address, |_, _| None);
    let host = server.address;
    let sandbox = Sandbox::from(&[format!("{host}/app:1@{digest}"), format!("{host}/app@{digest}")]);
    let before = sandbox.text();
    sandbox.pin().expect(0);
    assert_eq!(sandbox.text(), before);
    assert_eq!(server.count(), 0);
}

#[test]
fn a_malformed_reference_costs_no_request_either() {
    let Some(registry) = Registry::start() else { return };
    let digest = registry.push("app", "app", &["1"]);
    let server = Server::before(registry.address, |_, _| None);
    let host = server.address;
    for bad in ["App:1", "app:", "app:1:2", "app@sha256:12", "app:-x", "app//b", "app:1?a=b#c", "../v2/app:1"]
    {
        let before = server.count();
        let sandbox = Sandbox::new(&format!("FROM {host}/{bad} AS bad\nFROM {host}/app:1\n"));
        sandbox.pin().expect(3).says(&format!("`{host}/{bad}` is not pinned"));
        let expected = format!("FROM {host}/{bad} AS bad\nFROM {host}/app:1@{digest}\n");
        assert_eq!(sandbox.text(), expected);
        assert_eq!(server.count() - before, 1, "only the good one is asked for");
    }
}

#[test]
fn a_constant_platform_that_the_index_does_not_have() {
    let Some(registry) = Registry::start() else { return };
    let host = registry.host();
    let pusher = registry.pusher();
    let index = pusher.make(Kind::OciIndex, "foreign", "foreign", &["linux/s390x", "linux/ppc64le"]);
    pusher.tag("foreign", "1", &index);
    let both = registry.push("both", "both", &["1"]);
    let text =
        format!("FROM --platform=linux/amd64 {host}/foreign:1\nFROM --platform=linux/amd64 {host}/both:1\n");
    let sandbox = Sandbox::new(&text);
    let message = "foreign:1` has no image for linux/amd64, only for linux/ppc64le, linux/s390x";
    sandbox.pin().expect(3).says(message);
    assert_eq!(sandbox.text(), text.replace("both:1", &format!("both:1@{both}")));

    let sandbox = Sandbox::from(&[format!("{host}/foreign:1")]);
    sandbox.pin().expect(0);
    assert_eq!(sandbox.text(), format!("FROM {host}/foreign:1@{} AS s0\n", index.digest()));
}

#[test]
fn an_image_of_a_kind_that_builds_cannot_use() {
    let Some(registry) = Registry::start() else { return };
    registry.push("app", "app", &["1"]);
    let to = registry.address;
    let server = Server::start(move |request, _| {
        let answer = pass(to, request);
        let kind = "application/vnd.docker.distribution.manifest.v1+prettyjws";
        answer.with("Content-Type", kind).into()
    });
    let sandbox = Sandbox::from(&[format!("{}/app:1", server.address)]);
    let before = sandbox.text();
    sandbox.pin().expect(3).says("schema 1");
    assert_eq!(sandbox.text(), before);
}
