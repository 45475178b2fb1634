//! The commands of a shell script: what RUN, shell forms and entry scripts execute.
//!
//! Reading is best effort and says so: [`Script::complete`] is false where a part could not be understood, and a
//! caller that needs proof must not go on then. Nothing here executes, expands or guesses.

//!
//! The language is that of POSIX (XCU chapter 2, "Shell Command Language") with what bash adds to it (GNU Bash manual):
//! `[[ ]]`, `(( ))`, arrays, `function`, `select`, `<<<`, `<( )`, `&>`, extended patterns. Where shells disagree, a word
//! does not count as literal.

use std::ops::Range;

mod backtick;
mod frames;
mod instruction;
mod lists;
mod options;
mod quotes;
mod reader;
mod unwrap;
mod words;

pub use instruction::{Located, of_instruction};

#[cfg(test)]
mod tests;

/// Longest text that is read, in bytes; of a longer one only the beginning. Scripts of a build context are not larger.
const MAX_TEXT: usize = 1 << 20;

/// Deepest nesting of lists and words that is followed. Real scripts stay below twenty.
const MAX_DEPTH: usize = 96;

/// Most commands of one text.
const MAX_COMMANDS: usize = 100_000;

/// Most bytes of words of one text. `$(…)` stands in the word that holds it, so nesting repeats text.
const MAX_WORDS: usize = 8 << 20;

/// How often reading starts again behind a quote or bracket that is never closed.
const MAX_RESTARTS: usize = 8;

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
    /// `<`, `>`, `2>>` and the like as written, with their targets; here-documents are not among them. Redirections
    /// of a compound command (`{ …; } > file`) form a command without words that follows it.
    pub redirects: Vec<(String, Word)>,
    /// Where it stands, in bytes of the text that was given.
    pub span: Range<usize>,
    /// How it comes to be executed.
    pub place: CommandPlace,
}

/// How a command comes to be executed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)]
pub struct CommandPlace {
    /// It may be skipped: in a branch, a loop, or after `&&` or `||`.
    pub conditional: bool,
    /// It is executed only when what stands before it failed, as after `||`.
    pub fallback: bool,
    /// Part of a pipeline of more than one command.
    pub piped: bool,
    /// Started in the background with `&`.
    pub background: bool,
    /// In a subshell or command substitution: `cd` and assignments do not last. (Nor do they in a pipeline.)
    pub subshell: bool,
    /// In the body of the function with this name; whether anything calls it is not looked at.
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

/// Reads a script: POSIX sh and bash. It takes time linear in the text and keeps nesting on the heap; of what goes
/// beyond the bounds of this module it reads what it can.
///
/// A text in error is read as far as it makes sense: stray keywords are passed over, and behind a quote that is never
/// closed reading starts again on the next line. [`Script::complete`] is false then.
pub fn read(text: &str) -> Script {
    reader::Reader::new(text).read()
}

impl Command {
    /// The last part of the command word's path when it is literal: `/usr/sbin/useradd` gives `useradd`.
    pub fn name(&self) -> Option<&str> {
        let word = self.words.first().filter(|word| word.literal)?;
        let slash = word.text.bytes().rposition(|byte| byte == b'/');
        Some(slash.map_or(word.text.as_str(), |slash| &word.text[slash + 1..]))
    }
}
