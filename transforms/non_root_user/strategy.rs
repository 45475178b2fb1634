//! Which user it is to be.

use harden_core::syntax::{Instruction, Keyword};
use harden_core::{Edit, Hazard, Place, UserStyle, Value, Why};

use super::accounts::{Account, Id};
use super::base::{BaseUser, Tools};
use super::effective::UserSpec;
use super::runs;
use super::text::Create;
use super::view::View;

/// The id of a user that is made: above the ids that images and distributions give (`ubuntu` and `node` are 1000,
/// system users end at 999), below the range that useradd counts up from for subordinate ids (100000).
const FIRST_ID: u32 = 10_001;

/// The id of a system user that the file makes without one. `useradd` counts system users down from 999 and gives their
/// groups no id above it (login.defs(5), `SYS_UID_MAX`, `SYS_GID_MAX`).
const FIRST_SYSTEM_ID: u32 = 900;

/// The user `nonroot` of distroless and Wolfi images, taken where no user can be made.
const NUMERIC_ID: u32 = 65_532;

/// Names for a user that is made, the first free one is taken.
const NAMES: [&str; 4] = ["app", "appuser", "runner", "nonroot"];

/// Users that belong to a daemon or a build tool, never to the program of the image.
const NOT_FOR_PROGRAMS: [&str; 8] =
    ["sshd", "messagebus", "postfix", "dbus", "nixbld1", "_apt", "systemd-network", "sync"];

/// The user the container is to run as, and how it comes into being.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Stable code of the reason.
    pub(crate) code: &'static str,
    /// The reason.
    pub(crate) why: String,
    pub(crate) user: User,
    pub(crate) create: Option<Create>,
    /// Edits besides the new lines: `--uid` for a user the file makes without a fixed id.
    pub(crate) edits: Vec<Edit>,
    /// A reason to only suggest it.
    pub(crate) doubt: Option<Hazard>,
    /// It is the user the base image runs as.
    pub(crate) is_of_base: bool,
}

impl Plan {
    /// A user that needs nothing but USER.
    fn as_it_is(code: &'static str, why: String, user: User) -> Self {
        Self { code, why, user, create: None, edits: Vec::new(), doubt: None, is_of_base: false }
    }
}

/// A user by its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: Option<String>,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Whether `/etc/passwd` has it.
    pub(crate) listed: bool,
    pub(crate) home: Option<String>,
}

/// Chooses the user.
///
/// # Errors
/// Why none can be had: what is not known, in a sentence.
pub(crate) fn plan(view: &View<'_, '_>, explicit_root: Option<Instruction<'_>>) -> Result<Plan, Why> {
    if let Some(plan) = restored(view, explicit_root)? {
        return Ok(plan);
    }
    if let Some(plan) = existing(view) {
        return Ok(plan);
    }
    if let Some(plan) = predefined(view) {
        return Ok(plan);
    }
    created(view)
}

/// An earlier USER or the base image has a user, and the file set it back to root.
fn restored(view: &View<'_, '_>, explicit_root: Option<Instruction<'_>>) -> Result<Option<Plan>, Why> {
    if explicit_root.is_none() {
        return Ok(None);
    }
    if let Some(spec) = earlier_user(view) {
        // One that cannot be told is no better than none.
        let Some(user) = by_spec(view, &spec) else { return Ok(None) };
        let why = format!("an earlier USER is {}, and the file ends as root", spec.user);
        return Ok(Some(Plan::as_it_is("restored", why, user)));
    }
    let BaseUser::Other(spec) = view.base.user() else { return Ok(None) };
    let user = by_spec(view, &spec).ok_or_else(|| {
        let message = format!(
            "the base image runs as `{}`, whose user id is not known; run with --inspect, or write the number",
            spec.user
        );
        Why::new("user-id-unknown", message)
    })?;
    let why = format!("the base image runs as {}, and the file leaves it as root", spec.user);
    Ok(Some(Plan { is_of_base: true, ..Plan::as_it_is("restored", why, user) }))
}

/// The last USER of the chain that is not root and that no build argument decides.
fn earlier_user(view: &View<'_, '_>) -> Option<UserSpec> {
    let mut last = None;
    for &stage in &view.chain {
        view.scopes.walk(stage, |scopes, instruction, state| {
            if instruction.keyword() != Keyword::User {
                return;
            }
            let Ok(user) = scopes.expand(state, instruction.arguments()) else { return };
            let spec = UserSpec::parse(user.text.trim());
            if !spec.is_root() && user.arguments.is_empty() {
                last = Some(spec);
            }
        });
    }
    last
}

