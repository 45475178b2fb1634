//! Options of commands and commands that run others.

use super::{Command, read};

fn first(text: &str) -> Command {
    read(text).commands.remove(0)
}

/// The commands inside the first one, words joined by blanks, and whether all could be told.
fn inside(text: &str) -> (Vec<String>, bool) {
    let script = first(text).unwrapped();
    let lines = script.commands.iter().skip(1).map(|command| {
        let assigned = command.assignments.iter().map(|(name, value)| format!("{name}={} ", value.text));
        let words: Vec<_> = command.words.iter().map(|word| word.text.as_str()).collect();
        assigned.collect::<String>() + &words.join(" ")
    });
    (lines.collect(), script.complete)
}

#[test]
fn values_of_options() {
    for text in [
        "useradd -u 1000 app",
        "useradd -u1000 app",
        "useradd -ru 1000 app",
        "useradd --uid 1000 app",
        "useradd --uid=1000 app",
        "useradd -u 1 --uid=1000 app",
        "useradd -d /usr/u -u '1000'",
    ] {
        let value = first(text).option(Some('u'), "uid");
        assert_eq!(
            value.as_ref().map(|word| (word.text.as_str(), word.literal)),
            Some(("1000", true)),
            "{text}"
        );
    }
    for text in ["useradd app", "useradd -u", "useradd -- -u 1000", "useradd --uidx=3", "-u 1000"] {
        assert_eq!(first(text).option(Some('u'), "uid"), None, "{text}");
    }
    let text = "useradd --uid=$UID -c \"a\"b x";
    let uid = first(text).option(None, "uid").unwrap();
    assert_eq!((uid.text.as_str(), uid.literal, &text[uid.span]), ("$UID", false, "$UID"));
    assert_eq!(first(text).option(Some('c'), "").unwrap().text, "ab");
    assert_eq!(first("x -- -u").option(Some('u'), ""), None);
}

#[test]
fn flags() {
    for text in ["useradd -r app", "useradd -mr", "useradd --system x", "useradd -u 1 -r"] {
        assert!(first(text).has_flag(Some('r'), "system"), "{text}");
    }
    for text in ["useradd app", "useradd -- -r", "useradd -/r", "useradd --systemd", "r"] {
        assert!(!first(text).has_flag(Some('r'), "system"), "{text}");
    }
}

#[test]
fn operands() {
    let text = "useradd -rm -u 1000 -gusers --shell /bin/sh --comment='a b' - -x app -- -y";
    let command = first(text);
    let words: Vec<_> = command.positional("ug", &["shell"]).iter().map(|word| word.text.as_str()).collect();
    assert_eq!(words, ["-", "app", "-y"]);
    assert!(first("a").positional("", &[]).is_empty());
    assert!(first("a -u").positional("u", &[]).is_empty());
}

#[test]
fn wrappers() {
    for (text, expected) in [
        ("exec gosu app \"$@\"", &["gosu app $@", "$@"][..]),
        ("exec -a name app -x", &["app -x"]),
        ("env -i -u C A=b D=e cmd f=g", &["A=b D=e cmd f=g"]),
        ("A=1 env - cmd", &["A=1 cmd"]),
        ("env A=b", &[]),
        ("sudo -u www-data -E PATH=x php -v", &["PATH=x php -v"]),
        ("sudo -Eu app cmd -u x", &["cmd -u x"]),
        (
            "nice -n 5 nohup time -p ionice -c2 -n 7 cmd",
            &[
                "nohup time -p ionice -c2 -n 7 cmd",
                "time -p ionice -c2 -n 7 cmd",
                "ionice -c2 -n 7 cmd",
                "cmd",
            ],
        ),
        ("/usr/bin/tini -g -- su-exec app:app cmd -g", &["su-exec app:app cmd -g", "cmd -g"]),
        ("tini cmd", &["cmd"]),
        ("dumb-init --rewrite 15:2 -- cmd", &["cmd"]),
        ("timeout -s KILL 5m cmd", &["cmd"]),
        ("setpriv --reuid=1000 --regid 1000 --init-groups cmd", &["cmd"]),
        ("chroot --userspec=app /root cmd", &["cmd"]),
        ("chpst -u app cmd", &["cmd"]),
        ("command cmd x", &["cmd x"]),
        ("busybox adduser -D app", &["adduser -D app"]),
        ("sh -c 'a && exec b'", &["a", "exec b", "b"]),
        ("bash -eo pipefail -lc \"a \\\"b c\\\"\" -- d", &["a b c"]),
        ("su app -c 'a b'", &["a b"]),
        ("su -s /bin/sh -c a app", &["a"]),
        ("runuser -u app -- a -u b", &["a -u b"]),
        ("runuser -l app -c a", &["a"]),
        ("eval 'a;' b", &["a", "b"]),
        ("exec > log", &[]),
        ("exec", &[]),
        ("bash /x.sh -c a", &[]),
        ("echo gosu app cmd", &[]),
    ] {
        let (commands, complete) = inside(text);
        assert_eq!(commands, expected, "{text}");
        assert_eq!(complete, !text.contains('@'), "{text}");
    }
}

#[test]
fn what_cannot_be_told_is_said() {
    for text in [
        "\"$@\"",
        "exec \"$@\"",
        "sh -c \"$x\"",
        "sudo -l a",
        "env -S 'a b'",
        "bash $options",
        "gosu app $cmd",
        "eval \"$x\"",
        "command -v a",
    ] {
        assert!(!first(text).unwrapped().complete, "{text}");
    }
    // A bound, not the stack or the memory, ends these.
    let exec = "exec ".repeat(10_000);
    assert!(!first(&exec).unwrapped().complete);
    let nested = (0..12).fold("a".to_owned(), |text, _| format!("sh -c \"$({text})\" x"));
    assert!(first(&nested).unwrapped().commands.len() < 100_000);
}

#[test]
fn inner_commands_keep_the_place_of_the_outer_one() {
    let text = "a || sh -c 'b $(c)' &";
    let script = read(text).commands[1].unwrapped();
    let [_, b, c] = script.commands.as_slice() else { panic!("{script:?}") };
    assert!(b.place.fallback && b.place.conditional && b.place.background && b.place.subshell);
    assert_eq!(&text[c.span.clone()], "'b $(c)'");
    let inner = &read("f() { eval a; exec b; }").commands[0].unwrapped().commands[1];
    assert!(!inner.place.subshell);
    assert_eq!(inner.place.function.as_deref(), Some("f"));
}
