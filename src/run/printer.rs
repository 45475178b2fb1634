//! Prints the results of a run in order.

use std::io::{self, IsTerminal};
use std::path::Path;

use super::dirty::Unchecked;
use super::document::Document;
use super::render::{Rendered, Renderer};
use super::{CHANGES, ERROR, OK, REMAINING, UNREACHED, shown};
use crate::cli::{Format, RunArgs};
use crate::discover::{Discovery, Problem, ProblemKind};
use crate::facts::registry::NetworkReport;
use crate::notes::Companion;
use crate::output::summary::Summary;
use crate::output::{Sink, json, visible};
use crate::updaters::{Updater, Updaters, notes};

/// How the registries behaved.
#[derive(Default)]
pub(super) struct Network {
    report: NetworkReport,
    lines: Vec<String>,
}

impl From<(NetworkReport, Vec<String>)> for Network {
    fn from((report, mut lines): (NetworkReport, Vec<String>)) -> Self {
        lines.extend(report.to_string().lines().map(str::to_owned));
        Self { report, lines }
    }
}

impl Network {
    /// Whether a registry could not be asked.
    pub(super) fn trouble(&self) -> bool {
        self.report.has_trouble()
    }

    /// A line for each warning and each registry with failures.
    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// Prints results as they come and remembers what the exit code depends on.
pub(super) struct Printer<'a, 'o, 'e> {
    quiet: bool,
    renderer: &'a Renderer<'a>,
    out: &'a mut Sink<'o>,
    err: &'a mut Sink<'e>,
    /// Both streams end on the same screen: they are flushed in turn, so that a file's findings follow its diff.
    shared: bool,
    summary: Summary,
    /// Who moves the pins of each file that got one.
    pinned: Vec<Updater>,
    updaters: Updaters,
    /// The report, unless it is text.
    document: Option<Document<'a>>,
    /// For the end of a document.
    unchecked: Vec<Unchecked>,
    left: Vec<json::ProblemReport>,
}

impl<'a, 'o, 'e> Printer<'a, 'o, 'e> {
    pub(super) fn new(
        args: &RunArgs,
        renderer: &'a Renderer<'a>,
        out: &'a mut Sink<'o>,
        err: &'a mut Sink<'e>,
    ) -> Self {
        let shared = io::stdout().is_terminal() && io::stderr().is_terminal();
        Self {
            quiet: args.quiet,
            renderer,
            out,
            err,
            shared,
            summary: Summary::default(),
            pinned: Vec::new(),
            updaters: Updaters::default(),
            document: Document::new(renderer),
            unchecked: Vec::new(),
            left: Vec::new(),
        }
    }

    /// What comes before the first file.
    pub(super) fn begin(&mut self, found: &Discovery, network: &Network) -> io::Result<()> {
        if let Some(document) = &self.document {
            return self.out.put(&document.begin());
        }
        for problem in &found.problems {
            let message = problem.to_string();
            let line = if is_error(problem, found) {
                self.renderer.error(&message)
            } else {
                self.renderer.warning(&message)
            };
            self.err.put(&line)?;
        }
        for line in network.lines() {
            self.err.put(&self.renderer.warning(line))?;
        }
        Ok(())
    }

