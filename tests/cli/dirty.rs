//! `--write` in a git repository: text that git has no copy of stays.

use std::fs;

use crate::support::{HARDEN, Said, Sandbox, copy_and_pin, without_colours};

const BEFORE: &str = "FROM scratch\nADD . /\n";
const AFTER: &str = "FROM scratch\nCOPY . /\n";
const CHANGED: &str = "FROM scratch\n# by hand\nADD . /\n";

/// A repository whose files are committed; `None` without git.
fn repository(folder: &str, files: &[&str]) -> Option<Sandbox> {
    let sandbox = Sandbox::new(&[]);
    for file in files {
        sandbox.write(file, BEFORE);
    }
    fs::create_dir_all(sandbox.path(folder)).unwrap();
    if sandbox.command("git").args(["-C", folder, "init", "-q"]).status().is_err() {
        println!("skipped: `git` is not installed");
        return None;
    }
    git(&sandbox, &["-C", folder, "add", "."]);
    commit(&sandbox, folder);
    Some(sandbox)
}

fn git(sandbox: &Sandbox, arguments: &[&str]) {
    let said = Said::from(sandbox.command("git").args(arguments).output().unwrap());
    assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
}

fn commit(sandbox: &Sandbox, folder: &str) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
    git(sandbox, &[&["-C", folder], &who[..], &["commit", "-qm", "x"]].concat());
}

