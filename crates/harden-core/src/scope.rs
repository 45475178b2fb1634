//! Variables, user, working directory and shell at every step of a stage.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use dockerfile_syntax::{Instruction, Keyword, Pair, Token, expand};

use crate::image_path;
use crate::shell::{self, Located};
use crate::{Base, Build, BuildSetup, PLATFORM_ARGS, Why};

/// Something that may come from the base image or not be knowable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<T> {
    /// The file fixes it.
    Known(T),
    /// The base image of the chain of stages decides.
    FromBase,
    /// It cannot be known from the file.
    Unknown(Why),
}

/// Where a variable got its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// ENV: fixed by the file.
    Env,
    /// ARG: the default; a build may give another value.
    Arg,
}

/// A variable in scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its value; for an ARG the default.
    pub value: Value<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// A build argument the value was made with: a build that gives it another value changes this one too. For an ARG
    /// its own name.
    pub argument: Option<String>,
}

/// What is in force before an instruction.
#[derive(Clone, Debug)]
pub struct State {
    /// The user of RUN and of the container, as written with variables replaced.
    pub user: Value<String>,
    /// The working directory.
    pub workdir: Value<String>,
    /// The shell of shell forms.
    pub shell: Value<Vec<String>>,
    /// Variables this stage has set itself.
    own: BTreeMap<String, Variable>,
    /// The stage it starts from.
    parent: Option<usize>,
    /// The build argument that chooses this stage to start from.
    chosen_by: Option<String>,
}

/// The states of a build: the end of every stage, and a walk through each.
#[derive(Debug)]
pub struct Scopes<'b, 'a> {
    build: &'b Build<'a>,
    setup: &'b BuildSetup,
    ends: Vec<State>,
    /// Bytes of text that may still be expanded.
    room: Cell<usize>,
    /// What [`Scopes::once`] keeps, by type and by where the instruction starts.
    kept: RefCell<BTreeMap<(TypeId, u32), Rc<dyn Any>>>,
}

/// Bytes of expanded text for one file. `ENV A=$B` copies: without a bound a small file fills the memory.
const MAX_EXPANDED: usize = 16 << 20;

/// Longest chain of `FROM stage` that is followed for a variable.
const MAX_CHAIN: usize = 256;

impl<'b, 'a> Scopes<'b, 'a> {
    /// Works through all stages once.
    pub fn new(build: &'b Build<'a>, setup: &'b BuildSetup) -> Self {
        let ends = Vec::with_capacity(build.stages.len());
        let mut scopes = Self { build, setup, ends, room: Cell::new(MAX_EXPANDED), kept: RefCell::default() };
        for index in 0..build.stages.len() {
            let end = scopes.walk(index, |_, _, _| ());
            scopes.ends.push(end);
        }
        scopes
    }

