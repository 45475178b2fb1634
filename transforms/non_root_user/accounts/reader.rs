//! Works through the steps of a chain and keeps what they do to users and groups.

use std::collections::BTreeMap;
use std::sync::Arc;

use harden_core::shell::Word;
use harden_core::syntax::{Keyword, Span};
use harden_core::{Base, Context, Expanded, ImageFiles, Scopes};

use super::conditions::conditional;
use super::entries::{self, Entries};
use super::options::{Argument, Arguments};
use super::tools::{self, Call};
use super::{Account, Accounts, Flavour, Gap, Group, Id, Rest, copied, packages, scripts, used};
use crate::non_root_user::runs::{self, Ran, Step};
use crate::support::base_images::{self, BaseImage, Family};
use crate::support::image_paths::ImagePaths;

/// Stages whose `/etc/passwd` is followed from `COPY --from` to `COPY --from`.
pub(super) const MAX_DEPTH: u32 = 4;

/// Most users and groups that are kept; a file that makes more is not complete.
const MAX_ENTRIES: usize = 1_000;

/// What is being read.
pub(super) struct Reader<'r, 'a> {
    pub(super) ctx: &'r Context<'a>,
    pub(super) scopes: &'r Scopes<'r, 'a>,
    pub(super) stage: usize,
    pub(super) depth: u32,
    pub(super) found: Accounts<'a>,
    /// Lines for passwd or group that steps wrote to other files.
    pub(super) written: BTreeMap<String, Entries>,
    /// Files of the image, when they are asked for.
    paths: Option<ImagePaths<'r, 'a>>,
    /// Scripts that may still be read.
    pub(super) scripts_left: u32,
    pub(super) here: Flavour,
    pub(super) entry: Option<&'static BaseImage>,
    pub(super) files: Option<Arc<ImageFiles>>,
}

pub(super) fn read<'a>(
    ctx: &Context<'a>,
    scopes: &Scopes<'_, 'a>,
    chain: &[usize],
    depth: u32,
) -> Accounts<'a> {
    read_with_files(ctx, scopes, chain, depth).0
}

/// Also the lines that steps wrote to other files than passwd and group.
pub(super) fn read_with_files<'a>(
    ctx: &Context<'a>,
    scopes: &Scopes<'_, 'a>,
    chain: &[usize],
    depth: u32,
) -> (Accounts<'a>, BTreeMap<String, Entries>) {
    let first = chain.first().and_then(|&index| ctx.build.stages.get(index));
    let image = match first.map(|stage| &stage.base) {
        Some(Base::Image(image)) => Some(image),
        _ => None,
    };
    let files = image.and_then(|image| ctx.image_files(image).ok());
    let system = files.as_deref().and_then(base_images::by_os_release);
    let here = match system {
        Some(system) => tools::of_family(system.family),
        None => image.map_or(Flavour::Unknown, tools::of_image),
    };
    let found = Accounts { users: Vec::new(), groups: Vec::new(), gaps: Vec::new(), rest: Rest::Base };
    let mut reader = Reader {
        ctx,
        scopes,
        stage: chain.last().copied().unwrap_or_default(),
        depth,
        found,
        written: BTreeMap::new(),
        paths: None,
        scripts_left: 8,
        here,
        entry: image.and_then(base_images::find),
        files,
    };
    if here == Flavour::Unknown {
        reader.here = by_package_managers(scopes, chain);
    }
    let mut mentions = used::Mentions::default();
    runs::walk(scopes, chain, |step| {
        mentions.note(step);
        reader.step(step);
    });
    mentions.note_users(ctx, scopes);
    for user in &mut reader.found.users {
        user.used =
            mentions.has(&user.name) || matches!(user.uid, Id::Known(uid) if mentions.has(&uid.to_string()));
    }
    (reader.found, reader.written)
}

fn by_package_managers(scopes: &Scopes<'_, '_>, chain: &[usize]) -> Flavour {
    let mut flavour = Flavour::Unknown;
    runs::walk(scopes, chain, |step| {
        for name in step.commands.iter().filter_map(|one| one.command.name()) {
            if flavour == Flavour::Unknown {
                flavour = tools::of_package_manager(name);
            }
        }
    });
    flavour
}

impl<'r, 'a> Reader<'r, 'a> {
    pub(super) fn paths(&mut self) -> &ImagePaths<'r, 'a> {
        let (ctx, scopes, stage) = (self.ctx, self.scopes, self.stage);
        self.paths.get_or_insert_with(|| ImagePaths::new(ctx, scopes, stage))
    }

