//! A text as a row of pieces that are as they were, and pieces that were changed.

use std::collections::VecDeque;

use dockerfile_syntax::Span;
use harden_core::Edit;

/// A part of the text as it is now. The pieces stand for all of the original, in order.
struct Piece {
    /// What it stands for in the original; empty for what was inserted.
    start: usize,
    end: usize,
    /// What it is now; `None` for what it was.
    text: Option<String>,
    /// Which fixes made it.
    owners: Vec<usize>,
    /// It belongs to the piece before it: both were one change, or it changes that one.
    glued: bool,
}

impl Piece {
    fn len(&self) -> usize {
        self.text.as_ref().map_or(self.end - self.start, String::len)
    }

    /// Cuts it after `len` bytes of what it is now.
    fn split(self, len: usize) -> (Self, Self) {
        let Some(mut text) = self.text else {
            let middle = self.start + len;
            let first = Self { end: middle, text: None, owners: Vec::new(), ..self };
            let second = Self { start: middle, end: self.end, text: None, owners: Vec::new(), glued: false };
            return (first, second);
        };
        let rest = text.split_off(len);
        let second = Self {
            start: self.end,
            end: self.end,
            text: Some(rest),
            owners: self.owners.clone(),
            glued: true,
        };
        (Self { text: Some(text), ..self }, second)
    }
}

/// A place of the original that was changed.
#[derive(Debug)]
pub(super) struct Changed {
    start: usize,
    end: usize,
    text: String,
    /// The fixes that did it, sorted.
    pub(super) owners: Vec<usize>,
}

impl Changed {
    /// The change as an edit of the original.
    pub(super) fn edit(&self) -> Edit {
        Edit::replace(Span::new(self.start as u32, self.end as u32), self.text.clone())
    }
}

/// The whole text.
pub(super) struct Pieces {
    pieces: Vec<Piece>,
    len: usize,
}

impl Pieces {
    /// A text of `len` bytes in which nothing was changed yet.
    pub(super) fn new(len: usize) -> Self {
        let whole = Piece { start: 0, end: len, text: None, owners: Vec::new(), glued: false };
        Self { pieces: vec![whole], len }
    }

    /// Makes the edits of one patch, each with the fix it belongs to. They do not overlap.
    pub(super) fn apply(&mut self, mut edits: Vec<(&Edit, usize)>) {
        edits.sort_by_key(|(edit, _)| edit.span);
        let mut rest: VecDeque<Piece> = std::mem::take(&mut self.pieces).into();
        let mut done: Vec<Piece> = Vec::with_capacity(rest.len() + 2 * edits.len());
        let mut at = 0;
        for (edit, owner) in edits {
            let Span { start, end } = edit.span;
            let (start, end) = (start as usize, end as usize);
            while let Some(piece) = rest.pop_front() {
                let len = piece.len();
                if at + len <= start {
                    at += len;
                    done.push(piece);
                } else if at < start {
                    let (before, after) = piece.split(start - at);
                    at = start;
                    done.push(before);
                    rest.push_front(after);
                } else {
                    rest.push_front(piece);
                    break;
                }
            }
            // Where a change was cut in two, the edit stands inside it.
            let place = rest.front().map_or(self.len, |piece| piece.start);
            let mut made = Piece {
                start: place,
                end: place,
                text: Some(edit.text.clone()),
                owners: vec![owner],
                glued: rest.front().is_some_and(|piece| piece.glued),
            };
            while at < end {
                let Some(piece) = rest.pop_front() else { break };
                let len = piece.len();
                let taken = if at + len > end {
                    let (taken, left) = piece.split(end - at);
                    rest.push_front(left);
                    taken
                } else {
                    piece
                };
                at += taken.len();
                made.end = taken.end;
                made.glued |= taken.glued;
                made.owners.extend(taken.owners);
            }
            done.push(made);
        }
        done.extend(rest);
        self.pieces = done;
    }

    /// The places that were changed, in order; those that cannot be edited independently are one.
    pub(super) fn changed(self) -> Vec<Changed> {
        let mut all: Vec<Changed> = Vec::new();
        let mut after_change = false;
        for piece in self.pieces {
            let Some(text) = piece.text else {
                // An empty rest of a cut changes nothing about what is next to what.
                after_change &= piece.start == piece.end;
                continue;
            };
            let last =
                all.last_mut().filter(|last| after_change && (piece.glued || last.start == piece.start));
            if let Some(last) = last {
                last.end = piece.end;
                last.text.push_str(&text);
                last.owners.extend(piece.owners);
            } else {
                all.push(Changed { start: piece.start, end: piece.end, text, owners: piece.owners });
            }
            after_change = true;
        }
        for one in &mut all {
            one.owners.sort_unstable();
            one.owners.dedup();
        }
        all
    }
}
