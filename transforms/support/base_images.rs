//! What is known of the images people build on.
//!
//! The facts are in `data/base-images.toml` and `data/operating-systems.toml`. The build script checks their types and
//! turns them into constants, so that they cost nothing when harden starts.

#![allow(dead_code, unused_imports, reason = "the table is complete, whoever asks")]

mod system;
mod tag;
#[cfg(test)]
mod tests;
mod types;

use harden_core::syntax::Reference;

pub(crate) use system::{by_os_release, by_package_manager};
pub(crate) use types::{
    Account, BaseImage, Command, DefaultUser, Evidence, Family, Need, PackageManager, Platform, Privileges,
    Role, Shell, System, UserTool,
};

/// Constants made from the data.
mod table {
    use super::types::{
        Account, BaseImage, Command, DefaultUser, Evidence, Family, Need, PackageManager, Platform,
        Privileges, Role, Shell, System, UserTool,
    };

    include!(concat!(env!("OUT_DIR"), "/base_images.rs"));
}

/// What is known of `image`, by its name and tag.
///
/// Names of Docker Hub's official images are also found behind the mirrors the data lists. The digest is not looked
/// at: somebody who pins `node:22@sha256:…` uses some `node:22`. A reference with a digest and no tag finds only facts
/// that hold for every tag; one with neither is `latest`.
pub(crate) fn find(image: &Reference) -> Option<&'static BaseImage> {
    let name = official(image.repository());
    let variants = match table::NAMES.binary_search_by_key(&name, |&(known, _)| known) {
        Ok(at) => table::NAMES.get(at)?.1,
        Err(_) => table::PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix))?.1,
    };
    let tag = match (image.tag(), image.digest()) {
        (None, Some(_)) => {
            let [only] = variants else { return None };
            return only.tags.is_empty().then_some(only);
        }
        _ => image.tag_or_latest(),
    };
    variants.iter().find(|one| one.tags.is_empty() || one.tags.iter().any(|tags| tag::matches(tags, tag)))
}

/// The name without the registries and name spaces that serve Docker Hub's images.
fn official(repository: &str) -> &str {
    let mut name = repository;
    while let Some(rest) = table::MIRRORS.iter().find_map(|mirror| name.strip_prefix(mirror)) {
        name = rest;
    }
    name
}
