//! What harden makes of a case.

use std::fs;
use std::path::Path;

use harden::Engine;
use harden::discover::{Input, Options, discover};
use harden_core::{Disposition, Hazard, Level, Outcome, Policy, Settings, Transform, UserSettings};

use crate::bases::Bases;
use crate::case::{Case, EXPECTED};

const NAME: &str = "non-root-user";

/// `non-root-user`, once it is there.
pub(crate) fn transform() -> Option<&'static dyn Transform> {
    harden_transforms::all().iter().copied().find(|one| one.meta().name == NAME)
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
    /// Whether a hazard or a refusal is among them.
    pub(crate) warns: bool,
}

impl Rewritten {
    /// Rewrites the Dockerfile in `repository/context`. Without the transform, what a person wrote stands in for it.
    pub(crate) fn of(case: &Case, bases: &Bases, repository: &Path) -> Self {
        let context = repository.join("context");
        let text = fs::read_to_string(context.join("Dockerfile")).unwrap();
        let mut found = discover(&[Input::Path(context)], &Options::default());
        assert_eq!(found.problems, [], "{}", case.name);
        let candidate = found.candidates.pop().unwrap();
        let run = |text: &str, transforms: &[&'static dyn Transform], level: Level| {
            let user = UserSettings { style: case.style(), ..UserSettings::default() };
            let policy = Policy { settings: Settings { user }, ..Policy::at(level) };
            let images = if case.spec.inspect { &bases.inspected } else { &bases.facts };
            let engine = Engine { transforms: transforms.to_vec(), policy, images };
            engine.rewrite(text, &candidate).unwrap()
        };
        let Some(transform) = transform() else {
            let by_hand = fs::read_to_string(case.folder.join(EXPECTED)).unwrap_or_else(|_| text.clone());
            let all = run(&by_hand, harden_transforms::all(), Level::Review).text.to_string();
            return Self {
                default: by_hand.clone(),
                suggested: by_hand,
                all,
                reports: Vec::new(),
                warns: true,
            };
        };
        let outcome = run(&text, &[transform], Level::Review);
        let warns = outcome
            .reports
            .iter()
            .any(|one| !one.hazards.is_empty() || matches!(one.disposition, Disposition::Refused(_)));
        Self {
            default: outcome.text.to_string(),
            suggested: run(&text, &[transform], Level::Suggest).text.to_string(),
            all: run(&text, harden_transforms::all(), Level::Review).text.to_string(),
            reports: shown(&outcome),
            warns,
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
