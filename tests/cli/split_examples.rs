//! The applications in `examples/split`: their READMEs show what harden makes of them.

use std::fs;

use dockerfile_syntax::Dockerfile;

use crate::support::{Sandbox, copy, repository};

/// Arguments for recorded facts and no registry.
const FACTS: [&str; 2] = ["--facts", "facts.json"];

/// The folders, by name.
fn examples() -> Vec<String> {
    let entries = fs::read_dir(repository().join("examples/split")).unwrap();
    let folders = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut names: Vec<String> =
        folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// A copy of an example and of the recorded facts.
fn sandbox(example: &str) -> Sandbox {
    let sandbox = Sandbox::new(&[]);
    copy(&repository().join("examples/split").join(example), &sandbox.path(example));
    sandbox.write("facts.json", fs::read(repository().join("examples/facts.json")).unwrap());
    sandbox
}

/// The one block of a README behind a fence like ```` ```dockerfile before ````.
fn block(example: &str, readme: &str, role: &str) -> String {
    let fence = format!("```dockerfile {role}\n");
    let found: Vec<&str> = readme.split(&fence).skip(1).collect();
    assert_eq!(found.len(), 1, "{example}/README.md has one block `{role}`");
    found[0].split("```").next().unwrap().to_owned()
}

#[test]
fn readmes_show_what_harden_makes() {
    let examples = examples();
    assert_eq!(
        examples,
        ["c", "dotnet", "front-end", "go", "java-gradle", "java-maven", "node", "python", "rust"]
    );
    for example in &examples {
        let sandbox = sandbox(example);
        let (dockerfile, readme) = (format!("{example}/Dockerfile"), format!("{example}/README.md"));
        let readme = sandbox.read(readme);
        assert_eq!(
            block(example, &readme, "before"),
            sandbox.read(&dockerfile),
            "{example}/README.md: before"
        );
        // `review` is also what harden does by default.
        let only = ["--only", "multi-stage", "--level", "review", "--write"];
        let said = sandbox.harden(&[&only[..], &FACTS, &[example.as_str()]].concat());
        assert_eq!(said.code, Some(0), "{example}: {}", said.err);
        assert_eq!(block(example, &readme, "after"), sandbox.read(&dockerfile), "{example}/README.md: after");
    }
}

/// By default, and at the level at which people look at every change themselves.
#[test]
fn all_transforms_are_content_with_the_result() {
    for example in &examples() {
        for level in ["review", "suggest"] {
            let sandbox = sandbox(example);
            let arguments = [&FACTS[..], &["--level", level, example.as_str()]].concat();
            let said = sandbox.harden(&[&["--write"], &arguments[..]].concat());
            assert!(matches!(said.code, Some(0 | 3)), "{example}: {}", said.err);
            let text = sandbox.read(format!("{example}/Dockerfile"));
            let parsed = Dockerfile::parse(&*text);
            assert_eq!(parsed.errors(), [], "{example}");
            let stages = text.lines().filter(|line| line.starts_with("FROM ")).count();
            assert_eq!(stages, 2, "{example}:\n{text}");
            let again = sandbox.harden(&arguments);
            assert!(matches!(again.code, Some(0 | 3)), "{example}: {}", again.err);
            assert_eq!(again.out, "", "{example}: a second run changes it");
        }
    }
}

/// Folders without a row are not found by people, rows without a folder lead nowhere.
#[test]
fn every_example_is_in_the_tables() {
    let page = fs::read_to_string(repository().join("examples/README.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| [")?.split_once("](split/"));
    let mut linked: Vec<String> = rows
        .map(|(name, rest)| {
            let folder = rest.split(')').next().unwrap();
            assert_eq!(name, format!("split/{folder}"));
            folder.to_owned()
        })
        .collect();
    linked.sort();
    assert_eq!(linked, examples());
}
