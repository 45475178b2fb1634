//! Borrowed views of an instruction and its tokens.

use std::borrow::Cow;

use crate::flags::FlagData;
use crate::logical::LRange;
use crate::node::Node;
use crate::tree::{Comment, Dockerfile, HeredocData, InstructionData};
use crate::validate::{self, cooked};
use crate::{ExpandError, Expansion, Keyword, Span, VariableRef, heredoc, json, lexer};

/// One instruction of a [`Dockerfile`].
#[derive(Clone, Copy, Debug)]
pub struct Instruction<'a> {
    file: &'a Dockerfile,
    data: &'a InstructionData,
    node: &'a Node,
}

/// A piece of an instruction's joined text that knows where it stands in the source.
///
/// The joined text is what BuildKit sees: continuations removed, comment lines dropped.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    file: &'a Dockerfile,
    data: &'a InstructionData,
    start: u32,
    end: u32,
}

/// `--name` or `--name=value`.
#[derive(Clone, Copy, Debug)]
pub struct Flag<'a> {
    instruction: Instruction<'a>,
    data: &'a FlagData,
}

/// A `name=value` of ENV, LABEL or ARG.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// The name, as written.
    pub key: Token<'a>,
    /// The value, with its quotes; `None` for `ARG NAME`.
    pub value: Option<Token<'a>>,
    /// Name, `=` and value.
    pub whole: Token<'a>,
    /// The old form `ENV name value`.
    pub legacy: bool,
}

/// The arguments of FROM.
#[derive(Clone, Copy, Debug)]
pub struct From<'a> {
    /// The image, an earlier stage, or something with variables.
    pub image: Token<'a>,
    /// The name after AS.
    pub name: Option<Token<'a>>,
}

/// An argument of COPY, ADD, VOLUME or an exec form.
#[derive(Clone, Debug)]
pub struct Argument<'a> {
    /// Where it stands, with its quotes in exec form.
    pub token: Token<'a>,
    /// Its text: JSON-decoded in exec form. Variables and shell quotes are untouched.
    pub text: Cow<'a, str>,
}

/// Sources and destination of COPY and ADD.
#[derive(Clone, Debug)]
pub struct CopyArguments<'a> {
    /// One or more sources.
    pub sources: Vec<Argument<'a>>,
    /// The destination.
    pub destination: Argument<'a>,
}

/// A heredoc of RUN, COPY or ADD.
#[derive(Clone, Copy, Debug)]
pub struct Heredoc<'a> {
    instruction: Instruction<'a>,
    data: &'a HeredocData,
}

/// One field of `RUN --mount`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountField<'a> {
    /// The key in lower case.
    pub key: String,
    /// The value after `=`.
    pub value: Option<Cow<'a, str>>,
    /// Where the value stands; `None` when quotes or escapes make the written form differ from the value.
    pub span: Option<Span>,
}

impl<'a> Token<'a> {
    /// The joined text.
    pub fn text(self) -> &'a str {
        &self.data.logical.text(&self.file.source)[self.start as usize..self.end as usize]
    }

    /// The source range; it may hold continuations and comment lines in its middle.
    pub fn span(self) -> Span {
        self.data.logical.source_span(&(self.start..self.end))
    }

    /// Whether a continuation lies inside, so that [`text`](Self::text) and the source differ.
    pub fn is_split(self) -> bool {
        self.data.logical.is_split(&(self.start..self.end))
    }

    /// The part of this token at `start..end` bytes of its text.
    #[must_use]
    pub fn part(self, start: u32, end: u32) -> Token<'a> {
        let limit = self.end - self.start;
        let start = start.min(limit);
        Token { start: self.start + start, end: self.start + end.clamp(start, limit), ..self }
    }

    /// Variables in the text; the offsets in the result count from the start of the token.
    pub fn variables(self) -> Result<Vec<VariableRef>, ExpandError> {
        lexer::variables(self.text(), self.file.escape)
    }

    /// The text with quotes removed and variables replaced. See [`expand`](crate::expand).
    pub fn expand<'v>(self, lookup: &dyn Fn(&str) -> Option<Cow<'v, str>>) -> Result<Expansion, ExpandError> {
        lexer::expand(self.text(), self.file.escape, lookup)
    }
}

impl<'a> Instruction<'a> {
    pub(crate) fn new(file: &'a Dockerfile, data: &'a InstructionData) -> Self {
        Self { file, data, node: &data.node }
    }

