//! The program itself.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::process::Done;
use crate::world::{World, folders};

const GOOD: &str = "FROM busybox:1.37\nADD hello /app/\nCMD [\"cat\", \"/app/hello\"]\n";
const BAD: &str = "FROM busybox:1.37\nADD hello /app/\nRUN exit 7\n";

/// Runs a command to its end; harden has limits of its own.
pub(crate) fn run(command: &mut Command) -> Done {
    let done = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Done { code: done.status.code(), out: text(&done.stdout), err: text(&done.stderr) }
}

/// A folder with Dockerfiles; nothing in it belongs to git.
pub(crate) fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

pub(crate) fn command(folder: &Path, temporary: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harden"));
    command
        .args(arguments)
        .args(["--offline", "--only", "add-to-copy", "--network", "none"])
        .current_dir(folder)
        .env("TMPDIR", temporary)
        .env("NO_COLOR", "1");
    if !arguments.contains(&"--run-timeout") {
        command.args(["--run-timeout", "3s"]);
    }
    command
}

fn harden(world: &World, folder: &Path, arguments: &[&str]) -> Done {
    let temporary = TempDir::new().unwrap();
    let base = world.base();
    let mut command = command(folder, temporary.path(), arguments);
    let done = run(command.args(["--builder", "docker", "--build-context", &base]));
    assert_eq!(folders(temporary.path()), Vec::<std::path::PathBuf>::new(), "a folder is left");
    done
}

#[test]
fn only_what_passed_is_written() {
    let Some((_turn, world)) = World::open() else { return };
    let tree = tree(&[
        ("good/Dockerfile", GOOD),
        ("good/hello", "hello\n"),
        ("bad/Dockerfile", BAD),
        ("bad/hello", "hello\n"),
        ("fine/Dockerfile", "FROM busybox:1.37\n"),
    ]);
    let read = |path: &str| fs::read_to_string(tree.path().join(path)).unwrap();

    let done = harden(world, tree.path(), &["verify", "--format", "json"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(report["schema"], "harden-verify/1");
    assert_eq!(report["builder"], "docker (BuildKit)");
    let results: Vec<_> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            (
                file["path"].as_str().unwrap(),
                file["result"].as_str().unwrap(),
                file["written"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        results,
        [
            ("bad/Dockerfile", "not-comparable", false),
            ("fine/Dockerfile", "unchanged", false),
            ("good/Dockerfile", "passed", false)
        ]
    );
    assert_eq!(report["summary"]["passed"], 1);
    assert_eq!(read("good/Dockerfile"), GOOD, "verify alone writes nothing");

    let done = harden(world, tree.path(), &["--write", "--verify"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(done.out.contains("good/Dockerfile\n  builds   passed"), "{}", done.out);
    assert!(
        done.out.ends_with("1 passed, 0 failed, 1 not comparable, 1 unchanged, 1 written\n"),
        "{}",
        done.out
    );
    assert_eq!(read("good/Dockerfile"), GOOD.replace("ADD", "COPY"));
    assert_eq!(read("bad/Dockerfile"), BAD);

    let done = harden(world, &tree.path().join("good"), &["verify"]);
    assert_eq!(
        (done.code, done.out.lines().last()),
        (Some(0), Some("0 passed, 0 failed, 0 not comparable, 1 unchanged"))
    );
    fs::write(tree.path().join("good/Dockerfile"), GOOD).unwrap();
    let done = harden(world, &tree.path().join("good"), &["verify"]);
    assert_eq!((done.code, done.out.lines().last()), (Some(0), Some("1 passed, 0 failed, 0 not comparable")));
}

#[test]
fn wrong_usage() {
    let tree = tree(&[("Dockerfile", GOOD), ("hello", "hello\n")]);
    let empty = TempDir::new().unwrap();
    let run =
        |arguments: &[&str]| run(command(tree.path(), empty.path(), arguments).env("PATH", empty.path()));
    for (arguments, part) in [
        (&["verify"][..], "no builder works: docker cannot be started"),
        (
            &["verify", "--builder", "podman"],
            "Install Docker (https://docs.docker.com/engine/install/), Podman or Buildah",
        ),
        (&["verify", "--check"], "--check builds nothing"),
        (&["verify", "--format", "sarif"], "--format text or --format json"),
        (&["--verify", "--write", "-"], "name the file itself"),
        (&["--write"], "belong to `harden verify`"),
        (&["verify", "--builder", "kaniko"], "docker, podman, buildah"),
        (&["verify", "--build-timeout", "soon"], "write a number and s, m, h or d"),
    ] {
        let done = run(arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}: {done:?}");
        assert!(done.err.contains(part), "{arguments:?}: {}", done.err);
    }
    assert_eq!(fs::read_to_string(tree.path().join("Dockerfile")).unwrap(), GOOD);
}
