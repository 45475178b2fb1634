//! Which release of its distribution an image has.
//!
//! In this order: what os-release(5) in the image says; what the tag says (`22-bookworm`, `1.23-alpine3.20`, `ubuntu:jammy`,
//! `debian:12-slim`); what the official image had for that version, see `data/releases.toml`.

#[cfg(test)]
mod tests;

use harden_core::syntax::Reference;
use harden_core::{ImageFiles, Why};

use super::runtime_image::Release;
use super::view::View;
use crate::support::base_images::{self, Family};

/// Constants made from the data.
mod table {
    use super::{Image, Range};

    include!(concat!(env!("OUT_DIR"), "/releases.rs"));
}

/// Releases of an official image by its version.
struct Image {
    name: &'static str,
    default: &'static [Range],
    alpine: &'static [Range],
}

/// Versions from this one on, up to the next range.
struct Range {
    from: [u32; 3],
    /// `None`: it changed within these versions.
    release: Option<&'static str>,
    /// Their tags are not built any more.
    fixed: bool,
}

/// Releases of Debian by number and code name (debian.org/releases).
pub(super) const DEBIAN: [(&str, &str); 8] = [
    ("7", "wheezy"),
    ("8", "jessie"),
    ("9", "stretch"),
    ("10", "buster"),
    ("11", "bullseye"),
    ("12", "bookworm"),
    ("13", "trixie"),
    ("14", "forky"),
];

/// Releases of Ubuntu (ubuntu.com/about/release-cycle).
const UBUNTU: [(&str, &str); 17] = [
    ("14.04", "trusty"),
    ("16.04", "xenial"),
    ("18.04", "bionic"),
    ("20.04", "focal"),
    ("20.10", "groovy"),
    ("21.04", "hirsute"),
    ("21.10", "impish"),
    ("22.04", "jammy"),
    ("22.10", "kinetic"),
    ("23.04", "lunar"),
    ("23.10", "mantic"),
    ("24.04", "noble"),
    ("24.10", "oracular"),
    ("25.04", "plucky"),
    ("25.10", "questing"),
    ("26.04", "resolute"),
    ("12.04", "precise"),
];

/// Releases of Debian whose packages are only in its archive any more.
const ARCHIVED: [&str; 4] = ["wheezy", "jessie", "stretch", "buster"];

/// Whether `apt-get update` fails in an image of the release as it is.
pub(crate) fn is_archived(release: &Release) -> bool {
    release.family == Family::Debian && ARCHIVED.contains(&release.name.as_str())
}

/// The release of the builder.
///
/// # Errors
/// `release-unknown`.
pub(crate) fn of(view: &View<'_, '_>) -> Result<Release, Why> {
    let files = view.run.base.files.as_deref();
    let known =
        files.and_then(by_files).or_else(|| by_reference(view.image)).or_else(|| by_version_tag(view));
    known.ok_or_else(|| {
        let message = format!(
            "the distribution release of `{}` is not known; name it in the tag, as in `-bookworm` or `-alpine3.22`",
            view.image.familiar()
        );
        Why::new("release-unknown", message)
    })
}

/// By a version tag that names the same image now as `latest`.
fn by_version_tag(view: &View<'_, '_>) -> Option<Release> {
    if view.image.digest().is_some() || view.image.tag_or_latest() != "latest" {
        return None;
    }
    let now = view.ctx.index_digest(view.image).ok()?;
    let tag = view.ctx.version_tag(view.image, &now.digest).ok()??;
    let release = by_reference(&view.image.with_tag(&tag).ok()?)?;
    Some(Release { certain: false, ..release })
}

/// By the files of the image.
fn by_files(files: &ImageFiles) -> Option<Release> {
    let value = |key: &str| files.os_release.get(key).map(String::as_str).filter(|text| !text.is_empty());
    let version = value("VERSION_ID");
    let found = |family, name: &str| Some(Release { family, name: name.to_owned(), certain: true });
    match value("ID")? {
        "debian" => {
            let by_number = version.and_then(|version| code_name(&DEBIAN, version));
            found(Family::Debian, value("VERSION_CODENAME").or(by_number)?)
        }
        "ubuntu" => found(Family::Ubuntu, version?),
        // 3.20.3 → 3.20; edge has a date or `_alpha` in its version.
        "alpine" => {
            let version = version?;
            let mut parts = version.split('.');
            let (major, minor) = (parts.next()?, parts.next()?);
            let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            (plain(major) && plain(minor)).then_some(())?;
            found(Family::Alpine, &format!("{major}.{minor}"))
        }
        _ => None,
    }
}

