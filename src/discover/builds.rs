//! Which Dockerfiles the compose and bake files build, and how.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use harden_core::Service;
use rayon::prelude::*;

use super::compose::Malformed;
use super::definition::{self, Definition, Fields, Resolved};
use super::names::{self, Role};
use super::paths::{self, Place};
use super::problem::{Problem, ProblemKind};
use super::run::{self, Image};
use super::value::Text;
use super::{bake, compose, interpolate};

/// Largest compose, bake or `.env` file that is read.
const MAX_BYTES: u64 = 1 << 20;

/// Folders above a bake file in which the root of its repository is looked for.
const FOLDERS_ABOVE: usize = 8;

/// Builds of one image name that a service which runs it is taken to run.
const MAX_MAKERS: usize = 4;

/// One build of a Dockerfile.
pub(super) struct Build {
    /// The Dockerfile, canonical.
    pub(super) dockerfile: PathBuf,
    pub(super) context: Place,
    /// For reports: `compose.yaml: services.web`.
    pub(super) source: String,
    pub(super) fields: Fields,
}

/// What the files say.
#[derive(Default)]
pub(super) struct Found {
    /// Every build whose Dockerfile and context exist, in the order of the files.
    pub(super) builds: Vec<Build>,
    /// The services that run the image of a Dockerfile, which is named canonically.
    pub(super) services: Vec<(PathBuf, Service)>,
    /// The images that are built, by the canonical folder of the file that says so. See
    /// [`BuildSetup::own_images`](harden_core::BuildSetup::own_images).
    pub(super) own_images: BTreeMap<PathBuf, BTreeSet<String>>,
    pub(super) problems: Vec<Problem>,
}

/// Reads compose and bake files.
pub(super) fn read(files: &[(Place, Role)]) -> Found {
    let mut all = Found::default();
    let mut folders = BTreeMap::<&Path, Folder<'_>>::new();
    // Most compose files only run images, and need not be read unless others beside them build. Whatever builds has
    // this word in it.
    let files: Vec<_> = files.iter().filter(|(_, role)| *role != Role::Devcontainer).collect();
    let read: Vec<_> = files.par_iter().map(|file| read_one(file, |text| text.contains("build"))).collect();
    let mut rest = Vec::new();
    for (file, result) in files.into_iter().zip(read) {
        match result {
            Ok(Some(definitions)) => folders.entry(folder(file)).or_default().add(file, definitions),
            Ok(None) => rest.push(file),
            Err(problem) => all.problems.push(problem),
        }
    }
    rest.retain(|file| folders.contains_key(folder(file)));
    let read: Vec<_> = rest.par_iter().map(|file| read_one(file, |_| true)).collect();
    for (file, result) in rest.into_iter().zip(read) {
        match result {
            Ok(definitions) => {
                folders.entry(folder(file)).or_default().add(file, definitions.unwrap_or_default());
            }
            Err(problem) => all.problems.push(problem),
        }
    }
    for (path, folder) in folders {
        let own_images = folder.resolve(&mut all);
        if !own_images.is_empty() {
            all.own_images.insert(path.to_path_buf(), own_images);
        }
    }
    all
}

fn folder(file: &(Place, Role)) -> &Path {
    let real = &file.0.real;
    real.parent().unwrap_or(real)
}

/// The files of one folder, which may be parts of one project.
#[derive(Default)]
struct Folder<'a> {
    files: Vec<&'a (Place, Role)>,
    definitions: Vec<Definition>,
}

impl<'a> Folder<'a> {
    fn add(&mut self, file: &'a (Place, Role), definitions: Vec<Definition>) {
        let rank = file.0.real.file_name().map(names::rank).unwrap_or_default();
        let index = self.files.len();
        self.definitions.extend(definitions.into_iter().map(|each| Definition { file: index, rank, ..each }));
        self.files.push(file);
    }

