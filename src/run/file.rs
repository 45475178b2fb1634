//! One file of a run: through the engine, then onto the disk when asked to.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use dockerfile_syntax::Dockerfile;
use harden_core::{Outcome, RewriteError, redact};

use super::prepare::Rules;
use super::render::{Rendered, Renderer};
use super::shown;
use super::source::{Source, Text};
use crate::cli::Mode;
use crate::discover::Input;
use crate::facts::images::ImageFacts;
use crate::notes::{self, Beside, Companion, Request};

/// One file after the engine.
pub(super) struct Rewritten {
    pub(super) before: Arc<str>,
    pub(super) outcome: Outcome,
    /// Its page of notes, when that is new or changes.
    pub(super) page: Option<Companion>,
}

/// Why a file was not handled.
pub(super) enum Failure {
    /// It is not a valid Dockerfile.
    Invalid(Box<Dockerfile>),
    /// Anything else, in words.
    Other(String),
}

/// One file after the engine, and what is needed to write it. Nothing was written yet.
pub(super) struct Draft<'s> {
    path: String,
    result: Result<Ready<'s>, Failure>,
}

/// What is about to be written.
struct Ready<'s> {
    read: Text<'s>,
    outcome: Outcome,
    beside: Beside,
}

impl<'s> Draft<'s> {
    /// Reads and rewrites one file. A panic costs this file only.
    pub(super) fn new(rules: &Rules<'_>, source: &Source<'s>, images: &dyn ImageFacts) -> Self {
        let path = match &source.candidate.source {
            Input::Stdin => "-".to_owned(),
            Input::Path(path) => shown(path),
        };
        let result = catch_unwind(AssertUnwindSafe(|| engine(rules, source, images, &path)))
            .unwrap_or_else(|panic| Err(crash(&path, "the file is unchanged", panic.as_ref())));
        Self { path, result }
    }

    /// The files that a write would change, as they were found; new ones are not among them.
    pub(super) fn targets(&self) -> impl Iterator<Item = &Path> {
        let ready = self.result.as_ref().ok().filter(|ready| ready.outcome.is_changed());
        let dockerfile = ready.and_then(|ready| match &ready.read {
            Text::File(original) => Some(original.path()),
            Text::Stdin(_) => None,
        });
        let page = ready.and_then(|ready| ready.beside.page.as_ref());
        let page = page.filter(|page| page.before().is_some()).map(|page| page.path.as_path());
        dockerfile.into_iter().chain(page)
    }

    /// Leaves everything as it is because of one of the [targets](Self::targets); `why` says the reason and what to do.
    pub(super) fn refuse(&mut self, target: &Path, why: &str) {
        let target = shown(target);
        let because =
            if target == self.path { String::new() } else { format!(" because of its notes in {target}") };
        self.result = Err(Failure::Other(format!("did not write {}{because}: {why}", self.path)));
    }

    /// The text as it was and what the engine made of it.
    pub(super) fn outcome(&self) -> Result<(&str, &Outcome), &Failure> {
        self.result.as_ref().map(|ready| (ready.read.text(), &ready.outcome))
    }

    /// The file as it was found; `None` when it could not be handled, or is standard input.
    pub(super) fn found(&self) -> Option<&Path> {
        match &self.result.as_ref().ok()?.read {
            Text::File(original) => Some(original.path()),
            Text::Stdin(_) => None,
        }
    }

    /// Takes the file for one that could not be handled.
    pub(super) fn fail(&mut self, why: &str) {
        self.result = Err(Failure::Other(format!("{}: {why}", self.path)));
    }

    /// What it wants in files that several Dockerfiles share.
    fn take_request(&mut self) -> Option<Request> {
        self.result.as_mut().ok()?.beside.request.take()
    }

    /// Renders for two readers what somebody else writes.
    pub(super) fn told(mut self, first: &Renderer<'_>, second: &Renderer<'_>) -> (Rendered, Rendered) {
        let request = self.take_request();
        let result = self.result.map(|Ready { read, outcome, beside }| Rewritten {
            before: read.text().into(),
            outcome,
            page: beside.page,
        });
        let both = catch_unwind(AssertUnwindSafe(|| {
            (first.file(&self.path, &result), second.file(&self.path, &result))
        }));
        let (rendered, other) = both.unwrap_or_else(|panic| {
            let failed = Err(crash(&self.path, "it may be committed", panic.as_ref()));
            (first.file(&self.path, &failed), second.file(&self.path, &failed))
        });
        (Rendered { request, ..rendered }, other)
    }

    /// Writes when asked to, and renders. A panic costs this file only.
    pub(super) fn finish(mut self, mode: Mode, renderer: &Renderer<'_>) -> Rendered {
        let request = self.take_request();
        let Self { path, result } = self;
        let result = catch_unwind(AssertUnwindSafe(|| result.and_then(|ready| settle(ready, mode))))
            .unwrap_or_else(|panic| Err(crash(&path, "the file is unchanged", panic.as_ref())));
        let request = request.filter(|_| result.is_ok());
        let rendered =
            catch_unwind(AssertUnwindSafe(|| renderer.file(&path, &result))).unwrap_or_else(|panic| {
                let state =
                    if mode == Mode::Write { "the file may be rewritten" } else { "the file is unchanged" };
                renderer.file(&path, &Err(crash(&path, state, panic.as_ref())))
            });
        Rendered { request, ..rendered }
    }
}

fn engine<'s>(
    rules: &Rules<'_>,
    source: &Source<'s>,
    images: &dyn ImageFacts,
    path: &str,
) -> Result<Ready<'s>, Failure> {
    let read = source.read().map_err(Failure::Other)?;
    let result = rules
        .with_engine(source, images, |engine| engine.rewrite(read.text(), source.candidate))
        .map_err(Failure::Other)?;
    match result {
        Ok(outcome) => {
            let mut beside = Beside::default();
            if outcome.is_changed() {
                let choice = rules.notes(source).map_err(Failure::Other)?;
                beside = notes::beside(source.candidate, &outcome, choice).map_err(Failure::Other)?;
            }
            Ok(Ready { read, outcome, beside })
        }
        Err(RewriteError::Invalid(_)) => Err(Failure::Invalid(Dockerfile::parse(read.text()).into())),
        Err(error @ RewriteError::Unsettled { .. }) => Err(Failure::Other(format!("{path}: {error}"))),
    }
}

/// The page first: without it nobody would learn what the fixes ask for.
fn settle(Ready { read, outcome, beside }: Ready<'_>, mode: Mode) -> Result<Rewritten, Failure> {
    let page = beside.page;
    if let (Mode::Write, Text::File(original), true) = (mode, &read, outcome.is_changed()) {
        page.iter().try_for_each(Companion::write).map_err(Failure::Other)?;
        original.replace(&outcome.text).map_err(|error| {
            page.iter().for_each(Companion::undo);
            Failure::Other(error.to_string())
        })?;
    }
    Ok(Rewritten { before: read.text().into(), outcome, page })
}

fn crash(path: &str, state: &str, panic: &(dyn Any + Send)) -> Failure {
    let what = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    // The text of a panic may quote the file.
    let what = redact::mask_text(what.unwrap_or("unknown cause")).into_owned();
    Failure::Other(format!("{path}: internal error, {state}; please report it: {what}"))
}
