//! The registries of a run: the cache first, then the network, with a progress bar when it takes long.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use harden_core::{Question, Why};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::facts::cache::{Cache, Route};
use crate::facts::file::RecordedFacts;
use crate::facts::registry::{NetworkReport, RegistryError, RegistryOptions, Resolver};

/// Time after which a terminal is shown that something is going on.
const PATIENCE: Duration = Duration::from_secs(1);

/// How the registries are asked and what is remembered of it.
pub(crate) struct Settings {
    /// The network.
    pub(crate) options: RegistryOptions,
    /// Folder of the cache; `None`: nothing is remembered.
    pub(crate) cache: Option<PathBuf>,
    /// How long cached tags are believed; zero asks again.
    pub(crate) ttl: Duration,
    /// Show a progress bar on standard error if it is a terminal.
    pub(crate) progress: bool,
}

/// Answers questions about images.
pub(crate) struct Registries {
    resolver: Resolver,
    cache: Option<Cache>,
    progress: bool,
    report: NetworkReport,
}

impl Registries {
    /// Prepares; sends nothing.
    ///
    /// # Errors
    /// When a mirror or an insecure registry is not written as a host.
    pub(crate) fn new(settings: Settings) -> Result<Self, RegistryError> {
        let route = Route::new(&settings.options.mirrors, &settings.options.insecure);
        let open = |dir: PathBuf| Cache::open(&dir, &route, settings.ttl, SystemTime::now());
        let cache = settings.cache.map(open);
        let progress = settings.progress && std::io::stderr().is_terminal();
        Ok(Self {
            resolver: Resolver::new(settings.options)?,
            cache,
            progress,
            report: NetworkReport::default(),
        })
    }

    /// Answers every question, with a fact or a reason.
    pub(crate) fn answer(
        &mut self,
        questions: &BTreeSet<Question>,
    ) -> (RecordedFacts, BTreeMap<Question, Why>) {
        let (mut facts, open) = match &self.cache {
            Some(cache) => cache.answers(questions),
            None => (RecordedFacts::empty(), questions.clone()),
        };
        if open.is_empty() {
            return (facts, BTreeMap::new());
        }
        let bar = Bar::new(self.progress);
        let mut answers = self.resolver.answer(&open, &|done, total| bar.show(done, total));
        drop(bar);
        // A cached configuration has its secrets masked; without this the first run would differ from the second.
        answers.facts.mask_secrets();
        if let Some(cache) = &mut self.cache {
            let answered =
                open.iter().filter(|question| !answers.failures.contains_key(question)).cloned().collect();
            cache.learn(&answers.facts, &answered);
        }
        self.add(answers.report);
        facts.merge(answers.facts);
        (facts, answers.failures)
    }

    /// The report of the resolver counts requests since its beginning; failures are those of one call.
    fn add(&mut self, report: NetworkReport) {
        self.report.requests = report.requests;
        self.report.warnings = report.warnings;
        for (registry, failures) in report.registries {
            let all = self.report.registries.entry(registry).or_default();
            all.trouble |= failures.trouble;
            all.images.extend(failures.images);
        }
    }

    /// Saves the cache; the report, and warnings for people.
    pub(crate) fn finish(mut self) -> (NetworkReport, Vec<String>) {
        let mut warnings = std::mem::take(&mut self.report.warnings);
        if let Some(cache) = &mut self.cache {
            warnings.extend(cache.warning().map(ToString::to_string));
            warnings.extend(cache.save().err().map(|warning| warning.to_string()));
        }
        (self.report, warnings)
    }
}

/// A progress bar that appears late.
struct Bar {
    begun: Instant,
    shown: OnceLock<ProgressBar>,
    wanted: bool,
}

impl Bar {
    fn new(wanted: bool) -> Self {
        Self { begun: Instant::now(), shown: OnceLock::new(), wanted }
    }

    fn show(&self, done: usize, total: usize) {
        if !self.wanted || self.begun.elapsed() < PATIENCE {
            return;
        }
        let bar = self.shown.get_or_init(|| {
            let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("asking registries {bar:30} {pos}/{len}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        bar.set_position(done as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = self.shown.get() {
            bar.finish_and_clear();
        }
    }
}
