//! What a container of a stage executes at start.
//!
//! Docker runs ENTRYPOINT with the words of CMD behind it; a shell form is a script for the shell, and the shell form
//! of ENTRYPOINT takes no CMD (Docker docs, "Understand how CMD and ENTRYPOINT interact"). From there, shell scripts
//! and the scripts of package managers are followed as far as the file or its build context has them.

use harden_core::shell::Command;
use harden_core::syntax::{Instruction, Token};
use harden_core::{Launch, Place, Service, ServiceKind, Value};

use self::follow::Follow;
use self::source::{Source, literal};
use super::programs::arguments::is_interactive;
pub(crate) use super::programs::risks;
use super::view::View;
use crate::support::base_images::Privileges;

mod compiled;
mod files;
mod follow;
mod guard;
mod recipes;
mod source;
mod tasks;
mod words;
mod wrappers;

pub(crate) use wrappers::is_python;

#[cfg(test)]
pub(crate) mod probe;
#[cfg(test)]
mod tests;

/// Everything that is executed at start.
#[derive(Debug, Default)]
pub(crate) struct Launched {
    /// The commands, as far as they could be read.
    pub(crate) commands: Vec<Started>,
    /// What could not be read.
    pub(crate) unread: Vec<Unread>,
    /// Neither the file nor its base image says what to run.
    pub(crate) no_command: bool,
    /// The entrypoint of the base image, where ENTRYPOINT or a service names it: what it does with root.
    pub(crate) base_script: Option<BaseScript>,
}

/// A command and how it comes to be executed.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    pub(crate) command: Command,
    /// Where it stands; `None` for what the base image brings.
    pub(crate) place: Option<Place>,
    /// What runs it, to begin a sentence with: `CMD`, `the script start.sh`.
    pub(crate) by: String,
    /// Its working directory, where that is known.
    pub(crate) workdir: Option<String>,
    /// What depends on it.
    pub(crate) weight: Weight,
    /// HEALTHCHECK runs it.
    pub(crate) health: bool,
    /// How many scripts stand between it and the container's command.
    pub(crate) depth: usize,
    /// Its file is one the Dockerfile puts into the image, so its name says nothing.
    pub(crate) own: bool,
}

/// What depends on a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// The container may not go on without it.
    #[default]
    Needed,
    /// Its failure stops nothing: `|| true`.
    Tolerated,
    /// Only root comes to it.
    RootOnly,
}

/// Something that is executed and could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    /// Its name, as it is written.
    pub(crate) name: String,
    /// What names it.
    pub(crate) place: Option<Place>,
    /// Why.
    pub(crate) why: String,
}

/// The entrypoint of the base image, where something of this file runs it.
#[derive(Clone, Debug)]
pub(crate) struct BaseScript {
    pub(crate) name: String,
    pub(crate) privileges: Privileges,
    pub(crate) place: Option<Place>,
}

/// ENTRYPOINT or CMD.
enum Part<'a> {
    /// There is none.
    Empty,
    /// The base image has it, and what it is is not known.
    Unknown,
    /// An exec form, or the words of a service.
    Words(Vec<String>, Option<Place>),
    /// A shell form.
    Shell(Token<'a>),
}

/// What a container of the stage executes at start: its own command, what services of compose files start instead, and
/// its HEALTHCHECK.
pub(crate) fn executed(view: &View<'_, '_>) -> Launched {
    let mut follow = Follow::new(view);
    let entrypoint = part(view.runtime.entrypoint, || view.base.entrypoint());
    let command = part(view.runtime.command, || view.base.command());
    if is_idle(view, &entrypoint, &command) {
        follow.no_command();
    }
    // A CMD of the base image is reset when the file has an ENTRYPOINT; `Runtime` knows.
    launch(&mut follow, &entrypoint, &command, "ENTRYPOINT", "CMD");
    let last = view.ctx.build.stages.len().checked_sub(1) == Some(view.stage);
    for service in &view.ctx.setup.services {
        let runs_it = match &service.target {
            Some(target) => view.ctx.build.stage_named(target).is_some_and(|stage| stage.index == view.stage),
            None => last,
        };
        if runs_it {
            of_service(&mut follow, service, &entrypoint, &command);
        }
    }
    if let Some(instruction) = view.runtime.healthcheck {
        health(&mut follow, instruction);
    }
    follow.finish()
}

/// Whether the file leaves it to the base image what to run, and that is nothing but a prompt.
fn is_idle(view: &View<'_, '_>, entrypoint: &Part<'_>, command: &Part<'_>) -> bool {
    let started = |launch: &Launch<'_>| launch.instruction().is_some();
    if started(&view.runtime.entrypoint) || started(&view.runtime.command) {
        return false;
    }
    let passes = match entrypoint {
        Part::Empty => true,
        Part::Words(..) => view.base.privileges() == Privileges::Passthrough,
        Part::Unknown | Part::Shell(_) => false,
    };
    let prompt = match command {
        Part::Empty => true,
        Part::Words(words, _) => words.split_first().is_some_and(|(head, rest)| {
            let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
            is_interactive(head.rsplit('/').next().unwrap_or_default(), &rest)
        }),
        Part::Unknown | Part::Shell(_) => false,
    };
    let overridden = view.ctx.setup.services.iter().any(|service| {
        service
            .settings
            .iter()
            .any(|setting| matches!(&setting.kind, ServiceKind::Command(words) if !words.is_empty()))
    });
    passes && prompt && !overridden
}

