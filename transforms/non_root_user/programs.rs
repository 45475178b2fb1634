//! Hazards in what a container executes at start.

use harden_core::shell::{Command, Word};

use self::scene::Scene;
use super::launch::{Launched, Started, Weight};
use super::risk::{Effect, Risk};
use super::view::View;
use crate::support::base_images::Privileges;

pub(crate) mod arguments;
mod demands;
mod places;
mod ports;
mod scene;
mod servers;
mod table;
mod writes;

#[cfg(test)]
mod tests;

/// What a command asks for whatever its configuration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// It changes the user and needs root for that.
    Drops,
    /// It changes owners of files.
    Owners,
    /// It changes users or groups.
    Accounts,
    /// It is an init system or a supervisor, which starts other things, mostly as other users.
    Init,
    /// It needs root; the reason goes on a sentence that begins with its name.
    Root(&'static str),
    /// It installs packages of the system.
    Packages,
    /// It changes files of the system.
    SystemFiles,
}

/// Most hazards that are reported.
const MAX_RISKS: usize = 200;

/// The hazards of what is executed at start, the worst first. Of the same hazard in one place, one.
pub(crate) fn risks(view: &View<'_, '_>, launched: &Launched) -> Vec<Risk> {
    judge(&Scene::of(view, launched), launched)
}

/// Ports below 1024 that the arguments of what is started name.
pub(crate) fn low_ports(view: &View<'_, '_>, launched: &Launched) -> Vec<u16> {
    let scene = Scene::of(view, launched);
    let started = launched.commands.iter().filter(|one| !one.health && one.weight != Weight::RootOnly);
    started.flat_map(|one| ports::all(&scene, one)).collect()
}

fn judge(scene: &Scene<'_>, launched: &Launched) -> Vec<Risk> {
    let mut risks = Vec::new();
    for started in &launched.commands {
        if risks.len() >= MAX_RISKS {
            break;
        }
        one(scene, started, &mut risks);
    }
    for unread in &launched.unread {
        let message = format!("what {} does at start is not known: {}", unread.name, unread.why);
        risks.push(Risk::lower("unread-script", message, unread.place.clone()));
    }
    if let Some(script) = &launched.base_script {
        let name = &script.name;
        match script.privileges {
            Privileges::Drops { tools } => {
                let message = format!(
                    "{name} of the base image changes the user with {} when it is started as root",
                    tools.join(" or ")
                );
                risks.push(Risk::stop("drops-privileges", message, script.place.clone()));
            }
            Privileges::NeedsRoot { why } => {
                let message = format!("{name} of the base image needs root because {why}");
                risks.push(Risk::stop("needs-root", message, script.place.clone()));
            }
            Privileges::None | Privileges::Passthrough | Privileges::Unknown => {}
        }
    }
    if launched.no_command {
        let message = "neither CMD nor ENTRYPOINT says what the container runs";
        risks.push(Risk::lower("no-command", message, None));
    }
    risks.sort();
    risks.dedup();
    risks
}

/// What the server with this name writes to, when giving it these directories is all it needs.
pub(crate) fn server_directories(name: &str) -> &'static [&'static str] {
    match table::server_named(name) {
        Some(server) if server.demand == table::ServerDemand::Directories => server.directories,
        _ => &[],
    }
}

fn one(scene: &Scene<'_>, started: &Started, risks: &mut Vec<Risk>) {
    let demand = if started.own { None } else { demand(&started.command) };
    if started.weight == Weight::RootOnly {
        only_root(started, demand, risks);
        return;
    }
    if let Some(demand) = demand {
        risks.push(demanded(started, demand));
    }
    if started.health {
        return;
    }
    if let Some(word) = started.command.words.first() {
        unknown_head(scene, started, word, risks);
    }
    servers::check(scene, started, risks);
    writes::check(scene, started, risks);
    arguments::check(started, risks);
    ports::check(scene, started, risks);
    places::check(scene, started, risks);
}

