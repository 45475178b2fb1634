//! A run: find, rewrite, print or write, and the exit code.

mod printer;
mod render;

use std::any::Any;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;

use dockerfile_syntax::Dockerfile;
use harden_core::{Outcome, Policy, RewriteError, redact};
use rayon::prelude::*;

use crate::cli::{Cli, Command, Format, Mode, RunArgs};
use crate::discover::{Candidate, Discovery, Input, Options, ProblemKind, discover};
use crate::engine::Engine;
use crate::facts::file::RecordedFacts;
use crate::output::Sink;
use crate::write::{MAX_FILE_BYTES, Original, ReadError, decode};
use printer::Printer;
use render::{Rendered, Renderer};

/// Nothing to do, or everything was written.
const OK: u8 = 0;
/// `--diff` or `--check` found changes.
const CHANGES: u8 = 1;
/// Wrong usage, an input that could not be handled, or an internal error.
const ERROR: u8 = 2;
/// Findings remain that need a person.
const REMAINING: u8 = 3;

/// Files handled before their output is printed: bounds memory on large trees.
const BATCH: usize = 512;

/// Runs the command line and returns the exit code. All output goes to `out` and `err`.
pub fn run(cli: &Cli, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let mut out = Sink::new(out);
    let mut err = Sink::new(err);
    let result = match &cli.command {
        Some(Command::List) => list(&mut out),
        Some(Command::Explain { name }) => explain(name, &mut out),
        None => rewrite(&cli.run, &mut out, &mut err),
    };
    let flushed = out.flush();
    match result.and_then(|code| flushed.map(|()| code)) {
        Ok(code) => code,
        Err(error) => {
            // Standard error may be as broken as standard output; there is nobody left to tell.
            let _ = err.put(&format!("error: the output could not be written: {error}\n"));
            ERROR
        }
    }
}

fn list(out: &mut Sink<'_>) -> io::Result<u8> {
    for transform in harden_transforms::all() {
        let meta = transform.meta();
        out.put(&format!("{:<14} {}\n", meta.name, meta.summary))?;
        for finding in meta.findings {
            out.put(&format!("  {:<28} {}\n", finding.id, finding.summary))?;
        }
    }
    Ok(OK)
}

fn explain(name: &str, out: &mut Sink<'_>) -> io::Result<u8> {
    let known =
        |meta: &harden_core::Meta| meta.name == name || meta.findings.iter().any(|one| one.id == name);
    for transform in harden_transforms::all().iter().filter(|one| known(one.meta())) {
        out.put(transform.meta().doc)?;
    }
    Ok(OK)
}

/// One file after the engine.
struct Rewritten {
    before: Arc<str>,
    outcome: Outcome,
}

/// Why a file was not handled.
enum Failure {
    /// It is not a valid Dockerfile.
    Invalid(Box<Dockerfile>),
    /// Anything else, in words.
    Other(String),
}

/// Combinations of arguments that cannot mean anything.
fn misuse(args: &RunArgs) -> Option<&'static str> {
    let stdin = args.paths.iter().any(|path| path == Path::new("-"));
    if args.transforms().is_empty() {
        Some("--only and --skip leave no transform to run; `harden list` shows their names")
    } else if stdin && args.mode() == Mode::Write && args.format == Format::Json {
        Some(
            "--write prints the file given as `-`, and so does --format json with its report; use one of them",
        )
    } else {
        None
    }
}

fn rewrite(args: &RunArgs, out: &mut Sink<'_>, err: &mut Sink<'_>) -> io::Result<u8> {
    let renderer = Renderer::new(args);
    if let Some(message) = misuse(args) {
        err.put(&renderer.error(message))?;
        return Ok(ERROR);
    }
    let mut images = RecordedFacts::empty();
    for path in &args.facts {
        match RecordedFacts::load(path) {
            Ok(more) => images.merge(more),
            Err(error) => {
                err.put(&renderer.error(&error.to_string()))?;
                return Ok(ERROR);
            }
        }
    }
    let found = find(args);
    let engine = Engine {
        transforms: args.transforms(),
        policy: Policy { level: args.level.into() },
        images: &images,
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.jobs.map_or(0, usize::from)).build();
    let Ok(pool) = pool else {
        err.put(&renderer.error("no threads can be started"))?;
        return Ok(ERROR);
    };
    let mut printer = Printer::new(args, &renderer, out, err);
    printer.begin(&found)?;
    for batch in found.candidates.chunks(BATCH) {
        let work = || -> Vec<_> {
            batch.par_iter().map(|candidate| handle(&engine, candidate, args.mode(), &renderer)).collect()
        };
        for rendered in pool.install(work) {
            printer.file(&rendered)?;
        }
    }
    printer.end(&found)
}

