//! Starting a container and watching what it does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use crate::bases::Bases;
use crate::case::ContainerSpec;
use crate::docker::{Config, Docker, PROBE};
use crate::kubernetes;

/// How long a server may take until it answers, and a program that ends until it does.
const PATIENCE: Duration = Duration::from_secs(20);

/// As what an image is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum As {
    /// The image as people have it.
    Original,
    /// The same with a user that it cannot have: nothing else may be different.
    Forced,
    /// The image with what harden made of it: without any capability, and as the user a platform chooses.
    Hardened,
}

/// What was seen of a container.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) config: Config,
    /// The user its first process runs as, from `/proc/1/status`; `None` when it did not run.
    pub(crate) uid: Option<u32>,
    /// The answer to the request, or everything it wrote.
    pub(crate) said: String,
    /// Exit code of a container that ended.
    pub(crate) exit: Option<i32>,
    /// What the probe found out, as `write /data` → yes.
    pub(crate) can: BTreeMap<String, bool>,
    /// Why it could not be watched to the end, with the last words of the container.
    pub(crate) broken: Option<String>,
}

/// Starts a container of `image` and watches it. `volumes` are the names of what is mounted at the paths of the spec.
pub(crate) fn watch(
    docker: &Docker,
    bases: &Bases,
    image: &str,
    spec: &ContainerSpec,
    volumes: &[String],
    role: As,
) -> Seen {
    let mut options = Vec::new();
    if !spec.usual_capabilities || role == As::Hardened {
        options.extend(["--cap-drop".to_owned(), "ALL".to_owned()]);
    }
    let mut add = |name: &str, value: String| options.extend([name.to_owned(), value]);
    for (name, path) in volumes.iter().zip(&spec.volumes) {
        add("--volume", format!("{name}:{path}"));
    }
    spec.sysctls.iter().for_each(|one| add("--sysctl", one.clone()));
    spec.env.iter().for_each(|one| add("--env", one.clone()));
    if role == As::Hardened {
        spec.as_user.iter().for_each(|one| add("--user", one.clone()));
    }
    let mut seen = Seen {
        config: Docker::inspect(image).1,
        uid: None,
        said: String::new(),
        exit: None,
        can: BTreeMap::new(),
        broken: None,
    };
    if spec.http.is_some() {
        serve(docker, bases, image, spec, &options, &mut seen);
    } else {
        end(docker, bases, image, spec, &options, &mut seen);
    }
    seen
}

/// A container that serves: the request is made from inside, and then the probe looks around.
fn serve(
    docker: &Docker,
    bases: &Bases,
    image: &str,
    spec: &ContainerSpec,
    options: &[String],
    seen: &mut Seen,
) {
    let Some(http) = &spec.http else { return };
    let container = docker.create(image, options, &[], &bases.busybox);
    let mut running = Docker::start(&container);
    let request = format!("{PROBE} wget -q -T 5 -O - http://127.0.0.1:{}{}", http.port, http.path);
    let start = Instant::now();
    let answer = loop {
        let answer = Docker::probe(&container, &request);
        let listens = answer.err.starts_with("wget:") && !answer.err.contains("can't connect");
        if answer.succeeded() || listens || running.is_over() || start.elapsed() > PATIENCE {
            break answer;
        }
        thread::sleep(Duration::from_millis(50));
    };
    if spec.healthy {
        while Docker::health(&container) == "starting" && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(100));
        }
        seen.can.insert("be healthy".to_owned(), Docker::health(&container) == "healthy");
    }
    if !running.is_over() {
        look_around(&container, spec, seen);
        Docker::kill(&container);
    }
    let done = running.wait(PATIENCE);
    if !answer.succeeded() {
        // What Docker says of a container that is gone adds nothing to the last words of the container.
        let request = Some(answer.err.trim()).filter(|err| err.starts_with("wget:")).unwrap_or_default();
        seen.broken = Some(format!("no answer: {request} {}", done.last_words()));
    }
    seen.said = answer.out;
}

/// A container that ends. Another one of the same image and with the same user lets the probe look around.
fn end(
    docker: &Docker,
    bases: &Bases,
    image: &str,
    spec: &ContainerSpec,
    options: &[String],
    seen: &mut Seen,
) {
    let container = docker.create(image, options, &[], &bases.busybox);
    let done = Docker::start(&container).wait(PATIENCE);
    if done.code.is_none() {
        Docker::kill(&container);
        seen.broken = Some(format!("it did not end: {}", done.last_words()));
    }
    seen.exit = done.code;
    seen.said = format!("{}{}", done.out, done.err);
    let entrypoint = [options, &["--entrypoint".to_owned(), PROBE.to_owned()]].concat();
    let container = docker.create(image, &entrypoint, &["sleep", "60"], &bases.busybox);
    let running = Docker::start(&container);
    let start = Instant::now();
    while !look_around(&container, spec, seen) && start.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(30));
    }
    Docker::kill(&container);
    let done = running.wait(PATIENCE);
    if seen.uid.is_none() {
        seen.broken = Some(format!("it did not start: {}", done.last_words()));
    }
}

