//! The report as the body of a pull request.
//!
//! GitHub takes 65,536 characters; a body has at most [`MAX_CHARS`], and says how much of it was cut.

mod body;
mod escape;

use std::collections::{BTreeMap, BTreeSet};

use dockerfile_syntax::Dockerfile;
use harden_core::{ForeignRule, redact};

pub(crate) use self::body::why;
use self::escape::{code, prose};
use super::text::notes::Notes;
use super::text::quoted;
use super::view::{Name, Told, View};

/// Most characters of a body.
pub const MAX_CHARS: usize = 60_000;
/// Entries of a list, and files, that are remembered; a body has room for fewer.
const MAX_ITEMS: usize = 300;
const MAX_FILES: usize = 500;
/// Hazards and assumptions below an entry, notes below a file.
const LISTED: usize = 3;

/// Entries of one kind.
#[derive(Debug, Default)]
struct List {
    entries: Vec<String>,
    /// How many there are, with those that are not remembered.
    count: usize,
}

impl List {
    fn push(&mut self, entry: String) {
        self.count += 1;
        if self.entries.len() < MAX_ITEMS {
            self.entries.push(entry);
        }
    }

    fn add(&mut self, other: Self) {
        let count = self.count + other.count;
        other.entries.into_iter().for_each(|entry| self.push(entry));
        self.count = count;
    }
}

/// What one transform did and left.
#[derive(Debug, Default)]
struct Section {
    fixed: List,
    offered: List,
    refused: List,
    todo: List,
    /// Levels of fixes that are made.
    levels: BTreeSet<&'static str>,
    /// Rules of other tools about what is fixed.
    rules: BTreeSet<(&'static str, &'static str)>,
}

impl Section {
    fn add(&mut self, other: Self) {
        self.fixed.add(other.fixed);
        self.offered.add(other.offered);
        self.refused.add(other.refused);
        self.todo.add(other.todo);
        self.levels.extend(other.levels);
        self.rules.extend(other.rules);
    }
}

/// What one file adds to the body.
#[derive(Debug, Default)]
pub struct FilePart {
    /// A row of the table of files, when there is something to say about it.
    row: Option<String>,
    sections: BTreeMap<&'static str, Section>,
    failed: Option<String>,
    companion: Option<String>,
}

impl FilePart {
    /// A file that was handled.
    pub fn new(view: &View<'_>) -> Self {
        let mut part = Self::default();
        let mut notes = Notes::default();
        let mut fixed: BTreeMap<&str, usize> = BTreeMap::new();
        let mut left = 0;
        for told in view.told() {
            let report = told.report;
            let section = part.sections.entry(report.transform).or_default();
            let entry = entry(view, &told);
            match told.masked.disposition {
                "fixed" => {
                    *fixed.entry(report.transform).or_default() += 1;
                    section.fixed.push(entry);
                    section.levels.extend(told.masked.level);
                    section.rules.extend(foreign(report.id).iter().map(|rule| (rule.tool, rule.id)));
                    for note in notes.of(&report.notes, LISTED) {
                        let command = note.command.map(|text| format!(" {}", code(&quoted(&text))));
                        section.todo.push(format!(
                            "{}: {}{}",
                            code(&quoted(&view.name.path)),
                            prose(&quoted(&note.message)),
                            command.unwrap_or_default()
                        ));
                    }
                }
                "offered" => {
                    left += 1;
                    section.offered.push(entry);
                }
                "refused" => {
                    left += 1;
                    section.refused.push(entry);
                }
                _ => {}
            }
        }
        if !fixed.is_empty() || left > 0 {
            let fixes: Vec<_> = fixed.iter().map(|(name, count)| format!("{name} {count}")).collect();
            let fixes = if fixes.is_empty() { "–".to_owned() } else { fixes.join(", ") };
            part.row = Some(format!("| {} | {fixes} | {left} |", code(&quoted(&view.name.path))));
        }
        part
    }

    /// A file BuildKit would reject.
    pub fn invalid(name: &Name, file: &Dockerfile) -> Self {
        let Some(error) = file.errors().first() else { return Self::failed(name, "it is not valid") };
        let line = file.line_col(error.span.start).line;
        Self::not_handled(format!(
            "{}: not a valid Dockerfile: {}",
            code(&format!("{}:{line}", quoted(&name.path))),
            prose(&quoted(&redact::mask_error(file, error)))
        ))
    }

