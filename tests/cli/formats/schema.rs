//! Every document that a test makes is checked against its schema.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Sandbox, facts, repository};

/// Checks the document a run printed. Nothing is printed by a run that does not begin.
#[track_caller]
pub(crate) fn check(arguments: &[&str], out: &str) {
    let format = arguments.windows(2).find(|pair| pair[0] == "--format").map(|pair| pair[1]);
    let (Some(format @ ("json" | "sarif")), false) = (format, out.is_empty()) else { return };
    let document: Value = serde_json::from_str(out).unwrap();
    let errors = errors(&schema(format), &document);
    assert!(errors.is_empty(), "{arguments:?}: {errors:#?}");
}

fn schema(format: &str) -> Value {
    if format == "json" {
        return serde_json::from_str(harden::output::json::SCHEMA_DOCUMENT).unwrap();
    }
    let text = fs::read_to_string(repository().join("tests/fixtures/sarif/sarif-schema-2.1.0.json")).unwrap();
    // An unpaired bracket, which Errata 01 of SARIF took away: only some programs read such a pattern.
    serde_json::from_str(&text.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$")).unwrap()
}

/// What is wrong with a document, with its place. A document may hold anything, so only the start of a value is shown.
fn errors(schema: &Value, document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).unwrap();
    let shown = |error: jsonschema::ValidationError<'_>| {
        let text: String = error.to_string().chars().take(300).collect();
        format!("{}: {text}", error.instance_path())
    };
    validator.iter_errors(document).map(shown).collect()
}

#[test]
fn the_schemas_are_schemas() {
    for format in ["json", "sarif"] {
        assert!(jsonschema::meta::is_valid(&schema(format)), "{format}");
    }
}

/// A schema that takes anything would prove nothing.
#[test]
fn the_schema_of_reports_is_tight() {
    let said = Sandbox::tree().harden(&["--facts", &facts(), "--format", "json"]);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    let schema = schema("json");
    assert_eq!(errors(&schema, &document), Vec::<String>::new());
    let finding = |disposition: &str| {
        let files = document["files"].as_array().unwrap().iter().enumerate();
        let mut all = files.flat_map(|(file, value)| {
            let findings = value["findings"].as_array().unwrap().iter().enumerate();
            findings.map(move |(at, value)| (format!("/files/{file}/findings/{at}"), value))
        });
        all.find(|(_, value)| value["disposition"] == disposition).unwrap().0
    };
    let (fixed, refused) = (finding("fixed"), finding("refused"));
    for (place, value) in [
        ("/schema".to_owned(), json!("harden-report/2")),
        ("/more".to_owned(), json!(1)),
        ("/summary/exit_code".to_owned(), json!(9)),
        ("/summary/files".to_owned(), json!(-1)),
        ("/files/0/more".to_owned(), json!(1)),
        ("/files/0/status".to_owned(), json!("unchanged")),
        ("/files/0/status".to_owned(), json!("failed")),
        ("/files/0/diff".to_owned(), Value::Null),
        (format!("{fixed}/line"), json!(0)),
        (format!("{fixed}/level"), json!("certain")),
        (format!("{fixed}/level"), Value::Null),
        (format!("{fixed}/id"), json!("Add Local")),
        (format!("{fixed}/disposition"), json!("kept")),
        (format!("{fixed}/hazards"), json!([{ "id": "volume" }])),
        (format!("{fixed}/notes"), json!([{ "kind": "writes" }])),
        (format!("{fixed}/notes"), json!([{ "kind": "low-port", "port": 8080 }])),
        (format!("{fixed}/notes"), json!([{ "kind": "build-secret", "id": "a" }])),
        (format!("{refused}/level"), json!("safe")),
        (format!("{refused}/reason"), json!("")),
        ("/problems".to_owned(), json!([{ "path": "a", "message": "b" }])),
        (
            "/companions".to_owned(),
            json!([{ "path": "a", "kind": "b", "status": "new", "diff": "diff --git a b" }]),
        ),
    ] {
        let mut changed = document.clone();
        let (parent, key) = place.rsplit_once('/').unwrap();
        let parent = changed.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        if value.is_null() {
            parent.remove(key).unwrap();
        } else {
            parent.insert(key.to_owned(), value);
        }
        assert!(!errors(&schema, &changed).is_empty(), "{place} may be anything");
    }
}

/// What the schema lists is what there is.
#[test]
fn the_schema_knows_every_verdict_of_the_fixtures() {
    let sandbox = Sandbox::new(&[]);
    crate::support::copy(&repository().join("tests/fixtures"), &sandbox.path("fixtures"));
    for level in ["safe", "suggest"] {
        let said =
            sandbox.harden(&["--level", level, "--facts", &facts(), "--format", "json", "--notes", "always"]);
        assert_eq!(said.code, Some(1), "{}", said.err);
    }
}
