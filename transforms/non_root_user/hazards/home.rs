//! What lies in the home directory of root. Its mode is 0700: nobody else gets to anything in it.

mod commands;
mod installers;
mod launch;
mod packages;
mod tools;

use std::collections::BTreeMap;

use harden_core::Place;
use harden_core::shell::Word;
use harden_core::syntax::{Keyword, Span, Token};
use harden_core::{Origin, Value};

use self::installers::PERSONAL;
use self::tools::{Installed, Memory};
use super::super::risk::Risk;
use super::super::runs::{Ran, Step, clean, is_below};
use super::super::view::View;

const HOME: &str = "/root";

/// Commands whose words put nothing into the image.
const READERS: &[&str] = &[
    "[",
    "[[",
    ".",
    "alias",
    "cat",
    "cd",
    "chgrp",
    "chmod",
    "chown",
    "cmp",
    "diff",
    "du",
    "echo",
    "env",
    "exec",
    "export",
    "find",
    "grep",
    "head",
    "ls",
    "popd",
    "printenv",
    "printf",
    "pushd",
    "rm",
    "rmdir",
    "setfacl",
    "sha256sum",
    "source",
    "stat",
    "tail",
    "test",
    "unset",
    "wc",
    "which",
    "xargs",
];

/// Most paths that are kept.
const MAX_PATHS: usize = 200;

/// What the steps of a chain put below `/root`.
pub(super) struct Home<'v, 'c, 'a> {
    view: &'v View<'c, 'a>,
    touched: Vec<(String, Span, usize)>,
    removed: Vec<(String, usize)>,
    installed: Vec<Installed>,
    memory: Memory,
    workdir: Option<Span>,
    /// The last place that sets a variable, and the value as written.
    variables: BTreeMap<String, (Span, String)>,
    /// `chmod` opened `/root` itself.
    open: bool,
    at: usize,
}

impl<'v, 'c, 'a> Home<'v, 'c, 'a> {
    pub(super) fn new(view: &'v View<'c, 'a>) -> Self {
        Self {
            view,
            touched: Vec::new(),
            removed: Vec::new(),
            installed: Vec::new(),
            memory: Memory::new(),
            workdir: None,
            variables: BTreeMap::new(),
            open: false,
            at: 0,
        }
    }

    pub(super) fn step(&mut self, step: &Step<'_, '_>) {
        self.at += 1;
        match step.instruction.keyword() {
            Keyword::Workdir => self.workdir = Some(step.instruction.span()),
            Keyword::Env => {
                for pair in step.instruction.pairs() {
                    let value = pair.value.map(Token::text).unwrap_or_default();
                    let value = value.trim_matches(['"', '\'']).to_owned();
                    self.variables.insert(pair.key.text().to_owned(), (pair.whole.span(), value));
                }
            }
            Keyword::Run if super::is_root(self.view, step) => {
                let found = tools::installed(self.view, &mut self.memory, step, self.at);
                let room = MAX_PATHS.saturating_sub(self.installed.len());
                self.installed.extend(found.into_iter().take(room));
                for one in step.commands {
                    self.at += 1;
                    self.command(step, one);
                }
            }
            _ => {}
        }
    }

    fn command(&mut self, step: &Step<'_, '_>, one: &Ran) {
        if one.other {
            return;
        }
        let command = &one.command;
        let span = one.span;
        for (operator, word) in &command.redirects {
            if operator.contains('>') {
                self.touch(step, one, word, span);
            }
        }
        let Some(name) = command.name() else { return };
        let words = command.words.get(1..).unwrap_or_default();
        match name {
            "rm" => {
                for word in words {
                    let path = word.text.strip_suffix("/*").unwrap_or(&word.text);
                    let folder = Word { text: path.to_owned(), ..word.clone() };
                    let path = if path.contains(['$', '~', '*', '[', '?']) {
                        step.value(&folder).map(|value| value.text)
                    } else {
                        Some(path.to_owned())
                    };
                    self.remove(path.and_then(|path| one.absolute(&path)));
                }
            }
            "mv" | "cp" => self.copies(step, one, name, words, span),
            "chmod" => {
                let mode = words.iter().find(|word| !word.text.starts_with("-R"));
                let opens = mode.is_some_and(|mode| opens(&mode.text));
                let root =
                    words.iter().any(|word| word.text.trim_end_matches('/') == HOME || word.text == "~");
                self.open |= opens && root;
            }
            name if READERS.contains(&name) => {}
            _ => {
                for word in words {
                    self.touch(step, one, word, span);
                }
            }
        }
    }

