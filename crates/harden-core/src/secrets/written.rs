//! A value as it is written in ENV, ARG or LABEL: quotes off, variables marked.

use std::ops::Range;

use super::values::reference;

/// A value without its quotes.
pub(super) struct Written {
    /// The text; variables stand in it as they are written.
    pub(super) text: String,
    /// Where variables and substitutions stand in `text`.
    references: Vec<Range<usize>>,
}

/// How deep `${A:-${B:-…}}` is followed.
const MAX_DEFAULTS: usize = 8;

impl Written {
    /// Reads a value. Of `${NAME:-default}` alone the default is the value.
    ///
    /// Quotes and escapes are those of BuildKit (`frontend/dockerfile/shell`), except that a backslash before a letter
    /// stays: it is more likely a Windows path than an escape.
    pub(super) fn read(value: &str) -> Self {
        let mut value = value.trim();
        for _ in 0..MAX_DEFAULTS {
            let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
            let Some(default) = default(bare) else { break };
            value = default.trim();
        }
        let mut written = Self { text: String::with_capacity(value.len()), references: Vec::new() };
        let (mut single, mut double) = (false, false);
        let mut at = 0;
        while let Some(ch) = value[at..].chars().next() {
            let len = ch.len_utf8();
            match ch {
                '\'' if !double => single = !single,
                '"' if !single => double = !double,
                '\\' if !single => {
                    let next = value[at + 1..].chars().next();
                    if let Some(next) = next.filter(|next| matches!(next, '"' | '\'' | '\\' | '$' | ' ')) {
                        written.text.push(next);
                        at += 2;
                        continue;
                    }
                    written.text.push(ch);
                }
                '$' | '`' if !single => {
                    if let Some(len) = reference(&value[at..]) {
                        let start = written.text.len();
                        written.text.push_str(&value[at..at + len]);
                        written.references.push(start..written.text.len());
                        at += len;
                        continue;
                    }
                    written.text.push(ch);
                }
                _ => written.text.push(ch),
            }
            at += len;
        }
        written.strip_mistakes();
        written
    }

    /// Whether a variable stands in it.
    pub(super) fn refers(&self) -> bool {
        !self.references.is_empty()
    }

    /// Whether a variable stands in the range.
    pub(super) fn refers_in(&self, range: &Range<usize>) -> bool {
        self.references.iter().any(|one| one.start < range.end && range.start < one.end)
    }

    /// `ENV NAME = value # comment`: what the author meant. No variable moves out of a text that refers to one.
    fn strip_mistakes(&mut self) {
        if self.refers() {
            return;
        }
        if let Some(rest) = self.text.strip_prefix("= ") {
            let value = rest.split([' ', '\t']).find(|word| !word.is_empty()).unwrap_or_default();
            self.text = value.to_owned();
        }
    }
}

/// The default of `${NAME:-default}` and `${NAME-default}` when nothing else is written.
fn default(value: &str) -> Option<&str> {
    let inner = value.strip_prefix("${")?;
    if reference(value) != Some(value.len()) {
        return None;
    }
    let inner = inner.strip_suffix('}')?;
    let name = inner.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let operator = &inner[name..];
    operator.strip_prefix(":-").or_else(|| operator.strip_prefix('-')).filter(|default| !default.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> String {
        Written::read(value).text
    }

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(text(r#""a b"'c'd"#), "a bcd");
        assert_eq!(text(r"a\ b\$c"), "a b$c");
        assert_eq!(text(r"C:\keys"), r"C:\keys");
        assert_eq!(text("${A:-b}"), "b");
        assert_eq!(text("\"${A:-${B-c}}\""), "c");
        assert_eq!(text("${A:-}"), "${A:-}");
        assert_eq!(text("= value \t# comment"), "value");
    }

    #[test]
    fn variables() {
        assert!(Written::read("a$B").refers_in(&(1..3)));
        assert!(!Written::read("a$B").refers_in(&(0..1)));
        assert!(!Written::read("'$B'").refers() && !Written::read(r"\$B").refers());
        assert!(Written::read("\"${B}\"").refers());
    }
}
