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

/// One file after the engine.
pub(super) struct Rewritten {
    pub(super) before: Arc<str>,
    pub(super) outcome: Outcome,
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
    result: Result<(Text<'s>, Outcome), Failure>,
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

    /// The file that a write would change, as it was found.
    pub(super) fn target(&self) -> Option<&Path> {
        match &self.result {
            Ok((Text::File(original), outcome)) if outcome.is_changed() => Some(original.path()),
            _ => None,
        }
    }

    /// Leaves the file as it is; `why` says the reason and what to do.
    pub(super) fn refuse(&mut self, why: &str) {
        self.result = Err(Failure::Other(format!("did not write {}: {why}", self.path)));
    }

    /// Writes when asked to, and renders. A panic costs this file only.
    pub(super) fn finish(self, mode: Mode, renderer: &Renderer<'_>) -> Rendered {
        let Self { path, result } = self;
        let result = catch_unwind(AssertUnwindSafe(|| result.and_then(|ready| settle(ready, mode))))
            .unwrap_or_else(|panic| Err(crash(&path, "the file is unchanged", panic.as_ref())));
        catch_unwind(AssertUnwindSafe(|| renderer.file(&path, &result))).unwrap_or_else(|panic| {
            let state =
                if mode == Mode::Write { "the file may be rewritten" } else { "the file is unchanged" };
            renderer.file(&path, &Err(crash(&path, state, panic.as_ref())))
        })
    }
}

fn engine<'s>(
    rules: &Rules<'_>,
    source: &Source<'s>,
    images: &dyn ImageFacts,
    path: &str,
) -> Result<(Text<'s>, Outcome), Failure> {
    let read = source.read().map_err(Failure::Other)?;
    let result = rules
        .with_engine(source, images, |engine| engine.rewrite(read.text(), source.candidate))
        .map_err(Failure::Other)?;
    match result {
        Ok(outcome) => Ok((read, outcome)),
        Err(RewriteError::Invalid(_)) => Err(Failure::Invalid(Dockerfile::parse(read.text()).into())),
        Err(error @ RewriteError::Unsettled { .. }) => Err(Failure::Other(format!("{path}: {error}"))),
    }
}

fn settle((read, outcome): (Text<'_>, Outcome), mode: Mode) -> Result<Rewritten, Failure> {
    if let (Mode::Write, Text::File(original), true) = (mode, &read, outcome.is_changed()) {
        original.replace(&outcome.text).map_err(|error| Failure::Other(error.to_string()))?;
    }
    Ok(Rewritten { before: read.text().into(), outcome })
}

fn crash(path: &str, state: &str, panic: &(dyn Any + Send)) -> Failure {
    let what = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    // The text of a panic may quote the file.
    let what = redact::mask_text(what.unwrap_or("unknown cause")).into_owned();
    Failure::Other(format!("{path}: internal error, {state}; please report it: {what}"))
}