#[test]
fn files_that_git_has_no_copy_of_are_left_alone() {
    let Some(sandbox) = repository(".", &["clean/Dockerfile", "changed/Dockerfile", "staged/Dockerfile"])
    else {
        return;
    };
    sandbox.write("changed/Dockerfile", CHANGED);
    sandbox.write("staged/Dockerfile", CHANGED);
    git(&sandbox, &["add", "staged"]);
    sandbox.write("new folder/Dockerfile", BEFORE);
    sandbox.write("nothing/Dockerfile", AFTER);
    sandbox.write(".gitignore", "ignored\n");
    sandbox.write("ignored/Dockerfile", BEFORE);

    let index = fs::read(sandbox.path(".git/index")).unwrap();
    for mode in ["--diff", "--check"] {
        let said = sandbox.copy_and_pin(&[mode, "."]);
        assert_eq!(said.code, Some(1), "{mode} writes nothing and needs no flag: {}", said.err);
    }
    let said = sandbox.copy_and_pin(&["--write", ".", "ignored/Dockerfile"]);
    said.failed_with(
        "error: did not write changed/Dockerfile: it has changes that are neither committed nor staged",
    );
    said.failed_with(
        "error: did not write new folder/Dockerfile: git does not track it, so the original could not be had back",
    );
    said.failed_with("(`git add`), or give --allow-dirty\n");
    said.failed_with("6 files: 3 changed (add-to-copy 3); 2 not handled\n");
    let texts = ["clean", "staged", "ignored", "changed", "new folder", "nothing"]
        .map(|folder| sandbox.read(format!("{folder}/Dockerfile")));
    assert_eq!(texts, [AFTER, &CHANGED.replace("ADD", "COPY"), AFTER, CHANGED, BEFORE, AFTER]);
    assert_eq!(fs::read(sandbox.path(".git/index")).unwrap(), index, "the index was written");

    let said = sandbox.copy_and_pin(&["--write", "--allow-dirty", "."]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(sandbox.read("new folder/Dockerfile"), AFTER);
    let said = sandbox.copy_and_pin(&["--write", "."]);
    assert_eq!(said.code, Some(0), "what would not change is not asked about: {}", said.err);
}

#[test]
fn a_refused_file_is_in_the_report() {
    let Some(sandbox) = repository(".", &["Dockerfile"]) else { return };
    sandbox.write("Dockerfile", CHANGED);
    let said = sandbox.copy_and_pin(&["--write", "--format", "json"]);
    assert_eq!((said.code, said.err.as_str()), (Some(2), ""));
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["files"][0]["status"], "failed");
    let message = report["files"][0]["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("--allow-dirty"), "{message}");
}

/// Each file counts in the repository that it is really in; a repository in another is one of its own.
#[cfg(unix)]
#[test]
fn links_and_several_repositories() {
    let Some(sandbox) =
        repository("outer/inner", &["outer/inner/Dockerfile", "outer/inner/dirty.Dockerfile"])
    else {
        return;
    };
    sandbox.write("outer/Dockerfile", BEFORE);
    sandbox.write("outer/.gitignore", "inner\n");
    git(&sandbox, &["-C", "outer", "init", "-q"]);
    git(&sandbox, &["-C", "outer", "add", "."]);
    commit(&sandbox, "outer");
    sandbox.write("outer/inner/dirty.Dockerfile", CHANGED);
    sandbox.write("free/Dockerfile", BEFORE);
    std::os::unix::fs::symlink("../outer/inner/dirty.Dockerfile", sandbox.path("free/Dockerfile.link"))
        .unwrap();
    let said = sandbox.copy_and_pin(&[
        "--write",
        "outer",
        "outer/inner/Dockerfile",
        "free/Dockerfile",
        "free/Dockerfile.link",
    ]);
    said.failed_with("did not write free/Dockerfile.link: it has changes");
    assert_eq!(said.err.matches("did not write").count(), 1, "{}", said.err);
    let texts =
        ["outer/Dockerfile", "outer/inner/Dockerfile", "free/Dockerfile"].map(|path| sandbox.read(path));
    assert_eq!(texts, [AFTER, AFTER, AFTER]);
    assert_eq!(sandbox.read("outer/inner/dirty.Dockerfile"), CHANGED);
}

/// A hook that runs before a commit finds the variables of that commit, and the change that is committed staged.
#[test]
fn in_a_hook() {
    let Some(sandbox) = repository(".", &["a/Dockerfile", "b/Dockerfile"]) else { return };
    sandbox.write("a/Dockerfile", CHANGED);
    git(&sandbox, &["add", "a"]);
    let mut command = sandbox.command(HARDEN);
    command.env("GIT_DIR", ".git").env("GIT_INDEX_FILE", ".git/index").env("GIT_ICASE_PATHSPECS", "1");
    let said = Said::from(command.args(copy_and_pin(&["--write", "a"])).output().unwrap());
    assert_eq!(said.code, Some(0), "{}", said.err);
    let said = sandbox.copy_and_pin(&["--write", "a/Dockerfile", "b/Dockerfile"]);
    assert_eq!(said.code, Some(0), "the second file is clean: {}", said.err);
}

#[test]
fn without_git_or_a_repository_nothing_is_checked() {
    // `.git` may be anything.
    let sandbox = Sandbox::new(&[(".git/HEAD", ""), ("Dockerfile", BEFORE)]);
    let said = sandbox.copy_and_pin(&["--write"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(!said.err.contains("warning"), "{}", said.err);
    let Some(sandbox) = repository(".", &["Dockerfile"]) else { return };
    sandbox.write("Dockerfile", CHANGED);
    let empty = tempfile::tempdir().unwrap();
    let said = Said::from(
        sandbox.command(HARDEN).args(copy_and_pin(&["--write"])).env("PATH", empty.path()).output().unwrap(),
    );
    assert_eq!((said.code, said.err.contains("warning")), (Some(0), false), "{}", said.err);
}

#[test]
fn a_repository_that_git_cannot_read_is_named() {
    for format in ["text", "json"] {
        let Some(sandbox) = repository(".", &["a/Dockerfile", "b/Dockerfile"]) else { return };
        sandbox.write(".git/config", "[core\n");
        let said = sandbox.copy_and_pin(&["--write", "--format", format, "--color", "always"]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        assert_eq!(sandbox.read("a/Dockerfile"), AFTER);
        let message =
            "git cannot say whether files have changes that it does not have (fatal: bad config line";
        let place = if format == "json" { &said.out } else { &without_colours(&said.err) };
        assert_eq!(place.matches(message).count(), 1, "{said:?}");
        assert!(format != "json" || said.err.is_empty(), "{}", said.err);
    }
}
