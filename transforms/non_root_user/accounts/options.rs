//! Options of the tools that make users, read as getopt does.

use harden_core::shell::Word;

/// An option a tool knows.
pub(super) struct Known {
    pub(super) short: Option<char>,
    pub(super) long: &'static str,
    /// It takes a value.
    pub(super) value: bool,
}

/// A word or the part of one behind `--name=` or `-n`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Argument<'w> {
    pub(super) text: &'w str,
    pub(super) literal: bool,
}

/// The arguments of a command, taken apart.
#[derive(Debug, Default)]
pub(super) struct Arguments<'w> {
    /// Options by their long name, in order.
    pub(super) options: Vec<(&'static str, Option<Argument<'w>>)>,
    /// What is no option.
    pub(super) operands: Vec<Argument<'w>>,
    /// There are options the tool is not known to have.
    pub(super) unknown: bool,
}

impl<'w> Arguments<'w> {
    /// Takes `words`, without the command word, apart. Options may stand behind operands, as glibc's getopt, Perl's
    /// `Getopt::Long` and `BusyBox` allow.
    pub(super) fn read(words: &'w [Word], known: &[Known]) -> Self {
        let mut found = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let whole = Argument { text: &word.text, literal: word.literal };
            if word.text == "--" {
                found.operands.extend(words.map(|word| Argument { text: &word.text, literal: word.literal }));
                break;
            }
            if let Some(long) = word.text.strip_prefix("--") {
                let (name, inline) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(Argument { text: value, literal: word.literal })),
                    None => (long, None),
                };
                match by_long(known, name) {
                    Some(option) if option.value => {
                        let value = inline.or_else(|| next(&mut words));
                        found.options.push((option.long, value));
                    }
                    Some(option) => found.options.push((option.long, None)),
                    None => found.unknown = true,
                }
            } else if word.text.len() > 1 && word.text.starts_with('-') {
                found.group(whole, known, &mut words);
            } else {
                found.operands.push(whole);
            }
        }
        found
    }

    /// `-rmu 1000` and the like.
    fn group(&mut self, whole: Argument<'w>, known: &[Known], words: &mut std::slice::Iter<'w, Word>) {
        for (at, letter) in whole.text.char_indices().skip(1) {
            let Some(option) = known.iter().find(|option| option.short == Some(letter)) else {
                self.unknown = true;
                return;
            };
            if !option.value {
                self.options.push((option.long, None));
                continue;
            }
            let rest = whole.text.get(at + letter.len_utf8()..).unwrap_or_default();
            let value = if rest.is_empty() { next(words) } else { Some(Argument { text: rest, ..whole }) };
            self.options.push((option.long, value));
            return;
        }
    }

    /// Whether the option is there.
    pub(super) fn has(&self, long: &str) -> bool {
        self.options.iter().any(|(name, _)| *name == long)
    }

    /// The value of an option; of several, the last counts.
    pub(super) fn value(&self, long: &str) -> Option<Argument<'w>> {
        self.options.iter().rev().find(|(name, _)| *name == long)?.1
    }
}

fn next<'w>(words: &mut std::slice::Iter<'w, Word>) -> Option<Argument<'w>> {
    words.next().map(|word| Argument { text: &word.text, literal: word.literal })
}

/// By its name or a beginning of it that no other option has.
fn by_long<'k>(known: &'k [Known], name: &str) -> Option<&'k Known> {
    if let Some(exact) = known.iter().find(|option| option.long == name) {
        return Some(exact);
    }
    let mut starting = known.iter().filter(|option| option.long.starts_with(name));
    starting.next().filter(|_| starting.next().is_none() && !name.is_empty())
}
