//! Packages of the distribution that the runtime stage needs.

pub(super) mod names;
mod text;

use std::collections::BTreeSet;

use harden_core::{Hazard, Place, Why};

use super::effects::{self, Effect, Manager, Package};
use super::releases;
use super::runtime_image::{self, Release};
use super::split::Split;
use super::view::View;
use crate::support::base_images::{Family, PackageManager};
use names::Use;

/// What installs packages, for the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Install {
    /// Commands of a RUN, without continuations between them.
    pub(crate) commands: Vec<String>,
}

/// What steps up to the split do with packages, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// What is installed and not removed again.
    installed: Vec<Installed>,
    /// All packages are brought up to date.
    upgrade: bool,
    /// Commands that name another server, as they are written.
    mirrors: Vec<String>,
    /// Packages may come from a repository that is not the distribution's.
    foreign: bool,
}

#[derive(Clone, Debug)]
struct Installed {
    package: Package,
    foreign: bool,
}

impl Wanted {
    /// Notes what a command does.
    pub(crate) fn note(&mut self, effect: &Effect) {
        match effect {
            Effect::Packages(packages) => {
                for package in packages {
                    if !self.installed.iter().any(|one| one.package.name() == package.name()) {
                        self.installed.push(Installed { package: package.clone(), foreign: self.foreign });
                    }
                }
            }
            Effect::Unpackages(names) => {
                self.installed.retain(|one| {
                    let group = one.package.group.as_deref();
                    !names.iter().any(|name| name == one.package.name() || Some(name.as_str()) == group)
                });
            }
            Effect::Upgrade => self.upgrade = true,
            Effect::Repository => self.foreign = true,
            _ => {}
        }
    }

    /// Notes a command that names another server.
    pub(crate) fn mirror(&mut self, text: String) {
        if !self.mirrors.contains(&text) {
            self.mirrors.push(text);
        }
    }
}

/// Whether a package is known to be of use for building only.
pub(crate) fn is_build_only(view: &View<'_, '_>, package: &Package) -> bool {
    let release = runtime_image::release(view).ok();
    matches!(names::of(package.name(), family(package.manager), release.as_ref()), Use::Build)
}

/// The names of packages that steps install and the runtime stage gets.
pub(crate) fn kept(view: &View<'_, '_>, wanted: &Wanted) -> Vec<String> {
    let release = runtime_image::release(view).ok();
    let names = wanted.installed.iter().map(|one| &one.package);
    let kept =
        names.filter(|package| match names::of(package.name(), family(package.manager), release.as_ref()) {
            Use::Run => true,
            Use::Fetch(command) => !is_fetched_with(view, package.name(), command),
            Use::Build | Use::Libraries(_) | Use::Unknown => false,
        });
    kept.map(|package| package.name().to_owned()).collect()
}