    /// Calls `visit` with each instruction after the FROM of stage `index` and the state before it; returns the state
    /// at the end.
    pub fn walk(&self, index: usize, mut visit: impl FnMut(&Self, Instruction<'a>, &State)) -> State {
        let stage = &self.build.stages[index];
        let mut state = match &stage.base {
            Base::Stage(parent) if *parent < self.ends.len() => {
                let end = &self.ends[*parent];
                State {
                    user: end.user.clone(),
                    workdir: end.workdir.clone(),
                    shell: end.shell.clone(),
                    own: BTreeMap::new(),
                    parent: Some(*parent),
                    chosen_by: chosen_by(stage.image),
                }
            }
            Base::Scratch => State {
                user: Value::Known(String::new()),
                workdir: Value::Known("/".to_owned()),
                shell: Value::Known(vec!["/bin/sh".to_owned(), "-c".to_owned()]),
                own: BTreeMap::new(),
                parent: None,
                chosen_by: None,
            },
            _ => State {
                user: Value::FromBase,
                workdir: Value::FromBase,
                shell: Value::FromBase,
                own: BTreeMap::new(),
                parent: None,
                chosen_by: None,
            },
        };
        for &instruction in &stage.instructions {
            visit(self, instruction, &state);
            self.step(instruction, &mut state);
        }
        state
    }

    /// What `make` gives for an instruction, made once: the parts of a transform that look at the same instruction share
    /// the reading of it. `make` must depend on nothing but the instruction and the state before it.
    pub fn once<T: Any>(&self, instruction: Instruction<'_>, make: impl FnOnce() -> T) -> Rc<T> {
        let key = (TypeId::of::<T>(), instruction.span().start);
        let kept = self.kept.borrow().get(&key).cloned();
        if let Some(Ok(kept)) = kept.map(Rc::downcast) {
            return kept;
        }
        let made = Rc::new(make());
        self.kept.borrow_mut().insert(key, Rc::<T>::clone(&made));
        made
    }

    /// The commands of a RUN, and whether they are all it runs. See [`shell::of_instruction`].
    pub fn commands(&self, run: Instruction<'_>, state: &State) -> Rc<(Vec<Located>, bool)> {
        self.build.commands(run, || shell::of_instruction(run, &state.shell))
    }

    /// The state at the end of a stage.
    pub fn end(&self, stage: usize) -> Option<&State> {
        self.ends.get(stage)
    }

    /// The value of a variable before the instruction `state` belongs to; `None` when nothing sets it.
    pub fn variable(&self, state: &State, name: &str) -> Option<Variable> {
        self.find(state, name).map(Cow::into_owned)
    }

    fn find<'s>(&'s self, state: &'s State, name: &str) -> Option<Cow<'s, Variable>> {
        let mut scope = state;
        let mut followed = 0;
        let mut argument: Option<&String> = None;
        loop {
            if let Some(variable) = scope.own.get(name) {
                return Some(match argument {
                    None => Cow::Borrowed(variable),
                    Some(_) => Cow::Owned(Variable { argument: argument.cloned(), ..variable.clone() }),
                });
            }
            argument = argument.or(scope.chosen_by.as_ref());
            match scope.parent.and_then(|parent| self.ends.get(parent)) {
                Some(parent) if followed < MAX_CHAIN => {
                    scope = parent;
                    followed += 1;
                }
                Some(_) => {
                    let why = Why::new("too-deep", "the chain of stages is too long to follow");
                    let value = Value::Unknown(why);
                    return Some(Cow::Owned(Variable { value, origin: Origin::Env, argument: None }));
                }
                None => break,
            }
        }
        None
    }

    /// Expands a token. `Err` names what cannot be known: a variable nothing in the file fixes (the base image may), or
    /// a malformed word.
    pub fn expand(&self, state: &State, token: Token<'_>) -> Result<Expanded, Why> {
        self.expand_text(state, token.text())
    }

    /// Expands any text of this file, for instance a decoded JSON string. See [`Scopes::expand`].
    pub fn expand_text(&self, state: &State, text: &str) -> Result<Expanded, Why> {
        let too_large = || Why::new("too-large", "the variables of this file are too large to follow");
        if self.room.get() == 0 {
            return Err(too_large());
        }
        let known = |name: &str| match self.find(state, name)? {
            Cow::Borrowed(Variable { value: Value::Known(value), .. }) => Some(Cow::Borrowed(value.as_str())),
            Cow::Owned(Variable { value: Value::Known(value), .. }) => Some(Cow::Owned(value)),
            _ => None,
        };
        let expansion = expand(text, self.build.file.escape(), &known)
            .map_err(|error| Why::new("bad-expansion", format!("`{text}` cannot be expanded: {error}")))?;
        self.room.set(self.room.get().saturating_sub(expansion.text.len()));
        if self.room.get() == 0 {
            return Err(too_large());
        }
        if let Some(name) = expansion.unset.first() {
            let why = match self.variable(state, name).map(|variable| variable.value) {
                Some(Value::Unknown(why)) => why,
                _ if PLATFORM_ARGS.contains(&name.as_str()) => {
                    Why::new("platform-variable", format!("{name} depends on the platform that is built for"))
                }
                _ => Why::new("unknown-variable", format!("nothing in the file sets {name}")),
            };
            return Err(why);
        }
        let mut arguments = Vec::new();
        for one in &expansion.variables {
            let variable = self.find(state, &one.name);
            // `${x:-word}` has an answer for what nothing here sets, but the base image may set it.
            match variable.as_ref().map(|variable| &variable.value) {
                Some(Value::Known(_)) => {}
                Some(Value::Unknown(why)) if why.code == NO_DEFAULT => {}
                Some(Value::Unknown(why)) if !one.operator.is_empty() => return Err(why.clone()),
                _ if !one.operator.is_empty() => {
                    let message = format!("nothing in the file sets {}, but the base image may", one.name);
                    return Err(Why::new("unknown-variable", message));
                }
                _ => {}
            }
            arguments.extend(variable.and_then(|variable| variable.argument.clone()));
        }
        Ok(Expanded { text: expansion.text, arguments })
    }

    fn step(&self, instruction: Instruction<'a>, state: &mut State) {
        match instruction.keyword() {
            Keyword::Env => {
                // A stage is walked again and again; the values of an ENV stay the same.
                let made: Rc<Set> = self.once(instruction, || {
                    let value = |pair: &Pair<'a>| {
                        let (value, argument) = self.pair_value(state, pair);
                        (pair.key.text().to_owned(), Variable { value, origin: Origin::Env, argument })
                    };
                    Set(instruction.pairs().iter().map(value).collect())
                });
                state.own.extend(made.0.iter().cloned());
            }
            Keyword::Arg => {
                for pair in instruction.pairs() {
                    self.declare(state, &pair);
                }
            }
            Keyword::User => state.user = self.known(state, instruction),
            Keyword::Workdir => {
                state.workdir = match self.known(state, instruction) {
                    Value::Known(path) if is_absolute(&path) => Value::Known(path),
                    Value::Known(path) => match &state.workdir {
                        Value::Known(parent) => Value::Known(image_path::resolve(parent, &path)),
                        _ => Value::Unknown(Why::new(
                            "relative-workdir",
                            format!("WORKDIR {path} is relative to the working directory of the base image"),
                        )),
                    },
                    other => other,
                };
            }
            Keyword::Shell => {
                state.shell =
                    Value::Known(instruction.values().into_iter().map(|one| one.text.into_owned()).collect());
            }
            _ => {}
        }
    }

