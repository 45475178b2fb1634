//! What is known of the image a chain of stages starts from: its live configuration first, then the table, then the
//! files of the image.

use std::sync::Arc;

use harden_core::syntax::Reference;
use harden_core::{Base, Context, ImageConfig, ImageFiles, Missing, Scopes, Why};

use super::effective::{UserSpec, number};
use super::packages::PackageSteps;
use crate::support::base_images::{
    self, BaseImage, Command, DefaultUser, Evidence, Platform, Privileges, Shell, System, UserTool,
};

/// Everything known of a base image.
#[derive(Clone, Debug, Default)]
pub(crate) struct BaseView {
    /// The image; `None` for scratch, or when the file does not fix it.
    pub(crate) image: Option<Reference>,
    /// It is the empty image.
    pub(crate) scratch: bool,
    /// What the table says.
    pub(crate) entry: Option<&'static BaseImage>,
    /// What the registry says, or recorded facts.
    pub(crate) config: Option<Arc<ImageConfig>>,
    /// What is in its file system.
    pub(crate) files: Option<Arc<ImageFiles>>,
    /// Its operating system, from the files, the table, or the package manager that steps use.
    system: Option<System>,
    /// A step needs root to work, and none changed the user before: so the image runs as root.
    proved_root: bool,
    /// Why the image is not known.
    unknown: Option<Why>,
}

/// The user an image runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BaseUser {
    /// Root.
    Root,
    /// Somebody else.
    Other(UserSpec),
    /// Not known.
    Unknown(Why),
}

/// A user of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseAccount {
    pub(crate) name: Option<String>,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) home: Option<String>,
}

/// What makes users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tools {
    /// `useradd` and `groupadd`.
    Shadow,
    /// `adduser` and `addgroup` of `BusyBox`.
    Busybox,
    /// Neither.
    None,
    /// Not known.
    Unknown,
}

impl BaseView {
    /// Asks for what there is about the image `chain` starts from.
    ///
    /// # Errors
    /// Only [`Missing::Pending`]: an answer is on its way.
    pub(crate) fn read(ctx: &Context<'_>, scopes: &Scopes<'_, '_>, chain: &[usize]) -> Result<Self, Missing> {
        let first = chain.first().and_then(|&index| ctx.build.stages.get(index));
        let image = match first.map(|stage| &stage.base) {
            Some(Base::Image(image)) => image,
            Some(Base::Scratch) => return Ok(Self { scratch: true, ..Self::default() }),
            Some(Base::Unknown(why)) => {
                return Ok(Self { unknown: Some(why.clone()), ..Self::default() }.with_steps(scopes, chain));
            }
            Some(Base::Stage(_)) | None => return Ok(Self::default().with_steps(scopes, chain)),
        };
        let mut view = Self { image: Some(image.clone()), ..Self::default() };
        if ctx.setup.named_contexts.contains(image.familiar()) {
            let message = format!("builds replace `{image}` by another build context");
            view.unknown = Some(Why::new("named-context", message));
            return Ok(view.with_steps(scopes, chain));
        }
        view.entry = base_images::find(image);
        // Both are asked at once: one after the other would cost a round.
        let (config, files) = (ctx.image_config(image), ctx.image_files(image));
        let pending = [config.as_ref().err(), files.as_ref().err()].contains(&Some(&Missing::Pending));
        if pending {
            return Err(Missing::Pending);
        }
        if let (None, Err(why)) = (view.entry, config.clone()) {
            view.unknown = Some(why.why());
        }
        view.config = config.ok();
        view.files = files.ok();
        view.system = view.files.as_deref().and_then(base_images::by_os_release);
        view.system = view.system.or(view.entry.map(|entry| entry.system));
        Ok(view.with_steps(scopes, chain))
    }

