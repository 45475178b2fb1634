//! How much of real Dockerfiles the table knows.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test may read files and says what it found"
)]

use std::path::{Path, PathBuf};

use harden_core::syntax::Dockerfile;
use harden_core::{Base, Build};

use super::super::find;

/// The image that the last stage of `build` comes from.
fn last_base(build: &Build<'_>) -> Option<Base> {
    let mut index = build.stages.len().checked_sub(1)?;
    while let Base::Stage(earlier) = build.stages[index].base {
        index = earlier;
    }
    Some(build.stages[index].base.clone())
}

fn dockerfiles(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            dockerfiles(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

#[test]
fn most_final_stages_start_from_known_images() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let root = std::env::var_os("HARDEN_CORPUS").map_or_else(beside, PathBuf::from).join("real");
    if !root.is_dir() {
        println!("skipped: there is no corpus at {}", root.display());
        return;
    }
    let mut paths = Vec::new();
    dockerfiles(&root, &mut paths);
    let (mut files, mut images, mut known) = (0, 0, 0);
    for path in paths {
        let Ok(text) = String::from_utf8(std::fs::read(&path).unwrap()) else { continue };
        let file = Dockerfile::parse(text);
        let build = Build::new(&file);
        match last_base(&build) {
            Some(Base::Scratch) => {
                files += 1;
                known += 1;
            }
            Some(Base::Image(image)) => {
                files += 1;
                images += 1;
                known += usize::from(find(&image).is_some());
            }
            Some(Base::Stage(_) | Base::Unknown(_)) => files += 1,
            None => {}
        }
    }
    let share = known * 1000 / files;
    println!("{known} of {files} final stages ({share} ‰), {images} of them on images");
    assert!(files > 900, "this is not the corpus");
    assert!(share >= 730, "only {share} ‰ are known");
}
