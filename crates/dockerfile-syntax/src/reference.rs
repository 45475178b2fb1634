//! Image references, read as `distribution/reference` reads them.
//!
//! The grammar and the normalisation are those of `ParseNormalizedNamed` (github.com/distribution/reference,
//! `regexp.go` and `normalize.go`), which Docker, `BuildKit` and containerd share; digests are checked as
//! `opencontainers/go-digest` does with its registered algorithms.

mod digest;
mod error;
mod grammar;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

pub use digest::Digest;
pub use error::ReferenceError;

/// Registry host that a reference without one belongs to.
const DOCKER_HUB: &str = "docker.io";
/// Name space of the Docker Official Images on Docker Hub.
const OFFICIAL: &str = "library/";

/// An image reference: registry host, repository path, and optionally a tag and a digest.
///
/// Two references are equal, order and hash alike when their [canonical](Self::canonical) forms do, so `node:22` equals
/// `docker.io/library/node:22`. A missing tag is not `latest` here: `node` and `node:latest` differ. The spelling of
/// the author is kept beside it, see [`as_written`](Self::as_written).
///
/// ```
/// use dockerfile_syntax::Reference;
///
/// let image = Reference::parse("node:22-alpine")?;
/// assert_eq!(image.canonical(), "docker.io/library/node:22-alpine");
/// assert_eq!((image.domain(), image.path(), image.tag()), ("docker.io", "library/node", Some("22-alpine")));
/// assert_eq!(image.to_string(), "node:22-alpine");
/// assert_eq!(image, Reference::parse("index.docker.io/library/node:22-alpine")?);
/// # Ok::<(), dockerfile_syntax::ReferenceError>(())
/// ```
#[derive(Clone)]
pub struct Reference {
    written: Box<str>,
    /// Where the name ends in `written`.
    written_name: usize,
    canonical: Box<str>,
    /// Length of the registry host in `canonical`; 0 when there is none.
    domain: usize,
    /// Length of `domain/path` in `canonical`.
    repository: usize,
    /// Length of the tag in `canonical`, which stands one byte after the repository.
    tag: Option<usize>,
    digest: Option<Digest>,
}

impl Reference {
    /// Reads an image reference.
    ///
    /// # Errors
    ///
    /// Says what is wrong with `text`, where, and what a correct reference looks like. Stage names and `scratch` are
    /// not special here: the caller knows which words are stages.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let parts = grammar::split(text)?;
        let digest = parts.digest.map(|(at, text)| Digest::parse_at(text, at)).transpose()?;

        let mut canonical = String::with_capacity(DOCKER_HUB.len() + 1 + OFFICIAL.len() + text.len());
        if !parts.domain.is_empty() {
            canonical.push_str(parts.domain);
            canonical.push('/');
        }
        if parts.official {
            canonical.push_str(OFFICIAL);
        }
        canonical.push_str(parts.path);
        let repository = canonical.len();
        if let Some(tag) = parts.tag {
            canonical.push(':');
            canonical.push_str(tag);
        }
        if let Some(digest) = &digest {
            canonical.push('@');
            canonical.push_str(digest.as_str());
        }
        Ok(Self {
            written: text.into(),
            written_name: parts.name_end,
            canonical: canonical.into(),
            domain: parts.domain.len(),
            repository,
            tag: parts.tag.map(str::len),
            digest,
        })
    }

    /// The reference exactly as it was given.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// The name as it was given, without tag and digest.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.written[..self.written_name]
    }

    /// The registry host with its port; `docker.io` when the reference names none.
    ///
    /// Empty only for a first component that is no valid host but looks like one, for instance the
    /// `my_host.example` of `my_host.example/app`: upstream takes it as part of the path.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.canonical[..self.domain]
    }

    /// The repository path below the registry host, for instance `library/node`.
    #[must_use]
    pub fn path(&self) -> &str {
        let start = if self.domain == 0 { 0 } else { self.domain + 1 };
        &self.canonical[start..self.repository]
    }

    /// The tag as given; `None` when there is none, which Docker takes as `latest` unless a digest follows.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.map(|length| &self.canonical[self.repository + 1..self.repository + 1 + length])
    }

    /// The tag, or `latest` when there is none.
    #[must_use]
    pub fn tag_or_latest(&self) -> &str {
        self.tag().unwrap_or("latest")
    }

    /// The digest, when the reference is pinned.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Registry host and path, for instance `docker.io/library/node`.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.canonical[..self.repository]
    }

    /// The whole reference with registry host and full path. No `:latest` is added.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The shortest form that Docker shows: without `docker.io/` and, for official images, without `library/`.
    ///
    /// This is the form that named build contexts are matched against (`BuildKit`, `reference.FamiliarString`). As
    /// upstream, it does not read back as the same image when the path on Docker Hub begins like a registry host:
    /// `docker.io/localhost/app` becomes `localhost/app`.
    #[must_use]
    pub fn familiar(&self) -> &str {
        if !self.is_docker_hub() {
            return &self.canonical;
        }
        let official = self.path().strip_prefix(OFFICIAL).is_some_and(|rest| !rest.contains('/'));
        let skipped = self.domain + 1 + if official { OFFICIAL.len() } else { 0 };
        &self.canonical[skipped..]
    }

    /// Whether the image is on Docker Hub.
    #[must_use]
    pub fn is_docker_hub(&self) -> bool {
        self.domain() == DOCKER_HUB
    }

    /// The same name and digest, as written, with another tag.
    ///
    /// # Errors
    ///
    /// `tag` is empty, longer than 128 characters, or holds a character a tag cannot hold. Offsets count from the
    /// start of the new reference.
    ///
    /// ```
    /// # use dockerfile_syntax::Reference;
    /// let image = Reference::parse("docker.io/node")?;
    /// assert_eq!(image.with_tag("22.23.3")?.as_written(), "docker.io/node:22.23.3");
    /// # Ok::<(), dockerfile_syntax::ReferenceError>(())
    /// ```
    pub fn with_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        grammar::check_tag(tag, self.written_name + 1)?;
        Ok(self.assemble(Some(tag), self.digest.as_ref()))
    }

    /// The same name and tag, as written, pinned to `digest`.
    #[must_use]
    pub fn with_digest(&self, digest: &Digest) -> Self {
        self.assemble(self.tag(), Some(digest))
    }

    /// The same name and tag, as written, without a digest.
    #[must_use]
    pub fn without_digest(&self) -> Self {
        self.assemble(self.tag(), None)
    }

    /// Both spellings of the name with other, already checked parts behind it.
    fn assemble(&self, tag: Option<&str>, digest: Option<&Digest>) -> Self {
        let finish = |name: &str| {
            let mut text = name.to_owned();
            for (mark, part) in [(':', tag), ('@', digest.map(Digest::as_str))] {
                if let Some(part) = part {
                    text.push(mark);
                    text.push_str(part);
                }
            }
            text.into_boxed_str()
        };
        Self {
            written: finish(self.name()),
            written_name: self.written_name,
            canonical: finish(self.repository()),
            domain: self.domain,
            repository: self.repository,
            tag: tag.map(str::len),
            digest: digest.cloned(),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.written)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reference").field(&self.written).finish()
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl PartialEq for Reference {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Reference {}

impl PartialOrd for Reference {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Reference {
    fn cmp(&self, other: &Self) -> Ordering {
        self.canonical.cmp(&other.canonical)
    }
}

impl Hash for Reference {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.canonical.hash(state);
    }
}
