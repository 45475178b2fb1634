//! Quotes and expansions in a word.

use super::frames::Kind;
use super::reader::{Reader, Stop};
use super::words::{Mode, WordFrame, is_name};

impl Reader<'_> {
    pub(super) fn single_quotes(&mut self, word: &mut WordFrame) -> Result<(), Stop> {
        let start = self.at;
        let end = self.rest().iter().skip(1).position(|&byte| byte == b'\'').ok_or(Stop::Unclosed(start))?;
        self.at += 1;
        self.take(word, end)?;
        self.at += 1;
        Ok(())
    }

    pub(super) fn backslash(&mut self, word: &mut WordFrame) -> Result<(), Stop> {
        if let Some(length) = self.newline(1) {
            // In a quoted here-document nobody gets here, so a continued line is always removed.
            self.at += 1 + length;
            return Ok(());
        }
        let length = self.character(1);
        let special = match word.modes.last() {
            Some((Mode::Double, _)) => matches!(self.byte(1), Some(b'$' | b'`' | b'"' | b'\\')),
            _ => length > 0,
        };
        if special {
            self.at += 1;
            self.take(word, length)
        } else {
            self.take(word, 1 + length)
        }
    }

    /// `$`: returns the substitution that begins here.
    pub(super) fn dollar(&mut self, word: &mut WordFrame) -> Result<Option<Kind>, Stop> {
        let start = self.at;
        let quoted = word.quoted();
        let Some(next) = self.byte(1) else { return self.take(word, 1).map(|()| None) };
        match next {
            b'(' if self.is_arithmetic(2) => {
                self.at += 3;
                self.enter(word, Mode::Arithmetic { depth: 0 }, 3)?;
            }
            b'(' => {
                self.at += 2;
                return Ok(Some(Kind::Substitution { start }));
            }
            b'{' => {
                // `${ command; }` of ksh and bash 5.3.
                self.complete &= !matches!(self.byte(2), Some(b' ' | b'\t' | b'\n' | b'|'));
                self.at += 2;
                self.enter(word, Mode::Parameter { quoted }, 2)?;
            }
            b'\'' if !quoted => {
                let rest = &self.rest()[2..];
                let mut end = 0;
                while rest.get(end).is_some_and(|&byte| byte != b'\'') {
                    end += 1 + usize::from(rest[end] == b'\\');
                }
                if end >= rest.len() {
                    return Err(Stop::Unclosed(start));
                }
                word.literal = false;
                self.take(word, end + 3)?;
            }
            b'"' if !quoted => {
                word.literal = false;
                self.at += 1;
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                word.literal = false;
                let name = self.rest()[1..].iter().take_while(|&&byte| is_name(byte)).count();
                self.take(word, 1 + name)?;
            }
            b'[' | b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' => {
                word.literal = false;
                self.take(word, 2)?;
            }
            _ => self.take(word, 1)?,
        }
        Ok(None)
    }
}
