//! Parts of a script that only root executes: `if [ "$(id -u)" = 0 ]; then … fi` and the like.
//!
//! Reserved words are looked for between the simple commands that the shell reader found, so none is taken from an
//! argument or a string. Whatever does not add up gives no region: nothing is claimed then.

use std::ops::Range;

use harden_core::shell::Command;

/// Deepest nesting of conditions that is followed.
const MAX_DEPTH: usize = 64;

/// The ranges of `text` that are executed by root alone. `commands` are those of `text`.
pub(super) fn root_only(text: &str, commands: &[Command]) -> Vec<Range<usize>> {
    // The body of a here-document is no script, and the reader does not say where it is.
    if text.replace("<<<", "").contains("<<") {
        return Vec::new();
    }
    let top = top_level(commands);
    let mut regions = conditions(text, &top).unwrap_or_default();
    regions.extend(lists(text, &top));
    regions
}

/// Commands that do not stand inside another one, in order.
fn top_level(commands: &[Command]) -> Vec<&Command> {
    let mut all: Vec<&Command> = commands.iter().collect();
    all.sort_by_key(|command| (command.span.start, std::cmp::Reverse(command.span.end)));
    let mut end = 0;
    all.retain(|command| {
        let outer = command.span.start >= end;
        end = end.max(command.span.end);
        outer
    });
    all
}

/// The `if` blocks.
fn conditions(text: &str, top: &[&Command]) -> Option<Vec<Range<usize>>> {
    struct Open {
        start: usize,
        condition: Option<Who>,
        body: usize,
    }
    let mut regions = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut nesting: Vec<&str> = Vec::new();
    for (word, at) in words_between(text, top) {
        match word {
            "if" => {
                if open.len() >= MAX_DEPTH {
                    return None;
                }
                open.push(Open { start: at + 2, condition: None, body: 0 });
            }
            "then" => {
                let last = open.last_mut()?;
                last.condition = who(text.get(last.start..at)?, text, top);
                last.body = at + 4;
            }
            "elif" | "else" | "fi" => {
                let last = open.last_mut()?;
                let body = last.body..at;
                let condition = last.condition;
                match (condition, word) {
                    (Some(Who::Root), _) => regions.push(body),
                    // What follows a user that is not root and leaves is left to root.
                    (Some(Who::Others), "fi")
                        if leaves(text, top, &body) && open.len() == 1 && nesting.is_empty() =>
                    {
                        regions.push(at..text.len());
                    }
                    _ => {}
                }
                match word {
                    "elif" => {
                        let last = open.last_mut()?;
                        *last = Open { start: at + 4, condition: None, body: 0 };
                    }
                    "else" => {
                        let last = open.last_mut()?;
                        last.condition = (condition == Some(Who::Others)).then_some(Who::Root);
                        last.body = at + 4;
                    }
                    _ => {
                        open.pop();
                    }
                }
            }
            "{" | "(" | "do" | "case" => nesting.push(word),
            // The `)` of a pattern of `case` closes nothing.
            "}" | ")" | "done" | "esac" => {
                let opener = match word {
                    "}" => "{",
                    ")" => "(",
                    "done" => "do",
                    _ => "case",
                };
                nesting.pop_if(|last| *last == opener);
            }
            _ => {}
        }
    }
    open.is_empty().then_some(regions)
}

/// `test && command` and `test || command`, as long as the list goes on with the same operator.
fn lists(text: &str, top: &[&Command]) -> Vec<Range<usize>> {
    let mut regions = Vec::new();
    let mut guard = None;
    for pair in top.windows(2) {
        let [before, command] = pair else { continue };
        let Some(gap) = text.get(before.span.end..command.span.start) else { continue };
        let operator = gap.trim_matches(|c: char| c.is_whitespace() || c == '\\');
        let test = text.get(before.span.clone()).and_then(|test| who(test, text, top));
        guard = match (operator, test, guard) {
            ("&&", Some(Who::Root), _) | ("&&", _, Some("&&")) => Some("&&"),
            ("||", Some(Who::Others), _) => Some("||"),
            _ => None,
        };
        if guard.is_some() {
            regions.push(command.span.clone());
        }
    }
    regions
}

/// Whether the last command of a body ends the script, whatever else the body does.
fn leaves(text: &str, top: &[&Command], body: &Range<usize>) -> bool {
    let Some(index) = top.iter().rposition(|command| body.contains(&command.span.start)) else {
        return false;
    };
    let last = top[index];
    let before = index.checked_sub(1).map_or(body.start, |before| top[before].span.end.max(body.start));
    let blank = |range: Range<usize>| {
        text.get(range).is_some_and(|gap| gap.chars().all(|c| c.is_whitespace() || c == ';'))
    };
    let ends = matches!(last.name(), Some("exec" | "exit")) && !last.words.is_empty();
    ends && last.place.function.is_none() && blank(before..last.span.start) && blank(last.span.end..body.end)
}

