//! `--format github`.

use super::FOUR;
use crate::support::{SECRET, Said, Sandbox, Transcript, check, facts};

/// Every line is one command, and says nothing secret.
#[track_caller]
fn commands(said: &Said) -> Vec<String> {
    assert!(!said.out.contains(SECRET), "{}", said.out);
    for line in said.out.lines() {
        let kinds = ["::error ", "::warning ", "::notice "];
        assert!(kinds.iter().any(|kind| line.starts_with(kind)), "no command: {line}");
        let (_, rest) = line.split_once(' ').unwrap();
        let (properties, _) = rest.split_once("::").unwrap();
        for property in properties.split(',') {
            let (name, value) = property.split_once('=').unwrap();
            assert!(["file", "line", "endLine", "col", "endColumn", "title"].contains(&name), "{property}");
            assert!(!value.contains([':', '\n', '\r']), "{property}");
        }
        assert!(!line.contains(['\r', '\u{1b}']), "{line:?}");
    }
    said.out.lines().map(str::to_owned).collect()
}

#[test]
fn annotations() {
    let sandbox = Sandbox::tree();
    let said = check("github", &sandbox, &[FOUR, "--facts", &facts(), "--format", "github"]);
    commands(&said);
    assert!(said.err.starts_with("3 files: "), "{}", said.err);
}

#[test]
fn written_and_ignored() {
    let sandbox = Sandbox::new(&[
        (
            "a/Dockerfile",
            "FROM node:22\nADD x /\nADD https://example.com/a /\n# harden: ignore=all reason\nADD y /\n",
        ),
        ("a/x", "x"),
        ("a/y", "y"),
        ("b/Dockerfile", "FROM a\n  RUNN b\n"),
        ("c/Dockerfile", "{{ a }}\n{{ b }}\n"),
        ("d/compose.yaml", "services: [\n"),
    ]);
    let mut transcript = Transcript::new(&sandbox);
    let facts = facts();
    for more in [&["--verbose"][..], &["--write", "--quiet"], &["--check"]] {
        let arguments =
            [&["--only", "add-to-copy,pin-digest", "--facts", &facts, "--format", "github"], more].concat();
        commands(&transcript.run(&arguments));
    }
    transcript.check("github-written");
}

/// Neither a name nor what a file says can write a command of its own.
#[cfg(unix)]
#[test]
fn no_command_comes_from_a_file() {
    let sandbox = Sandbox::new(&[
        ("x,title=y::z\n::error::owned%0A/Dockerfile", "FROM node:22\nADD x\\,::stop-commands::y /\n"),
        ("\u{1b}]0;z\u{202e}/Dockerfile", "FROM a\n::set-output\u{1b}[31m name=x::y\r\n"),
        ("b/Dockerfile", "FROM 'a%0A::error::b'\nUSER ::add-mask::x\n"),
    ]);
    let lines = commands(&sandbox.harden(&["--level", "suggest", "--format", "github"]));
    assert!(lines.len() > 3, "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("::error::")), "{lines:?}");
}
