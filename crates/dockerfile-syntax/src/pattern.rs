//! The patterns of `${x#…}`, `${x%…}` and `${x/…/…}`: `*` and `?`, with `\` as the escape.

use crate::ExpandError;

/// Pattern length times text length above which a match is refused.
const MAX_WORK: usize = 4_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Char(char),
    Any,
    Star,
}

fn parse(pattern: &str) -> Result<Vec<Part>, ExpandError> {
    let mut parts = Vec::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    while let Some(ch) = chars.next() {
        parts.push(match ch {
            '*' => Part::Star,
            '?' => Part::Any,
            // `\}` and `\/` only keep the substitution open; the backslash is not part of the pattern.
            '\\' if matches!(chars.peek(), Some('}' | '/')) => continue,
            '\\' => match chars.next() {
                Some(escaped @ ('*' | '?' | '\\')) => Part::Char(escaped),
                _ => return Err(ExpandError::BadPattern(pattern.to_owned())),
            },
            other => Part::Char(other),
        });
    }
    Ok(parts)
}

/// Number of characters of `text` that `parts` matches from the start, the fewest or the most.
fn prefix(parts: &[Part], text: &[char], most: bool) -> Result<Option<usize>, ExpandError> {
    if parts.len().saturating_mul(text.len()) > MAX_WORK {
        return Err(ExpandError::TooComplex);
    }
    // reach[i]: the parts so far match text[..i].
    let mut reach = vec![false; text.len() + 1];
    reach[0] = true;
    for part in parts {
        let mut next = vec![false; text.len() + 1];
        let mut any_before = false;
        for at in 0..=text.len() {
            any_before |= reach[at];
            next[at] = match part {
                Part::Star => any_before,
                Part::Any => at > 0 && reach[at - 1],
                Part::Char(ch) => at > 0 && reach[at - 1] && text[at - 1] == *ch,
            };
        }
        reach = next;
    }
    Ok(if most { reach.iter().rposition(|&hit| hit) } else { reach.iter().position(|&hit| hit) })
}

/// `value` without the prefix (or suffix) that `word` matches; a doubled operator takes the longest match.
pub(crate) fn trim(value: &str, word: &str, suffix: bool) -> Result<String, ExpandError> {
    let operator = if suffix { '%' } else { '#' };
    let (pattern, most) = word.strip_prefix(operator).map_or((word, false), |rest| (rest, true));
    let mut parts = parse(pattern)?;
    let mut text: Vec<char> = value.chars().collect();
    if suffix {
        parts.reverse();
        text.reverse();
    }
    let cut = prefix(&parts, &text, most)?.unwrap_or(0);
    text.drain(..cut);
    if suffix {
        text.reverse();
    }
    Ok(text.into_iter().collect())
}

/// `value` with the first (or every) match of `pattern` replaced; matches are as long as possible.
pub(crate) fn replace(value: &str, pattern: &str, with: &str, all: bool) -> Result<String, ExpandError> {
    let parts = parse(pattern)?;
    let text: Vec<char> = value.chars().collect();
    if parts.len().saturating_mul(text.len()).saturating_mul(text.len()) > MAX_WORK {
        return Err(ExpandError::TooComplex);
    }
    let mut out = String::with_capacity(value.len());
    let mut at = 0;
    let mut replaced = false;
    while at <= text.len() {
        let hit = if replaced && !all { None } else { prefix(&parts, &text[at..], true)? };
        match hit {
            Some(len) if len > 0 || !replaced => {
                out.push_str(with);
                replaced = true;
                at += len;
                if len == 0 {
                    out.extend(text.get(at));
                    at += 1;
                }
            }
            _ => {
                out.extend(text.get(at));
                at += 1;
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest_and_longest() {
        assert_eq!(trim("a.b.c", "*.", false).unwrap(), "b.c");
        assert_eq!(trim("a.b.c", "#*.", false).unwrap(), "c");
        assert_eq!(trim("a.b.c", ".*", true).unwrap(), "a.b");
        assert_eq!(trim("a.b.c", "%.*", true).unwrap(), "a");
        assert_eq!(trim("a.b", "x", false).unwrap(), "a.b");
        assert_eq!(trim("a*b", r"a\*", false).unwrap(), "b");
        assert!(trim("a", r"\a", false).is_err());
    }

    #[test]
    fn replacing() {
        assert_eq!(replace("a-b-c", "-", "+", false).unwrap(), "a+b-c");
        assert_eq!(replace("a-b-c", "-", "+", true).unwrap(), "a+b+c");
        assert_eq!(replace("a-b-c", "-*", "", true).unwrap(), "a");
        assert_eq!(replace("abc", "?", "x", true).unwrap(), "xxx");
        assert_eq!(replace("abc", "z", "x", true).unwrap(), "abc");
    }

    #[test]
    fn hostile_patterns_are_refused() {
        let text = "a".repeat(50_000);
        assert_eq!(trim(&text, &"*a".repeat(20_000), false), Err(ExpandError::TooComplex));
        assert_eq!(replace(&text, "a", "b", true), Err(ExpandError::TooComplex));
    }
}
