//! What build steps install and set up that works for root only.

use std::collections::BTreeMap;

use harden_core::Place;
use harden_core::syntax::{Keyword, Span};

use super::super::risk::Risk;
use super::super::runs::{self, Ran, Step, is_below};
use super::super::view::View;
use super::daemons::{self, ADMIN_TOOLS, Daemon, configured};
use crate::support::image_paths::{Copied, CopyKind};

/// What was seen in the steps.
#[derive(Default)]
pub(super) struct Seen {
    installed: BTreeMap<Daemon, (String, Span)>,
    used: BTreeMap<Daemon, (String, Span)>,
    found: Vec<Risk>,
    sudo: Option<Span>,
    sudoers: Option<Span>,
    /// A cron that needs no root is there.
    user_cron: bool,
    exposes_ssh: bool,
}

impl Seen {
    pub(super) fn step(&mut self, step: &Step<'_, '_>) {
        let text = step.instruction.joined();
        self.user_cron |=
            ["supercronic", "go-crond", "yacron", "ofelia"].iter().any(|name| text.contains(name));
        match step.instruction.keyword() {
            Keyword::Expose => {
                self.exposes_ssh |=
                    step.instruction.words().any(|word| matches!(word.text(), "22" | "22/tcp"));
            }
            Keyword::Run => {
                for one in step.commands {
                    self.command(step, one);
                }
            }
            Keyword::Add | Keyword::Copy if text.contains("s6-overlay") => {
                self.installed
                    .entry(Daemon::S6)
                    .or_insert(("s6-overlay".to_owned(), step.instruction.span()));
                self.used.entry(Daemon::S6).or_insert(("s6-overlay".to_owned(), step.instruction.span()));
            }
            _ => {}
        }
    }

    fn command(&mut self, step: &Step<'_, '_>, one: &Ran) {
        let command = &one.command;
        let span = one.span;
        for package in runs::packages(command) {
            self.package(package, span);
        }
        let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
        let arguments = words.get(1..).unwrap_or_default();
        let has = |word: &str| arguments.contains(&word);
        match command.name() {
            Some("pip" | "pip3") if has("install") && has("supervisor") => {
                self.installed.entry(Daemon::Supervisor).or_insert(("supervisor".to_owned(), span));
            }
            Some("setcap") => self.setcap(arguments, span),
            Some("chmod") if arguments.iter().any(|mode| sets_user_id(mode)) => {
                let message = "a program gets the setuid bit, which has no effect under no-new-privileges";
                self.found.push(Risk::lower("setuid", message, Some(Place::Here(span))));
            }
            Some("crontab") if arguments.iter().any(|word| !matches!(*word, "-l" | "-r")) => {
                self.use_of(Daemon::Cron, "crontab", span);
            }
            Some("systemctl") if has("enable") || has("start") || has("unmask") || has("set-default") => {
                self.use_of(Daemon::Systemd, "systemctl", span);
            }
            Some("rc-update" | "rc-service") => self.use_of(Daemon::OpenRc, "rc-update", span),
            Some("ssh-keygen") if has("-A") => self.use_of(Daemon::Sshd, "ssh-keygen -A", span),
            _ => {}
        }
        let downloads = arguments.iter().any(|word| word.contains("s6-overlay"));
        if downloads {
            self.installed.entry(Daemon::S6).or_insert(("s6-overlay".to_owned(), span));
            self.use_of(Daemon::S6, "s6-overlay", span);
        }
        let written =
            command.redirects.iter().filter(|(operator, _)| operator.contains('>')).map(|(_, word)| word);
        let named = command.words.iter().skip(1);
        for word in written.chain(named) {
            let Some(path) = step.value(word).map(|value| value.text).filter(|path| path.starts_with('/'))
            else {
                continue;
            };
            self.writes(command.name(), &runs::clean(&path), span);
        }
    }

    fn package(&mut self, package: &str, span: Span) {
        let name = package.split(['=', '~', '<', '>', '@', ':']).next().unwrap_or(package);
        if let Some(daemon) = daemons::of_package(name) {
            self.installed.entry(daemon).or_insert((name.to_owned(), span));
        }
        if ADMIN_TOOLS.contains(&name) {
            let message =
                format!("the package {name} needs capabilities that another user than root does not have");
            self.found.push(Risk::lower("admin-tool", message, Some(Place::Here(span))));
        }
        if matches!(name, "docker-ce-cli" | "docker-cli" | "docker-cli-compose" | "docker-compose-plugin") {
            let message =
                format!("the package {name} talks to the container engine, whose socket belongs to root");
            self.found.push(Risk::lower("docker-client", message, Some(Place::Here(span))));
        }
        if name == "sudo" && self.sudo.is_none() {
            self.sudo = Some(span);
        }
    }

    fn use_of(&mut self, daemon: Daemon, what: &str, span: Span) {
        self.used.entry(daemon).or_insert((what.to_owned(), span));
    }

    /// A path a step names. Deleting what a package brought is no use of it.
    fn writes(&mut self, command: Option<&str>, path: &str, span: Span) {
        if matches!(
            command,
            Some("rm" | "rmdir" | "ls" | "cat" | "find" | "test" | "[" | "chmod" | "chown" | "grep")
        ) {
            return;
        }
        if is_below(path, "/etc/sudoers") || is_below(path, "/etc/sudoers.d") {
            self.sudoers.get_or_insert(span);
        } else if is_below(path, "/var/run/sshd") || is_below(path, "/run/sshd") {
            self.use_of(Daemon::Sshd, path, span);
        } else if let Some(daemon) = configured(path) {
            // Links and files below these are also how packages are patched.
            self.use_of(daemon, path, span);
        }
    }

