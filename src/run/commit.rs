//! `harden commit`: what would be written, as commits on a branch.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::file::Draft;
use super::prepare::{Prepared, Rules, prepare};
use super::printer::{Network, Printer};
use super::render::{Rendered, Renderer};
use super::source::{Source, Stdin};
use super::{ERROR, find, look_up, pool, shown};
use crate::cli::{CommitArgs, Format};
use crate::commit::{Place, Repository, Work, Written, steps};
use crate::discover::Discovery;
use crate::facts::images::{ImageFacts, Knowledge};
use crate::notes::{Companion, Shared};
use crate::output::{Sink, visible};
use crate::registries::Registries;

/// Characters of a commit that is shown.
const SHORT: usize = 10;

/// Commits what harden would write, in every repository it is in.
pub(super) fn commit(args: &CommitArgs, out: &mut Sink<'_>, err: &mut Sink<'_>) -> io::Result<u8> {
    let told = args.run.made(Format::Text);
    let renderer = Renderer::new(&told);
    let prepared = match misuse(args) {
        Some(message) => Err(message.to_owned()),
        None => prepare(&args.run.input, !args.run.quiet),
    };
    let Prepared { configs, facts, mut registries } = match prepared {
        Ok(prepared) => prepared,
        Err(message) => {
            err.put(&renderer.error(&message))?;
            return Ok(ERROR);
        }
    };
    let Some(pool) = pool(&args.run.input) else {
        err.put(&renderer.error("no threads can be started"))?;
        return Ok(ERROR);
    };
    let found = find(&args.run.input);
    let stdin = Stdin::default();
    let sources: Vec<_> =
        found.candidates.iter().map(|candidate| Source { candidate, stdin: &stdin }).collect();
    let rules = Rules::new(&args.run, harden_transforms::all(), &configs);
    let mut known = Knowledge::new(facts).inspecting(args.run.input.registry.inspect);
    if let Some(registries) = &mut registries {
        pool.install(|| look_up(&sources, &rules, &mut known, registries));
    }
    let images: &dyn ImageFacts = if registries.is_some() { &known } else { known.facts() };
    let network = registries.map(Registries::finish).map(Network::from).unwrap_or_default();
    let mut drafts: Vec<Draft<'_>> =
        pool.install(|| sources.par_iter().map(|source| Draft::new(&rules, source, images)).collect());
    let roots = group(&mut drafts);
    let mut failed = false;
    let mut dropped = BTreeSet::new();
    let mut unfit = Vec::new();
    let mut made = false;
    if args.pr_body.is_some() && roots.len() > 1 {
        err.put(&renderer.error(
            "the files are in several repositories, and --pr-body is for one; run harden in each of them",
        ))?;
        return Ok(ERROR);
    }
    for (root, files) in roots {
        match one_repository(args, &root, &files, &mut drafts, (&rules, &sources), &found) {
            Ok(Some((onto, written))) => {
                made |= !written.commits.is_empty();
                out.put(&summary(&root, &args.branch, &onto, &written))?;
                unfit.extend(written.unfit);
            }
            Ok(None) => {}
            Err(message) => {
                failed = true;
                err.put(&renderer.error(&format!("{}: nothing was committed: {message}", shown(&root))))?;
                dropped.extend(files.into_iter().map(|(index, _)| index));
            }
        }
    }
    out.flush()?;
    let report = args.run.made(Format::Markdown);
    let reporter = Renderer::new(&report);
    let (mut text, mut markdown, mut shared) = (Vec::new(), Vec::new(), Shared::default());
    for (index, draft) in drafts.into_iter().enumerate() {
        if !dropped.contains(&index) {
            let (mut one, other) = draft.told(&renderer, &reporter);
            one.request.take().into_iter().for_each(|request| shared.add(request));
            text.push(one);
            markdown.push(other);
        }
    }
    let (mut files, refusals) = shared.settle(&found.candidates);
    files.retain(|file| unfit.iter().all(|one| one.path != file.path));
    let left: Vec<(&Path, &str)> = unfit
        .iter()
        .map(|one| (one.path.as_path(), one.message.as_str()))
        .chain(refusals.iter().map(|one| (one.path.as_path(), one.message.as_str())))
        .collect();
    let mut body = Vec::new();
    let (mut page, mut nothing) = (Sink::new(&mut body), io::sink());
    let mut nowhere = Sink::new(&mut nothing);
    let mut printer = Printer::new(&report, &reporter, &mut page, &mut nowhere);
    tell(&mut printer, (&found, &network), &mut markdown, &files, &left)?;
    let mut printer = Printer::new(&told, &renderer, out, err);
    let code = tell(&mut printer, (&found, &network), &mut text, &files, &left)?;
    if let Some(path) = args.pr_body.as_deref().filter(|_| made)
        && let Err(error) = replace(path, &body)
    {
        err.put(
            &renderer.error(&format!("the commits are made, but {} cannot be written: {error}", shown(path))),
        )?;
        return Ok(ERROR);
    }
    if !made && !failed && code != ERROR {
        err.put("nothing to commit\n")?;
    }
    Ok(if failed { ERROR } else { code })
}

