//! What compose services and bake targets say about builds, and how they build on each other.

use std::collections::{BTreeMap, BTreeSet};

use super::run::Run;
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
    /// The place of that file when several are merged: later ones are laid over earlier ones.
    pub(super) rank: u8,
    /// Names of what it builds on; later ones win.
    pub(super) parents: Vec<String>,
    /// What it says itself.
    pub(super) fields: Fields,
}

/// What is said about a build and about running its image.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    /// There is a build at all; a service without one runs an image from elsewhere.
    pub(super) build: bool,
    pub(super) context: Option<Text>,
    pub(super) dockerfile: Option<Text>,
    /// The Dockerfile is in the compose or bake file itself.
    pub(super) inline: bool,
    pub(super) target: Option<Text>,
    pub(super) args: BTreeMap<String, Option<String>>,
    pub(super) named_contexts: BTreeSet<String>,
    /// Names the image gets.
    pub(super) tags: Vec<Text>,
    /// It builds on something that was not found or cannot be followed.
    pub(super) incomplete: bool,
    /// How a service runs the image; a bake target does not.
    pub(super) run: Run,
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
        if !over.tags.is_empty() {
            self.tags.clone_from(&over.tags);
        }
        self.build |= over.build;
        self.inline |= over.inline;
        self.incomplete |= over.incomplete;
        self.run.overlay(&over.run);
        self.args.extend(over.args.iter().map(|(name, value)| (name.clone(), value.clone())));
        self.named_contexts.extend(over.named_contexts.iter().cloned());
    }

    fn weight(&self) -> usize {
        1 + self.args.len() + self.named_contexts.len() + self.tags.len() + self.run.settings.len()
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

/// What a definition amounts to.
#[derive(Debug)]
pub(super) struct Resolved {
    /// Index of the definition.
    pub(super) index: usize,
    /// What it says in the end.
    pub(super) fields: Fields,
    /// It speaks of the build itself, or inherits that; otherwise only a file below it does.
    pub(super) says_build: bool,
}

/// Everything the definitions of one folder amount to.
///
/// A definition is completed by what it inherits. It may also be one half of a pair that is merged
/// (`compose.override.yaml`, `docker-bake.override.hcl`): it is laid over each definition of the same name in a file
/// that comes before its own, and where it names no context or no Dockerfile also over those in files of the same rank
/// (`compose.dev.yaml`, `compose.prod.yaml`). What is inherited by others and names neither is a template and no build.
pub(super) fn resolve(definitions: &[Definition]) -> Result<Vec<Resolved>, TooMuch> {
    let mut resolver = Resolver::new(definitions);
    let inherited: BTreeSet<&str> =
        definitions.iter().flat_map(|definition| &definition.parents).map(String::as_str).collect();
    let mut all = Vec::new();
    for (index, definition) in definitions.iter().enumerate() {
        let own = resolver.fields(index, 0)?;
        let names_itself = own.context.is_some() || own.dockerfile.is_some() || own.inline;
        if own.build && !names_itself && inherited.contains(definition.name.as_str()) {
            continue;
        }
        let complete = own.context.is_some() && own.dockerfile.is_some();
        let says_build = own.build;
        let mut alone = true;
        for other in resolver.by_name.get(definition.name.as_str()).cloned().unwrap_or_default() {
            let rank = definitions[other].rank;
            if other == index || rank > definition.rank || (rank == definition.rank && complete) {
                continue;
            }
            let mut merged = resolver.fields(other, 0)?;
            if !merged.build && !own.build && rank == definition.rank {
                continue;
            }
            // Without a context of its own it only means something on top of one that has it.
            alone &= !(own.build && own.context.is_none() && merged.context.is_some());
            merged.overlay(&own);
            resolver.spend(&merged)?;
            all.push(Resolved { index, fields: merged, says_build });
        }
        if alone {
            all.push(Resolved { index, fields: own, says_build });
        }
    }
    all.retain(|Resolved { fields, .. }| {
        !fields.build || !fields.incomplete || (fields.context.is_some() && fields.dockerfile.is_some())
    });
    Ok(all)
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
    Done(Box<Fields>),
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
            let fields = Fields::clone(fields);
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
        self.done[index] = Progress::Done(Box::new(all.clone()));
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
            parents: parents.iter().map(|&parent| parent.into()).collect(),
            fields: Fields { build: true, ..fields },
            ..Definition::default()
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
        let c = &builds.iter().find(|build| build.index == 2).unwrap().fields;
        assert_eq!(c.context, literal("a"));
        assert_eq!(c.target, literal("two"));
        assert_eq!(c.args["X"], Some("1".into()));
    }

    #[test]
    fn a_template_is_no_build() {
        let definitions =
            [target("_common", &[], with_arg("X", "1")), target("web", &["_common"], context("web"))];
        let builds = resolve(&definitions).unwrap();
        assert_eq!(builds.iter().map(|build| build.index).collect::<Vec<_>>(), [1]);
        assert_eq!(builds[0].fields.args["X"], Some("1".into()));
    }

    #[test]
    fn an_override_is_laid_over_its_base_and_is_no_build_alone() {
        let definitions = [target("web", &[], context("web")), target("web", &[], with_arg("X", "1"))];
        let builds = resolve(&definitions).unwrap();
        let overridden: Vec<_> = builds.iter().filter(|build| build.index == 1).collect();
        assert_eq!(overridden.len(), 1);
        assert_eq!(overridden[0].fields.context, literal("web"));
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
