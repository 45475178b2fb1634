//! Real builds before and after: what `add-to-copy` makes of each of its cases copies the same.
//!
//! Runs where `tests/builder` has found or started a Docker with buildx (`HARDEN_BUILDER`); says so and passes elsewhere.

#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy exempts test functions, not their helpers")]
#![allow(clippy::print_stdout, reason = "a test says what it skipped and measured")]
#![allow(dead_code, reason = "other tests use the rest of `common`")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use common::case::Case;
use harden_core::Level;

/// What a build leaves behind: each path with what it is.
type Tree = BTreeMap<String, String>;

/// Builds `text` in `context`; `None` when the build fails.
fn build(text: &str, context: &Path) -> Option<Tree> {
    let work = tempfile::tempdir().unwrap();
    let dockerfile = work.path().join("Dockerfile");
    // The frontend that `# syntax=` names would be fetched from a registry; the one built in reads the same.
    fs::write(&dockerfile, text.replace("# syntax=", "# frontend ")).unwrap();
    if let Ok(ignore) = fs::read(context.join("Dockerfile.dockerignore")) {
        fs::write(work.path().join("Dockerfile.dockerignore"), ignore).unwrap();
    }
    let out = work.path().join("out");
    let done = Command::new("docker")
        .args(["buildx", "build", "--quiet", "--file"])
        .arg(&dockerfile)
        .arg(format!("--output=type=local,dest={}", out.display()))
        .arg(context)
        .output()
        .unwrap();
    let mut tree = Tree::new();
    done.status.success().then(|| list(&out, "", &mut tree)).map(|()| tree)
}

fn list(folder: &Path, above: &str, tree: &mut Tree) {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let entry = entry.unwrap();
        let path = format!("{above}/{}", entry.file_name().to_string_lossy());
        let meta = fs::symlink_metadata(entry.path()).unwrap();
        let mode = meta.permissions().mode();
        let content = if meta.is_symlink() {
            fs::read_link(entry.path()).unwrap().display().to_string()
        } else if meta.is_file() {
            format!("{:?}", fs::read(entry.path()).unwrap())
        } else {
            list(&entry.path(), &path, tree);
            String::new()
        };
        tree.insert(path, format!("{mode:o} {content}"));
    }
}

#[test]
fn converted_instructions_copy_the_same() {
    if std::env::var_os("HARDEN_BUILDER").is_none() {
        println!("skipped: no builder; tests/builder starts one");
        return;
    }
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let transform = common::transforms().find(|one| one.meta().name == "add-to-copy").unwrap();
    let (mut built, mut failed, mut problems) = (0, 0, Vec::new());
    let mut cases: Vec<_> =
        fs::read_dir(fixtures.join("add-to-copy")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    for folder in cases {
        let case = Case::open(&folder, &fixtures.join("facts.json"));
        let Some(context) = case.context() else { continue };
        let outcome = case.check(transform, Level::Suggest);
        if !outcome.is_changed() {
            continue;
        }
        let (before, after) = (build(&case.text, context), build(&outcome.text, context));
        match (&before, &after) {
            (Some(_), _) => built += 1,
            (None, _) => failed += 1,
        }
        if before != after {
            problems.push(format!("{}: {before:?} became {after:?}", folder.display()));
        }
    }
    println!("{built} pairs built alike, {failed} failed alike (no network, or a missing file)");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(built >= 40, "only {built} cases could be built");
}
