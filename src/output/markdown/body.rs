//! Puts the body together.

use std::fmt::Write as _;

use super::super::summary::Summary;
use super::{Body, List, MAX_CHARS, MAX_ITEMS, Section, sentence};

impl Body {
    /// The whole text. `written`: the changes were made.
    pub fn end(&self, summary: &Summary, written: bool) -> String {
        let fits = |text: &String| text.chars().count() <= MAX_CHARS;
        // The most entries of each list for which there is room.
        let (mut low, mut high) = (0, MAX_ITEMS);
        let mut out = self.render(summary, written, high);
        if fits(&out) {
            return out;
        }
        out = self.render(summary, written, low);
        if fits(&out) {
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                let text = self.render(summary, written, middle);
                if fits(&text) {
                    (low, out) = (middle, text);
                } else {
                    high = middle;
                }
            }
            return out;
        }
        // Even without entries too long: there is no telling which part matters least.
        let end = out.char_indices().nth(MAX_CHARS - 200).map_or(out.len(), |(end, _)| end);
        out.truncate(out.get(..end).and_then(|text| text.rfind('\n')).map_or(0, |end| end + 1));
        out.push_str("\nThe rest is left out: a pull request has no room for it.\n");
        out
    }

    fn render(&self, summary: &Summary, written: bool, limit: usize) -> String {
        let mut page = Page { out: String::new(), limit, cut: 0 };
        page.out.push_str("## Harden Dockerfiles\n\n");
        page.line(&headline(summary, written));
        if !self.rows.entries.is_empty() {
            page.out.push_str("\n| File | Changes | Left alone |\n|---|---|---|\n");
            page.rows(&self.rows);
        }
        if self.companions.count > 0 {
            page.out.push_str("\nFiles beside them:\n\n");
            page.list(&self.companions);
        }
        // In the order they run, which is the order of the changes.
        let all = harden_transforms::all().iter().chain(harden_transforms::update());
        for meta in all.map(|one| one.meta()) {
            if let Some(section) = self.sections.get(meta.name).filter(|one| !one.is_empty()) {
                page.section(meta.name, meta.summary, meta.doc, section);
            }
        }
        if self.remarks.count > 0 {
            page.out.push_str("\n## Beside the Dockerfiles\n\n");
            page.list(&self.remarks);
        }
        if self.failed.count > 0 {
            page.out.push_str("\n## Not handled\n\n");
            page.list(&self.failed);
        }
        if self.problems.count > 0 {
            page.out.push_str("\n## Problems\n\n");
            page.list(&self.problems);
        }
        if summary.changed > 0 {
            page.out.push_str(CHECKED);
        }
        page.out.push_str(OPT_OUT);
        if page.cut > 0 {
            let entries = if page.cut == 1 { "entry is" } else { "entries are" };
            let _ = writeln!(
                page.out,
                "\n{} {entries} left out, because a pull request has room for 65,536 characters; `harden --diff` and \
                 `--format json` show everything.",
                page.cut
            );
        }
        page.out
    }
}

const CHECKED: &str = "\n## How this was checked\n\n\
    Each file was read again after each step: it is still valid, every comment and directive is there, every byte outside \
    the changes is as it was, stages and targets still resolve, and a second run changes nothing. No image was built: that \
    is left to the builds of this repository.\n\n\
    - `safe`: the image has the same content and behaves the same, proved from the file, its build context and the registry.\n\
    - `review`: hardens by design; every precondition was checked and no known hazard was found.\n\
    - `suggest`: a hazard was found or a fact is missing. The entry names it; somebody has to decide.\n";

const OPT_OUT: &str = "\n## How to opt out\n\n\
    - One instruction: `# harden: ignore=NAME reason` on the line above it. The whole file: `# harden: ignore-file=NAME reason`.\n\
    - The repository: `skip = [\"NAME\"]` in `harden.toml`, also for some files only.\n\
    - One run: `--skip NAME`.\n\n\
    `NAME` is the name of a section above. `harden explain NAME` says more about it.\n";

