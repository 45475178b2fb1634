//! Reading a file that may be replaced later.

use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::ReadError;

/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// A file as it was read: the text to work on, and what a later write compares the file with.
pub struct Original {
    pub(super) path: PathBuf,
    pub(super) text: String,
    hard_links: u64,
}

impl Original {
    /// Reads a regular file of at most [`MAX_FILE_BYTES`] as UTF-8; a byte order mark and line endings stay in the text.
    /// Symbolic links are followed. Pipes, sockets and devices are refused without being opened.
    ///
    /// # Errors
    /// One [`ReadError`] variant for each reason.
    pub fn read(path: impl Into<PathBuf>) -> Result<Self, ReadError> {
        Self::read_up_to(path.into(), MAX_FILE_BYTES)
    }

    pub(super) fn read_up_to(path: PathBuf, limit: u64) -> Result<Self, ReadError> {
        let found = fs::metadata(&path).map_err(|error| match fs::read_link(&path) {
            Ok(target) if error.kind() == std::io::ErrorKind::NotFound => {
                ReadError::DanglingLink { path: path.clone(), target }
            }
            _ => ReadError::from_io(&path, error),
        })?;
        regular(&path, &found)?;
        let failed = |error| ReadError::from_io(&path, error);
        let file = File::open(&path).map_err(failed)?;
        // The name may have been given to something else since.
        let metadata = file.metadata().map_err(failed)?;
        regular(&path, &metadata)?;
        if metadata.len() > limit {
            return Err(ReadError::TooLarge { path, limit });
        }
        let mut bytes = Vec::new();
        // The length in the metadata is no bound: files in /proc say 0, and a file can grow.
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > limit {
            return Err(ReadError::TooLarge { path, limit });
        }
        let text = decode(&path, bytes)?;
        Ok(Original { path, text, hard_links: hard_links(&metadata) })
    }

    /// The path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many names the file has: 1 for most. [`Original::replace`] gives the new text to this name only, and the
    /// others keep the old text. Always 1 on Windows, where the count is not asked for.
    pub fn hard_links(&self) -> u64 {
        self.hard_links
    }
}

/// Shows no text, because it may hold secrets.
impl fmt::Debug for Original {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Original")
            .field("path", &self.path)
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

fn regular(path: &Path, metadata: &Metadata) -> Result<(), ReadError> {
    if metadata.is_dir() {
        Err(ReadError::Directory { path: path.to_owned() })
    } else if metadata.is_file() {
        Ok(())
    } else {
        Err(ReadError::NotRegular { path: path.to_owned() })
    }
}

/// Text of a file or of what stands for one; `path` is for messages.
pub(crate) fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, ReadError> {
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        return Err(ReadError::Binary { path: path.to_owned(), offset });
    }
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let valid = String::from_utf8_lossy(&error.as_bytes()[..offset]);
        let line_start = valid.rfind('\n').map_or(0, |newline| newline + 1);
        ReadError::NotUtf8 {
            path: path.to_owned(),
            offset,
            line: valid.matches('\n').count() + 1,
            column: valid[line_start..].chars().count() + 1,
        }
    })
}

#[cfg(unix)]
fn hard_links(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn hard_links(_: &Metadata) -> u64 {
    1
}