    /// Adds what the steps of the file prove, where nothing else is known.
    fn with_steps(mut self, scopes: &Scopes<'_, '_>, chain: &[usize]) -> Self {
        let user_known = self.config.is_some() || !matches!(self.table_user(), BaseUser::Unknown(_));
        if self.system.is_some() && user_known {
            return self;
        }
        let steps = PackageSteps::read(scopes, chain);
        self.system = self.system.or_else(|| steps.manager().and_then(base_images::by_package_manager));
        self.proved_root = steps.prove_root();
        self
    }

    /// The user it runs as.
    pub(crate) fn user(&self) -> BaseUser {
        if self.scratch {
            return BaseUser::Root;
        }
        if let Some(config) = &self.config {
            let spec = UserSpec::parse(config.user.as_deref().unwrap_or_default());
            let windows = config.platform.as_deref().is_some_and(|platform| platform.starts_with("windows"));
            // Without a user, a Windows container runs as whoever its base layers say.
            let root = if windows && spec.user.is_empty() { self.table_user() } else { BaseUser::Root };
            return if spec.is_root() || self.is_windows_administrator(&spec.user) {
                root
            } else {
                BaseUser::Other(spec)
            };
        }
        match self.table_user() {
            BaseUser::Unknown(_) if self.proved_root => BaseUser::Root,
            other => other,
        }
    }

    fn table_user(&self) -> BaseUser {
        match self.entry.map(|entry| entry.user) {
            Some(DefaultUser::Root) => BaseUser::Root,
            Some(DefaultUser::Other { name, uid, gid, .. }) => {
                let uid = uid.map(|uid| uid.to_string());
                let user = name.map(str::to_owned).or(uid).unwrap_or_default();
                let numeric = number(&user).is_some();
                let group = gid.filter(|_| numeric).map(|gid| gid.to_string());
                BaseUser::Other(UserSpec { user, group })
            }
            Some(DefaultUser::Unknown) | None => BaseUser::Unknown(self.why_unknown()),
        }
    }

    /// Why the image is not known.
    pub(crate) fn why_unknown(&self) -> Why {
        let why = self.unknown.clone();
        let image =
            self.image.as_ref().map_or_else(|| "the base image".to_owned(), |image| format!("`{image}`"));
        let message = match why {
            Some(why) => format!("the user of {image} is not known: {why}"),
            None => format!("the user of {image} is not known"),
        };
        Why::new("base-unknown", message)
    }

    /// Whether nothing but the steps of the file tells about it.
    pub(crate) fn is_guessed(&self) -> bool {
        !self.scratch && self.entry.is_none() && self.config.is_none()
    }

    /// Whether the table's facts are common knowledge that nobody checked, and no files were read.
    pub(crate) fn is_doubtful(&self) -> bool {
        !self.scratch
            && self.files.is_none()
            && self.entry.is_none_or(|entry| entry.evidence == Evidence::Unverified)
    }

    /// What makes users in it.
    pub(crate) fn tools(&self) -> Tools {
        if self.scratch {
            return Tools::None;
        }
        match self.system.map(|system| system.user_tool) {
            Some(UserTool::Shadow) => Tools::Shadow,
            Some(UserTool::Busybox) => Tools::Busybox,
            Some(UserTool::None) => Tools::None,
            Some(UserTool::Unknown) | None => Tools::Unknown,
        }
    }

    /// Whether shell forms run in it.
    pub(crate) fn has_shell(&self) -> Option<bool> {
        if self.scratch {
            return Some(false);
        }
        match self.system?.shell {
            Shell::Path(_) => Some(true),
            Shell::None => Some(false),
            Shell::Unknown => None,
        }
    }

    /// The shell of its shell forms.
    pub(crate) fn shell(&self) -> Vec<String> {
        let configured = self.config.as_ref().map(|config| config.shell.clone()).unwrap_or_default();
        if !configured.is_empty() {
            return configured;
        }
        if self.is_windows() {
            return vec!["cmd".to_owned(), "/S".to_owned(), "/C".to_owned()];
        }
        vec!["/bin/sh".to_owned(), "-c".to_owned()]
    }

