//! Which directories go to the user, and where the commands for that stand.

use std::collections::BTreeSet;

use harden_core::syntax::{Instruction, Keyword};
use harden_core::{State, Value};

use super::effective::number;
use super::launch::Launched;
use super::strategy::User;
use super::view::View;
use super::{runs, state, text};

/// Directories of the system. A program has no business owning them.
const SYSTEM: [&str; 36] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib32",
    "/lib64",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/games",
    "/usr/include",
    "/usr/lib",
    "/usr/libexec",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/sbin",
    "/usr/local/share",
    "/usr/sbin",
    "/usr/share",
    "/usr/src",
    "/var",
    "/var/lib",
    "/var/tmp",
];

/// Below these nothing changes owner either.
const SYSTEM_TREES: [&str; 8] =
    ["/bin/", "/boot/", "/dev/", "/etc/", "/proc/", "/sbin/", "/sys/", "/usr/bin/"];

/// What the user gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ownership {
    /// Directories, and whether they have to be made; sorted.
    pub(crate) at_the_end: Vec<(String, bool)>,
    /// Volumes of this stage that stand before its last step: the old builder throws away what a later step does to
    /// them.
    pub(crate) before_volume: Vec<(String, bool)>,
    /// Directories that a step of the file gives to the user already.
    pub(crate) given: Vec<String>,
    /// Every volume the file declares.
    pub(crate) volumes: Vec<String>,
    /// Directories that cannot be written as one word, or belong to the system.
    pub(crate) skipped: Vec<String>,
}

impl Ownership {
    /// All of them.
    pub(crate) fn all(&self) -> BTreeSet<&str> {
        let written = self.at_the_end.iter().chain(&self.before_volume).map(|(path, _)| path);
        written.chain(&self.given).map(String::as_str).collect()
    }

    /// Leaves out what the last `chown` of the file gives to `user` anyway.
    pub(crate) fn leave_given(&mut self, view: &View<'_, '_>, user: &User) {
        let changes = changes(view, user);
        let is_given = |path: &str| {
            let of_path =
                |change: &&Change| change.path == path || (change.deep && runs::is_below(path, &change.path));
            changes.iter().rev().find(of_path).is_some_and(|change| change.to_user)
        };
        // What the file does to a volume below its VOLUME is lost with the old builder.
        let given = self.at_the_end.extract_if(.., |(path, _)| is_given(path));
        self.given.extend(given.map(|(path, _)| path));
    }
}

/// A step that changes the owner of a path, or takes it away.
struct Change {
    path: String,
    /// With everything below.
    deep: bool,
    to_user: bool,
}

fn changes(view: &View<'_, '_>, user: &User) -> Vec<Change> {
    let mut changes = Vec::new();
    runs::walk(view.scopes, &view.chain, |step| {
        let matters = |one: &&runs::Ran| matches!(one.command.name(), Some("chown" | "rm" | "mv"));
        for one in step.commands.iter().filter(matters) {
            let gives = one.command.name() == Some("chown");
            let mut operands = one.command.words.iter().skip(1).filter(|word| !word.text.starts_with('-'));
            let owner = if gives { operands.next().and_then(|owner| step.value(owner)) } else { None };
            let name = owner.as_ref().and_then(|owner| owner.text.split([':', '.']).next());
            let is_user = |name: &str| user.name.as_deref() == Some(name) || number(name) == Some(user.uid);
            let place = &one.command.place;
            let sure = !place.conditional && !place.fallback && place.function.is_none();
            let to_user = sure && name.is_some_and(is_user);
            let deep = !gives || one.command.has_flag(Some('R'), "recursive");
            let paths =
                operands.filter_map(|word| step.value(word)).filter_map(|word| one.absolute(&word.text));
            changes.extend(paths.map(|path| Change { path, deep, to_user }));
        }
    });
    changes
}

/// Directories for the user: where the program works, its volumes, and the places its framework writes to.
pub(crate) fn directories(
    view: &View<'_, '_>,
    launched: &Launched,
    first_volume: Option<Instruction<'_>>,
) -> Ownership {
    let mut found = Ownership::default();
    let mut wanted: Vec<(String, bool)> = Vec::new();
    wanted.extend(working_directory(view).map(|path| (path, false)));
    wanted.extend(state::state_directories(view, launched).into_iter().map(|one| (one.path, true)));
    let early = first_volume.is_some();
    for path in volumes(view) {
        found.volumes.push(path.clone());
        if wanted.iter().any(|(known, _)| *known == path) || !is_own(&path) {
            continue;
        }
        if early && text::is_plain(&path) {
            found.before_volume.push((path, true));
        } else {
            wanted.push((path, true));
        }
    }
    for (path, make) in wanted {
        if !is_own(&path) {
            continue;
        }
        if text::is_plain(&path) {
            found.at_the_end.push((path, make));
        } else {
            found.skipped.push(path);
        }
    }
    for list in [&mut found.at_the_end, &mut found.before_volume] {
        list.sort();
        list.dedup_by(|a, b| a.0 == b.0);
    }
    found
}

/// Whether a directory may belong to a program.
pub(crate) fn is_own(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    path.starts_with('/')
        && !SYSTEM.contains(&path)
        && !SYSTEM_TREES.iter().any(|tree| path.starts_with(tree))
}

/// The working directory, if the file made it: that of a base image has the owner it needs.
fn working_directory(view: &View<'_, '_>) -> Option<String> {
    let Value::Known(path) = &view.end.workdir else { return None };
    let trimmed = path.trim_end_matches('/');
    Some(trimmed.to_owned()).filter(|path| !path.is_empty())
}

/// VOLUME of the chain with variables filled in.
fn volumes(view: &View<'_, '_>) -> Vec<String> {
    let mut paths = Vec::new();
    for &stage in &view.chain {
        view.scopes.walk(stage, |scopes, instruction, state: &State| {
            if instruction.keyword() != Keyword::Volume {
                return;
            }
            for value in instruction.values() {
                let Ok(expanded) = scopes.expand_text(state, &value.text) else { continue };
                let path = expanded.text.trim_end_matches('/').to_owned();
                if path.starts_with('/') && !paths.contains(&path) {
                    paths.push(path);
                }
            }
        });
    }
    paths
}
