//! The builders, and how each is asked for the same things.
//!
//! Source of facts: the references of the Docker, Podman and Buildah command lines.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::args::BuilderName;
use super::process::{Stop, run};

/// Time for a question that needs no work.
pub(super) const ANSWER: Duration = Duration::from_secs(60);

/// A builder that works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builder {
    /// Docker with buildx, that is BuildKit.
    Buildx,
    /// Docker with the builder that came before BuildKit.
    Classic,
    Podman,
    Buildah,
}

/// One build.
#[derive(Clone, Debug)]
pub(super) struct BuildCommand<'a> {
    pub(super) dockerfile: &'a Path,
    pub(super) context: &'a Path,
    pub(super) tag: &'a str,
    pub(super) label: &'a str,
    pub(super) target: Option<&'a str>,
    pub(super) network: Option<&'a str>,
    /// Options as they are, for instance `--build-arg` and its value.
    pub(super) more: &'a [OsString],
    /// Variables for the builder that must not stand in its command line.
    pub(super) environment: &'a [(String, String)],
    /// Every step anew.
    pub(super) anew: bool,
}

impl Builder {
    /// The builder of that name, or the first that works.
    ///
    /// An error says which were tried, what was wrong with each and what to install.
    pub(super) fn find(wanted: Option<BuilderName>, interrupted: &AtomicBool) -> Result<Self, Stop> {
        let all = [BuilderName::Docker, BuilderName::Podman, BuilderName::Buildah];
        let tried: Vec<_> =
            all.into_iter().filter(|one| wanted.is_none_or(|wanted| wanted == *one)).collect();
        let mut wrong = Vec::new();
        for name in tried {
            match Self::probe(name, interrupted) {
                Ok(builder) => return Ok(builder),
                Err(Stop::Interrupted) => return Err(Stop::Interrupted),
                Err(Stop::Failed(why)) => wrong.push(why),
            }
        }
        Err(Stop::Failed(format!(
            "no builder works: {}. Install Docker (https://docs.docker.com/engine/install/), Podman or Buildah, or \
             start it",
            wrong.join("; ")
        )))
    }

    fn probe(name: BuilderName, interrupted: &AtomicBool) -> Result<Self, Stop> {
        let program = name.program();
        // `docker version` fails without a daemon; the others need none.
        let done = run(Command::new(program).arg("version"), ANSWER, interrupted)?;
        if !done.succeeded() {
            return Err(Stop::Failed(format!("`{program} version` fails: {}", done.last_line())));
        }
        Ok(match name {
            BuilderName::Podman => Self::Podman,
            BuilderName::Buildah => Self::Buildah,
            BuilderName::Docker => {
                let buildx = run(Command::new(program).args(["buildx", "version"]), ANSWER, interrupted)?;
                if buildx.succeeded() { Self::Buildx } else { Self::Classic }
            }
        })
    }

