//! The grammar of `distribution/reference`, `regexp.go`, by hand: one pass over each part, no backtracking.

use super::{DOCKER_HUB, OFFICIAL, ReferenceError};

/// Longest repository path (`RepositoryNameTotalLengthMax`), registry host not counted.
const MAX_PATH: usize = 255;
/// Longest tag.
const MAX_TAG: usize = 128;

/// The parts of a reference that follows the grammar, except for the digest, which is still unchecked.
pub(super) struct Parts<'t> {
    /// Normalised registry host; empty when the path holds it, see `Reference::domain`.
    pub(super) domain: &'t str,
    /// Path as written.
    pub(super) path: &'t str,
    /// Whether `library/` belongs before the path.
    pub(super) official: bool,
    pub(super) tag: Option<&'t str>,
    /// Offset and text of what follows the `@`.
    pub(super) digest: Option<(usize, &'t str)>,
    /// Byte offset of the end of the name.
    pub(super) name_end: usize,
}

/// Splits a reference into its parts and checks everything but the digest.
pub(super) fn split(text: &str) -> Result<Parts<'_>, ReferenceError> {
    if text.is_empty() {
        return Err(ReferenceError::Empty);
    }
    if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(ReferenceError::ImageId);
    }
    if has_scheme(text) {
        return Err(ReferenceError::Url);
    }

    let (mut domain, mut path_at) = split_domain(text);
    // A name holds neither mark, so the first `@` begins the digest and the first `:` before it the tag.
    let digest_at = text[path_at..].find('@').map(|at| path_at + at);
    let tag_at = text[path_at..digest_at.unwrap_or(text.len())].find(':').map(|at| path_at + at);
    let name_end = tag_at.or(digest_at).unwrap_or(text.len());

    if let Err(error) = check_domain(domain) {
        // `my_host.example/app`: no host, yet a valid path; the regular expression of upstream backs out of the
        // optional host and matches all of it as a path.
        if check_path(text, 0, name_end).is_err() {
            return Err(error);
        }
        (domain, path_at) = ("", 0);
    }
    check_path(text, path_at, name_end)?;

    let path = &text[path_at..name_end];
    let official = domain == DOCKER_HUB && !path.contains('/');
    let length = path.len() + if official { OFFICIAL.len() } else { 0 };
    if length > MAX_PATH {
        return Err(ReferenceError::NameTooLong { length });
    }
    let tag = tag_at.map(|at| &text[at + 1..digest_at.unwrap_or(text.len())]);
    if let (Some(tag), Some(at)) = (tag, tag_at) {
        check_tag(tag, at + 1)?;
    }
    let digest = digest_at.map(|at| (at + 1, &text[at + 1..]));
    Ok(Parts { domain, path, official, tag, digest, name_end })
}

/// `https://` and the like: never valid, and common enough to deserve its own message.
fn has_scheme(text: &str) -> bool {
    text.find("://").is_some_and(|at| at > 0 && text.as_bytes()[..at].iter().all(u8::is_ascii_alphabetic))
}

/// The normalised registry host and the offset where the path begins (`splitDockerDomain` in `normalize.go`).
fn split_domain(text: &str) -> (&str, usize) {
    let Some(slash) = text.find('/') else { return (DOCKER_HUB, 0) };
    match &text[..slash] {
        "index.docker.io" => (DOCKER_HUB, slash + 1),
        host if host == "localhost"
            || host.contains(['.', ':'])
            || host.chars().any(|c| c.is_ascii_uppercase() || (!c.is_ascii() && c.is_uppercase())) =>
        {
            (host, slash + 1)
        }
        _ => (DOCKER_HUB, 0),
    }
}

/// A host name, an IPv4 address or an IPv6 address in brackets, and an optional port. It starts at byte 0.
fn check_domain(domain: &str) -> Result<(), ReferenceError> {
    let bytes = domain.as_bytes();
    let host_end = if bytes.first() == Some(&b'[') {
        let end = bytes.iter().position(|&b| b == b']').ok_or(ReferenceError::Host { offset: 0 })?;
        if end == 1 {
            return Err(ReferenceError::Host { offset: 1 });
        }
        if let Some(at) = bytes[1..end].iter().position(|b| !(b.is_ascii_hexdigit() || *b == b':')) {
            return Err(ReferenceError::Host { offset: at + 1 });
        }
        end + 1
    } else {
        let end = bytes.iter().position(|&b| b == b':').unwrap_or(bytes.len());
        let mut start = 0;
        for label in bytes[..end].split(|&b| b == b'.') {
            check_label(label, start)?;
            start += label.len() + 1;
        }
        end
    };
    match bytes.get(host_end) {
        None => Ok(()),
        Some(b':') => match bytes[host_end + 1..].iter().position(|b| !b.is_ascii_digit()) {
            Some(at) => Err(ReferenceError::Host { offset: host_end + 1 + at }),
            None if host_end + 1 == bytes.len() => Err(ReferenceError::Host { offset: bytes.len() }),
            None => Ok(()),
        },
        Some(_) => Err(ReferenceError::Host { offset: host_end }),
    }
}

/// One label of a host name: letters, digits, and dashes that stand inside.
fn check_label(label: &[u8], start: usize) -> Result<(), ReferenceError> {
    if let Some(at) = label.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'-')) {
        return Err(ReferenceError::Host { offset: start + at });
    }
    match label {
        [] | [b'-', ..] => Err(ReferenceError::Host { offset: start }),
        [.., b'-'] => Err(ReferenceError::Host { offset: start + label.len() - 1 }),
        _ => Ok(()),
    }
}

/// The repository path `text[start..end]`: components with `/` between them.
fn check_path(text: &str, start: usize, end: usize) -> Result<(), ReferenceError> {
    let mut at = start;
    for component in text[start..end].split('/') {
        check_component(component, at)?;
        at += component.len() + 1;
    }
    Ok(())
}

/// Lower-case letters and digits with single separators between them.
fn check_component(component: &str, start: usize) -> Result<(), ReferenceError> {
    if component.is_empty() {
        return Err(ReferenceError::MissingName { offset: start });
    }
    for (at, found) in component.char_indices() {
        match found {
            'a'..='z' | '0'..='9' | '.' | '_' | '-' => {}
            _ if found.is_uppercase() => return Err(ReferenceError::Uppercase { offset: start + at, found }),
            _ => return Err(ReferenceError::NameCharacter { offset: start + at, found }),
        }
    }
    let bytes = component.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|b| matches!(b, b'.' | b'_' | b'-')).count();
        let separator = &bytes[at..at + run];
        let fits =
            matches!(separator, [] | [b'.' | b'_'] | [b'_', b'_']) || separator.iter().all(|&b| b == b'-');
        let inside = run == 0 || (at > 0 && at + run < bytes.len());
        if !(fits && inside) {
            return Err(ReferenceError::Separator { offset: start + at });
        }
        at += run.max(1);
    }
    Ok(())
}

/// A tag, which starts at byte `start` of the whole reference.
pub(super) fn check_tag(tag: &str, start: usize) -> Result<(), ReferenceError> {
    if tag.is_empty() {
        return Err(ReferenceError::EmptyTag { offset: start });
    }
    for (at, found) in tag.char_indices() {
        let fits = found.is_ascii_alphanumeric() || found == '_' || (at > 0 && matches!(found, '.' | '-'));
        if !fits {
            return Err(ReferenceError::TagCharacter { offset: start + at, found });
        }
    }
    if tag.len() > MAX_TAG {
        return Err(ReferenceError::TagTooLong { offset: start, length: tag.len() });
    }
    Ok(())
}
