//! Errors that quote the source.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use dockerfile_syntax::{Dockerfile, SyntaxError};
use harden_core::redact;

use super::visible;

/// Errors shown per file; a template has one on nearly every line.
const SHOWN: usize = 3;

/// Renders the errors of an invalid Dockerfile with the lines they stand on. Secrets are masked.
pub fn invalid(path: &str, file: &Dockerfile, colour: bool) -> String {
    let path = &*visible(path);
    let mut out = String::new();
    for error in file.errors().iter().take(SHOWN) {
        out.push_str(&one(path, file, error, colour));
        out.push('\n');
    }
    let more = file.errors().len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(out, "{path}: and {more} more error{}", if more == 1 { "" } else { "s" });
    }
    out
}

fn one(path: &str, file: &Dockerfile, error: &SyntaxError, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let at = file.line_col(error.span.start);
    let title = visible(&redact::mask_error(file, error)).into_owned();
    let line = redact::mask_line(file, at.line);
    let source = visible(&line);
    let label = error.kind.help().map(|help| shown(&help));
    let range = mark(file, error, at.line, &source);
    let snippet = Snippet::source(&*source).line_start(at.line as usize).path(path);
    let mut annotation = AnnotationKind::Primary.span(range);
    if let Some(label) = &label {
        annotation = annotation.label(label.as_str());
    }
    let group = Level::ERROR.primary_title(title).element(snippet.annotation(annotation));
    format!("{}\n", renderer.render(&[group]))
}

fn shown(message: &str) -> String {
    visible(&redact::mask_text(message)).into_owned()
}

/// The part of the shown line to underline: all of it when it no longer has the columns of the source, because
/// something in it is masked or made visible.
fn mark(file: &Dockerfile, error: &SyntaxError, line: u32, shown: &str) -> std::ops::Range<usize> {
    let whole = 0..shown.len();
    let Some(span) = file.line_span(line).filter(|&span| file.slice(span) == shown) else { return whole };
    let start = error.span.start.clamp(span.start, span.end) - span.start;
    let end = error.span.end.clamp(span.start, span.end) - span.start;
    if start >= end { whole } else { start as usize..end as usize }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_where_and_what_to_do() {
        let file = Dockerfile::parse("FROM alpine\n  RUNN apk add curl\n");
        let text = invalid("docker/Dockerfile", &file, false);
        for part in
            ["unknown instruction", "docker/Dockerfile:2:3", "RUNN apk add curl", "^^^^", "did you mean RUN?"]
        {
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
        assert!(!invalid("Dockerfile\u{1b}]0;x", &file, false).contains('\u{1b}'));
    }
}
