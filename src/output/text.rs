//! Findings for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use console::Style;
use dockerfile_syntax::Dockerfile;
use harden_core::redact::mask_text;
use harden_core::{Disposition, Level, Outcome, Report};

use super::visible;

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
    /// Fixes that a higher `--level` would make, by the level they need.
    pub offered: BTreeMap<Level, usize>,
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
                Disposition::Offered(level, _) => *self.offered.entry(level).or_default() += 1,
                Disposition::Refused(_) => self.refused += 1,
                Disposition::Kept(_) | Disposition::Suppressed { .. } => {}
            }
        }
    }

    /// Counts a file that could not be handled.
    pub fn fail(&mut self) {
        self.files += 1;
        self.failed += 1;
    }

    /// Adds the numbers of other files.
    pub fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.changed += other.changed;
        self.failed += other.failed;
        self.refused += other.refused;
        for (&name, count) in &other.fixed {
            *self.fixed.entry(name).or_default() += count;
        }
        for (&level, count) in &other.offered {
            *self.offered.entry(level).or_default() += count;
        }
    }

    /// Fixes that a higher `--level` would make.
    pub fn offers(&self) -> usize {
        self.offered.values().sum()
    }

    /// One line. `written`: the changes were made.
    pub fn line(&self, written: bool) -> String {
        let mut parts = Vec::new();
        if self.changed > 0 {
            let verb = if written { "changed" } else { "would change" };
            let fixes: Vec<_> = self.fixed.iter().map(|(name, count)| format!("{name} {count}")).collect();
            parts.push(format!("{} {verb} ({})", self.changed, fixes.join(", ")));
        } else if self.failed < self.files {
            parts.push("nothing to change".to_owned());
        }
        // A level includes those below it.
        let mut sum = 0;
        for (level, count) in &self.offered {
            sum += count;
            let more = if self.changed > 0 { "more " } else { "" };
            parts.push(format!("--level {level} would make {sum} {more}{}", noun(sum, "fix", "fixes")));
        }
        if self.refused > 0 {
            parts.push(format!("{} left alone", counted(self.refused, "finding")));
        }
        if self.failed > 0 {
            parts.push(format!("{} not handled", self.failed));
        }
        format!("{}: {}", counted(self.files, "file"), parts.join("; "))
    }
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", noun(count, "", "s"))
}

fn noun<'w>(count: usize, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}

/// How findings are shown.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The fixes were written, so they are told in the past tense.
    pub written: bool,
    /// Shows also what is right as it is and what comments switch off.
    pub verbose: bool,
    /// Uses colours.
    pub colour: bool,
}

/// Width of the first word, and so the indentation of what belongs to it.
const WORD: usize = 11;

/// Renders the findings of one file by position; empty when there is nothing to show.
pub fn findings(path: &str, source: &Dockerfile, outcome: &Outcome, look: Look) -> String {
    let path = visible(path);
    let mut out = String::new();
    for report in sorted(outcome) {
        let Some(Line { word, style, level, reason }) = line(report, look) else { continue };
        let paint = |style: Style, text: String| style.force_styling(look.colour).apply_to(text).to_string();
        let word = paint(style.bold(), format!("{word:<WORD$}"));
        let place = paint(Style::new().dim(), format!("{path}:{}", source.line_col(report.span.start)));
        let name = paint(Style::new().bold(), report.transform.to_owned());
        let _ = writeln!(out, "{word}{place} {name}{level}: {}", quoted(&report.message));
        let _ = writeln!(out, "{:WORD$}{}", "", quoted(reason));
        if !level.is_empty() {
            for assumption in report.assumptions.iter().filter(|one| *one != reason) {
                let _ = writeln!(out, "{:WORD$}assumed: {}", "", quoted(assumption));
            }
        }
    }
    out
}

/// The findings of a file in the order of their places. The engine has them in the order they were fixed.
pub(super) fn sorted(outcome: &Outcome) -> Vec<&Report> {
    let mut reports: Vec<_> = outcome.reports.iter().collect();
    reports.sort_by_key(|report| (report.span.start, report.transform, report.id));
    reports
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

fn quoted(text: &str) -> String {
    visible(&mask_text(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_what_matters() {
        let mut summary = Summary { files: 1, ..Summary::default() };
        assert_eq!(summary.line(false), "1 file: nothing to change");
        summary.failed = 1;
        assert_eq!(summary.line(false), "1 file: 1 not handled");
        summary = Summary {
            files: 4,
            changed: 2,
            failed: 1,
            fixed: BTreeMap::from([("add-to-copy", 1), ("pin-digest", 2)]),
            offered: BTreeMap::from([(Level::Review, 1), (Level::Suggest, 2)]),
            refused: 1,
        };
        assert_eq!(
            summary.line(true),
            "4 files: 2 changed (add-to-copy 1, pin-digest 2); --level review would make 1 more fix; \
             --level suggest would make 3 more fixes; 1 finding left alone; 1 not handled"
        );
    }
}
