//! ENV, ARG and LABEL: the one place where a value may hold any byte but a blank.

use std::ops::Range;

use super::names::{Name, judge};
use super::value::is_secret;
use super::{Kind, Scan};

/// Looks at every line that begins like ENV, ARG or LABEL, also inside ONBUILD, comments and heredocs.
pub(super) fn find(scan: &mut Scan<'_>) {
    let text = scan.text;
    let mut start = 0;
    for (index, line) in text.split('\n').enumerate() {
        line_at(scan, start..start + line.len(), index == 0);
        start += line.len() + 1;
    }
    if scan.kind == Kind::Message {
        quoted_statements(scan);
    }
}

/// Statements a message quotes: `` `ENV PASSWORD hunter2` ``.
fn quoted_statements(scan: &mut Scan<'_>) {
    let text = scan.text;
    let mut start = 0;
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            line_at(scan, start..start + part.len(), false);
        }
        start += part.len() + 1;
    }
}

fn line_at(scan: &mut Scan<'_>, line: Range<usize>, first: bool) {
    let text = scan.text;
    let mut at = line.start;
    let lead =
        text[line.clone()].len() - text[line.clone()].trim_start_matches(['#', ' ', '\t', '\u{feff}']).len();
    at += lead;
    let mut word = next_word(text, at, line.end);
    if text[word.clone()].eq_ignore_ascii_case("ONBUILD") {
        word = next_word(text, word.end, line.end);
    }
    let keyword = &text[word.clone()];
    let is_instruction = first && matches!(scan.kind, Kind::Instruction | Kind::Unknown);
    let known = ["ENV", "ARG", "LABEL"].into_iter().find(|known| keyword.eq_ignore_ascii_case(known));
    match known {
        Some(known) if is_instruction || keyword == known => pairs(scan, word.end..line.end, known != "ARG"),
        None if first && scan.kind == Kind::Unknown && !keyword.contains('=') => {
            // The rest of an ENV whose continuation is missing, or a misspelt ENV.
            pairs(scan, word.start..line.end, true);
            pairs(scan, word.end..line.end, true);
        }
        _ => {}
    }
}

/// The pairs of one statement. `legacy`: a first word without `=` takes the rest of the line as its value.
fn pairs(scan: &mut Scan<'_>, range: Range<usize>, legacy: bool) {
    let text = scan.text;
    let mut at = range.start;
    let mut first = true;
    let mut secret = false;
    loop {
        let word = quoted_word(text, at, range.end, scan.escape);
        if word.is_empty() {
            return;
        }
        at = word.end;
        let Some(equals) = text[word.clone()].find('=') else {
            // `ENV DB_PASSWORD=correct horse`: BuildKit rejects it, and the word belongs to the value.
            if secret && legacy && !scan.kind.is_prose() {
                scan.hit(word);
                continue;
            }
            bare_name(scan, &word, range.end, first && legacy);
            if first && legacy {
                return;
            }
            first = false;
            continue;
        };
        first = false;
        let key = unquoted(text, word.start..word.start + equals);
        let value = word.start + equals + 1..word.end;
        let inner = unquoted(text, value.clone());
        secret = is_secret(judge(&text[key], false), literal(text, &value, &inner));
        if secret {
            scan.hit(inner);
        }
    }
}

/// What the value is judged by. Single quotes keep `$` literal: `'$ecret'` is no variable, `'$SECRET'` may be one for
/// whatever reads it later.
fn literal<'a>(text: &'a str, value: &Range<usize>, inner: &Range<usize>) -> &'a str {
    let inner_text = &text[inner.clone()];
    let single = inner.start > value.start && text.as_bytes()[value.start] == b'\'';
    match inner_text.strip_prefix('$') {
        Some(rest)
            if single && rest.bytes().any(|byte| byte.is_ascii_lowercase()) && !rest.starts_with('{') =>
        {
            rest
        }
        _ => inner_text,
    }
}

/// A name without `=`: what follows is its value, in the old form of ENV or by mistake.
fn bare_name(scan: &mut Scan<'_>, word: &Range<usize>, end: usize, whole_line: bool) {
    let text = scan.text;
    let name = &text[unquoted(text, word.clone())];
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let name = if name.bytes().all(is_name) { judge(name, false) } else { Name::Plain };
    if matches!(name, Name::Plain | Name::Digest) && scan.kind != Kind::Instruction {
        return;
    }
    if !whole_line && scan.kind == Kind::Message {
        return;
    }
    let rest = quoted_word(text, word.end, end, scan.escape);
    let rest = if whole_line { rest.start..text[..end].trim_end().len().max(rest.start) } else { rest };
    let value = &text[unquoted(text, rest.clone())];
    // `ARG NPM_TOKEN GITHUB_TOKEN` names two arguments.
    let another_name = !whole_line
        && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    // A sentence that begins with ENV; a legacy value in a message is one word or stands in backticks.
    let sentence =
        whole_line && scan.kind == Kind::Message && value.contains(' ') && !in_backticks(text, &rest);
    if !another_name && !sentence && is_secret(name, value) {
        let hit = unquoted(text, rest);
        scan.hit(hit);
    }
}

