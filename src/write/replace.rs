//! Replacing and creating files.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::{Original, WriteError};

/// What [`create_new`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// The file was created.
    Created,
    /// It was there already with the same content; nothing was written.
    AlreadySame,
    /// Something else has that name, a folder or a dangling link included; nothing was written.
    Exists,
}

impl Original {
    /// Puts `new_text` in the file's place, as the [module](super) describes. Does nothing when it is the same text.
    ///
    /// The new text is written to a temporary file beside the old one (beside its target for a symbolic link), flushed
    /// to the disk, and renamed over it. Between the comparison with what was read and the rename nothing else happens,
    /// so a concurrent change is lost only when it falls into these microseconds.
    ///
    /// # Errors
    /// [`WriteError`]; the file is untouched and the temporary file removed in every case. A read-only file is refused
    /// though the folder would allow the rename.
    pub fn replace(&self, new_text: &str) -> Result<(), WriteError> {
        if new_text == self.text {
            return Ok(());
        }
        let target = self.target()?;
        let folder = folder_of(&target);
        let metadata = self.check_writable(&target)?;
        let failed = |step| move |error| WriteError::from_io(&self.path, folder, step, error);

        let mut temporary = named(folder, 0o600).map_err(failed("creating a temporary file"))?;
        temporary.write_all(new_text.as_bytes()).map_err(failed("writing a temporary file"))?;
        keep_owner_and_mode(temporary.as_file(), &metadata).map_err(|source| {
            // Not a matter of the folder, whatever the kind of error.
            WriteError::Io { path: self.path.clone(), step: "setting the mode of a temporary file", source }
        })?;
        temporary.as_file().sync_all().map_err(failed("flushing a temporary file to the disk"))?;

        match same_content(&target, self.text.as_bytes()) {
            Ok(true) => {}
            Ok(false) => return Err(WriteError::Changed { path: self.path.clone() }),
            Err(error) => return Err(self.lost(error)),
        }
        temporary.persist(&target).map_err(|error| failed("renaming the temporary file")(error.error))?;
        sync_folder(folder);
        Ok(())
    }

    /// The file to replace: the path itself, or where the symbolic link leads.
    fn target(&self) -> Result<PathBuf, WriteError> {
        let metadata = fs::symlink_metadata(&self.path).map_err(|error| self.lost(error))?;
        if metadata.is_symlink() {
            fs::canonicalize(&self.path).map_err(|error| self.lost(error))
        } else {
            Ok(self.path.clone())
        }
    }

    fn check_writable(&self, target: &Path) -> Result<Metadata, WriteError> {
        let metadata = fs::metadata(target).map_err(|error| self.lost(error))?;
        if !metadata.is_file() {
            return Err(WriteError::Gone { path: self.path.clone() });
        }
        // root may open a read-only file, so the mode bits are looked at as well.
        if metadata.permissions().readonly() {
            return Err(WriteError::ReadOnly { path: self.path.clone() });
        }
        // Opening changes nothing, and asks about owners, access control lists and immutable files all at once.
        match OpenOptions::new().write(true).open(target) {
            Ok(_) => Ok(metadata),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                Err(WriteError::ReadOnly { path: self.path.clone() })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Err(self.lost(error)),
            Err(error) => {
                Err(WriteError::from_io(&self.path, folder_of(target), "opening it for writing", error))
            }
        }
    }

    fn lost(&self, source: io::Error) -> WriteError {
        let path = self.path.clone();
        if source.kind() == ErrorKind::NotFound {
            WriteError::Gone { path }
        } else {
            WriteError::Io { path, step: "looking at it again", source }
        }
    }
}

/// Creates a file with the default mode (`0666` less the umask on Unix), whole or not at all; never overwrites.
///
/// # Errors
/// [`WriteError`]; nothing is left behind. That the name is taken is no error but a [`Creation`].
pub fn create_new(path: &Path, text: &str) -> Result<Creation, WriteError> {
    if fs::symlink_metadata(path).is_ok() {
        return Ok(compare(path, text));
    }
    let folder = folder_of(path);
    let failed = |step| move |error| WriteError::from_io(path, folder, step, error);
    let mut temporary = named(folder, 0o666).map_err(|error| match error.kind() {
        ErrorKind::NotFound => WriteError::NoFolder { path: path.to_owned(), folder: folder.to_owned() },
        _ => failed("creating a temporary file")(error),
    })?;
    temporary.write_all(text.as_bytes()).map_err(failed("writing a temporary file"))?;
    temporary.as_file().sync_all().map_err(failed("flushing a temporary file to the disk"))?;
    match temporary.persist_noclobber(path) {
        Ok(_) => {
            sync_folder(folder);
            Ok(Creation::Created)
        }
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(compare(path, text)),
        Err(error) => Err(failed("renaming the temporary file")(error.error)),
    }
}

/// A name whose content cannot be compared is one to stay away from.
fn compare(path: &Path, text: &str) -> Creation {
    match same_content(path, text.as_bytes()) {
        Ok(true) => Creation::AlreadySame,
        _ => Creation::Exists,
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// `mode` is the Unix mode to create it with, less the umask.
fn named(folder: &Path, mode: u32) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".harden-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    builder.tempfile_in(folder)
}

/// The owner first: changing it may clear mode bits.
#[cfg(unix)]
fn keep_owner_and_mode(file: &File, original: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let created = file.metadata()?;
    let group = (created.gid() != original.gid()).then_some(original.gid());
    let owner = (created.uid() != original.uid()).then_some(original.uid());
    // Only root may give a file away, and others may choose among their own groups: what is refused stays as it is.
    if (owner.is_some() || group.is_some()) && fchown(file, owner, group).is_err() && group.is_some() {
        let _ = fchown(file, None, group);
    }
    // File systems without modes (FAT) report one for all files and may refuse to set any.
    if file.metadata()?.mode() == original.mode() {
        return Ok(());
    }
    file.set_permissions(PermissionsExt::from_mode(original.mode() & 0o7777))
}

/// A writable file on Windows has nothing to keep: access rights come from the folder.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
fn keep_owner_and_mode(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Whether `path` is a regular file that holds exactly `expected`.
fn same_content(path: &Path, expected: &[u8]) -> io::Result<bool> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() || metadata.len() != expected.len() as u64 {
        return Ok(false);
    }
    let mut file = File::open(path)?;
    let mut buffer = [0; 16 * 1024];
    let mut rest = expected;
    loop {
        let count = match file.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match rest.strip_prefix(&buffer[..count]) {
            _ if count == 0 => return Ok(rest.is_empty()),
            Some(unread) => rest = unread,
            None => return Ok(false),
        }
    }
}

/// Makes the rename itself last over a power failure. Best effort: not every system can, and the file is whole anyway.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    #[cfg(not(unix))]
    let _ = folder;
}