    fn step(&mut self, step: &Step<'_, 'a>) {
        match step.instruction.keyword() {
            Keyword::Run => self.run(step),
            Keyword::Copy | Keyword::Add => copied::read(self, step),
            _ => {}
        }
    }

    fn run(&mut self, step: &Step<'_, 'a>) {
        if !step.complete {
            let what = match entries::windows_users(step.instruction.joined()) {
                names if names.is_empty() => "a step that cannot be read",
                names => {
                    for name in names {
                        self.windows_user(step, name);
                    }
                    "a step for a Windows shell"
                }
            };
            self.gap(step.instruction.span(), what.to_owned());
        }
        for one in step.commands {
            self.command(step, one);
        }
        self.add_lines(step);
    }

    /// Lines for passwd and group that the commands of a RUN write.
    fn add_lines(&mut self, step: &Step<'_, 'a>) {
        for written in entries::written(step) {
            match written.path.as_str() {
                "/etc/passwd" | "/etc/group" if written.unclear => {
                    let what =
                        format!("a command that changes {} in a way that is not followed", written.path);
                    self.gap(written.span, what);
                }
                "/etc/passwd" | "/etc/group" => {
                    if !written.append {
                        self.found.users.clear();
                        self.found.groups.clear();
                        self.found.rest = Rest::Nowhere;
                    }
                    self.add_entries(step, written.span, written.conditional, &written.entries);
                }
                _ if self.written.len() < MAX_ENTRIES && !written.unclear => {
                    let entries = self.written.entry(written.path).or_default();
                    if !written.append {
                        *entries = Entries::default();
                    }
                    entries.extend(written.entries);
                }
                _ => {}
            }
        }
    }

    pub(super) fn add_entries(
        &mut self,
        step: &Step<'_, 'a>,
        span: Span,
        conditional: bool,
        entries: &Entries,
    ) {
        for group in &entries.groups {
            self.push_group(Group {
                name: group.name.clone(),
                gid: group.gid.map_or(Id::Unknown, Id::Known),
                system: false,
                conditional,
                from_argument: group.argument.clone(),
                instruction: step.instruction,
                span,
                word: None,
                option: None,
            });
        }
        for user in &entries.users {
            self.push_user(Account {
                name: user.name.clone(),
                uid: user.uid.map_or(Id::Unknown, Id::Known),
                gid: user.gid.map_or(Id::Unknown, Id::Known),
                group: None,
                home: Some(user.home.clone()),
                home_made: Some(false),
                system: false,
                conditional,
                from_argument: user.argument.clone(),
                used: false,
                stage: step.stage,
                instruction: step.instruction,
                span,
                word: None,
                tool: None,
            });
        }
    }

    pub(super) fn push_user(&mut self, user: Account<'a>) {
        if self.found.users.len() >= MAX_ENTRIES {
            self.gap(user.span, "more users than are looked at".to_owned());
        } else if self.found.user(&user.name).is_none() {
            self.found.users.push(user);
        }
    }

    pub(super) fn push_group(&mut self, group: Group<'a>) {
        if self.found.groups.len() >= MAX_ENTRIES {
            self.gap(group.span, "more groups than are looked at".to_owned());
        } else if self.found.group(&group.name).is_none() {
            self.found.groups.push(group);
        }
    }

    pub(super) fn gap(&mut self, span: Span, what: String) {
        self.gap_with(span, what, &[]);
    }