fn in_backticks(text: &str, range: &Range<usize>) -> bool {
    text[range.end..].starts_with('`')
}

fn next_word(text: &str, from: usize, end: usize) -> Range<usize> {
    let rest = &text[from..end];
    let start = from + rest.len() - rest.trim_start().len();
    let len = text[start..end].find(char::is_whitespace).unwrap_or(end - start);
    start..start + len
}

/// The next word as BuildKit splits ENV: quotes and the escape character hold blanks together.
fn quoted_word(text: &str, from: usize, end: usize, escape: u8) -> Range<usize> {
    let rest = &text[from..end];
    let start = from + rest.len() - rest.trim_start().len();
    let bytes = text.as_bytes();
    let mut quote = 0;
    let mut at = start;
    while at < end {
        let byte = bytes[at];
        match byte {
            _ if byte == escape && quote != b'\'' => at += 1,
            b'"' | b'\'' if quote == 0 => quote = byte,
            _ if quote != 0 && byte == quote => quote = 0,
            _ if quote == 0 && byte.is_ascii_whitespace() => break,
            _ => {}
        }
        at += 1;
    }
    let mut stop = at.min(end);
    while !text.is_char_boundary(stop) {
        stop += 1;
    }
    start..stop.min(end)
}

/// Without one pair of quotes around the whole range.
fn unquoted(text: &str, range: Range<usize>) -> Range<usize> {
    let bytes = &text.as_bytes()[range.clone()];
    match bytes {
        [open @ (b'"' | b'\''), inner @ .., close] if open == close && !inner.contains(open) => {
            range.start + 1..range.end - 1
        }
        _ => range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(kind: Kind, text: &str) -> Vec<&str> {
        let mut scan = Scan::new(text, kind);
        find(&mut scan);
        scan.hits.into_iter().map(|hit| &text[hit]).collect()
    }

    #[test]
    fn every_form_of_a_pair() {
        let in_file = |text: &'static str| hits(Kind::Instruction, text);
        assert_eq!(in_file("ENV A=1 DB_PASSWORD=hun;t&er2 B=2"), ["hun;t&er2"]);
        assert_eq!(in_file("ENV DB_PASSWORD=\"a b\" 'X_TOKEN'='c d'"), ["a b", "c d"]);
        assert_eq!(in_file("ENV DB_PASSWORD = a b # c"), ["= a b # c"]);
        assert_eq!(in_file(r"ENV DB_PASSWORD=a\ b C=d"), [r"a\ b"]);
        assert_eq!(in_file("ENV DB_PASSWORD=ab cd ef G=h"), ["ab", "cd", "ef"]);
        assert_eq!(in_file("ARG NPM_TOKEN=ab OTHER"), ["ab"]);
        assert_eq!(in_file("ENV DB_PASSWORD=\"open b"), ["\"open b"]);
        assert_eq!(in_file("onbuild arg NPM_TOKEN=abc"), ["abc"]);
        assert_eq!(in_file("ARG NPM_TOKEN GITHUB_TOKEN"), Vec::<&str>::new());
        assert_eq!(in_file("ENV X_TOKEN='$literal' Y_TOKEN=\"$Z\""), ["$literal"]);
    }

    #[test]
    fn broken_lines_comments_and_messages() {
        assert_eq!(hits(Kind::Unknown, "EVN DB_PASSWORD hunter2"), ["hunter2"]);
        assert_eq!(hits(Kind::Unknown, "DB_PASSWORD hunter2"), ["hunter2"]);
        assert_eq!(hits(Kind::Comment, "# ENV DB_PASSWORD hunter2 x"), ["hunter2 x"]);
        assert_eq!(hits(Kind::Comment, "# env password of the database"), Vec::<&str>::new());
        assert_eq!(hits(Kind::Message, "ENV DB_PASSWORD stays in the image"), Vec::<&str>::new());
        assert_eq!(hits(Kind::Message, "remove `ENV DB_PASSWORD a b` now"), ["a b"]);
    }
}
