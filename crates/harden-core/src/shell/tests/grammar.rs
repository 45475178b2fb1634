//! Commands, their words and how they come to be executed.

use super::{Script, read};

/// The commands of a script that is understood, one a line; see [`line`].
#[track_caller]
fn commands(text: &str) -> Vec<String> {
    let script = read(text);
    assert!(script.complete, "not understood: {text}");
    lines(&script)
}

/// Words joined by `|`, `~` behind those that are not literal, then flags.
fn lines(script: &Script) -> Vec<String> {
    script
        .commands
        .iter()
        .map(|command| {
            let words: Vec<_> = command
                .words
                .iter()
                .map(|word| format!("{}{}", word.text, if word.literal { "" } else { "~" }))
                .collect();
            let place = &command.place;
            let mut line = words.join("|");
            for (flag, on) in [
                (" ?", place.conditional),
                (" else", place.fallback),
                (" pipe", place.piped),
                (" bg", place.background),
                (" sub", place.subshell),
            ] {
                line.push_str(if on { flag } else { "" });
            }
            for (name, value) in &command.assignments {
                line.push_str(&format!(" {name}={}", value.text));
            }
            for (operator, target) in &command.redirects {
                line.push_str(&format!(" {operator}{}", target.text));
            }
            if let Some(name) = &place.function {
                line.push_str(&format!(" in {name}"));
            }
            line
        })
        .collect()
}

#[test]
fn package_chain() {
    assert_eq!(
        commands(
            "apt-get update && apt-get install -y --no-install-recommends gosu \t && useradd -r -u 1000 app || true"
        ),
        [
            "apt-get|update",
            "apt-get|install|-y|--no-install-recommends|gosu ?",
            "useradd|-r|-u|1000|app ?",
            "true ? else",
        ]
    );
}

#[test]
fn set_eux_and_a_condition() {
    assert_eq!(
        commands(
            "set -eux; if [ -n \"$X\" ]; then adduser -D app; elif true; then :; else exit 1; fi; id app"
        ),
        ["set|-eux", "[|-n|$X~|]", "adduser|-D|app ?", "true ?", ": ?", "exit|1 ?", "id|app"]
    );
}

#[test]
fn entry_script() {
    let text = "#!/bin/sh\nset -e\n\n# first argument is a flag\nif [ \"${1#-}\" != \"$1\" ]; then\n\tset -- app \"$@\"\nfi\n\
        init() {\n  chown -R app: /data\n}\ncase \"$1\" in\n  app|-*) init ;;\n  *) exec \"$@\" ;;\nesac\nexec gosu app \"$@\"\n";
    assert_eq!(
        commands(text),
        [
            "set|-e",
            "[|${1#-}~|!=|$1~|]",
            "set|--|app|$@~ ?",
            "chown|-R|app:|/data in init",
            "init ?",
            "exec|$@~ ?",
            "exec|gosu|app|$@~",
        ]
    );
    assert_eq!(commands(&text.replace('\n', "\r\n")), commands(text));
}
