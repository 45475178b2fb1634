//! Runs git: never through a shell, for one repository, whatever the environment of a hook says.

use std::ffi::OsStr;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// Variables that would lead git to another repository, index or set of names (`git rev-parse --local-env-vars`, and
/// "Git" in git(1) for the ways names are read). A hook sets some of them.
const FOREIGN: [&str; 15] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// git for one repository.
#[derive(Clone, Debug)]
pub(super) struct Git {
    root: PathBuf,
    index: Option<PathBuf>,
}

/// A call that has ended.
pub(super) struct Answer {
    code: Option<i32>,
    out: Vec<u8>,
    err: String,
}

impl Answer {
    pub(super) fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// `None` after a signal.
    pub(super) fn code(&self) -> Option<i32> {
        self.code
    }

    /// What it printed, if it succeeded; else what it said.
    pub(super) fn output(self) -> Result<Vec<u8>, String> {
        if self.succeeded() { Ok(self.out) } else { Err(self.said()) }
    }

    /// One line of text that it printed, if it succeeded; else what it said.
    pub(super) fn line(self) -> Result<String, String> {
        let out = self.output()?;
        Ok(String::from_utf8_lossy(&out).trim_end().to_owned())
    }

    /// The first line of its errors, hints left out.
    pub(super) fn said(&self) -> String {
        let lines = || self.err.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("hint:"));
        let said = lines().find(|line| line.starts_with("fatal:")).or_else(|| lines().next());
        said.unwrap_or("git failed without a message").to_owned()
    }
}

impl Git {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: plain(root), index: None }
    }

    /// The same with another index.
    pub(super) fn with_index(&self, index: &Path) -> Self {
        Self { root: self.root.clone(), index: Some(index.to_path_buf()) }
    }

    /// Runs git to its end with `input` on standard input. An error: it could not be started.
    pub(super) fn run<A: AsRef<OsStr>>(&self, arguments: &[A], input: &[u8]) -> Result<Answer, String> {
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.root);
        git.args(["--no-optional-locks", "--no-replace-objects"]);
        // Programs that the repository names, and files that git would leave beside the temporary index.
        git.args([
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.splitIndex=false",
            // No file of the work tree is read, so none would change when it is checked out again.
            "-c",
            "core.safecrlf=false",
        ]);
        git.args(arguments);
        for name in FOREIGN {
            git.env_remove(name);
        }
        if let Some(index) = &self.index {
            git.env("GIT_INDEX_FILE", index);
        }
        git.env("LC_ALL", "C").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = git.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => "the program git is not installed, or not on the PATH".to_owned(),
            _ => format!("git cannot be started: {error}"),
        })?;
        let stdin = child.stdin.take();
        // Both at once: git answers while it still reads.
        let output = thread::scope(|scope| {
            // git may end without having read everything; its exit code tells.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
            child.wait_with_output()
        });
        let output = output.map_err(|error| format!("git cannot be read: {error}"))?;
        Ok(Answer {
            code: output.status.code(),
            out: output.stdout,
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// [`run`](Self::run) without input, for its output.
    pub(super) fn output<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<Vec<u8>, String> {
        self.run(arguments, b"")?.output()
    }

    /// [`run`](Self::run) without input, for one line.
    pub(super) fn line<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<String, String> {
        self.run(arguments, b"")?.line()
    }
}

/// Without the prefix of canonical paths on Windows, which git does not understand.
fn plain(path: &Path) -> PathBuf {
    match path.to_str().and_then(|text| text.strip_prefix(r"\\?\")) {
        Some(short) if short.as_bytes().get(1) == Some(&b':') => short.into(),
        _ => path.to_path_buf(),
    }
}
