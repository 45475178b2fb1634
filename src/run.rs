//! A run: find, rewrite, print or write, and the exit code.

use std::any::Any;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;

use dockerfile_syntax::Dockerfile;
use harden_core::{Outcome, Policy, RewriteError, redact};
use rayon::prelude::*;

use crate::cli::{Cli, ColorArg, Command, Format, Mode, RunArgs};
use crate::discover::{Candidate, Discovery, Input, Options, discover};
use crate::engine::Engine;
use crate::facts::file::RecordedFacts;
use crate::output::diff::{DiffOptions, DiffStyle, FileDiff, Secrets, unified};
use crate::output::text::Summary;
use crate::output::{Sink, json, snippet, text};
use crate::write::Original;

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
/// Largest Dockerfile on standard input, in bytes; the limit of files is the same.
const MAX_STDIN: u64 = 64 << 20;

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
    let known = |meta: &harden_core::Meta| meta.name == name || meta.findings.iter().any(|one| one.id == name);
    for transform in harden_transforms::all().iter().filter(|one| known(one.meta())) {
        out.put(transform.meta().doc)?;
    }
    Ok(OK)
}

/// One file after the engine.
struct Done {
    path: String,
    result: Result<Rewritten, Failure>,
}

struct Rewritten {
    before: Arc<str>,
    outcome: Outcome,
}

/// Why a file was not handled.
enum Failure {
    /// It is not a valid Dockerfile.
    Invalid(Dockerfile),
    /// Anything else, in words.
    Other(String),
}

fn rewrite(args: &RunArgs, out: &mut Sink<'_>, err: &mut Sink<'_>) -> io::Result<u8> {
    let mut images = RecordedFacts::empty();
    for path in &args.facts {
        match RecordedFacts::load(path) {
            Ok(more) => images.merge(more),
            Err(error) => {
                err.put(&format!("error: {error}\n"))?;
                return Ok(ERROR);
            }
        }
    }
    let found = discover(&inputs(&args.paths), &options(args));
    let engine = Engine {
        transforms: args.transforms(),
        policy: Policy { level: args.level.into() },
        images: &images,
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.jobs.map_or(0, usize::from)).build();
    let Ok(pool) = pool else {
        err.put("error: no threads can be started\n")?;
        return Ok(ERROR);
    };
    let mut printer = Printer::new(args, out, err);
    printer.begin(&found)?;
    for batch in found.candidates.chunks(BATCH) {
        let work = || batch.par_iter().map(|candidate| handle(&engine, candidate, args.mode())).collect::<Vec<_>>();
        for done in pool.install(work) {
            printer.file(&done)?;
        }
    }
    printer.end(&found)
}

fn inputs(paths: &[PathBuf]) -> Vec<Input> {
    if paths.is_empty() {
        return vec![Input::Path(PathBuf::from("."))];
    }
    let input = |path: &PathBuf| if path == Path::new("-") { Input::Stdin } else { Input::Path(path.clone()) };
    paths.iter().map(input).collect()
}

fn options(args: &RunArgs) -> Options {
    Options { context: args.context.clone(), target: args.target.clone() }
}

/// Reads, rewrites and, when asked to, writes one file. A panic in the engine costs this file only.
fn handle(engine: &Engine<'_>, candidate: &Candidate, mode: Mode) -> Done {
    let path = match &candidate.source {
        Input::Stdin => "-".to_owned(),
        Input::Path(path) => shown(path),
    };
    let result = catch_unwind(AssertUnwindSafe(|| one(engine, candidate, mode)))
        .unwrap_or_else(|panic| Err(Failure::Other(crash(&path, panic.as_ref()))));
    Done { path, result }
}

fn crash(path: &str, panic: &(dyn Any + Send)) -> String {
    let what = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    // The text of a panic may quote the file.
    let what = redact::mask_text(what.unwrap_or("unknown cause")).into_owned();
    format!("{path}: internal error, the file is unchanged; please report it: {what}")
}

