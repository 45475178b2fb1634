//! `git apply` and `patch -p1` turn harden's plain diffs into exactly the new text.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::format_collect,
    reason = "clippy exempts test functions from the first two, not their helpers; the data is short"
)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use harden::output::diff::{DiffOptions, FileDiff, unified};
use proptest::prelude::*;

struct Case {
    path: String,
    before: Option<String>,
    after: String,
}

fn case(path: &str, before: Option<&str>, after: &str) -> Case {
    Case { path: path.to_owned(), before: before.map(str::to_owned), after: after.to_owned() }
}

impl Case {
    fn diff(&self) -> String {
        let diff = FileDiff { path: &self.path, before: self.before.as_deref(), after: &self.after };
        unified(&diff, &DiffOptions::default())
    }
}

/// Runs `program` with `input` on its standard input; user and system settings of git are left out of it.
fn run(folder: &Path, program: &str, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", if cfg!(windows) { "NUL" } else { "/dev/null" })
        .env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(folder))
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .env_remove("GIT_WORK_TREE")
        .env_remove("POSIXLY_CORRECT")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        eprintln!("skipped: `{program}` is not installed, so nothing shows that it accepts harden's diffs");
    }
    found
}

/// Applies all cases as one patch, with git in a repository, git outside one, and patch(1).
fn check(cases: &[Case]) {
    let patch: String = cases.iter().map(Case::diff).collect();
    if patch.is_empty() {
        return;
    }
    if installed("git") {
        applied(cases, &patch, |folder| {
            let initialised = run(folder, "git", &["init", "-q"], "");
            assert!(initialised.status.success(), "{initialised:?}");
            let checked = run(folder, "git", &["apply", "--check"], &patch);
            assert!(checked.status.success(), "git apply --check: {checked:?}\n{patch:?}");
            run(folder, "git", &["apply"], &patch)
        });
        applied(cases, &patch, |folder| run(folder, "git", &["apply"], &patch));
    }
    if installed("patch") {
        applied(cases, &patch, |folder| run(folder, "patch", &["-p1", "--no-backup-if-mismatch"], &patch));
    }
}

fn applied(cases: &[Case], patch: &str, apply: impl Fn(&Path) -> Output) {
    let folder = tempfile::tempdir().unwrap();
    for case in cases {
        let file = folder.path().join(&case.path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        if let Some(before) = &case.before {
            fs::write(file, before).unwrap();
        }
    }
    let output = apply(folder.path());
    assert!(output.status.success(), "{output:?}\n{patch:?}");
    for case in cases {
        let written = fs::read(folder.path().join(&case.path)).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), case.after, "{}: {output:?}\n{patch:?}", case.path);
    }
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!said.contains("fuzz") && !said.contains("offset"), "{said}\n{patch:?}");
}

#[test]
fn line_endings() {
    let file = |end: &str| {
        ["FROM a", "RUN b", "RUN c", "RUN d", "RUN e", "CMD f"].map(|l| l.to_owned() + end).concat()
    };
    for end in ["\n", "\r\n", "\r\r\n", " \n", "\\\n"] {
        let before = file(end);
        check(&[case("Dockerfile", Some(&before), &before.replace("RUN c", "RUN changed"))]);
        check(&[case("Dockerfile", Some(&before), &before.replace("FROM a", "FROM b"))]);
        check(&[case("Dockerfile", Some(&before), &before.replace("CMD f", "CMD g"))]);
    }
    check(&[case(
        "Dockerfile",
        Some("FROM a\r\nRUN b\nRUN c\r\nCMD d\n"),
        "FROM a\nRUN b\r\nRUN cc\r\nCMD d\n",
    )]);
    check(&[case("Dockerfile", Some("FROM a\r\nRUN b\r\n"), "FROM a\nRUN b\n")]);
}

#[test]
fn final_newline() {
    for (before, after) in [
        ("FROM a\nCMD b", "FROM a\nCMD c"),
        ("FROM a\nCMD b", "FROM a\nCMD b\n"),
        ("FROM a\nCMD b\n", "FROM a\nCMD b"),
        ("FROM a\nCMD b", "FROM x\nCMD b"),
        ("FROM a\nCMD b", "FROM a\nCMD b\nUSER c"),
        ("FROM a\nCMD b", "FROM a\nCMD b\nUSER c\n"),
        ("FROM a\r\nCMD b\r", "FROM a\r\nCMD c\r"),
        ("FROM a\r\nCMD b", "FROM a\r\nCMD b\r\n"),
        ("FROM a", "FROM b"),
        ("FROM a\n\n", "FROM a\n"),
        ("\n", ""),
    ] {
        check(&[case("Dockerfile", Some(before), after)]);
    }
}

#[test]
fn characters_that_split_lines_elsewhere() {
    for inside in ["\r", "\u{b}", "\u{c}", "\u{1c}", "\u{1e}", "\u{85}", "\u{2028}", "\u{2029}", "\u{1b}[0m"]
    {
        let before = format!("FROM a\nRUN x{inside}y\nRUN {inside}\n{inside}\nCMD b\n");
        check(&[case("Dockerfile", Some(&before), &before.replace("CMD b", "CMD c"))]);
        check(&[case("Dockerfile", Some(&before), &before.replace("RUN x", "RUN changed"))]);
        check(&[case("Dockerfile", Some(&before), &before.replace(&format!("\n{inside}\n"), "\n"))]);
    }
    check(&[case("Dockerfile", Some("\u{feff}FROM a\nCMD b\n"), "\u{feff}FROM c\nCMD b\n")]);
    check(&[case("Dockerfile", Some("\u{feff}FROM a\n"), "FROM a\n")]);
}

