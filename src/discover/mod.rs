//! Finds Dockerfiles and how they are built.
//!
//! A directory is walked the way git sees it (see `walk`), a file that is named is always taken. The build context of
//! a Dockerfile and the arguments, named contexts and targets it is built with come from compose and bake files: those
//! found in the same walk, and those in the folder of a named file (or of a walked directory) and in up to five folders
//! above it, ending at the root of the repository. Where none of them names a Dockerfile, its own folder is taken for
//! its context. Compose files also say how the image is run, and `devcontainer.json` that it is for development.
//!
//! Nothing here fails: what could not be used is a [`Problem`] beside what was found.

mod bake;
mod builds;
mod compose;
mod definition;
mod devcontainer;
mod interpolate;
mod names;
mod paths;
mod problem;
mod repository;
mod run;
mod value;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use harden_core::{BuildSetup, Service};

use builds::Build;
pub(crate) use compose::parse as parse_yaml;
use names::Role;
use paths::Place;
pub use problem::{Problem, ProblemKind};
use repository::Repositories;
pub(crate) use value::Value;

/// What the user said about the builds.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Build context of every candidate (`--context`); wins over compose and bake files.
    pub context: Option<PathBuf>,
    /// A stage that is built (`--target`), besides those compose and bake files name.
    pub target: Option<String>,
}

/// Something named on the command line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// Standard input (`-`). Sorts before every path.
    Stdin,
    /// A file or a directory.
    Path(PathBuf),
}

/// A Dockerfile and how it is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Where its text comes from. A path is spelled like the user spelled it, or the directory it was found in,
    /// without a leading `./`.
    pub source: Input,
    /// The build context, where there is one answer; spelled like [`source`](Self::source).
    pub context: Option<PathBuf>,
    /// Where [`context`](Self::context) comes from, or why there is none.
    pub context_origin: ContextOrigin,
    /// What compose and bake files and the options say about its builds.
    pub setup: BuildSetup,
    /// Whether it was named itself, not found in a directory.
    pub explicit: bool,
}

impl Candidate {
    /// The file, unless it is standard input.
    pub fn path(&self) -> Option<&Path> {
        match &self.source {
            Input::Stdin => None,
            Input::Path(path) => Some(path),
        }
    }
}

/// Where a build context comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextOrigin {
    /// The user gave it with `--context`.
    Explicit,
    /// Compose or bake files name it, and agree: `compose.yaml: services.web`.
    Named(BTreeSet<String>),
    /// Nothing names the Dockerfile, so its own folder is assumed. This is a guess.
    Folder,
    /// Builds name different contexts, so facts about one of them would be wrong for another.
    Ambiguous(BTreeMap<PathBuf, BTreeSet<String>>),
    /// Standard input has none.
    None,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// Sorted by [`Candidate::source`], each file once.
    pub candidates: Vec<Candidate>,
    /// Sorted by path and line.
    pub problems: Vec<Problem>,
}

/// Finds the Dockerfiles that `inputs` name or contain.
///
/// A file that comes up twice, by whatever spelling, is one candidate: spelled as it was named, when it was, and as it
/// came up first otherwise. The same tree gives the same result in the same order.
pub fn discover(inputs: &[Input], options: &Options) -> Discovery {
    let mut search = Search::default();
    for input in inputs {
        match input {
            Input::Stdin => search.stdin = true,
            Input::Path(path) => search.path(path),
        }
    }
    if let Some(context) = &options.context
        && !context.is_dir()
    {
        search.problems.push(Problem::new(
            context,
            ProblemKind::InvalidContext,
            "the build context is not a directory; give one that exists with --context",
        ));
    }
    search.finish(options)
}

#[derive(Default)]
struct Search {
    stdin: bool,
    /// By canonical path.
    dockerfiles: BTreeMap<PathBuf, Dockerfile>,
    build_files: BTreeMap<PathBuf, (Place, Role)>,
    problems: Vec<Problem>,
    /// Folders above named files and walked directories, to be searched for build files.
    above: BTreeSet<PathBuf>,
}

struct Dockerfile {
    shown: PathBuf,
    explicit: bool,
}

