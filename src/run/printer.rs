//! Prints the results of a run in order.

use std::io::{self, IsTerminal};

use super::render::{Rendered, Renderer};
use super::{CHANGES, ERROR, OK, REMAINING};
use crate::cli::RunArgs;
use crate::discover::{Discovery, Problem, ProblemKind};
use crate::output::text::Summary;
use crate::output::{Sink, json};

/// Prints results as they come and remembers what the exit code depends on.
pub(super) struct Printer<'a, 'o, 'e> {
    quiet: bool,
    renderer: &'a Renderer<'a>,
    out: &'a mut Sink<'o>,
    err: &'a mut Sink<'e>,
    /// Both streams end on the same screen: they are flushed in turn, so that a file's findings follow its diff.
    shared: bool,
    summary: Summary,
}

impl<'a, 'o, 'e> Printer<'a, 'o, 'e> {
    pub(super) fn new(
        args: &RunArgs,
        renderer: &'a Renderer<'a>,
        out: &'a mut Sink<'o>,
        err: &'a mut Sink<'e>,
    ) -> Self {
        let shared = io::stdout().is_terminal() && io::stderr().is_terminal();
        Self { quiet: args.quiet, renderer, out, err, shared, summary: Summary::default() }
    }

    /// What comes before the first file.
    pub(super) fn begin(&mut self, found: &Discovery) -> io::Result<()> {
        if self.renderer.is_json() {
            return self.out.put(&json::begin());
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
        Ok(())
    }

    /// The next file.
    pub(super) fn file(&mut self, rendered: &Rendered) -> io::Result<()> {
        if self.renderer.is_json() {
            let comma = if self.summary.files > 0 { ",\n" } else { "\n" };
            self.out.put(comma)?;
        }
        self.summary.add(&rendered.summary);
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

    /// What comes after the last file, and the exit code.
    pub(super) fn end(&mut self, found: &Discovery) -> io::Result<u8> {
        let code = self.code(found);
        if self.renderer.is_json() {
            let problems: Vec<_> = found
                .problems
                .iter()
                .map(|one| json::ProblemReport::new(one, is_error(one, found)))
                .collect();
            self.out.put(&json::end(&problems, &json::SummaryReport::new(&self.summary, code)))?;
        } else if !self.quiet && self.summary.files > 0 {
            self.err.put(&format!("{}\n", self.summary.line(self.renderer.written())))?;
        }
        Ok(code)
    }

    fn code(&self, found: &Discovery) -> u8 {
        let failed = self.summary.failed > 0 || found.problems.iter().any(|problem| is_error(problem, found));
        let nothing_found = found.candidates.is_empty();
        if failed || nothing_found {
            ERROR
        } else if !self.renderer.written() && self.summary.changed > 0 {
            CHANGES
        } else if self.summary.offers() + self.summary.refused > 0 {
            REMAINING
        } else {
            OK
        }
    }
}

/// A directory without Dockerfiles is worth a warning beside others, and an error when there is nothing else.
fn is_error(problem: &Problem, found: &Discovery) -> bool {
    let nothing_found = problem.kind == ProblemKind::NoDockerfiles && found.candidates.is_empty();
    problem.kind.is_error() || nothing_found
}
