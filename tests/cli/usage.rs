//! The version and wrong usage. What names transforms is in `all.rs`.

use crate::support::{Sandbox, Transcript};

#[test]
fn version() {
    let said = Sandbox::new(&[]).harden(&["--version"]);
    assert_eq!(said.out, format!("harden {}\n", env!("CARGO_PKG_VERSION")));
}

/// Each says what is wrong and, where there is one, what was probably meant. Nothing runs.
#[test]
fn wrong_usage() {
    let sandbox = Sandbox::tree();
    let before = sandbox.files();
    let mut transcript = Transcript::new(&sandbox);
    for arguments in [
        &["--wirte"][..],
        &["--write", "--only", "add-to-copy", "--skip", "add-to-copy"],
        &["--write", "--diff"],
        &["--write", "--check"],
        &["--write", "--level", "high"],
        &["--write", "--jobs", "0"],
        &["--write", "--jobs", "many"],
        &["--write", "--format", "xml"],
        &["--write", "--format", "json", "-"],
        &["--write", "--color", "sometimes"],
        &["--write", "--quiet", "--verbose"],
        &["--write", "--facts"],
        &["list", "everything"],
    ] {
        let said = transcript.run(arguments);
        assert_eq!(said.code, Some(2), "{arguments:?}: {said:?}");
        assert_eq!(said.out, "", "{arguments:?}");
    }
    transcript.check("wrong-usage");
    assert_eq!(sandbox.files(), before);
}
