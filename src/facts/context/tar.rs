//! Does a stream begin with a tar header that Go's `archive/tar` accepts?
//!
//! Source of facts: the Go standard library (`archive/tar`, `Reader.Next`), which `BuildKit` asks
//! (`solver/llbsolver/file/unpack.go`). A V7, USTAR, PAX, STAR or GNU header is told by its checksum alone.

use std::io::{self, Read};

/// Size of a tar block in bytes.
pub(in crate::facts) const BLOCK: usize = 512;

/// The longest extended header Go reads, and how many of them in a row are followed here.
const EXTENSION_LIMIT: u64 = 1 << 20;
const EXTENSIONS_LIMIT: usize = 8;

/// What the beginning of a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// An entry of an archive.
    Header,
    /// Surely no tar: too short, a zero block, or a wrong checksum.
    NotTar,
    /// The checksum is right and something else is not.
    Damaged,
}

/// Reads as many blocks as it takes to tell: one, or a few when the first is an extended header.
pub(super) fn beginning(stream: &mut impl Read) -> io::Result<Beginning> {
    let mut negative = Beginning::NotTar;
    for _ in 0..EXTENSIONS_LIMIT {
        let mut block = [0; BLOCK];
        if read_full(stream, &mut block)? < BLOCK
            || block.iter().all(|&byte| byte == 0)
            || !checksum_holds(&block)
        {
            return Ok(negative);
        }
        let Some(size) = numbers_hold(&block) else { return Ok(Beginning::Damaged) };
        // PAX (`x`) and GNU long name (`L`, `K`) headers describe the entry that follows, which has to be there.
        if !matches!(block[156], b'x' | b'L' | b'K') {
            return Ok(Beginning::Header);
        }
        negative = Beginning::Damaged;
        if size > EXTENSION_LIMIT {
            return Ok(Beginning::Damaged);
        }
        let padded = size.next_multiple_of(BLOCK as u64);
        if io::copy(&mut stream.take(padded), &mut io::sink())? < padded {
            return Ok(Beginning::Damaged);
        }
    }
    Ok(Beginning::Damaged)
}

