//! `` `…` ``, the old form of command substitution.
//!
//! One level of backslashes goes before its commands are read (POSIX XCU 2.6.3), so with a backslash inside it is read
//! as a text of its own.

use std::ops::Range;

use super::frames::{At, Kind};
use super::reader::{Reader, Stop};

/// Deepest nesting of `` `…\`…\`…` ``. Each level doubles the backslashes; people stop at two.
const MAX_NESTING: usize = 4;

impl Reader<'_> {
    /// The text has come to a `` ` ``; `quoted` inside double quotes. Returns the list that is to be read, or `None`
    /// when all has been read.
    pub(super) fn backtick(&mut self, at: At, quoted: bool) -> Result<Option<Kind>, Stop> {
        let start = self.at;
        let bytes = self.rest();
        let mut end = 1;
        let mut plain = true;
        loop {
            match bytes.get(end) {
                None => return Err(Stop::Unclosed(start)),
                Some(b'`') => break,
                Some(b'\\') => {
                    plain = false;
                    end += 2;
                }
                Some(_) => end += 1,
            }
        }
        let end = start + end;
        if plain {
            let outer = std::mem::replace(&mut self.limit, end);
            self.at += 1;
            return Ok(Some(Kind::Backtick { start, outer }));
        }
        self.escaped(start + 1..end, at, quoted);
        self.at = end + 1;
        Ok(None)
    }

    /// Reads a body with backslashes.
    fn escaped(&mut self, body: Range<usize>, at: At, quoted: bool) {
        if self.nesting >= MAX_NESTING {
            self.complete = false;
            return;
        }
        let (text, offsets) = unescape(&self.text[body.clone()], quoted);
        let source = |span: Range<usize>| {
            let start = offsets.get(span.start).copied().unwrap_or(body.len());
            // The backslash before the next byte is not part of it.
            let last = span.end.checked_sub(1).and_then(|last| offsets.get(last));
            let end = last.map_or(start, |last| last + 1).max(start);
            body.start + start..body.start + end
        };
        let mut inner = Reader::new(&text);
        inner.nesting = self.nesting + 1;
        inner.room = self.room;
        inner.capacity = self.capacity.saturating_sub(self.out.len());
        let (commands, complete, room) = inner.finish();
        self.complete &= complete;
        self.room = room;
        let around = self.place(at);
        for (mut command, level) in commands {
            let words = command.words.iter_mut();
            let assigned = command.assignments.iter_mut().map(|(_, word)| word);
            let targets = command.redirects.iter_mut().map(|(_, word)| word);
            for span in words.chain(assigned).chain(targets).map(|word| &mut word.span) {
                *span = source(span.clone());
            }
            command.span = source(command.span);
            let place = &mut command.place;
            place.subshell = true;
            place.conditional |= around.conditional;
            place.fallback |= around.fallback;
            place.background |= around.background;
            place.function = place.function.take().or_else(|| around.function.clone());
            self.out.push((command, self.level + 1 + level));
        }
    }
}

/// The text without one level of backslashes, and where each of its bytes, and its end, stands in the given one.
fn unescape(body: &str, quoted: bool) -> (String, Vec<usize>) {
    let mut text = String::with_capacity(body.len());
    let mut offsets = Vec::with_capacity(body.len() + 1);
    let mut characters = body.char_indices().peekable();
    while let Some((mut at, mut character)) = characters.next() {
        let special = |next: char| matches!(next, '`' | '$' | '\\') || quoted && next == '"';
        if character == '\\'
            && let Some(&(next_at, next)) = characters.peek()
            && special(next)
        {
            characters.next();
            (at, character) = (next_at, next);
        }
        text.push(character);
        offsets.extend((0..character.len_utf8()).map(|byte| at + byte));
    }
    offsets.push(body.len());
    (text, offsets)
}