    fn known(&self, state: &State, instruction: Instruction<'a>) -> Value<String> {
        match self.expand(state, instruction.arguments()) {
            Ok(expanded) => Value::Known(expanded.text),
            Err(why) => Value::Unknown(why),
        }
    }

    /// The value of a pair and the build argument it depends on.
    fn pair_value(&self, state: &State, pair: &Pair<'a>) -> (Value<String>, Option<String>) {
        let Some(token) = pair.value else { return (Value::Known(String::new()), None) };
        match self.expand(state, token) {
            Ok(expanded) => (Value::Known(expanded.text), expanded.arguments.into_iter().next()),
            Err(why) => (Value::Unknown(why), None),
        }
    }

    /// ARG: its default hides an ENV before it. Without one the default of the global ARG of that name counts, then
    /// what was there before (measured with BuildKit).
    fn declare(&self, state: &mut State, pair: &Pair<'a>) {
        let name = pair.key.text();
        let global = || self.build.global_arg(name).and_then(|arg| arg.value.clone());
        let value = if pair.value.is_some() {
            self.pair_value(state, pair).0
        } else if let Some(value) = global() {
            Value::Known(value)
        } else if let Some(before) = self.variable(state, name) {
            before.value
        } else {
            let given =
                if self.setup.build_args.contains_key(name) { "given at build time" } else { "not set" };
            Value::Unknown(Why::new(NO_DEFAULT, format!("the build argument {name} is {given}")))
        };
        let argument = Some(name.to_owned());
        state.own.insert(name.to_owned(), Variable { value, origin: Origin::Arg, argument });
    }
}

/// The code of an ARG without a default.
const NO_DEFAULT: &str = "no-default";

/// What an ENV sets, in order.
struct Set(Vec<(String, Variable)>);

/// An expanded word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expanded {
    /// The text with defaults filled in.
    pub text: String,
    /// The build arguments the text depends on, also through ENV: a build may give other values.
    pub arguments: Vec<String>,
}

/// The first variable of a FROM.
fn chosen_by(image: Token<'_>) -> Option<String> {
    Some(image.variables().ok()?.into_iter().next()?.name)
}

fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    matches!(bytes.first(), Some(b'/' | b'\\')) || (bytes.len() > 1 && bytes[1] == b':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use dockerfile_syntax::Dockerfile;

    fn end_state<T>(text: &str, read: impl Fn(&Scopes<'_, '_>, &State) -> T) -> T {
        let file = Dockerfile::parse(text);
        let build = Build::new(&file);
        let setup = BuildSetup::default();
        let scopes = Scopes::new(&build, &setup);
        read(&scopes, scopes.end(build.stages.len() - 1).unwrap())
    }

    fn variable(text: &str, name: &str) -> Option<Value<String>> {
        end_state(text, |scopes, state| scopes.variable(state, name).map(|variable| variable.value))
    }

    fn known(value: &str) -> Value<String> {
        Value::Known(value.to_owned())
    }

    #[test]
    fn user_workdir_and_shell_follow_the_chain_of_stages() {
        let text = "FROM alpine AS a\nUSER app\nWORKDIR /srv\nSHELL [\"/bin/bash\", \"-c\"]\nFROM a\nWORKDIR x/../y\n";
        end_state(text, |_, state| {
            assert_eq!(state.user, known("app"));
            assert_eq!(state.workdir, known("/srv/y"));
            assert_eq!(state.shell, Value::Known(vec!["/bin/bash".to_owned(), "-c".to_owned()]));
        });
        end_state("FROM alpine\nWORKDIR x\n", |_, state| {
            assert_eq!(state.user, Value::FromBase);
            assert!(matches!(&state.workdir, Value::Unknown(why) if why.code == "relative-workdir"));
        });
        end_state("FROM scratch\nUSER $NOBODY\n", |_, state| {
            assert_eq!(state.workdir, known("/"));
            assert!(matches!(&state.user, Value::Unknown(why) if why.code == "unknown-variable"));
        });
    }

    #[test]
    fn copies_of_copies_do_not_fill_the_memory() {
        let mut text = "FROM a\nENV A=0123456789abcdef\n".to_owned();
        (0..16).for_each(|_| text.push_str("ENV A=$A$A\n"));
        text.extend((0..2000).map(|index| format!("ENV B{index}=$A\n")));
        assert!(matches!(variable(&text, "B1999"), Some(Value::Unknown(why)) if why.code == "too-large"));
    }

    #[test]
    fn variables_have_scopes() {
        assert_eq!(variable("ARG V=1\nFROM a\n", "V"), None);
        assert_eq!(variable("ARG V=1\nFROM a\nARG V\n", "V"), Some(known("1")));
        assert_eq!(variable("ARG V=1\nFROM a\nARG V=2\n", "V"), Some(known("2")));
        assert_eq!(variable("FROM a\nENV V=e\nARG V=2\n", "V"), Some(known("2")));
        assert_eq!(variable("FROM a\nENV V=e\nARG V\n", "V"), Some(known("e")));
        assert_eq!(variable("ARG V=1\nFROM a\nENV V=e\nARG V\n", "V"), Some(known("1")));
        assert_eq!(variable("FROM a\nARG V=2\nENV V=e\n", "V"), Some(known("e")));
        assert_eq!(variable("FROM a AS b\nENV V=e\nFROM b\n", "V"), Some(known("e")));
        assert_eq!(variable("FROM a AS b\nENV V=e\nFROM c\n", "V"), None);
        // All pairs of one ENV see the state before it.
        assert_eq!(variable("FROM a\nENV A=1\nENV A=2 B=$A\n", "B"), Some(known("1")));
        assert!(
            matches!(variable("FROM a\nARG V\n", "V"), Some(Value::Unknown(why)) if why.code == "no-default")
        );
    }

    #[test]
    fn what_a_build_can_change_is_known_through_env() {
        let text = "FROM a\nARG V=1\nENV A=x$V\nENV B=$A C=c\nARG NONE\n";
        let expand = |word: &str| end_state(text, |scopes, state| scopes.expand_text(state, word));
        let arguments = |word: &str| expand(word).unwrap().arguments;
        assert_eq!(arguments("$B"), ["V"]);
        assert_eq!(arguments("$C"), [""; 0]);
        assert_eq!(arguments("${NONE:-d}"), ["NONE"]);
        let chosen = "ARG S=one\nFROM a AS one\nENV V=1\nFROM b AS two\nENV V=2\nFROM $S\n";
        let chosen = end_state(chosen, |scopes, state| scopes.expand_text(state, "x$V")).unwrap();
        assert_eq!((chosen.text.as_str(), chosen.arguments), ("x1", vec!["S".to_owned()]));
        // The base image may set it.
        assert_eq!(expand("${BASE:-d}").unwrap_err().code, "unknown-variable");
        assert_eq!(expand("${BASE:+d}").unwrap_err().code, "unknown-variable");
        assert_eq!(expand("$NONE").unwrap_err().code, "no-default");
    }
}