/// Asks from inside which user the first process has and what that user may do. Whether there was an answer.
fn look_around(container: &str, spec: &ContainerSpec, seen: &mut Seen) -> bool {
    let mut script = format!("echo uid $({PROBE} sed -n 's/^Uid:\\t\\([0-9]*\\).*/\\1/p' /proc/1/status)\n");
    for folder in &spec.writes {
        let file = format!("{folder}/.harden-probe");
        let _ =
            writeln!(script, "echo write {folder} $( (: >'{file}') 2>&1 && {PROBE} rm '{file}' && echo yes)");
    }
    for file in &spec.code {
        let _ = writeln!(script, "echo read {file} $({PROBE} cat '{file}' 2>&1 >/dev/null && echo yes)");
        let _ = writeln!(script, "echo change {file} $( (: >>'{file}') 2>&1 && echo yes)");
    }
    let answer = Docker::probe(container, &script);
    for line in answer.out.lines() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next_back()) {
            (Some("uid"), Some(uid), _) => seen.uid = uid.parse().ok(),
            (Some(what), Some(path), last) => {
                seen.can.insert(format!("{what} {path}"), last == Some("yes"));
            }
            _ => {}
        }
    }
    seen.uid.is_some()
}

impl Seen {
    /// Everything that is wrong with it. `hardened`: it must not run as root, nor be able to change its code.
    pub(crate) fn problems(&self, spec: &ContainerSpec, hardened: bool) -> Vec<String> {
        let mut problems: Vec<String> = self.broken.iter().cloned().collect();
        if !self.said.contains(&spec.expect) {
            problems.push(format!("it said {:?}, not {:?}", self.said, spec.expect));
        }
        if spec.http.is_none() && self.exit != Some(spec.exit) {
            problems.push(format!("exit code {:?}, not {}", self.exit, spec.exit));
        }
        let can = |what: &str, path: &str| self.can.get(&format!("{what} {path}")) == Some(&true);
        problems.extend(
            spec.writes
                .iter()
                .filter(|path| !can("write", path))
                .map(|path| format!("cannot write to {path}")),
        );
        problems.extend(
            spec.code.iter().filter(|path| !can("read", path)).map(|path| format!("cannot read {path}")),
        );
        if spec.healthy && self.can.get("be healthy") != Some(&true) {
            problems.push("its HEALTHCHECK fails".to_owned());
        }
        if hardened {
            problems.extend(
                spec.code.iter().filter(|path| can("change", path)).map(|path| format!("can change {path}")),
            );
            if self.uid == Some(0) || self.uid.is_none() {
                problems.push(format!("the user id is {:?}", self.uid));
            }
            problems.extend(kubernetes::admits(self.config.user.as_deref().unwrap_or_default()).err());
        }
        problems
    }

    /// What is not as it was in the original, besides the user.
    pub(crate) fn differences(&self, original: &Self) -> Vec<String> {
        let (now, then) = (&self.config, &original.config);
        let mut found = Vec::new();
        let mut same = |what: &str, now: String, then: String| {
            if now != then {
                found.push(format!("{what} was {then} and is {now}"));
            }
        };
        same("ENTRYPOINT", format!("{:?}", now.entrypoint), format!("{:?}", then.entrypoint));
        same("CMD", format!("{:?}", now.cmd), format!("{:?}", then.cmd));
        same("WORKDIR", format!("{:?}", now.working_dir), format!("{:?}", then.working_dir));
        same("EXPOSE", format!("{:?}", now.exposed_ports), format!("{:?}", then.exposed_ports));
        same("VOLUME", format!("{:?}", now.volumes), format!("{:?}", then.volumes));
        same("STOPSIGNAL", format!("{:?}", now.stop_signal), format!("{:?}", then.stop_signal));
        same("HEALTHCHECK", format!("{:?}", now.healthcheck), format!("{:?}", then.healthcheck));
        same("SHELL", format!("{:?}", now.shell), format!("{:?}", then.shell));
        same("what it says", format!("{:?}", self.said), format!("{:?}", original.said));
        same("the exit code", format!("{:?}", self.exit), format!("{:?}", original.exit));
        for pair in then.env.iter().flatten() {
            if !now.env.iter().flatten().any(|one| one == pair) {
                found.push(format!("ENV {} is gone or changed", pair.split('=').next().unwrap_or_default()));
            }
        }
        found
    }
}
