//! Where a value ends: a reader that accepts shell, JSON, YAML, INI and prose alike.

use std::ops::Range;

/// Bytes that end a statement when they trail an unquoted value; hiding them would only hide syntax.
const TRAILING: &[u8] = b";,)]}|&><`";

/// The value that begins at `start`, without the quotes around it.
///
/// `enclosing`: the quote that stands before the name, as in `"--password=a b"`; the value then ends with it.
/// `list`: the value is one of several (`?a=1&b=2`, `A=1;B=2`), so `&` and `;` before a further name end it.
pub(super) fn value(text: &str, start: usize, enclosing: Option<u8>, list: bool) -> Range<usize> {
    let bytes = text.as_bytes();
    if list {
        return start..list_item(bytes, start);
    }
    // `"NAME="a b""`: a quote inside the same quote, as careless messages have it.
    let doubled =
        enclosing.is_some() && bytes.get(start) == enclosing.as_ref() && bytes.get(start + 1).is_some();
    if let Some(quote) = enclosing.filter(|_| !doubled)
        && let Some(end) = closing(bytes, start, quote)
    {
        return start..end;
    }
    let escaped = usize::from(bytes.get(start) == Some(&b'\\') && is_quote(bytes.get(start + 1)));
    let Some(&quote) = bytes.get(start + escaped).filter(|byte| is_quote(Some(byte))) else {
        return start..trimmed(bytes, start, word_end(bytes, start));
    };
    let inner = start + escaped + 1;
    let Some(end) = closing(bytes, inner, quote) else { return inner..line_end(bytes, inner) };
    let after = end + 1 + usize::from(bytes.get(end) == Some(&b'\\'));
    if goes_on(bytes, after) && quote != b'`' {
        start..trimmed(bytes, start, word_end(bytes, after))
    } else {
        inner..end
    }
}

fn is_quote(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b'"' | b'\''))
}

/// Whether a shell word goes on after a closing quote: `"a"b`.
fn goes_on(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(|byte| !byte.is_ascii_whitespace() && !b";,)]}|&><`\\:\"'".contains(byte))
}

/// The closing quote, or the backslash of an escaped one when the opening one is escaped too. Quotes do not reach
/// over an empty line: an apostrophe in a sentence must not open one.
fn closing(bytes: &[u8], from: usize, quote: u8) -> Option<usize> {
    let outer_escaped = from >= 2 && bytes[from - 2] == b'\\' && bytes[from - 1] == quote;
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if bytes.get(at + 1) == Some(&quote) => {
                if outer_escaped {
                    return Some(at);
                }
                at += if quote == b'"' { 2 } else { 1 };
            }
            b'\\' if quote == b'"' => at += 2,
            b'\n' if bytes.get(at + 1) == Some(&b'\n') => return None,
            _ if byte == quote => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// The end of an unquoted word; quotes inside it hold blanks together, a quote at its end closes an outer string.
fn word_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => match bytes.get(at + 1) {
                Some(b'n' | b'r') if ends_at_newline(bytes, at + 2) => return at,
                Some(b'"' | b'\'') if !goes_on(bytes, at + 2) => return at,
                Some(b'\n') | None => return at,
                Some(_) => at += 2,
            },
            b'"' | b'\'' => {
                if !goes_on(bytes, at + 1) {
                    return at;
                }
                at = closing(bytes, at + 1, byte).map_or_else(|| line_end(bytes, at), |end| end + 1);
            }
            b';' if bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace) => return at,
            _ if byte.is_ascii_whitespace() => return at,
            _ => at += 1,
        }
    }
    at.min(bytes.len())
}

/// After `\n` inside a string: whether a new line of text begins, rather than more of the value.
fn ends_at_newline(bytes: &[u8], at: usize) -> bool {
    let rest = &bytes[at.min(bytes.len())..];
    let name = rest
        .iter()
        .take(64)
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(byte))
        .count();
    match rest.get(name) {
        Some(b'=' | b':') => name > 0,
        None | Some(b'[' | b'#' | b'\\' | b'"' | b'\'') => name == 0,
        Some(_) => false,
    }
}

