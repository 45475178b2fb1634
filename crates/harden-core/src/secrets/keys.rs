//! Private keys: PEM blocks, also on one line, in base64, and inside JSON.

use std::ops::Range;

use super::vocabulary::has_loud_marker;
use super::{Confidence, Kind, NotSecret, Scan, encoding};

const BLOCK: &str = "it holds the block of a private key";
const ENCODED: &str = "its base64 text decodes to a private key";
const ACCOUNT: &str = "it holds the private key of a service account";

/// Least base64 in a block that counts as a key; an Ed25519 key has 64 characters.
const MIN_KEY: usize = 40;

/// Finds private keys (RFC 7468; OpenSSH's `PROTOCOL.key`; `OpenPGP`, RFC 9580).
pub(super) fn find(scan: &mut Scan<'_>) {
    blocks(scan);
    encoded(scan);
}

fn blocks(scan: &mut Scan<'_>) {
    const BEGIN: &str = "-----BEGIN ";
    let text = scan.text;
    if !text.contains(BEGIN) {
        return;
    }
    let account = text.contains("service_account") && text.contains("private_key");
    let mut done = 0;
    for (at, _) in text.match_indices(BEGIN) {
        if at < done {
            continue;
        }
        let label = &text[at + BEGIN.len()..];
        let Some(close) = label.as_bytes().windows(5).take(64).position(|marks| marks == b"-----") else {
            continue;
        };
        if !label[..close].contains("PRIVATE KEY") {
            continue;
        }
        let start = at + BEGIN.len() + close + 5;
        let next = text[start..].find("-----").map_or(text.len(), |len| start + len);
        done = next;
        let body = &text[start..next];
        let letters =
            body.bytes().filter(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)).count();
        if letters < MIN_KEY
            || body.contains("...")
            || body.contains('$')
            || has_loud_marker(&body.to_ascii_lowercase())
        {
            // A pattern for grep, a heading, or a sample with dots.
            scan.reject(if body.contains('$') { NotSecret::Reference } else { NotSecret::Placeholder });
            continue;
        }
        let end = if text[next..].starts_with("-----END ") {
            text[next + 5..].find("-----").map_or(next, |len| next + 5 + len + 5)
        } else {
            start + body.trim_end().len()
        };
        let (kind, why) =
            if account { (Kind::GcpServiceAccount, ACCOUNT) } else { (Kind::PrivateKey, BLOCK) };
        scan.hit(kind, Confidence::High, at..end, why);
    }
}

/// Base64 of a PEM block, and base64 of a service account's JSON: what CI systems ask for.
fn encoded(scan: &mut Scan<'_>) {
    // Base64 of `-----BEGIN ` and of `{"type`, `{\n  "type`, `{ "type`.
    const STARTS: [&str; 5] =
        ["LS0tLS1CRUdJTi", "eyJ0eXBlIj", "ewogICJ0eXBlIj", "eyAidHlwZSI", "ewogICAgInR5cGUi"];
    let text = scan.text;
    if !text.as_bytes().windows(3).any(|part| matches!(part, b"LS0" | b"eyJ" | b"ewo" | b"eyA")) {
        return;
    }
    for start in STARTS {
        let mut done = 0;
        for (at, _) in text.match_indices(start) {
            if at < done {
                continue;
            }
            let word = base64_word(text, at);
            done = word.end;
            let bytes = encoding::base64(&text[word.clone()]);
            let head = String::from_utf8_lossy(&bytes);
            if head.contains("PRIVATE KEY-----") && head.len() > 60 {
                let account = head.contains("service_account");
                let kind = if account { Kind::GcpServiceAccount } else { Kind::PrivateKey };
                scan.hit(kind, Confidence::High, word, ENCODED);
            } else if head.starts_with("-----BEGIN ") {
                scan.reject(NotSecret::PublicKey);
            }
        }
    }
}

fn base64_word(text: &str, at: usize) -> Range<usize> {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte);
    at..at + text.as_bytes()[at..].iter().take_while(|byte| part(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::super::in_text;

    const BODY: &str = "FAKEfakeQz7Xk2Mv9Bn4Wp8RtYc3Lh6Jd1Sg5Fa0Ue0000000000000000000001";

    fn ids(text: &str) -> Vec<&'static str> {
        in_text(text).iter().map(|one| one.kind.id()).collect()
    }

    fn block(label: &str, body: &str) -> String {
        let body = body.replace("FAKEfake", "MIIE");
        format!("-----BEGIN {label}-----{body}-----END {label}-----")
    }

    #[test]
    fn pem_blocks() {
        for label in [
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "PGP PRIVATE KEY BLOCK",
            "ENCRYPTED PRIVATE KEY",
        ] {
            assert_eq!(ids(&block(label, &format!("\n{BODY}\n"))), ["private-key"], "{label}");
            assert_eq!(ids(&block(label, &format!("\\n{BODY}\\n"))), ["private-key"], "{label}");
        }
        for label in ["PUBLIC KEY", "CERTIFICATE", "PGP PUBLIC KEY BLOCK"] {
            assert_eq!(ids(&block(label, &format!("\n{BODY}\n"))), [""; 0], "{label}");
        }
        assert_eq!(ids("grep -q -- '-----BEGIN RSA PRIVATE KEY-----' key.pem"), [""; 0]);
        assert_eq!(ids(&block("RSA PRIVATE KEY", "$KEY")), [""; 0]);
        assert_eq!(ids(&block("RSA PRIVATE KEY", "\nMIIE...\n")), [""; 0]);
    }

    #[test]
    fn keys_in_other_clothes() {
        let json =
            format!(r#"{{"type": "service_account", "private_key": "{}"}}"#, block("PRIVATE KEY", BODY));
        assert_eq!(ids(&json), ["gcp-service-account"]);
        let encoded = concat!(
            "LS0tLS1CRUdJTiBQUklWQVRF",
            "IEtFWS0tLS0tCk1JSUVRejdYazJNdjlCbjRXcDhSdFljM0xoNkpkMVNnNUZhMFVlMDAwMDAwMDAwMDAwMA=="
        );
        assert_eq!(ids(encoded), ["private-key"]);
        assert_eq!(
            ids(concat!("LS0tLS1CRUdJTiBDRVJU", "SUZJQ0FURS0tLS0tCk1JSUVRejdYazJNdjlCbjRXcDhSdFljM0xo")),
            [""; 0]
        );
    }
}
