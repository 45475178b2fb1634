//! Files of secrets in a folder that is copied: `COPY . .` with a `.env` in it.

use harden_core::syntax::{Flag, Instruction, Span};
use harden_core::{Context, Finding, ListedKind, Verdict, Why, redact};

use super::content::{self, Content};
use super::{ID, names};

/// Most files of one folder whose content is read.
const MAX_READ: usize = 16;

/// Most names in one message.
const MAX_NAMED: usize = 3;

/// What a COPY or ADD of folders brings with it. Only content that was read counts: the names alone are in every
/// repository.
pub(super) fn find(ctx: &Context<'_>, instruction: Instruction<'_>) -> Option<Finding> {
    let arguments = instruction.copy().filter(|_| instruction.flag("from").is_none())?;
    let mut brought = Vec::new();
    let mut read = 0;
    let mut place: Option<Span> = None;
    for source in &arguments.sources {
        // A file that is named is looked at by itself, and a pattern names no folder.
        let is_other = source.is_heredoc() || source.text.contains(['*', '?', '[', '$', ':', '@']);
        if is_other || names::judge(&source.text).is_some() {
            continue;
        }
        let Ok(listing) = ctx.context_listing(&source.text) else { continue };
        let files = listing.entries.iter().filter(|entry| entry.kind == ListedKind::File);
        for entry in files.filter(|entry| names::judge(&entry.path).is_some()) {
            read += 1;
            if read > MAX_READ {
                break;
            }
            if matches!(content::look(ctx, &entry.path), Content::Secret(_))
                && !excluded(instruction, &entry.path)
            {
                place.get_or_insert(source.token.span());
                brought.push(redact::mask_text(&entry.path).into_owned());
            }
        }
    }
    let span = place?;
    let keyword = instruction.keyword().as_str();
    let more = brought.len().saturating_sub(MAX_NAMED);
    let mut listed: Vec<String> = brought.iter().take(MAX_NAMED).map(|path| format!("`{path}`")).collect();
    if more > 0 {
        listed.push(format!("{more} more"));
    }
    let names = super::super::report::listed(listed.iter().map(String::as_str));
    let what = if brought.len() == 1 { "a file that holds a secret" } else { "files that hold secrets" };
    let message = format!("{keyword} brings {names} into the image, {what}");
    let why = "it copies a whole folder: exclude the file in `.dockerignore`, and replace the secret if an image was \
               ever pushed";
    Some(Finding::new(ID, span, message, Verdict::Refused(Why::new("in-folder", why))))
}

/// Whether `--exclude` names the file plainly. Patterns are not read: the finding asks a person to look.
fn excluded(instruction: Instruction<'_>, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let patterns = instruction.flags().filter(|flag| flag.name() == "exclude").filter_map(Flag::value);
    patterns.into_iter().any(|pattern| pattern == path || pattern.trim_start_matches("**/") == name)
}
