//! Megabytes made to be slow on. Each of these would take minutes if anything were quadratic; `cargo bench` times them.

mod common;

use std::borrow::Cow;

use dockerfile_syntax::{Dockerfile, ExpandError, expand, variables};

const SIZE: usize = 1_000_000;

/// `head`, then `unit` again and again, then `tail`.
fn fill(head: &str, unit: &str, tail: &str) -> String {
    format!("{head}{}{tail}", unit.repeat(SIZE / unit.len()))
}

/// Reads a text and asks for every token, error and position of it.
fn read(source: &str) -> Dockerfile {
    let file = Dockerfile::parse(source);
    let mut at = 0;
    for piece in file.pieces() {
        assert_eq!(piece.span().start, at);
        at = piece.span().end;
    }
    assert_eq!(at as usize, source.len());
    for instruction in file.instructions() {
        for part in common::tokens::parts(instruction) {
            let span = part.token.span();
            assert!(instruction.span().covers(span), "{}", part.role);
        }
        let _ = instruction.arguments().variables();
    }
    let mut line = 0;
    for error in file.errors() {
        let position = file.line_col(error.span.start);
        assert!(position.line >= line, "errors are in order");
        line = position.line;
    }
    assert!(file.errors().iter().take(1_000).all(|error| error.to_string().len() < 600));
    file
}

#[test]
fn long_lines() {
    let file = read(&fill("FROM a\nRUN ", "a", "\n"));
    assert_eq!(file.errors().len(), 1);
    read(&fill("FROM a\n", "a", ""));
    read(&fill("FROM ", "a ", ""));
    read(&fill("", "é", ""));
    read(&fill("FROM a\nENV A=\"", "\\\"", "\n"));
}

#[test]
fn continuations() {
    let file = read(&fill("FROM a\nRUN x", "\\\n", "y\n"));
    assert_eq!(file.instructions().len(), 2);
    let file = read(&fill("FROM a\nRUN x \\\n", "  y \\\n", "z\n"));
    assert!(file.errors().is_empty());
    let file = read(&fill("FROM a\nRUN x \\\n", "# c\n\n", "z\n"));
    assert_eq!(file.comments().len(), SIZE / 5);
    let file = read(&fill("FROM a\nCOPY --exclude=a\\\nb \\\n", "c\\\nd \\\n", "/e\n"));
    assert!(file.errors().is_empty());
    read(&fill("FROM a\nENV ", "A=1 \\\n", ""));
}

#[test]
fn many_lines() {
    assert_eq!(read(&"#c\n".repeat(1_000_000)).comments().len(), 1_000_000);
    read(&fill("", "\n", ""));
    read(&fill("FROM a\n", "\r\n", ""));
    read(&fill("", "FROM a\n", ""));
    read(&fill("", "FRM a\n", ""));
    read(&fill("", "RUN x\n", ""));
    read(&fill("# escape=`\n", "# syntax=x\n", "# escape=`\n"));
    let twice = format!("{}{}", "# syntax=x\n".repeat(100_000), "# escape=`\n".repeat(100_000));
    assert_eq!(read(&twice).errors().len(), 199_999);
}

#[test]
fn heredocs() {
    let file = read(&fill("FROM a\nRUN ", "<<A ", "\nA\n"));
    assert_eq!(file.instructions().last().map(|run| run.heredocs().len()), Some(SIZE / 4));
    read(&fill("FROM a\nRUN ", "<<A", "\nA\n"));
    read(&fill("FROM a\nRUN <<", "A", "\nA\n"));
    read(&fill("FROM a\nRUN ", "<< ", ""));
    read(&fill("FROM a\nRUN <<'", "a b", "\n"));
    read(&fill("FROM a\nCOPY ", "<<'A' ", "/d\nA\n"));
    read(&fill("FROM a\n", "RUN <<E\nE\n", ""));
    read(&fill("FROM a\nRUN <<E\n", "E \n", "E\n"));
    read(&fill("FROM a\n", "RUN <<E\n", ""));
}

#[test]
fn nesting() {
    for unit in ["${", "${a:-", "${a#", "${a/", "\"${a:-", "$", "'", "\"", "\\", "{"] {
        read(&fill("FROM a\nRUN <<A ", unit, "\n"));
        let _ = expand(&fill("", unit, ""), '\\', &|_| Some("x".into()));
    }
    for unit in ["[", "[\"", "{\"a\":", "[[],", "\"\",", "[{\"a\":[", "\\"] {
        read(&fill("FROM a\nCMD [", unit, "\n"));
    }
    read(&fill("FROM a\n", "ONBUILD ", "RUN x\n"));
    read(&fill("FROM a\nONBUILD ", "ONBUILD \\\n", "RUN x\n"));
}

#[test]
fn flags() {
    read(&fill("FROM a\nRUN ", "--mount=a=b ", "x\n"));
    read(&fill("FROM a\nRUN ", "--network=none ", "x\n"));
    let many =
        format!("FROM a\nRUN {}{}x\n", "--mount=a ".repeat(100_000), "--network=none ".repeat(100_000));
    assert_eq!(read(&many).errors().len(), 1 + 99_999);
    read(&fill("FROM a\nCOPY ", "--é=\"a b\" ", "x y\n"));
    read(&fill("FROM a\nCOPY --from=", "\"\"", " x y\n"));
    read(&fill("FROM a\nRUN --mount=", "a=b,", " x\n"));
    read(&fill("FROM a\nRUN --mount=", "\"\",", " x\n"));
    read(&fill("FROM a\nRUN --mount='\"", "\"\"", "' x\n"));
}

#[test]
fn words() {
    let file = read(&fill("FROM a\nENV ", "a=b ", "\n"));
    assert_eq!(file.instructions().last().map(|env| env.pairs().len()), Some(SIZE / 4));
    read(&fill("FROM a\nENV ", "a ", "\n"));
    read(&fill("FROM a\nENV a=b ", "c ", "\n"));
    read(&fill("FROM a\nCOPY ", "a ", "\n"));
    read(&fill("FROM a\nVOLUME [", "\"\",", "\"\"]\n"));
    read(&fill("FROM a\nHEALTHCHECK CMD [", "\"a\",", "\"a\"]\n"));
    read(&fill("FROM a AS ", "b", "\n"));
}

#[test]
fn expansion() {
    let names: String =
        (0..200_000).flat_map(|number| ["$a".to_owned(), number.to_string(), " ".to_owned()]).collect();
    assert_eq!(variables(&names, '\\').map(|found| found.len()), Ok(200_000));
    assert_eq!(expand(&names, '\\', &|_| None).map(|done| done.unset.len()), Ok(200_000));
    let optional: String =
        (0..100_000).flat_map(|number| ["${a".to_owned(), number.to_string(), ":-$b}".to_owned()]).collect();
    assert_eq!(expand(&optional, '\\', &|_| None).map(|done| done.unset), Ok(vec!["b".to_owned()]));
    let value = "ab".repeat(500_000);
    let given = |_: &str| Some(Cow::Borrowed(value.as_str()));
    for word in ["$A", "${A#*b}", "${A%%a*}", "${A//a/b}", "${A/c/d}", "${A:-$A}"] {
        assert_eq!(expand(&fill("", word, ""), '\\', &given), Err(ExpandError::TooComplex), "{word}");
    }
    let pattern = fill("${A#", "*?", "}");
    assert_eq!(expand(&pattern, '\\', &given), Err(ExpandError::TooComplex));
}
