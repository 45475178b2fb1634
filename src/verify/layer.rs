//! One layer of a saved image: what it puts in place and takes away, and what secrets it holds.
//!
//! Source of facts: OCI image specification, `layer.md` (change sets, whiteouts).

use std::collections::BTreeMap;
use std::io::{BufReader, Read};

use memchr::memmem::Finder;
use sha2::{Digest as _, Sha256};
use tar::{Archive, EntryType};

use super::secrets::Needle;
use crate::facts::layers::decompress;

/// Most bytes of one layer after decompression.
const MAX_LAYER: u64 = 32 << 30;
/// Most entries of one layer.
const MAX_ENTRIES: usize = 2_000_000;
/// Largest `/etc/passwd` that is read, in bytes.
const MAX_PASSWD: u64 = 1 << 20;
/// Most places that are named for one secret in one layer.
const MAX_PLACES: usize = 8;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Permission bits, with setuid, setgid and sticky.
    pub(super) mode: u32,
    pub(super) uid: u64,
    pub(super) gid: u64,
}

/// What it is, without its owner and mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    File {
        size: u64,
        digest: [u8; 32],
    },
    /// A symbolic link and its target.
    Link(String),
    /// Another name of the file of this path.
    Hard(String),
    /// A device or a pipe.
    Other,
}

/// Paths without a slash at either end.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Put(String, Node),
    Remove(String),
    /// Everything in a folder that lower layers put there.
    Empty(String),
}

/// A layer.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    changes: Vec<Change>,
    /// `/etc/passwd`, when it puts one.
    pub(super) passwd: Option<String>,
    /// By number of the needle, the paths with it, at most [`MAX_PLACES`].
    pub(super) found: BTreeMap<usize, Vec<String>>,
    /// Size of the archive in bytes, decompressed.
    pub(super) bytes: u64,
}

/// The files of an image.
pub(super) type Files = BTreeMap<String, Node>;

impl Layer {
    /// Reads a layer to its end. An error is a sentence for people.
    pub(super) fn read(stream: impl Read, needles: &[Needle]) -> Result<Self, String> {
        let mut stream = BufReader::with_capacity(1 << 16, stream);
        let decompressed = decompress::open(&mut stream).ok_or("a layer has an unknown compression")?;
        let mut counted = Counted { inner: decompressed.take(MAX_LAYER), bytes: 0 };
        let finders: Vec<_> = needles
            .iter()
            .enumerate()
            .filter(|(_, needle)| needle.in_layers)
            .map(|(index, needle)| (index, Finder::new(needle.value.as_bytes())))
            .collect();
        let overlap = finders.iter().map(|(_, finder)| finder.needle().len()).max().unwrap_or(1) - 1;
        let bad = |error: std::io::Error| format!("a layer cannot be read: {error}");
        let mut layer = Self::default();
        let mut archive = Archive::new(&mut counted);
        for entry in archive.entries().map_err(bad)? {
            let mut entry = entry.map_err(bad)?;
            if layer.changes.len() >= MAX_ENTRIES {
                return Err(format!("a layer has more than {MAX_ENTRIES} entries"));
            }
            let path = clean(&String::from_utf8_lossy(&entry.path_bytes()));
            let name = path.rsplit('/').next().unwrap_or_default();
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if let Some(hidden) = name.strip_prefix(".wh.") {
                layer.changes.push(if hidden == ".wh..opq" {
                    Change::Empty(folder.to_owned())
                } else if folder.is_empty() {
                    Change::Remove(hidden.to_owned())
                } else {
                    Change::Remove(format!("{folder}/{hidden}"))
                });
                continue;
            }
            let header = entry.header();
            let mode = header.mode().map_err(bad)?;
            // Go, which reads layers for builders, takes an empty number for 0.
            let (uid, gid) = (header.uid().unwrap_or_default(), header.gid().unwrap_or_default());
            let link = entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned());
            let kind = match header.entry_type() {
                EntryType::Directory => Kind::Folder,
                EntryType::Symlink => Kind::Link(link.unwrap_or_default()),
                EntryType::Link => Kind::Hard(clean(&link.unwrap_or_default())),
                EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                    let keep = path == "etc/passwd" && entry.size() <= MAX_PASSWD;
                    let content = content(&mut entry, &finders, overlap, keep).map_err(bad)?;
                    for index in content.found {
                        let places = layer.found.entry(index).or_default();
                        if places.len() < MAX_PLACES && !places.contains(&path) {
                            places.push(path.clone());
                        }
                    }
                    if keep {
                        layer.passwd = Some(String::from_utf8_lossy(&content.kept).into_owned());
                    }
                    Kind::File { size: content.size, digest: content.digest }
                }
                EntryType::XGlobalHeader => continue,
                _ => Kind::Other,
            };
            if !path.is_empty() {
                layer.changes.push(Change::Put(path, Node { kind, mode: mode & 0o7777, uid, gid }));
            }
        }
        if counted.inner.limit() == 0 {
            return Err(format!("a layer has more than {MAX_LAYER} bytes"));
        }
        layer.bytes = counted.bytes;
        Ok(layer)
    }

    /// Lays this on top of `files`.
    pub(super) fn apply(&self, files: &mut Files) {
        // What is taken away is taken from the layers below, wherever it stands in this one.
        for change in &self.changes {
            match change {
                Change::Remove(path) => {
                    files.remove(path);
                    remove_below(files, path);
                }
                Change::Empty(path) => remove_below(files, path),
                Change::Put(..) => {}
            }
        }
        for change in &self.changes {
            let Change::Put(path, node) = change else { continue };
            if node.kind != Kind::Folder && files.get(path).is_some_and(|old| old.kind == Kind::Folder) {
                remove_below(files, path);
            }
            files.insert(path.clone(), node.clone());
        }
    }
}

