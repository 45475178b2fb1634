//! The entries of a tar archive, one after the other.
//!
//! Source of facts: the Go standard library (`archive/tar`), which containerd and moby read layers with; pax(1),
//! "Extended Interchange Format"; GNU tar manual, "Basic Tar Format". Names of any length cost 1 MiB at most.

use std::io::Read;

use super::Refused;
use crate::facts::context::tar::{BLOCK, checksum_holds, number, read_full};

/// Longest extended header that is read, in bytes (that of Go).
const MAX_EXTENSION: u64 = 1 << 20;

/// An entry.
pub(super) struct Entry {
    pub(super) path: String,
    /// Target of a link.
    pub(super) link: String,
    pub(super) kind: Kind,
    /// Somebody may execute it.
    pub(super) executable: bool,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File {
        /// Its bytes stand in the archive as they are; not so for sparse files.
        whole: bool,
    },
    Hard,
    Link,
    Folder,
    Other,
}

/// What extended headers say of the entry that follows.
#[derive(Default)]
struct Extension {
    path: Option<String>,
    link: Option<String>,
    size: Option<u64>,
    sparse: bool,
}

/// Reads an archive.
pub(super) struct Archive<R> {
    stream: R,
    /// Bytes of the current entry that were not read.
    content: u64,
    /// Bytes that fill its last block.
    padding: u64,
    /// Headers that may still come.
    headers: usize,
}

impl<R: Read> Archive<R> {
    pub(super) fn new(stream: R, headers: usize) -> Self {
        Self { stream, content: 0, padding: 0, headers }
    }

    /// The next entry, `None` at the end of the archive.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, Refused> {
        let mut extension = Extension::default();
        loop {
            self.skip(self.content + self.padding)?;
            (self.content, self.padding) = (0, 0);
            let mut block = [0; BLOCK];
            let filled = read_full(&mut self.stream, &mut block).map_err(|_| Refused::NotTar)?;
            // Go takes an archive without its closing blocks, too.
            if filled == 0 || (filled == BLOCK && block.iter().all(|&byte| byte == 0)) {
                return Ok(None);
            }
            if filled < BLOCK || !checksum_holds(&block) {
                return Err(Refused::NotTar);
            }
            self.headers = self.headers.checked_sub(1).ok_or(Refused::TooLarge)?;
            let kind = block[156];
            let own = u64::try_from(number(&block[124..136]).ok_or(Refused::NotTar)?)
                .map_err(|_| Refused::NotTar)?;
            let special = matches!(kind, b'x' | b'g' | b'L' | b'K');
            let size = if special { own } else { extension.size.unwrap_or(own) };
            // Links, folders and devices have no content, whatever the header says.
            self.content = if matches!(kind, b'1'..=b'6') { 0 } else { size };
            self.padding = self.content.wrapping_neg() % BLOCK as u64;
            if self.content.checked_add(self.padding).is_none() {
                return Err(Refused::NotTar);
            }
            match kind {
                b'x' | b'L' | b'K' => {
                    let bytes = self.content(MAX_EXTENSION)?.ok_or(Refused::TooLarge)?;
                    match kind {
                        b'x' => extension.read_pax(&bytes)?,
                        b'L' => extension.path = Some(text(&bytes)),
                        _ => extension.link = Some(text(&bytes)),
                    }
                }
                // Defaults for all that follows; none of them matters here.
                b'g' => {}
                _ => {
                    if kind == b'S' {
                        self.skip_sparse_map(&block)?;
                    }
                    return Ok(Some(entry(&block, extension)?));
                }
            }
        }
    }

    /// The rest of the content; `None`, and still unread, when it is longer than `limit`.
    pub(super) fn content(&mut self, limit: u64) -> Result<Option<Vec<u8>>, Refused> {
        if self.content > limit {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let read = (&mut self.stream).take(self.content).read_to_end(&mut bytes);
        if read.map_err(|_| Refused::NotTar)? as u64 != self.content {
            return Err(Refused::NotTar);
        }
        self.content = 0;
        Ok(Some(bytes))
    }

    fn skip(&mut self, count: u64) -> Result<(), Refused> {
        let skipped = std::io::copy(&mut (&mut self.stream).take(count), &mut std::io::sink());
        if skipped.ok() == Some(count) { Ok(()) } else { Err(Refused::NotTar) }
    }

    /// GNU's map of a sparse file goes on in blocks that its size does not count.
    fn skip_sparse_map(&mut self, header: &[u8; BLOCK]) -> Result<(), Refused> {
        let mut more = header[482] != 0;
        while more {
            self.headers = self.headers.checked_sub(1).ok_or(Refused::TooLarge)?;
            let mut block = [0; BLOCK];
            let filled = read_full(&mut self.stream, &mut block).map_err(|_| Refused::NotTar)?;
            if filled < BLOCK {
                return Err(Refused::NotTar);
            }
            more = block[504] != 0;
        }
        Ok(())
    }
}

fn entry(block: &[u8; BLOCK], extension: Extension) -> Result<Entry, Refused> {
    let path = extension.path.unwrap_or_else(|| {
        let name = text(&block[..100]);
        // The prefix of USTAR; STAR keeps times behind it, GNU something else in its place.
        let prefix = if &block[257..263] != b"ustar\0" {
            String::new()
        } else if &block[508..] == b"tar\0" {
            text(&block[345..476])
        } else {
            text(&block[345..500])
        };
        if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
    });
    let kind = match block[156] {
        b'0' | 0 | b'7' if path.ends_with('/') => Kind::Folder,
        b'0' | 0 | b'7' => Kind::File { whole: !extension.sparse },
        b'S' => Kind::File { whole: false },
        b'1' => Kind::Hard,
        b'2' => Kind::Link,
        b'5' => Kind::Folder,
        _ => Kind::Other,
    };
    let mode = number(&block[100..108]).ok_or(Refused::NotTar)?;
    let link = extension.link.unwrap_or_else(|| text(&block[157..257]));
    Ok(Entry { path, link, kind, executable: mode & 0o111 != 0 })
}

/// The bytes before the first NUL. What is no UTF-8 is none of the paths that matter.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

impl Extension {
    /// Records `LENGTH KEY=VALUE\n`, where the length counts the whole record.
    fn read_pax(&mut self, mut bytes: &[u8]) -> Result<(), Refused> {
        while !bytes.is_empty() {
            let blank = bytes.iter().take(20).position(|&byte| byte == b' ').ok_or(Refused::NotTar)?;
            let length = std::str::from_utf8(&bytes[..blank]).ok().and_then(|text| text.parse().ok());
            let length: usize = length.ok_or(Refused::NotTar)?;
            let record = bytes.get(blank + 1..length).and_then(|record| record.strip_suffix(b"\n"));
            let record = record.ok_or(Refused::NotTar)?;
            let sign = record.iter().position(|&byte| byte == b'=').ok_or(Refused::NotTar)?;
            let value = String::from_utf8_lossy(&record[sign + 1..]);
            let given = || Some(value.as_ref()).filter(|value| !value.is_empty()).map(str::to_owned);
            match &record[..sign] {
                b"path" => self.path = given(),
                b"linkpath" => self.link = given(),
                b"size" => self.size = Some(value.parse().map_err(|_| Refused::NotTar)?),
                key if key.starts_with(b"GNU.sparse.") => {
                    self.sparse = true;
                    if key == b"GNU.sparse.name" {
                        self.path = given();
                    }
                }
                _ => {}
            }
            bytes = &bytes[length..];
        }
        Ok(())
    }
}
