//! One step in a list of commands: an operator, a compound command, or the beginning of a word.

use super::frames::{At, Kind};
use super::reader::{Reader, Stop, line_feed};
use super::words::Purpose;

impl Reader<'_> {
    /// Reads on in the list on top.
    pub(super) fn list_step(&mut self) -> Result<(), Stop> {
        if self.heredoc_body()? {
            return Ok(());
        }
        self.skip_blanks();
        let Some(byte) = self.byte(0) else { return self.list_end() };
        let Some(list) = self.list() else { return Ok(()) };
        let kind = list.kind;
        if list.command.as_ref().is_some_and(|command| command.test) {
            return self.test_step();
        }
        match kind {
            Kind::ForName | Kind::ForIn | Kind::ForItems | Kind::ForDo => return self.for_step(kind),
            Kind::CaseSubject | Kind::CaseIn | Kind::CaseClause | Kind::CasePattern | Kind::CaseSeparator => {
                return self.case_step(kind);
            }
            _ => {}
        }
        if let Some(length) = self.newline(0) {
            let goes_on = self.list().is_some_and(|list| list.goes_on());
            if !goes_on {
                self.end_pipeline(true)?;
            }
            self.end_line(length);
            return Ok(());
        }
        match byte {
            b';' | b'&' | b'|' => self.operator(byte),
            b'(' => self.open_parenthesis(),
            b')' => self.close_parenthesis(kind),
            b'<' | b'>' if self.byte(1) != Some(b'(') => self.redirect(self.at),
            _ => self.push_word(Purpose::Argument),
        }
    }

    /// Passes over blanks, continued lines and comments.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.byte(0) {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.newline(1).is_some() => {
                    self.at += 1 + self.newline(1).unwrap_or_default();
                }
                Some(b'#') => {
                    let rest = self.rest();
                    let line = line_feed(rest).unwrap_or(rest.len());
                    // The carriage return belongs to the line ending.
                    let ending = usize::from(line < rest.len() && line > 0 && rest[line - 1] == b'\r');
                    self.at += line - ending;
                }
                _ => return,
            }
        }
    }

    /// The text has ended inside the list on top.
    fn list_end(&mut self) -> Result<(), Stop> {
        let Some(list) = self.list() else { return Ok(()) };
        match list.kind {
            Kind::Top => {
                self.end_pipeline(true)?;
                self.frames.pop();
            }
            Kind::Backtick { start, outer } => {
                self.end_pipeline(true)?;
                self.limit = outer;
                self.at += 1;
                self.end_substitution(start);
            }
            Kind::Substitution { start } => {
                self.complete = false;
                self.end_pipeline(true)?;
                self.end_substitution(start);
            }
            _ => {
                self.complete = false;
                self.pop_compound()?;
            }
        }
        Ok(())
    }

    /// Gives the text of the substitution on top to the word below it.
    fn end_substitution(&mut self, start: usize) {
        self.frames.pop();
        self.level -= 1;
        self.resume(start);
    }

    /// Whether a command or compound command stands before the operator that comes now.
    fn has_operand(&mut self) -> bool {
        self.list().is_some_and(|list| list.has_command())
    }

    fn operator(&mut self, byte: u8) -> Result<(), Stop> {
        let next = self.byte(1);
        if byte == b'&' && next == Some(b'>') {
            return self.redirect(self.at);
        }
        let operand = self.has_operand();
        match (byte, next) {
            (b';', Some(b';' | b'&')) => {
                let length = if next == Some(b';') && self.byte(2) == Some(b'&') { 3 } else { 2 };
                self.at += length;
                self.end_pipeline(true)?;
                match self.list() {
                    Some(list) if list.kind == Kind::CaseBody => list.kind = Kind::CaseClause,
                    _ => self.complete = false,
                }
                return Ok(());
            }
            (b';', _) => {
                self.at += 1;
                self.end_pipeline(true)?;
            }
            (b'&' | b'|', Some(second)) if second == byte => {
                self.at += 2;
                self.end_pipeline(false)?;
                if let Some(list) = self.list() {
                    list.join(byte == b'|');
                }
            }
            (b'&', _) => {
                self.at += 1;
                self.run_in_background()?;
            }
            _ => {
                self.at += if next == Some(b'&') { 2 } else { 1 };
                self.end_command()?;
                if let Some(list) = self.list() {
                    list.pipe();
                }
            }
        }
        self.complete &= operand;
        Ok(())
    }

    fn open_parenthesis(&mut self) -> Result<(), Stop> {
        let Some(list) = self.list() else { return Ok(()) };
        let in_command = list.command.is_some();
        let name = list.command.as_ref().and_then(|command| command.function_name()).map(str::to_owned);
        let defines = list.awaits_body();
        let blanks = self.rest()[1..].iter().take_while(|&&byte| matches!(byte, b' ' | b'\t')).count();
        let empty = self.byte(1 + blanks) == Some(b')');
        match name {
            // `function name ()`
            _ if defines && empty => {
                self.at += blanks + 2;
                Ok(())
            }
            Some(name) if empty => {
                self.at += blanks + 2;
                if let Some(list) = self.list() {
                    list.command = None;
                }
                self.define(&name);
                Ok(())
            }
            _ if in_command => {
                self.complete = false;
                self.end_command()?;
                self.at += 1;
                self.push_compound(Kind::Subshell)
            }
            _ if self.is_arithmetic(1) => self.push_word(Purpose::Arithmetic),
            _ => {
                self.at += 1;
                self.push_compound(Kind::Subshell)
            }
        }
    }

    fn close_parenthesis(&mut self, kind: Kind) -> Result<(), Stop> {
        self.at += 1;
        match kind {
            Kind::Subshell => self.pop_compound(),
            Kind::Substitution { start } => {
                self.end_pipeline(true)?;
                self.end_substitution(start);
                Ok(())
            }
            _ => {
                self.complete = false;
                self.end_pipeline(true)
            }
        }
    }

    /// Whether the parenthesis `offset` bytes from here opens an arithmetic expression together with the one before it,
    /// and not a subshell in a subshell or substitution.
    pub(super) fn is_arithmetic(&self, offset: usize) -> bool {
        if self.byte(offset) != Some(b'(') {
            return false;
        }
        let bytes = self.rest();
        let mut at = offset + 1;
        let mut depth = 0_usize;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\\' => at += 1,
                b'(' => depth += 1,
                b')' if depth == 0 => return bytes.get(at + 1) == Some(&b')'),
                b')' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        false
    }

    /// Inside `[[ … ]]` everything is a word.
    fn test_step(&mut self) -> Result<(), Stop> {
        if let Some(length) = self.newline(0) {
            self.end_line(length);
            return Ok(());
        }
        match self.byte(0) {
            // `;` cannot stand in a test: whatever it is, it ends here.
            Some(b';') => self.end_command(),
            _ => self.push_word(Purpose::Argument),
        }
    }

    fn for_step(&mut self, kind: Kind) -> Result<(), Stop> {
        let separator = self.newline(0);
        if let Some(length) = separator {
            self.end_line(length);
            if kind == Kind::ForItems {
                self.set_kind(Kind::ForDo);
            }
            return Ok(());
        }
        match (kind, self.byte(0)) {
            (Kind::ForName, Some(b'(')) if self.is_arithmetic(1) => self.push_word(Purpose::Arithmetic),
            (Kind::ForIn | Kind::ForItems | Kind::ForDo, Some(b';')) => {
                self.at += 1;
                self.set_kind(Kind::ForDo);
                Ok(())
            }
            (_, Some(b'<' | b'>')) if self.byte(1) == Some(b'(') => self.push_word(Purpose::Header),
            (_, Some(b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')) => {
                self.stray();
                Ok(())
            }
            _ => self.push_word(Purpose::Header),
        }
    }

    fn case_step(&mut self, kind: Kind) -> Result<(), Stop> {
        if let Some(length) = self.newline(0) {
            self.complete &= !matches!(kind, Kind::CasePattern | Kind::CaseSeparator);
            self.end_line(length);
            return Ok(());
        }
        let next = match (kind, self.byte(0)) {
            (Kind::CaseClause, Some(b'(')) | (Kind::CaseSeparator, Some(b'|')) => Kind::CasePattern,
            (Kind::CaseSeparator, Some(b')')) => Kind::CaseBody,
            (_, Some(b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')) => {
                self.stray();
                return Ok(());
            }
            _ => return self.push_word(Purpose::Header),
        };
        self.at += 1;
        if let Some(list) = self.list() {
            list.branch(next);
        }
        Ok(())
    }

    /// An operator where none belongs.
    fn stray(&mut self) {
        self.complete = false;
        self.at += 1;
    }

    fn set_kind(&mut self, kind: Kind) {
        if let Some(list) = self.list() {
            list.kind = kind;
        }
    }

    /// A word of the head of a `for` or `case` has been read.
    pub(super) fn header_word(&mut self, raw: &str) -> Result<(), Stop> {
        let Some(list) = self.list() else { return Ok(()) };
        let kind = list.kind;
        match (kind, raw) {
            (Kind::ForName, _) => list.kind = Kind::ForIn,
            (Kind::ForIn, "in") => list.kind = Kind::ForItems,
            (Kind::ForIn | Kind::ForDo, "do") => list.branch(Kind::LoopBody),
            (Kind::CaseSubject, _) => list.kind = Kind::CaseIn,
            (Kind::CaseIn, "in") => list.kind = Kind::CaseClause,
            (Kind::CaseClause, "esac") => return self.pop_compound(),
            (Kind::CaseClause | Kind::CasePattern, _) => list.kind = Kind::CaseSeparator,
            (Kind::ForItems, _) => {}
            _ => self.complete = false,
        }
        Ok(())
    }

    /// Takes a word at the beginning of a command that is a keyword there. False when it is none.
    pub(super) fn keyword(&mut self, raw: &str) -> Result<bool, Stop> {
        let Some(list) = self.list() else { return Ok(false) };
        let next = match (raw, list.kind) {
            ("if", _) => return self.push_compound(Kind::IfCondition).map(|()| true),
            ("while" | "until", _) => return self.push_compound(Kind::LoopCondition).map(|()| true),
            ("for" | "select", _) => return self.push_compound(Kind::ForName).map(|()| true),
            ("case", _) => return self.push_compound(Kind::CaseSubject).map(|()| true),
            ("{", _) => return self.push_compound(Kind::Brace).map(|()| true),
            ("fi", Kind::IfThen | Kind::IfElse)
            | ("done", Kind::LoopBody)
            | ("esac", Kind::CaseBody)
            | ("}", Kind::Brace) => return self.pop_compound().map(|()| true),
            ("then", Kind::IfCondition) => Kind::IfThen,
            ("elif", Kind::IfThen) => Kind::IfCondition,
            ("else", Kind::IfThen) => Kind::IfElse,
            ("do", Kind::LoopCondition) => Kind::LoopBody,
            ("then" | "elif" | "else" | "fi" | "do" | "done" | "esac" | "}" | "coproc", _) => {
                self.complete = false;
                return Ok(true);
            }
            ("!", _) => {
                list.negate();
                return Ok(true);
            }
            // As a keyword or as a program, what follows is the command.
            ("time", _) => {
                self.skip_blanks();
                if self.rest().starts_with(b"-p ") {
                    self.at += 3;
                }
                return Ok(true);
            }
            ("function", _) => {
                self.skip_blanks();
                let named = self.byte(0).is_some_and(|byte| !b";&|()<>\r\n".contains(&byte));
                self.complete &= named;
                if named {
                    self.push_word(Purpose::FunctionName)?;
                }
                return Ok(true);
            }
            _ => return Ok(false),
        };
        self.end_pipeline(true)?;
        if let Some(list) = self.list() {
            let filled = list.filled;
            list.branch(next);
            self.complete &= filled;
        }
        Ok(true)
    }

    /// Reads a redirection whose operator comes next; `start` is where its file descriptor stands.
    pub(super) fn redirect(&mut self, start: usize) -> Result<(), Stop> {
        const OPERATORS: [&str; 12] =
            ["<<<", "<<-", "&>>", "<<", "<>", "<&", ">>", ">|", ">&", "&>", "<", ">"];
        let rest = self.rest();
        let operator = OPERATORS.into_iter().find(|one| rest.starts_with(one.as_bytes())).unwrap_or("<");
        self.at += operator.len();
        let name = self.text[start..self.at].to_owned();
        let end = self.at;
        if let Some(list) = self.list() {
            list.redirected(start, end);
        }
        self.skip_blanks();
        let target = match self.byte(0) {
            None => false,
            Some(b'<' | b'>') => self.byte(1) == Some(b'('),
            Some(byte) => self.newline(0).is_none() && !b";&|()".contains(&byte),
        };
        if !target {
            self.complete = false;
            return Ok(());
        }
        self.push_word(match operator {
            "<<" => Purpose::Delimiter { strip: false },
            "<<-" => Purpose::Delimiter { strip: true },
            _ => Purpose::Target { operator: name },
        })
    }

    /// The place of what is executed for the list on top.
    pub(super) fn here(&mut self) -> At {
        self.list().map(|list| list.place()).unwrap_or_default()
    }
}
