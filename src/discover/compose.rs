//! Reads the builds out of compose files (Compose specification, "Compose Build Specification").
//!
//! Only `services.*.build` and `extends` matter here; everything else, `include` too, is passed over without a word.

use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{DefaultMessageFormatter, SnippetMode};

use super::definition::{self, Definition, Fields};
use super::interpolate::interpolate;
use super::value::{MAX_DEPTH, Text, Value};

/// A file that could not be parsed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) line: Option<usize>,
    /// Why, without quoting the file: a value in it may be a secret.
    pub(crate) reason: String,
}

/// The services of a compose file that are built. `is_set` knows the variables something outside the file sets.
pub(super) fn definitions(text: &str, is_set: &dyn Fn(&str) -> bool) -> Result<Vec<Definition>, Malformed> {
    let mut definitions = Vec::new();
    for document in parse(text)? {
        let Some(services) = document.get("services") else { continue };
        for (name, service) in services.entries() {
            if let Some(build) = service.get("build") {
                definitions.push(Definition {
                    label: format!("services.{name}"),
                    name: name.clone(),
                    file: 0,
                    parents: extends(service).into_iter().collect(),
                    fields: fields(build, is_set),
                });
            } else if let Some(parent) = extends(service) {
                // Not a build of its own, but others may extend it.
                definitions.push(Definition {
                    label: format!("services.{name}"),
                    name: name.clone(),
                    parents: vec![parent],
                    ..Definition::default()
                });
            }
        }
    }
    Ok(definitions)
}

fn extends(service: &Value) -> Option<String> {
    let extends = service.get("extends")?;
    let name = extends.get("service").unwrap_or(extends).text();
    name.certain().map(str::to_owned)
}

fn fields(build: &Value, is_set: &dyn Fn(&str) -> bool) -> Fields {
    let expand = |text: &str| interpolate(text, is_set);
    let field = |value: &Value| match value.text() {
        Text::Literal(text) => expand(&text),
        other => other,
    };
    if matches!(build, Value::Text(_)) {
        return Fields { context: Some(field(build)), ..Fields::default() };
    }
    Fields {
        context: build.get("context").map(field),
        dockerfile: build.get("dockerfile").map(field),
        inline: build.get("dockerfile_inline").is_some(),
        target: build.get("target").map(field),
        args: build.get("args").map(|args| definition::args(args, expand)).unwrap_or_default(),
        named_contexts: build.get("additional_contexts").map(definition::keys).unwrap_or_default(),
        incomplete: false,
    }
}

/// The documents of a YAML file, within bounds.
pub(crate) fn parse(text: &str) -> Result<Vec<Value>, Malformed> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: 100_000,
            max_events: 300_000,
            max_documents: 64,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 16,
        },
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        // As compose reads them: `yes` is a string, `0755` an octal number.
        strict_booleans: true,
        legacy_octal_numbers: true,
        ignore_binary_tag_for_string: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_multiple_with_options::<Value, Vec<Value>>(text, options).map_err(|error| {
        let formatter = DefaultMessageFormatter;
        let rendered = error.render_with_options(serde_saphyr::render_options! {
            formatter: &formatter,
            snippets: SnippetMode::Off,
        });
        let line = error.location().and_then(|location| usize::try_from(location.line()).ok());
        Malformed { line, reason: rendered.lines().next().unwrap_or_default().to_owned() }
    })
}

#[cfg(test)]
mod tests;
