//! Follows commands into scripts.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use harden_core::Place;
use harden_core::shell::{self, Command};
use harden_core::syntax::Token;

use super::source::Source;
use super::words::{called, is_arguments, join, range};
use super::wrappers::{self, Inner};
use super::{BaseScript, Launched, Started, Unread, Weight, guard, is_posix, shell_of, tasks, words};
use crate::non_root_user::programs;
use crate::non_root_user::view::View;

/// Most commands that are looked at.
const MAX_COMMANDS: usize = 4000;

/// Most bytes of scripts that are read.
const MAX_BYTES: usize = 2 << 20;

/// How deep scripts are followed. A container's entry script, what it starts, and a script of a package manager in
/// that are three.
const MAX_DEPTH: usize = 6;

/// How many wrappers may stand before a command.
const MAX_WRAPPERS: usize = 12;

/// Wrappers that keep files of their own.
const TOOLS: [&str; 15] = [
    "bun",
    "bundle",
    "bunx",
    "conda",
    "micromamba",
    "npm",
    "npx",
    "pdm",
    "pipenv",
    "pnpm",
    "pnpx",
    "poetry",
    "uv",
    "uvx",
    "yarn",
];

/// A script or command that is still to be looked at.
struct Job<'a> {
    task: Task,
    source: Source<'a>,
    around: Around,
}

enum Task {
    /// A script of the shell, and the words it gets as arguments.
    Script(Rc<str>),
    Command(Command),
}

/// What holds for everything a script executes.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    pub(super) depth: usize,
    pub(super) workdir: Option<String>,
    pub(super) weight: Weight,
    pub(super) health: bool,
    /// The function whose body it is.
    pub(super) function: Option<String>,
    /// What `"$@"` is: words and where they stand.
    pub(super) arguments: Option<Rc<Command>>,
    /// Index in `Follow::sources` of where `arguments` stand.
    pub(super) arguments_of: usize,
}

impl Around {
    pub(super) fn deeper(&self) -> Self {
        Self { depth: self.depth + 1, ..self.clone() }
    }
}

/// Reads everything that is executed.
pub(super) struct Follow<'v, 'c, 'a> {
    pub(super) view: &'v View<'c, 'a>,
    queue: VecDeque<Job<'a>>,
    commands: Vec<(Started, Option<String>)>,
    unread: Vec<(Unread, Option<String>)>,
    no_command: bool,
    base_script: Option<BaseScript>,
    /// Files that were followed, with how.
    seen: BTreeSet<(String, String, Weight, Option<String>)>,
    sources: Vec<Source<'a>>,
    bytes: usize,
    health: bool,
    cut: bool,
}

impl<'v, 'c, 'a> Follow<'v, 'c, 'a> {
    pub(super) fn new(view: &'v View<'c, 'a>) -> Self {
        Self {
            view,
            queue: VecDeque::new(),
            commands: Vec::new(),
            unread: Vec::new(),
            no_command: false,
            base_script: None,
            seen: BTreeSet::new(),
            sources: Vec::new(),
            bytes: 0,
            health: false,
            cut: false,
        }
    }

    /// What comes from here on is a HEALTHCHECK.
    pub(super) fn set_health(&mut self) {
        self.drain();
        self.health = true;
    }

    pub(super) fn no_command(&mut self) {
        self.no_command = true;
    }

    pub(super) fn unread(&mut self, name: &str, place: Option<Place>, why: String) {
        self.unread.push((Unread { name: name.to_owned(), place, why }, None));
    }

    /// Something that `around` executes could not be read.
    pub(super) fn tell(&mut self, around: &Around, name: &str, place: Option<Place>, why: String) {
        self.unread.push((Unread { name: name.to_owned(), place, why }, around.function.clone()));
    }

    pub(super) fn set_base_script(&mut self, script: BaseScript) {
        self.base_script.get_or_insert(script);
    }

    /// Puts a command on the list.
    pub(super) fn start(&mut self, command: Command, source: Source<'a>, around: Around) {
        if around.depth <= MAX_DEPTH {
            self.queue.push_back(Job { task: Task::Command(command), source, around });
        }
    }

    /// Puts a script without a name on the list.
    pub(super) fn start_script(&mut self, text: &str, source: Source<'a>, around: Around) {
        if around.depth <= MAX_DEPTH {
            self.queue.push_back(Job { task: Task::Script(text.into()), source, around });
        }
    }