    /// Its name in reports.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Buildx => "docker (BuildKit)",
            Self::Classic => "docker (classic)",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        }
    }

    const fn program(self) -> &'static str {
        match self {
            Self::Buildx | Self::Classic => "docker",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        }
    }

    /// A command of it.
    pub(super) fn command(self) -> Command {
        Command::new(self.program())
    }

    pub(super) fn build(self, build: &BuildCommand<'_>) -> Command {
        let mut command = self.command();
        command.envs(build.environment.iter().map(|(name, value)| (name, value)));
        match self {
            // With `--load` the image is there also when the builder runs in a container. Attestations of the same
            // image differ from build to build.
            Self::Buildx => command
                .args(["buildx", "build", "--load", "--progress", "plain"])
                .env("BUILDX_NO_DEFAULT_ATTESTATIONS", "1"),
            Self::Classic => command.args(["build", "--force-rm"]).env("DOCKER_BUILDKIT", "0"),
            Self::Podman | Self::Buildah => command.arg("build"),
        };
        command.args(["--tag", build.tag, "--label", build.label, "--file"]).arg(build.dockerfile);
        if let Some(target) = build.target {
            command.args(["--target", target]);
        }
        if let Some(network) = build.network {
            command.args(["--network", network]);
        }
        if build.anew {
            command.arg("--no-cache");
        }
        command.args(build.more);
        command.arg(build.context);
        command
    }

    /// Writes an image as a `docker save` archive.
    pub(super) fn save(self, tag: &str, file: &Path) -> Command {
        let mut command = self.command();
        match self {
            Self::Buildx | Self::Classic => command.args(["image", "save", "--output"]).arg(file).arg(tag),
            Self::Podman => {
                command.args(["image", "save", "--format", "docker-archive", "--output"]).arg(file).arg(tag)
            }
            Self::Buildah => {
                let mut place = OsString::from("docker-archive:");
                place.push(file);
                // Nobody logs in to a file; Buildah wants Docker's logins to exist nevertheless.
                command.args(["push", "--quiet", tag]).arg(place).env_remove("DOCKER_CONFIG")
            }
        };
        command
    }

    /// Prints the ids of what carries a label: images, or containers.
    pub(super) fn list(self, what: Made, label: &str) -> Option<Command> {
        let mut command = self.command();
        let filter = format!("label={label}");
        match (self, what) {
            (Self::Buildah, Made::Container) => return None,
            (Self::Buildah, Made::Image) => command.args(["images", "--quiet", "--no-trunc"]),
            (_, Made::Image) => command.args(["image", "ls", "--all", "--quiet", "--no-trunc"]),
            (_, Made::Container) => command.args(["ps", "--all", "--quiet", "--no-trunc"]),
        };
        command.arg("--filter").arg(filter);
        Some(command)
    }

    /// Removes what has these ids.
    pub(super) fn remove(self, what: Made, ids: &[&str]) -> Command {
        let mut command = self.command();
        match (self, what) {
            (Self::Buildah, Made::Container) => command.arg("rm"),
            (Self::Buildah, Made::Image) => command.args(["rmi", "--force"]),
            (_, Made::Container) => command.args(["rm", "--force", "--volumes"]),
            // Without `--no-prune`, Docker would also take images without a name that ours was made on.
            (Self::Buildx | Self::Classic, Made::Image) => {
                command.args(["image", "rm", "--force", "--no-prune"])
            }
            (Self::Podman, Made::Image) => command.args(["image", "rm", "--force"]),
        };
        command.args(ids);
        command
    }
}

/// What a verification makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    Container,
    Image,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(command: &Command) -> String {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn build_lines() {
        let more = ["--secret".into(), "id=a,env=A".into()];
        let environment = [("A".to_owned(), "hunter2".to_owned())];
        let mut build = BuildCommand {
            dockerfile: Path::new("/t/Dockerfile"),
            context: Path::new("app"),
            tag: "t:1",
            label: "l=1",
            target: Some("prod"),
            network: Some("none"),
            more: &more,
            environment: &environment,
            anew: false,
        };
        let rest =
            "--tag t:1 --label l=1 --file /t/Dockerfile --target prod --network none --secret id=a,env=A app";
        let begin = |builder: Builder| line(&builder.build(&build)).replace(rest, "…");
        assert_eq!(begin(Builder::Buildx), "docker buildx build --load --progress plain …");
        assert_eq!(begin(Builder::Classic), "docker build --force-rm …");
        assert_eq!(begin(Builder::Podman), "podman build …");
        assert_eq!(begin(Builder::Buildah), "buildah build …");
        build.anew = true;
        assert!(line(&Builder::Podman.build(&build)).contains(" --no-cache "));
    }

    #[test]
    fn saving_and_removing() {
        let save = |builder: Builder| line(&builder.save("t:1", Path::new("/t/a.tar")));
        assert_eq!(save(Builder::Buildx), "docker image save --output /t/a.tar t:1");
        assert_eq!(save(Builder::Podman), "podman image save --format docker-archive --output /t/a.tar t:1");
        assert_eq!(save(Builder::Buildah), "buildah push --quiet t:1 docker-archive:/t/a.tar");
        let list = |builder: Builder, what| builder.list(what, "l=1").map(|one| line(&one));
        assert_eq!(list(Builder::Buildah, Made::Container), None);
        assert_eq!(
            list(Builder::Classic, Made::Container).as_deref(),
            Some("docker ps --all --quiet --no-trunc --filter label=l=1")
        );
    }
}
