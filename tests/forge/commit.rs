//! What `harden commit` makes.

use std::fs;

use crate::world::{BRANCH, ORDER, SECRET, Said, TREE, World};

#[test]
fn each_commit_is_what_a_run_with_the_transforms_so_far_would_write() {
    let world = World::tree();
    let before = world.state();
    let said = world.commit(&[]);
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 5), "{said:?}");
    assert_eq!(world.state(), before, "the work tree, the index or a branch of the user changed");
    let commits = world.git(&["log", "--reverse", "--format=%H", &format!("main..{BRANCH}")]);
    let commits: Vec<&str> = commits.lines().collect();
    assert_eq!(commits.len(), ORDER.len());
    for (index, commit) in commits.iter().enumerate() {
        let only = ORDER[..=index].join(",");
        let said = world.harden(&["--write", "--level", "suggest", "--only", &only, "-q"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        world.git(&["add", "-A"]);
        let tree = world.git(&["write-tree"]);
        assert_eq!(world.git(&["diff-tree", "-p", &tree, commit]), "", "{only}");
        world.git(&["reset", "-q", "--hard"]);
        let trailer =
            world.git(&["log", "-1", "--format=%(trailers:key=Harden-Transform,valueonly)", commit]);
        assert_eq!(trailer, ORDER[index]);
        assert_eq!(
            world.git(&["log", "-1", "--format=%an <%ae> %cn <%ce>", commit]),
            "Ann <ann@example.org> Ann <ann@example.org>"
        );
    }
    world.git(&["fsck", "--strict", "--no-dangling"]);
}

#[test]
fn messages_say_what_and_why() {
    let world = World::tree();
    world.commit(&[]);
    let log = world.git(&["log", "--reverse", "--format=%B---", &format!("main..{BRANCH}")]);
    insta::with_settings!({ snapshot_path => "../../snapshots/forge", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("messages", log);
    });
}

#[test]
fn a_second_run_finds_its_branch() {
    let world = World::tree();
    let first = world.commit(&[]);
    let tip = world.git(&["rev-parse", BRANCH]);
    let second = world.commit(&[]);
    assert_eq!(second.code, Some(0), "{second:?}");
    assert!(second.out.contains(", there already\n"), "{}", second.out);
    assert_eq!(first.out.lines().skip(1).collect::<Vec<_>>(), second.out.lines().skip(1).collect::<Vec<_>>());
    assert_eq!(world.git(&["rev-parse", BRANCH]), tip);
    for more in [&["--only", "add-to-copy"][..], &["--level", "safe", "--only", "pin-digest"]] {
        world.harden(&[&["commit"], more].concat()).failed_with("is there and holds something else");
    }
    world.git(&["commit", "-q", "--allow-empty", "-m", "more"]);
    world.commit(&[]).failed_with("delete it (`git branch -D harden/dockerfiles`) or give another --branch");
    assert_eq!(world.git(&["rev-parse", BRANCH]), tip);
    assert_eq!(world.commit(&["--branch", "other"]).code, Some(0));
    // What is merged needs no branch.
    world.git(&["merge", "-q", "--ff-only", "other"]);
    let third = world.commit(&["--branch", "third"]);
    assert_eq!((third.code, third.out.as_str()), (Some(0), ""), "{third:?}");
    assert!(third.err.contains("nothing to commit\n") && !world.has("third"));
}

#[test]
fn the_body_of_a_request() {
    let world = World::tree();
    let body = world.path("body.md");
    let said = world.commit(&["--pr-body", body.to_str().unwrap(), "-q"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let text = fs::read_to_string(&body).unwrap();
    for part in
        ["## Harden Dockerfiles\n\n2 files: 2 changed (", "## non-root-user\n", "`api/.env.example` (new)"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let again = world.path("again.md");
    world.commit(&["--pr-body", again.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(&again).unwrap(), text);
    let nowhere = world.path("no/body.md");
    let said = world.commit(&["--pr-body", nowhere.to_str().unwrap(), "--branch", "b"]);
    said.failed_with("the commits are made, but");
    assert!(world.has("b"));
}

#[test]
fn no_secret_is_quoted() {
    let world = World::tree();
    let body = world.path("body.md");
    let said = world.commit(&["-v", "--pr-body", body.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let log = world.git(&["log", "--format=%B", &format!("main..{BRANCH}")]);
    for text in [said.out, said.err, log, fs::read_to_string(body).unwrap()] {
        assert!(text.len() > 100 && !text.contains(SECRET), "{text}");
    }
    assert!(world.text("main", "api/Dockerfile").contains(SECRET));
    assert!(!world.text(BRANCH, "api/Dockerfile").contains(SECRET));
}

#[test]
fn every_repository_gets_its_branch() {
    let world = World::tree();
    world.repository("r/inner", &TREE);
    world.write("r/.gitignore", "inner\n");
    world.git(&["add", "-A"]);
    world.git(&["commit", "-qm", "inner"]);
    let body = world.path("body.md");
    world.commit(&[".", "inner", "--pr-body", body.to_str().unwrap()]).failed_with("in several repositories");
    assert!(!world.has(BRANCH) && !body.exists());
    // One of them is not fit: the other is.
    world.write("r/inner/new", "");
    world
        .commit(&[".", "inner"])
        .failed_with("inner: nothing was committed: it has changes that are not committed (new)");
    assert!(world.has(BRANCH));
    fs::remove_file(world.path("r/inner/new")).unwrap();
    let said = world.commit(&[".", "inner"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let count = ["rev-list", "--count", "main..harden/dockerfiles"];
    assert_eq!((world.git(&count), world.git_in("r/inner", &count)), ("4".to_owned(), "4".to_owned()));
    let files = world.git(&["diff", "--name-only", "main", BRANCH]);
    assert!(files.lines().all(|name| !name.starts_with("inner")), "{files}");
}

#[test]
fn work_trees_and_submodules() {
    let world = World::tree();
    world.git(&["worktree", "add", "-q", "-b", "side", "../side"]);
    let run = |folder: &str| {
        let mut command =
            world.harden_command(&["commit", "--only", "add-to-copy", "--branch", &format!("of-{folder}")]);
        Said::from(command.current_dir(world.path(folder)).output().unwrap())
    };
    let said = run("side");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains(": 1 commit on side\n"), "{}", said.out);
    assert_eq!(world.git(&["rev-parse", "of-side^"]), world.git(&["rev-parse", "side"]));

    world.repository("super", &[("README", "")]);
    world.git_in(
        "super",
        &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../r", "part"],
    );
    world.git_in("super", &["commit", "-qm", "part"]);
    let mut command = world.harden_command(&["commit", "--only", "add-to-copy", "part"]);
    let said = Said::from(command.current_dir(world.path("super")).output().unwrap());
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(world.git_in("super/part", &["rev-list", "--count", "main..harden/dockerfiles"]), "1");
    assert_eq!(world.git_in("super", &["status", "--porcelain"]), "");
    assert_eq!(world.git_in("super", &["branch", "--list", "harden/*"]), "");
}
