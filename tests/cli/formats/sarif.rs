//! `--format sarif`. Each document is also checked against the schema of OASIS, by `schema::check`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use dockerfile_syntax::Dockerfile;
use serde_json::Value;

use crate::support::{HARDEN, SECRET, Said, Sandbox, copy, copy_and_pin, facts, repository};

#[track_caller]
fn document(said: &Said) -> Value {
    let log = parsed(said);
    // The pages of the rules have made-up secrets of their own.
    for part in [&log["runs"][0]["results"], &log["runs"][0]["invocations"]] {
        assert!(!part.to_string().contains(SECRET), "a secret is in the document");
    }
    log
}

/// As [`document`], of files in which secrets stand where nobody can tell.
#[track_caller]
fn parsed(said: &Said) -> Value {
    assert_eq!(said.err, "", "the document says everything");
    let log: Value = serde_json::from_str(&said.out).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["invocations"][0]["exitCode"], said.code.unwrap());
    assert_eq!(run["invocations"][0]["executionSuccessful"], said.code != Some(2));
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in results(&log) {
        assert_eq!(rules[usize(&result["ruleIndex"])]["id"], result["ruleId"]);
    }
    log
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

fn usize(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// What is new in each document, without the pages of the rules.
fn shown(log: &Value) -> Value {
    let mut shown = log.clone();
    let driver = &mut shown["runs"][0]["tool"]["driver"];
    driver["semanticVersion"] = "[VERSION]".into();
    driver["rules"] = "[RULES]".into();
    shown["runs"][0]["taxonomies"] = "[TAXONOMIES]".into();
    shown
}

#[track_caller]
fn check(name: &str, log: &Value) {
    insta::with_settings!({
        snapshot_path => "../../../snapshots/cli",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_json_snapshot!(name, shown(log));
    });
}

#[test]
fn the_document() {
    let said = Sandbox::tree().copy_and_pin(&["--facts", &facts(), "--format", "sarif"]);
    check("sarif", &document(&said));
}

#[test]
fn rules_and_the_rules_of_others() {
    let log = document(&Sandbox::tree().harden(&["--facts", &facts(), "--format", "sarif"]));
    let run = &log["runs"][0];
    let taxonomies = run["taxonomies"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
        assert!(ids.insert(rule["id"].as_str().unwrap()), "twice: {}", rule["id"]);
        assert!(rule["help"]["markdown"].as_str().unwrap().starts_with("# "), "{rule}");
        for relationship in rule["relationships"].as_array().into_iter().flatten() {
            let target = &relationship["target"];
            let tool = &taxonomies[usize(&target["toolComponent"]["index"])];
            assert_eq!(tool["name"], target["toolComponent"]["name"]);
            assert!(
                tool["taxa"].as_array().unwrap().iter().any(|taxon| taxon["id"] == target["id"]),
                "{target}"
            );
        }
    }
    // `harden list` names the same.
    let list = Sandbox::new(&[]).harden(&["list"]).out;
    let listed: BTreeSet<_> = list
        .lines()
        .filter(|line| line.starts_with("  "))
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(ids, listed);
}

/// A byte of a replaced text: where it starts and ends, counted in both ways SARIF has, which must agree.
fn range(text: &[u16], region: &Value) -> std::ops::Range<usize> {
    let at = |line: usize, column: usize| {
        let newline = |unit: &u16| *unit == u16::from(b'\n');
        let starts = std::iter::once(0)
            .chain(text.iter().enumerate().filter(|(_, unit)| newline(unit)).map(|(at, _)| at + 1));
        starts.into_iter().nth(line - 1).unwrap() + column - 1
    };
    let start = at(usize(&region["startLine"]), usize(&region["startColumn"]));
    let end = at(usize(&region["endLine"]), usize(&region["endColumn"]));
    assert_eq!(start, usize(&region["charOffset"]), "{region}");
    assert_eq!(end - start, usize(&region["charLength"]), "{region}");
    start..end
}

/// Makes fixes as an editor would: in a text of UTF-16 without a byte order mark.
fn apply(before: &str, fixes: &[&Value]) -> String {
    let (mark, text) = before.strip_prefix('\u{feff}').map_or(("", before), |text| ("\u{feff}", text));
    let mut text: Vec<u16> = text.encode_utf16().collect();
    let mut edits = Vec::new();
    for fix in fixes {
        let changes = fix["artifactChanges"].as_array().unwrap();
        assert_eq!(changes.len(), 1);
        for replacement in changes[0]["replacements"].as_array().unwrap() {
            let new = replacement["insertedContent"]["text"].as_str().unwrap_or_default();
            edits.push((range(&text, &replacement["deletedRegion"]), new.encode_utf16().collect::<Vec<_>>()));
        }
    }
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    for pair in edits.windows(2) {
        assert!(
            pair[0].0.end <= pair[1].0.start && pair[0].0.start != pair[1].0.start,
            "fixes overlap: {pair:?}"
        );
    }
    for (range, new) in edits.into_iter().rev() {
        text.splice(range, new);
    }
    mark.to_owned() + &String::from_utf16(&text).unwrap()
}

fn decoded(uri: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = uri.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex: Vec<u8> = rest.by_ref().take(2).collect();
            bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn file_of(result: &Value) -> String {
    let artifact = &result["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(artifact["uriBaseId"], "%SRCROOT%");
    decoded(artifact["uri"].as_str().unwrap())
}

/// The fixes of a file made together give what `--write` writes, and each made alone gives a valid file. Returns how many
/// fixes and files there were, and how many of the files hold back a fix that would quote a secret.
fn fixes_are_what_is_written(sandbox: &Sandbox, arguments: &[&str]) -> (usize, usize, usize) {
    let log = parsed(&sandbox.harden(&[arguments, &["--format", "sarif"]].concat()));
    let written = Sandbox::new(&[]);
    copy(&sandbox.path(""), &written.path(""));
    written.harden(&[arguments, &["--write", "--quiet"]].concat());
    let mut files: BTreeMap<String, (Vec<&Value>, bool)> = BTreeMap::new();
    for result in results(&log) {
        let (fixes, secret) = files.entry(file_of(result)).or_default();
        let properties = &result["properties"];
        fixes.extend(result["fixes"].as_array().into_iter().flatten());
        let without = properties["withoutFix"].as_str().unwrap_or_default();
        *secret |= without.contains("secret");
        let has_fix = result["fixes"].is_array() || !without.is_empty();
        assert_eq!(has_fix, properties["disposition"] == "fixed", "{result}");
    }
    let mut counts = (0, 0, 0);
    for (path, (fixes, secret)) in files {
        let before = sandbox.read(&path);
        if secret {
            counts.2 += 1;
        } else {
            assert_eq!(apply(&before, &fixes), written.read(&path), "{path}");
        }
        for fix in &fixes {
            let alone = apply(&before, &[fix]);
            assert_ne!(alone, before, "{path}");
            assert!(Dockerfile::parse(alone.as_str()).errors().is_empty(), "{path}: {fix}");
        }
        counts.0 += fixes.len();
        counts.1 += usize::from(!fixes.is_empty());
    }
    counts
}

/// All fixtures, as they are and with the endings and the mark of Windows.
#[test]
fn fixes_made_by_others_are_those_of_a_write() {
    let facts = facts();
    for (windows, level) in [(false, "review"), (true, "suggest")] {
        let sandbox = Sandbox::new(&[]);
        copy(&repository().join("tests/fixtures"), &sandbox.path("fixtures"));
        if windows {
            like_windows(&sandbox.path("fixtures"));
        }
        let arguments = ["--level", level, "--facts", &facts, "--notes", "never"];
        let (fixes, files, secret) = fixes_are_what_is_written(&sandbox, &arguments);
        println!(
            "{level}, windows {windows}: {fixes} fixes in {files} files, {secret} files hold a fix back"
        );
        assert!(fixes > 300 && files > 150 && secret < files / 5, "{fixes} {files} {secret}");
    }
}

fn like_windows(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            like_windows(&path);
        } else if path.file_name().unwrap().to_str().unwrap().contains("Dockerfile") {
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
            fs::write(&path, format!("\u{feff}{}", text.trim_start_matches('\u{feff}'))).unwrap();
        }
    }
}

#[test]
fn names_are_percent_encoded() {
    let names = ["a b/Dockerfile", "é/Dockerfile.#x", "c/100%.Dockerfile"];
    let files = names.map(|name| (name, "FROM scratch\nADD . /\n# 😀\nADD [\"x\", \"/😀\"]\n"));
    let sandbox = Sandbox::new(&files);
    let (fixes, files, _) =
        fixes_are_what_is_written(&sandbox, &["--level", "suggest", "--only", "add-to-copy"]);
    assert_eq!((fixes, files), (6, 3));
}

#[test]
fn updates_have_fixes_too() {
    let old = "0".repeat(64);
    let text = format!("FROM node:22@sha256:{old} AS a\nFROM nginx:1.27@sha256:{old}\nCOPY --from=a /a /\n");
    let sandbox = Sandbox::new(&[("Dockerfile", &text)]);
    let (fixes, files, _) = fixes_are_what_is_written(&sandbox, &["update", "--facts", &facts()]);
    assert_eq!((fixes, files), (2, 1));
}

/// Code scanning wants names that start at the root of the repository, wherever harden runs.
#[test]
fn names_start_at_the_root_of_the_repository() {
    let sandbox = Sandbox::new(&[
        (".git/HEAD", "ref: refs/heads/main\n"),
        ("a/b/Dockerfile", "FROM scratch\nADD . /\n"),
        ("a/b/broken.Dockerfile", "FROMM scratch\n"),
    ]);
    for (folder, path) in [("a", "b"), ("a/b", "../b"), (".", sandbox.path("a").to_str().unwrap())] {
        for (format, name) in [("sarif", r#""uri":"a/b/Dockerfile""#), ("github", "file=a/b/Dockerfile,")] {
            let mut command = sandbox.command(HARDEN);
            command.current_dir(sandbox.path(folder)).args(["--format", format, path]);
            let said = Said::from(command.output().unwrap());
            assert!(said.out.contains(name), "{folder} {path}: {}", said.out);
            assert!(!said.out.contains("../b") && said.out.contains("a/b/broken.Dockerfile"), "{}", said.out);
        }
    }
}

/// Alerts stay the same when lines move; two of the same kind are told apart.
#[test]
fn fingerprints() {
    let prints = |text: &str| {
        let sandbox = Sandbox::new(&[("Dockerfile", text)]);
        let log = document(&sandbox.copy_and_pin(&["--format", "sarif"]));
        let print = |result: &Value| result["partialFingerprints"]["harden/v1"].as_str().unwrap().to_owned();
        results(&log).iter().map(print).collect::<Vec<_>>()
    };
    let first = prints("FROM node:22\nADD https://example.com/a /\nADD https://example.com/a /\n");
    assert_eq!(first.len(), 3);
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 3, "{first:?}");
    assert_eq!(
        prints(
            "# new\r\n\r\nFROM node:22\r\n\r\n  ADD   https://example.com/a /\r\nADD https://example.com/a /\r\n"
        ),
        first
    );
}

/// GitHub would open an alert for what a comment switches off.
#[test]
fn ignored_findings_are_suppressed_and_told_only_when_asked_for() {
    let text =
        "FROM scratch\n# harden: ignore=add-to-copy we need [it](https://x)\nADD https://example.com/a /\n";
    let sandbox = Sandbox::new(&[("Dockerfile", text)]);
    let log = document(&sandbox.copy_and_pin(&["--format", "sarif"]));
    assert_eq!(results(&log).len(), 0);
    let log = document(&sandbox.copy_and_pin(&["--format", "sarif", "--verbose"]));
    let result = &results(&log)[0];
    assert_eq!(result["suppressions"][0]["kind"], "inSource");
    assert_eq!(
        result["suppressions"][0]["justification"],
        "# harden: ignore=add-to-copy we need [it](https://x)"
    );
    let message = result["message"]["text"].as_str().unwrap();
    assert!(message.contains("\\[it\\]("), "{message}");
}

/// After a write the report is about the files as they are now.
#[test]
fn written() {
    let text =
        "FROM node:22\nENV DB_PASSWORD=hunter2-Xq9vT4z\nADD x /\nADD https://example.com/a /\nCMD [\"x\"]\n";
    let sandbox = Sandbox::new(&[("Dockerfile", text), ("x", "x")]);
    let arguments = ["--facts", &facts(), "--level", "review", "--notes", "never", "--format", "sarif"];
    let log = document(&sandbox.harden(&[&arguments[..], &["--write"]].concat()));
    let now = sandbox.read("Dockerfile");
    assert!(!now.contains("DB_PASSWORD") && now.contains("COPY x /"), "{now}");
    let remote = results(&log).iter().find(|result| result["ruleId"] == "add-remote").unwrap();
    let region = &remote["locations"][0]["physicalLocation"]["region"];
    let line = now.lines().nth(usize(&region["startLine"]) - 1).unwrap();
    assert!(line.starts_with("ADD https://"), "{line}");
    for result in results(&log) {
        assert_ne!(result["properties"]["disposition"], "fixed", "{result}");
        assert!(result["fixes"].is_null());
    }
    // A run on the result says the same, of what it finds.
    let again = document(&sandbox.harden(&arguments));
    assert_eq!(results(&again), results(&log));
}

#[test]
fn files_that_are_not_handled_are_notifications() {
    let sandbox = Sandbox::new(&[
        ("broken/Dockerfile", "FROM a\n  ENVV API_TOKEN=hunter2-broken\n"),
        ("good/Dockerfile", "FROM scratch\nADD . /\n"),
        ("good/compose.yaml", "services:\n  web:\n    build: [\n"),
    ]);
    sandbox.write("binary/Dockerfile", b"FROM a\0\xff");
    let log = document(&sandbox.copy_and_pin(&["--format", "sarif", ".", "missing"]));
    check("sarif-problems", &log);
    let notifications = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let errors = notifications.iter().filter(|one| one["level"] == "error").count();
    assert_eq!((errors, notifications.len()), (3, 4));
}

#[test]
fn many_findings() {
    let mut text = "FROM scratch\n".to_owned();
    text.push_str(&"ADD https://example.com/a /\n".repeat(26_000));
    let sandbox = Sandbox::new(&[("Dockerfile", &text)]);
    let mut command = sandbox.command(HARDEN);
    let log = document(&Said::from(command.args(copy_and_pin(&["--format", "sarif"])).output().unwrap()));
    assert_eq!(results(&log).len(), 25_000, "GitHub takes no more");
    let notifications = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(notifications[0]["message"]["text"].as_str().unwrap().starts_with("1000 results are left out"));
}
