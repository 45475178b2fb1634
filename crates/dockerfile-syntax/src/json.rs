//! The exec form: is the whole argument one JSON array of strings?

use crate::logical::LRange;

/// What a text that begins with `[` is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Array {
    /// An array of strings; the ranges include the quotes.
    Strings(Vec<LRange>),
    /// A JSON array with an element that is not a string: BuildKit rejects it.
    Mixed,
    /// Not JSON: the shell form.
    Not,
}

/// Go's `encoding/json` refuses deeper nesting, which makes the argument shell form.
const MAX_DEPTH: usize = 10_000;

/// Reads `text[range]` as strictly as Go's `encoding/json` does.
pub(crate) fn array(text: &str, range: &LRange) -> Array {
    let mut scanner = Scanner { bytes: &text.as_bytes()[..range.end as usize], at: range.start as usize };
    scanner.array().unwrap_or(Array::Not)
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// The whole input as one array; `None` when it is not JSON.
    fn array(&mut self) -> Option<Array> {
        self.eat(b'[')?;
        let mut strings = Vec::with_capacity(4);
        let mut mixed = false;
        self.blanks();
        if self.eat(b']').is_none() {
            loop {
                self.blanks();
                let start = self.at as u32;
                if self.peek()? == b'"' {
                    self.string()?;
                    strings.push(start..self.at as u32);
                } else {
                    mixed = true;
                    self.value()?;
                }
                self.blanks();
                if self.eat(b',').is_none() {
                    self.eat(b']')?;
                    break;
                }
            }
        }
        self.blanks();
        (self.at == self.bytes.len()).then_some(if mixed { Array::Mixed } else { Array::Strings(strings) })
    }

    fn string(&mut self) -> Option<()> {
        self.eat(b'"')?;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => {
                    self.at += 1;
                    match self.peek()? {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                        b'u' => {
                            self.at += 1;
                            for _ in 0..4 {
                                self.peek()?.is_ascii_hexdigit().then_some(())?;
                                self.at += 1;
                            }
                        }
                        _ => return None,
                    }
                }
                0..=0x1f => return None,
                _ => self.at += 1,
            }
        }
    }

    /// Any JSON value, without recursion.
    fn value(&mut self) -> Option<()> {
        // The closing byte of every open container.
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.blanks();
            match self.peek()? {
                b'[' | b'{' => {
                    let close = if self.peek()? == b'[' { b']' } else { b'}' };
                    self.at += 1;
                    if open.len() >= MAX_DEPTH {
                        return None;
                    }
                    self.blanks();
                    if self.eat(close).is_none() {
                        open.push(close);
                        if close == b'}' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'"' => self.string()?,
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                _ => self.number()?,
            }
            // A value ended: close containers or go on to the next element.
            loop {
                let Some(&close) = open.last() else { return Some(()) };
                self.blanks();
                if self.eat(close).is_some() {
                    open.pop();
                    continue;
                }
                self.eat(b',')?;
                if close == b'}' {
                    self.blanks();
                    self.key()?;
                }
                break;
            }
        }
    }

    fn key(&mut self) -> Option<()> {
        self.string()?;
        self.blanks();
        self.eat(b':')
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.bytes[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    fn digits(&mut self) -> Option<()> {
        self.peek()?.is_ascii_digit().then_some(())?;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.eat(b'-');
        if self.eat(b'0').is_none() {
            self.digits()?;
        }
        if self.eat(b'.').is_some() {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }
}

/// The value of a JSON string literal (with its quotes) that [`array`] accepted. Lone surrogates become U+FFFD, as
/// in Go.
pub(crate) fn decode(literal: &str) -> String {
    let inner = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(literal);
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    let mut units: Vec<u16> = Vec::new();
    let flush = |units: &mut Vec<u16>, out: &mut String| {
        out.extend(
            char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)),
        );
    };
    while let Some(ch) = chars.next() {
        if ch != '\\' {
            flush(&mut units, &mut out);
            out.push(ch);
            continue;
        }
        let escape = chars.next().unwrap_or('\\');
        if escape == 'u' {
            let hex: String = chars.by_ref().take(4).collect();
            units.push(u16::from_str_radix(&hex, 16).unwrap_or(0xfffd));
            continue;
        }
        flush(&mut units, &mut out);
        out.push(match escape {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            other => other,
        });
    }
    flush(&mut units, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Array {
        array(text, &(0..text.len() as u32))
    }

    #[test]
    fn only_strict_arrays_of_strings_are_exec_form() {
        assert_eq!(read(r#"["a", "b"]"#), Array::Strings(vec![1..4, 6..9]));
        assert_eq!(read("[]"), Array::Strings(vec![]));
        assert_eq!(read("[ ]  "), Array::Strings(vec![]));
        for not in
            ["['a']", r#"["a",]"#, r#"["a"] # c"#, r#"["a""#, "[", "", r#"["\x"]"#, "[\"a\tb\"]", "[01]"]
        {
            assert_eq!(read(not), Array::Not, "{not}");
        }
        for mixed in ["[1]", r#"["a", ["b"]]"#, "[null]", r#"[{"a": [true, -1.5e3]}]"#, "[[], {}]"] {
            assert_eq!(read(mixed), Array::Mixed, "{mixed}");
        }
    }

    #[test]
    fn deep_nesting_is_not_a_stack_overflow() {
        let deep = "[".repeat(100_000);
        assert_eq!(read(&deep), Array::Not);
        let closed = format!("{}{}", "[".repeat(9_000), "]".repeat(9_000));
        assert_eq!(read(&closed), Array::Mixed);
    }

    #[test]
    fn escapes_decode() {
        assert_eq!(decode(r#""a\"\\\/\n\u0041\ud83d\ude00\ud800x""#), "a\"\\/\nA😀\u{fffd}x");
    }
}
