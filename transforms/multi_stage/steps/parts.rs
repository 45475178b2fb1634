//! The commands of a RUN that can be repeated without the others.

use std::collections::BTreeSet;

use harden_core::shell::{self, Command};

use crate::multi_stage::view::{Step, View};

/// The parts of a RUN between `&&`, `;` and ends of lines.
pub(super) struct Parts<'s> {
    text: &'s str,
    /// First and last command of each.
    ranges: Vec<(usize, usize)>,
    commands: Vec<&'s Command>,
}

impl<'s> Parts<'s> {
    /// `None` when the RUN is more than a list of pipelines.
    pub(super) fn read(view: &View<'s, '_>, step: &'s Step<'_>) -> Option<Self> {
        let text = view.ctx.file().text();
        let commands: Vec<&Command> = step.ran.iter().map(|ran| &ran.command).collect();
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for (index, command) in commands.iter().enumerate() {
            if command.place.subshell || command.place.function.is_some() || command.place.background {
                return None;
            }
            let before = index.checked_sub(1).and_then(|before| commands.get(before));
            let Some(before) = before else {
                ranges.push((index, index));
                continue;
            };
            match gap(text.get(before.span.end..command.span.start)?)? {
                Gap::Same => ranges.last_mut()?.1 = index,
                Gap::Next => ranges.push((index, index)),
            }
        }
        Some(Self { text, ranges, commands })
    }

    /// The text of the part that holds a command, when it means the same by itself.
    pub(super) fn text(&self, index: usize) -> Option<String> {
        let &(first, last) = self.ranges.iter().find(|(first, last)| (*first..=*last).contains(&index))?;
        let start = self.commands.get(first)?.span.start;
        let end = self.commands.get(last)?.span.end;
        let text = self.text.get(start..end)?;
        let again = shell::read(text);
        let inside = self.commands.get(first..=last)?;
        let same = again.complete
            && again.commands.len() == inside.len()
            && again.commands.iter().zip(inside).all(|(one, other)| {
                let words = |command: &Command| -> Vec<String> {
                    command.words.iter().map(|word| word.text.clone()).collect()
                };
                words(one) == words(other)
            });
        (same && self.is_free(first, last)).then(|| text.to_owned())
    }

    /// Whether nothing before the part changes what it means: a variable of the script, another folder.
    fn is_free(&self, first: usize, last: usize) -> bool {
        let Some(inside) = self.commands.get(first..=last) else { return false };
        let before = self.commands.get(..first).unwrap_or_default();
        let moved = before.iter().any(|one| matches!(one.name(), Some("cd" | "pushd" | "popd")));
        let relative = |command: &&Command| {
            command
                .words
                .iter()
                .skip(1)
                .any(|word| !word.text.starts_with(['/', '-']) && word.text.contains(['/', '.']))
        };
        if moved && inside.iter().any(relative) {
            return false;
        }
        let set: BTreeSet<&str> = before
            .iter()
            .flat_map(|one| {
                let own = one.assignments.iter().map(|(name, _)| name.as_str());
                let words =
                    one.words.iter().skip(1).map(|word| word.text.split('=').next().unwrap_or_default());
                let exports = matches!(one.name(), Some("export" | "read" | "readonly" | "declare"));
                own.chain(words.filter(move |_| exports))
            })
            .collect();
        !inside.iter().flat_map(|one| &one.words).any(|word| {
            !word.literal
                && set.iter().any(|name| {
                    word.text.contains(&format!("${name}")) || word.text.contains(&format!("${{{name}"))
                })
        })
    }

    /// The texts of the parts that hold these commands, in order.
    pub(super) fn texts(&self, indices: &BTreeSet<usize>) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        for (first, last) in &self.ranges {
            if let Some(index) = (*first..=*last).find(|index| indices.contains(index)) {
                texts.push(self.text(index)?);
            }
        }
        Some(texts)
    }
}

enum Gap {
    Same,
    Next,
}

/// What stands between two commands; `None` when it is more than a list or pipeline has.
fn gap(text: &str) -> Option<Gap> {
    let mut rest = String::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        let line = line.strip_suffix(['\\', '`']).unwrap_or(line);
        rest.push_str(line.trim());
        rest.push(' ');
    }
    match rest.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["|" | "||"] => Some(Gap::Same),
        ["&&" | ";"] | ["&&" | ";", "sudo"] => Some(Gap::Next),
        [] if text.contains('\n') => Some(Gap::Next),
        _ => None,
    }
}
