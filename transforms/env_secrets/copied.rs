//! Files of secrets that COPY and ADD put into an image.

mod content;
mod folder;
mod folders;
mod mounts;
mod names;
mod paths;
mod programs;
mod steps;
mod story;

use std::collections::BTreeSet;

use harden_core::redact;
use harden_core::secrets::Confidence;
use harden_core::syntax::{Instruction, Span, Token};
use harden_core::{Base, Context, Finding, Hazard, Level, Note, Place, Scopes, Source, Verdict, Why};

use super::plan::Draft;
use super::report::{hazard, level_of};
use crate::support::image_paths::{Copied, CopyKind, ImagePaths, Target};
use content::Content;
use names::{Named, Reader, Sure};
use story::{File, Story};

/// Instructions that are looked at to follow all files: each is followed to the end of its stage. A file with more of them
/// was written by nobody, and nothing is said about what it copies.
const MAX_STEPS: usize = 200_000;

const ID: &str = "secret-file-copied";

/// A source of a COPY or ADD that is a file of secrets.
struct Suspect<'s, 'a> {
    copied: &'s Copied<'a>,
    /// As it stands in the build context.
    source: &'s str,
    token: Token<'a>,
    named: Named,
    content: Content,
    /// Its absolute path in the image, where it is certain.
    path: Option<String>,
    /// Other sources of the same instruction.
    others: usize,
}

/// What was found: fixes to make, and what is left to people.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) drafts: Vec<Draft<'a>>,
    pub(super) findings: Vec<Finding>,
}

/// Looks at every COPY and ADD of files from the build context.
pub(super) fn find<'a>(ctx: &Context<'a>, scopes: &Scopes<'_, 'a>, reached: &BTreeSet<usize>) -> Found<'a> {
    let mut found = Found::default();
    let instructions = ctx.file().instructions();
    let copies = instructions.clone().filter(|one| is_worth_a_look(*one)).count();
    if copies.saturating_mul(instructions.len()) > MAX_STEPS {
        return found;
    }
    for stage in &ctx.build.stages {
        if reached.contains(&stage.index) {
            found.findings.extend(stage.instructions.iter().filter_map(|one| folder::find(ctx, *one)));
        }
        // Asking where files go asks for the configuration of base images.
        if !stage.instructions.iter().any(|one| is_worth_a_look(*one)) {
            continue;
        }
        found.findings.extend(stage.instructions.iter().filter_map(|one| trigger(*one)));
        let paths = ImagePaths::new(ctx, scopes, stage.index);
        for copied in paths.copied().filter(|copied| copied.stage == stage.index) {
            for suspect in suspects(ctx, copied) {
                examine(ctx, scopes, reached, &suspect, &mut found);
            }
        }
    }
    found
}

fn is_worth_a_look(instruction: Instruction<'_>) -> bool {
    let inner = instruction.trigger().unwrap_or(instruction);
    let Some(copy) = inner.copy().filter(|_| inner.flag("from").is_none()) else { return false };
    let mut paths = copy.sources.iter().chain([&copy.destination]);
    paths.any(|path| names::judge(&path.text).is_some() || path.text.contains('$'))
}

/// A trigger: the build context is that of another build.
fn trigger(instruction: Instruction<'_>) -> Option<Finding> {
    let inner = instruction.trigger()?;
    let copy = inner.copy().filter(|_| inner.flag("from").is_none())?;
    let (source, named) = copy.sources.iter().find_map(|source| {
        let named = names::judge(&source.text).filter(|named| named.sure == Sure::Secret)?;
        Some((source, named))
    })?;
    let message =
        format!("an ONBUILD {} puts {} into images built on this one", inner.keyword().as_str(), named.what);
    let why = Why::new("onbuild", "the builds that start from this image would have to give it as a secret");
    Some(Finding::new(ID, source.token.span(), message, Verdict::Refused(why)))
}

fn suspects<'s, 'a>(ctx: &Context<'a>, copied: &'s Copied<'a>) -> Vec<Suspect<'s, 'a>> {
    let Some(arguments) = copied.instruction.copy() else { return Vec::new() };
    let many = copied.sources.len() > 1;
    let mut suspects = Vec::new();
    for (source, argument) in copied.sources.iter().zip(&arguments.sources) {
        if !matches!(source.kind, CopyKind::Context) {
            continue;
        }
        let path = path(copied, &source.text, many);
        let by_path = || path.as_deref().and_then(names::judge);
        let Some(named) = names::judge(&source.text).or_else(by_path) else { continue };
        let content = content::look(ctx, &source.text);
        suspects.push(Suspect {
            copied,
            source: &source.text,
            token: argument.token,
            named,
            content,
            path,
            others: copied.sources.len() - 1,
        });
    }
    suspects
}