    fn setcap(&mut self, arguments: &[&str], span: Span) {
        if arguments.contains(&"-r") {
            return;
        }
        let Some(capabilities) = arguments.iter().find(|word| word.contains("cap_") || word.contains("CAP_"))
        else {
            return;
        };
        let list = capabilities.split(['=', '+']).next().unwrap_or(capabilities).to_ascii_lowercase();
        let place = Some(Place::Here(span));
        if list.split(',').all(|one| one == "cap_net_bind_service") {
            let message =
                "a program gets its low port by setcap, which has no effect under no-new-privileges";
            self.found.push(Risk::lower("file-capabilities", message, place));
        } else {
            let message = format!(
                "a program gets `{list}` by setcap: it works with capabilities that containers of another user may not have"
            );
            self.found.push(Risk::stop("file-capabilities", message, place));
        }
    }

    pub(super) fn risks(mut self, view: &View<'_, '_>) -> Vec<Risk> {
        for copied in view.paths.copied() {
            self.copied(view, copied);
        }
        let mut risks = std::mem::take(&mut self.found);
        for (daemon, (package, span)) in &self.installed {
            let place = Some(Place::Here(*span));
            if self.user_cron && *daemon == Daemon::Cron {
                continue;
            }
            if let Some((what, span)) = self.used.get(daemon) {
                let message = format!("{} is set up ({what}), which needs root", daemon.name());
                risks.push(Risk::stop(daemon.id(), message, Some(Place::Here(*span))));
            } else if *daemon == Daemon::Sshd && self.exposes_ssh {
                let message = "sshd is installed and its port exposed: it needs root";
                risks.push(Risk::stop(daemon.id(), message, place));
            } else {
                let message = format!(
                    "the package {package} is installed; if the container starts {}, it needs root",
                    daemon.name()
                );
                risks.push(Risk::lower(daemon.id(), message, place));
            }
        }
        for (daemon, (what, span)) in &self.used {
            let known = self.installed.contains_key(daemon) || (self.user_cron && *daemon == Daemon::Cron);
            if !known {
                let place = Some(Place::Here(*span));
                let message = format!("{what} is for {}, which needs root", daemon.name());
                // Without the package the base image may bring it; or nobody does.
                let stops = matches!(daemon, Daemon::S6 | Daemon::Runit | Daemon::Systemd);
                let risk = if stops { Risk::stop } else { Risk::lower };
                risks.push(risk(daemon.id(), message, place));
            }
        }
        match (self.sudo, self.sudoers) {
            (_, Some(span)) => {
                let message =
                    "sudoers is changed: the program may call sudo, which no-new-privileges forbids";
                risks.push(Risk::lower("sudo", message, Some(Place::Here(span))));
            }
            (Some(span), None) => {
                let message = "sudo is installed: the program may call it, and the new user may not";
                risks.push(Risk::lower("sudo", message, Some(Place::Here(span))));
            }
            (None, None) => {}
        }
        risks
    }

    /// COPY into the folders of a daemon, and of trees that hold such folders.
    fn copied(&mut self, view: &View<'_, '_>, copied: &Copied<'_>) {
        let Ok(destination) = &copied.destination else { return };
        let span = copied.instruction.span();
        if let Some(daemon) = configured(destination) {
            self.use_of(daemon, destination, span);
            return;
        }
        if matches!(destination.as_str(), "/etc" | "/etc/") {
            for source in &copied.sources {
                let name = source.text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                if let Some(daemon) = configured(&format!("/etc/{name}")) {
                    self.use_of(daemon, name, span);
                }
            }
        }
        if matches!(destination.trim_end_matches('/'), "" | "/etc") {
            for source in copied.sources.iter().filter(|source| matches!(source.kind, CopyKind::Context)) {
                self.tree(view, destination, &source.text, span);
            }
        }
        if is_below(destination, "/etc/sudoers.d") || is_below(destination, "/etc/sudoers") {
            self.sudoers.get_or_insert(span);
        }
    }

    /// A folder of the build context that is laid over the root folder: `COPY rootfs/ /`.
    fn tree(&mut self, view: &View<'_, '_>, destination: &str, source: &str, span: Span) {
        if source.contains(['*', '?', '[']) {
            return;
        }
        let source = source.trim_matches('/').trim_start_matches("./");
        let Ok(listing) = view.ctx.context_listing(source) else { return };
        let folder = if source == "." { "" } else { source };
        for entry in &listing.entries {
            let Some(rest) = entry.path.strip_prefix(folder) else { continue };
            let path = runs::clean(&format!("{destination}/{rest}"));
            if let Some(daemon) = configured(&path) {
                self.use_of(daemon, &entry.path, span);
            }
        }
    }
}

/// Whether a mode of chmod(1) sets the setuid bit.
fn sets_user_id(mode: &str) -> bool {
    if mode.len() >= 4 && mode.bytes().all(|byte| byte.is_ascii_digit()) {
        return u32::from_str_radix(mode, 8).is_ok_and(|mode| mode & 0o4000 != 0);
    }
    mode.split(',').any(|clause| {
        let Some((who, bits)) = clause.split_once(['+', '=']) else { return false };
        let plain = who.bytes().all(|byte| b"ugoa".contains(&byte))
            && bits.bytes().all(|byte| b"rwxXst".contains(&byte));
        plain && bits.contains('s') && (who.is_empty() || who.contains(['u', 'a']))
    })
}
