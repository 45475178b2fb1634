//! Which of the programs containers start, and what of them the runtime stage gets.

use std::collections::{BTreeMap, BTreeSet};

use harden_core::{Why, image_path};

use super::super::super::split::CopyOut;
use super::super::super::view::View;
use super::built::{Built, Program};
use super::cargo;
use crate::multi_stage::recipes::compiled::is_below;
use crate::non_root_user::launch;

/// Where `cargo install` of the official image puts programs.
const CARGO_BIN: &str = "/usr/local/cargo/bin";

/// Programs that are copied at most.
const MAX_PROGRAMS: usize = 8;

/// What the runtime stage gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Started {
    /// The programs.
    pub(super) copies: Vec<CopyOut>,
    /// Those that are made of crates from elsewhere.
    pub(super) foreign: Vec<String>,
    /// One that is not copied, where there are many.
    pub(super) left_out: Option<String>,
}

/// Reads what starts.
///
/// # Errors
/// `command-builds`: containers build. `program-in-cache`, `program-not-started`: it is none of the programs.
pub(super) fn read(view: &View<'_, '_>, built: &Built) -> Result<Started, Why> {
    let mut started = Started::default();
    let mut wanted: BTreeMap<String, Program> = BTreeMap::new();
    let mut by_name: BTreeSet<String> = BTreeSet::new();
    for one in &view.launched.commands {
        let name = one.command.name().unwrap_or_default();
        if cargo::is_build_tool(name) && !one.own {
            let message = format!(
                "{} runs `{name}`, so containers build the program; let them start what is built",
                one.by
            );
            return Err(Why::new("command-builds", message));
        }
        if let Some((path, program)) = program(view, built, one) {
            let path = built.links.get(&path).cloned().unwrap_or(path);
            if one.command.words.first().is_some_and(|word| !word.text.contains('/')) {
                by_name.insert(path.clone());
            }
            wanted.insert(path, program);
        } else if let Some(path) = crate_program(view, built, one) {
            started.foreign.push(name.to_owned());
            by_name.insert(path.clone());
            wanted.insert(path, Program { name: name.to_owned(), optional: false, in_target: false });
        }
    }
    if wanted.is_empty() {
        return Err(nothing(view, built));
    }
    // Programs beside it may be run by hand.
    let names: BTreeSet<String> = wanted.values().map(|one| one.name.clone()).collect();
    let outside: BTreeSet<&str> =
        built.programs.values().filter(|one| !one.in_target).map(|one| one.name.as_str()).collect();
    for (path, one) in &built.programs {
        let is_twice = names.contains(&one.name) || one.in_target && outside.contains(one.name.as_str());
        if wanted.contains_key(path) || one.optional || is_twice {
            continue;
        }
        if wanted.len() >= MAX_PROGRAMS {
            started.left_out = Some(one.name.clone());
            continue;
        }
        wanted.insert(path.clone(), one.clone());
    }
    for path in wanted.keys() {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let in_path = view.run.paths.path_env().split(':').any(|one| one == folder);
        let named = view
            .launched
            .commands
            .iter()
            .any(|one| one.command.words.first().is_some_and(|word| word.text == *path));
        if folder == CARGO_BIN && !in_path {
            if by_name.contains(path) || !named {
                started.copies.push(CopyOut {
                    from: path.clone(),
                    to: format!("/usr/local/bin/{name}"),
                    folder: false,
                });
            }
            if !named {
                continue;
            }
        }
        started.copies.push(CopyOut::file(path.clone()));
    }
    Ok(started)
}

/// The program a command starts, and its path.
pub(super) fn program(
    view: &View<'_, '_>,
    built: &Built,
    one: &launch::Started,
) -> Option<(String, Program)> {
    candidates(view, built, one).into_iter().find_map(|path| {
        let program = built.program(&path)?;
        Some((path, program))
    })
}

/// The path of a program that is made of a crate from elsewhere.
fn crate_program(view: &View<'_, '_>, built: &Built, one: &launch::Started) -> Option<String> {
    if one.own {
        return None;
    }
    candidates(view, built, one).into_iter().find(|path| {
        let Some((folder, name)) = path.rsplit_once('/') else { return false };
        let Some(crates) = built.foreign.get(folder) else { return false };
        let named = crates.iter().any(|known| known == name || is_of(known, name));
        // What the container starts first is what the image is for.
        named || (one.depth == 0 && !one.health && !is_usual(name))
    })
}

/// Whether a crate makes a program that is not called like it (crates.io).
fn is_of(name: &str, program: &str) -> bool {
    matches!(
        (name, program),
        ("diesel_cli", "diesel")
            | ("sqlx-cli", "sqlx")
            | ("sea-orm-cli", "sea")
            | ("refinery_cli", "refinery")
            | ("ripgrep", "rg")
            | ("fd-find", "fd")
            | ("du-dust", "dust")
    )
}

/// Where a command may be.
fn candidates(view: &View<'_, '_>, built: &Built, one: &launch::Started) -> Vec<String> {
    let Some(word) = one.command.words.first().filter(|word| word.literal && !word.text.is_empty()) else {
        return Vec::new();
    };
    if word.text.contains('/') {
        let workdir = one.workdir.clone().or_else(|| view.end_workdir().ok());
        let Some(workdir) = workdir else { return Vec::new() };
        return vec![image_path::resolve(&workdir, &word.text)];
    }
    if built.project.is_none() && is_usual(&word.text) {
        return Vec::new();
    }
    let folders = std::iter::once(CARGO_BIN).chain(view.run.paths.path_env().split(':'));
    folders
        .filter(|folder| folder.starts_with('/'))
        .map(|folder| image_path::resolve(folder, &word.text))
        .collect()
}

/// Names of programs that images bring with them: without the manifests, no program of the project is taken to be
/// called so.
fn is_usual(name: &str) -> bool {
    const NAMES: [&str; 30] = [
        "ash",
        "bash",
        "cat",
        "chown",
        "curl",
        "dash",
        "dumb-init",
        "echo",
        "env",
        "exec",
        "gosu",
        "java",
        "nc",
        "nginx",
        "node",
        "npm",
        "perl",
        "pg_isready",
        "ping",
        "python",
        "python3",
        "sh",
        "sleep",
        "su",
        "su-exec",
        "tail",
        "test",
        "tini",
        "true",
        "wget",
    ];
    NAMES.contains(&name)
}

/// Why nothing of what is built is started.
fn nothing(view: &View<'_, '_>, built: &Built) -> Why {
    let first = view.launched.commands.iter().find(|one| !one.health);
    let paths: Vec<String> = first.map(|one| candidates(view, built, one)).unwrap_or_default();
    let cached = |path: &String| built.cached.iter().any(|one| one == path || is_below(path, one));
    if paths.iter().any(cached) {
        return Why::new(
            "program-in-cache",
            "the program lies in a cache mount, so it is not in the image; copy it elsewhere in the same RUN",
        );
    }
    let runs = first.and_then(|one| one.command.words.first()).map(|word| format!("`{}`", word.text));
    let runs = runs.or_else(|| {
        view.launched.unread.first().map(|one| format!("`{}`, which could not be read", one.name))
    });
    let made: Vec<String> = built
        .programs
        .values()
        .map(|one| format!("`{}`", one.name))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .take(4)
        .collect();
    let made = if made.is_empty() { "no program that is known".to_owned() } else { made.join(", ") };
    let message = match runs {
        Some(runs) => format!("containers start {runs}, and Cargo makes {made}"),
        None => format!("what containers start is not known, and Cargo makes {made}"),
    };
    Why::new("program-not-started", message)
}
