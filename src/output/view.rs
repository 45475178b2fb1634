//! One file as the formats for other programs see it.

use std::sync::Arc;

use dockerfile_syntax::{Dockerfile, Span};
use harden_core::{Disposition, Outcome, Place, Report};

use super::fixes::Fixes;
use super::json::{self, FindingReport};
use super::text::notes::Notes;
use super::text::{order, quoted};

/// Hazards, assumptions and notes that one message lists.
const LISTED: usize = 5;

/// What a file is called in reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Below the root of the repository or, outside one, of the current folder; else as found. Slashes on every platform.
    pub path: String,
    /// Whether it is below that root.
    pub inside: bool,
}

/// How much a format tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The edits of fixes.
    pub edits: bool,
    /// What comments switch off.
    pub verbose: bool,
}

/// A file that was handled.
pub struct View<'a> {
    /// What it is called.
    pub name: &'a Name,
    /// What became of it.
    pub outcome: &'a Outcome,
    /// Whether the fixes are in the file. Places are those in the file as it is after the run.
    pub written: bool,
    /// Whether what comments switch off is told.
    pub verbose: bool,
    /// As on the command line.
    path: &'a str,
    before: Dockerfile,
    /// The file after a write.
    after: Option<Dockerfile>,
    fixes: Fixes,
}

impl<'a> View<'a> {
    /// `before` is the text that was read. Edits are found out for a format that tells them, and to move places.
    pub fn new(
        (path, name): (&'a str, &'a Name),
        (before, outcome): (&Arc<str>, &'a Outcome),
        written: bool,
        Detail { edits, verbose }: Detail,
    ) -> Self {
        let before = Dockerfile::parse(Arc::clone(before));
        let written = written && outcome.is_changed();
        let after = written.then(|| Dockerfile::parse(Arc::clone(&outcome.text)));
        let wanted = outcome.is_changed() && (edits || written);
        let fixes = if wanted { Fixes::new(&before, outcome) } else { Fixes::default() };
        Self { name, outcome, written, verbose, path, before, after, fixes }
    }

    /// The file as it is after the run.
    pub fn file(&self) -> &Dockerfile {
        self.after.as_ref().unwrap_or(&self.before)
    }

    /// The fixes that are still to be made.
    pub fn open_fixes(&self) -> &[super::fixes::JointFix] {
        if self.written { &[] } else { &self.fixes.fixes }
    }

    /// A place of the original in [`file`](Self::file).
    pub fn place(&self, span: Span) -> Span {
        if self.written { self.fixes.forward(span) } else { span }
    }

    /// What is told, by position: findings with their places in [`Outcome::reports`]. What is right as it is needs no
    /// telling.
    pub fn told(&self) -> Vec<Told<'a>> {
        let masked = json::findings(self.path, &self.before, self.outcome);
        let reports = order(self.outcome).into_iter().zip(masked);
        let reports = reports
            .filter_map(|(at, masked)| Some(Told { at, report: self.outcome.reports.get(at)?, masked }));
        let wanted = |told: &Told<'_>| match told.report.disposition {
            Disposition::Fixed(..) | Disposition::Offered(..) | Disposition::Refused(_) => true,
            Disposition::Suppressed { .. } => self.verbose,
            Disposition::Kept(_) => false,
        };
        reports.filter(wanted).collect()
    }
}

/// A finding that is told.
pub struct Told<'a> {
    /// Its place in [`Outcome::reports`].
    pub at: usize,
    /// As the engine says it. It may quote secrets.
    pub report: &'a Report,
    /// Without secrets.
    pub masked: FindingReport,
}

impl Told<'_> {
    /// What is found, what becomes of it and why, what it would break, what it takes for granted and what people have to do:
    /// a line each, without secrets and control characters.
    pub fn lines(&self, view: &View<'_>) -> Vec<String> {
        let one = &self.masked;
        let level = one.level.unwrap_or_default();
        let what = match one.disposition {
            "fixed" if view.written => format!("Fixed [{level}]"),
            "fixed" => format!("harden can fix this [{level}]"),
            "offered" => format!("harden can fix this with --level {level}"),
            "suppressed" => "Ignored".to_owned(),
            _ => "Left alone".to_owned(),
        };
        // A hazard that is the reason says the same with its place.
        let twice = one.hazards.iter().take(LISTED).any(|hazard| hazard.message == one.reason);
        let what = if twice { what } else { format!("{what}: {}", quoted(&one.reason)) };
        let mut lines = vec![quoted(&one.message), what];
        if one.disposition == "suppressed" {
            return lines;
        }
        for (hazard, masked) in self.report.hazards.iter().zip(&one.hazards).take(LISTED) {
            let place = match &hazard.place {
                Some(Place::Here(span)) => {
                    let at = view.file().line_col(view.place(*span).start);
                    format!(" ({}:{})", quoted(&view.name.path), at.line)
                }
                Some(Place::File { name, line: Some(line) }) => format!(" ({}:{line})", quoted(name)),
                Some(Place::File { name, line: None }) => format!(" ({})", quoted(name)),
                None => String::new(),
            };
            lines.push(format!("Hazard {}{place}: {}", hazard.id, quoted(&masked.message)));
        }
        let more = one.hazards.len().saturating_sub(LISTED);
        if more > 0 {
            lines.push(format!("{more} more hazards"));
        }
        let assumed = one.assumptions.iter().filter(|text| **text != one.reason).take(LISTED);
        lines.extend(assumed.map(|text| format!("Assumed: {}", quoted(text))));
        if one.level.is_some() {
            for note in Notes::default().of(&self.report.notes, LISTED) {
                let command = note.command.map(|text| format!(" {}", quoted(&text))).unwrap_or_default();
                lines.push(format!("Note: {}{command}", quoted(&note.message)));
            }
        }
        lines
    }
}