fn part(launch: Launch<'_>, base: impl Fn() -> Option<Vec<String>>) -> Part<'_> {
    match launch {
        Launch::Empty => Part::Empty,
        Launch::FromBase => match base() {
            Some(words) if words.is_empty() => Part::Empty,
            Some(words) => Part::Words(words, None),
            None => Part::Unknown,
        },
        Launch::Set { instruction, .. } => of_instruction(instruction),
    }
}

fn of_instruction(instruction: Instruction<'_>) -> Part<'_> {
    if instruction.is_exec_form() {
        let words: Vec<String> =
            instruction.values().into_iter().map(|value| value.text.into_owned()).collect();
        // `CMD []` takes the command away.
        if words.is_empty() || words == [""] {
            return Part::Empty;
        }
        return Part::Words(words, Some(Place::Here(instruction.arguments().span())));
    }
    let arguments = instruction.arguments();
    if arguments.text().trim().is_empty() { Part::Empty } else { Part::Shell(arguments) }
}

fn launch<'a>(
    follow: &mut Follow<'_, '_, 'a>,
    entrypoint: &Part<'a>,
    command: &Part<'a>,
    first: &str,
    second: &str,
) {
    match (entrypoint, command) {
        (Part::Shell(token), _) => follow.shell_form(*token, first),
        (Part::Words(words, place), command) => {
            let mut all = words.clone();
            match command {
                Part::Words(more, _) => all.extend(more.iter().cloned()),
                Part::Shell(token) => {
                    all.extend(["/bin/sh".to_owned(), "-c".to_owned(), token.text().to_owned()]);
                }
                Part::Empty | Part::Unknown => {}
            }
            let more = match command {
                Part::Words(_, place) => place.clone(),
                Part::Shell(token) => Some(Place::Here(token.span())),
                Part::Empty | Part::Unknown => None,
            };
            let source = Source::words(words.len(), (first, place.clone()), (second, more));
            follow.words(literal(&all), source);
        }
        (Part::Empty | Part::Unknown, Part::Shell(token)) => follow.shell_form(*token, second),
        (Part::Empty | Part::Unknown, Part::Words(words, place)) => {
            let source = Source::words(0, (first, None), (second, place.clone()));
            follow.words(literal(words), source);
        }
        (Part::Empty, Part::Empty) => follow.no_command(),
        (Part::Empty | Part::Unknown, Part::Empty | Part::Unknown) => {
            follow.unread("the base image", None, "nobody has read its configuration".to_owned());
        }
    }
    // What the entrypoint of an unknown image makes of CMD is its own affair, but it may be anything.
    if let (Part::Unknown, Part::Words(..) | Part::Shell(_)) = (entrypoint, command) {
        follow.unread(
            "the entrypoint of the base image",
            None,
            "nobody has read its configuration".to_owned(),
        );
    }
}

/// `entrypoint:` takes the command of the image away, too (Compose specification, "entrypoint").
fn of_service<'a>(
    follow: &mut Follow<'_, '_, 'a>,
    service: &Service,
    entrypoint: &Part<'a>,
    command: &Part<'a>,
) {
    let mut own: (Option<Part<'a>>, Option<Part<'a>>) = (None, None);
    for setting in &service.settings {
        let (slot, words) = match &setting.kind {
            ServiceKind::Entrypoint(words) => (&mut own.0, words),
            ServiceKind::Command(words) => (&mut own.1, words),
            _ => continue,
        };
        let place = Place::File { name: setting.file.clone(), line: setting.line };
        *slot = Some(if words.is_empty() { Part::Empty } else { Part::Words(words.clone(), Some(place)) });
    }
    let first = format!("`entrypoint` of service {}", service.name);
    let second = format!("`command` of service {}", service.name);
    match own {
        (None, None) => {}
        (Some(entry), cmd) => launch(follow, &entry, &cmd.unwrap_or(Part::Empty), &first, &second),
        (None, Some(cmd)) => {
            let cmd = if matches!(cmd, Part::Empty) { command } else { &cmd };
            launch(follow, entrypoint, cmd, "ENTRYPOINT", &second);
        }
    }
}

fn health<'a>(follow: &mut Follow<'_, '_, 'a>, instruction: Instruction<'a>) {
    let values = instruction.values();
    let Some((kind, rest)) = values.split_first() else { return };
    if !kind.text.eq_ignore_ascii_case("CMD") {
        return;
    }
    follow.set_health();
    if instruction.is_exec_form() {
        let words: Vec<String> = rest.iter().map(|value| value.text.to_string()).collect();
        let place = Some(Place::Here(instruction.arguments().span()));
        let source = Source::words(words.len(), ("HEALTHCHECK", place), ("HEALTHCHECK", None));
        follow.words(literal(&words), source);
    } else if let [command] = rest {
        follow.shell_form(command.token, "HEALTHCHECK");
    }
}

/// Whether shell forms are read of this shell.
fn is_posix(shell: &[String]) -> bool {
    let name = shell.first().and_then(|path| path.rsplit('/').next());
    name.is_some_and(wrappers::is_shell)
}

/// The shell of shell forms.
fn shell_of(view: &View<'_, '_>) -> Option<Vec<String>> {
    match &view.end.shell {
        Value::Known(words) => Some(words.clone()),
        Value::FromBase => Some(view.base.shell()),
        Value::Unknown(_) => None,
    }
}
