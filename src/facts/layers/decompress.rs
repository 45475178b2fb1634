//! A layer without its compression.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Largest window of zstd, in bytes: what its level 20 uses. It is held in memory.
const MAX_WINDOW: u64 = 32 << 20;

/// The content of a stream of gzip, zstd or neither; `None` when it is compressed otherwise, or cannot be read.
pub(crate) fn open<'s>(stream: &'s mut dyn BufRead) -> Option<Box<dyn Read + 's>> {
    let head = stream.fill_buf().ok()?;
    Some(match head {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(stream)),
        // A frame, or a skippable one, which zstd:chunked may begin with (RFC 8878).
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Box::new(Frames::new(stream)),
        [b'B', b'Z', b'h', ..] | [0xfd, b'7', b'z', b'X', b'Z', ..] => return None,
        _ => Box::new(stream),
    })
}

/// Frames of zstd one after the other; ruzstd reads one of them.
struct Frames<R> {
    stream: R,
    decoder: FrameDecoder,
    /// A frame has begun and not ended.
    inside: bool,
}

impl<R: BufRead> Frames<R> {
    fn new(stream: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        Self { stream, decoder, inside: false }
    }

    /// Begins the next frame; `false`: there is none.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.stream.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.stream) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    if io::copy(&mut (&mut self.stream).take(length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            while self.inside && self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.stream, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
            if self.inside {
                let count = self.decoder.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
            }
            self.inside = self.begin()?;
            if !self.inside {
                return Ok(0);
            }
        }
    }
}
