//! What compose services and bake targets say about builds, and how they build on each other.

use std::collections::{BTreeMap, BTreeSet};

use super::value::{Text, Value};

/// Longest chain of `extends` or `inherits` that is followed.
const MAX_CHAIN: usize = 32;

/// Entries that may be copied while chains are resolved. Real projects stay below a thousand; the bound keeps hostile
/// ones from multiplying their arguments.
const MAX_COPIES: usize = 200_000;

/// One service or target.
#[derive(Clone, Debug, Default)]
pub(super) struct Definition {
    /// For reports: `services.web`, `target.web`.
    pub(super) label: String,
    /// What others of the same folder call it.
    pub(super) name: String,
    /// Which file of the folder it is in.
    pub(super) file: usize,
    /// Names of what it builds on; later ones win.
    pub(super) parents: Vec<String>,
    /// What it says itself.
    pub(super) fields: Fields,
}

/// What is said about a build.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) context: Option<Text>,
    pub(super) dockerfile: Option<Text>,
    /// The Dockerfile is in the compose or bake file itself.
    pub(super) inline: bool,
    pub(super) target: Option<Text>,
    pub(super) args: BTreeMap<String, Option<String>>,
    pub(super) named_contexts: BTreeSet<String>,
    /// It builds on something that was not found or cannot be followed.
    pub(super) incomplete: bool,
}

impl Fields {
    /// Puts what `over` says on top of this.
    fn overlay(&mut self, over: &Fields) {
        if over.context.is_some() {
            self.context.clone_from(&over.context);
        }
        if over.dockerfile.is_some() {
            self.dockerfile.clone_from(&over.dockerfile);
        }
        if over.target.is_some() {
            self.target.clone_from(&over.target);
        }
        self.inline |= over.inline;
        self.incomplete |= over.incomplete;
        self.args.extend(over.args.iter().map(|(name, value)| (name.clone(), value.clone())));
        self.named_contexts.extend(over.named_contexts.iter().cloned());
    }

    fn weight(&self) -> usize {
        1 + self.args.len() + self.named_contexts.len()
    }
}

/// The names and values of build arguments: a map, or a list of `NAME=value`. A value that is absent is given at run
/// time, and one with a variable in it may be anything: both are unknown.
pub(super) fn args(value: &Value, expand: impl Fn(&str) -> Text) -> BTreeMap<String, Option<String>> {
    let known = |text: &str| expand(text).certain().map(str::to_owned);
    let mut args = BTreeMap::new();
    for (name, value) in value.entries() {
        args.insert(name.clone(), value.text().certain().and_then(known));
    }
    for item in value.items() {
        let text = item.text();
        let Some(text) = text.certain() else { continue };
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, known(value)),
            None => (text, None),
        };
        args.insert(name.to_owned(), value);
    }
    args
}

/// The keys of a map, or of a list of `name=value`.
pub(super) fn keys(value: &Value) -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = value.entries().iter().map(|(name, _)| name.clone()).collect();
    for item in value.items() {
        if let Some((name, _)) = item.text().certain().and_then(|text| text.split_once('=')) {
            keys.insert(name.to_owned());
        }
    }
    keys
}

/// The resolver gave up: the definitions multiply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

/// Every build the definitions of one folder amount to, as `(index of the definition, what it says in the end)`.
///
/// A definition is completed by what it inherits. When it then names no context, or no Dockerfile, it may be one half
/// of a pair that is merged (`compose.override.yaml`, `docker-bake.override.hcl`), so it is also laid over each
/// definition of the same name in the folder. What is inherited by others and names neither is a template and no build.
pub(super) fn resolve(definitions: &[Definition]) -> Result<Vec<(usize, Fields)>, TooMuch> {
    let mut resolver = Resolver::new(definitions);
    let inherited: BTreeSet<&str> =
        definitions.iter().flat_map(|definition| &definition.parents).map(String::as_str).collect();
    let mut builds = Vec::new();
    for (index, definition) in definitions.iter().enumerate() {
        let own = resolver.fields(index, 0)?;
        let names_itself = own.context.is_some() || own.dockerfile.is_some() || own.inline;
        if !names_itself && inherited.contains(definition.name.as_str()) {
            continue;
        }
        let complete = own.context.is_some() && own.dockerfile.is_some();
        let mut halves = Vec::new();
        if !complete && let Some(same) = resolver.by_name.get(definition.name.as_str()) {
            halves.extend(same.iter().copied().filter(|&other| other != index));
        }
        let mut alone = true;
        for other in halves {
            let mut merged = resolver.fields(other, 0)?;
            // Without a context of its own it only means something on top of one that has it.
            alone &= !(own.context.is_none() && merged.context.is_some());
            merged.overlay(&own);
            resolver.spend(&merged)?;
            builds.push((index, merged));
        }
        if alone {
            builds.push((index, own));
        }
    }
    builds.retain(|(_, fields)| {
        !fields.incomplete || (fields.context.is_some() && fields.dockerfile.is_some())
    });
    Ok(builds)
}

struct Resolver<'a> {
    definitions: &'a [Definition],
    by_name: BTreeMap<&'a str, Vec<usize>>,
    done: Vec<Progress>,
    copies: usize,
}

#[derive(Clone)]
enum Progress {
    Not,
    Started,
    Done(Fields),
}

impl<'a> Resolver<'a> {
    fn new(definitions: &'a [Definition]) -> Self {
        let mut by_name = BTreeMap::<_, Vec<usize>>::new();
        for (index, definition) in definitions.iter().enumerate() {
            by_name.entry(definition.name.as_str()).or_default().push(index);
        }
        Self { definitions, by_name, done: vec![Progress::Not; definitions.len()], copies: 0 }
    }

