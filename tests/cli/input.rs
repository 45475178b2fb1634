//! Input that cannot be used: a message of its own each, exit code 2, the file as it was, and the others handled.

use crate::support::{Said, Sandbox, Transcript, check, copy_and_pin, facts};

const GOOD: &str = "FROM scratch\nADD . /\n";
const WRITTEN: &str = "FROM scratch\nCOPY . /\n";

/// Every bad file in one tree with good ones around it.
#[test]
fn bad_files_in_a_tree() {
    let sandbox = Sandbox::new(&[
        ("a-good/Dockerfile", GOOD),
        ("empty/Dockerfile", ""),
        ("comment/Dockerfile", "# FROM alpine\n"),
        ("template/Dockerfile", "FROM {{ image }}\nRUN a\n{{ if b }}\nRUN c\n{{ end }}\n{{ if d }}\n"),
        ("broken/Dockerfile", "FROM alpine\nRUN a\n  ENVV API_TOKEN=hunter2-broken\nADD . /\n"),
        ("broken-flag/Dockerfile", "FROM alpine\nCOPY --form=build a b\n"),
        ("heredoc/Dockerfile", "FROM alpine\nRUN <<EOF\nADD . /\n"),
        ("z-good/Dockerfile", GOOD),
    ]);
    sandbox.write("not-utf-8/Dockerfile", b"FROM alpine\nLABEL a=\"caf\xc3\xa9\" b=\"caf\xe9\"\nADD . /\n");
    sandbox.write("utf-16/Dockerfile", b"\xff\xfeF\0R\0O\0M\0 \0a\0");
    let before = sandbox.files();
    let said = check("bad-files", &sandbox, &copy_and_pin(&["--write"]));
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    let changed: Vec<_> = before
        .iter()
        .zip(&sandbox.files())
        .filter(|(before, after)| before != after)
        .map(|(_, (path, text))| {
            (path.to_str().unwrap().replace('\\', "/"), String::from_utf8_lossy(text).into_owned())
        })
        .collect();
    let good = |path: &str| (path.to_owned(), WRITTEN.to_owned());
    assert_eq!(changed, [good("a-good/Dockerfile"), good("z-good/Dockerfile")]);
}

/// Each bad path beside a good one, which is still written.
#[track_caller]
fn beside_a_good_file(name: &str, files: &[(&str, &str)], arguments: &[&str]) -> Said {
    let sandbox = Sandbox::new(files);
    sandbox.write("good/Dockerfile", GOOD);
    let said = check(name, &sandbox, &copy_and_pin(&[&["--write", "good"], arguments].concat()));
    assert_eq!(sandbox.read("good/Dockerfile"), WRITTEN, "the good file was not written");
    said
}

#[test]
fn paths_that_lead_nowhere() {
    let said = beside_a_good_file("missing", &[], &["nowhere/Dockerfile", "nowhere"]);
    assert_eq!(said.code, Some(2));
    let said = beside_a_good_file("no-dockerfiles", &[("docs/Dockerfile.md", "")], &["docs"]);
    assert_eq!(said.code, Some(0), "what was named holds nothing to do, and the rest was done");
    let sandbox = Sandbox::new(&[("docs/Dockerfile.md", "")]);
    let said = check("no-dockerfiles-at-all", &sandbox, &["docs"]);
    assert_eq!(said.code, Some(2));
}

#[cfg(unix)]
#[test]
fn links_and_special_files() {
    use std::os::unix::fs::symlink;
    let sandbox = Sandbox::new(&[("good/Dockerfile", GOOD)]);
    symlink("gone", sandbox.path("Dockerfile.link")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(sandbox.path("Dockerfile.fifo")).status().unwrap();
    assert!(made.success());
    let said = check(
        "special-files",
        &sandbox,
        &copy_and_pin(&["--write", "Dockerfile.link", "Dockerfile.fifo", "good", "/dev/null"]),
    );
    assert_eq!(said.code, Some(2));
    assert_eq!(sandbox.read("good/Dockerfile"), WRITTEN);
    // In a walk they are passed by.
    assert_eq!(sandbox.copy_and_pin(&["--write"]).code, Some(0));
}

/// What would change the outcome of every file stops the run before the first one.
#[test]
fn facts_and_context() {
    let sandbox = Sandbox::new(&[
        ("Dockerfile", GOOD),
        ("malformed.json", "{\n  \"schema\": \"harden-facts/1\",\n  \"images\": [,]\n}\n"),
        ("wrong-type.json", "{\"schema\": \"harden-facts/1\", \"images\": [\n{\"ref\": 7}]}\n"),
        ("newer.json", "{\"schema\": \"harden-facts/99\", \"images\": []}\n"),
        ("other.json", "{\"images\": []}\n"),
        ("empty.json", ""),
    ]);
    sandbox.write("binary.json", b"\xff\xfe");
    let facts = facts();
    let mut transcript = Transcript::new(&sandbox);
    for arguments in [
        &["--facts", "malformed.json"][..],
        &["--facts", "wrong-type.json"],
        &["--facts", "newer.json"],
        &["--facts", "other.json"],
        &["--facts", "empty.json"],
        &["--facts", "binary.json"],
        &["--facts", "."],
        &["--facts", "nowhere.json"],
        &["--facts", &facts, "--facts", "nowhere.json"],
        &["--context", "nowhere"],
        &["--context", "Dockerfile"],
    ] {
        let said = transcript.run(&[&["--write"], arguments].concat());
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{arguments:?}");
    }
    transcript.check("facts-and-context");
    assert_eq!(sandbox.read("Dockerfile"), GOOD);
}

/// A build file that cannot be read costs what it would have said, no more.
#[test]
fn malformed_build_files() {
    let sandbox = Sandbox::new(&[
        ("compose/Dockerfile", GOOD),
        ("compose/compose.yaml", "services:\n  web:\n    build: [\n"),
        ("bake/Dockerfile", GOOD),
        ("bake/docker-bake.hcl", "target \"web\" {\n  dockerfile = \n}\n"),
        ("json/Dockerfile", GOOD),
        ("json/docker-bake.json", "{\"target\": \n"),
    ]);
    let said = check("malformed-build-files", &sandbox, &copy_and_pin(&["--write"]));
    assert_eq!(said.code, Some(0), "a warning is no error");
    for folder in ["compose", "bake", "json"] {
        assert_eq!(sandbox.read(format!("{folder}/Dockerfile")), WRITTEN);
    }
}
