//! Would `ADD` extract this file?
//!
//! Source of facts: `BuildKit` (`solver/llbsolver/file/unpack.go`) and moby/go-archive (`compression`): the file name
//! plays no part. gzip, bzip2, xz and zstd are told by their first bytes; everything else, also zip, lzma and lz4,
//! is read as it is. The file is extracted when what comes out begins with a readable tar header, and is copied
//! otherwise. `BuildKit` copies a file whose decompression fails at the start as well; since decompressors differ in
//! what they accept, such a file is called unclassified here.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use harden_core::{EntryKind, Why};

use super::tar::{self, Beginning};
use super::zstd;

/// Compressed bytes read at most: more than the largest bzip2 block (900 kB) can take.
const INPUT_LIMIT: u64 = 1 << 20;
/// Decompressed bytes read at most: a few extended headers.
const OUTPUT_LIMIT: u64 = 4 << 20;
/// Memory for the dictionary of an xz stream in KiB: enough for `xz -9`, and only what is needed gets allocated.
const XZ_MEMORY_KIB: u32 = 96 * 1024;
/// Decompressed bytes asked of a zstd stream.
const ZSTD_OUTPUT: usize = 16 * tar::BLOCK;

/// Classifies the regular file at `path`, which the caller has checked to be one. Reads a bounded amount.
pub(super) fn probe(path: &Path) -> EntryKind {
    match File::open(path).and_then(classify) {
        Ok(kind) => kind,
        Err(error) => EntryKind::Unclassified(Why::new(
            "unreadable",
            format!(
                "the file cannot be read ({}); make it readable to find out whether ADD extracts it",
                error.kind()
            ),
        )),
    }
}

fn classify(mut file: impl Read) -> io::Result<EntryKind> {
    let mut head = [0; tar::BLOCK];
    let length = tar::read_full(&mut file, &mut head)?;
    let head = &head[..length];
    let input = head.chain(file);
    Ok(match compression(head) {
        None => match tar::beginning(&mut input.take(OUTPUT_LIMIT))? {
            Beginning::NotTar => placeholder(head).unwrap_or(EntryKind::PlainFile),
            beginning => verdict("tar", &Ok(beginning)),
        },
        Some(name) => {
            let input = BufReader::with_capacity(8 * 1024, input.take(INPUT_LIMIT));
            match name {
                "gzip" => decompressed(name, flate2::bufread::MultiGzDecoder::new(input)),
                "bzip2" => decompressed(name, bzip2::bufread::MultiBzDecoder::new(input)),
                "xz" => decompressed(name, lzma_rust2::XzReader::new_mem_limit(input, true, XZ_MEMORY_KIB)),
                _ => zstd_stream(input)?,
            }
        }
    })
}

/// The compression, by the first bytes (moby/go-archive, `compression.Detect`).
fn compression(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"BZh") {
        Some("bzip2")
    } else if head.starts_with(&[0x1f, 0x8b, 0x08]) {
        Some("gzip")
    } else if head.starts_with(&[0xfd, b'7', b'z', b'X', b'Z', 0]) {
        Some("xz")
    } else if zstd::detect(head) {
        Some("zstd")
    } else {
        None
    }
}

fn decompressed(name: &'static str, stream: impl Read) -> EntryKind {
    verdict(name, &tar::beginning(&mut stream.take(OUTPUT_LIMIT)))
}

fn zstd_stream(mut input: impl Read) -> io::Result<EntryKind> {
    let mut compressed = Vec::new();
    input.read_to_end(&mut compressed)?;
    let decoded = match zstd::decode(&compressed, ZSTD_OUTPUT) {
        // A stream of tiny blocks, or one that breaks later on: one header is enough to know.
        zstd::Output::Failed => zstd::decode(&compressed, tar::BLOCK),
        decoded => decoded,
    };
    let (output, complete) = match decoded {
        zstd::Output::Whole(output) => (output, true),
        zstd::Output::Enough(output) => (output, false),
        zstd::Output::Failed => return Ok(verdict("zstd", &Err(io::ErrorKind::InvalidData.into()))),
    };
    Ok(match tar::beginning(&mut output.as_slice())? {
        // An extended header longer than what was decoded: only an archive has one.
        Beginning::Damaged if !complete => EntryKind::Archive { compression: "zstd" },
        beginning => verdict("zstd", &Ok(beginning)),
    })
}

fn verdict(compression: &'static str, beginning: &io::Result<Beginning>) -> EntryKind {
    match beginning {
        Ok(Beginning::Header) => EntryKind::Archive { compression },
        Ok(Beginning::NotTar) => EntryKind::PlainFile,
        Ok(Beginning::Damaged) => EntryKind::Unclassified(Why::new(
            "damaged-archive",
            format!("the file begins like a {compression} archive and its first header is damaged"),
        )),
        Err(_) => EntryKind::Unclassified(Why::new(
            "unreadable-compression",
            format!(
                "the file begins like {compression} data and its beginning cannot be decompressed: it is damaged, \
                 or needs more than {INPUT_LIMIT} bytes of input or {XZ_MEMORY_KIB} KiB of memory"
            ),
        )),
    }
}

/// A stand-in for a large file that a checkout may leave: the build will likely see the real one.
fn placeholder(head: &[u8]) -> Option<EntryKind> {
    let code = if head.starts_with(b"version https://git-lfs.github.com/spec/") {
        "git-lfs-pointer"
    } else if head.starts_with(b"/annex/objects/") {
        "git-annex-pointer"
    } else {
        return None;
    };
    let tool = code.trim_end_matches("-pointer");
    Some(EntryKind::Unclassified(Why::new(
        code,
        format!(
            "the file is a {tool} pointer, not its content; fetch the content to find out whether ADD extracts it"
        ),
    )))
}

#[cfg(test)]
#[path = "probe_tests.rs"]
mod tests;