    fn token(self, range: &LRange) -> Token<'a> {
        Token { file: self.file, data: self.data, start: range.start, end: range.end }
    }

    /// The file it belongs to.
    pub fn file(self) -> &'a Dockerfile {
        self.file
    }

    /// The keyword.
    pub fn keyword(self) -> Keyword {
        self.node.keyword
    }

    /// The keyword as written.
    pub fn keyword_token(self) -> Token<'a> {
        self.token(&self.node.keyword_range)
    }

    /// From the keyword to the last byte before the last line ending, with heredocs. For the instruction inside
    /// ONBUILD this is the span of the whole ONBUILD.
    pub fn span(self) -> Span {
        self.data.span
    }

    /// All its lines, from the start of the first to the end of the last with its line ending.
    pub fn full_span(self) -> Span {
        self.data.full_span
    }

    /// First and last line, from 1; heredocs count.
    pub fn lines(self) -> (u32, u32) {
        (self.data.first_line, self.data.last_line)
    }

    /// The joined text of the whole instruction without heredoc bodies.
    pub fn joined(self) -> &'a str {
        self.data.logical.text(&self.file.source)
    }

    /// Whether the file ends inside its continuation: anything appended would join it.
    pub fn ends_open(self) -> bool {
        self.data.ends_open
    }

    /// The comment lines directly above, without a blank line between.
    pub fn comments_above(self) -> &'a [Comment] {
        &self.file.comments[self.data.leading.start as usize..self.data.leading.end as usize]
    }

    /// The comment lines inside its continuation.
    pub fn comments_inside(self) -> &'a [Comment] {
        &self.file.comments[self.data.inner.start as usize..self.data.inner.end as usize]
    }

    /// The flags in order.
    pub fn flags(self) -> impl DoubleEndedIterator<Item = Flag<'a>> + ExactSizeIterator + Clone {
        self.node.flags.iter().map(move |data| Flag { instruction: self, data })
    }

    /// The first flag of that name (without dashes).
    pub fn flag(self, name: &str) -> Option<Flag<'a>> {
        self.flags().find(|flag| flag.name() == name)
    }

    /// Everything after keyword and flags, without blanks at the ends.
    pub fn arguments(self) -> Token<'a> {
        self.token(&self.node.args)
    }

    /// Whether the arguments are a JSON array. For HEALTHCHECK: the command after CMD.
    pub fn is_exec_form(self) -> bool {
        self.node.exec
    }

    /// The arguments as BuildKit splits them, quotes kept: a single one for shell forms and for USER, WORKDIR,
    /// STOPSIGNAL and MAINTAINER, string literals for exec forms, `name=value` for ENV, LABEL and ARG (name and value
    /// for their old form).
    pub fn words(self) -> impl DoubleEndedIterator<Item = Token<'a>> + ExactSizeIterator + Clone {
        self.node.words.iter().map(move |range| self.token(range))
    }

    /// [`words`](Self::words) with JSON strings decoded.
    pub fn values(self) -> Vec<Argument<'a>> {
        let literal = |token: Token<'a>| self.node.exec && token.text().starts_with('"');
        self.words()
            .map(|token| {
                let text =
                    if literal(token) { json::decode(token.text()).into() } else { token.text().into() };
                Argument { token, text }
            })
            .collect()
    }

    /// The pairs of ENV, LABEL and ARG; empty for other instructions.
    pub fn pairs(self) -> Vec<Pair<'a>> {
        if !matches!(self.node.keyword, Keyword::Env | Keyword::Label | Keyword::Arg) {
            return Vec::new();
        }
        if let (true, [key, value]) = (self.node.legacy, self.node.words.as_slice()) {
            let whole = self.token(&(key.start..value.end));
            return vec![Pair { key: self.token(key), value: Some(self.token(value)), whole, legacy: true }];
        }
        self.words()
            .map(|whole| {
                let len = whole.text().len() as u32;
                let equals = whole.text().find('=').map(|at| at as u32);
                Pair {
                    key: whole.part(0, equals.unwrap_or(len)),
                    value: equals.map(|at| whole.part(at + 1, len)),
                    whole,
                    legacy: false,
                }
            })
            .collect()
    }

    /// The arguments of FROM; `None` for other instructions and malformed ones.
    pub fn from(self) -> Option<From<'a>> {
        if self.node.keyword != Keyword::From {
            return None;
        }
        match self.node.words.as_slice() {
            [image] => Some(From { image: self.token(image), name: None }),
            [image, word, name] if self.token(word).text().eq_ignore_ascii_case("as") => {
                Some(From { image: self.token(image), name: Some(self.token(name)) })
            }
            _ => None,
        }
    }

    /// The arguments of COPY and ADD; `None` for other instructions and malformed ones.
    pub fn copy(self) -> Option<CopyArguments<'a>> {
        if !matches!(self.node.keyword, Keyword::Copy | Keyword::Add) || self.node.words.len() < 2 {
            return None;
        }
        let mut sources = self.values();
        let destination = sources.pop()?;
        Some(CopyArguments { sources, destination })
    }

    /// The heredocs it opens, in order.
    pub fn heredocs(self) -> impl DoubleEndedIterator<Item = Heredoc<'a>> + ExactSizeIterator + Clone {
        self.data.heredocs.iter().map(move |data| Heredoc { instruction: self, data })
    }

    /// The instruction ONBUILD holds. Its words, flags and arguments have their own ranges; span, lines, comments and
    /// heredocs are those of the ONBUILD.
    pub fn trigger(self) -> Option<Instruction<'a>> {
        Some(Instruction { node: self.node.trigger.as_deref()?, ..self })
    }
}

