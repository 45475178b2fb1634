//! Starting a container and watching what it does.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::bases::Bases;
use crate::case::Spec;
use crate::docker::{Docker, PROBE};
use crate::process::run;

/// How long a server may take until it answers, and a program that ends until it does.
const PATIENCE: Duration = Duration::from_secs(25);

/// What was seen of an image.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The answers, or everything it wrote.
    pub(crate) said: String,
    /// Exit code of a container that ended.
    pub(crate) exit: Option<i32>,
    /// Why it could not be watched to the end.
    pub(crate) broken: Option<String>,
    /// Every file in it.
    pub(crate) files: BTreeSet<String>,
    /// Bytes of all its layers.
    pub(crate) size: u64,
}

/// Runs a container of `image` and looks at its files.
pub(crate) fn watch(docker: &Docker, bases: &Bases, image: &str, spec: &Spec) -> Seen {
    let mut seen = Seen { size: size(image), files: files(docker, bases, image), ..Seen::default() };
    let options: Vec<String> = spec.env.iter().flat_map(|one| ["--env".to_owned(), one.clone()]).collect();
    let container = docker.create(image, &options, &[], &bases.busybox);
    let mut running = Docker::start(&container);
    let Some(port) = spec.port else {
        let done = running.wait(PATIENCE);
        if done.code.is_none() {
            Docker::kill(&container);
            seen.broken = Some(format!("it did not end: {}", done.last_words()));
        }
        seen.exit = done.code;
        seen.said = format!("{}{}", done.out, done.err);
        return seen;
    };
    let start = Instant::now();
    let root = ["/".to_owned()];
    for path in if spec.paths.is_empty() { &root[..] } else { &spec.paths[..] } {
        let request = format!("{PROBE} wget -q -T 5 -O - http://127.0.0.1:{port}{path}");
        let answer = loop {
            let answer = Docker::run(["exec", &container, PROBE, "sh", "-c", &request]);
            let listens = answer.err.starts_with("wget:") && !answer.err.contains("can't connect");
            if answer.succeeded() || listens || running.is_over() || start.elapsed() > PATIENCE {
                break answer;
            }
            thread::sleep(Duration::from_millis(50));
        };
        seen.said.push_str(&answer.out);
        if !answer.succeeded() {
            seen.broken = Some(format!("no answer for {path}: {}", answer.err.trim()));
            break;
        }
    }
    if !running.is_over() {
        Docker::kill(&container);
    }
    let done = running.wait(PATIENCE);
    if let Some(broken) = &mut seen.broken {
        let _ = write!(broken, " {}", done.last_words());
    }
    seen
}

fn size(image: &str) -> u64 {
    let shown = Docker::run(["image", "inspect", "--format", "{{.Size}}", image]);
    shown.out.trim().parse().unwrap_or_default()
}

/// The paths of all files, as `docker export` gives them.
fn files(docker: &Docker, bases: &Bases, image: &str) -> BTreeSet<String> {
    let container = docker.create(image, &[], &["/nothing"], &bases.busybox);
    let listed = run(Command::new("sh").args(["-c", "docker export \"$0\" | tar -t", &container]));
    Docker::run(["rm", "--force", &container]);
    listed.out.lines().map(|line| format!("/{}", line.trim_end_matches('/'))).collect()
}
