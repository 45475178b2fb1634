//! The first bytes of a zstd stream, without the window its header asks for.
//!
//! Source of facts: RFC 8878. `ruzstd` hands out nothing before a whole window (up to gigabytes) is decoded. The
//! first 512 bytes need none of it, so the first blocks are put behind a header of our own that asks for 256 KiB, and
//! the last of them is marked as the end of the frame.

use std::io::Read;

use ruzstd::decoding::StreamingDecoder;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Magic, a descriptor without checksum, content size and dictionary, and a window of 2^(10 + 8) bytes: more than
/// the bytes still wanted plus the largest block (128 KiB).
const OUR_HEADER: [u8; 6] = [0x28, 0xb5, 0x2f, 0xfd, 0, 8 << 3];
/// Blocks and frames looked at: real streams need one of each.
const BLOCK_LIMIT: usize = 16;
const FRAME_LIMIT: usize = 16;

/// Whether the bytes begin a zstd frame or a complete skippable frame header, as moby/go-archive tells.
pub(super) fn detect(head: &[u8]) -> bool {
    head.starts_with(&MAGIC) || (head.len() >= 8 && is_skippable(head))
}

fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// What came out of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// At least as much as was wanted.
    Enough(Vec<u8>),
    /// All there is; the stream ended in good order.
    Whole(Vec<u8>),
    /// The input ended or broke too early, or needs a dictionary.
    Failed,
}

/// Decodes until `wanted` bytes (at most 64 KiB) are there.
pub(super) fn decode(mut input: &[u8], wanted: usize) -> Output {
    let mut output = Vec::new();
    for _ in 0..FRAME_LIMIT {
        if input.is_empty() {
            return Output::Whole(output);
        }
        if is_skippable(input) {
            let skipped = input.get(4..8).and_then(|size| size.try_into().ok()).map(u32::from_le_bytes);
            match skipped.and_then(|size| input.get(8..)?.get(usize::try_from(size).ok()?..)) {
                Some(rest) => input = rest,
                None => return Output::Failed,
            }
            continue;
        }
        let Some(frame) = Frame::parse(input) else { return Output::Failed };
        match frame.decode(wanted - output.len()) {
            Some((bytes, rest)) => {
                output.extend(bytes);
                if output.len() >= wanted {
                    return Output::Enough(output);
                }
                input = rest;
            }
            None => return Output::Failed,
        }
    }
    Output::Failed
}

struct Frame<'a> {
    blocks: &'a [u8],
    has_checksum: bool,
}

impl<'a> Frame<'a> {
    fn parse(input: &'a [u8]) -> Option<Self> {
        let rest = input.strip_prefix(&MAGIC)?;
        let (&descriptor, rest) = rest.split_first()?;
        let single_segment = descriptor & 0x20 != 0;
        let dictionary_id = descriptor & 3 != 0;
        let reserved = descriptor & 8 != 0;
        if dictionary_id || reserved {
            return None;
        }
        let content_size = match descriptor >> 6 {
            0 => usize::from(single_segment),
            flag => 1 << flag,
        };
        let blocks = rest.get(usize::from(!single_segment) + content_size..)?;
        Some(Self { blocks, has_checksum: descriptor & 4 != 0 })
    }

    /// The output of the first blocks, at least `wanted` bytes or all of it, and the input after the frame when it
    /// ended.
    fn decode(&self, wanted: usize) -> Option<(Vec<u8>, &'a [u8])> {
        let mut ours = OUR_HEADER.to_vec();
        let mut rest = self.blocks;
        for _ in 0..BLOCK_LIMIT {
            let [a, b, c] = *rest.first_chunk::<3>()?;
            let (last, kind) = (a & 1 == 1, (a >> 1) & 3);
            let size = (usize::from(c) << 16 | usize::from(b) << 8 | usize::from(a)) >> 3;
            // An RLE block is one byte, `size` times.
            let length = 3 + if kind == 1 { 1 } else { size };
            let start = ours.len();
            ours.extend_from_slice(rest.get(..length)?);
            rest = &rest[length..];

            ours[start] |= 1;
            let mut output = Vec::new();
            StreamingDecoder::new(ours.as_slice()).ok()?.read_to_end(&mut output).ok()?;
            ours[start] = a;

            if output.len() >= wanted {
                return Some((output, rest));
            }
            if last {
                return Some((output, rest.get(if self.has_checksum { 4 } else { 0 }..)?));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of raw blocks, with a window descriptor that asks for far too much.
    fn frame(blocks: &[&[u8]]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([0, 0xff]);
        for (index, block) in blocks.iter().enumerate() {
            let last = u32::from(index + 1 == blocks.len());
            let header = (u32::try_from(block.len()).unwrap() << 3) | last;
            bytes.extend(&header.to_le_bytes()[..3]);
            bytes.extend(*block);
        }
        bytes
    }

    #[test]
    fn a_huge_window_costs_nothing() {
        assert_eq!(decode(&frame(&[b"hello ", b"world"]), 100), Output::Whole(b"hello world".to_vec()));
        assert_eq!(decode(&frame(&[b"hello ", b"world"]), 5), Output::Enough(b"hello ".to_vec()));
    }

    #[test]
    fn frames_follow_each_other() {
        let mut bytes = vec![0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        assert!(detect(&bytes));
        bytes.extend(frame(&[b"one"]));
        bytes.extend(frame(&[b"two"]));
        assert_eq!(decode(&bytes, 100), Output::Whole(b"onetwo".to_vec()));
        assert_eq!(decode(&bytes, 4), Output::Enough(b"onetwo".to_vec()));
    }

    #[test]
    fn broken_input_is_not_an_answer() {
        let whole = frame(&[b"hello ", b"world"]);
        for length in 1..whole.len() {
            assert_eq!(decode(&whole[..length], 100), Output::Failed, "first {length} bytes");
        }
        let mut dictionary = whole.clone();
        dictionary[4] = 1;
        assert_eq!(decode(&dictionary, 100), Output::Failed);
        assert_eq!(decode(&[0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, 0], 1), Output::Failed);
        assert_eq!(
            decode(&frame(&[b"x".as_slice(); 40]), 100),
            Output::Failed,
            "too many blocks to be worth it"
        );
    }
}
