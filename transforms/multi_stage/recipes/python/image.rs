//! What the tag of an official Python image says, and the image for the runtime stage.
//!
//! Tags are `VERSION[-slim|-alpine][-RELEASE]`: `3.12`, `3.12-bookworm`, `3.12-slim-bookworm`, `3.12-alpine3.20`
//! (docker-library/python, `generate-stackbrew-library.sh`; full and slim tags without a release have the same one).

use harden_core::Why;

use crate::multi_stage::runtime_image::{self, Chosen};
use crate::multi_stage::split::RuntimeImage;
use crate::multi_stage::view::View;
use crate::support::base_images::{self, Family};

/// Debian releases in tags of the image.
const RELEASES: [&str; 9] =
    ["wheezy", "jessie", "stretch", "buster", "bullseye", "bookworm", "trixie", "forky", "sid"];

/// An official Python image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Python {
    /// With the compilers and libraries of `buildpack-deps`.
    pub(super) full: bool,
    /// Alpine, not Debian.
    pub(super) alpine: bool,
    /// Major and minor version, where the tag names both.
    pub(super) version: Option<(u32, u32)>,
    /// The Debian release, where the tag names it.
    pub(super) release: Option<&'static str>,
}

impl Python {
    /// Reads a tag. `None`: it is no tag of an image for Linux that anything is known about.
    pub(super) fn of_tag(tag: &str) -> Option<Self> {
        let mut parts = tag.split('-');
        let first = parts.next()?;
        let named = matches!(first, "latest" | "slim" | "alpine") || RELEASES.contains(&first);
        if !named && !first.starts_with(|ch: char| ch.is_ascii_digit()) && !first.starts_with("alpine") {
            return None;
        }
        let mut python = Self { full: true, alpine: false, version: version(first), release: None };
        let rest = (named || first.starts_with("alpine")).then_some(first).filter(|&word| word != "latest");
        for part in rest.into_iter().chain(parts) {
            if part == "slim" {
                python.full = false;
            } else if part.starts_with("alpine") {
                (python.full, python.alpine) = (false, true);
            } else if !part.starts_with("rc") {
                python.release = Some(RELEASES.iter().find(|&&one| one == part)?);
            }
        }
        Some(python)
    }
}

/// Major and minor of `3.12.4`, `3.14.0rc1`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next()?;
    let digits = minor.find(|ch: char| !ch.is_ascii_digit()).unwrap_or(minor.len());
    Some((major, minor.get(..digits)?.parse().ok()?))
}

/// The official Python image the stage starts from.
pub(super) fn of(view: &View<'_, '_>) -> Option<Python> {
    let entry = base_images::find(view.image)?;
    let linux = matches!(entry.system.family, Family::Debian | Family::Alpine);
    if !linux || !entry.names.contains(&"python") {
        return None;
    }
    if view.image.tag().is_none() && view.image.digest().is_some() {
        return None;
    }
    Python::of_tag(view.image.tag_or_latest())
}

/// The image to run in: the slim one of a full image, any other itself.
///
/// # Errors
/// `image-variable`: where to write `slim` is not known.
pub(super) fn runtime(view: &View<'_, '_>, python: &Python) -> Result<Chosen, Why> {
    let written = view.stage.image.text();
    if !python.full {
        let family = if python.alpine { Family::Alpine } else { Family::Debian };
        let image = Some(view.image.clone());
        return Ok((RuntimeImage { text: written.to_owned(), image, family, shell: true }, None));
    }
    let Some(release) = python.release else { return runtime_image::with_suffix(view, "slim") };
    let base = written.split('@').next().unwrap_or(written);
    let tag = view.image.tag_or_latest();
    // `3.12-bookworm` is `3.12-slim-bookworm`.
    let placed = |text: &str| {
        let front = text.strip_suffix(release)?;
        Some(format!("{front}slim-{release}"))
    };
    let (Some(text), Some(tag)) = (placed(base), placed(tag)) else {
        let message = format!(
            "the tag is a variable that names the Debian release {release}, so the tag of the slim image cannot be derived from it"
        );
        return Err(Why::new("image-variable", message));
    };
    runtime_image::written(view, text, &tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        let read =
            |tag: &str| Python::of_tag(tag).map(|one| (one.full, one.alpine, one.version, one.release));
        assert_eq!(read("3.12"), Some((true, false, Some((3, 12)), None)));
        assert_eq!(read("3"), Some((true, false, None, None)));
        assert_eq!(read("latest"), Some((true, false, None, None)));
        assert_eq!(read("bookworm"), Some((true, false, None, Some("bookworm"))));
        assert_eq!(read("3.14.0rc1-trixie"), Some((true, false, Some((3, 14)), Some("trixie"))));
        assert_eq!(read("3.14-rc-trixie"), Some((true, false, Some((3, 14)), Some("trixie"))));
        assert_eq!(read("3.11.4-slim-buster"), Some((false, false, Some((3, 11)), Some("buster"))));
        assert_eq!(read("slim"), Some((false, false, None, None)));
        assert_eq!(read("alpine3.20"), Some((false, true, None, None)));
        assert_eq!(read("3.9-alpine3.20"), Some((false, true, Some((3, 9)), None)));
        for tag in ["3.6-onbuild", "3.12-windowsservercore-ltsc2022", "nightly", "", "3.12-slim-"] {
            assert_eq!(read(tag), None, "{tag}");
        }
    }
}
