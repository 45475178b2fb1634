//! The arguments of Cargo's commands.

use std::collections::BTreeMap;

use harden_core::Why;
use harden_core::shell::Word;

use super::super::super::ran::Ran;
use super::super::super::view::View;
use super::cargo;

/// Options with a value of their own word, long and short.
const WITH_VALUE: [&str; 36] = [
    "--artifact-dir",
    "--bench",
    "--bin",
    "--branch",
    "--color",
    "--config",
    "--example",
    "--exclude",
    "--features",
    "--git",
    "--index",
    "--jobs",
    "--lockfile-path",
    "--manifest-path",
    "--message-format",
    "--out-dir",
    "--package",
    "--path",
    "--profile",
    "--recipe-path",
    "--registry",
    "--rev",
    "--root",
    "--tag",
    "--target",
    "--target-dir",
    "--test",
    "--vers",
    "--version",
    "--edition",
    "--name",
    "--vcs",
    "-C",
    "-F",
    "-Z",
    "-j",
];

/// What a word stands for, variables of the Dockerfile filled in.
pub(super) fn text(view: &View<'_, '_>, ran: &Ran, word: &Word) -> Option<String> {
    if word.literal {
        return Some(word.text.clone());
    }
    let step = view.steps.get(ran.at.0)?;
    let shell = ["$(", "`", "*", "?", "["];
    if shell.iter().any(|one| word.text.contains(one)) || word.text.starts_with('~') {
        return None;
    }
    let sets = |other: &Ran| {
        let own = other.command.assignments.iter().map(|(name, _)| name.as_str());
        let words = other.command.words.iter().skip(1).filter_map(|word| word.text.split('=').next());
        let is_read = matches!(other.name(), Some("export" | "read" | "local" | "declare" | "readonly"));
        own.chain(words.filter(move |_| is_read))
            .any(|name| word.text.contains(&format!("${name}")) || word.text.contains(&format!("${{{name}")))
    };
    if step.ran.iter().take(ran.at.1).any(sets) {
        return None;
    }
    let expanded = view.scopes.expand_text(&step.state, &word.text).ok()?.text;
    (!expanded.contains('$')).then_some(expanded)
}

/// The arguments of a Cargo command.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The subcommand and what else is no option.
    pub(super) operands: Vec<String>,
    /// Options and their values.
    options: BTreeMap<String, Vec<String>>,
}

impl Words {
    pub(super) fn read(view: &View<'_, '_>, ran: &Ran) -> Result<Self, Why> {
        let mut read = Self::default();
        let mut words = ran.command.words.iter().skip(1);
        while let Some(word) = words.next() {
            let Some(text) = text(view, ran, word) else {
                // Which features are built changes nothing for the split.
                if word.text.starts_with("--features=") {
                    continue;
                }
                return Err(cargo::unknown(&word.text));
            };
            if text == "--" {
                break;
            }
            if text.starts_with('+') && read.operands.is_empty() || text.is_empty() {
                continue;
            }
            if !text.starts_with('-') {
                read.operands.push(text);
                continue;
            }
            let (name, value) = match text.split_once('=') {
                Some((name, value)) if text.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
                _ if text.starts_with("-p") && text.len() > 2 => {
                    ("-p".to_owned(), text.get(2..).map(str::to_owned))
                }
                _ => (text, None),
            };
            let takes = WITH_VALUE.contains(&name.as_str()) || name == "-p";
            let version = name == "--version" && read.operands.is_empty();
            let values = read.options.entry(name.clone()).or_default();
            if let Some(value) = value {
                values.push(value);
            } else if takes
                && !version
                && let Some(next) = words.next()
            {
                match self::text(view, ran, next) {
                    Some(value) => values.push(value),
                    None if matches!(
                        name.as_str(),
                        "--features" | "-F" | "-j" | "--jobs" | "--rev" | "--tag"
                    ) => {}
                    None => return Err(cargo::unknown(&name)),
                }
            }
        }
        Ok(read)
    }

    /// The last value of an option.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.options.get(name)?.last().map(String::as_str)
    }

    pub(super) fn values(&self, name: &str) -> Vec<String> {
        self.options.get(name).cloned().unwrap_or_default()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.options.contains_key(name)
    }
}
