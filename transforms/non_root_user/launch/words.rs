//! Small questions about commands.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use harden_core::image_path::resolve;
use harden_core::shell::{Command, Word};

use super::Started;

/// Functions that something calls: their name is a word of a command that is executed. With `"$@"` as a command, any.
pub(super) fn called(commands: &[(Started, Option<String>)]) -> BTreeSet<String> {
    let mut bodies: BTreeMap<Option<&str>, Vec<&Started>> = BTreeMap::new();
    for (started, function) in commands {
        bodies.entry(function.as_deref()).or_default().push(started);
    }
    let mut called: BTreeSet<&str> = BTreeSet::new();
    let mut left: Vec<Option<&str>> = vec![None];
    while let Some(function) = left.pop() {
        for started in bodies.get(&function).into_iter().flatten() {
            let words = &started.command.words;
            let any = words.first().is_some_and(is_arguments);
            let mentioned = words.iter().flat_map(|word| word.text.split_whitespace());
            let named = bodies.range(Some("")..).filter(|_| any).filter_map(|(name, _)| *name);
            for name in mentioned.chain(named) {
                if bodies.contains_key(&Some(name)) && called.insert(name) {
                    left.push(Some(name));
                }
            }
        }
    }
    called.into_iter().map(str::to_owned).collect()
}

/// Commands whose failure stops nothing, because `||` and something that works stand behind them.
pub(super) fn tolerated(text: &str, commands: &[Command]) -> BTreeSet<usize> {
    let pairs = commands.windows(2).enumerate();
    let works =
        |command: &Command| matches!(command.name(), Some("true" | ":" | "echo" | "printf" | "log" | "warn"));
    let found = pairs.filter(|(_, pair)| {
        let gap = text.get(pair[0].span.end..pair[1].span.start).unwrap_or_default();
        gap.trim_matches(|c: char| c.is_whitespace() || c == '\\') == "||" && works(&pair[1])
    });
    found.map(|(index, _)| index).collect()
}

/// `"$@"`, `$*`, `$1`, `"${@}"`.
pub(super) fn is_arguments(word: &Word) -> bool {
    let Some(rest) = word.text.strip_prefix('$') else { return false };
    let rest = rest.trim_matches(|c| matches!(c, '{' | '}'));
    matches!(rest.split([':', '#', '%']).next(), Some("@" | "*" | "1"))
}

/// The arguments of a command, as a command.
pub(super) fn rest(command: &Command) -> Rc<Command> {
    let mut arguments = command.clone();
    arguments.words = command.words.get(1..).unwrap_or_default().to_vec();
    arguments.redirects.clear();
    Rc::new(arguments)
}

/// Where a command stands: from its first word on, which need not be where a wrapper stands.
pub(super) fn range(command: &Command) -> Range<usize> {
    let start = command.words.first().map_or(command.span.start, |word| word.span.start);
    start..command.span.end.max(start)
}

/// `path` in `folder`; `None` when it is relative to somewhere unknown.
pub(super) fn join(folder: Option<&str>, path: &str) -> Option<String> {
    Some(resolve(if path.starts_with('/') { "/" } else { folder? }, path))
}
