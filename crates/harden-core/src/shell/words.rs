//! Words: quotes, expansions, and what a finished word is for.

use super::frames::{At, Frame, Kind};
use super::reader::{Reader, Stop};
use super::{MAX_DEPTH, Word};

/// What a word is for.
pub(super) enum Purpose {
    /// A command word, argument or assignment.
    Argument,
    /// The target of a redirection.
    Target { operator: String },
    /// The delimiter of a here-document.
    Delimiter { strip: bool },
    /// The name after `function`.
    FunctionName,
    /// A word of the head of `for`, `select` or `case`.
    Header,
    /// `(( … ))`.
    Arithmetic,
    /// The body of a here-document. The text around it ends at `outer` and goes on at `next`.
    Body { outer: usize, next: usize },
}

/// What surrounds a piece of a word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// `"…"`.
    Double,
    /// `${…}`; `quoted` when single quotes mean nothing in it.
    Parameter { quoted: bool },
    /// `$((…))` and `((…))` with this many parentheses open inside.
    Arithmetic { depth: usize },
    /// `(…)` after `name=`.
    Array,
    /// `(…)` after one of `?*+@!`.
    Pattern,
}

/// A word that is being read.
#[allow(clippy::struct_excessive_bools)]
pub(super) struct WordFrame {
    purpose: Purpose,
    start: usize,
    /// The place of what its substitutions execute.
    at: At,
    /// Inside `[[ … ]]`.
    test: bool,
    /// An array may be assigned here.
    assigns: bool,
    text: String,
    pub(super) literal: bool,
    /// What is open, with the offset it began at.
    pub(super) modes: Vec<(Mode, usize)>,
    /// The outermost mode whose text is kept as it is written: its place in `modes`.
    raw: Option<usize>,
    /// For `name=value`, where the value begins: in the source and in `text`.
    value: Option<(usize, usize)>,
    /// An unquoted `[` was read.
    bracket: bool,
    brace: Brace,
}

/// How much of a brace expansion has been seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brace {
    None,
    Open,
    Separated,
}

/// Why a word is not read further for now.
enum Pause {
    Done,
    /// A substitution begins.
    List(Kind),
}

impl WordFrame {
    pub(super) fn new(purpose: Purpose, start: usize, at: At, test: bool, assigns: bool) -> Self {
        Self {
            purpose,
            start,
            at,
            test,
            assigns,
            text: String::new(),
            literal: true,
            modes: Vec::new(),
            raw: None,
            value: None,
            bracket: false,
            brace: Brace::None,
        }
    }

    pub(super) fn heredoc(start: usize, at: At, outer: usize, next: usize) -> Self {
        Self::new(Purpose::Body { outer, next }, start, at, false, false)
    }

    /// The place of commands substituted in it.
    fn substitution(&self) -> At {
        At { subshell: true, piped: false, ..self.at }
    }

    /// Whether single quotes mean nothing here.
    pub(super) fn quoted(&self) -> bool {
        matches!(self.purpose, Purpose::Body { .. })
            || match self.modes.last() {
                Some((Mode::Parameter { quoted }, _)) => *quoted,
                Some((Mode::Double | Mode::Arithmetic { .. }, _)) => true,
                _ => false,
            }
    }
}

