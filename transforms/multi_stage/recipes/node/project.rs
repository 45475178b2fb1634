//! The project a Node.js image builds: where it lies, what works on it and when that is done.

use std::collections::BTreeSet;

use harden_core::syntax::Keyword;
use harden_core::{Hazard, Place, Value, Why, image_path};

use super::commands::{self, Kind, Manager, Work};
use super::programs;
use super::tables;
use crate::multi_stage::effects::{self, Effect};
use crate::multi_stage::ran::Ran;
use crate::multi_stage::split::CopyOut;
use crate::multi_stage::view::{Step, View};
use crate::support::image_paths::CopyKind;

/// What RUN steps do with it.
#[derive(Clone, Debug)]
pub(in crate::multi_stage::recipes) struct Project {
    /// The folder that holds all of it; an absolute path.
    pub(in crate::multi_stage::recipes) root: String,
    /// The folders package managers work in, in the order of the file, each once.
    pub(in crate::multi_stage::recipes) folders: Vec<String>,
    /// The last step that works on it.
    pub(in crate::multi_stage::recipes) last: usize,
    /// Commands that only work on it, or only matter to builds.
    pub(in crate::multi_stage::recipes) explained: BTreeSet<(usize, usize)>,
    /// The package manager that installs; the last one where there are more.
    pub(super) manager: Option<Manager>,
    /// Names of the scripts and tools that run; `None` where a name is not literal.
    pub(in crate::multi_stage::recipes) scripts: Vec<Option<String>>,
    /// Dev dependencies are installed, and nothing takes them away.
    pub(super) has_dev: bool,
    /// Packages that are installed for the whole image before [`Self::last`], that programs may use and that cannot
    /// simply be installed in the runtime stage as well.
    pub(in crate::multi_stage::recipes) global: Vec<String>,
    /// What steps put beside the project in `/usr/src`, where Node.js looks for modules, too (nodejs.org "Modules:
    /// `CommonJS` modules", "Loading from `node_modules` folders"); elsewhere sources in `/usr/src` are only for builds.
    pub(super) beside: Vec<CopyOut>,
    /// Packages of the distribution that compile and stay installed.
    pub(super) compilers: BTreeSet<String>,
}

/// Reads it. `is_full` says that the image has more programs than the one to run in. `None`: no step installs
/// dependencies or runs scripts.
pub(in crate::multi_stage::recipes) fn read(
    view: &View<'_, '_>,
    is_full: bool,
) -> Option<Result<Project, Why>> {
    let works: Vec<Work> = view.ran().filter_map(commands::read).collect();
    let is_project = |work: &&Work| matches!(work.kind, Kind::Install { .. } | Kind::Script(_) | Kind::Prune);
    let last = works.iter().filter(is_project).map(|work| work.at.0).max()?;
    Some(project(view, &works, last, is_full))
}

