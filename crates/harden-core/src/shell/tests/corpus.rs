//! Real Dockerfiles.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "the test reads the corpus and says what it found"
)]

use std::path::{Path, PathBuf};

use dockerfile_syntax::{Dockerfile, Keyword};

use super::super::of_instruction;
use crate::{Build, BuildSetup, Scopes};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_none_or(|extension| extension != "tsv" && extension != "md") {
            found.push(path);
        }
    }
}

/// Of the RUN instructions for a POSIX shell in files BuildKit accepts, the reader understands all but a few, which are
/// in error or belong to Windows images.
#[test]
fn run_instructions_of_real_files() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let corpus = std::env::var_os("HARDEN_CORPUS").map_or_else(beside, PathBuf::from);
    let mut paths = Vec::new();
    for folder in ["real", "edge"] {
        files(&corpus.join(folder), &mut paths);
    }
    paths.sort();
    if paths.is_empty() {
        eprintln!("skipped: no corpus at {}", corpus.display());
        return;
    }
    let (mut runs, mut other, mut commands, mut unread) = (0, 0, 0, Vec::new());
    for path in &paths {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let file = Dockerfile::parse(text);
        if !file.errors().is_empty() {
            continue;
        }
        let setup = BuildSetup::default();
        let build = Build::new(&file);
        let scopes = Scopes::new(&build, &setup);
        for stage in 0..build.stages.len() {
            scopes.walk(stage, |_, instruction, state| {
                let instruction = instruction.trigger().unwrap_or(instruction);
                if instruction.keyword() != Keyword::Run {
                    return;
                }
                let (located, complete) = of_instruction(instruction, &state.shell);
                runs += 1;
                commands += located.len();
                if located.is_empty() && !complete {
                    other += 1;
                } else if !complete {
                    unread.push(format!("{}:{}", path.display(), instruction.lines().0));
                }
                for one in &located {
                    assert!(instruction.full_span().covers(one.span), "{}", path.display());
                    for word in one.command.words.iter().filter(|word| word.literal) {
                        let source = &file.text()[word.span.clone()];
                        assert!(
                            source.contains(['\'', '"', '\\', '`']) || source == word.text,
                            "{}: {source} is not {}",
                            path.display(),
                            word.text
                        );
                    }
                }
            });
        }
    }
    eprintln!("{runs} RUN, {commands} commands, {other} for other shells, {} not understood:", unread.len());
    for one in &unread {
        eprintln!("  {one}");
    }
    assert!(unread.len() * 100 < runs, "{} of {runs} not understood", unread.len());
}
