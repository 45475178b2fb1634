//! What commands that no recipe knows do to the image.

use super::ran::Ran;
use super::view::View;

/// What one command of a RUN does, as far as the runtime stage is concerned. Paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing that lasts or matters at run time: `echo`, `apt-get update`, `rm` of caches.
    Nothing,
    /// Installs packages of the distribution.
    Packages(Vec<String>),
    /// Makes users or groups.
    Account,
    /// Makes folders.
    Folders(Vec<String>),
    /// Writes these files and no others.
    Writes(Vec<String>),
    /// Changes the modes of these files or folders.
    Modes(Vec<String>),
    /// Changes who owns these files or folders.
    Owners(Vec<String>),
    /// It cannot be told.
    Unknown,
}

/// What a command does.
pub(crate) fn of(_view: &View<'_, '_>, ran: &Ran) -> Effect {
    match ran.name() {
        None if ran.command.words.is_empty() && ran.command.redirects.is_empty() => Effect::Nothing,
        Some("cd" | "echo" | "true" | ":" | "set") if ran.command.redirects.is_empty() => Effect::Nothing,
        _ => Effect::Unknown,
    }
}
