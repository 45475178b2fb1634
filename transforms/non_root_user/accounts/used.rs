//! Whether a file runs anything as a user, or gives it files.

use std::collections::BTreeSet;

use harden_core::syntax::{Instruction, Keyword};
use harden_core::{Context, Scopes};

use crate::non_root_user::runs::Step;

/// Users by name or number.
#[derive(Debug, Default)]
pub(super) struct Mentions(BTreeSet<String>);

impl Mentions {
    pub(super) fn has(&self, user: &str) -> bool {
        self.0.contains(user)
    }

    fn add(&mut self, spec: &str) {
        let user = spec.split([':', '.']).next().unwrap_or(spec);
        if !user.is_empty() && !super::super::runs::is_root(user) {
            self.0.insert(user.to_owned());
        }
    }

    /// What a step of the chain mentions.
    pub(super) fn note(&mut self, step: &Step<'_, '_>) {
        if matches!(step.instruction.keyword(), Keyword::Cmd | Keyword::Entrypoint) {
            let values = step.instruction.values();
            let words: Vec<&str> = match values.as_slice() {
                [one] => one.text.split_whitespace().collect(),
                several => several.iter().flat_map(|one| one.text.split_whitespace()).collect(),
            };
            self.switched(&words);
        }
        for one in step.commands {
            let values: Vec<String> = one
                .command
                .words
                .iter()
                .map(|word| step.value(word).map_or_else(|| word.text.clone(), |value| value.text))
                .collect();
            let words: Vec<&str> = values.iter().map(String::as_str).collect();
            if one.command.name() == Some("chown") {
                let owner = words.iter().skip(1).find(|word| !word.starts_with('-'));
                if let Some(owner) = owner {
                    self.add(owner);
                }
            }
            self.switched(&words);
        }
    }

    /// USER and `--chown` of every stage: `FROM base AS dev` may run as a user of `base`.
    pub(super) fn note_users(&mut self, ctx: &Context<'_>, scopes: &Scopes<'_, '_>) {
        for stage in 0..ctx.build.stages.len() {
            scopes.walk(stage, |scopes, instruction, state| {
                let mut expand = |text: &str| {
                    if let Ok(expanded) = scopes.expand_text(state, text) {
                        self.add(expanded.text.trim());
                    }
                };
                if instruction.keyword() == Keyword::User {
                    expand(instruction.arguments().text());
                }
                if let Some(owner) = owner(instruction) {
                    expand(owner);
                }
            });
        }
    }

    /// The user a command switches to: `su app`, `gosu app …`, `sudo -u app`.
    fn switched(&mut self, words: &[&str]) {
        for (at, word) in words.iter().enumerate() {
            let rest = words.get(at + 1..).unwrap_or_default();
            let option = |names: &[&str]| {
                rest.iter().enumerate().find_map(|(at, word)| {
                    let inline = names.iter().find_map(|name| word.strip_prefix(name)?.strip_prefix('='));
                    inline.or_else(|| names.contains(word).then(|| rest.get(at + 1).copied())?)
                })
            };
            let user = match word.rsplit('/').next().unwrap_or(word) {
                "su" | "gosu" | "su-exec" | "s6-setuidgid" => {
                    rest.iter().copied().find(|word| !word.starts_with('-'))
                }
                "sudo" | "runuser" | "chpst" => option(&["-u", "--user"]),
                "setpriv" => option(&["--reuid"]),
                "install" => option(&["-o", "--owner"]),
                "start-stop-daemon" => option(&["-c", "--chuid"]),
                _ => None,
            };
            if let Some(user) = user {
                self.add(user);
            }
        }
    }
}

fn owner(instruction: Instruction<'_>) -> Option<&str> {
    matches!(instruction.keyword(), Keyword::Copy | Keyword::Add)
        .then(|| instruction.flag("chown")?.value())?
}
