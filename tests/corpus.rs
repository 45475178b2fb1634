//! Every transform over thousands of real Dockerfiles, where the corpus is at hand.
//!
//! The corpus is looked for in `$HARDEN_CORPUS`, else in `../shared/corpus` beside the repository. Facts are synthetic:
//! every reference resolves, so that every reference is rewritten somewhere.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what went wrong")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dockerfile_syntax::{Digest, Dockerfile, Instruction, Keyword, Reference};
use harden_core::{
    Answer, Base, Build, BuildSetup, ContextSource, Disposition, Facts, ImageConfig, Level, Outcome, Patch,
    Policy, ResolvedImage, Source, Transform, Why,
};
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Answers every image question; knows nothing of a build context. The text stands for the day of the answers.
struct EveryImage(&'static str);

fn digest_of(image: &Reference, day: &str) -> Digest {
    // Any 64 digits that differ between references and days will do.
    let name = format!("{day}{}:{}", image.repository(), image.tag_or_latest());
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Digest::parse(&format!("sha256:{seed:016x}{seed:016x}{seed:016x}{seed:016x}")).unwrap()
}

fn no_context<T>() -> Answer<T> {
    Answer::Unknown(Why::new("no-context", "there is no build context"))
}

impl Facts for EveryImage {
    fn index_digest(&self, image: &Reference) -> Answer<ResolvedImage> {
        Answer::Known(ResolvedImage {
            digest: digest_of(image, self.0),
            is_index: true,
            platforms: Vec::new(),
        })
    }
    fn version_tag(&self, image: &Reference, _: &Digest) -> Answer<Option<String>> {
        // Every other repository has a version tag.
        let even = image.path().len().is_multiple_of(2);
        Answer::Known(even.then(|| "9.8.7".to_owned()))
    }
    fn image_config(&self, _: &Reference) -> Answer<Arc<ImageConfig>> {
        no_context()
    }
    fn context_source(&self, _: &str) -> Answer<ContextSource> {
        no_context()
    }
    fn context_text(&self, _: &str) -> Answer<Arc<str>> {
        no_context()
    }
}

fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let root = std::env::var_os("HARDEN_CORPUS").map_or_else(beside, PathBuf::from);
    root.join("buildkit.ndjson").is_file().then_some(root)
}

/// Name and text of every corpus file; those that are not UTF-8 are left out.
fn files() -> Option<Vec<(String, String)>> {
    let root = corpus()?;
    let index = std::fs::read_to_string(root.join("buildkit.ndjson")).unwrap();
    let files = index.lines().filter_map(|line| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let path = entry["path"].as_str().unwrap().to_owned();
        let text = String::from_utf8(std::fs::read(root.join(&path)).unwrap()).ok()?;
        Some((path, text))
    });
    Some(files.collect())
}

fn rewrite(text: &str, level: Level) -> Option<Outcome> {
    rewrite_on("", harden_transforms::all(), text, level)
}

