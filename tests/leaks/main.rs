//! No secret leaks: canaries in every position of every instruction, in files that BuildKit rejects, and in what stands
//! around a Dockerfile. Only the lines of the plain diff may show one.
//!
//! A password under no telling name is a word like any other; `known` lists where one is shown, and no list may grow or
//! keep what is masked by now. A failure names positions, never a secret.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy exempts test functions, not their helpers"
)]

mod around;
mod canary;
mod known;
mod outside;
mod positions;
mod search;
mod world;

use std::collections::BTreeSet;

use crate::search::{Found, Output};
use crate::world::World;

/// Adds what all runs have in common.
fn with<'a>(arguments: &[&'a str], facts: &'a str) -> Vec<&'a str> {
    [arguments, &["--offline", "--facts", facts]].concat()
}

#[test]
fn diffs() {
    let world = World::full();
    let before = world.files();
    let facts = world.path("facts.json");
    let facts = facts.to_str().unwrap();
    let mut found = Found::default();

    let plain = world.harden(&with(&["--level", "suggest", "--verbose"], facts));
    let shown = world.canaries.find(&plain.out);
    let missing: BTreeSet<&str> = world
        .shown
        .iter()
        .filter(|number| !shown.contains(&Some(**number)))
        .map(|&number| world.canaries.planted(number).position.as_str())
        .collect();
    assert!(missing.is_empty(), "the diff does not show these positions, so nothing is tested: {missing:?}");
    found.look_at_diff(&world, "--level suggest --verbose", &plain, false);

    let masked = world.harden(&with(&["--redact", "--color", "always"], facts));
    found.look_at_diff(&world, "--redact --color always", &masked, true);

    let updated = world.harden(&with(&["update", "--redact", "--verbose"], facts));
    found.look_at_diff(&world, "update --redact --verbose", &updated, true);
    let resolved = world.harden(&with(&["resolve"], facts));
    found.look(&world.canaries, "resolve", (Output::File, &resolved.out));
    found.look(&world.canaries, "resolve", (Output::Message, &resolved.err));
    let checked = world.harden(&with(&["--check", "--verbose", "heads", "around"], facts));
    found.look(&world.canaries, "--check --verbose", (Output::Message, &checked.out));
    found.look(&world.canaries, "--check --verbose", (Output::Message, &checked.err));
    found.check(&(&known::of(&[known::IN_ALL, known::IN_TEXT]) | &known::bare()), &known::of(&[]));
    assert!(world.files() == before, "a run without --write changed a file");
    println!("{} secrets", world.canaries.len());
}

#[test]
fn reports_and_written_files() {
    let world = World::full();
    let before = world.files();
    let facts = world.path("facts.json");
    let facts = facts.to_str().unwrap();
    let mut found = Found::default();

    for format in ["sarif", "github", "markdown"] {
        let said = world.harden(&with(&["--level", "suggest", "--verbose", "--format", format], facts));
        let place = format!("--level suggest --verbose --format {format}");
        if format == "sarif" {
            found.look_at_sarif(&world, &place, &said);
        } else {
            found.look(&world.canaries, &place, (Output::Message, &said.out));
            found.look(&world.canaries, &place, (Output::Message, &said.err));
        }
    }
    assert!(world.files() == before, "a run without --write changed a file");

    let json = world
        .harden(&with(&["--write", "--level", "suggest", "--notes", "always", "--format", "json"], facts));
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(report["summary"]["failed"], world.invalid, "only what is meant to be refused is");
    found.look_at_json(&world, "--write --level suggest --notes always --format json", &json);
    found.look_at_files(&world, &before);
    assert!(world.files().keys().filter(|path| path.ends_with(".runtime.md")).count() > 100);
    found.check(&(&known::of(&[known::IN_ALL, known::IN_REPORTS]) | &known::bare()), &known::of(&[]));
}
