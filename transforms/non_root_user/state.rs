//! Directories and files a program writes to: what its framework is known to, and what the Dockerfile itself marks as
//! data.

use harden_core::Place;

use super::launch::{Launched, Started};
use super::risk::Risk;
use super::view::View;
use super::{ownership, programs};
use crate::support::base_images::Role;

mod caches;
mod databases;
mod frameworks;
mod marks;

#[cfg(test)]
mod tests;

/// A directory a program writes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StateDirectory {
    /// Absolute path in the image.
    pub(crate) path: String,
    /// How that is known; fit to stand after "because".
    pub(crate) reason: &'static str,
    /// Where it is written.
    pub(crate) place: Option<Place>,
}

/// Most directories that are told.
const MAX_DIRECTORIES: usize = 64;

/// Directories a program writes to, sorted by path, one entry each. No directory of the system, and none that files
/// are copied into, unless its framework is known to write there.
pub(crate) fn state_directories(view: &View<'_, '_>, launched: &Launched) -> Vec<StateDirectory> {
    let mut found = frameworks::directories(view, launched);
    found.extend(marks::directories(view, launched));
    found.extend(of_base(view, launched));
    found.extend(of_servers(launched));
    found.retain(|one| is_state(&one.path));
    found.sort();
    found.dedup_by(|later, first| later.path == first.path);
    found.truncate(MAX_DIRECTORIES);
    found
}

/// What the server of the base image writes to, where it is that what is started.
fn of_base(view: &View<'_, '_>, launched: &Launched) -> Vec<StateDirectory> {
    let Some(entry) = view.base.entry.filter(|entry| entry.role == Role::Server) else { return Vec::new() };
    let command = view.base.command().and_then(|words| words.into_iter().next()).unwrap_or_default();
    let name = command.rsplit('/').next();
    let started = launched.commands.iter().find(|one| !one.health && one.command.name() == name && !one.own);
    let Some(started) = started else { return Vec::new() };
    let reason = "the server of the base image writes to it";
    let directory =
        |path: &&str| StateDirectory { path: (*path).to_owned(), reason, place: started.place.clone() };
    entry.state_dirs.iter().map(directory).collect()
}

/// What well-known servers write to, where the file starts one.
fn of_servers(launched: &Launched) -> Vec<StateDirectory> {
    let started = launched.commands.iter().filter(|one| !one.health && !one.own && one.place.is_some());
    let reason = "the server that is started writes to it";
    let directories = |one: &Started| -> Vec<StateDirectory> {
        let paths = one.command.name().map_or(&[][..], programs::server_directories);
        let directory =
            |path: &&str| StateDirectory { path: (*path).to_owned(), reason, place: one.place.clone() };
        paths.iter().map(directory).collect()
    };
    started.flat_map(directories).collect()
}

/// Directories anybody may write to already: `chmod 777`, those of the base image.
pub(crate) fn open_directories(view: &View<'_, '_>) -> Vec<String> {
    let mut open = marks::Marks::of(view).open.clone();
    open.extend(view.base.entry.into_iter().flat_map(|entry| entry.open_dirs).map(|path| (*path).to_owned()));
    // A volume goes to the user.
    open.extend(view.runtime.volumes.iter().map(|volume| volume.text.clone()).filter(|path| is_state(path)));
    open
}

/// Directories that steps of the chain make.
pub(crate) fn made_directories(view: &View<'_, '_>) -> Vec<String> {
    marks::Marks::of(view).made.iter().map(|(path, _)| path.clone()).collect()
}

/// Hazards of state: files of a database that are copied into the image, caches that belong to root.
pub(crate) fn risks(view: &View<'_, '_>, launched: &Launched) -> Vec<Risk> {
    let mut risks = databases::risks(view);
    risks.extend(environment(view, launched));
    risks.sort();
    risks.dedup();
    risks
}

/// Variables that point tools which are started at directories of root.
pub(crate) fn environment(view: &View<'_, '_>, launched: &Launched) -> Vec<Risk> {
    caches::risks(view, launched)
}

/// Directories below which programs have directories of their own.
const SHARED: [&str; 7] = ["/var/log", "/var/cache", "/var/run", "/var/spool", "/var/www", "/var/db", "/run"];

/// Whether a directory may go to a program.
fn is_state(path: &str) -> bool {
    ownership::is_own(path)
        && !SHARED.contains(&path)
        && !["/root", "/tmp", "/var/tmp", "/usr/lib", "/usr/sbin"].iter().any(|folder| is_in(path, folder))
        && !path.split('/').any(|part| part == "..")
}

/// Whether a path is a folder or lies in it.
fn is_in(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `name` in `folder`, both clean; an absolute name wins.
fn join(folder: &str, name: &str) -> String {
    if name.starts_with('/') {
        return name.trim_end_matches('/').to_owned();
    }
    let name = name.trim_start_matches("./").trim_matches('/');
    if name.is_empty() || name == "." {
        return folder.trim_end_matches('/').to_owned();
    }
    format!("{}/{name}", folder.trim_end_matches('/'))
}
