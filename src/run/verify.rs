//! `harden verify`, and `--write --verify`: builds and runs what would be written before it is.

use std::io;
use std::path::Path;
use std::sync::Arc;

use harden_core::redact;

use super::dirty::Guard;
use super::file::{Draft, Failure};
use super::prepare::{Prepared, Rules, prepare};
use super::printer::{Network, Printer, is_error};
use super::render::Renderer;
use super::source::{Source, Stdin};
use super::{ERROR, OK, REMAINING, UNREACHED, beside, find, keep_clear, look_up, pool, shown};
use crate::cli::{ColorArg, Format, Mode, RunArgs};
use crate::discover::Input;
use crate::facts::images::{ImageFacts, Knowledge};
use crate::notes::Shared;
use crate::output::Sink;
use crate::registries::Registries;
use crate::verify::{Document, FileVerdict, Interrupted, Session, Totals, compare, subjects};

/// Ended by the user: 128 and the number of SIGINT, as shells have it.
const INTERRUPTED: u8 = 130;

/// Verifies every file that harden would change; writes those that passed when asked to.
pub(super) fn verify(args: &RunArgs, out: &mut Sink<'_>, err: &mut Sink<'_>) -> io::Result<u8> {
    let json = args.format == Format::Json;
    // What a run says beside the verdicts goes to standard error as text, whatever the verdicts are printed as.
    let mut text = args.clone();
    text.format = Format::Text;
    let renderer = Renderer::new(&text);
    let all = harden_transforms::all();
    let opened = match misuse(args) {
        Some(message) => Err(message.to_owned()),
        None if args.transforms(all).is_empty() => {
            Err("--only and --skip leave no transform to run; `harden list` shows their names".to_owned())
        }
        None => prepare(&args.input, !args.quiet)
            .and_then(|prepared| Session::open(args.verifying.builder).map(|session| (prepared, session))),
    };
    let (Prepared { configs, facts, mut registries }, session) = match opened {
        Ok(opened) => opened,
        Err(message) => {
            err.put(&renderer.error(&message))?;
            return Ok(ERROR);
        }
    };
    let Some(pool) = pool(&args.input) else {
        err.put(&renderer.error("no threads can be started"))?;
        return Ok(ERROR);
    };
    let found = find(&args.input);
    let stdin = Stdin::default();
    let sources: Vec<_> =
        found.candidates.iter().map(|candidate| Source { candidate, stdin: &stdin }).collect();
    let rules = Rules::new(args, all, &configs);
    let mut known = Knowledge::new(facts).inspecting(args.input.registry.inspect);
    if let Some(registries) = &mut registries {
        pool.install(|| look_up(&sources, &rules, &mut known, registries));
    }
    let images: &dyn ImageFacts = if registries.is_some() { &known } else { known.facts() };
    let network = registries.map(Registries::finish).map(Network::from).unwrap_or_default();
    let write = args.mode() == Mode::Write;
    let colour = match args.input.color {
        ColorArg::Auto => console::colors_enabled(),
        ColorArg::Always => true,
        ColorArg::Never => false,
    };
    let mut verdicts: Vec<FileVerdict> = Vec::new();
    let mut guard = (write && !args.allow_dirty).then(Guard::default);
    let mut shared = Shared::default();
    let mut nothing = io::sink();
    let mut nowhere = Sink::new(&mut nothing);
    let mut printer = Printer::new(&text, &renderer, &mut nowhere, err);
    printer.begin(&found, &network)?;
    for source in &sources {
        let mut draft = Draft::new(&rules, source, images);
        let Ok(mut verdict) = verdict(&session, args, source, &draft, &mut |line| printer.progress(line))
        else {
            break;
        };
        if verdict.passed() && write {
            for warning in keep_clear_one(guard.as_mut(), &mut draft) {
                printer.warning(warning)?;
            }
            let mut rendered = draft.finish(Mode::Write, &renderer);
            verdict.written = rendered.summary.failed == 0;
            printer.file(&mut rendered)?;
            rendered.request.into_iter().for_each(|request| shared.add(request));
        }
        if !json {
            out.put(&verdict.table(colour))?;
            out.flush()?;
        }
        verdicts.push(verdict);
    }
    let mut code = OK;
    if write {
        let (files, refusals) = shared.settle(&found.candidates);
        beside::write(&files, &refusals, guard.as_mut(), &renderer, &mut printer)?;
        code = printer.end(&found, &network)?;
    }
    let interrupted = session.is_interrupted();
    let builder = session.builder();
    // Everything that was made goes before the last word.
    drop(session);
    let mut totals = Totals::default();
    for one in &verdicts {
        totals.add(one);
    }
    let failed = totals.errors > 0
        || code == ERROR
        || found.candidates.is_empty()
        || found.problems.iter().any(|problem| is_error(problem, &found))
        || (write && totals.written < totals.passed);
    let code = if interrupted {
        INTERRUPTED
    } else if failed {
        ERROR
    } else if totals.failed + totals.not_comparable > 0 {
        REMAINING
    } else if network.trouble() {
        UNREACHED
    } else {
        OK
    };
    if json {
        out.put(&Document::new(builder, &verdicts, interrupted, code).encode())?;
    } else {
        let end = if interrupted { "; interrupted" } else { "" };
        out.put(&format!("{}{end}\n", totals.line()))?;
    }
    Ok(code)
}

