//! What `non-root-user` decides for every real Dockerfile, where the corpus is at hand.
//!
//! Where the corpus is looked for says `common/corpus.rs`. No registry is asked: the table of base images is what is known of images. The decisions are in
//! `snapshots/corpus/non-root-user.snap`, one line a file.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what went wrong")]

#[path = "common/corpus.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use corpus::{candidates, corpus};
use dockerfile_syntax::{Dockerfile, Keyword};
use harden::Engine;
use harden::discover::Candidate;
use harden::facts::file::RecordedFacts;
use harden_core::{Base, Build, Disposition, Level, Outcome, Policy, Transform};

fn transform() -> &'static dyn Transform {
    *harden_transforms::all().iter().find(|one| one.meta().name == "non-root-user").unwrap()
}

fn decide(candidate: &Candidate, text: &str, level: Level) -> Option<Outcome> {
    let facts = RecordedFacts::default();
    let engine = Engine { transforms: vec![transform()], policy: Policy::at(level), images: &facts };
    engine.rewrite(text, candidate).ok()
}

/// `review created`, `suggest volume volume,low-port`, `refused drops-privileges`, …
fn decision(outcome: &Outcome) -> String {
    let mut shown = String::new();
    for report in &outcome.reports {
        let (what, code) = match &report.disposition {
            Disposition::Fixed(level, why) | Disposition::Offered(level, why) => (level.as_str(), why.code),
            Disposition::Refused(why) => ("refused", why.code),
            Disposition::Kept(why) => ("kept", why.code),
            Disposition::Suppressed { .. } => ("suppressed", "by-comment"),
        };
        let mut hazards: Vec<&str> = report.hazards.iter().map(|hazard| hazard.id).collect();
        hazards.dedup();
        let _ = write!(shown, " {} {what} {code}", report.id);
        if !hazards.is_empty() {
            let _ = write!(shown, " [{}]", hazards.join(" "));
        }
    }
    if shown.is_empty() { " -".to_owned() } else { shown }
}

/// What must not be in any result.
fn check(name: &str, before: &str, outcome: &Outcome, problems: &mut Vec<String>) {
    if !outcome.is_changed() {
        return;
    }
    let file = Dockerfile::parse(outcome.text.as_ref());
    if let Some(error) = file.errors().first() {
        problems.push(format!("{name}: the result is not valid: {error}"));
    }
    // A name that became a number stands where it stood.
    let fixed = |report: &&harden_core::Report| matches!(report.disposition, Disposition::Fixed(..));
    if !outcome.reports.iter().filter(fixed).any(|report| report.id == "root-user") {
        return;
    }
    let build = Build::new(&file);
    let stage = build.stages.last().unwrap();
    let added = |line: &str| !before.lines().any(|one| one == line);
    let mut user: Option<String> = None;
    for instruction in &stage.instructions {
        let line = instruction.joined().to_owned();
        match instruction.keyword() {
            Keyword::User if added(&line) => user = Some(instruction.arguments().text().to_owned()),
            Keyword::User => user = None,
            Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir if user.is_some() => {
                problems.push(format!("{name}: a step follows the new USER: {line}"));
            }
            _ => {}
        }
    }
    let Some(user) = user else { return };
    // kubelet's `runAsNonRoot`: a number that is not 0. Windows pods have `runAsUserName`.
    let uid = user.split(':').next().unwrap().parse::<u32>();
    if user != "ContainerUser" && !uid.is_ok_and(|uid| uid > 0) {
        problems.push(format!("{name}: USER {user} is not what Kubernetes can check"));
    }
    let scratch = build.chain(stage.index).1;
    let new_run = stage.instructions.iter().any(|one| one.keyword() == Keyword::Run && added(one.joined()));
    if scratch && new_run {
        problems.push(format!("{name}: a RUN in the empty image"));
    }
    let base = build.chain(stage.index).0[0];
    let tools = |family: &[&str]| match &build.stages[base].base {
        Base::Image(image) => {
            let (name, tag) = (image.familiar(), image.tag_or_latest());
            family.iter().any(|word| name.contains(word) || tag.contains(word))
        }
        _ => false,
    };
    let writes = |word: &str| outcome.text.contains(word) && !before.contains(word);
    if writes("groupadd --gid") && tools(&["alpine", "busybox", "distroless", "wolfi", "chainguard"]) {
        problems.push(format!("{name}: useradd on an image without it"));
    }
    if writes("addgroup -S") && !tools(&["alpine", "busybox", "wolfi", "chainguard"]) {
        println!("{name}: adduser of BusyBox on {:?}", build.stages[base].base);
    }
}

#[test]
fn decisions_for_every_corpus_file() {
    let Some(root) = corpus() else {
        println!("skipped: no corpus at $HARDEN_CORPUS or ../shared/corpus");
        return;
    };
    let (mut table, mut problems) = (String::new(), Vec::new());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (name, candidate) in candidates(&root) {
        let Ok(text) = std::fs::read_to_string(root.join(&name)) else { continue };
        let Some(outcome) = decide(&candidate, &text, Level::Suggest) else { continue };
        check(&name, &text, &outcome, &mut problems);
        let settled = decide(&candidate, &outcome.text, Level::Suggest).unwrap();
        if settled.is_changed() {
            problems.push(format!("{name}: a second run changes it"));
        }
        let decision = decision(&outcome);
        let kind: Vec<&str> = decision.split_whitespace().take(3).collect();
        *counts.entry(kind.join(" ")).or_default() += 1;
        let _ = writeln!(table, "{name}{decision}");
    }
    for (kind, count) in &counts {
        println!("{count:5} {kind}");
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/corpus"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("non-root-user", table));
}