impl<'a> Flag<'a> {
    fn cooked(self) -> (&'a str, Option<&'a str>) {
        cooked(self.data, self.instruction.joined())
    }

    /// The name without dashes, quotes and escapes.
    pub fn name(self) -> &'a str {
        self.cooked().0
    }

    /// The value without quotes and escapes; `None` for `--name`.
    pub fn value(self) -> Option<&'a str> {
        self.cooked().1
    }

    /// The flag as BuildKit keeps it: `--name=value` without quotes and escapes.
    pub fn text(self) -> &'a str {
        self.data.cooked.as_deref().unwrap_or_else(|| self.token().text())
    }

    /// The whole flag as written.
    pub fn token(self) -> Token<'a> {
        self.instruction.token(&self.data.range)
    }

    /// The name as written.
    pub fn name_token(self) -> Token<'a> {
        self.instruction.token(&self.data.name)
    }

    /// The value as written.
    pub fn value_token(self) -> Option<Token<'a>> {
        self.data.value.as_ref().map(|range| self.instruction.token(range))
    }

    /// Whether it is written without quotes and escapes, so that tokens and values are the same text.
    pub fn is_plain(self) -> bool {
        self.data.cooked.is_none()
    }

    /// The fields of a `--mount` value; `None` when it is not valid CSV.
    pub fn mount(self) -> Option<Vec<MountField<'a>>> {
        let value = self.value()?;
        let token = self.value_token().filter(|_| self.is_plain() && !value.contains('"'));
        let mut at = 0;
        let fields = validate::csv(value)?.into_iter().map(|field| {
            let start = at;
            at += field.len() as u32 + 1;
            let key_len = field.find('=').unwrap_or(field.len());
            let span = token
                .filter(|_| key_len < field.len())
                .map(|token| token.part(start + key_len as u32 + 1, start + field.len() as u32).span());
            let value = (key_len < field.len()).then(|| match &field {
                Cow::Borrowed(text) => Cow::Borrowed(&text[key_len + 1..]),
                Cow::Owned(text) => Cow::Owned(text[key_len + 1..].to_owned()),
            });
            MountField { key: field[..key_len].to_ascii_lowercase(), value, span }
        });
        Some(fields.collect())
    }
}

impl Argument<'_> {
    /// Whether it opens a heredoc, as COPY and ADD see it.
    pub fn is_heredoc(&self) -> bool {
        heredoc::is_opener(&self.text)
    }
}

impl<'a> Heredoc<'a> {
    /// The terminator, without quotes.
    pub fn name(self) -> &'a str {
        &self.data.opener.name
    }

    /// The opening word in the instruction.
    pub fn opener(self) -> Token<'a> {
        self.instruction.token(&self.data.opener.word)
    }

    /// The file descriptor before `<<`; 0 when there is none.
    pub fn file_descriptor(self) -> u32 {
        self.data.opener.fd
    }

    /// Whether variables in the body are expanded.
    pub fn expands(self) -> bool {
        self.data.opener.expand
    }

    /// `<<-`: leading tabs are dropped.
    pub fn chomps(self) -> bool {
        self.data.opener.chomp
    }

    /// The body lines with their line endings.
    pub fn body(self) -> Span {
        self.data.body
    }

    /// The terminator word; `None` when the file ends first.
    pub fn terminator(self) -> Option<Span> {
        self.data.terminator
    }
}
