//! What people who run or build the image have to know once a fix is made.

/// One consequence of a fix outside the Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// The container runs as this user.
    RunsAs {
        /// User id.
        uid: u32,
        /// Primary group id.
        gid: u32,
    },
    /// The program writes here, and the directory in the image belongs to the new user. What is mounted over it has to
    /// as well.
    Writes {
        /// Absolute path in the image.
        path: String,
    },
    /// A volume: one that exists already still belongs to root and has to change owner once.
    Volume {
        /// Absolute path in the image.
        path: String,
        /// Its name where a compose file gives it one, or the bound folder.
        source: Option<String>,
    },
    /// The program listens on a port below 1024. That needs `NET_BIND_SERVICE`, or a runtime that lets everybody use
    /// such ports (`net.ipv4.ip_unprivileged_port_start=0`, which Docker sets in a network of its own).
    LowPort {
        /// The port.
        port: u16,
    },
    /// A variable the file set and sets no longer: the container has to get it when it is run.
    Variable {
        /// Its name.
        name: String,
    },
    /// A step of the build needs a secret: the build command has to give it (`docker build --secret`).
    BuildSecret {
        /// The id in `RUN --mount=type=secret,id=…`.
        id: String,
        /// Where the secret comes from.
        source: SecretSource,
        /// The build argument that gave it before, if one did: `--build-arg` for it has no effect any more.
        argument: Option<String>,
    },
    /// A step of the build needs the SSH agent of whoever builds (`docker build --ssh default`).
    BuildSsh,
    /// A secret is in the history of git and of every image that was built: it has to be replaced.
    Rotate {
        /// What held it: a variable or a file.
        name: String,
    },
    /// A file must not get into the build context again.
    Exclude {
        /// A line for `.dockerignore`.
        pattern: String,
    },
}

/// Where a build secret comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretSource {
    /// An environment variable of the build command.
    Variable(String),
    /// A file beside the build command.
    File(String),
}
