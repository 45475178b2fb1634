//! File names in patch headers.

use std::fmt::Write as _;

/// `prefix` + `path`, quoted when git would quote it with its default settings (`core.quotePath` in `git help config`):
/// C escapes inside double quotes, and octal for every byte outside ASCII. GNU patch reads this form since 2.7.
/// Also quoted, unlike in git, is a name that ends in a space: patch(1) would cut the space off, and git reads both.
pub(super) fn quoted(prefix: &str, path: &str) -> String {
    let plain = |byte: u8| (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
    if path.bytes().all(plain) && !path.ends_with(' ') {
        return format!("{prefix}{path}");
    }
    let mut quoted = format!("\"{prefix}");
    for byte in path.bytes() {
        match byte {
            b'"' => quoted.push_str("\\\""),
            b'\\' => quoted.push_str("\\\\"),
            0x07 => quoted.push_str("\\a"),
            0x08 => quoted.push_str("\\b"),
            b'\t' => quoted.push_str("\\t"),
            b'\n' => quoted.push_str("\\n"),
            0x0b => quoted.push_str("\\v"),
            0x0c => quoted.push_str("\\f"),
            b'\r' => quoted.push_str("\\r"),
            byte if plain(byte) => quoted.push(char::from(byte)),
            byte => {
                // Writing to a `String` cannot fail.
                let _ = write!(quoted, "\\{byte:03o}");
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn ordinary_names_stay_as_they_are() {
        assert_eq!(quoted("a/", "my app/Dockerfile.prod-1_x~"), "a/my app/Dockerfile.prod-1_x~");
    }

    #[test]
    fn names_git_quotes() {
        assert_eq!(quoted("b/", "é\t\"\\\u{1}\n"), r#""b/\303\251\t\"\\\001\n""#);
        assert_eq!(quoted("a/", "x "), "\"a/x \"");
        assert_eq!(quoted("a/", "\u{7f}\u{202e}"), r#""a/\177\342\200\256""#);
    }
}
