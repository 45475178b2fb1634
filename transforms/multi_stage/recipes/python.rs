//! Python programs whose packages are installed by pip, Poetry, Pipenv or uv.
//!
//! Recognised: one stage on an official `python` image. A full one (with the compilers and some 300 development packages
//! of `buildpack-deps`) becomes the builder of its slim twin; a slim or Alpine one that steps give compilers becomes the
//! builder of itself without them.
//!
//! What was installed goes over at its place: a virtual environment where there is one, else `/usr/local` as a whole,
//! with the interpreter. A virtual environment that the file does not have is not made: it would change `sys.prefix`,
//! hide packages from cron, `sudo` and login shells, which set PATH anew, from absolute paths like
//! `/usr/local/bin/gunicorn`, and from installers that are told to use the system's Python; and it would install with
//! the pip that Python bundles. `site-packages` and `bin` alone would lose what wheels put into `share`, `etc` and
//! `lib`. Python is in the image twice that way, some 50 MB; compilers and headers are ten times that.
//!
//! The split is behind the last step that installs. COPY of sources behind it stays; COPY before it is repeated, but
//! for manifests that a later COPY brings as well.
//!
//! Traps: slim images lack libraries, and programs like git, that full ones have ([`known`] says which packages need
//! them); sources that start programs or open libraries ([`sources`]); editable installs point into the project.
//!
//! Sources: docker-library/python (`Dockerfile-linux.template`, `generate-stackbrew-library.sh`), docker-library
//! buildpack-deps, the documents named in [`steps`], [`requirements`] and [`known`].

mod arguments;
mod image;
mod judge;
mod known;
mod places;
mod project;
mod requirements;
mod sources;
mod steps;

use std::collections::BTreeSet;

use harden_core::syntax::Keyword;
use harden_core::{Hazard, Place, Why};

use image::Python;
use steps::{Installs, SYSTEM, Source};

use crate::multi_stage::ran::Ran;
use crate::multi_stage::split::{CopyOut, Recipe, Split};
use crate::multi_stage::view::View;
use crate::support::image_paths::CopyKind;

/// The recipe.
pub(crate) struct PythonRecipe;

impl Recipe for PythonRecipe {
    fn split(&self, view: &View<'_, '_>) -> Option<Result<Split, Why>> {
        let python = image::of(view)?;
        let tools = tools(view);
        if !python.full && tools.is_empty() {
            return None;
        }
        let mut installs = match steps::read(view) {
            Ok(installs) => installs,
            Err(why) => return Some(Err(why)),
        };
        let last = installs.last?;
        if let Err(why) = start(view, &mut installs) {
            return Some(Err(why));
        }
        if installs.places.is_empty() {
            return None;
        }
        Some(split(view, &python, &tools, &installs, last))
    }
}

fn split(
    view: &View<'_, '_>,
    python: &Python,
    tools: &BTreeSet<&'static str>,
    installs: &Installs,
    last: usize,
) -> Result<Split, Why> {
    stop(view)?;
    let (runtime, stale) = image::runtime(view, python)?;
    let last = last_step(view, python, last);
    let project = project::of(view, installs, last);
    let copies = copies(installs);
    let what = if copies.iter().any(|copy| copy.from == SYSTEM) {
        "Python with its packages"
    } else if installs.environments.is_empty()
        && !copies.iter().any(|copy| copy.from.strip_suffix(".venv").is_some())
    {
        "the packages"
    } else {
        "the virtual environment"
    };
    let ships = if python.full {
        "compilers, headers and development tools of the full Python image".to_owned()
    } else {
        let names: Vec<&str> = tools.iter().copied().collect();
        names.join(", ")
    };
    let reason = if python.full {
        format!(
            "packages are installed in the full image; {what} and the files run on the slim image of the same tag, which has the same Python and the same Debian release"
        )
    } else {
        format!(
            "packages are installed where the compilers are; {what} and the files run on the same image without them"
        )
    };
    let mut split = Split {
        recipe: "python",
        reason,
        ships,
        runtime,
        last,
        explained: installs.explained.clone(),
        roots: project,
        copies,
        packages: BTreeSet::new(),
        env: Vec::new(),
        is_build_variable: build_variables(view, last),
        builder_lines: Vec::new(),
        builder_edits: Vec::new(),
        hazards: Vec::new(),
        assumptions: Vec::new(),
    };
    split.hazards.extend(stale);
    split.hazards.extend(tag_variable(view, python));
    judge::packages(view, python, installs, tools, &mut split);
    if python.full {
        split.assumptions.push(
            "the packages start no program and open no library of the full image that their documentation does not name".to_owned(),
        );
    }
    split.hazards.extend(sources::hazards(view, python.full));
    if view.stage.image.text().contains('$') {
        split.assumptions.push("the build argument in the tag names a version only".to_owned());
    }
    if installs.uninstalls.is_some_and(|at| at <= last) {
        let message = "a step uninstalls what the runtime image brings again; uninstall it in a step of its own behind the others";
        split.hazards.push(Hazard {
            id: "uninstalled",
            message: message.to_owned(),
            place: here(view, last),
        });
    }
    if installs.uv_python && !is_uv_bound(view) {
        let message = "uv may download another Python for the environment, which the runtime image would not have; set UV_PYTHON_DOWNLOADS=never";
        split.hazards.push(Hazard { id: "uv-python", message: message.to_owned(), place: here(view, last) });
    }
    Ok(split)
}

