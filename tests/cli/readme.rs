//! The commands in README.md work as they stand there.

use std::fs;

use crate::support::{HARDEN, Sandbox, Transcript, copy, repository};

fn readme() -> String {
    fs::read_to_string(repository().join("README.md")).unwrap()
}

/// The first block is what a visitor sees first: a command and the beginning of what it prints.
#[test]
fn the_first_block_is_real() {
    let readme = readme();
    let block = readme.split("```console\n").nth(1).unwrap().split("```").next().unwrap();
    let (command, shown) = block.split_once('\n').unwrap();
    let arguments: Vec<&str> = command.strip_prefix("$ harden ").unwrap().split_whitespace().collect();
    let output =
        Sandbox::new(&[]).command(HARDEN).current_dir(repository()).args(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(shown.lines().count() > 10, "{shown}");
    let expected: String = printed.split_inclusive('\n').take(shown.lines().count()).collect();
    assert_eq!(shown, expected, "README.md shows what `{command}` does not print");
    let reasons = readme.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with(reasons), "README.md shows reasons that `{command}` does not give:\n{said}");
}

/// The diff of all examples is in `snapshots/cli/all`: who changes a transform reads there whether it would be merged.
#[test]
fn the_examples_are_all_handled() {
    let sandbox = Sandbox::new(&[]);
    copy(&repository().join("examples"), &sandbox.path("examples"));
    let arguments = ["--facts", "examples/facts.json", "examples"];
    let mut transcript = Transcript::new(&sandbox);
    let said = transcript.run(&[&["--quiet", "--notes", "never"], &arguments[..]].concat());
    assert_eq!(said.code, Some(1), "{}", said.err);
    let folders = fs::read_dir(sandbox.path("examples")).unwrap();
    for folder in folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let name = format!("a/examples/{}/", folder.file_name().unwrap().to_str().unwrap());
        assert!(said.out.contains(&name), "nothing changes in {name}");
    }
    transcript.check_in("../../snapshots/cli/all", "examples");
    assert_eq!(sandbox.harden(&[&["--write"], &arguments[..]].concat()).code, Some(3));
    let again = sandbox.harden(&arguments);
    assert_eq!((again.code, again.out.as_str()), (Some(3), ""), "a second run changes an example");
}

#[test]
fn every_transform_is_in_the_table() {
    let readme = readme();
    for transform in harden_transforms::all().iter().chain(harden_transforms::update()) {
        let name = transform.meta().name;
        let row = format!("| [`{name}`](transforms/{}.md) |", name.replace('-', "_"));
        assert!(readme.contains(&row), "README.md has no row `{row}`");
    }
}

/// Every `$ harden …` line, run in a repository like the one it talks about.
#[cfg(unix)]
#[test]
fn every_command_works() {
    let sandbox = Sandbox::tree();
    sandbox.write("services/api/Dockerfile", "FROM scratch\nADD . /\n");
    let facts = fs::read_to_string(repository().join("examples/facts.json")).unwrap();
    sandbox.write("examples/facts.json", facts);
    copy(&repository().join("examples/node-api"), &sandbox.path("examples/node-api"));
    let folder = std::path::Path::new(HARDEN).parent().unwrap().to_str().unwrap();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap_or_default());
    let readme = readme();
    let commands: Vec<_> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("$ "))
        .filter(|c| c.starts_with("harden"))
        .collect();
    assert!(commands.len() >= 7, "{commands:?}");
    for line in commands {
        let output = sandbox.command("sh").args(["-c", line]).env("PATH", &path).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "`{line}`: {} {err}", output.status);
        assert!(!err.contains("error"), "`{line}`: {err}");
    }
    assert_eq!(sandbox.read("services/api/Dockerfile"), "FROM scratch\nCOPY . /\n");
    let report: serde_json::Value = serde_json::from_str(&sandbox.read("report.json")).unwrap();
    assert_eq!(report["schema"], "harden-report/1");
}
