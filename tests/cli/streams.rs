//! Output that nobody reads or that cannot be written.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{ChildStdout, Stdio};

use crate::support::{HARDEN, Said, Sandbox, copy_and_pin};

const FILES: usize = 300;

/// Files whose diffs, and whose findings, are more than a pipe and a buffer hold.
fn many() -> Sandbox {
    let sandbox = Sandbox::new(&[]);
    for index in 0..FILES {
        sandbox.write(path(index), format!("FROM scratch\n# {}\nADD . /\n", "x".repeat(200)));
    }
    sandbox
}

fn path(index: usize) -> String {
    let long = "long".repeat(50);
    format!("{long}/{long}/{index:03}/Dockerfile")
}

#[track_caller]
fn all_written(sandbox: &Sandbox) {
    let files = sandbox.files();
    assert_eq!(files.len(), FILES);
    for (path, text) in files {
        assert!(text.ends_with(b"\nCOPY . /\n"), "{} was not written", path.display());
    }
}

fn first_line(pipe: ChildStdout) -> String {
    let mut line = String::new();
    BufReader::new(pipe).read_line(&mut line).unwrap();
    line
}

/// `harden | head -1` ends like any other run, and quietly.
#[test]
fn a_reader_that_goes_away() {
    let sandbox = many();
    let whole = sandbox.copy_and_pin(&[]);
    assert!(whole.out.len() > 200_000);
    for arguments in [&["--diff"][..], &["--format", "json"]] {
        let mut child = sandbox.command(HARDEN).args(copy_and_pin(arguments)).spawn().unwrap();
        let line = first_line(child.stdout.take().unwrap());
        assert!(line.starts_with("diff --git") || line.starts_with("{\"schema\""), "{line}");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(!err.contains("error") && !err.contains("panicked"), "{err}");
        assert!(arguments[0] != "--diff" || err == whole.err, "findings are still told:\n{err}");
    }
}

/// Who writes files finishes the job although nobody listens, on either stream.
#[test]
fn a_reader_that_goes_away_stops_no_writing() {
    for line in [
        "\"$0\" --only add-to-copy --write --format json . | head -1",
        "\"$0\" --only add-to-copy --write . 2>&1 | head -1",
        "\"$0\" --only add-to-copy --write . >&- 2>&-",
    ] {
        let sandbox = many();
        let said = Said::from(sandbox.command("sh").args(["-c", line, HARDEN]).output().unwrap());
        assert!(!said.err.contains("error") && !said.err.contains("panicked"), "{line}: {}", said.err);
        // `head` ends before harden does.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while std::time::Instant::now() < deadline && !finished(&sandbox) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        all_written(&sandbox);
    }
}

fn finished(sandbox: &Sandbox) -> bool {
    sandbox.files().iter().all(|(_, text)| text.ends_with(b"COPY . /\n"))
}

#[test]
fn help_for_a_reader_that_goes_away() {
    let sandbox = Sandbox::new(&[]);
    for arguments in ["--help", "list", "explain add-to-copy"] {
        let line = format!("\"$0\" {arguments} | true");
        let said = Said::from(sandbox.command("sh").args(["-c", &line, HARDEN]).output().unwrap());
        assert_eq!(said.err, "", "{arguments}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device() {
    let sandbox = many();
    for arguments in
        [&["--diff"][..], &["--check"], &["--format", "json"], &["list"], &["explain", "add-git"]]
    {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = sandbox.command(HARDEN).args(arguments).stdout(full).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {err}");
        let message = "error: the output could not be written: No space left on device";
        assert!(err.contains(message), "{arguments:?}: {err}");
        assert!(!err.contains("panicked"), "{err}");
    }
    // Nothing can be said about standard error; it must not be a crash.
    let full = File::options().write(true).open("/dev/full").unwrap();
    let status =
        sandbox.command(HARDEN).args(["--diff", "."]).stdout(Stdio::null()).stderr(full).status().unwrap();
    assert!(status.code().is_some_and(|code| code <= 2), "{status}");
}
