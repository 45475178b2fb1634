//! What harden makes of a case.

use std::fs;
use std::path::Path;

use harden::Engine;
use harden::discover::{Input, Options, discover};
use harden_core::{Disposition, Level, Outcome, Policy, Transform};

use crate::bases::Bases;

const NAME: &str = "multi-stage";

/// The rewrites of one case.
pub(crate) struct Rewritten {
    /// `multi-stage` alone, at the default level.
    pub(crate) default: String,
    /// `multi-stage` alone, at the level `suggest`.
    pub(crate) suggested: String,
    /// Every transform at the level `suggest`, but without digests, which name no image of this machine.
    pub(crate) all: String,
    /// The reason code of the split, or why there is none.
    pub(crate) code: String,
}

impl Rewritten {
    /// Rewrites the Dockerfile in `repository/context`.
    pub(crate) fn of(bases: &Bases, repository: &Path) -> Self {
        let context = repository.join("context");
        let text = fs::read_to_string(context.join("Dockerfile")).unwrap();
        let mut found = discover(&[Input::Path(context)], &Options::default());
        assert_eq!(found.problems, []);
        let candidate = found.candidates.pop().unwrap();
        let run = |wanted: &dyn Fn(&str) -> bool, level: Level| -> Outcome {
            let transforms: Vec<&'static dyn Transform> =
                harden_transforms::all().iter().copied().filter(|one| wanted(one.meta().name)).collect();
            let engine = Engine { transforms, policy: Policy::at(level), images: &bases.facts };
            engine.rewrite(&text, &candidate).unwrap()
        };
        let suggested = run(&|name| name == NAME, Level::Suggest);
        let code = suggested.reports.iter().find_map(|one| match &one.disposition {
            Disposition::Fixed(_, why) | Disposition::Offered(_, why) => Some(why.code.to_owned()),
            Disposition::Refused(why) | Disposition::Kept(why) => Some(format!("refused: {why}")),
            Disposition::Suppressed { .. } => None,
        });
        Self {
            default: run(&|name| name == NAME, Level::Review).text.to_string(),
            suggested: suggested.text.to_string(),
            all: run(&|name| name != "pin-digest", Level::Suggest).text.to_string(),
            code: code.unwrap_or_else(|| "nothing found".to_owned()),
        }
    }
}
