use std::time::{Duration, Instant};

use super::*;

fn rules(text: &str) -> DockerIgnore {
    DockerIgnore::parse(text).unwrap_or_else(|bad| panic!("{text:?}: {bad:?}"))
}

fn excludes(text: &str, path: &str) -> bool {
    rules(text).excludes(path)
}

#[track_caller]
fn check(text: &str, out: &[&str], sent: &[&str]) {
    let rules = rules(text);
    for path in out {
        assert!(rules.excludes(path), "{path:?} is sent with {text:?}");
    }
    for path in sent {
        assert!(!rules.excludes(path), "{path:?} is left out with {text:?}");
    }
}

#[test]
fn lines_are_read_like_buildkit_reads_them() {
    let patterns = |text: &str| -> Vec<String> {
        let shown = |rule: &Rule| format!("{}{}", if rule.exception { "!" } else { "" }, rule.pattern);
        rules(text).rules.iter().map(shown).collect()
    };
    assert_eq!(
        patterns("\u{feff}# note\r\n/logs\r\n  a//b/../c/  \r\n\r\n\t\r\n #x\n! /keep/\n./d\n/\nlast"),
        ["logs", "a/c", "#x", "!keep", "d", "/", "last"]
    );
    assert_eq!(
        patterns("\u{feff}one\n\u{feff}two"),
        ["one", "\u{feff}two"],
        "a byte order mark begins a file only"
    );
    assert_eq!(patterns("a\rb"), ["a\rb"], "a carriage return alone ends no line");
    assert_eq!(patterns("/!x"), ["!x"], "the slash is dropped before the mark is looked for");
    assert_eq!(patterns(""), [""; 0]);
    assert_eq!(patterns("\n\n# only a comment"), [""; 0]);
}

#[test]
fn bad_lines_are_errors_with_their_number() {
    let bad = |text: &str| DockerIgnore::parse(text).unwrap_err();
    assert_eq!(bad("a\n\n[b\n"), BadLine { line: 3, problem: Problem::Malformed });
    assert_eq!(bad("bin\\\r\n"), BadLine { line: 1, problem: Problem::Malformed });
    for lone in ["!", "! ", "!/"] {
        assert_eq!(bad(lone).problem, Problem::LoneException, "{lone:?}");
    }
    assert_eq!(bad(&"a".repeat(65_536)).problem, Problem::TooLong);
    for guess in
        ["a\\d", "a|b*", "^a*", "[*]", "[?]", "a[[:alpha:]]", "[z-a]", "[\\d]", "a*{2}", "a*{2,}", "?{2,3}"]
    {
        assert_eq!(bad(guess).problem, Problem::Ambiguous, "{guess:?}");
    }
    for fine in ["a|b", "^a", "*.{js,ts}", "a{2}", "[a.$+]*", "[[]x", "a\\*b", "a\\ b"] {
        assert!(DockerIgnore::parse(fine).is_ok(), "{fine:?}");
    }
}

