//! Commands of instructions and where they stand.

use dockerfile_syntax::Dockerfile;

use super::super::{Located, of_instruction};
use crate::{Value, Why};

fn shell(words: &[&str]) -> Value<Vec<String>> {
    Value::Known(words.iter().map(|&word| word.to_owned()).collect())
}

fn located(text: &str, shell: &Value<Vec<String>>) -> (Vec<Located>, bool) {
    let file = Dockerfile::parse(text);
    assert!(file.errors().is_empty(), "{:?}", file.errors());
    let instruction = file.instructions().last().unwrap();
    of_instruction(instruction.trigger().unwrap_or(instruction), shell)
}

/// Words and source of each command of the last instruction.
#[track_caller]
fn commands(text: &str) -> Vec<(String, String)> {
    let (located, complete) = located(text, &Value::FromBase);
    assert!(complete, "not understood: {text}");
    located
        .iter()
        .map(|one| {
            assert_eq!(one.span.range(), one.command.span);
            let words: Vec<_> = one.command.words.iter().map(|word| word.text.as_str()).collect();
            for word in &one.command.words {
                assert!(one.command.span.start <= word.span.start && word.span.end <= one.command.span.end);
            }
            (words.join(" "), text[one.span.range()].to_owned())
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|&(words, source)| (words.to_owned(), source.to_owned())).collect()
}

#[test]
fn shell_form_through_continuations_and_comments() {
    let text = "FROM a\nRUN --mount=type=cache,target=/c apt-get update \\\n # no\n && useradd \\\n  -u 10\\\n00 app\n";
    assert_eq!(
        commands(text),
        pairs(&[
            ("apt-get update", "apt-get update"),
            ("useradd -u 1000 app", "useradd \\\n  -u 10\\\n00 app")
        ])
    );
    let (located, _) = located(text, &Value::FromBase);
    let uid = located[1].command.option(Some('u'), "uid").unwrap();
    assert_eq!(&text[uid.span], "10\\\n00");
}

#[test]
fn exec_form() {
    assert_eq!(
        commands("FROM a\nENTRYPOINT [\"tini\", \"--\", \"a\\tb $x\"]\n"),
        pairs(&[("tini -- a\tb $x", "\"tini\", \"--\", \"a\\tb $x\"")])
    );
    assert_eq!(
        commands("FROM a\nCMD [\"/bin/sh\", \"-ec\", \"a && exec b\"]\n"),
        pairs(&[("a", "a"), ("exec b", "exec b")])
    );
    assert_eq!(
        commands("FROM a\nCMD [\"bash\", \"-c\", \"a \\\"b\\\"; c\"]\n"),
        pairs(&[("a b", "\"a \\\"b\\\"; c\""), ("c", "\"a \\\"b\\\"; c\"")])
    );
    assert_eq!(commands("FROM a\nCMD []\n"), []);
    assert_eq!(commands("FROM a\nCMD [\"sh\", \"-c\"]\n"), pairs(&[("sh -c", "\"sh\", \"-c\"")]));
}

#[test]
fn health_checks_and_triggers() {
    assert_eq!(commands("FROM a\nHEALTHCHECK --interval=5s CMD curl -f http://x || exit 1\n").len(), 2);
    assert_eq!(
        commands("FROM a\nHEALTHCHECK CMD [\"curl\", \"x\"]\n"),
        pairs(&[("curl x", "\"curl\", \"x\"")])
    );
    assert_eq!(commands("FROM a\nHEALTHCHECK NONE\n"), []);
    assert_eq!(commands("FROM a\nONBUILD RUN a && b\n"), pairs(&[("a", "a"), ("b", "b")]));
    assert_eq!(commands("FROM a\nCOPY a b\n"), []);
    assert_eq!(commands("FROM a\nRUN\n"), []);
}

#[test]
fn here_document_as_the_script() {
    assert_eq!(
        commands("FROM a\nRUN <<EOF\nset -e\nuseradd app # c\nEOF\n"),
        pairs(&[("set -e", "set -e"), ("useradd app", "useradd app")])
    );
    assert_eq!(
        commands("FROM a\nRUN <<-'EOF'\n\tcat <<X > f\n\ty z\n\tX\n\ta\n\tEOF\n"),
        pairs(&[("cat", "cat <<X > f"), ("a", "a")])
    );
    assert_eq!(commands("FROM a\r\nRUN <<EOF\r\na\r\nb\r\nEOF\r\n"), pairs(&[("a", "a"), ("b", "b")]));
}

#[test]
fn here_document_with_an_interpreter() {
    assert_eq!(commands("FROM a\nRUN <<EOF\n#!/bin/bash -e\na\nEOF\n"), pairs(&[("a", "a")]));
    assert_eq!(
        commands("FROM a\nRUN <<EOF\n#!/usr/bin/env -S python3 -u\nimport os; os.x(\"'\")\nEOF\n"),
        pairs(&[("python3 -u", "python3 -u")])
    );
    let powershell = shell(&["powershell", "-Command"]);
    assert_eq!(located("FROM a\nRUN <<EOF\n#!/bin/sh\na\nEOF\n", &powershell).0.len(), 1);
}

#[test]
fn here_documents_of_a_command() {
    assert_eq!(
        commands("FROM a\nRUN cat <<EOF > /x && \\\n  chmod 1 /x\nuser $(id -u) 'x\nEOF\n"),
        pairs(&[("cat", "cat <<EOF > /x"), ("chmod 1 /x", "chmod 1 /x"), ("id -u", "id -u")])
    );
    assert_eq!(
        commands("FROM a\nRUN python3 <<EOF\nprint('a\nEOF\n"),
        pairs(&[("python3", "python3 <<EOF")])
    );
    assert_eq!(
        commands("FROM a\nRUN bash -e <<'EOF' && b\nuseradd $x\nEOF\n"),
        pairs(&[("bash -e", "bash -e <<'EOF'"), ("b", "b"), ("useradd $x", "useradd $x")])
    );
    assert_eq!(
        commands("FROM a\nRUN <<A cat >x && <<B cat >y\na\nA\n$(b)\nB\n"),
        pairs(&[("cat", "<<A cat >x"), ("cat", "<<B cat >y"), ("b", "b")])
    );
    // What the outer shell puts in cannot be known.
    assert!(!located("FROM a\nRUN sh <<EOF\nuseradd $x $(y)\nEOF\n", &Value::FromBase).1);
    assert_eq!(located("FROM a\nRUN sh <<EOF\nuseradd $x $(y)\nEOF\n", &Value::FromBase).0.len(), 3);
    // A script file, not the standard input.
    assert_eq!(commands("FROM a\nRUN bash x.sh <<EOF\n'\nEOF\n").len(), 1);
}

#[test]
fn shells() {
    let text = "FROM a\nRUN a; b\n";
    for known in [
        &["/bin/sh", "-c"][..],
        &["/bin/bash", "-o", "pipefail", "-c"],
        &["bash", "-exc"],
        &["/usr/bin/env", "bash", "-c"],
        &["/bin/busybox", "sh", "-c"],
    ] {
        let (located, complete) = located(text, &shell(known));
        assert_eq!((located.len(), complete), (2, true), "{known:?}");
    }
    for other in [
        &["powershell", "-Command"][..],
        &["cmd", "/S", "/C"],
        &["pwsh", "-c"],
        &["python3", "-c"],
        &["bash"],
        &["bash", "--norc"],
        &[],
    ] {
        assert_eq!(located(text, &shell(other)), (Vec::new(), false), "{other:?}");
    }
    assert_eq!(located(text, &Value::Unknown(Why::new("x", "y"))), (Vec::new(), false));
    assert_eq!(located("FROM a\nRUN [\"a\"]\n", &shell(&["cmd", "/C"])).0.len(), 1);
}
