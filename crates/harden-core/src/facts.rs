//! The facts contract: what a transform may ask about the world outside the Dockerfile.
//!
//! A question has three answers: it is [known](Answer::Known), it is [unknown](Answer::Unknown) and says why, or
//! nobody has [asked yet](Answer::NotAsked). The last one lets the caller collect the questions of many files, answer
//! each of them once, and run the rewrite again: the engine itself never touches a file or the network.

use std::fmt;
use std::sync::Arc;

use dockerfile_syntax::{Digest, Reference};

use crate::ImageFiles;

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// The fact.
    Known(T),
    /// There is no such fact to be had; the reason is fit for a report.
    Unknown(Why),
    /// Nobody looked. A caller that can look answers the question and rewrites again.
    NotAsked,
}

/// Why a fact is not known: a stable code for machines and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Why {
    /// Stable, kebab-case: `offline`, `not-found`, `no-context`, `ignored-by-dockerignore`.
    pub code: &'static str,
    /// What is missing and what would supply it. Never holds a secret.
    pub message: String,
}

impl Why {
    /// A reason with its stable code.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Nobody has looked into the layers of `image`: `not-inspected`.
    pub fn not_inspected(image: &Reference) -> Self {
        let message = format!(
            "nobody has read the users and tools of `{image}`; run with --inspect, or supply facts recorded with it"
        );
        Self::new("not-inspected", message)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A question about an image, as the caller has to answer it.
///
/// References are compared by their canonical form, so `node`, `docker.io/library/node` and `node:latest` ask for the
/// same thing only when they name the same tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// The digest a registry serves for this reference: the index when there is one.
    IndexDigest(Reference),
    /// A version tag of the same repository that points at the same digest.
    VersionTag(Reference, Digest),
    /// The image configuration.
    ImageConfig(Reference),
    /// Users, groups, release and tools in the file system of the image.
    ImageFiles(Reference),
}

/// What a reference resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedImage {
    /// Digest of the image index, or of the manifest when the tag itself is a single manifest.
    pub digest: Digest,
    /// Whether [`digest`](Self::digest) names an index (OCI image index or Docker manifest list).
    pub is_index: bool,
    /// Platforms in the index, `os/architecture[/variant]`; empty when the source did not record them.
    pub platforms: Vec<String>,
}

/// The parts of an OCI image configuration that decide how a container starts
/// (OCI image specification, `config.md`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// `os/architecture[/variant]` of the configuration.
    pub platform: Option<String>,
    /// `User`, as written in the image; empty or absent means root.
    pub user: Option<String>,
    /// `Entrypoint`.
    pub entrypoint: Vec<String>,
    /// `Cmd`.
    pub cmd: Vec<String>,
    /// `Env`, in order, as `(name, value)`.
    pub env: Vec<(String, String)>,
    /// `WorkingDir`.
    pub working_dir: Option<String>,
    /// `ExposedPorts`, for instance `80/tcp`, sorted.
    pub exposed_ports: Vec<String>,
    /// `Volumes`, sorted.
    pub volumes: Vec<String>,
    /// `Shell` (a Docker extension).
    pub shell: Vec<String>,
}

/// What a COPY or ADD source names in the build context, after `.dockerignore` and with symbolic links followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextSource {
    /// Everything the source matches, sorted by path. Empty: nothing matches.
    pub entries: Vec<ContextEntry>,
    /// Something matched but `.dockerignore` excludes it.
    pub ignored: bool,
    /// Nothing says that this is the build context: it is the folder of the Dockerfile.
    pub guessed: bool,
}

/// One file or directory of the build context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextEntry {
    /// Path relative to the context root, `/`-separated, no leading slash.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What a context entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A directory: `ADD` copies its content and never extracts archives inside it.
    Directory,
    /// A regular file `ADD` would extract.
    Archive {
        /// `tar`, `gzip`, `bzip2`, `xz` or `zstd`.
        compression: &'static str,
    },
    /// A regular file `ADD` copies as it is: its decompressed content does not begin with a tar header.
    PlainFile,
    /// A regular file nobody could classify: unreadable, or a compression that is recognised and not supported.
    Unclassified(Why),
    /// A device, socket or pipe.
    Special,
}

