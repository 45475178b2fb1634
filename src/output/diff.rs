//! Unified diffs that `git apply` and `patch -p1` turn into exactly the new text.
//!
//! A line ends at `\n` and nowhere else: lone carriage returns, form feeds and Unicode line separators belong to the
//! line they stand in, as they do for git and patch(1). `similar`'s own line splitter also cuts at a lone `\r`, so the
//! text is split here and only the comparison is left to `similar`.
//!
//! Formats: "diff format for merges / git-diff" (`git help diff-format`) for the headers, POSIX `diff -u` for hunks.

mod mask;
mod path;

use std::fmt::Write as _;
use std::ops::Range;

use console::Style;
use similar::udiff::UnifiedHunkHeader;
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use super::visible;
use mask::Mask;

/// More changed lines than this (both sides together, after the common start and end are set aside) are shown as one
/// replaced block. A count and not a deadline, so that the same input gives the same patch on every machine.
const MAX_COMPARED_LINES: usize = 1_000_000;
/// Keeps the arithmetic on the context width far from overflow.
const MAX_CONTEXT_LINES: usize = 1 << 20;

/// One file before and after. There is no `Debug`, because the texts may hold secrets.
#[derive(Clone, Copy)]
pub struct FileDiff<'a> {
    /// Path relative to the folder the patch is applied in, separated by `/` on every platform, without `a/` or `b/`.
    pub path: &'a str,
    /// Text before the change; `None` when the file does not exist yet.
    pub before: Option<&'a str>,
    /// Text after the change.
    pub after: &'a str,
}

/// Whether the diff is meant for a program or for a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffStyle {
    /// Every byte of the file as it is: the patch applies.
    Plain,
    /// ANSI colours around whole lines, whatever the terminal is. Characters that could drive or deceive the terminal
    /// (escape sequences, a carriage return that is not part of a line ending, text direction overrides) are shown as
    /// visible symbols. For a text without any, removing the colour codes gives the plain diff.
    Colour,
}

/// Where secrets stand. They are masked as `********` wherever they would be printed.
///
/// Other places with the same value are masked too, on both sides, when the value has at least four bytes; a shorter
/// one would blank out ordinary text and is masked only at the given place. Ranges outside the text are cut to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Secrets<'a> {
    /// Byte ranges in [`FileDiff::before`].
    pub before: &'a [Range<usize>],
    /// Byte ranges in [`FileDiff::after`].
    pub after: &'a [Range<usize>],
}

/// How a diff is shown.
#[derive(Clone, Copy, Debug)]
pub struct DiffOptions<'a> {
    /// Unchanged lines around each change. 3 is what git and patch(1) expect; `git apply` refuses hunks without any
    /// unless told `--unidiff-zero`.
    pub context_lines: usize,
    /// Plain or coloured. The caller decides; the terminal and the environment are never asked.
    pub style: DiffStyle,
    /// Masks these secrets. A diff in which something was masked is for reading only: it does not apply, or (when the
    /// masked line is an added one) it would write the mask into the file.
    pub redact: Option<Secrets<'a>>,
}

impl Default for DiffOptions<'_> {
    fn default() -> Self {
        DiffOptions { context_lines: 3, style: DiffStyle::Plain, redact: None }
    }
}

/// Renders the change to one file as a patch with git's headers; empty when nothing changed.
///
/// Diffs of several files are one patch when written one after the other. The result depends on the arguments only.
pub fn unified(diff: &FileDiff<'_>, options: &DiffOptions<'_>) -> String {
    if diff.before == Some(diff.after) {
        return String::new();
    }
    let before = Lines::of(diff.before.unwrap_or_default());
    let after = Lines::of(diff.after);
    let mut output = Output {
        text: String::new(),
        colour: options.style == DiffStyle::Colour,
        mask: options.redact.map(|secrets| Mask::new(diff.before.unwrap_or_default(), diff.after, &secrets)),
    };
    output.header(diff);
    let context = options.context_lines.min(MAX_CONTEXT_LINES);
    for hunk in group_diff_ops(compare(&before.texts, &after.texts), context) {
        if !hunk.is_empty() {
            output.hunk(&hunk, &before, &after);
        }
    }
    output.text
}

