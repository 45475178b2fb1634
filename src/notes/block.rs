//! Generated text between markers inside a file whose other parts belong to people.

const BEGIN: &str = "<!-- harden:begin -->";
const END: &str = "<!-- harden:end -->";
const NOTES: &str = "<!-- harden:notes ";
const CLOSE: &str = " -->";

/// A file as far as it was generated.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block<'t> {
    /// What stands before the first marker's line.
    before: &'t str,
    /// The markers and what is between them.
    own: &'t str,
    /// What follows the last marker.
    after: &'t str,
}

impl<'t> Block<'t> {
    /// Finds the markers, each alone on its line. An error is the end of a sentence about the file.
    pub(super) fn find(text: &'t str) -> Result<Self, &'static str> {
        let (mut begin, mut end) = (None, None);
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            match line.trim_start_matches('\u{feff}').trim_end() {
                BEGIN if begin.is_some() => {
                    return Err("it has more than one `harden:begin`; leave one of them");
                }
                BEGIN => begin = Some(at + line.find(BEGIN).unwrap_or(0)),
                END if end.is_some() => return Err("it has more than one `harden:end`; leave one of them"),
                END => end = Some(at + END.len()),
                _ => {}
            }
            at += line.len();
        }
        match (begin, end) {
            (None, None) => {
                Err("it was not made by harden; move it away, or put the lines `<!-- harden:begin -->` and \
                 `<!-- harden:end -->` where the notes may go")
            }
            (Some(begin), Some(end)) if begin + BEGIN.len() <= end => {
                Ok(Self { before: &text[..begin], own: &text[begin..end], after: &text[end..] })
            }
            _ => Err(
                "its markers `harden:begin` and `harden:end` do not belong together; restore the missing one",
            ),
        }
    }

    /// The notes of the last run; empty for a block that somebody has just made.
    pub(super) fn notes(&self) -> Option<&'t str> {
        let line = self.own.lines().find_map(|line| line.trim_end().strip_prefix(NOTES))?;
        line.strip_suffix(CLOSE)
    }

    /// The whole file with a new generated part, in the line endings the old one has.
    pub(super) fn with(&self, own: &str) -> String {
        let crlf = self.own.split_once('\n').is_some_and(|(line, _)| line.ends_with('\r'));
        let own = own.strip_suffix('\n').unwrap_or(own);
        let own = if crlf { own.replace('\n', "\r\n") } else { own.to_owned() };
        [self.before, &own, self.after].concat()
    }
}

/// A generated part. `notes` is one line, and `text` ends with a newline.
pub(super) fn wrap(notes: &str, text: &str) -> String {
    format!("{BEGIN}\n{NOTES}{notes}{CLOSE}\n{text}{END}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_stays_byte_for_byte() {
        let old = wrap("[1]", "old\n");
        let new = wrap("[2]", "new\ntext\n");
        for (before, after) in [("", ""), ("# Mine\r\n\n", "\n\nmore\t \r\n"), ("\u{feff}", "   no newline")]
        {
            let text = format!("{before}{}\n{after}", old.trim_end());
            let block = Block::find(&text).unwrap();
            assert_eq!(block.notes(), Some("[1]"));
            let replaced = block.with(&new);
            assert_eq!(replaced, format!("{before}{}\n{after}", new.trim_end()));
            assert_eq!(Block::find(&replaced).unwrap().with(&new), replaced);
        }
    }

    #[test]
    fn line_endings_are_kept() {
        let old = format!("a\r\n{}b\r\n", wrap("[]", "x\n").replace('\n', "\r\n"));
        let block = Block::find(&old).unwrap();
        assert_eq!(block.with(&wrap("[]", "x\n")), old);
        assert_eq!(block.with(&wrap("[]", "y\nz\n")), old.replace('x', "y\r\nz"));
        let cut = wrap("[]", "x\n").trim_end().to_owned();
        assert_eq!(Block::find(&cut).unwrap().with(&wrap("[]", "x\n")), cut, "no final newline");
    }

    #[test]
    fn other_files_are_refused() {
        let block = wrap("[]", "");
        for text in [
            "",
            "# My notes\n",
            "<!-- harden:begin -->\n",
            "<!-- harden:end -->\n<!-- harden:begin -->\n",
            "text <!-- harden:begin -->\n<!-- harden:end -->\n",
            &format!("{block}{block}"),
        ] {
            assert!(Block::find(text).is_err(), "{text}");
        }
        assert_eq!(Block::find("<!-- harden:begin -->\n<!-- harden:end -->\n").unwrap().notes(), None);
    }
}
