//! Files beside a Dockerfile are part of the result: of the diff, of what is written, and of the numbers.

use serde_json::Value;

use crate::support::{HARDEN, Sandbox, Transcript, check, feed};

const WEB: &str =
    "FROM debian:13\nCOPY app /usr/local/bin/app\nVOLUME /data\nEXPOSE 80\nCMD [\"/usr/local/bin/app\"]\n";
const COMPOSE: &str = "services:\n  web:\n    build: web\n    ports: ['80:80']\n    depends_on: [db]\n  db:\n    image: \
                       postgres:17\n";
const PAGE: &str = "web/Dockerfile.runtime.md";

/// A fix of this transform leaves something to do: a volume and a low port.
const FLAGS: [&str; 4] = ["--only", "non-root-user", "--level", "suggest"];

fn web() -> Sandbox {
    Sandbox::new(&[("web/Dockerfile", WEB), ("web/app", "x"), ("compose.yaml", COMPOSE)])
}

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [FLAGS.as_slice(), more].concat()
}

fn git(sandbox: &Sandbox, arguments: &[&str]) -> bool {
    let mut git = sandbox.command("git");
    git.args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false"]);
    git.args(arguments).output().is_ok_and(|output| output.status.success())
}

#[test]
fn every_mode() {
    let sandbox = web();
    let mut transcript = Transcript::new(&sandbox);
    transcript.run(&with(&["--quiet"]));
    transcript.run(&with(&["--check", "--quiet"]));
    transcript.run(&with(&["--write", "--quiet"]));
    let page = sandbox.read(PAGE);
    let second = transcript.run(&with(&["--write"]));
    assert!(second.err.contains("nothing to change"), "{}", second.err);
    assert_eq!(sandbox.read(PAGE), page, "a Dockerfile that is hardened has no notes, and its page stays");
    transcript.check("notes");
}

#[test]
fn the_diff_is_what_is_written() {
    let written = web();
    written.harden(&with(&["--write"]));
    let applied = web();
    let diff = applied.harden(&FLAGS);
    assert_eq!(diff.code, Some(1));
    assert!(diff.err.contains("1 file beside them to write"), "{}", diff.err);
    let mut apply = applied.command("git");
    let said = feed(apply.arg("apply"), diff.out.as_bytes());
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(applied.files(), written.files());
}

#[test]
fn a_page_of_somebody_else_stops_everything() {
    let sandbox = web();
    sandbox.write(PAGE, "# Ours\n");
    let before = sandbox.files();
    for mode in ["--diff", "--check", "--write"] {
        let said = sandbox.harden(&with(&[mode]));
        assert_eq!(said.code, Some(2), "{mode}: {said:?}");
        assert_eq!(said.out, "");
        assert!(
            said.err
                .contains("did not change web/Dockerfile: its notes belong into web/Dockerfile.runtime.md")
        );
        assert!(said.err.contains("1 not handled"), "{}", said.err);
    }
    assert_eq!(sandbox.files(), before);
    let said = sandbox.harden(&with(&["--write", "--notes", "never"]));
    assert_ne!(said.code, Some(2));
    assert_eq!(sandbox.read(PAGE), "# Ours\n");
    assert!(sandbox.read("web/Dockerfile").contains("USER"));
}

#[test]
fn what_people_add_to_a_page_stays() {
    let sandbox = web();
    sandbox.harden(&with(&["--write"]));
    let edited =
        format!("# Ours\r\n\r\n{}\r\nMore, with no newline", sandbox.read(PAGE).replace('\n', "\r\n"));
    sandbox.write(PAGE, &edited);
    sandbox.write("web/Dockerfile", WEB);
    sandbox.harden(&with(&["--write"]));
    assert_eq!(sandbox.read(PAGE), edited, "the same notes are there already");
    sandbox.write("web/Dockerfile", WEB.replace("/data", "/other"));
    let said = sandbox.harden(&FLAGS);
    assert!(said.out.contains("+++ b/web/Dockerfile.runtime.md\n"), "{}", said.out);
    sandbox.harden(&with(&["--write"]));
    let page = sandbox.read(PAGE);
    assert!(page.starts_with("# Ours\r\n") && page.ends_with("More, with no newline"));
    assert!(page.contains("/other") && page.matches('\n').count() == page.matches("\r\n").count(), "{page}");
}