/// Where the file is in the image.
fn path(copied: &Copied<'_>, source: &str, many: bool) -> Option<String> {
    let destination = copied.destination.as_deref().ok()?;
    let name = source.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty())?;
    let last = destination.rsplit('/').next().unwrap_or_default();
    let in_folder = many || copied.target == Target::Folder;
    if copied.parents {
        return None;
    }
    if in_folder {
        return Some(format!("{}/{name}", destination.trim_end_matches('/')));
    }
    // A folder of that name in the base image would get the file instead.
    let is_file =
        last == name || names::judge(destination).is_some() || last.trim_start_matches('.').contains('.');
    is_file.then(|| destination.to_owned())
}

/// How sure it is that the file holds secrets; `None` when nothing speaks for it.
fn confidence(suspect: &Suspect<'_, '_>, is_removed: bool) -> Option<Confidence> {
    match (&suspect.content, suspect.named.sure) {
        (Content::Secret(confidence), _) => Some(*confidence),
        (Content::Harmless | Content::Folder, _) => None,
        (Content::Unknown, Sure::Secret) => Some(Confidence::High),
        (Content::Unknown, Sure::Often) => Some(Confidence::Medium),
        // Who removes it again knows why.
        (Content::Unknown, Sure::Content) => is_removed.then_some(Confidence::Medium),
    }
}

fn examine<'a>(
    ctx: &Context<'a>,
    scopes: &Scopes<'_, 'a>,
    reached: &BTreeSet<usize>,
    suspect: &Suspect<'_, 'a>,
    found: &mut Found<'a>,
) {
    let copied = suspect.copied;
    let story = suspect.path.as_deref().map(|path| {
        let file = File { path, reader: suspect.named.reader };
        story::read(scopes, copied.stage, copied.instruction, &file)
    });
    let is_removed = match &story {
        Some(Ok(story)) => story.removed,
        Some(Err((why, _))) => why.code == "changed-by-run" || why.code == "layout",
        None => false,
    };
    let Some(confidence) = confidence(suspect, is_removed) else { return };
    let in_image = reached.contains(&copied.stage);
    let place = if in_image { "into the image" } else { "into a stage that no image is made of" };
    let source = redact::mask_text(suspect.source);
    let keyword = copied.instruction.keyword().as_str();
    let message =
        format!("{keyword} puts `{source}`, {} ({confidence} confidence), {place}", suspect.named.what);
    let span = suspect.token.span();
    let mut refuse = |why: Why, at: Option<Span>| {
        let here = "this step has to do with the file".to_owned();
        let hazards = at.map(|span| Hazard { id: why.code, message: here, place: Some(Place::Here(span)) });
        let finding = Finding::new(ID, span, message.clone(), Verdict::Refused(why));
        found.findings.push(Finding { hazards: hazards.into_iter().collect(), ..finding });
    };
    let (story, path) = match (story, &suspect.path) {
        (Some(Ok(story)), Some(path)) => (story, path),
        (Some(Err((why, at))), _) => return refuse(why, Some(at)),
        _ => {
            let message = "where it goes depends on the base image or a variable";
            return refuse(Why::new("destination", message), None);
        }
    };
    if source != suspect.source {
        let message = "the name of the file holds something like a secret, which notes about it would repeat";
        return refuse(Why::new("secret-in-name", message), None);
    }
    if let Some(why) = needed_later(ctx, suspect, &story, in_image, path) {
        return refuse(why, None);
    }
    match mounts::plan(ctx, suspect, &story, path) {
        Ok((plan, mut notes)) => {
            notes.push(Note::Rotate { name: source.clone().into_owned() });
            notes.push(Note::Exclude { pattern: suspect.source.trim_start_matches("./").to_owned() });
            let (level, reason) = level(suspect, &story, confidence, in_image);
            let hazards = hazards(suspect, &story, ctx);
            let mut assumptions = vec!["nothing in the container reads the file when it runs".to_owned()];
            if content::is_guessed(ctx, suspect.source) {
                assumptions.push("the build context is the folder of the Dockerfile".to_owned());
            }
            let names = vec![format!("`{source}`")];
            found.drafts.push(Draft {
                id: ID,
                span,
                names,
                message,
                hazards,
                level,
                reason,
                assumptions,
                notes,
                plan,
            });
        }
        Err(why) => refuse(why, None),
    }
}

