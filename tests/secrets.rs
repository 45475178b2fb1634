//! What `harden_core::secrets` says of every ENV, ARG and LABEL and of every command of real Dockerfiles, where the
//! corpus is at hand.
//!
//! The corpus is looked for in `$HARDEN_CORPUS`, else in `../shared/corpus` beside the repository. The table is in
//! `snapshots/corpus/secrets.snap`; no value is in it. `HARDEN_SHOW=1` prints the values to the terminal, for judging
//! them by eye.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what went wrong")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dockerfile_syntax::{Dockerfile, Instruction, Keyword};
use harden_core::secrets::{Confidence, NotSecret, Verdict, in_text, judge};

fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let root = std::env::var_os("HARDEN_CORPUS").map_or_else(beside, PathBuf::from);
    root.join("buildkit.ndjson").is_file().then_some(root)
}

/// Name and text of every corpus file that is UTF-8.
fn files(root: &Path) -> Vec<(String, String)> {
    let index = std::fs::read_to_string(root.join("buildkit.ndjson")).unwrap();
    let files = index.lines().filter_map(|line| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let path = entry["path"].as_str().unwrap().to_owned();
        // BuildKit builds none of these.
        if path.starts_with("rejects/") {
            return None;
        }
        let text = String::from_utf8(std::fs::read(root.join(&path)).unwrap()).ok()?;
        Some((path, text))
    });
    files.collect()
}

/// The table, how often each kind of line is in it, and where values are shown.
#[derive(Default)]
struct Report {
    table: String,
    counts: BTreeMap<String, usize>,
    show: bool,
}

impl Report {
    fn line(&mut self, place: &str, verdict: &str, value: &str) {
        let _ = writeln!(self.table, "{place}: {verdict}");
        *self.counts.entry(verdict.to_owned()).or_default() += 1;
        if self.show {
            println!("{place}: {verdict}\n        {value:?}");
        }
    }
}

fn pairs(report: &mut Report, place: &str, instruction: Instruction<'_>) {
    for pair in instruction.pairs() {
        let (name, value) = (pair.key.text(), pair.value.map(dockerfile_syntax::Token::text));
        let verdict = match judge(name, value) {
            Verdict::Secret(secret) => format!("{} {}", secret.confidence, secret.kind),
            Verdict::Not(reason) => format!("no {reason}"),
            Verdict::Unrelated => continue,
        };
        // A broken ENV may have its value where the name should be.
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        let name = if plain && name.len() <= 64 { name } else { "?" };
        report.line(&format!("{place} {} {name}", instruction.keyword()), &verdict, value.unwrap_or("-"));
    }
}

fn commands(report: &mut Report, place: &str, file: &Dockerfile, instruction: Instruction<'_>) {
    let mut texts = vec![instruction.joined()];
    texts.extend(instruction.heredocs().map(|heredoc| file.slice(heredoc.body())));
    for text in texts {
        for found in in_text(text) {
            let verdict = format!("{} {}", found.confidence, found.kind);
            let start = text[..found.range.start].char_indices().rev().nth(40).map_or(0, |(at, _)| at);
            let around = &text[start..found.range.end];
            report.line(&format!("{place} {}", instruction.keyword()), &verdict, around);
        }
    }
}

#[test]
fn secrets_of_every_corpus_file() {
    let Some(root) = corpus() else {
        println!("skipped: no corpus at $HARDEN_CORPUS or ../shared/corpus");
        return;
    };
    let mut report = Report { show: std::env::var_os("HARDEN_SHOW").is_some(), ..Report::default() };
    for (name, text) in files(&root) {
        let file = Dockerfile::parse(text);
        for outer in file.instructions() {
            let place = format!("{name}:{}", outer.lines().0);
            let instruction = outer.trigger().unwrap_or(outer);
            match instruction.keyword() {
                Keyword::Env | Keyword::Arg | Keyword::Label => pairs(&mut report, &place, instruction),
                _ => commands(&mut report, &place, &file, outer),
            }
        }
    }
    for (verdict, count) in &report.counts {
        println!("{count:5} {verdict}");
    }
    // Names that other tools cry wolf over; see BuildKit's issue 5775.
    for line in report.table.lines().filter(|line| !line.contains(": no ")) {
        for name in ["GPG_KEY", "SIGNING_KEY", "RELEASE_KEY", "KEY_ALIAS", "TOKENIZERS_", "AUTHOR", "_SHA"] {
            assert!(!line.contains(name), "{line}");
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/corpus"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("secrets", report.table));
}

#[test]
fn ids_are_stable_kebab_case_and_unique() {
    let mut ids: Vec<&str> = harden_core::secrets::Kind::ALL.iter().map(|kind| kind.id()).collect();
    ids.extend(NotSecret::ALL.iter().map(|reason| reason.id()));
    ids.extend([Confidence::Low, Confidence::Medium, Confidence::High].map(Confidence::as_str));
    let count = ids.len();
    assert!(ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
