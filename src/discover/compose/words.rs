//! Splits a command into words as Compose does.

/// The words of `text`, or `None` where Compose refuses it.
///
/// Compose uses github.com/mattn/go-shellwords without expansions. That is not what a shell does: quotes and
/// backslashes are taken out (`\n` and `\t` become control characters, also within double quotes), `$(…)` and
/// backquotes are kept as they are, and everything from the first `;`, `&`, `|`, `<` or `>` on is dropped.
pub(super) fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut begun = false;
    let mut within = Within::Nothing;
    let mut chars = text.chars();
    while let Some(ch) = chars.next() {
        match (ch, within) {
            ('\\', Within::Single) => word.push(ch),
            ('\\', _) => {
                let next = chars.next()?;
                if within.keeps_quotes() {
                    word.push('\\');
                }
                word.push(match next {
                    't' if !within.keeps_quotes() => '\t',
                    'n' if !within.keeps_quotes() => '\n',
                    other => other,
                });
                begun = true;
            }
            (' ' | '\t' | '\r' | '\n', Within::Nothing) => {
                if begun {
                    words.push(std::mem::take(&mut word));
                    begun = false;
                }
            }
            ('"', Within::Nothing) => within = Within::Double,
            ('\'', Within::Nothing) => within = Within::Single,
            ('"', Within::Double) | ('\'', Within::Single) => {
                within = Within::Nothing;
                begun = true;
            }
            (';' | '&' | '|' | '<' | '>', Within::Nothing) => {
                // Digits before `>` are the number of a file, not a word.
                if ch == '>' && !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) {
                    begun = false;
                }
                break;
            }
            ('(', Within::Nothing) if word.ends_with('$') && !word.ends_with("\\$") => {
                word.push(ch);
                within = Within::Substitution;
            }
            ('(' | ')', Within::Nothing) | ('(', Within::Substitution) => return None,
            _ => {
                within = match (ch, within) {
                    ('`', Within::Nothing) => Within::Backquotes,
                    ('`', Within::Backquotes) | (')', Within::Substitution) => Within::Nothing,
                    _ => within,
                };
                word.push(ch);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    (within == Within::Nothing).then_some(words)
}

/// What is open at a character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Single,
    Double,
    Backquotes,
    Substitution,
}

impl Within {
    fn keeps_quotes(self) -> bool {
        matches!(self, Self::Backquotes | Self::Substitution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_quotes() {
        for (text, expected) in [
            ("", &[][..]),
            ("  ", &[]),
            ("a b\tc\nd", &["a", "b", "c", "d"]),
            ("'a b' \"c d\"", &["a b", "c d"]),
            ("a'b'\"c\"d", &["abcd"]),
            ("'' \"\"", &["", ""]),
            (r"a\ b \'x", &["a b", "'x"]),
            (r#""a\"b" '\'"#, &["a\"b", "\\"]),
            (r"a\nb", &["a\nb"]),
            ("sh -c 'exec \"$X\" && y'", &["sh", "-c", "exec \"$X\" && y"]),
            ("echo $(date +%s) `x y`", &["echo", "$(date +%s)", "`x y`"]),
            ("\"(\" ')'", &["(", ")"]),
            ("$X ${Y}", &["$X", "${Y}"]),
        ] {
            assert_eq!(split(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn operators_end_the_command() {
        for (text, expected) in [
            ("a b && c", &["a", "b"][..]),
            ("a;b", &["a"]),
            ("a | b", &["a"]),
            ("a 2>/dev/null", &["a"]),
            ("a x2>/dev/null", &["a", "x2"]),
            ("a < b", &["a"]),
            ("&", &[]),
        ] {
            assert_eq!(split(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_compose_refuses() {
        for text in ["'a", "\"a", "a\\", "(a)", "a)", "$(a", "`a", "$(a (b))"] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
