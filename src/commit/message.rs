//! What a commit says.
//!
//! Names and sentences from the repository are quoted in it. None of them may act on the forge that the commit is pushed
//! to: a mention, a reference that closes an issue (GitHub documentation, "Linking a pull request to an issue"; GitLab
//! documentation, "Default closing pattern") or a mark that skips its builds (`[skip ci]`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use harden_core::{Disposition, Meta, Report, redact};

use crate::output::markdown::why;
use crate::output::visible;

/// Characters of a line, as git's own documentation has them for a message.
const WIDTH: usize = 72;
/// Entries of a list.
const LISTED: usize = 20;
/// Characters of something that is quoted.
const MAX_QUOTED: usize = 300;

/// One Dockerfile in a commit.
pub(super) struct Part<'a> {
    /// Its name in the repository.
    pub(super) name: String,
    /// What is fixed in it.
    pub(super) reports: Vec<&'a Report>,
}

/// The message of the commit of one transform. `beside` are names of files beside Dockerfiles, and whether they are new.
pub(super) fn message(meta: &Meta, again: bool, parts: &[Part<'_>], beside: &[(String, bool)]) -> String {
    let mut out = format!("{}\n", subject(meta, again));
    if let Some(why) = why(meta.doc) {
        paragraph(&mut out, &why);
    }
    let files = parts.iter().map(|part| format!("{}: {}", quoted(&part.name), fixes(&part.reports)));
    let beside = beside.iter().map(|(name, new)| {
        let status = if *new { "new" } else { "changed" };
        format!("{}: {status}", quoted(name))
    });
    list(&mut out, "Files:", files.chain(beside).collect());
    let assumptions: BTreeSet<String> = parts
        .iter()
        .flat_map(|part| &part.reports)
        .flat_map(|report| report.assumptions.iter().map(|text| quoted(text)))
        .collect();
    list(&mut out, "Taken for granted:", assumptions.into_iter().collect());
    let name = meta.name;
    // What is to be copied stands on lines of its own, since lines are wrapped.
    let _ = write!(
        out,
        "\nTo leave an instruction as it is, write above it\n\n    # harden: ignore={name} reason\n\nand for the whole \
         repository, in harden.toml,\n\n    skip = [\"{name}\"]\n\n`harden explain {name}` says more.\n"
    );
    let found: BTreeSet<&str> = parts.iter().flat_map(|part| &part.reports).map(|report| report.id).collect();
    let rules: BTreeSet<String> = meta
        .findings
        .iter()
        .filter(|one| found.contains(one.id))
        .flat_map(|one| one.foreign)
        .map(|rule| format!("{} {}", rule.tool, rule.id))
        .collect();
    if !rules.is_empty() {
        let rules: Vec<String> = rules.into_iter().collect();
        paragraph(&mut out, &format!("Also found by: {}.", rules.join(", ")));
    }
    let _ = write!(out, "\nHarden-Transform: {name}\n");
    out
}

/// The first line: as much of the summary as fits, else the name.
fn subject(meta: &Meta, again: bool) -> String {
    let end = if again { " (again)" } else { "" };
    let room = WIDTH.saturating_sub("harden: ".len() + end.len());
    let mut summary = meta.summary;
    while summary.chars().count() > room && summary != meta.name {
        summary = summary.rsplit_once([';', ',']).map_or(meta.name, |(short, _)| short);
    }
    format!("harden: {summary}{end}")
}

/// How many fixes, and of which levels.
fn fixes(reports: &[&Report]) -> String {
    let mut levels: BTreeMap<_, usize> = BTreeMap::new();
    for report in reports {
        if let Disposition::Fixed(level, _) = &report.disposition {
            *levels.entry(*level).or_default() += 1;
        }
    }
    let levels: Vec<_> = levels.iter().map(|(level, count)| format!("{count} {}", level.as_str())).collect();
    levels.join(", ")
}

fn list(out: &mut String, title: &str, entries: Vec<String>) {
    if entries.is_empty() {
        return;
    }
    let _ = write!(out, "\n{title}\n");
    let more = entries.len().saturating_sub(LISTED);
    for entry in entries.into_iter().take(LISTED) {
        wrap(out, "- ", "  ", &entry);
    }
    if more > 0 {
        let _ = writeln!(out, "- and {more} more");
    }
}

fn paragraph(out: &mut String, text: &str) {
    out.push('\n');
    wrap(out, "", "", text);
}

/// Lines of [`WIDTH`] characters; words are not split.
fn wrap(out: &mut String, first: &str, next: &str, text: &str) {
    out.push_str(first);
    let mut column = first.chars().count();
    let mut start = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let width = word.chars().count();
        if !start && column + 1 + width > WIDTH {
            out.push('\n');
            out.push_str(next);
            column = next.chars().count();
            start = true;
        }
        if !start {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
        start = false;
    }
    out.push('\n');
}

/// Text from the repository: without secrets, one line, and nothing that a forge acts on.
pub(super) fn quoted(text: &str) -> String {
    let text = redact::mask_text(text);
    let line = text.lines().collect::<Vec<_>>().join(" ");
    let line = visible(&line);
    let mut out = String::with_capacity(line.len());
    for (count, ch) in line.chars().enumerate() {
        if count == MAX_QUOTED {
            out.push('…');
            break;
        }
        out.push(ch);
        if matches!(ch, '@' | '#' | '!' | '[') {
            // A zero-width space parts the sign from what follows.
            out.push('\u{200b}');
        }
        if ch == ':' && line.contains("://") {
            out.push('\u{200b}');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use dockerfile_syntax::Span;
    use harden_core::{Level, Why};

    use super::*;

    fn report(meta: &'static Meta, assumption: &str) -> Report {
        Report {
            transform: meta.name,
            id: meta.findings.first().map_or("", |one| one.id),
            span: Span::new(0, 0),
            message: String::new(),
            disposition: Disposition::Fixed(Level::Review, Why::new("test", "")),
            hazards: Vec::new(),
            assumptions: vec![assumption.to_owned()],
            notes: Vec::new(),
            suggestion: None,
        }
    }

    #[test]
    fn every_subject_fits_and_is_not_cut_in_a_clause() {
        for transform in harden_transforms::all().iter().chain(harden_transforms::update()) {
            let meta = transform.meta();
            for again in [false, true] {
                let subject = subject(meta, again);
                assert!(subject.chars().count() <= WIDTH, "{subject}");
                let what = subject.trim_start_matches("harden: ").trim_end_matches(" (again)");
                assert!(meta.summary.starts_with(what) || what == meta.name, "{subject}");
                assert_eq!(subject.ends_with(" (again)"), again);
            }
        }
    }

    #[test]
    fn a_message_says_what_and_why_and_how_to_opt_out() {
        for transform in harden_transforms::all() {
            let meta = transform.meta();
            let one = report(meta, "nobody needs it");
            let parts: Vec<_> = (0..25)
                .map(|index| Part {
                    name: format!("folder/{index:02}/Dockerfile"),
                    reports: vec![&one, &one],
                })
                .collect();
            let text = message(meta, false, &parts, &[("folder/.env.example".to_owned(), true)]);
            for part in [
                "\n- folder/00/Dockerfile: 2 review\n",
                "\n- and 6 more\n",
                "\nTaken for granted:\n- nobody needs it\n",
                &format!("\n    # harden: ignore={} reason\n", meta.name),
            ] {
                assert!(text.contains(part), "{part}: {text}");
            }
            assert!(text.ends_with(&format!("\n\nHarden-Transform: {}\n", meta.name)));
            for rule in meta.findings.first().into_iter().flat_map(|one| one.foreign) {
                assert!(text.contains(rule.id), "{}: {text}", rule.id);
            }
            for line in text.lines().filter(|line| line.trim().contains(' ')) {
                assert!(line.chars().count() <= WIDTH, "{line}");
            }
        }
    }

    #[test]
    fn nothing_quoted_acts_on_a_forge() {
        let text =
            "fixes #12, closes a/b!3, @octocat [skip ci]\nCo-authored-by: a https://evil.example \u{1b}[31m";
        let safe = quoted(text);
        for part in ["#12", "!3", "@octocat", "[skip", "https://", "\n", "\u{1b}"] {
            assert!(!safe.contains(part), "{part}: {safe}");
        }
        assert_eq!(quoted(&"é".repeat(5000)).chars().count(), MAX_QUOTED + 1);
        assert!(!quoted("token ghp_0123456789abcdefghijklmnopqrstuvwxyzAB").contains("ghp_0123"));
    }
}
