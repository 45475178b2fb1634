//! What all transforms together say, and what names them: the tests that a new transform is meant to change. Their
//! snapshots have a folder of their own, `snapshots/cli/all`; no other snapshot of the command line should change.

use crate::support::{SECRET, Sandbox, Transcript, facts};

#[track_caller]
fn check(transcript: Transcript<'_>, name: &str) {
    transcript.check_in("../../snapshots/cli/all", name);
}

#[test]
fn help() {
    let sandbox = Sandbox::new(&[]);
    for (name, arguments) in [("help", "--help"), ("help-short", "-h"), ("list", "list")] {
        let mut transcript = Transcript::new(&sandbox);
        transcript.run(&[arguments]);
        check(transcript, name);
    }
}

#[test]
fn unknown_names() {
    let sandbox = Sandbox::tree();
    let before = sandbox.files();
    let mut transcript = Transcript::new(&sandbox);
    for arguments in [
        &["explain"][..],
        &["explain", "nonsense"],
        &["explain", "add-locl"],
        &["explane", "add-local"],
        &["--write", "--only", "pin-digst"],
        &["--write", "--skip", "add-to-cpoy"],
    ] {
        let said = transcript.run(arguments);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{arguments:?}");
    }
    check(transcript, "unknown-names");
    assert_eq!(sandbox.files(), before);
}

/// A run as users start it, its diff for reading, the same written, and nothing left to write.
#[test]
fn tree() {
    let sandbox = Sandbox::tree();
    let facts = facts();
    let before = sandbox.files();
    let mut transcript = Transcript::new(&sandbox);
    let shown = transcript.run(&["--facts", &facts]);
    assert_eq!(shown.code, Some(1));
    assert!(!shown.err.contains(SECRET), "a secret is among the findings:\n{}", shown.err);
    let masked = transcript.run(&["--facts", &facts, "--redact", "--quiet", "--notes", "never"]);
    assert!(!masked.out.contains(SECRET), "a secret is not masked:\n{}", masked.out);
    assert_eq!(sandbox.files(), before, "a run without --write changed something");
    transcript.run(&["--facts", &facts, "--write", "--quiet"]);
    let after = sandbox.files();
    let new: Vec<_> = after.iter().filter(|(path, _)| !before.iter().any(|(old, _)| old == path)).collect();
    assert_eq!(new.len(), 2, "the page and .env.example of the job");
    for (path, text) in new {
        let text = String::from_utf8_lossy(text);
        assert!(!text.contains(SECRET), "a secret is in {}", path.display());
    }
    transcript.run(&["--facts", &facts, "--write"]);
    assert_eq!(sandbox.files(), after, "a second run changed something");
    check(transcript, "tree");
}
