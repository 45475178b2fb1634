//! The words of a command with the variables of the Dockerfile filled in.

use harden_core::shell::{Command, Word};

use crate::multi_stage::ran::Ran;
use crate::multi_stage::view::View;

/// A command and what its variables stand for.
pub(super) struct Words<'r, 'c, 'a> {
    view: &'r View<'c, 'a>,
    pub(super) ran: &'r Ran,
}

impl<'r, 'c, 'a> Words<'r, 'c, 'a> {
    pub(super) fn new(view: &'r View<'c, 'a>, ran: &'r Ran) -> Self {
        Self { view, ran }
    }

    pub(super) fn command(&self) -> &'r Command {
        &self.ran.command
    }

    /// What a word stands for. It is not known when the shell sets a variable of it, or nothing does; patterns stay.
    pub(super) fn text(&self, word: &Word) -> Option<String> {
        if word.literal {
            return Some(word.text.clone());
        }
        let text = word.text.as_str();
        if text.contains("$(") || text.contains('`') || text.starts_with('~') {
            return None;
        }
        if !text.contains('$') {
            return Some(text.to_owned());
        }
        let step = self.view.steps.get(self.ran.at.0)?;
        // An assignment of the script hides the variable of the Dockerfile.
        let is_set = |name: &str| {
            text.match_indices(name).any(|(at, _)| {
                let before = text.get(..at).unwrap_or_default();
                before.ends_with('$') || before.ends_with("${")
            })
        };
        for ran in step.ran.iter().take(self.ran.at.1) {
            let own = ran.command.assignments.iter().map(|(name, _)| name.as_str());
            let exported =
                ran.command.words.iter().skip(1).filter(|_| {
                    matches!(ran.name(), Some("export" | "read" | "local" | "declare" | "readonly"))
                });
            let exported = exported.map(|word| word.text.split('=').next().unwrap_or_default());
            if own.chain(exported).any(is_set) {
                return None;
            }
        }
        let expanded = self.view.scopes.expand_text(&step.state, text).ok()?.text;
        (!expanded.contains('$')).then_some(expanded)
    }

    /// The absolute path a word stands for; patterns stay.
    pub(super) fn path(&self, word: &Word) -> Option<String> {
        self.ran.path(&self.text(word)?)
    }

    /// The absolute paths of all words.
    ///
    /// # Errors
    /// One is not known.
    pub(super) fn paths(&self, words: &[&Word]) -> Result<Vec<String>, String> {
        words.iter().map(|word| self.path(word).ok_or_else(|| unknown_path(word))).collect()
    }

    /// Operands; see [`Command::positional`].
    pub(super) fn operands(&self, shorts: &str, longs: &[&str]) -> Vec<&'r Word> {
        self.command().positional(shorts, longs)
    }
}

pub(super) fn unknown_path(word: &Word) -> String {
    format!("the path `{}` is not known", word.text)
}
