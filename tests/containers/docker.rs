//! The docker command, and the removal of all that was started with it.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use harden_core::ImageConfig;
use serde::Deserialize;

use crate::process::{Done, LIMIT, Running, run, scratch};

/// Removes whatever carries the label, and the folder of the run, once its standard input ends: when the test is over, has failed, or was killed.
const REMOVE: &str = r#"
trap '' INT HUP TERM
cat >/dev/null
for _ in 1 2; do
    docker ps --all --quiet --filter "label=$LABEL" | xargs -r docker rm --force --volumes
    docker volume ls --quiet --filter "label=$LABEL" | xargs -r docker volume rm --force
    docker image ls --all --quiet --no-trunc --filter "label=$LABEL" | sort -u | xargs -r docker rmi --force
done >/dev/null 2>&1
rm -rf "$FOLDER"
"#;

/// A Docker for one run of the test. What is made with it has a label of its own and is removed with the value, also
/// when the test is interrupted.
pub(crate) struct Docker {
    /// `name=value`, for whatever is made.
    pub(crate) label: String,
    remover: Child,
}

/// `config` of an image as `docker image inspect` shows it (OCI image specification, `config.md`).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Config {
    pub(crate) user: Option<String>,
    pub(crate) entrypoint: Option<Vec<String>>,
    pub(crate) cmd: Option<Vec<String>>,
    pub(crate) env: Option<Vec<String>>,
    pub(crate) working_dir: Option<String>,
    pub(crate) exposed_ports: Option<serde_json::Map<String, serde_json::Value>>,
    pub(crate) volumes: Option<serde_json::Map<String, serde_json::Value>>,
    pub(crate) stop_signal: Option<String>,
    pub(crate) healthcheck: Option<serde_json::Value>,
    pub(crate) shell: Option<Vec<String>>,
}

impl Config {
    /// As facts have it.
    pub(crate) fn known(self) -> ImageConfig {
        let keys = |map: Option<serde_json::Map<String, serde_json::Value>>| {
            map.into_iter().flatten().map(|(key, _)| key).collect()
        };
        let pair =
            |pair: &String| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        ImageConfig {
            platform: Some(format!(
                "linux/{}",
                if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
            )),
            user: self.user,
            entrypoint: self.entrypoint.unwrap_or_default(),
            cmd: self.cmd.unwrap_or_default(),
            env: self.env.iter().flatten().filter_map(pair).collect(),
            working_dir: self.working_dir,
            exposed_ports: keys(self.exposed_ports),
            volumes: keys(self.volumes),
            shell: self.shell.unwrap_or_default(),
        }
    }
}

/// What [`Docker::build`] builds.
pub(crate) struct Build<'a> {
    pub(crate) dockerfile: &'a Path,
    pub(crate) context: &'a Path,
    pub(crate) target: Option<&'a str>,
    /// Images that stand for others of these names.
    pub(crate) images: &'a [(String, String)],
    pub(crate) tag: Option<&'a str>,
    /// With the builder that came before BuildKit.
    pub(crate) legacy: bool,
}

impl Docker {
    pub(crate) fn open() -> Self {
        let label = format!("dev.harden.containers={}", std::process::id());
        let remover = Command::new("sh")
            .args(["-c", REMOVE])
            .env("LABEL", &label)
            .env("FOLDER", scratch())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { label, remover }
    }

    /// A name for an image of this run.
    pub(crate) fn tag(name: &str) -> String {
        let name = name.replace([':', '/', '.'], "-");
        format!("harden-containers/{name}:{}", std::process::id())
    }

    /// Runs `docker`.
    pub(crate) fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Done {
        run(Command::new("docker").args(arguments))
    }

    /// Makes an image of a file system in a tar archive that `files` writes to its standard output.
    pub(crate) fn import(&self, files: &mut Command, tag: &str) -> Result<(), String> {
        let mut archive =
            files.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let change = format!("LABEL {}", self.label);
        let done = Command::new("docker")
            .args(["import", "--change", &change, "-", tag])
            .stdin(archive.stdout.take().unwrap())
            .output()
            .unwrap();
        let _ = archive.wait();
        if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
    }

