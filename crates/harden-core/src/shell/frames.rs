//! What is being read: lists of commands and what they collect.

use std::collections::VecDeque;
use std::ops::Range;

use super::Word;
use super::reader::line_feed;
use super::words::WordFrame;

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
    /// A clause begins: `(`, a pattern or `esac` comes next.
    CaseClause,
    /// A pattern comes next.
    CasePattern,
    /// `|` or `)` comes next.
    CaseSeparator,
    CaseBody,
}

/// A simple command that is being read.
#[derive(Default)]
pub(super) struct Partial {
    pub(super) words: Vec<Word>,
    pub(super) assignments: Vec<(String, Word)>,
    pub(super) redirects: Vec<(String, Word)>,
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
    pub(super) base: At,
    pub(super) conditional: bool,
    pub(super) fallback: bool,
    pub(super) command: Option<Partial>,
    /// A compound command or function has just ended: only redirections, separators and closing words may follow.
    pub(super) closed: bool,
    /// `&&`, `||`, `|` or `!` came last.
    pub(super) operand_due: bool,
    /// There is a command in it since it began or its last keyword.
    pub(super) filled: bool,
    /// Whether the pipeline has more than one command.
    pub(super) piped: bool,
    /// Index of the first command of the pipeline.
    pub(super) pipeline: usize,
    /// Index of the first command of the and-or list.
    pub(super) and_or: usize,
    /// A compound command is due that is the body of this function.
    pub(super) function: Option<usize>,
    /// Here-documents whose bodies come next.
    pub(super) due: VecDeque<Heredoc>,
}

/// A here-document whose operator has been read.
pub(super) struct Heredoc {
    pub(super) delimiter: String,
    pub(super) expands: bool,
    pub(super) strip: bool,
    pub(super) at: At,
    /// [`Reader::level`] of its operator.
    pub(super) level: usize,
}

pub(super) enum Frame {
    List(List),
    Word(WordFrame),
}

impl Heredoc {
    /// Where the body that begins at `start` ends, and where the text after its delimiter goes on.
    pub(super) fn find(&self, text: &str, start: usize) -> (usize, usize) {
        let mut at = start;
        while at < text.len() {
            let length = line_feed(&text.as_bytes()[at..]);
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
    pub(super) fn new(kind: Kind, base: At, commands: usize) -> Self {
        Self {
            kind,
            base,
            conditional: false,
            fallback: false,
            command: None,
            closed: false,
            operand_due: false,
            filled: false,
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
        self.filled = true;
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
            self.close();
        }
    }

    /// A compound command in it has ended.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.operand_due = false;
        self.filled = true;
    }

    /// Whether `name=(…)` may come next: before the command word, or after a builtin that takes assignments (bash
    /// manual, "Shell Parameters").
    pub(super) fn assigns(&self) -> bool {
        const BUILTINS: [&str; 6] = ["declare", "typeset", "local", "export", "readonly", "eval"];
        let first = self.command.as_ref().and_then(|command| command.words.first());
        first.is_none_or(|word| BUILTINS.contains(&word.text.as_str()))
    }

    /// What follows is skipped unless a condition holds.
    pub(super) fn branch(&mut self, kind: Kind) {
        self.kind = kind;
        self.base.conditional = true;
        self.filled = false;
    }
}