/// What lies below a folder of the build context, after `.dockerignore`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextListing {
    /// Files and folders, sorted by path, the folder itself not among them. Symbolic links are listed and not
    /// followed.
    pub entries: Vec<ListedEntry>,
    /// Whether this is everything; a listing stops at a limit of entries.
    pub complete: bool,
    /// Nothing says that this is the build context: it is the folder of the Dockerfile.
    pub guessed: bool,
}

/// One line of a [`ContextListing`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedEntry {
    /// Path relative to the context root, `/`-separated, no leading slash.
    pub path: String,
    /// What it is.
    pub kind: ListedKind,
    /// Permission bits (`0o7777`), where the platform has them. The builder keeps them in the image.
    pub mode: Option<u32>,
}

/// What a listed entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListedKind {
    /// A folder.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link, device, socket or pipe.
    Other,
}

/// Answers the questions of the transforms for one Dockerfile.
///
/// An implementation answers from what it holds. It may read the build context, within bounds, but image questions
/// that would need the network are [`Answer::NotAsked`] until the caller has looked them up.
pub trait Facts {
    /// The digest served for `image`. References that already carry a digest are never asked about.
    fn index_digest(&self, image: &Reference) -> Answer<ResolvedImage>;

    /// The most specific version tag of `image`'s repository that has this digest, for instance `26.5.0` for
    /// `node:latest`; `Known(None)` when the repository has none.
    fn version_tag(&self, image: &Reference, digest: &Digest) -> Answer<Option<String>>;

    /// The image configuration of `image`.
    fn image_config(&self, image: &Reference) -> Answer<Arc<ImageConfig>>;

    /// What the file system of `image` says about users and tools. Finding out downloads its layers, so it is unknown
    /// unless people asked for it.
    fn image_files(&self, image: &Reference) -> Answer<Arc<ImageFiles>> {
        Answer::Unknown(Why::not_inspected(image))
    }

    /// What `source`, with its variables already expanded, names in the build context. Wildcards are Go's
    /// `path/filepath.Match`, as in BuildKit.
    fn context_source(&self, source: &str) -> Answer<ContextSource>;

    /// Everything below `folder` of the build context (`""` or `.` for all of it), within a limit of entries. A file
    /// lists itself.
    fn context_listing(&self, _folder: &str) -> Answer<Arc<ContextListing>> {
        Answer::Unknown(Why::new("no-context", "the build context is not at hand"))
    }

    /// The text of a file in the build context, when it is UTF-8 and at most 1 MiB.
    fn context_text(&self, path: &str) -> Answer<Arc<str>>;
}

/// Facts about nothing: every question is unknown for the same reason.
#[derive(Clone, Debug)]
pub struct NoFacts(pub Why);

impl Default for NoFacts {
    fn default() -> Self {
        Self(Why::new("no-facts", "no facts were supplied"))
    }
}

impl Facts for NoFacts {
    fn index_digest(&self, _: &Reference) -> Answer<ResolvedImage> {
        Answer::Unknown(self.0.clone())
    }
    fn version_tag(&self, _: &Reference, _: &Digest) -> Answer<Option<String>> {
        Answer::Unknown(self.0.clone())
    }
    fn image_config(&self, _: &Reference) -> Answer<Arc<ImageConfig>> {
        Answer::Unknown(self.0.clone())
    }
    fn context_source(&self, _: &str) -> Answer<ContextSource> {
        Answer::Unknown(self.0.clone())
    }
    fn context_text(&self, _: &str) -> Answer<Arc<str>> {
        Answer::Unknown(self.0.clone())
    }
}
