//! The commands of a shell script: what RUN, shell forms and entry scripts execute.
//!
//! Reading is best effort and says so: [`Script::complete`] is false where a part could not be understood, and a
//! caller that needs proof must not go on then. Nothing here executes, expands or guesses.

use std::ops::Range;

/// The simple commands of a script, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Every simple command, also those inside functions, conditions, loops, subshells and command substitutions.
    pub commands: Vec<Command>,
    /// Whether everything was understood.
    pub complete: bool,
}

/// A simple command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The command word and its arguments. Empty when there are only assignments or redirections.
    pub words: Vec<Word>,
    /// `NAME=value` before the command word.
    pub assignments: Vec<(String, Word)>,
    /// `<`, `>`, `>>` and the like, with their targets; here-documents are not among them.
    pub redirects: Vec<(String, Word)>,
    /// Where it stands, in bytes of the text that was given.
    pub span: Range<usize>,
    /// How it comes to be executed.
    pub place: CommandPlace,
}

/// How a command comes to be executed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandPlace {
    /// It may be skipped: in a branch, a loop, or after `&&` or `||`.
    pub conditional: bool,
    /// It is executed only when what stands before it failed, as after `||`.
    pub fallback: bool,
    /// Part of a pipeline of more than one command.
    pub piped: bool,
    /// Started in the background with `&`.
    pub background: bool,
    /// In a subshell or command substitution: `cd` and assignments do not last.
    pub subshell: bool,
    /// In the body of the function with this name.
    pub function: Option<String>,
}

/// A word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its text without quotes; expansions stand in it as they are written.
    pub text: String,
    /// Whether the text is what the command gets: there is no expansion, pattern or tilde in it.
    pub literal: bool,
    /// Where it stands, quotes included, in bytes of the text that was given.
    pub span: Range<usize>,
}

impl Command {
    /// The last part of the command word's path when it is literal: `/usr/sbin/useradd` gives `useradd`.
    pub fn name(&self) -> Option<&str> {
        let word = self.words.first().filter(|word| word.literal)?;
        word.text.rsplit('/').next()
    }
}
