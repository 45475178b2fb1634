//! Heredocs: which words of an instruction open one.

use crate::lexer::{self, Lexer};
use crate::logical::LRange;

/// An opened heredoc in the joined text.
#[derive(Clone, Debug)]
pub(crate) struct Opener {
    /// `<<EOF` in the joined text.
    pub(crate) word: LRange,
    /// The terminator, without quotes.
    pub(crate) name: String,
    /// File descriptor before `<<`.
    pub(crate) fd: u32,
    /// Variables in the body are expanded: no part of the word was quoted.
    pub(crate) expand: bool,
    /// `<<-`: leading tabs are dropped.
    pub(crate) chomp: bool,
}

/// The heredocs the joined line opens, in order; `Err` holds a word that cannot be read.
///
/// The whole line is split into shell words with `\` as the escape, whatever the escape directive says. A line that
/// cannot be split opens none (BuildKit, `heredocsFromLine`).
pub(crate) fn openers(line: &str) -> Result<Vec<Opener>, String> {
    if memchr::memmem::find(line.as_bytes(), b"<<").is_none() {
        return Ok(Vec::new());
    }
    let Ok(words) = Lexer::raw(line).words() else { return Ok(Vec::new()) };
    let mut openers = Vec::new();
    for word in words {
        if let Some(opener) = open(&word)? {
            openers.push(opener);
        }
    }
    Ok(openers)
}

/// Whether `word` alone, split at blanks, opens a heredoc: how COPY and ADD look at their arguments.
pub(crate) fn is_opener(word: &str) -> bool {
    let word = lexer::Word { text: word.to_owned(), range: 0..word.len() as u32 };
    matches!(open(&word), Ok(Some(_)))
}

fn open(word: &lexer::Word) -> Result<Option<Opener>, String> {
    let text = word.text.as_str();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let Some(rest) = text[digits..].strip_prefix("<<") else { return Ok(None) };
    let chomp = rest.starts_with('-');
    let rest = if chomp { &rest[1..] } else { rest };
    let rest = rest.trim_start_matches([' ', '\t', '\n', '\u{c}', '\r']);
    if rest.is_empty() || rest.contains('<') {
        return Ok(None);
    }
    let fd = text[..digits].parse().unwrap_or(0);
    if !rest.contains(|ch: char| matches!(ch, '\'' | '"' | '\\' | '$') || ch.is_whitespace()) {
        return Ok(Some(Opener { word: word.range.clone(), name: rest.to_owned(), fd, expand: true, chomp }));
    }
    let unreadable = |_| text.to_owned();
    let plain = Lexer::unquoted(rest).words().map_err(unreadable)?;
    let [name] = plain.as_slice() else { return Ok(None) };
    let raw = Lexer::quoted(rest).words().map_err(unreadable)?;
    let [raw] = raw.as_slice() else { return Err(text.to_owned()) };
    let quotes = |word: &str| word.bytes().filter(|byte| matches!(byte, b'\'' | b'"')).count();
    Ok(Some(Opener {
        word: word.range.clone(),
        expand: quotes(&name.text) == quotes(&raw.text),
        name: name.text.clone(),
        fd,
        chomp,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<(String, bool, bool)> {
        openers(line).unwrap().into_iter().map(|opener| (opener.name, opener.expand, opener.chomp)).collect()
    }

    #[test]
    fn openers_anywhere_in_the_line() {
        let plain = |name: &str| (name.to_owned(), true, false);
        assert_eq!(names("RUN cat <<EOF >> f"), [plain("EOF")]);
        assert_eq!(names("RUN << EOF"), [plain("EOF")]);
        assert_eq!(
            names("COPY <<A <<'B' <<-\"C\" /d"),
            [plain("A"), ("B".into(), false, false), ("C".into(), false, true)]
        );
        assert_eq!(names("RUN 3<<X"), [plain("X")]);
        assert_eq!(names("RUN <<'one two'"), [("one two".into(), false, false)]);
        assert_eq!(names("RUN <<eo\\'f"), [plain("eo'f")]);
        assert_eq!(names("RUN <<$EOF"), [plain("$EOF")]);
        assert_eq!(names("RUN echo $((1 << 2))"), [plain("2))")]);
    }

    #[test]
    fn not_openers() {
        for line in [
            "RUN a <<< b",
            "RUN '<<EOF'",
            "RUN \"<<EOF\"",
            "RUN <<",
            "RUN <<-",
            "RUN ${x^^} <<EOF",
            "RUN ' <<EOF",
            "RUN <EOF",
        ] {
            assert_eq!(names(line), [], "{line}");
        }
    }
}
