//! What a program needs of the image besides Node.js.

use std::collections::BTreeSet;

use harden_core::{Hazard, Place, Value, Why, image_path};

use super::manifest::{self, Lock, Package};
use super::project::{self, Project};
use super::sources;
use super::tables::{self, Need};
use crate::multi_stage::view::View;

/// What the slim image has to get where the builder is the full one.
///
/// # Errors
/// `browser`: a browser is kept outside of the project.
pub(super) fn of(
    view: &View<'_, '_>,
    project: &Project,
    package: Option<&Package>,
    hazards: &mut Vec<Hazard>,
) -> Result<BTreeSet<String>, Why> {
    let mut packages = BTreeSet::new();
    let Some(first) = package else { return Ok(packages) };
    for folder in &project.folders {
        let own = other(view, project, folder, first);
        let Some(own) = own else {
            let message = format!("package.json in `{folder}` could not be read");
            hazards.push(Hazard { id: "context-unknown", message, place: None });
            continue;
        };
        let lock = locked(view, project, folder);
        of_lock(&lock, &own, &mut packages, hazards);
        for name in &own.dependencies {
            match tables::need(name) {
                Some(Need::Browser) => browser(view, name)?,
                Some(Need::Packages(found)) => packages.extend(found.iter().map(|&name| name.to_owned())),
                Some(Need::Open(what) | Need::Caller(what)) => hazards.push(open(name, what)),
                None => {}
            }
        }
    }
    let scan = sources::scan(view, &project.root);
    if let Some(place) = scan.starts {
        hazards.push(starts(place));
    }
    if scan.partial {
        let message =
            "the project has more code than is read, and it may run programs that only the full image has";
        hazards.push(Hazard { id: "sources-unread", message: message.to_owned(), place: None });
    }
    if scan.certificates || reads_certificates(view) {
        packages.insert("ca-certificates".to_owned());
    }
    Ok(packages)
}

/// What of the packages that steps install programs need, where the image stays the same.
///
/// # Errors
/// As [`of`].
pub(super) fn of_same_image(
    view: &View<'_, '_>,
    project: &Project,
    package: Option<&Package>,
    hazards: &mut Vec<Hazard>,
) -> Result<BTreeSet<String>, Why> {
    let mut packages = BTreeSet::new();
    let Some(first) = package else { return Ok(packages) };
    let installed = project::installed(view);
    for folder in &project.folders {
        let Some(own) = other(view, project, folder, first) else { continue };
        let mut names: BTreeSet<String> = own.dependencies.clone();
        if let Lock::Packages(all) = locked(view, project, folder) {
            names.extend(all.into_iter().map(|one| one.name));
        }
        for name in names {
            match tables::need(&name) {
                Some(Need::Browser) if own.dependencies.contains(&name) => browser(view, &name)?,
                Some(Need::Packages(found)) => {
                    packages.extend(
                        found.iter().map(|&name| name.to_owned()).filter(|name| installed.contains(name)),
                    );
                }
                Some(Need::Caller(what))
                    if own.dependencies.contains(&name) && !project.compilers.is_empty() =>
                {
                    hazards.push(Hazard {
                        id: "system-programs",
                        message: format!("`{name}` {what}, and packages that only builds use stay behind"),
                        place: None,
                    });
                }
                _ => {}
            }
        }
    }
    if !project.compilers.is_empty()
        && let Some(place) = sources::scan(view, &project.root).starts
    {
        hazards.push(starts(place));
    }
    Ok(packages)
}

/// `package.json` of a folder; that of the first one was read before.
fn other(view: &View<'_, '_>, project: &Project, folder: &str, first: &Package) -> Option<Package> {
    if project.folders.first().is_some_and(|one| one == folder) {
        return Some(first.clone());
    }
    let file = view.text(&image_path::resolve(folder, "package.json")).ok()?;
    manifest::package(&file.text)
}

/// The lock file of a folder, or of a workspace above it.
fn locked(view: &View<'_, '_>, project: &Project, folder: &str) -> Lock {
    match manifest::lock(view, folder) {
        Lock::Missing if folder != project.root => manifest::lock(view, &project.root),
        lock => lock,
    }
}

fn of_lock(lock: &Lock, package: &Package, packages: &mut BTreeSet<String>, hazards: &mut Vec<Hazard>) {
    let installed = match lock {
        Lock::Packages(installed) => installed,
        Lock::Missing | Lock::Unread(_) if package.dependencies.is_empty() => return,
        Lock::Missing => {
            let message =
                "no lock file is copied, so what dependencies load and run is not known; copy the lock file";
            hazards.push(Hazard { id: "no-lockfile", message: message.to_owned(), place: None });
            return;
        }
        Lock::Unread(name) => {
            let message = format!("{name} could not be read, so what dependencies load and run is not known");
            hazards.push(Hazard { id: "lockfile-unread", message, place: None });
            return;
        }
    };
    for one in installed.iter().filter(|one| !package.dev.contains(&one.name)) {
        match tables::need(&one.name) {
            Some(Need::Packages(found)) => packages.extend(found.iter().map(|&name| name.to_owned())),
            Some(Need::Open(what)) => hazards.push(open(&one.name, what)),
            None if one.native && !tables::is_self_contained(&one.name) => {
                let message = format!(
                    "`{}` has compiled parts or an install script, and what they load is not known",
                    one.name
                );
                hazards.push(Hazard { id: "native-addon", message, place: None });
            }
            Some(Need::Caller(_) | Need::Browser) | None => {}
        }
    }
}

fn open(name: &str, what: &str) -> Hazard {
    let message = format!("`{name}` {what}, which the slim image may not have");
    Hazard { id: "system-programs", message, place: None }
}

fn starts(place: Place) -> Hazard {
    let message = "the program starts other programs, and the image that runs may not have them";
    Hazard { id: "starts-programs", message: message.to_owned(), place: Some(place) }
}

/// Browsers are downloaded into the cache of the user (pptr.dev "Configuration", playwright.dev "Browsers"), unless a
/// variable says no.
fn browser(view: &View<'_, '_>, name: &str) -> Result<(), Why> {
    const SKIPS: [&str; 4] = [
        "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD",
        "PUPPETEER_SKIP_CHROMIUM_DOWNLOAD",
        "PUPPETEER_SKIP_DOWNLOAD",
        "PUPPETEER_EXECUTABLE_PATH",
    ];
    if SKIPS.iter().any(|skip| view.scopes.variable(view.run.end, skip).is_some()) {
        return Ok(());
    }
    let message = format!(
        "`{name}` keeps a browser outside of the project, and it needs libraries that are not listed"
    );
    Err(Why::new("browser", message))
}

/// Whether Node.js is told to read certificates of the image; else it has its own (nodejs.org "Command-line API").
fn reads_certificates(view: &View<'_, '_>) -> bool {
    let value = |name: &str| view.scopes.variable(view.run.end, name).map(|set| set.value);
    let holds = |name: &str, texts: &[&str]| match value(name) {
        Some(Value::Known(text)) => texts.iter().any(|part| text.contains(part)),
        Some(Value::Unknown(_)) => true,
        Some(Value::FromBase) | None => false,
    };
    holds("NODE_EXTRA_CA_CERTS", &["/etc/", "/usr/"])
        || holds("SSL_CERT_FILE", &["/"])
        || holds("SSL_CERT_DIR", &["/"])
        || holds("NODE_OPTIONS", &["--use-openssl-ca", "--use-system-ca"])
        || value("NODE_USE_SYSTEM_CA").is_some()
}
