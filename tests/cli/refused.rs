//! Files the system does not let harden read or write. Nothing is half written and nothing is left behind.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use crate::support::{HARDEN, Said, Sandbox, Transcript, copy_and_pin, facts};

const GOOD: &str = "FROM scratch\nADD . /\n";
const WRITTEN: &str = "FROM scratch\nCOPY . /\n";

fn set_mode(sandbox: &Sandbox, path: &str, mode: u32) {
    fs::set_permissions(sandbox.path(path), fs::Permissions::from_mode(mode)).unwrap();
}

/// harden as somebody whom modes stop: root is stopped by none and becomes `nobody`.
fn as_ordinary_user(sandbox: &Sandbox) -> Option<Command> {
    if fs::metadata(sandbox.path(".")).unwrap().uid() != 0 {
        return Some(sandbox.command(HARDEN));
    }
    // The build folder may be closed to others. Copied by another process: a file that this one has open for writing
    // when a test beside it starts a program cannot be run.
    let copied = Command::new("cp").arg(HARDEN).arg(sandbox.path("harden-copy")).status();
    assert!(copied.unwrap().success());
    set_mode(sandbox, "harden-copy", 0o755);
    let setpriv = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
    let mut command = sandbox.command("setpriv");
    command.args(setpriv).arg(sandbox.path("harden-copy"));
    let works = command.arg("--version").output().is_ok_and(|output| output.status.success());
    if !works {
        println!("skipped: running as root, and setpriv cannot become another user");
        return None;
    }
    let mut command = sandbox.command("setpriv");
    command.args(setpriv).arg(sandbox.path("harden-copy"));
    Some(command)
}

#[test]
fn unreadable() {
    let sandbox = Sandbox::new(&[
        ("closed/Dockerfile", GOOD),
        ("locked/in/Dockerfile", GOOD),
        ("open/Dockerfile", GOOD),
        ("closed.json", "{}"),
    ]);
    let Some(mut command) = as_ordinary_user(&sandbox) else { return };
    for path in ["closed/Dockerfile", "locked", "closed.json"] {
        set_mode(&sandbox, path, 0o000);
    }
    let mut transcript = Transcript::new(&sandbox);
    let said = Said::from(command.args(copy_and_pin(&["--diff", "."])).output().unwrap());
    transcript.add("harden --only add-to-copy,pin-digest --diff .", &said);
    assert_eq!(said.code, Some(2));
    assert!(said.out.contains("open/Dockerfile"), "the rest of the run goes on: {said:?}");
    let mut command = as_ordinary_user(&sandbox).unwrap();
    let said = Said::from(
        command
            .args(copy_and_pin(&["--diff", "closed/Dockerfile", "locked/in/Dockerfile"]))
            .output()
            .unwrap(),
    );
    transcript
        .add("harden --only add-to-copy,pin-digest --diff closed/Dockerfile locked/in/Dockerfile", &said);
    let mut command = as_ordinary_user(&sandbox).unwrap();
    let said = Said::from(command.args(copy_and_pin(&["--facts", "closed.json", "open"])).output().unwrap());
    transcript.add("harden --only add-to-copy,pin-digest --facts closed.json open", &said);
    // The folder has to be removable again.
    set_mode(&sandbox, "locked", 0o755);
    transcript.check("unreadable");
}

/// A mode of 0444 says that somebody does not want the file changed, even where a rename could get around it.
#[test]
fn read_only() {
    let sandbox = Sandbox::new(&[("fixed/Dockerfile", GOOD), ("open/Dockerfile", GOOD)]);
    set_mode(&sandbox, "fixed/Dockerfile", 0o444);
    let mut transcript = Transcript::new(&sandbox);
    let said = transcript.run(&copy_and_pin(&["--write"]));
    assert_eq!(said.code, Some(2));
    transcript.check("read-only");
    assert_eq!(sandbox.read("fixed/Dockerfile"), GOOD);
    assert_eq!(sandbox.read("open/Dockerfile"), WRITTEN);
    assert_eq!(sandbox.files().len(), 2);
}

#[test]
fn read_only_folder() {
    let sandbox = Sandbox::new(&[("fixed/Dockerfile", GOOD)]);
    let Some(mut command) = as_ordinary_user(&sandbox) else { return };
    set_mode(&sandbox, "fixed/Dockerfile", 0o666);
    set_mode(&sandbox, "fixed", 0o555);
    let said = Said::from(command.args(copy_and_pin(&["--write", "fixed"])).output().unwrap());
    set_mode(&sandbox, "fixed", 0o755);
    said.failed_with(
        "did not write fixed/Dockerfile: no file can be created in fixed; make that folder writable",
    );
    assert_eq!(sandbox.read("fixed/Dockerfile"), GOOD);
}

/// A file size limit of nothing stands for a full disk: the temporary file cannot be written.
#[test]
fn no_room() {
    let sandbox = Sandbox::tree();
    let before = sandbox.files();
    let line = "trap '' XFSZ; ulimit -f 0; exec \"$0\" --write --facts \"$1\" .";
    let said = Said::from(sandbox.command("sh").args(["-c", line, HARDEN, &facts()]).output().unwrap());
    said.failed_with("did not write Dockerfile: the limit on file sizes (`ulimit -f`) is reached; make room and run harden");
    said.failed_with("did not write docker/web.Dockerfile");
    assert_eq!(sandbox.files(), before, "a file changed, or a temporary file was left");
}

/// A file system with no room, where one can be mounted.
#[test]
fn full_disk() {
    let sandbox = Sandbox::new(&[]);
    fs::create_dir(sandbox.path("disk")).unwrap();
    let script = "mount -t tmpfs -o size=64k tmpfs disk && \
                  printf 'FROM scratch\\nADD . /\\n' > disk/Dockerfile && \
                  { cat /dev/zero > disk/filler 2>/dev/null; \"$0\" --only add-to-copy --write disk; code=$?; \
                  cat disk/Dockerfile; ls -A disk; umount disk; exit $code; }";
    let said =
        Said::from(sandbox.command("unshare").args(["-m", "sh", "-c", script, HARDEN]).output().unwrap());
    if said.code != Some(2) || said.err.contains("mount") {
        println!("skipped: no file system can be mounted here: {}", said.err);
        return;
    }
    said.failed_with("did not write disk/Dockerfile: the disk is full; make room and run harden again");
    assert_eq!(said.out, "FROM scratch\nADD . /\nDockerfile\nfiller\n");
}
