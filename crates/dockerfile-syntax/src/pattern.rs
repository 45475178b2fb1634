//! The patterns of `${x#…}`, `${x%…}` and `${x/…/…}`: `*` and `?`, with `\` as the escape.

use crate::ExpandError;

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
fn prefix(parts: &[Part], text: &[char], most: bool, work: &mut usize) -> Result<Option<usize>, ExpandError> {
    // reach[i]: the parts so far match text[..first + i].
    let mut first = 0;
    let mut reach = vec![true];
    for part in parts {
        charge(work, reach.len())?;
        if *part == Part::Star {
            let Some(hit) = reach.iter().position(|&hit| hit) else { return Ok(None) };
            first += hit;
            reach = vec![true; text.len() - first + 1];
            continue;
        }
        reach.truncate(text.len() - first);
        for (hit, ch) in reach.iter_mut().zip(&text[first..]) {
            *hit = *hit && (*part == Part::Any || *part == Part::Char(*ch));
        }
        first += 1;
        if !reach.contains(&true) {
            return Ok(None);
        }
    }
    let hit = if most { reach.iter().rposition(|&hit| hit) } else { reach.iter().position(|&hit| hit) };
    Ok(hit.map(|hit| first + hit))
}

fn charge(work: &mut usize, cost: usize) -> Result<(), ExpandError> {
    *work = work.checked_sub(cost).ok_or(ExpandError::TooComplex)?;
    Ok(())
}

/// `value` without the prefix (or suffix) that `word` matches; a doubled operator takes the longest match. Each
/// step is taken off `work`; when that runs out, the match is refused.
pub(crate) fn trim(value: &str, word: &str, suffix: bool, work: &mut usize) -> Result<String, ExpandError> {
    let operator = if suffix { '%' } else { '#' };
    let (pattern, most) = word.strip_prefix(operator).map_or((word, false), |rest| (rest, true));
    let mut parts = parse(pattern)?;
    let mut text: Vec<char> = value.chars().collect();
    if suffix {
        parts.reverse();
        text.reverse();
    }
    let cut = prefix(&parts, &text, most, work)?.unwrap_or(0);
    text.drain(..cut);
    if suffix {
        text.reverse();
    }
    Ok(text.into_iter().collect())
}

/// `value` with the first (or every) match of `pattern` replaced; matches are as long as possible. `work` is as in
/// [`trim`].
pub(crate) fn replace(
    value: &str,
    pattern: &str,
    with: &str,
    all: bool,
    work: &mut usize,
) -> Result<String, ExpandError> {
    let parts = parse(pattern)?;
    let text: Vec<char> = value.chars().collect();
    let mut out = String::with_capacity(value.len());
    let mut at = 0;
    let mut replaced = false;
    while at <= text.len() {
        let hit = if replaced && !all { None } else { prefix(&parts, &text[at..], true, work)? };
        match hit {
            Some(len) if len > 0 || !replaced => {
                charge(work, with.len())?;
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

    fn trimmed(value: &str, word: &str, suffix: bool) -> Result<String, ExpandError> {
        trim(value, word, suffix, &mut 4_000_000)
    }

    fn replaced(value: &str, pattern: &str, with: &str, all: bool) -> Result<String, ExpandError> {
        replace(value, pattern, with, all, &mut 4_000_000)
    }

    #[test]
    fn shortest_and_longest() {
        assert_eq!(trimmed("a.b.c", "*.", false).unwrap(), "b.c");
        assert_eq!(trimmed("a.b.c", "#*.", false).unwrap(), "c");
        assert_eq!(trimmed("a.b.c", ".*", true).unwrap(), "a.b");
        assert_eq!(trimmed("a.b.c", "%.*", true).unwrap(), "a");
        assert_eq!(trimmed("a.b", "x", false).unwrap(), "a.b");
        assert_eq!(trimmed("a*b", r"a\*", false).unwrap(), "b");
        assert!(trimmed("a", r"\a", false).is_err());
    }

    #[test]
    fn replacing() {
        assert_eq!(replaced("a-b-c", "-", "+", false).unwrap(), "a+b-c");
        assert_eq!(replaced("a-b-c", "-", "+", true).unwrap(), "a+b+c");
        assert_eq!(replaced("a-b-c", "-*", "", true).unwrap(), "a");
        assert_eq!(replaced("abc", "?", "x", true).unwrap(), "xxx");
        assert_eq!(replaced("abc", "z", "x", true).unwrap(), "abc");
    }

    #[test]
    fn hostile_patterns_are_refused() {
        let text = "a".repeat(50_000);
        assert_eq!(trimmed(&text, &"*a".repeat(20_000), false), Err(ExpandError::TooComplex));
        assert_eq!(replaced(&text, "*b", "c", true), Err(ExpandError::TooComplex));
        assert_eq!(replaced(&text, "a", &"b".repeat(100), true), Err(ExpandError::TooComplex));
        assert_eq!(replaced(&text, "a", "b", true).map(|text| text.len()), Ok(50_000));
    }
}
