//! The diff is what `--write` writes: `git apply` and `patch -p1` turn the one into the other.

use std::process::Command;

use crate::support::{Said, Sandbox, facts, feed};

fn installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped: `{program}` is not installed");
    }
    found
}

const LONG: &str = "# syntax=docker/dockerfile:1\nFROM node:22 AS build\nWORKDIR /src\nADD . .\nRUN npm ci\nRUN npm test\n\
                    RUN npm run build\nRUN ls\nRUN ls -l\n\nFROM nginx:1.27\n# the site\nADD . /usr/share/nginx/html\n\
                    COPY --from=build /src/dist /dist\nCMD [\"nginx\"]\n";

fn variants() -> Vec<(&'static str, String)> {
    let crlf = LONG.replace('\n', "\r\n");
    let mixed: String = LONG
        .split_inclusive('\n')
        .enumerate()
        .map(|(index, line)| if index % 2 == 0 { line.to_owned() } else { line.replace('\n', "\r\n") })
        .collect();
    vec![
        ("lf/Dockerfile", LONG.to_owned()),
        ("crlf/Dockerfile", crlf.clone()),
        ("mixed/Dockerfile", mixed.clone()),
        ("no-newline/Dockerfile", LONG.trim_end().to_owned()),
        ("no-newline-at-the-change/Dockerfile", "FROM scratch\nADD . /".to_owned()),
        ("no-newline-crlf/Dockerfile", crlf.trim_end().to_owned()),
        ("byte-order-mark/Dockerfile", format!("\u{feff}{LONG}")),
        ("byte-order-mark-at-the-change/Dockerfile", "\u{feff}FROM node:22\n".to_owned()),
        ("byte-order-mark-crlf/Dockerfile", format!("\u{feff}{}", crlf.trim_end())),
        ("with space/my app.Dockerfile", LONG.to_owned()),
        ("größe/Dockerfile.é", mixed),
        ("quote\"d/Dockerfile", LONG.to_owned()),
    ]
}

/// What `--write` makes of `before` is what `apply` makes of `before` with the diff.
#[track_caller]
fn same(name: &str, before: &dyn Fn() -> Sandbox, arguments: &[&str]) {
    let facts = facts();
    let arguments = [&["--facts", facts.as_str()], arguments].concat();
    let written = before();
    let said = written.harden(&[&["--write"], arguments.as_slice()].concat());
    assert_ne!(said.code, Some(2), "{name}: {}", said.err);
    let diff = before().harden(&arguments);
    assert_eq!(diff.code, Some(1), "{name}: {}", diff.err);
    assert_ne!(written.files(), before().files(), "{name}: nothing was written");

    let check = |by: &str, target: &Sandbox, said: &Said| {
        assert_eq!(said.code, Some(0), "{name} by {by}: {said:?}\n{}", diff.out);
        assert!(!said.out.contains("fuzz") && !said.out.contains("offset"), "{name} by {by}: {said:?}");
        assert_eq!(target.files(), written.files(), "{name} by {by}:\n{}", diff.out);
    };
    if installed("git") {
        let outside = before();
        let said = feed(outside.command("git").arg("apply"), diff.out.as_bytes());
        check("git apply outside a repository", &outside, &said);
        let inside = before();
        let git =
            |arguments: &[&str], input: &str| feed(inside.command("git").args(arguments), input.as_bytes());
        assert_eq!(git(&["init", "-q"], "").code, Some(0));
        assert_eq!(git(&["apply", "--check"], &diff.out).code, Some(0), "{name}");
        let said = git(&["apply"], &diff.out);
        std::fs::remove_dir_all(inside.path(".git")).unwrap();
        check("git apply", &inside, &said);
    }
    if installed("patch") {
        let target = before();
        let said = feed(target.command("patch").args(["-p1", "--binary"]), diff.out.as_bytes());
        check("patch", &target, &said);
    }
}

#[test]
fn each_file_alone() {
    for (path, text) in variants() {
        same(path, &|| Sandbox::new(&[(path, text.as_str())]), &[]);
    }
}

#[test]
fn several_files_at_once() {
    let variants = variants();
    let files: Vec<_> = variants.iter().map(|(path, text)| (*path, text.as_str())).collect();
    same("all", &|| Sandbox::new(&files), &[]);
    same("the tree", &Sandbox::tree, &["--level", "suggest"]);
    same("the tree, one transform", &Sandbox::tree, &["--only", "pin-digest", "."]);
}

/// The promise of the README: `harden . | git apply`. Findings must not get into the pipe.
#[cfg(unix)]
#[test]
fn through_a_pipe() {
    if !installed("git") {
        return;
    }
    let piped = Sandbox::tree();
    let line = format!("\"{}\" --facts \"{}\" . | git apply", crate::support::HARDEN, facts());
    let said = Said::from(piped.command("sh").args(["-c", &line]).output().unwrap());
    assert_eq!(said.code, Some(0), "{said:?}");
    let written = Sandbox::tree();
    written.harden(&["--facts", &facts(), "--write"]);
    assert_eq!(piped.files(), written.files());
}