    /// Adds what the files say to `all`, but for the images they build.
    fn resolve(self, all: &mut Found) -> BTreeSet<String> {
        let mut own_images = BTreeSet::new();
        let Ok(resolved) = definition::resolve(&self.definitions) else {
            all.problems.extend(self.files.into_iter().map(|(place, _)| {
                Problem::new(
                    &place.shown,
                    ProblemKind::BuildFileMalformed,
                    "its services or targets build on each other too often to be followed, so nothing is taken from \
                     it; give the build context with --context",
                )
            }));
            return own_images;
        };
        // The Dockerfiles and stages behind the names of images.
        let mut makers = BTreeMap::<String, BTreeSet<(PathBuf, Option<String>)>>::new();
        let mut runs = Vec::new();
        for Resolved { index, fields, says_build } in resolved {
            let definition = &self.definitions[index];
            let (place, role) = self.files[definition.file];
            let is_service = *role == Role::Compose;
            if !fields.build {
                if is_service && let Some(image) = &fields.run.image {
                    runs.push((image.key(), service(place, definition, &fields)));
                }
                continue;
            }
            own_images.extend(fields.run.image.as_ref().and_then(Image::name));
            own_images.extend(fields.tags.iter().filter_map(run::image_name));
            let Some(build) = locate(place, *role, definition, fields) else { continue };
            let fields = &build.fields;
            let made = (build.dockerfile.clone(), target(fields).map(str::to_owned));
            let tags = fields.tags.iter().filter_map(run::image_name);
            for key in fields.run.image.as_ref().map(Image::key).into_iter().chain(tags) {
                makers.entry(key).or_default().insert(made.clone());
            }
            if is_service {
                all.services.push((build.dockerfile.clone(), service(place, definition, fields)));
            }
            if says_build {
                all.builds.push(build);
            }
        }
        for (key, service) in runs {
            let made = makers.get(&key).into_iter().flatten().take(MAX_MAKERS);
            all.services.extend(made.map(|(dockerfile, target)| {
                (dockerfile.clone(), Service { target: target.clone(), ..service.clone() })
            }));
        }
        own_images
    }
}

fn service(place: &Place, definition: &Definition, fields: &Fields) -> Service {
    Service {
        file: paths::display(&place.shown),
        name: definition.name.clone(),
        target: target(fields).map(str::to_owned),
        settings: fields.run.settings.clone(),
        incomplete: fields.incomplete,
    }
}

