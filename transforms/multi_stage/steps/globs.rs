//! Patterns of paths, as a shell matches them.

use harden_core::image_path;

/// Whether `path` is `pattern` or below it; `*` and `?` stand for what they do in a shell.
pub(super) fn is_below(pattern: &str, path: &str) -> bool {
    let pattern = image_path::resolve("/", pattern);
    let mut parts = path.trim_start_matches('/').split('/');
    pattern
        .split('/')
        .skip(1)
        .filter(|part| !part.is_empty())
        .all(|part| parts.next().is_some_and(|have| matches_part(part.as_bytes(), have.as_bytes())))
}

/// Whether one part of a path matches a pattern, in time of their product at most.
fn matches_part(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(b'?') => {
                at += 1;
                from += 1;
            }
            Some(byte) if text.get(from) == Some(byte) => {
                at += 1;
                from += 1;
            }
            _ => match &mut star {
                Some((position, matched)) => {
                    *matched += 1;
                    at = *position + 1;
                    from = *matched;
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn patterns_match_part_by_part() {
        for (pattern, path) in [
            ("/opt", "/opt"),
            ("/opt", "/opt/a/b"),
            ("/opt/*", "/opt/a/b"),
            ("/opt/*.txt", "/opt/a.txt"),
            ("/opt/a?c", "/opt/abc"),
            ("/", "/anything"),
        ] {
            assert!(is_below(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/opt/a", "/opt"),
            ("/opt/*.txt", "/opt/a.md"),
            ("/opt/*.txt", "/opt/sub/a.txt"),
            ("/op", "/opt"),
        ] {
            assert!(!is_below(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = format!("/{}b", "*a".repeat(1000));
        let path = format!("/{}", "a".repeat(10_000));
        assert!(!is_below(&pattern, &path));
    }
}
