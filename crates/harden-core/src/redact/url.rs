//! User information in URLs (RFC 3986, section 3.2.1) and in Go's `MySQL` data source names.

use std::ops::Range;

use super::Scan;
use super::value::is_reference;

/// User names without a password that are no tokens.
const USERS: [&str; 8] = ["git", "hg", "svn", "user", "username", "root", "anonymous", "oauth2"];

/// Looks at every `://` and every `@tcp(`.
pub(super) fn find(scan: &mut Scan<'_>) {
    if scan.text.contains("://") {
        addresses(scan);
    }
    if scan.text.contains("@tcp(") || scan.text.contains("@unix(") {
        data_sources(scan);
    }
}

fn addresses(scan: &mut Scan<'_>) {
    let text = scan.text;
    let bytes = text.as_bytes();
    let (mut end, mut last_at, mut masked) = (0, None, 0);
    for (at, mark) in text.match_indices("://") {
        let start = at + mark.len();
        if start < masked {
            continue;
        }
        if at >= end {
            end = word_end(bytes, start);
            last_at = text[start..end].rfind('@').map(|len| start + len);
        }
        // A URL may hold another one: `https://proxy/https://user:password@host`.
        let own_end = text[start..end].find("://").map_or(end, |len| start + len);
        masked = user_information(scan, at, start..own_end, last_at).unwrap_or(masked);
    }
}

fn data_sources(scan: &mut Scan<'_>) {
    let text = scan.text;
    let mut floor = 0;
    for mark in ["@tcp(", "@unix("] {
        for (at, _) in text.match_indices(mark) {
            let before = &text[floor.min(at)..at];
            let start = before.rfind(|ch: char| ch.is_whitespace() || matches!(ch, '"' | '\'' | '`' | '='));
            let word = at - before.len() + start.map_or(0, |start| start + 1);
            if let Some(colon) = text.get(word..at).and_then(|word| word.find(':')) {
                mask(scan, word + colon + 1..at);
            }
            floor = at;
        }
        floor = 0;
    }
}

fn word_end(bytes: &[u8], start: usize) -> usize {
    let stop = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'`');
    bytes[start..].iter().position(stop).map_or(bytes.len(), |len| start + len)
}

/// `user:password@` at the start of what follows `://`; gives the end of what it masked. `last_at`: the last `@` of
/// the whole word.
fn user_information(
    scan: &mut Scan<'_>,
    scheme_end: usize,
    rest: Range<usize>,
    last_at: Option<usize>,
) -> Option<usize> {
    let text = scan.text;
    let word = &text[rest.clone()];
    let authority = &word[..word.find(['/', '?', '#']).unwrap_or(word.len())];
    let colon = authority.find(':');
    let Some(at) = authority.rfind('@') else {
        // A password with an unescaped `/`, `?` or `#`; digits are a port.
        let start = rest.start + colon? + 1;
        let port = text[start..].starts_with(|ch: char| ch.is_ascii_digit() || ch == '$');
        let end = last_at.filter(|&end| end > start && !port);
        // A message may have cut off the `@`; what begins with a letter is no port.
        let cut = text[..scheme_end].ends_with("http") || text[..scheme_end].ends_with("https");
        let cut = cut && text[start..].starts_with(|ch: char| ch.is_ascii_alphabetic());
        let end = end.or_else(|| cut.then_some(rest.start + authority.len()))?;
        scan.hit(start..end);
        return Some(end);
    };
    // An image digest, as in `docker://alpine:3.22@sha256:…`.
    if word[at + 1..].starts_with("sha256:") {
        return None;
    }
    // `${USER:-x}:…` holds a colon of its own.
    let colon = if word.starts_with("${") {
        word[..at].find('}').and_then(|brace| word[brace..at].find(':').map(|colon| brace + colon))
    } else {
        colon.filter(|&colon| colon < at)
    };
    if let Some(colon) = colon {
        mask(scan, rest.start + colon + 1..rest.start + at);
        let user = &word[..colon];
        // GitHub takes a token as the user and this word as the password.
        let is_token = user.len() >= 20 || word[colon + 1..at] == *"x-oauth-basic";
        if !is_token || is_reference(user) {
            return Some(rest.start + at);
        }
    }
    let end = colon.unwrap_or(at);
    let scheme = &text.as_bytes()[..scheme_end];
    let is_http = scheme.ends_with(b"http") || scheme.ends_with(b"https");
    if (is_http || end >= 20) && !USERS.contains(&&word[..end]) {
        mask(scan, rest.start..rest.start + end);
    }
    Some(rest.start + at)
}

fn mask(scan: &mut Scan<'_>, range: Range<usize>) {
    let value = &scan.text[range.clone()];
    let placeholder = value.starts_with('<') && value.ends_with('>');
    if !is_reference(value) && !placeholder {
        scan.hit(range);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Kind;

    fn hits(text: &str) -> Vec<&str> {
        let mut scan = Scan::new(text, Kind::Instruction);
        find(&mut scan);
        scan.hits.into_iter().map(|hit| &text[hit]).collect()
    }

    #[test]
    fn passwords_and_tokens() {
        assert_eq!(hits("https://user:hunter2@host/x"), ["hunter2"]);
        assert_eq!(hits("postgres://u:p@ss@db:5432/x"), ["p@ss"]);
        assert_eq!(hits("amqp://u:p/w@db"), ["p/w"]);
        assert_eq!(hits("https://abcdef@sentry.example/1"), ["abcdef"]);
        assert_eq!(hits("redis://:hunter2@host"), ["hunter2"]);
        assert_eq!(hits("the tag that `https://me:hunter2` gives"), ["hunter2"]);
        assert_eq!(hits("\"u:hunter2@tcp(db:3306)/x\""), ["hunter2"]);
        assert_eq!(hits("https://u:${TOKEN:-hunter2}@host"), ["${TOKEN:-hunter2}"]);
    }

    #[test]
    fn addresses_without_secrets() {
        for text in [
            "https://host:8080/a@b",
            "http://localhost:${PORT}/x http://localhost:{port} http://localhost:<port>",
            "ssh://git@github.com/x",
            "https://_:${KEY}@${HOST}/x",
            "http://${A}:$B@c",
            "https://git@github.com/x",
            "docker://alpine:3.22@sha256:00",
            "https://host/x@v1.2",
            "oci://ghcr.io/a/b:v1",
        ] {
            assert_eq!(hits(text), Vec::<&str>::new(), "{text}");
        }
    }
}
