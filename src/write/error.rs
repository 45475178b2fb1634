//! What can go wrong with a file, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Why a file was not read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no such file.
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// A symbolic link whose target does not exist.
    DanglingLink {
        /// The link.
        path: PathBuf,
        /// What it points to, as written in the link.
        target: PathBuf,
    },
    /// A folder.
    Directory {
        /// The folder.
        path: PathBuf,
    },
    /// A named pipe, socket or device. It was not opened, since that could block or have an effect.
    NotRegular {
        /// The path.
        path: PathBuf,
    },
    /// The user may not read it.
    PermissionDenied {
        /// The file.
        path: PathBuf,
    },
    /// Larger than the limit.
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// Holds a NUL byte: an image, an archive, or text in UTF-16.
    Binary {
        /// The file.
        path: PathBuf,
        /// Byte offset of the first NUL.
        offset: usize,
    },
    /// Text in another encoding.
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Byte offset of the first byte that is not UTF-8.
        offset: usize,
        /// Its line, from 1.
        line: usize,
        /// Its column in characters, from 1.
        column: usize,
    },
    /// Anything else the operating system reports.
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl ReadError {
    pub(super) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::NotFound => Self::NotFound { path },
            ErrorKind::PermissionDenied => Self::PermissionDenied { path },
            ErrorKind::IsADirectory => Self::Directory { path },
            _ => Self::Io { path, source },
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { path } => {
                write!(out, "cannot read {}: it does not exist; check the path", Shown(path))
            }
            Self::DanglingLink { path, target } => write!(
                out,
                "cannot read {}: it is a link to {}, which does not exist; create that file or remove the link",
                Shown(path),
                Shown(target)
            ),
            Self::Directory { path } => {
                write!(out, "cannot read {}: it is a folder; name a file in it", Shown(path))
            }
            Self::NotRegular { path } => write!(
                out,
                "cannot read {}: it is a pipe, socket or device; save its content to a file, or pass it on standard input as `-`",
                Shown(path)
            ),
            Self::PermissionDenied { path } => write!(
                out,
                "cannot read {}: permission denied; check the modes of the file and of its folders",
                Shown(path)
            ),
            Self::TooLarge { path, limit } => write!(
                out,
                "cannot read {}: it is larger than {} MiB, which no Dockerfile is; leave it out",
                Shown(path),
                limit / (1024 * 1024)
            ),
            Self::Binary { path, offset } => write!(
                out,
                "cannot read {}: it looks binary (NUL byte at offset {offset}); leave it out, or convert it if it is UTF-16",
                Shown(path)
            ),
            Self::NotUtf8 { path, offset, line, column } => write!(
                out,
                "cannot read {}: not UTF-8 at line {line}, column {column} (byte offset {offset}); convert it to UTF-8, as Docker expects",
                Shown(path)
            ),
            Self::Io { path, source } => {
                write!(out, "cannot read {}: {source}; correct this and run harden again", Shown(path))
            }
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Why a file was not written. The file is as it was, unless a variant says otherwise.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The file changed after it was read; the change by someone else was kept.
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The file was deleted or became something else after it was read.
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// The file is read-only or not the user's to write. Replacing it would often be possible and still is not done.
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// No file can be created in the folder.
    FolderNotWritable {
        /// The file that was to be written.
        path: PathBuf,
        /// The folder it really is in, symbolic links followed.
        folder: PathBuf,
    },
    /// The folder of a new file does not exist.
    NoFolder {
        /// The file that was to be created.
        path: PathBuf,
        /// The missing folder.
        folder: PathBuf,
    },
    /// The file system is mounted read-only.
    ReadOnlyFilesystem {
        /// The file.
        path: PathBuf,
    },
    /// No room for the new content.
    NoSpace {
        /// The file.
        path: PathBuf,
        /// What is used up.
        reason: &'static str,
    },
    /// The file is a mount point of its own, such as a single file bound into a container.
    MountPoint {
        /// The file.
        path: PathBuf,
    },
    /// Anything else the operating system reports.
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done, as in "while …".
        step: &'static str,
        /// The system's reason.
        source: io::Error,
    },
}

impl WriteError {
    /// For failures of the folder and the temporary file in it; failures of the file itself are told apart before.
    pub(super) fn from_io(path: &Path, folder: &Path, step: &'static str, source: io::Error) -> Self {
        let (path, folder) = (path.to_owned(), folder.to_owned());
        let no_space = |reason| Self::NoSpace { path: path.clone(), reason };
        match source.kind() {
            ErrorKind::StorageFull => no_space("the disk is full"),
            ErrorKind::QuotaExceeded => no_space("the disk quota is used up"),
            ErrorKind::FileTooLarge => no_space("the limit on file sizes (`ulimit -f`) is reached"),
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnlyFilesystem { path },
            ErrorKind::PermissionDenied => Self::FolderNotWritable { path, folder },
            ErrorKind::ResourceBusy => Self::MountPoint { path },
            _ => Self::Io { path, step, source },
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { path } => write!(
                out,
                "did not write {}: it changed while harden was working on it; run harden again",
                Shown(path)
            ),
            Self::Gone { path } => write!(
                out,
                "did not write {}: it was deleted or replaced while harden was working on it; run harden again",
                Shown(path)
            ),
            Self::ReadOnly { path } => write!(
                out,
                "did not write {}: the file is read-only for you; make it writable (`chmod u+w`, or its owner's consent) if it may change",
                Shown(path)
            ),
            Self::FolderNotWritable { path, folder } => write!(
                out,
                "did not write {}: no file can be created in {}; make that folder writable",
                Shown(path),
                Shown(folder)
            ),
            Self::NoFolder { path, folder } => write!(
                out,
                "did not create {}: the folder {} does not exist; create it first",
                Shown(path),
                Shown(folder)
            ),
            Self::ReadOnlyFilesystem { path } => write!(
                out,
                "did not write {}: its file system is mounted read-only; mount it writable or work on a copy",
                Shown(path)
            ),
            Self::NoSpace { path, reason } => {
                write!(out, "did not write {}: {reason}; make room and run harden again", Shown(path))
            }
            Self::MountPoint { path } => write!(
                out,
                "did not write {}: it is in use as a mount point; mount the folder it is in, not the file alone",
                Shown(path)
            ),
            Self::Io { path, step, source } => write!(
                out,
                "did not write {}: {source}, while {step}; correct this and run harden again",
                Shown(path)
            ),
        }
    }
}

impl Error for WriteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// A path for a message: control characters, which a file name may hold, are escaped.
struct Shown<'a>(&'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.to_string_lossy().chars() {
            if character.is_control() {
                write!(out, "{}", character.escape_default())?;
            } else {
                write!(out, "{character}")?;
            }
        }
        Ok(())
    }
}