fn project(view: &View<'_, '_>, works: &[Work], last: usize, is_full: bool) -> Result<Project, Why> {
    let mut project = Project {
        root: String::new(),
        folders: Vec::new(),
        last,
        explained: BTreeSet::new(),
        manager: None,
        scripts: Vec::new(),
        has_dev: false,
        global: Vec::new(),
        beside: Vec::new(),
        compilers: BTreeSet::new(),
    };
    for work in works {
        match &work.kind {
            Kind::Install { manager, dev } => {
                project.manager = Some(*manager);
                let without = || view.steps.get(work.at.0).is_some_and(|step| is_production(view, step));
                project.has_dev = dev.unwrap_or_else(|| !without());
            }
            Kind::Script(name) => project.scripts.push(name.clone()),
            Kind::Prune => project.has_dev = false,
            Kind::Global(_) | Kind::Housekeeping | Kind::Files(_) => continue,
        }
        let folder = work.folder.clone().ok_or_else(|| {
            Why::new("workdir-unknown", "a package manager works in a folder that is not known; set WORKDIR")
        })?;
        if !project.folders.contains(&folder) {
            project.folders.push(folder);
        }
    }
    project.last = housekeeping(view, works, last);
    let removes =
        |ran: &Ran| effects::of(view, ran).iter().any(|effect| matches!(effect, Effect::Unpackages(_)));
    let removing = view.steps.iter().filter(|step| step.ran.iter().any(removes)).map(|step| step.index);
    project.last = removing.max().map_or(project.last, |index| index.max(project.last));
    if is_full {
        project.last = full_image(view, works, project.last);
    }
    project.root = root(view, &project)?;
    let tools = view.ran().any(|ran| installs_tools(view, ran));
    for work in works.iter().filter(|work| work.at.0 <= project.last) {
        let is_explained = match &work.kind {
            // Settings of npm hold for packages that the runtime stage installs, too.
            Kind::Housekeeping if tools && is_setting(view, work) => false,
            Kind::Install { .. } | Kind::Script(_) | Kind::Prune | Kind::Housekeeping => true,
            Kind::Global(names) => {
                let only_builds = !names.is_empty() && names.iter().all(|name| is_builder(name));
                if !only_builds && !names.iter().all(|name| is_repeated(name) || is_builder(name)) {
                    project.global.extend(names.iter().cloned());
                }
                only_builds
            }
            Kind::Files(paths) => paths.iter().all(|path| is_below(&project.root, path)),
        };
        if is_explained {
            project.explained.insert(work.at);
        }
    }
    project.beside = beside(view, &project);
    project.compilers = view.ran().flat_map(compilers).collect();
    for ran in view.ran().filter(|ran| matches!(ran.name(), Some("apk" | "apt-get" | "apt"))) {
        let words = || ran.command.words.iter().map(|word| word.text.as_str());
        if words().any(|word| matches!(word, "del" | "purge" | "remove" | "autoremove")) {
            project.compilers.retain(|name| !words().any(|word| word == name));
        }
    }
    Ok(project)
}

/// Steps right behind the last one that do nothing but clean up belong to the builder.
fn housekeeping(view: &View<'_, '_>, works: &[Work], last: usize) -> usize {
    let cleans = |ran: &Ran| works.iter().any(|work| work.at == ran.at && work.kind == Kind::Housekeeping);
    let behind = view.steps.iter().skip(last + 1);
    let count =
        behind.take_while(|step| !step.ran.is_empty() && step.is_read && step.ran.iter().all(cleans)).count();
    last + count
}

/// Steps behind the last one that need programs of the full image belong to the builder, as do those of which nobody
/// knows what they need.
fn full_image(view: &View<'_, '_>, works: &[Work], last: usize) -> usize {
    let installed = installed(view);
    let needs = |ran: &Ran| {
        if works.iter().any(|work| work.at == ran.at && matches!(work.kind, Kind::Global(_))) {
            return false;
        }
        let name = ran.name().unwrap_or_default();
        match programs::full_program(name) {
            Some(packages) => !packages.iter().any(|package| installed.contains(*package)),
            None => effects::of(view, ran).iter().any(|effect| matches!(effect, Effect::Unknown(_))),
        }
    };
    let behind = view.steps.iter().skip(last + 1);
    behind
        .filter(|step| !step.is_read || step.ran.iter().any(needs))
        .map(|step| step.index)
        .max()
        .unwrap_or(last)
}

/// See [`Project::beside`].
fn beside(view: &View<'_, '_>, project: &Project) -> Vec<CopyOut> {
    const SOURCES: &str = "/usr/src";
    if !is_below(SOURCES, &project.root) {
        return Vec::new();
    }
    let steps = view.ran().filter(|ran| ran.at.0 <= project.last && !project.explained.contains(&ran.at));
    let effects = steps.flat_map(|ran| effects::of(view, ran));
    let written = effects.filter_map(|effect| match effect {
        Effect::Trees(paths) | Effect::Writes(paths) => Some(paths),
        _ => None,
    });
    let mut made: Vec<CopyOut> = Vec::new();
    for path in written.flatten() {
        let is_beside = path != SOURCES && is_below(SOURCES, &path) && !is_below(&project.root, &path);
        if is_beside && !made.iter().any(|copy| copy.carries(&path)) {
            made.push(CopyOut::folder(path));
        }
    }
    made
}

