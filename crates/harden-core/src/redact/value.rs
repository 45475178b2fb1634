//! What a value looks like, without regard to where it stands.

use super::names::Name;

/// A value longer than this is never called harmless: it bounds the time spent on it.
const MAX_HARMLESS: usize = 512;

/// Words that switch something and hide nothing.
const SWITCHES: &str = "auto default disable disabled enable enabled false n nil no none null off on optional \
    required true undefined unset y yes";

/// Whether `value` under a name of this kind is a secret. The value has no quotes of its own around it.
pub(super) fn is_secret(name: Name, value: &str) -> bool {
    match name {
        Name::Digest => false,
        Name::Plain => is_random(value),
        Name::Weak => {
            !is_harmless(value) && !is_fingerprint(value, false) && (looks_chosen(value) || is_random(value))
        }
        Name::Secret => !is_harmless(value),
        Name::Key => !is_harmless(value) && !is_fingerprint(value, false),
        Name::KeyId => !is_harmless(value) && !is_fingerprint(value, true),
    }
}

/// Empty, a switch, only variables, a placeholder, a path, an address without a password, a digest or a version.
pub(super) fn is_harmless(value: &str) -> bool {
    let value = value.trim();
    if value.len() > MAX_HARMLESS {
        return false;
    }
    value.len() <= 1
        || SWITCHES.split(' ').any(|word| word.eq_ignore_ascii_case(value))
        || is_reference(value)
        || is_placeholder(value)
        || is_path(value)
        || value.contains("@sha256:")
        || ["sha256:", "sha384:", "sha512:"].iter().any(|prefix| value.starts_with(prefix))
        || is_address(value)
        || is_version(value)
        // The pattern of `sed s/requirepass .*/…/`.
        || value.starts_with(".*")
        // The cookie that accepts the licence of a Java download.
        || value == "oraclelicense=accept-securebackup-cookie"
        || ["id=", "type=", "src=", "env="].iter().any(|field| value.starts_with(field))
}

/// Only variables, command substitutions and punctuation between them.
pub(super) fn is_reference(value: &str) -> bool {
    // Password hashes of crypt(5).
    let hashes = ["$apr1$", "$1$", "$5$", "$6$", "$2a$", "$2b$", "$2y$", "$y$", "$argon2", "$pbkdf2"];
    if hashes.iter().any(|prefix| value.starts_with(prefix)) {
        return false;
    }
    let mut rest = value;
    let mut seen = false;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("$(").or_else(|| rest.strip_prefix("$$(")) {
            // What runs inside is looked at on its own.
            let Some(close) = after.rfind(')') else { return true };
            rest = &after[close + 1..];
        } else if let Some(after) = rest.strip_prefix('`') {
            rest = after.rsplit_once('`').map_or("", |(_, tail)| tail);
        } else if let Some(after) = rest.strip_prefix("${{") {
            let Some((_, tail)) = after.split_once("}}") else { return false };
            rest = tail;
        } else if let Some(after) = rest.strip_prefix("${") {
            let Some((inner, tail)) = after.split_once('}') else { return false };
            if !is_plain_expansion(inner) {
                return false;
            }
            rest = tail;
        } else if let Some(after) = rest.strip_prefix("$env:").or_else(|| rest.strip_prefix('$')) {
            let len = after.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            let special = usize::from(len == 0 && after.starts_with(['@', '*', '#', '?', '!', '$']));
            if len + special == 0 {
                return false;
            }
            // No name begins with a digit; `$1` is a parameter, `$12x` is not.
            if len > 1 && after.as_bytes()[0].is_ascii_digit() {
                return false;
            }
            rest = &after[len + special..];
        } else {
            let first = rest.as_bytes()[0];
            if !matches!(first, b':' | b'@' | b'/' | b'-' | b'_' | b'.' | b',' | b';' | b'"' | b'\'' | b' ') {
                return false;
            }
            rest = &rest[1..];
            continue;
        }
        seen = true;
    }
    seen
}

