//! Text from files and messages inside Markdown, so that none of it is markup, a mention or a link.
//!
//! GitHub Flavored Markdown; mentions, issue references and links of bare addresses are GitHub's own ("Autolinked references
//! and URLs"). None of them counts inside a code span. Elsewhere a zero-width space parts the sign from what follows.

/// Longest text that is quoted, in characters.
const MAX_QUOTED: usize = 300;

/// A sentence. Parts of it between backticks stay code.
pub(super) fn prose(text: &str) -> String {
    let text = &*clipped(text);
    let parts: Vec<&str> = text.split('`').collect();
    // Backticks that do not pair are characters like others.
    if parts.len().is_multiple_of(2) {
        return plain(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (at, part) in parts.iter().enumerate() {
        if at % 2 == 0 {
            out.push_str(&plain(part));
        } else if part.is_empty() {
            out.push_str("\\`\\`");
        } else {
            out.push_str(&code(part));
        }
    }
    out
}

/// A code span, also for a cell of a table.
pub(super) fn code(text: &str) -> String {
    let text = &*clipped(text);
    let longest = text.split(|ch| ch != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let blank = text.is_empty() || text.trim().is_empty();
    let edge = |ch: Option<char>| ch.is_some_and(|ch| ch == '`' || ch == ' ');
    // One blank on each side is taken off again, unless all is blank.
    let pad = if !blank && (edge(text.chars().next()) || edge(text.chars().next_back())) { " " } else { "" };
    let text = if text.is_empty() { " " } else { text };
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"))
}

/// The first characters of a long text.
fn clipped(text: &str) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.chars();
    let mut before = None;
    while let Some(ch) = rest.next() {
        let after = rest.as_str();
        match ch {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => {
                out.push('\\');
                out.push(ch);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Mathematics.
            '$' => out.push_str("&#36;"),
            '@' | '#' => {
                out.push(ch);
                out.push_str("&#8203;");
            }
            ':' if after.starts_with("//") => out.push_str("&#58;"),
            '.' if matches!(before, Some('w' | 'W')) => out.push_str("&#46;"),
            '-' if matches!(before, Some('h' | 'H')) && after.starts_with(|ch: char| ch.is_ascii_digit()) => {
                out.push_str("&#8203;-");
            }
            '\n' | '\r' => out.push(' '),
            _ => out.push(ch),
        }
        before = Some(ch);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_quoted_is_markup() {
        for (text, expected) in [
            ("a *b* _c_ ~d~ | e", "a \\*b\\* \\_c\\_ \\~d\\~ \\| e"),
            ("<img src=x onerror=y> &lt;", "&lt;img src=x onerror=y&gt; &amp;lt;"),
            ("[x](https://evil.example)", "\\[x\\](https&#58;//evil.example)"),
            (
                "thanks @octocat, fixes #12 and GH-7",
                "thanks @&#8203;octocat, fixes #&#8203;12 and GH&#8203;-7",
            ),
            ("www.evil.example", "www&#46;evil.example"),
            ("`@octocat` is code", "`@octocat` is code"),
            ("one ` only", "one \\` only"),
            ("$a$ <!-- b -->", "&#36;a&#36; &lt;!-- b --&gt;"),
            ("a `` b", "a \\`\\` b"),
            ("a\n# b", "a #&#8203; b"),
        ] {
            assert_eq!(prose(text), expected);
        }
    }

    #[test]
    fn code_holds_any_text() {
        for (text, expected) in [
            ("a/Dockerfile", "`a/Dockerfile`"),
            ("a`b", "``a`b``"),
            ("`a`", "`` `a` ``"),
            (" a ", "`  a  `"),
            ("a|b", "`a\\|b`"),
            ("", "` `"),
            ("``` x", "```` ``` x ````"),
        ] {
            assert_eq!(code(text), expected);
        }
        assert!(code(&"é".repeat(5000)).chars().count() < 310);
    }
}
