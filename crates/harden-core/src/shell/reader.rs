//! Lists of commands. Nesting is kept on a stack of frames: a list, the word in it that is being read, the list inside
//! that word's `$(…)`, and so on.

use super::frames::{At, Frame, Heredoc, Kind, List, Partial};
use super::words::{Purpose, WordFrame};
use super::{Command, CommandPlace, MAX_COMMANDS, MAX_DEPTH, MAX_RESTARTS, MAX_TEXT, MAX_WORDS, Script};

/// Longest name of a function that is kept: the name is copied to each command of the body.
const MAX_NAME: usize = 255;

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
    /// Number of `` `…` `` this text was taken from.
    pub(super) nesting: usize,
    pub(super) complete: bool,
    /// Bytes of words that may still be kept.
    pub(super) room: usize,
    functions: Vec<String>,
    pending: Vec<Heredoc>,
    /// Commands and their levels.
    pub(super) out: Vec<(Command, usize)>,
    /// Most commands that are kept.
    pub(super) capacity: usize,
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
            nesting: 0,
            complete: whole && !text.contains('\0'),
            room: MAX_WORDS,
            functions: Vec::new(),
            pending: Vec::new(),
            out: Vec::new(),
            capacity: MAX_COMMANDS,
            restarts: 0,
        }
    }

    pub(super) fn read(self) -> Script {
        let (mut commands, complete, _) = self.finish();
        commands.sort_by_key(|(command, _)| command.span.start);
        Script { commands: commands.into_iter().map(|(command, _)| command).collect(), complete }
    }

    /// Reads everything. Returns the commands with the number of substitutions around them, whether all was understood,
    /// and what is left of [`Reader::room`].
    pub(super) fn finish(mut self) -> (Vec<(Command, usize)>, bool, usize) {
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
        (self.out, self.complete, self.room)
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
        self.pending.clear();
    }

    /// Goes on behind the line on which something begins that is never closed.
    fn restart(&mut self, start: usize) {
        self.limit = self.text.len();
        let Some(line) = line_feed(&self.text.as_bytes()[start..]) else { return };
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
        let test = list.command.as_ref().is_some_and(|command| command.test);
        let word = WordFrame::new(purpose, start, list.place(), test, list.assigns());
        self.push(Frame::Word(word))
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
        if let Some(Frame::List(list)) = self.frames.pop() {
            let whole = list.filled || matches!(list.kind, Kind::CaseClause | Kind::CaseBody);
            self.complete &= whole;
        }
        if let Some(list) = self.list() {
            list.close();
        }
        Ok(())
    }

    /// Keeps a command.
    fn keep(&mut self, partial: Partial, at: At) -> Result<(), Stop> {
        if self.out.len() >= self.capacity {
            return Err(Stop::Bound);
        }
        let place = self.place(at);
        let Partial { words, assignments, redirects, span, .. } = partial;
        self.out.push((Command { words, assignments, redirects, span, place }, self.level));
        Ok(())
    }

    pub(super) fn place(&self, at: At) -> CommandPlace {
        CommandPlace {
            conditional: at.conditional,
            fallback: at.fallback,
            piped: at.piped,
            background: at.background,
            subshell: at.subshell,
            function: at.function.and_then(|index| self.functions.get(index).cloned()),
        }
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

    /// `]]`: the command is one of the shell's own, so a keyword may follow.
    pub(super) fn end_test(&mut self) -> Result<(), Stop> {
        let Some(list) = self.list() else { return Ok(()) };
        if let Some(command) = &mut list.command {
            command.test = false;
        }
        self.end_command()?;
        if let Some(list) = self.list() {
            list.close();
        }
        Ok(())
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

/// The lines of `text` that fit the bound.
fn beginning(text: &str) -> &str {
    let bytes = &text.as_bytes()[..MAX_TEXT];
    let mut end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(MAX_TEXT, |at| at + 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Where the first line feed stands.
pub(super) fn line_feed(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == b'\n')
}
