//! What becomes of the RUN steps up to the split.

mod globs;
mod parts;
mod paths;

use std::collections::BTreeSet;

use harden_core::Why;
use harden_core::shell;
use harden_core::syntax::Instruction;

use super::effects::{self, Effect};
use super::moves::{Fate, first_line, is_carried, is_in_project};
use super::packages::{self, Wanted};
use super::ran::Ran;
use super::releases;
use super::split::{CopyOut, Split};
use super::view::{Step, View};
use crate::support::base_images::Family;
use globs::is_below;
use parts::Parts;
use paths::{is_left_behind, is_named, is_new_folder, is_setting_of_builds};

/// What the RUN steps up to the split leave behind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    /// What they do with packages.
    pub(crate) wanted: Wanted,
    /// Files and folders they write outside of the project.
    written: Vec<CopyOut>,
}

impl Made {
    /// What of the files they write the runtime stage takes over.
    ///
    /// # Errors
    /// `system-folder`: it would be a folder that the runtime image has, too.
    pub(crate) fn copies(&self, view: &View<'_, '_>) -> Result<Vec<CopyOut>, Why> {
        let mut copies: Vec<CopyOut> = Vec::new();
        for one in &self.written {
            let path = one.from.as_str();
            if is_left_behind(view, path) && !is_named(view, path) || is_setting_of_builds(path) {
                continue;
            }
            if one.folder && SYSTEM.contains(&path) {
                let message = format!(
                    "something is unpacked into {path}, and which files these are cannot be told; \
                     use a folder of its own"
                );
                return Err(Why::new("system-folder", message));
            }
            if !copies.iter().any(|other| other.carries(path)) {
                copies.retain(|other| !one.carries(&other.from));
                copies.push(one.clone());
            }
        }
        Ok(copies)
    }

    fn write(&mut self, split: &Split, path: String, folder: bool) {
        if !is_carried(split, &path) && !is_in_project(split, &path) {
            let one = if folder { CopyOut::folder(path) } else { CopyOut::file(path) };
            self.written.push(one);
        }
    }

    fn has(&self, path: &str) -> bool {
        self.written.iter().any(|one| one.carries(path))
    }

    /// Forgets what is removed. A pattern matches within one folder.
    fn remove(&mut self, path: &str) {
        self.written.retain(|one| !is_below(path, &one.from));
    }
}

/// Folders that every image has; what is in them is not known.
const SYSTEM: [&str; 24] = [
    "/",
    "/bin",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/opt",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/usr",
    "/usr/bin",
    "/usr/include",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/sbin",
    "/usr/local/share",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/lib",
];

