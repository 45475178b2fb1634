//! What only Unix has: modes, owners, links, pipes, signals, limits.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

/// Tells [`helper`] what to do; the value is `task:path`.
const TASK: &str = "HARDEN_WRITE_TEST_TASK";

/// Runs in a process of its own, started by the tests below; does nothing when run as a test.
#[test]
fn helper() {
    let Ok(task) = std::env::var(TASK) else { return };
    let (task, path) = task.split_once(':').unwrap();
    let path = Path::new(path);
    let started = Instant::now();
    match task {
        // Ends by itself should the test that started it be killed.
        "loop" => {
            while started.elapsed() < Duration::from_secs(30) {
                let original = Original::read(path).unwrap();
                let next = if original.text().starts_with('a') { "b" } else { "a" };
                original.replace(&big(next)).unwrap();
            }
        }
        "replace" => match Original::read(path).unwrap().replace(&big("b")) {
            Ok(()) => println!("outcome: written"),
            Err(error) => println!("outcome: {error}"),
        },
        "create" => match create_new(&path.with_file_name("new"), &big("b")) {
            Ok(creation) => println!("outcome: {creation:?}"),
            Err(error) => println!("outcome: {error}"),
        },
        _ => panic!("unknown task {task}"),
    }
}

fn big(line: &str) -> String {
    format!("{line}\n").repeat(150_000)
}

