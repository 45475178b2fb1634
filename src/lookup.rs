//! Answers the questions of all files of a run, each one once.

use std::collections::{BTreeMap, BTreeSet};

use harden_core::{Question, Why};
use rayon::prelude::*;

use crate::facts::file::RecordedFacts;
use crate::facts::images::Knowledge;

/// Rounds of questions: what a tag resolves to comes before which version tag has the same digest.
const ROUNDS: usize = 4;

/// Answers to a set of questions: facts, and reasons for those without one.
pub(crate) type Answers = (RecordedFacts, BTreeMap<Question, Why>);

/// Asks for what the files need and `known` lacks, until nothing new is needed.
///
/// `needs` runs one file with the facts so far and gives what it asked for; `answer` is given each question once.
pub(crate) fn settle<T: Sync>(
    files: &[T],
    known: &mut Knowledge,
    needs: &(dyn Fn(&T, &Knowledge) -> BTreeSet<Question> + Sync),
    answer: &mut dyn FnMut(&BTreeSet<Question>) -> Answers,
) {
    let mut open: Vec<&T> = files.iter().collect();
    for _ in 0..ROUNDS {
        let so_far = &*known;
        let asked: Vec<BTreeSet<Question>> = open.par_iter().map(|file| needs(file, so_far)).collect();
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
