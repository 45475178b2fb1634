//! Reads the builds out of bake files (Docker docs, "Bake file reference").
//!
//! Expressions are read as far as literals and variables with a default go. A function, a condition or a `matrix`
//! variable makes the value unknown, never the file.

use std::collections::BTreeMap;

use hcl::Template;
use hcl::expr::{Expression, ObjectKey};
use hcl::structure::{Body, Structure};
use hcl::template::Element;

use super::compose::Malformed;
use super::definition::{self, Definition, Fields};
use super::value::{MAX_DEPTH, Text, Value};

/// Variables whose default uses variables whose default … that are followed.
const MAX_VARIABLE_CHAIN: usize = 8;

/// Longest string that is put together from parts.
const MAX_TEXT: usize = 4096;

/// The targets of a `docker-bake.hcl`.
pub(super) fn definitions_in_hcl(text: &str) -> Result<Vec<Definition>, Malformed> {
    let body = hcl::parse(text).map_err(|error| match error {
        hcl::Error::Parse(error) => {
            Malformed { line: Some(error.location().line()), reason: error.message().to_owned() }
        }
        _ => Malformed { line: None, reason: "is not HCL".to_owned() },
    })?;
    let mut scope = Scope::default();
    for block in body.blocks().filter(|block| block.identifier() == "variable") {
        let Some(name) = block.labels().first() else { continue };
        if let Some(default) = block.body().attributes().find(|attribute| attribute.key() == "default") {
            scope.declare(name.as_str(), default.expr().clone());
        }
    }
    // An attribute at the top level is a variable that the environment cannot change.
    for attribute in body.attributes() {
        scope.declare(attribute.key(), attribute.expr().clone());
    }
    let mut definitions = Vec::new();
    for block in body.blocks().filter(|block| block.identifier() == "target") {
        if let Some(name) = block.labels().first() {
            let target = scope.block(block.body());
            definitions.push(definition(name.as_str(), &target));
        }
    }
    Ok(definitions)
}

/// The targets of a `docker-bake.json`. Its strings are templates, like those of HCL.
pub(super) fn definitions_in_json(text: &str) -> Result<Vec<Definition>, Malformed> {
    let root: Value = serde_json::from_str(text).map_err(|error| Malformed {
        line: Some(error.line()),
        reason: if error.is_eof() { "ends too early" } else { "is not JSON" }.to_owned(),
    })?;
    let mut scope = Scope::default();
    for (name, variable) in root.get("variable").into_iter().flat_map(Value::entries) {
        if let Some(Text::Literal(text)) = variable.get("default").map(Value::text) {
            scope.declare(name, Expression::TemplateExpr(Box::new(text.into())));
        }
    }
    let targets = root.get("target").map(Value::entries).unwrap_or_default();
    Ok(targets.iter().map(|(name, target)| definition(name, &scope.json(target))).collect())
}

fn definition(name: &str, target: &Value) -> Definition {
    let parents = target.get("inherits").map(Value::items).unwrap_or_default();
    let known = parents.iter().filter_map(|parent| parent.text().likely().map(str::to_owned));
    let parents_known: Vec<String> = known.collect();
    Definition {
        label: format!("target.{name}"),
        name: name.to_owned(),
        fields: Fields {
            build: true,
            context: target.get("context").map(Value::text),
            dockerfile: target.get("dockerfile").map(Value::text),
            inline: target.get("dockerfile-inline").is_some(),
            target: target.get("target").map(Value::text),
            args: target
                .get("args")
                .map(|args| definition::args(args, |text| Text::Literal(text.to_owned())))
                .unwrap_or_default(),
            named_contexts: target.get("contexts").map(definition::keys).unwrap_or_default(),
            tags: target
                .get("tags")
                .map(|tags| tags.items().iter().map(Value::text).collect())
                .unwrap_or_default(),
            // What an unknown `inherits` brings in is not known either.
            incomplete: target.get("inherits").is_some_and(|inherits| {
                !matches!(inherits, Value::List(_)) || parents_known.len() < parents.len()
            }),
            ..Fields::default()
        },
        parents: parents_known,
        ..Definition::default()
    }
}

/// The variables of a file. Each is evaluated once.
#[derive(Default)]
struct Scope {
    defaults: BTreeMap<String, Expression>,
    known: BTreeMap<String, Text>,
}

impl Scope {
    fn declare(&mut self, name: &str, default: Expression) {
        self.defaults.insert(name.to_owned(), default);
    }