fn headline(summary: &Summary, written: bool) -> String {
    format!("{}.", summary.line(written))
}

impl Section {
    fn is_empty(&self) -> bool {
        self.fixed.count + self.offered.count + self.refused.count == 0
    }
}

/// A body with a number of entries for each list.
struct Page {
    out: String,
    limit: usize,
    /// Entries that are not shown.
    cut: usize,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn list(&mut self, list: &List) {
        for entry in list.entries.iter().take(self.limit) {
            let _ = writeln!(self.out, "- {entry}");
        }
        let more = list.count - list.entries.len().min(self.limit);
        if more > 0 {
            let _ = writeln!(self.out, "- and {more} more");
            self.cut += more;
        }
    }

    fn rows(&mut self, list: &List) {
        // A row is a fraction of an entry.
        let limit = self.limit.saturating_mul(2);
        list.entries.iter().take(limit).for_each(|row| self.line(row));
        let more = list.count - list.entries.len().min(limit);
        if more > 0 {
            let _ = writeln!(self.out, "| and {more} more | | |");
            self.cut += more;
        }
    }

    fn section(&mut self, name: &str, summary: &str, doc: &str, section: &Section) {
        let _ = writeln!(self.out, "\n## {name}\n\n{}.", sentence(summary));
        if let Some(why) = why(doc) {
            let _ = writeln!(self.out, "\n{why}");
        }
        for (title, list) in [
            ("Changes", &section.fixed),
            ("What people have to do", &section.todo),
            ("Not done: needs a higher `--level`", &section.offered),
            ("Not done: left to a person", &section.refused),
        ] {
            if list.count > 0 {
                let _ = writeln!(self.out, "\n### {title}\n");
                self.list(list);
            }
        }
        if !section.rules.is_empty() {
            let rules: Vec<_> = section.rules.iter().map(|(tool, id)| format!("{tool} {id}")).collect();
            let _ = writeln!(self.out, "\nAlso found by: {}.", rules.join(", "));
        }
    }
}

/// The first paragraph of "Why" on a page.
pub(crate) fn why(doc: &str) -> Option<String> {
    let (_, rest) = doc.split_once("\n## Why\n")?;
    let paragraph: Vec<&str> =
        rest.trim_start().lines().take_while(|line| !line.is_empty() && !line.starts_with('#')).collect();
    (!paragraph.is_empty()).then(|| paragraph.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::markdown::FilePart;

    #[test]
    fn a_body_has_room_in_a_pull_request() {
        let mut body = Body::default();
        for file in 0..20_000 {
            let mut part =
                FilePart { row: Some(format!("| `{file}/Dockerfile` | x | 0 |")), ..FilePart::default() };
            for transform in harden_transforms::all() {
                let section = part.sections.entry(transform.meta().name).or_default();
                for list in
                    [&mut section.fixed, &mut section.offered, &mut section.refused, &mut section.todo]
                {
                    list.push(format!("`{file}/Dockerfile:1`: {}", "é".repeat(250)));
                }
            }
            body.file(part);
        }
        let summary = Summary { files: 20_000, changed: 20_000, ..Summary::default() };
        let text = body.end(&summary, true);
        assert!(text.chars().count() <= MAX_CHARS, "{}", text.chars().count());
        assert!(text.contains("entries are left out"), "{text}");
        for part in ["## How to opt out", "## How this was checked", "and 19"] {
            assert!(text.contains(part), "{part}");
        }
        for transform in harden_transforms::all() {
            assert!(text.contains(&format!("\n## {}\n", transform.meta().name)));
        }
    }

    #[test]
    fn every_page_says_why() {
        for transform in harden_transforms::all().iter().chain(harden_transforms::update()) {
            assert!(
                why(transform.meta().doc).is_some_and(|text| text.len() > 20),
                "{}",
                transform.meta().name
            );
        }
    }
}
