//! The names of all settings: what is not here does not exist.

pub(super) const TOP: &[&str] = &[
    "facts",
    "files",
    "level",
    "multi-stage",
    "non-root-user",
    "notes",
    "offline",
    "only",
    "pin-digest",
    "registries",
    "skip",
];
pub(super) const MULTI_STAGE: &[&str] = &["runtime"];
pub(super) const NON_ROOT_USER: &[&str] = &["recursive-chown", "style"];
pub(super) const PIN_DIGEST: &[&str] = &["ignore", "only"];
pub(super) const REGISTRY: &[&str] = &["insecure", "mirror"];
pub(super) const FILES: &[&str] = &["level", "multi-stage", "non-root-user", "paths", "skip"];

/// The keys of the file, by section; the empty name is the top of the file.
///
/// `files` are those of each `[[files]]` entry, `registries` those of each `[registries."host"]`.
pub const SECTIONS: &[(&str, &[&str])] = &[
    ("", TOP),
    ("files", FILES),
    ("multi-stage", MULTI_STAGE),
    ("non-root-user", NON_ROOT_USER),
    ("pin-digest", PIN_DIGEST),
    ("registries", REGISTRY),
];
