//! Layouts of ENV, ARG and LABEL, and real files.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "the test reads the corpus and says what it found"
)]

use std::path::{Path, PathBuf};

use super::*;
use harden_core::gate::GateError;
use harden_core::{BuildSetup, gate};

/// The text after the edits, once it passed the gate.
#[track_caller]
pub(crate) fn applied(text: &str, edits: Vec<Edit>) -> String {
    let file = Dockerfile::parse(text);
    let set = EditSet::new(text, edits).unwrap();
    let after = set.apply(text);
    let gate = gate::check(&file, &set, &Dockerfile::parse(after.as_str()), &BuildSetup::default());
    assert_eq!(gate, Ok(()), "{after}");
    after
}

/// Removes the pairs with these names from the only instruction that has all of them.
#[track_caller]
fn without(text: &str, names: &[&str]) -> Result<String, Why> {
    let file = Dockerfile::parse(text);
    assert!(file.errors().is_empty(), "{:?}", file.errors());
    for instruction in file.instructions() {
        let held = instruction.trigger().unwrap_or(instruction);
        let pairs: Vec<_> =
            held.pairs().into_iter().filter(|pair| names.contains(&pair.key.text())).collect();
        if pairs.len() == names.len() {
            return remove(&pairs, instruction).map(|edits| applied(text, edits));
        }
    }
    panic!("no instruction has {names:?}");
}

#[test]
fn one_of_several() {
    for (before, name, after) in [
        ("ENV A=1 S=2 C=3\n", "S", "ENV A=1 C=3\n"),
        ("ENV S=2 A=1\n", "S", "ENV A=1\n"),
        ("ENV A=1 S=2\n", "S", "ENV A=1\n"),
        ("ENV A=1   S=2   C=3  \n", "S", "ENV A=1   C=3  \n"),
        ("ENV A=1 S=2  \n", "S", "ENV A=1\n"),
        ("ENV   S=2 A=1\n", "S", "ENV   A=1\n"),
        ("ENV A=1 S=\"x y\" C='3 4'\n", "S", "ENV A=1 C='3 4'\n"),
        ("ENV A=1 S=x\\ y C=3\n", "S", "ENV A=1 C=3\n"),
        ("env a=1 S=2\n", "S", "env a=1\n"),
        ("ARG A S=1 C\n", "S", "ARG A C\n"),
        ("ARG S A=1\n", "S", "ARG A=1\n"),
        ("LABEL a.b=1 S=\"x\" c=3\n", "S", "LABEL a.b=1 c=3\n"),
        ("ONBUILD ENV A=1 S=2\n", "S", "ONBUILD ENV A=1\n"),
        ("ENV A=1\tS=2\tC=3\n", "S", "ENV A=1\tC=3\n"),
        ("  ENV A=1 \\\n      S=2\n", "S", "  ENV A=1\n"),
        // Continuations.
        ("ENV A=1 \\\n    S=2 \\\n    C=3\n", "S", "ENV A=1 \\\n    C=3\n"),
        ("ENV S=2 \\\n    A=1 \\\n    C=3\n", "S", "ENV A=1 \\\n    C=3\n"),
        ("ENV A=1 \\\n    C=3 \\\n    S=2\n", "S", "ENV A=1 \\\n    C=3\n"),
        ("ENV \\\n  S=2 \\\n  A=1\n", "S", "ENV \\\n  A=1\n"),
        ("ENV \\\n  A=1 \\\n  S=2\n", "S", "ENV \\\n  A=1\n"),
        ("ENV A=1 S=2 \\\n    C=3\n", "S", "ENV A=1 \\\n    C=3\n"),
        ("ENV A=1 \\\n    S=2 C=3\n", "S", "ENV A=1 \\\n    C=3\n"),
        ("ENV S=2 A=1 \\\n    C=3\n", "S", "ENV A=1 \\\n    C=3\n"),
        ("ENV A=1\\\n    S=2\\\n    C=3\n", "S", "ENV A=1\\\n    C=3\n"),
        ("ENV A=1\\\n  S=2 \\\nC=3\n", "S", "ENV A=1 \\\nC=3\n"),
        ("ENV A=1 \\   \n    S=2 \\ \t\n    C=3\n", "S", "ENV A=1 \\   \n    C=3\n"),
        ("ENV A=1 \\   \n    S=2\n", "S", "ENV A=1\n"),
        ("ENV A=1 \\\n\n    S=2 \\\n\n    C=3\n", "S", "ENV A=1 \\\n\n    C=3\n"),
        ("ENV A=1 \\\n    \\\n    S=2 \\\n    C=3\n", "S", "ENV A=1 \\\n    \\\n    C=3\n"),
        ("ENV A=1 \\\n    S=\"x \\\n  y\" \\\n    C=3\n", "S", "ENV A=1 \\\n    C=3\n"),
        ("ENV A=1 S=\"x \\\n  y\" C=3\n", "S", "ENV A=1 C=3\n"),
        // The value before ends with an escaped backslash.
        ("ENV A=a\\\\ S=2\\\n C=3\n", "S", "ENV A=a\\\\ \\\n C=3\n"),
        ("ENV A=a\\\\ S=2\n", "S", "ENV A=a\\\\\n"),
        // Line endings, escape character.
        ("ENV A=1 \\\r\n    S=2 \\\r\n    C=3\r\n", "S", "ENV A=1 \\\r\n    C=3\r\n"),
        ("ENV A=1 \\\r\n    S=2\r\n", "S", "ENV A=1\r\n"),
        ("ENV A=1 \\\n    S=2", "S", "ENV A=1"),
        ("ENV A=1 \\\n    S=2 \\\n", "S", "ENV A=1\n"),
        ("ENV A=1 \\\n    S=2 \\\n\n\n", "S", "ENV A=1\n"),
        ("ENV A=1 \\\n    S=2 \\", "S", "ENV A=1"),
        ("ENV S=2 \\\n    A=1 \\\n", "S", "ENV A=1 \\\n"),
    ] {
        let text = format!("FROM a\n{before}");
        assert_eq!(without(&text, &[name]), Ok(format!("FROM a\n{after}")), "{before:?}");
    }
    let text = "# escape=`\nFROM a\nENV A=1 `\n    S=C:\\ `\n    C=3\n";
    assert_eq!(without(text, &["S"]).unwrap(), "# escape=`\nFROM a\nENV A=1 `\n    C=3\n");
}

