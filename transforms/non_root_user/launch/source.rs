//! Where a command stands.

use std::ops::Range;
use std::rc::Rc;

use harden_core::Place;
use harden_core::shell::{Command, CommandPlace, Word};
use harden_core::syntax::Token;

use crate::support::image_paths::FileText;

/// What commands were read from.
#[derive(Clone, Debug)]
pub(super) enum Source<'a> {
    /// Words of exec forms, the first `split` of one, the others of another. A word's span is its index.
    Words { split: usize, first: (Rc<str>, Option<Place>), second: (Rc<str>, Option<Place>) },
    /// A file of the image.
    File { by: Rc<str>, text: FileText },
    /// A shell form.
    Here { by: Rc<str>, token: Token<'a> },
    /// Something in one place.
    Fixed { by: Rc<str>, place: Option<Place> },
}

impl Source<'_> {
    pub(super) fn words(split: usize, first: (&str, Option<Place>), second: (&str, Option<Place>)) -> Self {
        Self::Words { split, first: (first.0.into(), first.1), second: (second.0.into(), second.1) }
    }

    /// The place of these bytes, or words.
    pub(super) fn place(&self, at: &Range<usize>) -> Option<Place> {
        match self {
            Self::Words { split, first, second } => {
                if at.start < *split {
                    first.1.clone()
                } else {
                    second.1.clone()
                }
            }
            Self::File { text, .. } => Some(text.place(at)),
            Self::Here { token, .. } => Some(Place::Here(token.part(at.start as u32, at.end as u32).span())),
            Self::Fixed { place, .. } => place.clone(),
        }
    }

    /// What begins a sentence about the command at these bytes, or words.
    pub(super) fn by(&self, at: &Range<usize>) -> Rc<str> {
        match self {
            Self::Words { split, first, second } => {
                Rc::clone(if at.start < *split { &first.0 } else { &second.0 })
            }
            Self::File { by, .. } | Self::Here { by, .. } | Self::Fixed { by, .. } => Rc::clone(by),
        }
    }
}

/// The words of an exec form as a command. Nothing expands in them.
pub(super) fn literal(words: &[String]) -> Command {
    let words: Vec<Word> = words
        .iter()
        .enumerate()
        .map(|(index, text)| Word { text: text.clone(), literal: true, span: index..index + 1 })
        .collect();
    let span = 0..words.len();
    Command { words, assignments: Vec::new(), redirects: Vec::new(), span, place: CommandPlace::default() }
}
