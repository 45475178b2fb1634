//! Node.js: the official image, in which a package manager installs what the program needs and perhaps builds it.
//!
//! The builder stays as it is. The runtime stage takes the **whole folder of the project** from it, so that no file the
//! program reads is lost, and starts from
//! * the `-slim` variant of the same tag, where the builder is the full image (`slim` is the same Node.js on the same
//!   release of Debian, without compilers, headers, Python, Git and many tools);
//! * the same image, where it is Alpine or slim and the file installs compilers, which stay behind;
//! * the same image, where nothing but dev dependencies can stay behind: npm and pnpm take them away at the end of the
//!   builder. What a program `require`s may be among them by mistake, and no reading of code finds all of it, so that this
//!   kind is a suggestion; the others never touch `node_modules`.
//!
//! Traps: modules that link libraries or run programs that only the full image has ([`tables`]), packages installed for
//! the whole image, package managers that Corepack fetches when containers start, Plug'n'Play (whose packages lie
//! in a cache elsewhere), browsers in the cache of a user, commands that build when containers start.
//!
//! Sources: github.com/nodejs/docker-node (both templates, `stackbrew.js`), github.com/docker-library/buildpack-deps,
//! docs.npmjs.com (npm-prune, npm-install), pnpm.io/cli/prune, yarnpkg.com/features/pnp, pptr.dev "Configuration".

mod commands;
pub(super) mod manifest;
mod needs;
mod programs;
pub(in crate::multi_stage) mod project;
mod prune;
mod sources;
mod start;
mod tables;
pub(super) mod tag;

use std::collections::BTreeSet;

use harden_core::{Hazard, Place, Why, image_path};

use self::manifest::Package;
use self::project::Project;
use self::start::Start;
use self::tag::{Tag, Variant};
use crate::multi_stage::split::{CopyOut, Recipe, Split};
use crate::multi_stage::view::View;

/// The recipe.
pub(super) struct Node;

/// What stays behind in the builder.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Gain {
    /// What the full image has.
    Image,
    /// These packages.
    Compilers(BTreeSet<String>),
    /// Dev dependencies.
    Dev,
}

impl Recipe for Node {
    fn split(&self, view: &View<'_, '_>) -> Option<Result<Split, Why>> {
        if !tag::is_node(view.image) {
            return None;
        }
        let tag = tag::read(view.image.tag_or_latest())?;
        let project = match project::read(view, tag.variant == Variant::Full)? {
            Ok(project) => project,
            Err(why) => return (tag.variant == Variant::Full).then_some(Err(why)),
        };
        let package = package(view, &project);
        let gain = gain(&tag, &project, package.as_ref().ok())?;
        Some(split(view, &tag, &project, &package, &gain))
    }
}

/// `package.json` of the first folder a package manager works in.
fn package(view: &View<'_, '_>, project: &Project) -> Result<Package, Why> {
    let folder = project.folders.first().map_or("/", String::as_str);
    let file = view.text(&image_path::resolve(folder, "package.json"))?;
    manifest::package(&file.text).ok_or_else(|| Why::new("bad-manifest", "package.json is no JSON object"))
}

/// What a split is good for; `None` when the image has nothing that only builds.
fn gain(tag: &Tag, project: &Project, package: Option<&Package>) -> Option<Gain> {
    if tag.variant == Variant::Full {
        return Some(Gain::Image);
    }
    if !project.compilers.is_empty() {
        return Some(Gain::Compilers(project.compilers.clone()));
    }
    let has_dev = project.has_dev && package.is_none_or(|package| !package.dev.is_empty());
    (has_dev && !project.scripts.is_empty()).then_some(Gain::Dev)
}

