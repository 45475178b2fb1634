//! How the Dockerfile is built, as far as compose and bake files say.

use std::collections::{BTreeMap, BTreeSet};

/// What is known of the builds of one Dockerfile besides its text.
///
/// Everything is a union over all the builds that name the file: a transform must be right for each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildSetup {
    /// Names of additional build contexts (`additional_contexts` in compose, `contexts` in bake,
    /// `--build-context`). BuildKit lets them replace an image of the same name.
    pub named_contexts: BTreeSet<String>,
    /// Build arguments that are given, with their value where it is literal.
    pub build_args: BTreeMap<String, Option<String>>,
    /// Stages that are built as targets, besides the last one.
    pub targets: BTreeSet<String>,
    /// Where each of these was read, for reports: `compose.yaml: services.web`.
    pub sources: BTreeSet<String>,
}