/// What root alone executes is left out for another user. That is what the test is for; but a user change in it means
/// that the image takes care of its user itself.
fn only_root(started: &Started, demand: Option<Demand>, risks: &mut Vec<Risk>) {
    let name = started.command.name().unwrap_or_default();
    match demand {
        Some(Demand::Drops) => {
            let message =
                format!("{} changes the user with {name} itself when it is started as root", started.by);
            risks.push(Risk::lower("changes-user-itself", message, started.place.clone()));
        }
        Some(Demand::Owners) | None => {}
        Some(_) => {
            let message =
                format!("{} runs {name} only as root; as another user that is left out", started.by);
            risks.push(Risk::lower("root-only-step", message, started.place.clone()));
        }
    }
}

fn demanded(started: &Started, demand: Demand) -> Risk {
    let name = &named(&started.command);
    let by = &started.by;
    let (id, message) = match demand {
        Demand::Drops => {
            ("drops-privileges", format!("{by} changes the user with {name}, which fails unless it is root"))
        }
        Demand::Owners => ("changes-owners", format!("{by} changes owners with {name}, which only root may")),
        Demand::Accounts => {
            ("changes-accounts", format!("{by} changes users or groups with {name}, which only root may"))
        }
        Demand::Init => {
            ("init-system", format!("{by} starts {name}, which runs services that mostly need root"))
        }
        Demand::Root(why) => ("needs-root", format!("{by} starts {name}, which {why} and needs root")),
        Demand::Packages => {
            ("installs-packages", format!("{by} installs packages with {name}, which only root may"))
        }
        Demand::SystemFiles => (
            "writes-system-path",
            format!("{by} changes files of the system with {name}, which only root may"),
        ),
    };
    // What fails after `||` is there to be tried, and `ping` works where the runtime lets every group use it.
    let tried =
        started.command.place.fallback || started.weight == Weight::Tolerated || name.starts_with("ping");
    let effect = if tried { Effect::Lower } else { Effect::Stop };
    let place = started.place.clone();
    if effect == Effect::Stop { Risk::stop(id, message, place) } else { Risk::lower(id, message, place) }
}

/// How a command is called: `service nginx start` is more than its name.
fn named(command: &Command) -> String {
    let name = command.name().unwrap_or_default();
    let words =
        if matches!(name, "service" | "rc-service" | "sv" | "systemctl" | "ip" | "npm") { 3 } else { 1 };
    let words: Vec<&str> = command.words.iter().take(words).map(|word| word.text.as_str()).collect();
    if words.len() > 1 { format!("`{}`", words.join(" ")) } else { name.to_owned() }
}

