//! Errors that quote the source.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use dockerfile_syntax::{Dockerfile, SyntaxError};
use harden_core::redact;

/// Errors shown per file; a template has one on nearly every line.
const SHOWN: usize = 3;

/// Renders the errors of an invalid Dockerfile with the lines they stand on. Secrets are masked.
pub fn invalid(path: &str, file: &Dockerfile, colour: bool) -> String {
    let mut out = String::new();
    for error in file.errors().iter().take(SHOWN) {
        out.push_str(&one(path, file, error, colour));
        out.push('\n');
    }
    let more = file.errors().len().saturating_sub(SHOWN);
    if more > 0 {
        out.push_str(&format!("{path}: and {more} more error{}\n", if more == 1 { "" } else { "s" }));
    }
    out
}

fn one(path: &str, file: &Dockerfile, error: &SyntaxError, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let at = file.line_col(error.span.start);
    let title = redact::mask_text(&error.kind.to_string()).into_owned();
    let line = redact::mask_line(file, at.line);
    let label = error.kind.help().map(|help| redact::mask_text(&help).into_owned());
    let snippet = Snippet::source(visible(&line)).line_start(at.line as usize).path(path);
    let range = mark(file, error, at.line, &line);
    let mut annotation = AnnotationKind::Primary.span(range);
    if let Some(label) = &label {
        annotation = annotation.label(label.as_str());
    }
    let group = Level::ERROR.primary_title(title).element(snippet.annotation(annotation));
    format!("{}\n", renderer.render(&[group]))
}

/// The part of the shown line to underline. A masked line no longer has the columns of the source: all of it.
fn mark(file: &Dockerfile, error: &SyntaxError, line: u32, shown: &str) -> std::ops::Range<usize> {
    let whole = 0..shown.len();
    let Some(span) = file.line_span(line).filter(|&span| file.slice(span) == shown) else { return whole };
    let start = error.span.start.clamp(span.start, span.end) - span.start;
    let end = error.span.end.clamp(span.start, span.end) - span.start;
    if visible(shown) != shown || start >= end { whole } else { start as usize..end as usize }
}

/// Control characters must not reach a terminal.
fn visible(line: &str) -> String {
    line.chars().map(|ch| if ch.is_control() && ch != '\t' { '\u{fffd}' } else { ch }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_where_and_what_to_do() {
        let file = Dockerfile::parse("FROM alpine\n  RUNN apk add curl\n");
        let text = invalid("docker/Dockerfile", &file, false);
        for part in ["unknown instruction", "docker/Dockerfile:2:3", "RUNN apk add curl", "^^^^", "did you mean RUN?"] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
    }

    #[test]
    fn many_errors_are_cut_short() {
        let file = Dockerfile::parse("{{ a }}\n{{ b }}\n{{ c }}\n{{ d }}\n{{ e }}\n");
        let text = invalid("Dockerfile", &file, false);
        assert!(text.contains("template"), "{text}");
        assert!(text.contains("and 2 more errors"), "{text}");
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        let file = Dockerfile::parse("FROM a\n\u{1b}[31mRED\n");
        assert!(!invalid("Dockerfile", &file, false).contains('\u{1b}'));
    }
}
