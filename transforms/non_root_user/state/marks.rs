//! What the Dockerfile marks as data: directories it makes, opens or gives away, variables and arguments that name
//! them.

use std::rc::Rc;

use harden_core::shell::{Command, Word};
use harden_core::syntax::{Instruction, Keyword, Span};
use harden_core::{Place, Scopes, State, Value};

use super::{StateDirectory, is_in, is_state, join};
use crate::non_root_user::launch::{Launched, Weight};
use crate::non_root_user::view::View;
use crate::support::image_paths::Origin;

/// What RUN and ENV of the chain say about directories.
#[derive(Default)]
pub(super) struct Marks {
    /// `mkdir`.
    pub(super) made: Vec<(String, Span)>,
    /// `chmod 777` and the like.
    pub(super) open: Vec<String>,
    /// `chown` to somebody but root.
    pub(super) given: Vec<(String, Span)>,
    /// Variables that name a directory or file of data.
    named: Vec<(String, Span)>,
}

/// Most marks of a file.
const MAX_MARKS: usize = 2000;

impl Marks {
    /// The marks of the chain, read once.
    pub(super) fn of(view: &View<'_, '_>) -> Rc<Self> {
        match view.ctx.build.stages.get(view.stage) {
            Some(stage) => view.scopes.once(stage.from, || Self::read(view)),
            None => Rc::default(),
        }
    }

    fn read(view: &View<'_, '_>) -> Self {
        let mut marks = Self::default();
        for &stage in &view.chain {
            view.scopes.walk(stage, |scopes, instruction, state| match instruction.keyword() {
                Keyword::Run => marks.run(view, scopes, instruction, state),
                Keyword::Env => marks.env(scopes, instruction, state),
                _ => {}
            });
        }
        marks
    }

    fn run(&mut self, view: &View<'_, '_>, scopes: &Scopes<'_, '_>, run: Instruction<'_>, state: &State) {
        if view.base.is_windows() {
            return;
        }
        let read = scopes.commands(run, state);
        let mut workdir = match &state.workdir {
            Value::Known(path) => Some(path.clone()),
            Value::FromBase | Value::Unknown(_) => None,
        };
        for located in &read.0 {
            if self.made.len() + self.open.len() + self.given.len() > MAX_MARKS {
                return;
            }
            let inside = located.command.inside().commands;
            for command in std::iter::once(&located.command).chain(&inside) {
                let Some(name) = command.name() else { continue };
                let path = |word: &Word| {
                    let text = if word.literal {
                        word.text.clone()
                    } else {
                        scopes
                            .expand_text(state, &word.text)
                            .ok()
                            .filter(|one| one.arguments.is_empty())?
                            .text
                    };
                    let path = if text.starts_with('/') {
                        join("/", &text)
                    } else {
                        join(workdir.as_deref()?, &text)
                    };
                    (!path.contains(['*', '$', '`', '~'])).then_some(path)
                };
                match name {
                    "mkdir" => {
                        let words = command.positional("m", &["mode"]);
                        let paths = words.into_iter().flat_map(braces).filter_map(|word| path(&word));
                        self.made.extend(paths.map(|path| (path, located.span)));
                    }
                    "install" if command.has_flag(Some('d'), "directory") => {
                        let words = command.positional("mog", &["mode", "owner", "group"]);
                        self.made.extend(words.into_iter().filter_map(path).map(|path| (path, located.span)));
                    }
                    "chmod" => {
                        let words = operands(command);
                        if words.first().is_some_and(|mode| opens(&mode.text)) {
                            self.open.extend(words.into_iter().skip(1).filter_map(path));
                        }
                    }
                    "chown" => {
                        let words = operands(command);
                        if words.first().is_some_and(|owner| !is_root(&owner.text)) {
                            let paths = words.into_iter().skip(1).filter_map(path);
                            self.given.extend(paths.map(|path| (path, located.span)));
                        }
                    }
                    "cd" => {
                        workdir = command.words.get(1).and_then(path);
                    }
                    _ => {}
                }
            }
        }
    }

    fn env(&mut self, scopes: &Scopes<'_, '_>, instruction: Instruction<'_>, state: &State) {
        for pair in instruction.pairs() {
            let Some(value) = pair.value else { continue };
            let Ok(value) = scopes.expand(state, value) else { continue };
            if let Some(path) = data_path(pair.key.text(), &value.text) {
                self.named.push((path, pair.whole.span()));
            }
        }
    }
}

