//! Whether the runtime image has the users that its instructions name.

use harden_core::Why;
use harden_core::syntax::{Flag, Keyword, Reference};

use super::effects::{self, Effect};
use super::moves::{Fate, first_line};
use super::split::Split;
use super::view::{Step, View};
use crate::support::base_images::{self, Family};

/// Accounts of every Debian and Ubuntu (base-passwd).
const DEBIAN: [&str; 18] = [
    "_apt", "backup", "bin", "daemon", "games", "irc", "list", "lp", "mail", "man", "news", "nobody",
    "nogroup", "proxy", "sync", "sys", "uucp", "www-data",
];

/// Checks USER and `--chown` of the runtime stage. `packages`: some are installed, which may make users.
///
/// # Errors
/// `user-missing`.
pub(crate) fn check(view: &View<'_, '_>, split: &Split, fates: &[Fate], packages: bool) -> Result<(), Why> {
    let repository = split.runtime.image.as_ref().map(Reference::repository);
    // Images without a shell get their users as files.
    if packages || !split.runtime.shell || repository == Some(view.image.repository()) {
        return Ok(());
    }
    let made: Vec<String> =
        view.steps.iter().filter(|step| runs(fates, step)).flat_map(|step| made(view, step)).collect();
    for step in &view.steps {
        let instruction = step.instruction;
        let word = match instruction.keyword() {
            Keyword::User => Some(instruction.arguments().text().to_owned()),
            Keyword::Copy | Keyword::Add if runs(fates, step) => {
                instruction.flag("chown").and_then(Flag::value).map(str::to_owned)
            }
            _ => None,
        };
        let Some(word) = word else { continue };
        let Ok(expanded) = view.scopes.expand_text(&step.state, word.trim()) else { continue };
        for name in expanded.text.split(':').filter(|name| !name.is_empty()) {
            if !is_there(split, name) && !made.iter().any(|one| one == name) {
                let message = format!(
                    "`{}` names {name}, which `{}` does not have",
                    first_line(instruction),
                    split.runtime.text
                );
                return Err(Why::new("user-missing", message));
            }
        }
    }
    Ok(())
}

/// Whether the runtime image has a user or group, or a step up to the split makes it.
pub(crate) fn is_known(view: &View<'_, '_>, split: &Split, name: &str) -> bool {
    let repository = split.runtime.image.as_ref().map(Reference::repository);
    let listed = matches!(split.runtime.family, Family::Debian | Family::Ubuntu | Family::Alpine);
    let steps = || view.steps.iter().take(split.last + 1);
    repository == Some(view.image.repository())
        || (listed && is_there(split, name))
        || steps().any(|step| made(view, step).iter().any(|one| one == name))
}

/// Whether a step is part of the runtime stage.
fn runs(fates: &[Fate], step: &Step<'_>) -> bool {
    !matches!(fates.get(step.index), Some(Fate::Build | Fate::Pairs(_)))
}

/// The words of commands that make users and groups.
fn made(view: &View<'_, '_>, step: &Step<'_>) -> Vec<String> {
    let makes = step.ran.iter().filter(|ran| effects::of(view, ran).contains(&Effect::Account));
    makes
        .flat_map(|ran| ran.command.words.iter().skip(1))
        .map(|word| match view.scopes.expand_text(&step.state, &word.text) {
            Ok(expanded) => expanded.text,
            Err(_) => word.text.clone(),
        })
        .filter_map(|text| text.rsplit('=').next().map(str::to_owned))
        .collect()
}

fn is_there(split: &Split, name: &str) -> bool {
    if name == "root" || name.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let entry = split.runtime.image.as_ref().and_then(base_images::find);
    let known = entry.is_some_and(|entry| entry.account(name).is_some());
    let usual = match split.runtime.family {
        Family::Debian | Family::Ubuntu => DEBIAN.contains(&name),
        Family::Alpine => matches!(name, "bin" | "daemon" | "mail" | "nobody" | "nogroup" | "www-data"),
        // Nobody knows which users others have.
        _ => true,
    };
    known || usual
}
