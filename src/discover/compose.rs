//! Reads out of compose files how services are built (Compose specification, "Compose Build Specification") and run.
//!
//! `services.*` and the `volumes` they name matter here; everything else, `include` too, is passed over without a word.

mod expand;
mod mounts;
mod node;
mod settings;
mod words;

use serde::de::DeserializeOwned;
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{DefaultMessageFormatter, SnippetMode};

use super::definition::{self, Definition, Fields};
use super::value::{MAX_DEPTH, Text, Value};
use expand::Expand;
use node::Node;

/// A file that could not be parsed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) line: Option<usize>,
    /// Why, without quoting the file: a value in it may be a secret.
    pub(crate) reason: String,
}

/// The services of a compose file. `file` is for reports; `is_set` knows the variables something outside the file sets.
pub(super) fn definitions(
    text: &str,
    file: &str,
    is_set: &dyn Fn(&str) -> bool,
) -> Result<Vec<Definition>, Malformed> {
    let expand = Expand::new(is_set);
    let mut definitions = Vec::new();
    for document in parse_as::<Node>(text)? {
        let Some(services) = document.get("services") else { continue };
        let volumes = document.get("volumes");
        for entry in services.entries().iter().filter(|entry| entry.value.is_map()) {
            let (name, service) = (&entry.key, &entry.value);
            let build = service.get("build").map(Node::plain);
            let mut fields = build.map(|build| fields(&build, &expand)).unwrap_or_default();
            fields.run = settings::read(service, file, &expand, volumes);
            definitions.push(Definition {
                label: format!("services.{name}"),
                name: name.clone(),
                parents: extends(service).into_iter().collect(),
                fields,
                ..Definition::default()
            });
        }
    }
    Ok(definitions)
}

fn extends(service: &Node) -> Option<String> {
    let extends = service.get("extends")?;
    extends.get("service").unwrap_or(extends).written().map(str::to_owned)
}

fn fields(build: &Value, expand: &Expand<'_>) -> Fields {
    let field = |value: &Value| match value.text() {
        Text::Literal(text) => expand.text(&text),
        other => other,
    };
    if matches!(build, Value::Text(_)) {
        return Fields { build: true, context: Some(field(build)), ..Fields::default() };
    }
    let args = |args| definition::args(args, |text| expand.text(text));
    Fields {
        build: true,
        context: build.get("context").map(field),
        dockerfile: build.get("dockerfile").map(field),
        inline: build.get("dockerfile_inline").is_some(),
        target: build.get("target").map(field),
        args: build.get("args").map(args).unwrap_or_default(),
        named_contexts: build.get("additional_contexts").map(definition::keys).unwrap_or_default(),
        tags: build.get("tags").map(|tags| tags.items().iter().map(field).collect()).unwrap_or_default(),
        ..Fields::default()
    }
}

/// The documents of a YAML file, within bounds.
pub(crate) fn parse(text: &str) -> Result<Vec<Value>, Malformed> {
    parse_as(text)
}

fn parse_as<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, Malformed> {
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
    serde_saphyr::from_str_multiple_with_options::<T, Vec<T>>(text, options).map_err(|error| {
        let formatter = DefaultMessageFormatter;
        let rendered = error.render_with_options(serde_saphyr::render_options! {
            formatter: &formatter,
            snippets: SnippetMode::Off,
        });
        let line = error.location().and_then(|location| usize::try_from(location.line()).ok());
        Malformed { line, reason: rendered.lines().next().unwrap_or_default().to_owned() }
    })
}

/// The one document of a text.
#[cfg(test)]
fn node_of(text: &str) -> Node {
    parse_as(text).unwrap().remove(0)
}

#[cfg(test)]
mod tests;
