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
    /// Services of compose files that run the image.
    pub services: Vec<Service>,
    /// The file describes a development container (`.devcontainer`), which people work in as they like.
    pub devcontainer: bool,
    /// Where each of these was read, for reports: `compose.yaml: services.web`.
    pub sources: BTreeSet<String>,
}

/// A service of a compose file that runs the image of this Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Service {
    /// The compose file, as the user spelled it.
    pub file: String,
    /// Its name.
    pub name: String,
    /// The stage it runs; `None` for the last one.
    pub target: Option<String>,
    /// What it sets that bears on the user, the network and the files of the container, in the order of the file.
    pub settings: Vec<ServiceSetting>,
}

/// One setting of a service and the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceSetting {
    /// Line in [`Service::file`], from 1, when it is known.
    pub line: Option<u32>,
    /// What it sets.
    pub kind: ServiceKind,
}

/// What a setting of a service says (Compose specification, "services").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceKind {
    /// `privileged: true`.
    Privileged,
    /// `user:`, as written.
    User(String),
    /// `network_mode: host`.
    HostNetwork,
    /// `pid: host`.
    HostPid,
    /// The container port of an entry of `ports:` or `expose:`; a range gives each of its ends.
    Port(u16),
    /// An entry of `volumes:` or `tmpfs:`.
    Mount(Mount),
    /// An entry of `cap_add:`, in upper case without `CAP_`.
    CapAdd(String),
    /// An entry of `devices:`, as written.
    Device(String),
    /// `entrypoint:`; a string has been split into words as Compose does.
    Entrypoint(Vec<String>),
    /// `command:`; a string has been split into words as Compose does.
    Command(Vec<String>),
}

/// Something mounted into the container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mount {
    /// What is mounted.
    pub source: MountSource,
    /// Absolute path in the container.
    pub target: String,
    /// Mounted read-only.
    pub read_only: bool,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MountSource {
    /// A path of the host, as written.
    Host(String),
    /// A named volume.
    Volume(String),
    /// A volume without a name.
    Anonymous,
    /// Memory.
    Tmpfs,
}
