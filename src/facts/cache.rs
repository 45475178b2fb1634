//! What registries said lately, kept on the disk between runs.
//!
//! Tags move, so what they resolve to, and which version tag has the same digest, is believed for a limited time. An
//! image configuration and the files in layers belong to a digest and never change. Failures are not kept. No answer of the cache can differ
//! from what the registry said but for that time: the file is one user's (mode 0600 in a folder of mode 0700), a file or
//! folder that others may write to is not used, and neither is one that does not read back as what was written.
//!
//! Credentials cannot get in, because nothing but answers does; of an image configuration, values that look like secrets
//! are [masked](RecordedFacts::mask_secrets) first.
//!
//! Registries asked through different [routes](Route) have different files: an answer of a mirror that one repository
//! configures must not reach another repository.
//!
//! Any number of processes may use one cache. A file is replaced as a whole, after what others have written meanwhile
//! has been added to it.

mod place;
mod store;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use dockerfile_syntax::{Digest, Reference};
use harden_core::{Question, ResolvedImage};
use sha2::{Digest as _, Sha256};

use super::file::{RecordedFacts, WireConfig, WireFiles};
pub use place::default_dir;
use wire::{Entries, key};

/// How long tags are believed when nobody says otherwise.
pub const DEFAULT_TTL: Duration = Duration::from_secs(60 * 60);
/// Most entries that are kept; the oldest go first.
pub const MAX_ENTRIES: usize = 20_000;
/// Largest cache file, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// Tags are kept for at least so long, because another run may believe them longer than this one.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How far ahead of this run another one may be that began later and saved earlier, in seconds.
const AHEAD: u64 = 24 * 60 * 60;

/// Through what registries are asked, as far as it decides what they answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route(Option<String>);

impl Route {
    /// The registries themselves, with TLS.
    #[must_use]
    pub fn direct() -> Self {
        Self::default()
    }

    /// With mirrors by registry, and with registries that may be asked without TLS.
    #[must_use]
    pub fn new(mirrors: &BTreeMap<String, String>, insecure: &BTreeSet<String>) -> Self {
        if mirrors.is_empty() && insecure.is_empty() {
            return Self::direct();
        }
        let mut hash = Sha256::new();
        for (registry, mirror) in mirrors {
            hash.update(format!("mirror {registry} {mirror}\n"));
        }
        for registry in insecure {
            hash.update(format!("insecure {registry}\n"));
        }
        let name = hash.finalize().iter().take(12).fold(String::new(), |mut name, byte| {
            let _ = write!(name, "{byte:02x}");
            name
        });
        Self(Some(name))
    }

    fn file_name(&self) -> String {
        let tail = self.0.as_deref().map(|hash| format!("-{hash}")).unwrap_or_default();
        format!("registry-1{tail}.json")
    }
}

/// Why the cache is not used, or could not be saved. The run is as correct without it, only slower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong and what to do.
    pub message: String,
}

impl Warning {
    fn new(path: &Path, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into() }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the cache {} {}", self.path.display(), self.message)
    }
}

/// Answers of registries, from earlier runs and this one.
pub struct Cache {
    dir: PathBuf,
    path: PathBuf,
    ttl: Duration,
    /// Seconds since 1970.
    now: u64,
    entries: Entries,
    /// What this run learnt; the rest is on the disk already.
    changed: bool,
    /// The folder is not to be used at all.
    shut: bool,
    warning: Option<Warning>,
}

impl Cache {
    /// Opens the cache in `dir`, which need not exist. Tags are believed when they are younger than `ttl`; with a `ttl`
    /// of zero none is (`--refresh`), but what this run learns is kept for the next.
    ///
    /// Never fails: a file that is broken, foreign or not safe to use counts as empty, and [`warning`](Self::warning)
    /// says so.
    #[must_use]
    pub fn open(dir: &Path, route: &Route, ttl: Duration, now: SystemTime) -> Self {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let path = dir.join(route.file_name());
        let mut cache = Self {
            dir: dir.to_owned(),
            path,
            ttl,
            now,
            entries: Entries::default(),
            changed: false,
            shut: false,
            warning: None,
        };
        match store::check_folder(dir) {
            Ok(()) => match store::read(&cache.path, now.saturating_add(AHEAD)) {
                Ok(entries) => cache.entries = entries,
                Err(warning) => cache.warning = Some(warning),
            },
            Err(warning) => {
                cache.shut = true;
                cache.warning = Some(warning);
            }
        }
        cache
    }

    /// Why what was kept is not used, to be reported once.
    #[must_use]
    pub fn warning(&self) -> Option<&Warning> {
        self.warning.as_ref()
    }

    /// Number of entries, expired ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is known of `questions`, and the questions that remain.
    #[must_use]
    pub fn answers(&self, questions: &BTreeSet<Question>) -> (RecordedFacts, BTreeSet<Question>) {
        let mut facts = RecordedFacts::empty();
        let open = questions.iter().filter(|question| self.answer(question, &mut facts).is_none());
        let open = open.cloned().collect();
        (facts, open)
    }

