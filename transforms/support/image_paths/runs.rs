//! What a RUN makes of a path.

use super::chain::Step;
use super::effects::Effect;
use super::find::Look;
use super::paths::{below, join, name};
use super::{By, ImagePaths, Origin};

impl<'a> ImagePaths<'_, 'a> {
    /// One thing a RUN does.
    pub(super) fn in_run(
        &self,
        stage: usize,
        index: usize,
        step: &Step<'a>,
        effect: &Effect,
        path: &str,
        depth: u32,
    ) -> Look<'a> {
        let by = || By {
            instruction: step.instruction,
            stage: step.stage,
            owner: None,
            mode: None,
            certain: true,
            argument: None,
        };
        let doubt = |look: Look<'a>, sure: bool| if sure { look } else { look.doubtful() };
        match effect {
            Effect::Write { path: written, body, sure } if written == path => {
                doubt(Look::Sure(Origin::Written { body: *body, by: by() }), *sure)
            }
            Effect::Remove { path: removed, sure: true } if below(removed, path).is_some() => {
                Look::Sure(Origin::Base)
            }
            Effect::Link { link, target, sure } => match below(link, path) {
                Some(rest) => {
                    let target = join(target, rest);
                    // A link to what the base image has leads there.
                    let found = match self.look(stage, &target, None, depth + 1) {
                        Look::No => Look::Sure(Origin::Base),
                        found => found,
                    };
                    doubt(found, *sure)
                }
                None => Look::No,
            },
            Effect::Move { from, to, into, copy, sure } => {
                let base = join(to, name(from));
                let inside = match (below(&base, path), below(to, path)) {
                    (Some(rest), _) if *into => Some((rest, true)),
                    (_, Some(rest)) if !*into => Some((rest, true)),
                    _ => None,
                };
                match inside {
                    Some((rest, certain)) => {
                        let found = match self.look(stage, &join(from, rest), Some(index), depth + 1) {
                            Look::No | Look::Sure(Origin::Base) if rest.is_empty() => {
                                Look::Sure(Origin::Written { body: None, by: by() })
                            }
                            Look::Sure(Origin::Base) => Look::No,
                            found => found,
                        };
                        doubt(found, *sure && certain)
                    }
                    None if !*copy && *sure && below(from, path).is_some() => Look::Sure(Origin::Base),
                    None => Look::No,
                }
            }
            _ => Look::No,
        }
    }
}