#[test]
fn a_page_that_git_has_no_copy_of_is_left_alone() {
    let sandbox = web();
    assert!(git(&sandbox, &["init", "-q"]) && git(&sandbox, &["add", "."]), "git is needed");
    let said = sandbox.harden(&with(&["--write"]));
    assert_ne!(said.code, Some(2), "a new page needs no copy: {said:?}");
    sandbox.write("web/Dockerfile", WEB.replace("80", "81"));
    assert!(git(&sandbox, &["add", "web/Dockerfile"]));
    let before = sandbox.files();
    let said = sandbox.harden(&with(&["--write"]));
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.contains("because of its notes in web/Dockerfile.runtime.md: git does not track it"),
        "{said:?}"
    );
    let tracked = |files: Vec<(std::path::PathBuf, Vec<u8>)>| -> Vec<_> {
        files.into_iter().filter(|(path, _)| !path.starts_with(".git")).collect()
    };
    assert_eq!(tracked(sandbox.files()), tracked(before));
    let said = sandbox.harden(&with(&["--write", "--allow-dirty"]));
    assert_ne!(said.code, Some(2));
    assert!(sandbox.read(PAGE).contains("127.0.0.1:81:81"));
}

#[test]
fn standard_input_has_nothing_beside_it() {
    let sandbox = Sandbox::new(&[]);
    for mode in ["--diff", "--write", "--check"] {
        let mut command = sandbox.command(HARDEN);
        let said = feed(command.args(with(&[mode, "--notes", "always", "-"])), WEB.as_bytes());
        assert!(!said.out.contains("runtime.md") && !said.out.contains("harden:begin"), "{}", said.out);
    }
    assert_eq!(sandbox.files(), []);
}

#[test]
fn json_lists_the_files() {
    let sandbox = web();
    let report = |more: &[&str]| -> Value {
        serde_json::from_str(&sandbox.harden(&with(&[&["--format", "json"], more].concat())).out).unwrap()
    };
    let shown = report(&[]);
    let companions = shown["files"][0]["companions"].as_array().unwrap();
    assert_eq!(companions.len(), 1);
    assert_eq!(companions[0]["path"], PAGE);
    assert_eq!((&companions[0]["kind"], &companions[0]["status"]), (&"runtime-notes".into(), &"new".into()));
    assert!(companions[0]["diff"].as_str().unwrap().contains("--cap-drop ALL"));
    assert_eq!(
        (&shown["summary"]["companions"], &shown["companions"]),
        (&1.into(), &Value::Array(Vec::new()))
    );
    assert_eq!(report(&["--write"])["files"], shown["files"]);
    assert_eq!(report(&["--write"])["summary"]["companions"], 0);
}

#[test]
fn when_there_are_notes_can_be_chosen() {
    // Nothing to do for anybody: a user, and no volume or port.
    let quiet = "FROM debian:13\nCOPY app /app\nCMD [\"/app\"]\n";
    let sandbox = Sandbox::new(&[("Dockerfile", quiet), ("app", "")]);
    let page = |arguments: &[&str]| {
        let said = sandbox.harden(&with(&[&["--check"], arguments].concat()));
        assert!(said.out.starts_with("Dockerfile\n"), "{said:?}");
        said.out.contains("Dockerfile.runtime.md\n")
    };
    assert!(!page(&[]));
    assert!(page(&["--notes", "always"]));
    sandbox.write("harden.toml", "notes = \"always\"\n");
    assert!(page(&[]));
    assert!(!page(&["--notes", "auto"]) && !page(&["--notes", "never"]));
    sandbox.write("Dockerfile", "FROM debian:13\nCOPY app /app\nVOLUME /data\nCMD [\"/app\"]\n");
    assert!(page(&["--notes", "auto"]) && !page(&["--notes", "never"]));
    sandbox.write("harden.toml", "notes = \"newer\"\n");
    let said = sandbox.harden(&FLAGS);
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.contains("did you mean `never`?") && said.err.contains("harden.toml:1:9"),
        "{}",
        said.err
    );
}

