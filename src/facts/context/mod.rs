//! Looks into the build context: what a COPY or ADD source names, and whether `ADD` would extract it.
//!
//! Everything is answered as `BuildKit` would see it, after `.dockerignore` and with symbolic links confined to the
//! context. What cannot be told for sure is [unclassified](EntryKind::Unclassified) or [unknown](Answer::Unknown),
//! never a plain file.

mod glob;
mod ignore;
mod listing;
mod probe;
pub(super) mod tar;
mod walk;
mod zstd;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use harden_core::{Answer, ContextEntry, ContextListing, ContextSource, EntryKind, Why};

use ignore::DockerIgnore;
use walk::{Object, Place, Walk, quoted, unreadable};

/// The largest text that is read, in bytes.
const TEXT_LIMIT: u64 = 1 << 20;

/// The build context of one Dockerfile.
///
/// Opening it costs one look at the directory; `.dockerignore` is read at the first question, and answers are kept.
/// The files are taken to stay as they are for the life of the value.
#[derive(Debug)]
pub struct BuildContext {
    root: PathBuf,
    dockerfile: Option<PathBuf>,
    guessed: bool,
    rules: OnceLock<Result<DockerIgnore, Why>>,
    sources: Mutex<HashMap<String, Answer<ContextSource>>>,
    texts: Mutex<HashMap<String, Answer<Arc<str>>>>,
    listings: Mutex<HashMap<String, Answer<Arc<ContextListing>>>>,
    kinds: Mutex<HashMap<String, EntryKind>>,
}

