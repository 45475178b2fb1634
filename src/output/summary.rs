//! The numbers of a run.

use std::collections::BTreeMap;

use harden_core::{Disposition, Level, Outcome};

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
    /// Files beside Dockerfiles with changes.
    pub beside: usize,
    /// Files beside Dockerfiles that could not be written.
    pub beside_failed: usize,
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
        self.beside += other.beside;
        self.beside_failed += other.beside_failed;
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
        if self.beside > 0 {
            let verb = if written { "written" } else { "to write" };
            parts.push(format!("{} beside them {verb}", counted(self.beside, "file")));
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
        if self.beside_failed > 0 {
            parts.push(format!("{} beside them not written", counted(self.beside_failed, "file")));
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
            beside: 3,
            beside_failed: 1,
        };
        assert_eq!(
            summary.line(true),
            "4 files: 2 changed (add-to-copy 1, pin-digest 2); 3 files beside them written; --level \
             review would make 1 more fix; --level suggest would make 3 more fixes; 1 finding left alone; 1 not handled; 1 file \
             beside them not written"
        );
    }
}
