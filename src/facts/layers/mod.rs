//! What the layers of an image say about users and tools, read as streams: nothing is written to a disk.
//!
//! Source of facts: OCI image specification, `layer.md` (change sets, whiteouts); containerd, `archive/tar.go` (how a
//! layer is applied). Only a fixed set of paths is looked at, see [`paths`]; everything else passes by. [`read`] takes
//! one layer, [`Tree`] puts them together from the lowest to the highest.

mod accounts;
mod archive;
pub(crate) mod decompress;
mod paths;
#[cfg(test)]
pub(super) mod tests;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read};

use harden_core::{ImageGroup, ImageUser};

use archive::{Archive, Kind};
use paths::{clean, parent, role};
pub(super) use tree::{Tree, Unclear};

/// Most bytes of one layer after decompression.
const MAX_DECOMPRESSED: u64 = 4 << 30;
/// Most headers of one layer.
const MAX_HEADERS: usize = 1_000_000;
/// Largest text file that is read, in bytes; real ones have a few hundred lines at most.
const MAX_TEXT: u64 = 256 << 10;
/// Longest target of a link (`PATH_MAX` of Linux).
const MAX_LINK: usize = 4096;

/// What one layer says about the paths that matter. Its size is bounded by their number.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    /// Taken away from the layers below, with everything inside.
    removed: BTreeSet<String>,
    /// Folders whose content in the layers below is taken away.
    emptied: BTreeSet<String>,
    /// Put in place, in this order.
    entries: Vec<(String, Node)>,
}

/// An object of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Folder,
    /// A symbolic link and its target.
    Link(String),
    /// Another name of the file with this path.
    Hard {
        target: String,
        executable: bool,
    },
    File {
        executable: bool,
        text: Text,
    },
    /// A device, socket or pipe, or a link that cannot be followed.
    Other,
}

/// What was read of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Text {
    /// Nothing: only that it is there counts.
    Unread,
    Users(Vec<ImageUser>),
    Groups(Vec<ImageGroup>),
    Release(BTreeMap<String, String>),
    TooLarge,
}

/// Why a layer was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It holds more than is read.
    TooLarge,
    /// It is no tar archive, or a damaged one.
    NotTar,
    /// It is compressed in a way that is not read.
    Compression,
}

/// Reads a layer to the end of its archive; what follows in `stream` is left there.
///
/// The compression is told by the first bytes, as containerd does: the media type of Docker's layers does not say.
pub(super) fn read(stream: &mut dyn BufRead) -> Result<Layer, Refused> {
    let decompressed = decompress::open(stream).ok_or(Refused::Compression)?;
    read_archive(decompressed, MAX_DECOMPRESSED, MAX_HEADERS)
}

fn read_archive(stream: impl Read, bytes: u64, headers: usize) -> Result<Layer, Refused> {
    let mut limited = stream.take(bytes);
    let layer = collect(&mut Archive::new(&mut limited, headers));
    match layer {
        Err(Refused::NotTar) if limited.limit() == 0 => Err(Refused::TooLarge),
        layer => layer,
    }
}

fn collect(archive: &mut Archive<impl Read>) -> Result<Layer, Refused> {
    let mut layer = Layer::default();
    while let Some(entry) = archive.next()? {
        let path = clean(&entry.path);
        let name = path.rsplit('/').next().unwrap_or_default();
        if let Some(hidden) = name.strip_prefix(".wh.") {
            let folder = parent(&path);
            if hidden == ".wh..opq" {
                if folder.is_empty() || role(folder).is_some() {
                    layer.emptied.insert(folder.to_owned());
                }
            } else {
                let removed =
                    if folder.is_empty() { hidden.to_owned() } else { format!("{folder}/{hidden}") };
                if role(&removed).is_some() {
                    layer.removed.insert(removed);
                }
            }
            continue;
        }
        let Some(role) = role(&path) else { continue };
        let node = match entry.kind {
            Kind::Folder => Node::Folder,
            Kind::Link if entry.link.len() <= MAX_LINK => Node::Link(entry.link),
            Kind::Hard if entry.link.len() <= MAX_LINK => {
                Node::Hard { target: clean(&entry.link), executable: entry.executable }
            }
            Kind::File { whole } => {
                let text = if whole { archive.text(role)? } else { Text::Unread };
                Node::File { executable: entry.executable, text }
            }
            Kind::Link | Kind::Hard | Kind::Other => Node::Other,
        };
        // The last of several entries counts, as when the archive is extracted.
        layer.entries.retain(|(known, _)| *known != path);
        layer.entries.push((path, node));
    }
    Ok(layer)
}

impl<R: Read> Archive<R> {
    /// The content of the current entry, as far as its role asks for it.
    fn text(&mut self, role: paths::Role) -> Result<Text, Refused> {
        if !matches!(role, paths::Role::Users | paths::Role::Groups | paths::Role::Release) {
            return Ok(Text::Unread);
        }
        let Some(bytes) = self.content(MAX_TEXT)? else { return Ok(Text::TooLarge) };
        Ok(match role {
            paths::Role::Users => Text::Users(accounts::users(&bytes)),
            paths::Role::Groups => Text::Groups(accounts::groups(&bytes)),
            _ => Text::Release(accounts::release(&bytes)),
        })
    }
}
