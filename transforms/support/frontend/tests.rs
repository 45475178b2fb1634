use super::*;
use crate::support::remove_pair::remove;
use crate::support::remove_pair::tests::{applied, corpus};

/// The text after the edit, `-` for nothing to do, or the reason against it.
#[track_caller]
fn result(text: &str, minimum: Version) -> String {
    let file = Dockerfile::parse(text);
    assert!(file.errors().is_empty(), "{:?}", file.errors());
    match require(&file, &BuildSetup::default(), minimum) {
        Ok(None) => "-".to_owned(),
        Ok(Some(edit)) => {
            let after = applied(text, vec![edit]);
            let read = Dockerfile::parse(after.as_str());
            assert_eq!(read.escape(), file.escape());
            assert!(
                read.instructions().map(Instruction::joined).eq(file.instructions().map(Instruction::joined))
            );
            assert_eq!(require(&read, &BuildSetup::default(), minimum), Ok(None), "a second time");
            after
        }
        Err(why) => why.code.to_owned(),
    }
}

#[test]
fn images_and_versions() {
    for (image, mounts, secrets) in [
        ("docker/dockerfile:1", "-", "-"),
        ("docker/dockerfile", "-", "-"),
        ("docker.io/docker/dockerfile:latest", "-", "-"),
        ("docker/dockerfile:labs", "-", "-"),
        ("docker/dockerfile:1-labs", "-", "-"),
        ("docker/dockerfile-upstream:master", "-", "-"),
        ("docker/dockerfile-upstream:master-labs", "-", "-"),
        ("docker/dockerfile:1.10", "-", "-"),
        ("docker/dockerfile:1.10.0-labs", "-", "-"),
        ("docker/dockerfile:1.27.1", "-", "-"),
        (
            "docker/dockerfile:1.10@sha256:0123456789012345678901234567890123456789012345678901234567890123",
            "-",
            "-",
        ),
        ("docker/dockerfile:1.9", "-", "frontend-old"),
        ("docker/dockerfile:1.10.0-rc1", "-", "frontend-old"),
        ("docker/dockerfile:1.10.1-rc1", "-", "-"),
        ("docker/dockerfile:1.4", "-", "frontend-old"),
        ("docker/dockerfile:1.2.1", "-", "frontend-old"),
        ("docker/dockerfile:experimental", "-", "frontend-old"),
        ("docker/dockerfile:1.0-experimental", "-", "frontend-old"),
        ("docker/dockerfile:1.1", "frontend-old", "frontend-old"),
        ("docker/dockerfile:1.0.0", "frontend-old", "frontend-old"),
        ("docker/dockerfile:2", "frontend-unknown", "frontend-unknown"),
        ("docker/dockerfile:master", "frontend-unknown", "frontend-unknown"),
        (
            "docker/dockerfile:1@sha256:0123456789012345678901234567890123456789012345678901234567890123",
            "frontend-unknown",
            "frontend-unknown",
        ),
        (
            "docker/dockerfile@sha256:0123456789012345678901234567890123456789012345678901234567890123",
            "frontend-unknown",
            "frontend-unknown",
        ),
        ("registry.example/docker/dockerfile:1", "frontend-unknown", "frontend-unknown"),
        ("ghcr.io/a/b", "frontend-unknown", "frontend-unknown"),
        ("A B", "frontend-unknown", "frontend-unknown"),
    ] {
        for text in [
            format!("# syntax={image}\nFROM a\n"),
            format!("#syntax = {image}  \r\nFROM a\r\n"),
            format!("# escape=`\n# SYNTAX={image}\nFROM a\n"),
            format!("\u{feff}# syntax={image} option\nFROM a\n"),
            format!("#!/usr/bin/env -S docker build -f\n# syntax={image}\nFROM a\n"),
        ] {
            assert_eq!(result(&text, RUN_MOUNT), mounts, "{text}");
            assert_eq!(result(&text, SECRET_ENV), secrets, "{text}");
        }
    }
}