/// What a command needs root for, by its name and, where the name does not decide, its arguments.
pub(crate) fn demand(command: &Command) -> Option<Demand> {
    let path = &command.words.first().filter(|word| word.literal)?.text;
    let name = command.name()?;
    let arguments: Vec<&str> = command.words.iter().skip(1).map(|word| word.text.as_str()).collect();
    let has = |wanted: &[&str]| arguments.iter().any(|argument| wanted.contains(argument));
    if let [only] = arguments.as_slice()
        && ["--version", "--help", "-V"].contains(only)
    {
        return None;
    }
    match name {
        "init" => return is_init(path).then_some(Demand::Init),
        "linuxrc" | "tini" | "dumb-init" => return None,
        "service" | "rc-service" => {
            return has(&["start", "restart", "reload", "--full-restart"]).then_some(Demand::Init);
        }
        "sv" => return has(&["start", "up", "restart"]).then_some(Demand::Init),
        "start-stop-daemon" => {
            let changes = |argument: &&str| {
                argument.starts_with("--chuid")
                    || argument.starts_with("--user")
                    || argument.starts_with("-c")
            };
            return arguments.iter().any(changes).then_some(Demand::Drops);
        }
        "ip" => {
            let changes =
                ["add", "del", "delete", "set", "replace", "flush", "change", "append", "up", "down"];
            return has(&changes).then_some(Demand::Root("changes the network"));
        }
        "route" => {
            return has(&["add", "del"]).then_some(Demand::Root("changes the network"));
        }
        "ifconfig" => return (arguments.len() > 1).then_some(Demand::Root("changes the network")),
        "sysctl" => {
            let writes = arguments.iter().any(|argument| {
                argument.contains('=') || matches!(*argument, "-w" | "--write" | "-p" | "--load" | "--system")
            });
            return writes.then_some(Demand::Root("changes the kernel's settings"));
        }
        "ping" | "ping6" | "fping" => {
            return Some(Demand::Root("sends raw packets where it may not use ICMP sockets"));
        }
        "mount" => return (!arguments.is_empty()).then_some(Demand::Root("changes file systems")),
        "date" => return has(&["-s", "--set"]).then_some(Demand::Root("sets the clock")),
        "hostname" => {
            let sets = arguments.first().is_some_and(|first| !first.starts_with('-'));
            return sets.then_some(Demand::Root("sets the name of the host"));
        }
        "ssh-keygen" => return has(&["-A"]).then_some(Demand::SystemFiles),
        "ldconfig" if has(&["-p", "--print-cache"]) => return None,
        "update-alternatives" | "alternatives" if has(&["--display", "--list", "--query"]) => return None,
        "dbus-daemon" if has(&["--session"]) => return None,
        "npm" | "pnpm" | "yarn" | "bun" => {
            let global = has(&["-g", "--global"]) || (name == "yarn" && has(&["global"]));
            return (global && has(&["install", "i", "add", "update", "link"])).then_some(Demand::Packages);
        }
        _ => {}
    }
    if path.starts_with("/etc/init.d/") || path.starts_with("/etc/rc.d/") {
        return Some(Demand::Init);
    }
    if name.starts_with("s6-rc") || name.starts_with("systemd-") {
        return Some(Demand::Init);
    }
    let demand = demands::demand_of(name)?;
    if demand == Demand::Packages && !changes_packages(name, &arguments) {
        return None;
    }
    Some(demand)
}

/// `/init` is s6-overlay's; `init` alone is found in `/sbin`.
fn is_init(path: &str) -> bool {
    matches!(path, "init" | "/init" | "/sbin/init" | "/usr/sbin/init" | "/bin/init" | "/lib/systemd/systemd")
        || path.ends_with("/sbin/init")
}

fn changes_packages(name: &str, arguments: &[&str]) -> bool {
    let reads: &[&str] = match name {
        "apt" | "apt-get" | "aptitude" => {
            &["list", "search", "show", "download", "changelog", "source", "policy", "--version", "moo"]
        }
        "dpkg" => &[
            "-l",
            "--list",
            "-s",
            "--status",
            "-L",
            "--listfiles",
            "-S",
            "--search",
            "--print-architecture",
            "--compare-versions",
            "--version",
            "-p",
            "--get-selections",
            "--print-foreign-architectures",
        ],
        "apk" => &["info", "list", "search", "policy", "stats", "--print-arch", "version", "audit", "verify"],
        "rpm" => &["-q", "-qa", "-qi", "-ql", "--query", "--eval", "-E", "--version", "-V"],
        "yum" | "dnf" | "microdnf" | "tdnf" => {
            &["list", "info", "search", "repolist", "repoquery", "--version"]
        }
        _ => &[],
    };
    !arguments.is_empty() && !arguments.iter().any(|argument| reads.contains(argument))
}

/// A command word that holds a variable. What passes the arguments of the container on does not count: those are
/// among the commands themselves.
fn unknown_head(scene: &Scene<'_>, started: &Started, word: &Word, risks: &mut Vec<Risk>) {
    if word.literal || passes_arguments(&word.text) || scene.values(word).is_some() {
        return;
    }
    let message = format!("{} runs `{}`, which is not known before it runs", started.by, word.text);
    risks.push(Risk::lower("unknown-command", message, started.place.clone()));
}

fn passes_arguments(word: &str) -> bool {
    let inner = word.trim_start_matches('$').trim_matches(|c| matches!(c, '{' | '}'));
    word.starts_with('$') && matches!(inner.chars().next(), Some('@' | '*' | '0'..='9'))
}
