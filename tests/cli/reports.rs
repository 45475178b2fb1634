//! Diffs and findings for people.

use crate::support::{
    HARDEN, SECRET, Said, Sandbox, Transcript, check, copy_and_pin, facts, without_colours,
};

/// harden over the fixture tree, which it must not change.
#[track_caller]
fn tree(name: &str, arguments: &[&str]) -> Said {
    let sandbox = Sandbox::tree();
    let before = sandbox.files();
    let facts = facts();
    let arguments = [&["--facts", facts.as_str()], arguments].concat();
    let said = check(name, &sandbox, &copy_and_pin(&arguments));
    assert_eq!(sandbox.files(), before, "a run without --write changed something");
    assert!(!said.err.contains(SECRET), "a secret is among the findings:\n{}", said.err);
    said
}

#[test]
fn plain() {
    let said = tree("diff", &[]);
    assert_eq!(said.code, Some(1));
    let named = Sandbox::tree().copy_and_pin(&["--facts", &facts(), "--diff", "."]);
    assert_eq!((named.out, named.err), (said.out, said.err), "--diff is not the default");
}

#[test]
fn colour() {
    let said = tree("diff-colour", &["--color", "always"]);
    assert!(said.out.contains("\u{1b}[32m+") && said.err.contains("\u{1b}["), "{said:?}");
}

/// Neither a pipe nor `NO_COLOR` gets colours; `--color` wins over both.
#[test]
fn no_colour() {
    let sandbox = Sandbox::tree();
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = sandbox.command(HARDEN);
        command.args(["--facts", &facts()]).args(arguments).envs(variables.iter().copied());
        Said::from(command.output().unwrap())
    };
    let plain = run(&[], &[]);
    assert!(!plain.out.contains('\u{1b}') && !plain.err.contains('\u{1b}'));
    assert_eq!(run(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]), plain);
    assert_eq!(run(&[], &[("NO_COLOR", "1")]), plain);
    let coloured = run(&["--color", "always"], &[("NO_COLOR", "1")]);
    assert!(coloured.out.contains('\u{1b}') && coloured.err.contains('\u{1b}'));
    // Without the colours it is the same diff.
    assert_eq!(without_colours(&coloured.out), plain.out);
    assert_eq!(without_colours(&coloured.err), plain.err);
}

/// The fixture has secrets in unchanged lines, in changed lines and in a URL.
#[test]
fn redact() {
    let open = tree("diff", &[]);
    assert!(open.out.matches(SECRET).count() > 3, "the diff itself shows the file as it is: {}", open.out);
    for arguments in [&["--redact"][..], &["--redact", "--color", "always"]] {
        let said = Sandbox::tree().copy_and_pin(&[&["--facts", facts().as_str()], arguments].concat());
        assert!(!said.out.contains(SECRET), "{}", said.out);
    }
    tree("diff-redact", &["--redact", "Dockerfile"]);
}

#[test]
fn quiet_and_verbose() {
    let said = tree("diff-quiet", &["--quiet"]);
    assert_eq!(said.err, "");
    tree("diff-verbose", &["--verbose", "docker/web.Dockerfile"]);
}

#[test]
fn check_mode() {
    let said = tree("check", &["--check"]);
    assert_eq!(said.out, "Dockerfile\ndocker/web.Dockerfile\n");
    let said = tree("check-nothing", &["--check", "job"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
}

#[test]
fn levels() {
    let sandbox = Sandbox::tree();
    let mut transcript = Transcript::new(&sandbox);
    let facts = facts();
    let mut copies = Vec::new();
    for level in ["safe", "review", "suggest"] {
        let said =
            transcript.run(&copy_and_pin(&["--facts", &facts, "--level", level, "docker/web.Dockerfile"]));
        copies.push(said.out.matches("+COPY").count());
    }
    assert_eq!(copies, [0, 1, 2]);
    transcript.check("levels");
}

#[test]
fn only_and_skip() {
    let sandbox = Sandbox::tree();
    let facts = facts();
    let run = |arguments: &[&str]| {
        sandbox.harden(&[&["--facts", facts.as_str(), "Dockerfile"], arguments].concat())
    };
    let everything = harden_transforms::all().iter().map(|one| one.meta().name);
    let others: Vec<_> = everything.filter(|name| !["add-to-copy", "pin-digest"].contains(name)).collect();
    let others = others.join(",");
    let pinned = run(&["--only", "pin-digest"]);
    assert!(pinned.out.contains("+FROM node:22@sha256:") && !pinned.out.contains("+COPY"), "{}", pinned.out);
    assert!(!pinned.err.contains("add-to-copy"), "{}", pinned.err);
    assert_eq!(run(&["--skip", "add-to-copy", "--skip", &others]), pinned);
    let both = run(&["--skip", &others]);
    assert!(both.out.contains("+COPY"), "{}", both.out);
    assert_eq!(run(&["--only", "pin-digest,add-to-copy"]), both);
    assert_eq!(run(&["--only", "pin-digest", "--only", "add-to-copy"]), both);
}

/// Three codes for scripts: something to change, something to look at, nothing at all.
#[test]
fn exit_codes() {
    let sandbox = Sandbox::new(&[
        ("change/Dockerfile", "FROM scratch\nADD . /\n"),
        ("look/Dockerfile", "FROM scratch\nADD https://example.com/a /\n"),
        ("fine/Dockerfile", "FROM scratch\nCOPY . /\n"),
    ]);
    let code = |arguments: &[&str]| sandbox.copy_and_pin(arguments).code.unwrap();
    for mode in ["--diff", "--check"] {
        assert_eq!(
            [code(&[mode, "fine"]), code(&[mode, "change"]), code(&[mode, "look"])],
            [0, 1, 3],
            "{mode}"
        );
        assert_eq!(code(&[mode]), 1, "{mode}: a change counts more than a finding");
    }
    assert_eq!(
        [code(&["--write", "fine"]), code(&["--write", "change"]), code(&["--write", "look"])],
        [0, 0, 3]
    );
    assert_eq!(code(&["--check", "change"]), 0);
}

/// The same input gives the same output, however many threads there are.
#[test]
fn output_does_not_depend_on_threads() {
    let sandbox = Sandbox::new(&[]);
    for index in 0..300 {
        sandbox.write(
            format!("{index}/Dockerfile"),
            format!("FROM scratch\nADD . /{index}\nADD https://a/{index} /\n"),
        );
    }
    let one = sandbox.harden(&["--jobs", "1"]);
    assert_eq!(one.out.matches("/Dockerfile b/").count(), 300);
    for jobs in ["2", "7", "32"] {
        assert_eq!(sandbox.harden(&["--jobs", jobs]), one, "--jobs {jobs}");
    }
}
