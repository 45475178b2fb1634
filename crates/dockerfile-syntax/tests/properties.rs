//! What must hold for every text: nothing is lost, nothing panics, every token stands where it says it stands.

#![allow(clippy::disallowed_methods, reason = "PROPTEST_CASES comes from the environment")]

mod common;

use std::borrow::Cow;
use std::sync::LazyLock;

use common::tokens::{check, reading};
use dockerfile_syntax::{Dockerfile, expand, variables};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What Dockerfiles are made of, and what breaks readers of them.
const ALPHABET: [&str; 96] = [
    "FROM ",
    "from ",
    "RUN ",
    "COPY ",
    "ADD ",
    "ENV ",
    "ARG ",
    "LABEL ",
    "CMD ",
    "ENTRYPOINT ",
    "ONBUILD ",
    "ONBUILD RUN ",
    "HEALTHCHECK ",
    "NONE",
    "SHELL ",
    "VOLUME ",
    "EXPOSE ",
    "USER ",
    "WORKDIR ",
    "STOPSIGNAL ",
    "MAINTAINER ",
    " AS ",
    "RUNN ",
    "# escape=`\n",
    "# escape=\\\n",
    "# syntax=x\n",
    "# check=skip=all\n",
    "#",
    "# c\n",
    "\\\n",
    "`\n",
    "\\ \t\n",
    "\\\r\n",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "\u{b}",
    "\u{c}",
    "\u{a0}",
    "\u{85}",
    "\u{2028}",
    "\u{3000}",
    "\u{feff}",
    "\0",
    "\u{1b}",
    "\\",
    "`",
    "'",
    "\"",
    "\\\"",
    "$",
    "${",
    "}",
    "$A",
    "${A}",
    "${A:-",
    "${A:=x}",
    "${A#*",
    "${A//b/c}",
    "${A^^}",
    "$$",
    "${",
    "(",
    "<<EOF",
    "<<-EOF",
    "<<'EOF'",
    "<<\"E F\"",
    "<< EOF",
    "3<<EOF",
    "<<<",
    "<<",
    "<",
    "EOF\n",
    "\tEOF\n",
    "EOF",
    "--from=a ",
    "--link ",
    "--mount=type=bind,from=a,target=/b ",
    "--mount=\"type=bind,x\" ",
    "--",
    "-- ",
    "--a=\"b c\" ",
    "=",
    "A=b ",
    "A=\"b c\" ",
    "[\"a\", \"b\"]",
    "[\"a\\u00e9\"]",
    "['a']",
    "[1]",
    "[",
    "]",
    "{",
    "é",
    "😀",
];

fn alphabet_text() -> impl Strategy<Value = String> {
    prop::collection::vec(select(&ALPHABET[..]), 0..40).prop_map(|parts| parts.concat())
}

/// Real files where they are at hand, own ones everywhere.
static FILES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut files: Vec<String> = common::OWN.iter().map(|(_, source)| (*source).to_owned()).collect();
    files.extend(common::corpus().into_iter().flatten().map(|file| file.source));
    files
});