/// Words that are no options, so that `-R` and a mode of `-w` go.
fn operands(command: &Command) -> Vec<&Word> {
    let is_option = |text: &str| {
        text.starts_with("--")
            || text.strip_prefix('-').is_some_and(|rest| rest.chars().all(|c| "RvfchHLP".contains(c)))
    };
    command.words.iter().skip(1).filter(|word| !is_option(&word.text)).collect()
}

/// `{a,b}` at the end of a path, as bash has it: each on its own.
fn braces(word: &Word) -> Vec<Word> {
    let parts = word.text.split_once('{').and_then(|(before, rest)| Some((before, rest.strip_suffix('}')?)));
    match parts {
        Some((before, list))
            if !before.ends_with('$') && list.contains(',') && !list.contains(['{', '}']) =>
        {
            list.split(',')
                .take(32)
                .map(|one| Word {
                    text: format!("{before}{one}"),
                    literal: !before.contains('$'),
                    ..word.clone()
                })
                .collect()
        }
        _ => vec![word.clone()],
    }
}

/// Whether a mode lets everybody write.
fn opens(mode: &str) -> bool {
    if mode.len() >= 3 && mode.bytes().all(|byte| matches!(byte, b'0'..=b'7')) {
        return mode.ends_with(['2', '3', '6', '7']);
    }
    mode.split(',').any(|clause| {
        let Some(at) = clause.find(['+', '=']) else { return false };
        let (who, what) = clause.split_at(at);
        (who.contains('a') || who.contains('o')) && what.contains('w')
    })
}

pub(super) fn is_root(owner: &str) -> bool {
    let user = owner.split([':', '.']).next().unwrap_or_default();
    matches!(user, "root" | "0" | "")
}

/// What names of variables and options call data.
const KINDS: [&str; 15] = [
    "data", "storage", "upload", "uploads", "media", "log", "logs", "db", "database", "state", "backup",
    "backups", "sqlite", "tmp", "temp",
];

/// The directory that a variable or option of this name points to.
fn data_path(name: &str, value: &str) -> Option<String> {
    let lower = name.trim_start_matches('-').to_ascii_lowercase().replace('-', "_");
    if let Some(file) = sqlite_file(value) {
        return parent(&file);
    }
    if !value.starts_with('/') || value.contains([':', ' ', ',']) {
        return None;
    }
    let parts: Vec<&str> = lower.split(['_', '.']).collect();
    let (last, before) = parts.split_last()?;
    let kind = |part: &&str| KINDS.contains(part);
    let names_folder = match *last {
        "dir" | "directory" | "folder" | "root" | "location" | "path" => before.last().is_some_and(kind),
        "datadir" | "dbpath" | "data" | "datapath" | "logdir" | "uploaddir" => true,
        "file" => return before.last().is_some_and(kind).then(|| parent(value))?,
        _ => false,
    };
    if !names_folder {
        return None;
    }
    let name = value.rsplit('/').next().unwrap_or_default();
    // `DB_PATH=/data/app.db` names a file.
    if name.contains('.') && !name.starts_with('.') { parent(value) } else { Some(join("/", value)) }
}

/// The file of `sqlite:////data/app.db`, `sqlite:///data/app.db` (three slashes: `SQLAlchemy` takes it as relative),
/// `file:/data/app.db`, `jdbc:sqlite:/data/app.db`.
fn sqlite_file(value: &str) -> Option<String> {
    let rest = value.strip_prefix("jdbc:").unwrap_or(value);
    let (scheme, rest) = rest.split_once(':')?;
    if !matches!(scheme, "sqlite" | "sqlite3" | "file") && !scheme.starts_with("sqlite+") {
        return None;
    }
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.strip_prefix('/').filter(|rest| rest.starts_with('/')).unwrap_or(rest),
        None => rest,
    };
    path.starts_with('/').then(|| path.split('?').next().unwrap_or_default().to_owned())
}

fn parent(path: &str) -> Option<String> {
    let (folder, _) = path.trim_end_matches('/').rsplit_once('/')?;
    (!folder.is_empty()).then(|| folder.to_owned())
}

/// Names that directories of data have.
const DATA_NAMES: [&str; 40] = [
    "artifacts",
    "backup",
    "backups",
    "cache",
    "caches",
    "data",
    "database",
    "databases",
    "db",
    "downloads",
    "dump",
    "dumps",
    "exports",
    "files",
    "incoming",
    "instance",
    "log",
    "logs",
    "media",
    "out",
    "output",
    "outputs",
    "pids",
    "queue",
    "reports",
    "results",
    "run",
    "scratch",
    "sessions",
    "sockets",
    "spool",
    "state",
    "storage",
    "temp",
    "tmp",
    "upload",
    "uploads",
    "var",
    "work",
    "workspace",
];

