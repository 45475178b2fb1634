//! Images for the runtime stage: the same distribution release as the builder, from the same registry.

use harden_core::syntax::Reference;
use harden_core::{Hazard, Place, Why};

use super::releases;
use super::split::RuntimeImage;
use super::view::View;
use crate::support::base_images::{self, Family, Shell};

/// An image and what is not certain about it.
pub(crate) type Chosen = (RuntimeImage, Option<Hazard>);

/// The distribution release an image has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    /// Its distribution.
    pub(crate) family: Family,
    /// `bookworm`, `3.20`, `24.04`: as tags of the distribution's own image spell it.
    pub(crate) name: String,
    /// Whether the tag says so, the files of the image, or a table of tags that do not move any more. If not, it is what
    /// the tag has at the time the table was made.
    pub(crate) certain: bool,
}

/// The same image with `suffix` behind its tag: `node:20` with `slim` is `node:20-slim`, `node` is `node:slim`.
///
/// # Errors
/// `image-variable`: the whole reference is a variable. `no-runtime-image`: the result is none.
pub(crate) fn with_suffix(view: &View<'_, '_>, suffix: &str) -> Result<Chosen, Why> {
    let written = view.stage.image.text();
    let base = written.split('@').next().unwrap_or(written);
    let last = base.rsplit('/').next().unwrap_or(base);
    if base.starts_with('$') && !last.contains(':') || last.starts_with("${") {
        return Err(whole_variable());
    }
    let text = if last.contains(':') { format!("{base}-{suffix}") } else { format!("{base}:{suffix}") };
    let tag = match view.image.tag() {
        Some(tag) => format!("{tag}-{suffix}"),
        None => suffix.to_owned(),
    };
    made(view, text, &tag, view.image.familiar())
}

/// Another official image, from where the builder's comes from: `debian` is `mirror.example/library/debian` where the
/// builder is `mirror.example/library/golang`.
///
/// # Errors
/// As [`with_suffix`].
pub(crate) fn sibling(view: &View<'_, '_>, name: &str, tag: &str) -> Result<Chosen, Why> {
    let written = view.stage.image.text();
    let path = written.split(['@']).next().unwrap_or(written);
    let folder = match path.rsplit_once('/') {
        Some((folder, _)) if folder.contains('$') => return Err(whole_variable()),
        Some((folder, _)) => format!("{folder}/"),
        None if written.starts_with('$') => return Err(whole_variable()),
        None => String::new(),
    };
    let text = format!("{folder}{name}:{tag}");
    made(view, text.clone(), tag, &text)
}

/// Another tag of the builder's repository, written as `text`.
///
/// # Errors
/// `no-runtime-image`.
pub(crate) fn written(view: &View<'_, '_>, text: String, tag: &str) -> Result<Chosen, Why> {
    made(view, text, tag, view.image.familiar())
}

fn whole_variable() -> Why {
    let message = "a variable says which base image it is, so the image to run in cannot be derived from it";
    Why::new("image-variable", message)
}

fn made(view: &View<'_, '_>, text: String, tag: &str, name: &str) -> Result<Chosen, Why> {
    let plain = name.split(['@']).next().unwrap_or(name);
    let bare = match plain.rsplit_once('/') {
        Some((folder, last)) => format!("{folder}/{}", last.split(':').next().unwrap_or(last)),
        None => plain.split(':').next().unwrap_or(plain).to_owned(),
    };
    let image = Reference::parse(&format!("{bare}:{tag}"))
        .map_err(|error| Why::new("no-runtime-image", format!("`{text}` is no image reference: {error}")))?;
    let entry = base_images::find(&image);
    let family = entry.map_or(Family::Unknown, |entry| entry.system.family);
    let shell = entry.is_none_or(|entry| !matches!(entry.system.shell, Shell::None));
    let hazard = stale(view);
    Ok((RuntimeImage { text, image: Some(image), family, shell }, hazard))
}

/// A builder that is pinned by digest may be older than what its tag names now.
fn stale(view: &View<'_, '_>) -> Option<Hazard> {
    let digest = view.image.digest()?;
    let now = view.ctx.index_digest(&view.image.without_digest()).ok();
    if now.is_some_and(|now| now.digest == *digest) {
        return None;
    }
    let message = "the builder is pinned by digest, and its tag may have moved on to another release since";
    let place = Some(Place::Here(view.stage.image.span()));
    Some(Hazard { id: "pinned-builder", message: message.to_owned(), place })
}

/// The distribution release of the builder.
///
/// # Errors
/// `release-unknown`.
pub(crate) fn release(view: &View<'_, '_>) -> Result<Release, Why> {
    releases::of(view)
}

/// The small image of the builder's distribution release: `debian:bookworm-slim`, `alpine:3.20`, `ubuntu:24.04`.
///
/// # Errors
/// As [`release`] and [`sibling`].
pub(crate) fn slim(view: &View<'_, '_>) -> Result<Chosen, Why> {
    let release = release(view)?;
    let (name, tag) = match release.family {
        Family::Debian => ("debian", format!("{}-slim", release.name)),
        Family::Alpine => ("alpine", release.name.clone()),
        Family::Ubuntu => ("ubuntu", release.name.clone()),
        _ => {
            return Err(Why::new("release-unknown", "there is no small image of the builder's distribution"));
        }
    };
    let (image, hazard) = sibling(view, name, &tag)?;
    let guessed = || {
        let message = format!(
            "`{}` does not say which release of {name} it has: {} when this was written, perhaps another one later",
            view.image.familiar(),
            release.name
        );
        Hazard { id: "release-guessed", message, place: Some(Place::Here(view.stage.image.span())) }
    };
    Ok((image, hazard.or_else(|| (!release.certain).then(guessed))))
}

/// The empty image.
pub(crate) fn scratch() -> RuntimeImage {
    RuntimeImage { text: "scratch".to_owned(), image: None, family: Family::Unknown, shell: false }
}
