//! Lists of commands. Nesting is kept on a stack of frames: a list, the word in it that is being read, the list inside
//! that word's `$(…)`, and so on.

use std::collections::VecDeque;
use std::ops::Range;

use super::words::{Purpose, WordFrame};
use super::{
    Command, CommandPlace, MAX_COMMANDS, MAX_DEPTH, MAX_RESTARTS, MAX_TEXT, MAX_WORDS, Script, Word,
};

/// Longest name of a function that is kept: the name is copied to each command of the body.
const MAX_NAME: usize = 255;

/// [`CommandPlace`] without the name of the function.
#[derive(Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools)]
pub(super) struct At {
    pub(super) conditional: bool,
    pub(super) fallback: bool,
    pub(super) piped: bool,
    pub(super) background: bool,
    pub(super) subshell: bool,
    /// Index into `Reader::functions`.
    pub(super) function: Option<usize>,
}

/// What a list of commands belongs to, and how far that has been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Top,
    /// `( … )`.
    Subshell,
    /// `$( … )`, `<( … )`: it began at `start` and its text goes to the word below.
    Substitution {
        start: usize,
    },
    /// `` `…` `` that began at `start`; `outer` is where the text around it ends.
    Backtick {
        start: usize,
        outer: usize,
    },
    Brace,
    IfCondition,
    IfThen,
    IfElse,
    /// The condition of `while` and `until`.
    LoopCondition,
    LoopBody,
    /// `for` or `select`: the name or `((…))` comes next.
    ForName,
    /// `in`, `do` or a separator comes next.
    ForIn,
    ForItems,
    ForDo,
    CaseSubject,
    CaseIn,
    /// The patterns of a clause; `esac` ends the command while `first`.
    CasePattern {
        first: bool,
    },
    CaseBody,
}

/// A simple command that is being read.
#[derive(Default)]
pub(super) struct Partial {
    words: Vec<Word>,
    assignments: Vec<(String, Word)>,
    redirects: Vec<(String, Word)>,
    pub(super) span: Range<usize>,
    /// Inside `[[ … ]]`, where operators are words.
    pub(super) test: bool,
}

impl Partial {
    /// The name when the command is a single word without expansions, so that `()` makes it a function.
    pub(super) fn function_name(&self) -> Option<&str> {
        match self.words.as_slice() {
            [word] if word.literal && self.assignments.is_empty() && self.redirects.is_empty() => {
                Some(&word.text)
            }
            _ => None,
        }
    }

    pub(super) fn redirect(&mut self, operator: String, target: Word) {
        self.span.end = target.span.end;
        self.redirects.push((operator, target));
    }
}

/// A list of commands that is being read.
#[allow(clippy::struct_excessive_bools)]
pub(super) struct List {
    pub(super) kind: Kind,
    /// The place of an unconditional command in it.
    base: At,
    conditional: bool,
    fallback: bool,
    pub(super) command: Option<Partial>,
    /// A compound command or function has just ended: only redirections, separators and closing words may follow.
    closed: bool,
    /// `&&`, `||`, `|` or `!` came last.
    operand_due: bool,
    /// Whether the pipeline has more than one command.
    piped: bool,
    /// Index of the first command of the pipeline.
    pipeline: usize,
    /// Index of the first command of the and-or list.
    and_or: usize,
    /// A compound command is due that is the body of this function.
    function: Option<usize>,
    /// Here-documents whose bodies come next.
    due: VecDeque<Heredoc>,
}

/// A here-document whose operator has been read.
pub(super) struct Heredoc {
    delimiter: String,
    expands: bool,
    strip: bool,
    at: At,
    /// [`Reader::level`] of its operator.
    level: usize,
}

pub(super) enum Frame {
    List(List),
    Word(WordFrame),
}

/// Why reading cannot go on.
pub(super) enum Stop {
    /// What began at this offset is never closed.
    Unclosed(usize),
    /// A bound of the module was reached.
    Bound,
}

pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    /// Where the next byte is read.
    pub(super) at: usize,
    /// Number of quotes and brackets that are open in the words of `frames`.
    pub(super) modes: usize,
    /// Where the text ends for the innermost `` `…` `` or here-document.
    pub(super) limit: usize,
    pub(super) frames: Vec<Frame>,
    /// Number of command substitutions around the current list.
    pub(super) level: usize,
    /// Number of those that are `` `…` ``, where backslashes are removed before anything else.
    pub(super) backticks: usize,
    pub(super) complete: bool,
    /// Bytes of words that may still be kept.
    pub(super) room: usize,
    functions: Vec<String>,
    pending: Vec<Heredoc>,
    /// Commands and their levels.
    out: Vec<(Command, usize)>,
    restarts: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let whole = text.len() <= MAX_TEXT;
        let text = if whole { text } else { beginning(text) };
        Self {
            text,
            at: 0,
            modes: 0,
            limit: text.len(),
            frames: Vec::new(),
            level: 0,
            backticks: 0,
            complete: whole && !text.contains('\0'),
            room: MAX_WORDS,
            functions: Vec::new(),
            pending: Vec::new(),
            out: Vec::new(),
            restarts: 0,
        }
    }

    pub(super) fn read(mut self) -> Script {
        self.frames.push(Frame::List(List::new(Kind::Top, At::default(), 0)));
        while !self.frames.is_empty() {
            let step = match self.frames.last() {
                Some(Frame::Word(_)) => self.word_step(),
                _ => self.list_step(),
            };
            match step {
                Ok(()) => {}
                Err(Stop::Bound) => {
                    self.complete = false;
                    self.abandon();
                }
                Err(Stop::Unclosed(start)) => {
                    self.complete = false;
                    self.abandon();
                    self.restart(start);
                }
            }
        }
        if !self.pending.is_empty() {
            self.complete = false;
        }
        let Self { mut out, complete, .. } = self;
        out.sort_by_key(|(command, _)| command.span.start);
        Script { commands: out.into_iter().map(|(command, _)| command).collect(), complete }
    }

    /// Drops all frames, keeping the commands in them as far as they have been read.
    fn abandon(&mut self) {
        while let Some(frame) = self.frames.pop() {
            let Frame::List(mut list) = frame else { continue };
            if let Some(partial) = list.command.take() {
                let at = list.place();
                // The bound on commands is what may have stopped the reader.
                let _ = self.keep(partial, at);
            }
        }
        self.level = 0;
        self.modes = 0;
        self.backticks = 0;
        self.pending.clear();
    }

    /// Goes on behind the line on which something begins that is never closed.
    fn restart(&mut self, start: usize) {
        self.limit = self.text.len();
        let Some(line) = memchr_newline(&self.text.as_bytes()[start..]) else { return };
        self.restarts += 1;
        if self.restarts > MAX_RESTARTS {
            return;
        }
        self.at = start + line + 1;
        let from = self.at;
        self.out.retain(|(command, _)| command.span.start < from);
        self.frames.push(Frame::List(List::new(Kind::Top, At::default(), self.out.len())));
    }

    pub(super) fn byte(&self, offset: usize) -> Option<u8> {
        let at = self.at + offset;
        (at < self.limit).then(|| self.text.as_bytes()[at])
    }

    /// The bytes from here to the limit.
    pub(super) fn rest(&self) -> &'t [u8] {
        &self.text.as_bytes()[self.at..self.limit]
    }

    /// Length of a line ending at `offset` from here.
    pub(super) fn newline(&self, offset: usize) -> Option<usize> {
        match self.byte(offset) {
            Some(b'\n') => Some(1),
            Some(b'\r') if self.byte(offset + 1) == Some(b'\n') => Some(2),
            _ => None,
        }
    }

    pub(super) fn list(&mut self) -> Option<&mut List> {
        match self.frames.last_mut() {
            Some(Frame::List(list)) => Some(list),
            _ => None,
        }
    }

    pub(super) fn push(&mut self, frame: Frame) -> Result<(), Stop> {
        if self.frames.len() + self.modes >= MAX_DEPTH {
            return Err(Stop::Bound);
        }
        self.frames.push(frame);
        Ok(())
    }

    pub(super) fn push_list(&mut self, kind: Kind, at: At) -> Result<(), Stop> {
        let list = List::new(kind, at, self.out.len());
        self.push(Frame::List(list))
    }

    /// Begins to read a word for the list on top.
    pub(super) fn push_word(&mut self, purpose: Purpose) -> Result<(), Stop> {
        let start = self.at;
        let Some(list) = self.list() else { return Ok(()) };
        let (at, test) = (list.place(), list.command.as_ref().is_some_and(|command| command.test));
        self.push(Frame::Word(WordFrame::new(purpose, start, at, test)))
    }

    /// Begins a compound command in the list on top.
    pub(super) fn push_compound(&mut self, kind: Kind) -> Result<(), Stop> {
        let Some(list) = self.list() else { return Ok(()) };
        let unexpected = std::mem::take(&mut list.closed);
        let mut at = list.place();
        if let Some(function) = list.function.take() {
            at.function = Some(function);
        }
        at.subshell |= kind == Kind::Subshell;
        list.operand_due = false;
        self.complete &= !unexpected;
        self.push_list(kind, at)
    }

    /// Ends the list on top, which is the body of a compound command.
    pub(super) fn pop_compound(&mut self) -> Result<(), Stop> {
        self.end_pipeline(true)?;
        self.frames.pop();
        if let Some(list) = self.list() {
            list.closed = true;
            list.operand_due = false;
        }
        Ok(())
    }

    /// Keeps a command.
    fn keep(&mut self, partial: Partial, at: At) -> Result<(), Stop> {
        if self.out.len() >= MAX_COMMANDS {
            return Err(Stop::Bound);
        }
        let place = CommandPlace {
            conditional: at.conditional,
            fallback: at.fallback,
            piped: at.piped,
            background: at.background,
            subshell: at.subshell,
            function: at.function.and_then(|index| self.functions.get(index).cloned()),
        };
        let Partial { words, assignments, redirects, span, .. } = partial;
        self.out.push((Command { words, assignments, redirects, span, place }, self.level));
        Ok(())
    }

    /// Ends the simple command of the list on top, if there is one.
    pub(super) fn end_command(&mut self) -> Result<(), Stop> {
        let Some(list) = self.list() else { return Ok(()) };
        let at = list.place();
        let Some(partial) = list.command.take() else { return Ok(()) };
        let unexpected = partial.test || list.function.take().is_some();
        self.complete &= !unexpected;
        self.keep(partial, at)
    }

    /// Ends the pipeline of the list on top; `last` when the and-or list ends with it.
    pub(super) fn end_pipeline(&mut self, last: bool) -> Result<(), Stop> {
        self.end_command()?;
        let (count, level) = (self.out.len(), self.level);
        let Some(list) = self.list() else { return Ok(()) };
        let piped = std::mem::take(&mut list.piped).then_some(list.pipeline);
        let unfinished = last && (list.operand_due || list.function.is_some());
        list.pipeline = count;
        list.closed = false;
        if last {
            list.and_or = count;
            list.conditional = false;
            list.fallback = false;
            list.operand_due = false;
            list.function = None;
        }
        self.complete &= !unfinished;
        for (command, own) in self.out.iter_mut().skip(piped.unwrap_or(count)) {
            command.place.piped |= *own == level;
        }
        Ok(())
    }

    /// `&` after the and-or list.
    pub(super) fn run_in_background(&mut self) -> Result<(), Stop> {
        self.end_command()?;
        let Some(list) = self.list() else { return Ok(()) };
        let first = list.and_or;
        for (command, _) in self.out.iter_mut().skip(first) {
            command.place.background = true;
        }
        self.end_pipeline(true)
    }

    /// Remembers the name of a function whose body comes next.
    pub(super) fn define(&mut self, name: &str) {
        let mut end = name.len().min(MAX_NAME);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        self.complete &= end == name.len();
        let index = self.functions.len();
        self.functions.push(name[..end].to_owned());
        if let Some(list) = self.list() {
            list.function = Some(index);
            list.closed = false;
        }
    }

    /// Remembers a here-document; its body follows the next end of a line.
    pub(super) fn announce(&mut self, delimiter: String, expands: bool, strip: bool, at: At) {
        self.pending.push(Heredoc { delimiter, expands, strip, at, level: self.level });
    }

    /// Passes over a line ending, behind which the bodies of here-documents come.
    pub(super) fn end_line(&mut self, length: usize) {
        self.at += length;
        let level = self.level;
        // Shells disagree on where a body begins whose operator stands outside of this substitution.
        self.complete &= self.pending.iter().all(|one| one.level == level);
        let pending = std::mem::take(&mut self.pending);
        if let Some(list) = self.list() {
            list.due.extend(pending);
        }
    }

    /// Reads the body of the next here-document that is due.
    pub(super) fn heredoc_body(&mut self) -> Result<bool, Stop> {
        let Some(heredoc) = self.list().and_then(|list| list.due.pop_front()) else { return Ok(false) };
        let start = self.at;
        let (body, next) = heredoc.find(&self.text[..self.limit], start);
        if heredoc.expands && self.text.as_bytes()[start..body].iter().any(|byte| matches!(byte, b'$' | b'`'))
        {
            let outer = std::mem::replace(&mut self.limit, body);
            self.push(Frame::Word(WordFrame::heredoc(start, heredoc.at, outer, next)))?;
        } else {
            self.at = next;
        }
        Ok(true)
    }
}