fn rewrite_on(day: &'static str, transforms: &[&dyn Transform], text: &str, level: Level) -> Option<Outcome> {
    let facts = EveryImage(day);
    match harden::rewrite(text, transforms, &BuildSetup::default(), &facts, &Policy::at(level)) {
        Ok(outcome) => Some(outcome),
        Err(harden_core::RewriteError::Invalid(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

/// What still could be pinned in a finished file, and where a tag would have been lost.
fn unpinned(name: &str, file: &Dockerfile, outcome: &Outcome, problems: &mut Vec<String>) {
    let build = Build::new(file);
    let setup = BuildSetup::default();
    let images = build.stages.iter().filter_map(|stage| match &stage.base {
        Base::Image(image) => Some(image.clone()),
        _ => None,
    });
    let sources = build.source_uses(&setup).into_iter().filter_map(|one| match one.source {
        Source::Image(image) => Some(image),
        _ => None,
    });
    let excused = outcome.reports.iter().any(|report| {
        report.transform == "pin-digest" && !matches!(report.disposition, Disposition::Fixed(..))
    });
    for image in images.chain(sources) {
        match image.digest() {
            None if excused => {}
            None => problems.push(format!("{name}: `{image}` is not pinned and nothing says why")),
            Some(digest) if image.tag().is_none() && digest.hex()[..16] == digest.hex()[16..32] => {
                problems.push(format!("{name}: `{image}` lost its tag"));
            }
            Some(_) => {}
        }
    }
}

#[test]
fn every_transform_on_every_corpus_file() {
    let Some(files) = files() else {
        println!("skipped: no corpus at $HARDEN_CORPUS or ../shared/corpus");
        return;
    };
    let mut problems = Vec::new();
    let (mut handled, mut changed, mut fixes, mut refusals) = (0, 0, 0, 0);
    let mut by_transform: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, text) in &files {
        for level in [Level::Safe, Level::Suggest] {
            let Some(outcome) = rewrite(text, level) else { continue };
            let after = Dockerfile::parse(Arc::clone(&outcome.text));
            if let Some(error) = after.errors().first() {
                problems.push(format!("{name}: the result is not valid: {error}"));
            }
            let Some(again) = rewrite(&outcome.text, level) else {
                problems.push(format!("{name}: the result cannot be rewritten"));
                continue;
            };
            if again.is_changed() {
                problems.push(format!("{name}: a second run at level {level} changes it again"));
            }
            unpinned(name, &after, &outcome, &mut problems);
            patches(name, text, &outcome, &mut problems);
            if level == Level::Suggest {
                handled += 1;
                for patch in &outcome.patches {
                    *by_transform.entry(patch.transform).or_default() += 1;
                }
                changed += usize::from(outcome.is_changed());
                fixes += outcome
                    .reports
                    .iter()
                    .filter(|one| matches!(one.disposition, Disposition::Fixed(..)))
                    .count();
                refusals += outcome
                    .reports
                    .iter()
                    .filter(|one| matches!(one.disposition, Disposition::Refused(_)))
                    .count();
            }
        }
    }
    println!(
        "{handled} valid files, {changed} changed, {fixes} fixes, {refusals} refusals; {by_transform:?}"
    );
    for transform in harden_transforms::all() {
        let name = transform.meta().name;
        assert!(by_transform.contains_key(name), "{name} changed no file: nothing was tested about it");
    }
    assert!(handled > 1000, "only {handled} files: the corpus is incomplete");
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems[..problems.len().min(40)].join("\n")
    );
}

/// The patches lead from the original to the result, in the order of the transforms, and each does what its transform is
/// for.
fn patches(name: &str, before: &str, outcome: &Outcome, problems: &mut Vec<String>) {
    let mut text = before;
    let mut last = 0;
    for patch in &outcome.patches {
        let position = harden_transforms::all().iter().position(|one| one.meta().name == patch.transform);
        let position = position.unwrap();
        if *patch.before != *text {
            problems.push(format!("{name}: {} was given another text", patch.transform));
        }
        if position < last {
            problems.push(format!("{name}: a second pass was needed, for {}", patch.transform));
        }
        kept(name, patch, problems);
        text = &patch.after;
        last = position;
    }
    if *text != *outcome.text {
        problems.push(format!("{name}: the patches do not lead to the result"));
    }
}

/// Comments, line endings and instructions stay, but for what the transform is made to change.
fn kept(name: &str, patch: &Patch, problems: &mut Vec<String>) {
    let mut problem = |what: &str| problems.push(format!("{name}: {}: {what}", patch.transform));
    let old = Dockerfile::parse(Arc::clone(&patch.before));
    let new = Dockerfile::parse(Arc::clone(&patch.after));
    if patch.transform == "multi-stage" {
        return moved(&old, &new, problem);
    }
    if !is_part(&comments(&old), &comments(&new)) {
        problem("a comment changed");
    }
    let removes = patch.transform == "env-secrets";
    if !removes && !is_part(&endings(old.text()), &endings(new.text())) {
        problem("line endings changed");
    }
    let rare = if old.line_ending() == "\n" { "\r\n" } else { "\n" };
    let count = |text: &str| endings(text).iter().filter(|one| **one == rare).count();
    if count(new.text()) > count(old.text()) {
        problem("a new line has not the ending of most lines");
    }
    for step in steps(&old, &new) {
        if let Err(what) = allowed(patch.transform, step) {
            let line = step.0.or(step.1).map_or(0, |one| one.lines().0);
            problem(&format!("{what}, line {line}"));
        }
    }
}

/// A split moves instructions with their comments, and repeats some: each is still there, and the first FROM begins as
/// before.
fn moved(old: &Dockerfile, new: &Dockerfile, mut problem: impl FnMut(&str)) {
    let gone = |old: Vec<&str>, new: Vec<&str>| -> Option<String> {
        let mut left: BTreeMap<&str, usize> = BTreeMap::new();
        for one in &new {
            *left.entry(*one).or_default() += 1;
        }
        let lost = old.into_iter().find(|one| {
            let count = left.entry(*one).or_default();
            *count = count.wrapping_sub(1);
            *count == usize::MAX
        });
        lost.map(str::to_owned)
    };
    if let Some(lost) = gone(comments(old), comments(new)) {
        problem(&format!("lost {lost}"));
    }
    let steps =
        |file: &Dockerfile| -> Vec<Keyword> { file.instructions().map(Instruction::keyword).collect() };
    let texts = |file| -> Vec<&str> {
        let rest = |one: &Instruction<'_>| one.keyword() != Keyword::From;
        Dockerfile::instructions(file).filter(rest).map(text).collect()
    };
    if let Some(lost) = gone(texts(old), texts(new)) {
        problem(&format!("lost {lost}"));
    }
    let first = |file| Dockerfile::instructions(file).find(|one| one.keyword() == Keyword::From).map(text);
    if !first(new).unwrap_or_default().starts_with(first(old).unwrap_or("?")) {
        problem("the first FROM changed");
    }
    if steps(new).iter().filter(|one| **one == Keyword::From).count() != 2 {
        problem("not two stages");
    }
    if old.line_ending() != new.line_ending() {
        problem("line endings changed");
    }
}

fn comments(file: &Dockerfile) -> Vec<&str> {
    file.comments().iter().map(|comment| file.slice(comment.span)).collect()
}

fn endings(text: &str) -> Vec<&'static str> {
    let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    lines.map(|line| if line.ends_with("\r\n") { "\r\n" } else { "\n" }).collect()
}

/// Whether `whole` is `part` with something put in.
fn is_part<T: PartialEq>(part: &[T], whole: &[T]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|one| rest.any(|other| other == one))
}

