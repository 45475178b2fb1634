//! The files of the build context that the stage copies, and where they are in the image.

use std::collections::{BTreeMap, BTreeSet};

use harden_core::syntax::Keyword;
use harden_core::{EntryKind, ListedKind, Missing, Why, image_path};

use super::split::CopyOut;
use super::view::View;
use crate::support::image_paths::{Copied, CopyKind, Target};

/// Files that are looked at; of more nothing is said.
const MAX_FILES: usize = 20_000;

/// Lines of COPY that bring files over; with more, whole folders are taken.
const MAX_COPIES: usize = 12;

/// What the stage copies out of the build context.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    /// By their path in the image.
    pub(crate) all: BTreeMap<String, Placed>,
    /// Nothing says that what was read is the build context: it is the folder of the Dockerfile.
    pub(crate) guessed: bool,
}

/// A file and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Its path in the build context.
    pub(crate) context: String,
    /// The first byte of the COPY or ADD that put it there last.
    pub(crate) by: u32,
    /// A symbolic link or something else that is no regular file.
    pub(crate) special: bool,
}

/// Reads them.
pub(super) fn read(view: &View<'_, '_>) -> Result<Files, Why> {
    let mut files = Files::default();
    for copied in view.run.paths.copied() {
        place(view, copied, &mut files)?;
    }
    Ok(files)
}

fn place(view: &View<'_, '_>, copied: &Copied<'_>, files: &mut Files) -> Result<(), Why> {
    let unknown =
        |what: &str| Why::new("copy-unknown", format!("{what}, so which files are where is not known"));
    let destination = copied.destination.clone()?;
    if copied.parents || !copied.excludes.is_empty() {
        return Err(unknown("a COPY uses --parents or --exclude"));
    }
    let by = copied.instruction.span().start;
    for source in &copied.sources {
        match &source.kind {
            CopyKind::Context => {}
            CopyKind::Heredoc { .. }
            | CopyKind::Stage(_)
            | CopyKind::Image(_)
            | CopyKind::Remote
            | CopyKind::Repository => continue,
            CopyKind::Unknown(why) => return Err(why.clone()),
        }
        let found = view.ctx.context_source(&source.text).map_err(Missing::why)?;
        files.guessed |= found.guessed;
        for entry in &found.entries {
            let name = entry.path.rsplit('/').next().unwrap_or_default();
            match &entry.kind {
                EntryKind::Directory => folder(view, &entry.path, &destination, by, files)?,
                EntryKind::Archive { .. } | EntryKind::Unclassified(_)
                    if copied.instruction.keyword() == Keyword::Add =>
                {
                    return Err(unknown("an ADD extracts an archive"));
                }
                _ => {
                    let written = copied.instruction.copy();
                    let slash = written.is_some_and(|words| words.destination.text.ends_with('/'));
                    let into = slash || copied.target == Target::Folder;
                    let path =
                        if into { image_path::resolve(&destination, name) } else { destination.clone() };
                    insert(files, path, &entry.path, by, matches!(entry.kind, EntryKind::Special))?;
                }
            }
        }
    }
    Ok(())
}

/// The content of a folder of the context goes into `destination`.
fn folder(
    view: &View<'_, '_>,
    folder: &str,
    destination: &str,
    by: u32,
    files: &mut Files,
) -> Result<(), Why> {
    let root = if folder == "." { "" } else { folder };
    let listing = view.ctx.context_listing(root).map_err(Missing::why)?;
    if !listing.complete {
        return Err(too_many());
    }
    for entry in &listing.entries {
        if entry.kind == ListedKind::Directory {
            continue;
        }
        let rest = entry.path.strip_prefix(root).unwrap_or(&entry.path).trim_start_matches('/');
        let path = image_path::resolve(destination, rest);
        insert(files, path, &entry.path, by, entry.kind == ListedKind::Other)?;
    }
    Ok(())
}

fn insert(files: &mut Files, path: String, context: &str, by: u32, special: bool) -> Result<(), Why> {
    files.all.insert(path, Placed { context: context.to_owned(), by, special });
    if files.all.len() > MAX_FILES { Err(too_many()) } else { Ok(()) }
}