/// Trees whose directories hold data by the Filesystem Hierarchy Standard.
const DATA_TREES: [&str; 6] = ["/var/lib", "/var/log", "/var/cache", "/var/run", "/run", "/var/spool"];

/// Directories the Dockerfile and the commands at start mark as data.
pub(super) fn directories(view: &View<'_, '_>, launched: &Launched) -> Vec<StateDirectory> {
    let marks = Marks::of(view);
    let mut found = Vec::new();
    let mut add = |path: String, reason, place| {
        if is_state(&path) && !is_code(view, &path) {
            found.push(StateDirectory { path, reason, place });
        }
    };
    let open = |path: &str| marks.open.iter().any(|one| is_in(path, one));
    for (path, span) in &marks.made {
        let name = path.rsplit('/').next().unwrap_or_default();
        let by_tree = DATA_TREES.iter().any(|tree| is_in(path, tree));
        if (DATA_NAMES.contains(&name) || by_tree) && !open(path) {
            add(path.clone(), "a step makes it and puts nothing into it", Some(Place::Here(*span)));
        }
    }
    for (path, span) in &marks.named {
        add(path.clone(), "a variable names it as a place for data", Some(Place::Here(*span)));
    }
    for started in launched.commands.iter().filter(|started| !started.health) {
        for (path, reason) in of_arguments(&started.command, started.workdir.as_deref()) {
            add(path, reason, started.place.clone());
        }
        // The entry script gives it to the user it changes to.
        if started.weight == Weight::RootOnly && started.command.name() == Some("chown") {
            for word in operands(&started.command).into_iter().skip(1).filter(|word| word.literal) {
                if word.text.starts_with('/') {
                    add(
                        join("/", &word.text),
                        "the entry script gives it to its user",
                        started.place.clone(),
                    );
                }
            }
        }
    }
    found
}

/// Whether files are copied into it, or it is the directory of the program.
fn is_code(view: &View<'_, '_>, path: &str) -> bool {
    let workdir = view.paths.workdir().unwrap_or("/");
    let copied = match view.paths.origin(path) {
        // Nothing but the copy of a folder above it: the folder may be there, or the program makes it.
        Origin::Built { .. } => false,
        origin => origin.by().is_some(),
    };
    if is_in(workdir, path) || copied {
        return true;
    }
    view.paths.copied().any(|copied| copied.destination.as_ref().is_ok_and(|to| is_in(to, path)))
}

/// Directories in the arguments of a command: `--data-dir /data`, `--bind unix:/run/app/app.sock`.
fn of_arguments(command: &Command, workdir: Option<&str>) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    let words = &command.words;
    for (at, word) in words.iter().enumerate().skip(1).filter(|(_, word)| word.literal) {
        let next = words.get(at + 1).filter(|next| next.literal).map_or("", |next| next.text.as_str());
        let (option, value) = match word.text.split_once('=') {
            Some((option, value)) if option.starts_with('-') => (option, value),
            _ if word.text.starts_with('-') => (word.text.as_str(), next),
            _ => continue,
        };
        if let Some(path) = data_path(option, value) {
            found.push((path, "an argument names it as a place for data"));
        }
        let file = match option.trim_start_matches('-') {
            "bind" | "b" | "socket" | "s" | "http-socket" | "uds" => {
                value.strip_prefix("unix:").or_else(|| {
                    value
                        .strip_prefix('/')
                        .filter(|_| value.split('.').next_back() == Some("sock"))
                        .map(|_| value)
                })
            }
            "pid" | "pidfile" | "p" if value.split('.').next_back() == Some("pid") => Some(value),
            "access-logfile" | "error-logfile" | "log-file" | "logto" | "logfile" | "log_file" => {
                Some(value).filter(|value| *value != "-" && !value.starts_with("/dev/"))
            }
            _ => None,
        };
        let folder = file.and_then(|file| match (file.starts_with('/'), workdir) {
            (true, _) => parent(file),
            (false, Some(workdir)) if !file.is_empty() => parent(&join(workdir, file)),
            _ => None,
        });
        found.extend(folder.map(|path| (path, "an argument names a file that is made in it")));
    }
    found
}