/// What installs in the runtime stage what `wanted` and [`Split::packages`] name: all that is not known to be for
/// building only, and for headers their library. A package that is neither known nor without headers becomes a hazard.
///
/// # Errors
/// `no-package-manager`: the runtime image cannot install packages. `foreign-repository`: one comes from somewhere else.
pub(crate) fn install(
    view: &View<'_, '_>,
    split: &mut Split,
    wanted: &Wanted,
) -> Result<Option<Install>, Why> {
    let release = runtime_image::release(view).ok();
    let mut list: Vec<String> = Vec::new();
    let mut recommends = false;
    let mut manager = None;
    let mut fetched = BTreeSet::new();
    for one in &wanted.installed {
        let package = &one.package;
        let mut add = |text: String| {
            if !list.contains(&text) {
                list.push(text);
            }
        };
        match names::of(package.name(), family(package.manager), release.as_ref()) {
            Use::Build => continue,
            Use::Fetch(command)
                if !split.packages.contains(package.name())
                    && is_fetched_with(view, package.name(), command) =>
            {
                fetched.insert(command);
                continue;
            }
            Use::Libraries(libraries) => libraries.into_iter().for_each(&mut add),
            Use::Fetch(_) | Use::Run if one.foreign => return Err(foreign(package)),
            Use::Fetch(_) | Use::Run => {
                recommends |= package.recommends;
                add(package.text.clone());
            }
            Use::Unknown => {
                let message = format!(
                    "which library belongs to the package {} is not known; if the program needs it, it is missing \
                     in the runtime stage",
                    package.name()
                );
                let place = Some(Place::Here(view.stage.image.span()));
                split.hazards.push(Hazard { id: "library-unknown", message, place });
                continue;
            }
        }
        manager = manager.or(Some(package.manager));
    }
    if let Some(text) = assumption(&fetched) {
        split.assumptions.push(text);
    }
    for name in &split.packages {
        if !list.iter().any(|have| have.split('=').next() == Some(name.as_str())) {
            list.push(name.clone());
        }
    }
    let runtime = runtime_manager(split);
    let keeps_lists = needs_lists(view, split);
    if list.is_empty() && !keeps_lists && !(wanted.upgrade && runtime.is_some()) {
        return Ok(None);
    }
    let Some(manager) = runtime.or(manager.filter(|_| split.runtime.shell && split.runtime.image.is_some()))
    else {
        let message = format!(
            "`{}` cannot install packages, and the program may need {}",
            split.runtime.text,
            list.join(", ")
        );
        return Err(Why::new("no-package-manager", message));
    };
    if manager == Manager::Apt && !list.is_empty() && wanted.installed.is_empty() {
        split.hazards.extend(archived(view, split.runtime.family, release.as_ref(), &list));
    }
    if let Some(other) = wanted.installed.iter().find(|one| is_other(one.package.manager, manager)) {
        let message = format!("`{}` has no package {}", split.runtime.text, other.package.text);
        return Err(Why::new("other-packages", message));
    }
    let noninteractive = view.ctx.file().text().contains("DEBIAN_FRONTEND");
    let options = text::Options {
        manager,
        recommends,
        upgrade: wanted.upgrade,
        keeps_lists,
        noninteractive: noninteractive || list.iter().any(|name| name == "tzdata"),
        escape: view.ctx.file().escape(),
        newline: view.ctx.file().line_ending(),
    };
    let mut commands = wanted.mirrors.clone();
    commands.extend(text::commands(&options, &list));
    Ok(Some(Install { commands }))
}

/// Whether a step behind the split installs packages with the lists that a step of the builder fetched.
fn needs_lists(view: &View<'_, '_>, split: &Split) -> bool {
    let behind = view.steps.iter().skip(split.last + 1).flat_map(|step| &step.ran);
    let first = behind.flat_map(|ran| effects::of(view, ran)).find_map(|effect| match effect {
        Effect::Refresh => Some(false),
        Effect::Packages(found) => Some(found.iter().any(Package::needs_lists)),
        _ => None,
    });
    first == Some(true)
}

