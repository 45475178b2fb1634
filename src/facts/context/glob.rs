//! Go's `path/filepath.Match`, Unix flavour: the wildcards of COPY and ADD sources.
//!
//! Source of facts: the Go standard library (`path/filepath`, `Match`) and `BuildKit`, which hands sources to it
//! (`tonistiigi/fsutil`, `copy`). Matching is over bytes, as in Go, so names that are not UTF-8 can be matched too.
//! Two surprises are kept on purpose: a character class may match `/`, and `*` may stop inside a multi-byte character.

/// A parsed pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    chunks: Vec<Chunk>,
    /// Literal slashes outside character classes.
    slashes: usize,
    /// Character classes that match `/`.
    slash_classes: usize,
}

/// The pattern is malformed: Go's `ErrBadPattern`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadPattern;

#[derive(Clone, Debug)]
struct Chunk {
    star: bool,
    ops: Vec<Op>,
}

#[derive(Clone, Debug)]
enum Op {
    Byte(u8),
    AnyButSlash,
    Class(Class),
}

/// A character class, `[a-z]` or `[^a-z]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Class {
    /// Parses the text after `[`; returns the class and what follows its `]`.
    pub(super) fn parse(text: &str) -> Result<(Self, &str), BadPattern> {
        let (negated, mut rest) = match text.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut ranges = Vec::new();
        loop {
            if !ranges.is_empty()
                && let Some(after) = rest.strip_prefix(']')
            {
                return Ok((Self { negated, ranges }, after));
            }
            let low = class_char(&mut rest)?;
            let high = match rest.strip_prefix('-') {
                Some(after) => {
                    rest = after;
                    class_char(&mut rest)?
                }
                None => low,
            };
            ranges.push((low, high));
        }
    }

    /// Whether the class matches `c`.
    pub(super) fn contains(&self, c: char) -> bool {
        self.ranges.iter().any(|&(low, high)| low <= c && c <= high) != self.negated
    }

    /// Whether a range runs backwards: it matches nothing in Go's `Match` and is an error in a regular expression.
    pub(super) fn has_reversed_range(&self) -> bool {
        self.ranges.iter().any(|&(low, high)| low > high)
    }
}

/// One possibly escaped character of a class; something must follow it.
fn class_char(rest: &mut &str) -> Result<char, BadPattern> {
    let mut chars = rest.chars();
    let c = match chars.next() {
        None | Some('-' | ']') => return Err(BadPattern),
        Some('\\') => chars.next().ok_or(BadPattern)?,
        Some(c) => c,
    };
    *rest = chars.as_str();
    if rest.is_empty() { Err(BadPattern) } else { Ok(c) }
}

impl Pattern {
    /// Parses a pattern.
    pub(super) fn parse(pattern: &str) -> Result<Self, BadPattern> {
        let mut parsed = Self { chunks: Vec::new(), slashes: 0, slash_classes: 0 };
        let mut chunk = Chunk { star: false, ops: Vec::new() };
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '*' => {
                    if !chunk.ops.is_empty() {
                        parsed.chunks.push(chunk);
                        chunk = Chunk { star: true, ops: Vec::new() };
                    }
                    chunk.star = true;
                }
                '?' => chunk.ops.push(Op::AnyButSlash),
                '[' => {
                    let (class, after) = Class::parse(rest)?;
                    rest = after;
                    parsed.slash_classes += usize::from(class.contains('/'));
                    chunk.ops.push(Op::Class(class));
                }
                _ => {
                    let literal = if c == '\\' {
                        let escaped = rest.chars().next().ok_or(BadPattern)?;
                        rest = &rest[escaped.len_utf8()..];
                        escaped
                    } else {
                        c
                    };
                    parsed.slashes += usize::from(literal == '/');
                    let mut buffer = [0; 4];
                    chunk.ops.extend(literal.encode_utf8(&mut buffer).bytes().map(Op::Byte));
                }
            }
        }
        if chunk.star || !chunk.ops.is_empty() {
            parsed.chunks.push(chunk);
        }
        Ok(parsed)
    }

    /// The largest number of slashes a matching name can hold.
    pub(super) fn max_slashes(&self) -> usize {
        self.slashes + self.slash_classes
    }

    /// Whether a matching name has exactly the slashes written in the pattern.
    pub(super) fn has_fixed_depth(&self) -> bool {
        self.slash_classes == 0
    }

    /// Whether the whole of `name` matches.
    pub(super) fn matches(&self, mut name: &[u8]) -> bool {
        for (index, chunk) in self.chunks.iter().enumerate() {
            if chunk.star && chunk.ops.is_empty() {
                return !name.contains(&b'/');
            }
            let last = index + 1 == self.chunks.len();
            let accept = |rest: &&[u8]| rest.is_empty() || !last;
            let found = match chunk.match_prefix(name).filter(accept) {
                None if chunk.star => {
                    let reach = name.iter().position(|&b| b == b'/').unwrap_or(name.len());
                    (0..reach).find_map(|skipped| chunk.match_prefix(&name[skipped + 1..]).filter(accept))
                }
                found => found,
            };
            match found {
                Some(rest) => name = rest,
                None => return false,
            }
        }
        name.is_empty()
    }
}