/// Installers that containers start with have to be where they were.
fn start(view: &View<'_, '_>, installs: &mut Installs) -> Result<(), Why> {
    let behind = view.steps.iter().filter(|step| Some(step.index) > installs.last).flat_map(|step| &step.ran);
    let behind = behind.filter_map(Ran::name);
    let started = view.launched.commands.iter().filter_map(|started| started.command.name());
    let used: BTreeSet<&str> = started.chain(behind).collect();
    for name in ["pipenv", "poetry", "uv"] {
        if !used.contains(name) {
            continue;
        }
        let by_pip = installs
            .sources
            .iter()
            .any(|source| matches!(source, Source::Requirement(text) if requirements::name(text) == name));
        let is_uv = |kind: &CopyKind| matches!(kind, CopyKind::Image(image) if image.repository().ends_with("astral-sh/uv"));
        let copied = view.run.paths.copied().any(|one| one.sources.iter().any(|source| is_uv(&source.kind)));
        if by_pip {
            installs.places.insert(SYSTEM.to_owned());
        } else if !(name == "uv" && copied) {
            let message = format!(
                "containers start with `{name}`, and where that is installed is not known; start the program itself"
            );
            return Err(Why::new("installer-at-start", message));
        }
    }
    if used.contains("pip") || used.contains("pip3") {
        installs.places.insert(SYSTEM.to_owned());
    }
    Ok(())
}

/// What stops the split: a container that builds when it starts.
fn stop(view: &View<'_, '_>) -> Result<(), Why> {
    for started in view.launched.commands.iter().filter(|started| !started.health) {
        let words: Vec<&str> = started.command.words.iter().map(|word| word.text.as_str()).collect();
        let builds = match (started.command.name(), words.get(1..).unwrap_or_default()) {
            (Some("make" | "gcc" | "g++" | "cc" | "cmake" | "ninja"), _) => true,
            (Some("pip" | "pip3" | "poetry" | "pipenv" | "uv"), rest) => rest
                .iter()
                .find(|word| !word.starts_with('-'))
                .is_some_and(|word| matches!(*word, "install" | "sync" | "pip" | "add")),
            (Some(name), rest) if arguments::is_versioned(name, "python") => {
                matches!(rest, ["-m", "pip", ..] | ["setup.py", ..])
            }
            _ => false,
        };
        if builds {
            let is_plain = |word: &&str| !word.contains([':', '=', '$', '@']);
            let shown: Vec<&str> = words.iter().copied().take(3).take_while(is_plain).collect();
            let message = format!(
                "{} runs `{}`, which may build packages when containers start; install them in the image",
                started.by,
                shown.join(" ")
            );
            return Err(Why::new("command-builds", message));
        }
    }
    Ok(())
}

/// Packages for building that steps install and do not take away again in the same step.
fn tools(view: &View<'_, '_>) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for step in &view.steps {
        if step.ran.iter().any(removes) {
            continue;
        }
        for ran in step.ran.iter().filter(|ran| installs_packages(ran)) {
            let words = arguments::words(view, step, ran);
            let known = words.iter().flat_map(|word| word.split_whitespace()).filter_map(|word| {
                let name = word.split(['=', '<', '>', '~']).next()?;
                judge::TOOLS.iter().copied().find(|tool| *tool == name)
            });
            found.extend(known);
        }
    }
    found
}

/// `apt-get install`, `apk add`.
fn installs_packages(ran: &Ran) -> bool {
    let has = |word: &str| ran.command.words.iter().any(|one| one.text == word);
    match ran.name() {
        Some("apt-get" | "apt") => has("install"),
        Some("apk") => has("add"),
        _ => false,
    }
}

/// `apt-get purge`, `apk del`.
fn removes(ran: &Ran) -> bool {
    let has = |word: &str| ran.command.words.iter().any(|one| one.text == word);
    match ran.name() {
        Some("apt-get" | "apt") => has("purge") || has("remove") || has("autoremove"),
        Some("apk") => has("del"),
        _ => false,
    }
}

