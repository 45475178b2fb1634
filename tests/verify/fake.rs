//! A program in the place of a builder that writes down how it is called: for builders that are not here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use crate::program::{command, run, tree};

const PROGRAM: &str = r#"#!/bin/sh
echo "$(basename "$0") $*" >>"$FAKE_LOG"
case "$1 $2" in
*"version"*) exit 0 ;;
"build "*) exit "${FAKE_BUILD:-0}" ;;
esac
exit 1
"#;

fn calls(builder: &str, code: &str) -> (Option<i32>, String, String) {
    let tree = tree(&[("Dockerfile", "FROM busybox:1.37\nADD hello /\n"), ("hello", "")]);
    let temporary = TempDir::new().unwrap();
    let programs = TempDir::new().unwrap();
    let program = programs.path().join(builder);
    fs::write(&program, PROGRAM).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let log = programs.path().join("log");
    let path = format!("{}:/usr/bin:/bin", programs.path().display());
    let done = run(command(tree.path(), temporary.path(), &["verify", "--builder", builder])
        .args(["--secret", "id=a,env=HOME", "--build-arg", "A=b c", "--target", "0"])
        .env("PATH", path)
        .env("FAKE_LOG", &log)
        .env("FAKE_BUILD", code));
    let log = fs::read_to_string(log).unwrap();
    let log = log.lines().map(|line| {
        let words = line.split(' ').map(|word| match word {
            _ if word.contains("/Dockerfile") => "DOCKERFILE",
            _ if word.contains("harden-verify-") && word.contains(".tar") => "ARCHIVE",
            _ if word.starts_with("harden-verify-") => "IMAGE",
            _ if word.contains("harden.verify=") => "LABEL",
            _ => word,
        });
        words.collect::<Vec<_>>().join(" ")
    });
    (done.code, log.collect::<Vec<_>>().join("\n"), done.out + &done.err)
}

#[test]
fn how_podman_is_called() {
    let build = "podman build --tag IMAGE --label LABEL --file DOCKERFILE --target 0 --network none --build-arg A=b c --secret id=a,env=HOME .";
    let (code, log, out) = calls("podman", "0");
    let list = "podman ps --all --quiet --no-trunc --filter LABEL\npodman image ls --all --quiet --no-trunc --filter LABEL";
    let save = "podman image save --format docker-archive --output ARCHIVE IMAGE";
    assert!(log.starts_with(&format!("podman version\n{build}\n{build}\n{save}\n{list}")), "{log}");
    assert!(out.contains("files    not comparable `podman image save` fails: it says nothing"), "{out}");
    assert_eq!(code, Some(3));
}

#[test]
fn how_buildah_is_called() {
    let (code, log, out) = calls("buildah", "1");
    let build = "buildah build --tag IMAGE --label LABEL --file DOCKERFILE --target 0 --network none --build-arg A=b c --secret id=a,env=HOME .";
    assert!(
        log.starts_with(&format!(
            "buildah version\n{build}\nbuildah images --quiet --no-trunc --filter LABEL"
        )),
        "{log}"
    );
    assert!(out.contains("builds   not comparable the original does not build here"), "{out}");
    assert_eq!(code, Some(3));
}
