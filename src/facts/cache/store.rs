//! The files of the cache.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::wire::Entries;
use super::{MAX_BYTES, Warning};

/// Longest time another process is waited for; after that its last additions may be lost, never the file.
const PATIENCE: Duration = Duration::from_secs(2);

fn cannot(path: &Path, what: &str, error: &io::Error) -> Warning {
    Warning::new(path, format!("cannot be {what} ({}), so the next run asks again", error.kind()))
}

/// Whether the folder is one to trust; a missing one is.
pub(super) fn check_folder(dir: &Path) -> Result<(), Warning> {
    match fs::metadata(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(cannot(dir, "read", &error)),
        Ok(metadata) if !metadata.is_dir() => Err(Warning::new(dir, "is no folder, so it is not used")),
        Ok(metadata) if others_may_write(&metadata, 0o002) => Err(Warning::new(
            dir,
            "may be written to by everybody, so it is not used; correct it with `chmod go-w`",
        )),
        Ok(_) => Ok(()),
    }
}

/// Creates the folder, for this user only.
pub(super) fn create_folder(dir: &Path) -> Result<(), Warning> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| cannot(dir, "created", &error))?;
    check_folder(dir)
}

/// What the file holds; nothing when there is none.
pub(super) fn read(path: &Path, latest: u64) -> Result<Entries, Warning> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Entries::default()),
        metadata => metadata.map_err(|error| cannot(path, "read", &error))?,
    };
    let unused =
        |why: &str| Warning::new(path, format!("{why}; it is not used, and replaced by the next answers"));
    // Opening a pipe would wait for its writer.
    if !metadata.is_file() {
        return Err(unused("is no regular file"));
    }
    if others_may_write(&metadata, 0o022) {
        return Err(unused("may be written to by others"));
    }
    let mut bytes = Vec::new();
    let limit = MAX_BYTES as u64 + 1;
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|error| cannot(path, "read", &error))?;
    if bytes.len() > MAX_BYTES {
        return Err(unused("is larger than 16 MiB"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| unused("is not UTF-8"))?;
    Entries::parse(text, latest).map_err(unused)
}

/// Replaces the file as a whole; the mode of the new one is 0600.
pub(super) fn write(dir: &Path, path: &Path, text: &str) -> Result<(), Warning> {
    let written = || -> io::Result<()> {
        // 0600 is what this function gives a file.
        let mut file = tempfile::Builder::new().prefix(".registry-").tempfile_in(dir)?;
        file.write_all(text.as_bytes())?;
        file.persist(path)?;
        Ok(())
    };
    written().map_err(|error| cannot(path, "written", &error))
}

/// Keeps other processes from saving at the same time until it is dropped. Not every file system can; then, as after
/// [`PATIENCE`], two that save at the same instant may lose additions of one.
pub(super) fn lock(path: &Path) -> Option<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path.with_extension("lock")).ok()?;
    let end = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(fs::TryLockError::WouldBlock) if Instant::now() < end => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(_) => return None,
        }
    }
}

#[cfg(unix)]
fn others_may_write(metadata: &Metadata, mask: u32) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.mode() & mask != 0
}

/// Access rights come from the user's folder there.
#[cfg(not(unix))]
fn others_may_write(_: &Metadata, _: u32) -> bool {
    false
}