    fn block(&mut self, body: &Body) -> Value {
        let mut entries = Vec::new();
        for structure in body {
            if let Structure::Attribute(attribute) = structure {
                entries.push((attribute.key().to_owned(), self.value(attribute.expr(), 0)));
            }
        }
        Value::Map(entries)
    }

    /// A JSON value with its templates evaluated.
    fn json(&mut self, value: &Value) -> Value {
        match value {
            Value::Text(Text::Literal(text)) => Value::Text(self.template(text, 0)),
            Value::List(items) => Value::List(items.iter().map(|item| self.json(item)).collect()),
            Value::Map(entries) => {
                Value::Map(entries.iter().map(|(name, value)| (name.clone(), self.json(value))).collect())
            }
            other => other.clone(),
        }
    }

    /// The value of an expression. The parser bounds its depth; `chain` counts the variables on the way.
    fn value(&mut self, expression: &Expression, chain: usize) -> Value {
        match expression {
            Expression::Null => Value::Null,
            Expression::Array(items) => {
                Value::List(items.iter().map(|item| self.value(item, chain)).collect())
            }
            Expression::Object(object) => {
                let mut entries = Vec::new();
                for (key, value) in object {
                    let key = match key {
                        ObjectKey::Identifier(name) => name.as_str().to_owned(),
                        ObjectKey::Expression(key) => match self.text(key, chain).certain() {
                            Some(key) => key.to_owned(),
                            None => continue,
                        },
                        _ => continue,
                    };
                    entries.push((key, self.value(value, chain)));
                }
                Value::Map(entries)
            }
            Expression::Parenthesis(inner) => self.value(inner, chain),
            other => Value::Text(self.text(other, chain)),
        }
    }

    fn text(&mut self, expression: &Expression, chain: usize) -> Text {
        match expression {
            Expression::Bool(value) => Text::Literal(value.to_string()),
            Expression::Number(number) if number.is_i64() || number.is_u64() => {
                Text::Literal(number.to_string())
            }
            Expression::String(text) => Text::Literal(text.clone()),
            Expression::Parenthesis(inner) => self.text(inner, chain),
            Expression::Variable(name) => self.variable(name.as_str(), chain),
            Expression::TemplateExpr(template) => match template.as_ref() {
                hcl::expr::TemplateExpr::QuotedString(raw) => self.template(raw, chain),
                hcl::expr::TemplateExpr::Heredoc(_) => Text::Unknown,
            },
            _ => Text::Unknown,
        }
    }

    fn template(&mut self, raw: &str, chain: usize) -> Text {
        if !raw.contains(['$', '%']) {
            return Text::Literal(raw.to_owned());
        }
        // Escapes stay as they are written in a raw template, and nobody puts one next to a variable in a path.
        if raw.contains('\\') {
            return Text::Unknown;
        }
        let Ok(template) = raw.parse::<Template>() else { return Text::Unknown };
        let mut out = String::new();
        let mut assumed = false;
        for element in template.elements() {
            let part = match element {
                Element::Literal(text) => Text::Literal(text.clone()),
                Element::Interpolation(inner) => self.text(&inner.expr, chain),
                Element::Directive(_) => Text::Unknown,
            };
            assumed |= matches!(part, Text::Assumed(_));
            match part.likely() {
                Some(part) if out.len() + part.len() <= MAX_TEXT => out.push_str(part),
                _ => return Text::Unknown,
            }
        }
        if assumed { Text::Assumed(out) } else { Text::Literal(out) }
    }

    /// The default of a variable. The environment may set another (Docker docs, "Variables in Bake").
    fn variable(&mut self, name: &str, chain: usize) -> Text {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let Some(default) = self.defaults.get(name).cloned() else { return Text::Unknown };
        if chain >= MAX_VARIABLE_CHAIN {
            return Text::Unknown;
        }
        // Until it is evaluated, so that a variable that uses itself ends.
        self.known.insert(name.to_owned(), Text::Unknown);
        let text = match self.text(&default, chain + 1) {
            Text::Literal(text) => Text::Assumed(text),
            other => other,
        };
        self.known.insert(name.to_owned(), text.clone());
        text
    }
}

// The parser of HCL counts expressions, templates and blocks; a value read from it is never deeper than this allows.
const _: () = assert!(MAX_DEPTH <= 64);

#[cfg(test)]
mod tests;