/// The last step of the builder: the last one that installs Python packages, or needs what only the builder has.
fn last_step(view: &View<'_, '_>, python: &Python, last: usize) -> usize {
    let mut named = BTreeSet::new();
    let mut found = last;
    for step in view.steps.iter().filter(|step| step.instruction.keyword() == Keyword::Run) {
        let mut own = false;
        for ran in &step.ran {
            let words = arguments::words(view, step, ran);
            if installs_packages(ran) {
                let names = words.iter().flat_map(|word| word.split_whitespace()).map(str::to_owned);
                named.extend(names);
                own |= words.iter().any(|word| judge::TOOLS.contains(&word.as_str()));
            }
            own |= removes(ran);
            let name = ran.name().unwrap_or_default();
            own |= judge::COMMANDS.contains(&name)
                || (python.full && judge::FULL_COMMANDS.contains(&name) && !named.contains(name));
        }
        if own {
            found = found.max(step.index);
        }
    }
    found
}

/// What goes over, folders inside others left out.
fn copies(installs: &Installs) -> Vec<CopyOut> {
    let all: BTreeSet<&String> = installs.places.iter().chain(&installs.editable).collect();
    let inside = |path: &str| {
        all.iter().any(|other| path.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with('/')))
    };
    all.iter().filter(|path| !inside(path)).map(|path| CopyOut::folder(path.as_str())).collect()
}

/// Whether a variable is one for installers.
fn is_installers(name: &str) -> bool {
    const NAMES: [&str; 6] = ["CC", "CFLAGS", "CPPFLAGS", "CXX", "CXXFLAGS", "LDFLAGS"];
    const STARTS: [&str; 6] = ["PIPENV_", "PIP_", "POETRY_", "SETUPTOOLS_", "UV_", "PDM_"];
    NAMES.contains(&name) || STARTS.iter().any(|start| name.starts_with(start))
}

/// Which variables stay in the builder: those of installers, unless something of the runtime stage reads them.
fn build_variables(view: &View<'_, '_>, last: usize) -> fn(&str) -> bool {
    let started = view.launched.commands.iter().filter_map(|started| started.command.name());
    let behind = view.steps.iter().skip(last + 1).flat_map(|step| &step.ran).filter_map(Ran::name);
    let runs =
        started.chain(behind).any(|name| matches!(name, "pip" | "pip3" | "poetry" | "pipenv" | "uv" | "uvx"));
    let mut kept = view.steps.iter().filter(|step| step.instruction.keyword() != Keyword::Run);
    let refers = kept.any(|step| {
        let text = step.instruction.joined();
        text.match_indices('$').any(|(at, _)| {
            let rest = text.get(at + 1..).unwrap_or_default();
            let rest = rest.strip_prefix('{').unwrap_or(rest);
            let end = rest.find(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_').unwrap_or(rest.len());
            is_installers(rest.get(..end).unwrap_or_default())
        })
    });
    if runs || refers { |_| false } else { is_installers }
}

/// A tag that is a variable may be given as one that is slim already.
fn tag_variable(view: &View<'_, '_>, python: &Python) -> Option<Hazard> {
    let written = view.stage.image.text();
    if !python.full || !written.contains('$') {
        return None;
    }
    if written.to_ascii_uppercase().contains("VERSION")
        && !view.ctx.setup.build_args.keys().any(|name| written.contains(name.as_str()))
    {
        return None;
    }
    let message = "the tag is a build argument; with another value than its default, the slim image may have another name";
    Some(Hazard {
        id: "tag-variable",
        message: message.to_owned(),
        place: Some(Place::Here(view.stage.image.span())),
    })
}

/// Whether uv is told to use the Python of the image.
fn is_uv_bound(view: &View<'_, '_>) -> bool {
    let set = |name: &str| match view.scopes.variable(view.run.end, name).map(|variable| variable.value) {
        Some(harden_core::Value::Known(value)) => Some(value),
        _ => None,
    };
    set("UV_PYTHON_DOWNLOADS")
        .is_some_and(|value| matches!(value.as_str(), "never" | "0" | "false" | "manual"))
        || set("UV_PYTHON_PREFERENCE").is_some_and(|value| value == "only-system")
        || set("UV_NO_MANAGED_PYTHON").is_some()
        || set("UV_PYTHON").is_some_and(|value| value.starts_with('/'))
}

fn here(view: &View<'_, '_>, step: usize) -> Option<Place> {
    Some(Place::Here(view.steps.get(step)?.instruction.span()))
}