#[test]
fn each_dockerfile_has_a_page() {
    let sandbox = web();
    sandbox.write("web/Dockerfile.dev", WEB.replace("debian:13", "debian:12"));
    sandbox.write("with space/my app.Dockerfile", WEB);
    sandbox.write("with space/app", "x");
    check("notes-of-many", &sandbox, &with(&["--check", "--quiet"]));
    sandbox.harden(&with(&["--write"]));
    for name in [PAGE, "web/Dockerfile.dev.runtime.md", "with space/my app.Dockerfile.runtime.md"] {
        assert!(sandbox.read(name).contains("docker run --detach"), "{name}");
    }
    assert_eq!(sandbox.harden(&with(&["--check", "--quiet"])).out, "", "pages are no Dockerfiles");
}

const SECRET: &str = "ENV DB_PASSWORD=hunter2S3cretXyz9\n";

/// Two services whose secrets leave the image. What they share is merged once.
fn secrets() -> Sandbox {
    let text = format!("FROM node:22\nCOPY . /app\n{SECRET}CMD [\"node\", \"/app/server.js\"]\n");
    Sandbox::new(&[
        ("api/Dockerfile", &text),
        ("api/Dockerfile.worker", &text.replace("DB_PASSWORD", "QUEUE_PASSWORD")),
        ("api/.env.example", "PORT=80\r\n"),
        ("api/.dockerignore", "*\n!server.js"),
        ("api/server.js", ""),
    ])
}

#[test]
fn what_several_dockerfiles_share_is_merged_once() {
    let flags = ["--only", "env-secrets", "--quiet"];
    let applied = secrets();
    let diff = applied.harden(&flags);
    assert_eq!(diff.code, Some(1), "{diff:?}");
    let file = "diff --git a/api/.env.example b/api/.env.example\n";
    assert_eq!(diff.out.matches(file).count(), 1, "{}", diff.out);
    let said = feed(applied.command("git").arg("apply"), diff.out.as_bytes());
    assert_eq!(said.code, Some(0), "{said:?}");
    let written = secrets();
    written.harden(&[flags.as_slice(), &["--write"]].concat());
    assert_eq!(applied.files(), written.files());
    assert_eq!(written.read("api/.env.example"), "PORT=80\r\nDB_PASSWORD=\r\nQUEUE_PASSWORD=\r\n");
    assert_eq!(written.read("api/.dockerignore"), "*\n!server.js", "`.env` is left out already");
    for (name, text) in written.files() {
        assert!(!String::from_utf8(text).unwrap().contains("hunter2"), "{}", name.display());
    }
    let again = written.files();
    assert_eq!(written.harden(&[flags.as_slice(), &["--write"]].concat()).out, "");
    assert_eq!(written.files(), again);
}

#[test]
fn values_stay_out_of_everything_but_the_diff() {
    let sandbox = secrets();
    sandbox.write("api/.env.example", "OLD_PASSWORD=hunter2-example\n");
    for arguments in [
        &["--format", "json"][..],
        &["--redact"],
        &["--check", "--verbose"],
        &["--write", "--format", "json"],
    ] {
        let said = sandbox.harden(&[&["--only", "env-secrets"], arguments].concat());
        assert!(!said.out.contains("hunter2") && !said.err.contains("hunter2"), "{arguments:?}: {said:?}");
        assert!(said.out.contains(".env.example"), "{said:?}");
    }
}

#[test]
fn what_cannot_be_added_is_told() {
    let sandbox = secrets();
    sandbox.write("api/.dockerignore", "!.env\n");
    let before = sandbox.read("api/.dockerignore");
    let said = sandbox.harden(&["--only", "env-secrets", "--write"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(
        said.err.contains("warning: api/.dockerignore: `.env` was not added: the file takes it back"),
        "{said:?}"
    );
    assert_eq!(sandbox.read("api/.dockerignore"), before);

    let sandbox = secrets();
    assert!(git(&sandbox, &["init", "-q"]) && git(&sandbox, &["add", "."]), "git is needed");
    sandbox.write("api/.env.example", "EDITED=\n");
    let said = sandbox.harden(&["--only", "env-secrets", "--write"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("error: api/.env.example: did not write it: it has changes"), "{said:?}");
    assert!(said.err.contains("1 file beside them not written"), "{said:?}");
    assert_eq!(sandbox.read("api/.env.example"), "EDITED=\n");
    assert!(sandbox.read("api/Dockerfile.runtime.md").contains("DB_PASSWORD"));
}
