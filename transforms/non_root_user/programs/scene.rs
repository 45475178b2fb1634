//! What the checks of a command look at besides the command.

use std::collections::BTreeMap;
use std::sync::Arc;

use harden_core::shell::Word;
use harden_core::syntax::Keyword;
use harden_core::{Origin, Value};

use crate::non_root_user::base::BaseUser;
use crate::non_root_user::launch::Launched;
use crate::non_root_user::state;
use crate::non_root_user::view::View;

/// A question about a name: a variable, or a path in the image.
type Ask<'s, T> = Box<dyn Fn(&str) -> T + 's>;

/// Most values of a word that are looked at.
const MAX_VALUES: usize = 8;

/// How often a variable is looked up in the value of another.
const MAX_DEPTH: usize = 4;

/// Everything around the commands.
pub(super) struct Scene<'s> {
    /// Values that the scripts give to variables.
    assigned: BTreeMap<String, Vec<Word>>,
    /// The environment of the container.
    environment: Ask<'s, Option<String>>,
    /// The text of a file of the image.
    pub(super) text: Ask<'s, Option<Arc<str>>>,
    /// Whether the Dockerfile puts something there.
    pub(super) is_copied: Ask<'s, bool>,
    /// Whether a step, a WORKDIR or a variable names this directory or something below it.
    pub(super) is_mentioned: Ask<'s, bool>,
    /// Directories the new user may write to.
    pub(super) writable: Vec<String>,
    /// Directories that steps make.
    pub(super) made: Vec<String>,
    /// The base image runs as another user than root by itself: its servers are made for that.
    pub(super) unprivileged_base: bool,
}

impl<'s> Scene<'s> {
    pub(super) fn of(view: &'s View<'_, '_>, launched: &Launched) -> Self {
        let environment = |name: &str| match view.scopes.variable(view.end, name) {
            Some(variable) => match (variable.origin, variable.value) {
                (Origin::Env, Value::Known(value)) => Some(value),
                _ => None,
            },
            None => view.base.variable(name),
        };
        let mut writable: Vec<String> =
            state::state_directories(view, launched).into_iter().map(|directory| directory.path).collect();
        writable.extend(state::open_directories(view));
        Self {
            assigned: assigned(launched),
            environment: Box::new(environment),
            text: Box::new(|path| view.paths.text(path).ok().map(|file| file.text)),
            is_copied: Box::new(|path| view.paths.origin(path).by().is_some()),
            is_mentioned: Box::new(|path| is_mentioned(view, path)),
            writable,
            made: state::made_directories(view),
            unprivileged_base: matches!(view.base.user(), BaseUser::Other(_)),
        }
    }

    /// What a word can be; `None` when that is not known.
    pub(super) fn values(&self, word: &Word) -> Option<Vec<String>> {
        if word.literal {
            return Some(vec![word.text.clone()]);
        }
        self.expand(&word.text, 0)
    }

    fn expand(&self, text: &str, depth: usize) -> Option<Vec<String>> {
        if depth > MAX_DEPTH || text.contains('`') || text.contains("$(") {
            return None;
        }
        let mut values = vec![String::new()];
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            for value in &mut values {
                value.push_str(&rest[..at]);
            }
            let (reference, after) = reference(&rest[at + 1..])?;
            let found = self.variable(&reference, depth)?;
            values = values
                .iter()
                .flat_map(|value| found.iter().map(move |one| format!("{value}{one}")))
                .take(MAX_VALUES)
                .collect();
            rest = after;
        }
        for value in &mut values {
            value.push_str(rest);
        }
        Some(values)
    }

    fn variable(&self, reference: &Reference<'_>, depth: usize) -> Option<Vec<String>> {
        let mut found: Vec<String> = Vec::new();
        for word in self.assigned.get(reference.name).into_iter().flatten().take(MAX_VALUES) {
            // `X=${X:-default}` gives the variable what it had.
            if word.text.contains(&format!("${{{}", reference.name))
                || word.text.contains(&format!("${}", reference.name))
            {
                found.extend(default_of(&word.text).map(str::to_owned));
                continue;
            }
            found.extend(if word.literal {
                vec![word.text.clone()]
            } else {
                self.expand(&word.text, depth + 1)?
            });
        }
        found.extend((self.environment)(reference.name).filter(|value| !value.contains('$')));
        if found.is_empty() {
            found.extend(reference.default.map(str::to_owned));
        }
        (!found.is_empty()).then_some(found)
    }
}

struct Reference<'t> {
    name: &'t str,
    default: Option<&'t str>,
}

/// The variable at the start of what follows a `$`, and the rest.
fn reference(text: &str) -> Option<(Reference<'_>, &str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(inner) = text.strip_prefix('{') {
        let end = inner.find('}')?;
        let (body, after) = (&inner[..end], &inner[end + 1..]);
        let name_end = body.find(|c| !is_name(c)).unwrap_or(body.len());
        let (name, operator) = body.split_at(name_end);
        let default = operator.strip_prefix(":-").or_else(|| operator.strip_prefix('-'));
        let default = default.or_else(|| operator.strip_prefix(":="));
        let plain =
            !name.is_empty() && (operator.is_empty() || default.is_some_and(|text| !text.contains('$')));
        return plain.then_some((Reference { name, default }, after));
    }
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    (end > 0).then(|| (Reference { name: &text[..end], default: None }, &text[end..]))
}

fn default_of(text: &str) -> Option<&str> {
    let body = text.strip_prefix("${")?.strip_suffix('}')?;
    let (_, default) = body.split_once(":-").or_else(|| body.split_once(":="))?;
    (!default.contains('$')).then_some(default)
}

fn is_mentioned(view: &View<'_, '_>, path: &str) -> bool {
    let stages = view.chain.iter().filter_map(|&index| view.ctx.build.stages.get(index));
    let steps = stages.flat_map(|stage| stage.instructions.iter()).filter(|one| {
        matches!(
            one.keyword(),
            Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir | Keyword::Env | Keyword::Volume
        )
    });
    steps.into_iter().any(|one| {
        let text = view.ctx.file().slice(one.span());
        text.match_indices(path).any(|(at, _)| {
            let after = text[at + path.len()..].chars().next();
            after.is_none_or(|next| !next.is_ascii_alphanumeric() && !matches!(next, '_' | '-' | '.'))
        })
    })
}

/// Every assignment in the scripts.
fn assigned(launched: &Launched) -> BTreeMap<String, Vec<Word>> {
    let mut found: BTreeMap<String, Vec<Word>> = BTreeMap::new();
    for started in &launched.commands {
        let command = &started.command;
        for (name, word) in &command.assignments {
            found.entry(name.clone()).or_default().push(word.clone());
        }
        if matches!(command.name(), Some("export" | "local" | "declare" | "readonly" | "typeset")) {
            for word in command.words.iter().skip(1) {
                if let Some((name, value)) = word.text.split_once('=') {
                    let value = Word { text: value.to_owned(), ..word.clone() };
                    found.entry(name.to_owned()).or_default().push(value);
                }
            }
        }
    }
    found
}