    fn beginning(&self) -> Around {
        let workdir = self.view.paths.workdir().ok().map(str::to_owned);
        Around { workdir, health: self.health, ..Around::default() }
    }

    /// Follows the words of exec forms.
    pub(super) fn words(&mut self, command: Command, source: Source<'a>) {
        let around = self.beginning();
        self.queue.push_back(Job { task: Task::Command(command), source, around });
        self.drain();
    }

    /// Follows a shell form.
    pub(super) fn shell_form(&mut self, token: Token<'a>, by: &str) {
        let place = Some(Place::Here(token.span()));
        match shell_of(self.view) {
            Some(words) if is_posix(&words) => {}
            _ if self.view.base.is_windows() => return,
            _ => return self.unread(by, place, "its shell is not a POSIX shell".to_owned()),
        }
        let source = Source::Here { by: by.into(), token };
        let around = self.beginning();
        self.queue.push_back(Job { task: Task::Script(token.text().into()), source, around });
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(job) = self.queue.pop_front() {
            if self.commands.len() >= MAX_COMMANDS || self.bytes > MAX_BYTES {
                self.cut = true;
                self.queue.clear();
                return;
            }
            match job.task {
                Task::Script(text) => self.script(&text, &job.source, &job.around),
                Task::Command(command) => self.command(command, &job.source, &job.around),
            }
        }
    }

    fn script(&mut self, text: &str, source: &Source<'a>, around: &Around) {
        self.bytes += text.len();
        let script = shell::read(text);
        if !script.complete {
            let at = 0..text.len().min(1);
            let name = source.by(&at).to_string();
            let why = "parts of it could not be understood".to_owned();
            self.tell(around, &name, source.place(&at), why);
        }
        if script.commands.is_empty() && matches!(source, Source::File { .. }) {
            let name = source.by(&(0..0)).to_string();
            self.tell(around, &name, source.place(&(0..0)), "it is empty".to_owned());
        }
        let guarded = guard::root_only(text, &script.commands);
        let mut workdir = around.workdir.clone();
        let tolerated = words::tolerated(text, &script.commands);
        for (index, command) in script.commands.into_iter().enumerate() {
            if command.name() == Some("cd") && !command.place.subshell {
                let to = command.words.get(1).filter(|word| word.literal && !command.place.conditional);
                workdir = to.and_then(|word| join(workdir.as_deref(), &word.text));
                continue;
            }
            let inside = guarded.iter().any(|region| region.contains(&command.span.start));
            let own = match (inside, tolerated.contains(&index)) {
                (true, _) => Weight::RootOnly,
                (false, true) => Weight::Tolerated,
                (false, false) => Weight::Needed,
            };
            let around = Around {
                workdir: workdir.clone(),
                weight: around.weight.max(own),
                function: command.place.function.clone().or_else(|| around.function.clone()),
                ..around.clone()
            };
            self.command(command, source, &around);
        }
    }

    /// Looks at one command, and at what it runs.
    fn command(&mut self, command: Command, source: &Source<'a>, around: &Around) {
        let mut command = command;
        for _ in 0..MAX_WRAPPERS {
            if self.commands.len() >= MAX_COMMANDS {
                self.cut = true;
                return;
            }
            if self.pass_arguments(&command, around) {
                return;
            }
            match wrappers::inner(&command) {
                Some(Inner::Words(at)) => {
                    self.record_wrapper(&command, source, around);
                    let Some(words) = command.words.get(at..) else { return };
                    command.words = words.to_vec();
                }
                Some(Inner::Script(at)) => {
                    self.record_wrapper(&command, source, around);
                    self.nested(&command, &[at], source, around);
                    return;
                }
                Some(Inner::Scripts(all)) => {
                    self.record_wrapper(&command, source, around);
                    self.nested(&command, &all, source, around);
                    return;
                }
                Some(Inner::File(at)) => {
                    self.record(&command, source, around, false);
                    let same_shell = matches!(command.name(), Some("." | "source"));
                    self.file(&command, at, source, around, same_shell);
                    return;
                }
                None => break,
            }
        }
        self.plain(&command, source, around);
    }

