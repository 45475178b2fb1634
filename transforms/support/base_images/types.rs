//! The facts the table holds, as types.
//!
//! Absent facts are `Unknown` or `None`, never a guess: a caller has to say what it does without them.

/// What is known of an image that people build on, for some of its tags.
///
/// It describes the newest builds of these tags that somebody looked at; [`evidence`](Self::evidence) says how. The
/// image configuration a registry serves ([`harden_core::ImageConfig`]) is better evidence where both speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BaseImage {
    /// Names in their shortest form (`node`, `nginxinc/nginx-unprivileged`, `gcr.io/distroless/static`). A `*` at the
    /// end stands for any rest, also an empty one.
    pub(crate) names: &'static [&'static str],
    /// Patterns of the tags this is true for; empty for all tags. See [`tag::matches`](super::tag::matches).
    pub(crate) tags: &'static [&'static str],
    /// What it is made for.
    pub(crate) role: Role,
    /// The operating system and what it brings.
    pub(crate) system: System,
    /// The user a container runs as (`User` of the OCI image configuration).
    pub(crate) user: DefaultUser,
    /// Users besides root and [`user`](Self::user) that the image has for running programs. Those every image of the
    /// system has (`nobody`) are in [`System::accounts`].
    pub(crate) users: &'static [Account],
    /// Whether no user has uid 1000.
    pub(crate) uid_1000_free: Option<bool>,
    /// `Entrypoint` of the image configuration.
    pub(crate) entrypoint: Command,
    /// What entrypoint and program do with root.
    pub(crate) privileges: Privileges,
    /// `Cmd` of the image configuration.
    pub(crate) command: Command,
    /// Ports it listens on as it comes, or `ExposedPorts`; empty when none is known.
    pub(crate) ports: &'static [u16],
    /// `Volumes` of the image configuration; empty when none is known.
    pub(crate) volumes: &'static [&'static str],
    /// `WorkingDir` of the image configuration, `/` when it sets none; `None` when nobody looked.
    pub(crate) working_dir: Option<&'static str>,
    /// Directories that any user can write to, besides `/tmp` and `/var/tmp`.
    pub(crate) open_dirs: &'static [&'static str],
    /// Directories the program writes to and that belong to root, or to the user its entrypoint gives them to.
    pub(crate) state_dirs: &'static [&'static str],
    /// For servers: what has to change before they run as another user than root. Empty when nothing is known to.
    pub(crate) needs: &'static [Need],
    /// One sentence for reports: what people can do instead.
    pub(crate) advice: Option<&'static str>,
    /// What else matters.
    pub(crate) note: Option<&'static str>,
    /// How these facts were found.
    pub(crate) evidence: Evidence,
    /// Where, as `host/owner/repository@commit:path` or in words; only unverified facts may have none.
    pub(crate) source: Option<&'static str>,
}

/// An operating system as images have it, or the lack of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct System {
    /// Its distribution.
    pub(crate) family: Family,
    /// What containers of it run on.
    pub(crate) platform: Platform,
    /// The command that installs packages.
    pub(crate) package_manager: PackageManager,
    /// What RUN in shell form runs.
    pub(crate) shell: Shell,
    /// What creates users.
    pub(crate) user_tool: UserTool,
    /// Whether there is `/etc/passwd`. Without it names in USER and `--chown` cannot be resolved.
    pub(crate) passwd: Option<bool>,
    /// Users besides root that every image of this system has with these ids. They are for resolving names; programs
    /// should have a user of their own.
    pub(crate) accounts: &'static [Account],
}

/// A distribution, as far as users and packages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// Alpine Linux.
    Alpine,
    /// Amazon Linux.
    Amazon,
    /// Arch Linux.
    Arch,
    /// Azure Linux and CBL-Mariner.
    Azure,
    /// `BusyBox` without a distribution.
    Busybox,
    /// Debian.
    Debian,
    /// Files of a distribution without shell and package manager: distroless, chiseled Ubuntu.
    Distroless,
    /// Fedora.
    Fedora,
    /// Photon OS.
    Photon,
    /// Red Hat Enterprise Linux (UBI) and its rebuilds: `CentOS`, Rocky, Alma, Oracle.
    Rhel,
    /// openSUSE and SUSE Linux Enterprise.
    Suse,
    /// Ubuntu.
    Ubuntu,
    /// Windows.
    Windows,
    /// Wolfi and Chainguard OS.
    Wolfi,
    /// Not known.
    Unknown,
}

/// What containers of an image run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Platform {
    /// Linux.
    Linux,
    /// Windows.
    Windows,
}

