//! Answers the questions of all files of a run, each one once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use dockerfile_syntax::{Digest, Reference};
use harden_core::{Answer, ImageConfig, ImageFiles, Question, ResolvedImage, Why};
use rayon::prelude::*;

use crate::facts::file::RecordedFacts;
use crate::facts::images::{ImageFacts, Knowledge};

/// Rounds of questions: what a tag resolves to comes before which version tag has the same digest.
const ROUNDS: usize = 4;

/// Answers to a set of questions: facts, and reasons for those without one.
pub(crate) type Answers = (RecordedFacts, BTreeMap<Question, Why>);

/// Asks for what the files need and `known` lacks, until nothing new is needed.
///
/// `read` runs one file with the facts so far; `answer` is given each question once.
pub(crate) fn settle<T: Sync>(
    files: &[T],
    known: &mut Knowledge,
    read: &(dyn Fn(&T, &dyn ImageFacts) + Sync),
    answer: &mut dyn FnMut(&BTreeSet<Question>) -> Answers,
) {
    let recorded = known.facts().clone();
    let mut open: Vec<&T> = files.iter().collect();
    for _ in 0..ROUNDS {
        let so_far = &*known;
        let ask = |file: &&T| {
            let asking = Asking { known: so_far, recorded: &recorded, open: Mutex::default() };
            read(file, &asking);
            asking.open.into_inner().unwrap_or_else(PoisonError::into_inner)
        };
        let asked: Vec<BTreeSet<Question>> = open.par_iter().map(ask).collect();
        open = open
            .into_iter()
            .zip(&asked)
            .filter(|(_, asked)| !asked.is_empty())
            .map(|(file, _)| file)
            .collect();
        let new = known.open(asked.into_iter().flatten());
        if new.is_empty() {
            return;
        }
        let (facts, failures) = answer(&new);
        known.learn(new, facts, failures);
    }
}

/// What is known, and what one file asked for that is not.
///
/// Questions are taken here and not from the outcome of a rewrite, because not all of them come from the engine:
/// `resolve --inspect` asks for more about each image than any transform does.
struct Asking<'a> {
    known: &'a Knowledge,
    /// What was known before anything was asked.
    recorded: &'a RecordedFacts,
    open: Mutex<BTreeSet<Question>>,
}

impl Asking<'_> {
    fn note<T>(&self, answer: Answer<T>, question: impl FnOnce() -> Question) -> Answer<T> {
        if matches!(answer, Answer::NotAsked) {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(question());
        }
        answer
    }
}

impl ImageFacts for Asking<'_> {
    fn index_digest(&self, image: &Reference) -> Answer<ResolvedImage> {
        self.note(self.known.index_digest(image), || Question::IndexDigest(image.clone()))
    }

    /// A tag that another file happens to name is no answer: without that file the result would be another one.
    fn version_tag(&self, image: &Reference, digest: &Digest) -> Answer<Option<String>> {
        let question = Question::VersionTag(image.clone(), digest.clone());
        let recorded = matches!(self.recorded.version_tag(image, digest), Some(Some(_)));
        let asked = self.known.open([question.clone()]).is_empty();
        let answer = if recorded || asked { self.known.version_tag(image, digest) } else { Answer::NotAsked };
        self.note(answer, || question)
    }

    fn image_config(&self, image: &Reference) -> Answer<Arc<ImageConfig>> {
        self.note(self.known.image_config(image), || Question::ImageConfig(image.clone()))
    }

    fn image_files(&self, image: &Reference) -> Answer<Arc<ImageFiles>> {
        self.note(self.known.image_files(image), || Question::ImageFiles(image.clone()))
    }
}
