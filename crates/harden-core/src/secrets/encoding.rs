//! Base64, and the checksum of GitHub's and npm's tokens.

/// Most base64 that is decoded; what is looked for stands at the beginning.
const MAX_BASE64: usize = 8192;

/// Decodes the beginning of base64 text, standard or for URLs, padded or not, up to the first byte that is neither.
///
/// RFC 4648, sections 4 and 5. Incomplete groups at the end give the bytes they hold.
pub(super) fn base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.bytes().take(MAX_BASE64) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => break,
        };
        bits = (bits << 6 | u32::from(value)) & 0xfff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

/// Whether the last six characters of `body` are the checksum of those before: CRC-32 in base 62, digits first, then
/// upper case, then lower case.
///
/// Source: GitHub, "Behind GitHub's new authentication token formats" (2021), and npm's announcement that it took over
/// the format; the order of the alphabet follows from the token shown there.
pub(super) fn has_checksum(body: &str) -> bool {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some(at) = body.len().checked_sub(6).filter(|&at| body.is_char_boundary(at)) else { return false };
    let (random, sum) = body.split_at(at);
    let mut left = crc32(random.as_bytes());
    sum.bytes().rev().all(|byte| {
        let digit = DIGITS[(left % 62) as usize];
        left /= 62;
        digit == byte
    }) && left == 0
}

/// CRC-32 as in zlib (ISO 3309). A token has thirty bytes: a table would not pay.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    })
}

#[cfg(test)]
pub(super) fn with_checksum(random: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut left = crc32(random.as_bytes());
    let mut sum = [b'0'; 6];
    for place in sum.iter_mut().rev() {
        *place = DIGITS[(left % 62) as usize];
        left /= 62;
    }
    format!("{random}{}", String::from_utf8_lossy(&sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_both_alphabets() {
        assert_eq!(base64("aGk="), b"hi");
        assert_eq!(base64("aGk"), b"hi");
        assert_eq!(base64("-_-_ x"), base64("+/+/"));
        assert_eq!(base64("YQ\u{e9}"), b"a");
        assert_eq!(base64(""), b"");
    }

    #[test]
    fn checksums() {
        // The check value of CRC-32 and the published sample token.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert!(has_checksum(concat!("zQWBuTSOoRi4A9spHcVY5nc", "nsDkxkJ", "0mLq17")));
        assert!(!has_checksum(concat!("zQWBuTSOoRi4A9spHcVY5nc", "nsDkxkJ", "0mLq18")));
        assert!(has_checksum(&with_checksum("FAKEfakeFAKEfakeFAKEfakeFAKE00")));
        assert!(!has_checksum("12345"));
        assert!(!has_checksum("\u{e9}\u{e9}\u{e9}\u{e9}x"));
    }
}