/// Why the file has to be there after the build.
fn needed_later(
    ctx: &Context<'_>,
    suspect: &Suspect<'_, '_>,
    story: &Story<'_>,
    in_image: bool,
    path: &str,
) -> Option<Why> {
    if story.removed {
        return None;
    }
    let stage = suspect.copied.stage;
    let mut taken =
        ctx.build.source_uses(ctx.setup).into_iter().filter(|one| one.source == Source::Stage(stage));
    let for_builds = is_for_builds(&suspect.named);
    if taken.any(|one| takes(one.instruction, path, for_builds)) {
        return Some(Why::new("copied-on", "another stage takes it from this one"));
    }
    if ctx.build.stages.iter().any(|other| other.base == Base::Stage(stage)) {
        return Some(Why::new("copied-on", "another stage starts from this one and finds the file there"));
    }
    if in_image && (story.readings.is_empty() || !for_builds) {
        let message =
            "no step removes it, so the program may read it when it runs: mount it into the container then";
        return Some(Why::new("needed-at-run-time", message));
    }
    None
}

/// Whether such files are of use to builds only.
fn is_for_builds(named: &Named) -> bool {
    match named.reader {
        Reader::Ssh => true,
        Reader::Programs(_) => named.sure != Sure::Often,
        Reader::Named => false,
    }
}

/// Whether a `COPY --from` or a mount of another stage takes the file; what is for builds is not meant by who copies
/// the folder that holds it.
fn takes(instruction: Instruction<'_>, path: &str, for_builds: bool) -> bool {
    let Some(copy) = instruction.copy() else { return true };
    copy.sources.iter().any(|source| {
        let plain = source.text.find(['*', '?', '[', '$']);
        let start = &source.text[..plain.unwrap_or(source.text.len())];
        let start = start.trim_start_matches('/').trim_end_matches('/');
        let rest = path.trim_start_matches('/').strip_prefix(start);
        match (rest, plain) {
            (Some(""), None) => true,
            (Some(rest), _) => !for_builds && (plain.is_some() || start.is_empty() || rest.starts_with('/')),
            (None, _) => false,
        }
    })
}

fn level(
    suspect: &Suspect<'_, '_>,
    story: &Story<'_>,
    confidence: Confidence,
    in_image: bool,
) -> (Level, Why) {
    let how = match story.readings.len() {
        0 => "no step reads it".to_owned(),
        1 => "one RUN reads it and gets it from a mount".to_owned(),
        more => format!("{more} RUNs read it and get it from a mount"),
    };
    let possible = story.readings.iter().any(|one| one.possible.is_some());
    let worse = if possible {
        Some(("may-be-read", "programs may read it, but nothing says so"))
    } else if story.readings.is_empty() {
        Some(("unused-file", "nobody is known to need it"))
    } else if !story.removed && in_image {
        Some(("not-removed", "no step removes it, so the program may read it when it runs"))
    } else if level_of(confidence) == Level::Suggest {
        Some(("not-sure", "only its name speaks for a secret"))
    } else if suspect.content == Content::Unknown && suspect.named.sure != Sure::Secret {
        Some(("not-sure", "its content was not read"))
    } else {
        None
    };
    match worse {
        Some((code, why)) => (Level::Suggest, Why::new(code, format!("{why}; {how}"))),
        None => (Level::Review, Why::new("file-mount", how)),
    }
}

fn hazards(suspect: &Suspect<'_, '_>, story: &Story<'_>, ctx: &Context<'_>) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    for one in &story.readings {
        if let Some(program) = &one.possible {
            let message =
                format!("`{program}` may read the file, and nothing in the file says whether it does");
            hazards.push(hazard("may-be-read", message, one.run));
        }
    }
    if ctx.setup.services.iter().any(|service| service.incomplete) && suspect.named.reader == Reader::Named {
        let message = "a service that was not found may need the file".to_owned();
        hazards.push(Hazard { id: "incomplete-service", message, place: None });
    }
    hazards
}
