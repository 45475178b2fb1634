//! What harden prints.

pub mod diff;
pub mod fixes;
pub mod github;
pub mod json;
pub mod markdown;
pub mod sarif;
mod severity;
pub mod snippet;
pub mod summary;
pub mod text;
pub mod view;
mod visible;

use std::io::{self, ErrorKind, Write};

pub(crate) use self::visible::visible;

/// An output stream whose reader may go away: after a broken pipe everything is dropped without an error.
pub struct Sink<'w> {
    inner: &'w mut dyn Write,
    gone: bool,
}

impl<'w> Sink<'w> {
    /// Wraps a stream.
    pub fn new(inner: &'w mut dyn Write) -> Self {
        Self { inner, gone: false }
    }

    /// Writes all of `text`.
    ///
    /// # Errors
    /// Any error but a broken pipe.
    pub fn put(&mut self, text: &str) -> io::Result<()> {
        if self.gone {
            return Ok(());
        }
        let result = self.inner.write_all(text.as_bytes());
        self.settle(result)
    }

    /// Flushes the stream.
    ///
    /// # Errors
    /// Any error but a broken pipe.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.gone {
            return Ok(());
        }
        let result = self.inner.flush();
        self.settle(result)
    }

    fn settle(&mut self, result: io::Result<()>) -> io::Result<()> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(())
            }
            other => other,
        }
    }
}
