//! One hardened Dockerfile and everything its notes are made from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use dockerfile_syntax::Dockerfile;
use harden_core::{Build, Service, ServiceKind};

use super::image::Image;
use super::known::Known;
use super::profile::Profile;
use super::services::{self, Inner, Listed};
use super::words::{clean, label};
use crate::discover::{Candidate, ContextOrigin};

/// What a page of notes is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    pub(super) known: Known,
    /// File name of the Dockerfile.
    pub(super) name: String,
    /// How to run the last stage by hand.
    pub(super) profile: Profile,
    /// Services of compose files that run it, by name.
    pub(super) services: Vec<Served>,
    /// The build context, relative to the folder of the Dockerfile; `None` when it is not known.
    pub(super) context: Option<String>,
    /// Targets of bake files that build it, and the build context as their file sees it.
    pub(super) bake: BTreeMap<String, Option<String>>,
    /// The image, where a compose file names it.
    pub(super) image: Option<String>,
}

/// A service that runs the image.
#[derive(Clone, Debug, Default)]
pub(super) struct Served {
    pub(super) name: String,
    /// The compose file, relative to the folder of the Dockerfile.
    pub(super) file: String,
    /// The build context, relative to the folder of the compose file.
    pub(super) context: Option<String>,
    /// The folder of the Dockerfile, relative to that of the compose file: empty or with a slash at its end.
    pub(super) way: String,
    pub(super) profile: Profile,
    /// It sets `user:`.
    pub(super) has_user: bool,
    /// What the compose file itself says.
    pub(super) listed: Listed,
    /// Services that only others talk to.
    pub(super) inner: Option<Inner>,
}

impl Subject {
    /// About the text a Dockerfile has after its fixes. Reads the compose files that name it.
    pub(super) fn new(known: Known, candidate: &Candidate, path: &Path, text: &str) -> Self {
        let file = Dockerfile::parse(text);
        let build = Build::new(&file);
        let setup = &candidate.setup;
        let last = build.stages.len().saturating_sub(1);
        let profile = Profile::new(&known, &Image::of(&build, setup, last), None);
        let folder = folder_of(path);
        let mut unique = BTreeMap::new();
        // Of a service in several files the one with the last word.
        for service in &setup.services {
            unique.insert(service.name.as_str(), service);
        }
        let mut files = BTreeMap::new();
        let services: Vec<Served> = unique
            .into_values()
            .map(|service| {
                let target = service.target.as_deref().and_then(|name| build.stage_named(name));
                let image = Image::of(&build, setup, target.map_or(last, |stage| stage.index));
                let listed =
                    files.entry(&service.file).or_insert_with(|| services::read(Path::new(&service.file)));
                let profile = Profile::new(&known, &image, Some(service));
                served(service, profile, candidate, folder, listed)
            })
            .collect();
        let mut images = services.iter().filter_map(|one| one.listed.image.as_deref());
        let image = images.next().filter(|first| images.all(|one| one == *first)).map(clean);
        let bake = setup.sources.iter().filter_map(|source| {
            let (file, target) = source.split_once(": target.")?;
            Some((clean(target), context(candidate, folder_of(Path::new(file)))))
        });
        Self {
            name: clean(&path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default()),
            profile,
            image,
            context: context(candidate, folder),
            bake: bake.collect(),
            services,
            known,
        }
    }

    /// What stands for the image in commands.
    pub(super) fn image(&self) -> &str {
        self.image.as_deref().unwrap_or("IMAGE")
    }

    /// What the container is called in examples.
    pub(super) fn container(&self) -> &str {
        match self.services.as_slice() {
            [only] => &only.name,
            _ => "app",
        }
    }

    /// The same where only a label will do.
    pub(super) fn label(&self) -> String {
        Some(label(self.container())).filter(|label| !label.is_empty()).unwrap_or_else(|| "app".to_owned())
    }
}

fn served(
    service: &Service,
    profile: Profile,
    candidate: &Candidate,
    folder: &Path,
    listed: &[Listed],
) -> Served {
    let file = Path::new(&service.file);
    let way = relative(folder_of(file), folder).filter(|way| way != ".").map(|way| format!("{way}/"));
    Served {
        name: clean(&service.name),
        file: clean(&shown_from(folder, file)),
        context: context(candidate, folder_of(file)),
        way: way.as_deref().map(clean).unwrap_or_default(),
        has_user: service.settings.iter().any(|one| matches!(one.kind, ServiceKind::User(_))),
        inner: services::inner(listed, &service.name),
        listed: listed.iter().find(|one| one.name == service.name).cloned().unwrap_or_default(),
        profile,
    }
}

/// The build context as `folder` sees it.
fn context(candidate: &Candidate, folder: &Path) -> Option<String> {
    if matches!(candidate.context_origin, ContextOrigin::Ambiguous(_) | ContextOrigin::None) {
        return None;
    }
    relative(folder, candidate.context.as_deref()?).as_deref().map(clean)
}

/// The folder a file is in, as it is spelled.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn shown_from(folder: &Path, file: &Path) -> String {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match relative(folder, folder_of(file)) {
        Some(way) if way != "." => format!("{way}/{name}"),
        _ => name,
    }
}

/// The way from one folder to another with slashes; `.` for the same one. `None` when one of them is not there, or on
/// another drive. It is the same on every machine, unlike either path.
pub(super) fn relative(from: &Path, to: &Path) -> Option<String> {
    let (from, to) = (fs::canonicalize(from).ok()?, fs::canonicalize(to).ok()?);
    way(&from, &to)
}

fn way(from: &Path, to: &Path) -> Option<String> {
    let common: PathBuf =
        from.components().zip(to.components()).take_while(|(a, b)| a == b).map(|(part, _)| part).collect();
    let mut parts = Vec::new();
    for part in from.strip_prefix(&common).ok()?.components() {
        let Component::Normal(_) = part else { return None };
        parts.push("..".to_owned());
    }
    for part in to.strip_prefix(&common).ok()?.components() {
        let Component::Normal(name) = part else { return None };
        parts.push(name.to_string_lossy().into_owned());
    }
    Some(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_relative() {
        let go = |from: &str, to: &str| way(Path::new(from), Path::new(to));
        assert_eq!(go("/a/b", "/a/b").as_deref(), Some("."));
        assert_eq!(go("/a/b c", "/a").as_deref(), Some(".."));
        assert_eq!(go("/a", "/a/b c/d").as_deref(), Some("b c/d"));
        assert_eq!(go("/a/x", "/b/y").as_deref(), Some("../../b/y"));
        #[cfg(windows)]
        {
            assert_eq!(go(r"C:\a\b", r"C:\a\c d").as_deref(), Some("../c d"));
            assert_eq!(go(r"C:\a", r"D:\a"), None);
        }
    }
}
