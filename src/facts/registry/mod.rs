//! Registries: what they say about images, over the OCI distribution API.
//!
//! A [`Resolver`] answers the questions of all files of a run at once. A tag costs one HEAD; no address is asked twice,
//! a token is got once for each repository, and hosts that fail are left alone. An answer never depends on which
//! request came back first.
//!
//! The layers, from below: `transport` does one exchange; `client` repeats, redirects and spares hosts; `access` adds
//! the authorization from `token`, `credentials` and `helper`; `lookup` knows the protocol (`content` its documents);
//! `inspect` reads layers; `answer` puts facts together. Credentials cross none of them upwards, and no text of a server reaches a message.

mod access;
mod answer;
mod challenge;
mod client;
mod content;
mod credentials;
mod failure;
mod helper;
mod host;
mod inspect;
mod lookup;
mod memo;
mod names;
mod options;
mod proxy;
mod retry;
mod secret;
#[cfg(test)]
mod tests;
mod token;
mod transport;
mod url;
mod versions;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Mutex, mpsc};
use std::thread;

use dockerfile_syntax::Reference;
use harden_core::{Question, Why};

use self::access::Access;
use self::answer::Answered;
use self::client::Client;
use self::credentials::Credentials;
use self::inspect::Layers;
use self::lookup::Lookup;
use self::memo::lock;
use self::proxy::Proxies;
use self::transport::Transport;
use super::file::RecordedFacts;

pub use options::{Environment, RegistryOptions};

/// Most questions that are worked on at the same time.
const MAX_JOBS: usize = 64;

/// Asks registries. It remembers all answers of a run, also between calls.
pub struct Resolver {
    lookup: Lookup,
    layers: Layers,
    options: RegistryOptions,
    warnings: Vec<String>,
}

/// The answers to a set of questions.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// What was found out. A question about a tag that could not be resolved is recorded with the reason.
    pub facts: RecordedFacts,
    /// The questions without a fact, and why. A facts file cannot say that a version tag could not be looked for
    /// ([`Question::VersionTag`]): that is said only here.
    pub failures: BTreeMap<Question, Why>,
    /// How it went.
    pub report: NetworkReport,
}

/// How the network behaved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkReport {
    /// HTTP requests that were sent, with repetitions and those for tokens, since the resolver was made.
    pub requests: usize,
    /// Failures by registry, as people write it (`docker.io`).
    pub registries: BTreeMap<String, RegistryFailures>,
    /// What was wrong with the configuration: an unreadable file, a credential helper that failed. Sorted.
    pub warnings: Vec<String>,
}

/// The failures of one registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryFailures {
    /// The images that could not be looked up, and why.
    pub images: BTreeMap<String, Why>,
    /// The registry was not reached, or did not behave like one, for at least one of them; it was not merely that the
    /// image is absent or not allowed.
    pub trouble: bool,
}

impl NetworkReport {
    /// Whether a registry could not be reached, or did not behave like one: exit code 4.
    #[must_use]
    pub fn has_trouble(&self) -> bool {
        self.registries.values().any(|registry| registry.trouble)
    }
}

impl fmt::Display for NetworkReport {
    /// One line for each registry with failures, none otherwise; no final newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (registry, failures)) in self.registries.iter().enumerate() {
            let Some((_, why)) = failures.images.first_key_value() else { continue };
            let separator = if position == 0 { "" } else { "\n" };
            let count = failures.images.len();
            let noun = if count == 1 { "image" } else { "images" };
            write!(f, "{separator}{registry}: look-ups failed for {count} {noun}; {why}")?;
            if count > 1 {
                let others: Vec<_> =
                    failures.images.keys().skip(1).take(3).map(|name| format!("`{name}`")).collect();
                let more = if count > 4 { ", …" } else { "" };
                write!(f, " (also {}{more})", others.join(", "))?;
            }
        }
        Ok(())
    }
}

/// Why there is no resolver.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryError {
    /// A mirror or insecure registry is not written as a host.
    NotAHost {
        /// Which setting: `mirror` or `insecure registry`.
        setting: &'static str,
        /// What was given.
        value: String,
    },
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAHost { setting, value } => {
                // A value that holds `@` may hold a password.
                let shown = if value.contains('@') { "given" } else { value };
                write!(f, "the {setting} {shown} is no registry; write HOST or HOST:PORT, without https://")
            }
        }
    }
}

impl std::error::Error for RegistryError {}

