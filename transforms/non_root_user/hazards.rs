//! What in the Dockerfile and its compose files stands against another user than root.
//!
//! What a container executes at start is looked at in `launch`; here are files, ports, volumes, services, build steps
//! and the base image.

mod base;
mod daemons;
mod files;
mod home;
mod ports;
mod services;
mod shape;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use harden_core::Value;

use super::base::BaseUser;
use super::risk::{Effect, Risk};
use super::runs::{self, Step};
use super::view::View;

pub(crate) use ports::low_ports;
pub(crate) use services::volume_notes;

/// Most findings of one kind. A file with hundreds of them is no clearer for it.
const MAX_OF_A_KIND: usize = 8;

/// Everything that stands against another user, in no order. Nothing twice.
pub(crate) fn risks(view: &View<'_, '_>) -> Vec<Risk> {
    let mut risks = Vec::new();
    let mut home = home::Home::new(view);
    let mut modes = files::Modes::new(view);
    let mut seen = steps::Seen::default();
    runs::walk(view.scopes, &view.chain, |step| {
        home.step(step);
        modes.step(step);
        seen.step(step);
    });
    risks.extend(home.risks());
    risks.extend(modes.risks());
    risks.extend(seen.risks(view));
    risks.extend(ports::risks(view));
    risks.extend(services::risks(view));
    risks.extend(shape::risks(view));
    risks.extend(base::risks(view));
    let mut kinds: BTreeMap<(&'static str, Effect), usize> = BTreeMap::new();
    let mut unique: Vec<Risk> = Vec::with_capacity(risks.len());
    for risk in risks {
        let count = kinds.entry((risk.hazard.id, risk.effect)).or_default();
        if *count < MAX_OF_A_KIND && !unique.contains(&risk) {
            *count += 1;
            unique.push(risk);
        }
    }
    unique
}

/// Whether a step runs as root, as far as anything tells.
fn is_root(view: &View<'_, '_>, step: &Step<'_, '_>) -> bool {
    match &step.state.user {
        Value::Known(user) => runs::is_root(user),
        Value::FromBase => !matches!(view.base.user(), BaseUser::Other(_)),
        Value::Unknown(_) => true,
    }
}
