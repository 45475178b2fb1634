//! Words of a command line, seen flat: quotes, brackets and commas are blanks, so that the shell form, the exec form
//! and a command inside a string give the same words.

use std::ops::Range;

use dockerfile_syntax::Keyword;

/// A word, or a byte that ends a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A word without the punctuation around it.
    Word(Range<usize>),
    /// `;`, `|`, `&`, `(`, `)`, a backtick or a newline.
    Break(u8, usize),
}

/// Reads words from a position that the caller may move forward.
pub(super) struct Words<'a> {
    bytes: &'a [u8],
    /// Where the next word is looked for.
    pub(super) at: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Words { bytes: text.as_bytes(), at: 0 }
    }
}

impl Iterator for Words<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if is_break(byte) {
                self.at += 1;
                return Some(Item::Break(byte, self.at - 1));
            }
            if is_blank(byte) {
                self.at += 1;
                continue;
            }
            // `\necho`: a line of a script inside a string.
            if byte == b'\\' && matches!(self.bytes.get(self.at + 1), Some(b'n' | b't' | b'r')) {
                self.at += 2;
                continue;
            }
            let start = self.at;
            while self.bytes.get(self.at).is_some_and(|&byte| !is_break(byte) && !is_blank(byte)) {
                self.at += 1;
            }
            let mut end = self.at;
            while end > start && matches!(self.bytes[end - 1], b',' | b'\\') {
                end -= 1;
            }
            if end > start {
                return Some(Item::Word(start..end));
            }
        }
    }
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b';' | b'|' | b'&' | b'(' | b')' | b'`' | b'\n')
}

fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'[' | b']' | b'{' | b'}')
}

/// The part of a word behind its last `=`, for a command that is somebody's value: `A=mysql …`.
pub(super) fn tail(text: &str, word: &Range<usize>) -> Range<usize> {
    match text[word.clone()].rfind('=') {
        Some(at) if word.start + at + 1 < word.end => word.start + at + 1..word.end,
        _ => word.clone(),
    }
}

/// Where the argument after a word begins, through closing quotes, commas and blanks: `x y`, `"x", "y"`, `\"x\" y`.
pub(super) fn argument_after(text: &str, end: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = end;
    while matches!(bytes.get(at), Some(b'"' | b'\'' | b'\\' | b',')) {
        at += 1;
    }
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b',')) {
        at += 1;
    }
    let begins = bytes.get(at).is_some_and(|&byte| !is_break(byte) || byte == b'`');
    (at > end && begins).then_some(at)
}

/// Whether the command is still to come after this word: a Dockerfile keyword, an assignment, a flag, a shell keyword
/// or a command that runs another one.
pub(super) fn is_before_command(word: &str) -> bool {
    let wrapper = [
        "!", "$", "@", "#", "do", "else", "env", "exec", "gosu", "if", "nice", "nohup", "sh", "bash", "ash",
        "su", "sudo", "then", "time", "until", "while", "xargs", "root", "cmd", "/c", "/C", "NONE",
    ];
    word.starts_with('-')
        || word.contains('=')
        || Keyword::parse(word) != Keyword::Unknown
        || wrapper.contains(&base_name(word))
}

/// The last part of a path.
pub(super) fn base_name(word: &str) -> &str {
    let slash = word.bytes().rposition(|byte| matches!(byte, b'/' | b'\\'));
    slash.map_or(word, |slash| &word[slash + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_have_the_same_words() {
        let read = |text: &'static str| {
            Words::new(text)
                .filter_map(|item| match item {
                    Item::Word(range) => Some(&text[range]),
                    Item::Break(..) => None,
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(read(r#"["mysql", "-u","root", "-pfake"]"#), ["mysql", "-u", "root", "-pfake"]);
        assert_eq!(read("mysql -u root '-pfake'"), ["mysql", "-u", "root", "-pfake"]);
        assert_eq!(read(r#"sh -c "mysql \"-pfake\"; x""#), ["sh", "-c", "mysql", "-pfake", "x"]);
    }

    #[test]
    fn arguments() {
        let after = |text: &'static str, word: &str| argument_after(text, word.len()).map(|at| &text[at..]);
        assert_eq!(after("-p x", "-p"), Some("x"));
        assert_eq!(after("-p\", \"x\"", "-p"), Some("\"x\""));
        assert_eq!(after("-p; x", "-p"), None);
        assert_eq!(after("-p ; x", "-p"), None);
        assert_eq!(after("-px", "-p"), None);
    }
}