impl Reader<'_> {
    /// Reads on in the word on top.
    pub(super) fn word_step(&mut self) -> Result<(), Stop> {
        let Some(Frame::Word(mut word)) = self.frames.pop() else { return Ok(()) };
        if word.modes.is_empty() && matches!(word.purpose, Purpose::Arithmetic) && self.at == word.start {
            self.at += 2;
            self.enter(&mut word, Mode::Arithmetic { depth: 0 }, 2)?;
        }
        match self.advance(&mut word)? {
            Pause::Done => self.deliver(word),
            Pause::List(kind) => {
                let at = word.substitution();
                self.push(Frame::Word(word))?;
                self.level += 1;
                self.push_list(kind, at)
            }
        }
    }

    /// The substitution that began at `start` has ended here; it belongs to the word on top.
    pub(super) fn resume(&mut self, start: usize) {
        if let Some(Frame::Word(mut word)) = self.frames.pop() {
            self.substituted(&mut word, start);
            self.frames.push(Frame::Word(word));
        }
    }

    fn substituted(&mut self, word: &mut WordFrame, start: usize) {
        word.literal = false;
        if word.raw.is_none() && !matches!(word.purpose, Purpose::Body { .. }) {
            let text = &self.text[start..self.at];
            word.text.push_str(text);
            // Nesting repeats text; the next piece of a word that is kept notices.
            self.room = self.room.saturating_sub(text.len());
        }
    }

    /// Takes `length` bytes as they are.
    pub(super) fn take(&mut self, word: &mut WordFrame, length: usize) -> Result<(), Stop> {
        let end = (self.at + length).min(self.limit);
        if word.raw.is_none() && !matches!(word.purpose, Purpose::Body { .. }) {
            let text = &self.text[self.at..end];
            self.room = self.room.checked_sub(text.len()).ok_or(Stop::Bound)?;
            word.text.push_str(text);
        }
        self.at = end;
        Ok(())
    }

    /// Bytes of the character `offset` bytes from here.
    pub(super) fn character(&self, offset: usize) -> usize {
        let at = self.at + offset;
        self.text.get(at..self.limit).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
    }

    /// Opens a mode whose first `length` bytes have been passed over.
    pub(super) fn enter(&mut self, word: &mut WordFrame, mode: Mode, length: usize) -> Result<(), Stop> {
        if self.frames.len() + self.modes >= MAX_DEPTH {
            return Err(Stop::Bound);
        }
        self.modes += 1;
        if mode != Mode::Double {
            word.literal = false;
            word.raw.get_or_insert(word.modes.len());
        }
        word.modes.push((mode, self.at - length));
        Ok(())
    }

    /// Closes the innermost mode, whose last byte has been passed over.
    fn leave(&mut self, word: &mut WordFrame) -> Result<(), Stop> {
        let Some((_, start)) = word.modes.pop() else { return Ok(()) };
        self.modes -= 1;
        if word.raw == Some(word.modes.len()) {
            word.raw = None;
            let text = &self.text[start..self.at];
            self.room = self.room.checked_sub(text.len()).ok_or(Stop::Bound)?;
            word.text.push_str(text);
        }
        Ok(())
    }

    /// Reads until the word ends or a substitution begins.
    fn advance(&mut self, word: &mut WordFrame) -> Result<Pause, Stop> {
        loop {
            let mode = word.modes.last().copied();
            let Some(byte) = self.byte(0) else {
                return match mode {
                    Some((_, start)) => Err(Stop::Unclosed(start)),
                    None => Ok(Pause::Done),
                };
            };
            let body = matches!(word.purpose, Purpose::Body { .. });
            // The same everywhere but in single quotes.
            match byte {
                b'\\' => {
                    self.backslash(word)?;
                    continue;
                }
                b'$' => {
                    if let Some(kind) = self.dollar(word)? {
                        return Ok(Pause::List(kind));
                    }
                    continue;
                }
                b'`' => {
                    let start = self.at;
                    let quoted = matches!(mode, Some((Mode::Double, _)));
                    match self.backtick(word.substitution(), quoted)? {
                        Some(kind) => return Ok(Pause::List(kind)),
                        None => self.substituted(word, start),
                    }
                    continue;
                }
                b'\'' if !word.quoted() => {
                    self.single_quotes(word)?;
                    continue;
                }
                b'"' if !body && !matches!(mode, Some((Mode::Double, _))) => {
                    self.at += 1;
                    self.enter(word, Mode::Double, 1)?;
                    continue;
                }
                _ => {}
            }
            match mode {
                None if body => self.take_run(word, |byte| !matches!(byte, b'\\' | b'$' | b'`'))?,
                None if matches!(word.purpose, Purpose::Arithmetic) => return Ok(Pause::Done),
                None => {
                    if let Some(pause) = self.unquoted(word, byte)? {
                        return Ok(pause);
                    }
                }
                Some((Mode::Double, _)) if byte == b'"' => {
                    self.at += 1;
                    self.leave(word)?;
                }
                Some((Mode::Double, _)) => {
                    self.take_run(word, |byte| !matches!(byte, b'\\' | b'$' | b'`' | b'"'))?;
                }
                Some((Mode::Parameter { .. }, _)) => {
                    self.at += 1;
                    if byte == b'}' {
                        self.leave(word)?;
                    }
                }
                Some((Mode::Arithmetic { depth }, _)) => self.arithmetic(word, byte, depth)?,
                Some((Mode::Array | Mode::Pattern, _)) => {
                    if let Some(kind) = self.parenthesized(word, byte, mode)? {
                        return Ok(Pause::List(kind));
                    }
                }
            }
        }
    }

    /// Takes the bytes up to the first that is not `plain`, at least one.
    fn take_run(&mut self, word: &mut WordFrame, plain: fn(u8) -> bool) -> Result<(), Stop> {
        let length = self.rest().iter().skip(1).take_while(|&&byte| plain(byte)).count();
        self.take(word, 1 + length)
    }

    /// A byte outside of quotes and brackets.
    fn unquoted(&mut self, word: &mut WordFrame, byte: u8) -> Result<Option<Pause>, Stop> {
        let first = self.at == word.start;
        match byte {
            b' ' | b'\t' | b'\n' | b';' => return Ok(Some(Pause::Done)),
            b'\r' if self.newline(0).is_some() => return Ok(Some(Pause::Done)),
            b']' if word.test && first && self.rest().starts_with(b"]]") => {
                let ends = self.byte(2).is_none_or(|byte| b" \t\r\n;&|()<>".contains(&byte));
                self.take(word, 2)?;
                return Ok(ends.then_some(Pause::Done));
            }
            b'<' | b'>' if self.byte(1) == Some(b'(') && !word.test => {
                let start = self.at;
                self.at += 2;
                return Ok(Some(Pause::List(Kind::Substitution { start })));
            }
            b'&' | b'|' | b')' | b'<' | b'>' if !word.test => return Ok(Some(Pause::Done)),
            b'(' if !word.test => {
                let mode = match word.value {
                    Some((start, _)) if start == self.at && word.assigns => Mode::Array,
                    _ if !first && b"?*+@!".contains(&self.text.as_bytes()[self.at - 1]) => Mode::Pattern,
                    _ => return Ok(Some(Pause::Done)),
                };
                self.at += 1;
                self.enter(word, mode, 1)?;
            }
            b'=' if word.value.is_none() && is_assignable(&self.text[word.start..self.at]) => {
                self.take(word, 1)?;
                word.value = Some((self.at, word.text.len()));
            }
            b'?' | b'*' => {
                word.literal = false;
                self.take(word, 1)?;
            }
            b'[' | b']' => {
                word.literal &= byte == b'[' || !word.bracket;
                word.bracket |= byte == b'[';
                self.take(word, 1)?;
            }
            b'{' | b',' | b'.' | b'}' => {
                self.brace(word, byte);
                self.take(word, 1)?;
            }
            b'~' => {
                let value = word
                    .value
                    .is_some_and(|(start, _)| start == self.at || self.text.as_bytes()[self.at - 1] == b':');
                word.literal &= !first && !value;
                self.take(word, 1)?;
            }
            _ => self.take_run(word, |byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'%') || byte >= 0x80
            })?,
        }
        Ok(None)
    }

    /// bash expands `{a,b}` and `{1..3}`, other shells do not.
    fn brace(&self, word: &mut WordFrame, byte: u8) {
        match byte {
            b'{' => word.brace = Brace::Open,
            b'}' => {
                word.literal &= word.brace != Brace::Separated;
                word.brace = Brace::None;
            }
            _ if word.brace == Brace::Open && (byte == b',' || self.byte(1) == Some(b'.')) => {
                word.brace = Brace::Separated;
            }
            _ => {}
        }
    }

    fn arithmetic(&mut self, word: &mut WordFrame, byte: u8, depth: usize) -> Result<(), Stop> {
        let mut depth = depth;
        self.at += 1;
        match byte {
            b'(' => depth += 1,
            b')' if depth == 0 => {
                if self.byte(0) == Some(b')') {
                    self.at += 1;
                } else {
                    self.complete = false;
                }
                return self.leave(word);
            }
            b')' => depth -= 1,
            _ => {}
        }
        if let Some((mode, _)) = word.modes.last_mut() {
            *mode = Mode::Arithmetic { depth };
        }
        Ok(())
    }

    /// A byte of an array or extended pattern.
    fn parenthesized(
        &mut self,
        word: &mut WordFrame,
        byte: u8,
        mode: Option<(Mode, usize)>,
    ) -> Result<Option<Kind>, Stop> {
        let array = matches!(mode, Some((Mode::Array, _)));
        match byte {
            b'<' | b'>' if array && self.byte(1) == Some(b'(') => {
                let start = self.at;
                self.at += 2;
                return Ok(Some(Kind::Substitution { start }));
            }
            b'#' if array && self.text.as_bytes()[self.at - 1].is_ascii_whitespace() => self.skip_blanks(),
            b'(' => {
                self.complete &= !array || b"?*+@!".contains(&self.text.as_bytes()[self.at - 1]);
                self.at += 1;
                self.enter(word, Mode::Pattern, 1)?;
            }
            b';' | b'&' | b'|' | b'<' | b'>' if array => {
                self.complete = false;
                self.at += 1;
            }
            b')' => {
                self.at += 1;
                self.leave(word)?;
            }
            _ => self.at += 1,
        }
        Ok(None)
    }

    /// Gives a finished word to the list below it.
    fn deliver(&mut self, word: WordFrame) -> Result<(), Stop> {
        let raw = &self.text[word.start..self.at];
        let span = word.start..self.at;
        match word.purpose {
            Purpose::Body { outer, next } => {
                self.limit = outer;
                self.at = next;
            }
            Purpose::Arithmetic => {
                if let Some(list) = self.list() {
                    list.calculated();
                }
            }
            Purpose::Header => return self.header_word(raw),
            Purpose::FunctionName => self.define(raw),
            Purpose::Delimiter { strip } => {
                let expands = !raw.contains(['\'', '"', '\\']);
                let at = self.here();
                self.announce(word.text, expands, strip, at);
                if let Some(list) = self.list() {
                    list.open(span.start).span.end = span.end;
                }
            }
            Purpose::Target { operator } => {
                let target = Word { text: word.text, literal: word.literal, span };
                if let Some(list) = self.list() {
                    list.open(target.span.start).redirect(operator, target);
                }
            }
            Purpose::Argument => {
                let descriptor =
                    matches!(self.byte(0), Some(b'<' | b'>')) && is_descriptor(raw) && !word.test;
                if descriptor {
                    return self.redirect(word.start);
                }
                let begins = self.list().is_some_and(|list| list.command.is_none());
                if begins && self.keyword(raw)? {
                    return Ok(());
                }
                let value = word.value.filter(|_| !word.test).map(|(source, text)| {
                    let name = &self.text[word.start..source - 1];
                    (
                        name.to_owned(),
                        Word {
                            text: word.text[text..].to_owned(),
                            literal: word.literal && name.bytes().all(is_name),
                            span: source..self.at,
                        },
                    )
                });
                let whole = Word { text: word.text, literal: word.literal, span };
                if let Some(list) = self.list() {
                    let unexpected = list.argue(whole, value);
                    self.complete &= !unexpected;
                }
                if word.test && raw == "]]" {
                    self.end_test()?;
                }
            }
        }
        Ok(())
    }
}

pub(super) fn is_name(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// Whether `=` after this text assigns: a name, with a subscript or `+` in bash.
fn is_assignable(text: &str) -> bool {
    let text = text.strip_suffix('+').unwrap_or(text);
    let name = match text.strip_suffix(']') {
        Some(head) => head.split_once('[').map_or("", |(name, _)| name),
        None => text,
    };
    !name.is_empty() && name.bytes().all(is_name) && !name.as_bytes()[0].is_ascii_digit()
}

/// Whether this is a file descriptor when a redirection follows: a number, or `{name}` in bash.
fn is_descriptor(raw: &str) -> bool {
    let digits = !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_digit());
    let named = raw.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    digits || named.is_some_and(|name| !name.is_empty() && name.bytes().all(is_name))
}
