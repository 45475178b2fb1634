//! Looks for secrets in what a run said and wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use crate::canary::{Canaries, PASSWORDS};
use crate::known::Known;
use crate::world::{Said, World};

/// What a secret was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Output {
    /// The lines of a Dockerfile in a diff that masks secrets.
    Diff,
    /// Findings, errors, warnings, notes; names of files; all of a JSON report but its diffs.
    Message,
    /// Files beside a Dockerfile, facts and the cache, as written or as lines that a diff adds.
    File,
}

/// A text in which no secret may be.
type Text<'t> = (Output, &'t str);

/// What was found: in which kind of output, from where, and in which forms and runs.
#[derive(Debug, Default)]
pub(crate) struct Found(BTreeMap<(Output, String), BTreeSet<(String, String)>>);

impl Found {
    /// Looks through one text. `place` says what it is, for the report.
    pub(crate) fn look(&mut self, canaries: &Canaries, place: &str, (output, text): Text<'_>) {
        for number in canaries.find(text) {
            let (position, form) = number.map_or(("a secret that was cut short".to_owned(), "?"), |number| {
                let planted = canaries.planted(number);
                (planted.position.clone(), planted.form)
            });
            self.0.entry((output, position)).or_default().insert((form.to_owned(), place.to_owned()));
        }
    }

    /// Looks through a run whose standard output is a diff. Unless it is `redacted`, the lines of files that were there
    /// may show anything.
    pub(crate) fn look_at_diff(&mut self, world: &World, place: &str, said: &Said, redacted: bool) {
        self.look(&world.canaries, place, (Output::Message, &said.err));
        for (output, line) in diff_lines(&said.out, redacted) {
            self.look(&world.canaries, place, (output, line));
        }
    }

    /// Looks through a run whose standard output is a JSON report.
    pub(crate) fn look_at_json(&mut self, world: &World, place: &str, said: &Said) {
        self.look(&world.canaries, place, (Output::Message, &said.err));
        let mut report: Value = serde_json::from_str(&said.out).unwrap();
        let mut diffs = String::new();
        take_diffs(&mut report, &mut diffs);
        assert!(!diffs.is_empty());
        for (output, line) in diff_lines(&diffs, true) {
            self.look(&world.canaries, place, (output, line));
        }
        self.look(&world.canaries, place, (Output::Message, &report.to_string()));
    }

    /// Looks through a run whose standard output is a SARIF log: what fixes insert is part of a file.
    pub(crate) fn look_at_sarif(&mut self, world: &World, place: &str, said: &Said) {
        self.look(&world.canaries, place, (Output::Message, &said.err));
        let mut log: Value = serde_json::from_str(&said.out).unwrap();
        let results = log["runs"][0]["results"].as_array_mut().unwrap();
        let fixes: Vec<Value> = results
            .iter_mut()
            .filter_map(|result| result.as_object_mut()?.remove("fixes"))
            .flat_map(|fixes| fixes.as_array().cloned().unwrap_or_default())
            .collect();
        assert!(fixes.len() > 100);
        for mut fix in fixes {
            let replacements = fix["artifactChanges"][0]["replacements"].as_array_mut().unwrap();
            for replacement in replacements {
                let inserted = replacement["insertedContent"].take();
                self.look(
                    &world.canaries,
                    place,
                    (Output::Diff, inserted["text"].as_str().unwrap_or_default()),
                );
            }
            self.look(&world.canaries, place, (Output::Message, &fix.to_string()));
        }
        self.look(&world.canaries, place, (Output::Message, &log.to_string()));
    }

    /// Looks for secrets that a file did not hold before.
    pub(crate) fn look_at_files(&mut self, world: &World, before: &BTreeMap<String, String>) {
        for (path, text) in world.files() {
            let old = before.get(&path).map(|text| world.canaries.find(text)).unwrap_or_default();
            for line in text.lines().filter(|line| !world.canaries.find(line).is_subset(&old)) {
                self.look(&world.canaries, &path, (Output::File, line));
            }
        }
    }

    /// Compares with what is known: of `known` only passwords may be shown, of `any` tokens, too. The report holds no
    /// secret.
    #[track_caller]
    pub(crate) fn check(&self, known: &Known, any: &Known) {
        let mut report = String::new();
        for ((output, position), places) in &self.0 {
            let is_in = |list: &Known| list.contains(&(*output, position.as_str()));
            let is_password = |form: &str| PASSWORDS.iter().any(|password| password.name == form);
            let is_accepted = |form: &str| is_in(any) || (is_in(known) && is_password(form));
            for (form, place) in places.iter().filter(|(form, _)| !is_accepted(form)) {
                let _ = writeln!(report, "leak: {output:?} shows {position} ({form}): {place}");
            }
        }
        for (output, position) in known.union(any) {
            if !self.0.contains_key(&(*output, (*position).to_owned())) {
                let _ = writeln!(report, "shown no longer, take it off the list: {output:?} {position}");
            }
        }
        assert!(report.is_empty(), "{} lines:\n{report}", report.lines().count());
    }
}

/// Every line of a diff that may be looked through.
fn diff_lines(diff: &str, redacted: bool) -> impl Iterator<Item = Text<'_>> {
    let mut beside = false;
    let mut inside = false;
    diff.lines().filter_map(move |line| {
        let plain = line
            .trim_start_matches(|ch: char| ch == '\u{1b}' || ch == '[' || ch == 'm' || ch.is_ascii_digit());
        if plain.starts_with("diff --git ") {
            beside = [".runtime.md", ".env.example", ".dockerignore"].iter().any(|name| line.contains(name));
            inside = false;
        } else if plain.starts_with("@@ ") {
            inside = true;
        }
        let added = plain.starts_with('+');
        match inside {
            false => Some((Output::Message, line)),
            true if beside && added => Some((Output::File, line)),
            true => redacted.then_some((Output::Diff, line)),
        }
    })
}

/// Moves the diffs out of a report.
fn take_diffs(value: &mut Value, diffs: &mut String) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(diff)) = fields.remove("diff") {
                diffs.push_str(&diff);
            }
            fields.values_mut().for_each(|field| take_diffs(field, diffs));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| take_diffs(item, diffs)),
        _ => {}
    }
}
