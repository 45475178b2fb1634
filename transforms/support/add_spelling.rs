//! The tokens that change when `ADD` becomes `COPY`.

use harden_core::syntax::{Dockerfile, Flag, Span};

/// A flag and the blanks after it on its line; the whole line when it stands there alone.
pub(crate) fn flag_with_blank(file: &Dockerfile, flag: Flag<'_>) -> Option<Span> {
    if flag.token().is_split() {
        return None;
    }
    let span = flag.token().span();
    let (before, after) = (&file.text()[..span.start as usize], &file.text()[span.end as usize..]);
    let blank = |ch: char| matches!(ch, ' ' | '\t');
    let indent = before.len() - before.trim_end_matches(blank).len();
    let line = after.find('\n').map_or("", |end| &after[..=end]);
    // The keyword stands before it, so a line that begins here continues another.
    if before[..before.len() - indent].ends_with('\n') && line.trim().strip_prefix(file.escape()) == Some("")
    {
        return Some(Span::new(span.start - indent as u32, span.end + line.len() as u32));
    }
    let blanks = after.len() - after.trim_start_matches(blank).len();
    Some(Span::new(span.start, span.end + blanks as u32))
}

/// COPY in the case the author writes keywords in.
pub(crate) fn copy_like(add: &str) -> &'static str {
    match add.as_bytes() {
        [b'a', b'd', ..] => "copy",
        [b'A', b'd', ..] => "Copy",
        _ => "COPY",
    }
}
