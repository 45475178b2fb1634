//! Both targets on generated files, so that every CI run covers them.

use proptest::prelude::*;
use proptest::sample::select;

const IMAGES: [&str; 14] = [
    "alpine",
    "alpine:3.22",
    "node:latest",
    "library/debian:12-slim",
    "docker.io/library/python:3",
    "scratch",
    "base",
    "\"alpine\"",
    "${BASE}",
    "alpine:${TAG}",
    "${BASE:-node}:${TAG:-22}",
    "registry.example.com:5000/a/b",
    "BAD:::ref",
    "nginx@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

const LINES: [&str; 48] = [
    "ARG BASE=alpine",
    "ARG TAG=3.22",
    "ARG TAG",
    "ARG A=1 B=\"x y\" C",
    "ADD a /b",
    "ADD a b /c/",
    "ADD [\"a b\", \"/c\"]",
    "ADD a.tar.gz /",
    "ADD https://example.com/x /x",
    "ADD --chown=1:1 --link a \\\n  # why\n  b \\\n  /c/",
    "ADD $A /b",
    "ADD ./*.t* /d/",
    "add <<E /f\nx\nE",
    "ADD git@github.com:a/b.git /b",
    "ADD --unpack=true a.tar /",
    "ONBUILD ADD a /b",
    "ONBUILD FROM x",
    "COPY a /b",
    "COPY --from=base a /b",
    "COPY --from=alpine:3.22 a /b",
    "COPY --from=0 a /b",
    "ENV PASSWORD=hunter2",
    "ENV TOKEN abc def",
    "ENV A=1 \\\n    API_KEY=\"x y\" \\\n    # c\n    B=2",
    "ENV PATH=/a:$PATH",
    "ARG PASSWORD",
    "RUN apk add curl",
    "RUN apt-get update && \\\n    apt-get install -y curl",
    "RUN --mount=type=secret,id=x cat /run/secrets/x",
    "RUN --mount=from=alpine,target=/x ls",
    "RUN <<EOF\nADD a b\nEOF",
    "RUN adduser -D app",
    "RUN [\"ls\", \"-l\"]",
    "USER root",
    "USER app",
    "USER 0",
    "USER $A",
    "WORKDIR /app",
    "WORKDIR C:\\app",
    "SHELL [\"/bin/sh\", \"-c\"]",
    "VOLUME /data",
    "EXPOSE 80",
    "EXPOSE 8080/tcp",
    "HEALTHCHECK CMD curl -f http://localhost/ || exit 1",
    "CMD [\"node\", \"server.js\"]",
    "ENTRYPOINT exec /app",
    "",
    "# a comment",
];

const HEADS: [&str; 8] = [
    "",
    "\u{feff}",
    "# syntax=docker/dockerfile:1\n",
    "# escape=`\n",
    "# check=skip=all\n",
    "# harden: ignore=add-to-copy why\n",
    "# about\n\n",
    "ARG BASE=alpine\nARG TAG=3.22\n",
];

const ENDS: [&str; 5] = ["\n", "\r\n", "\n\n", " \t\n", " \\\n"];

const NOISE: [&str; 20] = [
    "\\", "`", "\"", "'", "$", "${", "}", "<<E", "#", "\t", "\r", "\u{a0}", "\0", "é", "[", "]", "=", "--",
    "\n", " ",
];

/// A stage: FROM with or without a name, then lines.
fn stage() -> impl Strategy<Value = String> {
    let name = select(&["", " AS base", " AS build", " as Final", " AS base\r"][..]);
    let line = (select(&LINES[..]), select(&ENDS[..])).prop_map(|(line, end)| format!("{line}{end}"));
    (
        select(&["FROM ", "from --platform=linux/amd64 ", "FROM \\\n  "][..]),
        select(&IMAGES[..]),
        name,
        select(&ENDS[..]),
    )
        .prop_map(|(from, image, name, end)| format!("{from}{image}{name}{end}"))
        .prop_flat_map(move |from| {
            prop::collection::vec(line.clone(), 0..8)
                .prop_map(move |lines| format!("{from}{}", lines.concat()))
        })
}

/// A file of one to three stages, in most cases valid.
fn dockerfile() -> impl Strategy<Value = String> {
    (select(&HEADS[..]), prop::collection::vec(stage(), 1..4), any::<bool>()).prop_map(
        |(head, stages, open)| {
            let text = format!("{head}{}", stages.concat());
            if open { text.trim_end_matches('\n').to_owned() } else { text }
        },
    )
}

/// The same with up to three characters of noise anywhere.
fn noisy() -> impl Strategy<Value = String> {
    let noise = prop::collection::vec((any::<prop::sample::Index>(), select(&NOISE[..])), 0..4);
    (dockerfile(), noise).prop_map(|(mut text, noise)| {
        for (index, piece) in noise {
            let mut at = index.index(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            text.insert_str(at, piece);
        }
        text
    })
}

/// A few seconds; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { config.cases } else { 2_000 };
    ProptestConfig { cases, ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn parse_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        super::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn parse_files(text in noisy()) {
        super::parse(&text);
    }

    #[test]
    fn rewrite_files(text in dockerfile()) {
        super::rewrite(&text);
    }

    #[test]
    fn rewrite_noisy_files(text in noisy()) {
        super::rewrite(&text);
    }
}

/// The generator is worth its time only when enough of what it makes is valid and gives the transforms something to do.
#[test]
fn the_generator_reaches_the_transforms() {
    use harden_core::{BuildSetup, Level, NoFacts, Policy};
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut valid, mut found, mut changed) = (0, 0, 0);
    for _ in 0..500 {
        let Ok(tree) = dockerfile().new_tree(&mut runner) else { continue };
        let (setup, facts, policy) =
            (BuildSetup::default(), NoFacts::default(), Policy::at(Level::Suggest));
        let outcome =
            harden_core::rewrite(&tree.current(), harden_transforms::all(), &setup, &facts, &policy);
        let Ok(outcome) = outcome else { continue };
        valid += 1;
        found += usize::from(!outcome.reports.is_empty());
        changed += usize::from(outcome.is_changed());
    }
    assert!(
        valid > 150 && found > 100 && changed > 20,
        "of 500: {valid} valid, {found} with findings, {changed} changed"
    );
}