fn split(
    view: &View<'_, '_>,
    tag: &Tag,
    project: &Project,
    package: &Result<Package, Why>,
    gain: &Gain,
) -> Result<Split, Why> {
    let start = start::read(view)?;
    managers(view, tag, project, package.as_ref().ok(), &start)?;
    globals(project, &start)?;
    let (runtime, stale) = tag.runtime(view)?;
    let mut hazards = Vec::new();
    let mut packages = BTreeSet::new();
    let mut builder_lines = Vec::new();
    if let Err(why) = package {
        hazards.push(unknown_context(why));
    }
    match gain {
        Gain::Image => {
            packages = needs::of(view, project, package.as_ref().ok(), &mut hazards)?;
            let programs = start.programs.iter().filter_map(|name| programs::full_program(name));
            packages.extend(programs.flatten().map(|&name| name.to_owned()));
        }
        Gain::Compilers(_) => {
            packages = needs::of_same_image(view, project, package.as_ref().ok(), &mut hazards)?;
        }
        Gain::Dev => {
            needs::of_same_image(view, project, package.as_ref().ok(), &mut hazards)?;
            let line = prune::line(view, tag, project, package.as_ref().ok(), &start)?;
            builder_lines.push((Some(project.last), vec![line]));
            hazards.extend(prune::hazards(view, project, package.as_ref().ok()));
        }
    }
    if let Ok(package) = package {
        hazards.extend(writes_elsewhere(view, project, package));
    }
    hazards.extend(project::foreign_owner(view, project));
    hazards.extend(stale);
    let installs = view.ran().any(|ran| project::installs_tools(view, ran));
    let reads_settings = installs || ["npm", "yarn", "yarnpkg", "npx"].iter().any(|name| start.runs(name));
    Ok(Split {
        recipe: "node",
        reason: reason(gain, &runtime.text, &project.root),
        ships: ships(gain),
        runtime,
        last: project.last,
        explained: project.explained.clone(),
        roots: vec![project.root.clone()],
        copies: [CopyOut::folder(project.root.clone())].into_iter().chain(project.beside.clone()).collect(),
        packages,
        env: Vec::new(),
        is_build_variable: if reads_settings { is_never } else { is_build_variable },
        builder_lines,
        builder_edits: Vec::new(),
        hazards,
        assumptions: assumptions(view, gain),
    })
}

/// Settings of npm are read by npm only (npm-config(7), "Environment Variables").
fn is_build_variable(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with("npm_config_")
}

fn is_never(_: &str) -> bool {
    false
}

fn unknown_context(why: &Why) -> Hazard {
    let what = match why.code {
        "from-base" | "not-found" => "package.json is not in the build context that was looked at",
        "bad-manifest" => "package.json is no JSON object",
        _ => "package.json could not be read",
    };
    let message = format!("{what}, so what the program needs of the image is not known");
    Hazard { id: "context-unknown", message, place: None }
}

/// Package managers that the runtime image does not have.
fn managers(
    view: &View<'_, '_>,
    tag: &Tag,
    project: &Project,
    package: Option<&Package>,
    start: &Start,
) -> Result<(), Why> {
    let settings = image_path::resolve(&project.root, ".yarnrc.yml");
    let berry_file = view.files().is_ok_and(|files| files.all.contains_key(&settings));
    let named = package.and_then(|package| package.manager.as_deref());
    let is_berry =
        berry_file || named.is_some_and(|name| name.starts_with("yarn@") && !name.starts_with("yarn@1"));
    if is_berry {
        let linked = view.text(&settings).is_ok_and(|file| {
            let linker = file.text.lines().find_map(|line| line.strip_prefix("nodeLinker:"));
            linker.is_some_and(|linker| {
                matches!(linker.trim().trim_matches(['"', '\'']), "node-modules" | "pnpm")
            })
        });
        if !linked && project.manager == Some(commands::Manager::Yarn) {
            let message = "Yarn keeps packages in a cache outside of the project (Plug'n'Play); set `nodeLinker: \
                           node-modules` in .yarnrc.yml";
            return Err(Why::new("yarn-pnp", message));
        }
    }
    let yarn = start.runs("yarn") || start.runs("yarnpkg");
    let missing = if start.runs("pnpm") {
        Some("pnpm")
    } else if yarn && (is_berry || !tag.has_yarn() && tag.major.is_some()) {
        Some("Yarn")
    } else {
        None
    };
    match missing {
        Some(manager) => {
            let message = format!(
                "containers start with {manager}, which the Node.js image does not bring; start the program with `node`"
            );
            Err(Why::new("package-manager-at-start", message))
        }
        None => Ok(()),
    }
}

