//! What `multi-stage` decides for every real Dockerfile, where the corpus is at hand, and for the examples.
//!
//! Where the corpus is looked for says `common/corpus.rs`. No registry is asked. The decisions are in
//! `snapshots/corpus/multi-stage.snap`, one line a file that has one, and `multi-stage-examples.snap`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what went wrong")]

#[path = "common/corpus.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use corpus::{candidates, corpus};
use dockerfile_syntax::{Dockerfile, Instruction, Keyword};
use harden::Engine;
use harden::discover::{Candidate, Input, Options, discover};
use harden::facts::file::RecordedFacts;
use harden_core::{Base, Build, BuildSetup, Disposition, Level, Outcome, Policy, Scopes, Transform, Value};

fn transform() -> &'static dyn Transform {
    *harden_transforms::all().iter().find(|one| one.meta().name == "multi-stage").unwrap()
}

fn decide(candidate: &Candidate, text: &str, level: Level) -> Option<Outcome> {
    let facts = RecordedFacts::default();
    let engine = Engine { transforms: vec![transform()], policy: Policy::at(level), images: &facts };
    engine.rewrite(text, candidate).ok()
}

/// `review go-static`, `suggest context-unknown [context-unknown pinned-builder]`, `refused no-command`.
fn decision(outcome: &Outcome) -> Option<String> {
    let report = outcome.reports.first()?;
    let (what, code) = match &report.disposition {
        Disposition::Fixed(level, why) | Disposition::Offered(level, why) => (level.as_str(), why.code),
        Disposition::Refused(why) => ("refused", why.code),
        Disposition::Kept(why) => ("kept", why.code),
        Disposition::Suppressed { .. } => ("suppressed", "by-comment"),
    };
    let mut hazards: Vec<&str> = report.hazards.iter().map(|hazard| hazard.id).collect();
    hazards.dedup();
    let hazards = if hazards.is_empty() { String::new() } else { format!(" [{}]", hazards.join(" ")) };
    Some(format!("{what} {code}{hazards}"))
}

/// The instructions of the last stage with one of these keywords, as they are read.
fn last<'a>(build: &Build<'a>, keywords: &[Keyword]) -> Vec<&'a str> {
    let stage = build.stages.last().unwrap();
    let wanted = |one: &&Instruction<'a>| keywords.contains(&one.keyword());
    stage.instructions.iter().filter(wanted).map(|one| one.joined()).collect()
}

/// What must hold for every split.
fn check(name: &str, before: &str, outcome: &Outcome, problems: &mut Vec<String>) {
    if !outcome.is_changed() {
        return;
    }
    let mut problem = |what: String| problems.push(format!("{name}: {what}"));
    let (old, new) = (Dockerfile::parse(before), Dockerfile::parse(outcome.text.as_ref()));
    if let Some(error) = new.errors().first() {
        return problem(format!("the result is not valid: {error}"));
    }
    let (old, new) = (Build::new(&old), Build::new(&new));
    if new.stages.len() != 2 {
        return problem(format!("{} stages", new.stages.len()));
    }
    let runtime = [
        Keyword::Cmd,
        Keyword::Entrypoint,
        Keyword::Expose,
        Keyword::Healthcheck,
        Keyword::Label,
        Keyword::Maintainer,
        Keyword::Stopsignal,
        Keyword::Volume,
    ];
    if last(&old, &runtime) != last(&new, &runtime) {
        problem(format!("what containers need is not the same: {:?}", last(&new, &runtime)));
    }
    let setup = BuildSetup::default();
    let ends = [&old, &new].map(|build| {
        let scopes = Scopes::new(build, &setup);
        scopes.end(build.stages.len() - 1).unwrap().clone()
    });
    if let [Value::Known(before), after] = ends.each_ref().map(|end| end.workdir.clone())
        && after != Value::Known(before.clone())
        && !(before == "/" && after == Value::FromBase)
    {
        problem(format!("the working directory is {after:?}, not {before}"));
    }
    if let [Value::Known(before), after] = ends.map(|end| end.user)
        && after != Value::Known(before.clone())
    {
        problem(format!("the user is {after:?}, not {before}"));
    }
    let stage = new.stages.last().unwrap();
    let no_shell = match &stage.base {
        Base::Scratch => true,
        Base::Image(image) => image.familiar().contains("distroless"),
        _ => false,
    };
    for instruction in &stage.instructions {
        let command = matches!(instruction.keyword(), Keyword::Cmd | Keyword::Entrypoint | Keyword::Run);
        if no_shell && command && !instruction.is_exec_form() {
            problem(format!("a shell form in an image without a shell: {}", instruction.joined()));
        }
    }
    if !new.source_uses(&setup).iter().any(|one| one.stage == 1) {
        problem("nothing comes from the builder".to_owned());
    }
}

/// The table of decisions; everything that must hold is checked on the way.
fn table(files: impl Iterator<Item = (String, Candidate, String)>) -> String {
    let (mut table, mut problems) = (String::new(), Vec::new());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (name, candidate, text) in files {
        let Some(outcome) = decide(&candidate, &text, Level::Suggest) else { continue };
        check(&name, &text, &outcome, &mut problems);
        let settled = decide(&candidate, &outcome.text, Level::Suggest).unwrap();
        if settled.is_changed() {
            problems.push(format!("{name}: a second run changes it"));
        }
        if let Some(decision) = decision(&outcome) {
            let kind: Vec<&str> = decision.split_whitespace().take(2).collect();
            *counts.entry(kind.join(" ")).or_default() += 1;
            let _ = writeln!(table, "{name} {decision}");
        }
    }
    for (kind, count) in &counts {
        println!("{count:5} {kind}");
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    table
}

fn assert_decided(name: &str, table: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/corpus"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, table));
}

#[test]
fn decisions_for_every_corpus_file() {
    let Some(root) = corpus() else {
        println!("skipped: no corpus at $HARDEN_CORPUS or ../shared/corpus");
        return;
    };
    let files = candidates(&root).into_iter().filter_map(|(name, candidate)| {
        let text = std::fs::read_to_string(root.join(&name)).ok()?;
        Some((name, candidate, text))
    });
    assert_decided("multi-stage", &table(files));
}

#[test]
fn decisions_for_the_examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().unwrap();
    let found = discover(&[Input::Path(root.join("examples"))], &Options::default());
    let files = found.candidates.into_iter().map(|candidate| {
        let path = candidate.path().unwrap().to_owned();
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        (name, candidate, std::fs::read_to_string(path).unwrap())
    });
    assert_decided("multi-stage-examples", &table(files));
}
