//! Files that nobody but root could read.

use std::collections::BTreeSet;

use harden_core::Place;
use harden_core::shell::Word;
use harden_core::syntax::{Flag, Keyword, Span};

use super::super::risk::Risk;
use super::super::runs::{Ran, Step, clean, is_below, is_root};
use super::super::view::View;
use crate::support::image_paths::UnreadableKind;

/// Files that are root's business in any image: the new user has none with them.
const OF_ROOT: [&str; 14] = [
    "/root",
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/ssh",
    "/etc/crontab",
    "/etc/cron.d",
    "/etc/cron.daily",
    "/var/spool/cron",
    "/swapfile",
    "/etc/apt",
    "/etc/yum.repos.d",
    "/proc",
];

/// A file or folder that a step closed for others.
struct Closed {
    path: String,
    how: String,
    span: Span,
    /// Position among the steps.
    at: usize,
    /// The instruction.
    by: Span,
}

/// What steps do to the modes of files.
pub(super) struct Modes<'v, 'c, 'a> {
    view: &'v View<'c, 'a>,
    closed: Vec<Closed>,
    /// Paths that were deleted, opened or given to another user than root, and when.
    settled: Vec<(String, usize)>,
    umask: Option<Span>,
    at: usize,
    /// Files that the commands of the step at hand execute.
    executed: BTreeSet<String>,
}

/// Most paths that are kept of each kind.
const MAX_PATHS: usize = 500;

impl<'v, 'c, 'a> Modes<'v, 'c, 'a> {
    pub(super) fn new(view: &'v View<'c, 'a>) -> Self {
        Self { view, closed: Vec::new(), settled: Vec::new(), umask: None, at: 0, executed: BTreeSet::new() }
    }

    pub(super) fn step(&mut self, step: &Step<'_, '_>) {
        match step.instruction.keyword() {
            Keyword::Copy | Keyword::Add => self.copy(step),
            Keyword::Run => {
                self.executed = executed(step);
                for one in step.commands {
                    self.at += 1;
                    self.command(step, one);
                }
            }
            _ => {}
        }
    }

    /// `COPY --chmod=600`.
    fn copy(&mut self, step: &Step<'_, '_>) {
        self.at += 1;
        let flag = |name: &str| step.instruction.flag(name).and_then(Flag::value);
        let owned = flag("chown").is_some_and(|owner| !is_root(owner));
        let Some(mode) = flag("chmod").filter(|_| !owned) else { return };
        let Ok(mode) = step.scopes.expand_text(step.state, mode) else { return };
        if closes(&mode.text) != Some(true) {
            return;
        }
        let span = step.instruction.span();
        let copied = self.view.paths.copied().find(|one| one.instruction.span() == span);
        let Some(Ok(path)) = copied.map(|one| &one.destination) else { return };
        let how = format!("--chmod={}", mode.text);
        let span = step.instruction.flag("chmod").map_or(span, |flag| flag.token().span());
        self.close(step, clean(path), how, span);
    }