    /// Builds an image and gives its id, or the last lines of the builder. Steps have no network.
    pub(crate) fn build(&self, build: &Build<'_>) -> Result<String, String> {
        let (id, done) = self.build_as(build, |command| {
            command.args(["--network", "none"]);
        });
        done.ok().map(|_| id)
    }

    /// Builds an image with more options; gives its id, and what the builder wrote. The id is empty when it failed.
    pub(crate) fn build_as(&self, build: &Build<'_>, more: impl FnOnce(&mut Command)) -> (String, Done) {
        let mut command = Command::new("docker");
        command.env("DOCKER_BUILDKIT", if build.legacy { "0" } else { "1" });
        command.args(["build", "--label", &self.label, "--file"]).arg(build.dockerfile);
        if let Some(target) = build.target {
            command.args(["--target", target]);
        }
        if let Some(tag) = build.tag {
            command.args(["--tag", tag]);
        }
        let id = tempfile::NamedTempFile::new_in(scratch()).unwrap();
        command.arg("--iidfile").arg(id.path());
        if !build.legacy {
            command.args(["--progress", "plain"]);
            for (name, image) in build.images {
                command.arg("--build-context").arg(format!("{name}=docker-image://{image}"));
            }
        }
        more(&mut command);
        let done = run(command.arg(build.context));
        (std::fs::read_to_string(id.path()).unwrap_or_default().trim().to_owned(), done)
    }

    /// Id and configuration of an image.
    pub(crate) fn inspect(image: &str) -> (String, Config) {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Image {
            id: String,
            config: Config,
        }
        let shown = Self::run(["image", "inspect", image]).ok().unwrap();
        let image = serde_json::from_str::<Vec<Image>>(&shown).unwrap().remove(0);
        (image.id, image.config)
    }

    /// Makes a volume with a name.
    pub(crate) fn volume(&self) -> String {
        Self::run(["volume", "create", "--label", &self.label]).ok().unwrap().trim().to_owned()
    }

    /// Makes a container and puts the file `probe` into it as [`PROBE`]. It removes itself when it stops.
    pub(crate) fn create(&self, image: &str, options: &[String], command: &[&str], probe: &Path) -> String {
        let fixed = ["create", "--rm", "--network", "none", "--security-opt", "no-new-privileges", "--label"];
        let mut arguments: Vec<&str> = fixed.to_vec();
        arguments.push(&self.label);
        arguments.extend(options.iter().map(String::as_str));
        arguments.push(image);
        arguments.extend(command);
        let id =
            Self::run(arguments).ok().unwrap_or_else(|why| panic!("docker create: {why}")).trim().to_owned();
        Self::run(["cp", "--quiet", &probe.to_string_lossy(), &format!("{id}:{PROBE}")]).ok().unwrap();
        id
    }

    /// Starts a container; the value that is given back ends with it, with its output and exit code.
    pub(crate) fn start(container: &str) -> Running {
        Running::start(Command::new("docker").args(["start", "--attach", container]))
    }

    /// Runs the probe in a container as the user of its image, with `sh`.
    pub(crate) fn probe(container: &str, script: &str) -> Done {
        Self::run(["exec", container, PROBE, "sh", "-c", script])
    }

    /// What the last HEALTHCHECK found: `starting`, `healthy` or `unhealthy`; empty when there is none.
    pub(crate) fn health(container: &str) -> String {
        let format = "{{if .State.Health}}{{.State.Health.Status}}{{end}}";
        Self::run(["inspect", "--format", format, container]).out.trim().to_owned()
    }

    /// Stops a container at once.
    pub(crate) fn kill(container: &str) {
        Self::run(["kill", container]);
    }
}

/// Where the probe is in every container: a static busybox, as there may be nothing else. It has to be called busybox-
/// something to take the name of a tool as its first argument.
pub(crate) const PROBE: &str = "/busybox-probe";

impl Drop for Docker {
    fn drop(&mut self) {
        if let Some(mut input) = self.remover.stdin.take() {
            let _ = input.flush();
        }
        // Its standard input has ended; this is the time it takes to remove everything.
        let start = std::time::Instant::now();
        while start.elapsed() < LIMIT && matches!(self.remover.try_wait(), Ok(None)) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}
