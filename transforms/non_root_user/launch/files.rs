//! Files that commands name: scripts that are read, programs, and what cannot be told.

use std::rc::Rc;

use harden_core::shell::Command;

use super::follow::{Around, Follow};
use super::source::Source;
use super::words::{is_arguments, join, range, rest};
use super::{BaseScript, compiled, wrappers};
use crate::support::base_images::Privileges;
use crate::support::image_paths::{FileText, Origin, TextFrom};

impl<'a> Follow<'_, '_, 'a> {
    /// A file the Dockerfile puts into the image.
    pub(super) fn own_file(&mut self, command: &Command, path: &str, source: &Source<'a>, around: &Around) {
        let place = source.place(&range(command));
        match self.view.paths.text(path) {
            Ok(text) => match interpreter(path, &text.text) {
                Interpreter::Shell => {
                    let by = script_name(path, &text);
                    let around = Around { arguments: Some(rest(command)), ..around.deeper() };
                    let around = self.remember(around, source);
                    let content: Rc<str> = Rc::from(&*text.text);
                    self.push_file(path.to_owned(), &content, Source::File { by, text }, around);
                }
                Interpreter::Init => {
                    // Its first line asks for s6.
                    let mut command = command.clone();
                    if let Some(word) = command.words.first_mut() {
                        "s6-svscan".clone_into(&mut word.text);
                    }
                    self.record(&command, source, around, false);
                }
                Interpreter::Other => {}
            },
            Err(why) if why.code == "not-utf8" => {}
            Err(why) => {
                let program =
                    matches!(why.code, "built" | "from-image" | "downloaded" | "archive" | "too-large");
                let program = program || (why.code == "written" && !self.is_redirected(path));
                let program = program || compiled::is_compiled(self.view, path);
                if !program || looks_like_script(path) {
                    self.tell(around, path, place, why.message);
                    self.arguments_of_unread(command, source, around);
                }
            }
        }
    }

    /// Whether a RUN writes the file with `>` or `tee`: a text then, where `curl -o` brings programs.
    fn is_redirected(&self, path: &str) -> bool {
        let origin = self.view.paths.origin(path);
        let Some(by) = origin.by() else { return true };
        let name = path.rsplit('/').next().unwrap_or(path);
        let text = by.instruction.arguments().text();
        let targets = text.split('>').skip(1).chain(text.split("tee ").skip(1));
        targets.into_iter().any(|rest| {
            let word = rest.split_whitespace().next().unwrap_or_default();
            word.trim_matches(['"', '\'']).rsplit('/').next() == Some(name)
        })
    }

    /// A file the base image brings, or a RUN made.
    pub(super) fn foreign(&mut self, command: &Command, head: &str, source: &Source<'a>, around: &Around) {
        let place = source.place(&range(command));
        let entrypoint = self.view.base.entrypoint().and_then(|words| words.into_iter().next());
        if !around.health && entrypoint.is_some_and(|path| same_file(&path, head)) && !is_program(head) {
            let privileges = self.view.base.privileges();
            if privileges == Privileges::Unknown {
                self.tell(around, head, place.clone(), "it comes from the base image".to_owned());
            }
            // What the base image starts by itself is told with the base image.
            if place.is_some() {
                self.set_base_script(BaseScript { name: head.to_owned(), privileges, place });
            }
            self.arguments_of_unread(command, source, around);
            return;
        }
        if around.health || known_script(head) {
            return;
        }
        if head.contains('/')
            && let Some(path) = join(around.workdir.as_deref(), head)
        {
            let origin = self.view.paths.origin(&path);
            let why = match &origin {
                Origin::Unknown(why) => Some(why.message.clone()),
                other => other
                    .by()
                    .filter(|by| !by.certain)
                    .map(|_| "something that may hold it is copied there".to_owned()),
            };
            let program = !looks_like_script(head) && compiled::is_compiled(self.view, &path);
            if let Some(why) = why.filter(|_| !program) {
                self.tell(around, head, place, why);
                return self.arguments_of_unread(command, source, around);
            }
        }
        if !looks_like_script(head) {
            return;
        }
        self.tell(around, head, place, "it comes from the base image or a RUN".to_owned());
        self.arguments_of_unread(command, source, around);
    }

    /// A script that cannot be read may well run its arguments, as entry scripts do.
    fn arguments_of_unread(&mut self, command: &Command, source: &Source<'a>, around: &Around) {
        let arguments = rest(command);
        let starts = arguments.words.first().is_some_and(|word| word.literal && !word.text.starts_with('-'));
        if starts {
            self.start((*arguments).clone(), source.clone(), around.deeper());
        }
    }