#[test]
fn several_of_several() {
    for (before, names, after) in [
        ("ENV A=1 S=2 T=3 D=4\n", &["S", "T"][..], "ENV A=1 D=4\n"),
        ("ENV S=1 A=2 T=3 D=4\n", &["S", "T"], "ENV A=2 D=4\n"),
        ("ENV S=1 \\\n  T=2 \\\n  A=3\n", &["S", "T"], "ENV A=3\n"),
        ("ENV A=1 \\\n  S=1 \\\n  T=2\n", &["S", "T"], "ENV A=1\n"),
        ("ENV A=1 \\\n  S=1 T=2 \\\n  D=2\n", &["S", "T"], "ENV A=1 \\\n  D=2\n"),
        ("ENV S=1 \\\n  A=1 \\\n  T=2\n", &["S", "T"], "ENV A=1\n"),
        ("ENV A=1 S=1 \\\n  T=2 D=2\n", &["S", "T"], "ENV A=1 D=2\n"),
    ] {
        let text = format!("FROM a\n{before}");
        assert_eq!(without(&text, names), Ok(format!("FROM a\n{after}")), "{before:?}");
    }
}

#[test]
fn comments_between_pairs_stay() {
    for (before, name, after) in [
        (
            "ENV A=1 \\\n    # s\n    S=2 \\\n    # c\n    C=3\n",
            "S",
            "ENV A=1 \\\n    # s\n    # c\n    C=3\n",
        ),
        ("ENV S=2 \\\n    # a\n    A=1\n", "S", "ENV \\\n    # a\n    A=1\n"),
        ("ENV A=1 \\\n    # s\n    S=2\nUSER x\n", "S", "ENV A=1\n# s\nUSER x\n"),
        ("ENV A=1 \\\n    # s\n    S=2", "S", "ENV A=1\n# s"),
        ("ENV A=1 \\\r\n    # s\r\n    S=2\r\n", "S", "ENV A=1\r\n# s\r\n"),
        ("ENV A=1 \\\n  S=2 \\\n  # end\n", "S", "ENV A=1\n# end\n"),
        ("ENV A=1 S=2 \\\n# c\n  C=3\n", "S", "ENV A=1 \\\n# c\n  C=3\n"),
        ("ENV A=1 S=\"x \\\n  # in\n  y\" C=3\n", "S", "ENV A=1 \\\n  # in\n  C=3\n"),
        ("ENV A=1 \\\n  S=\"x \\\n  # in\n  y\" \\\n  C=3\n", "S", "ENV A=1 \\\n  # in\n  C=3\n"),
        ("ENV \\\n  # s\n  S=2\nUSER x\n", "S", "# s\nUSER x\n"),
        ("  ENV \\\n    # s\n  S=2 \\\n  # t\n\n", "S", "  # s\n  # t\n"),
        ("ENV \\\n  # s\n  S=2", "S", "# s"),
        ("# above\nENV S=2\nUSER x\n", "S", "# above\nUSER x\n"),
    ] {
        let text = format!("FROM a\n{before}");
        assert_eq!(without(&text, &[name]), Ok(format!("FROM a\n{after}")), "{before:?}");
    }
}

