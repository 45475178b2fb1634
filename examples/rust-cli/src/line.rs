//! One line of an access log in the common or combined format.

/// The fields the summary needs.
#[derive(Debug, PartialEq, Eq)]
pub struct Line<'a> {
    pub path: &'a str,
    pub status: u16,
    pub bytes: u64,
}

impl<'a> Line<'a> {
    /// Reads `host ident user [time] "METHOD path PROTOCOL" status bytes …`.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (_, rest) = text.split_once('"')?;
        let (request, rest) = rest.split_once('"')?;
        let path = request.split(' ').nth(1)?;
        let mut fields = rest.split_whitespace();
        let status = fields.next()?.parse().ok()?;
        let bytes = match fields.next()? {
            "-" => 0,
            number => number.parse().ok()?,
        };
        Some(Self { path: path.split('?').next()?, status, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combined_format() {
        let text = r#"203.0.113.9 - - [01/Jul/2026:10:00:00 +0000] "GET /a?b=c HTTP/1.1" 200 512 "-" "curl""#;
        assert_eq!(Line::parse(text), Some(Line { path: "/a", status: 200, bytes: 512 }));
    }

    #[test]
    fn no_body_counts_as_zero_bytes() {
        let text = r#"203.0.113.9 - - [01/Jul/2026:10:00:00 +0000] "HEAD / HTTP/1.1" 304 -"#;
        assert_eq!(Line::parse(text).map(|line| line.bytes), Some(0));
    }

    #[test]
    fn other_text_is_not_a_line() {
        for text in ["", "hello", r#"a "GET" 200 1"#, r#"a "GET / HTTP/1.1" ok 1"#] {
            assert_eq!(Line::parse(text), None, "{text}");
        }
    }
}