/// `helper` in a process of its own. `shell` is run first and must end in `"$@"`, which is the helper.
fn command(shell: &str, task: &str, path: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", shell, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "write::tests::unix::helper"])
        .env(TASK, format!("{task}:{}", path.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What `helper` printed, and what the shell did after it; `None` when it could not be started this way on this machine.
fn outcome(mut command: Command) -> Option<String> {
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("skipped: {error}");
            return None;
        }
    };
    let printed = String::from_utf8_lossy(&output.stdout);
    let outcome = printed.split_once("outcome: ").map(|(_, rest)| rest);
    if outcome.is_none() {
        eprintln!("skipped: not possible here: {printed}{}", String::from_utf8_lossy(&output.stderr));
    }
    outcome.map(str::to_owned)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Only root passes every permission check; asked of a fresh file, since `std` knows no user ids.
fn is_root(folder: &Path) -> bool {
    fs::metadata(folder).unwrap().uid() == 0
}

#[test]
fn mode_bits_are_kept() {
    for bits in [0o640, 0o755, 0o600, 0o666, 0o200 | 0o444, 0o2750] {
        let (_folder, path) = project("FROM a\n");
        set_mode(&path, bits);
        // Some systems let only members of the file's group set the set-group-ID bit.
        let before = mode(&path);
        assert_eq!(before & 0o777, bits & 0o777);
        Original::read(&path).unwrap().replace("FROM b\n").unwrap();
        assert_eq!(mode(&path), before, "{bits:o}");
    }
}

#[test]
fn owner_and_group_are_kept() {
    let (folder, path) = project("FROM a\n");
    if !is_root(folder.path()) {
        eprintln!("skipped: only root can give a file away");
        return;
    }
    std::os::unix::fs::chown(&path, Some(1234), Some(5678)).unwrap();
    set_mode(&path, 0o6755);
    Original::read(&path).unwrap().replace("FROM b\n").unwrap();
    let after = fs::metadata(&path).unwrap();
    assert_eq!((after.uid(), after.gid(), mode(&path)), (1234, 5678, 0o6755));
}

#[test]
fn the_umask_counts_for_new_files() {
    for (umask, expected) in [("022", 0o644), ("077", 0o600)] {
        let (folder, path) = project("");
        let shell = format!("umask {umask}; exec \"$@\"");
        assert!(outcome(command(&shell, "create", &path)).unwrap().starts_with("Created\n"));
        assert_eq!(mode(&folder.path().join("new")), expected);
    }
}

#[test]
fn links_stay_and_their_target_is_replaced() {
    let (folder, path) = project("");
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("real"), "FROM a\n").unwrap();
    symlink("real", elsewhere.join("second")).unwrap();
    fs::remove_file(&path).unwrap();
    symlink("elsewhere/second", &path).unwrap();

    Original::read(&path).unwrap().replace("FROM b\n").unwrap();
    assert_eq!(fs::read_link(&path).unwrap(), Path::new("elsewhere/second"));
    assert_eq!(fs::read_link(elsewhere.join("second")).unwrap(), Path::new("real"));
    assert_eq!(fs::read(elsewhere.join("real")).unwrap(), b"FROM b\n");
    assert_eq!(names(&elsewhere), ["real", "second"]);
    assert_eq!(names(folder.path()), ["Dockerfile", "elsewhere"]);
}

#[test]
fn dangling_and_circular_links() {
    let (folder, path) = project("");
    let link = folder.path().join("link");
    symlink("nowhere", &link).unwrap();
    let error = refused(&link);
    assert!(
        matches!(&error, ReadError::DanglingLink { target, .. } if target == Path::new("nowhere")),
        "{error}"
    );
    assert_eq!(create_new(&link, "A=\n").unwrap(), Creation::Exists);
    assert!(!folder.path().join("nowhere").exists());

    fs::remove_file(&path).unwrap();
    symlink("Dockerfile", &path).unwrap();
    assert!(matches!(refused(&path), ReadError::Io { .. }));

    // The target disappears between reading and writing.
    fs::write(folder.path().join("nowhere"), "FROM a\n").unwrap();
    let original = Original::read(&link).unwrap();
    fs::remove_file(folder.path().join("nowhere")).unwrap();
    assert!(matches!(original.replace("FROM b\n").unwrap_err(), WriteError::Gone { .. }));
}

#[test]
fn other_names_of_the_file_keep_the_old_text() {
    let (folder, path) = project("FROM a\n");
    assert_eq!(Original::read(&path).unwrap().hard_links(), 1);
    let other = folder.path().join("other");
    fs::hard_link(&path, &other).unwrap();
    let original = Original::read(&path).unwrap();
    assert_eq!(original.hard_links(), 2);
    original.replace("FROM b\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"FROM b\n");
    assert_eq!(fs::read(&other).unwrap(), b"FROM a\n");
}

#[test]
fn pipes_and_devices_are_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("Dockerfile");
    match Command::new("mkfifo").arg(&pipe).status() {
        // Opening it would block this test for ever.
        Ok(status) if status.success() => {
            assert!(matches!(refused(&pipe), ReadError::NotRegular { .. }));
        }
        other => eprintln!("pipe skipped: mkfifo: {other:?}"),
    }
    assert!(matches!(refused(Path::new("/dev/zero")), ReadError::NotRegular { .. }));
    let socket = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    assert!(matches!(refused(&socket), ReadError::NotRegular { .. }));
}

/// Such files say they are empty.
#[cfg(target_os = "linux")]
#[test]
fn the_size_limit_holds_for_files_of_unknown_length() {
    let path = Path::new("/proc/self/status");
    assert_eq!(fs::metadata(path).unwrap().len(), 0);
    assert!(matches!(
        Original::read_up_to(path.into(), 10).unwrap_err(),
        ReadError::TooLarge { limit: 10, .. }
    ));
    assert!(Original::read(path).unwrap().text().starts_with("Name:"));
}

/// A file turned into a pipe after it was read must not block the write either.
#[test]
fn a_pipe_in_the_files_place_is_left_alone() {
    let (folder, path) = project("FROM a\n");
    let original = Original::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    if !Command::new("mkfifo").arg(&path).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: no mkfifo");
        return;
    }
    assert!(matches!(original.replace("FROM b\n").unwrap_err(), WriteError::Gone { .. }));
    assert_eq!(names(folder.path()), ["Dockerfile"]);
}

/// As a user without rights, which root becomes for it.
#[test]
fn permissions_of_files_and_folders() {
    let (folder, path) = project("a\n");
    let root = is_root(folder.path());
    let try_it = |folder_mode, file_mode, task| {
        set_mode(&path, file_mode);
        set_mode(folder.path(), folder_mode);
        let mut command = command("exec \"$@\"", task, &path);
        if root {
            command.uid(65_534).gid(65_534);
        }
        let outcome = outcome(command);
        set_mode(folder.path(), 0o755);
        assert_eq!(names(folder.path()), ["Dockerfile"]);
        assert_eq!(fs::read(&path).unwrap(), b"a\n");
        outcome
    };
    let Some(said) = try_it(0o555, 0o666, "replace") else { return };
    assert!(
        said.contains("no file can be created in") && said.contains("make that folder writable"),
        "{said}"
    );
    let said = try_it(0o555, 0o666, "create").unwrap();
    assert!(said.contains("no file can be created in"), "{said}");
    let said = try_it(0o777, 0o444, "replace").unwrap();
    assert!(said.contains("read-only for you"), "{said}");
    if root {
        // Somebody else's file in a folder where everything is allowed.
        let said = try_it(0o777, 0o644, "replace").unwrap();
        assert!(said.contains("read-only for you"), "{said}");
    }
}