/// The command that installs packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PackageManager {
    /// Alpine and Wolfi.
    Apk,
    /// Debian and Ubuntu.
    Apt,
    /// Fedora, RHEL 8 and later.
    Dnf,
    /// Small RHEL images.
    Microdnf,
    /// Arch Linux.
    Pacman,
    /// Photon, Azure Linux.
    Tdnf,
    /// RHEL 7, Amazon Linux 2.
    Yum,
    /// SUSE.
    Zypper,
    /// There is none.
    None,
    /// Not known.
    Unknown,
}

/// What RUN in shell form runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shell {
    /// The shell's path; on Windows its name, `cmd`.
    Path(&'static str),
    /// There is none: RUN fails.
    None,
    /// Not known.
    Unknown,
}

/// What creates users in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum UserTool {
    /// `useradd` and `groupadd` of shadow.
    Shadow,
    /// `adduser` and `addgroup` of `BusyBox`.
    Busybox,
    /// Neither.
    None,
    /// Not known.
    Unknown,
}

/// The user a container runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DefaultUser {
    /// root; on Windows `ContainerAdministrator`.
    Root,
    /// Somebody else; the name or the uid is known, or both.
    Other {
        /// Login name.
        name: Option<&'static str>,
        /// User id; there is none on Windows.
        uid: Option<u32>,
        /// Primary group.
        gid: Option<u32>,
        /// Home directory.
        home: Option<&'static str>,
    },
    /// Not known.
    Unknown,
}

/// A user in `/etc/passwd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Account {
    /// Login name.
    pub(crate) name: &'static str,
    /// User id.
    pub(crate) uid: u32,
    /// Primary group, when it is known.
    pub(crate) gid: Option<u32>,
    /// Home directory, when it is known.
    pub(crate) home: Option<&'static str>,
}

/// The words of `Entrypoint` or `Cmd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Command {
    /// The image sets none.
    None,
    /// In exec form.
    Exec(&'static [&'static str]),
    /// Nobody looked.
    Unknown,
}

/// What entrypoint and program of an image do with root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Privileges {
    /// No entrypoint stands between the container's user and the program.
    None,
    /// The entrypoint runs its arguments as whoever the container runs as.
    Passthrough,
    /// Started as root, the entrypoint prepares files and continues as another user with these tools.
    Drops {
        /// `gosu`, `setpriv`, …
        tools: &'static [&'static str],
    },
    /// It does not work without root.
    NeedsRoot {
        /// What for, to stand after "because".
        why: &'static str,
    },
    /// Not known.
    Unknown,
}

/// What an image is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// An operating system or language runtime to put an application on.
    Base,
    /// Builds something; what it built runs elsewhere.
    BuildTool,
    /// Starts an init (s6, `my_init`, supervisord, systemd) that itself starts services as their users.
    Init,
    /// What runs the container chooses the user: AWS Lambda, an editor with development containers.
    Managed,
    /// Runs by itself: nginx, postgres.
    Server,
}

/// What a server needs before it runs as another user than root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// Its configuration has to change, besides the port.
    Config,
    /// Directories it writes to have to belong to that user; see [`BaseImage::state_dirs`].
    Paths,
    /// It listens on a port below 1024, which not every platform gives to users.
    Port,
}

/// How facts were found, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Evidence {
    /// Read or run in the image's own file system.
    Measured,
    /// The image configuration or the project's tests of the image.
    ImageConfig,
    /// The Dockerfile it is built from.
    Dockerfile,
    /// A list of the packages in it.
    PackageManifest,
    /// Documentation of those who publish it.
    Documentation,
    /// Concluded from what others do with it.
    Derived,
    /// Common knowledge nobody checked.
    Unverified,
}

impl BaseImage {
    /// The user with this login name, wherever the table has it.
    pub(crate) fn account(&self, name: &str) -> Option<Account> {
        self.accounts().find(|account| account.name == name)
    }

    /// The user with this uid, wherever the table has it.
    pub(crate) fn account_of(&self, uid: u32) -> Option<Account> {
        self.accounts().find(|account| account.uid == uid)
    }

    /// Users of the image besides root: the default user, those for programs, those of the system.
    fn accounts(&self) -> impl Iterator<Item = Account> {
        let own = match self.user {
            DefaultUser::Other { name: Some(name), uid: Some(uid), gid, home } => {
                Some(Account { name, uid, gid, home })
            }
            DefaultUser::Other { .. } | DefaultUser::Root | DefaultUser::Unknown => None,
        };
        own.into_iter().chain(self.users.iter().copied()).chain(self.system.accounts.iter().copied())
    }
}
