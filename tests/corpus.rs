//! Every transform over thousands of real Dockerfiles, where the corpus is at hand.
//!
//! The corpus is looked for in `$HARDEN_CORPUS`, else in `../shared/corpus` beside the repository. Facts are synthetic:
//! every reference resolves, so that every reference is rewritten somewhere.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what went wrong")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dockerfile_syntax::{Digest, Dockerfile, Keyword, Reference};
use harden_core::{
    Answer, Base, Build, BuildSetup, ContextSource, Disposition, Facts, ImageConfig, Level, Outcome, Policy,
    ResolvedImage, Source, Transform, Why,
};

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
            kept(name, text, &after, &mut problems);
            if level == Level::Suggest {
                handled += 1;
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
    println!("{handled} valid files, {changed} changed, {fixes} fixes, {refusals} refusals");
    assert!(handled > 1000, "only {handled} files: the corpus is incomplete");
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems[..problems.len().min(40)].join("\n")
    );
}

/// Comments, line endings, instruction count and everything but the touched keywords and references stay.
fn kept(name: &str, before: &str, after: &Dockerfile, problems: &mut Vec<String>) {
    let old = Dockerfile::parse(before);
    let mut problem = |what: &str| problems.push(format!("{name}: {what}"));
    let comments = |file: &Dockerfile| -> Vec<String> {
        file.comments().iter().map(|comment| file.slice(comment.span).to_owned()).collect()
    };
    if comments(&old) != comments(after) {
        problem("comments changed");
    }
    if before.matches('\r').count() != after.text().matches('\r').count()
        || before.matches('\n').count() != after.text().matches('\n').count()
    {
        problem("line endings changed");
    }
    if old.instructions().len() != after.instructions().len() {
        problem("the number of instructions changed");
        return;
    }
    for (one, other) in old.instructions().zip(after.instructions()) {
        let (one_key, other_key) = (one.keyword(), other.keyword());
        let add_to_copy = one_key == Keyword::Add && other_key == Keyword::Copy;
        if one_key != other_key && !add_to_copy {
            problem("a keyword changed");
        }
        let pinned =
            matches!(one_key, Keyword::From | Keyword::Copy | Keyword::Run | Keyword::Arg | Keyword::Onbuild);
        if !pinned && !add_to_copy && old.slice(one.span()) != after.slice(other.span()) {
            problem(&format!("line {} changed", one.lines().0));
        }
        if add_to_copy && one.arguments().text() != other.arguments().text() {
            problem(&format!("the arguments in line {} changed", one.lines().0));
        }
        for source in one.copy().filter(|_| add_to_copy).into_iter().flat_map(|copy| copy.sources) {
            let lower = source.text.to_ascii_lowercase();
            if lower.contains("://")
                || lower.starts_with("git@")
                || lower.contains(".tar")
                || lower.ends_with("gz")
            {
                problem(&format!("`{}` was converted", source.text));
            }
        }
    }
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
