//! Values that are no secrets under any name.

use super::NotSecret;
use super::strength::{is_random, is_repeated};
use super::vocabulary::listed;

/// A value longer than this is looked at only for its beginning.
const MAX_VALUE: usize = 4096;

/// Words that switch something and hide nothing.
const SWITCHES: &str = "auto default disable disabled enable enabled false inherit n nil no none null off on optional required \
    true undefined unset unlimited y yes";

/// Ends of file names. Sources: the IANA media types and the tools that write them.
const EXTENSIONS: &str = "asc cer cert cfg conf crt csr csv env gpg ini jks js json jwk jwks key keystore kdbx lst p12 p8 pem pfx \
    pkcs12 properties ps1 pub py rb sh toml ts txt xml yaml yml";

/// A reason and its test.
type Test = (NotSecret, fn(&str) -> bool);

/// What a value without quotes is when it cannot be a secret. Whether a number can is up to the name.
pub(super) fn harmless(value: &str) -> Option<NotSecret> {
    let value = value.trim();
    if value.is_empty() {
        return Some(NotSecret::Empty);
    }
    if listed(SWITCHES, &value.get(..value.len().min(16)).unwrap_or_default().to_ascii_lowercase())
        && value.len() <= 16
    {
        return Some(NotSecret::Boolean);
    }
    if is_template(value) {
        return Some(NotSecret::Placeholder);
    }
    if value.len() > MAX_VALUE {
        return None;
    }
    let tests: [Test; 9] = [
        (NotSecret::PublicKey, is_public_key),
        (NotSecret::Checksum, is_checksum),
        (NotSecret::Encrypted, is_encrypted),
        (NotSecret::Reference, is_kept_elsewhere),
        (NotSecret::Version, is_version),
        (NotSecret::FileName, is_file_name),
        (NotSecret::Path, is_path),
        (NotSecret::Address, is_address),
        (NotSecret::ClassName, is_class_name),
    ];
    tests.iter().find(|(_, test)| test(value)).map(|&(reason, _)| reason)
}

/// A number with an optional sign, point and unit.
pub(super) fn is_number(value: &str) -> bool {
    let value = value.trim().trim_start_matches(['-', '+']);
    let digits = value.trim_end_matches(|ch: char| ch.is_ascii_alphabetic() || ch == '%');
    let unit = value[digits.len()..].to_ascii_lowercase();
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'_'))
        && digits.starts_with(|ch: char| ch.is_ascii_digit())
        && listed("% ns us ms s sec m min h d w y b k kb kib mb mib g gb gib t tb l", &unit)
        || !digits.is_empty()
            && unit.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'_'))
}

/// Whether a variable or a command substitution stands anywhere in the text.
pub(super) fn has_reference(text: &str) -> bool {
    text.char_indices().any(|(at, ch)| matches!(ch, '$' | '`') && reference(&text[at..]).is_some())
}

/// The length of the variable or command substitution at the start: `$A`, `${A}`, `$(a)`, `` `a` ``, `$1`.
///
/// Braces and brackets that are not closed reach to the end of the text.
pub(super) fn reference(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() == Some(&b'`') {
        return Some(text[1..].find('`')? + 2);
    }
    if bytes.first() != Some(&b'$') {
        return None;
    }
    let close = match bytes.get(1)? {
        b'{' => b'}',
        b'(' => b')',
        b'$' if matches!(bytes.get(2), Some(b'(' | b'{')) => return Some(1 + reference(&text[1..])?),
        b'@' | b'*' | b'#' | b'?' | b'!' => return Some(2),
        byte if byte.is_ascii_digit() => {
            // `$1` is a parameter; `$1$…` and `$2y$…` are password hashes.
            return (!is_hash(text)).then_some(2);
        }
        byte if byte.is_ascii_alphabetic() || *byte == b'_' => {
            let name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
            let len = bytes[1..].iter().take_while(name).count();
            return (!is_hash(text)).then_some(1 + len);
        }
        _ => return None,
    };
    let open = bytes[1];
    let mut depth = 0_usize;
    for (at, &byte) in bytes.iter().enumerate().skip(1) {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(at + 1);
            }
        }
    }
    Some(text.len())
}

/// A password hash of crypt(5), PHC string format, or Django.
pub(super) fn is_hash(value: &str) -> bool {
    const FORMS: [&str; 12] = [
        "$apr1$",
        "$1$",
        "$5$",
        "$6$",
        "$2a$",
        "$2b$",
        "$2y$",
        "$y$",
        "$argon2",
        "$pbkdf2",
        "$scrypt$",
        "pbkdf2_sha256$",
    ];
    FORMS.iter().any(|form| value.starts_with(form)) && value.len() >= 20
}