#[derive(Clone, Debug)]
enum Mutation {
    Insert(Index, &'static str),
    Delete(Index, Index),
    DeleteLine(Index),
    DuplicateLine(Index, Index),
    Splice(Index, Index, Index),
    Truncate(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        3 => (at(), select(&ALPHABET[..])).prop_map(|(at, text)| Mutation::Insert(at, text)),
        1 => (at(), at()).prop_map(|(from, to)| Mutation::Delete(from, to)),
        1 => at().prop_map(Mutation::DeleteLine),
        1 => (at(), at()).prop_map(|(from, to)| Mutation::DuplicateLine(from, to)),
        1 => (at(), at(), at()).prop_map(|(file, line, at)| Mutation::Splice(file, line, at)),
        1 => at().prop_map(Mutation::Truncate),
    ]
}

fn boundary(text: &str, index: Index) -> usize {
    let mut at = index.index(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn apply(mut text: String, mutation: &Mutation) -> String {
    let lines = |text: &str| -> Vec<String> { text.split_inclusive('\n').map(str::to_owned).collect() };
    match mutation {
        Mutation::Insert(at, piece) => text.insert_str(boundary(&text, *at), piece),
        Mutation::Delete(from, to) => {
            let (from, to) = (boundary(&text, *from), boundary(&text, *to));
            // At most a few words: a half-empty file finds little.
            let mut to = to.clamp(from.min(to), from.min(to) + 30).min(text.len());
            while !text.is_char_boundary(to) {
                to -= 1;
            }
            text.replace_range(from.min(to)..to, "");
        }
        Mutation::Truncate(at) => text.truncate(boundary(&text, *at)),
        _ if text.is_empty() => {}
        Mutation::DeleteLine(at) => {
            let mut all = lines(&text);
            all.remove(at.index(all.len()));
            text = all.concat();
        }
        Mutation::DuplicateLine(from, to) => {
            let mut all = lines(&text);
            let line = all[from.index(all.len())].clone();
            all.insert(to.index(all.len()), line);
            text = all.concat();
        }
        Mutation::Splice(file, line, at) => {
            let other = lines(&FILES[file.index(FILES.len())]);
            let mut all = lines(&text);
            if !other.is_empty() {
                all.insert(at.index(all.len()), other[line.index(other.len())].clone());
            }
            text = all.concat();
        }
    }
    text
}

/// A few seconds; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { config.cases } else { 1_500 };
    ProptestConfig { cases, ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_text_of_the_alphabet(text in alphabet_text()) {
        check(&text);
    }

    #[test]
    fn a_valid_start_and_any_text(text in alphabet_text()) {
        check(&format!("FROM a\nRUN {text}"));
    }

    #[test]
    fn mutated_files(file in any::<Index>(), mutations in prop::collection::vec(mutation(), 1..6)) {
        let mut text = FILES[file.index(FILES.len())].clone();
        for mutation in &mutations {
            text = apply(text, mutation);
        }
        check(&text);
    }

    #[test]
    fn the_same_text_reads_the_same(text in alphabet_text()) {
        let file = Dockerfile::parse(text.as_str());
        let pieces: String = file.pieces().into_iter().map(|piece| file.slice(piece.span())).collect();
        let again = Dockerfile::parse(pieces);
        prop_assert_eq!(reading(&file), reading(&again));
        prop_assert_eq!(file.pieces(), again.pieces());
    }

    #[test]
    fn what_follows_a_closed_instruction_does_not_change_it(first in alphabet_text(), second in alphabet_text()) {
        let before = format!("FROM a\n{first}\n");
        let file = Dockerfile::parse(before.as_str());
        let Some(last) = file.instructions().next_back() else { return Ok(()) };
        if last.ends_open() || last.heredocs().any(|heredoc| heredoc.terminator().is_none()) {
            return Ok(());
        }
        let more = Dockerfile::parse(format!("{before}{second}"));
        for (old, new) in file.instructions().zip(more.instructions()) {
            prop_assert_eq!(old.joined(), new.joined());
            prop_assert_eq!(old.full_span(), new.full_span());
        }
    }

    #[test]
    fn words_expand_without_panic(word in alphabet_text(), escape in select(&['\\', '`'][..])) {
        let found = variables(&word, escape);
        for variable in found.iter().flatten() {
            let text = &word[variable.start as usize..variable.end as usize];
            prop_assert!(text.starts_with('$') && text.contains(&variable.name), "{variable:?} is {text:?}");
        }
        for given in [None, Some(""), Some("a/b.c*")] {
            let lookup = |_: &str| given.map(Cow::Borrowed);
            if let (Ok(expansion), Ok(found)) = (expand(&word, escape, &lookup), &found) {
                prop_assert_eq!(expansion.variables.len(), found.len());
                prop_assert!(given.is_none() || expansion.unset.is_empty());
            }
        }
    }
}
