//! `-`: standard input.

use crate::support::{Sandbox, Transcript, copy_and_pin};

const TEXT: &[u8] = b"FROM scratch\r\nADD . /\r\nADD https://example.com/a /";

#[test]
fn every_mode() {
    let sandbox = Sandbox::new(&[("Dockerfile", "FROM scratch\nADD . /\n")]);
    let before = sandbox.files();
    let mut transcript = Transcript::new(&sandbox);
    for arguments in [&["-"][..], &["--check", "-"], &["--write", "-"], &["--write", "--context", ".", "-"]] {
        let said = sandbox.copy_and_pin_with_input(arguments, TEXT);
        transcript.add(&format!("harden {} < text", copy_and_pin(arguments).join(" ")), &said);
        if arguments.contains(&"--write") {
            assert_eq!(said.out, "FROM scratch\r\nCOPY . /\r\nADD https://example.com/a /");
        }
    }
    transcript.check("stdin");
    assert_eq!(sandbox.files(), before, "standard input has no file");
}

/// What cannot be rewritten gives no output that a pipe could mistake for a Dockerfile.
#[test]
fn bad_input() {
    let sandbox = Sandbox::new(&[]);
    let mut transcript = Transcript::new(&sandbox);
    for (name, input) in [
        ("not-utf-8", &b"FROM a\nRUN \xe9\n"[..]),
        ("binary", b"FROM a\0"),
        ("empty", b""),
        ("broken", b"FROM a\nRUNN b\n"),
        ("template", b"FROM a\n{{ range }}\n"),
    ] {
        let said = sandbox.copy_and_pin_with_input(&["--write", "-"], input);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{name}");
        transcript.add(&format!("harden --only add-to-copy,pin-digest --write - < {name}"), &said);
    }
    transcript.check("stdin-bad");
}

/// Standard input does not stop the files beside it, nor they it.
#[test]
fn beside_files() {
    let sandbox = Sandbox::new(&[("Dockerfile", "FROM scratch\nADD . /\n")]);
    let said = sandbox.copy_and_pin_with_input(&["--check", "Dockerfile", "-", "-"], TEXT);
    assert_eq!((said.code, said.out.as_str()), (Some(1), "-\nDockerfile\n"));
    let said = sandbox.copy_and_pin_with_input(&["--write", "Dockerfile", "-"], b"\xff");
    said.failed_with("not UTF-8");
    assert_eq!(sandbox.read("Dockerfile"), "FROM scratch\nCOPY . /\n");
}