fn find(args: &RunArgs) -> Discovery {
    let options = Options { context: args.context.clone(), target: args.target.clone() };
    let mut found = discover(&inputs(&args.paths), &options);
    if found.problems.iter().any(|problem| problem.kind == ProblemKind::InvalidContext) {
        // Judged by a context that is not there, every file would be judged wrongly.
        found.candidates.clear();
    }
    found
}

fn inputs(paths: &[PathBuf]) -> Vec<Input> {
    if paths.is_empty() {
        return vec![Input::Path(PathBuf::from("."))];
    }
    let input =
        |path: &PathBuf| if path == Path::new("-") { Input::Stdin } else { Input::Path(path.clone()) };
    paths.iter().map(input).collect()
}

/// Reads, rewrites, writes when asked to, and renders one file. A panic costs this file only.
fn handle(engine: &Engine<'_>, candidate: &Candidate, mode: Mode, renderer: &Renderer<'_>) -> Rendered {
    let path = match &candidate.source {
        Input::Stdin => "-".to_owned(),
        Input::Path(path) => shown(path),
    };
    let result = catch_unwind(AssertUnwindSafe(|| one(engine, candidate, mode, &path)))
        .unwrap_or_else(|panic| Err(crash(&path, "the file is unchanged", panic.as_ref())));
    catch_unwind(AssertUnwindSafe(|| renderer.file(&path, &result))).unwrap_or_else(|panic| {
        let state = if mode == Mode::Write { "the file may be rewritten" } else { "the file is unchanged" };
        renderer.file(&path, &Err(crash(&path, state, panic.as_ref())))
    })
}

fn crash(path: &str, state: &str, panic: &(dyn Any + Send)) -> Failure {
    let what = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    // The text of a panic may quote the file.
    let what = redact::mask_text(what.unwrap_or("unknown cause")).into_owned();
    Failure::Other(format!("{path}: internal error, {state}; please report it: {what}"))
}

fn one(engine: &Engine<'_>, candidate: &Candidate, mode: Mode, shown: &str) -> Result<Rewritten, Failure> {
    let words = |error: &dyn std::fmt::Display| Failure::Other(error.to_string());
    let Some(path) = candidate.path() else {
        let text = standard_input().map_err(|error| words(&error))?;
        return transform(engine, candidate, &text, shown);
    };
    let original = Original::read(path).map_err(|error| words(&error))?;
    let rewritten = transform(engine, candidate, original.text(), shown)?;
    if mode == Mode::Write && rewritten.outcome.is_changed() {
        original.replace(&rewritten.outcome.text).map_err(|error| words(&error))?;
    }
    Ok(rewritten)
}

fn transform(
    engine: &Engine<'_>,
    candidate: &Candidate,
    text: &str,
    shown: &str,
) -> Result<Rewritten, Failure> {
    match engine.rewrite(text, candidate) {
        Ok(outcome) => Ok(Rewritten { before: text.into(), outcome }),
        Err(RewriteError::Invalid(_)) => Err(Failure::Invalid(Dockerfile::parse(text).into())),
        Err(error @ RewriteError::Unsettled { .. }) => Err(Failure::Other(format!("{shown}: {error}"))),
    }
}

/// Standard input, under the same rules as files.
fn standard_input() -> Result<String, ReadError> {
    let path = Path::new("standard input");
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
    match read {
        Err(source) => Err(ReadError::Io { path: path.into(), source }),
        Ok(size) if size as u64 > MAX_FILE_BYTES => {
            Err(ReadError::TooLarge { path: path.into(), limit: MAX_FILE_BYTES })
        }
        Ok(_) => decode(path, bytes),
    }
}

/// A path as it is printed and as it stands in a diff: slashes, relative.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    if MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(MAIN_SEPARATOR, "/") }
}
