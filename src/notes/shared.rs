//! Files that belong to several Dockerfiles: they are merged once, when the wishes of all are known.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::ignore::{self, Merged, Needs, Reader};
use super::subject::folder_of;
use super::words::clean;
use super::{Companion, Kind, Request, env, read};
use crate::discover::{Candidate, ContextOrigin};
use crate::write::Original;

/// The wishes of a run.
#[derive(Default)]
pub(crate) struct Shared(Vec<Request>);

/// A file that was not changed, though somebody has to act on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The file, or the Dockerfile when there is none.
    pub(crate) path: PathBuf,
    /// Why, and what to do; fit to be printed.
    pub(crate) message: String,
}

impl Shared {
    /// Adds the wishes of one Dockerfile.
    pub(crate) fn add(&mut self, request: Request) {
        self.0.push(request);
    }

    /// The files that are new or change, sorted, and what is left to a person. Nothing is written. `candidates` are the
    /// Dockerfiles of the run.
    pub(crate) fn settle(mut self, candidates: &[Candidate]) -> (Vec<Companion>, Vec<Refusal>) {
        self.0.sort_by(|a, b| a.dockerfile.cmp(&b.dockerfile));
        let mut settled = Settled::default();
        settled.variables(&self.0);
        settled.excludes(&self.0, candidates);
        settled.files.sort_by(|a, b| a.path.cmp(&b.path));
        settled.refusals.sort_by(|a, b| (&a.path, &a.message).cmp(&(&b.path, &b.message)));
        (settled.files, settled.refusals)
    }
}

#[derive(Default)]
struct Settled {
    files: Vec<Companion>,
    refusals: Vec<Refusal>,
}

impl Settled {
    fn variables(&mut self, requests: &[Request]) {
        let mut files = BTreeMap::<PathBuf, (PathBuf, BTreeSet<String>)>::new();
        for request in requests.iter().filter(|request| !request.variables.is_empty()) {
            let path = request.dockerfile.with_file_name(".env.example");
            let (_, names) = files.entry(real(&path)).or_insert_with(|| (path, BTreeSet::new()));
            names.extend(request.variables.iter().cloned());
        }
        for (path, names) in files.into_values() {
            let left = || format!("add the variables {} yourself", listed(&names));
            self.file(Kind::Variables, path, left, |text| Some(env::merge(text, &names)));
        }
    }

    fn excludes(&mut self, requests: &[Request], candidates: &[Candidate]) {
        let mut files = BTreeMap::<PathBuf, (PathBuf, PathBuf, BTreeSet<String>)>::new();
        for request in requests.iter().filter(|request| !request.excludes.is_empty()) {
            let Some(candidate) = candidates.iter().find(|one| one.path() == Some(&request.dockerfile))
            else {
                continue;
            };
            match context(candidate, &request.needs) {
                Ok(context) => {
                    let path = ignore::place(&request.dockerfile, context);
                    let new = || (path.clone(), context.to_path_buf(), BTreeSet::new());
                    files.entry(real(&path)).or_insert_with(new).2.extend(request.excludes.iter().cloned());
                }
                Err(why) => {
                    let message = format!(
                        "no `.dockerignore` was changed: {why}; it should name {}",
                        listed(&request.excludes)
                    );
                    self.refusals.push(Refusal { path: request.dockerfile.clone(), message });
                }
            }
        }
        for (key, (path, context, patterns)) in files {
            let readers = readers(&key, requests, candidates);
            let mut refused = Vec::new();
            let left = || format!("it should name {}", listed(&patterns));
            self.file(Kind::Ignore, path.clone(), left, |text| {
                let Merged { text: merged, refused: why } =
                    ignore::merge(text, &patterns, &context, &readers);
                refused = why;
                Some(merged)
            });
            self.refusals.extend(refused.into_iter().map(|(pattern, why)| Refusal {
                path: path.clone(),
                message: format!(
                    "`{pattern}` was not added: {why}; keep the file out of the build context yourself"
                ),
            }));
        }
    }

    /// Merges one file. `left` says what to do by hand when it cannot be read.
    fn file(
        &mut self,
        kind: Kind,
        path: PathBuf,
        left: impl Fn() -> String,
        merge: impl FnOnce(&str) -> Option<String>,
    ) {
        let original = match read(&path) {
            Ok(original) => original,
            Err(why) => {
                let message = format!("not changed: {}; {}", clean(&why), left());
                return self.refusals.push(Refusal { path, message });
            }
        };
        let Some(after) = merge(original.as_ref().map(Original::text).unwrap_or_default()) else { return };
        let companion = Companion { kind, path, original, after };
        // An empty new file would say nothing.
        if companion.changes() && !companion.after.is_empty() {
            self.files.push(companion);
        }
    }
}

fn listed(patterns: &BTreeSet<String>) -> String {
    patterns.iter().map(|pattern| format!("`{}`", clean(pattern))).collect::<Vec<_>>().join(", ")
}

/// The folder that is the build context; an error is the middle of a sentence.
fn context<'c>(candidate: &'c Candidate, needs: &Needs) -> Result<&'c Path, &'static str> {
    match (&candidate.context, &candidate.context_origin, candidate.path()) {
        (_, ContextOrigin::Ambiguous(_), _) => Err("its builds use different contexts"),
        (Some(context), ContextOrigin::Folder, Some(dockerfile))
            if !ignore::is_context(context, dockerfile, needs) =>
        {
            Err("nothing names its build context; give it with --context")
        }
        (Some(context), ..) => Ok(context),
        (None, ..) => Err("it has no build context"),
    }
}

/// The Dockerfiles an ignore file counts for: those that want something in it, and others of the run. The others are
/// read again, since few runs need them.
fn readers<'r>(key: &Path, requests: &'r [Request], candidates: &'r [Candidate]) -> Vec<Reader<'r>> {
    let mut readers = Vec::new();
    for candidate in candidates {
        let (Some(dockerfile), Some(context)) = (candidate.path(), &candidate.context) else { continue };
        if real(&ignore::place(dockerfile, context)) != key {
            continue;
        }
        // Their text after the fixes counts.
        let request = requests.iter().find(|request| request.dockerfile == dockerfile);
        let needs = match request {
            Some(request) => request.needs.clone(),
            None => match Original::read(dockerfile) {
                Ok(original) => Needs::of(original.text(), &candidate.setup),
                // Nothing can be built from a file that cannot be read.
                Err(_) => continue,
            },
        };
        readers.push(Reader { dockerfile, needs });
    }
    readers
}

/// One name for each file, whether or not it exists.
fn real(path: &Path) -> PathBuf {
    let folder = folder_of(path);
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    folder.join(path.file_name().unwrap_or_default())
}
