//! Whether a command of a RUN is sure to have done what it says.

use harden_core::syntax::Span;

use crate::non_root_user::runs::{Ran, Step};

/// Whether a command may be skipped, or fail without ending the build.
pub(super) fn conditional(step: &Step<'_, '_>, one: &Ran) -> bool {
    let place = &one.command.place;
    if place.fallback || place.function.is_some() || place.background {
        return true;
    }
    let file = step.instruction.file();
    let whole = step.instruction.span();
    // `useradd app || true`
    let behind = Span::new(one.span.end.clamp(whole.start, whole.end), whole.end);
    let behind = file.text().get(behind.range()).unwrap_or_default();
    let behind = behind.trim_start_matches(|ch: char| ch.is_whitespace() || ch == '\\');
    if let Some(otherwise) = behind.strip_prefix("||") {
        let otherwise = otherwise.trim_start();
        return !(otherwise.starts_with("exit 1") || otherwise.starts_with("false"));
    }
    if !place.conditional {
        return false;
    }
    // `a && useradd app` fails with `a`, unless that is a question.
    let text = file.text().get(whole.range()).unwrap_or_default();
    let mut words = text.split(|ch: char| ch.is_whitespace() || matches!(ch, ';' | '&' | '|' | '(' | ')'));
    let keyword = words.any(|word| matches!(word, "if" | "case" | "while" | "until" | "for" | "select"));
    let asked = step.commands.iter().take_while(|before| !std::ptr::eq(*before, one)).any(|before| {
        let question = matches!(
            before.command.name(),
            Some(
                "[" | "[[" | "test" | "id" | "getent" | "grep" | "egrep" | "command" | "which" | "type" | "!"
            )
        );
        question && !before.command.place.piped && !before.command.place.subshell
    });
    keyword || asked
}