    /// Whether it is a Windows image.
    pub(crate) fn is_windows(&self) -> bool {
        let platform = self.config.as_ref().and_then(|config| config.platform.as_deref());
        platform.is_some_and(|platform| platform.starts_with("windows"))
            || self.system.is_some_and(|system| system.platform == Platform::Windows)
    }

    /// Whether this user is Windows' counterpart of root.
    pub(crate) fn is_windows_administrator(&self, user: &str) -> bool {
        self.is_windows()
            && ["ContainerAdministrator", "Administrator"].iter().any(|name| user.eq_ignore_ascii_case(name))
    }

    /// A variable its configuration sets.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let config = self.config.as_ref()?;
        config.env.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// The user with this name.
    pub(crate) fn account(&self, name: &str) -> Option<BaseAccount> {
        if let Some(files) = &self.files {
            return files.user(name).map(from_files);
        }
        self.entry.and_then(|entry| entry.account(name)).map(from_table)
    }

    /// The user with this id.
    pub(crate) fn account_of(&self, uid: u32) -> Option<BaseAccount> {
        if let Some(files) = &self.files {
            return files.user_of(uid).map(from_files);
        }
        self.entry.and_then(|entry| entry.account_of(uid)).map(from_table)
    }

    /// The id of a group.
    pub(crate) fn gid_of(&self, group: &str) -> Option<u32> {
        if group == "root" {
            return Some(0);
        }
        match &self.files {
            Some(files) => files.group(group).map(|group| group.gid),
            // Where a user has a group of the same name, the table gives its id.
            None => self.entry.and_then(|entry| entry.account(group)).and_then(|account| account.gid),
        }
    }

    /// Whether a user or group of this name is known to exist.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.account(name).is_some() || self.gid_of(name).is_some()
    }

    /// The user the image has for running programs as, when there is one.
    pub(crate) fn application_user(&self) -> Option<BaseAccount> {
        let [user] = self.entry?.users else { return None };
        let account = from_table(*user);
        match &self.files {
            Some(files) => files.user(user.name).map(from_files),
            None => Some(account),
        }
    }

    /// What its entrypoint does with root; [`Privileges::None`] for the empty image.
    pub(crate) fn privileges(&self) -> Privileges {
        match self.entry {
            _ if self.scratch => Privileges::None,
            Some(entry) => entry.privileges,
            None => Privileges::Unknown,
        }
    }

    /// Its entrypoint; `None` when it is not known.
    pub(crate) fn entrypoint(&self) -> Option<Vec<String>> {
        self.words(|config| &config.entrypoint, |entry| entry.entrypoint)
    }

    /// Its default command; `None` when it is not known.
    pub(crate) fn command(&self) -> Option<Vec<String>> {
        self.words(|config| &config.cmd, |entry| entry.command)
    }

    fn words(
        &self,
        live: impl Fn(&ImageConfig) -> &Vec<String>,
        table: impl Fn(&BaseImage) -> Command,
    ) -> Option<Vec<String>> {
        if self.scratch {
            return Some(Vec::new());
        }
        if let Some(config) = &self.config {
            return Some(live(config).clone());
        }
        match table(self.entry?) {
            Command::None => Some(Vec::new()),
            Command::Exec(words) => Some(words.iter().map(|&word| word.to_owned()).collect()),
            Command::Unknown => None,
        }
    }
}

fn from_files(user: &harden_core::ImageUser) -> BaseAccount {
    let home = Some(user.home.clone()).filter(|home| !home.is_empty());
    BaseAccount { name: Some(user.name.clone()), uid: user.uid, gid: user.gid, home }
}

fn from_table(account: base_images::Account) -> BaseAccount {
    BaseAccount {
        name: Some(account.name.to_owned()),
        uid: account.uid,
        gid: account.gid.unwrap_or(account.uid),
        home: account.home.map(str::to_owned),
    }
}
