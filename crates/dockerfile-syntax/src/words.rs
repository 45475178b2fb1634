//! Splitting arguments into words, the two ways BuildKit does it.

use crate::logical::LRange;

/// BuildKit's token separators; other Unicode blanks are part of a word.
pub(crate) fn is_separator(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x0b | 0x0c | b'\r' | b' ')
}

/// The range of `text` without the blanks (Unicode `White_Space`) at its ends.
pub(crate) fn trim(text: &str, range: LRange) -> LRange {
    let slice = &text[range.start as usize..range.end as usize];
    let start = range.start + (slice.len() - slice.trim_start().len()) as u32;
    let end = start + slice.trim().len() as u32;
    start..end
}

/// Words between runs of separators (`parseStringsWhitespaceDelimited`).
pub(crate) fn split_separators(text: &str, range: &LRange) -> Vec<LRange> {
    let bytes = &text.as_bytes()[range.start as usize..range.end as usize];
    let mut words = Vec::with_capacity(4);
    let mut start = 0;
    let mut at = 0;
    while at < bytes.len() {
        if is_separator(bytes[at]) {
            words.push(range.start + start as u32..range.start + at as u32);
            while at < bytes.len() && is_separator(bytes[at]) {
                at += 1;
            }
            start = at;
        } else {
            at += 1;
        }
    }
    if range.start < range.end {
        words.push(range.start + start as u32..range.end);
    }
    words
}

/// Words that quotes and the escape character may hold together (`parseWords`), for ENV, LABEL and ARG.
///
/// Quotes and escapes stay in the words. A lone escape character at the very end is dropped.
pub(crate) fn split_quoted(text: &str, range: &LRange, escape: char) -> Vec<LRange> {
    let slice = &text[range.start as usize..range.end as usize];
    let mut words = Vec::with_capacity(2);
    let mut quote: Option<char> = None;
    let mut start: Option<usize> = None;
    let mut end = slice.len();
    let mut chars = slice.char_indices();
    while let Some((at, ch)) = chars.next() {
        let begin = match start {
            None if ch.is_whitespace() => continue,
            None => *start.insert(at),
            Some(begin) => begin,
        };
        match quote {
            None if ch.is_whitespace() => {
                words.push(range.start + begin as u32..range.start + at as u32);
                start = None;
                continue;
            }
            None if ch == '\'' || ch == '"' => quote = Some(ch),
            Some(open) if ch == open => quote = None,
            _ => {}
        }
        if ch == escape && quote != Some('\'') && chars.next().is_none() {
            end = at;
        }
    }
    if let Some(begin) = start
        && begin < end
    {
        words.push(range.start + begin as u32..range.start + end as u32);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> Vec<&str> {
        split_quoted(text, &(0..text.len() as u32), '\\')
            .into_iter()
            .map(|word| &text[word.start as usize..word.end as usize])
            .collect()
    }

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(quoted(r#"a="b c" d='e f' g=h\ i"#), [r#"a="b c""#, "d='e f'", r"g=h\ i"]);
        assert_eq!(quoted(r#"a="b\" c" d"#), [r#"a="b\" c""#, "d"]);
        assert_eq!(quoted(r"a='b\' c"), [r"a='b\'", "c"]);
        assert_eq!(quoted(r"a=b\"), ["a=b"]);
        assert_eq!(quoted(r"\"), Vec::<&str>::new());
        assert_eq!(quoted("  "), Vec::<&str>::new());
        assert_eq!(quoted("a=\"open b"), ["a=\"open b"]);
    }

    #[test]
    fn separators_are_not_all_unicode_blanks() {
        let text = "a \t b\u{a0}c";
        let words: Vec<_> = split_separators(text, &(0..text.len() as u32))
            .into_iter()
            .map(|word| &text[word.start as usize..word.end as usize])
            .collect();
        assert_eq!(words, ["a", "b\u{a0}c"]);
    }
}