/// Packages of the distribution that steps install.
pub(super) fn installed(view: &View<'_, '_>) -> BTreeSet<String> {
    let effects = view.ran().flat_map(|ran| effects::of(view, ran));
    let packages = effects.filter_map(|effect| match effect {
        Effect::Packages(packages) => Some(packages),
        _ => None,
    });
    packages.flatten().map(|package| package.name().to_owned()).collect()
}

/// Whether the folder of the project may belong to another user than root in the builder: what is copied into it keeps
/// its owner, but not the folder itself, which is root's unless WORKDIR makes it before for the user who has it in the
/// builder. Where a RUN says who owns it, that is repeated.
pub(super) fn foreign_owner(view: &View<'_, '_>, project: &Project) -> Option<Hazard> {
    let is_root = |user: &str| matches!(user.split(':').next(), Some("root" | "0" | ""));
    let step = view.steps.iter().take(project.last + 1).find(|step| match &step.state.user {
        Value::Known(user) => !is_root(user),
        Value::FromBase => false,
        Value::Unknown(_) => true,
    })?;
    let owns = |ran: &Ran| {
        effects::of(view, ran)
            .iter()
            .any(|effect| matches!(effect, Effect::Owners(paths) if paths.contains(&project.root)))
    };
    if view.ran().any(owns) || is_entered(view, project) {
        return None;
    }
    let message = format!(
        "the builder works as another user than root, to whom `{}` may belong; in the runtime stage the folder itself is \
         root's, and programs cannot make files in it",
        project.root
    );
    Some(Hazard { id: "folder-owner", message, place: Some(Place::Here(step.instruction.span())) })
}

/// Whether the runtime stage makes the folder with WORKDIR before it takes the files, so that it gets its owner.
fn is_entered(view: &View<'_, '_>, project: &Project) -> bool {
    let here = match view.steps.get(project.last + 1) {
        Some(next) if next.instruction.keyword() == Keyword::Workdir => return false,
        Some(next) => next.workdir.clone(),
        None => view.end_workdir(),
    };
    here.is_ok_and(|here| is_below(&project.root, &here))
}

/// Whether `NODE_ENV` keeps dev dependencies from being installed (npm-install(1), "omit").
fn is_production(view: &View<'_, '_>, step: &Step<'_>) -> bool {
    let set = view.scopes.variable(&step.state, "NODE_ENV");
    set.is_some_and(|set| set.argument.is_none() && set.value == Value::Known("production".to_owned()))
}

/// Whether a package for the whole image is only used by builds; a version may stand behind its name.
fn is_builder(name: &str) -> bool {
    programs::GLOBAL_BUILDERS.binary_search(&bare(name)).is_ok()
}

/// Whether a package for the whole image can be installed in the runtime stage as well.
fn is_repeated(name: &str) -> bool {
    programs::GLOBAL_TOOLS.binary_search(&bare(name)).is_ok()
}

/// Whether a command installs packages for the whole image that programs use and that any image with npm can install.
pub(in crate::multi_stage) fn installs_tools(view: &View<'_, '_>, ran: &Ran) -> bool {
    if !matches!(ran.name(), Some("npm" | "yarn")) || !super::tag::is_node(view.image) {
        return false;
    }
    let Some(Work { kind: Kind::Global(names), .. }) = commands::read(ran) else { return false };
    !names.is_empty() && names.iter().all(|name| is_repeated(name) || is_builder(name))
}

/// Whether a command sets an option of a package manager: `npm config set registry …`.
fn is_setting(view: &View<'_, '_>, work: &Work) -> bool {
    view.ran().any(|ran| ran.at == work.at && sets_option(ran))
}

