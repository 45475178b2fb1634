//! A run: find, look up, rewrite, print or write, and the exit code.

mod beside;
mod commit;
mod dirty;
mod document;
mod file;
mod prepare;
mod printer;
mod render;
mod report;
mod resolve;
mod source;
mod verify;

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use harden_core::{Level, Transform};
use rayon::prelude::*;

use crate::cli::{Cli, Command, Format, InputArgs, Mode, RunArgs};
use crate::discover::{Discovery, Input, Options, ProblemKind, discover};
use crate::facts::images::{ImageFacts, Knowledge};
use crate::lookup;
use crate::notes::Shared;
use crate::output::Sink;
use crate::registries::Registries;
use crate::setup::{self, Answer};
use dirty::{Checked, Guard, Unchecked};
use file::Draft;
use prepare::{Prepared, Rules, prepare};
use printer::{Network, Printer};
use render::Renderer;
use source::{Source, Stdin};

/// Nothing to do, or everything was written.
const OK: u8 = 0;
/// `--diff` or `--check` found changes.
const CHANGES: u8 = 1;
/// Wrong usage, an input that could not be handled, or an internal error.
const ERROR: u8 = 2;
/// Findings remain that need a person.
const REMAINING: u8 = 3;
/// A registry could not be asked.
const UNREACHED: u8 = 4;

/// Files handled before their output is printed: bounds memory on large trees.
const BATCH: usize = 512;

