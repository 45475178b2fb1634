//! Trees made to do harm.

use std::time::{Duration, Instant};

use crate::support::{Said, Sandbox, Transcript, copy_and_pin, without_colours};

/// A terminal would act on these: an escape sequence, the one-byte form of its start, a text direction override.
const BAD: [char; 3] = ['\u{1b}', '\u{9b}', '\u{202e}'];

#[track_caller]
fn harmless(said: &Said) {
    for stream in [&said.out, &said.err] {
        let text = without_colours(stream);
        assert!(!text.contains(BAD), "{text:?}");
    }
}

#[test]
fn escape_sequences_do_not_reach_a_terminal() {
    let nasty = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}2J\u{202e}";
    let name = format!("evil{nasty}.Dockerfile");
    let link = format!("Dockerfile.{nasty}");
    let text = format!(
        "FROM scratch\n# {nasty}\nADD . /{nasty}\nADD https://example.com/{nasty} /\nADD {nasty}.bin /\n\
         # harden: ignore=add-to-copy {nasty}\nADD b /\n"
    );
    let broken = format!("broken{nasty}/Dockerfile");
    let compose = format!("broken{nasty}/compose.yaml");
    let sandbox = Sandbox::new(&[
        (&name, &text),
        (&broken, &format!("FROM a\n{nasty} b\nRUN --{nasty} c\n")),
        (&compose, "services:\n  web:\n    build: [\n"),
    ]);
    std::os::unix::fs::symlink(format!("gone{nasty}"), sandbox.path(&link)).unwrap();
    let missing = format!("missing{nasty}");
    let mut transcript = Transcript::new(&sandbox);
    for arguments in [
        &["--verbose", "."][..],
        &["--check", &name],
        &["--level", "safe", &name],
        &[&missing, &link],
        &["--context", &missing],
        &["--facts", &missing],
        &["--write"],
    ] {
        let coloured = [&["--color", "always"], arguments].concat();
        if !arguments.contains(&"--write") {
            harmless(&sandbox.harden(&coloured));
        }
        let coloured = copy_and_pin(&coloured);
        let said = sandbox.harden(&coloured);
        harmless(&said);
        let shown: Vec<_> = coloured.iter().map(|one| one.replace(nasty, "<nasty>")).collect();
        transcript.add(&format!("harden {}", shown.join(" ")), &said);
    }
    transcript.check("escape-sequences");
}

/// Ten times the findings take ten times as long, not a hundred times.
#[test]
fn many_findings_take_linear_time() {
    let file = |count: usize| format!("FROM scratch\n{}", "ADD . /folder/of/app\n".repeat(count));
    let sandbox = Sandbox::new(&[("small/Dockerfile", &file(2_000)), ("large/Dockerfile", &file(20_000))]);
    let time = |arguments: &[&str]| {
        let start = Instant::now();
        let said = sandbox.harden(arguments);
        (start.elapsed(), said)
    };
    for mode in [&["--diff"][..], &["--format", "json"], &["--diff", "--redact", "--color", "always"]] {
        let (small, _) = time(&[mode, &["small"]].concat());
        let (large, said) = time(&[mode, &["large"]].concat());
        assert_eq!(said.code, Some(1));
        println!("{mode:?}: 2,000 findings {small:?}, 20,000 findings {large:?}");
        assert!(large < small * 40 + Duration::from_secs(2), "{mode:?}: {small:?} grew to {large:?}");
    }
}
