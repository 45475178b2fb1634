//! What is verified: two texts, how they are built, and what the rewrite means to change.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dockerfile_syntax::{Dockerfile, Keyword};
use harden_core::{Build, Disposition, Note, Outcome, Scopes, Value};

use super::archive::Config;
use crate::discover::{Candidate, ContextOrigin};

/// What a rewrite means to change in the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    /// Containers run as another user.
    pub user: bool,
    /// The image is made in two stages; much of what was in it is gone.
    pub split: bool,
}

/// One image before and after.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The original text.
    pub before: Arc<str>,
    /// The new text.
    pub after: Arc<str>,
    /// The build context.
    pub context: PathBuf,
    /// The file, for its own ignore file.
    pub dockerfile: Option<PathBuf>,
    /// The stage; `None` for the last one.
    pub target: Option<String>,
    /// Build arguments that compose and bake files give.
    pub build_args: Vec<(String, String)>,
    /// What the rewrite means to change.
    pub intent: Intent,
    /// What the fixes leave to others.
    pub notes: Vec<Note>,
}

/// The images of a Dockerfile: the last stage and those that are targets; with `--target` only that one.
///
/// # Errors
/// When it cannot be built at all, in words.
pub fn subjects(
    candidate: &Candidate,
    before: &Arc<str>,
    outcome: &Outcome,
    target: Option<&str>,
) -> Result<Vec<Subject>, String> {
    let Some(context) = &candidate.context else {
        return Err(match &candidate.context_origin {
            ContextOrigin::Ambiguous(_) => "builds use different contexts; give one with --context",
            _ => "there is no build context; give it with --context",
        }
        .to_owned());
    };
    let file = Dockerfile::parse(Arc::clone(before));
    let build = Build::new(&file);
    let targets: BTreeSet<Option<String>> = match target {
        Some(target) => BTreeSet::from([Some(target.to_owned())]),
        None => build
            .outputs(&candidate.setup)
            .into_iter()
            .map(|index| {
                let named = build.stages.get(index).and_then(|stage| stage.name.clone());
                named.filter(|_| index + 1 < build.stages.len())
            })
            .collect(),
    };
    let fixed = outcome.reports.iter().filter(|one| matches!(one.disposition, Disposition::Fixed(..)));
    let mut notes: Vec<Note> = fixed.flat_map(|one| one.notes.iter().cloned()).collect();
    notes.sort();
    notes.dedup();
    let changed = |name: &str| outcome.patches.iter().any(|patch| patch.transform == name);
    let intent = Intent { user: changed("non-root-user"), split: changed("multi-stage") };
    let args = candidate.setup.build_args.iter();
    let build_args: Vec<_> = args.filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect();
    let subject = |target| Subject {
        before: Arc::clone(before),
        after: Arc::clone(&outcome.text),
        context: context.clone(),
        dockerfile: candidate.path().map(Path::to_path_buf),
        target,
        build_args: build_args.clone(),
        intent,
        notes: notes.clone(),
    };
    Ok(targets.into_iter().map(subject).collect())
}

impl Subject {
    /// The build arguments, those of the command line last; one without a value has that of the environment.
    pub(super) fn arguments(&self, given: &[String]) -> Vec<(String, String)> {
        let given: Vec<(String, String)> = given
            .iter()
            .filter_map(|one| match one.split_once('=') {
                Some((name, value)) => Some((name.to_owned(), value.to_owned())),
                None => Some((one.clone(), std::env::var(one).ok()?)),
            })
            .collect();
        let mut all = self.build_args.clone();
        all.retain(|(name, _)| !given.iter().any(|(other, _)| other == name));
        all.extend(given);
        all
    }

    /// Whether a build secret takes the place of this argument.
    pub(super) fn is_replaced(&self, name: &str) -> bool {
        let by = |note: &Note| matches!(note, Note::BuildSecret { argument: Some(one), .. } if one == name);
        self.notes.iter().any(by)
    }

    /// Variables that the new container has to be given, with the values they had.
    pub(super) fn environment(&self, before: &Config) -> Vec<(String, String)> {
        let wanted = |name: &str| {
            self.notes.iter().any(|note| matches!(note, Note::Variable { name: one } if one == name))
        };
        let pairs = before.env.iter().flatten().filter_map(|pair| pair.split_once('='));
        pairs
            .filter(|(name, _)| wanted(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Destinations of COPY and ADD in the stage that is built, without a slash at the beginning.
    pub(super) fn copied(&self) -> Vec<String> {
        let file = Dockerfile::parse(Arc::clone(&self.before));
        let build = Build::new(&file);
        let setup = harden_core::BuildSetup::default();
        let scopes = Scopes::new(&build, &setup);
        let stage = match &self.target {
            Some(name) => build.stage_named(name).map(|stage| stage.index),
            None => build.stages.len().checked_sub(1),
        };
        let mut copied = Vec::new();
        for index in stage.into_iter().flat_map(|stage| build.chain(stage).0) {
            scopes.walk(index, |_, instruction, state| {
                if !matches!(instruction.keyword(), Keyword::Copy | Keyword::Add) {
                    return;
                }
                let Some(arguments) = instruction.copy() else { return };
                let destination = arguments.destination.text;
                let whole = if destination.starts_with('/') {
                    destination.into_owned()
                } else if let Value::Known(workdir) = &state.workdir {
                    format!("{workdir}/{destination}")
                } else {
                    return;
                };
                let parts: Vec<&str> =
                    whole.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
                if !parts.is_empty() && !whole.contains('$') {
                    copied.push(parts.join("/"));
                }
            });
        }
        copied
    }
}
