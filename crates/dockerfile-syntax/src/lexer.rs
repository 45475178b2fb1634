//! Shell words and variables as BuildKit reads them (`frontend/dockerfile/shell`).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use crate::logical::LRange;
use crate::pattern;

/// A variable reference inside a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableRef {
    /// The name.
    pub name: String,
    /// Byte range in the text that was lexed, from the `$` to the end of the name or the closing brace.
    pub start: u32,
    /// End of that range.
    pub end: u32,
    /// The operator after the name, empty for `$x` and `${x}`: `:-`, `:+`, `:?`, `-`, `+`, `?`, `#`, `%`, `/`.
    pub operator: String,
    /// Written with braces.
    pub braces: bool,
}

/// Why a word cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpandError {
    /// A quote has no partner.
    UnbalancedQuote(char),
    /// `${` without `}`, or without a name.
    BadSubstitution,
    /// An operator BuildKit does not know.
    UnsupportedOperator(String),
    /// `${x?message}` and the variable is not set (or empty, with a colon).
    Required {
        /// The variable.
        name: String,
        /// The message.
        message: String,
    },
    /// The pattern after `#`, `%` or `/` is not valid.
    BadPattern(String),
    /// Nested deeper than this reader follows (64 levels), or the values and pattern matches grow too large (4 million
    /// bytes or steps).
    TooComplex,
}

impl fmt::Display for ExpandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnbalancedQuote(quote) => write!(f, "the quote {quote} has no partner"),
            Self::BadSubstitution => f.write_str("a ${…} is not closed or has no name"),
            Self::UnsupportedOperator(operator) => write!(f, "the operator {operator} is not supported"),
            Self::Required { name, message } => write!(f, "{name}: {message}"),
            Self::BadPattern(pattern) => write!(f, "the pattern {pattern} is not valid"),
            Self::TooComplex => f.write_str("the expansion is too deep or too large"),
        }
    }
}

impl std::error::Error for ExpandError {}

/// The result of [`expand`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// The text with quotes removed and variables replaced; variables that are not set become empty.
    pub text: String,
    /// Every variable that was met, in order, also those in operands that were not used.
    pub variables: Vec<VariableRef>,
    /// Names that became empty because they are not set, in order of first use. `${x:-word}` and its like have an
    /// answer for that and do not count.
    pub unset: Vec<String>,
}

/// Expands `word` the way BuildKit does for one argument: quotes and escapes are removed, variables replaced by what
/// `lookup` gives, blanks kept. `escape` is the file's escape character.
///
/// ```
/// use std::borrow::Cow;
/// let given = |name: &str| (name == "TAG").then_some(Cow::Borrowed("3.22"));
/// let result = dockerfile_syntax::expand("alpine:${TAG:-latest}$X", '\\', &given)?;
/// assert_eq!(result.text, "alpine:3.22");
/// assert_eq!(result.unset, ["X"]);
/// # Ok::<(), dockerfile_syntax::ExpandError>(())
/// ```
pub fn expand<'v>(
    word: &str,
    escape: char,
    lookup: &dyn Fn(&str) -> Option<Cow<'v, str>>,
) -> Result<Expansion, ExpandError> {
    if !word.contains(['$', '\'', '"', escape]) {
        return Ok(Expansion { text: word.to_owned(), ..Expansion::default() });
    }
    let mut lexer = Lexer::new(word, escape);
    let mut lookup_owned = |name: &str| lookup(name).map(Cow::into_owned);
    lexer.lookup = Some(&mut lookup_owned);
    let text = lexer.run()?;
    let mut seen = BTreeSet::new();
    let unset = lexer.unset.into_iter().filter(|name| seen.insert(name.clone())).collect();
    Ok(Expansion { text, variables: lexer.variables, unset })
}

