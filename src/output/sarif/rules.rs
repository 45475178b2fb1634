//! The rules of a SARIF report, and the rules of other tools that find the same.

use std::collections::{BTreeMap, BTreeSet};

use harden_core::{FindingMeta, Meta};

use super::model::{
    Component, Configuration, Driver, Page, Relationship, Rule, RuleProperties, Target, Taxon, Taxonomy,
    Text, Tool,
};
use crate::output::severity::Severity;

/// Every kind of finding, of all verbs: the list, and so the place of a rule in it, is the same in each report.
fn kinds() -> impl Iterator<Item = (&'static Meta, &'static FindingMeta)> {
    let all = harden_transforms::all().iter().chain(harden_transforms::update());
    all.flat_map(|transform| {
        let meta = transform.meta();
        meta.findings.iter().map(move |finding| (meta, finding))
    })
}

/// Where a rule is in the list.
pub(super) fn index(id: &str) -> Option<usize> {
    kinds().position(|(_, finding)| finding.id == id)
}

/// harden and its rules.
pub(super) fn tool() -> Tool {
    let others: BTreeMap<_, _> = others().into_keys().enumerate().map(|(at, tool)| (tool, at)).collect();
    let rule = |(meta, finding): (&'static Meta, &'static FindingMeta)| Rule {
        id: finding.id,
        short_description: Text::new(finding.summary),
        full_description: Text::new(meta.summary),
        help: Page { text: meta.doc, markdown: meta.doc },
        default_configuration: Configuration { level: Severity::Warning.sarif() },
        relationships: finding
            .foreign
            .iter()
            .filter_map(|rule| {
                let component = Component { name: rule.tool, index: *others.get(rule.tool)? };
                let target = Target { id: rule.id, tool_component: component };
                Some(Relationship { target, kinds: ["relevant"] })
            })
            .collect(),
        properties: RuleProperties {
            tags: vec!["security".to_owned(), "dockerfile".to_owned()],
            transform: meta.name,
        },
    };
    Tool {
        driver: Driver {
            name: "harden",
            semantic_version: env!("CARGO_PKG_VERSION"),
            short_description: Text::new(env!("CARGO_PKG_DESCRIPTION")),
            rules: kinds().map(rule).collect(),
        },
    }
}

/// Other tools and their rules, in order.
fn others() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut others: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for rule in kinds().flat_map(|(_, finding)| finding.foreign) {
        others.entry(rule.tool).or_default().insert(rule.id);
    }
    others
}

/// The rules of other tools, for `relationships`.
pub(super) fn taxonomies() -> Vec<Taxonomy> {
    let taxonomy = |(name, ids): (&'static str, BTreeSet<&'static str>)| Taxonomy {
        name,
        is_comprehensive: false,
        taxa: ids.into_iter().map(|id| Taxon { id }).collect(),
    };
    others().into_iter().map(taxonomy).collect()
}