impl Chunk {
    /// What is left of `name` after this chunk's operators matched its beginning.
    fn match_prefix<'n>(&self, mut name: &'n [u8]) -> Option<&'n [u8]> {
        for op in &self.ops {
            let first = *name.first()?;
            let width = match op {
                Op::Byte(byte) if *byte == first => 1,
                Op::AnyButSlash if first != b'/' => decode(name).1,
                Op::Class(class) => match decode(name) {
                    (c, width) if class.contains(c) => width,
                    _ => return None,
                },
                _ => return None,
            };
            name = &name[width..];
        }
        Some(name)
    }
}

/// The first character and its width; a byte that does not begin a valid character is U+FFFD and one byte wide.
fn decode(bytes: &[u8]) -> (char, usize) {
    let head = &bytes[..bytes.len().min(4)];
    let first = head.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
    first.map_or((char::REPLACEMENT_CHARACTER, 1), |c| (c, c.len_utf8()))
}

/// Whether `BuildKit` treats a source as a pattern: it has an unescaped `*`, `?` or `[`.
pub(super) fn has_wildcard(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'*' | b'?' | b'[' => return true,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn go_match(pattern: &str, name: &str) -> Result<bool, BadPattern> {
        Pattern::parse(pattern).map(|parsed| parsed.matches(name.as_bytes()))
    }

    #[test]
    fn matches_like_go() {
        let table = [
            ("", "", true),
            ("", "a", false),
            ("app.jar", "app.jar", true),
            ("app.jar", "app.jar2", false),
            ("app.jar", "xapp.jar", false),
            ("*", "", true),
            ("*", "app.jar", true),
            ("*", "a/b", false),
            ("**", "a/b", false),
            ("**", "ab", true),
            ("*.jar", "app.jar", true),
            ("*.jar", ".jar", true),
            ("*.jar", "app.jar.jar", true),
            ("*.jar", "app.jar.txt", false),
            ("*.jar", "lib/app.jar", false),
            ("lib/*.jar", "lib/app.jar", true),
            ("lib/*.jar", "lib/sub/app.jar", false),
            ("*/*.jar", "lib/app.jar", true),
            ("a*/b", "ab/b", true),
            ("a*/b", "a/c/b", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXbYcZ", false),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("a?c", "ac", false),
            ("a?c", "a\u{1f980}c", true),
            ("[a-c]x", "bx", true),
            ("[a-c]x", "dx", false),
            ("[^a-c]x", "dx", true),
            ("[^a-c]x", "bx", false),
            ("[!a]x", "!x", true),
            ("[z-a]x", "mx", false),
            ("[a-\u{3b6}]", "\u{3b1}", true),
            ("arr[[]0].txt", "arr[0].txt", true),
            ("[\\]a]", "]", true),
            ("[\\-x]", "-", true),
            ("[x\\-z]", "y", false),
            ("a\\*b", "a*b", true),
            ("a\\*b", "aXb", false),
            ("a\\\\b", "a\\b", true),
            ("*x", "xxx", true),
            ("x]", "x]", true),
            // Surprises of Go's implementation.
            ("a[^b]c", "a/c", true),
            ("a[.-0]c", "a/c", true),
            ("*??", "\u{263a}", true),
            ("??", "\u{263a}", false),
        ];
        for (pattern, name, expected) in table {
            assert_eq!(go_match(pattern, name), Ok(expected), "Match({pattern:?}, {name:?})");
        }
    }

    #[test]
    fn rejects_what_go_rejects() {
        for pattern in [
            "[", "[]", "[]a]", "[^", "[^]", "[^bc", "[-]", "[x-]", "[-x]", "[a-b-c]", "a[", "*[", "x\\",
            "[\\", "[a\\", "abc*def[",
        ] {
            assert_eq!(go_match(pattern, "a"), Err(BadPattern), "{pattern:?}");
        }
    }

    #[test]
    fn names_need_not_be_utf8() {
        let matches = |pattern: &str, name: &[u8]| Pattern::parse(pattern).unwrap().matches(name);
        assert!(matches("a?c", b"a\xffc"));
        assert!(!matches("a?c", b"a\xff\xfec"));
        assert!(matches("a??c", b"a\xff\xfec"));
        assert!(matches("*.tar", b"\xc3\x28.tar"));
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let started = Instant::now();
        let pattern = "a*".repeat(200) + "b";
        assert_eq!(go_match(&pattern, &"a".repeat(20_000)), Ok(false));
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn wildcards_may_be_escaped() {
        assert!(has_wildcard("a*"));
        assert!(has_wildcard("a\\\\*"));
        assert!(has_wildcard("[a"));
        assert!(!has_wildcard("a\\*"));
        assert!(!has_wildcard("a]b"));
        assert!(!has_wildcard("a\\"));
    }

    #[test]
    fn depth_is_fixed_unless_a_class_matches_a_slash() {
        let depth = |pattern: &str| {
            let parsed = Pattern::parse(pattern).unwrap();
            (parsed.max_slashes(), parsed.has_fixed_depth())
        };
        assert_eq!(depth("a/*/c"), (2, true));
        assert_eq!(depth("a/[xy]"), (1, true));
        assert_eq!(depth("a/[^xy]"), (2, false));
    }
}