/// One item of `a=1&b=2` or `A=1;B=2`: up to a separator with another name behind it, a quote, or a blank. Items of a
/// connection string may hold blanks, so there a blank ends an item only when no separator or quote follows.
fn list_item(bytes: &[u8], from: usize) -> usize {
    let connection =
        from > 0 && bytes[..from].iter().rev().take(160).find(|byte| b";?&".contains(byte)) == Some(&b';');
    let mut blank = None;
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' | b'`' => return at,
            b'\\' if is_quote(bytes.get(at + 1)) => return at,
            b'\n' | b'\r' => break,
            _ if byte.is_ascii_whitespace() => {
                blank.get_or_insert(at);
                if !connection {
                    break;
                }
                at += 1;
            }
            b'&' | b';' if is_next_name(bytes, at + 1) => return at,
            b'#' | b'>' | b')' if bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace) => break,
            _ => at += 1,
        }
    }
    blank.unwrap_or(at)
}

fn is_next_name(bytes: &[u8], at: usize) -> bool {
    let rest = &bytes[at.min(bytes.len())..];
    let name = rest
        .iter()
        .take(64)
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(byte))
        .count();
    match rest.get(name) {
        None => name == 0,
        Some(b'=') => name > 0,
        Some(byte) => name == 0 && matches!(byte, b'"' | b'\''),
    }
}

/// Without trailing syntax; a bracket stays when its partner is part of the value.
fn trimmed(bytes: &[u8], start: usize, mut end: usize) -> usize {
    let opened = |end: usize, open: u8| bytes[start..end].contains(&open);
    while end > start && TRAILING.contains(&bytes[end - 1]) {
        let keep = match bytes[end - 1] {
            b')' => opened(end, b'('),
            b']' => opened(end, b'['),
            b'}' => opened(end, b'{'),
            b'>' => opened(end, b'<'),
            b'`' => opened(end - 1, b'`'),
            _ => false,
        };
        if keep {
            break;
        }
        end -= 1;
    }
    end
}

/// The end of the line around `from`, without its line ending.
pub(super) fn line_end(bytes: &[u8], from: usize) -> usize {
    let from = from.min(bytes.len());
    bytes[from..].iter().position(|byte| matches!(byte, b'\n' | b'\r')).map_or(bytes.len(), |len| from + len)
}

/// After blanks, without leaving the line.
pub(super) fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> &str {
        &text[value(text, 0, None, false)]
    }

    #[test]
    fn values_end_where_a_reader_would_say() {
        assert_eq!(read("hunter2 more"), "hunter2");
        assert_eq!(read("hunter2; more"), "hunter2");
        assert_eq!(read("hunter2)"), "hunter2");
        assert_eq!(read("\"a b\" c"), "a b");
        assert_eq!(read("'a \"b' c"), "a \"b");
        assert_eq!(read(r#""a \" b" c"#), r#"a \" b"#);
        assert_eq!(read(r#"\"a b\" c"#), "a b");
        assert_eq!(read(r#"a"b c"d e"#), r#"a"b c"d"#);
        assert_eq!(read(r#""a b"c d"#), r#""a b"c"#);
        assert_eq!(read(r#"hunter2" > file"#), "hunter2");
        assert_eq!(read(r"a\ b c"), r"a\ b");
        assert_eq!(read(r"hunter2\nname=x"), "hunter2");
        assert_eq!(read(r"hunter2\nx"), r"hunter2\nx");
        assert_eq!(read("\"open\nnext"), "open");
        assert_eq!(read(""), "");
    }

    #[test]
    fn lists_and_enclosing_quotes() {
        let list = |text: &'static str| &text[value(text, 0, None, true)];
        assert_eq!(list("hunter2&b=1"), "hunter2");
        assert_eq!(list("hun&ter2;x y"), "hun&ter2;x");
        let text = ";Password=a b;User=c";
        assert_eq!(&text[value(text, 10, None, true)], "a b");
        assert_eq!(list("hunter2;\""), "hunter2");
        let text = "\"--password=a b\" c";
        assert_eq!(&text[value(text, 12, Some(b'"'), false)], "a b");
    }
}