    fn command(&mut self, step: &Step<'_, '_>, one: &Ran) {
        let command = &one.command;
        let words = command.words.get(1..).unwrap_or_default();
        match command.name() {
            Some("chmod") => {
                let mut operands = words.iter().filter(|word| !is_option(&word.text));
                let Some(mode) = operands.next().and_then(|mode| step.value(mode)) else { return };
                let closes = closes(&mode.text);
                let paths: Vec<String> = operands.filter_map(|word| path(step, one, word)).collect();
                for path in paths {
                    match closes {
                        Some(true) if !self.executed.contains(&path) => {
                            let how = format!("chmod {}", mode.text);
                            self.close(step, path, how, one.span);
                        }
                        Some(true) | None => {}
                        Some(false) => self.settle(path, self.at),
                    }
                }
            }
            Some("install") => {
                let mode = command.option(Some('m'), "mode").and_then(|mode| step.value(&mode));
                let owned = command.option(Some('o'), "owner").is_some_and(|owner| !is_root(&owner.text));
                let Some(mode) = mode.filter(|mode| closes(&mode.text) == Some(true) && !owned) else {
                    return;
                };
                if let Some(path) = words.last().and_then(|word| path(step, one, word)) {
                    let how = format!("install -m {}", mode.text);
                    self.close(step, path, how, one.span);
                }
            }
            Some("chown") => {
                let mut operands = words.iter().filter(|word| !is_option(&word.text));
                let owner = operands
                    .next()
                    .map(|owner| step.value(owner).map_or_else(|| owner.text.clone(), |owner| owner.text));
                if owner.is_some_and(|owner| !is_root(&owner)) {
                    // Who it is given to is who it is meant for, whenever that happens.
                    let paths: Vec<String> = operands.filter_map(|word| path(step, one, word)).collect();
                    for path in paths {
                        self.settle(path, usize::MAX);
                    }
                }
            }
            Some("rm" | "unlink" | "shred" | "mv") => {
                let paths: Vec<String> = words.iter().filter_map(|word| path(step, one, word)).collect();
                for path in paths {
                    self.settle(path, self.at);
                }
            }
            Some("umask") => {
                let mask = words.first().map(|mask| mask.text.as_str());
                let strict = mask
                    .and_then(|mask| u32::from_str_radix(mask, 8).ok())
                    .is_some_and(|mask| mask & 0o4 != 0);
                let symbolic = mask.is_some_and(|mask| mask.ends_with("o=") || mask.contains("o=,"));
                if (strict || symbolic) && self.umask.is_none() && step.commands.iter().any(writes) {
                    self.umask = Some(one.span);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, step: &Step<'_, '_>, path: String, how: String, span: Span) {
        if self.closed.len() < MAX_PATHS {
            self.closed.push(Closed { path, how, span, at: self.at, by: step.instruction.span() });
        }
    }

    fn settle(&mut self, path: String, at: usize) {
        if self.settled.len() < MAX_PATHS {
            self.settled.push((path, at));
        }
    }

    pub(super) fn risks(self) -> Vec<Risk> {
        let mut risks = Vec::new();
        for closed in &self.closed {
            let settled =
                self.settled.iter().any(|(path, at)| *at > closed.at && is_below(&closed.path, path));
            let of_root = OF_ROOT.iter().any(|known| is_below(&closed.path, known));
            if !settled && !of_root {
                let message = format!("`{}` leaves `{}` to root alone", closed.how, closed.path);
                risks.push(Risk::lower("private-mode", message, Some(Place::Here(closed.span))));
            }
        }
        if let Some(span) = self.umask {
            let message = "umask closes what the step makes for everybody but root";
            risks.push(Risk::lower("private-mode", message, Some(Place::Here(span))));
        }
        for file in self.view.paths.unreadable() {
            if self.closed.iter().any(|closed| closed.by == file.instruction.span()) {
                continue;
            }
            if file.owner.as_deref().is_some_and(|owner| !is_root(owner))
                || OF_ROOT.iter().any(|known| is_below(&file.path, known))
            {
                continue;
            }
            let message = match file.kind {
                UnreadableKind::Download => {
                    format!("`{}` is downloaded by ADD, which leaves it to root alone", file.path)
                }
                UnreadableKind::File => {
                    format!("`{}` has the mode {:04o}, which leaves it to root alone", file.path, file.mode)
                }
                UnreadableKind::Folder => {
                    format!("`{}` has the mode {:04o}: nobody but root can enter it", file.path, file.mode)
                }
            };
            risks.push(Risk::lower("unreadable-file", message, Some(Place::Here(file.span))));
        }
        risks
    }
}

/// The path a word names.
fn path(step: &Step<'_, '_>, one: &Ran, word: &Word) -> Option<String> {
    // `dir/*` and `dir` are much the same here.
    let text = word.text.strip_suffix("/*").filter(|_| !word.literal);
    let value = match text {
        Some(folder) => step.expand(folder, !folder.contains(['$', '~', '*', '?', '[']))?,
        None => step.value(word)?,
    };
    one.absolute(&value.text)
}

/// `-R` and `--recursive`; `-x` and `-rwx` are modes.
fn is_option(word: &str) -> bool {
    word.starts_with("--")
        || (word.starts_with('-')
            && word.len() > 1
            && word.bytes().skip(1).all(|byte| b"RfvcHLPh".contains(&byte)))
}

/// Whether a mode of chmod(1) takes everything from others; `Some(false)` if it gives them something; `None` if it does
/// neither.
pub(super) fn closes(mode: &str) -> Option<bool> {
    let mode = mode
        .strip_prefix('=')
        .filter(|rest| rest.starts_with(|ch: char| ch.is_ascii_digit()))
        .unwrap_or(mode);
    if let Ok(octal) = u32::from_str_radix(mode, 8) {
        return match octal & 0o7 {
            0 | 2 => Some(true),
            // A folder that can be entered, a program that can be run.
            1 | 3 => None,
            _ => Some(false),
        };
    }
    let mut result = None;
    for clause in mode.split(',') {
        let end = clause.find(['+', '-', '=']).unwrap_or(clause.len());
        let (who, rest) = clause.split_at(end);
        let all = who.is_empty() || who.contains('a');
        if !all && !who.contains('o') {
            continue;
        }
        let mut chars = rest.chars();
        let operator = chars.next();
        let bits = chars.as_str();
        let reads = bits.contains('r');
        let enters = bits.contains(['x', 'X']);
        match operator {
            Some('-') if reads || (enters && !all) => result = Some(true),
            Some('=') if !reads && !enters => result = Some(true),
            Some('+' | '=') if reads => result = Some(false),
            _ => {}
        }
    }
    result
}

/// The files that a RUN executes: scripts for the build.
fn executed(step: &Step<'_, '_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for one in step.commands {
        let word = |at: usize| one.command.words.get(at);
        let program = word(0).filter(|word| word.text.contains('/'));
        let script = word(1).filter(|_| matches!(one.command.name(), Some("sh" | "bash" | "." | "source")));
        let words = [program, script].into_iter().flatten();
        found.extend(words.filter_map(|word| one.absolute(&word.text)));
    }
    found
}

/// Whether a command makes files.
fn writes(one: &Ran) -> bool {
    one.command.redirects.iter().any(|(operator, _)| operator.contains('>'))
        || matches!(
            one.command.name(),
            Some("cp" | "mkdir" | "tar" | "touch" | "tee" | "git" | "curl" | "wget" | "install" | "openssl")
        )
}
