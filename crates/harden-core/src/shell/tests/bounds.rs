//! Any text is read without a panic, within the bounds, and with ranges that hold.

use proptest::prelude::*;

use super::super::{MAX_COMMANDS, MAX_TEXT, MAX_WORDS};
use super::{Command, Script, Word, read};

fn words(command: &Command) -> impl Iterator<Item = &Word> {
    let assigned = command.assignments.iter().map(|(_, word)| word);
    let targets = command.redirects.iter().map(|(_, word)| word);
    command.words.iter().chain(assigned).chain(targets)
}

/// Ranges lie in the text and on characters, words in their command, commands in order.
fn holds(text: &str, script: &Script) -> Result<(), TestCaseError> {
    let mut start = 0;
    for command in &script.commands {
        prop_assert!(text.get(command.span.clone()).is_some(), "{command:?}");
        prop_assert!(start <= command.span.start);
        start = command.span.start;
        for word in words(command) {
            let source = text.get(word.span.clone());
            prop_assert!(source.is_some(), "{word:?}");
            let source = source.unwrap_or_default();
            prop_assert!(
                command.span.start <= word.span.start && word.span.end <= command.span.end,
                "{command:?}"
            );
            if word.literal && !source.contains(['\'', '"', '\\']) {
                prop_assert_eq!(source, &word.text);
            }
        }
    }
    Ok(())
}

/// Pieces of scripts, so that their nesting and errors come up.
fn script() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "useradd -r x",
        " ",
        " ",
        "\n",
        ";",
        "&&",
        "||",
        "|",
        "&",
        "(",
        ")",
        "{ ",
        " }",
        "$(",
        "`",
        "\\`",
        "\\",
        "'",
        "\"",
        "${x:-",
        "}",
        "$((",
        "))",
        "((",
        "[[ ",
        " ]]",
        "if ",
        " then ",
        " elif ",
        " else ",
        " fi",
        "while ",
        " do ",
        " done",
        "for x in ",
        "case x in ",
        " esac",
        ";;",
        "<<E",
        "<<-'E'",
        "\nE\n",
        "\n\tE\n",
        "<",
        "2>",
        ">>",
        "<<<",
        "<(",
        "A=",
        "b=(",
        "f() ",
        "function g ",
        "! ",
        "time ",
        "#",
        "~",
        "*",
        "@(",
        "$x",
        "$'",
        "é",
        "\r\n",
        "\0",
        "=",
        "[",
        "]",
        ",",
        "..",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn pieces_of_scripts(text in script()) {
        let script = read(&text);
        holds(&text, &script)?;
        for command in &script.commands {
            command.unwrapped();
        }
    }

    #[test]
    fn any_text(text in "\\PC*") {
        holds(&text, &read(&text))?;
    }

    #[test]
    fn plain_commands_come_back(lines in prop::collection::vec(prop::collection::vec("[b-z0-9_/:.-]{1,8}x", 1..5), 1..6)) {
        let text = lines.iter().map(|words| words.join(" ")).collect::<Vec<_>>().join(" && ");
        let script = read(&text);
        prop_assert!(script.complete);
        let read: Vec<Vec<_>> =
            script.commands.iter().map(|command| command.words.iter().map(|word| word.text.clone()).collect()).collect();
        prop_assert_eq!(read, lines);
    }

    #[test]
    fn quoting_does_not_change_a_word(word in "[ -~]{1,12}", style in 0..3) {
        let quoted = match style {
            0 => format!("'{}'", word.replace('\'', r"'\''")),
            1 => format!("\"{}\"", word.replace(['\\', '"', '$', '`'], "\u{1}").replace('\u{1}', "\\$")),
            _ => word.chars().flat_map(|one| ['\\', one]).collect(),
        };
        let expected = if style == 1 { word.replace(['\\', '"', '`'], "$") } else { word };
        let script = read(&format!("x {quoted}"));
        prop_assert!(script.complete);
        let got = &script.commands[0].words[1];
        prop_assert_eq!((&got.text, got.literal), (&expected, true));
    }
}

/// The sum of what a reader keeps.
fn kept(script: &Script) -> usize {
    script.commands.iter().flat_map(words).map(|word| word.text.len()).sum()
}

#[test]
fn deep_nesting_ends_at_a_bound() {
    for open in [
        "(",
        "$(",
        "\"$(",
        "{ ",
        "if ",
        "while ",
        "case x in a) ",
        "${a:-",
        "$((",
        "((",
        "<(",
        "a=(",
        "@(x",
        "f() { ",
        "`",
        "! ",
        "f() ",
    ] {
        let text = open.repeat(10_000);
        let script = read(&text);
        assert!(!script.complete || open == "`", "{open}");
        assert!(kept(&script) <= MAX_WORDS, "{open}");
    }
    let (open, close) = ("echo $(".repeat(10_000), ")".repeat(10_000));
    assert!(!read(&format!("{open}{close}")).complete);
    let (open, close) = ("echo $(".repeat(40), ")".repeat(40));
    assert!(read(&format!("{open}{close}")).complete);
    let escaped = (0..8)
        .fold("a".to_owned(), |text, _| format!("`{}`", text.replace('\\', "\\\\").replace('`', "\\`")));
    assert!(!read(&escaped).complete);
}

#[test]
fn long_texts_end_at_a_bound() {
    for (piece, complete) in [
        ("a", true),
        ("a ", true),
        ("a && ", false),
        ("a\n", false),
        ("'", true),
        ("echo $(b) `c`;", false),
        ("cat  <<EOF\nEOF\n", true),
        ("f() { a; }\n", true),
        ("a | ", false),
        ("( ", false),
    ] {
        let text = piece.repeat(MAX_TEXT / piece.len());
        let script = read(&text);
        assert_eq!(script.complete, complete, "{piece}");
        assert!(script.commands.len() <= MAX_COMMANDS && kept(&script) <= MAX_WORDS, "{piece}");
    }
    let long = "é\n".repeat(MAX_TEXT);
    let script = read(&long);
    assert!(!script.complete && script.commands.iter().all(|command| command.span.end <= MAX_TEXT));
    assert!(!read(&"x".repeat(MAX_TEXT + 1)).complete);
    let name = "f".repeat(300);
    let script = read(&format!("{name}() {{ a; }}"));
    assert!(
        !script.complete && script.commands[0].place.function.as_ref().is_some_and(|name| name.len() == 255)
    );
}

#[test]
fn unclosed_quotes_do_not_make_reading_start_again_and_again() {
    let text = "echo \"$(x\n".repeat(50_000);
    assert!(!read(&text).complete);
    let text = "a ${\n".repeat(50_000);
    assert!(!read(&text).complete);
}
