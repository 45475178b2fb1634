//! Cheap answers to "is it one of these words", for tables that are asked about every word of a file.

/// A table of words. Nearly every word that is not in it is known by its length and its first and last letter.
pub(crate) struct Table {
    list: &'static str,
    /// For each first byte (its low five bits) the lengths of the words: bit 31 stands for 31 bytes and more.
    first: [u32; 32],
    /// The same for each last byte.
    last: [u32; 32],
}

impl Table {
    /// The words of `list`, separated by single blanks.
    pub(crate) const fn new(list: &'static str) -> Self {
        let bytes = list.as_bytes();
        let (mut first, mut last) = ([0; 32], [0; 32]);
        let mut at = 0;
        while at < bytes.len() {
            let start = at;
            while at < bytes.len() && bytes[at] != b' ' {
                at += 1;
            }
            if at > start {
                first[slot(bytes[start])] |= bit(at - start);
                last[slot(bytes[at - 1])] |= bit(at - start);
            }
            at += 1;
        }
        Self { list, first, last }
    }

    /// Whether `word` is one of them.
    pub(crate) fn has(&self, word: &str) -> bool {
        let (Some(&first), Some(&last)) = (word.as_bytes().first(), word.as_bytes().last()) else {
            return false;
        };
        self.first[slot(first)] & self.last[slot(last)] & bit(word.len()) != 0
            && self.list.as_bytes().split(|byte| *byte == b' ').any(|known| known == word.as_bytes())
    }
}

/// Tells where one of some prefixes may begin, by the first two bytes without their case. It never misses one.
#[derive(Clone, Copy)]
pub(crate) struct Sieve {
    /// For each first byte (its low five bits) the second bytes (likewise).
    pairs: [u32; 32],
}

impl Sieve {
    /// A sieve that lets nothing through.
    pub(crate) const EMPTY: Self = Self { pairs: [0; 32] };

    /// Lets a prefix of at least two bytes through.
    pub(crate) const fn with(mut self, prefix: &[u8]) -> Self {
        self.pairs[slot(prefix[0])] |= 1 << slot(prefix[1]);
        self
    }

    /// Whether one of the prefixes may begin here.
    pub(crate) fn passes(&self, rest: &[u8]) -> bool {
        matches!(*rest, [first, second, ..] if self.pairs[slot(first)] & (1 << slot(second)) != 0)
    }
}

/// Upper and lower case of a letter are the same here.
const fn slot(byte: u8) -> usize {
    (byte & 31) as usize
}

const fn bit(len: usize) -> u32 {
    1 << if len < 31 { len } else { 31 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole() {
        const LONG: &str = "a-word-of-more-than-thirty-one-bytes";
        static WORDS: Table = Table::new("key keys a-word-of-more-than-thirty-one-bytes -p i18n");
        for word in ["key", "keys", "-p", "i18n", LONG] {
            assert!(WORDS.has(word), "{word}");
        }
        for word in ["", " ", "ke", "keyy", "KEY", "kex", "key keys", "a-word-of-more-than-thirty-one-bytez"]
        {
            assert!(!WORDS.has(word), "{word}");
        }
    }

    #[test]
    fn a_sieve_misses_nothing() {
        const SIEVE: Sieve = Sieve::EMPTY.with(b"ghp_").with(b"SG.").with(b"r8_");
        for text in ["ghp_x", "GHP_", "SG.", "r8_", "gh"] {
            assert!(SIEVE.passes(text.as_bytes()), "{text}");
        }
        for text in ["", "g", "gp", "hg", "r9"] {
            assert!(!SIEVE.passes(text.as_bytes()), "{text}");
        }
    }
}
