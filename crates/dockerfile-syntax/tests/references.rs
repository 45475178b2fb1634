//! Agreement with `distribution/reference`, measured on recorded vectors.
//!
//! `image-references.ndjson` holds what the Go package says of its own test vectors and of references from public
//! Dockerfiles. It is looked for beside the repository (`../shared/vectors`) or in `$HARDEN_VECTORS`; the vectors in
//! this file need nothing.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests read vectors and say when there are none"
)]

use std::path::PathBuf;

use dockerfile_syntax::{Reference, ReferenceError};
use proptest::prelude::*;
use serde_json::Value;

const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Text, and `[domain, path, tag, digest]` with empty text for what is absent. `%` stands for [`A`].
const GOOD: &[(&str, [&str; 4])] = &[
    ("a", ["docker.io", "library/a", "", ""]),
    ("a:1", ["docker.io", "library/a", "1", ""]),
    ("a.b", ["docker.io", "library/a.b", "", ""]),
    ("a.b:80", ["docker.io", "library/a.b", "80", ""]),
    ("a.b:80/c", ["a.b:80", "c", "", ""]),
    ("a:80/c:d", ["a:80", "c", "d", ""]),
    ("localhost", ["docker.io", "library/localhost", "", ""]),
    ("localhost/c", ["localhost", "c", "", ""]),
    ("a/b", ["docker.io", "a/b", "", ""]),
    ("a/b/c/d", ["docker.io", "a/b/c/d", "", ""]),
    ("a__b/c--d:_", ["docker.io", "a__b/c--d", "_", ""]),
    ("A/b", ["A", "b", "", ""]),
    ("a-b.c-d/e", ["a-b.c-d", "e", "", ""]),
    ("index.docker.io/a", ["docker.io", "library/a", "", ""]),
    ("index.docker.io/a/b", ["docker.io", "a/b", "", ""]),
    ("docker.io/a:1", ["docker.io", "library/a", "1", ""]),
    ("[2001:db8::1]/a", ["[2001:db8::1]", "a", "", ""]),
    ("127.0.0.1:5000/a:b", ["127.0.0.1:5000", "a", "b", ""]),
    ("xn--n3h.com/a", ["xn--n3h.com", "a", "", ""]),
    ("a:1.0-x_Y", ["docker.io", "library/a", "1.0-x_Y", ""]),
    ("under_score.example/a", ["", "under_score.example/a", "", ""]),
    ("a:1@%", ["docker.io", "library/a", "1", A]),
    ("a.b:1/c@%", ["a.b:1", "c", "", A]),
];

const BAD: &[&str] = &[
    "",
    " ",
    "a ",
    "/",
    "/a",
    "a/",
    "a//b",
    ":1",
    "a:",
    "a:-1",
    "a:.",
    "a:b:c",
    "A",
    "a/B",
    "a.b/C",
    "-a",
    "a-",
    "_a",
    "a___b",
    "a..b",
    "a.-b",
    "a@",
    "a@b",
    "a@sha256:",
    "a@sha256:ff",
    "a@sha512:ff",
    "a:1@",
    "[::1]",
    "[::1]:1",
    "[::g]/a",
    "[::1]:/a",
    "[::1%eth0]/a",
    "a.b:x/c",
    "a_b:80/c",
    "-a.b/c",
    "a-.b/c",
    "a.b./c",
    "${A}",
    "a:${B}",
    "http://a/b",
    "a\n",
    "a\0",
    "\u{e4}",
    "a:\u{e4}",
    "docker.io/",
    "\u{130}/a",
    "a@%@%",
    "a@%:1",
];

fn check(text: &str, expected: [&str; 4]) -> Result<Reference, String> {
    let image = Reference::parse(text).map_err(|error| format!("{text:?} is refused: {error}"))?;
    let digest = image.digest().map(ToString::to_string).unwrap_or_default();
    let found = [image.domain(), image.path(), image.tag().unwrap_or_default(), &digest];
    if found == expected { Ok(image) } else { Err(format!("{text:?}: {found:?}, expected {expected:?}")) }
}

#[test]
fn own_vectors() {
    for (text, expected) in GOOD {
        let text = text.replace('%', A);
        let image = check(&text, *expected).unwrap();
        assert_eq!(image.as_written(), text);
    }
    for text in BAD {
        // Zone identifiers hold a `%` of their own.
        let text = if text.starts_with('[') { (*text).to_owned() } else { text.replace('%', A) };
        assert!(Reference::parse(&text).is_err(), "{text:?} is accepted");
    }
}

#[test]
fn recorded_vectors() {
    let folder = std::env::var_os("HARDEN_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let file = folder.join("image-references.ndjson");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: no {}; set HARDEN_VECTORS to its folder", file.display());
        return;
    };
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in text.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| vector[name].as_str().unwrap_or_default();
        let input = field("in");
        count += 1;
        let valid = vector["ok"].as_bool().unwrap();
        if valid {
            match check(input, [field("domain"), field("path"), field("tag"), field("digest")]) {
                Ok(image) if image.canonical() == field("canon") => {}
                Ok(image) => wrong.push(format!("{input:?}: canonical form {}", image.canonical())),
                Err(message) => wrong.push(message),
            }
        } else if Reference::parse(input).is_ok() {
            wrong.push(format!("{input:?} is accepted"));
        }
        // `pok` tells whether the grammar accepts the text before normalisation: only image ids differ there.
        let is_id = Reference::parse(input) == Err(ReferenceError::ImageId);
        if vector["pok"].as_bool().unwrap() != (valid || is_id) {
            wrong.push(format!("{input:?}: pok"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} disagree:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 1000, "only {count} vectors in {}", file.display());
}

/// A quadratic scan of any of these would take hours; the test is that it returns at all.
#[test]
fn megabytes_are_read_in_linear_time() {
    for unit in ["a", "a/", "a.", "-", "_", "a:", "@", "a@", "[:", "A", "\u{130}", "a__"] {
        let text = unit.repeat(1_000_000 / unit.len());
        assert!(Reference::parse(&text).is_err());
        assert!(Reference::parse(&format!("a.b/{text}")).is_err());
        // The length of a registry host is not limited, as upstream.
        assert_eq!(Reference::parse(&format!("{text}/b:1")).is_ok(), unit == "A");
    }
}

proptest! {
    #[test]
    fn whatever_is_accepted_reads_back(
        text in "[a-cA/:@._\\-\\[\\]0-9]{0,24}|[a-z/]{1,9}(:[a-z0-9.]{1,5})?(@sha256:[a-f0-9]{63,65})?|.{0,12}"
    ) {
        match Reference::parse(&text) {
            Ok(image) => {
                prop_assert_eq!(image.as_written(), &text);
                prop_assert!(text.starts_with(image.name()));
                let again = Reference::parse(image.canonical()).unwrap();
                prop_assert_eq!(&again, &image);
                prop_assert_eq!((again.domain(), again.path(), again.tag()), (image.domain(), image.path(), image.tag()));
            }
            Err(error) => {
                if let Some(offset) = error.offset() {
                    prop_assert!(text.is_char_boundary(offset), "{} in {:?}", offset, text);
                }
            }
        }
    }
}