    /// `mv` takes its sources away; what either puts below `/root` is at its last word.
    fn copies(&mut self, step: &Step<'_, '_>, one: &Ran, name: &str, words: &[Word], span: Span) {
        let Some((last, sources)) = words.split_last() else { return };
        self.touch(step, one, last, span);
        for source in sources.iter().filter(|_| name == "mv") {
            let path = step.value(source).and_then(|value| one.absolute(&value.text));
            self.remove(path);
        }
        // What an installer left in /root is usable where it was copied to.
        for source in sources.iter().filter_map(|source| step.value(source)) {
            let elsewhere = step.value(last).is_some_and(|last| !is_below(&clean(&last.text), HOME));
            if let Some(path) = one.absolute(&source.text).filter(|_| elsewhere) {
                self.installed
                    .retain(|tool| !is_below(&path, &tool.folder) && !is_below(&tool.folder, &path));
                tools::forget(&mut self.installed, &path);
            }
        }
    }

    fn remove(&mut self, path: Option<String>) {
        if let Some(path) = path.filter(|path| is_below(path, HOME) && self.removed.len() < MAX_PATHS) {
            self.removed.push((path, self.at));
        }
    }

    fn touch(&mut self, step: &Step<'_, '_>, one: &Ran, word: &Word, span: Span) {
        // `--prefix=/root/x`, `-C/root/x`
        let text = match word.text.split_once('=') {
            Some((option, value)) if option.starts_with('-') => value,
            _ => &word.text,
        };
        if !(text.starts_with('/') || text.starts_with('~') || text.starts_with('$')) {
            // Relative to /root is only what `cd` or WORKDIR leads to; both are looked at on their own.
            return;
        }
        let Some(value) = step.expand(text, word.literal) else { return };
        let Some(path) = one.absolute(&value.text) else { return };
        let inside = path.strip_prefix("/root/").is_some_and(|rest| !is_personal(rest));
        if inside && self.touched.len() < MAX_PATHS {
            self.touched.push((path, span, self.at));
        }
    }

    pub(super) fn risks(self) -> Vec<Risk> {
        let mut risks = Vec::new();
        risks.extend(self.working_directory());
        risks.extend(self.copied());
        risks.extend(self.made());
        risks.extend(self.environment());
        let gone = |path: &str, at: usize| {
            self.removed.iter().any(|(gone, when)| *when > at && is_below(path, gone))
        };
        let tools: Vec<&Installed> =
            self.installed.iter().filter(|tool| !gone(&tool.folder, tool.at)).collect();
        for tool in tools.iter().filter(|tool| !tool.only_for_these) {
            let message = format!("{} goes to `{}`, where nobody but root can read", tool.name, tool.folder);
            risks.push(Risk::lower("root-home-tool", message, Some(Place::Here(tool.span))));
        }
        risks.extend(launch::risks(self.view, &tools));
        if self.open {
            // Everybody may enter: what lies there may still be closed or not writable.
            for risk in &mut risks {
                risk.effect = super::super::risk::Effect::Lower;
            }
        }
        risks
    }

