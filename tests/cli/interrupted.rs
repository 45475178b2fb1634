//! Runs that are killed, and files that change under harden's hands.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{HARDEN, Sandbox, copy_and_pin};

const FILES: usize = 2000;

fn before(index: usize) -> String {
    format!("FROM scratch\n{}ADD . /{index}\n", "# A comment that takes some room.\n".repeat(20))
}

fn after(index: usize) -> String {
    before(index).replace("\nADD . ", "\nCOPY . ")
}

/// However a run ends, every file holds its old text or its new one.
#[test]
fn killed() {
    let sandbox = Sandbox::new(&[]);
    for index in 0..FILES {
        sandbox.write(format!("{}/Dockerfile.{index}", index % 40), before(index));
    }
    let (mut cut_short, mut done) = (0, 0);
    let mut delay = Duration::from_millis(4);
    while cut_short < 5 && done < FILES && delay < Duration::from_secs(20) {
        let mut child = sandbox
            .command(HARDEN)
            .args(copy_and_pin(&["--write", "--quiet"]))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(delay);
        // On Unix this is SIGKILL: nothing can be tidied up.
        child.kill().unwrap();
        child.wait().unwrap();
        let now = (0..FILES).filter(|&index| is_new(&sandbox, index)).count();
        assert!(now >= done);
        if now > done && now < FILES {
            cut_short += 1;
        } else {
            // Not long enough to write anything, on this machine.
            delay = delay * 3 / 2;
        }
        done = now;
    }
    assert!(cut_short > 0, "no run was killed while it was writing: {done} files are done");
    for (path, _) in sandbox.files() {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with("Dockerfile.") || name.starts_with(".harden-"),
            "{} was left",
            path.display()
        );
    }
    // What a killed run leaves behind is in nobody's way.
    assert_eq!(sandbox.copy_and_pin(&["--write", "--quiet"]).code, Some(0));
    assert_eq!((0..FILES).filter(|&index| is_new(&sandbox, index)).count(), FILES);
}

fn is_new(sandbox: &Sandbox, index: usize) -> bool {
    let text = sandbox.read(format!("{}/Dockerfile.{index}", index % 40));
    let new = text == after(index);
    assert!(new || text == before(index), "Dockerfile.{index} is neither old nor new:\n{text}");
    new
}

/// A change by somebody else between reading and writing is kept. Linux tells how much a process has read, so the test
/// knows when harden has all of the file.
#[cfg(target_os = "linux")]
#[test]
fn changed_meanwhile() {
    let text = format!("FROM scratch\n{}", "ADD . /some/folder/that/has/a/long/name\n".repeat(60_000));
    let sandbox = Sandbox::new(&[("big/Dockerfile", &text), ("small/Dockerfile", "FROM scratch\nADD . /\n")]);
    let child =
        sandbox.command(HARDEN).args(copy_and_pin(&["--write", "--quiet", "--jobs", "1"])).spawn().unwrap();
    let counters = format!("/proc/{}/io", child.id());
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(Instant::now() < deadline, "harden never read the file");
        let Ok(io) = fs::read_to_string(&counters) else { panic!("harden ended too early") };
        let read = io.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap();
        if read.parse::<usize>().unwrap() > text.len() {
            break;
        }
    }
    let theirs = text.replacen("FROM scratch", "FROM busybox", 1);
    sandbox.write("big/Dockerfile", &theirs);
    let said = crate::support::Said::from(child.wait_with_output().unwrap());
    said.failed_with(
        "did not write big/Dockerfile: it changed while harden was working on it; run harden again",
    );
    assert!(sandbox.read("big/Dockerfile") == theirs, "the other change was lost");
    assert_eq!(sandbox.read("small/Dockerfile"), "FROM scratch\nCOPY . /\n");
    assert_eq!(sandbox.files().len(), 2, "a temporary file was left");
}
