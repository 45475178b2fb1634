//! The base images of the cases, made on this machine, and what is known about them.
//!
//! Each stands for the image it is named after in what this test is about: users, tools, shell and configuration. No
//! image of that name on this machine is replaced: the builder is told by a named context what stands for what.

use std::path::{Path, PathBuf};
use std::process::Command;

use dockerfile_syntax::{Digest, Reference};
use harden::facts::file::RecordedFacts;

use crate::docker::{Build, Docker};
use crate::files::copy_tree;
use crate::process::{kept, run, scratch};
use crate::{debian, here, inspect};

/// Name in Dockerfiles and folder in `bases`, in the order they are made.
const IMAGES: [(&str, &str); 11] = [
    ("debian:bookworm-slim", "debian"),
    ("python:3-slim", "python"),
    ("node:22", "node"),
    ("nginxinc/nginx-unprivileged:1.27", "nginx-unprivileged"),
    ("php:8.3-apache", "php-apache"),
    ("alpine:3.22", "alpine"),
    ("busybox:1.37", "busybox"),
    ("gcr.io/distroless/static-debian12:latest", "distroless"),
    ("gcr.io/distroless/static-debian12:nonroot", "distroless-nonroot"),
    ("registry.example.com/team/python:7", "team"),
    ("registry.example.com/team/base:7", "team-root"),
];

/// Base images that are there until the [`Docker`] they were made with is dropped.
pub(crate) struct Bases {
    /// Name in Dockerfiles and name here.
    pub(crate) images: Vec<(String, String)>,
    /// Their configurations.
    pub(crate) facts: RecordedFacts,
    /// Their configurations, users and tools.
    pub(crate) inspected: RecordedFacts,
    /// A static busybox.
    pub(crate) busybox: PathBuf,
    /// A static program: `apps/counter.rs`.
    pub(crate) counter: PathBuf,
}

impl Bases {
    /// Makes all of them, or says what is missing on this machine.
    pub(crate) fn make(docker: &Docker) -> Result<Self, String> {
        let busybox = run(Command::new(here().join("busybox")).arg(kept().join("busybox"))).ok()?;
        let busybox = PathBuf::from(busybox.trim());
        let counter = static_program("counter")?;
        let (mut tar, _list) = debian::archive(&["adduser", "passwd", "python3"])?;
        let files = Docker::tag("files");
        docker.import(&mut tar, &files)?;
        let mut made = vec![("files".to_owned(), files)];
        for (name, folder) in IMAGES {
            let context = tempfile::tempdir_in(scratch()).unwrap();
            copy_tree(&here().join("bases").join(folder), context.path(), &[]);
            std::fs::copy(&busybox, context.path().join("busybox")).unwrap();
            let tag = Docker::tag(folder);
            let build = Build {
                dockerfile: &context.path().join("Dockerfile"),
                context: context.path(),
                target: None,
                images: &made,
                tag: Some(&tag),
                legacy: false,
            };
            docker.build(&build).unwrap_or_else(|why| panic!("{name} does not build: {why}"));
            made.push((name.to_owned(), tag));
        }
        let images = made.split_off(1);
        let (mut facts, mut inspected) = (RecordedFacts::empty(), RecordedFacts::empty());
        for (name, tag) in &images {
            let (id, config) = Docker::inspect(tag);
            let (image, digest) = (Reference::parse(name).unwrap(), Digest::parse(&id).unwrap());
            let config = config.known();
            for facts in [&mut facts, &mut inspected] {
                facts.insert_tags(&image, &digest, [image.tag_or_latest()]);
                facts.insert_config(&image, &digest, Ok(config.clone()));
            }
            inspected.insert_files(&image, &digest, Ok(inspect::files(docker, tag, &busybox)));
        }
        Ok(Self { images, facts, inspected, busybox, counter })
    }
}

/// Compiles `apps/NAME.rs` so that it needs nothing else to run.
fn static_program(name: &str) -> Result<PathBuf, String> {
    let program = kept().join(name);
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let source: &Path = &here().join("apps").join(format!("{name}.rs"));
    let flags = ["--edition=2024", "-Ctarget-feature=+crt-static", "-Cpanic=abort", "-Cstrip=symbols", "-o"];
    run(Command::new(rustc).args(flags).arg(&program).arg(source)).ok()?;
    Ok(program)
}