/// `<KEY>`, `{{ key }}`, `%KEY%`, `@KEY@`, `__KEY__`, `[key]`, `***`, `...`, or a single character.
pub(super) fn is_template(value: &str) -> bool {
    let wrapped = |open: &str, close: &str| {
        value.len() > open.len() + close.len() && value.starts_with(open) && value.ends_with(close)
    };
    let name = || value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-%@. []".contains(&byte));
    wrapped("<", ">")
        || wrapped("{{", "}}")
        || wrapped("{%", "%}")
        || wrapped("%{", "}")
        || wrapped("#{", "}")
        || wrapped("<%", "%>")
        || (["%", "@", "__"].iter().any(|mark| wrapped(mark, mark)) && name())
        || (wrapped("[", "]") && name())
        || value.chars().all(|ch| matches!(ch, '*' | '.' | '…' | '•' | '-' | '_' | '?' | '#'))
        || (value.chars().count() == 1 && !value.starts_with(|ch: char| ch.is_ascii_digit()))
}

/// `OpenPGP` fingerprints and key ids, or several.
pub(super) fn is_fingerprint(value: &str) -> bool {
    let mut seen = false;
    for word in
        value.split(|ch: char| ch.is_whitespace() || matches!(ch, ',' | ';' | ':' | '\\' | '"' | '\''))
    {
        let word = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")).unwrap_or(word);
        let hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !word.is_empty()
            && (!hex || !(matches!(word.len(), 4 | 8 | 16 | 32 | 40 | 64) || value.contains([' ', ':'])))
        {
            return false;
        }
        seen |= !word.is_empty();
    }
    seen
}

/// Forty upper-case digits: an `OpenPGP` fingerprint under any name.
pub(super) fn is_pgp_fingerprint(value: &str) -> bool {
    let mut words = value.split_whitespace().peekable();
    let full = |word: &str| {
        word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
    };
    words.peek().is_some() && words.all(full)
}

fn is_public_key(value: &str) -> bool {
    const STARTS: [&str; 10] = [
        "ssh-rsa ",
        "ssh-ed25519 ",
        "ssh-dss ",
        "ecdsa-sha2-",
        "sk-ssh-",
        "sk-ecdsa-",
        "age1",
        "pk_live_",
        "pk_test_",
        // Base64 of `-----BEGIN CERT` and `-----BEGIN PUBL`.
        "LS0tLS1CRUdJTiBDRVJU",
    ];
    STARTS.iter().any(|start| value.starts_with(start))
        || value.starts_with("LS0tLS1CRUdJTiBQVUJM")
        || (value.contains("-----BEGIN ") && !value.contains("PRIVATE"))
}

/// A checksum with its algorithm (npm's `integrity`, OCI digests, `go.sum`).
fn is_checksum(value: &str) -> bool {
    const ALGORITHMS: [&str; 6] = ["sha1", "sha256", "sha384", "sha512", "md5", "h1"];
    let start = value.split_once('@').map_or(value, |(_, digest)| digest);
    ALGORITHMS.iter().any(|name| {
        [value, start]
            .iter()
            .any(|text| text.strip_prefix(name).is_some_and(|rest| rest.starts_with(['-', ':'])))
    })
}

/// Jasypt, Spring Cloud Config, Ansible Vault, SOPS, Rails credentials with their markers.
fn is_encrypted(value: &str) -> bool {
    ["ENC(", "ENC[", "{cipher}", "$ANSIBLE_VAULT;", "enc:"].iter().any(|start| value.starts_with(start))
}

/// Names in secret stores: AWS, Google Cloud, Azure, Vault, 1Password, Kubernetes operators.
fn is_kept_elsewhere(value: &str) -> bool {
    const STARTS: [&str; 14] = [
        "arn:aws",
        "op://",
        "vault:",
        "vault://",
        "ssm:",
        "ssm://",
        "gsm://",
        "sm://",
        "keyvault:",
        "secret://",
        "secretsmanager:",
        "env:",
        "ref+",
        "@Microsoft.KeyVault(",
    ];
    STARTS.iter().any(|start| value.starts_with(start))
        || (value.starts_with("projects/") && value.contains("/secrets/"))
        || value.starts_with("awssm")
        || value.starts_with("process.env.")
        || value.starts_with("os.environ")
}

