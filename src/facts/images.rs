//! Image facts as the engine asks for them: recorded ones, and those a run finds out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dockerfile_syntax::{Digest, Reference};
use harden_core::{Answer, ImageConfig, ImageFiles, Question, ResolvedImage, Why};

use super::file::RecordedFacts;
use crate::config::ImagePolicy;

/// Answers questions about images; see [`harden_core::Facts`] for the questions.
pub trait ImageFacts: Sync {
    /// What `image` resolves to.
    fn index_digest(&self, image: &Reference) -> Answer<ResolvedImage>;
    /// A version tag with the same digest.
    fn version_tag(&self, image: &Reference, digest: &Digest) -> Answer<Option<String>>;
    /// The image configuration.
    fn image_config(&self, image: &Reference) -> Answer<Arc<ImageConfig>>;
    /// Its users and tools.
    fn image_files(&self, image: &Reference) -> Answer<Arc<ImageFiles>>;
}

fn not_recorded(image: &Reference) -> Why {
    let message =
        format!("nothing is recorded about `{image}`; supply it with --facts FILE or leave --offline out");
    Why::new("not-recorded", message)
}

fn recorded<T>(fact: Option<Result<T, Why>>, image: &Reference) -> Answer<T> {
    match fact {
        Some(Ok(fact)) => Answer::Known(fact),
        Some(Err(why)) => Answer::Unknown(why),
        None => Answer::Unknown(not_recorded(image)),
    }
}

/// Recorded facts alone: what is not there is unknown.
impl ImageFacts for RecordedFacts {
    fn index_digest(&self, image: &Reference) -> Answer<ResolvedImage> {
        recorded(self.resolved(image), image)
    }

    fn version_tag(&self, image: &Reference, digest: &Digest) -> Answer<Option<String>> {
        recorded(RecordedFacts::version_tag(self, image, digest).map(Ok), image)
    }

    fn image_config(&self, image: &Reference) -> Answer<Arc<ImageConfig>> {
        recorded(self.config(image), image)
    }

    fn image_files(&self, image: &Reference) -> Answer<Arc<ImageFiles>> {
        match self.files(image) {
            None => Answer::Unknown(Why::not_inspected(image)),
            fact => recorded(fact, image),
        }
    }
}

/// Recorded facts that grow: what is not there and was not asked for yet is a question.
#[derive(Debug, Default)]
pub struct Knowledge {
    facts: RecordedFacts,
    asked: BTreeSet<Question>,
    failures: BTreeMap<Question, Why>,
    inspects: bool,
}

impl Knowledge {
    /// Begins with recorded facts; they win over what registries say.
    pub fn new(facts: RecordedFacts) -> Self {
        Self { facts, ..Self::default() }
    }

    /// Whether the layers of images may be read; if not, their files are unknown rather than a question.
    #[must_use]
    pub fn inspecting(mut self, inspects: bool) -> Self {
        self.inspects = inspects;
        self
    }

    /// All facts so far.
    pub fn facts(&self) -> &RecordedFacts {
        &self.facts
    }

    /// The questions of `needs` that nobody has asked yet.
    pub fn open(&self, needs: impl IntoIterator<Item = Question>) -> BTreeSet<Question> {
        needs.into_iter().filter(|question| !self.asked.contains(question)).collect()
    }

    /// Takes the answers to `questions`; those without a fact have a reason in `failures`.
    pub fn learn(
        &mut self,
        questions: BTreeSet<Question>,
        facts: RecordedFacts,
        failures: BTreeMap<Question, Why>,
    ) {
        self.asked.extend(questions);
        self.failures.extend(failures);
        self.facts.merge(facts);
    }

    fn answer<T>(
        &self,
        fact: Option<Result<T, Why>>,
        image: &Reference,
        question: impl FnOnce() -> Question,
    ) -> Answer<T> {
        match fact {
            Some(Ok(fact)) => return Answer::Known(fact),
            Some(Err(why)) => return Answer::Unknown(why),
            None => {}
        }
        let question = question();
        match self.failures.get(&question) {
            Some(why) => Answer::Unknown(why.clone()),
            None if self.asked.contains(&question) => Answer::Unknown(not_recorded(image)),
            None => Answer::NotAsked,
        }
    }
}

impl ImageFacts for Knowledge {
    fn index_digest(&self, image: &Reference) -> Answer<ResolvedImage> {
        self.answer(self.facts.resolved(image), image, || Question::IndexDigest(image.clone()))
    }

