//! What a path is to builds and to containers.

use harden_core::image_path;

use super::SYSTEM;
use super::globs::is_below;
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

/// Whether a path lies in a folder for what builds leave behind, and nothing says that the program lies there, too:
/// people put programs into `/usr/src/app`.
pub(super) fn is_left_behind(view: &View<'_, '_>, path: &str) -> bool {
    let is_any = |folders: &[&str]| folders.iter().any(|folder| is_below(folder, path));
    let is_home =
        |folder: &str| folder != "/" && image_path::resolve("/", folder) == folder && is_below(folder, path);
    if view.end_workdir().is_ok_and(|folder| is_home(&folder)) {
        return false;
    }
    if is_any(&["/usr/src", "/usr/local/src"]) {
        return !view.run.paths.copied().any(|one| one.destination.as_deref().is_ok_and(is_home));
    }
    is_any(&[
        "/tmp",
        "/var/tmp",
        "/var/cache/apt",
        "/var/cache/apk",
        "/var/cache/debconf",
        "/var/cache/dnf",
        "/var/cache/yum",
        "/var/lib/apt",
        "/var/lib/dpkg",
        "/root/.cache",
        "/root/.npm",
    ])
}
