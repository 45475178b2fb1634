//! The text of a candidate, from a file or from standard input, which can be read only once.

use std::io::{self, Read};
use std::path::Path;
use std::sync::OnceLock;

use crate::discover::Candidate;
use crate::write::{MAX_FILE_BYTES, Original, ReadError, decode};

/// Standard input, read when it is first needed.
#[derive(Default)]
pub(super) struct Stdin(OnceLock<Result<String, String>>);

/// A candidate and where its text comes from.
pub(super) struct Source<'a> {
    pub(super) candidate: &'a Candidate,
    pub(super) stdin: &'a Stdin,
}

/// A text that was read.
pub(super) enum Text<'a> {
    /// Of a file, with what is needed to replace it.
    File(Original),
    /// Of standard input.
    Stdin(&'a str),
}

impl Text<'_> {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::File(original) => original.text(),
            Self::Stdin(text) => text,
        }
    }
}

impl<'a> Source<'a> {
    /// Reads the text; an error is a sentence for people.
    pub(super) fn read(&self) -> Result<Text<'a>, String> {
        if let Some(path) = self.candidate.path() {
            return Original::read(path).map(Text::File).map_err(|error| error.to_string());
        }
        let read = || standard_input().map_err(|error| error.to_string());
        self.stdin.0.get_or_init(read).as_deref().map(Text::Stdin).map_err(Clone::clone)
    }
}

/// Standard input, under the same rules as files.
fn standard_input() -> Result<String, ReadError> {
    let path = Path::new("standard input");
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
    match read {
        Err(source) => Err(ReadError::Io { path: path.into(), source }),
        Ok(size) if size as u64 > MAX_FILE_BYTES => {
            Err(ReadError::TooLarge { path: path.into(), limit: MAX_FILE_BYTES })
        }
        Ok(_) => decode(path, bytes),
    }
}
