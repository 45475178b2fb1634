//! What people can choose about the rewrites themselves.

/// Choices of the user, from the command line or `harden.toml`. The defaults suit most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// About the user that containers run as.
    pub user: UserSettings,
    /// About the stages a file is split into.
    pub stages: StageSettings,
}

/// Choices about the stages a file is split into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageSettings {
    /// What programs run in that need nothing of a distribution.
    pub runtime: RuntimeStyle,
}

/// What programs run in that need nothing of a distribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RuntimeStyle {
    /// The empty image, with certificates and time zones.
    #[default]
    Scratch,
    /// `gcr.io/distroless/static`: certificates, time zones, users and `/tmp`, no shell.
    Distroless,
    /// The small image of the builder's distribution release, with a shell.
    Slim,
}

/// Choices about the user that containers run as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserSettings {
    /// For which platform the user is made.
    pub style: UserStyle,
    /// Whether directories the program writes to change owner with everything in them. Each file that changes owner
    /// is stored in the image a second time.
    pub recursive: bool,
}

/// For which platform the user is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserStyle {
    /// A user with a group of its own.
    #[default]
    OwnGroup,
    /// Any user id in group 0, as `OpenShift` gives containers: what the program writes to belongs to group 0 and the
    /// group may do what the owner may (`OpenShift` documentation, "Support arbitrary user ids").
    RootGroup,
}
