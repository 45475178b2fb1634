//! The documentation pages of the transforms: their examples run, their tables are complete.

#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy exempts test functions, not their helpers")]
#![allow(dead_code, reason = "other tests use the rest of `common`")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::case::Case;
use common::page::Page;
use harden_core::{Level, Transform};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(transform: &dyn Transform) -> Page {
    Page { text: transform.meta().doc }
}

#[test]
fn examples_do_what_they_show() {
    for transform in common::transforms() {
        let name = transform.meta().name;
        let run = |text: &str, context: Option<&str>| {
            let facts = root().join("examples/facts.json");
            let case = match context {
                Some(case) => {
                    let folder = root().join("tests/fixtures").join(name).join(case);
                    Case::of_text_in(text, &folder, &facts)
                }
                None => Case::of_text(text, &facts),
            };
            case.check(transform, Level::Review).text.to_string()
        };
        let examples = page(transform).examples();
        let mut changed = 0;
        let mut before: Option<(String, Option<String>)> = None;
        for example in examples {
            match (example.role.as_str(), before.take()) {
                ("before", None) => before = Some((example.text, example.case)),
                ("after", Some((given, case))) => {
                    assert_ne!(given, example.text, "{name}: an example that changes nothing");
                    assert_eq!(run(&given, case.as_deref()), example.text, "{name}");
                    changed += 1;
                }
                ("unchanged", None) => {
                    assert_eq!(run(&example.text, example.case.as_deref()), example.text, "{name}");
                }
                (role, _) => panic!("{name}: {role:?} is out of place; write before and after, or unchanged"),
            }
        }
        assert!(before.is_none(), "{name}: a before without an after");
        assert!(changed > 0, "{name}: a page shows what the transform does");
    }
}

/// The codes of refused and kept findings in the snapshots of a transform.
fn codes_left(transform: &str) -> BTreeSet<String> {
    let folder = root().join("snapshots").join(transform);
    let mut codes = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let code = |line: &str| {
            let (_, rest) = line.split_once(": refused ").or_else(|| line.split_once(": kept "))?;
            Some(rest.to_owned())
        };
        codes.extend(text.lines().filter_map(code));
    }
    codes
}

#[test]
fn every_reason_to_leave_something_is_explained() {
    for transform in common::transforms() {
        let name = transform.meta().name;
        let explained: BTreeSet<String> = page(transform).codes().into_iter().map(str::to_owned).collect();
        let left = codes_left(name);
        assert!(!left.is_empty(), "{name}: no case leaves anything");
        let missing: Vec<_> = left.difference(&explained).collect();
        assert!(missing.is_empty(), "{name}.md does not explain {missing:?}");
        // The other way round: what is explained is shown by a case.
        let unseen: Vec<_> = explained.difference(&left).collect();
        assert!(unseen.is_empty(), "no case of {name} shows {unseen:?}");
    }
}

#[test]
fn every_finding_is_on_its_page() {
    for transform in common::transforms() {
        let meta = transform.meta();
        assert!(meta.doc.starts_with(&format!("# {}\n", meta.name)), "{}: the title", meta.name);
        for finding in meta.findings {
            assert!(
                meta.doc.contains(&format!("`{}`", finding.id)),
                "{}.md does not name {}",
                meta.name,
                finding.id
            );
        }
    }
}

/// Ids of other tools: letters, digits, `-` and `_` with at least one digit or `-`, and not a word of English.
fn is_rule(word: &str) -> bool {
    let shape = word.chars().all(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_' | '.'));
    shape && word.chars().any(|ch| ch.is_ascii_digit() || ch == '-')
}

#[test]
fn rules_of_other_tools_are_those_that_are_honoured() {
    for transform in common::transforms() {
        let meta = transform.meta();
        let known: BTreeSet<&str> =
            meta.findings.iter().flat_map(|finding| finding.foreign).map(|rule| rule.id).collect();
        // A transform whose findings no other tool has leaves the sentence out.
        let listed = page(transform).paragraph("Also reported by ").unwrap_or_default();
        let sentence = listed.split(". ").next().unwrap().trim_end_matches('.');
        let words = sentence.split([' ', ',', ';']).filter(|word| is_rule(word));
        let named: BTreeSet<&str> = words.collect();
        assert_eq!(named, known, "{}", meta.name);
        let switched = meta.doc.split("## Switching it off").nth(1).unwrap();
        let quoted = switched.split('`').skip(1).step_by(2);
        for id in quoted.filter(|word| is_rule(word) && word.starts_with(|ch: char| ch.is_ascii_uppercase()))
        {
            assert!(known.contains(id), "{}: {id} is no rule of the transform", meta.name);
        }
    }
}
