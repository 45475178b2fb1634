//! Findings for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use console::Style;
use dockerfile_syntax::Dockerfile;
use harden_core::redact::mask_text;
use harden_core::{Disposition, Outcome, Report};

use crate::cli::Mode;

/// Numbers for the last line and the exit code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files looked at.
    pub files: usize,
    /// Files with changes.
    pub changed: usize,
    /// Files that could not be handled.
    pub failed: usize,
    /// Fixes per transform.
    pub fixed: BTreeMap<&'static str, usize>,
    /// Fixes that a higher `--level` would write.
    pub offered: usize,
    /// Findings left alone that a person may want to act on.
    pub refused: usize,
}

impl Summary {
    /// Counts the findings of one file.
    pub fn count(&mut self, outcome: &Outcome) {
        self.files += 1;
        self.changed += usize::from(outcome.is_changed());
        for report in &outcome.reports {
            match report.disposition {
                Disposition::Fixed(..) => *self.fixed.entry(report.transform).or_default() += 1,
                Disposition::Offered(..) => self.offered += 1,
                Disposition::Refused(_) => self.refused += 1,
                Disposition::Kept(_) | Disposition::Suppressed { .. } => {}
            }
        }
    }

    /// One line.
    pub fn line(&self, mode: Mode) -> String {
        let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        let verb = if mode == Mode::Write { "changed" } else { "would change" };
        let mut line = format!("{}: {} {verb}", plural(self.files, "file"), self.changed);
        if !self.fixed.is_empty() {
            let fixes: Vec<_> = self.fixed.iter().map(|(name, count)| format!("{name} {count}")).collect();
            let _ = write!(line, " ({})", fixes.join(", "));
        }
        if self.offered > 0 {
            let _ = write!(line, "; {} for --level suggest or review", plural(self.offered, "more fix").replace("fixs", "fixes"));
        }
        if self.refused > 0 {
            let _ = write!(line, "; {} left alone", plural(self.refused, "finding"));
        }
        if self.failed > 0 {
            let _ = write!(line, "; {} not handled", plural(self.failed, "file"));
        }
        line
    }
}

/// Renders the findings of one file; empty when there is nothing to show.
pub fn findings(path: &str, source: &Dockerfile, outcome: &Outcome, verbose: bool, colour: bool) -> String {
    let style = |style: Style| style.force_styling(colour);
    let mut out = String::new();
    for report in &outcome.reports {
        let (word, look, level, reason) = match &report.disposition {
            Disposition::Fixed(level, why) => ("fixed", Style::new().green(), Some(*level), why.message.as_str()),
            Disposition::Offered(level, why) => ("offered", Style::new().yellow(), Some(*level), why.message.as_str()),
            Disposition::Refused(why) => ("left", Style::new().cyan(), None, why.message.as_str()),
            Disposition::Kept(why) if verbose => ("right", Style::new().dim(), None, why.message.as_str()),
            Disposition::Suppressed { comment } if verbose => ("ignored", Style::new().dim(), None, comment.as_str()),
            _ => continue,
        };
        let at = source.line_col(report.span.start);
        let word = style(look.bold()).apply_to(format!("{word:<8}"));
        let name = style(Style::new().bold()).apply_to(report.transform);
        let place = style(Style::new().dim()).apply_to(format!("{path}:{at}"));
        let level = level.map(|level| format!(" [{level}]")).unwrap_or_default();
        let _ = writeln!(out, "{word} {place} {name}{level}: {}", visible(&mask_text(&report.message)));
        let _ = writeln!(out, "         {}", visible(&mask_text(reason)));
        assumptions(&mut out, report, reason);
    }
    out
}

fn assumptions(out: &mut String, report: &Report, reason: &str) {
    for assumption in report.assumptions.iter().filter(|one| *one != reason) {
        let _ = writeln!(out, "         assumed: {}", visible(&mask_text(assumption)));
    }
}

/// Control characters must not reach a terminal.
fn visible(text: &str) -> String {
    text.chars().map(|ch| if ch.is_control() { '\u{fffd}' } else { ch }).collect()
}
