//! `--format json`.

use serde_json::Value;

use crate::support::{SECRET, Said, Sandbox, facts};

/// The document, after checks that hold for every run.
#[track_caller]
fn document(said: &Said) -> Value {
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["schema"], "harden-report/1");
    assert_eq!(report["tool"]["name"], "harden");
    assert_eq!(report["tool"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["summary"]["exit_code"], said.code.unwrap());
    assert_eq!(report["summary"]["files"], report["files"].as_array().unwrap().len());
    assert_eq!(said.err, "", "the document says everything");
    assert!(!said.out.contains(SECRET), "a secret is in the document:\n{}", said.out);
    report
}

#[test]
fn the_document() {
    let sandbox = Sandbox::tree();
    let said = sandbox.copy_and_pin(&["--facts", &facts(), "--level", "safe", "--format", "json"]);
    assert_eq!(said.code, Some(1));
    let report = document(&said);
    insta::with_settings!({
        snapshot_path => "../../snapshots/cli",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        let mut shown = report.clone();
        shown["tool"]["version"] = "[VERSION]".into();
        insta::assert_json_snapshot!("json", shown);
    });

    let summary = &report["summary"];
    let count = |disposition: &str| {
        let files = report["files"].as_array().unwrap();
        files
            .iter()
            .flat_map(|file| file["findings"].as_array().unwrap())
            .filter(|finding| finding["disposition"] == disposition)
            .count()
    };
    for (name, disposition) in [("fixed", "fixed"), ("offered", "offered"), ("refused", "refused")] {
        assert_eq!(summary[name], count(disposition), "{name}");
    }
    assert_eq!(count("suppressed"), 1, "everything is told, what text leaves out too");
}

/// With every transform, at every level.
#[test]
fn no_secret_is_in_a_document() {
    let sandbox = Sandbox::tree();
    for level in ["safe", "review", "suggest"] {
        document(&sandbox.harden(&["--facts", &facts(), "--level", level, "--format", "json", "--verbose"]));
    }
}

/// A position names the token in the file: an editor can jump to it.
#[test]
fn positions() {
    let text = "# é\nFROM node:22\nRUN <<EOF\nADD x\nEOF\n  ADD a /\nCOPY --from=nginx:1.27 é /\n";
    let sandbox = Sandbox::new(&[("Dockerfile", text)]);
    let report = document(&sandbox.copy_and_pin(&["--format", "json"]));
    let mut places = Vec::new();
    for finding in report["files"][0]["findings"].as_array().unwrap() {
        let line = finding["line"].as_u64().unwrap() as usize;
        let column = finding["column"].as_u64().unwrap() as usize;
        let rest: String = text.lines().nth(line - 1).unwrap().chars().skip(column - 1).collect();
        places.push((line, rest));
    }
    let expected =
        [(2, "node:22"), (6, "ADD a /"), (7, "nginx:1.27 é /")].map(|(line, rest)| (line, rest.to_owned()));
    assert_eq!(places, expected);
}

#[test]
fn errors_and_problems() {
    let sandbox = Sandbox::new(&[
        ("broken/Dockerfile", "FROM a\n  ENVV API_TOKEN=hunter2-broken\n"),
        ("template/Dockerfile", "{{ if a }}\n"),
        ("good/Dockerfile", "FROM scratch\nADD . /\n"),
        ("good/compose.yaml", "services:\n  web:\n    build: [\n"),
    ]);
    sandbox.write("binary/Dockerfile", b"FROM a\0");
    let said = sandbox.copy_and_pin(&["--format", "json", ".", "missing"]);
    assert_eq!(said.code, Some(2));
    let report = document(&said);
    let statuses: Vec<_> = report["files"].as_array().unwrap().iter().map(|file| &file["status"]).collect();
    assert_eq!(statuses, ["failed", "failed", "changed", "failed"]);
    let broken = &report["files"][1]["errors"][0];
    assert_eq!((&broken["line"], &broken["column"]), (&Value::from(2), &Value::from(3)));
    assert_eq!(broken["help"], "did you mean ENV?");
    let problems: Vec<_> = report["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| (problem["path"].as_str().unwrap(), problem["error"].as_bool().unwrap()))
        .collect();
    assert_eq!(problems, [("good/compose.yaml", false), ("missing", true)]);
}

#[test]
fn an_empty_run_is_a_document_too() {
    let sandbox = Sandbox::new(&[]);
    let said = sandbox.copy_and_pin(&["--format", "json"]);
    assert_eq!(said.code, Some(2));
    let report = document(&said);
    assert_eq!(report["files"], Value::Array(Vec::new()));
    assert_eq!(report["problems"][0]["error"], true);
}

/// `--write` reports what it did; the diff of a file says the same as without.
#[test]
fn written() {
    let sandbox = Sandbox::tree();
    let facts = facts();
    let shown = document(&sandbox.copy_and_pin(&["--facts", &facts, "--format", "json"]));
    let written = document(&sandbox.copy_and_pin(&["--facts", &facts, "--format", "json", "--write"]));
    assert_eq!(written["files"], shown["files"]);
    assert_eq!(written["summary"]["exit_code"], 3, "one ADD of a URL remains");
    let again = document(&sandbox.copy_and_pin(&["--facts", &facts, "--format", "json", "--write"]));
    assert_eq!(again["summary"]["changed"], 0);
}
