//! One run of verifications: its name, its folder, and the removal of everything it made.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use tempfile::TempDir;

use super::args::BuilderName;
use super::builder::{ANSWER, Builder, Made};
use super::process::{Finished, Stop, run};

/// The label of whatever is made; its value is the name of the run.
pub const LABEL: &str = "harden.verify";

/// Rounds of removal: a daemon may finish what it was doing after its client has gone.
const ROUNDS: usize = 3;

/// A builder and what was made with it. Dropping it removes that, also when the run is interrupted.
///
/// Only what carries the label of this very run is removed, and containers of Buildah, which have none, by the names they
/// were given here.
#[derive(Debug)]
pub struct Session {
    pub(super) builder: Builder,
    pub(super) interrupted: Arc<AtomicBool>,
    id: String,
    folder: Option<TempDir>,
    count: AtomicUsize,
    /// Something may have to be removed.
    used: AtomicBool,
    containers: Mutex<Vec<String>>,
}

impl Session {
    /// Finds a builder. From here on the first SIGINT or SIGTERM ends the verification in order, the second at once.
    ///
    /// # Errors
    /// When there is no builder, or no folder for temporary files; in words.
    pub fn open(wanted: Option<BuilderName>) -> Result<Self, String> {
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the second signal finds the flag of the first.
            let registered = flag::register_conditional_shutdown(signal, 130, Arc::clone(&interrupted))
                .and_then(|_| flag::register(signal, Arc::clone(&interrupted)));
            registered.map_err(|error| format!("signals cannot be handled: {error}"))?;
        }
        let builder = Builder::find(wanted, &interrupted).map_err(|stop| match stop {
            Stop::Interrupted => "interrupted".to_owned(),
            Stop::Failed(why) => why,
        })?;
        let folder = tempfile::Builder::new().prefix("harden-verify-").tempdir();
        let folder = folder.map_err(|error| format!("there is no folder for temporary files: {error}"))?;
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        Ok(Self {
            builder,
            interrupted,
            id: format!("{}-{time:x}", std::process::id()),
            folder: Some(folder),
            count: AtomicUsize::new(0),
            used: AtomicBool::new(false),
            containers: Mutex::default(),
        })
    }

    /// Name of the builder, for reports.
    pub fn builder(&self) -> &'static str {
        self.builder.name()
    }

    /// Whether the user has interrupted the run.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// `name=value`.
    pub(super) fn label(&self) -> String {
        format!("{LABEL}={}", self.id)
    }

    /// Where temporary files go; only this user may read them.
    pub(super) fn folder(&self) -> &Path {
        self.folder.as_ref().map_or_else(|| Path::new("."), TempDir::path)
    }

    /// A name that nothing else has. It will be in use.
    pub(super) fn name(&self, what: &str) -> String {
        self.used.store(true, Ordering::Relaxed);
        format!("harden-verify-{}-{}-{what}", self.id, self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// A container of Buildah of that name will be made.
    pub(super) fn remember(&self, container: &str) {
        self.containers.lock().unwrap_or_else(PoisonError::into_inner).push(container.to_owned());
    }

    /// Runs a command of the builder.
    pub(super) fn run(&self, command: &mut Command, limit: Duration) -> Result<Finished, Stop> {
        run(command, limit, &self.interrupted)
    }

    /// Runs a command that has to succeed, and gives its output.
    pub(super) fn ask(&self, command: &mut Command, limit: Duration) -> Result<String, Stop> {
        let done = self.run(command, limit)?;
        if done.succeeded() {
            return Ok(done.out);
        }
        let words: Vec<_> = command.get_args().take(2).map(|word| word.to_string_lossy()).collect();
        let program = command.get_program().to_string_lossy().into_owned();
        let what = if done.late { "takes too long" } else { "fails" };
        Err(Stop::Failed(format!("`{program} {}` {what}: {}", words.join(" "), done.last_line())))
    }

    /// Removes what was made so far; true when nothing is left.
    pub(super) fn remove_all(&self) -> bool {
        // An interruption must not stop the removal.
        let calm = AtomicBool::new(false);
        let label = self.label();
        let own = std::mem::take(&mut *self.containers.lock().unwrap_or_else(PoisonError::into_inner));
        for name in &own {
            let _ = run(&mut self.builder.remove(Made::Container, &[name]), ANSWER, &calm);
        }
        let mut left = false;
        for what in [Made::Container, Made::Image] {
            let Some(mut list) = self.builder.list(what, &label) else { continue };
            let Ok(found) = run(&mut list, ANSWER, &calm) else { return false };
            left |= !found.succeeded();
            let mut ids: Vec<&str> = found.out.split_whitespace().collect();
            ids.sort_unstable();
            ids.dedup();
            if !ids.is_empty() {
                left |= !run(&mut self.builder.remove(what, &ids), ANSWER, &calm)
                    .is_ok_and(|done| done.succeeded());
            }
        }
        !left
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.used.load(Ordering::Relaxed) {
            // Of an interrupted build the daemon may still make the image.
            let rounds = if self.is_interrupted() { ROUNDS } else { 1 };
            for round in 0..rounds {
                if round > 0 {
                    thread::sleep(Duration::from_millis(300));
                }
                if !self.remove_all() {
                    let _ = self.remove_all();
                }
            }
        }
        drop(self.folder.take());
    }
}
