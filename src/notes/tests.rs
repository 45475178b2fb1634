//! Whole pages, and the files that several Dockerfiles share.

mod check;
mod files;
mod pages;

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use dockerfile_syntax::Span;
use harden_core::{Disposition, Level, Note, Patch, Report, SecretSource, Why};
use tempfile::TempDir;

use super::*;
use crate::discover::{Discovery, Input, Options, discover};

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn found(folder: &TempDir) -> Discovery {
    discover(&[Input::Path(folder.path().to_path_buf())], &Options::default())
}

/// What a rewrite would come to that ended with `text` and these notes.
fn outcome(text: &str, notes: Vec<Note>) -> Outcome {
    let patch = Patch { transform: "test", before: Arc::from(""), after: text.into(), fixes: Vec::new() };
    let report = Report {
        transform: "test",
        id: "test",
        span: Span::new(0, 0),
        message: String::new(),
        disposition: Disposition::Fixed(Level::Review, Why::new("test", "")),
        hazards: Vec::new(),
        assumptions: Vec::new(),
        notes,
        suggestion: None,
    };
    Outcome { text: text.into(), patches: vec![patch], reports: vec![report], needs: BTreeSet::new() }
}

/// The files beside one Dockerfile of the folder.
fn beside_one(folder: &TempDir, name: &str, notes: Vec<Note>, choice: Choice) -> Result<Beside, String> {
    let found = found(folder);
    let path = folder.path().join(name);
    let candidate = found.candidates.iter().find(|one| one.path() == Some(&path)).unwrap();
    beside(candidate, &outcome(&fs::read_to_string(&path).unwrap(), notes), choice)
}

fn runs_as(uid: u32, gid: u32) -> Note {
    Note::RunsAs { uid, gid }
}

fn writes(path: &str) -> Note {
    Note::Writes { path: path.to_owned() }
}

fn volume(path: &str, source: Option<&str>) -> Note {
    Note::Volume { path: path.to_owned(), source: source.map(str::to_owned) }
}

fn variable(name: &str) -> Note {
    Note::Variable { name: name.to_owned() }
}

fn rotate(name: &str) -> Note {
    Note::Rotate { name: name.to_owned() }
}

fn exclude(pattern: &str) -> Note {
    Note::Exclude { pattern: pattern.to_owned() }
}

fn secret(id: &str, source: SecretSource, argument: Option<&str>) -> Note {
    Note::BuildSecret { id: id.to_owned(), source, argument: argument.map(str::to_owned) }
}

fn env(name: &str) -> SecretSource {
    SecretSource::Variable(name.to_owned())
}