    fn version_tag(&self, image: &Reference, digest: &Digest) -> Answer<Option<String>> {
        let question = || Question::VersionTag(image.clone(), digest.clone());
        match self.facts.version_tag(image, digest) {
            // That none is recorded says nothing until the registry was asked for its tags.
            Some(None) if !self.asked.contains(&question()) => Answer::NotAsked,
            tag => self.answer(tag.map(Ok), image, question),
        }
    }

    fn image_config(&self, image: &Reference) -> Answer<Arc<ImageConfig>> {
        self.answer(self.facts.config(image), image, || Question::ImageConfig(image.clone()))
    }

    fn image_files(&self, image: &Reference) -> Answer<Arc<ImageFiles>> {
        let fact = self.facts.files(image);
        if fact.is_none() && !self.inspects {
            return Answer::Unknown(Why::not_inspected(image));
        }
        self.answer(fact, image, || Question::ImageFiles(image.clone()))
    }
}

/// Facts behind a policy: images it leaves alone resolve to nothing.
pub struct Allowed<'a> {
    /// The facts.
    pub facts: &'a dyn ImageFacts,
    /// The images that may be pinned.
    pub policy: &'a ImagePolicy,
}

impl ImageFacts for Allowed<'_> {
    fn index_digest(&self, image: &Reference) -> Answer<ResolvedImage> {
        match self.policy.allows(image) {
            Ok(()) => self.facts.index_digest(image),
            Err(why) => Answer::Unknown(why),
        }
    }

    fn version_tag(&self, image: &Reference, digest: &Digest) -> Answer<Option<String>> {
        self.facts.version_tag(image, digest)
    }

    fn image_config(&self, image: &Reference) -> Answer<Arc<ImageConfig>> {
        self.facts.image_config(image)
    }

    fn image_files(&self, image: &Reference) -> Answer<Arc<ImageFiles>> {
        self.facts.image_files(image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_asked_once_and_failures_are_remembered() {
        let image = Reference::parse("node:22").unwrap();
        let mut knowledge = Knowledge::default();
        assert_eq!(knowledge.index_digest(&image), Answer::NotAsked);
        let question = Question::IndexDigest(image.clone());
        assert_eq!(knowledge.open([question.clone()]).len(), 1);
        let why = Why::new("timeout", "no answer");
        let failures = BTreeMap::from([(question.clone(), why.clone())]);
        knowledge.learn(BTreeSet::from([question.clone()]), RecordedFacts::empty(), failures);
        assert_eq!(knowledge.index_digest(&image), Answer::Unknown(why));
        assert!(knowledge.open([question]).is_empty());
    }

    #[test]
    fn files_are_a_question_only_when_layers_may_be_read() {
        let image = Reference::parse("node:22").unwrap();
        let code = |answer| match answer {
            Answer::Unknown(why) => Some(why.code),
            _ => None,
        };
        let knowledge = Knowledge::default();
        assert_eq!(code(knowledge.image_files(&image)), Some("not-inspected"));
        assert_eq!(code(ImageFacts::image_files(knowledge.facts(), &image)), Some("not-inspected"));
        assert_eq!(Knowledge::default().inspecting(true).image_files(&image), Answer::NotAsked);

        let digest = Digest::parse(&format!("sha256:{}", "0".repeat(63) + "1")).unwrap();
        let pinned = image.with_digest(&digest);
        let mut facts = RecordedFacts::empty();
        facts.insert_files(&image, &digest, Ok(ImageFiles::default()));
        assert!(matches!(Knowledge::new(facts).image_files(&pinned), Answer::Known(_)), "recorded");
    }

    #[test]
    fn no_recorded_version_tag_is_a_question_until_it_was_asked() {
        let image = Reference::parse("node").unwrap();
        let digest = Digest::parse(&format!("sha256:{}", "0".repeat(63) + "1")).unwrap();
        let mut facts = RecordedFacts::empty();
        let resolved = ResolvedImage { digest: digest.clone(), is_index: true, platforms: Vec::new() };
        facts.insert_resolved(&image, Ok(resolved));
        assert_eq!(ImageFacts::version_tag(&facts, &image, &digest), Answer::Known(None));
        let mut knowledge = Knowledge::new(facts);
        assert_eq!(knowledge.version_tag(&image, &digest), Answer::NotAsked);
        let asked = BTreeSet::from([Question::VersionTag(image.clone(), digest.clone())]);
        knowledge.learn(asked, RecordedFacts::empty(), BTreeMap::new());
        assert_eq!(knowledge.version_tag(&image, &digest), Answer::Known(None));
    }
}