/// The numbers of a user that the base image or the file knows.
pub(crate) fn by_spec(view: &View<'_, '_>, spec: &UserSpec) -> Option<User> {
    let number = super::effective::number;
    if let Some(uid) = spec.uid() {
        let mut made = view.accounts.users().filter(|account| account.uid == Id::Known(uid));
        if let Some(account) = made.next().filter(|_| spec.group.is_none()) {
            return of_account(account);
        }
        let known = view.base.account_of(uid);
        let listed = known.is_some();
        let gid = match &spec.group {
            Some(group) => number(group).or_else(|| group_of(view, group))?,
            None => known.as_ref().map_or(0, |account| account.gid),
        };
        let home = known.as_ref().and_then(|account| account.home.clone());
        // A group that was given stays given.
        let listed = listed && spec.group.is_none();
        return Some(User { name: known.and_then(|account| account.name), uid, gid, listed, home });
    }
    let mut user = if let Some(account) = view.accounts.user(&spec.user) {
        of_account(account)?
    } else {
        let account = view.base.account(&spec.user)?;
        User { name: account.name, uid: account.uid, gid: account.gid, listed: true, home: account.home }
    };
    if let Some(group) = &spec.group {
        user.gid = number(group).or_else(|| group_of(view, group))?;
        user.listed = false;
    }
    Some(user)
}

fn group_of(view: &View<'_, '_>, name: &str) -> Option<u32> {
    view.accounts.gid_of(name).or_else(|| view.base.gid_of(name))
}

/// The id of a user the file makes, where nothing but the file decides it.
pub(crate) fn fixed_uid(account: &Account<'_>) -> Option<u32> {
    let Id::Known(uid) = account.uid else { return None };
    (!account.conditional && account.from_argument.is_none() && uid != 0).then_some(uid)
}

fn of_account(account: &Account<'_>) -> Option<User> {
    let uid = fixed_uid(account)?;
    let gid = account.gid_for(uid)?;
    Some(User { name: Some(account.name.clone()), uid, gid, listed: true, home: home(account) })
}

/// A user the file makes and never runs as.
fn existing(view: &View<'_, '_>) -> Option<Plan> {
    let fit = |account: &&Account<'_>| {
        !account.conditional
            && account.from_argument.is_none()
            && account.uid != Id::Known(0)
            && !NOT_FOR_PROGRAMS.contains(&account.name.as_str())
    };
    let candidates: Vec<&Account<'_>> = view.accounts.users().filter(fit).collect();
    let account = match candidates.as_slice() {
        [account] => *account,
        [] => return None,
        several => {
            let mut used = several.iter().filter(|account| account.used);
            used.next().filter(|_| used.next().is_none())?
        }
    };
    let why = format!("the file makes the user {} and never runs as it", account.name);
    let plan = |user, edits, doubt| Plan { edits, doubt, ..Plan::as_it_is("existing", why, user) };
    if let Some(user) = of_account(account) {
        return Some(plan(user, Vec::new(), None));
    }
    // Ids are the tool's choice: fix them, if the options have a place.
    let (uid, gid, edits) = fixed_ids(view, account)?;
    let name = Some(account.name.clone());
    let user = User { name, uid, gid, listed: true, home: home(account) };
    let whose = if account.uid == Id::Default { "user" } else { "group of the user" };
    let message = format!("the {whose} {} has no fixed id; one is written into its command", account.name);
    let place = Some(Place::Here(account.span));
    Some(plan(user, edits, Some(Hazard { id: "user-id-chosen", message, place })))
}

/// Ids for a user that the file makes without, and the edits that write them into the commands.
fn fixed_ids(view: &View<'_, '_>, account: &Account<'_>) -> Option<(u32, u32, Vec<Edit>)> {
    let write = |(place, option): (u32, &str), id: u32| Edit::insert(place, format!(" {option} {id}"));
    let group = match account.gid {
        Id::Unknown => {
            let group = view.accounts.group(account.group.as_deref()?)?;
            let fixed = !group.conditional && group.from_argument.is_none();
            Some(group.id_option().filter(|_| fixed)?)
        }
        Id::Known(_) | Id::Default => None,
    };
    let mut free = [FIRST_ID, FIRST_SYSTEM_ID].into_iter().filter_map(|first| free_id(view, first));
    let fits = |id: u32| {
        let uid = if let Id::Known(uid) = account.uid { uid } else { id };
        let gid = if group.is_some() { id } else { account.gid_for(uid)? };
        Some((id, uid, gid))
    };
    let (id, uid, gid) = free.find_map(fits)?;
    let mut edits: Vec<Edit> = group.map(|group| write(group, id)).into_iter().collect();
    match account.uid {
        Id::Known(_) => {}
        Id::Default => edits.push(write(account.id_option()?, id)),
        Id::Unknown => return None,
    }
    Some((uid, gid, edits))
}

