//! The name of a variable in the text of a script.

use harden_core::syntax::{Dockerfile, Span, Token};

/// How a text names a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mention {
    /// `$X`, `${X…}`, `$env:X`, `%X%`.
    Expanded,
    /// Any other way: `printenv X`, `process.env.X`.
    Named,
    /// `X=value`: it gets a value here.
    Assigned,
}

/// The mentions in the joined text of an instruction and where they stand in the file.
pub(super) fn in_token(token: Token<'_>, name: &str) -> Vec<(Mention, Span)> {
    let found = in_text(token.text(), name).into_iter();
    found.map(|(kind, start, end)| (kind, token.part(start as u32, end as u32).span())).collect()
}

/// The mentions in a part of the file. In a script, lines that begin with `#` do not count.
pub(super) fn in_file(file: &Dockerfile, part: Span, name: &str, script: bool) -> Vec<(Mention, Span)> {
    let mut found = Vec::new();
    let mut at = part.start;
    for line in file.slice(part).split_inclusive('\n') {
        if !script || !line.trim_start().starts_with('#') || line.starts_with("#!") {
            let here = in_text(line, name).into_iter();
            found
                .extend(here.map(|(kind, start, end)| (kind, Span::new(at + start as u32, at + end as u32))));
        }
        at += line.len() as u32;
    }
    found
}

/// The mentions in a text: kind, start and end in bytes.
///
/// Quotes and backslashes are not looked at: what is quoted for one shell is a variable for the next.
pub(super) fn in_text(text: &str, name: &str) -> Vec<(Mention, usize, usize)> {
    if name.is_empty() {
        return Vec::new();
    }
    let is_name = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    let bytes = text.as_bytes();
    text.match_indices(name)
        .filter_map(|(start, _)| {
            let end = start + name.len();
            let (before, after) = (&bytes[..start], &bytes[end..]);
            if [before.last(), after.first()].into_iter().flatten().any(|&byte| is_name(byte)) {
                return None;
            }
            let expanded = [&b"$"[..], b"${", b"${!", b"${#", b"$env:", b"${env:", b"$Env:", b"$ENV:"]
                .iter()
                .any(|sigil| before.ends_with(sigil));
            let percent = before.ends_with(b"%") && after.starts_with(b"%");
            let assigned = after.starts_with(b"=")
                && !after.starts_with(b"==")
                && before.last().is_none_or(|byte| b" \t\n;&|(\"'`".contains(byte));
            let kind = match (expanded || percent, assigned) {
                (true, _) => Mention::Expanded,
                (false, true) => Mention::Assigned,
                (false, false) => Mention::Named,
            };
            Some((kind, start, end))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Mention> {
        in_text(text, "X").into_iter().map(|(kind, _, _)| kind).collect()
    }

    #[test]
    fn what_counts_as_what() {
        use Mention::{Assigned, Expanded, Named};
        for (text, expected) in [
            ("echo $X ${X} ${X:-d} \"$X\" '${X}' \\$X", &[Expanded; 6][..]),
            ("${#X}${!X} $env:X %X%", &[Expanded; 4]),
            ("printenv X", &[Named]),
            ("os.environ[\"X\"] process.env.X getenv('X')", &[Named; 3]),
            ("X=1 export X=2; (X=3)", &[Assigned; 3]),
            ("[ X == y ] a.X=1", &[Named; 2]),
            ("$XY _X X_ aX X1 $X1", &[]),
            ("X=$X", &[Assigned, Expanded]),
            ("äX", &[Named]),
        ] {
            assert_eq!(kinds(text), expected, "{text}");
        }
        assert_eq!(in_text("a", ""), []);
    }
}
