//! Running programs within a time.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The longest any one command may take; the slowest, compiling busybox, needs half a minute.
pub(crate) const LIMIT: Duration = Duration::from_secs(180);

/// What a program left behind.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// Exit code; `None` when it was stopped by a signal or took too long.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    pub(crate) fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// What it wrote when it succeeded, else its last lines.
    pub(crate) fn ok(self) -> Result<String, String> {
        if self.succeeded() { Ok(self.out) } else { Err(self.last_words()) }
    }

    /// The end of what it wrote, for reports.
    pub(crate) fn last_words(&self) -> String {
        let all = format!("{}{}", self.out, self.err);
        let lines: Vec<&str> = all.trim().lines().collect();
        let last = lines[lines.len().saturating_sub(12)..].join("\n");
        match self.code {
            Some(code) => format!("exit code {code}: {last}"),
            None => format!("stopped: {last}"),
        }
    }
}

/// A program that runs, with its output in files, so that it never waits for a reader. Ends with the value.
pub(crate) struct Running {
    child: Child,
    folder: TempDir,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let folder = TempDir::new_in(scratch()).unwrap();
        let file = |name: &str| File::create(folder.path().join(name)).unwrap();
        let child =
            command.stdin(Stdio::null()).stdout(file("out")).stderr(file("err")).spawn().unwrap_or_else(
                |error| {
                    panic!("{} cannot be started: {error}", command.get_program().display());
                },
            );
        Self { child, folder }
    }

    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end, but no longer than `limit`; then it is stopped.
    pub(crate) fn wait(mut self, limit: Duration) -> Done {
        let start = Instant::now();
        let mut pause = Duration::from_millis(2);
        while !self.is_over() && start.elapsed() < limit {
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
        let code = self.child.try_wait().unwrap().and_then(|status| status.code());
        let read = |name: &str| {
            let bytes = fs::read(self.folder.path().join(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Done { code, out: read("out"), err: read("err") }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Done {
    Running::start(command).wait(LIMIT)
}

/// Where this run of the test works; removed when it ends, also when it is interrupted (see [`crate::docker`]).
pub(crate) fn scratch() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("harden-containers-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Where this test keeps what takes long to make.
pub(crate) fn kept() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("containers");
    fs::create_dir_all(&folder).unwrap();
    folder
}