impl Heredoc {
    /// Where the body that begins at `start` ends, and where the text after its delimiter goes on.
    fn find(&self, text: &str, start: usize) -> (usize, usize) {
        let mut at = start;
        while at < text.len() {
            let length = memchr_newline(&text.as_bytes()[at..]);
            let end = length.map_or(text.len(), |length| at + length);
            let line = &text[at..end];
            let line = line.strip_suffix('\r').unwrap_or(line);
            let line = if self.strip { line.trim_start_matches('\t') } else { line };
            let next = (end + 1).min(text.len());
            if line == self.delimiter {
                return (at, next);
            }
            at = next;
        }
        // POSIX leaves this open; dash and bash take everything that is left.
        (text.len(), text.len())
    }
}

impl List {
    fn new(kind: Kind, base: At, commands: usize) -> Self {
        Self {
            kind,
            base,
            conditional: false,
            fallback: false,
            command: None,
            closed: false,
            operand_due: false,
            piped: false,
            pipeline: commands,
            and_or: commands,
            function: None,
            due: VecDeque::new(),
        }
    }

    /// The place of a command that begins here.
    pub(super) fn place(&self) -> At {
        At {
            conditional: self.base.conditional || self.conditional,
            fallback: self.base.fallback || self.fallback,
            ..self.base
        }
    }