/// `NAME`, `NAME:?message`, or an operator whose word is empty or a variable.
fn is_plain_expansion(inner: &str) -> bool {
    let name = inner
        .trim_start_matches('!')
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let rest = inner.trim_start_matches('!').get(name.count()..).unwrap_or_default();
    let word = rest.trim_start_matches(':').trim_start_matches(['-', '+', '=']);
    word.is_empty()
        || rest.starts_with(":?")
        || rest.starts_with(['?', '%', '#', '/', '^', ',', '@'])
        || word.starts_with('$')
}

/// `<YOUR_PASSWORD>`, `{{ token }}`, `%TOKEN%`, `@TOKEN@`, `****`.
fn is_placeholder(value: &str) -> bool {
    let wrapped = |open: &str, close: &str| {
        value.len() > open.len() + close.len() && value.starts_with(open) && value.ends_with(close)
    };
    let is_name = || {
        value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'%' | b'@' | b'.'))
    };
    let first = value.as_bytes()[0];
    wrapped("<", ">")
        || wrapped("{{", "}}")
        || wrapped("{%", "%}")
        || wrapped("%{", "}")
        || wrapped("<%", "%>")
        || ((wrapped("%", "%") || wrapped("@", "@")) && is_name())
        || (!first.is_ascii_digit() && value.bytes().all(|byte| byte == first))
}

/// A file path whose parts do not look random.
fn is_path(value: &str) -> bool {
    let bytes = value.as_bytes();
    let drive = bytes.len() > 2
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes[2], b'\\' | b'/');
    let after_variable = bytes[0] == b'$' && value.contains('/');
    let rooted =
        ["/", "./", "../", "~/"].iter().any(|prefix| value.starts_with(prefix)) || drive || after_variable;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._/@+${}~-\\:,*".contains(&byte);
    rooted && value.bytes().all(plain) && !value.split(['/', '\\', ':']).any(is_random)
}