fn one(engine: &Engine<'_>, candidate: &Candidate, mode: Mode) -> Result<Rewritten, Failure> {
    let words = |error: &dyn std::fmt::Display| Failure::Other(error.to_string());
    let Some(path) = candidate.path() else {
        let text = standard_input()?;
        return transform(engine, candidate, &text);
    };
    let original = Original::read(path).map_err(|error| words(&error))?;
    let rewritten = transform(engine, candidate, original.text())?;
    if mode == Mode::Write && rewritten.outcome.is_changed() {
        original.replace(&rewritten.outcome.text).map_err(|error| words(&error))?;
    }
    Ok(rewritten)
}

fn transform(engine: &Engine<'_>, candidate: &Candidate, text: &str) -> Result<Rewritten, Failure> {
    match engine.rewrite(text, candidate) {
        Ok(outcome) => Ok(Rewritten { before: text.into(), outcome }),
        Err(RewriteError::Invalid(_)) => Err(Failure::Invalid(Dockerfile::parse(text))),
        Err(error @ RewriteError::Unsettled { .. }) => Err(Failure::Other(error.to_string())),
    }
}

fn standard_input() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MAX_STDIN + 1).read_to_end(&mut bytes);
    match read {
        Err(error) => Err(Failure::Other(format!("-: standard input cannot be read: {error}"))),
        Ok(size) if size as u64 > MAX_STDIN => {
            Err(Failure::Other("-: standard input is larger than 64 MiB, which no Dockerfile is".to_owned()))
        }
        Ok(_) => String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let message = format!("-: standard input is not UTF-8 at byte {at}; convert it first, for instance with iconv");
            Failure::Other(message)
        }),
    }
}

/// A path as it is printed and as it stands in a diff: slashes, relative.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    if MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(MAIN_SEPARATOR, "/") }
}

/// Prints results as they come and remembers what the exit code depends on.
struct Printer<'a, 'o, 'e> {
    args: &'a RunArgs,
    out: &'a mut Sink<'o>,
    err: &'a mut Sink<'e>,
    colour_out: bool,
    colour_err: bool,
    summary: Summary,
    printed: usize,
}

impl<'a, 'o, 'e> Printer<'a, 'o, 'e> {
    fn new(args: &'a RunArgs, out: &'a mut Sink<'o>, err: &'a mut Sink<'e>) -> Self {
        let colour = |auto: fn() -> bool| match args.color {
            ColorArg::Auto => auto(),
            ColorArg::Always => true,
            ColorArg::Never => false,
        };
        let colour_out = colour(console::colors_enabled);
        let colour_err = colour(console::colors_enabled_stderr);
        Self { args, out, err, colour_out, colour_err, summary: Summary::default(), printed: 0 }
    }

    fn is_json(&self) -> bool {
        self.args.format == Format::Json
    }

    fn begin(&mut self, found: &Discovery) -> io::Result<()> {
        if self.is_json() {
            let tool = serde_json::json!({ "name": "harden", "version": env!("CARGO_PKG_VERSION") });
            return self.out.put(&format!("{{\"schema\":\"{}\",\"tool\":{tool},\"files\":[", json::SCHEMA));
        }
        for problem in &found.problems {
            let word = if problem.kind.is_error() { "error" } else { "warning" };
            self.err.put(&format!("{word}: {problem}\n"))?;
        }
        Ok(())
    }

    fn file(&mut self, done: &Done) -> io::Result<()> {
        match &done.result {
            Ok(rewritten) => self.summary.count(&rewritten.outcome),
            Err(_) => {
                self.summary.files += 1;
                self.summary.failed += 1;
            }
        }
        if self.is_json() {
            return self.file_json(done);
        }
        match &done.result {
            Ok(rewritten) => self.file_text(&done.path, rewritten),
            Err(Failure::Invalid(file)) => self.err.put(&snippet::invalid(&done.path, file, self.colour_err)),
            Err(Failure::Other(message)) => self.err.put(&format!("error: {message}\n")),
        }
    }

