//! What each transform does to each case in `tests/fixtures/<transform>/`.
//!
//! A case is a folder with a Dockerfile and whatever its build needs. The snapshot `snapshots/<transform>/<case>.snap`
//! holds the diff and every finding. What must hold for all of them is checked by `Case::check`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy exempts test functions, not their helpers")]
#![allow(dead_code, reason = "other tests use the rest of `common`")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use common::case::Case;

fn names(folder: &Path, ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let name = |name: String| name.strip_suffix(ending).map(str::to_owned);
    entries.filter_map(|entry| name(entry.file_name().to_string_lossy().into_owned())).collect()
}

/// Checks every case of a transform and says which failed.
fn check(transform: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixtures = root.join("tests/fixtures");
    let snapshots = root.join("snapshots").join(transform);
    let transform = common::transforms().find(|one| one.meta().name == transform).unwrap();
    let cases = names(&fixtures.join(transform.meta().name), "");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&snapshots);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let run = |case: &String| {
        let folder: PathBuf = fixtures.join(transform.meta().name).join(case);
        let shown = Case::open(&folder, &fixtures.join("facts.json")).show(transform);
        settings.bind(|| insta::assert_snapshot!(case.as_str(), shown));
    };
    let failed: Vec<&String> =
        cases.iter().filter(|case| catch_unwind(AssertUnwindSafe(|| run(case))).is_err()).collect();
    assert!(failed.is_empty(), "failed: {failed:?}");
    assert_eq!(cases, names(&snapshots, ".snap"), "every snapshot belongs to a case");
}

#[test]
fn add_to_copy() {
    check("add-to-copy");
}

#[test]
fn non_root_user() {
    check("non-root-user");
}

#[test]
fn env_secrets() {
    check("env-secrets");
}

#[test]
fn pin_digest() {
    check("pin-digest");
}

#[test]
fn update_digest() {
    check("update-digest");
}

#[test]
fn multi_stage() {
    check("multi-stage");
}
