//! What a path is to builds and to containers.

use super::SYSTEM;
use crate::multi_stage::split::Split;
use crate::multi_stage::view::View;

/// Settings of tools that fetch and build; they may hold secrets.
pub(super) fn is_setting_of_builds(path: &str) -> bool {
    let home = path.strip_prefix("/root/").or_else(|| {
        let rest = path.strip_prefix("/home/")?;
        rest.split_once('/').map(|(_, rest)| rest)
    });
    let first = home.map(|rest| rest.split('/').next().unwrap_or_default());
    matches!(
        first,
        Some(
            ".npmrc"
                | ".yarnrc"
                | ".yarnrc.yml"
                | ".netrc"
                | ".ssh"
                | ".m2"
                | ".gradle"
                | ".gitconfig"
                | ".cargo"
                | ".docker"
                | ".pip"
                | ".pypirc"
                | ".nuget"
                | ".git-credentials"
                | ".gnupg"
                | ".bashrc"
                | ".profile"
                | ".wgetrc"
                | ".curlrc"
                | ".bundle"
        )
    )
}

/// Whether something that starts names the path.
pub(super) fn is_named(view: &View<'_, '_>, path: &str) -> bool {
    let commands = view.launched.commands.iter().map(|started| &started.command);
    commands.into_iter().any(|command| command.words.iter().any(|word| word.text.contains(path)))
}

/// Whether a path is a folder that the runtime stage makes anew, so that its own mode is lost: COPY keeps the modes of what
/// is in a folder, not that of the folder.
pub(super) fn is_new_folder(view: &View<'_, '_>, split: &Split, path: &str) -> bool {
    let is_workdir = view.end_workdir().is_ok_and(|folder| folder == path);
    is_workdir || split.copies.iter().any(|copy| copy.folder && copy.to == path && !SYSTEM.contains(&path))
}
