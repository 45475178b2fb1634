//! The crate's main promise: replacing the range of one token changes that token and nothing else.

#![allow(clippy::print_stdout, reason = "a test says how much it did")]

mod common;

use common::tokens::parts;
use dockerfile_syntax::{Dockerfile, Instruction, Keyword, Token};

/// The part of a token that can be swapped for another plain word: all of it, or the inside of a JSON string.
fn plain<'a>(one: Instruction<'a>, role: &str, token: Token<'a>) -> Option<Token<'a>> {
    let fixed = match one.trigger().unwrap_or(one).keyword() {
        // `AS` and the HEALTHCHECK type are part of the grammar.
        Keyword::From => role == "word 1",
        Keyword::Healthcheck => role.ends_with("word 0"),
        _ => false,
    };
    if fixed || role.ends_with("keyword") || role.ends_with("arguments") || role.contains("heredoc") {
        return None;
    }
    let text = token.text();
    let token = match text.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) {
        Some(inner) if !inner.is_empty() => token.part(1, 1 + inner.len() as u32),
        _ => token,
    };
    let word = token.text();
    let odd = |ch: char| ch.is_whitespace() || matches!(ch, '"' | '\'' | '\\' | '`' | '<' | '#' | '=' | '[');
    (!word.is_empty() && !word.starts_with("--") && !word.contains(odd)).then_some(token)
}

/// Where `part` begins in `whole`, if it lies inside; both belong to the same joined text.
fn offset(whole: &str, part: &str) -> Option<usize> {
    let at = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    (at + part.len() <= whole.len()).then_some(at)
}

/// Makes one edit and compares everything; `Err` says what changed besides the token.
fn edit(
    file: &Dockerfile,
    index: usize,
    one: Instruction<'_>,
    token: Token<'_>,
    word: &str,
) -> Result<(), String> {
    let mut source = file.text().to_owned();
    source.replace_range(token.span().range(), word);
    let after = Dockerfile::parse(source);
    if after.instructions().len() != file.instructions().len() {
        return Err(format!(
            "{} instructions became {}",
            file.instructions().len(),
            after.instructions().len()
        ));
    }
    for (number, (old, new)) in file.instructions().zip(after.instructions()).enumerate() {
        let lines = |one: Instruction<'_>| one.lines().1 - one.lines().0;
        if number != index && (old.joined() != new.joined() || lines(old) != lines(new)) {
            return Err(format!("instruction {number} became {:?}", new.joined()));
        }
    }
    let Some(new) = after.instructions().nth(index) else { return Err("it is gone".to_owned()) };
    let (old_parts, new_parts) = (parts(one), parts(new));
    if old_parts.len() != new_parts.len() || one.heredocs().len() != new.heredocs().len() {
        return Err(format!("{} tokens became {}", old_parts.len(), new_parts.len()));
    }
    for (old, new) in old_parts.iter().zip(&new_parts) {
        let text = old.token.text();
        let mut expected = text.to_owned();
        if let Some(at) = offset(text, token.text()) {
            expected.replace_range(at..at + token.text().len(), word);
        }
        if old.role != new.role || new.token.text() != expected {
            return Err(format!("{} {text:?} became {} {:?}", old.role, new.role, new.token.text()));
        }
    }
    for (old, new) in one.heredocs().zip(new.heredocs()) {
        if file.slice(old.body()) != after.slice(new.body()) {
            return Err(format!("the body of heredoc {} changed", old.name()));
        }
    }
    if !token.is_split() && file.comments().len() != after.comments().len() {
        return Err("the comments changed".to_owned());
    }
    Ok(())
}

fn every_edit(path: &str, source: &str, edits: &mut usize, problems: &mut Vec<String>) {
    let file = Dockerfile::parse(source);
    for (index, one) in file.instructions().enumerate() {
        for part in parts(one) {
            let Some(token) = plain(one, &part.role, part.token) else { continue };
            let word = if edits.is_multiple_of(2) { "z" } else { "another-word.0" };
            *edits += 1;
            if let Err(what) = edit(&file, index, one, token, word) {
                problems.push(format!("{path}:{} {} {:?}: {what}", one.lines().0, part.role, token.text()));
            }
        }
    }
}

#[test]
fn a_replaced_token_is_the_only_change_in_own_files() {
    let (mut edits, mut problems) = (0, Vec::new());
    for (name, source) in common::OWN {
        every_edit(name, source, &mut edits, &mut problems);
    }
    assert!(edits > 100, "only {edits} edits");
    assert!(problems.is_empty(), "{} of {edits}:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn a_replaced_token_is_the_only_change_in_the_corpus() {
    let Some(files) = common::corpus() else { return };
    let (mut edits, mut problems) = (0, Vec::new());
    for file in files.iter().filter(|file| file.accepted) {
        every_edit(&file.path, &file.source, &mut edits, &mut problems);
    }
    println!("{edits} edits");
    assert!(edits > 30_000, "only {edits} edits");
    let shown = &problems[..problems.len().min(20)];
    assert!(problems.is_empty(), "{} of {edits}:\n{}", problems.len(), shown.join("\n"));
}
