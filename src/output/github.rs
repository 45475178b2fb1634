//! The report as workflow commands, which GitHub Actions shows beside the lines of a pull request.
//!
//! Format and escapes: GitHub documentation, "Workflow commands for GitHub Actions", and the runner, which reads a command
//! only at the start of a line. GitHub shows ten annotations of each kind of a step; all of them stand in its log.

use std::fmt::Write as _;

use dockerfile_syntax::{Dockerfile, Span};
use harden_core::redact;

use super::severity::Severity;
use super::text::quoted;
use super::view::{Name, View};
use super::visible;

/// Errors told of one file.
const MAX_ERRORS: usize = 20;

/// A file that was handled: a command for each finding.
pub fn file(view: &View<'_>) -> String {
    let mut out = String::new();
    for told in view.told() {
        let severity = Severity::of(told.masked.disposition, view.written);
        let title = format!("{}: {}", told.report.transform, told.report.id);
        let place = Some((view.file(), view.place(told.report.span)));
        command(&mut out, severity, Some(view.name), place, &title, &told.lines(view).join("\n"));
    }
    out
}

/// A file BuildKit would reject.
pub fn invalid(name: &Name, file: &Dockerfile) -> String {
    let mut out = String::new();
    for error in file.errors().iter().take(MAX_ERRORS) {
        let mut message = quoted(&redact::mask_error(file, error));
        if let Some(help) = error.kind.help() {
            message.push('\n');
            message.push_str(&quoted(&help));
        }
        command(&mut out, Severity::Error, Some(name), Some((file, error.span)), INVALID, &message);
    }
    let more = file.errors().len().saturating_sub(MAX_ERRORS);
    if more > 0 {
        command(&mut out, Severity::Error, Some(name), None, INVALID, &format!("{more} more errors"));
    }
    out
}

const INVALID: &str = "harden: not a valid Dockerfile";

/// Something about a whole file, or about none.
pub fn remark(severity: Remark, name: Option<&Name>, message: &str) -> String {
    let mut out = String::new();
    let severity = match severity {
        Remark::Error => Severity::Error,
        Remark::Warning => Severity::Warning,
        Remark::Note => Severity::Note,
    };
    command(&mut out, severity, name, None, "harden", &quoted(message));
    out
}

/// What a remark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The run counts it as a failure.
    Error,
    /// Something that stops nothing.
    Warning,
    /// For information.
    Note,
}

fn command(
    out: &mut String,
    severity: Severity,
    name: Option<&Name>,
    place: Option<(&Dockerfile, Span)>,
    title: &str,
    message: &str,
) {
    out.push_str("::");
    out.push_str(severity.github());
    out.push(' ');
    if let Some(name) = name {
        // No annotation finds a file whose name has control characters; in the log they must not act.
        let _ = write!(out, "file={},", property(&visible(&name.path)));
    }
    if let Some((file, span)) = place {
        let found = file.text().get(span.range()).unwrap_or_default();
        let end = span.start + found.trim_end_matches(['\r', '\n']).len() as u32;
        let (start, end) = (file.line_col(span.start), file.line_col(end));
        let _ = write!(out, "line={},endLine={},", start.line, end.line);
        // Columns of different lines are not taken (REST API, "check runs").
        if start.line == end.line && start.column < end.column {
            let _ = write!(out, "col={},endColumn={},", start.column, end.column);
        }
    }
    let _ = writeln!(out, "title={}::{}", property(title), data(message));
}

/// Escapes the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_names_nor_messages_end_a_command() {
        let name = Name { path: "a,title=x::y\n::error::%0A/Dockerfile".to_owned(), inside: true };
        let out = remark(Remark::Warning, Some(&name), "100%\r\n::stop-commands::x");
        assert_eq!(out.lines().count(), 1, "{out}");
        assert!(out.starts_with(
            "::warning file=a%2Ctitle=x%3A%3Ay\u{240a}%3A%3Aerror%3A%3A%250A/Dockerfile,title=harden::100%25"
        ));
        // In a message `::` is nothing: it only counts at the start of a line.
        assert_eq!(out.matches("::").count(), 4, "{out}");
    }

    #[test]
    fn columns_are_those_of_one_line() {
        let file = Dockerfile::parse("FROM a\nRUN b \\\n  c\n");
        let mut out = String::new();
        command(&mut out, Severity::Note, None, Some((&file, Span::new(7, 18))), "t", "m");
        command(&mut out, Severity::Note, None, Some((&file, Span::new(5, 7))), "t", "m");
        assert_eq!(
            out,
            "::notice line=2,endLine=3,title=t::m\n::notice line=1,endLine=1,col=6,endColumn=7,title=t::m\n"
        );
    }
}
