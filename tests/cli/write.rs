//! `--write`.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::support::{Sandbox, Transcript, copy_and_pin, facts};

#[test]
fn twice() {
    let sandbox = Sandbox::tree();
    let facts = facts();
    let mut transcript = Transcript::new(&sandbox);
    let said = transcript.run(&copy_and_pin(&["--facts", &facts, "--write"]));
    assert_eq!((said.code, said.out.as_str()), (Some(3), ""));
    transcript.add("cat Dockerfile", &shown(&sandbox, "Dockerfile"));
    transcript.add("cat docker/web.Dockerfile", &shown(&sandbox, "docker/web.Dockerfile"));
    let after = sandbox.files();
    let again = transcript.run(&copy_and_pin(&["--facts", &facts, "--write"]));
    assert_eq!((again.code, again.out.as_str()), (Some(3), ""));
    assert!(!again.err.contains("fixed"), "{}", again.err);
    assert_eq!(sandbox.files(), after);
    transcript.check("write");
}

fn shown(sandbox: &Sandbox, path: &str) -> crate::support::Said {
    crate::support::Said { code: Some(0), out: sandbox.read(path), err: String::new() }
}

#[test]
fn nothing_left_to_do_is_success() {
    let sandbox = Sandbox::new(&[("Dockerfile", "FROM scratch\nADD . /\n")]);
    assert_eq!(sandbox.copy_and_pin(&["--write"]).code, Some(0));
    assert_eq!(sandbox.read("Dockerfile"), "FROM scratch\nCOPY . /\n");
    let again = sandbox.copy_and_pin(&["--write"]);
    assert_eq!((again.code, again.err.as_str()), (Some(0), "1 file: nothing to change\n"));
    assert_eq!(sandbox.copy_and_pin(&["--write", "--quiet"]).err, "");
}

/// Make and other tools that go by time see only what changed.
#[test]
fn files_without_changes_are_not_touched() {
    let sandbox = Sandbox::new(&[
        ("a/Dockerfile", "FROM scratch\nADD . /\n"),
        ("b/Dockerfile", "FROM scratch\nCOPY . /\n"),
        ("c/Dockerfile", "FROM scratch\nADDD . /\n"),
    ]);
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let time = |path: &str| fs::metadata(sandbox.path(path)).unwrap().modified().unwrap();
    for path in ["a/Dockerfile", "b/Dockerfile", "c/Dockerfile"] {
        fs::File::options().write(true).open(sandbox.path(path)).unwrap().set_modified(old).unwrap();
    }
    sandbox.copy_and_pin(&["--diff"]);
    sandbox.copy_and_pin(&["--check"]);
    assert_eq!(time("a/Dockerfile"), old);
    sandbox.copy_and_pin(&["--write"]);
    assert!(time("a/Dockerfile") > old);
    assert_eq!([time("b/Dockerfile"), time("c/Dockerfile")], [old, old]);
    assert_eq!(sandbox.files().len(), 3, "something was left behind: {:?}", sandbox.files());
}

#[cfg(unix)]
#[test]
fn mode_and_links_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let sandbox = Sandbox::new(&[
        ("shared/base", "FROM scratch\nADD . /\n"),
        ("Dockerfile", "FROM scratch\nADD . /\n"),
    ]);
    fs::create_dir(sandbox.path("app")).unwrap();
    symlink("../shared/base", sandbox.path("app/Dockerfile")).unwrap();
    for (path, mode) in [("shared/base", 0o640), ("Dockerfile", 0o755)] {
        fs::set_permissions(sandbox.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    let said = sandbox.copy_and_pin(&["--write", "Dockerfile", "app/Dockerfile"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(sandbox.read("shared/base"), "FROM scratch\nCOPY . /\n");
    assert_eq!(
        fs::read_link(sandbox.path("app/Dockerfile")).unwrap(),
        std::path::Path::new("../shared/base")
    );
    let mode = |path: &str| fs::metadata(sandbox.path(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!([mode("shared/base"), mode("Dockerfile")], [0o640, 0o755]);
}