#[test]
fn lines_that_look_like_a_patch() {
    let before =
        "FROM a\n-- b\n++ c\n@@ -1 +1 @@\n\\ No newline at end of file\ndiff --git a/x b/x\n--- a/x\nCMD d\n";
    check(&[case("Dockerfile", Some(before), "FROM a\nCMD d\n")]);
    check(&[case("Dockerfile", Some("FROM a\nCMD d\n"), before)]);
}

#[test]
fn new_and_empty_files() {
    check(&[case("new", None, "FROM a\nCMD b\n")]);
    check(&[case("folder/new", None, "no newline")]);
    check(&[case("new", None, "a\r\nb\r\n")]);
    check(&[case("new", None, "\n")]);
    check(&[case("new", None, ""), case("other", Some("a\n"), "b\n")]);
    check(&[case("empty", Some(""), "FROM a\nCMD b\n")]);
    check(&[case("empty", Some(""), "FROM a")]);
}

#[test]
fn several_hunks_and_files() {
    let long: String = (0..200).map(|n| format!("RUN step {n}\n")).collect();
    let changed =
        long.replace("step 0\n", "first\n").replace("step 77\n", "a\nRUN b\n").replace("RUN step 150\n", "");
    let changed = changed.replace("step 199\n", "last\n");
    let diff = case("Dockerfile", Some(&long), &changed).diff();
    assert_eq!(diff.matches("\n@@ ").count(), 4, "{diff}");
    check(&[
        case("Dockerfile", Some(&long), &changed),
        case("Dockerfile.runtime.md", None, "# Run it\n"),
        case(".env.example", Some("A="), "A=\nB=\n"),
        case("deep/er/Dockerfile", Some(&changed), &long),
    ]);
}

/// Repeated lines: a hunk must not slide to another place that looks the same.
#[test]
fn repeated_lines() {
    let before = "RUN a\n\n".repeat(40);
    let mut lines: Vec<&str> = before.split_inclusive('\n').collect();
    lines[37] = "USER b\n";
    lines.remove(60);
    check(&[case("Dockerfile", Some(&before), &lines.concat())]);
}

#[cfg(unix)]
#[test]
fn unusual_names() {
    for path in [
        "my app/Dockerfile",
        " leading and trailing ",
        "it's/Docker\"file\"",
        "tab\there",
        "back\\slash",
        "new\nline",
        "bell\u{7}",
        "café/日本 語/Dockerfile",
        "a/b/a",
        "x b/x",
        "~tilde$HOME*?",
    ] {
        check(&[case(path, Some("FROM a\nCMD b\n"), "FROM a\nCMD c\n")]);
        check(&[case(path, None, "FROM a\n")]);
    }
}

/// Byte for byte the header git writes, without its `index` line.
#[cfg(unix)]
#[test]
fn headers_are_those_of_git() {
    if !installed("git") {
        return;
    }
    for path in [
        "plain",
        "with space",
        "quo\"te",
        "back\\slash",
        "tab\tand space x",
        "é",
        "日/本",
        "bell\u{7}\u{1b}\u{7f}",
    ] {
        for before in [Some("a\nb\n"), None] {
            let case = case(path, before, "a\nc\n");
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            assert!(run(folder.path(), "git", &["init", "-q"], "").status.success());
            if let Some(before) = before {
                fs::write(&file, before).unwrap();
                assert!(run(folder.path(), "git", &["add", "-A"], "").status.success());
            }
            fs::write(&file, &case.after).unwrap();
            assert!(run(folder.path(), "git", &["add", "-N", "."], "").status.success());
            let output = run(folder.path(), "git", &["diff"], "");
            let theirs = String::from_utf8(output.stdout).unwrap();
            let theirs: String =
                theirs.split_inclusive('\n').filter(|line| !line.starts_with("index ")).collect();
            assert_eq!(case.diff(), theirs);
        }
    }
}

fn line() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "",
        "RUN a",
        "RUN b",
        " \\",
        "# c",
        "FROM d",
        "- x",
        "+\ty",
        "é\u{2028}\u{c}",
    ]);
    let ends = prop::sample::select(vec!["\n", "\n", "\n", "\r\n", "\r\n", "\r\r\n", "\r"]);
    (words, ends).prop_map(|(word, end)| format!("{word}{end}"))
}

/// A text and what random line edits make of it.
fn edited() -> impl Strategy<Value = (String, String)> {
    let edit = (any::<prop::sample::Index>(), 0..3_u8, line());
    let texts = (prop::collection::vec(line(), 1..30), prop::collection::vec(edit, 1..5));
    (texts, any::<(bool, bool)>()).prop_map(|((before, edits), (cut_before, cut_after))| {
        let mut after = before.clone();
        for (place, kind, line) in edits {
            let at = place.index(after.len() + 1);
            match kind {
                0 if at < after.len() => after[at] = line,
                1 if at < after.len() => drop(after.remove(at)),
                _ => after.insert(at, line),
            }
        }
        let text = |lines: Vec<String>, cut: bool| {
            let text = lines.concat();
            if cut { text.strip_suffix('\n').unwrap_or(&text).to_owned() } else { text }
        };
        (text(before, cut_before), text(after, cut_after))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Many files a case, because starting the tools takes longer than applying.
    #[test]
    fn random_edits(texts in prop::collection::vec(edited(), 1..25)) {
        let cases: Vec<Case> = texts
            .into_iter()
            .enumerate()
            .map(|(n, (before, after))| Case { path: format!("file {n}"), before: Some(before), after })
            .collect();
        check(&cases);
    }
}
