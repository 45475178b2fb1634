//! Where the value of a variable that ENV or ARG declares is used.
//!
//! BuildKit puts variables into instructions by itself (Docker documentation, "Environment replacement"); RUN and what a
//! container starts get them in their environment and may read them without naming them. So there are certain uses and
//! [possible](Reader::Possible) ones: of a program that is not known, nobody can say what it reads.
//!
//! What is followed: the rest of the stage, stages that start from it, `ARG NAME` in stages for a global argument; until
//! another ENV or ARG with a value hides the variable. In doubt a use is reported. Not followed: scripts of the build
//! context, which are possible uses, and the values that are made from this one: they have names of their own
//! ([`Kind::Instruction`]).

mod files;
mod mentions;
mod programs;
mod tools;

use std::cell::Cell;
use std::collections::BTreeSet;

use harden_core::syntax::{Flag, Instruction, Keyword, Pair, Span, Token};
use harden_core::{Base, Build, Context, Scopes, State, Value, Why};

use files::{ConfigFiles, FileText};
use mentions::Mention;
use programs::Verdict;

/// Bytes of instructions that are searched for all variables of a file. A file that declares thousands of variables
/// and uses none would otherwise take the square of its length.
const MAX_WORK: usize = 16 << 20;

/// A pair of ENV or ARG and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declaration<'a> {
    /// The stage; `None` for an ARG before the first FROM.
    pub(crate) stage: Option<usize>,
    /// The ENV or ARG, or the ONBUILD that holds it.
    pub(crate) instruction: Instruction<'a>,
    /// The pair.
    pub(crate) pair: Pair<'a>,
}

/// One use. An instruction has one for each kind at most, with the place of the first.
#[derive(Clone, Debug)]
pub(crate) struct Use<'a> {
    /// The instruction; the one inside for ONBUILD.
    pub(crate) instruction: Instruction<'a>,
    /// The stage it stands in, for FROM the one it begins; `None` before the first FROM.
    pub(crate) stage: Option<usize>,
    /// It is inside ONBUILD: the build that starts from this image uses the variable.
    pub(crate) onbuild: bool,
    /// How.
    pub(crate) kind: Kind,
    /// Where: the reference, or the command that may read the variable.
    pub(crate) span: Span,
}

/// How a variable is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A flag of RUN holds it, as in `--mount=…,target=$X`: BuildKit puts it in, so a secret cannot take its place.
    RunFlag,
    /// A command of RUN gets it from its environment. A secret mount with `env=` does the same.
    Run(Reader),
    /// BuildKit puts it into the instruction: FROM, COPY, ADD, WORKDIR, USER, EXPOSE, VOLUME, STOPSIGNAL, LABEL, ENV, ARG.
    Instruction {
        /// The name of the ENV, ARG or LABEL that gets the value.
        derived: Option<String>,
    },
    /// `ARG NAME` in a stage takes over the global argument; the uses in that stage are in the list.
    Redeclared,
    /// CMD, ENTRYPOINT or HEALTHCHECK name it: the container needs it when it runs.
    Launch,
    /// The body of a heredoc of COPY or ADD, into which BuildKit puts it.
    Heredoc,
}

/// Who reads a variable in a RUN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The shell: `$X`, `${X:-…}`.
    Shell,
    /// The text names it otherwise: `printenv X`, `os.environ["X"]`.
    Named,
    /// A program known to read it, by name.
    Tool(&'static str),
    /// A configuration file in the build context names it, and a program reads that file.
    File(String),
    /// This program may read it; nothing says so.
    Possible(String),
}

impl Use<'_> {
    /// Whether the file says that the variable is used here.
    #[cfg(test)]
    pub(crate) fn is_certain(&self) -> bool {
        !matches!(self.kind, Kind::Run(Reader::Possible(_)))
    }
}

/// Finds uses of variables of one file.
pub(crate) struct VariableUses<'c, 'a> {
    build: &'c Build<'a>,
    scopes: &'c Scopes<'c, 'a>,
    texts: Box<dyn Fn(&str) -> FileText + 'c>,
    room: Cell<usize>,
}

impl<'c, 'a> VariableUses<'c, 'a> {
    /// Reads configuration files of programs from the build context.
    pub(crate) fn new(ctx: &'c Context<'a>, scopes: &'c Scopes<'c, 'a>) -> Self {
        Self::with_texts(ctx.build, scopes, Box::new(|path| FileText::read(ctx, path)))
    }

    fn with_texts(
        build: &'c Build<'a>,
        scopes: &'c Scopes<'c, 'a>,
        texts: Box<dyn Fn(&str) -> FileText + 'c>,
    ) -> Self {
        Self { build, scopes, texts, room: Cell::new(MAX_WORK) }
    }