#[test]
fn the_last_pair_takes_the_instruction_with_it() {
    for (before, after) in [
        ("FROM a\nENV S=1\nUSER x\n", "FROM a\nUSER x\n"),
        ("FROM a\nENV S 1 2 3\nUSER x\n", "FROM a\nUSER x\n"),
        ("FROM a\n  ONBUILD ENV S=1\nUSER x\n", "FROM a\nUSER x\n"),
        ("FROM a\r\nARG S\r\nUSER x\r\n", "FROM a\r\nUSER x\r\n"),
        ("FROM a\nENV S=1\n", "FROM a\n"),
        ("FROM a\nENV S=1", "FROM a"),
        ("FROM a  \n\n \nENV S=1", "FROM a  "),
        ("FROM a\r\nENV S=1", "FROM a"),
        ("FROM a\n# c\nENV S=1", "FROM a\n# c"),
        ("FROM a\nENV S=1 \\\n", "FROM a\n"),
        ("ARG S=1\nFROM a\n", "FROM a\n"),
        ("ARG S=1\n\nFROM a\n", "FROM a\n"),
        ("\u{feff}ARG S=1\n\nFROM a\n", "\u{feff}FROM a\n"),
        // Blank lines that would meet.
        ("FROM a\n\nENV S=1\n\nUSER x\n", "FROM a\n\nUSER x\n"),
        ("FROM a\n\nENV S=1\n", "FROM a\n"),
        ("FROM a\nENV B=1\n\nENV S=1\n", "FROM a\nENV B=1\n\n"),
        ("FROM a\n\nENV S=1\nUSER x\n", "FROM a\n\nUSER x\n"),
        ("FROM a\nENV S=1\n\nUSER x\n", "FROM a\n\nUSER x\n"),
        ("FROM a\n\n# c\nENV S=1\n\nUSER x\n", "FROM a\n\n# c\n\nUSER x\n"),
        ("FROM a\nRUN <<E\nx\nE\nENV S=1\nUSER x\n", "FROM a\nRUN <<E\nx\nE\nUSER x\n"),
    ] {
        assert_eq!(without(before, &["S"]), Ok(after.to_owned()), "{before:?}");
    }
    let text = "FROM a\nENV S=1 \\\n    T=2\nUSER x\n";
    assert_eq!(without(text, &["S", "T"]).unwrap(), "FROM a\nUSER x\n");
}

