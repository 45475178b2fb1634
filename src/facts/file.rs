//! The facts file: what registries said about images, recorded to be replayed.
//!
//! A run that may ask registries can write down every answer; runs without a network, tests and whole fleets then
//! work from the file and come to the same result everywhere. The file is versioned JSON:
//!
//! ```json
//! {
//!   "schema": "harden-facts/1",
//!   "source": "who recorded it, and when",
//!   "images": [
//!     {
//!       "ref": "node:lts",
//!       "digest": "sha256:…64 hex digits…",
//!       "index": true,
//!       "platforms": ["linux/amd64", "linux/arm64/v8"],
//!       "tags": ["24", "24.19.0"],
//!       "config": { "platform": "linux/amd64", "cmd": ["node"], "env": ["NODE_VERSION=24.19.0"] }
//!     },
//!     { "ref": "ghcr.io/example/gone:1", "unknown": { "code": "not-found", "message": "…" } }
//!   ]
//! }
//! ```
//!
//! An entry may also have `files`: users, groups and tools that were read from the layers, as
//! `"users": ["node:1000:1000:/home/node:/bin/bash"]`, `"groups": ["node:1000:"]`, `"os_release": {"ID": "debian"}` and
//! `"tools": {"/bin/sh": "/usr/bin/dash"}`; or `files_unknown`, the reason why they could not be.
//!
//! `index` tells an index from the manifest of a single platform. `tags` are other tags of the repository with the
//! same digest. A `config` with `"partial": true` lacks fields that the image may have; `config_unknown` says why there
//! is none; `unknown` says why the tag could not be resolved at all. A `ref` may carry the digest itself.
//!
//! Facts about content (platforms, configuration) belong to the digest, tags only point at it. So a configuration that
//! was recorded for `node:22` also answers for `node:22@sha256:…` and for every other tag of the repository with the
//! same digest, and two records of one digest cannot contradict each other.

mod error;
mod files;
mod read;
mod secrets;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dockerfile_syntax::{Digest, Reference};
use harden_core::{ImageConfig, ImageFiles, ResolvedImage, Why};

use super::tags::best_version;

pub use error::FactsFileError;
pub(super) use files::Files as WireFiles;
pub use read::MAX_SIZE;
pub(super) use wire::{Config as WireConfig, is_platform};

/// Recorded facts about images.
///
/// A reference without tag and digest means `latest`, as in Docker. All look-ups are two or three searches in sorted
/// maps; only answers are allocated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedFacts {
    source: Option<String>,
    /// Keyed by registry host and path.
    repositories: BTreeMap<String, Repository>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Repository {
    tags: BTreeMap<String, TagAnswer>,
    contents: BTreeMap<Digest, Content>,
}

/// What a tag points at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TagAnswer {
    /// The registry was asked for this tag.
    Asked(Digest),
    /// The tag was only named as having this digest.
    Listed(Digest),
    /// Nobody could say.
    Failed(Why),
}

/// What is known of one digest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Content {
    index: Option<Index>,
    config: Option<ConfigAnswer>,
    files: Option<FilesAnswer>,
    /// The tags whose answer is this digest; follows `Repository::tags`.
    tags: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Index {
    is_index: bool,
    /// Sorted, without repetition.
    platforms: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ConfigAnswer {
    Complete(Arc<ImageConfig>),
    /// What is there holds; what is absent is unknown.
    Partial(Arc<ImageConfig>),
    Failed(Why),
}

/// What the layers say, or why they could not be read.
type FilesAnswer = Result<Arc<ImageFiles>, Why>;

impl TagAnswer {
    fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Asked(digest) | Self::Listed(digest) => Some(digest),
            Self::Failed(_) => None,
        }
    }
}

impl Repository {
    /// Makes `tag` point where `answer` says, and nowhere else.
    fn set_tag(&mut self, tag: String, answer: TagAnswer) {
        if let Some(old) = self.tags.get(&tag).and_then(TagAnswer::digest)
            && let Some(content) = self.contents.get_mut(old)
        {
            content.tags.remove(&tag);
        }
        if let Some(digest) = answer.digest() {
            self.contents.entry(digest.clone()).or_default().tags.insert(tag.clone());
        }
        self.tags.insert(tag, answer);
    }

