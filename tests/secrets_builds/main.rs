//! Real builds before and after `env-secrets`: what needed a secret gets it, and it is nowhere afterwards.
//!
//! Each folder of `cases` is a Dockerfile with a secret. Its image is built as people build it, and its secret has to be
//! where `case.toml` says: in the history, the configuration or a layer. harden rewrites the file, alone and with all
//! transforms; the builds get the options that the notes ask for. Their steps have to do the same, and the secret must
//! not be in the history, the configuration, a layer, the builder's cache or its output.
//!
//! Runs where `tests/builder` has found or started a Docker (`HARDEN_BUILDER`); says so and passes elsewhere. Steps use
//! the network of the machine, for servers on its loopback addresses; nothing else is asked. `HARDEN_CASES=word,word`
//! runs only the cases whose names contain one of the words.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy exempts test functions, not their helpers")]
#![allow(clippy::print_stdout, reason = "a test says what it skipped and measured")]

#[path = "../containers/debian.rs"]
mod debian;
#[path = "../containers/docker.rs"]
#[allow(dead_code, reason = "the test it comes from uses the rest")]
mod docker;
#[path = "../containers/files.rs"]
mod files;
#[path = "../registry/http.rs"]
#[allow(dead_code, reason = "the test it comes from uses the rest")]
mod http;
mod leak;
#[path = "../containers/process.rs"]
mod process;
mod rewrite;
mod server;
mod spec;
mod ssh;
mod trial;

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use dockerfile_syntax::{Digest, Reference};
use harden::facts::file::RecordedFacts;

use docker::{Build, Docker};
use process::{kept, run, scratch};
use spec::{Case, Place, Values};
use ssh::Ssh;
use trial::{Built, Verdict, World};

/// The images of the cases; one image stands for all of them.
const IMAGES: [&str; 2] = ["debian:bookworm-slim", "node:22"];

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/secrets_builds")
}