impl Search {
    fn path(&mut self, path: &Path) {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => return self.problems.push(input_problem(path, &error)),
        };
        let shown = paths::plain(path);
        // What cannot be resolved though it exists, such as a pipe, is itself.
        let real = fs::canonicalize(path).unwrap_or_else(|_| shown.clone());
        let place = Place { shown, real };
        if metadata.is_dir() {
            self.directory(&place);
        } else {
            self.above.insert(paths::folder(&place.shown));
            self.dockerfile(place, true);
        }
    }

    fn directory(&mut self, root: &Place) {
        let found = walk::walk(root);
        if found.dockerfiles.is_empty() {
            self.problems.push(Problem::new(
                &root.shown,
                ProblemKind::NoDockerfiles,
                "no Dockerfile in this directory that git does not ignore; name the file itself if it has an unusual \
                 name",
            ));
        }
        for place in found.dockerfiles {
            self.dockerfile(place, false);
        }
        for (place, role) in found.build_files {
            self.build_files.entry(place.real.clone()).or_insert((place, role));
        }
        self.problems.extend(found.problems);
        self.above.insert(root.shown.clone());
    }

    fn dockerfile(&mut self, place: Place, explicit: bool) {
        let known = self
            .dockerfiles
            .entry(place.real)
            .or_insert_with(|| Dockerfile { shown: place.shown.clone(), explicit });
        if explicit && !known.explicit {
            *known = Dockerfile { shown: place.shown, explicit };
        }
    }

    fn finish(mut self, options: &Options) -> Discovery {
        if !self.dockerfiles.is_empty() {
            self.search_above();
        }
        let files: Vec<_> = if self.dockerfiles.is_empty() {
            Vec::new()
        } else {
            std::mem::take(&mut self.build_files).into_values().collect()
        };
        let read = builds::read(&files);
        self.problems.extend(read.problems);
        let (for_development, problems) = devcontainer::dockerfiles(&files);
        self.problems.extend(problems);
        let mut said = BTreeMap::<PathBuf, Said>::new();
        for build in read.builds {
            said.entry(build.dockerfile.clone()).or_default().builds.push(build);
        }
        for (dockerfile, service) in read.services {
            said.entry(dockerfile).or_default().services.push(service);
        }
        let mut own_images = OwnImages::new(read.own_images);
        let mut candidates: Vec<_> = self
            .dockerfiles
            .into_iter()
            .map(|(real, file)| {
                let mut said = said.remove(&real).unwrap_or_default();
                said.devcontainer = for_development.contains(&real) || devcontainer::is_inside(&real);
                said.own_images = own_images.of(real.parent().unwrap_or(&real));
                candidate(file, said, options)
            })
            .collect();
        if self.stdin {
            candidates.push(from_stdin(options, &mut own_images));
        }
        candidates.sort_by(|a, b| a.source.cmp(&b.source));
        self.problems.sort();
        self.problems.dedup();
        Discovery { candidates, problems: self.problems }
    }

    fn search_above(&mut self) {
        let mut searched = BTreeSet::new();
        for folder in &self.above {
            walk::build_files_above(
                folder,
                |real| !searched.insert(real.to_path_buf()),
                |place, role| {
                    self.build_files.entry(place.real.clone()).or_insert((place, role));
                },
            );
        }
    }
}

fn input_problem(path: &Path, error: &io::Error) -> Problem {
    let (kind, message) = match error.kind() {
        io::ErrorKind::NotFound if path.is_symlink() => (
            ProblemKind::MissingInput,
            "is a symbolic link to nothing; correct the link or the path".to_owned(),
        ),
        io::ErrorKind::NotFound => {
            (ProblemKind::MissingInput, "no such file or directory; check the path".to_owned())
        }
        kind => (ProblemKind::UnreadableInput, format!("cannot be read ({kind}); check its permissions")),
    };
    Problem::new(path, kind, message)
}

/// What was read about one Dockerfile.
#[derive(Default)]
struct Said {
    builds: Vec<Build>,
    services: Vec<Service>,
    devcontainer: bool,
    own_images: Arc<BTreeSet<String>>,
}

