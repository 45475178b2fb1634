//! One file through the engine, with facts from the disk and the facts file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use dockerfile_syntax::{Digest, Reference};
use harden_core::{
    Answer, BuildSetup, ContextSource, Facts, ImageConfig, Outcome, Policy, ResolvedImage, RewriteError, Transform,
    Why,
};

use crate::discover::{Candidate, ContextOrigin};
use crate::facts::context::BuildContext;
use crate::facts::file::RecordedFacts;

/// The facts of one Dockerfile: recorded image facts, shared by all files, and its own build context.
pub struct FileFacts<'a> {
    images: &'a RecordedFacts,
    context: Result<PathBuf, Why>,
    dockerfile: Option<PathBuf>,
    opened: OnceLock<Result<BuildContext, Why>>,
}

impl<'a> FileFacts<'a> {
    /// Facts for a file found by [`discover`](crate::discover::discover).
    pub fn new(images: &'a RecordedFacts, candidate: &Candidate) -> Self {
        let context = match (&candidate.context, &candidate.context_origin) {
            (Some(context), _) => Ok(context.clone()),
            (None, ContextOrigin::Ambiguous(contexts)) => {
                let names: Vec<_> = contexts.keys().map(|path| path.display().to_string()).collect();
                let message = format!(
                    "builds use different contexts ({}); give one with --context",
                    names.join(", ")
                );
                Err(Why::new("ambiguous-context", message))
            }
            (None, _) => Err(Why::new("no-context", "there is no build context; give it with --context")),
        };
        let dockerfile = candidate.path().map(Path::to_path_buf);
        Self { images, context, dockerfile, opened: OnceLock::new() }
    }

    fn context(&self) -> Result<&BuildContext, Why> {
        let open = || {
            let root = self.context.as_ref().map_err(Why::clone)?;
            BuildContext::open(root, self.dockerfile.as_deref())
        };
        self.opened.get_or_init(open).as_ref().map_err(Why::clone)
    }
}

fn recorded<T>(fact: Option<Result<T, Why>>, image: &Reference) -> Answer<T> {
    match fact {
        Some(Ok(fact)) => Answer::Known(fact),
        Some(Err(why)) => Answer::Unknown(why),
        None => {
            let message = format!("nothing is recorded about `{image}`; supply it with --facts FILE");
            Answer::Unknown(Why::new("not-recorded", message))
        }
    }
}

impl Facts for FileFacts<'_> {
    fn index_digest(&self, image: &Reference) -> Answer<ResolvedImage> {
        recorded(self.images.resolved(image), image)
    }

    fn version_tag(&self, image: &Reference, digest: &Digest) -> Answer<Option<String>> {
        recorded(self.images.version_tag(image, digest).map(Ok), image)
    }

    fn image_config(&self, image: &Reference) -> Answer<Arc<ImageConfig>> {
        recorded(self.images.config(image), image)
    }

    fn context_source(&self, source: &str) -> Answer<ContextSource> {
        match self.context() {
            Ok(context) => context.source(source),
            Err(why) => Answer::Unknown(why),
        }
    }

    fn context_text(&self, path: &str) -> Answer<Arc<str>> {
        match self.context() {
            Ok(context) => context.text(path),
            Err(why) => Answer::Unknown(why),
        }
    }
}

/// What applies to every file of a run.
pub struct Engine<'a> {
    /// The transforms to run, in order.
    pub transforms: Vec<&'static dyn Transform>,
    /// What may be written.
    pub policy: Policy,
    /// Recorded image facts.
    pub images: &'a RecordedFacts,
}

impl Engine<'_> {
    /// Rewrites the text of `candidate`. Nothing is written.
    ///
    /// # Errors
    /// When the Dockerfile is not valid, or its rewrite does not settle. The file is to be left as it is.
    pub fn rewrite(&self, text: &str, candidate: &Candidate) -> Result<Outcome, RewriteError> {
        let facts = FileFacts::new(self.images, candidate);
        rewrite(text, &self.transforms, &candidate.setup, &facts, &self.policy)
    }
}

/// Rewrites a text with given facts: the engine as a library for other tools.
///
/// # Errors
/// See [`Engine::rewrite`].
pub fn rewrite(
    text: &str,
    transforms: &[&dyn Transform],
    setup: &BuildSetup,
    facts: &dyn Facts,
    policy: &Policy,
) -> Result<Outcome, RewriteError> {
    harden_core::rewrite(text, transforms, setup, facts, policy)
}