/// Prints everything there is to say; the exit code.
fn tell(
    printer: &mut Printer<'_, '_, '_>,
    (found, network): (&Discovery, &Network),
    rendered: &mut [Rendered],
    files: &[Companion],
    left: &[(&Path, &str)],
) -> io::Result<u8> {
    printer.begin(found, network)?;
    for one in rendered {
        printer.file(one)?;
    }
    for file in files {
        printer.companion(file)?;
    }
    for (path, message) in left {
        printer.left(path, message, false)?;
    }
    printer.end(found, network)
}

/// What cannot be meant.
fn misuse(args: &CommitArgs) -> Option<&'static str> {
    let run = &args.run;
    if run.input.paths.iter().any(|path| path == Path::new("-")) {
        Some("standard input cannot be committed; name the file itself")
    } else if run.has_mode() {
        Some("`harden commit` writes to a branch only; leave --diff, --write and --check out")
    } else if run.format != Format::Text || run.redact {
        Some("`harden commit` prints text; leave --format and --redact out, --pr-body writes a report")
    } else if run.verify || run.verifying.given() {
        Some(
            "--verify and the options of a verification belong to `harden verify` and to `harden --write --verify`",
        )
    } else if run.transforms(harden_transforms::all()).is_empty() {
        Some("--only and --skip leave no transform to run; `harden list` shows their names")
    } else {
        None
    }
}

/// Changed files by their repositories. Those that are in none, and second names of one file, are refused.
fn group(drafts: &mut [Draft<'_>]) -> BTreeMap<PathBuf, Vec<(usize, Place)>> {
    let mut roots: BTreeMap<PathBuf, Vec<(usize, Place)>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (index, draft) in drafts.iter_mut().enumerate() {
        if !draft.outcome().is_ok_and(|(_, outcome)| outcome.is_changed()) {
            continue;
        }
        match draft.found().and_then(Place::of) {
            None => {
                draft.fail("it is in no git repository, so nothing can be committed; `git init` makes one");
            }
            Some(place) if !seen.insert(place.clone()) => {
                draft.fail("it is another name of a file that is committed already");
            }
            Some(place) => roots.entry(place.root.clone()).or_default().push((index, place)),
        }
    }
    roots
}

/// Commits in one repository. `None`: no file of it can be committed.
fn one_repository(
    args: &CommitArgs,
    root: &Path,
    files: &[(usize, Place)],
    drafts: &mut [Draft<'_>],
    (rules, sources): (&Rules<'_>, &[Source<'_>]),
    found: &Discovery,
) -> Result<Option<(String, Written)>, String> {
    let repository = Repository::open(root, args.run.allow_dirty)?;
    let texts: Vec<(&Place, &str)> = files
        .iter()
        .filter_map(|(index, place)| Some((place, drafts.get(*index)?.outcome().ok()?.0)))
        .collect();
    let entries = repository.entries(&texts)?;
    let mut fit = Vec::new();
    for ((index, place), entry) in files.iter().zip(entries) {
        match entry {
            Ok(entry) => fit.push((*index, (place.clone(), entry))),
            Err(why) => {
                if let Some(draft) = drafts.get_mut(*index) {
                    draft.fail(&format!("it was not committed: {why}"));
                }
            }
        }
    }
    let mut work = Vec::with_capacity(fit.len());
    for (index, (place, _)) in &fit {
        let (Some(source), Some(draft)) = (sources.get(*index), drafts.get(*index)) else { continue };
        let Ok((_, outcome)) = draft.outcome() else { continue };
        let choice = rules.notes(source)?;
        work.push(Work { candidate: source.candidate, outcome, choice, name: place.shown() });
    }
    if work.is_empty() {
        return Ok(None);
    }
    let steps = steps(&work, &rules.transforms, &found.candidates)?;
    let files: Vec<_> = fit.into_iter().map(|(_, file)| file).collect();
    let written = repository.write(&args.branch, &files, &steps)?;
    Ok(Some((repository.branch().to_owned(), written)))
}

/// The branch and its commits, for people.
fn summary(root: &Path, branch: &str, onto: &str, written: &Written) -> String {
    let count = written.commits.len();
    let commits = if count == 1 { "1 commit".to_owned() } else { format!("{count} commits") };
    let there = if written.existed { ", there already" } else { "" };
    let mut out = format!("{}: {branch}: {commits} on {onto}{there}\n", visible(&shown(root)));
    for one in &written.commits {
        let id = one.id.get(..SHORT).unwrap_or(&one.id);
        let _ = writeln!(out, "  {id} {}", visible(&one.subject));
    }
    out
}

/// Puts a file in place of another at once.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}
