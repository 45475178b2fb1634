//! The JSON schema of `harden.toml` takes what harden takes and refuses what it refuses.

use std::collections::BTreeSet;
use std::fs;

use harden::config::Config;
use harden::setup::{SCHEMA, TEMPLATE};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use toml::de::{DeTable, DeValue};

use crate::init::{documented, settings, switched_on};

/// Asks both.
struct Both {
    folder: TempDir,
    schema: Validator,
}

impl Both {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), schema: jsonschema::validator_for(&schema()).unwrap() }
    }

    /// What harden says of a file, and whether the schema takes it.
    fn ask(&self, text: &str) -> (Result<(), String>, bool) {
        let path = self.folder.path().join("harden.toml");
        fs::write(&path, text).unwrap();
        let said = Config::load(&path).map(|_| ()).map_err(|error| error.to_string());
        (said, self.schema.is_valid(&json_of(text)))
    }
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn json_of(text: &str) -> Value {
    fn value(from: &DeValue<'_>) -> Value {
        match from {
            DeValue::String(text) => json!(text),
            DeValue::Boolean(flag) => json!(flag),
            DeValue::Integer(_) | DeValue::Float(_) => json!(1),
            DeValue::Datetime(date) => json!(date.to_string()),
            DeValue::Array(items) => items.iter().map(|item| value(item.get_ref())).collect(),
            DeValue::Table(table) => object(table),
        }
    }
    fn object(table: &DeTable<'_>) -> Value {
        let pair = |(key, item): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
            (ToString::to_string(key.get_ref()), value(item.get_ref()))
        };
        Value::Object(table.iter().map(pair).collect::<Map<_, _>>())
    }
    object(DeTable::parse(text).unwrap().get_ref())
}

/// The settings of the schema, named as in [`settings`], each with all that is said of it.
fn leaves(schema: &Value) -> Vec<(String, Map<String, Value>)> {
    let mut open = vec![(String::new(), schema.clone())];
    let mut found = Vec::new();
    while let Some((path, node)) = open.pop() {
        let mut whole = node.as_object().unwrap().clone();
        if let Some(reference) = node["$ref"].as_str() {
            let target = schema.pointer(reference.strip_prefix('#').unwrap()).unwrap();
            for (key, value) in target.as_object().unwrap() {
                whole.entry(key).or_insert_with(|| value.clone());
            }
        }
        let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        if let Some(properties) = whole.get("properties") {
            assert_eq!(whole["additionalProperties"], json!(false), "{path} takes any key");
            open.extend(
                properties.as_object().unwrap().iter().map(|(key, value)| (below(key), value.clone())),
            );
        } else if path == "registries" {
            open.push((below("*"), whole["additionalProperties"].clone()));
        } else if path == "files" {
            open.push((path, whole["items"].clone()));
        } else {
            found.push((path, whole));
        }
    }
    found
}

#[test]
fn it_is_a_schema_of_every_setting() {
    let schema = schema();
    assert!(jsonschema::meta::is_valid(&schema));
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let leaves = leaves(&schema);
    assert_eq!(leaves.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(), settings());
    for (name, leaf) in leaves {
        assert!(leaf.get("description").is_some_and(Value::is_string), "{name} is not described");
        assert!(leaf.contains_key("type") || leaf.contains_key("enum"), "{name} takes anything");
    }
}

#[test]
fn its_defaults_are_those_of_the_template() {
    let template = json_of(&switched_on());
    // An entry of [[files]] takes the default from the top.
    let without = ["registries.*.mirror", "files.paths", "files.level", "files.skip"];
    for (name, leaf) in leaves(&schema()) {
        let pointer = name
            .replace("files.", "files.0.")
            .replace('*', "registry.example:5000")
            .split('.')
            .fold(String::new(), |path, part| {
                path + if part.starts_with("example") { "." } else { "/" } + part
            });
        let shown = template.pointer(&pointer).unwrap_or_else(|| panic!("{pointer}"));
        match leaf.get("default") {
            Some(default) => assert_eq!(default, shown, "{name}"),
            None => assert!(without.contains(&name.as_str()), "{name} has no default"),
        }
    }
}

/// Words are what harden lists when it is given another.
#[test]
fn its_words_are_those_harden_knows() {
    let both = Both::new();
    let mut checked = 0;
    for (name, leaf) in leaves(&schema()) {
        let list = leaf.get("items").and_then(|items| items.get("enum"));
        let Some(words) = leaf.get("enum").or(list) else { continue };
        let words: BTreeSet<&str> =
            words.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let value = if list.is_some() { "['~']" } else { "'~'" };
        let text = match name.strip_prefix("files.") {
            Some(key) => format!("[[files]]\npaths = ['a']\n{key} = {value}"),
            None => format!("{name} = {value}"),
        };
        let (said, valid) = both.ask(&text);
        let message = said.unwrap_err();
        assert!(!valid, "{text}");
        let (_, listed) = message.split_once("; ").unwrap();
        let listed: BTreeSet<&str> = listed.split('`').skip(1).step_by(2).collect();
        assert_eq!(words, listed, "{name}: {message}");
        checked += 1;
    }
    assert!(checked >= 9, "{checked}");
}

