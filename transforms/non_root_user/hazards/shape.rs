//! What the image is for, as far as the file shows: bases, development containers, actions, add-ons.

use harden_core::syntax::{Instruction, Keyword};
use harden_core::{Base, Place};

use super::super::base::BaseUser;
use super::super::risk::Risk;
use super::super::runs;
use super::super::view::View;
use super::services::is_socket;

pub(super) fn risks(view: &View<'_, '_>) -> Vec<Risk> {
    let mut risks = Vec::new();
    let Some(stage) = view.ctx.build.stages.get(view.stage) else { return risks };
    let here = |instruction: Instruction<'_>| Some(Place::Here(instruction.span()));
    if let Some(trigger) = stage.instructions.iter().find(|one| one.keyword() == Keyword::Onbuild) {
        let message = "the image is a base for others: their steps would run as its user";
        risks.push(Risk::stop("onbuild", message, here(*trigger)));
    }
    if let Some(child) = view.ctx.build.stages.iter().find(|one| one.base == Base::Stage(view.stage)) {
        let changes = child.instructions.iter().find(|one| is_step(**one) || one.keyword() == Keyword::User);
        if changes.is_none_or(|one| one.keyword() != Keyword::User) {
            let message = format!(
                "`FROM {}` continues this stage: its steps would run as the new user",
                child.image.text()
            );
            risks.push(Risk::stop("stage-is-base", message, here(child.from)));
        }
    }
    if view.ctx.setup.devcontainer {
        let message =
            "this is a development container, in which people and their tools install what they need";
        risks.push(Risk::stop("devcontainer", message, None));
    }
    risks.extend(explicit_root(view));
    risks.extend(github_action(view));
    for &index in &view.chain {
        let Some(stage) = view.ctx.build.stages.get(index) else { continue };
        for &instruction in &stage.instructions {
            risks.extend(of_instruction(instruction));
        }
    }
    risks.extend(variables(view));
    if let Some(signal) = view.runtime.stop_signal {
        let name = signal.arguments().text().to_ascii_uppercase();
        let name = name.trim_start_matches("SIG");
        if matches!(name, "RTMIN+3" | "37") {
            let message = "the stop signal is that of systemd, which needs root";
            risks.push(Risk::stop("systemd", message, here(signal)));
        }
    }
    risks
}

/// Whether an instruction does something that may need root.
fn is_step(instruction: Instruction<'_>) -> bool {
    matches!(instruction.keyword(), Keyword::Run | Keyword::Workdir)
}

/// The author's last word is root.
fn explicit_root(view: &View<'_, '_>) -> Option<Risk> {
    let mut last: Option<(Instruction<'_>, bool)> = None;
    let mut steps_follow = false;
    // Root for some steps, after a user that the file or the base image chose, is no choice for the container.
    let mut other = matches!(view.base.user(), BaseUser::Other(_));
    for &index in &view.chain {
        view.scopes.walk(index, |scopes, instruction, state| match instruction.keyword() {
            Keyword::User => {
                other |= last.is_some_and(|(_, root)| !root);
                let user = scopes.expand(state, instruction.arguments());
                last = Some((instruction, user.is_ok_and(|user| runs::is_root(user.text.trim()))));
                steps_follow = false;
            }
            Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir => steps_follow = true,
            _ => {}
        });
    }
    let (instruction, root) = last?;
    let for_steps = steps_follow && other;
    (root && !for_steps).then(|| {
        let message = "the author chose root with this USER";
        Risk::lower("explicit-root", message, Some(Place::Here(instruction.span())))
    })
}

/// GitHub runs actions as the default user of the image and asks for no USER (GitHub docs, "Dockerfile support for
/// GitHub Actions").
fn github_action(view: &View<'_, '_>) -> Option<Risk> {
    for name in ["action.yml", "action.yaml"] {
        let Ok(text) = view.ctx.context_text(name) else { continue };
        let mut lines = text.lines().zip(1..);
        let docker = lines.find(|(line, _)| {
            let setting =
                line.trim().strip_prefix("using:").map(|value| value.trim().trim_matches(['"', '\'']));
            setting.is_some_and(|value| value.eq_ignore_ascii_case("docker"))
        });
        if let Some((_, line)) = docker {
            let message = "this is a GitHub action: GitHub runs those as root and asks for no USER";
            let place = Place::File { name: name.to_owned(), line: Some(line) };
            return Some(Risk::stop("github-action", message, Some(place)));
        }
    }
    None
}

/// Labels of platforms that run the image as root, and steps that ask for more than a build usually has.
fn of_instruction(instruction: Instruction<'_>) -> Option<Risk> {
    let place = Some(Place::Here(instruction.span()));
    match instruction.keyword() {
        Keyword::Label => {
            let pairs = instruction.pairs();
            let named = |prefix: &str| {
                let pair = pairs.iter().find(|pair| pair.key.text().trim_matches('"').starts_with(prefix));
                pair.map(|pair| Some(Place::Here(pair.whole.span())))
            };
            if let Some(place) = named("io.hass.") {
                let message = "Home Assistant runs its add-ons as root";
                return Some(Risk::stop("home-assistant", message, place));
            }
            let place = named("com.github.actions.")?;
            let message = "this is a GitHub action: GitHub runs those as root and asks for no USER";
            Some(Risk::stop("github-action", message, place))
        }
        Keyword::Run => {
            let insecure = instruction.flag("security").is_some_and(|flag| flag.value() == Some("insecure"));
            let message = "a build step runs with all privileges, which speaks for a program that needs them";
            insecure.then(|| Risk::lower("insecure-step", message, place))
        }
        _ => None,
    }
}

/// Variables that tell what the image starts.
fn variables(view: &View<'_, '_>) -> Vec<Risk> {
    let mut risks = Vec::new();
    for &index in &view.chain {
        view.scopes.walk(index, |scopes, instruction, state| {
            if instruction.keyword() != Keyword::Env {
                return;
            }
            for pair in instruction.pairs() {
                let place = Some(Place::Here(pair.whole.span()));
                let name = pair.key.text();
                let value = pair.value.and_then(|value| scopes.expand(state, value).ok());
                let value = value.map(|value| value.text).unwrap_or_default();
                if name.starts_with("S6_") {
                    let message = format!("{name} is for s6, which starts as root");
                    risks.push(Risk::stop("init-system", message, place));
                } else if matches!(name, "PUID" | "PGID") {
                    let message =
                        format!("{name} says that an entry script started as root changes to another user");
                    risks.push(Risk::lower("uid-variable", message, place));
                } else if name == "DOCKER_HOST" && (value.starts_with("unix:") || is_socket(&value)) {
                    let message = "the program talks to the container engine, whose socket belongs to root";
                    risks.push(Risk::stop("docker-socket", message, place));
                } else if name.starts_with("HOST_") && value.starts_with("/host/") {
                    let message =
                        format!("{name} points at the files of the host, which root alone can read");
                    risks.push(Risk::lower("host-agent", message, place));
                }
            }
        });
    }
    risks
}