#[test]
fn refusals() {
    let code = |text: &str| without(text, &["S"]).unwrap_err().code;
    assert_eq!(code("ARG S\n# syntax=docker/dockerfile:1\nFROM a\n"), "layout");
    assert_eq!(code("ARG \\\n# escape=`\n S\nFROM a\n"), "layout");
    let file = Dockerfile::parse("FROM a\nENV A=1\nENV B=2\n");
    let [_, a, b] = file.instructions().collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!(remove(&a.pairs(), b).unwrap_err().code, "not-a-pair");
    assert_eq!(remove(&[], b).unwrap_err().code, "not-a-pair");
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The real Dockerfiles at hand that BuildKit accepts; none and a message when there is no corpus.
pub(crate) fn corpus() -> Vec<(PathBuf, String)> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let corpus = std::env::var_os("HARDEN_CORPUS").map_or_else(beside, PathBuf::from);
    let mut paths = Vec::new();
    for folder in ["real", "edge", "hard"] {
        files(&corpus.join(folder), &mut paths);
    }
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).ok()?;
        Dockerfile::parse(text.as_str()).errors().is_empty().then_some((path, text))
    };
    let found: Vec<_> = paths.into_iter().filter_map(read).collect();
    if found.is_empty() {
        eprintln!("skipped: no corpus at {}", corpus.display());
    }
    found
}

/// Lines that end in a continuation although nothing follows in the instruction, and blank lines in continuations.
fn scars(file: &Dockerfile) -> (usize, usize) {
    (file.instructions().filter(|one| one.ends_open()).count(), file.empty_continuations().len())
}

/// Every pair of every real file goes alone, and then all but one go together; nothing else changes.
#[test]
fn any_pair_of_real_files() {
    let (mut removed, mut refused) = (0_usize, Vec::new());
    for (path, text) in corpus() {
        let file = Dockerfile::parse(text.as_str());
        let from = file.instructions().find(|one| one.keyword() == Keyword::From);
        let first_from = from.map_or(0, |one| one.span().start);
        for (index, instruction) in file.instructions().enumerate() {
            let pairs = instruction.trigger().unwrap_or(instruction).pairs();
            // All pairs but one, for two of them: long lists would take the square of their length.
            let others = pairs.len().min(2) * usize::from(pairs.len() > 2);
            for set in 0..pairs.len() + others {
                let gone: Vec<Pair<'_>> = match set.checked_sub(pairs.len()) {
                    None => vec![pairs[set]],
                    Some(kept) => {
                        let kept = kept * (pairs.len() - 1);
                        (0..pairs.len()).filter(|&one| one != kept).map(|one| pairs[one]).collect()
                    }
                };
                let edits = match remove(&gone, instruction) {
                    Ok(edits) => edits,
                    Err(why) => {
                        refused.push(format!("{}: {why}", path.display()));
                        continue;
                    }
                };
                removed += 1;
                let set = EditSet::new(&text, edits).unwrap();
                let after = Dockerfile::parse(set.apply(&text));
                match gate::check(&file, &set, &after, &BuildSetup::default()) {
                    Ok(()) => {}
                    // `FROM stage-$ARG`
                    Err(GateError::Stages(_)) if instruction.span().end < first_from => continue,
                    Err(error) => panic!("{}:{:?}: {error}", path.display(), instruction.lines()),
                }
                let all_gone = gone.len() == pairs.len();
                let mut left = after.instructions();
                for (other, before) in file.instructions().enumerate() {
                    if other == index {
                        if !all_gone {
                            let now = left.next().unwrap();
                            assert_eq!(now.trigger().unwrap_or(now).pairs().len(), pairs.len() - gone.len());
                        }
                        continue;
                    }
                    let now = left.next().unwrap();
                    assert_eq!(file.slice(before.span()), after.slice(now.span()), "{}", path.display());
                }
                assert!(left.next().is_none(), "{}", path.display());
                let (was, is) = (scars(&file), scars(&after));
                assert!(is.0 <= was.0 && is.1 <= was.1, "{}:{:?}", path.display(), instruction.lines());
                assert_eq!(after.comments().len(), file.comments().len());
            }
        }
    }
    eprintln!("removed {removed} times; refused: {refused:?}");
    assert!(refused.len() * 100 <= removed, "{refused:?}");
}