fn text(instruction: Instruction<'_>) -> &str {
    instruction.file().slice(instruction.span())
}

/// An instruction that changed and what became of it; without the first it is new, without the second it is gone.
type Step<'a> = (Option<Instruction<'a>>, Option<Instruction<'a>>);

fn steps<'a>(old: &'a Dockerfile, new: &'a Dockerfile) -> Vec<Step<'a>> {
    let (old, new): (Vec<_>, Vec<_>) = (old.instructions().collect(), new.instructions().collect());
    let texts = |all: &[Instruction<'a>]| -> Vec<&'a str> { all.iter().map(|one| text(*one)).collect() };
    let keywords = |all: &[Instruction<'a>]| -> Vec<Keyword> {
        let keyword = |one: &Instruction<'a>| match one.keyword() {
            Keyword::Add => Keyword::Copy,
            other => other,
        };
        all.iter().map(keyword).collect()
    };
    let mut steps = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &texts(&old), &texts(&new)) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let (old, new) = (&old[op.old_range()], &new[op.new_range()]);
        for op in capture_diff_slices(Algorithm::Myers, &keywords(old), &keywords(new)) {
            let (old, new) = (&old[op.old_range()], &new[op.new_range()]);
            let both = matches!(op, DiffOp::Equal { .. });
            if both {
                steps.extend(old.iter().zip(new).map(|(one, other)| (Some(*one), Some(*other))));
            } else {
                steps.extend(old.iter().map(|one| (Some(*one), None)));
                steps.extend(new.iter().map(|one| (None, Some(*one))));
            }
        }
    }
    steps
}

