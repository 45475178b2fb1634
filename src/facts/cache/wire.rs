//! The cache file, version 1, and what is held of it in memory.

use std::collections::BTreeMap;

use dockerfile_syntax::{Digest, Reference};
use serde::{Deserialize, Serialize};

use super::{MAX_BYTES, MAX_ENTRIES};
use crate::facts::file::{WireConfig, WireFiles, is_platform};

/// The format this module reads and writes; in the name of the file too, so that versions do not share one.
pub(super) const SCHEMA: &str = "harden-cache/1";

/// Everything that was learnt. Keys are canonical references.
#[derive(Default)]
pub(super) struct Entries {
    /// What `repository:tag` resolves to.
    pub(super) tags: BTreeMap<String, Tag>,
    /// The version tag found for `repository:tag` and a digest.
    pub(super) versions: BTreeMap<(String, String), Version>,
    /// Configurations by digest: content, which cannot change.
    pub(super) configs: BTreeMap<String, Config>,
    /// What was read from layers, by digest of the image.
    pub(super) files: BTreeMap<String, Files>,
}

#[derive(Serialize)]
struct Writing<'e> {
    schema: &'static str,
    tags: &'e BTreeMap<String, Tag>,
    versions: Vec<(&'e str, &'e str, &'e Version)>,
    configs: &'e BTreeMap<String, Config>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    files: &'e BTreeMap<String, Files>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: String,
    tags: BTreeMap<String, Tag>,
    versions: Vec<(String, String, Version)>,
    configs: BTreeMap<String, Config>,
    #[serde(default)]
    files: BTreeMap<String, Files>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tag {
    /// When, in seconds since 1970.
    pub(super) learnt: u64,
    pub(super) digest: String,
    pub(super) index: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) platforms: Vec<String>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Version {
    pub(super) learnt: u64,
    /// `None`: the repository has no such tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tag: Option<String>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    pub(super) learnt: u64,
    pub(super) config: WireConfig,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Files {
    pub(super) learnt: u64,
    pub(super) files: WireFiles,
}

/// The key of a reference: with its tag, or with its digest if it has one.
pub(super) fn key(image: &Reference) -> String {
    match image.digest() {
        Some(digest) => format!("{}@{digest}", image.repository()),
        None => format!("{}:{}", image.repository(), image.tag_or_latest()),
    }
}

impl Entries {
    /// Reads a cache file. What was learnt after `latest` was written under a wrong clock, so its age is unknown: such
    /// tags are dropped.
    ///
    /// # Errors
    ///
    /// Why it is no cache file. One wrong entry makes the whole file suspect.
    pub(super) fn parse(text: &str, latest: u64) -> Result<Self, &'static str> {
        const FOREIGN: &str = "is no cache of this version of harden";
        // serde would take a list for the fields of an object, in order.
        if !text.trim_start().starts_with('{') {
            return Err(FOREIGN);
        }
        let file: Written = serde_json::from_str(text).map_err(|_| FOREIGN)?;
        if file.schema != SCHEMA {
            return Err(FOREIGN);
        }
        let is_digest = |text: &str| Digest::parse(text).is_ok();
        let is_key = |text: &str| Reference::parse(text).is_ok_and(|image| key(&image) == text);
        let is_tag =
            |key: &str, tag: &str| Reference::parse(key).is_ok_and(|image| image.with_tag(tag).is_ok());
        let tags = file.tags.iter().all(|(key, entry)| {
            is_key(key)
                && is_digest(&entry.digest)
                && entry.platforms.iter().all(|platform| is_platform(platform))
        });
        let versions = file.versions.iter().all(|(key, digest, version)| {
            is_key(key) && is_digest(digest) && version.tag.as_deref().is_none_or(|tag| is_tag(key, tag))
        });
        let contents = file.configs.keys().chain(file.files.keys()).all(|digest| is_digest(digest));
        if !(tags && versions && contents) {
            return Err("has entries that harden does not write");
        }
        let mut entries =
            Self { tags: file.tags, versions: BTreeMap::new(), configs: file.configs, files: file.files };
        entries.tags.retain(|_, entry| entry.learnt <= latest);
        let versions = file.versions.into_iter().filter(|(_, _, version)| version.learnt <= latest);
        entries.versions = versions.map(|(key, digest, version)| ((key, digest), version)).collect();
        for config in entries.configs.values_mut() {
            config.learnt = config.learnt.min(latest);
        }
        for files in entries.files.values_mut() {
            files.learnt = files.learnt.min(latest);
        }
        Ok(entries)
    }

    pub(super) fn to_json(&self) -> String {
        let versions = self.versions.iter().map(|((key, digest), one)| (key.as_str(), digest.as_str(), one));
        let file = Writing {
            schema: SCHEMA,
            tags: &self.tags,
            versions: versions.collect(),
            configs: &self.configs,
            files: &self.files,
        };
        // Texts, numbers and lists under fixed names: there is nothing that could fail to be written.
        serde_json::to_string(&file).unwrap_or_default()
    }

    /// Adds what others learnt; of two answers the later one counts.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, theirs) in other.tags {
            merge_one(&mut self.tags, key, theirs, |one| one.learnt);
        }
        for (key, theirs) in other.versions {
            merge_one(&mut self.versions, key, theirs, |one| one.learnt);
        }
        for (key, theirs) in other.configs {
            merge_one(&mut self.configs, key, theirs, |one| one.learnt);
        }
        for (key, theirs) in other.files {
            merge_one(&mut self.files, key, theirs, |one| one.learnt);
        }
    }

    /// Drops tags and versions learnt before `oldest`, and then the oldest entries until the rest is within bounds.
    pub(super) fn prune(&mut self, oldest: u64) {
        self.tags.retain(|_, entry| entry.learnt >= oldest);
        self.versions.retain(|_, entry| entry.learnt >= oldest);
        // Time, what it costs in the file, and which one it is.
        let mut all = Vec::new();
        all.extend(
            self.tags.iter().map(|(key, one)| (one.learnt, key.len() + size(one), One::Tag(key.clone()))),
        );
        all.extend(self.versions.iter().map(|(key, one)| {
            (one.learnt, key.0.len() + key.1.len() + size(one), One::Version(key.clone()))
        }));
        all.extend(
            self.configs
                .iter()
                .map(|(key, one)| (one.learnt, key.len() + size(one), One::Config(key.clone()))),
        );
        all.extend(
            self.files.iter().map(|(key, one)| (one.learnt, key.len() + size(one), One::Files(key.clone()))),
        );
        all.sort_by(|a, b| (b.0, &a.2).cmp(&(a.0, &b.2)));
        let mut bytes = SCHEMA.len() + 128;
        let mut full = false;
        for (index, (_, cost, one)) in all.into_iter().enumerate() {
            bytes += cost + 16;
            full |= index >= MAX_ENTRIES || bytes > MAX_BYTES;
            match one {
                One::Tag(key) if full => drop(self.tags.remove(&key)),
                One::Version(key) if full => drop(self.versions.remove(&key)),
                One::Config(key) if full => drop(self.configs.remove(&key)),
                One::Files(key) if full => drop(self.files.remove(&key)),
                _ => {}
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.tags.len() + self.versions.len() + self.configs.len() + self.files.len()
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum One {
    Tag(String),
    Version((String, String)),
    Config(String),
    Files(String),
}

fn merge_one<K: Ord, V>(mine: &mut BTreeMap<K, V>, key: K, theirs: V, learnt: fn(&V) -> u64) {
    if mine.get(&key).is_none_or(|own| learnt(own) < learnt(&theirs)) {
        mine.insert(key, theirs);
    }
}

fn size(entry: &impl Serialize) -> usize {
    serde_json::to_string(entry).map_or(0, |text| text.len())
}