#[test]
fn the_directive_becomes_the_first_line() {
    let line = "# syntax=docker/dockerfile:1";
    for text in [
        "FROM a\n",
        "FROM a",
        "\n\nFROM a\n",
        "# A comment\nFROM a\n",
        "# escape=`\nFROM a\nRUN x `\n  y\n",
        "# check=error=true\n# escape=`\n\nFROM a\n",
        "# a\n# escape=`\nFROM a\n",
        "# foo=bar\n# syntax=docker/dockerfile:1.4\nFROM a\n",
        "\n# syntax=docker/dockerfile:1.4\nFROM a\n",
    ] {
        assert_eq!(result(text, SECRET_ENV), format!("{line}\n{text}"));
    }
    assert_eq!(result("FROM a\r\nRUN b\r\n", SECRET_ENV), format!("{line}\r\nFROM a\r\nRUN b\r\n"));
    assert_eq!(result("\u{feff}FROM a\n", SECRET_ENV), format!("\u{feff}{line}\nFROM a\n"));
}

#[test]
fn directives_buildkit_does_not_find() {
    for text in
        ["  # syntax=docker/dockerfile:1\nFROM a\n", " # escape=`\n# syntax=docker/dockerfile:1\nFROM a\n"]
    {
        assert_eq!(result(text, SECRET_ENV), "frontend-unknown");
    }
    assert_eq!(result("#!/bin/x\nFROM a\n", SECRET_ENV), "shebang");
}

#[test]
fn features_in_use_show_the_version() {
    for (text, mounts, secrets) in [
        ("FROM a\nRUN --mount=type=cache,target=/c x\n", "-", "+"),
        ("FROM a\nRUN <<E\nE\n", "-", "+"),
        ("FROM a\nRUN --mount=type=secret,id=a,env=A x\n", "-", "-"),
        // This stage may never be built.
        ("FROM b\nRUN --mount=type=secret,id=a,env=A x\nFROM a\n", "-", "+"),
        ("FROM a\nCOPY --exclude=x a b\n", "-", "-"),
        ("FROM a\nONBUILD COPY --exclude=x a b\n", "+", "+"),
        ("FROM a\nRUN x\n", "+", "+"),
    ] {
        let shown = |minimum| if result(text, minimum) == "-" { "-" } else { "+" };
        assert_eq!((shown(RUN_MOUNT), shown(SECRET_ENV)), (mounts, secrets), "{text}");
    }
}

#[test]
fn builds_that_choose_a_frontend() {
    let file = Dockerfile::parse("# syntax=docker/dockerfile:1\nFROM a\n");
    for (given, expected) in [
        (Some("docker/dockerfile:1.20"), None),
        (Some("docker/dockerfile:1.4"), Some("frontend-old")),
        (Some("x/y"), Some("frontend-unknown")),
        (None, Some("frontend-unknown")),
    ] {
        let build_args = [("BUILDKIT_SYNTAX".to_owned(), given.map(str::to_owned))].into();
        let setup = BuildSetup { build_args, ..BuildSetup::default() };
        assert_eq!(require(&file, &setup, SECRET_ENV).err().map(|why| why.code), expected, "{given:?}");
    }
}

#[test]
fn together_with_an_edit_of_the_first_line() {
    let text = "ARG S\nFROM a\n";
    let file = Dockerfile::parse(text);
    let arg = file.instructions().next().unwrap();
    let edits = remove(&arg.pairs(), arg).unwrap();
    let directive = require(&file, &BuildSetup::default(), SECRET_ENV).unwrap();
    let edits = with_directive(edits, directive);
    assert_eq!(applied(text, edits), "# syntax=docker/dockerfile:1\nFROM a\n");
    assert_eq!(with_directive(Vec::new(), None), []);
}

/// In every real file, the directive is there already, or can be added and is then enough.
#[test]
fn real_files() {
    for (path, text) in corpus() {
        let outcome = result(&text, SECRET_ENV);
        let known = matches!(outcome.as_str(), "-" | "frontend-old" | "frontend-unknown" | "shebang");
        assert!(known || outcome.contains("# syntax=docker/dockerfile:1"), "{}", path.display());
    }
}