/// By name and tag.
pub(super) fn by_reference(image: &Reference) -> Option<Release> {
    let entry = base_images::find(image);
    let names = entry.map(|entry| entry.names).unwrap_or_default();
    let tag = match (image.tag(), image.digest()) {
        (None, Some(_)) => return None,
        (tag, _) => tag.unwrap_or_default(),
    };
    let is = |name: &str| names.contains(&name);
    if let Some(release) = by_words(tag) {
        return Some(release);
    }
    let found = |family, name: &str, certain| Some(Release { family, name: name.to_owned(), certain });
    let first = tag.split('-').next().unwrap_or_default();
    if is("debian") || is("buildpack-deps") && !first.contains('.') {
        let number = first.split('.').next().unwrap_or_default();
        return found(Family::Debian, code_name(&DEBIAN, number)?, true);
    }
    if is("ubuntu") || is("buildpack-deps") {
        return UBUNTU
            .iter()
            .find(|(number, _)| *number == first)
            .and_then(|(number, _)| found(Family::Ubuntu, number, true));
    }
    if is("alpine") {
        return found(Family::Alpine, &alpine_number(first)?, true);
    }
    let image = table::IMAGES.iter().find(|image| is(image.name))?;
    let (version, rest) = match tag.split_once('-') {
        Some((version, rest)) => (version, rest),
        None => (tag, ""),
    };
    let version = version_of(version)?;
    let (family, ranges) = match rest {
        "" | "slim" | "jdk" | "jre" | "jdk-slim" | "jre-slim" => (Family::Debian, image.default),
        "alpine" | "jdk-alpine" | "jre-alpine" => (Family::Alpine, image.alpine),
        _ => return None,
    };
    let range = ranges.iter().rev().find(|range| range.from <= version)?;
    found(family, range.release?, range.fixed)
}

/// By code names and numbers of distributions in a tag.
fn by_words(tag: &str) -> Option<Release> {
    let found = |family, name: &str| Some(Release { family, name: name.to_owned(), certain: true });
    let mut words = tag.split('-').peekable();
    while let Some(word) = words.next() {
        if DEBIAN.iter().any(|(_, name)| *name == word) {
            return found(Family::Debian, word);
        }
        if let Some((number, _)) = UBUNTU.iter().find(|(_, name)| *name == word) {
            return found(Family::Ubuntu, number);
        }
        if let Some(rest) = word.strip_prefix("alpine") {
            let number = if rest.is_empty() { words.peek().copied().unwrap_or_default() } else { rest };
            if let Some(number) = alpine_number(number) {
                return found(Family::Alpine, &number);
            }
        }
        if word == "ubuntu"
            && let Some((number, _)) =
                words.peek().and_then(|next| UBUNTU.iter().find(|(number, _)| number == next))
        {
            return found(Family::Ubuntu, number);
        }
    }
    None
}

/// `3.20` and `3.20.3` → `3.20`; `3` and `latest` move.
fn alpine_number(text: &str) -> Option<String> {
    let mut parts = text.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    let minor_is_number = !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit());
    (major == "3" && minor_is_number).then(|| format!("{major}.{minor}"))
}

fn code_name(table: &[(&'static str, &'static str)], number: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

/// `1.22.3` → its numbers; what is missing is the newest: `1.22` is greater than any `1.22.3`.
fn version_of(text: &str) -> Option<[u32; 3]> {
    let mut version = [u32::MAX; 3];
    let mut parts = text.split('.');
    for (index, slot) in version.iter_mut().enumerate() {
        match parts.next() {
            // Java 8 builds are `8u342`.
            Some(part) => {
                let number = part.split('u').next().unwrap_or_default();
                *slot = number.parse().ok().filter(|number| *number < u32::MAX)?;
            }
            None if index > 0 => break,
            None => return None,
        }
    }
    parts.next().is_none().then_some(version)
}
