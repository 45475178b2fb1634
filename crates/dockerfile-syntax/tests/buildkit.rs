//! Agreement with BuildKit's own reading of real files, where the corpus is at hand.
//!
//! The corpus is looked for in `$HARDEN_CORPUS`, else in `../shared/corpus` beside the repository. It holds
//! `buildkit.ndjson`: one object a file with what `parser.Parse` and `instructions.Parse` made of it.

#![allow(clippy::disallowed_methods, reason = "the test reads the corpus")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

use std::path::PathBuf;

use dockerfile_syntax::{Dockerfile, Instruction, Keyword};
use serde_json::Value;

fn corpus() -> Option<PathBuf> {
    let root = std::env::var_os("HARDEN_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    root.join("buildkit.ndjson").is_file().then_some(root)
}

/// One U+FFFD for every byte that is not UTF-8, as Go's JSON encoder writes it.
fn decode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
    }
    text
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// The words as BuildKit's node list holds them.
fn values(instruction: Instruction<'_>) -> Vec<String> {
    if matches!(instruction.keyword(), Keyword::Env | Keyword::Label) {
        let mut values = Vec::new();
        for pair in instruction.pairs() {
            values.push(pair.key.text().to_owned());
            values.push(pair.value.map(|value| value.text().to_owned()).unwrap_or_default());
            values.push(if pair.legacy { "" } else { "=" }.to_owned());
        }
        return values;
    }
    instruction.values().into_iter().map(|value| value.text.into_owned()).collect()
}

fn compare(instruction: Instruction<'_>, node: &Value, at: &str, problems: &mut Vec<String>) {
    let mut check = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            problems.push(format!("{at}: {what}: ours {ours:?}, BuildKit {theirs:?}"));
        }
    };
    check(
        "keyword",
        instruction.keyword_token().text().to_uppercase(),
        node["cmd"].as_str().unwrap().to_uppercase(),
    );
    let lines = format!("{:?}", (node["s"].as_u64().unwrap(), node["e"].as_u64().unwrap()));
    check("lines", format!("{:?}", instruction.lines()), lines);
    check("joined", instruction.joined().to_owned(), node["orig"].as_str().unwrap().to_owned());
    let inner = instruction.trigger().unwrap_or(instruction);
    if let Some(sub) = node["sub"].as_str() {
        check("trigger", inner.keyword_token().text().to_uppercase(), sub.to_uppercase());
    }
    let flags: Vec<String> = inner.flags().map(|flag| flag.text().to_owned()).collect();
    check("flags", format!("{flags:?}"), format!("{:?}", strings(&node["flags"])));
    check("exec form", inner.is_exec_form().to_string(), (node["json"] == true).to_string());
    if inner.keyword() != Keyword::Unknown {
        check("words", format!("{:?}", values(inner)), format!("{:?}", strings(&node["vals"])));
    }
    let heredocs: Vec<String> = instruction
        .heredocs()
        .map(|heredoc| {
            format!(
                "{} fd{} expand={} chomp={} {}",
                heredoc.name(),
                heredoc.file_descriptor(),
                heredoc.expands(),
                heredoc.chomps(),
                heredoc.body().len()
            )
        })
        .collect();
    let theirs: Vec<String> = node["hd"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|heredoc| {
            format!(
                "{} fd{} expand={} chomp={} {}",
                heredoc["name"].as_str().unwrap(),
                heredoc["fd"],
                heredoc["expand"],
                heredoc["chomp"],
                heredoc["len"]
            )
        })
        .collect();
    check("heredocs", format!("{heredocs:?}"), format!("{theirs:?}"));
}

#[test]
fn every_corpus_file_reads_as_buildkit_reads_it() {
    let Some(root) = corpus() else {
        println!("skipped: no corpus at $HARDEN_CORPUS or ../shared/corpus");
        return;
    };
    let index = std::fs::read_to_string(root.join("buildkit.ndjson")).unwrap();
    let mut problems = Vec::new();
    let mut files = 0;
    for line in index.lines() {
        let expected: Value = serde_json::from_str(line).unwrap();
        let path = expected["path"].as_str().unwrap();
        let source = decode(&std::fs::read(root.join(path)).unwrap());
        let file = Dockerfile::parse(source.as_str());
        files += 1;
        let pieces: String = file.pieces().into_iter().map(|piece| file.slice(piece.span())).collect();
        if pieces != source || file.text() != source {
            problems.push(format!("{path}: not lossless"));
        }
        let rejected = expected["perr"].as_str().or(expected["ierr"].as_str());
        if rejected.is_some() == file.errors().is_empty() {
            problems.push(format!("{path}: BuildKit {rejected:?}, ours {:?}", file.errors().first()));
        }
        if expected.get("perr").is_some() {
            continue;
        }
        if expected["escape"].as_str() != Some(file.escape().to_string().as_str()) {
            problems.push(format!("{path}: escape {:?}", file.escape()));
        }
        let nodes = expected["nodes"].as_array().unwrap();
        if nodes.len() != file.instructions().len() {
            problems.push(format!(
                "{path}: {} instructions, BuildKit {}",
                file.instructions().len(),
                nodes.len()
            ));
            continue;
        }
        for (instruction, node) in file.instructions().zip(nodes) {
            compare(instruction, node, &format!("{path}:{}", instruction.lines().0), &mut problems);
        }
        let stages = file.instructions().filter(|one| one.keyword() == Keyword::From).count();
        if rejected.is_none() && expected["stages"].as_u64() != Some(stages as u64) {
            problems.push(format!("{path}: {stages} stages, BuildKit {}", expected["stages"]));
        }
    }
    println!("{files} files compared");
    assert!(files > 1000, "only {files} files: the corpus is incomplete");
    assert!(
        problems.is_empty(),
        "{} differences:\n{}",
        problems.len(),
        problems[..problems.len().min(40)].join("\n")
    );
}
