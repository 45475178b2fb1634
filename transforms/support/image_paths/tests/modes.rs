//! Files others cannot use.

use super::super::modes::apply;
use super::*;

fn closed() -> Tree {
    let mut facts = tree(&[("open", ""), ("secret", ""), ("d/a", ""), ("d/e/b", ""), ("ok/f", "")]);
    for (path, mode) in [("secret", 0o600), ("d/a", 0o640)] {
        facts.files.get_mut(path).unwrap().1 = mode;
    }
    facts.folders = [("d".to_owned(), 0o700), ("d/e".to_owned(), 0o750)].into();
    facts
}

fn unreadable(text: &str, facts: &Tree) -> Vec<String> {
    ask(text, facts, &|paths| {
        paths
            .unreadable()
            .into_iter()
            .map(|one| {
                let kind = match one.kind {
                    UnreadableKind::File => "",
                    UnreadableKind::Folder => "/",
                    UnreadableKind::Download => "!",
                };
                let owner = one.owner.map(|owner| format!(" +{owner}")).unwrap_or_default();
                format!("{}{kind} {:o}{owner}", one.path, one.mode)
            })
            .collect()
    })
}

#[test]
fn modes_of_the_context_are_those_of_the_image() {
    let facts = closed();
    assert_eq!(
        unreadable("FROM a\nCOPY . /app\n", &facts),
        ["/app/d/ 700", "/app/d/a 640", "/app/d/e/ 750", "/app/secret 600"]
    );
    assert_eq!(
        unreadable("FROM a\nCOPY secret /x\nCOPY --chown=5 secret /y/\n", &facts),
        ["/x 600", "/y/secret 600 +5"]
    );
    // The folder that is copied into makes its own mode.
    assert_eq!(unreadable("FROM a\nCOPY d /d\n", &facts), ["/d/a 640", "/d/e/ 750"]);
    assert_eq!(unreadable("FROM a\nCOPY --parents d/e/b /p/\nCOPY ok /ok\n", &facts), [""; 0]);
    assert_eq!(unreadable("FROM a\nCOPY open secret /x\nCOPY open /x/secret\n", &facts), [""; 0]);
}

#[test]
fn chmod_flags_replace_them() {
    let facts = closed();
    assert_eq!(unreadable("FROM a\nCOPY --chmod=755 . /app\n", &facts), [""; 0]);
    assert_eq!(unreadable("FROM a\nCOPY --chmod=a+rX . /app\n", &facts), [""; 0]);
    // One number for files and folders.
    assert_eq!(unreadable("FROM a\nCOPY --chmod=644 d /d\n", &facts), ["/d/ 644", "/d/e/ 644"]);
    assert_eq!(unreadable("FROM a\nWORKDIR /d\nCOPY --chmod=644 d .\n", &facts), ["/d/e/ 644"]);
    // And for the folders that are made on the way.
    assert_eq!(
        unreadable("FROM a\nCOPY --chmod=644 open /x/y/\nCOPY --chmod=644 open /etc/sub/z\n", &facts),
        ["/x/ 644", "/x/y/ 644"]
    );
    assert_eq!(unreadable("FROM a\nCOPY --chmod=600 open /x\n", &facts), ["/x 600"]);
    assert_eq!(
        unreadable(
            "FROM a\nADD https://e.com/f /f\nADD --chmod=644 https://e.com/f /g\nADD https://e.com/h?q /d/\n",
            &facts
        ),
        ["/f! 600", "/d/h! 600"]
    );
}

#[test]
fn later_runs_count() {
    let facts = closed();
    let after = |run: &str| unreadable(&format!("FROM a\nWORKDIR /app\nCOPY . .\nRUN {run}\n"), &facts);
    assert_eq!(after("chmod -R a+rX ."), [""; 0]);
    assert_eq!(after("chmod -R 755 /app"), [""; 0]);
    assert_eq!(after("chmod +x secret").len(), 4);
    assert_eq!(after("chmod 644 sec*").len(), 3);
    assert_eq!(after("rm -rf d"), ["/app/secret 600"]);
    assert_eq!(after("mv secret /etc/key && rm -r d"), ["/etc/key 600"]);
    assert_eq!(after("rm -r d && chown -R 7:7 /app"), ["/app/secret 600 +7:7"]);
}

#[test]
fn stages_keep_modes() {
    let text = "FROM a AS b\nCOPY . /src\nFROM a\nCOPY --from=b /src/d /d\nCOPY --from=b /src/secret /etc/\n";
    assert_eq!(unreadable(text, &closed()), ["/d/a 640", "/d/e/ 750", "/etc/secret 600"]);
    assert_eq!(unreadable(&text.replace("--from=b", "--from=b --chmod=755"), &closed()), [""; 0]);
}

#[test]
fn there_is_a_limit() {
    let mut facts = Tree::default();
    facts.files.extend((0..300).map(|index| (format!("f{index}"), ("", 0o600))));
    assert_eq!(unreadable("FROM a\nCOPY . /a\nCOPY . /b\n", &facts).len(), 100);
}

#[test]
fn chmod_operands() {
    let table = [
        ("644", 0o777, 0o644),
        ("0755", 0, 0o755),
        ("u+x", 0o644, 0o744),
        ("+x", 0o600, 0o711),
        ("+w", 0o444, 0o644),
        ("a+rX", 0o600, 0o644),
        ("a+rX", 0o700, 0o755),
        ("go=u", 0o750, 0o777),
        ("go=", 0o755, 0o700),
        ("u=rwX,go=rX", 0o700, 0o755),
        ("o-r,g+w", 0o644, 0o660),
        ("g=u-w", 0o640, 0o640 & !0o020 | 0o040),
        ("u+s", 0o755, 0o755),
    ];
    for (spec, before, after) in table {
        assert_eq!(apply(spec, before, false), Some(after), "{spec} {before:o}");
    }
    assert_eq!(apply("a+X", 0o600, true), Some(0o711));
    assert_eq!((apply("", 0, false), apply("rwx", 0, false), apply("888", 0, false)), (None, None, None));
}
