//! Runs that are interrupted leave nothing behind.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::docker::Docker;
use crate::program::{command, run, tree};
use crate::world::{World, folders};

/// Waits for `seen`, for a minute at most.
fn until(what: &str, mut seen: impl FnMut() -> bool) {
    let start = Instant::now();
    while !seen() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what} never happens");
        thread::sleep(Duration::from_millis(50));
    }
}

/// The processes of this machine whose command line holds a word.
fn running(word: &str) -> usize {
    let lines = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(word)).count()
}

/// What is found while it works, so that it means something that it is gone afterwards.
fn interrupt(world: &World, text: &str, signal: &str, working: &dyn Fn() -> bool) {
    let tree = tree(&[("Dockerfile", text), ("hello", "hello\n")]);
    let temporary = TempDir::new().unwrap();
    let base = world.base();
    let mut child = command(tree.path(), temporary.path(), &["verify", "--run-timeout", "60s"])
        .args(["--builder", "docker", "--build-context", &base])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("the work", working);
    assert_eq!(folders(temporary.path()).len(), 1);
    assert!(run(Command::new("kill").args([signal, &child.id().to_string()])).succeeded());
    let start = Instant::now();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(start.elapsed() < Duration::from_secs(30));
    assert!(folders(temporary.path()).is_empty(), "a folder is left");
    assert_eq!(std::fs::read_to_string(tree.path().join("Dockerfile")).unwrap(), text);
}

#[test]
fn nothing_is_left() {
    let Some((_turn, world)) = World::open() else { return };
    // While it builds.
    let word = format!("{}", 4_000_000 + std::process::id());
    let text = format!("FROM busybox:1.37\nADD hello /\nRUN sleep {word}\n");
    interrupt(world, &text, "-INT", &|| running(&word) > 0);
    until("the end of the step", || running(&word) == 0);
    // While its containers run.
    let text = format!("FROM busybox:1.37\nADD hello /\nCMD [\"sleep\", \"{word}\"]\n");
    let label = format!("label={}", harden::verify::LABEL);
    let containers = || Docker::run(["ps", "--quiet", "--filter", &label]).ok().unwrap().lines().count();
    interrupt(world, &text, "-TERM", &|| containers() == 2);
    assert_eq!(running(&word), 0);
    until("the removal", || World::left().is_empty());
}