/// What a RUN becomes.
///
/// # Errors
/// `unknown-step`, `mixed-step`, `no-shell`.
pub(crate) fn run(
    view: &View<'_, '_>,
    split: &mut Split,
    step: &Step<'_>,
    made: &mut Made,
) -> Result<Fate, Why> {
    if !step.is_read {
        return Err(unknown(step.instruction, "it could not be read"));
    }
    let mut again: BTreeSet<usize> = BTreeSet::new();
    let mut whole = Whole { possible: true, refreshed: false, installs: false };
    let mut after: BTreeSet<usize> = BTreeSet::new();
    let mut packages = Vec::new();
    let mut mirrors = Vec::new();
    let mut noted = Vec::new();
    let mut folders: Vec<(usize, String)> = Vec::new();
    for (index, ran) in step.ran.iter().enumerate() {
        if split.explained.contains(&ran.at) {
            whole.possible = false;
            continue;
        }
        for effect in effects::of(view, ran) {
            noted.push(effect.clone());
            match effect {
                Effect::Packages(found) => {
                    whole.installs = true;
                    whole.possible &= !found.iter().any(|one| packages::is_build_only(view, one));
                    whole.refreshed |= found.iter().all(|one| !one.needs_lists());
                    packages.push(index);
                }
                Effect::Refresh => whole.refreshed = true,
                Effect::Unpackages(_) | Effect::Upgrade => {}
                Effect::Repository => whole.possible = false,
                Effect::Mirror => mirrors.push(index),
                Effect::Account => {
                    again.insert(index);
                }
                Effect::System => {
                    let collects =
                        matches!(ran.name(), Some("update-ca-certificates" | "update-ca-trust" | "fc-cache"));
                    let late = !made.written.is_empty() || is_carried(split, "/usr/local/share");
                    let side = if collects && late { &mut after } else { &mut again };
                    side.insert(index);
                }
                Effect::Folders(paths) => {
                    for path in paths {
                        // `install -d -o`, `mkdir -m`: the folder itself does not come with what is in it.
                        let has_own =
                            ran.name() == Some("install") || ran.command.has_flag(Some('m'), "mode");
                        if has_own && is_new_folder(view, split, &path) {
                            folders.push((index, path));
                            continue;
                        }
                        let is_never_run = is_left_behind(view, &path) || is_setting_of_builds(&path);
                        if is_carried(split, &path) || made.has(&path) || is_never_run {
                            continue;
                        }
                        folders.push((index, path));
                    }
                }
                Effect::Writes(paths) => {
                    for path in paths {
                        made.write(split, path, false);
                    }
                    whole.possible = false;
                }
                Effect::Trees(paths) => {
                    for path in paths {
                        made.write(split, path, true);
                    }
                    whole.possible = false;
                }
                Effect::Removes(paths) => {
                    for path in paths {
                        let settings = path.starts_with("/etc/") && !made.has(&path);
                        let is_repeated =
                            settings || (!made.has(&path) && comes_again(view, split, step, ran, &path));
                        made.remove(&path);
                        if is_repeated && split.runtime.shell {
                            again.insert(index);
                        }
                    }
                }
                Effect::Links(paths) => {
                    let zone = |word: &shell::Word| word.text.contains("/usr/share/zoneinfo");
                    if ran.command.words.iter().any(zone) && split.runtime.shell && !has_zones(split) {
                        split.packages.insert("tzdata".to_owned());
                    }
                    if paths.iter().any(|path| !is_carried(split, path) && !is_in_project(split, path)) {
                        again.insert(index);
                    }
                }
                Effect::Edits(ref paths) | Effect::Modes(ref paths) => {
                    let gone = |path: &String| {
                        !is_carried(split, path)
                            && !is_in_project(split, path)
                            && !made.has(path)
                            && !is_left_behind(view, path)
                    };
                    let is_mode = matches!(effect, Effect::Modes(_));
                    if paths.iter().any(gone) {
                        let late = paths.iter().any(|path| is_brought(split, made, path));
                        let side = if late { &mut after } else { &mut again };
                        side.insert(index);
                    } else if is_mode && paths.iter().any(|path| is_new_folder(view, split, path)) {
                        after.insert(index);
                    }
                }
                Effect::Owners(paths) => {
                    for path in paths {
                        let is_made = folders.iter().any(|(_, folder)| is_below(folder, &path))
                            && !split.copies.iter().any(|copy| is_below(&path, &copy.to));
                        let is_here =
                            is_brought(split, made, &path) || (is_in_project(split, &path) && !is_made);
                        let side = if is_here { &mut after } else { &mut again };
                        side.insert(index);
                    }
                }
                Effect::Unknown(why) => return Err(unknown(step.instruction, &why)),
            }
        }
    }
    for (index, path) in folders {
        if made.has(&path) {
            continue;
        }
        if split.runtime.shell {
            // Before the files: without `-p` it fails when WORKDIR or COPY made the folder.
            again.insert(index);
        } else {
            split.copies.push(CopyOut::folder(path));
        }
    }
    let parts = Parts::read(view, step);
    for index in mirrors {
        let Some(text) = parts.as_ref().and_then(|parts| parts.text(index)) else {
            return Err(mixed(step.instruction));
        };
        made.wanted.mirror(text);
    }
    if parts.is_none() && !packages.is_empty() {
        // Under a condition, nobody knows whether they are installed.
        again.extend(packages);
    }
    let fate = fate(split, step, (again, after), &whole, parts.as_ref())?;
    // A step that is repeated as a whole installs its packages itself.
    let by_itself = whole.installs && matches!(fate, Fate::Both | Fate::BothAfterCopies);
    for effect in &noted {
        if !(by_itself && matches!(effect, Effect::Packages(_))) {
            made.wanted.note(effect);
        }
    }
    Ok(fate)
}

