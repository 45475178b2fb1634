//! What stands against a split, whatever the program is written in.

use harden_core::{Hazard, Launch, Place, ServiceKind, Why};

use super::split::Split;
use super::view::View;

/// What stops every split.
///
/// # Errors
/// The reason.
pub(crate) fn stop(view: &View<'_, '_>) -> Result<(), Why> {
    let setup = view.ctx.setup;
    if setup.devcontainer {
        return Err(Why::new("devcontainer", "people develop in the image and need what builds the program"));
    }
    if setup.targets_unknown || !setup.targets.is_empty() {
        return Err(Why::new(
            "target-named",
            "a build names its target; with a second stage the name would mean the builder",
        ));
    }
    if view.run.base.is_windows() {
        return Err(Why::new("windows", "nobody has checked which Windows images go together"));
    }
    let unset = |launch: &Launch<'_>| launch.instruction().is_none();
    if unset(&view.run.runtime.entrypoint) && unset(&view.run.runtime.command) {
        return Err(Why::new("no-command", "the file does not say what containers run"));
    }
    Ok(())
}

/// What makes a split a suggestion.
pub(crate) fn lower(view: &View<'_, '_>, _split: &Split) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    for service in &view.ctx.setup.services {
        for setting in &service.settings {
            let place = Place::File { name: setting.file.clone(), line: setting.line };
            if let ServiceKind::Command(words) | ServiceKind::Entrypoint(words) = &setting.kind
                && !words.is_empty()
            {
                let message = format!(
                    "the service {} runs another command, which may need what builds the program",
                    service.name
                );
                hazards.push(Hazard { id: "service-command", message, place: Some(place) });
            }
        }
    }
    hazards
}
