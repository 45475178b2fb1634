//! Answers are kept for a while, and asked for again when wanted.

use std::os::unix::fs::PermissionsExt as _;
use std::thread;
use std::time::Duration;

use crate::process::Registry;
use crate::sandbox::{Sandbox, stages};
use crate::server::Server;

#[test]
fn the_second_run_asks_nothing_unless_told_to() {
    let Some(registry) = Registry::start() else { return };
    registry.push("app", "app", &["latest", "1", "1.2.3"]);
    registry.push("other", "other", &["2"]);
    let server = Server::before(registry.address, |_, _| None);
    let host = server.address;
    let images = [format!("{host}/app"), format!("{host}/other:2")];
    let sandbox = Sandbox::from(&images);
    let run = |more: &[&str]| {
        let before = server.count();
        sandbox.write("Dockerfile", stages(&images));
        sandbox.harden(&[&["--only", "pin-digest", "--write"], more].concat()).expect(0);
        (server.count() - before, sandbox.text())
    };
    let (first, text) = run(&[]);
    assert!(first >= 4, "a HEAD for each, the tags, and the version: {first}");
    assert_eq!(run(&[]), (0, text.clone()));
    assert_eq!(run(&["--refresh"]), (first, text.clone()));
    assert_eq!(run(&["--cache-ttl", "0s"]), (first, text.clone()));
    assert_eq!(run(&["--cache-ttl", "7d"]), (0, text.clone()));
    thread::sleep(Duration::from_millis(2100));
    assert_eq!(run(&["--cache-ttl", "1s"]), (first, text.clone()));
    assert_eq!(run(&["--cache-ttl", "1h"]), (0, text));
    println!("requests: {first} at first, 0 from the cache");

    let cache = std::fs::read_dir(sandbox.folder("cache")).unwrap();
    for entry in cache {
        let metadata = entry.unwrap().metadata().unwrap();
        assert_eq!(metadata.permissions().mode() & 0o077, 0, "for this user only");
    }
}

#[test]
fn failures_are_not_kept() {
    let Some(registry) = Registry::start() else { return };
    let image = format!("{}/late:1", registry.host());
    let sandbox = Sandbox::from(&[&image]);
    sandbox.pin().expect(3).says("late");
    let digest = registry.push("late", "late", &["1"]);
    sandbox.pin().expect(0);
    assert_eq!(sandbox.text(), format!("FROM {image}@{digest} AS s0\n"));
}

#[test]
fn many_runs_at_once_share_a_cache() {
    let Some(registry) = Registry::start() else { return };
    let digest = registry.push("app", "app", &["1", "2", "3", "4"]);
    let server = Server::before(registry.address, |_, _| None);
    let host = server.address;
    let sandbox = Sandbox::new("FROM scratch\n");
    for tag in 1..=4 {
        sandbox.write(format!("{tag}/Dockerfile"), format!("FROM {host}/app:{tag}\n"));
    }
    thread::scope(|scope| {
        for tag in 1..=4 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                sandbox.harden(&["--only", "pin-digest", "--write", &format!("{tag}/Dockerfile")]).expect(0);
            });
        }
    });
    let before = server.count();
    for tag in 1..=4 {
        assert_eq!(sandbox.read(format!("{tag}/Dockerfile")), format!("FROM {host}/app:{tag}@{digest}\n"));
        sandbox.write(format!("{tag}/Dockerfile"), format!("FROM {host}/app:{tag}\n"));
    }
    sandbox.pin().expect(0);
    assert_eq!(server.count(), before, "all four answers are in the cache");
}