/// Looks for a step behind the split that takes packages away which stay in the builder.
///
/// # Errors
/// `removes-packages`: `apt-get` and `apk` fail where a package is not installed.
pub(crate) fn removed(view: &View<'_, '_>, split: &Split, kept: &[String]) -> Result<(), Why> {
    let mut installed: BTreeSet<String> = kept.iter().cloned().collect();
    for ran in view.steps.iter().skip(split.last + 1).flat_map(|step| &step.ran) {
        for effect in effects::of(view, ran) {
            match effect {
                Effect::Packages(found) => {
                    installed.extend(found.iter().map(|one| one.name().to_owned()));
                    installed.extend(found.into_iter().filter_map(|one| one.group));
                }
                Effect::Unpackages(names) => {
                    if let Some(name) = names.iter().find(|name| !installed.contains(*name)) {
                        let message = format!(
                            "a step behind the build removes {name}, which stays in the builder; remove it in the \
                             step that installs it"
                        );
                        return Err(Why::new("removes-packages", message));
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// The runtime stage is the first to ask for packages, and Debian may have moved those of the release to its archive, where
/// images do not look (debian.org/releases). Tags that move are those of releases that are maintained.
fn archived(
    view: &View<'_, '_>,
    family: Family,
    release: Option<&Release>,
    list: &[String],
) -> Option<Hazard> {
    // Ubuntu's old releases stay where images look until long after their end of life.
    let is_debian = family != Family::Ubuntu;
    let is_numbered =
        || is_debian && view.image.tag_or_latest().starts_with(|first: char| first.is_ascii_digit());
    let what = match release {
        Some(release) if releases::is_archived(release) => {
            format!("the packages of Debian {} are only in its archive any more", release.name)
        }
        None if is_numbered() => {
            format!(
                "which Debian release `{}` has is not known, and it may be an old one",
                view.image.familiar()
            )
        }
        _ => return None,
    };
    let message = format!("{what}, so that {} may not be found there", list.join(", "));
    let place = Some(Place::Here(view.stage.image.span()));
    Some(Hazard { id: "archived-release", message, place })
}

/// Whether the build is known to be what a package for fetching is there for: a RUN uses its command, and nothing that starts
/// does.
fn is_fetched_with(view: &View<'_, '_>, package: &str, command: &str) -> bool {
    if command.is_empty() {
        return true;
    }
    let is_it = |name: Option<&str>| name.is_some_and(|name| name == command);
    let starts = view.launched.commands.iter().any(|started| is_it(started.command.name()));
    // Package managers of languages call git by themselves.
    let by_itself = package.starts_with("git")
        && view.ran().any(|ran| {
            matches!(
                ran.name(),
                Some("go" | "cargo" | "npm" | "yarn" | "pnpm" | "pip" | "pip3" | "composer" | "bundle")
            )
        });
    !starts && (by_itself || view.ran().any(|ran| is_it(ran.name())))
}

fn assumption(fetched: &BTreeSet<&str>) -> Option<String> {
    let names: Vec<&str> = fetched.iter().copied().filter(|name| !name.is_empty()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "the program itself does not run {}, which the build uses to get its sources",
            names.join(", ")
        )
    })
}

/// The packages of the libraries that go with a package of headers, in the builder's release; `None` when they are not
/// known.
pub(crate) fn libraries(view: &View<'_, '_>, family: Family, headers: &str) -> Option<Vec<String>> {
    let release = runtime_image::release(view).ok();
    match names::of(headers, family, release.as_ref()) {
        Use::Libraries(libraries) => Some(libraries),
        _ => None,
    }
}

fn foreign(package: &Package) -> Why {
    let message = format!(
        "the package {} may come from another repository than the distribution's, which the runtime image does not know",
        package.name()
    );
    Why::new("foreign-repository", message)
}

/// Managers of different families of packages.
fn is_other(one: Manager, other: Manager) -> bool {
    family(one) != family(other)
}

/// The kind of packages a manager installs. Ubuntu's are Debian's but for some names.
fn family(manager: Manager) -> Family {
    match manager {
        Manager::Apt => Family::Debian,
        Manager::Apk => Family::Alpine,
        Manager::Dnf | Manager::Microdnf | Manager::Yum => Family::Rhel,
        Manager::Tdnf => Family::Azure,
        Manager::Zypper => Family::Suse,
    }
}

/// The package manager of the runtime image, where that is known.
pub(crate) fn runtime_manager(split: &Split) -> Option<Manager> {
    let image = split.runtime.image.as_ref()?;
    let entry = crate::support::base_images::find(image)?;
    Some(match entry.system.package_manager {
        PackageManager::Apt => Manager::Apt,
        PackageManager::Apk => Manager::Apk,
        PackageManager::Dnf => Manager::Dnf,
        PackageManager::Microdnf => Manager::Microdnf,
        PackageManager::Yum => Manager::Yum,
        PackageManager::Tdnf => Manager::Tdnf,
        PackageManager::Zypper => Manager::Zypper,
        _ => return None,
    })
}