/// What each transform may do to an instruction; a transform that has no rule here may do nothing.
fn allowed(transform: &str, (old, new): Step<'_>) -> Result<(), String> {
    let (from, to) = (old.map(Instruction::keyword), new.map(Instruction::keyword));
    match (transform, from, to) {
        ("add-to-copy", Some(Keyword::Add), Some(Keyword::Copy)) => converted(old.zip(new)),
        (
            "pin-digest",
            Some(Keyword::From | Keyword::Copy | Keyword::Run | Keyword::Arg | Keyword::Onbuild),
            Some(_),
        ) if from == to => Ok(()),
        // An id for a user that the file makes.
        ("non-root-user", Some(Keyword::Run), Some(Keyword::Run)) => {
            added(old, new).ok_or_else(|| "a RUN lost text".to_owned())
        }
        ("env-secrets", Some(Keyword::Env | Keyword::Arg), Some(_)) if from == to => {
            added(new, old).ok_or_else(|| "text came into it".to_owned())
        }
        // The last: a mount more, and no removal of a file that is not copied any more.
        ("add-to-copy", Some(Keyword::Onbuild), Some(Keyword::Onbuild))
        | ("non-root-user", None, Some(Keyword::Run | Keyword::User))
        | ("non-root-user", Some(Keyword::User), Some(Keyword::User))
        | ("env-secrets", Some(Keyword::Env | Keyword::Arg | Keyword::Copy | Keyword::Add), None)
        | ("env-secrets", Some(Keyword::Run), Some(Keyword::Run)) => Ok(()),
        _ => Err(format!("{from:?} became {to:?}")),
    }
}

/// `new` is `old` with something put in.
fn added(old: Option<Instruction<'_>>, new: Option<Instruction<'_>>) -> Option<()> {
    let bytes = |one: Option<Instruction<'_>>| -> Vec<u8> { one.map_or("", text).bytes().collect() };
    is_part(&bytes(old), &bytes(new)).then_some(())
}

/// ADD became COPY: nothing but the word changed, and no source is one that ADD fetches or extracts.
fn converted(pair: Option<(Instruction<'_>, Instruction<'_>)>) -> Result<(), String> {
    let Some((old, new)) = pair else { return Ok(()) };
    if old.arguments().text() != new.arguments().text() {
        return Err("the arguments changed".to_owned());
    }
    for source in old.copy().into_iter().flat_map(|copy| copy.sources) {
        let lower = source.text.to_ascii_lowercase();
        let fetched = lower.contains("://") || lower.starts_with("git@");
        if fetched || lower.contains(".tar") || lower.ends_with("gz") {
            return Err(format!("`{}` was converted", source.text));
        }
    }
    Ok(())
}

/// `harden commit` makes one commit of each transform: alone, one after the other, they do what they do together.
#[test]
fn one_transform_after_the_other() {
    let Some(files) = files() else {
        println!("skipped: no corpus at $HARDEN_CORPUS or ../shared/corpus");
        return;
    };
    let mut problems = Vec::new();
    for (name, text) in &files {
        let Some(together) = rewrite(text, Level::Suggest) else { continue };
        let mut alone: Arc<str> = text.as_str().into();
        for transform in harden_transforms::all() {
            alone = rewrite_on("", &[*transform], &alone, Level::Suggest).unwrap().text;
        }
        if alone != together.text {
            problems.push(name);
        }
    }
    assert!(
        problems.is_empty(),
        "{} files differ: {:?}",
        problems.len(),
        &problems[..problems.len().min(10)]
    );
}

#[test]
fn an_update_leads_to_what_a_pin_of_that_day_would_be() {
    let Some(files) = files() else {
        println!("skipped: no corpus at $HARDEN_CORPUS or ../shared/corpus");
        return;
    };
    let (all, update) = (harden_transforms::all(), harden_transforms::update());
    let (mut moved, mut problems) = (0, Vec::new());
    for (name, text) in &files {
        let Some(monday) = rewrite_on("monday", all, text, Level::Review) else { continue };
        let tuesday = rewrite_on("tuesday", all, text, Level::Review).unwrap();
        let updated = rewrite_on("tuesday", update, &monday.text, Level::Review).unwrap();
        moved += usize::from(updated.is_changed());
        // References that were pinned in the file itself only move with an update.
        let both = rewrite_on("tuesday", update, &tuesday.text, Level::Review).unwrap();
        if updated.text != both.text {
            problems.push(name);
        }
    }
    println!("{moved} files moved");
    assert!(moved > 500, "only {moved} files moved");
    assert!(
        problems.is_empty(),
        "{} files differ: {:?}",
        problems.len(),
        &problems[..problems.len().min(10)]
    );
}