/// The variables `word` refers to, in order; names inside single quotes or after an escape are not variables.
///
/// ```
/// let found = dockerfile_syntax::variables("a$B${C:-$D}'$E'", '\\')?;
/// let names: Vec<_> = found.iter().map(|variable| variable.name.as_str()).collect();
/// assert_eq!(names, ["B", "C", "D"]);
/// # Ok::<(), dockerfile_syntax::ExpandError>(())
/// ```
pub fn variables(word: &str, escape: char) -> Result<Vec<VariableRef>, ExpandError> {
    if !word.contains('$') {
        return Ok(Vec::new());
    }
    let mut lexer = Lexer::new(word, escape);
    lexer.skip_unset = true;
    lexer.run()?;
    lexer.variables.sort_by_key(|variable| variable.start);
    Ok(lexer.variables)
}

/// A word and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) range: LRange,
}

type Lookup<'l> = dyn FnMut(&str) -> Option<String> + 'l;

/// Levels of `${a:-${b:-…}}` that are followed.
const MAX_DEPTH: u32 = 64;

/// Bytes of values plus steps of pattern matches that one expansion may cost. A file that doubles a variable on every
/// line would otherwise fill the memory.
const MAX_WORK: usize = 4_000_000;

#[allow(clippy::struct_excessive_bools, reason = "they are the switches of BuildKit's lexer")]
pub(crate) struct Lexer<'a, 'l> {
    source: &'a str,
    at: usize,
    escape: char,
    raw_quotes: bool,
    raw_escapes: bool,
    skip_unset: bool,
    /// Reading a line for heredocs: BuildKit never gets to refuse an operator after a colon there.
    heredocs: bool,
    depth: u32,
    work: usize,
    lookup: Option<&'l mut Lookup<'l>>,
    variables: Vec<VariableRef>,
    unset: Vec<String>,
    /// Words are collected at the outermost level only.
    words: Words,
}

#[derive(Default)]
struct Words {
    done: Vec<Word>,
    current: String,
    start: usize,
    in_word: bool,
}

impl Words {
    fn raw(&mut self, text: &str, at: usize) {
        if !self.in_word {
            self.in_word = true;
            if self.current.is_empty() {
                self.start = at;
            }
        }
        self.current.push_str(text);
    }

    fn ch(&mut self, ch: char, at: usize) {
        if !ch.is_whitespace() {
            self.raw(ch.encode_utf8(&mut [0; 4]), at);
        } else if self.in_word && !self.current.is_empty() {
            self.flush(at);
            self.in_word = false;
        }
    }

    fn flush(&mut self, end: usize) {
        if !self.current.is_empty() {
            let range = self.start as u32..end as u32;
            self.done.push(Word { text: std::mem::take(&mut self.current), range });
        }
    }
}