    /// The content a reference means, or why its tag could not be resolved.
    fn content(&self, image: &Reference) -> Option<Result<(&Digest, &Content), &Why>> {
        let digest = match (image.digest(), self.tags.get(image.tag_or_latest())) {
            (Some(digest), _) | (None, Some(TagAnswer::Asked(digest) | TagAnswer::Listed(digest))) => digest,
            (None, Some(TagAnswer::Failed(why))) => return Some(Err(why)),
            (None, None) => return None,
        };
        self.contents.get_key_value(digest).map(Ok)
    }
}

impl RecordedFacts {
    /// No facts at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Whether nothing is recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.repositories.is_empty()
    }

    /// Where the facts come from and when they were recorded, in the words of the file.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Says where the facts come from.
    pub fn set_source(&mut self, source: impl Into<String>) {
        self.source = Some(source.into());
    }

    /// What `image` resolves to, or why that could not be found out; `None` when it is not recorded.
    ///
    /// For a reference with a digest this gives the recorded platforms of that digest.
    #[must_use]
    pub fn resolved(&self, image: &Reference) -> Option<Result<ResolvedImage, Why>> {
        match self.repositories.get(image.repository())?.content(image)? {
            Ok((digest, content)) => content.index.as_ref().map(|index| {
                Ok(ResolvedImage {
                    digest: digest.clone(),
                    is_index: index.is_index,
                    platforms: index.platforms.clone(),
                })
            }),
            Err(why) => Some(Err(why.clone())),
        }
    }

    /// The configuration of `image`, or why it could not be had; `None` when it is not recorded, or only in part.
    #[must_use]
    pub fn config(&self, image: &Reference) -> Option<Result<Arc<ImageConfig>, Why>> {
        match self.repositories.get(image.repository())?.content(image)? {
            Ok((_, content)) => match content.config.as_ref()? {
                ConfigAnswer::Complete(config) => Some(Ok(Arc::clone(config))),
                ConfigAnswer::Partial(_) => None,
                ConfigAnswer::Failed(why) => Some(Err(why.clone())),
            },
            Err(why) => Some(Err(why.clone())),
        }
    }

    /// The configuration of `image` when only a part of it is recorded.
    ///
    /// What is there holds. What is absent or empty is unknown: no `user` does not mean root here.
    #[must_use]
    pub fn partial_config(&self, image: &Reference) -> Option<Arc<ImageConfig>> {
        let (_, content) = self.repositories.get(image.repository())?.content(image)?.ok()?;
        match content.config.as_ref()? {
            ConfigAnswer::Partial(config) => Some(Arc::clone(config)),
            ConfigAnswer::Complete(_) | ConfigAnswer::Failed(_) => None,
        }
    }

    /// The users and tools of `image`, or why they could not be had; `None` when they are not recorded.
    #[must_use]
    pub fn files(&self, image: &Reference) -> Option<Result<Arc<ImageFiles>, Why>> {
        match self.repositories.get(image.repository())?.content(image)? {
            Ok((_, content)) => content.files.clone(),
            Err(why) => Some(Err(why.clone())),
        }
    }

    /// The best version tag of `image`'s repository that points at `digest`, as [`best_version`] chooses it.
    ///
    /// `Some(None)`: the digest is recorded and no recorded tag of it is a version that could stand for `image`.
    /// `None`: nothing is recorded about this digest.
    #[must_use]
    pub fn version_tag(&self, image: &Reference, digest: &Digest) -> Option<Option<String>> {
        let content = self.repositories.get(image.repository())?.contents.get(digest)?;
        let candidates = content.tags.iter().map(String::as_str);
        Some(best_version(image.repository(), image.tag_or_latest(), candidates).map(str::to_owned))
    }

    /// Records what `image` resolves to, or why that could not be found out. Replaces an earlier answer.
    ///
    /// A reference with a digest is its own answer: of it only the platforms of that very digest are recorded.
    ///
    /// Codes of failures that a file carries: `offline`, `not-found`, `unauthorized`, `forbidden`, `rate-limited`,
    /// `timeout`, `unreachable`, `server-error`, `bad-response`, `too-large`, `unsupported`. Any other becomes
    /// `recorded-failure`, here as in a replay.
    pub fn insert_resolved(&mut self, image: &Reference, answer: Result<ResolvedImage, Why>) {
        let repository = self.repositories.entry(image.repository().to_owned()).or_default();
        match (answer, image.digest()) {
            (Ok(found), pinned) if pinned.is_none_or(|digest| *digest == found.digest) => {
                if pinned.is_none() {
                    let answer = TagAnswer::Asked(found.digest.clone());
                    repository.set_tag(image.tag_or_latest().to_owned(), answer);
                }
                repository.contents.entry(found.digest).or_default().index =
                    Some(Index { is_index: found.is_index, platforms: sorted(found.platforms) });
            }
            (Err(why), None) => {
                repository.set_tag(image.tag_or_latest().to_owned(), TagAnswer::Failed(wire::portable(why)));
            }
            _ => {}
        }
    }

    /// Records the complete configuration of the image with `digest` in the repository of `image`, or why it could not
    /// be had. Replaces an earlier answer.
    pub fn insert_config(&mut self, image: &Reference, digest: &Digest, answer: Result<ImageConfig, Why>) {
        let content = self.content_mut(image, digest);
        content.config = Some(match answer {
            Ok(mut config) => {
                config.exposed_ports = sorted(config.exposed_ports);
                config.volumes = sorted(config.volumes);
                ConfigAnswer::Complete(Arc::new(config))
            }
            Err(why) => ConfigAnswer::Failed(wire::portable(why)),
        });
    }

    /// Records users and tools of the image with `digest` in the repository of `image`, or why they could not be had.
    /// Replaces an earlier answer. Users and groups that cannot be written as a line are left out.
    pub fn insert_files(&mut self, image: &Reference, digest: &Digest, answer: Result<ImageFiles, Why>) {
        let answer = answer.map(|files| Arc::new(files::portable(files))).map_err(wire::portable);
        self.content_mut(image, digest).files = Some(answer);
    }

    /// Records that `tags` of the repository of `image` point at `digest`. What is no tag is left out, and so is a tag
    /// that was asked for itself and had another answer.
    pub fn insert_tags(
        &mut self,
        image: &Reference,
        digest: &Digest,
        tags: impl IntoIterator<Item = impl Into<String>>,
    ) {
        self.content_mut(image, digest);
        let repository = self.repositories.entry(image.repository().to_owned()).or_default();
        for tag in tags {
            let tag = tag.into();
            let asked = matches!(repository.tags.get(&tag), Some(TagAnswer::Asked(_)));
            if !asked && image.with_tag(&tag).is_ok() {
                repository.set_tag(tag, TagAnswer::Listed(digest.clone()));
            }
        }
    }

    /// Adds the facts of a later recording. They win over what is here, except that a failure never replaces a fact,
    /// nor a part of a configuration the whole.
    pub fn merge(&mut self, later: Self) {
        self.source = later.source.or_else(|| self.source.take());
        for (name, repository) in later.repositories {
            let mine = self.repositories.entry(name).or_default();
            for (digest, content) in repository.contents {
                let old = mine.contents.entry(digest).or_default();
                old.index = content.index.or_else(|| old.index.take());
                old.config = match (content.config, old.config.take()) {
                    (None | Some(ConfigAnswer::Failed(_)), Some(known)) => Some(known),
                    (Some(ConfigAnswer::Partial(_)), Some(whole @ ConfigAnswer::Complete(_))) => Some(whole),
                    (new, _) => new,
                };
                old.files = match (content.files, old.files.take()) {
                    (None | Some(Err(_)), Some(known)) => Some(known),
                    (new, _) => new,
                };
            }
            for (tag, answer) in repository.tags {
                let known = mine.tags.get(&tag).and_then(TagAnswer::digest).is_some();
                if answer.digest().is_some() || !known {
                    mine.set_tag(tag, answer);
                }
            }
        }
    }

    fn content_mut(&mut self, image: &Reference, digest: &Digest) -> &mut Content {
        let repository = self.repositories.entry(image.repository().to_owned()).or_default();
        repository.contents.entry(digest.clone()).or_default()
    }
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort_unstable();
    list.dedup();
    list
}
