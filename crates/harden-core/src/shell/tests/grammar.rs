//! Commands, their words and how they come to be executed.

use std::fmt::Write;

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
                let _ = write!(line, " {name}={}", value.text);
            }
            for (operator, target) in &command.redirects {
                let _ = write!(line, " {operator}{}", target.text);
            }
            if let Some(name) = &place.function {
                let _ = write!(line, " in {name}");
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

#[test]
fn quotes_and_expansions() {
    assert_eq!(
        commands(r#"a 'b c'"d e"\ f "x\$y\n" $'g\'h' ~/i j* [k] l{m,n} {} {o} "$p" q=r#s # t"#),
        [r"a|b cd e f|x$y\n|$'g\'h'~|~/i~|j*~|[k]~|l{m,n}~|{}|{o}|$p~|q=r#s"]
    );
    assert_eq!(
        commands(r#"echo ${a:-"}"} $((1 + (2))) "${b%'}" $ a$"#),
        [r#"echo|${a:-"}"}~|$((1 + (2)))~|${b%'}~|$|a$"#]
    );
    assert_eq!(commands("chmod 644 a\\\nb \\\n c"), ["chmod|644|ab|c"]);
}

#[test]
fn assignments_and_redirections() {
    assert_eq!(
        commands("A=1 B=\"x y\" C= D+=z env E=2 >/dev/null 2>&1 <in &>>log 10>|x"),
        ["env|E=2 A=1 B=x y C= D+=z >/dev/null 2>&1 <in &>>log 10>|x"]
    );
    assert_eq!(commands("a=(b # ' comment\n 'c)' $(d)) e"), ["e a=(b # ' comment\n 'c)' $(d))", "d sub"]);
    assert_eq!(commands("{ a; b; } > f; (c) 2>g; > h"), ["a", "b", " >f", "c sub", " 2>g", " >h"]);
    assert_eq!(
        commands("cat <<<word; diff <(a) >(b)"),
        ["cat <<<word", "diff|<(a)~|>(b)~", "a sub", "b sub"]
    );
    let word = &read("A=~/x B[1]=y C+=z a").commands[0].assignments;
    assert_eq!(word.iter().map(|(_, value)| value.literal).collect::<Vec<_>>(), [false, false, false]);
}

#[test]
fn lists_pipelines_and_background() {
    assert_eq!(
        commands("a | b |& c && ! d || e & f\ng ||\n\n# x\nh; time -p i"),
        ["a pipe bg", "b pipe bg", "c pipe bg", "d ? bg", "e ? else bg", "f", "g", "h ? else", "i"]
    );
    assert_eq!(
        commands("a $(b) | { c; (d); } && e"),
        ["a|$(b)~ pipe", "b sub", "c pipe", "d pipe sub", "e ?"]
    );
    assert_eq!(commands("a || { b; c; }; d"), ["a", "b ? else", "c ? else", "d"]);
}

#[test]
fn compound_commands() {
    assert_eq!(
        commands(
            "for i in a $(b) *.c; do c $i; done; for x do d; done; for ((i = 0; i < 3; i++)); do e; done"
        ),
        ["b sub", "c|$i~ ?", "d ?", "e ?"]
    );
    assert_eq!(
        commands("while ! nc -z db 5432; do sleep 1; done; until a\ndo\nb\ndone"),
        ["nc|-z|db|5432", "sleep|1 ?", "a", "b ?"]
    );
    assert_eq!(
        commands("case $(uname -m) in (x86_64|amd64) a;; arm*) b ;& *) c\nesac && d; case x in esac"),
        ["uname|-m sub", "a ?", "b ?", "c ?", "d ?"]
    );
    assert_eq!(
        commands("if [[ a ]] then b; fi; local c=(d); f() { :; }"),
        ["[[|a|]]", "b ?", "local|c=(d)~", ": in f"]
    );
    assert_eq!(commands("select x in a b; do c; done < f"), ["c ?", " <f"]);
    assert_eq!(
        commands("[[ -f a && $b =~ ^(c|d)$ || ( -n e ) ]]&& f; (( x > (1) )) || g; (( (h) ); i)"),
        ["[[|-f|a|&&|$b~|=~|^(c|d)$||||(|-n|e|)|]]", "f ?", "g ? else", "h sub", "i sub"]
    );
}

#[test]
fn functions() {
    assert_eq!(
        commands("f() { a; }\ng ( ) (b)\nfunction h { c; }; function i () { d; } >e\nf && g"),
        ["a in f", "b sub in g", "c in h", "d in i", " >e", "f", "g ?"]
    );
    assert_eq!(commands("f()\n{\n  if a; then b; fi\n}"), ["a in f", "b ? in f"]);
}

#[test]
fn here_documents() {
    assert_eq!(
        commands("cat <<EOF >a <<-'B' && c\n$(d 'x') `e` \\$(f)\nEOF\n\t$(g)\n\tB\nh"),
        ["cat >a", "c ?", "d|x sub", "e sub", "h"]
    );
    assert_eq!(commands("(cat <<E)\n'\nE\na"), ["cat sub", "a"]);
    assert_eq!(commands("if true; then\n  tee f <<E | b\nx\nE\nfi"), ["true", "tee|f ? pipe", "b ? pipe"]);
    assert_eq!(commands("cat <<E\nno end"), ["cat"]);
    assert!(!read("cat <<E").complete);
}

#[test]
fn backticks() {
    assert_eq!(commands("a `b \"c d\"` e"), ["a|`b \"c d\"`~|e", "b|c d sub"]);
    let text = r#"a=`dirname \`pwd\`` "`b \"c d\" \$e '\\'`""#;
    assert_eq!(
        commands(text),
        [r#"`b \"c d\" \$e '\\'`~ a=`dirname \`pwd\``"#, "dirname|`pwd`~ sub", "pwd sub", "b|c d|$e~|\\ sub"]
    );
    let spans: Vec<_> = read(text).commands.iter().map(|one| text[one.span.clone()].to_owned()).collect();
    assert_eq!(spans[1..], [r"dirname \`pwd\`", "pwd", r#"b \"c d\" \$e '\\'"#]);
}

#[test]
fn names_are_the_last_part_of_a_path() {
    let script = read("/usr/sbin/useradd x; $cmd; \"my\"cmd; A=1");
    let names: Vec<_> = script.commands.iter().map(super::super::Command::name).collect();
    assert_eq!(names, [Some("useradd"), None, Some("mycmd"), None]);
}

#[test]
fn what_is_wrong_is_read_as_far_as_it_goes() {
    for (text, expected) in [
        ("a; fi; b", &["a", "b"][..]),
        ("if a; then b", &["a", "b ?"]),
        ("a && ; b", &["a", "b"]),
        ("a ;; b", &["a", "b"]),
        ("| a", &["a pipe"]),
        ("(a", &["a sub"]),
        ("a)\nb", &["a", "b"]),
        ("a > ; b", &["a", "b"]),
        ("a $(b", &["a|$(b~", "b sub"]),
        ("f() a; b", &["a", "b"]),
        ("f()", &[]),
        ("f() { a", &["a in f"]),
        ("a\necho 'b\nc\nd", &["a", "echo", "c", "d"]),
        ("a \"$(b\nc", &["a", "b sub", "c"]),
        ("a <<E $(b\nx\nE\n)", &["a|$(b\nx\nE\n)~", "b sub"]),
        ("[[ a", &["[[|a"]),
        ("a\0b", &["a\0b"]),
        ("case x in a) b", &["b ?"]),
        ("for x in a b; c; done", &[]),
        ("case x in a b) c;; esac", &["c ?"]),
        ("case x in |a) c;; esac", &["c ?"]),
        ("if a; then fi", &["a"]),
        ("while; do a; done", &["a ?"]),
        ("{ }; ()", &[]),
        ("case x in a|\nb) c;; esac", &["c ?"]),
        ("a=(b; c)", &[" a=(b; c)"]),
        ("a b=(c)", &["a|b=", "c sub"]),
    ] {
        let script = read(text);
        assert!(!script.complete, "{text}");
        assert_eq!(lines(&script), expected, "{text}");
    }
}