#[test]
fn it_takes_what_harden_takes() {
    let both = Both::new();
    for text in [
        "",
        TEMPLATE,
        &switched_on(),
        &documented(),
        "level = 'suggest'\nnotes = 'never'\noffline = true\nonly = ['update-digest', 'update-digest']",
        "files = []\nregistries = {}\npin-digest = {}\nmulti-stage = {}\nnon-root-user = {}",
        "[registries.'Docker.IO']\ninsecure = false\nmirror = 'Mirror.Example:00080/a/b/'",
        "[registries.\"localhost:5000\"]\ninsecure = true",
        "[registries.a]\nmirror = 'b/'",
        "[[files]]\npaths = ['a', './b/', '{c,d}/[ef]?/**', '..a', 'a..', '...']\nnon-root-user = { style = 'root-group' }",
        "[pin-digest]\nignore = ['node', '**', '*/a-*', 'localhost:5000/**', 'Ghcr.io/a/**/b', '**/redis', 'a.b/*']",
    ] {
        assert_eq!(both.ask(text), (Ok(()), true), "{text}");
    }
}

#[test]
fn it_refuses_what_harden_refuses() {
    let both = Both::new();
    for text in [
        "levl = 'safe'",
        "level = 'save'",
        "level = 1",
        "level = 'Safe'",
        "skip = ['pin-digests']",
        "skip = 'pin-digest'",
        "only = ['pin-digest', 7]",
        "offline = 'yes'",
        "notes = 'sometimes'",
        "notes = true",
        "facts = ['']",
        "facts = 'a'",
        "pin-digest = true",
        "pin-digest.ignor = []",
        "pin-digest.ignore = ['a:1']",
        "pin-digest.ignore = ['']",
        "pin-digest.only = ['ghcr.io']",
        "pin-digest.only = ['a/***']",
        "pin-digest.only = ['a/B']",
        "pin-digest.only = ['a//b', 'c']",
        "non-root-user.style = 'openshift'",
        "non-root-user.recursive-chown = 'no'",
        "non-root-user.recursive = true",
        "non-root-user = 'root-group'",
        "multi-stage.runtime = 'alpine'",
        "multi-stage.runtime = false",
        "multi-stage.runtimes = 'slim'",
        "multi-stage = 'slim'",
        "registries = 1",
        "registries.a = 1",
        "registries.'https://a' = {}",
        "registries.'a:0' = {}",
        "registries.'a:65536' = {}",
        "registries.a.mirrors = 'b'",
        "registries.a.mirror = 'https://b'",
        "registries.a.mirror = 'me:word@b'",
        "registries.a.mirror = 'b/C'",
        "registries.a.insecure = 1",
        "registries.'docker.io'.insecure = true",
        "registries.'Index.Docker.io'.insecure = true",
        "registries.'docker.io'.more = true",
        "files = [1]",
        "files = {}",
        "[[files]]\nskip = []",
        "[[files]]\npaths = []",
        "[[files]]\npaths = 'a'",
        "[[files]]\npaths = ['a', '../b']",
        "[[files]]\npaths = ['/a']",
        "[[files]]\npaths = ['./']",
        "[[files]]\npaths = ['a']\nonly = []",
        "[[files]]\npaths = ['a']\noffline = true",
        "[[files]]\npaths = ['a']\nnon-root-user.style = 'x'",
        "[[files]]\npaths = ['a']\nmulti-stage.runtime = 'x'",
    ] {
        let (said, valid) = both.ask(text);
        assert!(said.is_err(), "harden takes {text}");
        assert!(!valid, "the schema takes {text}");
    }
}

/// A schema cannot say these; its description names them.
#[test]
fn what_only_harden_refuses() {
    let both = Both::new();
    for text in
        ["[[files]]\npaths = ['a{']", "registries.'docker.io' = {}\nregistries.'index.docker.io' = {}"]
    {
        let (said, valid) = both.ask(text);
        assert!(said.is_err() && valid, "{text}: {said:?}");
    }
}

/// Patterns, addresses and paths, letter by letter.
#[test]
fn it_agrees_on_any_text() {
    let both = Both::new();
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let text = proptest::collection::vec(
        prop_oneof![
            "[a-zA-Z0-9._:*/@ ~-]",
            Just("/".to_owned()),
            Just("*".to_owned()),
            Just("..".to_owned()),
            Just("docker.io".to_owned()),
            Just("localhost".to_owned()),
            Just(":5000".to_owned()),
            Just("a".to_owned()),
        ],
        0..9,
    );
    let taken = std::cell::Cell::new([(0, 0); 4]);
    let result = runner.run(&text.prop_map(|parts| parts.concat()), |text| {
        let files = [
            format!("pin-digest.ignore = ['{text}']"),
            format!("registries.a.mirror = '{text}'"),
            format!("registries.'{text}'.insecure = true"),
            format!("[[files]]\npaths = ['{text}']"),
        ];
        let mut counts = taken.get();
        for (file, count) in files.iter().zip(&mut counts) {
            let (said, valid) = both.ask(file);
            prop_assert_eq!(said.is_ok(), valid, "{}: {:?}", file, said);
            if valid { count.0 += 1 } else { count.1 += 1 }
        }
        taken.set(counts);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    for (yes, no) in taken.get() {
        assert!(yes > 10 && no > 10, "one-sided: {:?}", taken.get());
    }
}