/// The meaning of one pattern, as documented for `.dockerignore` and moby/patternmatcher.
#[test]
fn one_pattern() {
    check(
        "node_modules",
        &["node_modules", "node_modules/a", "node_modules/a/b"],
        &["src/node_modules", "node_module"],
    );
    check("*/temp*", &["a/temp", "a/temporary.txt", "a/temp/x"], &["temp", "a/b/temp"]);
    check("*/*/temp*", &["a/b/temporary"], &["a/temp"]);
    check("temp?", &["tempa", "tempa/x"], &["temp", "tempab", "a/tempa"]);
    check("*.md", &["README.md"], &["docs/README.md", "README.mdx"]);
    check("**/*.go", &["main.go", "a/main.go", "a/b/main.go"], &["main.gox"]);
    check("**", &["a", "a/b"], &[]);
    check("*", &["a", "a/b"], &[]);
    check("**/foo", &["foo", "a/foo", "a/b/foo", "a/foo/x"], &["xfoo", "foox"]);
    check("**foo", &["foo", "a/foo", "a/xfoo"], &["foox"]);
    check("dir/**", &["dir/a", "dir/a/b"], &["dir", "dirx"]);
    check("dir**", &["dir", "dirx", "dir/a"], &["xdir"]);
    check("a**/*.txt", &["a/f.txt", "a/b/f.txt"], &["b/f.txt"]);
    check("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["a/xb", "ab"]);
    check("a[b-d]e", &["ace"], &["ae", "aae"]);
    check("a[^b-d]e", &["aze", "a/e"], &["ace"]);
    check("a\\*b", &["a*b"], &["axb"]);
    check("*.{js,ts}", &["x.{js,ts}"], &["x.js"]);
    check("a.b*", &["a.bc"], &["axbc"]);
    check("../x", &[], &["x"]);
    check("/", &[], &["a"]);
    check(".", &[], &["a"]);
    check("\u{e9}?", &["\u{e9}\u{1f980}"], &["\u{e9}"]);
    check("", &[], &["a"]);
}

#[test]
fn the_last_match_wins() {
    check("*.md\n!README.md", &["a.md"], &["README.md"]);
    check("*.md\n!README*.md\nREADME-secret.md", &["README-secret.md"], &["README.md", "README-x.md"]);
    check("!README.md\n*.md", &["README.md"], &[]);
    check("*\n!src\n!package.json", &["a", "b/c"], &["src", "src/x/y", "package.json"]);
    check("docs\n!docs/keep", &["docs", "docs/x"], &["docs/keep", "docs/keep/x"]);
    check("**/.git\n!**/keep/.git", &["a/.git", ".git/x"], &["keep/.git", "keep/.git/x"]);
    check("**/*.tar\n! /dist/app.tar", &["x.tar", "dist/x.tar"], &["dist/app.tar"]);
    check("a\n!a/b/**", &["a", "a/b", "a/c"], &["a/b/c", "a/b/c/d"]);
}

/// The client walks the tree and carries what matched the parents; two results differ from matching a path alone.
#[test]
fn the_walk_of_the_client_decides() {
    // The exception could not change anything at `foo`, so it is not credited to `foo/x`.
    check("foo/x\n!foo", &["foo/x"], &["foo", "foo/y"]);
    // Below `a/x` no plain exception names anything, so the client does not look.
    check("a\n!a/*/**", &["a/x", "a/x/y"], &[]);
    // With a wildcard in any exception it looks everywhere.
    check("a\n!a/*/**\n!*.keep", &["a/x"], &["a/x/y"]);
}

#[test]
fn exceptions_open_excluded_directories() {
    let plain = rules("a\n!a/b/c\n!d/*");
    assert!(plain.may_send_below("a"));
    assert!(plain.may_send_below("a/b"));
    assert!(plain.may_send_below("a/b/c"));
    assert!(!plain.may_send_below("a/x"));
    assert!(plain.may_send_below("d"));
    assert!(!plain.may_send_below("ab"));
    assert!(rules("a\n!**/x").may_send_below("anything"));
    assert!(!rules("a").may_send_below("a"));
}

#[test]
fn hostile_patterns_take_no_exponential_time() {
    let started = Instant::now();
    let path = "a/".repeat(100) + "b";
    assert!(!excludes(&("**/a*/".repeat(50) + "c"), &path));
    assert!(!excludes(&("*a".repeat(200) + "c"), &"a".repeat(4000)));
    assert!(excludes(&("**/".repeat(30) + "b*"), &path));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn paths_are_cleaned_like_go_cleans_them() {
    for (path, expected) in [
        ("", "."),
        (".", "."),
        ("./", "."),
        ("a/", "a"),
        ("a//b", "a/b"),
        ("a/./b", "a/b"),
        ("a/../b", "b"),
        ("a/..", "."),
        ("../a", "../a"),
        ("a/../../b", "../b"),
        ("/", "/"),
        ("//a", "/a"),
        ("/../a", "/a"),
        ("/a/..", "/"),
    ] {
        assert_eq!(clean(path), expected, "{path:?}");
    }
}
