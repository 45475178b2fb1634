//! A container of an image: who it runs as, whether it starts, which ports it listens on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde::Deserialize;

use super::archive::{Config, Image};
use super::args::VerifyArgs;
use super::builder::{ANSWER, Builder, Made};
use super::process::{Finished, Stop};
use super::session::Session;

/// Last lines of output that are kept.
const LINES: usize = 12;

/// What was seen of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) state: State,
    /// User id that the image gives its containers; `None` when it cannot be known.
    pub(super) uid: Option<u64>,
    /// User id of the main process, where it can be seen; an entrypoint may give up rights.
    pub(super) process: Option<u64>,
    /// TCP ports with a listener; `None` when that cannot be seen.
    pub(super) ports: Option<BTreeSet<u16>>,
    /// The last lines of output.
    pub(super) log: Vec<String>,
}

/// The state at the end of the time it was watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Running,
    /// It has ended, with this exit code.
    Ended(i32),
    /// It never started; what the builder said.
    NotStarted(String),
}

/// Runs a container of the image and watches it.
pub(super) fn watch(
    session: &Session,
    tag: &str,
    image: &Image,
    environment: &[(String, String)],
    options: &VerifyArgs,
) -> Result<Seen, Stop> {
    if session.builder == Builder::Buildah {
        return buildah(session, tag, image, environment, options);
    }
    let said = said_uid(session, tag, options)?;
    let name = session.name("container");
    let mut create = session.builder.command();
    create.args(["create", "--name", &name, "--label", &session.label(), "--network", &options.run_network]);
    give(&mut create, environment);
    let created = session.run(create.arg(tag), ANSWER)?;
    let mut seen = Seen {
        state: State::Running,
        uid: said.or_else(|| user_id(&image.config, &image.passwd)),
        process: None,
        ports: None,
        log: Vec::new(),
    };
    if !created.succeeded() {
        // For instance an image without a command.
        seen.state = State::NotStarted(created.last_line().to_owned());
        return Ok(seen);
    }
    let id = created.out.trim().to_owned();
    let start = session.run(session.builder.command().args(["start", &name]), ANSWER)?;
    if start.succeeded() {
        let wait = session.run(session.builder.command().args(["wait", &name]), options.run_timeout)?;
        let inspect = ["container", "inspect", "--format", "{{json .State}}", &name];
        let state = session.ask(session.builder.command().args(inspect), ANSWER)?;
        let state: Inspected = serde_json::from_str(&state)
            .map_err(|_| format!("what `{} container inspect` says is no JSON", session.builder.name()))?;
        if wait.late && state.running {
            (seen.ports, seen.process) =
                (listening(session, &name, &id, state.pid)?, process_uid(&id, state.pid));
        } else {
            seen.state = State::Ended(state.exit_code);
        }
        let logs = ["logs", "--tail", &LINES.to_string(), &name];
        seen.log = last_lines(&session.run(session.builder.command().args(logs), ANSWER)?);
    } else {
        seen.state = State::NotStarted(start.last_line().to_owned());
    }
    session.run(&mut session.builder.remove(Made::Container, &[&name]), ANSWER)?;
    Ok(seen)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Inspected {
    running: bool,
    pid: u32,
    exit_code: i32,
}

/// Values reach the builder by its environment: its command line can be seen by everybody.
fn give(command: &mut Command, environment: &[(String, String)]) {
    for (name, value) in environment {
        command.args(["--env", name]).env(name, value);
    }
}

/// What `id -u` says in a container of the image, if it has such a program.
fn said_uid(session: &Session, tag: &str, options: &VerifyArgs) -> Result<Option<u64>, Stop> {
    let name = session.name("id");
    let mut command = session.builder.command();
    command.args(["run", "--rm", "--name", &name, "--label", &session.label()]);
    command.args(["--network", &options.run_network, "--entrypoint", "id", tag, "-u"]);
    let done = session.run(&mut command, ANSWER)?;
    if done.late {
        session.run(&mut session.builder.remove(Made::Container, &[&name]), ANSWER)?;
    }
    Ok(done.succeeded().then(|| done.out.trim().parse().ok()).flatten())
}

/// The same with Buildah, whose containers have no main process of their own.
fn buildah(
    session: &Session,
    tag: &str,
    image: &Image,
    environment: &[(String, String)],
    options: &VerifyArgs,
) -> Result<Seen, Stop> {
    let name = session.name("container");
    session.remember(&name);
    session.ask(session.builder.command().args(["from", "--pull-never", "--name", &name, tag]), ANSWER)?;
    let run = || {
        let mut command = session.builder.command();
        command.args(["run", "--network", &options.run_network]);
        command
    };
    let said = session.run(run().args([&name, "--", "id", "-u"]), ANSWER)?;
    let said = said.succeeded().then(|| said.out.trim().parse().ok()).flatten();
    let words = [&image.config.entrypoint, &image.config.cmd];
    let words: Vec<&String> = words.into_iter().flatten().flatten().collect();
    let (state, log) = if words.is_empty() {
        (State::NotStarted("the image says no command".to_owned()), Vec::new())
    } else {
        let mut command = run();
        give(&mut command, environment);
        let done = session.run(command.args([&name, "--"]).args(words), options.run_timeout)?;
        let state = match done.code {
            _ if done.late => State::Running,
            Some(code) => State::Ended(code),
            None => State::NotStarted(done.last_line().to_owned()),
        };
        (state, last_lines(&done))
    };
    session.run(&mut session.builder.remove(Made::Container, &[&name]), ANSWER)?;
    let uid = said.or_else(|| user_id(&image.config, &image.passwd));
    Ok(Seen { state, uid, process: None, ports: None, log })
}

fn last_lines(done: &Finished) -> Vec<String> {
    let lines: Vec<&str> = done.out.lines().chain(done.err.lines()).collect();
    let from = lines.len().saturating_sub(LINES);
    lines.iter().skip(from).map(|line| (*line).to_owned()).collect()
}

/// The id that `USER` means (OCI image specification, `config.md`: names are looked up in the image).
pub(super) fn user_id(config: &Config, passwd: &str) -> Option<u64> {
    let user = config.user.as_deref().unwrap_or_default();
    let user = user.split(':').next().unwrap_or_default();
    if user.is_empty() {
        return Some(0);
    }
    user.parse().ok().or_else(|| account(passwd, user).map(|(uid, _)| uid))
}

/// User id and home of an account.
pub(super) fn account<'p>(passwd: &'p str, name: &str) -> Option<(u64, &'p str)> {
    accounts(passwd).remove(name)
}

