//! Files beside a Dockerfile that say or do what its fixes leave to others.
//!
//! For `Dockerfile` that is `Dockerfile.runtime.md`: how to build and run the image now. Names of variables the container
//! has to be given go into `.env.example` beside it, and files that must stay out of the build context into the
//! `.dockerignore` that counts. All three are made from the rewritten Dockerfile, the notes of its fixes, and compose and
//! bake files. No value of a variable is ever in them.
//!
//! What people wrote stays: the page has its place between two markers and goes nowhere else, the other files get lines
//! at their end. A page remembers its notes, since a Dockerfile that is hardened has no findings that would give them
//! again. `docs/runtime-notes.md` describes the files.

mod block;
mod compose;
mod docker;
mod env;
mod ignore;
mod image;
mod known;
mod kubernetes;
mod lines;
mod page;
mod profile;
mod services;
mod shared;
mod subject;
#[cfg(test)]
mod tests;
pub(crate) mod words;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use harden_core::{Note, Outcome};

use crate::discover::Candidate;
use crate::write::{Creation, Original, create_new};
use block::Block;
use ignore::Needs;
use known::Known;
pub(crate) use shared::{Refusal, Shared};
use subject::{Subject, folder_of, relative};

/// When the files are made (`--notes`, `notes` in `harden.toml`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// When a fix leaves something to do.
    #[default]
    Auto,
    /// Also when there is only something to know: which user the container runs as, and where it writes.
    Always,
    /// Never.
    Never,
}

/// What a file beside a Dockerfile is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `Dockerfile.runtime.md`.
    Page,
    /// `.env.example`.
    Variables,
    /// `.dockerignore`.
    Ignore,
}

impl Kind {
    /// As in reports; stable.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Page => "runtime-notes",
            Self::Variables => "env-example",
            Self::Ignore => "dockerignore",
        }
    }
}

/// A file that is new or gets another text. There is no `Debug`, because the text may hold secrets.
pub(crate) struct Companion {
    pub(crate) kind: Kind,
    pub(crate) path: PathBuf,
    /// The file as it is; `None` when there is none.
    original: Option<Original>,
    after: String,
}

impl Companion {
    /// Its text now; `None` when it does not exist.
    pub(crate) fn before(&self) -> Option<&str> {
        self.original.as_ref().map(Original::text)
    }

    /// Its text to be.
    pub(crate) fn after(&self) -> &str {
        &self.after
    }

    /// Whether there is something to write.
    fn changes(&self) -> bool {
        self.before() != Some(&self.after)
    }

    /// Writes it; an error is a sentence for people, and the file is as it was.
    pub(crate) fn write(&self) -> Result<(), String> {
        match &self.original {
            Some(original) => original.replace(&self.after).map_err(|error| error.to_string()),
            None => match create_new(&self.path, &self.after).map_err(|error| error.to_string())? {
                Creation::Created | Creation::AlreadySame => Ok(()),
                Creation::Exists => Err(format!(
                    "did not create {}: something else got that name while harden was working; run harden again",
                    words::clean(&self.path.to_string_lossy())
                )),
            },
        }
    }

    /// Takes back what [`write`](Self::write) did, as far as that is still what is there.
    pub(crate) fn undo(&self) {
        let Ok(now) = Original::read(&self.path) else { return };
        if now.text() != self.after {
            return;
        }
        // There is nobody left to tell: the error that led here is told.
        let _ = match &self.original {
            Some(original) => now.replace(original.text()).map_err(drop),
            None => fs::remove_file(&self.path).map_err(drop),
        };
    }
}

/// What follows from the fixes of one Dockerfile.
#[derive(Default)]
pub(crate) struct Beside {
    /// Its page, when that is new or changes.
    pub(crate) page: Option<Companion>,
    /// What it wants in files that several Dockerfiles share.
    pub(crate) request: Option<Request>,
}

/// What one Dockerfile wants in `.env.example` and `.dockerignore`.
pub(crate) struct Request {
    dockerfile: PathBuf,
    variables: BTreeSet<String>,
    excludes: BTreeSet<String>,
    needs: Needs,
}

/// The files beside a Dockerfile whose fixes are about to be made. Nothing is written.
///
/// # Errors
/// A sentence about a page that is there and must not be overwritten. The Dockerfile is to be left as it is then: its
/// notes would be lost.
pub(crate) fn beside(candidate: &Candidate, outcome: &Outcome, choice: Choice) -> Result<Beside, String> {
    let Some(path) = candidate.path().filter(|_| outcome.is_changed() && choice != Choice::Never) else {
        return Ok(Beside::default());
    };
    let mut known = Known::of(outcome);
    if known.is_empty() || (choice == Choice::Auto && !known.asks_for_something()) {
        return Ok(Beside::default());
    }
    // Lines of files are as they have to be or not at all: nothing in them is masked.
    let (mut variables, mut excludes) = (BTreeSet::new(), BTreeSet::new());
    for note in known::fixed(outcome) {
        match note {
            Note::Variable { name } => variables.insert(name.clone()),
            Note::Exclude { pattern } => excludes.insert(pattern.clone()),
            _ => false,
        };
    }
    let needs = Needs::of(&outcome.text, &candidate.setup);
    // Whoever fills in the values must not bring them into the image by the way.
    if let Some(file) =
        values_file(candidate, path).filter(|file| !variables.is_empty() && needs.may_take(file))
    {
        known.exclude(&file);
        excludes.insert(file);
    }
    let shared = !(variables.is_empty() && excludes.is_empty());
    let request = shared.then(|| Request { dockerfile: path.to_path_buf(), variables, excludes, needs });
    Ok(Beside { page: page(candidate, path, &outcome.text, known)?, request })
}

/// Where `.env` would be in the build context.
fn values_file(candidate: &Candidate, path: &Path) -> Option<String> {
    let way = relative(candidate.context.as_deref()?, folder_of(path))?;
    match way.as_str() {
        "." => Some(".env".to_owned()),
        _ if way.split('/').any(|part| part == "..") => None,
        _ => Some(format!("{way}/.env")),
    }
}

fn page(candidate: &Candidate, path: &Path, text: &str, known: Known) -> Result<Option<Companion>, String> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".runtime.md");
    let place = path.with_file_name(name);
    let refuse = |why: &str| {
        let page = words::clean(&place.to_string_lossy());
        let path = words::clean(&path.to_string_lossy());
        format!("did not change {path}: its notes belong into {page}, but {why}; or give --notes never")
    };
    let original = read(&place).map_err(|error| refuse(&error))?;
    let block = original.as_ref().map(|original| Block::find(original.text())).transpose().map_err(refuse)?;
    let earlier = match block.as_ref().and_then(Block::notes) {
        Some(line) => Known::from_line(line).ok_or_else(|| {
            refuse(
                "its line `harden:notes` cannot be read; restore it, or delete all lines between the markers",
            )
        })?,
        None => Known::default(),
    };
    let subject = Subject::new(known.after(earlier), candidate, path, text);
    let own = block::wrap(&subject.known.to_line(), &page::page(&subject));
    let after = block.map_or_else(|| own.clone(), |block| block.with(&own));
    let companion = Companion { kind: Kind::Page, path: place, original, after };
    Ok(companion.changes().then_some(companion))
}

/// A file that may be missing; an error is the end of a sentence.
fn read(path: &Path) -> Result<Option<Original>, String> {
    if fs::symlink_metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Ok(None);
    }
    Original::read(path).map(Some).map_err(|error| format!("harden {error}"))
}
