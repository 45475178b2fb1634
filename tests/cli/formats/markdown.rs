//! `--format markdown`.

use std::fmt::Write as _;

use super::FOUR;
use crate::support::{SECRET, Said, Sandbox, check, facts};

/// Room of a body: GitHub takes 65,536 characters, and people add some.
const ROOM: usize = 60_000;

#[track_caller]
fn body(said: &Said) -> &str {
    assert_eq!(said.err, "", "the body says everything");
    assert!(!said.out.contains(SECRET), "{}", said.out);
    assert!(said.out.chars().count() <= ROOM, "{}", said.out.chars().count());
    for part in ["## Harden Dockerfiles\n", "## How to opt out\n"] {
        assert!(said.out.contains(part), "{}", said.out);
    }
    &said.out
}

#[test]
fn a_body() {
    let sandbox = Sandbox::tree();
    let said = check("markdown", &sandbox, &[FOUR, "--facts", &facts(), "--format", "markdown"]);
    let text = body(&said);
    for transform in ["add-to-copy", "pin-digest", "env-secrets", "non-root-user"] {
        assert!(text.contains(&format!("\n## {transform}\n")), "{transform}");
    }
}

#[test]
fn written_with_problems() {
    let sandbox = Sandbox::new(&[
        ("a/Dockerfile", "FROM node:22\nADD x /\n"),
        ("a/x", "x"),
        ("b/Dockerfile", "FROM a\n  RUNN b\n"),
        ("d/compose.yaml", "services: [\n"),
        (".git/HEAD", "ref: refs/heads/main\n"),
    ]);
    let arguments = ["--only", "add-to-copy,pin-digest", "--write", "--allow-dirty", "--facts", &facts()];
    let said = check("markdown-written", &sandbox, &[&arguments[..], &["--format", "markdown"]].concat());
    let text = body(&said);
    assert!(text.contains("## Not handled") && text.contains("package-ecosystem"), "{text}");
}

/// What a text shows outside code.
fn outside_code(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        if rest[..start].ends_with('\\') {
            out.push_str(&rest[..=start]);
            rest = &rest[start + 1..];
            continue;
        }
        out.push_str(&rest[..start]);
        let fence: String = rest[start..].chars().take_while(|ch| *ch == '`').collect();
        let inside = &rest[start + fence.len()..];
        let Some(end) = inside.find(&fence) else { break };
        rest = &inside[end + fence.len()..];
    }
    out + rest
}

/// Nobody is mentioned, nothing is linked or closed, and no markup comes from a file.
#[cfg(unix)]
#[test]
fn nothing_from_a_file_is_markup() {
    let name = "@octocat `x` <b>|#12 [y](http:␊evil)";
    let sandbox = Sandbox::new(&[
        (
            &*format!("{name}/Dockerfile"),
            "FROM evil/x@octocat\nFROM ${A:-@octocat}\nADD https://@octocat.example/#12 /\nUSER @octocat\nENV @octocat=<img>\n\
             # harden: ignore=@octocat fixes #12\nVOLUME [\"/<script>@octocat\", \"/](http://x)\"]\nADD $`@octocat` /\n",
        ),
        ("b/Dockerfile", "FROM a\n@octocat <script> [x](https://evil.example) #12\n"),
        ("c/Dockerfile", "FROM a\nRUN --mount=type=@octocat#12 x\n"),
    ]);
    let said = sandbox.harden(&["--level", "suggest", "--format", "markdown"]);
    let text = outside_code(body(&said));
    assert!(said.out.contains("octocat"), "nothing is tested: {}", said.out);
    for part in ["@octocat", "#12", "<b>", "<script>", "<img>", "](http", "://"] {
        assert!(!text.contains(part), "{part} in:\n{text}");
    }
}

#[test]
fn a_large_run_is_cut_and_says_so() {
    let sandbox = Sandbox::new(&[]);
    for file in 0..400 {
        let mut text = "FROM node:22\n".to_owned();
        for add in 0..10 {
            let _ = writeln!(text, "ADD https://example.com/{add} /");
        }
        sandbox
            .write(format!("service-{file:03}/Dockerfile"), text + "ADD . /srv\nCMD [\"node\", \"x.js\"]\n");
    }
    let said = sandbox.harden(&["--facts", &facts(), "--format", "markdown"]);
    let text = body(&said);
    assert!(text.chars().count() > ROOM / 3, "room is left: {}", text.chars().count());
    let (_, cut) = text.rsplit_once("`harden explain NAME` says more about it.\n").unwrap();
    assert!(cut.contains("entries are left out"), "{cut}");
    assert!(text.contains("400 files: 400 would change"), "{}", &text[..300]);
}
