//! How the Dockerfile is built, as far as compose and bake files say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dockerfile_syntax::Reference;

/// What is known of the builds of one Dockerfile besides its text.
///
/// Everything is a union over all the builds that name the file: a transform must be right for each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildSetup {
    /// Names of additional build contexts (`additional_contexts` in compose, `contexts` in bake,
    /// `--build-context`). BuildKit lets them replace an image of the same name.
    pub named_contexts: BTreeSet<String>,
    /// Build arguments that are given, with their value where every build gives the same literal one.
    pub build_args: BTreeMap<String, Option<String>>,
    /// Stages that are built as targets, besides the last one. The default of a variable counts.
    pub targets: BTreeSet<String>,
    /// A build chooses its target by a variable or inherits it from something that was not found, so stages that are
    /// not in [`targets`](Self::targets) may be run too.
    pub targets_unknown: bool,
    /// Services of compose files that run the image, sorted, each kind of run once: a file that is laid over another
    /// gives a service of its own beside the one of the file below it.
    pub services: Vec<Service>,
    /// The file describes a development container (`.devcontainer`), which people work in as they like.
    pub devcontainer: bool,
    /// Images that compose and bake files found in the same repository build, from this Dockerfile or another: `image:`
    /// beside `build:`, and `tags`. Named as [`own_image_name`](Self::own_image_name) does. Shared, because every
    /// Dockerfile of a repository has the same.
    pub own_images: Arc<BTreeSet<String>>,
    /// Where each of these was read, for reports: `compose.yaml: services.web`.
    pub sources: BTreeSet<String>,
}

impl BuildSetup {
    /// How [`own_images`](Self::own_images) names an image: registry host, path and tag, `latest` when there is none.
    /// A digest does not count.
    pub fn own_image_name(reference: &Reference) -> String {
        format!("{}:{}", reference.repository(), reference.tag_or_latest())
    }

    /// Whether a compose or bake file of the repository builds the image of that name.
    pub fn is_own_image(&self, reference: &Reference) -> bool {
        !self.own_images.is_empty() && self.own_images.contains(&Self::own_image_name(reference))
    }
}

/// A service of a compose file that runs the image of this Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Service {
    /// The compose file, as the user spelled it. Of several that are merged, the one that has the last word.
    pub file: String,
    /// Its name.
    pub name: String,
    /// The stage it runs, where that is known; `None` for the last one.
    pub target: Option<String>,
    /// What it sets that bears on the user, the network and the files of the container: in the order of the file,
    /// after what it inherits (`extends`, a file it is laid over) and does not replace.
    pub settings: Vec<ServiceSetting>,
    /// It extends a service that was not found, so it may set more.
    pub incomplete: bool,
}

/// One setting of a service and the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceSetting {
    /// The compose file it stands in, as the user spelled it. Another one than [`Service::file`] when it is inherited.
    pub file: String,
    /// Line in [`file`](Self::file), from 1, when it is known. What comes by an alias has the line of the anchor's
    /// text.
    pub line: Option<u32>,
    /// What it sets.
    pub kind: ServiceKind,
}

/// What a setting of a service says (Compose specification, "services").
///
/// A variable without a known value stands as it is written in a user, path, device or word; a switch that depends on
/// one counts as switched on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceKind {
    /// `privileged: true`.
    Privileged,
    /// `user:`, as written, variables and their defaults too.
    User(String),
    /// `network_mode: host`.
    HostNetwork,
    /// `pid: host`.
    HostPid,
    /// The container port of an entry of `ports:` or `expose:`; a range gives each of its ends, an unknown port
    /// nothing.
    Port(u16),
    /// An entry of `volumes:` or `tmpfs:`.
    Mount(Mount),
    /// An entry of `cap_add:`, in upper case without `CAP_`.
    CapAdd(String),
    /// An entry of `devices:`, as written.
    Device(String),
    /// `entrypoint:`; a string has been split into words as Compose does. Empty when it takes away the image's.
    Entrypoint(Vec<String>),
    /// `command:`; a string has been split into words as Compose does. Empty when it takes away the image's.
    Command(Vec<String>),
    /// `healthcheck:`; what is executed, a text as `sh -c TEXT`.
    Healthcheck(Vec<String>),
}

/// Something mounted into the container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mount {
    /// What is mounted.
    pub source: MountSource,
    /// Path in the container. It is absolute unless it begins with a variable.
    pub target: String,
    /// Mounted read-only.
    pub read_only: bool,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MountSource {
    /// A path of the host, as written, or something that may be one.
    Host(String),
    /// A named volume.
    Volume(String),
    /// A volume without a name.
    Anonymous,
    /// Memory.
    Tmpfs,
}