    /// A file that could not be handled.
    pub fn failed(name: &Name, message: &str) -> Self {
        Self::not_handled(format!("{}: {}", code(&quoted(&name.path)), prose(&quoted(message))))
    }

    /// Adds a file beside it. `status`: `new` or `changed`.
    pub fn companion(&mut self, name: &Name, status: &str) {
        self.companion = Some(beside(name, status));
    }

    fn not_handled(failed: String) -> Self {
        Self { failed: Some(failed), ..Self::default() }
    }
}

/// An entry of a list: place, finding and reason, and below it what could break and what is taken for granted.
fn entry(view: &View<'_>, told: &Told<'_>) -> String {
    let one = &told.masked;
    let line = view.file().line_col(view.place(told.report.span).start).line;
    let place = code(&format!("{}:{line}", quoted(&view.name.path)));
    let level = one.level.map(|level| format!(" ({level})")).unwrap_or_default();
    let mut out = format!("{place}{level}: {}", prose(&quoted(&one.message)));
    if one.hazards.iter().all(|hazard| hazard.message != one.reason) {
        out.push_str(". ");
        out.push_str(&sentence(&prose(&quoted(&one.reason))));
    }
    let below = |out: &mut String, what: &str, text: &str| {
        out.push_str("\n  - ");
        out.push_str(what);
        out.push_str(&prose(&quoted(text)));
    };
    for hazard in one.hazards.iter().take(LISTED) {
        let place = match (&hazard.file, hazard.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            (Some(file), None) => file.clone(),
            (None, _) => String::new(),
        };
        let place = if place.is_empty() { place } else { format!(" {}", code(&quoted(&place))) };
        below(&mut out, &format!("{}{place}: ", code(hazard.id)), &hazard.message);
    }
    let more = one.hazards.len().saturating_sub(LISTED);
    if more > 0 {
        below(&mut out, "", &format!("{more} more hazards"));
    }
    for text in one.assumptions.iter().filter(|text| **text != one.reason).take(LISTED) {
        below(&mut out, "Assumed: ", text);
    }
    out
}

/// With a capital letter.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(rest).collect()
}

fn foreign(id: &str) -> &'static [ForeignRule] {
    let all = harden_transforms::all().iter().chain(harden_transforms::update());
    all.flat_map(|one| one.meta().findings).find(|one| one.id == id).map_or(&[], |one| one.foreign)
}

fn beside(name: &Name, status: &str) -> String {
    format!("{} ({status})", code(&quoted(&name.path)))
}

/// The body while results come in.
#[derive(Debug, Default)]
pub struct Body {
    rows: List,
    sections: BTreeMap<&'static str, Section>,
    failed: List,
    companions: List,
    problems: List,
    remarks: List,
}

impl Body {
    /// The next file.
    pub fn file(&mut self, part: FilePart) {
        if let Some(row) = part.row {
            self.rows.count += 1;
            if self.rows.entries.len() < MAX_FILES {
                self.rows.entries.push(row);
            }
        }
        for (name, section) in part.sections {
            self.sections.entry(name).or_default().add(section);
        }
        part.failed.into_iter().for_each(|one| self.failed.push(one));
        part.companion.into_iter().for_each(|one| self.companions.push(one));
    }

    /// A file beside Dockerfiles. `status`: `new` or `changed`.
    pub fn companion(&mut self, name: &Name, status: &str) {
        self.companions.push(beside(name, status));
    }

    /// Something to do beside the changes, and the lines to add to a file.
    pub fn remark(&mut self, name: &Name, message: &str, lines: Option<&str>) {
        let mut entry = format!("{}: {}", code(&quoted(&name.path)), prose(&quoted(message)));
        if let Some(lines) = lines {
            entry.push('\n');
            for line in lines.lines() {
                // Six blanks: code that belongs to the entry of the list.
                entry.push_str("\n      ");
                entry.push_str(&quoted(line));
            }
        }
        self.remarks.push(entry);
    }

    /// Something that is not about one Dockerfile.
    pub fn problem(&mut self, name: Option<&Name>, message: &str) {
        let place = name.map(|name| format!("{}: ", code(&quoted(&name.path)))).unwrap_or_default();
        self.problems.push(format!("{place}{}", prose(&quoted(message))));
    }
}