/// Fills `buffer` as far as the stream goes.
pub(in crate::facts) fn read_full(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The sum of all bytes, the checksum field counted as blanks; old writers summed signed bytes.
pub(in crate::facts) fn checksum_holds(block: &[u8; BLOCK]) -> bool {
    const FIELD: std::ops::Range<usize> = 148..156;
    let Some(written) = octal(&block[FIELD]) else { return false };
    let (mut unsigned, mut signed) = (0_i64, 0_i64);
    for (index, &byte) in block.iter().enumerate() {
        let byte = if FIELD.contains(&index) { b' ' } else { byte };
        unsigned += i64::from(byte);
        signed += i64::from(byte.cast_signed());
    }
    i64::try_from(written).is_ok_and(|sum| sum == unsigned || sum == signed)
}

/// The size of the entry, when it and the other numbers of the header can be read.
fn numbers_hold(block: &[u8; BLOCK]) -> Option<u64> {
    // mode, uid, gid, mtime
    for field in [100..108, 108..116, 116..124, 136..148] {
        number(&block[field])?;
    }
    if &block[257..262] == b"ustar" {
        // devmajor, devminor
        number(&block[329..337])?;
        number(&block[337..345])?;
    }
    u64::try_from(number(&block[124..136])?).ok()
}

/// A number in octal, or in base 256 when the first bit is set.
pub(in crate::facts) fn number(field: &[u8]) -> Option<i64> {
    match field {
        [first, rest @ ..] if first & 0x80 != 0 => {
            let invert = if first & 0x40 == 0 { 0 } else { 0xff };
            let mut value = u64::from((first ^ invert) & 0x7f);
            for byte in rest {
                if value >> 56 > 0 {
                    return None;
                }
                value = value << 8 | u64::from(byte ^ invert);
            }
            let value = i64::try_from(value).ok()?;
            Some(if invert == 0 { value } else { !value })
        }
        _ => octal(field).map(u64::cast_signed),
    }
}

/// An octal number between blanks and NULs; an empty field is 0.
fn octal(field: &[u8]) -> Option<u64> {
    let pad = |byte: &u8| matches!(byte, b' ' | 0);
    let Some(start) = field.iter().position(|byte| !pad(byte)) else { return Some(0) };
    let end = field.iter().rposition(|byte| !pad(byte))? + 1;
    let digits = field[start..end].split(|&byte| byte == 0).next()?;
    digits.iter().try_fold(0_u64, |value, digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
pub(in crate::facts) mod tests {
    use super::*;

    /// A V7 header with a right checksum.
    pub(crate) fn header(name: &str, kind: u8, size: usize) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[100..108].copy_from_slice(b"0000644\0");
        block[108..116].copy_from_slice(b"0000000\0");
        block[116..124].copy_from_slice(b"0000000\0");
        block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
        block[136..148].copy_from_slice(b"00000000000\0");
        block[156] = kind;
        seal(&mut block);
        block
    }

    /// Writes the checksum.
    pub(crate) fn seal(block: &mut [u8; BLOCK]) {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }

    /// An archive of one file.
    pub(crate) fn archive(name: &str, content: &[u8]) -> Vec<u8> {
        let mut bytes = header(name, b'0', content.len()).to_vec();
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(BLOCK) + 2 * BLOCK, 0);
        bytes
    }

    fn tell(bytes: &[u8]) -> Beginning {
        let mut stream = bytes;
        beginning(&mut stream).unwrap()
    }

    #[test]
    fn every_dialect_is_a_header() {
        let plain = header("app", b'0', 0);
        assert_eq!(tell(&plain), Beginning::Header, "V7");

        let mut ustar = plain;
        ustar[257..265].copy_from_slice(b"ustar\x0000");
        seal(&mut ustar);
        assert_eq!(tell(&ustar), Beginning::Header, "USTAR");

        let mut gnu = plain;
        gnu[257..265].copy_from_slice(b"ustar  \0");
        seal(&mut gnu);
        assert_eq!(tell(&gnu), Beginning::Header, "GNU");

        let mut binary = plain;
        binary[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0]);
        seal(&mut binary);
        assert_eq!(tell(&binary), Beginning::Header, "size in base 256");

        let mut signed = plain;
        signed[0] = 0xe9;
        signed[148..156].fill(b' ');
        let sum: i32 = signed.iter().map(|&byte| i32::from(byte.cast_signed())).sum();
        signed[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert_eq!(tell(&signed), Beginning::Header, "signed checksum");
    }

    #[test]
    fn what_is_no_tar_is_told_for_sure() {
        assert_eq!(tell(b""), Beginning::NotTar);
        assert_eq!(tell(&[0; 2 * BLOCK]), Beginning::NotTar);
        assert_eq!(tell(&header("app", b'0', 0)[..BLOCK - 1]), Beginning::NotTar);
        assert_eq!(tell(&[b'a'; 4 * BLOCK]), Beginning::NotTar);
        let mut wrong = header("app", b'0', 0);
        wrong[0] = b'b';
        assert_eq!(tell(&wrong), Beginning::NotTar);
        // After a zero block Go looks for nothing.
        let mut late = vec![0; BLOCK];
        late.extend(archive("app", b"x"));
        assert_eq!(tell(&late), Beginning::NotTar);
    }

    #[test]
    fn extended_headers_need_the_entry_they_describe() {
        let mut pax = header("PaxHeaders/app", b'x', 20).to_vec();
        pax.extend_from_slice(b"20 path=some/where\n\0");
        pax.resize(2 * BLOCK, 0);
        assert_eq!(tell(&pax), Beginning::Damaged);
        pax.extend(archive("app", b"x"));
        assert_eq!(tell(&pax), Beginning::Header);

        assert_eq!(
            tell(&header("g", b'g', 100)),
            Beginning::Header,
            "a global header is an entry of its own"
        );
        assert_eq!(tell(&header("x", b'x', 1 << 30)), Beginning::Damaged);
        assert_eq!(tell(&header("x", b'L', 0).repeat(20)), Beginning::Damaged);
    }

    #[test]
    fn damaged_numbers_are_not_passed_off_as_plain_files() {
        let mut negative = header("app", b'0', 0);
        negative[124..136].fill(0xff);
        seal(&mut negative);
        assert_eq!(tell(&negative), Beginning::Damaged);
        let mut letters = header("app", b'0', 0);
        letters[100..108].copy_from_slice(b"rw-r--r-");
        seal(&mut letters);
        assert_eq!(tell(&letters), Beginning::Damaged);
    }

    #[test]
    fn octal_fields_are_padded_with_blanks_and_nuls() {
        assert_eq!(octal(b" 644 \0"), Some(0o644));
        assert_eq!(octal(b"\0\x00644"), Some(0o644));
        assert_eq!(octal(b"64\x00xx"), Some(0o64));
        assert_eq!(octal(b"   \0"), Some(0));
        assert_eq!(octal(b"648"), None);
        assert_eq!(octal(b"-1"), None);
    }
}
