//! One file through the engine, with facts from the disk and the facts file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use dockerfile_syntax::{Digest, Reference};
use harden_core::{
    Answer, BuildSetup, ContextListing, ContextSource, Facts, ImageConfig, ImageFiles, Outcome, Policy,
    ResolvedImage, RewriteError, Transform, Why,
};

use crate::discover::{Candidate, ContextOrigin};
use crate::facts::context::BuildContext;
use crate::facts::images::ImageFacts;

/// The facts of one Dockerfile: image facts, shared by all files, and its own build context.
pub struct FileFacts<'a> {
    images: &'a dyn ImageFacts,
    context: Result<PathBuf, Why>,
    /// Nothing names the context; it is the folder of the Dockerfile.
    guessed: bool,
    dockerfile: Option<PathBuf>,
    opened: OnceLock<Result<BuildContext, Why>>,
}

impl<'a> FileFacts<'a> {
    /// Facts for a file found by [`discover`](crate::discover::discover).
    pub fn new(images: &'a dyn ImageFacts, candidate: &Candidate) -> Self {
        let context = match (&candidate.context, &candidate.context_origin) {
            (Some(context), _) => Ok(context.clone()),
            (None, ContextOrigin::Ambiguous(contexts)) => {
                let names: Vec<_> = contexts.keys().map(|path| path.display().to_string()).collect();
                let message =
                    format!("builds use different contexts ({}); give one with --context", names.join(", "));
                Err(Why::new("ambiguous-context", message))
            }
            (None, _) => Err(Why::new("no-context", "there is no build context; give it with --context")),
        };
        let dockerfile = candidate.path().map(Path::to_path_buf);
        let guessed = candidate.context_origin == ContextOrigin::Folder;
        Self { images, context, guessed, dockerfile, opened: OnceLock::new() }
    }

    fn context(&self) -> Result<&BuildContext, Why> {
        let open = || {
            let root = self.context.as_ref().map_err(Why::clone)?;
            let context = BuildContext::open(root, self.dockerfile.as_deref())?;
            Ok(if self.guessed { context.guessed() } else { context })
        };
        self.opened.get_or_init(open).as_ref().map_err(Why::clone)
    }
}

impl Facts for FileFacts<'_> {
    fn index_digest(&self, image: &Reference) -> Answer<ResolvedImage> {
        self.images.index_digest(image)
    }

    fn version_tag(&self, image: &Reference, digest: &Digest) -> Answer<Option<String>> {
        self.images.version_tag(image, digest)
    }

    fn image_config(&self, image: &Reference) -> Answer<Arc<ImageConfig>> {
        self.images.image_config(image)
    }

    fn image_files(&self, image: &Reference) -> Answer<Arc<ImageFiles>> {
        self.images.image_files(image)
    }

    fn context_source(&self, source: &str) -> Answer<ContextSource> {
        match self.context() {
            Ok(context) => context.source(source),
            Err(why) => Answer::Unknown(why),
        }
    }

    fn context_listing(&self, folder: &str) -> Answer<Arc<ContextListing>> {
        match self.context() {
            Ok(context) => context.listing(folder),
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

/// What applies to the files of a run, or to those of one repository.
pub struct Engine<'a> {
    /// The transforms to run, in order.
    pub transforms: Vec<&'static dyn Transform>,
    /// What may be written.
    pub policy: Policy,
    /// Image facts: recorded ones, or what a run has found out so far.
    pub images: &'a dyn ImageFacts,
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
