//! Child processes: never through a shell, with a time limit, in a process group of their own, with output that is
//! bounded in memory.

use std::collections::VecDeque;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Bytes of each stream that are kept; of more, the last ones.
const MAX_OUTPUT: usize = 4 << 20;
/// Time for a program to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(5);
/// Time for the last output of a program that has ended; a grandchild may hold the stream open for longer.
const LAST_OUTPUT: Duration = Duration::from_secs(2);

/// Why a command has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The user interrupts the run.
    Interrupted,
    /// It could not be run, in words.
    Failed(String),
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

/// A command that has ended.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    /// Exit code; `None` after a signal, or when it took too long.
    pub(super) code: Option<i32>,
    /// It was stopped because its time was over.
    pub(super) late: bool,
    /// The end of standard output.
    pub(super) out: String,
    /// The end of standard error.
    pub(super) err: String,
}

impl Finished {
    pub(super) fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// The last line it wrote, for messages.
    pub(super) fn last_line(&self) -> &str {
        let last = |text: &'_ str| -> Option<usize> {
            let trimmed = text.trim_end();
            (!trimmed.is_empty()).then(|| trimmed.rfind('\n').map_or(0, |at| at + 1))
        };
        match (last(&self.err), last(&self.out)) {
            (Some(at), _) => self.err.get(at..).unwrap_or_default().trim_end(),
            (None, Some(at)) => self.out.get(at..).unwrap_or_default().trim_end(),
            (None, None) => "it says nothing",
        }
    }
}

/// Runs a command to its end, for `limit` at most, and while `interrupted` is not set.
pub(super) fn run(
    command: &mut Command,
    limit: Duration,
    interrupted: &AtomicBool,
) -> Result<Finished, Stop> {
    if interrupted.load(Ordering::Relaxed) {
        return Err(Stop::Interrupted);
    }
    own_group(command);
    let program = command.get_program().to_string_lossy().into_owned();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("{program} cannot be started: {error}"))?;
    let out = child.stdout.take().map(Reader::start);
    let err = child.stderr.take().map(Reader::start);
    let start = Instant::now();
    let mut pause = Duration::from_millis(2);
    let (mut late, mut stopped) = (false, false);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) => {}
            Err(_) => break end(&mut child),
        }
        late = start.elapsed() >= limit;
        stopped = interrupted.load(Ordering::Relaxed);
        if late || stopped {
            break end(&mut child);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    };
    if stopped {
        return Err(Stop::Interrupted);
    }
    let text = |reader: Option<Reader>| reader.map(Reader::finish).unwrap_or_default();
    Ok(Finished {
        code: status.and_then(|one| one.code()).filter(|_| !late),
        late,
        out: text(out),
        err: text(err),
    })
}

#[cfg(unix)]
fn own_group(command: &mut Command) {
    // Ctrl-C in a terminal reaches the whole group: the child is ended here, in order, instead.
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn own_group(_command: &mut Command) {}

/// Asks a child and what it started to end, then ends them.
fn end(child: &mut Child) -> Option<ExitStatus> {
    signal(child, false);
    let start = Instant::now();
    let mut status = None;
    while status.is_none() && start.elapsed() < GRACE {
        status = child.try_wait().ok().flatten();
        thread::sleep(Duration::from_millis(10));
    }
    // Also when the child itself has ended: others of its group may not have.
    signal(child, true);
    let _ = child.kill();
    status.or_else(|| child.wait().ok())
}

#[cfg(unix)]
fn signal(child: &Child, hard: bool) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = if hard { Signal::KILL } else { Signal::TERM };
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // A group that is gone already is what is wanted.
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(not(unix))]
fn signal(_child: &Child, _hard: bool) {}

/// Reads a stream in a thread, so that the child never waits for a reader.
struct Reader {
    tail: Arc<Mutex<VecDeque<u8>>>,
    thread: JoinHandle<()>,
}

impl Reader {
    fn start(mut stream: impl Read + Send + 'static) -> Self {
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let shared = Arc::clone(&tail);
        let thread = thread::spawn(move || {
            let mut chunk = [0; 8192];
            while let Ok(count) = stream.read(&mut chunk) {
                let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
                let mut tail = shared.lock().unwrap_or_else(PoisonError::into_inner);
                tail.extend(bytes);
                let excess = tail.len().saturating_sub(MAX_OUTPUT);
                tail.drain(..excess);
            }
        });
        Self { tail, thread }
    }

    fn finish(self) -> String {
        let start = Instant::now();
        while !self.thread.is_finished() && start.elapsed() < LAST_OUTPUT {
            thread::sleep(Duration::from_millis(2));
        }
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(tail.make_contiguous()).into_owned()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Result<Finished, Stop> {
        run(Command::new("sh").args(["-c", script]), limit, &AtomicBool::new(false))
    }

    #[test]
    fn output_and_code() {
        let done = sh("echo out; echo first >&2; echo last >&2; exit 7", Duration::from_secs(30)).unwrap();
        assert_eq!((done.code, done.late, done.out.as_str()), (Some(7), false, "out\n"));
        assert_eq!(done.last_line(), "last");
    }

    #[test]
    fn a_flood_is_bounded_and_does_not_block() {
        let script = "head -c 9000000 /dev/zero; head -c 9000000 /dev/zero >&2; echo end";
        let done = sh(script, Duration::from_secs(60)).unwrap();
        assert_eq!((done.code, done.out.len(), done.err.len()), (Some(0), MAX_OUTPUT, MAX_OUTPUT));
        assert!(done.out.ends_with("\0end\n"));
    }

    #[test]
    fn the_whole_group_ends_when_time_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let script = format!("(sleep 3; touch {}) & trap '' TERM; sleep 60", mark.display());
        let start = Instant::now();
        let done = sh(&script, Duration::from_millis(200)).unwrap();
        assert!(done.late && done.code.is_none());
        assert!(start.elapsed() < Duration::from_secs(30));
        thread::sleep(Duration::from_secs(4));
        assert!(!mark.exists(), "what the child started lives on");
    }

    #[test]
    fn an_interruption_ends_the_command_and_the_next_does_not_start() {
        let flag = Arc::new(AtomicBool::new(false));
        let other = Arc::clone(&flag);
        let setter = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            other.store(true, Ordering::Relaxed);
        });
        let start = Instant::now();
        let result = run(Command::new("sleep").arg("60"), Duration::from_secs(60), &flag);
        assert_eq!(result.err(), Some(Stop::Interrupted));
        assert!(start.elapsed() < Duration::from_secs(30));
        setter.join().unwrap();
        let result = run(&mut Command::new("true"), Duration::from_secs(60), &flag);
        assert_eq!(result.err(), Some(Stop::Interrupted));
    }

    #[test]
    fn a_missing_program_is_named() {
        let result =
            run(&mut Command::new("no-such-program"), Duration::from_secs(1), &AtomicBool::new(false));
        assert!(
            matches!(result, Err(Stop::Failed(message)) if message.starts_with("no-such-program cannot be started"))
        );
    }
}
