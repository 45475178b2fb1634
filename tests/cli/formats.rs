//! The formats for other programs: JSON, SARIF, workflow commands and Markdown.

mod github;
mod markdown;
mod sarif;
pub(crate) mod schema;

use crate::support::{Sandbox, facts};

/// Transforms with findings of every kind: what new ones add is not the business of these tests.
const FOUR: &str = "--only=add-to-copy,pin-digest,env-secrets,non-root-user";

const FORMATS: [&str; 5] = ["text", "json", "sarif", "github", "markdown"];

/// A format changes what is printed, not what is done.
#[test]
fn modes_and_exit_codes_are_those_of_text() {
    let facts = facts();
    for mode in ["--diff", "--check", "--write"] {
        for level in ["safe", "suggest"] {
            let mut expected = None;
            for format in FORMATS {
                let sandbox = Sandbox::tree();
                let said = sandbox.harden(&[mode, "--level", level, "--facts", &facts, "--format", format]);
                let (code, files) = (said.code, sandbox.files());
                let (first_code, first_files) = expected.get_or_insert((code, files.clone()));
                assert_eq!(code, *first_code, "{format} {mode} {level}: {said:?}");
                assert!(files == *first_files, "{format} {mode} {level} wrote something else");
            }
        }
    }
    for (files, arguments) in [
        (&[("Dockerfile", "FROM a\nRUNN b\n")][..], &["."][..]),
        (&[("Dockerfile", "FROM scratch\n")], &["."]),
        (&[], &["."]),
        (&[("Dockerfile", "FROM scratch\n")], &["missing"]),
    ] {
        let codes = FORMATS.map(|format| {
            Sandbox::new(files).copy_and_pin(&[arguments, &["--format", format]].concat()).code
        });
        assert!(codes.iter().all(|code| *code == codes[0]), "{files:?} {arguments:?}: {codes:?}");
    }
}

#[test]
fn the_same_run_says_the_same() {
    let facts = facts();
    for format in FORMATS {
        let run = |jobs| Sandbox::tree().harden(&["--facts", &facts, "--format", format, "--jobs", jobs]);
        assert_eq!(run("1"), run("4"), "{format}");
    }
}

/// What is written cannot stand on the same stream as a report.
#[test]
fn standard_input_is_written_as_text_only() {
    for format in &FORMATS[1..] {
        let said = Sandbox::new(&[]).harden(&["--write", "--format", format, "-"]);
        said.failed_with("every --format but text prints its report");
    }
}
