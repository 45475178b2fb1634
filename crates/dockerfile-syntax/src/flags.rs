//! Instruction flags: `--name`, `--name=value`.

use crate::logical::LRange;

/// One flag in the joined text.
#[derive(Clone, Debug)]
pub(crate) struct FlagData {
    /// From the dashes to the end of the value.
    pub(crate) range: LRange,
    /// The name, without dashes.
    pub(crate) name: LRange,
    /// What follows the first `=`, as written.
    pub(crate) value: Option<LRange>,
    /// The flag without quotes and escapes, when it had any.
    pub(crate) cooked: Option<Box<str>>,
}

/// Reads the leading flags of `text[start..]`, BuildKit's `extractBuilderFlags`: quotes and backslashes (never the
/// escape directive's character) are removed, a bare `--` ends the flags. Returns them and where the rest begins.
pub(crate) fn leading(text: &str, start: u32) -> (Vec<FlagData>, u32) {
    let bytes = text.as_bytes();
    let mut flags = Vec::new();
    let mut at = start as usize;
    loop {
        while at < bytes.len() && is_blank(text, at) {
            at += 1;
        }
        if !text[at..].starts_with("--") {
            return (flags, at as u32);
        }
        let begin = at;
        let mut cooked: Option<String> = None;
        let mut quote: Option<u8> = None;
        while at < bytes.len() {
            let byte = bytes[at];
            if quote.is_none() && is_blank(text, at) {
                break;
            }
            let before = || text[begin..at].to_owned();
            match byte {
                b'\'' | b'"' if quote.is_none() => {
                    cooked.get_or_insert_with(before);
                    quote = Some(byte);
                }
                _ if quote == Some(byte) => quote = None,
                b'\\' => {
                    let cooked = cooked.get_or_insert_with(before);
                    at += 1;
                    if let Some(ch) = text[at.min(bytes.len())..].chars().next() {
                        cooked.push(ch);
                        at += ch.len_utf8();
                    }
                    continue;
                }
                _ => {
                    let width = text[at..].chars().next().map_or(1, char::len_utf8);
                    if let Some(cooked) = &mut cooked {
                        cooked.push_str(&text[at..at + width]);
                    }
                    at += width;
                    continue;
                }
            }
            at += 1;
        }
        let end = at as u32;
        if cooked.as_deref().unwrap_or(&text[begin..at]) == "--" {
            return (flags, end);
        }
        let equals = memchr::memchr(b'=', &bytes[begin..at]).map(|found| (begin + found) as u32);
        flags.push(FlagData {
            range: begin as u32..end,
            name: begin as u32 + 2..equals.unwrap_or(end),
            value: equals.map(|equals| equals + 1..end),
            cooked: cooked.map(String::into_boxed_str),
        });
    }
}

fn is_blank(text: &str, at: usize) -> bool {
    matches!(text.as_bytes()[at], b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::type_complexity, reason = "name, value, cooked text; and the rest")]
    fn read(text: &str) -> (Vec<(&str, Option<&str>, Option<String>)>, &str) {
        let (flags, rest) = leading(text, 0);
        let slice = |range: &LRange| &text[range.start as usize..range.end as usize];
        let flags = flags
            .iter()
            .map(|flag| {
                (slice(&flag.name), flag.value.as_ref().map(slice), flag.cooked.as_deref().map(str::to_owned))
            })
            .collect();
        (flags, &text[rest as usize..])
    }

    #[test]
    fn flags_end_at_the_first_other_word() {
        let (flags, rest) = read("--link  --from=build a --not=flag");
        assert_eq!(flags, [("link", None, None), ("from", Some("build"), None)]);
        assert_eq!(rest, "a --not=flag");
    }

    #[test]
    fn quotes_and_escapes_are_removed_from_the_cooked_text() {
        let (flags, rest) = read(r#"--a="b c" --d=e\ f 'g'"#);
        assert_eq!(flags[0], ("a", Some(r#""b c""#), Some("--a=b c".to_owned())));
        assert_eq!(flags[1], ("d", Some(r"e\ f"), Some("--d=e f".to_owned())));
        assert_eq!(rest, "'g'");
    }

    #[test]
    fn a_bare_double_dash_ends_them() {
        assert_eq!(read("-- --a"), (vec![], " --a"));
        assert_eq!(read("--"), (vec![], ""));
        assert_eq!(read("-a"), (vec![], "-a"));
        assert_eq!(read("--a=\\"), (vec![("a", Some("\\"), Some("--a=".to_owned()))], ""));
        assert_eq!(read("--é=\"ü x"), (vec![("é", Some("\"ü x"), Some("--é=ü x".to_owned()))], ""));
    }
}