    fn answer(&self, question: &Question, facts: &mut RecordedFacts) -> Option<()> {
        match question {
            Question::IndexDigest(image) => {
                let found = self.tag(image)?;
                facts.insert_resolved(image, Ok(found));
            }
            Question::VersionTag(image, digest) => {
                let version = self.entries.versions.get(&(key(image), digest.to_string()))?;
                if !self.is_fresh(version.learnt) {
                    return None;
                }
                facts.insert_tags(image, digest, version.tag.clone());
            }
            Question::ImageConfig(image) => {
                let (digest, found) = self.content(image)?;
                let (config, partial) = self.entries.configs.get(digest.as_str())?.config.clone().into_core();
                if partial {
                    return None;
                }
                facts.insert_config(image, &digest, Ok(config));
                if let Some(found) = found {
                    facts.insert_resolved(image, Ok(found));
                }
            }
            Question::ImageFiles(image) => {
                let (digest, found) = self.content(image)?;
                let files = self.entries.files.get(digest.as_str())?.files.clone().into_core();
                facts.insert_files(image, &digest, Ok(files));
                if let Some(found) = found {
                    facts.insert_resolved(image, Ok(found));
                }
            }
        }
        Some(())
    }

    /// The digest of an image, with what its tag resolves to if it has no digest: then the tag has to be fresh.
    fn content(&self, image: &Reference) -> Option<(Digest, Option<ResolvedImage>)> {
        if let Some(digest) = image.digest() {
            return Some((digest.clone(), None));
        }
        let found = self.tag(image)?;
        Some((found.digest.clone(), Some(found)))
    }

    fn tag(&self, image: &Reference) -> Option<ResolvedImage> {
        let entry = self.entries.tags.get(&key(image))?;
        let digest = Digest::parse(&entry.digest).ok()?;
        self.is_fresh(entry.learnt).then(|| ResolvedImage {
            digest,
            is_index: entry.index,
            platforms: entry.platforms.clone(),
        })
    }

    fn is_fresh(&self, learnt: u64) -> bool {
        self.now.checked_sub(learnt).is_some_and(|age| Duration::from_secs(age) < self.ttl)
    }

    /// Keeps what registries just said: `facts` are their answers to `questions`, and nothing else may be in them, or
    /// an old answer would be taken for a new one. Failures, and what `facts` says of other questions, are passed over.
    ///
    /// That there is no version tag is only kept when `facts` names the digest for that question alone: a failed look-up
    /// must not look like an empty one.
    pub fn learn(&mut self, facts: &RecordedFacts, questions: &BTreeSet<Question>) {
        let mut clean = facts.clone();
        clean.mask_secrets();
        for question in questions {
            self.changed |= self.learn_one(&clean, question).is_some();
        }
    }

    fn learn_one(&mut self, facts: &RecordedFacts, question: &Question) -> Option<()> {
        let learnt = self.now;
        match question {
            Question::IndexDigest(image) => self.learn_tag(facts, image).map(drop),
            Question::VersionTag(image, digest) => {
                let tag = facts.version_tag(image, digest)?;
                if tag.is_none() && facts.resolved(&image.with_digest(digest)).is_some() {
                    return None;
                }
                let key = (key(image), digest.to_string());
                self.entries.versions.insert(key, wire::Version { learnt, tag });
                Some(())
            }
            Question::ImageConfig(image) => {
                let digest = self.learn_content(facts, image)?;
                let config = facts.config(&image.with_digest(&digest))?.ok()?;
                let config = WireConfig::from_core(&config, false);
                self.entries.configs.insert(digest.to_string(), wire::Config { learnt, config });
                Some(())
            }
            Question::ImageFiles(image) => {
                let digest = self.learn_content(facts, image)?;
                let files = facts.files(&image.with_digest(&digest))?.ok()?;
                let files = WireFiles::from_core(&files);
                self.entries.files.insert(digest.to_string(), wire::Files { learnt, files });
                Some(())
            }
        }
    }

    /// The digest of an image, learnt or known already.
    fn learn_content(&mut self, facts: &RecordedFacts, image: &Reference) -> Option<Digest> {
        let found = if image.digest().is_none() { self.learn_tag(facts, image) } else { None };
        let known = || self.tag(image).map(|found| found.digest);
        image.digest().cloned().or(found).or_else(known)
    }

    fn learn_tag(&mut self, facts: &RecordedFacts, image: &Reference) -> Option<Digest> {
        let found = facts.resolved(image)?.ok()?;
        let entry = wire::Tag {
            learnt: self.now,
            digest: found.digest.to_string(),
            index: found.is_index,
            platforms: found.platforms,
        };
        self.entries.tags.insert(key(image), entry);
        self.changed = true;
        Some(found.digest)
    }

    /// Writes what was learnt, with what other processes have written meanwhile. Does nothing when nothing was learnt.
    ///
    /// # Errors
    ///
    /// Why it could not be written. The old file is whole then, and the run is none the worse.
    pub fn save(&mut self) -> Result<(), Warning> {
        if !self.changed || self.shut {
            return Ok(());
        }
        store::create_folder(&self.dir)?;
        let _lock = store::lock(&self.path);
        // A file that cannot be used gives way.
        if let Ok(theirs) = store::read(&self.path, self.now.saturating_add(AHEAD)) {
            self.entries.merge(theirs);
        }
        self.entries.prune(self.now.saturating_sub(self.ttl.max(KEPT).as_secs()));
        store::write(&self.dir, &self.path, &self.entries.to_json())?;
        self.changed = false;
        Ok(())
    }
}