    /// Whether the list goes on behind the end of the line.
    pub(super) fn goes_on(&self) -> bool {
        self.command.is_none() && (self.operand_due || self.function.is_some())
    }

    /// Whether the body of a function comes next.
    pub(super) fn awaits_body(&self) -> bool {
        self.function.is_some()
    }

    /// Whether a command stands before what comes now.
    pub(super) fn has_command(&self) -> bool {
        self.command.is_some() || self.closed
    }

    /// `&&`, or `||` for `fallback`.
    pub(super) fn join(&mut self, fallback: bool) {
        self.conditional = true;
        self.fallback = fallback;
        self.operand_due = true;
    }

    /// `|`.
    pub(super) fn pipe(&mut self) {
        self.piped = true;
        self.operand_due = true;
        self.closed = false;
    }

    /// `!`.
    pub(super) fn negate(&mut self) {
        self.operand_due = true;
    }

    /// A redirection begins at `start`.
    pub(super) fn redirected(&mut self, start: usize, end: usize) {
        self.operand_due = false;
        self.open(start).span.end = end;
    }

    /// The command that is being read; a new one begins at `start`.
    pub(super) fn open(&mut self, start: usize) -> &mut Partial {
        self.operand_due = false;
        self.command.get_or_insert_with(|| Partial { span: start..start, ..Partial::default() })
    }

    /// Adds a word, or the assignment it is at the beginning of a command. True when none may stand here.
    pub(super) fn argue(&mut self, word: Word, assignment: Option<(String, Word)>) -> bool {
        let unexpected = std::mem::take(&mut self.closed);
        let command = self.open(word.span.start);
        command.span.end = word.span.end;
        match assignment {
            Some(assignment) if command.words.is_empty() => command.assignments.push(assignment),
            _ => {
                if command.words.is_empty() && word.text == "[[" && word.span.len() == 2 {
                    command.test = true;
                } else if command.test && word.text == "]]" && word.span.len() == 2 {
                    command.test = false;
                }
                command.words.push(word);
            }
        }
        unexpected
    }

    /// `((…))` has been read: a command, or the head of `for`.
    pub(super) fn calculated(&mut self) {
        if self.kind == Kind::ForName {
            self.kind = Kind::ForDo;
        } else {
            self.closed = true;
            self.operand_due = false;
        }
    }

    /// What follows is skipped unless a condition holds.
    pub(super) fn branch(&mut self, kind: Kind) {
        self.kind = kind;
        self.base.conditional = true;
    }
}

/// The lines of `text` that fit the bound.
fn beginning(text: &str) -> &str {
    let bytes = &text.as_bytes()[..MAX_TEXT];
    let mut end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(MAX_TEXT, |at| at + 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

pub(super) fn memchr_newline(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == b'\n')
}