/// Its home directory, where one is made.
fn home(account: &Account<'_>) -> Option<String> {
    account.home.clone().filter(|_| account.home_made == Some(true))
}

/// A user the base image has for programs.
fn predefined(view: &View<'_, '_>) -> Option<Plan> {
    let account = view.base.application_user()?;
    let name = account.name.clone().unwrap_or_else(|| account.uid.to_string());
    if is_deleted(view, &name) {
        return None;
    }
    let why = format!("the base image has the user {name} for this");
    let user =
        User { name: account.name, uid: account.uid, gid: account.gid, listed: true, home: account.home };
    Some(Plan::as_it_is("predefined", why, user))
}

/// Whether a step deletes a user, as far as its commands say.
fn is_deleted(view: &View<'_, '_>, name: &str) -> bool {
    let mut deleted = false;
    runs::walk(view.scopes, &view.chain, |step| {
        let deletes = |one: &runs::Ran| {
            matches!(one.command.name(), Some("userdel" | "deluser"))
                && one.command.words.iter().any(|word| word.text == name)
        };
        deleted |= step.commands.iter().any(deletes);
    });
    deleted
}

/// A user of its own, or only its number where nothing can be made.
fn created(view: &View<'_, '_>) -> Result<Plan, Why> {
    if view.base.has_shell() == Some(false) && !view.runs_shell() {
        let user = User { name: None, uid: NUMERIC_ID, gid: NUMERIC_ID, listed: false, home: None };
        let why = "the image has no shell to make a user with; a number needs none".to_owned();
        return Ok(Plan::as_it_is("numeric", why, user));
    }
    shell_is_posix(view)?;
    let tools = view.base.tools();
    let unsure = tools == Tools::Unknown || !view.accounts.complete();
    let (create, with) = match tools {
        // A name that a step has taken already would end the build.
        _ if unsure || view.base.is_doubtful() => (Create::Append, "lines in /etc/passwd and /etc/group"),
        Tools::Shadow => (Create::Shadow, "useradd, which the base image has"),
        Tools::Busybox => (Create::Busybox, "adduser of BusyBox, which the base image has"),
        Tools::None | Tools::Unknown => (Create::Append, "lines in /etc/passwd and /etc/group"),
    };
    if create == Create::Append && view.base.has_shell().is_none() && !view.runs_shell() {
        let message = "nothing shows that the base image has a shell, which making a user needs";
        return Err(Why::new("shell-unknown", message));
    }
    let taken = |name: &&&str| view.accounts.is_taken(name) || view.base.is_taken(name);
    let uid = free_id(view, FIRST_ID)
        .ok_or_else(|| Why::new("user-id-unknown", "the file makes too many users to find a free id"))?;
    let name =
        NAMES.iter().find(|name| !taken(name)).map_or_else(|| format!("app{uid}"), |name| (*name).to_owned());
    let gid = if view.ctx.settings.user.style == UserStyle::RootGroup { 0 } else { uid };
    // Appending goes by name: a user that has it already may have another id, so the group is given.
    let listed = create != Create::Append;
    let home = Some(format!("/home/{name}"));
    let user = User { name: Some(name), uid, gid, listed, home };
    let why = format!("a user is made with {with}");
    Ok(Plan { create: Some(create), ..Plan::as_it_is("created", why, user) })
}

fn free_id(view: &View<'_, '_>, first: u32) -> Option<u32> {
    (first..first + 20).find(|&id| !view.accounts.is_id_taken(id) && view.base.account_of(id).is_none())
}

/// The lines are for a POSIX shell.
fn shell_is_posix(view: &View<'_, '_>) -> Result<(), Why> {
    let shell = match &view.end.shell {
        Value::Known(words) => words.clone(),
        Value::FromBase => view.base.shell(),
        Value::Unknown(why) => return Err(why.clone()),
    };
    let program = shell.first().map_or("", String::as_str);
    let name = program.rsplit('/').next().unwrap_or(program);
    if matches!(name, "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh") {
        return Ok(());
    }
    let message = format!("RUN uses the shell `{program}`, for which harden writes no commands");
    Err(Why::new("other-shell", message))
}
