//! How paths are taken and shown.

use std::process::Command;

use crate::support::{HARDEN, Said, Sandbox, Transcript, check, copy_and_pin};

const GOOD: &str = "FROM scratch\nADD . /\n";

fn in_folder(sandbox: &Sandbox, folder: &str, arguments: &[&str]) -> Said {
    let mut command: Command = sandbox.command(HARDEN);
    Said::from(command.current_dir(sandbox.path(folder)).args(copy_and_pin(arguments)).output().unwrap())
}

/// One file by many names is one file.
#[test]
fn the_same_file_twice() {
    let sandbox = Sandbox::new(&[("app/Dockerfile", GOOD), ("app/web/Dockerfile", GOOD)]);
    let absolute = sandbox.path("app/Dockerfile");
    let absolute = absolute.to_str().unwrap();
    let check = |arguments: &[&str]| sandbox.copy_and_pin(&[&["--check", "--quiet"], arguments].concat()).out;
    assert_eq!(check(&["app/Dockerfile", "app/Dockerfile"]), "app/Dockerfile\n");
    assert_eq!(check(&["app/Dockerfile", "./app/../app/Dockerfile"]), "app/Dockerfile\n");
    assert_eq!(check(&["app", "app/web/Dockerfile"]), "app/Dockerfile\napp/web/Dockerfile\n");
    assert_eq!(check(&["app", ".", "app"]), "app/Dockerfile\napp/web/Dockerfile\n");
    assert_eq!(check(&[absolute, "app/Dockerfile"]), format!("{absolute}\n"));
    assert_eq!(check(&["./app"]), "app/Dockerfile\napp/web/Dockerfile\n");
    assert_eq!(check(&["--", "./"]), "app/Dockerfile\napp/web/Dockerfile\n");
}

#[test]
fn spellings() {
    let sandbox =
        Sandbox::new(&[("app/Dockerfile", GOOD), ("app/src/main.c", ""), ("my app/größe.Dockerfile", GOOD)]);
    let mut transcript = Transcript::new(&sandbox);
    transcript.run(&copy_and_pin(&["./app/Dockerfile"]));
    let said = in_folder(&sandbox, "app/src", &["..", "../../my app"]);
    transcript.add("cd app/src; harden --only add-to-copy,pin-digest .. '../../my app'", &said);
    let absolute = sandbox.path("app");
    transcript.run(&copy_and_pin(&[absolute.to_str().unwrap()]));
    transcript.check("paths");
}

/// An absolute path below the current directory gives a patch that applies in it.
#[test]
fn absolute_paths_apply() {
    let sandbox = Sandbox::new(&[("app/Dockerfile", GOOD)]);
    let said = sandbox.copy_and_pin(&[sandbox.path("app").to_str().unwrap()]);
    assert!(said.out.starts_with("diff --git a/app/Dockerfile b/app/Dockerfile\n"), "{}", said.out);
}

/// From a folder of the repository, compose files above are found and ignore files above count.
#[test]
fn in_a_folder_of_a_repository() {
    let sandbox = Sandbox::new(&[
        (".git/HEAD", "ref: refs/heads/main\n"),
        (".gitignore", "generated/\n"),
        (
            "compose.yaml",
            "services:\n  api:\n    build: { context: ., dockerfile: services/api/Dockerfile }\n",
        ),
        ("package.bin", "{}"),
        ("services/api/Dockerfile", "FROM scratch\nADD package.bin /\n"),
        ("services/api/generated/Dockerfile", GOOD),
    ]);
    let said = in_folder(&sandbox, "services/api", &["--write"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(sandbox.read("services/api/Dockerfile"), "FROM scratch\nCOPY package.bin /\n");
    assert_eq!(sandbox.read("services/api/generated/Dockerfile"), GOOD);
    assert!(
        said.err.contains("Dockerfile:2:1 add-to-copy [safe]"),
        "the context was not found: {}",
        said.err
    );
}

/// `git apply` reads names from the root of the repository, wherever it is started.
#[cfg(unix)]
#[test]
fn diffs_apply_in_every_folder_of_a_repository() {
    let fresh = || {
        let sandbox =
            Sandbox::new(&[("app/Dockerfile", GOOD), ("shared/base", GOOD), ("app/src/main.c", "")]);
        std::os::unix::fs::symlink("../shared/base", sandbox.path("app/Dockerfile.link")).unwrap();
        let git = sandbox.command("git").args(["init", "-q"]).status();
        git.is_ok_and(|status| status.success()).then_some(sandbox)
    };
    for (folder, command, changed) in [
        ("app", "harden . | git apply", "app/Dockerfile"),
        ("app/src", "harden .. > diff; cd ../..; git apply app/src/diff", "app/Dockerfile"),
        ("app/src", "harden .. > diff; cd ../..; patch -s -p1 < app/src/diff", "app/Dockerfile"),
        ("app", "harden Dockerfile.link > diff; cd ..; git apply app/diff", "shared/base"),
    ] {
        let Some(sandbox) = fresh() else {
            println!("skipped: `git` is not installed");
            return;
        };
        let line = command.replace("harden", &format!("\"{HARDEN}\" --only add-to-copy --quiet"));
        let said = Said::from(
            sandbox.command("sh").current_dir(sandbox.path(folder)).args(["-c", &line]).output().unwrap(),
        );
        assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""), "{command}");
        assert_eq!(sandbox.read(changed), "FROM scratch\nCOPY . /\n", "{command} in {folder}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let sandbox = Sandbox::new(&[]);
    let name = OsStr::from_bytes(b"caf\xe9.Dockerfile");
    sandbox.write(name, GOOD);
    check("not-utf-8-name", &sandbox, &copy_and_pin(&["."]));
    let said =
        Said::from(sandbox.command(HARDEN).args(copy_and_pin(&["--write"])).arg(name).output().unwrap());
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(sandbox.read(name), "FROM scratch\nCOPY . /\n");
}
