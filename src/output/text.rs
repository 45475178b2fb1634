//! Findings for people.

pub(super) mod notes;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt::Write as _;

use console::Style;
use dockerfile_syntax::Dockerfile;
use harden_core::redact::mask_text;
use harden_core::{Disposition, Hazard, Outcome, Place, Report};

use self::notes::Notes;
use super::visible;

/// How findings are shown.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The fixes were written, so they are told in the past tense.
    pub written: bool,
    /// Shows also what is right as it is and what comments switch off, the consequences of fixes that are only offered,
    /// and lists at their full length.
    pub verbose: bool,
    /// Uses colours.
    pub colour: bool,
}

impl Look {
    fn paint(self, style: Style, text: &str) -> String {
        style.force_styling(self.colour).apply_to(text).to_string()
    }

    /// Entries of a list that are shown.
    fn limit(self) -> usize {
        if self.verbose { usize::MAX } else { SHOWN }
    }
}

/// Width of the first word, and so the indentation of what belongs to it.
const WORD: usize = 11;

/// Entries shown of a list unless everything is asked for.
const SHOWN: usize = 5;

/// Renders the findings of one file by position; empty when there is nothing to show.
///
/// Below a finding stand its reason, its hazards with their places, what its fix takes for granted, and what the fix
/// means for those who run the image; of the latter each line once a file.
pub fn findings(path: &str, source: &Dockerfile, outcome: &Outcome, look: Look) -> String {
    let path = visible(path);
    let mut out = String::new();
    let mut notes = Notes::default();
    for report in sorted(outcome) {
        let Some(Line { word, style, level, reason }) = line(report, look) else { continue };
        let word = look.paint(style.bold(), &format!("{word:<WORD$}"));
        let at = source.line_col(report.span.start);
        let place = look.paint(Style::new().dim(), &format!("{path}:{at}"));
        let name = look.paint(Style::new().bold(), report.transform);
        let _ = writeln!(out, "{word}{place} {name}{level}: {}", quoted(&report.message));
        // A hazard that is the reason says the same with its place.
        if report.hazards.iter().take(look.limit()).all(|hazard| hazard.message != reason) {
            let _ = writeln!(out, "{:WORD$}{}", "", quoted(reason));
        }
        if !matches!(report.disposition, Disposition::Suppressed { .. }) {
            hazards(&mut out, &path, source, &report.hazards, look);
        }
        if !level.is_empty() {
            for assumption in report.assumptions.iter().filter(|one| *one != reason) {
                let _ = writeln!(out, "{:WORD$}assumed: {}", "", quoted(assumption));
            }
        }
        let told = match report.disposition {
            Disposition::Fixed(..) => true,
            Disposition::Offered(..) => look.verbose,
            _ => false,
        };
        if told {
            let word = look.paint(Style::new().cyan().bold(), "note:");
            for note in notes.of(&report.notes, look.limit()) {
                let _ = writeln!(out, "{:WORD$}{word} {}", "", quoted(&note.message));
                if let Some(command) = note.command {
                    let _ = writeln!(out, "{:WORD$}      {}", "", quoted(&command));
                }
            }
        }
    }
    out
}

/// A line for each hazard: its place, its id, and what would break.
fn hazards(out: &mut String, path: &str, source: &Dockerfile, hazards: &[Hazard], look: Look) {
    for hazard in hazards.iter().take(look.limit()) {
        let place = match &hazard.place {
            Some(Place::Here(span)) => format!("{path}:{}", source.line_col(span.start)),
            Some(Place::File { name, line: Some(line) }) => format!("{}:{line}", quoted(name)),
            Some(Place::File { name, line: None }) => quoted(name),
            None => String::new(),
        };
        let space = if place.is_empty() { "" } else { " " };
        let place = look.paint(Style::new().dim(), &place);
        let id = look.paint(Style::new().yellow(), hazard.id);
        let _ = writeln!(out, "{:WORD$}{place}{space}{id}: {}", "", quoted(&hazard.message));
    }
    let more = hazards.len().saturating_sub(look.limit());
    if more > 0 {
        let _ = writeln!(out, "{:WORD$}and {more} more; --verbose shows them", "");
    }
}

/// The findings of a file in the order of their places. The engine has them in the order they were fixed.
pub(super) fn sorted(outcome: &Outcome) -> Vec<&Report> {
    order(outcome).into_iter().filter_map(|at| outcome.reports.get(at)).collect()
}

/// Their places in [`Outcome::reports`].
pub(super) fn order(outcome: &Outcome) -> Vec<usize> {
    let mut reports: Vec<_> = outcome.reports.iter().enumerate().collect();
    reports.sort_by_key(|(_, report)| (report.span.start, report.transform, report.id));
    reports.into_iter().map(|(at, _)| at).collect()
}

struct Line<'r> {
    word: &'static str,
    style: Style,
    /// ` [safe]` for a fix.
    level: String,
    reason: &'r str,
}

fn line(report: &Report, look: Look) -> Option<Line<'_>> {
    let plain = |word, style, reason| Some(Line { word, style, level: String::new(), reason });
    match &report.disposition {
        Disposition::Fixed(level, why) => Some(Line {
            word: if look.written { "fixed" } else { "would fix" },
            style: Style::new().green(),
            level: format!(" [{level}]"),
            reason: &why.message,
        }),
        Disposition::Offered(level, why) => Some(Line {
            word: "offered",
            style: Style::new().yellow(),
            level: format!(" [needs --level {level}]"),
            reason: &why.message,
        }),
        Disposition::Refused(why) => plain("left alone", Style::new().cyan(), &why.message),
        Disposition::Kept(why) if look.verbose => plain("kept", Style::new().dim(), &why.message),
        Disposition::Suppressed { comment } if look.verbose => plain("ignored", Style::new().dim(), comment),
        Disposition::Kept(_) | Disposition::Suppressed { .. } => None,
    }
}

/// Most messages that are remembered as free of secrets, and the longest.
const MAX_KNOWN: usize = 4096;
const MAX_KNOWN_LEN: usize = 1024;

thread_local! {
    /// Messages that are shown as they are. The files of a run share most of theirs, and looking for secrets in one takes
    /// longer than everything else that is done with it. None in which something was masked is kept.
    static KNOWN: RefCell<HashSet<Box<str>>> = RefCell::default();
}

/// Masked, and harmless for a terminal.
pub(super) fn quoted(text: &str) -> String {
    if KNOWN.with_borrow(|known| known.contains(text)) {
        return text.to_owned();
    }
    let shown = visible(&mask_text(text)).into_owned();
    if shown == text && text.len() <= MAX_KNOWN_LEN {
        KNOWN.with_borrow_mut(|known| {
            if known.len() < MAX_KNOWN {
                known.insert(text.into());
            }
        });
    }
    shown
}
