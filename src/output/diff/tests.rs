#![allow(
    clippy::format_collect,
    clippy::single_range_in_vec_init,
    clippy::reversed_empty_ranges,
    reason = "short test data; odd ranges on purpose"
)]

use super::*;

fn plain(before: Option<&str>, after: &str) -> String {
    unified(&FileDiff { path: "Dockerfile", before, after }, &DiffOptions::default())
}

fn coloured(before: &str, after: &str) -> String {
    let options = DiffOptions { style: DiffStyle::Colour, ..DiffOptions::default() };
    unified(&FileDiff { path: "Dockerfile", before: Some(before), after }, &options)
}

fn redacted(before: &str, after: &str, secrets: Secrets<'_>) -> String {
    let options = DiffOptions { redact: Some(secrets), ..DiffOptions::default() };
    unified(&FileDiff { path: "Dockerfile", before: Some(before), after }, &options)
}

/// Removes `ESC [ … m`; anything else after an escape is left to fail the comparison.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut stripped = parts.next().unwrap().to_owned();
    for part in parts {
        stripped.push_str(part.split_once('m').unwrap().1);
    }
    stripped
}

fn range(text: &str, value: &str) -> Range<usize> {
    let start = text.find(value).unwrap();
    start..start + value.len()
}

#[test]
fn one_changed_line() {
    insta::assert_snapshot!(plain(Some("FROM a\nUSER root\nCMD x\n"), "FROM a\nUSER 1000\nCMD x\n"), @r"
    diff --git a/Dockerfile b/Dockerfile
    --- a/Dockerfile
    +++ b/Dockerfile
    @@ -1,3 +1,3 @@
     FROM a
    -USER root
    +USER 1000
     CMD x
    ");
}

#[test]
fn new_file() {
    insta::assert_snapshot!(plain(None, "KEY=\n"), @r"
    diff --git a/Dockerfile b/Dockerfile
    new file mode 100644
    --- /dev/null
    +++ b/Dockerfile
    @@ -0,0 +1 @@
    +KEY=
    ");
    assert_eq!(plain(None, ""), "diff --git a/Dockerfile b/Dockerfile\nnew file mode 100644\n");
}

#[test]
fn nothing_changed() {
    assert_eq!(plain(Some("FROM a"), "FROM a"), "");
    assert_eq!(plain(Some(""), ""), "");
}

#[test]
fn only_line_feeds_end_a_line() {
    let inside = "a\rb\u{b}c\u{c}d\u{85}e\u{2028}f\u{2029}g";
    let diff = plain(Some(&format!("{inside}\nx\n")), &format!("{inside}\ny\n"));
    assert!(diff.contains(&format!("@@ -1,2 +1,2 @@\n {inside}\n-x\n+y\n")), "{diff}");
    // A carriage return at the end of the file is no line ending.
    let diff = plain(Some("x\r"), "y\r");
    assert!(
        diff.ends_with("-x\r\n\\ No newline at end of file\n+y\r\n\\ No newline at end of file\n"),
        "{diff:?}"
    );
}

#[test]
fn hunks_follow_instructions_not_blank_lines() {
    let before = "FROM a AS one\nRUN x\n\nFROM b AS two\nRUN x\n";
    let after = "FROM a AS one\nRUN x\n\nFROM c AS new\nRUN x\n\nFROM b AS two\nRUN x\n";
    let diff = plain(Some(before), after);
    assert!(diff.contains(" \n+FROM c AS new\n+RUN x\n+\n FROM b AS two\n"), "{diff}");
}

#[test]
fn context_width() {
    let before: String = (1..=9).map(|n| format!("{n}\n")).collect();
    let after = before.replace("2\n", "two\n").replace("8\n", "eight\n");
    let hunks = |context_lines| {
        let options = DiffOptions { context_lines, ..DiffOptions::default() };
        let diff = unified(&FileDiff { path: "f", before: Some(&before), after: &after }, &options);
        diff.lines().filter(|line| line.starts_with("@@")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(hunks(0), ["@@ -2 +2 @@", "@@ -8 +8 @@"]);
    assert_eq!(hunks(1), ["@@ -1,3 +1,3 @@", "@@ -7,3 +7,3 @@"]);
    assert_eq!(hunks(3), ["@@ -1,9 +1,9 @@"]);
    assert_eq!(hunks(usize::MAX), ["@@ -1,9 +1,9 @@"]);
}

#[test]
fn colours_stand_around_whole_lines() {
    let diff = coloured("keep\r\nold\r\n", "keep\r\nnew\r\n");
    let expected = "\u{1b}[1mdiff --git a/Dockerfile b/Dockerfile\u{1b}[0m\n\
        \u{1b}[1m--- a/Dockerfile\u{1b}[0m\n\u{1b}[1m+++ b/Dockerfile\u{1b}[0m\n\
        \u{1b}[36m@@ -1,2 +1,2 @@\u{1b}[0m\n keep\r\n\
        \u{1b}[31m-old\r\u{1b}[0m\n\u{1b}[32m+new\r\u{1b}[0m\n";
    assert_eq!(diff, expected);
}

#[test]
fn without_colours_it_is_the_plain_diff() {
    for (before, after) in [
        ("FROM a\r\nRUN b\n", "FROM a\r\nRUN c\n"),
        ("no end", "no end\n"),
        ("tab\there\n\n\nx é 日本\n", "tab\there\n\n\ny é 日本"),
        ("", "new\n"),
        ("gone\n", ""),
    ] {
        assert_eq!(without_colours(&coloured(before, after)), plain(Some(before), after));
    }
}

#[test]
fn a_file_cannot_drive_the_terminal() {
    let diff = coloured("RUN a\n", "RUN a\u{1b}]0;title\u{7}\u{9b}2J\rRUN b\r\n");
    assert!(diff.contains("+RUN a\u{241b}]0;title\u{2407}<U+009B>2J\u{240d}RUN b\r\u{1b}[0m\n"), "{diff:?}");
    // At the end of the file it is no part of a line ending either.
    assert!(coloured("a\r", "b\r").contains("+b\u{240d}\u{1b}[0m\n\\ No newline"));
    // The plain diff is for programs and must not be touched.
    assert!(plain(Some("RUN a\n"), "RUN a\u{1b}\n").contains("+RUN a\u{1b}\n"));
}

#[test]
fn secrets_are_masked_on_every_line() {
    let before = "FROM a\nENV KEY=hunter22 OTHER=x\nRUN curl -H hunter22\nRUN b\n";
    let after = "FROM a\nENV OTHER=x\nRUN curl -H hunter22\nRUN c # was hunter22\n";
    let secret = range(before, "hunter22");
    let diff = redacted(before, after, Secrets { before: &[secret], after: &[] });
    assert!(diff.contains("-ENV KEY=******** OTHER=x\n+ENV OTHER=x\n RUN curl -H ********\n"), "{diff}");
    assert!(!diff.contains("hunter22"), "{diff}");
    assert!(diff.contains("+RUN c # was ********\n"), "{diff}");
}

#[test]
fn short_secrets_are_masked_where_they_stand() {
    let before = "ENV PIN=12 PORT=12\nCMD a\n";
    let after = "ENV PIN=12 PORT=12\nCMD b\n";
    // Known in the new text only, shown as a context line taken from the old one.
    let diff = redacted(before, after, Secrets { before: &[], after: &[range(after, "12")] });
    assert!(diff.contains(" ENV PIN=******** PORT=12\n"), "{diff}");
}

#[test]
fn secrets_over_several_lines_keep_line_counts_and_endings() {
    let before = "RUN <<EOF\r\nkey-line-1\r\nkey-line-2\r\nEOF\r\n";
    let after = "RUN <<EOF\r\nEOF\r\n";
    let secret = before.find("key").unwrap()..before.find("EOF\r\n").unwrap();
    let until_eof = secret.start..before.rfind("EOF").unwrap();
    let diff = redacted(before, after, Secrets { before: &[until_eof], after: &[] });
    assert!(diff.ends_with("@@ -1,4 +1,2 @@\n RUN <<EOF\r\n-********\r\n-********\r\n EOF\r\n"), "{diff:?}");
}

#[test]
fn secret_ranges_need_not_be_tidy() {
    let before = "ENV A=ééé B=x\n";
    let secrets = [8..9, 7..10, 10..10, 90..99, 9..8];
    let diff = redacted(before, "ENV B=x\n", Secrets { before: &secrets, after: &[0..usize::MAX] });
    assert!(diff.contains("-ENV A=********é B=x\n+********\n"), "{diff}");
}

#[test]
fn too_many_secrets_mask_whole_lines() {
    let before: String = (0..50_000).map(|n| format!("ENV K{n}=secret-{n}-value\n")).collect();
    let secrets: Vec<_> = before.match_indices("secret-").map(|(at, _)| at..at + 13).collect();
    let diff = redacted(&before, "FROM a\n", Secrets { before: &secrets, after: &[] });
    assert!(!diff.contains("secret") && diff.contains("-********\n"), "{}", &diff[..200]);
}

/// Histogram takes minutes here; nothing may depend on the time it takes.
#[test]
fn scattered_edits_in_a_long_file_stay_cheap() {
    let line = |n: usize, verb: &str| format!("{verb} src/{n} /app/{n}\n");
    let before: String = (0..150_000).map(|n| line(n, "ADD")).collect();
    let after: String = (0..150_000).map(|n| line(n, if n % 3 == 0 { "COPY" } else { "ADD" })).collect();
    let diff = plain(Some(&before), &after);
    assert_eq!(diff.lines().filter(|line| line.starts_with("-ADD")).count(), 50_000);
    assert_eq!(diff.lines().filter(|line| line.starts_with("+COPY")).count(), 50_000);
    assert_eq!(diff, plain(Some(&before), &after));
}

#[test]
fn a_huge_change_becomes_one_block() {
    let before: String = "FROM a\n".to_owned() + &"x\ny\n".repeat(300_000) + "CMD b\n";
    let after: String = "FROM a\n".to_owned() + &"y\nz\n".repeat(300_000) + "CMD b\n";
    let diff = plain(Some(&before), &after);
    assert_eq!(diff.matches("@@ -").count(), 1);
    assert!(diff.contains("@@ -1,600002 +1,600002 @@\n FROM a\n-x\n-y\n"));
    assert!(diff.ends_with("+y\n+z\n CMD b\n"));
}