/// The images each repository builds. What lies outside of any is taken for one.
struct OwnImages {
    repositories: Repositories,
    by_root: BTreeMap<Option<PathBuf>, Arc<BTreeSet<String>>>,
}

impl OwnImages {
    fn new(by_folder: BTreeMap<PathBuf, BTreeSet<String>>) -> Self {
        let mut repositories = Repositories::default();
        let mut by_root = BTreeMap::<_, BTreeSet<String>>::new();
        for (folder, images) in by_folder {
            by_root.entry(repositories.root(&folder)).or_default().extend(images);
        }
        let by_root = by_root.into_iter().map(|(root, images)| (root, Arc::new(images))).collect();
        Self { repositories, by_root }
    }

    fn of(&mut self, folder: &Path) -> Arc<BTreeSet<String>> {
        if self.by_root.is_empty() {
            return Arc::default();
        }
        self.by_root.get(&self.repositories.root(folder)).cloned().unwrap_or_default()
    }
}

fn from_stdin(options: &Options, own_images: &mut OwnImages) -> Candidate {
    let context_origin =
        if options.context.is_some() { ContextOrigin::Explicit } else { ContextOrigin::None };
    let folder = fs::canonicalize(options.context.as_deref().unwrap_or(Path::new(".")));
    let own_images = folder.map(|folder| own_images.of(&folder)).unwrap_or_default();
    Candidate {
        source: Input::Stdin,
        context: options.context.clone(),
        context_origin,
        setup: setup(&Said { own_images, ..Said::default() }, options),
        explicit: true,
    }
}

fn candidate(file: Dockerfile, said: Said, options: &Options) -> Candidate {
    let setup = setup(&said, options);
    let mut contexts = BTreeMap::<PathBuf, (PathBuf, BTreeSet<String>)>::new();
    for build in said.builds {
        let (_, sources) =
            contexts.entry(build.context.real).or_insert((build.context.shown, BTreeSet::new()));
        sources.insert(build.source);
    }
    let mut contexts: BTreeMap<_, _> = contexts.into_values().collect();
    let (context, context_origin) = if let Some(context) = &options.context {
        (Some(context.clone()), ContextOrigin::Explicit)
    } else if contexts.len() > 1 {
        (None, ContextOrigin::Ambiguous(contexts))
    } else if let Some((context, sources)) = contexts.pop_first() {
        (Some(context), ContextOrigin::Named(sources))
    } else {
        (Some(paths::folder(&file.shown)), ContextOrigin::Folder)
    };
    Candidate { source: Input::Path(file.shown), context, context_origin, setup, explicit: file.explicit }
}

/// The union of all builds. The value of an argument is known when every build gives the same.
fn setup(said: &Said, options: &Options) -> BuildSetup {
    let mut services = said.services.clone();
    services.sort();
    services.dedup();
    let mut setup = BuildSetup {
        services,
        devcontainer: said.devcontainer,
        own_images: Arc::clone(&said.own_images),
        ..BuildSetup::default()
    };
    // Of each argument its value, and how many builds give it.
    let mut args = BTreeMap::<&str, (Option<&str>, usize)>::new();
    for Build { fields, source, .. } in &said.builds {
        setup.named_contexts.extend(fields.named_contexts.iter().cloned());
        setup.targets.extend(builds::target(fields).map(str::to_owned));
        setup.targets_unknown |= builds::is_target_unknown(fields);
        setup.sources.insert(source.clone());
        for (name, value) in &fields.args {
            let value = value.as_deref();
            let (known, count) = args.entry(name).or_insert((value, 0));
            *known = known.filter(|known| Some(*known) == value);
            *count += 1;
        }
    }
    for (name, (value, count)) in args {
        let value = value.filter(|_| count == said.builds.len()).map(str::to_owned);
        setup.build_args.insert(name.to_owned(), value);
    }
    if let Some(target) = &options.target {
        setup.targets.insert(target.clone());
        setup.sources.insert("--target".to_owned());
    }
    setup
}

#[cfg(test)]
mod tests;