/// The definitions in a file, unless it is a compose file that `is_wanted` passes over.
fn read_one(
    (place, role): &(Place, Role),
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Option<Vec<Definition>>, Problem> {
    let text = read_text(&place.shown).map_err(|why| {
        Problem::new(
            &place.shown,
            ProblemKind::BuildFileUnreadable,
            format!("{why}, so nothing is taken from it; give the build context with --context"),
        )
    })?;
    let (definitions, kind) = match role {
        Role::BakeHcl => (bake::definitions_in_hcl(&text), "bake"),
        Role::BakeJson => (bake::definitions_in_json(&text), "bake"),
        Role::Compose if is_wanted(&text) => {
            let env = EnvFile::beside(&place.shown);
            let shown = paths::display(&place.shown);
            (compose::definitions(&text, &shown, &|name| env.sets(name)), "compose")
        }
        Role::Compose | Role::Dockerfile | Role::Devcontainer => return Ok(None),
    };
    definitions.map(Some).map_err(|Malformed { line, reason }| {
        Problem::new(
            &place.shown,
            ProblemKind::BuildFileMalformed,
            format!(
                "this {kind} file cannot be parsed ({reason}), so nothing is taken from it; correct it or give the \
                 build context with --context"
            ),
        )
        .at(line)
    })
}

pub(super) fn read_text(path: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot be read ({})", error.kind());
    let file = fs::File::open(path).map_err(cannot)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err("is larger than 1 MiB".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())
}

/// The `.env` file beside a compose file, whose variables win over the defaults in it. Read when first asked.
struct EnvFile {
    path: PathBuf,
    names: OnceCell<Option<BTreeSet<String>>>,
}

impl EnvFile {
    fn beside(compose: &Path) -> Self {
        Self { path: paths::join(&paths::folder(compose), Path::new(".env")), names: OnceCell::new() }
    }

    /// Whether the file sets this variable. One that cannot be read may set anything.
    fn sets(&self, name: &str) -> bool {
        let names = self.names.get_or_init(|| {
            if !self.path.exists() {
                return Some(BTreeSet::new());
            }
            let text = read_text(&self.path).ok()?;
            Some(interpolate::names_in_env_file(&text).map(str::to_owned).collect())
        });
        names.as_ref().is_none_or(|names| names.contains(name))
    }
}

/// The Dockerfile a definition names. A definition that names it, or its context, in a way only the environment knows,
/// or names something that is not there, is not used.
fn locate(file: &Place, role: Role, definition: &Definition, fields: Fields) -> Option<Build> {
    if fields.inline {
        return None;
    }
    let context = match &fields.context {
        None => ".",
        Some(context) => context.likely()?,
    };
    let context = context.strip_prefix("cwd://").unwrap_or(context);
    if is_remote(context) {
        return None;
    }
    let dockerfile = match &fields.dockerfile {
        None => None,
        Some(dockerfile) => Some(dockerfile.likely()?),
    };
    let folder = paths::folder(&file.shown);
    let found = find(&folder, context, dockerfile).or_else(|| {
        // Paths in a bake file are relative to where bake is run, which is often the root of the repository
        // (docker/buildx issue 1028).
        let from_root = matches!(role, Role::BakeHcl | Role::BakeJson);
        from_root
            .then(|| repository_root(&folder))
            .flatten()
            .and_then(|root| find(&root, context, dockerfile))
    });
    let (context, dockerfile) = found?;
    let source = format!("{}: {}", paths::display(&file.shown), definition.label);
    Some(Build { dockerfile, context, source, fields })
}

fn find(base: &Path, context: &str, dockerfile: Option<&str>) -> Option<(Place, PathBuf)> {
    let context = paths::join(base, Path::new(context));
    let real = fs::canonicalize(&context).ok()?;
    if !real.is_dir() {
        return None;
    }
    // BuildKit tries `dockerfile` when there is no `Dockerfile`; podman's compose looks for `Containerfile` as well.
    let names = match &dockerfile {
        Some(name) => std::slice::from_ref(name),
        None => &["Dockerfile", "dockerfile", "Containerfile"][..],
    };
    let dockerfile = names.iter().find_map(|name| fs::canonicalize(context.join(name)).ok())?;
    Some((Place { shown: paths::tidy(&context), real }, dockerfile))
}

/// A context that is not a local directory (Docker docs, "Build context": URLs and git repositories; `-` is a tar
/// stream; bake and compose can take the result of another build).
fn is_remote(context: &str) -> bool {
    context == "-"
        || context.contains("://")
        || context.starts_with("git@")
        || context.starts_with("github.com/")
        || context.starts_with("target:")
        || context.starts_with("service:")
}

fn repository_root(folder: &Path) -> Option<PathBuf> {
    let mut folder = folder.to_path_buf();
    for _ in 0..=FOLDERS_ABOVE {
        if folder.join(".git").exists() {
            return Some(folder);
        }
        folder = paths::above(&folder)?;
    }
    None
}

/// Whether another stage than [`target`] may be meant: a variable decides, or what is inherited is not known.
pub(super) fn is_target_unknown(fields: &Fields) -> bool {
    match &fields.target {
        Some(target) => target.certain().is_none(),
        None => fields.incomplete,
    }
}

/// The likely name of the stage a build ends with.
pub(super) fn target(fields: &Fields) -> Option<&str> {
    fields.target.as_ref().and_then(Text::likely).filter(|target| !target.is_empty())
}