impl<'a> Lexer<'a, '_> {
    fn new(source: &'a str, escape: char) -> Self {
        Self {
            source,
            at: 0,
            escape,
            raw_quotes: false,
            raw_escapes: false,
            skip_unset: false,
            heredocs: false,
            depth: 0,
            work: MAX_WORK,
            lookup: None,
            variables: Vec::new(),
            unset: Vec::new(),
            words: Words::default(),
        }
    }

    /// Splits into words; quotes, escapes and variables stay as they are.
    pub(crate) fn raw(source: &'a str) -> Self {
        Self { raw_escapes: true, ..Self::quoted(source) }
    }

    /// Splits into words; quotes and variables stay.
    pub(crate) fn quoted(source: &'a str) -> Self {
        Self { raw_quotes: true, ..Self::unquoted(source) }
    }

    /// Splits into words without quotes and escapes; variables stay.
    pub(crate) fn unquoted(source: &'a str) -> Self {
        Self { skip_unset: true, heredocs: true, ..Self::new(source, '\\') }
    }

    pub(crate) fn words(mut self) -> Result<Vec<Word>, ExpandError> {
        self.run()?;
        Ok(self.words.done)
    }

    fn run(&mut self) -> Result<String, ExpandError> {
        let text = self.until(None)?;
        let end = self.source.len();
        self.words.flush(end);
        Ok(text)
    }

    fn peek(&self) -> Option<char> {
        self.source[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let ch = self.peek()?;
        self.at += ch.len_utf8();
        Some(ch)
    }

    fn until(&mut self, stop: Option<char>) -> Result<String, ExpandError> {
        let mut out = String::new();
        let outer = self.depth == 0;
        while let Some(ch) = self.peek() {
            let begin = self.at;
            if stop == Some(ch) {
                self.next();
                return Ok(out);
            }
            match ch {
                '$' => {
                    let value = self.dollar()?;
                    out.push_str(&value);
                    if outer {
                        value.chars().for_each(|ch| self.words.ch(ch, begin));
                    }
                }
                '\'' | '"' => {
                    let value = if ch == '"' { self.double_quote()? } else { self.single_quote()? };
                    out.push_str(&value);
                    if outer {
                        self.words.raw(&value, begin);
                    }
                }
                '<' => {
                    self.next();
                    if self.peek() == Some('<') {
                        self.next();
                        while matches!(self.peek(), Some(' ' | '\t' | '\r')) {
                            self.next();
                        }
                    }
                    let text = &self.source[begin..self.at];
                    out.push_str(text);
                    if outer {
                        self.words.raw(text, begin);
                    }
                }
                _ => {
                    self.next();
                    if ch == self.escape {
                        if self.raw_escapes {
                            out.push(ch);
                            if outer {
                                self.words.raw(ch.encode_utf8(&mut [0; 4]), begin);
                            }
                        }
                        let Some(escaped) = self.next() else { break };
                        out.push(escaped);
                        if outer {
                            self.words.raw(escaped.encode_utf8(&mut [0; 4]), begin);
                        }
                    } else {
                        out.push(ch);
                        if outer {
                            self.words.ch(ch, begin);
                        }
                    }
                }
            }
        }
        match stop {
            None => Ok(out),
            Some(_) => Err(ExpandError::BadSubstitution),
        }
    }

    fn single_quote(&mut self) -> Result<String, ExpandError> {
        let begin = self.at + 1;
        let Some(len) = self.source[begin..].find('\'') else {
            return Err(ExpandError::UnbalancedQuote('\''));
        };
        self.at = begin + len + 1;
        let range = if self.raw_quotes { begin - 1..self.at } else { begin..begin + len };
        Ok(self.source[range].to_owned())
    }

    fn double_quote(&mut self) -> Result<String, ExpandError> {
        let mut out = String::new();
        self.next();
        if self.raw_quotes {
            out.push('"');
        }
        loop {
            match self.peek() {
                None => return Err(ExpandError::UnbalancedQuote('"')),
                Some('"') => {
                    self.next();
                    if self.raw_quotes {
                        out.push('"');
                    }
                    return Ok(out);
                }
                Some('$') => out.push_str(&self.dollar()?),
                Some(ch) => {
                    self.next();
                    if ch != self.escape {
                        out.push(ch);
                        continue;
                    }
                    if self.raw_escapes {
                        out.push(ch);
                    }
                    match self.peek() {
                        None => {}
                        Some(escaped) if matches!(escaped, '"' | '$') || escaped == self.escape => {
                            self.next();
                            out.push(escaped);
                        }
                        Some(_) => out.push(ch),
                    }
                }
            }
        }
    }

    fn name(&mut self) -> &'a str {
        let begin = self.at;
        match self.peek() {
            Some(ch) if ch.is_numeric() => {
                while self.peek().is_some_and(char::is_numeric) {
                    self.next();
                }
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => {
                self.next();
            }
            _ => {
                while self.peek().is_some_and(|ch| ch.is_alphanumeric() || ch == '_') {
                    self.next();
                }
            }
        }
        &self.source[begin..self.at]
    }

    fn look_up(&mut self, name: &str) -> Result<Option<String>, ExpandError> {
        let value = self.lookup.as_mut().and_then(|lookup| lookup(name));
        let cost = value.as_ref().map_or(0, String::len);
        self.work = self.work.checked_sub(cost).ok_or(ExpandError::TooComplex)?;
        Ok(value)
    }

    fn get(&mut self, name: &str) -> Result<Option<String>, ExpandError> {
        let value = self.look_up(name)?;
        if value.is_none() {
            self.unset.push(name.to_owned());
        }
        Ok(value)
    }

    fn saw(&mut self, begin: usize, name: &str, operator: &str, braces: bool) {
        self.variables.push(VariableRef {
            name: name.to_owned(),
            start: begin as u32,
            end: self.at as u32,
            operator: operator.to_owned(),
            braces,
        });
    }

    fn dollar(&mut self) -> Result<String, ExpandError> {
        let begin = self.at;
        self.next();
        if self.peek() != Some('{') {
            let name = self.name();
            if name.is_empty() {
                return Ok("$".to_owned());
            }
            self.saw(begin, name, "", false);
            return Ok(match self.get(name)? {
                Some(value) => value,
                None if self.skip_unset => format!("${name}"),
                None => String::new(),
            });
        }
        self.next();
        if matches!(self.peek(), None | Some('{' | '}' | ':')) {
            return Err(ExpandError::BadSubstitution);
        }
        if self.depth >= MAX_DEPTH {
            return Err(ExpandError::TooComplex);
        }
        self.depth += 1;
        let result = self.braces(begin);
        self.depth -= 1;
        result
    }

    fn braces(&mut self, begin: usize) -> Result<String, ExpandError> {
        let name = self.name();
        let Some(mut operator) = self.next() else { return Err(ExpandError::BadSubstitution) };
        let mut text = operator.to_string();
        if operator == '}' {
            self.saw(begin, name, "", true);
            return Ok(match self.get(name)? {
                Some(value) => value,
                None if self.skip_unset => format!("${{{name}}}"),
                None => String::new(),
            });
        }
        let colon = operator == ':';
        if colon {
            operator = self.next().ok_or(ExpandError::BadSubstitution)?;
            text.push(operator);
        }
        match operator {
            '-' | '+' | '?' => self.default(begin, name, &text, colon),
            '#' | '%' if !colon => {
                let pattern = self.operand('}', true)?;
                self.saw(begin, name, &text, true);
                match self.get(name)? {
                    None if self.skip_unset => Ok(format!("${{{name}{text}{pattern}}}")),
                    value => {
                        pattern::trim(&value.unwrap_or_default(), &pattern, operator == '%', &mut self.work)
                    }
                }
            }
            '/' if !colon => {
                let all = self.peek() == Some('/');
                if all {
                    self.next();
                }
                let pattern = self.operand('/', true)?;
                let replacement = self.operand('}', true)?;
                self.saw(begin, name, "/", true);
                match self.get(name)? {
                    None if self.skip_unset => Ok(format!("${{{name}/{pattern}/{replacement}}}")),
                    value => {
                        let value = value.unwrap_or_default();
                        pattern::replace(&value, &pattern, &replacement, all, &mut self.work)
                    }
                }
            }
            '#' | '%' => Err(ExpandError::UnsupportedOperator(text)),
            _ if colon && self.heredocs => self.default(begin, name, &text, colon),
            _ => Err(ExpandError::UnsupportedOperator(text)),
        }
    }

    fn operand(&mut self, stop: char, raw_escapes: bool) -> Result<String, ExpandError> {
        let saved = std::mem::replace(&mut self.raw_escapes, raw_escapes);
        let result = self.until(Some(stop));
        self.raw_escapes = saved;
        result
    }

    fn default(
        &mut self,
        begin: usize,
        name: &str,
        operator: &str,
        colon: bool,
    ) -> Result<String, ExpandError> {
        let unset_before = self.unset.len();
        let word = self.operand('}', false)?;
        self.saw(begin, name, operator, true);
        let unset_in_word = self.unset.split_off(unset_before);
        let value = self.look_up(name)?;
        if value.is_none() && self.skip_unset {
            return Ok(format!("${{{name}{operator}{word}}}"));
        }
        let missing = value.as_deref().is_none_or(|value| colon && value.is_empty());
        let last = operator.bytes().next_back().unwrap_or_default();
        if (last == b'-' && missing) || (last == b'+' && !missing) {
            self.unset.extend(unset_in_word);
            return Ok(word);
        }
        match last {
            b'+' => Ok(String::new()),
            b'?' if missing => {
                let state = if value.is_none() { "unset" } else { "empty" };
                let message = if word.is_empty() { format!("is not allowed to be {state}") } else { word };
                Err(ExpandError::Required { name: name.to_owned(), message })
            }
            _ => Ok(value.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(name: &str) -> Option<Cow<'static, str>> {
        match name {
            "A" => Some("one".into()),
            "E" => Some("".into()),
            "P" => Some("/usr/local/bin".into()),
            _ => None,
        }
    }

    fn ok(word: &str) -> String {
        expand(word, '\\', &given).unwrap().text
    }

    #[test]
    fn operators() {
        assert_eq!(ok("x$A-${A}y"), "xone-oney");
        assert_eq!(ok("${X:-d}${E:-d}${E-d}"), "dd");
        assert_eq!(ok("${A:+y}${E:+y}${E+y}${X+y}"), "yy");
        assert_eq!(ok("${A?no}"), "one");
        assert_eq!(ok("${P#*/}|${P##*/}|${P%/*}|${P%%/*}"), "usr/local/bin|bin|/usr/local|");
        assert_eq!(ok("${P/l/L}|${P//l/L}"), "/usr/Local/bin|/usr/LocaL/bin");
        assert_eq!(ok("${X:-${A}-${X:-z}}"), "one-z");
        let unset = |word: &str| expand(word, '\\', &given).unwrap().unset;
        assert_eq!(unset("$X${X:-a}${A:-$Y}${A:+$Z}"), ["X", "Z"]);
    }

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(ok(r#"'$A'"$A"\$A"#), "$Aone$A");
        assert_eq!(ok(r#""\a\"\$""#), r#"\a"$"#);
        assert_eq!(ok("$"), "$");
        assert_eq!(ok("a\\"), "a");
    }

    #[test]
    fn errors() {
        let err = |word: &str| expand(word, '\\', &given).unwrap_err();
        assert_eq!(err("'a"), ExpandError::UnbalancedQuote('\''));
        assert_eq!(err("${A"), ExpandError::BadSubstitution);
        assert_eq!(err("${}"), ExpandError::BadSubstitution);
        assert_eq!(err("${A^^}"), ExpandError::UnsupportedOperator("^".into()));
        assert!(matches!(err("${X:?gone}"), ExpandError::Required { .. }));
        assert_eq!(err("${A:=x}"), ExpandError::UnsupportedOperator(":=".into()));
        assert_eq!(err("${A:#x}"), ExpandError::UnsupportedOperator(":#".into()));
        assert_eq!(err(&"${A:-".repeat(5000)), ExpandError::TooComplex);
    }

    #[test]
    fn values_cannot_fill_the_memory() {
        let large = "x".repeat(100_000);
        let length = |word: &str| {
            let lookup = |_: &str| Some(Cow::Borrowed(large.as_str()));
            expand(word, '\\', &lookup).map(|expansion| expansion.text.len())
        };
        assert_eq!(length(&"$A".repeat(40)), Ok(4_000_000));
        assert_eq!(length(&"$A".repeat(41)), Err(ExpandError::TooComplex));
        assert_eq!(length(&"${A#*y*x}".repeat(10)), Ok(1_000_000));
        assert_eq!(length(&"${A#*y*x}".repeat(30)), Err(ExpandError::TooComplex));
        assert_eq!(
            length("${A//x/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy}"),
            Err(ExpandError::TooComplex)
        );
    }

    #[test]
    fn variables_have_ranges() {
        let word = "a${B:-x}$C";
        let found = variables(word, '\\').unwrap();
        let texts: Vec<_> = found.iter().map(|v| &word[v.start as usize..v.end as usize]).collect();
        assert_eq!(texts, ["${B:-x}", "$C"]);
        assert_eq!(found[0].operator, ":-");
    }
}