    fn gap_with(&mut self, span: Span, what: String, users: &'static [&'static str]) {
        let gap = Gap { span, what, users };
        if self.found.gaps.len() < MAX_ENTRIES && self.found.gaps.last() != Some(&gap) {
            self.found.gaps.push(gap);
        }
    }

    fn windows_user(&mut self, step: &Step<'_, 'a>, name: String) {
        let span = step.instruction.span();
        self.push_user(Account {
            name,
            uid: Id::Unknown,
            gid: Id::Unknown,
            group: None,
            home: None,
            home_made: None,
            system: false,
            conditional: false,
            from_argument: None,
            used: false,
            stage: step.stage,
            instruction: step.instruction,
            span,
            word: None,
            tool: None,
        });
    }

    /// One command of a RUN.
    pub(super) fn command(&mut self, step: &Step<'_, 'a>, one: &Ran) {
        let Some(name) = one.command.name() else {
            scripts::read(self, step, one);
            return;
        };
        let span = one.span;
        for package in packages::installed(&one.command) {
            let what = format!("the package {}, which makes users", package.name);
            self.gap_with(span, what, package.users);
        }
        let arguments = one.command.words.get(1..).unwrap_or_default();
        match tools::call(name, arguments, self.here) {
            Some(call) => {
                let at =
                    At { step, span, conditional: conditional(step, one), word: command_word(step, one) };
                self.call(&at, call);
            }
            None => scripts::read(self, step, one),
        }
    }

    /// One command of a script that a RUN executes. What else the script runs is not followed.
    pub(super) fn script_command(&mut self, step: &Step<'_, 'a>, one: &Ran) {
        let Some(name) = one.command.name() else { return };
        let span = one.span;
        for package in packages::installed(&one.command) {
            let what = format!("the package {}, which makes users", package.name);
            self.gap_with(span, what, package.users);
        }
        let arguments = one.command.words.get(1..).unwrap_or_default();
        if let Some(call) = tools::call(name, arguments, self.here) {
            let at = At { step, span, conditional: true, word: None };
            self.call(&at, call);
        }
    }

    fn call(&mut self, at: &At<'_, '_, 'a>, call: Call<'_>) {
        match call {
            Call::AddUser(flavour, arguments) => self.add_user(at, flavour, &arguments),
            Call::AddGroup(arguments, system) => self.add_group(at, &arguments, system),
            Call::ModifyUser(arguments) => self.modify_user(at, &arguments),
            Call::ModifyGroup(arguments) => self.modify_group(at, &arguments),
            Call::DeleteUser(name) => match at.value(name) {
                Some(name) if at.conditional => self.doubt(&name.text),
                Some(name) => self.found.users.retain(|user| user.name != name.text),
                None => {
                    self.gap(
                        at.span,
                        "a command that deletes users in a way that is not followed".to_owned(),
                    );
                }
            },
            Call::DeleteGroup(name) => {
                if let Some(name) = at.value(name) {
                    self.found.groups.retain(|group| group.name != name.text || at.conditional);
                }
            }
            Call::Unclear => {
                self.gap(at.span, "a command that makes users in a way that is not followed".to_owned());
            }
        }
    }

    /// The id of a group of the base image.
    pub(super) fn base_group(&self, name: &str) -> Id {
        // These are fixed (Debian's base-passwd; Alpine's alpine-baselayout; Fedora's setup).
        match (name, self.entry.map(|entry| entry.system.family)) {
            ("root", _) => return Id::Known(0),
            ("nogroup", Some(Family::Debian | Family::Ubuntu)) => return Id::Known(65_534),
            ("nogroup", Some(Family::Alpine)) => return Id::Known(65_533),
            ("www-data", Some(Family::Alpine)) => return Id::Known(82),
            (
                "users",
                Some(Family::Alpine | Family::Debian | Family::Ubuntu | Family::Fedora | Family::Rhel),
            ) => {
                return Id::Known(100);
            }
            _ => {}
        }
        let gid = match &self.files {
            Some(files) => files.group(name).map(|group| group.gid),
            None => self.entry.and_then(|entry| entry.account(name)).and_then(|account| account.gid),
        };
        gid.map_or(Id::Unknown, Id::Known)
    }

    /// What is known of this user may not be true.
    fn doubt(&mut self, name: &str) {
        for user in self.found.users.iter_mut().filter(|user| user.name == name) {
            user.conditional = true;
        }
    }
}

/// A command and how it comes to run.
pub(super) struct At<'s, 'p, 'a> {
    pub(super) step: &'s Step<'p, 'a>,
    pub(super) span: Span,
    pub(super) conditional: bool,
    pub(super) word: Option<Span>,
}

impl At<'_, '_, '_> {
    pub(super) fn value(&self, argument: Argument<'_>) -> Option<Expanded> {
        self.step.expand(argument.text, argument.literal).filter(|value| !value.text.is_empty())
    }

    /// The id an option gives.
    pub(super) fn id(&self, arguments: &Arguments<'_>, option: &str, from: &mut Option<String>) -> Id {
        if !arguments.has(option) {
            return Id::Default;
        }
        let Some(value) = arguments.value(option).and_then(|value| self.value(value)) else {
            return Id::Unknown;
        };
        *from = from.take().or_else(|| value.arguments.first().cloned());
        value.text.parse().map_or(Id::Unknown, Id::Known)
    }
}

/// The command word where it stands in the Dockerfile.
fn command_word(step: &Step<'_, '_>, one: &Ran) -> Option<Span> {
    let word: &Word = one.command.words.first()?;
    let range = word.span.clone();
    let span = Span::new(u32::try_from(range.start).ok()?, u32::try_from(range.end).ok()?);
    let inside = step.instruction.span().covers(span);
    (inside && step.instruction.file().text().get(range) == Some(&word.text)).then_some(span)
}
