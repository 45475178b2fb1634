//! Passwords in URLs (RFC 3986, section 3.2.1) and in data source names.

use std::ops::Range;

use super::generic::chosen;
use super::strength::{Quality, is_random, rate};
use super::values::{has_reference, is_template};
use super::vocabulary::listed;
use super::{Confidence, Kind, NotSecret, Scan};

const TOKEN: &str = "it stands where a URL has its credentials, and it is random";

/// User names in examples.
const SAMPLE_USERS: &str = "user username login usr foo me myuser your_user your-user someuser name example";

/// Longest user information that is read.
const MAX_INFORMATION: usize = 2048;

/// Looks at every `://` and at `user:password@tcp(host)`.
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
    for (at, mark) in text.match_indices("://") {
        let start = at + mark.len();
        let stop = |byte: &u8| byte.is_ascii_whitespace() || b"\"'<>`/?#\\,;|".contains(byte);
        let window = &text.as_bytes()[start..text.len().min(start + MAX_INFORMATION)];
        let end = start + authority(window, stop);
        // `text` is cut at ASCII bytes only, unless the window ended first.
        let Some(authority) = text.get(start..end) else { continue };
        let Some(information) = authority.rfind('@') else { continue };
        let host = &authority[information + 1..];
        if host.starts_with("sha256:") {
            continue;
        }
        let rest = &text[end..];
        user_information(scan, start..start + information, host, rest);
    }
}

/// Go's `MySQL` driver, "DSN (Data Source Name)".
fn data_sources(scan: &mut Scan<'_>) {
    let text = scan.text;
    for mark in ["@tcp(", "@unix("] {
        for (at, _) in text.match_indices(mark) {
            let floor = floor_boundary(text, at.saturating_sub(256));
            let before = &text[floor..at];
            let start = before
                .rfind(|ch: char| ch.is_whitespace() || "\"'`=/".contains(ch))
                .map_or(0, |found| found + 1);
            let word = &before[start..];
            if let Some(colon) = word.find(':') {
                let from = floor + start + colon + 1;
                password(scan, from..at, &word[..colon], "db");
            }
        }
    }
}

/// The length of the authority; a variable in braces belongs to it as a whole.
fn authority(window: &[u8], stop: impl Fn(&u8) -> bool) -> usize {
    let mut at = 0;
    while at < window.len() {
        if window[at..].starts_with(b"${") {
            at += window[at..].iter().position(|byte| *byte == b'}').unwrap_or(1) + 1;
        } else if stop(&window[at]) {
            return at;
        } else {
            at += 1;
        }
    }
    window.len()
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn user_information(scan: &mut Scan<'_>, range: Range<usize>, host: &str, rest: &str) {
    let text = scan.text;
    let information = &text[range.clone()];
    let colon = if information.starts_with("${") {
        information.find('}').and_then(|brace| information[brace..].find(':').map(|found| brace + found))
    } else {
        information.find(':')
    };
    let Some(colon) = colon else {
        // `https://TOKEN@host`.
        if information.len() >= 20 && is_random(information) && !has_reference(information) {
            // Sentry Docs, "DSN": the public key of a project, made to be shipped to browsers.
            if host.contains("sentry") || (information.len() == 32 && is_project(rest)) {
                scan.reject(NotSecret::Public);
            } else {
                scan.hit(Kind::UrlToken, Confidence::High, range, TOKEN);
            }
        }
        return;
    };
    let (user, pass) = (&information[..colon], range.start + colon + 1..range.end);
    // GitHub takes a token as the user with this word as the password.
    if text[pass.clone()] == *"x-oauth-basic" {
        if is_random(user) {
            scan.hit(Kind::UrlToken, Confidence::High, range.start..range.start + colon, TOKEN);
        }
        return;
    }
    password(scan, pass, user, host);
}

/// `/123`: the number of a project.
fn is_project(rest: &str) -> bool {
    rest.strip_prefix('/').is_some_and(|path| {
        let digits = path.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && !path[digits..].starts_with(|ch: char| ch.is_ascii_alphanumeric())
    })
}

fn password(scan: &mut Scan<'_>, range: Range<usize>, user: &str, host: &str) {
    let value = &scan.text[range.clone()];
    if value.is_empty() {
        return;
    }
    if has_reference(value) || value.contains("%s") || (value.contains('{') && value.contains('}')) {
        return scan.reject(NotSecret::Reference);
    }
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let sample_host = ["example.com", "example.org", "example.net"].iter().any(|known| host.ends_with(known));
    let own = [user.to_ascii_lowercase()];
    let quality = if is_template(value) || sample_host { Quality::Placeholder } else { rate(value, &own) };
    let sample = quality == Quality::Guessable && listed(SAMPLE_USERS, &own[0]);
    match chosen(quality).filter(|_| !sample) {
        // `https://user:…` is likely an example, whatever follows.
        Some((_, why)) if quality == Quality::Mixed && listed(SAMPLE_USERS, &own[0]) => {
            scan.hit(Kind::UrlPassword, Confidence::Medium, range, why);
        }
        Some((confidence, why)) => scan.hit(Kind::UrlPassword, confidence, range, why),
        None => scan.reject(NotSecret::Placeholder),
    }
}

#[cfg(test)]
mod tests {
    use super::super::in_text;
    use super::super::tests::{RANDOM, fill};

    fn hits(text: &str) -> Vec<(&str, &'static str)> {
        in_text(text).into_iter().map(|one| (&text[one.range.clone()], one.confidence.as_str())).collect()
    }

    #[test]
    fn passwords_and_tokens() {
        assert_eq!(hits("https://bob:tr0ub4dor&3@host/x"), [("tr0ub4dor&3", "high")]);
        assert_eq!(hits("postgres://app:fsociety@db:5432/x"), [("fsociety", "medium")]);
        assert_eq!(hits("postgres://postgres:postgres@db/x"), [("postgres", "low")]);
        assert_eq!(hits("redis://:tr0ub4dor&3@host"), [("tr0ub4dor&3", "high")]);
        assert_eq!(hits("mongodb+srv://u:tr0ub4dor&3@c.mongodb.net"), [("tr0ub4dor&3", "high")]);
        assert_eq!(hits("u:tr0ub4dor&3@tcp(db:3306)/x"), [("tr0ub4dor&3", "high")]);
        for form in ["https://RANDOM@git.corp/x", "https://RANDOM:x-oauth-basic@git.corp/x"] {
            assert_eq!(hits(&fill(form)), [(RANDOM, "high")]);
        }
    }

    #[test]
    fn addresses_without_secrets() {
        for text in [
            "https://host:8080/a@b",
            "ssh://git@github.com/x",
            "https://_:${KEY}@${HOST}/x",
            "http://$A:$B@c",
            "https://user:password@host/x",
            "https://user:<password>@host",
            "https://u:{password}@host",
            "https://u:s3cretX9@proxy.example.com",
            "docker://alpine:3.22@sha256:00",
            "https://host/x@v1.2",
            "oci://ghcr.io/a/b:v1",
            concat!("https://0a1b2c3d4e5f60718293", "a4b5c6d7e8f9@o1.ingest.sentry.io/4"),
        ] {
            assert_eq!(hits(text), [], "{text}");
        }
    }
}
