//! `resolve` once and rewrite everywhere; `update` what was pinned.

use crate::process::Registry;
use crate::push::Kind;
use crate::sandbox::{Sandbox, stages};
use crate::server::Server;

#[test]
fn what_was_resolved_replays_offline_to_the_same_result() {
    let Some(registry) = Registry::start() else { return };
    registry.push("app", "app", &["latest", "1", "1.2.3"]);
    registry.push("plain", "plain", &["edge"]);
    registry.push_as(Kind::DockerManifest, "single", "single", &["1-alpine"]);
    let to = registry.address;
    let server = Server::before(to, |_, _| None);
    let host = server.address;
    let images: Vec<_> = ["app", "app:1", "plain:edge", "single:1-alpine", "plain", "absent:1"]
        .iter()
        .map(|name| format!("{host}/{name}"))
        .collect();

    let recorder = Sandbox::from(&images);
    recorder.harden(&["resolve", "-o", "facts.json", "--color", "never"]).expect(0).says("absent:1");
    let facts = recorder.read("facts.json");
    assert_eq!(recorder.text(), stages(&images), "resolve rewrites nothing");
    let printed = recorder.harden(&["resolve", "--refresh"]).expect(0);
    assert_eq!(printed.out, facts, "the same facts every time");
    let other = Sandbox::from(&images);
    other.harden(&["resolve", "-o", "facts.json", "--jobs", "1"]).expect(0);
    assert_eq!(other.read("facts.json"), facts);

    let online = Sandbox::from(&images);
    let told = online.pin().expect(3);
    let before = server.count();
    let offline = Sandbox::from(&images);
    offline.write("facts.json", &facts);
    let retold =
        offline.harden(&["--only", "pin-digest", "--write", "--offline", "--facts", "facts.json"]).expect(3);
    assert_eq!(server.count(), before, "offline means no request");
    assert_eq!(offline.text(), online.text());
    let findings = |text: &str| {
        text.lines().filter(|line| !line.starts_with("warning:")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(findings(&retold.err), findings(&told.err));
    println!("{} bytes of facts for {} references", facts.len(), images.len());
}

#[test]
fn update_moves_the_digest_of_a_tag_that_was_pushed_again_and_nothing_else() {
    let Some(registry) = Registry::start() else { return };
    let host = registry.host();
    let old = registry.push("app", "old", &["1", "latest"]);
    let same = registry.push("other", "same", &["1"]);
    let sandbox = Sandbox::from(&[format!("{host}/app:1"), format!("{host}/other:1")]);
    sandbox.pin().expect(0);
    let pinned = sandbox.text();
    let more =
        format!("# {old}\nFROM {host}/app:1 AS bare\nFROM {host}/app@{old} AS tagless\nRUN echo {old}\n");
    sandbox.write("Dockerfile", format!("{pinned}{more}"));
    sandbox.harden(&["update", "--write", "--refresh"]);
    assert_eq!(sandbox.text(), format!("{pinned}{more}"), "nothing was pushed");

    let new = registry.push("app", "new", &["1"]);
    // Within an hour the old answer may be believed.
    sandbox.harden(&["update", "--write"]);
    assert_eq!(sandbox.text(), format!("{pinned}{more}"));
    let said = sandbox.harden(&["update", "--write", "--refresh"]);
    let moved = pinned.replace(&format!("app:1@{old}"), &format!("app:1@{new}"));
    assert_ne!(moved, pinned);
    assert_eq!(sandbox.text(), format!("{moved}{more}"), "{}", said.err);
    assert!(sandbox.text().contains(&same));
    sandbox.harden(&["update", "--write", "--cache-ttl", "0s"]);
    assert_eq!(sandbox.text(), format!("{moved}{more}"), "once is enough");
}
