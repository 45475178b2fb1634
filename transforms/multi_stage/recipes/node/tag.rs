//! What a tag of the official Node.js image says, and the image to run in.
//!
//! Source: github.com/nodejs/docker-node, `stackbrew.js` (which tags there are: the full and the slim variant of a
//! Debian release, and of the default release without its name), `Dockerfile-debian.template` (from `buildpack-deps`) and
//! `Dockerfile-slim.template` (from `debian:*-slim`).

use harden_core::Why;
use harden_core::syntax::Reference;

use crate::multi_stage::runtime_image::{self, Chosen};
use crate::multi_stage::split::RuntimeImage;
use crate::multi_stage::view::View;
use crate::support::base_images::{self, Family};

/// What an image brings besides Node.js.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::multi_stage::recipes) enum Variant {
    /// Debian with compilers, headers, Python, Git and more.
    Full,
    /// Debian with nothing else.
    Slim,
    /// Alpine Linux with nothing else.
    Alpine,
}

/// What is told by a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::multi_stage::recipes) struct Tag {
    pub(in crate::multi_stage::recipes) variant: Variant,
    /// The major version, where the tag names one.
    pub(in crate::multi_stage::recipes) major: Option<u32>,
    /// Whether there is a slim variant beside it.
    pub(in crate::multi_stage::recipes) has_slim: bool,
}

/// Releases of Debian all of whose images have a slim variant.
const WITH_SLIM: [&str; 5] = ["buster", "bullseye", "bookworm", "trixie", "forky"];

/// Releases of Debian that had images before slim variants were made for each release.
const WITHOUT_SLIM: [&str; 3] = ["wheezy", "jessie", "stretch"];

/// The first major version whose images were looked at.
const FIRST_MAJOR: u32 = 8;

/// Whether it is the official image, under any name people get it by.
pub(in crate::multi_stage::recipes) fn is_node(image: &Reference) -> bool {
    base_images::find(image).is_some_and(|entry| entry.names == ["node"])
}

/// Reads a tag. `None` for variants nobody has looked at: `onbuild`, Windows, `alpine-runtime`.
pub(in crate::multi_stage::recipes) fn read(tag: &str) -> Option<Tag> {
    let mut parts = tag.split('-').peekable();
    let first = parts.peek().copied().unwrap_or_default();
    let digits = first.trim_start_matches('v').split('.').next().unwrap_or_default();
    let major: Option<u32> = digits.parse().ok();
    let mut variant = Variant::Full;
    let mut has_slim = major.is_none_or(|major| major >= FIRST_MAJOR);
    for (index, part) in parts.enumerate() {
        let is_alpine = part == "alpine"
            || part
                .strip_prefix("alpine")
                .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
        match part {
            "slim" => variant = Variant::Slim,
            _ if is_alpine => variant = Variant::Alpine,
            _ if WITH_SLIM.contains(&part) => {}
            _ if WITHOUT_SLIM.contains(&part) => has_slim = false,
            // A version, `lts`, `current` or the code name of a release line: `iron`.
            _ if index == 0 && (major.is_some() || part.bytes().all(|byte| byte.is_ascii_lowercase())) => {}
            // There is `lts-iron`, and no `lts-iron-slim`.
            _ if index == 1 && first == "lts" && part.bytes().all(|byte| byte.is_ascii_lowercase()) => {
                has_slim = false;
            }
            _ => return None,
        }
    }
    let known = !matches!(first, "onbuild" | "windowsservercore" | "nanoserver" | "chakracore");
    known.then_some(Tag { variant, major, has_slim })
}

impl Tag {
    /// The image to run in: the slim one beside a full one, else the same.
    ///
    /// # Errors
    /// `slim-unknown`: it is not known to exist. `image-variable`: it cannot be written.
    pub(in crate::multi_stage::recipes) fn runtime(&self, view: &View<'_, '_>) -> Result<Chosen, Why> {
        let written = view.stage.image.text();
        if self.variant != Variant::Full {
            let family = if self.variant == Variant::Alpine { Family::Alpine } else { Family::Debian };
            let text = written.to_owned();
            return Ok((RuntimeImage { text, image: Some(view.image.clone()), family, shell: true }, None));
        }
        if !self.has_slim {
            let message = format!("no slim image is known beside `{}`", view.image.familiar());
            return Err(Why::new("slim-unknown", message));
        }
        // `node:latest-slim` does not exist.
        match view.image.tag() {
            Some("latest") if written.contains('$') => {
                let message = "the tag is a variable that says `latest`, and there is no `latest-slim`";
                Err(Why::new("image-variable", message))
            }
            Some("latest") | None => runtime_image::sibling(view, "node", "slim"),
            Some(_) => runtime_image::with_suffix(view, "slim"),
        }
    }

    /// The command that takes dev dependencies away: npm 7 came with Node.js 15 (nodejs.org/dist/index.json).
    pub(in crate::multi_stage::recipes) fn npm_prune(&self) -> &'static str {
        if self.major.is_some_and(|major| major < 15) {
            "npm prune --production"
        } else {
            "npm prune --omit=dev"
        }
    }

    /// Whether the image has Yarn 1: up to Node.js 25 all have it (docker-node#2407).
    pub(in crate::multi_stage::recipes) fn has_yarn(&self) -> bool {
        self.major.is_some_and(|major| major < 26)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(tag: &str) -> Option<(Variant, Option<u32>, bool)> {
        read(tag).map(|tag| (tag.variant, tag.major, tag.has_slim))
    }

    #[test]
    fn tags_of_the_official_image() {
        use Variant::{Alpine, Full, Slim};
        let known = [
            ("20", Full, Some(20), true),
            ("20.11.1", Full, Some(20), true),
            ("20-bookworm", Full, Some(20), true),
            ("bookworm", Full, None, true),
            ("latest", Full, None, true),
            ("lts", Full, None, true),
            ("iron", Full, None, true),
            ("lts-iron", Full, None, false),
            ("lts-bookworm", Full, None, true),
            ("6", Full, Some(6), false),
            ("8-stretch", Full, Some(8), false),
            ("20-slim", Slim, Some(20), true),
            ("slim", Slim, None, true),
            ("20-bookworm-slim", Slim, Some(20), true),
            ("alpine", Alpine, None, true),
            ("20-alpine3.19", Alpine, Some(20), true),
            ("lts-alpine", Alpine, None, true),
        ];
        for (tag, kind, major, slim) in known {
            assert_eq!(variant(tag), Some((kind, major, slim)), "{tag}");
        }
        for tag in
            ["onbuild", "8-onbuild", "20-windowsservercore", "20-alpine-runtime", "20-alpineX", "X_y", "-"]
        {
            assert_eq!(variant(tag), None, "{tag}");
        }
    }
}
