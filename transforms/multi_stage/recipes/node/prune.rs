//! Taking dev dependencies away at the end of the builder.
//!
//! npm-prune(1): extraneous packages go, and those of `devDependencies` with `--omit=dev`; no script of the project
//! runs. pnpm.io/cli/prune: `--prod`; it does not work in workspaces, and asks before it removes folders unless `CI` is
//! set. Yarn 1 installs again instead.

use std::collections::BTreeSet;

use harden_core::{Hazard, Why};

use super::commands::Manager;
use super::manifest::Package;
use super::project::Project;
use super::sources;
use super::start::Start;
use super::tag::Tag;
use crate::multi_stage::view::View;

/// The line that does it.
///
/// # Errors
/// `command-needs-dev-dependency`, `start-unread`, `prune-unknown`.
pub(super) fn line(
    view: &View<'_, '_>,
    tag: &Tag,
    project: &Project,
    package: Option<&Package>,
    start: &Start,
) -> Result<String, Why> {
    if let Some(package) = package {
        let named = start.packages().find(|name| package.dev.contains(*name)).map(str::to_owned);
        if let Some(name) = named.or_else(|| script_names(package, start)) {
            let message = format!(
                "containers start `{name}`, a dev dependency; make it a dependency or start what it builds"
            );
            return Err(Why::new("command-needs-dev-dependency", message));
        }
    } else {
        let scripts = ["npm", "yarn", "yarnpkg", "npx"].iter().any(|name| start.runs(name));
        if scripts || start.packages().next().is_some() {
            let message = "package.json could not be read, so whether the start needs dev dependencies is not known; \
                           start the program with `node`";
            return Err(Why::new("start-unread", message));
        }
    }
    let unknown = |message: &str| Err(Why::new("prune-unknown", message));
    let [folder] = project.folders.as_slice() else {
        return unknown(
            "dependencies are installed in more than one folder, so what takes those for development away is not known",
        );
    };
    let command = match project.manager {
        Some(Manager::Npm) => tag.npm_prune(),
        Some(Manager::Pnpm) => {
            let prisma = |package: &Package| package.dependencies.contains("@prisma/client");
            if package.is_some_and(|package| package.workspaces || prisma(package)) {
                return unknown(
                    "`pnpm prune --prod` takes more than dev dependencies away in workspaces and with Prisma",
                );
            }
            "CI=true pnpm prune --prod"
        }
        Some(Manager::Yarn) => {
            return unknown(
                "Yarn has no command that only takes dev dependencies away; install in a stage of its own",
            );
        }
        None => {
            return unknown(
                "no step installs dependencies, so what takes those for development away is not known",
            );
        }
    };
    let here =
        view.steps.get(project.last + 1).map_or_else(|| view.end_workdir(), |step| step.workdir.clone());
    let plain = folder.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    match here {
        Ok(here) if here == *folder => Ok(format!("RUN {command}")),
        _ if plain => Ok(format!("RUN cd {folder} && {command}")),
        _ => unknown("the folder of the project has a name that would need quotes"),
    }
}

/// A dev dependency that a word of the scripts containers may run stands for. Any word that is the name of a script is
/// taken to run it.
fn script_names(package: &Package, start: &Start) -> Option<String> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = start.scripts.iter().map(String::as_str).collect();
    while let Some(name) = open.pop() {
        let around = [format!("pre{name}"), name.to_owned(), format!("post{name}")];
        for text in around.iter().filter_map(|name| package.scripts.get(name)) {
            for word in text.split(|c: char| c.is_whitespace() || "\"'`;&|()=".contains(c)) {
                let word = word.trim_start_matches("npm:");
                let program = word.rsplit("/.bin/").next().unwrap_or(word);
                let of = super::start::package_of_program(program);
                if package.dev.contains(of) {
                    return Some(of.to_owned());
                }
                if let Some((name, _)) = package.scripts.get_key_value(word)
                    && seen.insert(name)
                {
                    open.push(name);
                }
            }
        }
    }
    None
}

/// What makes it a suggestion.
pub(super) fn hazards(view: &View<'_, '_>, project: &Project, package: Option<&Package>) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    if let Some((name, place)) = package.and_then(|package| sources::names(view, &project.root, &package.dev))
    {
        let message = format!(
            "the code names `{name}`, a dev dependency; if it is needed after the build it is missing"
        );
        hazards.push(Hazard { id: "dev-dependency-used", message, place: Some(place) });
    }
    let message = "dev dependencies are taken away after the build; what the program loads by itself has to be among \
                   `dependencies`";
    hazards.push(Hazard { id: "prunes-dependencies", message: message.to_owned(), place: None });
    hazards
}
