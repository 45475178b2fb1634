//! Paths of an image, as text. The paths are those of Linux images: `/`-separated, `/` is the root.

pub(super) use harden_core::image_path::resolve;

/// A path of the build context or of another image, relative to its root: clean, empty for the root itself.
pub(super) fn relative(path: &str) -> String {
    resolve("/", path).split_off(1)
}

/// `name` in `folder`; either may be empty.
pub(super) fn join(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", path) | (path, "") => path.to_owned(),
        ("/", name) => format!("/{name}"),
        (folder, name) => format!("{folder}/{name}"),
    }
}

/// What is left of `path` below `folder`; empty when they are the same. Both are clean.
pub(super) fn below<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    match path.strip_prefix(folder)? {
        "" => Some(""),
        rest if folder.is_empty() || folder.ends_with('/') => Some(rest),
        rest => rest.strip_prefix('/'),
    }
}

/// The last component.
pub(super) fn name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// The folder something lies in.
pub(super) fn parent(path: &str) -> &str {
    match path.rfind('/') {
        None => "",
        Some(0) => "/",
        Some(slash) => &path[..slash],
    }
}

/// Whether a text holds a wildcard.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether a pattern matches a name: `*` and `?` stop at a slash, `**` does not. `None` when the pattern has something
/// else in it that needs a real matcher, or both are longer than anybody writes.
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    /// Both lengths multiplied: the time it takes.
    const LIMIT: usize = 16 << 10;

    if pattern.contains(['[', '\\']) || pattern.len().saturating_mul(text.len()) > LIMIT {
        return None;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    // `at[i]`: the pattern before `i` has matched. Time is the product of both lengths at most.
    let mut at = vec![false; pattern.len() + 1];
    at[0] = true;
    pass(&pattern, &mut at);
    for ch in text.chars() {
        let mut next = vec![false; pattern.len() + 1];
        for (index, &token) in pattern.iter().enumerate().filter(|(index, _)| at[*index]) {
            match token {
                '*' if ch != '/' || is_double(&pattern, index) => next[index] = true,
                '*' => {}
                '?' => next[index + 1] |= ch != '/',
                token => next[index + 1] |= ch == token,
            }
        }
        pass(&pattern, &mut next);
        at = next;
    }
    Some(at[pattern.len()])
}

/// A star may match nothing, and `**/` too.
fn pass(pattern: &[char], at: &mut [bool]) {
    for index in 0..pattern.len() {
        if at[index] && pattern[index] == '*' {
            at[index + 1] = true;
            if pattern[index..].starts_with(&['*', '*', '/']) {
                at[index + 3] = true;
            }
        }
    }
}

fn is_double(pattern: &[char], index: usize) -> bool {
    pattern.get(index + 1) == Some(&'*') || (index > 0 && pattern[index - 1] == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_and_cleaned() {
        let table = [
            ("/app", "x", "/app/x"),
            ("/app", "/x/", "/x"),
            ("/app", "..", "/"),
            ("/", "../../a//b/./c", "/a/b/c"),
            ("/app", ".", "/app"),
            ("/app", "", "/app"),
        ];
        for (folder, path, expected) in table {
            assert_eq!(resolve(folder, path), expected, "{folder} {path}");
        }
        assert_eq!(
            (relative("./a/../b/"), relative("/"), relative("../x")),
            ("b".into(), String::new(), "x".into())
        );
    }

    #[test]
    fn what_lies_below() {
        assert_eq!(below("/app", "/app/x/y"), Some("x/y"));
        assert_eq!(below("/app", "/app"), Some(""));
        assert_eq!(below("/app", "/application"), None);
        assert_eq!(below("/", "/a"), Some("a"));
        assert_eq!(below("", "a/b"), Some("a/b"));
        assert_eq!(
            (parent("/a"), parent("/a/b"), parent("a"), name("/a/b/"), name("")),
            ("/", "/a", "", "b", "")
        );
    }

    #[test]
    fn wildcards() {
        let table = [
            ("*.md", "a.md", true),
            ("*.md", "docs/a.md", false),
            ("**/*.md", "docs/x/a.md", true),
            ("**/*.md", "a.md", true),
            ("docs/**", "docs/x/y", true),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("*", "", true),
            ("app-*.jar", "app-1.jar", true),
            ("app-*.jar", "app-1.jar.x", false),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(matches(pattern, text), Some(expected), "{pattern} {text}");
        }
        assert_eq!(matches("[ab]", "a"), None);
        assert_eq!(matches(&"*a".repeat(40), &"a".repeat(100)), Some(true));
        assert_eq!(matches(&"*a".repeat(2000), &"a".repeat(5000)), None);
    }
}
