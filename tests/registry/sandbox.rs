//! A folder with Dockerfiles, and harden run in it with an environment of its own.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longest a run may take, whatever the registry does.
const LIMIT: Duration = Duration::from_secs(40);

pub(crate) struct Sandbox {
    dir: TempDir,
    environment: Vec<(String, OsString)>,
}

/// What a run answered.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) took: Duration,
}

impl Said {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "standard output:\n{}\nstandard error:\n{}", self.out, self.err);
        self
    }

    /// Standard error holds this text, and nothing that must never be there.
    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        assert!(self.err.contains(part), "`{part}` is missing in:\n{}", self.err);
        assert!(!self.err.contains("internal error") && !self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// The lines about registries.
    pub(crate) fn warnings(&self) -> Vec<&str> {
        self.err.lines().filter(|line| line.starts_with("warning:")).collect()
    }
}

impl Sandbox {
    pub(crate) fn new(dockerfile: &str) -> Self {
        let dir = TempDir::with_prefix("harden-registry-run-").unwrap();
        for folder in ["work", "home", "docker"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        // Nothing above is looked at for a harden.toml.
        fs::create_dir(dir.path().join("work/.git")).unwrap();
        let sandbox = Self { dir, environment: Vec::new() };
        sandbox.write("Dockerfile", dockerfile);
        sandbox
    }

    /// Stages from these images.
    pub(crate) fn from(images: &[impl AsRef<str>]) -> Self {
        Self::new(&stages(images))
    }

    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join("work").join(path)
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: impl AsRef<Path>) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// The Dockerfile.
    pub(crate) fn text(&self) -> String {
        self.read("Dockerfile")
    }

    pub(crate) fn env(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.to_owned(), value.into()));
    }

    /// Writes Docker's configuration, the one with credentials.
    pub(crate) fn docker_config(&self, config: &serde_json::Value) {
        fs::write(self.dir.path().join("docker/config.json"), config.to_string()).unwrap();
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Everything that is in files here, except Docker's own configuration.
    pub(crate) fn everything(&self) -> String {
        let mut all = String::new();
        let mut folders = vec![self.folder("work"), self.folder("cache"), self.folder("home")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    all += &String::from_utf8_lossy(&fs::read(&path).unwrap());
                }
            }
        }
        all
    }

    /// `harden --only pin-digest --write`.
    pub(crate) fn pin(&self) -> Said {
        self.harden(&["--only", "pin-digest", "--write"])
    }

    /// Runs harden; fails when it does not end in time.
    #[track_caller]
    pub(crate) fn harden(&self, arguments: &[&str]) -> Said {
        let mut child = Command::new(env!("CARGO_BIN_EXE_harden"))
            .args(arguments)
            .current_dir(self.folder("work"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder("home"))
            .env("DOCKER_CONFIG", self.folder("docker"))
            .env("HARDEN_CACHE_DIR", self.folder("cache"))
            .env("COLUMNS", "100")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        let (out, err) = (collect(child.stdout.take().unwrap()), collect(child.stderr.take().unwrap()));
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > LIMIT {
                let _ = child.kill();
                let _ = child.wait();
                panic!("harden {arguments:?} did not end within {LIMIT:?}: {}", err.join().unwrap());
            }
            thread::sleep(Duration::from_millis(2));
        };
        let took = begun.elapsed();
        let (out, err) = (out.join().unwrap(), err.join().unwrap());
        Said { code: status.code().expect("no signal"), out, err, took }
    }
}

fn collect(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    })
}

/// A Dockerfile with a stage from each image.
pub(crate) fn stages(images: &[impl AsRef<str>]) -> String {
    let stage = |(number, image): (usize, &_)| format!("FROM {} AS s{number}\n", AsRef::as_ref(image));
    images.iter().enumerate().map(stage).collect()
}
