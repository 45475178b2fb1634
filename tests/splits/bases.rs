//! The base images of the cases, made on this machine of Debian's packages.
//!
//! Each stands for the image it is named after in what a split is about: what builds, what runs, where both are, and
//! the configuration. No image of that name on this machine is replaced: the builder is told by named contexts.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use dockerfile_syntax::{Digest, Reference};
use harden::facts::file::RecordedFacts;

use crate::case::Case;
use crate::docker::{Build, Docker};
use crate::files::copy_tree;
use crate::process::{kept, run, scratch};
use crate::{debian, here};

/// Name in Dockerfiles, folder in `bases`, and the Debian packages in it besides the essential ones.
pub(crate) const NAMES: [(&str, &str, &[&str]); 10] = [
    ("golang:1.19-bookworm", "golang", &["ca-certificates", "gcc", "git", "golang-go", "libc6-dev"]),
    ("rust:1.80-bookworm", "rust", &["ca-certificates", "cargo", "gcc", "git", "libc6-dev", "rustc"]),
    ("gcc:12-bookworm", "debian", &["g++", "gcc", "libc6-dev", "make"]),
    ("node:20-bookworm", "node", &["ca-certificates", "g++", "git", "make", "nodejs", "python3"]),
    ("node:20-bookworm-slim", "node", &["nodejs"]),
    (
        "python:3.11-bookworm",
        "python",
        &["ca-certificates", "gcc", "git", "libc6-dev", "python3-dev", "python3-pip", "python3-venv"],
    ),
    ("python:3.11-slim-bookworm", "python", &["ca-certificates", "python3", "python3-pip", "python3-venv"]),
    (
        "maven:3.8-eclipse-temurin-17",
        "maven",
        &[
            "libmaven-compiler-plugin-java",
            "libmaven-jar-plugin-java",
            "libmaven-resources-plugin-java",
            "libmaven-shade-plugin-java",
            "libsurefire-java",
            "maven",
            "openjdk-17-jdk-headless",
        ],
    ),
    ("eclipse-temurin:17-jre", "jre", &["openjdk-17-jre-headless"]),
    ("debian:bookworm-slim", "debian", &[]),
];

/// Base images that are there until the [`Docker`] they were made with is dropped.
pub(crate) struct Bases {
    /// Name in Dockerfiles and name here.
    pub(crate) images: Vec<(String, String)>,
    /// Their configurations.
    pub(crate) facts: RecordedFacts,
    /// Those that could not be made, and why.
    pub(crate) missing: Vec<(String, String)>,
    /// A static busybox.
    pub(crate) busybox: PathBuf,
}

impl Bases {
    /// Makes those the cases build on and run in. An error says what is missing on this machine for all of them.
    pub(crate) fn make(docker: &Docker, cases: &[Case]) -> Result<Self, String> {
        let busybox =
            run(Command::new(here().join("../containers/busybox")).arg(kept().join("busybox"))).ok()?;
        let mut bases = Self {
            images: Vec::new(),
            facts: RecordedFacts::empty(),
            missing: Vec::new(),
            busybox: PathBuf::from(busybox.trim()),
        };
        let used = |folder: &str| {
            let mut names = NAMES.iter().filter(|one| one.1 == folder);
            names.any(|(name, ..)| cases.iter().any(|case| case.text().contains(&format!("FROM {name}"))))
        };
        for (name, folder, packages) in NAMES {
            // A runtime image is needed with its builder.
            let needed = used(folder) || folder == "debian" || (folder == "jre" && used("maven"));
            if needed && let Err(why) = bases.add(docker, name, folder, packages) {
                bases.missing.push((name.to_owned(), why));
            }
        }
        Ok(bases)
    }

    fn add(&mut self, docker: &Docker, name: &str, folder: &str, packages: &[&str]) -> Result<(), String> {
        let (mut tar, _list) = debian::archive(packages)?;
        let files = Docker::tag(&format!("files-{name}"));
        docker.import(&mut tar, &files)?;
        let context = tempfile::tempdir_in(scratch()).unwrap();
        copy_tree(&here().join("bases").join(folder), context.path(), &[]);
        // What reaches PyPI and npm from this machine does so from a build.
        for file in ["/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf", "/usr/etc/npmrc"] {
            let name = file.rsplit('/').next().unwrap();
            let text = fs::read(file).unwrap_or_default();
            fs::write(context.path().join(name), text).unwrap();
        }
        if folder == "node" {
            // Updated by itself, npm is not the one of the package.
            let archive = context.path().join("npm.tar");
            let paths = ["usr/bin/npm", "usr/bin/npx", "usr/lib/node_modules/npm"];
            run(Command::new("tar").args(["--create", "--directory=/", "--file"]).arg(archive).args(paths))
                .ok()?;
        }
        if folder == "golang" {
            // The official image has Go's own copy of the time zones, Debian's package does not.
            let script = "import pathlib, sys, zipfile\nzones = pathlib.Path('/usr/share/zoneinfo')\n\
                with zipfile.ZipFile(sys.argv[1], 'w') as made:\n  for zone in ('Asia/Tokyo', 'Europe/Paris', 'UTC'):\n    \
                made.write(zones / zone, zone)\n";
            run(Command::new("python3").args(["-c", script]).arg(context.path().join("zoneinfo.zip")))
                .ok()?;
        }
        let tag = Docker::tag(name);
        let build = Build {
            dockerfile: &context.path().join("Dockerfile"),
            context: context.path(),
            target: None,
            images: &[("files".to_owned(), files)],
            tag: Some(&tag),
            legacy: false,
        };
        docker.build(&build)?;
        let (id, config) = Docker::inspect(&tag);
        let (image, digest) = (Reference::parse(name).unwrap(), Digest::parse(&id).unwrap());
        self.facts.insert_tags(&image, &digest, [image.tag_or_latest()]);
        self.facts.insert_config(&image, &digest, Ok(config.known()));
        self.images.push((name.to_owned(), tag));
        Ok(())
    }
}
