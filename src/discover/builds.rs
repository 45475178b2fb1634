//! Which Dockerfiles the compose and bake files build, and how.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::compose::Malformed;
use super::definition::{self, Definition, Fields};
use super::names::Role;
use super::paths::{self, Place};
use super::problem::{Problem, ProblemKind};
use super::value::Text;
use super::{bake, compose, interpolate};

/// Largest compose, bake or `.env` file that is read.
const MAX_BYTES: u64 = 1 << 20;

/// Folders above a bake file in which the root of its repository is looked for.
const FOLDERS_ABOVE: usize = 8;

/// One build of a Dockerfile.
pub(super) struct Build {
    /// The Dockerfile, canonical.
    pub(super) dockerfile: PathBuf,
    pub(super) context: Place,
    /// For reports: `compose.yaml: services.web`.
    pub(super) source: String,
    pub(super) fields: Fields,
}

/// Every build the files name whose Dockerfile and context exist, in the order of the files.
pub(super) fn read(files: &[(Place, Role)]) -> (Vec<Build>, Vec<Problem>) {
    let read: Vec<_> = files.par_iter().map(|(place, role)| read_one(place, *role)).collect();
    let mut problems = Vec::new();
    let mut folders = BTreeMap::<&Path, (Vec<&(Place, Role)>, Vec<Definition>)>::new();
    for (file, result) in files.iter().zip(read) {
        match result {
            Ok(definitions) => {
                let folder = file.0.real.parent().unwrap_or(&file.0.real);
                let (files, all) = folders.entry(folder).or_default();
                all.extend(definitions.into_iter().map(|each| Definition { file: files.len(), ..each }));
                files.push(file);
            }
            Err(problem) => problems.push(problem),
        }
    }
    let mut builds = Vec::new();
    for (files, definitions) in folders.into_values() {
        match definition::resolve(&definitions) {
            Ok(resolved) => {
                for (index, fields) in resolved {
                    let definition = &definitions[index];
                    let (place, role) = files[definition.file];
                    builds.extend(locate(place, *role, definition, fields));
                }
            }
            Err(definition::TooMuch) => {
                for (place, _) in files {
                    problems.push(Problem::new(
                        &place.shown,
                        ProblemKind::BuildFileMalformed,
                        "its services or targets build on each other too often to be followed, so nothing is taken \
                         from it; give the build context with --context",
                    ));
                }
            }
        }
    }
    (builds, problems)
}

fn read_one(place: &Place, role: Role) -> Result<Vec<Definition>, Problem> {
    let text = read_text(&place.shown).map_err(|why| {
        Problem::new(
            &place.shown,
            ProblemKind::BuildFileUnreadable,
            format!("{why}, so nothing is taken from it; give the build context with --context"),
        )
    })?;
    // Most compose files only run images. Whatever builds has this word in it.
    if role == Role::Compose && !text.contains("build") {
        return Ok(Vec::new());
    }
    let (definitions, kind) = match role {
        Role::BakeHcl => (bake::definitions_in_hcl(&text), "bake"),
        Role::BakeJson => (bake::definitions_in_json(&text), "bake"),
        Role::Compose | Role::Dockerfile => {
            let env = EnvFile::beside(&place.shown);
            (compose::definitions(&text, &|name| env.sets(name)), "compose")
        }
    };
    definitions.map_err(|Malformed { line, reason }| {
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

fn read_text(path: &Path) -> Result<String, String> {
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

/// The likely name of the stage a build ends with.
pub(super) fn target(fields: &Fields) -> Option<&str> {
    fields.target.as_ref().and_then(Text::likely).filter(|target| !target.is_empty())
}