    fn working_directory(&self) -> Option<Risk> {
        let place = self.workdir.map(Place::Here);
        let path = match &self.view.end.workdir {
            Value::Known(path) => path.clone(),
            Value::FromBase => match &self.view.base.config {
                Some(config) => config.working_dir.clone()?,
                None => self.view.base.entry?.working_dir?.to_owned(),
            },
            Value::Unknown(_) => return None,
        };
        let path = clean(&path);
        is_below(&path, HOME).then(|| {
            let message =
                format!("the working directory `{path}` is root's own: the container would not start");
            Risk::stop("root-home-workdir", message, place)
        })
    }

    /// COPY and ADD into `/root`.
    fn copied(&self) -> Vec<Risk> {
        let mut risks = Vec::new();
        for copied in self.view.paths.copied() {
            let Ok(destination) = &copied.destination else { continue };
            let path = clean(destination);
            if !is_below(&path, HOME)
                || self.removed.iter().any(|(gone, _)| is_below(&path, gone) && gone != HOME)
            {
                continue;
            }
            let rest = path.strip_prefix("/root/").unwrap_or_default();
            let personal = if rest.is_empty() {
                copied
                    .sources
                    .iter()
                    .all(|source| is_personal(source.text.rsplit('/').next().unwrap_or_default()))
            } else {
                is_personal(rest)
            };
            if !personal {
                let message = format!("files are copied to `{path}`, where nobody but root can read them");
                risks.push(Risk::lower(
                    "root-home-files",
                    message,
                    Some(Place::Here(copied.instruction.span())),
                ));
            }
        }
        risks
    }

    fn made(&self) -> Vec<Risk> {
        let mut seen: Vec<&str> = Vec::new();
        let mut risks = Vec::new();
        for (path, span, at) in &self.touched {
            let gone = self.removed.iter().any(|(gone, when)| when > at && is_below(path, gone));
            let known = seen.iter().any(|before| is_below(path, before));
            let tool = self.installed.iter().any(|tool| is_below(path, &tool.folder));
            if gone || known || tool {
                continue;
            }
            seen.push(path);
            let message = format!("a step puts something at `{path}`, where nobody but root can read it");
            risks.push(Risk::lower("root-home-files", message, Some(Place::Here(*span))));
        }
        risks
    }

    /// Variables of the container that lead to `/root`.
    fn environment(&self) -> Vec<Risk> {
        let mut risks = Vec::new();
        for (name, (span, written)) in &self.variables {
            let Some(variable) = self.view.scopes.variable(self.view.end, name) else { continue };
            if variable.origin != Origin::Env {
                continue;
            }
            // `/root/bin:$PATH` of a base image nobody knows.
            let value = match &variable.value {
                Value::Known(value) => value,
                Value::FromBase | Value::Unknown(_) => written,
            };
            let inside =
                value.split([':', ';', ',', ' ', '=']).find(|part| is_below(&clean_if_path(part), HOME));
            let Some(part) = inside.filter(|part| part.starts_with('/')) else { continue };
            let message = format!("{name} leads to `{part}`, where nobody but root can read");
            risks.push(Risk::lower("root-home-variable", message, Some(Place::Here(*span))));
        }
        risks
    }
}

fn clean_if_path(part: &str) -> String {
    if part.starts_with('/') { clean(part) } else { part.to_owned() }
}

/// Whether a path below a home directory is for people at a shell or for the build, not for the program.
fn is_personal(rest: &str) -> bool {
    PERSONAL.iter().any(|known| {
        rest.strip_prefix(known)
            .is_some_and(|behind| behind.is_empty() || behind.starts_with(['/', '-', '.']))
    })
}

/// Whether a mode lets others into a folder.
fn opens(mode: &str) -> bool {
    match u32::from_str_radix(mode, 8) {
        Ok(octal) => octal & 0o1 != 0,
        Err(_) => mode.split(',').any(|clause| {
            let Some((who, bits)) = clause.split_once(['+', '=']) else { return false };
            (who.is_empty() || who.contains(['o', 'a'])) && bits.contains(['x', 'X'])
        }),
    }
}
