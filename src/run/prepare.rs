//! What a run needs before its first file: configuration, recorded facts, registries.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use harden_core::{Level, Policy, Transform, UserStyle};

use super::source::Source;
use crate::cli::{InputArgs, RunArgs};
use crate::config::{Config, Configs, StageChoice, UserChoice};
use crate::engine::Engine;
use crate::facts::cache;
use crate::facts::file::RecordedFacts;
use crate::facts::images::{Allowed, ImageFacts};
use crate::facts::registry::RegistryOptions;
use crate::notes::Choice;
use crate::registries::{Registries, Settings};

/// Settings of all files of a run.
pub(super) struct Prepared {
    /// The configuration of each file.
    pub(super) configs: Configs,
    /// Recorded facts.
    pub(super) facts: RecordedFacts,
    /// Registries, unless the run is offline.
    pub(super) registries: Option<Registries>,
}

/// Reads configuration and facts. An error is a sentence for people.
///
/// Facts, `offline` and the routes to registries count for the whole run, so they come from the command line, `--config`
/// or the configuration of the working directory: another repository that is only looked at must not steer where this
/// run sends requests.
pub(super) fn prepare(args: &InputArgs, progress: bool) -> Result<Prepared, String> {
    let given = args.config.as_deref().map(Config::load).transpose().map_err(|error| error.to_string())?;
    let configs = Configs::new(given);
    let own = configs.of(Path::new(".")).map_err(|error| error.to_string())?;
    let own = own.as_deref();
    let mut facts = RecordedFacts::empty();
    let recorded = own.map(|config| config.facts.as_slice()).unwrap_or_default();
    for path in recorded.iter().chain(&args.facts) {
        facts.merge(RecordedFacts::load(path).map_err(|error| error.to_string())?);
    }
    let offline = args.registry.offline || own.and_then(|config| config.offline).unwrap_or(false);
    let registries = if offline {
        None
    } else {
        Some(Registries::new(settings(args, own, progress)).map_err(|error| error.to_string())?)
    };
    Ok(Prepared { configs, facts, registries })
}

fn settings(args: &InputArgs, own: Option<&Config>, progress: bool) -> Settings {
    let mut options = RegistryOptions::default();
    if let Some(config) = own {
        options.mirrors = config.mirrors();
        options.insecure = config.insecure();
    }
    options.mirrors.extend(args.registry.mirror.iter().cloned());
    options.insecure.extend(args.registry.insecure_registry.iter().cloned());
    if let Some(jobs) = args.jobs {
        options.jobs = jobs.into();
        options.per_host = jobs.into();
    }
    let ttl = if args.registry.refresh { std::time::Duration::ZERO } else { args.registry.cache_ttl };
    Settings { options, cache: cache::default_dir(), ttl, progress }
}

/// What runs on the files: a verb's transforms and how far they may go.
pub(super) struct Rules<'a> {
    pub(super) transforms: Vec<&'static dyn Transform>,
    pub(super) level: Option<Level>,
    /// What the command line chooses about the user that containers run as.
    pub(super) user: UserChoice,
    /// What the command line chooses about the stages a file is split into.
    pub(super) stages: StageChoice,
    /// What the command line says about files of notes.
    pub(super) notes: Option<Choice>,
    pub(super) configs: &'a Configs,
}

impl<'a> Rules<'a> {
    pub(super) fn new(args: &RunArgs, all: &[&'static dyn Transform], configs: &'a Configs) -> Self {
        let user = UserChoice { style: args.openshift.then_some(UserStyle::RootGroup), recursive: None };
        Self {
            transforms: args.transforms(all),
            level: args.level.map(Into::into),
            user,
            stages: StageChoice { runtime: args.runtime.map(Into::into) },
            notes: args.notes.map(Into::into),
            configs,
        }
    }

    /// Calls `work` with the engine for one file; its configuration may be another one than that of its neighbour.
    pub(super) fn with_engine<T>(
        &self,
        source: &Source<'_>,
        images: &dyn ImageFacts,
        work: impl FnOnce(&Engine<'_>) -> T,
    ) -> Result<T, String> {
        let path = source.candidate.path();
        let start = path.map_or_else(|| PathBuf::from("."), Path::to_path_buf);
        let config: Option<Arc<Config>> = self.configs.of(&start).map_err(|error| error.to_string())?;
        let fallback = Config::default();
        let config = config.as_deref().unwrap_or(&fallback);
        let settings = config.for_file(path);
        let allowed = Allowed { facts: images, policy: &config.images };
        let engine = Engine {
            transforms: self
                .transforms
                .iter()
                .copied()
                .filter(|one| settings.runs(one.meta().name))
                .collect(),
            policy: Policy {
                level: settings.level(self.level).unwrap_or(Level::Review),
                settings: harden_core::Settings {
                    user: settings.user(self.user),
                    stages: settings.stages(self.stages),
                },
            },
            images: &allowed,
        };
        Ok(work(&engine))
    }

    /// Whether there are files of notes beside one file.
    pub(super) fn notes(&self, source: &Source<'_>) -> Result<Choice, String> {
        if let Some(choice) = self.notes {
            return Ok(choice);
        }
        let start = source.candidate.path().unwrap_or(Path::new("."));
        let config = self.configs.of(start).map_err(|error| error.to_string())?;
        Ok(config.and_then(|config| config.notes).unwrap_or_default())
    }

    /// Lets one file ask for what it needs. Failures are left to the run itself.
    pub(super) fn ask(&self, source: &Source<'_>, images: &dyn ImageFacts) {
        let Ok(text) = source.read() else { return };
        // What the rewrite comes to does not matter yet.
        let _ = self.with_engine(source, images, |engine| engine.rewrite(text.text(), source.candidate));
    }
}
