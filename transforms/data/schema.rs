//! The data files as they are written. The head of each file explains its fields.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `operating-systems.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Systems {
    pub(crate) system: crate::ByName,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct System {
    pub(crate) family: Family,
    #[serde(default)]
    pub(crate) platform: Platform,
    pub(crate) package_manager: PackageManager,
    pub(crate) shell: String,
    pub(crate) user_tool: UserTool,
    pub(crate) passwd: Option<bool>,
    #[serde(default)]
    pub(crate) accounts: Vec<Account>,
    #[serde(default)]
    pub(crate) release_ids: Vec<String>,
    #[serde(default)]
    pub(crate) commands: Vec<String>,
    /// For people: how it was found.
    #[serde(rename = "evidence")]
    _evidence: Evidence,
    #[serde(rename = "source")]
    _source: String,
}

/// `base-images.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Images {
    pub(crate) mirrors: Vec<String>,
    pub(crate) image: Vec<Facts>,
}

/// An image or, inside one, a variant of it.
///
/// One type for both: `flatten` would let unknown fields pass.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Facts {
    /// Only of an image.
    pub(crate) names: Vec<String>,
    /// Only of an image.
    pub(crate) variant: Vec<Facts>,
    /// Only of a variant.
    pub(crate) tags: Vec<String>,
    /// Only of a variant: `false` when nothing of the image holds for it.
    pub(crate) inherit: Option<bool>,
    pub(crate) role: Option<Role>,
    pub(crate) system: Option<String>,
    pub(crate) user: Option<User>,
    pub(crate) users: Option<Vec<Account>>,
    pub(crate) uid_1000_free: Option<bool>,
    pub(crate) entrypoint: Option<Vec<String>>,
    pub(crate) privileges: Option<Privileges>,
    pub(crate) command: Option<Vec<String>>,
    pub(crate) ports: Option<Vec<u16>>,
    pub(crate) volumes: Option<Vec<String>>,
    pub(crate) working_dir: Option<String>,
    pub(crate) open_dirs: Option<Vec<String>>,
    pub(crate) state_dirs: Option<Vec<String>>,
    pub(crate) needs: Option<Vec<Need>>,
    pub(crate) advice: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) evidence: Option<Evidence>,
    pub(crate) source: Option<String>,
}

impl Facts {
    /// The facts of this variant, and those of `image` where it says nothing. Evidence and source go together.
    pub(crate) fn or(&self, image: &Self) -> Self {
        if self.inherit == Some(false) {
            return Self { names: image.names.clone(), ..self.clone() };
        }
        let source = if self.evidence.is_some() { &None } else { &image.source };
        macro_rules! merge {
            ($($field:ident),* $(,)?) => {
                Self {
                    names: image.names.clone(),
                    tags: self.tags.clone(),
                    variant: Vec::new(),
                    inherit: self.inherit,
                    source: self.source.clone().or_else(|| source.clone()),
                    $($field: self.$field.clone().or_else(|| image.$field.clone())),*
                }
            };
        }
        merge!(
            role,
            system,
            user,
            users,
            uid_1000_free,
            entrypoint,
            privileges,
            command,
            ports,
            volumes,
            working_dir,
            open_dirs,
            state_dirs,
            needs,
            advice,
            note,
            evidence,
        )
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: Option<u32>,
    pub(crate) home: Option<String>,
}

/// `"root"`, or what is known of another user.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum User {
    Word(Root),
    Other(OtherUser),
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Root {
    Root,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OtherUser {
    pub(crate) name: Option<String>,
    pub(crate) uid: Option<u32>,
    pub(crate) gid: Option<u32>,
    pub(crate) home: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Privileges {
    None,
    Passthrough,
    Drops(Vec<String>),
    NeedsRoot(String),
}

/// `releases.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Releases {
    pub(crate) image: Vec<Releasing>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Releasing {
    pub(crate) names: Vec<String>,
    #[serde(default)]
    pub(crate) default: Vec<Range>,
    #[serde(default)]
    pub(crate) alpine: Vec<Range>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Range {
    pub(crate) from: String,
    pub(crate) release: Option<String>,
    #[serde(default)]
    pub(crate) fixed: bool,
}

/// `packages.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Packages {
    pub(crate) debian: Kinds,
    pub(crate) alpine: Kinds,
    pub(crate) rhel: Kinds,
}

/// What packages of one kind of distribution are for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kinds {
    pub(crate) build: Vec<String>,
    pub(crate) commands: Vec<String>,
    /// By the package with the headers.
    #[serde(default)]
    pub(crate) libraries: BTreeMap<String, Libraries>,
    /// By the name of the command.
    #[serde(default)]
    pub(crate) tools: BTreeMap<String, String>,
}

/// The packages of a library: in all releases, or by release.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Libraries {
    All(Vec<String>),
    By(BTreeMap<String, Vec<String>>),
}

/// Enums whose variants are spelled as in `support/base_images/types.rs`, so that `Debug` writes the code.
macro_rules! words {
    ($($name:ident { $($variant:ident),* $(,)? })*) => { $(
        #[derive(Clone, Copy, Debug, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub(crate) enum $name { $($variant),* }
    )* };
}

words! {
    Family {
        Alpine, Amazon, Arch, Azure, Busybox, Debian, Distroless, Fedora, Photon, Rhel, Suse, Ubuntu, Windows, Wolfi,
        Unknown,
    }
    PackageManager { Apk, Apt, Dnf, Microdnf, Pacman, Tdnf, Yum, Zypper, None, Unknown }
    UserTool { Shadow, Busybox, None, Unknown }
    Role { Base, BuildTool, Init, Managed, Server }
    Need { Config, Paths, Port }
    Evidence { Measured, ImageConfig, Dockerfile, PackageManifest, Documentation, Derived, Unverified }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Platform {
    #[default]
    Linux,
    Windows,
}