fn remove_below(files: &mut Files, folder: &str) {
    if folder.is_empty() {
        return files.clear();
    }
    let below = format!("{folder}/");
    let gone: Vec<String> = files
        .range(below.clone()..)
        .take_while(|(path, _)| path.starts_with(&below))
        .map(|(path, _)| path.clone())
        .collect();
    for path in gone {
        files.remove(&path);
    }
}

/// Without a slash or a dot at the beginning, or a slash at the end.
fn clean(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}

struct Content {
    size: u64,
    digest: [u8; 32],
    found: Vec<usize>,
    kept: Vec<u8>,
}

/// Reads a file once: its digest, and which needles are in it.
fn content(
    stream: &mut impl Read,
    finders: &[(usize, Finder<'_>)],
    overlap: usize,
    keep: bool,
) -> std::io::Result<Content> {
    let mut hash = Sha256::new();
    let mut content = Content { size: 0, digest: [0; 32], found: Vec::new(), kept: Vec::new() };
    // The end of what was read before stays at the front: a needle may reach over two reads.
    let mut window: Vec<u8> = Vec::with_capacity(overlap + (1 << 16));
    let mut chunk = vec![0; 1 << 16];
    loop {
        let count = stream.read(&mut chunk)?;
        let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
        content.size += bytes.len() as u64;
        if keep {
            content.kept.extend_from_slice(bytes);
        }
        if finders.is_empty() {
            continue;
        }
        window.extend_from_slice(bytes);
        for (index, finder) in finders {
            if !content.found.contains(index) && finder.find(&window).is_some() {
                content.found.push(*index);
            }
        }
        let excess = window.len().saturating_sub(overlap);
        window.drain(..excess);
    }
    content.digest = hash.finalize().into();
    Ok(content)
}

struct Counted<R> {
    inner: std::io::Take<R>,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Write as _;

    /// A layer of files with text; a name that ends with a slash makes a folder.
    pub(in crate::verify) fn layer_bytes(files: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = tar::Header::new_ustar();
            let folder = path.ends_with('/');
            header.set_entry_type(if folder { EntryType::Directory } else { EntryType::Regular });
            header.set_mode(if folder { 0o755 } else { 0o644 });
            header.set_size(text.len() as u64);
            builder.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn needle(value: &str) -> Needle {
        Needle { label: "a secret".into(), value: value.into(), in_layers: true }
    }

    #[test]
    fn layers_on_top_of_each_other() {
        let lower = Layer::read(
            &*layer_bytes(&[
                ("etc/", ""),
                ("etc/passwd", "root:x:0:0\n"),
                ("app/", ""),
                ("app/a", "1"),
                ("app/b", "2"),
                ("data/", ""),
                ("data/x", ""),
            ]),
            &[],
        )
        .unwrap();
        let upper = Layer::read(
            &*layer_bytes(&[
                ("app/.wh.a", ""),
                ("data/y", ""),
                ("data/.wh..wh..opq", ""),
                ("./app/b/", ""),
                ("app2", ""),
            ]),
            &[],
        )
        .unwrap();
        let mut files = Files::new();
        lower.apply(&mut files);
        upper.apply(&mut files);
        let paths: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(paths, ["app", "app/b", "app2", "data", "data/y", "etc", "etc/passwd"]);
        assert_eq!(files["app/b"].kind, Kind::Folder);
        assert_eq!(lower.passwd.as_deref(), Some("root:x:0:0\n"));
    }

    #[test]
    fn secrets_are_found_across_reads_and_in_compressed_layers() {
        let long = format!("{}hunter2-hunter2{}", "x".repeat((1 << 16) - 7), "y".repeat(100_000));
        let bytes = layer_bytes(&[("a", &long), ("b", "nothing"), ("c/.env", "K=hunter2-hunter2")]);
        let needles = [needle("absent-value-1"), needle("hunter2-hunter2")];
        let plain = Layer::read(&*bytes, &needles).unwrap();
        assert_eq!(plain.found, BTreeMap::from([(1, vec!["a".to_owned(), "c/.env".to_owned()])]));
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&bytes).unwrap();
        let packed = Layer::read(&*gz.finish().unwrap(), &needles).unwrap();
        assert_eq!(packed.found, plain.found);
        assert_eq!(packed.bytes, plain.bytes);
    }

    #[test]
    fn a_damaged_layer_is_an_error() {
        let bytes = layer_bytes(&[("a", &"x".repeat(5000))]);
        assert!(Layer::read(&bytes[..2000], &[]).is_err());
        assert!(Layer::read(&[b'x'; 1024][..], &[]).is_err());
    }
}