/// A text cut after each `\n`; every line keeps its ending.
struct Lines<'a> {
    texts: Vec<&'a str>,
    /// Byte offset of each line in the text.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let texts: Vec<&str> = text.split_inclusive('\n').collect();
        let starts = texts
            .iter()
            .scan(0, |next, line| {
                let start = *next;
                *next += line.len();
                Some(start)
            })
            .collect();
        Lines { texts, starts }
    }
}

/// Patience, because its anchors are lines that occur once (instructions) rather than blank lines and `&& \`, and
/// because it stays near linear when edits are scattered over a long file, where histogram is quadratic.
fn compare(before: &[&str], after: &[&str]) -> Vec<DiffOp> {
    let prefix = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    let (old, new) = (&before[prefix..], &after[prefix..]);
    let suffix = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old_len, new_len) = (old.len() - suffix, new.len() - suffix);
    if old_len + new_len <= MAX_COMPARED_LINES {
        return capture_diff_slices(Algorithm::Patience, before, after);
    }
    let mut ops = Vec::with_capacity(3);
    if prefix > 0 {
        ops.push(DiffOp::Equal { old_index: 0, new_index: 0, len: prefix });
    }
    ops.push(DiffOp::Replace { old_index: prefix, old_len, new_index: prefix, new_len });
    if suffix > 0 {
        ops.push(DiffOp::Equal { old_index: prefix + old_len, new_index: prefix + new_len, len: suffix });
    }
    ops
}

struct Output {
    text: String,
    colour: bool,
    mask: Option<Mask>,
}

impl Output {
    fn header(&mut self, diff: &FileDiff<'_>) {
        let bold = Style::new().bold();
        let (old, new) = (path::quoted("a/", diff.path), path::quoted("b/", diff.path));
        self.meta(&bold, &format!("diff --git {old} {new}"));
        if diff.before.is_none() {
            self.meta(&bold, "new file mode 100644");
        }
        // git writes neither names nor hunks for an empty new file.
        if diff.before.is_none() && diff.after.is_empty() {
            return;
        }
        // A tab ends a name with spaces, which patch(1) would otherwise cut at the first space.
        let tab = if diff.path.contains(' ') { "\t" } else { "" };
        let old = if diff.before.is_none() { "/dev/null".to_owned() } else { format!("{old}{tab}") };
        self.meta(&bold, &format!("--- {old}"));
        self.meta(&bold, &format!("+++ {new}{tab}"));
    }

    fn hunk(&mut self, ops: &[DiffOp], before: &Lines<'_>, after: &Lines<'_>) {
        self.meta(&Style::new().cyan(), &UnifiedHunkHeader::new(ops).to_string());
        for op in ops {
            let (old, new) = (op.old_range(), op.new_range());
            if let DiffOp::Equal { .. } = op {
                for (old, new) in old.zip(new) {
                    self.line(' ', before.texts[old], Some(before.starts[old]), Some(after.starts[new]));
                }
                continue;
            }
            for old in old {
                self.line('-', before.texts[old], Some(before.starts[old]), None);
            }
            for new in new {
                self.line('+', after.texts[new], None, Some(after.starts[new]));
            }
        }
    }

    fn line(&mut self, sign: char, line: &str, old_start: Option<usize>, new_start: Option<usize>) {
        let ended = line.ends_with('\n');
        let content = line.strip_suffix('\n').unwrap_or(line);
        // Only a carriage return before `\n` is part of a line ending.
        let (content, ending) = match content.strip_suffix('\r') {
            Some(content) if ended => (content, "\r"),
            _ => (content, ""),
        };
        let masked = self.mask.as_ref().and_then(|mask| mask.apply(content, old_start, new_start));
        let content = masked.as_deref().unwrap_or(content);
        if self.colour {
            let style = match sign {
                '-' => Style::new().red(),
                '+' => Style::new().green(),
                _ => Style::new(),
            };
            self.meta(&style, &format!("{sign}{}{ending}", visible(content)));
        } else {
            self.text.push(sign);
            self.text.push_str(content);
            self.text.push_str(ending);
            self.text.push('\n');
        }
        if !ended {
            self.text.push_str("\\ No newline at end of file\n");
        }
    }

    fn meta(&mut self, style: &Style, line: &str) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.text, "{}", style.clone().force_styling(self.colour).apply_to(line));
    }
}

#[cfg(test)]
mod tests;
