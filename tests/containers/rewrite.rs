//! What harden makes of a case.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use harden::Engine;
use harden::discover::{Input, Options, discover};
use harden_core::{Disposition, Hazard, Level, Outcome, Policy, Settings, Transform, UserSettings};

use crate::bases::Bases;
use crate::case::Case;

const NAME: &str = "non-root-user";

/// `non-root-user`.
fn transform() -> &'static dyn Transform {
    let found = harden_transforms::all().iter().copied().find(|one| one.meta().name == NAME);
    found.unwrap_or_else(|| panic!("{NAME} is not among the transforms"))
}

/// The rewrites of one case.
pub(crate) struct Rewritten {
    /// `non-root-user` alone, at the default level.
    pub(crate) default: String,
    /// `non-root-user` alone, at the level `suggest`.
    pub(crate) suggested: String,
    /// Every transform, at the default level.
    pub(crate) all: String,
    /// What is reported about the user at the default level, one line each.
    pub(crate) reports: Vec<String>,
    /// The ids of the hazards among them, and the codes of refusals.
    pub(crate) hazards: BTreeSet<String>,
}

impl Rewritten {
    /// Rewrites the Dockerfile in `repository/context`.
    pub(crate) fn of(case: &Case, bases: &Bases, repository: &Path) -> Self {
        let context = repository.join("context");
        let text = fs::read_to_string(context.join("Dockerfile")).unwrap();
        let mut found = discover(&[Input::Path(context)], &Options::default());
        assert_eq!(found.problems, [], "{}", case.name);
        let candidate = found.candidates.pop().unwrap();
        let run = |text: &str, transforms: &[&'static dyn Transform], level: Level| {
            let user = UserSettings { style: case.style(), ..UserSettings::default() };
            let policy = Policy { settings: Settings { user, ..Settings::default() }, ..Policy::at(level) };
            let images = if case.spec.inspect { &bases.inspected } else { &bases.facts };
            let engine = Engine { transforms: transforms.to_vec(), policy, images };
            engine.rewrite(text, &candidate).unwrap()
        };
        let transform = transform();
        let outcome = run(&text, &[transform], Level::Review);
        let refusals = outcome.reports.iter().filter_map(|one| match &one.disposition {
            Disposition::Refused(why) => Some(why.code),
            _ => None,
        });
        let hazards = outcome.reports.iter().flat_map(|one| one.hazards.iter().map(|hazard| hazard.id));
        let hazards = hazards.chain(refusals).map(str::to_owned).collect();
        Self {
            default: outcome.text.to_string(),
            suggested: run(&text, &[transform], Level::Suggest).text.to_string(),
            all: run(&text, harden_transforms::all(), Level::Review).text.to_string(),
            reports: shown(&outcome),
            hazards,
        }
    }
}

fn shown(outcome: &Outcome) -> Vec<String> {
    let line = |one: &harden_core::Report| {
        let what = match &one.disposition {
            Disposition::Fixed(level, why) => format!("fixed {level}, {}", why.code),
            Disposition::Offered(level, why) => format!("offered {level}, {}", why.code),
            Disposition::Refused(why) => format!("refused, {}", why.code),
            Disposition::Kept(why) => format!("kept, {}", why.code),
            Disposition::Suppressed { .. } => "suppressed".to_owned(),
        };
        let hazards: Vec<&str> = one.hazards.iter().map(|Hazard { id, .. }| *id).collect();
        format!("{}: {what} [{}]", one.id, hazards.join(", "))
    };
    outcome.reports.iter().map(line).collect()
}
