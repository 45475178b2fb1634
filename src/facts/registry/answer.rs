//! One question, from the places that may know.

use std::sync::Arc;
use std::time::Instant;

use dockerfile_syntax::{Digest, Reference};
use harden_core::{ImageConfig, ImageFiles, Question, ResolvedImage};

use super::Resolver;
use super::content::{self, Content};
use super::failure::{Failure, Kind};
use super::inspect;
use super::lookup::Found;
use super::names::{self, Endpoint};
use super::versions::candidates;
use crate::facts::file::RecordedFacts;

/// The configuration of an image that was found, or why it could not be read.
type ConfigAnswer = Box<Result<ImageConfig, Failure>>;

/// The users and tools of an image that was found, or why they could not be read.
pub(super) type FilesAnswer = Box<Result<ImageFiles, Failure>>;

/// The answer to a question.
pub(super) enum Answered {
    Resolved(Result<ResolvedImage, Failure>),
    /// A version tag, when there is one.
    Version(Result<Option<String>, Failure>),
    /// What the image is, and its configuration.
    Config(Result<(ResolvedImage, ConfigAnswer), Failure>),
    /// What the image is, and its users and tools.
    Files(Result<(ResolvedImage, FilesAnswer), Failure>),
}

impl Answered {
    /// Writes the answer down and gives the failure, if it is one.
    pub(super) fn record(self, question: &Question, facts: &mut RecordedFacts) -> Option<Failure> {
        match (self, question) {
            (Self::Resolved(answer), Question::IndexDigest(image)) => {
                let failure = answer.as_ref().err().cloned();
                facts.insert_resolved(image, answer.map_err(|failure| failure.why(image.as_written())));
                failure
            }
            (Self::Version(answer), Question::VersionTag(image, digest)) => match answer {
                Ok(tag) => {
                    facts.insert_tags(image, digest, tag);
                    None
                }
                Err(failure) => Some(failure),
            },
            (Self::Config(Ok((resolved, config))), Question::ImageConfig(image)) => {
                let digest = resolved.digest.clone();
                let failure = config.as_ref().as_ref().err().cloned();
                facts.insert_resolved(image, Ok(resolved));
                facts.insert_config(
                    image,
                    &digest,
                    config.map_err(|failure| failure.why(image.as_written())),
                );
                failure
            }
            (Self::Config(Err(failure)), Question::ImageConfig(image)) => {
                let why = failure.why(image.as_written());
                match image.digest() {
                    Some(digest) => facts.insert_config(image, digest, Err(why)),
                    None => facts.insert_resolved(image, Err(why)),
                }
                Some(failure)
            }
            (Self::Files(Ok((resolved, files))), Question::ImageFiles(image)) => {
                let digest = resolved.digest.clone();
                let failure = files.as_ref().as_ref().err().cloned();
                facts.insert_resolved(image, Ok(resolved));
                facts.insert_files(image, &digest, files.map_err(|failure| failure.why(image.as_written())));
                failure
            }
            (Self::Files(Err(failure)), Question::ImageFiles(image)) => {
                let why = failure.why(image.as_written());
                match image.digest() {
                    Some(digest) => facts.insert_files(image, digest, Err(why)),
                    None => facts.insert_resolved(image, Err(why)),
                }
                Some(failure)
            }
            // The answer is of the kind of its question.
            _ => None,
        }
    }
}

impl Resolver {
    pub(super) fn one(&self, question: &Question) -> Answered {
        let deadline = Instant::now() + self.options.question_time;
        match question {
            Question::IndexDigest(image) => {
                Answered::Resolved(self.anywhere(image, |at| self.resolve(image, at, deadline)))
            }
            Question::VersionTag(image, digest) => {
                Answered::Version(self.anywhere(image, |at| self.version(image, digest, at, deadline)))
            }
            Question::ImageConfig(image) => {
                Answered::Config(self.anywhere(image, |at| self.config(image, at, deadline)))
            }
            Question::ImageFiles(image) => {
                let deadline = Instant::now() + self.options.question_time * inspect::PATIENCE;
                Answered::Files(self.anywhere(image, |at| self.files(image, at, deadline)))
            }
        }
    }

    /// Asks the mirror, if there is one, then the registry. When none knows, the registry's word counts.
    fn anywhere<T>(
        &self,
        image: &Reference,
        ask: impl Fn(&Endpoint) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut last = Failure::new(Kind::Unsupported, "the reference names no registry");
        for at in names::endpoints(image, &self.options.mirrors) {
            if !names::is_authority(&at.authority) {
                last = Failure::new(Kind::Unsupported, "the reference names a registry that is no host");
                continue;
            }
            match ask(&at) {
                Ok(found) => return Ok(found),
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }

    pub(super) fn find(&self, image: &Reference, at: &Endpoint, deadline: Instant) -> Result<Found, Failure> {
        let name = image.digest().map_or_else(|| image.tag_or_latest(), Digest::as_str);
        self.lookup.find(at, name, deadline)
    }

    fn resolve(&self, image: &Reference, at: &Endpoint, deadline: Instant) -> Result<ResolvedImage, Failure> {
        let Found { digest, is_index } = self.find(image, at, deadline)?;
        Ok(ResolvedImage { digest, is_index, platforms: Vec::new() })
    }

    fn version(
        &self,
        image: &Reference,
        digest: &Digest,
        at: &Endpoint,
        deadline: Instant,
    ) -> Result<Option<String>, Failure> {
        let tags = self.lookup.tags(at, deadline)?;
        for tag in candidates(image.repository(), image.tag_or_latest(), tags.iter().map(String::as_str)) {
            // What a registry lists need not be a tag, and would otherwise become part of an address.
            if image.with_tag(tag).is_err() {
                continue;
            }
            match self.lookup.find(at, tag, deadline) {
                Ok(found) if found.digest == *digest => return Ok(Some(tag.to_owned())),
                Ok(_) => {}
                // Listed and gone, or of a kind that cannot be pinned: it is not the one.
                Err(failure) if matches!(failure.kind, Kind::NotFound | Kind::Unsupported) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(None)
    }

    /// The configuration. What keeps it from being read belongs to the answer when the image itself was found.
    fn config(
        &self,
        image: &Reference,
        at: &Endpoint,
        deadline: Instant,
    ) -> Result<(ResolvedImage, ConfigAnswer), Failure> {
        let Found { digest, is_index } = self.find(image, at, deadline)?;
        let top = self.lookup.content(at, &digest, deadline)?;
        let resolved = ResolvedImage { digest, is_index, platforms: top.platforms() };
        let config = || {
            let (image, platform) = self.of_one_platform(&top, at, deadline)?;
            let mut config = (*self.lookup.config(at, &image, deadline)?).clone();
            // The index knows the variant, which configurations often leave out.
            config.platform = platform.or(config.platform);
            Ok(config)
        };
        Ok((resolved, Box::new(config())))
    }

    /// The image that stands for `top`, and its platform when `top` is an index.
    pub(super) fn of_one_platform(
        &self,
        top: &Arc<Content>,
        at: &Endpoint,
        deadline: Instant,
    ) -> Result<(Arc<Content>, Option<String>), Failure> {
        let Content::Index(children) = &**top else { return Ok((Arc::clone(top), None)) };
        let child = content::representative(children)
            .ok_or_else(|| Failure::new(Kind::Unsupported, "its index names no image for any platform"))?;
        let manifest = self.lookup.content(at, &child.digest, deadline)?;
        Ok((manifest, Some(child.platform.clone())))
    }
}
