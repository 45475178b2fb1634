//! What has to stay as it is: modes, bytes, names, hooks and settings of the user.

use std::fs;

use crate::world::{BRANCH, Said, TREE, World};

#[cfg(unix)]
fn executable(world: &World, path: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    world.write(path, format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(world.path(path), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn line_endings_of_the_repository_stay() {
    let text = "FROM scratch\r\nADD a /\r\n";
    // Kept with carriage returns, and kept without.
    for (attributes, kept) in
        [("* -text\n", "FROM scratch\r\nCOPY a /"), ("* text eol=crlf\n", "FROM scratch\nCOPY a /")]
    {
        let world = World::new(&[(".gitattributes", attributes), ("Dockerfile", text), ("a", "1\n")]);
        let said = world.commit(&["--only", "add-to-copy"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert_eq!(world.text(BRANCH, "Dockerfile"), kept);
        assert_eq!(world.git(&["diff", "--numstat", "main", BRANCH]), "1\t1\tDockerfile");
        world.git(&["switch", "-q", BRANCH]);
        assert_eq!(fs::read_to_string(world.path("r/Dockerfile")).unwrap(), "FROM scratch\r\nCOPY a /\r\n");
        assert_eq!(world.git(&["status", "--porcelain"]), "");
    }
}

/// The page is new and ends its lines as harden does; git converts it like every other file.
#[test]
fn line_endings_of_a_work_tree_are_converted() {
    let world = World::tree();
    world.git(&["config", "core.autocrlf", "true"]);
    world.git(&["config", "core.safecrlf", "true"]);
    world.git(&["rm", "-rq", "--cached", "."]);
    world.git(&["reset", "-q", "--hard"]);
    assert!(fs::read_to_string(world.path("r/web/Dockerfile")).unwrap().contains("\r\n"));
    let said = world.commit(&[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for name in ["web/Dockerfile", "web/Dockerfile.runtime.md", "api/.env.example"] {
        assert!(!world.text(BRANCH, name).contains('\r'), "{name}");
    }
    world.git(&["switch", "-q", BRANCH]);
    assert_eq!(world.git(&["status", "--porcelain"]), "");
}

/// Object ids of 64 digits and a work tree with a part of the files; an index in two files.
#[test]
fn other_kinds_of_repositories() {
    let world = World::tree();
    fs::remove_dir_all(world.path("r/.git")).unwrap();
    world.git(&["init", "-q", "--object-format=sha256"]);
    world.git(&["add", "-A"]);
    world.git(&["commit", "-qm", "first"]);
    world.git(&["sparse-checkout", "set", "--sparse-index", "web"]);
    assert!(!world.path("r/api").exists());
    let before = world.state();
    let said = world.commit(&[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(world.state(), before);
    assert_eq!(world.git(&["rev-parse", BRANCH]).len(), 64);
    let files = world.git(&["diff", "--name-only", "main", BRANCH]);
    assert_eq!(files, "web/Dockerfile\nweb/Dockerfile.runtime.md");
    world.git(&["fsck", "--strict", "--no-dangling"]);

    let world = World::tree();
    world.git(&["config", "core.splitIndex", "true"]);
    world.git(&["update-index", "--split-index"]);
    let before = world.state();
    assert_eq!(world.commit(&[]).code, Some(0));
    assert_eq!(world.state(), before, "an index of harden's own is left behind");
}

#[cfg(unix)]
#[test]
fn modes_links_and_filters() {
    let world = World::new(&[("real/one", "FROM scratch\nADD a /\n"), ("a", "1\n")]);
    std::os::unix::fs::symlink("real/one", world.path("r/Dockerfile")).unwrap();
    executable(&world, "r/tool/Dockerfile", "");
    world.write("r/tool/Dockerfile", "FROM scratch\nADD a /\n");
    world.write("r/tool/a", "1\n");
    world.git(&["add", "-A"]);
    world.git(&["commit", "-qm", "link"]);
    let said = world.commit(&["--only", "add-to-copy", "Dockerfile", "tool"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let tree = world.git(&["ls-tree", "-r", "--format=%(objectmode) %(path)", BRANCH]);
    assert_eq!(tree, "120000 Dockerfile\n100644 a\n100644 real/one\n100755 tool/Dockerfile\n100644 tool/a");
    assert_eq!(world.text(BRANCH, "real/one"), "FROM scratch\nCOPY a /");

    let world = World::new(&[("Dockerfile", "FROM scratch\nADD a /\n"), ("a", "1\n")]);
    world.git(&["config", "filter.loud.clean", "tr a-z A-Z"]);
    world.git(&["config", "filter.loud.smudge", "tr A-Z a-z"]);
    world.write("r/.gitattributes", "Dockerfile filter=loud\n");
    world.git(&["add", "--renormalize", "."]);
    world.git(&["add", "-A"]);
    world.git(&["commit", "-qm", "filter"]);
    assert_eq!(world.text("main", "Dockerfile"), "FROM SCRATCH\nADD A /");
    let said = world.commit(&["--only", "add-to-copy"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(world.text(BRANCH, "Dockerfile"), "FROM SCRATCH\nCOPY A /");
}

#[test]
fn names_are_no_patterns() {
    let names = ["-x/Dockerfile", "a b/Dockerfile", "[c]/Dockerfile", "é/Dockerfile"];
    let mut files: Vec<(&str, &str)> = names.iter().map(|name| (*name, TREE[2].1)).collect();
    if cfg!(unix) {
        files.extend([
            (":(glob)/Dockerfile", TREE[2].1),
            ("\"q\\t\"/Dockerfile", TREE[2].1),
            ("t\tn\n/Dockerfile", TREE[2].1),
        ]);
    }
    let world = World::new(&files);
    let said = world.commit(&["--only", "env-secrets"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    // Each Dockerfile, its page and its `.env.example`.
    let changed = world.git(&["diff", "-z", "--name-only", "main", BRANCH]);
    assert_eq!(changed.split_terminator('\0').count(), files.len() * 3, "{changed:?}");
    let message = world.git(&["log", "-1", "--format=%B", BRANCH]);
    assert!(!cfg!(unix) || message.contains("\n- t\tn /Dockerfile: 1 review\n"), "{message}");
}

#[cfg(unix)]
#[test]
fn no_hook_runs() {
    let world = World::tree();
    world.git(&["config", "core.hooksPath", ".hooks"]);
    world.git(&["config", "core.fsmonitor", "./.hooks/monitor"]);
    let names =
        ["pre-commit", "commit-msg", "prepare-commit-msg", "post-commit", "reference-transaction", "monitor"];
    for name in names {
        executable(&world, &format!("r/.hooks/{name}"), &format!("touch '{}'", world.path("ran").display()));
    }
    let quiet = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"];
    world.git(&[&quiet[..], &["add", "-A"]].concat());
    world.git(&[&quiet[..], &["commit", "-qm", "hooks"]].concat());
    let said = world.commit(&[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!world.path("ran").exists(), "a hook ran");
    world.git(&["branch", "x"]);
    assert!(world.path("ran").exists(), "the hooks of this test work");
}

#[test]
fn the_environment_of_a_hook_is_not_taken_over() {
    let world = World::tree();
    world.repository("other", &TREE);
    let mut command = world.harden_command(&["commit", "--only", "add-to-copy"]);
    command.env("GIT_DIR", world.path("other/.git")).env("GIT_INDEX_FILE", world.path("other/.git/index"));
    command
        .env("GIT_WORK_TREE", world.path("other"))
        .env("GIT_LITERAL_PATHSPECS", "0")
        .env("GIT_PREFIX", "x/");
    command.env("GIT_OBJECT_DIRECTORY", world.path("other/.git/objects"));
    let said = Said::from(command.output().unwrap());
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(world.has(BRANCH));
    assert_eq!(world.git_in("other", &["branch", "--list", BRANCH]), "");
    world.git(&["fsck", "--strict", "--no-dangling"]);
}

#[cfg(unix)]
#[test]
fn commits_are_signed_when_git_is_told_to() {
    let world = World::tree();
    world.git(&["config", "commit.gpgSign", "true"]);
    world.git(&["config", "gpg.program", world.path("gpg").to_str().unwrap()]);
    executable(&world, "gpg", "exit 1");
    let before = world.state();
    world.commit(&[]).failed_with("git cannot commit: error: gpg failed to sign the data");
    assert!(!world.has(BRANCH), "half of the commits");
    assert_eq!(world.state(), before);
    let signature = "-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----";
    executable(
        &world,
        "gpg",
        &format!("cat > /dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho '{signature}'"),
    );
    let said = world.commit(&[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for commit in world.git(&["rev-list", &format!("main..{BRANCH}")]).lines() {
        assert!(world.git(&["cat-file", "commit", commit]).contains("\ngpgsig -----BEGIN PGP"));
    }
    // The branch is compared without the signatures being checked.
    assert!(world.commit(&[]).out.contains("there already"));
}

#[cfg(unix)]
#[test]
fn without_git_it_says_so() {
    let world = World::tree();
    let mut command = world.harden_command(&["commit"]);
    let said = Said::from(command.env("PATH", world.path("empty")).output().unwrap());
    said.failed_with("the program git is not installed");
}