/// Accounts by name.
pub(super) fn accounts(passwd: &str) -> BTreeMap<&str, (u64, &str)> {
    let account = |line| -> Option<_> {
        let fields: Vec<&str> = str::split(line, ':').collect();
        Some((*fields.first()?, (fields.get(2)?.parse().ok()?, *fields.get(5)?)))
    };
    passwd.lines().filter_map(account).collect()
}

/// Whether a process of this machine is the main process of that container. The daemon may run on another machine, where
/// the number means another process.
fn is_of(container: &str, pid: u32) -> bool {
    !container.is_empty()
        && fs::read_to_string(format!("/proc/{pid}/cgroup")).is_ok_and(|groups| groups.contains(container))
}

/// The effective user id of the main process, as the container sees it.
fn process_uid(container: &str, pid: u32) -> Option<u64> {
    if !is_of(container, pid) {
        return None;
    }
    // In a user namespace the number is another one inside.
    let map = fs::read_to_string(format!("/proc/{pid}/uid_map")).ok()?;
    if map.split_whitespace().ne(["0", "0", "4294967295"]) {
        return None;
    }
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The ports with a listener in the container's network: what the kernel says about it, for which the image needs
/// neither a shell nor a tool; else what `cat` in the container says.
fn listening(
    session: &Session,
    name: &str,
    container: &str,
    pid: u32,
) -> Result<Option<BTreeSet<u16>>, Stop> {
    if is_of(container, pid)
        && let Ok(four) = fs::read_to_string(format!("/proc/{pid}/net/tcp"))
    {
        let six = fs::read_to_string(format!("/proc/{pid}/net/tcp6")).unwrap_or_default();
        return Ok(Some(sockets(&four).chain(sockets(&six)).collect()));
    }
    let mut cat = session.builder.command();
    cat.args(["exec", name, "cat", "/proc/net/tcp", "/proc/net/tcp6"]);
    let done = session.run(&mut cat, ANSWER)?;
    // Without IPv6 the second file is missing, and the first is printed nevertheless.
    Ok(done.out.contains("local_address").then(|| sockets(&done.out).collect()))
}

/// Listening sockets of a `/proc/net/tcp` (proc(5)): `0: 00000000:1F90 00000000:0000 0A …`.
fn sockets(table: &str) -> impl Iterator<Item = u16> {
    table.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (local, state) = (words.next()?, words.nth(1)?);
        let (_, port) = local.rsplit_once(':')?;
        // TCP_LISTEN.
        (state == "0A").then(|| u16::from_str_radix(port, 16).ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users() {
        let id = |user: &str| {
            let config = Config { user: Some(user.into()), ..Config::default() };
            user_id(&config, "root:x:0:0:root:/root:/bin/sh\napp:x:1234:99::/home/app:/bin/sh\nbad line\n")
        };
        assert_eq!(
            [id(""), id("root"), id("app:staff"), id("7:8"), id("nobody")],
            [Some(0), Some(0), Some(1234), Some(7), None]
        );
    }

    #[test]
    fn listeners() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue\n   0: 00000000:1F90 00000000:0000 0A 00000000:00000000\n   1: 0100007F:0050 0100007F:9C40 01 0:0\n   2: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0\n";
        assert_eq!(sockets(table).collect::<Vec<_>>(), [8080, 22]);
    }
}
