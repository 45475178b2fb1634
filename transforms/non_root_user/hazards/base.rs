//! What is known of the base image, as a reason to be careful.

use harden_core::{Launch, Place};

use super::super::risk::Risk;
use super::super::view::View;
use super::super::words;
use crate::support::base_images::{BaseImage, Evidence, Need, Privileges, Role};

/// Images of agents that run jobs of others, whose steps expect to install what they need.
const RUNNERS: [&str; 8] = [
    "gitlab/gitlab-runner",
    "ghcr.io/actions/actions-runner",
    "jenkins/agent",
    "jenkins/inbound-agent",
    "jenkins/ssh-agent",
    "myoung34/github-runner",
    "summerwind/actions-runner",
    "mcr.microsoft.com/azure-pipelines/",
];

/// Families of images that start s6 as root and continue as `PUID`.
const INITS: [&str; 8] = [
    "linuxserver/",
    "lscr.io/linuxserver/",
    "ghcr.io/linuxserver/",
    "ghcr.io/hotio/",
    "ghcr.io/hassio-addons/",
    "homeassistant/",
    "ghcr.io/home-assistant/",
    "jlesage/baseimage",
];

pub(super) fn risks(view: &View<'_, '_>) -> Vec<Risk> {
    let mut risks = Vec::new();
    let place = view.chain.first().and_then(|&index| view.ctx.build.stages.get(index));
    let place = place.map(|stage| Place::Here(stage.image.span()));
    let Some(image) = &view.base.image else { return risks };
    let name = words::short(image);
    if let Some(entry) = view.base.entry {
        risks.extend(of_entry(view, entry, &name, place.clone()));
    } else if INITS.iter().any(|known| name.starts_with(known)) {
        let message = format!("`{name}` starts an init as root, which itself changes to another user");
        risks.push(Risk::stop("init-system", message, place.clone()));
    }
    if RUNNERS.iter().any(|known| name.starts_with(known)) {
        let message = format!("`{name}` runs jobs, which may need root for what they install");
        risks.push(Risk::lower("ci-runner", message, place));
    }
    risks
}

fn of_entry(view: &View<'_, '_>, entry: &BaseImage, name: &str, place: Option<Place>) -> Vec<Risk> {
    let mut risks = Vec::new();
    let entrypoint_inherited = matches!(view.runtime.entrypoint, Launch::FromBase);
    let program_inherited = entrypoint_inherited && matches!(view.runtime.command, Launch::FromBase);
    let advice = |message: String| match entry.advice {
        Some(advice) => format!("{message}. {}", advice.trim_end_matches('.')),
        None => message,
    };
    match entry.privileges {
        Privileges::Drops { tools } if entrypoint_inherited => {
            let tools =
                if tools.is_empty() { String::new() } else { format!(" with {}", words::either(tools)) };
            let message = format!(
                "the entrypoint of `{name}` starts as root and changes to another user itself{tools}"
            );
            risks.push(Risk::stop("drops-privileges", advice(message), place.clone()));
        }
        Privileges::NeedsRoot { why } if entrypoint_inherited => {
            let message = format!("`{name}` does not work without root, because {why}");
            risks.push(Risk::stop("needs-root", advice(message), place.clone()));
        }
        Privileges::NeedsRoot { why } => {
            let message = format!("`{name}` itself does not work without root, because {why}");
            risks.push(Risk::lower("needs-root", advice(message), place.clone()));
        }
        Privileges::Unknown if entrypoint_inherited && entry.role != Role::Base => {
            let message = format!("nobody has checked what the entrypoint of `{name}` does as another user");
            risks.push(Risk::lower("entrypoint-unknown", advice(message), place.clone()));
        }
        Privileges::None | Privileges::Passthrough | Privileges::Unknown | Privileges::Drops { .. } => {}
    }
    match entry.role {
        Role::Init if entrypoint_inherited => {
            let message = format!("`{name}` starts an init, which needs root");
            risks.push(Risk::stop("init-system", advice(message), place.clone()));
        }
        Role::Init => {
            let message = format!("`{name}` is made for an init that needs root");
            risks.push(Risk::lower("init-system", advice(message), place.clone()));
        }
        Role::Managed => {
            let message = format!("what runs images made from `{name}` chooses the user itself");
            risks.push(Risk::stop("managed-user", advice(message), place.clone()));
        }
        Role::BuildTool => {
            let message =
                format!("`{name}` is an image to build with: what runs in it writes where root can");
            risks.push(Risk::lower("build-image", advice(message), place.clone()));
        }
        Role::Server if program_inherited && !entry.needs.is_empty() => {
            let needs: Vec<&str> = entry.needs.iter().map(|need| needed(*need)).collect();
            let message =
                format!("the program of `{name}` runs as another user only with {}", needs.join(", "));
            // A port alone is for the platform to give.
            let risk = if entry.needs == [Need::Port] { Risk::lower } else { Risk::stop };
            risks.push(risk("needs-configuration", advice(message), place.clone()));
        }
        Role::Server | Role::Base => {}
    }
    if entry.evidence == Evidence::Unverified && view.base.config.is_none() {
        let message =
            format!("what harden knows of `{name}` was never checked; look it up with a registry at hand");
        risks.push(Risk::lower("base-unverified", message, place));
    }
    risks
}

fn needed(need: Need) -> &'static str {
    match need {
        Need::Config => "a configuration of its own",
        Need::Paths => "directories that belong to that user",
        Need::Port => "a port from 1024 on",
    }
}
