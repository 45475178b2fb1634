//! Patterns of tags.

/// Whether `tag` is one that `pattern` describes.
///
/// A pattern is a list of terms with blanks between them; all of them must hold. A term is a text in which `*` stands
/// for any characters (`*alpine*`, `latest`), or a bound on the version the tag begins with (`>=24.04`, `<8`).
pub(crate) fn matches(pattern: &str, tag: &str) -> bool {
    pattern.split(' ').all(|term| match (term.strip_prefix(">="), term.strip_prefix('<')) {
        (Some(bound), _) => bounded(tag, bound, |order| order),
        (None, Some(bound)) => bounded(tag, bound, |order| !order),
        (None, None) => glob(term, tag),
    })
}

/// Whether a term can be read: no bound without a version, no empty term.
#[cfg(test)]
pub(super) fn is_valid(pattern: &str) -> bool {
    pattern.split(' ').all(|term| match term.strip_prefix(">=").or(term.strip_prefix('<')) {
        Some(bound) => bound.split('.').all(|part| part.parse::<u32>().is_ok()),
        None => !term.is_empty() && !term.contains("**") && !term.contains(['>', '<', '!', ':', '/']),
    })
}

/// Compares the version at the start of `tag`; `accept` gets whether it is at least `bound`.
///
/// A tag without a version fulfils neither bound. So does one that leaves open what decides: `2` may be `2.5` or `2.6`.
fn bounded(tag: &str, bound: &str, accept: impl Fn(bool) -> bool) -> bool {
    let mut version = version(tag);
    let Some(mut have) = version.next() else { return false };
    for (position, part) in bound.split('.').enumerate() {
        let Ok(want) = part.parse::<u32>() else { return false };
        if position > 0 {
            match version.next() {
                Some(next) => have = next,
                None if want == 0 => continue,
                None => return false,
            }
        }
        if have != want {
            return accept(have > want);
        }
    }
    accept(true)
}

/// The numbers a tag begins with, a `v` before them left out: `v3.12-slim` → 3, 12; `3.13-rc` → 3, 13.
fn version(tag: &str) -> impl Iterator<Item = u32> {
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    let end = tag.find(|ch: char| !ch.is_ascii_digit() && ch != '.').unwrap_or(tag.len());
    tag[..end].split('.').map_while(|part| part.parse().ok())
}

/// `*` stands for any characters.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, tag) in [
            ("*", "latest"),
            ("latest", "latest"),
            ("*alpine*", "alpine"),
            ("*alpine*", "22-alpine3.20"),
            ("8*-fpm*", "8.3-fpm-bookworm"),
            ("a*b*c", "abbc"),
            ("*-alpine", "1-alpine-alpine"),
        ] {
            assert!(matches(pattern, tag), "{pattern} {tag}");
        }
        for (pattern, tag) in [
            ("latest", "latest-1"),
            ("*alpine", "alpine3"),
            ("a*a", "a"),
            ("*bc*bc", "abc"),
            ("slim*", "3-slim"),
        ] {
            assert!(!matches(pattern, tag), "{pattern} {tag}");
        }
    }

    #[test]
    fn bounds_compare_versions() {
        for (pattern, tag) in [
            (">=8", "8"),
            (">=8.0", "8"),
            (">=8.0", "10.0-noble"),
            (">=24.04", "24.10"),
            (">=24.04", "25.04"),
            (">=2.6", "v2.6.1"),
            ("<8", "7.0.20-alpine3.17"),
            ("<18", "17.2"),
            ("<3.0", "2"),
            (">=8 *alpine*", "8.0-alpine"),
        ] {
            assert!(matches(pattern, tag), "{pattern} {tag}");
        }
        for (pattern, tag) in [
            (">=8", "latest"),
            ("<8", "latest"),
            (">=8", "7.9"),
            ("<8", "8.0"),
            (">=2.6", "2"),
            ("<2.6", "2"),
            (">=24.04", "24"),
            ("<8", "99999999999999999999"),
            (">=8", "99999999999999999999"),
            (">=8 *alpine*", "8.0"),
            (">=8", ""),
            (">=8", ".8"),
        ] {
            assert!(!matches(pattern, tag), "{pattern} {tag}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for pattern in ["*alpine*", ">=8 *alpine*", "<24.04", "latest"] {
            assert!(is_valid(pattern), "{pattern}");
        }
        for pattern in ["", " ", ">=", ">=x", "<8.", "a  b", "!alpine", "a**b", "node:1"] {
            assert!(!is_valid(pattern), "{pattern}");
        }
    }
}