/// What cannot be meant.
fn misuse(args: &RunArgs) -> Option<&'static str> {
    let stdin = args.input.paths.iter().any(|path| path == Path::new("-"));
    if !matches!(args.format, Format::Text | Format::Json) {
        Some("a verification is printed as text or json; use --format text or --format json")
    } else if args.mode() == Mode::Check {
        Some("--check builds nothing; use `harden verify`, or --write --verify to write what passed")
    } else if stdin && args.mode() == Mode::Write {
        Some(
            "--write prints the file given as `-`, and a verification prints its table; name the file itself",
        )
    } else {
        None
    }
}

/// Builds and compares the images of one file.
fn verdict(
    session: &Session,
    args: &RunArgs,
    source: &Source<'_>,
    draft: &Draft<'_>,
    progress: &mut dyn FnMut(&str) -> io::Result<()>,
) -> Result<FileVerdict, Interrupted> {
    let path = match &source.candidate.source {
        Input::Stdin => "-".to_owned(),
        Input::Path(path) => shown(path),
    };
    let (before, outcome) = match draft.outcome() {
        Ok(both) => both,
        Err(failure) => return Ok(FileVerdict::without_builds(path, "error", Some(words(failure)))),
    };
    if !outcome.is_changed() {
        let message = "harden changes nothing here".to_owned();
        return Ok(FileVerdict::without_builds(path, "unchanged", Some(message)));
    }
    let before: Arc<str> = before.into();
    let all = match subjects(source.candidate, &before, outcome, args.input.target.as_deref()) {
        Ok(all) => all,
        Err(why) => return Ok(FileVerdict::without_builds(path, "not-comparable", Some(why))),
    };
    let mut builds = Vec::with_capacity(all.len());
    for subject in &all {
        let stage = subject.target.as_ref().map(|target| format!(", stage {target}")).unwrap_or_default();
        // A line that cannot be printed stops no build.
        let _ = progress(&format!("building {path}{stage} before and after with {}", session.builder()));
        builds.push(compare(session, subject, &args.verifying)?);
    }
    Ok(FileVerdict::new(path, builds))
}

/// Why a file was not handled.
fn words(failure: &Failure) -> String {
    match failure {
        Failure::Other(message) => redact::mask_text(message).into_owned(),
        Failure::Invalid(file) => file.errors().first().map_or_else(
            || "it is no valid Dockerfile".to_owned(),
            |error| {
                format!("line {}: {}", file.line_col(error.span.start).line, redact::mask_error(file, error))
            },
        ),
    }
}

fn keep_clear_one(guard: Option<&mut Guard>, draft: &mut Draft<'_>) -> Vec<super::dirty::Unchecked> {
    guard.map(|guard| keep_clear(guard, std::slice::from_mut(draft))).unwrap_or_default()
}