    /// Every use of the variable, in the order of the file.
    ///
    /// # Errors
    /// `too-large`: the file has more variables and instructions than are looked at together.
    pub(crate) fn of(&self, declared: &Declaration<'a>) -> Result<Vec<Use<'a>>, Why> {
        let name = declared.pair.key.text();
        let mut search = Search { all: self, name, uses: Vec::new() };
        // Stages at whose end the variable is visible.
        let mut visible: BTreeSet<usize> = BTreeSet::new();
        match declared.stage {
            None => search.global(declared)?,
            Some(stage) => {
                let after = declared.instruction.span().start;
                if search.stage(stage, Start::After(after))? {
                    visible.insert(stage);
                }
            }
        }
        for stage in &self.build.stages {
            if Some(stage.index) == declared.stage {
                continue;
            }
            let inherited = matches!(stage.base, Base::Stage(parent) if visible.contains(&parent));
            let start = match (inherited, declared.stage) {
                (true, _) => Start::First,
                (false, None) => Start::Redeclaration,
                (false, Some(_)) => continue,
            };
            if search.stage(stage.index, start)? {
                visible.insert(stage.index);
            }
        }
        let mut uses = search.uses;
        uses.sort_by_key(|one| one.instruction.span().start);
        Ok(uses)
    }

    fn take(&self, instruction: Instruction<'_>) -> Result<(), Why> {
        let left = self.room.get().saturating_sub(1 + instruction.full_span().len() as usize);
        self.room.set(left);
        if left > 0 {
            return Ok(());
        }
        Err(Why::new("too-large", "the file has too many variables and instructions to follow each of them"))
    }
}

/// From where on a variable is visible in a stage.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    First,
    /// Behind the instruction that begins here.
    After(u32),
    /// Behind `ARG NAME`.
    Redeclaration,
}

/// The search for one variable.
struct Search<'s, 'c, 'a> {
    all: &'s VariableUses<'c, 'a>,
    name: &'a str,
    uses: Vec<Use<'a>>,
}

impl<'a> Search<'_, '_, 'a> {
    fn push(&mut self, instruction: Instruction<'a>, stage: Option<usize>, kind: Kind, span: Span) {
        let onbuild = instruction.keyword_token().span().start != instruction.span().start;
        let known = |one: &Use<'_>| one.instruction.span() == instruction.span() && one.kind == kind;
        if !self.uses.iter().rev().take(8).any(known) {
            self.uses.push(Use { instruction, stage, onbuild, kind, span });
        }
    }

    /// Later global arguments and every FROM.
    fn global(&mut self, declared: &Declaration<'a>) -> Result<(), Why> {
        let declared_at = declared.pair.whole.span().start;
        for arg in &self.all.build.global_args {
            let at = arg.pair.whole.span().start;
            if at <= declared_at {
                continue;
            }
            self.all.take(arg.instruction)?;
            if let Some(span) = arg.pair.value.and_then(|value| self.reference(value)) {
                let derived = Some(arg.pair.key.text().to_owned());
                self.push(arg.instruction, None, Kind::Instruction { derived }, span);
            }
            // The last default counts for all stages.
            if arg.pair.key.text() == self.name && arg.pair.value.is_some() {
                return Ok(());
            }
        }
        for stage in &self.all.build.stages {
            let flags = stage.from.flags().filter_map(Flag::value_token);
            let found = flags.chain([stage.image]).find_map(|token| self.reference(token));
            if let Some(span) = found {
                self.push(stage.from, Some(stage.index), Kind::Instruction { derived: None }, span);
            }
        }
        Ok(())
    }

    /// The uses in one stage; whether the variable is still visible at its end.
    fn stage(&mut self, index: usize, start: Start) -> Result<bool, Why> {
        let mut live = start == Start::First;
        let mut outcome = Ok(());
        let scopes = self.all.scopes;
        scopes.walk(index, |_, instruction, state| {
            if outcome.is_err() {
                return;
            }
            if !live && !self.begins(instruction, start) {
                return;
            }
            if !live && start == Start::Redeclaration {
                let pair = instruction.pairs().into_iter().find(|pair| pair.key.text() == self.name);
                if let Some(pair) = pair {
                    self.push(instruction, Some(index), Kind::Redeclared, pair.whole.span());
                }
                live = true;
                return;
            }
            if !live {
                live = true;
                return;
            }
            outcome = self.all.take(instruction);
            self.instruction(instruction, index, state);
            live = !self.hides(instruction);
        });
        outcome.map(|()| live)
    }

