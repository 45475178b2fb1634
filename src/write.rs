//! Reads Dockerfiles and replaces them safely.
//!
//! [`Original::read`] refuses what harden must not touch, [`Original::replace`] puts new text in a file's place, and
//! [`create_new`] adds a file. A reader of the file sees the old or the new content, never a mixture and never a part,
//! also when the process is killed or the machine loses power in between; what can be left behind is a file named
//! `.harden-…` in the same folder.
//!
//! What a replacement keeps: the mode bits, the owner and group (as far as the user may set them), and a symbolic link,
//! whose target is replaced. What it does not keep, because the name gets a new file: hard links (the file's other names
//! keep the old text, as after `git checkout`; see [`Original::hard_links`]) and extended attributes, POSIX access
//! control lists included.

mod error;
mod original;
mod replace;

pub use error::{ReadError, WriteError};
pub(crate) use original::decode;
pub use original::{MAX_FILE_BYTES, Original};
pub use replace::{Creation, create_new};

#[cfg(test)]
mod tests;