    /// A command that runs no other.
    fn plain(&mut self, command: &Command, source: &Source<'a>, around: &Around) {
        let head = command.words.first().filter(|word| word.literal);
        let path = head.and_then(|word| self.find(&word.text, around));
        let tasks = if path.is_none() { tasks::of(self, command, around) } else { None };
        self.record(command, source, around, path.is_some());
        if let Some(found) = tasks {
            let place = source.place(&range(command));
            for task in found.scripts {
                let by = task.by.as_str().into();
                let source = Source::Fixed { by, place: task.place };
                let around = Around { workdir: task.workdir, ..around.deeper() };
                self.push_file(task.name, &task.text, source, around);
            }
            for (name, why) in found.unread {
                self.tell(around, &name, place.clone(), why);
            }
            return;
        }
        let Some(head) = head else { return };
        match path {
            Some(path) => self.own_file(command, &path, source, around),
            None => self.foreign(command, &head.text, source, around),
        }
    }

    /// `exec "$@"`: the words the script got are run. `set -- node "$@"` puts a command before them.
    fn pass_arguments(&mut self, command: &Command, around: &Around) -> bool {
        let Some(head) = command.words.first() else { return false };
        if head.text == "set" {
            let after = command.words.iter().position(|word| word.text == "--");
            let Some(words) = after.and_then(|at| command.words.get(at + 1..)) else { return false };
            let named = words.first().is_some_and(|word| word.literal && !word.text.starts_with('-'));
            let passes = words.iter().any(is_arguments);
            if named
                && passes
                && let Some(source) = self.sources.get(around.arguments_of).cloned()
            {
                let mut started = command.clone();
                started.words = words.to_vec();
                let around = Around { arguments: None, ..around.deeper() };
                self.start(started, source, around);
            }
            return false;
        }
        if !is_arguments(head) {
            return false;
        }
        let Some(arguments) = around.arguments.clone() else { return false };
        let first_is_command = arguments.words.first().is_some_and(|word| !word.text.starts_with('-'));
        let Some(source) = self.sources.get(around.arguments_of).cloned() else { return false };
        if first_is_command {
            let around = Around { arguments: None, ..around.deeper() };
            self.start((*arguments).clone(), source, around);
        }
        true
    }

    /// Puts a script on the list, unless it has been there.
    pub(super) fn push_file(&mut self, name: String, text: &Rc<str>, source: Source<'a>, around: Around) {
        let arguments = around
            .arguments
            .as_ref()
            .map(|command| command.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "));
        let key = (name, arguments.unwrap_or_default(), around.weight, around.function.clone());
        if around.depth > MAX_DEPTH {
            self.cut = true;
        } else if self.seen.insert(key) {
            self.queue.push_back(Job { task: Task::Script(Rc::clone(text)), source, around });
        }
    }

    pub(super) fn remember(&mut self, around: Around, source: &Source<'a>) -> Around {
        self.sources.push(source.clone());
        Around { arguments_of: self.sources.len() - 1, ..around }
    }

    /// A file of this Dockerfile behind a command word.
    pub(super) fn find(&self, word: &str, around: &Around) -> Option<String> {
        let workdir = around.workdir.as_deref();
        if workdir.is_none() && word.contains('/') && !word.starts_with('/') {
            return None;
        }
        self.view.paths.find_command(word, workdir.unwrap_or("/"), self.view.paths.path_env())
    }

    /// A wrapper counts by itself only when it asks for something, or keeps files of its own.
    fn record_wrapper(&mut self, command: &Command, source: &Source<'a>, around: &Around) {
        if programs::demand(command).is_some() || command.name().is_some_and(|name| TOOLS.contains(&name)) {
            self.record(command, source, around, false);
        }
    }

    pub(super) fn record(&mut self, command: &Command, source: &Source<'a>, around: &Around, own: bool) {
        let at = range(command);
        let started = Started {
            place: source.place(&at),
            by: source.by(&at).to_string(),
            command: command.clone(),
            workdir: around.workdir.clone(),
            weight: around.weight,
            health: around.health,
            depth: around.depth,
            own,
        };
        self.commands.push((started, around.function.clone()));
    }

    pub(super) fn finish(mut self) -> Launched {
        self.drain();
        if self.cut {
            let why = "it is too long to be followed to its end".to_owned();
            self.unread
                .push((Unread { name: "the start of the container".to_owned(), place: None, why }, None));
        }
        let called = called(&self.commands);
        let lives = |function: &Option<String>| function.as_ref().is_none_or(|name| called.contains(name));
        let commands = self.commands.into_iter().filter(|(_, function)| lives(function));
        let mut unread: Vec<Unread> =
            self.unread.into_iter().filter(|(_, function)| lives(function)).map(|(one, _)| one).collect();
        unread.dedup();
        Launched {
            commands: commands.map(|(started, _)| started).collect(),
            unread,
            no_command: self.no_command,
            base_script: self.base_script,
        }
    }
}