fn is_version(value: &str) -> bool {
    let digits = value.strip_prefix('v').unwrap_or(value);
    let numbers = digits.split(['-', '+']).next().unwrap_or_default();
    value.len() <= 32
        && numbers.contains('.')
        && numbers
            .split('.')
            .all(|part| (1..=5).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_file_name(value: &str) -> bool {
    let known = "id_rsa id_ed25519 id_ecdsa id_dsa .env .netrc .npmrc .pypirc authorized_keys known_hosts";
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let named = |(stem, extension): (&str, &str)| {
        stem.bytes().all(plain) && listed(EXTENSIONS, extension) && !is_random(stem)
    };
    listed(known, value) || (value.len() <= 64 && value.rsplit_once('.').is_some_and(named))
}

/// A path whose parts do not look random.
fn is_path(value: &str) -> bool {
    let bytes = value.as_bytes();
    let drive = bytes.len() > 2
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes[2], b'\\' | b'/');
    let rooted =
        ["/", "./", "../", "~/", "file:", "%h/"].iter().any(|start| value.starts_with(start)) || drive;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._/@+${}~-\\:,*%".contains(&byte);
    let words = || {
        value.split('/').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || b"_-.".contains(&byte))
        })
    };
    let many = value.matches('/').count() >= 1 && words();
    (rooted || many) && value.bytes().all(plain) && !value.split(['/', '\\', ':']).any(is_random)
}

/// `scheme://host/path` or `host:port`. Passwords in it are looked for before.
fn is_address(value: &str) -> bool {
    if let Some((scheme, rest)) = value.split_once("://") {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+.-:".contains(&byte);
        return scheme.len() > 1
            && scheme.starts_with(|ch: char| ch.is_ascii_alphabetic())
            && scheme.bytes().all(plain)
            && !rest.is_empty()
            && !rest.contains(char::is_whitespace);
    }
    let Some((host, port)) = value.split_once(':') else { return false };
    let name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !host.is_empty()
        && host.bytes().all(name)
        && (2..=5).contains(&port.len())
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok()
}

/// `org.example.TokenProvider`, `app.auth:load`, `App\Token`, `a::B`.
fn is_class_name(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['.', '\\', ':', '#']).filter(|part| !part.is_empty()).collect();
    let word = |part: &&str| {
        part.starts_with(|ch: char| ch.is_ascii_alphabetic() || ch == '_')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$'))
            && !is_random(part)
    };
    let dots = value.bytes().filter(|byte| *byte == b'.').count();
    let separated = dots >= 2 || value.contains("::") || (dots == 1 && value.contains(':'));
    separated && !is_repeated(value) && parts.len() >= 2 && parts.iter().all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        for (value, reason) in [
            ("", NotSecret::Empty),
            ("yes", NotSecret::Boolean),
            ("<token>", NotSecret::Placeholder),
            ("{{ token }}", NotSecret::Placeholder),
            ("***", NotSecret::Placeholder),
            ("/run/secrets/db", NotSecret::Path),
            (r"C:\keys\a", NotSecret::Path),
            ("secret/data/app", NotSecret::Path),
            ("https://host/x", NotSecret::Address),
            ("localhost:8080", NotSecret::Address),
            ("key.pem", NotSecret::FileName),
            ("id_rsa", NotSecret::FileName),
            ("v1.2.3-rc1", NotSecret::Version),
            ("sha256:00ff", NotSecret::Checksum),
            ("ssh-ed25519 AAAA", NotSecret::PublicKey),
            ("ENC(abc)", NotSecret::Encrypted),
            ("op://vault/item", NotSecret::Reference),
            ("org.example.TokenProvider", NotSecret::ClassName),
        ] {
            assert_eq!(harmless(value), Some(reason), "{value}");
        }
        for value in ["hunter2", "/aB3xK9qLmNo4zTTw8Rk1P", "1234", "a b", "$apr1$abcdefgh$abcdefghijkl"] {
            assert_eq!(harmless(value), None, "{value}");
        }
        assert_eq!(harmless(&"/a".repeat(4000)), None);
    }

    #[test]
    fn references() {
        for value in ["$A", "${A}", "$(cat x)", "`x`", "$1", "$$(x)", "${A:?${B}}", "${", "${A:-$(x)}"] {
            assert_eq!(reference(value), Some(value.len()), "{value}");
        }
        for value in ["$", "$apr1$abcdefgh$abcdefghijkl", "abc", "$-", "`"] {
            assert_eq!(reference(value), None, "{value}");
        }
        assert!(has_reference("a$A") && !has_reference("a$ b"));
    }

    #[test]
    fn numbers_and_fingerprints() {
        assert!(is_number("10") && is_number("1.5") && is_number("30s") && is_number("-1"));
        assert!(!is_number("") && !is_number("a1") && !is_number("1x2"));
        assert!(
            is_fingerprint("0xDEADBEEF")
                && is_fingerprint("ABCD EF01 2345")
                && is_fingerprint(&"aB".repeat(20))
        );
        assert!(!is_fingerprint("hunter2") && !is_fingerprint(" "));
        assert!(is_pgp_fingerprint(&"A1".repeat(20)) && !is_pgp_fingerprint(&"a1".repeat(20)));
    }
}