    fn file_text(&mut self, path: &str, rewritten: &Rewritten) -> io::Result<()> {
        let outcome = &rewritten.outcome;
        match self.args.mode() {
            Mode::Write if path == "-" => self.out.put(&outcome.text)?,
            Mode::Diff if outcome.is_changed() => {
                let style = if self.colour_out { DiffStyle::Colour } else { DiffStyle::Plain };
                let diff = difference(path, rewritten, style, self.args.redact);
                self.out.put(&diff)?;
            }
            Mode::Check if outcome.is_changed() => self.out.put(&format!("{path}\n"))?,
            _ => {}
        }
        if self.args.quiet || outcome.reports.is_empty() {
            return Ok(());
        }
        let source = Dockerfile::parse(Arc::clone(&rewritten.before));
        self.err.put(&text::findings(path, &source, outcome, self.args.verbose, self.colour_err))
    }

    fn file_json(&mut self, done: &Done) -> io::Result<()> {
        let mut report = json::FileReport {
            path: done.path.clone(),
            status: "unchanged",
            findings: Vec::new(),
            errors: Vec::new(),
            diff: None,
        };
        match &done.result {
            Ok(rewritten) => {
                let source = Dockerfile::parse(Arc::clone(&rewritten.before));
                report.findings = json::findings(&source, &rewritten.outcome);
                if rewritten.outcome.is_changed() {
                    report.status = "changed";
                    report.diff = Some(difference(&done.path, rewritten, DiffStyle::Plain, true));
                }
            }
            Err(failure) => {
                report.status = "failed";
                report.errors = match failure {
                    Failure::Invalid(file) => json::errors(file),
                    Failure::Other(message) => {
                        vec![json::ErrorReport { line: None, column: None, message: message.clone(), help: None }]
                    }
                };
            }
        }
        let comma = if self.printed > 0 { "," } else { "" };
        self.printed += 1;
        self.out.put(&format!("{comma}\n{}", encode(&report)?))
    }

    fn end(&mut self, found: &Discovery) -> io::Result<u8> {
        let code = self.code(found);
        if self.is_json() {
            let problems: Vec<json::ProblemReport> = found.problems.iter().map(Into::into).collect();
            let summary = json::SummaryReport::new(&self.summary, code);
            let (problems, summary) = (encode(&problems)?, encode(&summary)?);
            self.out.put(&format!("\n],\"problems\":{problems},\"summary\":{summary}}}\n"))?;
        } else if !self.args.quiet && self.summary.files > 0 {
            self.err.put(&format!("{}\n", self.summary.line(self.args.mode())))?;
        }
        Ok(code)
    }

    fn code(&self, found: &Discovery) -> u8 {
        let failed = self.summary.failed > 0 || found.problems.iter().any(|problem| problem.kind.is_error());
        let nothing_found = found.candidates.is_empty();
        if failed || nothing_found {
            ERROR
        } else if self.args.mode() != Mode::Write && self.summary.changed > 0 {
            CHANGES
        } else if self.summary.offered + self.summary.refused > 0 {
            REMAINING
        } else {
            OK
        }
    }
}

fn encode(value: &impl serde::Serialize) -> io::Result<String> {
    serde_json::to_string(value).map_err(io::Error::other)
}

fn difference(path: &str, rewritten: &Rewritten, style: DiffStyle, redacted: bool) -> String {
    let (before, after) = (&rewritten.before, &rewritten.outcome.text);
    let name = if path == "-" { "Dockerfile" } else { path.trim_start_matches('/') };
    let diff = FileDiff { path: name, before: Some(before), after };
    let mut options = DiffOptions { style, ..DiffOptions::default() };
    if !redacted {
        return unified(&diff, &options);
    }
    let ranges = |text: &Arc<str>| -> Vec<std::ops::Range<usize>> {
        redact::secret_spans(&Dockerfile::parse(Arc::clone(text))).into_iter().map(|span| span.range()).collect()
    };
    let (before, after) = (ranges(before), ranges(after));
    options.redact = Some(Secrets { before: &before, after: &after });
    unified(&diff, &options)
}