    /// What goes on, for those who wait.
    pub(super) fn progress(&mut self, message: &str) -> io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        self.err.put(&format!("{}\n", visible(message)))?;
        self.err.flush()
    }

    /// A repository whose files are written without having been checked.
    pub(super) fn warning(&mut self, unchecked: Unchecked) -> io::Result<()> {
        if self.document.is_some() {
            self.unchecked.push(unchecked);
            return Ok(());
        }
        self.err.put(&self.renderer.warning(&format!("{}: {}", unchecked.path(), unchecked.message)))
    }

    /// The next file.
    pub(super) fn file(&mut self, rendered: &mut Rendered) -> io::Result<()> {
        if let Some(document) = &mut self.document {
            let part = std::mem::take(&mut rendered.part);
            self.out.put(&document.file(part, self.summary.files == 0))?;
        }
        self.summary.add(&rendered.summary);
        if let Some(path) = &rendered.pinned {
            self.pinned.push(self.updaters.of(path));
        }
        self.out.put(&rendered.out)?;
        if self.shared {
            self.out.flush()?;
        }
        self.err.put(&rendered.err)?;
        if self.shared {
            self.err.flush()?;
        }
        Ok(())
    }

    /// A file that several Dockerfiles share.
    pub(super) fn companion(&mut self, companion: &Companion) -> io::Result<()> {
        self.summary.beside += 1;
        if let Some(document) = &mut self.document {
            return self.out.put(&document.companion(companion));
        }
        self.out.put(&self.renderer.companion(companion))
    }

    /// A file that several Dockerfiles share and that is as it was. `error`: it could not be written, else a person has
    /// to decide.
    pub(super) fn left(&mut self, path: &Path, message: &str, error: bool) -> io::Result<()> {
        let path = shown(path);
        self.summary.beside_failed += usize::from(error);
        self.summary.refused += usize::from(!error);
        if self.document.is_some() {
            self.left.push(json::ProblemReport::of(path, message.to_owned(), error));
            return Ok(());
        }
        let line = format!("{path}: {message}");
        self.err.put(&if error { self.renderer.error(&line) } else { self.renderer.warning(&line) })
    }

    /// What comes after the last file, and the exit code.
    pub(super) fn end(&mut self, found: &Discovery, network: &Network) -> io::Result<u8> {
        let code = self.code(found, network);
        // A JSON report has no word for them.
        let is_json = self.renderer.format() == Format::Json;
        let notes = if is_json { Vec::new() } else { notes(self.pinned.iter()) };
        let mut tells = self.document.is_none() && !self.quiet;
        if let Some(document) = self.document.take() {
            let problems =
                found.problems.iter().map(|one| json::ProblemReport::new(one, is_error(one, found)));
            let unchecked =
                self.unchecked.drain(..).map(|one| json::ProblemReport::warning(one.path(), one.message));
            let problems: Vec<_> = problems.chain(unchecked).chain(self.left.drain(..)).collect();
            let registries = network.lines();
            self.out.put(&document.end(&problems, registries, &notes, &self.summary, code))?;
            // Workflow commands stand in a log that people read.
            tells = self.renderer.format() == Format::Github && !self.quiet;
        } else if tells && self.summary.files > 0 {
            for note in notes {
                self.err.put(&self.renderer.note(&note))?;
            }
            if self.renderer.verbose() && self.summary.changed + self.summary.offers() > 0 {
                self.err.put(&self.renderer.hint(OPT_OUT))?;
            }
        }
        if tells && self.summary.files > 0 {
            self.err.put(&format!("{}\n", self.summary.line(self.renderer.written())))?;
        }
        Ok(code)
    }

    fn code(&self, found: &Discovery, network: &Network) -> u8 {
        let failed = self.summary.failed + self.summary.beside_failed > 0
            || found.problems.iter().any(|problem| is_error(problem, found));
        let nothing_found = found.candidates.is_empty();
        if failed || nothing_found {
            ERROR
        } else if network.trouble() {
            UNREACHED
        } else if !self.renderer.written() && self.summary.changed > 0 {
            CHANGES
        } else if self.summary.offers() + self.summary.refused > 0 {
            REMAINING
        } else {
            OK
        }
    }
}

/// What to do about a finding that is right and not wanted.
const OPT_OUT: &str = "to leave something as it is: `# harden: ignore=NAME reason` above the instruction, `skip` in \
    harden.toml, or --skip NAME; NAME is that of a transform or, in a comment, of a finding";

/// A directory without Dockerfiles is worth a warning beside others, and an error when there is nothing else.
pub(super) fn is_error(problem: &Problem, found: &Discovery) -> bool {
    let nothing_found = problem.kind == ProblemKind::NoDockerfiles && found.candidates.is_empty();
    problem.kind.is_error() || nothing_found
}