/// The cases, those of `HARDEN_CASES` where it is set, by name.
fn cases() -> Vec<Case> {
    let wanted = std::env::var("HARDEN_CASES").unwrap_or_default();
    let mut folders: Vec<PathBuf> =
        fs::read_dir(here().join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let cases = folders.iter().map(|folder| Case::open(folder));
    cases.filter(|case| wanted.split(',').any(|word| case.name.contains(word))).collect()
}

/// Makes the image; an error says what is missing on this machine. Without dropbear the image has none.
fn base(docker: &Docker) -> Result<(String, Option<String>), String> {
    let (mut tar, _list) = debian::archive(&["curl", "git", "openssh-client", "passwd"])?;
    let files = Docker::tag("files");
    docker.import(&mut tar, &files)?;
    let context = tempfile::tempdir_in(scratch()).unwrap();
    files::copy_tree(&here().join("base"), context.path(), &[]);
    let server = context.path().join("dropbear");
    let dropbear = run(Command::new(here().join("dropbear")).arg(kept())).ok();
    match &dropbear {
        Ok(unpacked) => {
            run(Command::new("cp").arg("-a").arg(unpacked.trim()).arg(&server)).ok()?;
        }
        Err(_) => fs::create_dir(&server).unwrap(),
    }
    let tag = Docker::tag("secrets");
    let dockerfile = context.path().join("Dockerfile");
    let build = Build {
        dockerfile: &dockerfile,
        context: context.path(),
        target: None,
        images: &[("files".to_owned(), files)],
        tag: Some(&tag),
        legacy: false,
    };
    docker.build(&build).map_err(|why| format!("the base image does not build: {why}"))?;
    Ok((tag, dropbear.err()))
}

/// What harden knows of the images.
fn facts(tag: &str) -> RecordedFacts {
    let (id, config) = Docker::inspect(tag);
    let config = config.known();
    let mut facts = RecordedFacts::empty();
    for name in IMAGES {
        let (image, digest) = (Reference::parse(name).unwrap(), Digest::parse(&id).unwrap());
        facts.insert_tags(&image, &digest, [image.tag_or_latest()]);
        facts.insert_config(&image, &digest, Ok(config.clone()));
    }
    facts
}

/// Whether the frontend that is built into this Docker knows `--mount=type=secret,env=`, which came with 1.10 (Docker
/// documentation, "Dockerfile release notes").
fn knows_secret_variables(docker: &Docker, tag: &str) -> Result<(), String> {
    let context = tempfile::tempdir_in(scratch()).unwrap();
    let dockerfile = context.path().join("Dockerfile");
    let text = "FROM base\nRUN --mount=type=secret,id=probe,env=PROBE test \"$PROBE\" = known\n";
    fs::write(&dockerfile, text).unwrap();
    let build = Build {
        dockerfile: &dockerfile,
        context: context.path(),
        target: None,
        images: &[("base".to_owned(), tag.to_owned())],
        tag: None,
        legacy: false,
    };
    let (_, done) = docker.build_as(&build, |command| {
        command
            .args(["--no-cache", "--network", "none", "--secret", "id=probe,env=PROBE"])
            .env("PROBE", "known");
    });
    done.ok().map(drop)
}

/// A secret that is written out in a command is in what `places` looks at; that no case has one in its cache means
/// something only if it would be found.
fn assert_that_leaks_are_found(docker: &Docker, tag: &str, run: u64) {
    let (context, canary) = (tempfile::tempdir_in(scratch()).unwrap(), format!("control{run:08x}"));
    let dockerfile = context.path().join("Dockerfile");
    fs::write(&dockerfile, format!("FROM base\nRUN : {canary}\n")).unwrap();
    let build = Build {
        dockerfile: &dockerfile,
        context: context.path(),
        target: None,
        images: &[("base".to_owned(), tag.to_owned())],
        tag: None,
        legacy: false,
    };
    let (image, done) = docker.build_as(&build, |command| {
        command.args(["--network", "none"]);
    });
    assert!(done.succeeded(), "{}", done.last_words());
    let built = Built { image, output: format!("{}{}", done.out, done.err), provenance: String::new() };
    let found = leak::places(&built.image, &built, &[canary]);
    assert_eq!(found, BTreeSet::from([Place::History, Place::Cache, Place::Output]));
}

/// Secrets that look like real ones and that no other run or case has.
fn values(number: usize, run: u64, ssh: Option<&Ssh>, made: &str) -> Values {
    let mut values = Values {
        secret: format!("k8Zq3Lw9Xv5Bt1Np{run:08x}{number:02}"),
        other: format!("Rm4Tz7Vh2Qc9Wd6K{run:08x}{number:02}"),
        made: made.to_owned(),
        http: String::new(),
        ssh: ssh.map(|ssh| (ssh.port, ssh.key.clone())),
    };
    let work = tempfile::tempdir_in(scratch()).unwrap();
    values.http = server::serve(&values, work.path());
    values
}

#[test]
fn steps_get_their_secrets_and_images_do_not() {
    if std::env::var_os("HARDEN_BUILDER").is_none() {
        println!("skipped: no Docker; tests/builder starts one");
        return;
    }
    let start = Instant::now();
    let docker = Docker::open();
    let (tag, no_server) = match base(&docker) {
        Ok(made) => made,
        Err(why) => {
            println!("skipped: the base image cannot be made here: {why}");
            return;
        }
    };
    if let Err(why) = knows_secret_variables(&docker, &tag) {
        println!("skipped: the frontend of this Docker does not know --mount=type=secret,env=: {why}");
        return;
    }
    println!("the frontend of this Docker knows --mount=type=secret,env=");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let run = u64::try_from(now >> 10 & 0xffff_ffff).unwrap();
    let made = format!("made {run:08x}");
    assert_that_leaks_are_found(&docker, &tag, run);
    let mut cases = cases();
    let ssh = match no_server.map_or_else(|| Ssh::start(&docker, &tag, &made), Err) {
        Ok(ssh) => Some(ssh),
        Err(why) => {
            println!("skipped: cases that need an SSH server and an agent: {why}");
            cases.retain(|case| !case.needs_ssh());
            None
        }
    };
    println!("base image and servers: {:.1} s", start.elapsed().as_secs_f32());
    let images = IMAGES.map(|name| (name.to_owned(), tag.clone()));
    let world = World { docker: &docker, images: &images, facts: &facts(&tag), ssh: ssh.as_ref() };
    let queue = Mutex::new(cases.iter().enumerate().collect::<VecDeque<_>>());
    let done = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(2, usize::from).min(4);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some((number, case)) = queue.lock().unwrap().pop_front() else { break };
                    let values = values(number, run, world.ssh, &made);
                    let verdict = Verdict::of(case, &values, &world);
                    let word = if verdict.problems.is_empty() { "ok" } else { "FAILED" };
                    println!(
                        "{word:6} {:24} {:?} ({:.1} s)",
                        case.name,
                        case.spec.found,
                        verdict.time.as_secs_f32()
                    );
                    println!("       docker build {}", verdict.options.join(" "));
                    println!("       all transforms: {}", verdict.transforms.join(", "));
                    done.lock().unwrap().push((case, verdict));
                }
            });
        }
    });
    let done = done.into_inner().unwrap();
    let canaries: BTreeSet<String> = done.iter().flat_map(|(_, one)| one.canaries.clone()).collect();
    let saved = |of: fn(&Verdict) -> &Vec<String>| {
        let images: Vec<String> = done.iter().flat_map(|(_, one)| of(one).clone()).collect();
        if images.is_empty() { <_>::default() } else { leak::saved(&images, &canaries) }
    };
    let (before, after) = (saved(|one| &one.before), saved(|one| &one.after));
    let mut problems = Vec::new();
    for (case, verdict) in &done {
        let layers =
            if verdict.before.is_empty() { Vec::new() } else { verdict.layers(case, &before, &after) };
        let all = verdict.problems.iter().chain(&layers);
        problems.extend(all.map(|problem| format!("{}: {problem}", case.name)));
    }
    println!("{} cases in {:.1} s", done.len(), start.elapsed().as_secs_f32());
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    let all = std::env::var_os("HARDEN_CASES").is_none();
    assert!(!all || done.len() >= 15, "only {} cases", done.len());
}

#[test]
fn every_case_can_be_read() {
    let cases = cases();
    assert!(!cases.is_empty());
    for case in &cases {
        assert!(!case.spec.made.is_empty(), "{}: nothing shows what its steps did", case.name);
        assert!(!case.spec.found.is_empty(), "{}: the original has to show its secret somewhere", case.name);
    }
}