fn too_many() -> Why {
    let message = "the build context has more files than are looked at; a .dockerignore makes it smaller";
    Why::new("too-many-files", message)
}

impl Files {
    /// The files below a folder of the image: the rest of the path, and the file.
    pub(crate) fn below<'f>(&'f self, folder: &str) -> impl Iterator<Item = (&'f str, &'f Placed)> {
        let prefix = if folder == "/" { "/".to_owned() } else { format!("{folder}/") };
        let from = self.all.range(prefix.clone()..);
        from.map_while(move |(path, file)| Some((path.strip_prefix(prefix.as_str())?, file)))
    }

    /// Whether the file at `path`, or everything of the build context below it, is copied behind byte `end` of the file
    /// only: the builder does not have it there.
    pub(crate) fn come_later(&self, path: &str, end: u32) -> bool {
        let own = self.all.get(path).into_iter();
        let mut files = own.chain(self.below(path).map(|(_, file)| file)).peekable();
        files.peek().is_some() && files.all(|file| file.by > end)
    }

    /// What the runtime stage has to take of the project below `root`: every file for which `is_source` is false, in as few
    /// folders as hold nothing else. `is_source` gets the path below `root`. Where that needs too many lines, folders with
    /// sources in them are taken whole.
    pub(crate) fn assets(&self, root: &str, is_source: impl Fn(&str) -> bool) -> Vec<CopyOut> {
        let mut assets = Vec::new();
        // Folders, `root` itself too, that hold a source at any depth.
        let mut mixed: BTreeSet<&str> = BTreeSet::from([""]);
        for (path, _) in self.below(root) {
            if is_source(path) || is_never_read(path) {
                mixed.extend(folders(path));
            } else {
                assets.push(path);
            }
        }
        let smallest = |path: &str| folders(path).find(|folder| !mixed.contains(folder)).map(str::to_owned);
        let top = |path: &str| folders(path).next().map(str::to_owned);
        let mut made = group(root, &assets, smallest);
        if made.len() > MAX_COPIES {
            made = group(root, &assets, top);
        }
        made
    }
}

/// The folders a path lies in, the outermost first.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}

fn group(root: &str, assets: &[&str], folder: impl Fn(&str) -> Option<String>) -> Vec<CopyOut> {
    let made: BTreeSet<CopyOut> = assets
        .iter()
        .map(|path| match folder(path) {
            Some(folder) => CopyOut::folder(image_path::resolve(root, &folder)),
            None => CopyOut::file(image_path::resolve(root, path)),
        })
        .collect();
    made.into_iter().collect()
}

/// Whether no program reads a file of that path below the project when it runs: what is for people, version control,
/// editors and pipelines.
pub(crate) fn is_never_read(path: &str) -> bool {
    /// Folders, at the top of the project.
    const FOLDERS: [&str; 12] = [
        ".circleci",
        ".devcontainer",
        ".git",
        ".github",
        ".gitlab",
        ".husky",
        ".idea",
        ".settings",
        ".vscode",
        ".vs",
        ".mvn",
        ".gradle",
    ];
    /// Names of files, in lower case.
    const NAMES: [&str; 22] = [
        ".dockerignore",
        ".editorconfig",
        ".gitattributes",
        ".gitignore",
        ".gitkeep",
        ".gitlab-ci.yml",
        ".gitmodules",
        ".golangci.yml",
        ".pre-commit-config.yaml",
        ".travis.yml",
        "authors",
        "azure-pipelines.yml",
        "changelog.md",
        "codeowners",
        "contributing.md",
        "copying",
        "jenkinsfile",
        "license",
        "license.md",
        "license.txt",
        "readme",
        "readme.md",
    ];
    let first = path.split('/').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let docker = ["dockerfile", "docker-compose", "compose.y", "containerfile"];
    FOLDERS.contains(&first)
        || NAMES.contains(&name.as_str())
        || docker.iter().any(|prefix| name.starts_with(prefix))
        || name.ends_with(".dockerfile")
        || name.starts_with("readme.")
}
