//! Whether a file of the build context holds secrets.

use harden_core::Context;
use harden_core::secrets::{self, Confidence};

/// What is known of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// It holds a secret, this surely.
    Secret(Confidence),
    /// It was read, and there is none.
    Harmless,
    /// It is a folder.
    Folder,
    /// It is not at hand.
    Unknown,
}

/// Longest text that is looked at, in bytes.
const MAX_TEXT: usize = 256 << 10;

/// Reads a source of the build context, where that is one plain file.
pub(super) fn look(ctx: &Context<'_>, source: &str) -> Content {
    let Ok(text) = ctx.context_text(source) else {
        let is_folder = ctx.context_source(source).is_ok_and(|found| {
            found.entries.iter().any(|entry| entry.kind == harden_core::EntryKind::Directory)
        });
        return if is_folder { Content::Folder } else { Content::Unknown };
    };
    if text.len() > MAX_TEXT {
        return Content::Unknown;
    }
    let surest = secrets::in_text(&text).into_iter().map(|found| found.confidence).max();
    match surest {
        Some(confidence @ (Confidence::High | Confidence::Medium)) => Content::Secret(confidence),
        Some(Confidence::Low) | None => Content::Harmless,
    }
}

/// Whether nothing says that what was looked at is the build context.
pub(super) fn is_guessed(ctx: &Context<'_>, source: &str) -> bool {
    ctx.context_source(source).is_ok_and(|found| found.guessed && !found.entries.is_empty())
}
