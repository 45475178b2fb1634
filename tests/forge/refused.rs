//! When nothing is committed, and why.

use std::fs;

use crate::world::{BRANCH, TREE, World};

#[test]
fn changes_that_are_not_committed() {
    for (file, add) in [("api/Dockerfile", false), ("api/x", true), ("new", false), ("new", true)] {
        let world = World::tree();
        world.write(format!("r/{file}"), "FROM scratch\n");
        if add {
            world.git(&["add", file]);
        }
        let before = world.state();
        world.commit(&[]).failed_with(&format!("it has changes that are not committed ({file})"));
        assert!(!world.has(BRANCH));
        assert_eq!(world.state(), before);
    }
    let world = World::tree();
    (0..7).for_each(|index| world.write(format!("r/new{index}"), ""));
    world.commit(&[]).failed_with("(new0, new1, new2, new3, new4 and 2 more)");
    // A build of another time leaves ignored files behind.
    let world = World::tree();
    world.write("r/.git/info/exclude", "target\n");
    world.write("r/target/x", "");
    assert_eq!(world.commit(&[]).code, Some(0));
}

#[test]
fn a_file_that_is_not_as_in_the_last_commit_is_left_out() {
    let world = World::tree();
    world.write("r/api/Dockerfile", "FROM scratch\nADD x /x\n");
    world.write("r/new/Dockerfile", "FROM scratch\nADD . /\n");
    world.write("r/web/app.js", "changed\n");
    let said = world.commit(&["--allow-dirty"]);
    said.failed_with("api/Dockerfile: it was not committed: it is not what the last commit holds");
    said.failed_with("new/Dockerfile: it was not committed: git does not track it; commit it first");
    let files = world.git(&["diff", "--name-only", "main", BRANCH]);
    assert_eq!(files, "web/Dockerfile\nweb/Dockerfile.runtime.md");
    // Also when git is told not to look.
    let world = World::tree();
    world.git(&["update-index", "--assume-unchanged", "api/Dockerfile"]);
    world.write("r/api/Dockerfile", "FROM scratch\nADD x /x\n");
    world
        .commit(&[])
        .failed_with("api/Dockerfile: it was not committed: it is not what the last commit holds");
}

#[test]
fn a_repository_without_a_branch_a_commit_or_an_author() {
    let world = World::tree();
    world.git(&["switch", "-q", "--detach"]);
    world.commit(&[]).failed_with("no branch is checked out (HEAD is detached)");
    assert!(!world.has(BRANCH));

    let world = World::tree();
    world.git(&["switch", "-q", "--orphan", "empty"]);
    world.git(&["checkout", "-q", "main", "--", "."]);
    world.commit(&[]).failed_with("it has no commit yet");

    let world = World::tree();
    world.write("gitconfig", "[user]\nuseConfigOnly = true\n");
    world.commit(&[]).failed_with("set user.name and user.email with `git config`");
    assert!(!world.has(BRANCH));

    let world = World::tree();
    fs::remove_dir_all(world.path("r/.git")).unwrap();
    world.commit(&[]).failed_with("api/Dockerfile: it is in no git repository");

    let world = World::tree();
    world.write("r/.git/config", "[core\n");
    world.commit(&[]).failed_with("git cannot use the repository: fatal: bad config line");
}

#[test]
fn a_branch_that_cannot_be_made() {
    let world = World::tree();
    for name in ["a..b", "-x", "a b", "@{-1}", "x.lock", ""] {
        world.commit(&[&format!("--branch={name}")]).failed_with("cannot be the name of a branch");
    }
    world.commit(&["--branch", "main"]).failed_with("the branch main is checked out");
    world.git(&["branch", "harden"]);
    let before = world.state();
    world.commit(&[]).failed_with("git cannot make the branch harden/dockerfiles");
    assert_eq!(world.state(), before);
}

#[test]
fn what_cannot_be_meant() {
    let world = World::tree();
    for (arguments, why) in [
        (&["-"][..], "standard input cannot be committed"),
        (&["--write"], "leave --diff, --write and --check out"),
        (&["--check"], "leave --diff, --write and --check out"),
        (&["--format", "json"], "`harden commit` prints text"),
        (&["--redact"], "`harden commit` prints text"),
        (&["--verify"], "belong to `harden verify`"),
        (&["--skip", "add-to-copy", "--only", "add-to-copy"], "leave no transform to run"),
    ] {
        world.harden(&[&["commit"], arguments].concat()).failed_with(why);
    }
    assert!(!world.has(BRANCH));
}

#[test]
fn files_that_git_ignores_are_told() {
    let world = World::new(&[TREE[2], TREE[3], (".gitignore", ".env*\n*.runtime.md\n")]);
    let said = world.commit(&[]);
    assert_eq!(said.code, Some(3), "{said:?}");
    for name in ["api/.env.example", "api/Dockerfile.runtime.md"] {
        let part = format!("{name} is not in the commits: git ignores it (.gitignore)");
        assert!(said.err.contains(&part), "{part}: {}", said.err);
    }
    assert_eq!(world.git(&["diff", "--name-only", "main", BRANCH]), "api/Dockerfile");
}

/// A file that cannot be handled costs itself only.
#[test]
fn an_invalid_file_is_told_and_the_others_are_committed() {
    let world = World::new(&[TREE[0], TREE[1], ("bad/Dockerfile", "FRM x\n")]);
    let said = world.commit(&[]);
    said.failed_with("bad/Dockerfile");
    assert!(world.has(BRANCH));
}
