//! What stands against a split, whatever the program is written in.

use harden_core::syntax::Keyword;
use harden_core::{Hazard, Launch, MountSource, Place, ServiceKind, Why};

use super::moves::{Fate, Moves, first_line};
use super::ran::Ran;
use super::split::Split;
use super::view::{Step, View};

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
    let windows = |tag: &str| tag.contains("windowsservercore") || tag.contains("nanoserver");
    if view.run.base.is_windows() || windows(view.image.tag_or_latest()) {
        return Err(Why::new("windows", "nobody has checked which Windows images go together"));
    }
    if view.steps.iter().any(|step| step.instruction.keyword() == Keyword::Onbuild) {
        return Err(Why::new("onbuild", "ONBUILD runs in builds that use the image, with what is in it now"));
    }
    let unset = |launch: &Launch<'_>| launch.instruction().is_none();
    if unset(&view.run.runtime.entrypoint) && unset(&view.run.runtime.command) {
        return Err(Why::new("no-command", "the file does not say what containers run"));
    }
    Ok(())
}

/// What makes a split a suggestion.
pub(crate) fn lower(view: &View<'_, '_>, split: &Split, moves: &Moves) -> Vec<Hazard> {
    let mut hazards = services(view, split);
    hazards.extend(base_variables(view, split, moves));
    hazards.extend(scripts(view, split));
    hazards
}

/// Scripts that nobody reads here and that run behind the split, in an image with fewer programs.
fn scripts(view: &View<'_, '_>, split: &Split) -> Vec<Hazard> {
    let image = split.runtime.image.as_ref();
    if image.is_some_and(|image| image.familiar() == view.image.familiar()) {
        return Vec::new();
    }
    let is_shell = |ran: &Ran| matches!(ran.name(), Some("ash" | "bash" | "dash" | "sh" | "zsh"));
    let is_script = |ran: &Ran| {
        let first = ran.command.words.first().map(|word| word.text.as_str());
        first.is_some_and(|word| word.contains('/') && word.strip_suffix(".sh").is_some())
    };
    let behind = view.steps.iter().skip(split.last + 1);
    let found = behind.filter(|step| step.ran.iter().any(|ran| is_shell(ran) || is_script(ran)));
    let hazard = |step: &Step<'_>| Hazard {
        id: "script-unread",
        message: format!(
            "what the script of `{}` needs is not known, and `{}` has fewer programs than the builder",
            first_line(step.instruction),
            split.runtime.text
        ),
        place: Some(Place::Here(step.instruction.span())),
    };
    found.map(hazard).collect()
}

/// Leaves a folder behind where the image of the builder keeps everything it downloads, when a step unpacks something in it.
///
/// `golang` begins in `/go`, its GOPATH (docker-library/golang), so that what is unpacked before the first WORKDIR is there.
pub(crate) fn downloads(split: &mut Split) {
    const FOLDERS: [&str; 4] = ["/go", "/root/.m2", "/usr/local/cargo", "/usr/local/go"];
    let before = split.copies.len();
    split.copies.retain(|copy| !copy.folder || !FOLDERS.contains(&copy.from.as_str()));
    if split.copies.len() < before {
        let message =
            "something is unpacked in the folder of the tools, and whether the program reads it is not known";
        let message = message.to_owned();
        split.hazards.push(Hazard { id: "unpacked-among-tools", message, place: None });
    }
}

/// Services that use the image in another way than it starts by itself.
fn services(view: &View<'_, '_>, split: &Split) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    for service in &view.ctx.setup.services {
        for setting in &service.settings {
            let place = Some(Place::File { name: setting.file.clone(), line: setting.line });
            let (id, message) = match &setting.kind {
                ServiceKind::Command(words) | ServiceKind::Entrypoint(words) if !words.is_empty() => (
                    "service-command",
                    format!(
                        "the service {} runs another command, which may need what builds the program",
                        service.name
                    ),
                ),
                ServiceKind::Mount(mount)
                    if is_host(&mount.source) && holds_project(split, &mount.target) =>
                {
                    (
                        "service-mounts-sources",
                        format!(
                            "the service {} mounts a folder of the host over `{}`, as people do who develop in it",
                            service.name, mount.target
                        ),
                    )
                }
                _ => continue,
            };
            hazards.push(Hazard { id, message, place });
        }
    }
    hazards
}

fn is_host(source: &MountSource) -> bool {
    matches!(source, MountSource::Host(_))
}

/// Whether a folder of the image is one the project is in, or above it.
fn holds_project(split: &Split, folder: &str) -> bool {
    split.roots.iter().any(|root| {
        let rest = root.strip_prefix(folder.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Variables that the builder's image sets, and the other one perhaps does not, in what the runtime stage gets.
///
/// PATH and HOME are in every image.
fn base_variables(view: &View<'_, '_>, split: &Split, moves: &Moves) -> Vec<Hazard> {
    let builder = view.run.base.config.as_ref().map(|config| &config.env);
    let image = split.runtime.image.as_ref();
    // The same repository sets the same variables.
    if image.is_some_and(|image| image.repository() == view.image.repository()) {
        return Vec::new();
    }
    let kept = image.and_then(|image| view.ctx.image_config(image).ok());
    let is_kept = |name: &str| {
        matches!(name, "PATH" | "HOME")
            || kept.as_ref().is_some_and(|config| config.env.iter().any(|(known, _)| known == name))
            || split.env.iter().any(|(known, _)| known == name)
    };
    let mut hazards = Vec::new();
    for (index, step) in view.steps.iter().enumerate() {
        if moves.fates.get(index) == Some(&Fate::Build) {
            continue;
        }
        let text = step.instruction.joined();
        let expands = matches!(
            step.instruction.keyword(),
            Keyword::Env
                | Keyword::Add
                | Keyword::Copy
                | Keyword::Expose
                | Keyword::Label
                | Keyword::User
                | Keyword::Volume
                | Keyword::Workdir
                | Keyword::Stopsignal
        );
        for name in names(text) {
            if is_kept(name) || view.scopes.variable(&step.state, name).is_some() {
                continue;
            }
            let set = builder.is_some_and(|env| env.iter().any(|(known, _)| known == name));
            if set || TOOLCHAIN.contains(&name) || (expands && builder.is_none()) {
                let message = format!(
                    "`${name}` is set by the image of the builder, and not by `{}`",
                    split.runtime.text
                );
                let place = Some(Place::Here(step.instruction.span()));
                hazards.push(Hazard { id: "base-variable", message, place });
            }
        }
    }
    hazards
}

/// Variables of official images with compilers (their Dockerfiles, docker-library and adoptium/containers on GitHub).
const TOOLCHAIN: [&str; 14] = [
    "CARGO_HOME",
    "DOTNET_ROOT",
    "DOTNET_SDK_VERSION",
    "GOLANG_VERSION",
    "GOPATH",
    "GOROOT",
    "GRADLE_HOME",
    "GRADLE_VERSION",
    "JAVA_HOME",
    "JAVA_VERSION",
    "MAVEN_CONFIG",
    "MAVEN_HOME",
    "RUSTUP_HOME",
    "RUST_VERSION",
];

/// The names behind the dollar signs of a text.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('$').filter_map(|(at, _)| {
        let rest = text.get(at + 1..)?;
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|next: char| !next.is_ascii_alphanumeric() && next != '_').unwrap_or(rest.len());
        rest.get(..end)
            .filter(|name| !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit()))
    })
}