    fn spend(&mut self, fields: &Fields) -> Result<(), TooMuch> {
        self.copies += fields.weight();
        if self.copies > MAX_COPIES { Err(TooMuch) } else { Ok(()) }
    }

    /// What a definition says with all it inherits.
    fn fields(&mut self, index: usize, chain: usize) -> Result<Fields, TooMuch> {
        if let Progress::Done(fields) = &self.done[index] {
            let fields = fields.clone();
            self.spend(&fields)?;
            return Ok(fields);
        }
        let definitions = self.definitions;
        let definition = &definitions[index];
        self.done[index] = Progress::Started;
        let mut all = Fields::default();
        for parent in &definition.parents {
            let parents = self.by_name.get(parent.as_str()).cloned().unwrap_or_default();
            let mut found = false;
            for parent in parents {
                if matches!(self.done[parent], Progress::Started) || chain >= MAX_CHAIN {
                    continue;
                }
                let fields = self.fields(parent, chain + 1)?;
                all.overlay(&fields);
                found = true;
            }
            all.incomplete |= !found;
        }
        all.overlay(&definition.fields);
        self.spend(&all)?;
        self.done[index] = Progress::Done(all.clone());
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str, parents: &[&str], fields: Fields) -> Definition {
        Definition {
            label: format!("target.{name}"),
            name: name.into(),
            file: 0,
            parents: parents.iter().map(|&parent| parent.into()).collect(),
            fields,
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "compared with optional fields")]
    fn literal(text: &str) -> Option<Text> {
        Some(Text::Literal(text.into()))
    }

    fn context(path: &str) -> Fields {
        Fields { context: literal(path), ..Fields::default() }
    }

    fn with_arg(name: &str, value: &str) -> Fields {
        Fields { args: [(name.into(), Some(value.into()))].into(), ..Fields::default() }
    }

    #[test]
    fn own_fields_win_over_inherited_ones_and_later_parents_over_earlier() {
        let definitions = [
            target("a", &[], Fields { target: literal("one"), ..context("a") }),
            target("b", &[], Fields { target: literal("two"), ..Fields::default() }),
            target("c", &["a", "b"], with_arg("X", "1")),
        ];
        let builds = resolve(&definitions).unwrap();
        let (_, c) = builds.iter().find(|(index, _)| *index == 2).unwrap();
        assert_eq!(c.context, literal("a"));
        assert_eq!(c.target, literal("two"));
        assert_eq!(c.args["X"], Some("1".into()));
    }

    #[test]
    fn a_template_is_no_build() {
        let definitions =
            [target("_common", &[], with_arg("X", "1")), target("web", &["_common"], context("web"))];
        let builds = resolve(&definitions).unwrap();
        assert_eq!(builds.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1]);
        assert_eq!(builds[0].1.args["X"], Some("1".into()));
    }

    #[test]
    fn an_override_is_laid_over_its_base_and_is_no_build_alone() {
        let definitions = [target("web", &[], context("web")), target("web", &[], with_arg("X", "1"))];
        let builds = resolve(&definitions).unwrap();
        let overridden: Vec<_> = builds.iter().filter(|(index, _)| *index == 1).collect();
        assert_eq!(overridden.len(), 1);
        assert_eq!(overridden[0].1.context, literal("web"));
    }

    #[test]
    fn cycles_and_missing_parents_end() {
        let definitions = [
            target("a", &["b"], with_arg("X", "1")),
            target("b", &["a"], with_arg("Y", "1")),
            target("self", &["self"], context("c")),
            target("lost", &["nowhere"], with_arg("Z", "1")),
        ];
        // Nothing here names a Dockerfile for certain.
        assert!(resolve(&definitions).unwrap().is_empty());
    }

    #[test]
    fn a_long_chain_does_not_recurse_without_end() {
        let definitions: Vec<_> = (0..20_000)
            .map(|index| target(&index.to_string(), &[&(index + 1).to_string()], Fields::default()))
            .collect();
        assert!(resolve(&definitions).unwrap().is_empty());
    }

    #[test]
    fn diamonds_are_resolved_once() {
        let mut definitions = vec![target("0", &[], context("."))];
        for level in 1..30 {
            let below = (level - 1).to_string();
            definitions.push(target(&level.to_string(), &[&below, &below], Fields::default()));
        }
        assert_eq!(resolve(&definitions).unwrap().len(), 30);
    }

    #[test]
    fn multiplying_arguments_is_refused() {
        let many = (0..5_000).map(|index| (format!("A{index}"), None)).collect();
        let mut definitions = vec![target("base", &[], Fields { args: many, ..context(".") })];
        definitions
            .extend((0..5_000).map(|index| target(&format!("t{index}"), &["base"], Fields::default())));
        assert_eq!(resolve(&definitions).unwrap_err(), TooMuch);
    }

    #[test]
    fn args_come_as_map_or_list() {
        let literal = |text: &str| Text::Literal(text.into());
        let map = Value::Map(vec![("A".into(), Value::literal("1")), ("B".into(), Value::Null)]);
        assert_eq!(args(&map, literal), [("A".into(), Some("1".into())), ("B".into(), None)].into());
        let list = Value::List(vec![Value::literal("A=1=2"), Value::literal("B"), Value::literal("C=")]);
        assert_eq!(
            args(&list, literal),
            [("A".into(), Some("1=2".into())), ("B".into(), None), ("C".into(), Some(String::new()))].into()
        );
    }
}
