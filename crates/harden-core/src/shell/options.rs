//! Options and operands of a command, read as `getopt_long` does (POSIX XBD 12.2, GNU "Argument Syntax").

use super::{Command, Word};

/// One argument of a command.
pub(super) enum Argument<'c> {
    /// `-x`, alone or in a group, and its value.
    Short(char, Option<Word>),
    /// `--name`, and its value.
    Long(&'c str, Option<Word>),
    /// Anything else; its place in [`Command::words`].
    Operand(usize),
}

impl Command {
    /// The value of an option that takes one: `-u 1000`, `-u1000`, `-ru 1000`, `--uid 1000`, `--uid=1000`; the last one
    /// counts. `long` is without dashes, and empty when there is no such name.
    ///
    /// It is not known which other options take values: a value that looks like the option is taken for it.
    pub fn option(&self, short: Option<char>, long: &str) -> Option<Word> {
        let mut words = self.words.iter().enumerate().skip(1).take_while(|(_, word)| word.text != "--");
        let mut found = None;
        while let Some((index, word)) = words.next() {
            let value = match word.text.strip_prefix("--") {
                Some(name) if long.is_empty() || !name.starts_with(long) => continue,
                Some(name) => match &name[long.len()..] {
                    "" => None,
                    rest if rest.starts_with('=') => Some(word.tail(2 + long.len() + 1)),
                    _ => continue,
                },
                None => match short.and_then(|short| short_option(&word.text, short)) {
                    Some(at) if at == word.text.len() => None,
                    Some(at) => Some(word.tail(at)),
                    None => continue,
                },
            };
            if value.is_none() {
                words.next();
            }
            found = value.or_else(|| self.words.get(index + 1).cloned()).or(found);
        }
        found
    }

    /// Whether an option without a value is given: `-r`, `-mr`, `--system`. `long` is without dashes, and empty when
    /// there is no such name.
    ///
    /// As with [`Command::option`], it is not known which options take values: with `-gusers` there is also a `-u`.
    pub fn has_flag(&self, short: Option<char>, long: &str) -> bool {
        self.words.iter().skip(1).map(|word| word.text.as_str()).take_while(|text| *text != "--").any(
            |text| match text.strip_prefix("--") {
                Some(name) => !long.is_empty() && name == long,
                None => text.strip_prefix('-').is_some_and(|group| {
                    group.chars().all(char::is_alphanumeric) && group.chars().any(|one| Some(one) == short)
                }),
            },
        )
    }

    /// The operands: arguments that are neither options nor their values. `shorts` and `longs` (without dashes) are the
    /// options that take a value.
    ///
    /// A word that is not literal counts as one operand; a shell may make none or several of it, or an option.
    pub fn positional(&self, shorts: &str, longs: &[&str]) -> Vec<&Word> {
        let arguments = self.arguments(1, shorts, longs, false).into_iter();
        arguments
            .filter_map(|argument| match argument {
                Argument::Operand(index) => self.words.get(index),
                _ => None,
            })
            .collect()
    }

    /// Options and operands from word `first` on. With `leading` the first operand ends the options, as for commands
    /// that run another one.
    pub(super) fn arguments(
        &self,
        first: usize,
        shorts: &str,
        longs: &[&str],
        leading: bool,
    ) -> Vec<Argument<'_>> {
        let mut arguments = Vec::new();
        let mut index = first;
        let mut options = true;
        while let Some(word) = self.words.get(index) {
            index += 1;
            let text = word.text.as_str();
            if options && text == "--" {
                options = false;
            } else if !options || text == "-" || !text.starts_with('-') {
                options &= !leading;
                arguments.push(Argument::Operand(index - 1));
            } else if let Some(name) = text.strip_prefix("--") {
                let (name, value) = match name.split_once('=') {
                    Some((name, _)) => (name, Some(word.tail(2 + name.len() + 1))),
                    None if longs.contains(&name) => {
                        index += 1;
                        (name, self.words.get(index - 1).cloned())
                    }
                    None => (name, None),
                };
                arguments.push(Argument::Long(name, value));
            } else {
                for (at, short) in text.char_indices().skip(1) {
                    if !shorts.contains(short) {
                        arguments.push(Argument::Short(short, None));
                        continue;
                    }
                    let rest = at + short.len_utf8();
                    let value = if rest < text.len() {
                        Some(word.tail(rest))
                    } else {
                        index += 1;
                        self.words.get(index - 1).cloned()
                    };
                    arguments.push(Argument::Short(short, value));
                    break;
                }
            }
        }
        arguments
    }
}

impl Word {
    /// The text from byte `at` on. The span is exact where the word is written without quotes and escapes.
    pub(super) fn tail(&self, at: usize) -> Word {
        let text = self.text.get(at..).unwrap_or_default().to_owned();
        let plain = self.span.len() == self.text.len();
        let start = if plain { self.span.start + self.text.len() - text.len() } else { self.span.start };
        Word { text, literal: self.literal, span: start..self.span.end }
    }
}

/// Where the value of the option begins in a word: behind `-u` in `-u1000`, at the end of `-ru`.
fn short_option(text: &str, short: char) -> Option<usize> {
    let group = text.strip_prefix('-')?;
    if group.starts_with(short) {
        return Some(1 + short.len_utf8());
    }
    let others = group.strip_suffix(short)?;
    (!others.is_empty() && others.chars().all(char::is_alphabetic)).then_some(text.len())
}