/// Words outside simple commands, comments left out, with where they start.
fn words_between<'t>(text: &'t str, top: &[&Command]) -> Vec<(&'t str, usize)> {
    let mut words = Vec::new();
    let mut start = 0;
    let ends = top.iter().map(|command| command.span.clone()).chain(std::iter::once(text.len()..text.len()));
    for span in ends {
        if let Some(gap) = text.get(start..span.start) {
            split(gap, start, &mut words);
        }
        start = start.max(span.end);
    }
    words
}

fn split<'t>(gap: &'t str, offset: usize, words: &mut Vec<(&'t str, usize)>) {
    let mut at = 0;
    for line in gap.split_inclusive('\n') {
        let mut word: Option<usize> = None;
        for (index, c) in line.char_indices() {
            let separator = c.is_whitespace() || matches!(c, ';' | '&' | '|');
            let bracket = matches!(c, '(' | ')' | '{' | '}') && word.is_none();
            if c == '#' && word.is_none() {
                break;
            }
            if separator || bracket {
                if let Some(start) = word.take() {
                    words.push((&line[start..index], offset + at + start));
                }
                if bracket {
                    words.push((&line[index..=index], offset + at + index));
                }
            } else if word.is_none() {
                word = Some(index);
            }
        }
        if let Some(start) = word {
            words.push((line[start..].trim_end(), offset + at + start));
        }
        at += line.len();
    }
}

/// For whom a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// It holds for root only.
    Root,
    /// It holds for everybody but root.
    Others,
}

fn who(condition: &str, text: &str, top: &[&Command]) -> Option<Who> {
    if condition.len() > 512 || condition.contains("||") || condition.contains(" -o ") {
        return None;
    }
    let tests: Vec<&str> = condition.split("&&").flat_map(|test| test.split(" -a ")).collect();
    let found: Vec<Option<Who>> = tests.iter().map(|test| one_test(test, text, top)).collect();
    if found.contains(&Some(Who::Root)) {
        return Some(Who::Root);
    }
    // `others && more` may fail for others as well: then it says nothing.
    match found.as_slice() {
        [Some(Who::Others)] => Some(Who::Others),
        _ => None,
    }
}

fn one_test(test: &str, text: &str, top: &[&Command]) -> Option<Who> {
    let mut plain: String = test.chars().filter(|c| !matches!(c, '"' | '\'' | '\n' | '\\')).collect();
    for noise in ["[[", "]]", "((", "))", "[ ", " ]", ";"] {
        // `$((` does not occur in a test of the user, `$(id -u)` holds only single parentheses.
        plain = plain.replace(noise, " ");
    }
    let plain = plain.trim();
    let plain = plain.strip_prefix("test ").unwrap_or(plain).trim();
    let (negated, plain) = match plain.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, plain),
    };
    let operators =
        [(" == ", true), (" = ", true), (" -eq ", true), (" != ", false), (" -ne ", false), (" -gt ", false)];
    let (left, right, equal) = operators.iter().find_map(|(operator, equal)| {
        let (left, right) = plain.split_once(operator)?;
        Some((left.trim(), right.trim(), *equal))
    })?;
    let fits = |user: &str, value: &str| match identity(user, text, top) {
        Some(Identity::Number) => value == "0",
        Some(Identity::Name) => value == "root",
        None => false,
    };
    let root = (fits(left, right) || fits(right, left)).then_some(equal != negated)?;
    Some(if root { Who::Root } else { Who::Others })
}

enum Identity {
    Number,
    Name,
}

fn identity(operand: &str, text: &str, top: &[&Command]) -> Option<Identity> {
    match operand {
        "$(id -u)" | "`id -u`" | "$UID" | "${UID}" | "$EUID" | "${EUID}" | "UID" | "EUID" => {
            return Some(Identity::Number);
        }
        "$(whoami)" | "`whoami`" | "$(id -un)" | "`id -un`" | "$(id -nu)" => return Some(Identity::Name),
        _ => {}
    }
    // `user="$(id -u)"` earlier in the script, and nothing else.
    let name = operand.strip_prefix('$')?.trim_matches(|c| matches!(c, '{' | '}'));
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    let mut values = top.iter().flat_map(|command| &command.assignments).filter(|(key, _)| key == name);
    let (_, only) = values.next()?;
    if values.next().is_some() {
        return None;
    }
    let value: String = text.get(only.span.clone())?.chars().filter(|c| !matches!(c, '"' | '\'')).collect();
    let value = value.rsplit_once('=').map_or(value.as_str(), |(_, value)| value);
    match value {
        "$(id -u)" | "`id -u`" => Some(Identity::Number),
        "$(whoami)" | "$(id -un)" => Some(Identity::Name),
        _ => None,
    }
}