impl Resolver {
    /// Prepares for a run: reads CA certificates, proxies and the configuration of credentials. Sends nothing.
    ///
    /// # Errors
    /// A mirror or insecure registry is not written as a host. Trouble with certificates and files that a run may do
    /// without is in [`NetworkReport::warnings`].
    pub fn new(mut options: RegistryOptions) -> Result<Self, RegistryError> {
        options.mirrors = mirrors(&options.mirrors)?;
        for host in &options.insecure {
            if !names::is_authority(host) {
                return Err(RegistryError::NotAHost { setting: "insecure registry", value: host.clone() });
            }
        }
        options.jobs = options.jobs.clamp(1, MAX_JOBS);
        let (proxies, mut warnings) = Proxies::new(&options.environment);
        let ca_file = options.environment.ca_file.as_deref();
        let (transport, warning) = Transport::new(options.timeout, options.jobs, proxies, ca_file);
        warnings.extend(warning);
        let access = Access::new(Client::new(transport, &options), Credentials::load(&options));
        Ok(Self { lookup: Lookup::new(access), layers: Layers::default(), options, warnings })
    }

    /// Answers every question, with a fact or a reason.
    ///
    /// `progress` gets the number of questions answered and of all, in this thread, after each answer.
    pub fn answer(&self, questions: &BTreeSet<Question>, progress: &dyn Fn(usize, usize)) -> Answers {
        let queue = Mutex::new(interleaved(questions));
        let mut answered = BTreeMap::new();
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for _ in 0..self.options.jobs.min(questions.len()) {
                let (sender, queue) = (sender.clone(), &queue);
                scope.spawn(move || {
                    while let Some(question) = { lock(queue).pop_front() } {
                        let answer = self.one(question);
                        if sender.send((question, answer)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            for (question, answer) in receiver {
                answered.insert(question, answer);
                progress(answered.len(), questions.len());
            }
        });
        self.collect(answered)
    }

    /// Puts the answers together in the order of the questions, so that nothing depends on who came first.
    fn collect(&self, answered: BTreeMap<&Question, Answered>) -> Answers {
        let mut answers = Answers::default();
        for (question, answer) in answered {
            let failure = answer.record(question, &mut answers.facts);
            if let Some(failure) = failure {
                let image = image_of(question);
                let why = failure.why(image.as_written());
                let (registry, _) = names::registry(image);
                let registry = answers.report.registries.entry(registry.to_owned()).or_default();
                // Layers that are too large are no fault of the registry.
                let bounded = matches!(question, Question::ImageFiles(_)) && why.code == "too-large";
                registry.trouble |= !bounded
                    && !matches!(why.code, "not-found" | "unauthorized" | "forbidden" | "unsupported");
                registry.images.entry(image.as_written().to_owned()).or_insert_with(|| why.clone());
                answers.failures.insert(question.clone(), why);
            }
        }
        answers.report.requests = self.lookup.access.client.sent();
        answers.report.warnings =
            self.warnings.iter().cloned().chain(self.lookup.access.credentials.warnings()).collect();
        answers.report.warnings.sort_unstable();
        answers
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("options", &self.options).finish_non_exhaustive()
    }
}

fn image_of(question: &Question) -> &Reference {
    match question {
        Question::IndexDigest(image)
        | Question::VersionTag(image, _)
        | Question::ImageConfig(image)
        | Question::ImageFiles(image) => image,
    }
}

/// The questions with those of one repository far apart, so that the first request to each, which all others of it
/// wait for, is under way early.
fn interleaved(questions: &BTreeSet<Question>) -> VecDeque<&Question> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ordered: Vec<_> = questions
        .iter()
        .map(|question| {
            let round = seen.entry(image_of(question).repository()).or_default();
            *round += 1;
            (*round, question)
        })
        .collect();
    ordered.sort_by_key(|(round, _)| *round);
    ordered.into_iter().map(|(_, question)| question).collect()
}

/// Checks the mirrors, and gives Docker Hub one name.
fn mirrors(given: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, RegistryError> {
    let bad = |value: &str| RegistryError::NotAHost { setting: "mirror", value: value.to_owned() };
    let mut checked = BTreeMap::new();
    for (registry, mirror) in given {
        let (host, prefix) = mirror.split_once('/').unwrap_or((mirror, ""));
        let part = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
                && part.bytes().any(|b| b != b'.')
        };
        let prefix = prefix.trim_end_matches('/');
        if !names::is_authority(host) || !(prefix.is_empty() || prefix.split('/').all(part)) {
            return Err(bad(mirror));
        }
        let registry = registry.to_ascii_lowercase();
        if !names::is_authority(&registry) {
            return Err(bad(&registry));
        }
        checked.insert(names::canonical(&registry).to_owned(), mirror.clone());
    }
    Ok(checked)
}