/// As [`is_setting`].
pub(in crate::multi_stage) fn sets_option(ran: &Ran) -> bool {
    let words: Vec<&str> = ran.command.words.iter().take(3).map(|word| word.text.as_str()).collect();
    matches!(words.as_slice(), ["npm" | "yarn", "config", "set"] | ["npm", "set", _])
}

/// The name of `name@version`.
fn bare(name: &str) -> &str {
    let at = name.match_indices('@').map(|(at, _)| at).find(|&at| at > 0);
    at.and_then(|at| name.get(..at)).unwrap_or(name)
}

/// Packages that compile, of a command that installs them for good: `apk add --virtual` is taken back later.
fn compilers(ran: &Ran) -> Vec<String> {
    let words = || ran.command.words.iter().skip(1).map(|word| word.text.as_str());
    let installs = match ran.name() {
        Some("apk") => {
            words().any(|word| word == "add")
                && !words().any(|word| word == "-t" || word.starts_with("--virtual"))
        }
        Some("apt-get" | "apt") => words().any(|word| word == "install"),
        _ => false,
    };
    let known = |word: &&str| tables::COMPILERS.binary_search(word).is_ok();
    if installs { words().filter(known).map(str::to_owned).collect() } else { Vec::new() }
}

/// The folder that holds everything package managers work on, and what is copied beside it.
fn root(view: &View<'_, '_>, project: &Project) -> Result<String, Why> {
    let mut root = project.folders.first().cloned().unwrap_or_default();
    for folder in &project.folders {
        root = common(&root, folder);
    }
    for copied in view.run.paths.copied() {
        let is_context = copied.sources.iter().any(|source| matches!(source.kind, CopyKind::Context));
        let Ok(destination) = &copied.destination else { continue };
        let both = common(&root, destination);
        if is_context && !is_system(&both) {
            root = both;
        }
    }
    if is_system(&root) {
        let message = format!(
            "the project lies in `{root}` among files of the system, so it cannot be copied as a whole; give it a \
             folder of its own with WORKDIR"
        );
        return Err(Why::new("project-among-system", message));
    }
    Ok(root)
}

/// The innermost folder both lie in, or are.
fn common(one: &str, other: &str) -> String {
    let parts = one.split('/').zip(other.split('/'));
    let same: Vec<&str> = parts.take_while(|(one, other)| one == other).map(|(one, _)| one).collect();
    image_path::resolve("/", &same.join("/"))
}

/// Folders that the image itself has things in. `/opt` has Yarn.
fn is_system(folder: &str) -> bool {
    const SYSTEM: [&str; 14] = [
        "/",
        "/bin",
        "/boot",
        "/etc",
        "/home",
        "/lib",
        "/opt",
        "/root",
        "/sbin",
        "/tmp",
        "/usr",
        "/usr/bin",
        "/usr/local",
        "/var",
    ];
    SYSTEM.contains(&folder)
        || ["/etc/", "/lib/", "/usr/lib/", "/usr/local/", "/usr/share/", "/dev", "/proc", "/sys", "/root/."]
            .iter()
            .any(|prefix| folder.starts_with(prefix))
}

/// Whether `path` is `folder` or lies in it.
pub(in crate::multi_stage::recipes) fn is_below(folder: &str, path: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_in_common() {
        assert_eq!(common("/app/client", "/app/server"), "/app");
        assert_eq!(common("/app", "/app/package.json"), "/app");
        assert_eq!(common("/app", "/application"), "/");
        assert_eq!(common("/usr/src/app", "/usr/local/bin/x"), "/usr");
        assert!(
            is_system("/usr")
                && is_system("/usr/local/app")
                && !is_system("/usr/src/app")
                && !is_system("/app")
        );
        assert!(is_below("/app", "/app") && is_below("/app", "/app/x") && !is_below("/app", "/apple"));
    }
}