    /// `sh -c '…'` and the like.
    pub(super) fn nested(&mut self, command: &Command, at: &[usize], source: &Source<'a>, around: &Around) {
        for word in at.iter().filter_map(|&at| command.words.get(at)) {
            let place = source.place(&word.span);
            if !word.literal && !word.text.contains([' ', '\n', ';']) {
                // `eval "$SETUP"`.
                if !is_arguments(word) {
                    self.tell(around, &word.text, place, "it depends on a variable".to_owned());
                }
                continue;
            }
            // The text of the word is the script; its own lines are not known.
            let source = Source::Fixed { by: source.by(&word.span), place };
            self.start_script(&word.text, source, around.deeper());
        }
    }

    /// `bash file`, `. file`.
    pub(super) fn file(
        &mut self,
        command: &Command,
        at: usize,
        source: &Source<'a>,
        around: &Around,
        same_shell: bool,
    ) {
        let Some(word) = command.words.get(at) else { return };
        let place = source.place(&word.span);
        if !word.literal {
            if !is_arguments(word) {
                self.tell(around, &word.text, place, "its name depends on a variable".to_owned());
            }
            return;
        }
        // A shell looks for the file where it is before it looks in PATH.
        let direct = join(around.workdir.as_deref(), &word.text);
        let path = direct
            .filter(|path| word.text.contains('/') || self.view.paths.origin(path).by().is_some())
            .or_else(|| self.find(&word.text, around));
        let Some(path) = path else {
            return self.tell(around, &word.text, place, "where it lies is not known".to_owned());
        };
        match self.view.paths.text(&path) {
            Ok(text) => {
                let by = script_name(&path, &text);
                let mut inner = around.deeper();
                let mut arguments = command.clone();
                arguments.words = command.words.get(at + 1..).unwrap_or_default().to_vec();
                if !same_shell {
                    inner = self.remember(Around { arguments: Some(Rc::new(arguments)), ..inner }, source);
                }
                let content: Rc<str> = Rc::from(&*text.text);
                self.push_file(path, &content, Source::File { by, text }, inner);
            }
            // `. /etc/profile`, `. /opt/venv/bin/activate` and the like set variables.
            Err(why) if same_shell && why.code == "from-base" => {}
            Err(why) => self.tell(around, &word.text, place, why.message),
        }
    }
}

/// What runs a file.
enum Interpreter {
    Shell,
    /// An interpreter of an init system.
    Init,
    Other,
}

fn interpreter(path: &str, text: &str) -> Interpreter {
    let Some(line) = text.strip_prefix("#!").and_then(|rest| rest.lines().next()) else {
        // `uv run app.py`: what a kernel cannot start, a wrapper gives to its language.
        let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.'));
        let other = extension
            .is_some_and(|(_, end)| matches!(end, "cjs" | "js" | "mjs" | "php" | "pl" | "py" | "rb" | "ts"));
        return if other { Interpreter::Other } else { Interpreter::Shell };
    };
    let mut words = line.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or_default());
    match words.next() {
        Some("with-contenv" | "execlineb") => Interpreter::Init,
        Some("env") => match words.find(|word| !word.starts_with('-') && !word.contains('=')) {
            Some(name) if wrappers::is_shell(name) => Interpreter::Shell,
            _ => Interpreter::Other,
        },
        Some("busybox") => Interpreter::Shell,
        Some(name) if wrappers::is_shell(name) => Interpreter::Shell,
        _ => Interpreter::Other,
    }
}

/// What a script is called: by its name in the build context, where it has one.
fn script_name(path: &str, text: &FileText) -> Rc<str> {
    let name = match &text.from {
        TextFrom::File(name) => name,
        TextFrom::Here(_) => path,
    };
    format!("the script {name}").into()
}

/// Whether a name looks like that of a script rather than a program.
fn looks_like_script(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let script = [".sh", ".bash", ".ash"].iter().any(|suffix| name.ends_with(suffix));
    script || ["entrypoint", "entry-point", "entry_point"].iter().any(|word| name.contains(word))
}

/// Scripts of well-known programs that only start them.
fn known_script(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    matches!(
        name,
        "catalina.sh"
            | "wait-for-it.sh"
            | "wait-for.sh"
            | "jemalloc.sh"
            | "standalone.sh"
            | "domain.sh"
            | "kc.sh"
    )
}

/// Language runtimes and shells: as an entrypoint of an image they are no scripts.
fn is_program(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    !looks_like_script(name) && !name.contains("cacert")
}

fn same_file(path: &str, word: &str) -> bool {
    let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
    path == word || (!(path.starts_with('/') && word.starts_with('/')) && name(path) == name(word))
}