/// Runs the command line and returns the exit code. All output goes to `out` and `err`.
pub fn run(cli: &Cli, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let mut out = Sink::new(out);
    let mut err = Sink::new(err);
    let result = match &cli.command {
        Some(Command::List) => list(&mut out),
        Some(Command::Explain { name }) => explain(name, &mut out),
        Some(Command::Resolve(args)) => resolve::resolve(args, &mut out, &mut err),
        Some(Command::Update(args)) => rewrite(args, Verb::Update, &mut out, &mut err),
        Some(Command::Commit(args)) => commit::commit(args, &mut out, &mut err),
        Some(Command::Verify(args)) => verify::verify(args, &mut out, &mut err),
        Some(Command::Init(args)) => say(setup::init(args), &mut out, &mut err),
        Some(Command::Completions { shell }) => say(Ok(setup::completions(*shell)), &mut out, &mut err),
        Some(Command::Man { folder }) => say(setup::man(folder.as_deref()), &mut out, &mut err),
        None if cli.run.verify => verify::verify(&cli.run, &mut out, &mut err),
        None => rewrite(&cli.run, Verb::Harden, &mut out, &mut err),
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
    for transform in harden_transforms::all().iter().chain(harden_transforms::update()) {
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
    let all = harden_transforms::all().iter().chain(harden_transforms::update());
    for transform in all.filter(|one| known(one.meta())) {
        out.put(transform.meta().doc)?;
    }
    Ok(OK)
}

/// Prints what a verb that looks at no Dockerfile has to say.
fn say(answer: Result<Answer, String>, out: &mut Sink<'_>, err: &mut Sink<'_>) -> io::Result<u8> {
    let wanted = crate::cli::ColorArg::Auto;
    match answer {
        Ok(Answer { text, warning }) => {
            if let Some(warning) = warning {
                err.put(&render::plain_warning(wanted, &warning))?;
            }
            out.put(&text)?;
            Ok(OK)
        }
        Err(message) => {
            err.put(&render::plain_error(wanted, &message))?;
            Ok(ERROR)
        }
    }
}

/// Combinations of arguments that cannot mean anything.
fn misuse(args: &RunArgs, verb: Verb, all: &[&'static dyn Transform]) -> Option<&'static str> {
    let stdin = args.input.paths.iter().any(|path| path == Path::new("-"));
    if args.verify || args.verifying.given() {
        Some(
            "--verify and the options of a verification belong to `harden verify` and to `harden --write --verify`",
        )
    } else if args.openshift && matches!(verb, Verb::Update) {
        Some("`harden update` moves digests and makes no users; leave --openshift out")
    } else if args.runtime.is_some() && matches!(verb, Verb::Update) {
        Some("`harden update` moves digests and splits no stages; leave --runtime out")
    } else if args.transforms(all).is_empty() {
        Some("--only and --skip leave no transform to run; `harden list` shows their names")
    } else if stdin && args.mode() == Mode::Write && args.format != Format::Text {
        Some(
            "--write prints the file given as `-`, and every --format but text prints its report; use one of them",
        )
    } else {
        None
    }
}

/// The verbs that rewrite.
#[derive(Clone, Copy)]
enum Verb {
    /// None given.
    Harden,
    /// `update`.
    Update,
}

fn rewrite(args: &RunArgs, verb: Verb, out: &mut Sink<'_>, err: &mut Sink<'_>) -> io::Result<u8> {
    let all = match verb {
        Verb::Harden => harden_transforms::all(),
        Verb::Update => harden_transforms::update(),
    };
    let renderer = Renderer::new(args);
    let prepared = match misuse(args, verb, all) {
        Some(message) => Err(message.to_owned()),
        None => prepare(&args.input, !args.quiet),
    };
    let Prepared { configs, facts, mut registries } = match prepared {
        Ok(prepared) => prepared,
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
    let mut rules = Rules::new(args, all, &configs);
    if matches!(verb, Verb::Update) {
        // Whoever asks for an update wants it written, whatever level the repository rewrites at.
        rules.level = rules.level.or(Some(Level::Review));
    }
    let mut known = Knowledge::new(facts).inspecting(args.input.registry.inspect);
    if let Some(registries) = &mut registries {
        pool.install(|| look_up(&sources, &rules, &mut known, registries));
    }
    // Offline, what is not recorded is unknown rather than a question.
    let images: &dyn ImageFacts = if registries.is_some() { &known } else { known.facts() };
    let network = registries.map(Registries::finish).map(Network::from).unwrap_or_default();
    let mut printer = Printer::new(args, &renderer, out, err);
    printer.begin(&found, &network)?;
    let mut guard = (args.mode() == Mode::Write && !args.allow_dirty).then(Guard::default);
    let mut shared = Shared::default();
    for batch in sources.chunks(BATCH) {
        let draft = |source| Draft::new(&rules, source, images);
        let finish = |draft: Draft<'_>| draft.finish(args.mode(), &renderer);
        let rendered: Vec<_> = match &mut guard {
            None => pool.install(|| batch.par_iter().map(|source| finish(draft(source))).collect()),
            // git is asked about a whole batch at once, and only about files that would change.
            Some(guard) => {
                let mut drafts: Vec<_> = pool.install(|| batch.par_iter().map(draft).collect());
                for warning in keep_clear(guard, &mut drafts) {
                    printer.warning(warning)?;
                }
                pool.install(|| drafts.into_par_iter().map(finish).collect())
            }
        };
        for mut rendered in rendered {
            printer.file(&mut rendered)?;
            rendered.request.into_iter().for_each(|request| shared.add(request));
        }
    }
    let (files, refusals) = shared.settle(&found.candidates);
    beside::write(&files, &refusals, guard.as_mut(), &renderer, &mut printer)?;
    printer.end(&found, &network)
}

/// Refuses the drafts that would write over what git has no copy of.
fn keep_clear(guard: &mut Guard, drafts: &mut [Draft<'_>]) -> Vec<Unchecked> {
    let targets = drafts.iter().enumerate();
    let targets: Vec<(usize, PathBuf)> = targets
        .flat_map(|(index, draft)| draft.targets().map(move |path| (index, path.to_path_buf())))
        .collect();
    let paths: Vec<&Path> = targets.iter().map(|(_, path)| path.as_path()).collect();
    let Checked { dirty, unchecked } = guard.check(&paths);
    for (place, why) in dirty {
        let (index, path) = &targets[place];
        drafts[*index].refuse(path, why);
    }
    unchecked
}

fn pool(args: &InputArgs) -> Option<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new().num_threads(args.jobs.map_or(0, usize::from)).build().ok()
}

/// Answers what the files ask for, round by round.
fn look_up(sources: &[Source<'_>], rules: &Rules<'_>, known: &mut Knowledge, registries: &mut Registries) {
    // A panic is told when the file itself is handled.
    let read = |source: &Source<'_>, images: &dyn ImageFacts| {
        let _ = catch_unwind(AssertUnwindSafe(|| rules.ask(source, images)));
    };
    lookup::settle(sources, known, &read, &mut |questions| registries.answer(questions));
}

fn find(args: &InputArgs) -> Discovery {
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

/// A path as it is printed and as it stands in a diff: slashes, relative.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    if MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(MAIN_SEPARATOR, "/") }
}