/// What the step becomes when these of its commands are repeated, before and after the files of the builder.
fn fate(
    split: &Split,
    step: &Step<'_>,
    (mut again, after): (BTreeSet<usize>, BTreeSet<usize>),
    whole: &Whole,
    parts: Option<&Parts<'_>>,
) -> Result<Fate, Why> {
    if again.is_empty() && after.is_empty() {
        return Ok(Fate::Build);
    }
    if !split.runtime.shell {
        let message = format!("`{}` needs a shell in the image that runs", first_line(step.instruction));
        return Err(Why::new("no-shell", message));
    }
    let all = again.union(&after).count() == step.ran.len();
    let whole = all || (whole.possible && parts.is_none() && (!whole.installs || whole.refreshed));
    match (again.is_empty(), after.is_empty()) {
        (_, true) if whole => return Ok(Fate::Both),
        (true, _) if whole => return Ok(Fate::BothAfterCopies),
        _ => {}
    }
    let parts = parts.ok_or_else(|| mixed(step.instruction))?;
    let texts = |indices| parts.texts(indices).ok_or_else(|| mixed(step.instruction));
    again.retain(|index| !after.contains(index));
    Ok(Fate::Part { before: texts(&again)?, after: texts(&after)? })
}

/// Whether what is repeated of a RUN has to be repeated in the folder it ran in: it names a path relative to it, makes
/// a folder in it, or nobody can tell.
pub(crate) fn needs_workdir(view: &View<'_, '_>, step: &Step<'_>, fate: &Fate) -> bool {
    let is_repeated = |ran: &&Ran| {
        let Fate::Part { before, after } = fate else { return true };
        let name = ran.command.words.first().map_or("", |word| word.text.as_str());
        before.iter().chain(after).any(|text| text.contains(name))
    };
    let inside = |path: &String| {
        let here = step.workdir.as_deref().unwrap_or("/");
        here != "/" && path != here && is_below(here, path)
    };
    let anywhere = |ran: &Ran| {
        let moved = Ran { workdir: None, ..ran.clone() };
        let effects = effects::of(view, &moved);
        effects == effects::of(view, ran)
            && !effects.iter().any(|one| match one {
                Effect::Folders(paths) => paths.iter().any(inside),
                one => matches!(one, Effect::Unknown(_)),
            })
    };
    !step.is_read || !step.ran.iter().filter(is_repeated).all(anywhere)
}

/// Whether a step can be repeated as a whole.
struct Whole {
    possible: bool,
    refreshed: bool,
    installs: bool,
}

fn unknown(instruction: Instruction<'_>, why: &str) -> Why {
    let message = format!("what `{}` does to the image cannot be told: {why}", first_line(instruction));
    Why::new("unknown-step", message)
}

fn mixed(instruction: Instruction<'_>) -> Why {
    let message = format!(
        "`{}` does both, what only the build needs and what the image needs; split it into two RUN",
        first_line(instruction)
    );
    Why::new("mixed-step", message)
}

/// Whether the image has time zones: Debian's has up to release 12, where tzdata was required (packages.debian.org).
fn has_zones(split: &Split) -> bool {
    let release = split.runtime.image.as_ref().and_then(releases::by_reference);
    release.is_some_and(|release| {
        release.family == Family::Debian
            && matches!(release.name.as_str(), "stretch" | "buster" | "bullseye" | "bookworm")
    })
}

/// Whether a COPY that the runtime stage repeats brings what `ran` removes at `path`. Without `-f`, `rm` fails where there
/// is nothing, so that it has to be known.
fn comes_again(view: &View<'_, '_>, split: &Split, step: &Step<'_>, ran: &Ran, path: &str) -> bool {
    if is_left_behind(view, path) && !is_below("/tmp", path) {
        return false;
    }
    let at = step.instruction.span().start;
    let repeated = |to: &str| !is_carried(split, to) && !is_in_project(split, to);
    let brings = view.run.paths.copied().filter(|one| one.instruction.span().start < at).any(|one| {
        let to = one.destination.as_deref();
        to.is_ok_and(|to| repeated(to) && (is_below(to, path) || is_below(path, to)))
    });
    let forced = ran.name() == Some("rm") && ran.command.has_flag(Some('f'), "force");
    // A pattern that matches nothing would have failed before, too.
    let is_pattern = path.contains(['*', '?', '[']);
    let is_known = || {
        is_pattern
            || view
                .files()
                .map_or(true, |files| files.all.contains_key(path) || files.below(path).next().is_some())
    };
    brings && (forced || is_known())
}

/// Whether what is at a path, or something below it, comes with the files of the builder.
fn is_brought(split: &Split, made: &Made, path: &str) -> bool {
    let below = |copy: &CopyOut| is_below(path, &copy.to);
    is_carried(split, path)
        || made.has(path)
        || split.copies.iter().any(below)
        || made.written.iter().any(below)
}