/// `ulimit -f` fails a write half way, like a full disk; the shell ignores the signal that would end the process.
#[test]
fn a_write_that_fails_half_way_leaves_the_old_file() {
    for task in ["replace", "create"] {
        let (folder, path) = project("a\n");
        let said = outcome(command("trap '' XFSZ; ulimit -f 8; exec \"$@\"", task, &path)).unwrap();
        assert!(said.contains("the limit on file sizes") && said.contains("; make room"), "{said}");
        assert_eq!(fs::read(&path).unwrap(), b"a\n");
        assert_eq!(names(folder.path()), ["Dockerfile"]);
    }
}

/// In a mount namespace of its own, so that the small and the read-only file systems vanish with the process.
#[test]
fn full_and_read_only_disks() {
    let private = |mounts: &str| {
        let (folder, _) = project("a\n");
        let file = folder.path().join("mount").join("Dockerfile");
        let shell = format!(
            "cd '{}' && mkdir mount && {mounts} && {{ \"$@\"; echo \"left: $(ls -A mount) $(cat mount/Dockerfile)\"; }}",
            folder.path().display()
        );
        let inner = command(&shell, "replace", &file);
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh"]).args(inner.get_args());
        command.env(TASK, format!("replace:{}", file.display()));
        let said = outcome(command)?;
        assert!(said.contains("left: Dockerfile a\n"), "{said}");
        Some(said)
    };
    let small = "mount -t tmpfs -o size=64k none mount && cp Dockerfile mount";
    for (mounts, expected) in [
        (small, "the disk is full; make room"),
        (&format!("{small} && mount -o remount,bind,ro mount"), "mounted read-only; mount it writable"),
        (
            "touch mount/Dockerfile && mount --bind Dockerfile mount/Dockerfile",
            "in use as a mount point; mount the folder",
        ),
    ] {
        if let Some(said) = private(mounts) {
            assert!(said.contains(expected), "{said}");
        }
    }
}

struct Writer(Child);

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Killed at any moment, the file is the old or the new one, whole, with its mode.
#[test]
fn killed_writers_leave_a_whole_file() {
    let (a, b) = (big("a"), big("b"));
    let started = Instant::now();
    let mut kills = 0;
    let mut strays = 0;
    while started.elapsed() < Duration::from_secs(2) {
        let (folder, path) = project(&a);
        set_mode(&path, 0o640);
        let mut writer = Writer(command("exec \"$@\"", "loop", &path).stdout(Stdio::null()).spawn().unwrap());
        // Wait for the first replacement, then let it run for a time that differs from round to round.
        let inode = fs::metadata(&path).unwrap().ino();
        while fs::metadata(&path).unwrap().ino() == inode {
            assert!(started.elapsed() < Duration::from_secs(30), "the writer does not write");
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_micros(kills * 7_919 % 23_000));
        writer.0.kill().unwrap();
        assert_eq!(writer.0.wait().unwrap().signal(), Some(9));
        kills += 1;

        let left = fs::read_to_string(&path).unwrap();
        assert!(left == a || left == b, "neither the old nor the new text: {} bytes", left.len());
        assert_eq!(mode(&path), 0o640);
        for name in names(folder.path()) {
            let stray = name.starts_with(".harden-");
            assert!(stray || name == "Dockerfile", "{name}");
            strays += u32::from(stray);
        }
        // A stray file is no obstacle.
        Original::read(&path).unwrap().replace("FROM a\n").unwrap();
    }
    println!("{kills} kills, {strays} while a temporary file was there");
    assert!(kills >= 3, "only {kills} rounds");
}