/// Packages for the whole image that containers may use.
fn globals(project: &Project, start: &Start) -> Result<(), Why> {
    let Some(first) = project.global.first() else { return Ok(()) };
    let used =
        if start.packages().any(|package| first.starts_with(package)) { "is started" } else { "may be used" };
    let message = format!(
        "`{first}` is installed for the whole image and {used}; put that RUN behind those that install and build the \
         project, where it becomes part of the image that runs"
    );
    Err(Why::new("global-package", message))
}

/// Scripts that build and may write outside of the project.
fn writes_elsewhere(view: &View<'_, '_>, project: &Project, package: &Package) -> Option<Hazard> {
    /// Settings of tools that say where their output goes.
    const SETTINGS: [&str; 8] = [
        "angular.json",
        "rollup.config.js",
        "tsconfig.json",
        "vite.config.js",
        "vite.config.mjs",
        "vite.config.ts",
        "vue.config.js",
        "webpack.config.js",
    ];
    const INSTALLING: [&str; 5] = ["preinstall", "install", "postinstall", "prepare", "prepublish"];
    let at_top = project.folders.first() == Some(&project.root);
    let built = project.scripts.iter().flatten().map(String::as_str);
    let names: BTreeSet<&str> = built.chain(INSTALLING).collect();
    let text = |name: &str| package.scripts.get(name).map(String::as_str).unwrap_or_default();
    let outside =
        |text: &str| (at_top && text.contains("../")) || text.contains(" /") || text.contains("$HOME");
    let hazard = |message: String, file: &str| {
        let place = Some(Place::File { name: file.to_owned(), line: None });
        Some(Hazard { id: "writes-elsewhere", message, place })
    };
    if let Some(name) = names.into_iter().find(|name| outside(text(name))) {
        let message = format!(
            "the script `{name}` of package.json may write outside of the project, and that stays behind"
        );
        return hazard(message, "package.json");
    }
    if !at_top {
        return None;
    }
    let file = SETTINGS.iter().find(|name| {
        let path = image_path::resolve(&project.root, name);
        let is_copied = view.files().is_ok_and(|files| files.all.contains_key(&path));
        let leaves = |line: &str| line.contains("../") && line.to_ascii_lowercase().contains("out");
        is_copied && view.text(&path).is_ok_and(|file| file.text.lines().any(leaves))
    })?;
    hazard(format!("{file} may have the build write outside of the project, and that stays behind"), file)
}

fn reason(gain: &Gain, image: &str, root: &str) -> String {
    match gain {
        Gain::Image => format!(
            "`{image}` is the same Node.js on the same Debian release without compilers, headers, Python and Git, and gets \
             `{root}` whole"
        ),
        Gain::Compilers(_) => {
            format!("the image stays the same without the packages that compile, and gets `{root}` whole")
        }
        Gain::Dev => format!("the image stays the same, and gets `{root}` without dev dependencies"),
    }
}

fn ships(gain: &Gain) -> String {
    match gain {
        Gain::Image => "compilers, headers, Python and Git of the full Node.js image".to_owned(),
        Gain::Compilers(names) => names.iter().cloned().collect::<Vec<_>>().join(", "),
        Gain::Dev => "dev dependencies".to_owned(),
    }
}

fn assumptions(view: &View<'_, '_>, gain: &Gain) -> Vec<String> {
    let mut all = Vec::new();
    if *gain == Gain::Image {
        all.push(
            "dependencies run no program and load no library that only the full image has, besides those that are known to"
                .to_owned(),
        );
    }
    if view.files().is_ok_and(|files| files.guessed) {
        all.push("the folder of the Dockerfile is the build context".to_owned());
    }
    all
}