/// `https://host/path`, whose password and query are looked at on their own.
fn is_address(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    let scheme_ok = scheme.len() > 1
        && scheme.starts_with(|ch: char| ch.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-' | b':'));
    scheme_ok && !rest.is_empty() && !rest.contains(char::is_whitespace)
}

fn is_version(value: &str) -> bool {
    let digits = value.strip_prefix('v').unwrap_or(value);
    let numbers = digits.split(['-', '+']).next().unwrap_or_default();
    value.len() <= 24
        && numbers.contains('.')
        && numbers
            .split('.')
            .all(|part| (1..=5).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// An `OpenPGP` fingerprint or key id, or several. With `any_hex` also hexadecimal text of other common lengths.
fn is_fingerprint(value: &str, any_hex: bool) -> bool {
    let mut words =
        value.split(|ch: char| ch.is_whitespace() || matches!(ch, ',' | '"' | '\'' | '\\')).peekable();
    let fingerprint = |word: &str| {
        let word = word.strip_prefix("0x").unwrap_or(word);
        let hex = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let upper = !word.bytes().any(|byte| byte.is_ascii_lowercase());
        hex && if any_hex {
            matches!(word.len(), 4 | 8 | 16 | 32 | 40 | 64)
        } else {
            word.len() == 40 && upper
        }
    };
    words.peek().is_some() && words.all(|word| word.is_empty() || fingerprint(word))
}

/// Not an ordinary word, number, name or path: what a person or a machine picks as a secret.
fn looks_chosen(value: &str) -> bool {
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let symbols = value.bytes().any(|byte| !byte.is_ascii_alphanumeric() && !b"_-./, ".contains(&byte));
    // `oauth2` and `level3` are names.
    let numbered = digits == 1 && value.ends_with(|ch: char| ch.is_ascii_digit());
    value.len() >= 6 && !value.contains(['/', ' ']) && letters > 0 && ((digits > 0 && !numbered) || symbols)
}

/// Whether a part of at least 20 letters and digits has mixed case and digits, 3.8 bits of entropy a character and
/// jumps between the classes like random text does.
pub(super) fn is_random(value: &str) -> bool {
    if is_hash(value) {
        return false;
    }
    value.split(|ch: char| !(ch.is_ascii_alphanumeric() || matches!(ch, '+' | '='))).any(is_random_run)
}

/// A checksum with its algorithm, as in npm's `integrity` fields and OCI digests.
fn is_hash(value: &str) -> bool {
    ["sha1", "sha256", "sha384", "sha512", "md5", "h1"]
        .iter()
        .any(|name| value.strip_prefix(name).is_some_and(|rest| rest.starts_with(['-', ':'])))
}

fn is_random_run(run: &str) -> bool {
    if !(20..=4096).contains(&run.len()) {
        return false;
    }
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 0_usize,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let mut classes = [0_usize; 4];
    let mut counts = [0_u32; 128];
    let mut jumps = 0_usize;
    let mut last = usize::MAX;
    for byte in run.bytes() {
        let this = class(byte);
        classes[this] += 1;
        counts[usize::from(byte & 0x7f)] += 1;
        jumps += usize::from(last != usize::MAX && last != this);
        last = this;
    }
    let mixed = classes[0] > 0 && classes[1] > 1 && classes[2] > 0;
    mixed && jumps * 100 >= run.len() * 45 && entropy(&counts, run.len()) >= 3.8
}

/// Shannon entropy in bits a character.
fn entropy(counts: &[u32; 128], len: usize) -> f64 {
    let total = f64::from(u32::try_from(len).unwrap_or(u32::MAX));
    let part = |&count: &u32| {
        let share = f64::from(count) / total;
        -share * share.log2()
    };
    counts.iter().filter(|&&count| count > 0).map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_values() {
        for value in [
            "",
            "x",
            "true",
            "OFF",
            "$DB_PASSWORD",
            "${DB_PASSWORD}",
            "${A}:${B}",
            "${A:?give it}",
            "${A:-}",
            "${A:-$B}",
            "$(cat /run/secrets/x)",
            "`pwgen`",
            "<YOUR_PASSWORD>",
            "{{ password }}",
            "%TOKEN%",
            "********",
            "xxxx",
            "/run/secrets/db",
            "./key.pem",
            "$HOME/.netrc",
            r"C:\keys\a",
            "https://example.com/x",
            "sha256:abcdef",
            "alpine@sha256:abc",
            "1.2.3",
            "v3.21",
            "id=npm,src=.npmrc",
            "${{ secrets.TOKEN }}",
        ] {
            assert!(is_harmless(value), "{value}");
        }
    }

    #[test]
    fn secret_values() {
        for value in [
            "hunter2",
            "$apr1$abc$def",
            "12345",
            "00",
            "abc$X",
            "${A:-hunter2}",
            "$2y$10$abcdefgh",
            "a b",
            "/aB3xK9qLmNo4zTTw8Rk1P",
            "pass://",
            "<a",
            "%a b%",
            "changeme",
        ] {
            assert!(!is_harmless(value), "{value}");
            assert!(is_secret(Name::Secret, value), "{value}");
        }
        assert!(!is_harmless(&"/a".repeat(400)));
    }

    #[test]
    fn fingerprints_are_no_secrets() {
        let upper = "0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D";
        assert!(!is_secret(Name::Key, upper));
        assert!(is_secret(Name::Key, &upper.to_lowercase()));
        assert!(!is_secret(Name::KeyId, &upper.to_lowercase()));
        assert!(!is_secret(Name::KeyId, &format!("{upper}   {upper}")));
        assert!(is_secret(Name::KeyId, "hunter2"));
    }

    #[test]
    fn random_text() {
        assert!(is_random("pZWEVzA7h2FcKLgVM3ec5Eiik7eU9Ehp"));
        for value in [
            "0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D",
            "sha512-pZWEVzA7h2FcKLgVM3ec5Eiik7eU9Ehp",
            "OpenJDK17UjdkX64LinuxHotspot",
            "org.example.VeryLongClassName2Factory",
            "apache-tomcat-9.0.100-deployer",
            "",
        ] {
            assert!(!is_random(value), "{value}");
        }
    }
}