    fn begins(&self, instruction: Instruction<'_>, start: Start) -> bool {
        match start {
            Start::First => true,
            Start::After(at) => instruction.span().start == at,
            Start::Redeclaration => {
                let takes_over = |pair: &Pair<'_>| pair.key.text() == self.name && pair.value.is_none();
                instruction.keyword() == Keyword::Arg && instruction.pairs().iter().any(takes_over)
            }
        }
    }

    /// Whether the instruction gives the variable another value. `ARG NAME` leaves what was there.
    fn hides(&self, instruction: Instruction<'_>) -> bool {
        matches!(instruction.keyword(), Keyword::Env | Keyword::Arg)
            && instruction.pairs().iter().any(|pair| pair.key.text() == self.name && pair.value.is_some())
    }

    fn instruction(&mut self, outer: Instruction<'a>, stage: usize, state: &State) {
        let instruction = outer.trigger().unwrap_or(outer);
        let at = Some(stage);
        match instruction.keyword() {
            Keyword::Run => self.run(instruction, stage, &state.shell),
            Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => {
                if let Some((_, span)) = mentions::in_token(instruction.arguments(), self.name).first() {
                    self.push(instruction, at, Kind::Launch, *span);
                }
            }
            Keyword::Env | Keyword::Arg | Keyword::Label => {
                for pair in instruction.pairs() {
                    if let Some(span) = self.reference(pair.whole) {
                        let derived = Some(pair.key.text().to_owned());
                        self.push(instruction, at, Kind::Instruction { derived }, span);
                    }
                }
            }
            // BuildKit does not expand these.
            Keyword::Shell | Keyword::Maintainer => {}
            _ => {
                let flags = instruction.flags().filter_map(Flag::value_token);
                let found = flags.chain([instruction.arguments()]).find_map(|token| self.reference(token));
                if let Some(span) = found {
                    self.push(instruction, at, Kind::Instruction { derived: None }, span);
                }
                for heredoc in instruction.heredocs().filter(|heredoc| heredoc.expands()) {
                    let found = mentions::in_file(instruction.file(), heredoc.body(), self.name, false);
                    if let Some((_, span)) = found.iter().find(|(kind, _)| *kind == Mention::Expanded) {
                        self.push(instruction, at, Kind::Heredoc, *span);
                    }
                }
            }
        }
    }

    /// Where BuildKit puts the variable into a token. One it cannot read is searched as text.
    fn reference(&self, token: Token<'_>) -> Option<Span> {
        match token.variables() {
            Ok(found) => {
                let one = found.into_iter().find(|one| one.name == self.name)?;
                Some(token.part(one.start, one.end).span())
            }
            Err(_) => mentions::in_token(token, self.name).first().map(|(_, span)| *span),
        }
    }

    fn run(&mut self, instruction: Instruction<'a>, stage: usize, shell: &Value<Vec<String>>) {
        let at = Some(stage);
        for flag in instruction.flags() {
            if let Some(span) = flag.value_token().and_then(|value| self.reference(value)) {
                self.push(instruction, at, Kind::RunFlag, span);
            }
        }
        // `--mount=type=secret,env=NAME` gives the variable another value here.
        let given = instruction.flags().filter(|flag| flag.name() == "mount").any(|flag| {
            let fields = flag.mount().unwrap_or_default();
            fields.iter().any(|field| field.key == "env" && field.value.as_deref() == Some(self.name))
        });
        if given {
            return;
        }
        let mut found = mentions::in_token(instruction.arguments(), self.name);
        for heredoc in instruction.heredocs() {
            found.extend(mentions::in_file(instruction.file(), heredoc.body(), self.name, true));
        }
        let of_kind = |kind: Mention| found.iter().find(|(one, _)| *one == kind).map(|(_, span)| *span);
        if let Some(span) = of_kind(Mention::Expanded) {
            return self.push(instruction, at, Kind::Run(Reader::Shell), span);
        }
        if let Some(span) = of_kind(Mention::Named) {
            return self.push(instruction, at, Kind::Run(Reader::Named), span);
        }
        // An earlier step may have written a configuration file that names it.
        let written = self
            .uses
            .iter()
            .any(|one| matches!(one.kind, Kind::Heredoc | Kind::Run(Reader::Shell | Reader::Named)));
        let files = ConfigFiles::new(self.all.build, stage, &*self.all.texts, written);
        let (verdict, span) = programs::judge_run(instruction, shell, self.name, &files);
        match verdict {
            Verdict::No => {}
            Verdict::Reads(reader) => self.push(instruction, at, Kind::Run(reader), span),
        }
    }
}

#[cfg(test)]
mod tests;