impl BuildContext {
    /// The context directory `root`. `<dockerfile>.dockerignore`, when there is one, takes the place of
    /// `<root>/.dockerignore` (`BuildKit`, `frontend/dockerui`).
    ///
    /// # Errors
    /// `no-context` when `root` is not a directory that can be looked at.
    pub fn open(root: &Path, dockerfile: Option<&Path>) -> Result<Self, Why> {
        let why = |problem: &str| {
            Why::new(
                "no-context",
                format!(
                    "the build context {} {problem}; name another with --context",
                    quoted(&root.to_string_lossy())
                ),
            )
        };
        match fs::metadata(root) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(why("is not a directory")),
            Err(error) => return Err(why(&format!("cannot be read ({})", error.kind()))),
        }
        Ok(Self {
            root: root.to_owned(),
            dockerfile: dockerfile.map(Path::to_owned),
            guessed: false,
            rules: OnceLock::new(),
            sources: Mutex::default(),
            texts: Mutex::default(),
            listings: Mutex::default(),
            kinds: Mutex::default(),
        })
    }

    /// The same context, taken for one by guess: [`ContextSource::guessed`] and [`ContextListing::guessed`] say so.
    #[must_use]
    pub fn guessed(self) -> Self {
        Self { guessed: true, ..self }
    }

    /// What a COPY or ADD source names, its variables already expanded.
    ///
    /// The source is cleaned as `BuildKit` does: it begins at the context root however it is written, and `..` does not
    /// leave it. Paths of entries are as the source reaches them; what they are is told after following links. The
    /// context root is a directory with the path `.`, whatever `.dockerignore` says.
    ///
    /// With wildcards, directories that `.dockerignore` leaves out altogether are not searched, so
    /// [`ContextSource::ignored`] does not tell of files inside them.
    ///
    /// Unknown: `bad-dockerignore`, `bad-pattern`, `escaped-source`, `too-many-files`, `too-many-links`,
    /// `unsupported-link`, `unreadable`.
    pub fn source(&self, source: &str) -> Answer<ContextSource> {
        if let Some(answer) = lock(&self.sources).get(source) {
            return answer.clone();
        }
        let answer = match self.find(source) {
            Ok(found) => Answer::Known(ContextSource { guessed: self.guessed, ..found }),
            Err(why) => Answer::Unknown(why),
        };
        lock(&self.sources).insert(source.to_owned(), answer.clone());
        answer
    }

    /// The text of a file that is sent to the builder, when it is UTF-8 and at most 1 MiB; links are followed. There
    /// are no wildcards.
    ///
    /// Unknown: `not-found`, `ignored-by-dockerignore`, `not-a-file`, `too-large`, `not-utf8`, and the reasons
    /// [`Self::source`] gives.
    pub fn text(&self, path: &str) -> Answer<Arc<str>> {
        if let Some(answer) = lock(&self.texts).get(path) {
            return answer.clone();
        }
        let answer = match self.read(path) {
            Ok(text) => Answer::Known(text),
            Err(why) => Answer::Unknown(why),
        };
        lock(&self.texts).insert(path.to_owned(), answer.clone());
        answer
    }

    /// Everything below a folder that is sent to the builder, sorted by path, with permission bits on Unix. Links on the
    /// way to the folder are followed, links below it are listed only. A folder of which nothing is sent is not listed.
    ///
    /// A listing is incomplete after 20,000 directory entries, 64 folders inside each other, or a folder that cannot be
    /// read.
    ///
    /// A file lists itself. Unknown: `not-found`, `ignored-by-dockerignore`, and the reasons [`Self::source`] gives for
    /// links and `.dockerignore`.
    pub fn listing(&self, folder: &str) -> Answer<Arc<ContextListing>> {
        let folder = relative(folder);
        if let Some(answer) = lock(&self.listings).get(&folder) {
            return answer.clone();
        }
        let answer = match self.rules().and_then(|rules| listing::list(&self.root, rules, &folder)) {
            Ok(listing) => Answer::Known(Arc::new(ContextListing { guessed: self.guessed, ..listing })),
            Err(why) => Answer::Unknown(why),
        };
        lock(&self.listings).insert(folder, answer.clone());
        answer
    }

    /// Whether a path (no wildcards) is sent to the builder.
    ///
    /// Unknown: the reasons [`Self::source`] gives.
    pub fn exists(&self, path: &str) -> Answer<bool> {
        match self.place(path) {
            Ok(place) => Answer::Known(matches!(place, Place::Found(_))),
            Err(why) => Answer::Unknown(why),
        }
    }

    fn find(&self, source: &str) -> Result<ContextSource, Why> {
        let path = relative(source);
        if path.is_empty() {
            let entry = ContextEntry { path: ".".to_owned(), kind: EntryKind::Directory };
            return Ok(ContextSource { entries: vec![entry], ..ContextSource::default() });
        }
        let (directory, pattern) = split_wildcards(&path);
        // BuildKit takes the backslash of an escaped name literally in one place and not in another.
        if directory.contains('\\') {
            return Err(Why::new(
                "escaped-source",
                format!(
                    "{} has a backslash, which builders read in different ways; rename the file",
                    quoted(source)
                ),
            ));
        }
        let mut walk = Walk::new(&self.root, self.rules()?);
        if pattern.is_empty() {
            return Ok(match walk.resolve(&path)? {
                Place::Missing => ContextSource::default(),
                Place::Ignored => ContextSource { ignored: true, ..ContextSource::default() },
                Place::Found(object) => ContextSource {
                    entries: vec![ContextEntry { path, kind: self.kind(&object) }],
                    ..ContextSource::default()
                },
            });
        }
        let matches = walk.expand(directory, pattern)?;
        let entries = matches.found.into_iter().map(|found| ContextEntry {
            path: found.path,
            kind: match found.object {
                Ok(object) => self.kind(&object),
                Err(why) => EntryKind::Unclassified(why),
            },
        });
        Ok(ContextSource { entries: entries.collect(), ignored: matches.ignored, guessed: false })
    }

    fn kind(&self, object: &Object) -> EntryKind {
        if object.metadata.is_dir() {
            return EntryKind::Directory;
        }
        if !object.metadata.is_file() {
            return EntryKind::Special;
        }
        if let Some(kind) = lock(&self.kinds).get(&object.relative) {
            return kind.clone();
        }
        let kind = probe::probe(&object.absolute);
        lock(&self.kinds).insert(object.relative.clone(), kind.clone());
        kind
    }

    fn place(&self, path: &str) -> Result<Place, Why> {
        Walk::new(&self.root, self.rules()?).resolve(&relative(path))
    }

    fn read(&self, path: &str) -> Result<Arc<str>, Why> {
        let object = match self.place(path)? {
            Place::Found(object) => object,
            Place::Missing => {
                return Err(Why::new("not-found", format!("{} is not in the build context", quoted(path))));
            }
            Place::Ignored => {
                let message = format!("{} is left out of the build context by .dockerignore", quoted(path));
                return Err(Why::new("ignored-by-dockerignore", message));
            }
        };
        if !object.metadata.is_file() {
            return Err(Why::new("not-a-file", format!("{} is not a regular file", quoted(path))));
        }
        let bytes =
            read_bounded(&object.absolute).map_err(|error| unreadable(&quoted(path), &error))?.ok_or_else(
                || Why::new("too-large", format!("{} has more than {TEXT_LIMIT} bytes", quoted(path))),
            )?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            Err(_) => Err(Why::new("not-utf8", format!("{} is not UTF-8 text", quoted(path)))),
        }
    }

    fn rules(&self) -> Result<&DockerIgnore, Why> {
        self.rules.get_or_init(|| self.read_rules()).as_ref().map_err(Clone::clone)
    }

    fn read_rules(&self) -> Result<DockerIgnore, Why> {
        let mut places = Vec::new();
        if let Some(dockerfile) = &self.dockerfile
            && let Some(name) = dockerfile.file_name()
        {
            let directory = dockerfile.parent().filter(|parent| !parent.as_os_str().is_empty());
            places.push((
                directory.unwrap_or(Path::new(".")),
                format!("{}.dockerignore", name.to_string_lossy()),
            ));
        }
        places.push((&self.root, ".dockerignore".to_owned()));
        let everything = DockerIgnore::default();
        for (directory, name) in places {
            let shown = quoted(&directory.join(&name).to_string_lossy());
            // A link is confined to the directory here too. A directory of that name is passed over; a pipe must not
            // be opened.
            let path = match Walk::new(directory, &everything).resolve(&name)? {
                Place::Found(object) if object.metadata.is_file() => object.absolute,
                _ => continue,
            };
            let bytes =
                read_bounded(&path).map_err(|error| unreadable(&shown, &error))?.ok_or_else(|| {
                    Why::new(
                        "bad-dockerignore",
                        format!("{shown} has more than {TEXT_LIMIT} bytes; shorten it"),
                    )
                })?;
            return DockerIgnore::parse(&String::from_utf8_lossy(&bytes)).map_err(|bad| {
                Why::new("bad-dockerignore", format!("{shown}, line {}: {}", bad.line, bad.problem))
            });
        }
        Ok(DockerIgnore::default())
    }
}

/// The source relative to the context root: clean, empty for the root itself.
fn relative(source: &str) -> String {
    ignore::clean(&format!("/{source}")).trim_start_matches('/').to_owned()
}

/// The directory before the first component with a wildcard, and the rest (fsutil, `copy.splitWildcards`).
fn split_wildcards(path: &str) -> (&str, &str) {
    let mut start = 0;
    for component in path.split('/') {
        if glob::has_wildcard(component) {
            return (path[..start].trim_end_matches('/'), &path[start..]);
        }
        start += component.len() + 1;
    }
    (path, "")
}

/// The content of a regular file; none when it is larger than [`TEXT_LIMIT`].
fn read_bounded(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(TEXT_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= TEXT_LIMIT).then_some(bytes))
}

/// What a thread that panicked left behind is still whole: entries are inserted in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
