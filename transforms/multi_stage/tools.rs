//! Whether the runtime stage has the programs that are run in it.
//!
//! What is known of small images: `data/packages.toml` for their distribution, and the programs their official image is
//! there for. A program that nothing is known of is taken to be part of the project: its recipe carries it.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use harden_core::syntax::{Instruction, Keyword, Reference};
use harden_core::{Hazard, Place, ServiceKind, Why, image_path, shell};

use super::effects::{self, Effect};
use super::moves::{Fate, first_line, is_carried};
use super::packages::names;
use super::split::{RuntimeImage, Split};
use super::view::View;
use crate::non_root_user::launch::{Started, Weight};
use crate::support::base_images::{self, Family};

/// Folders on every PATH.
const BIN: [&str; 6] = ["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];

/// Official images and the programs they are there for, from their Dockerfiles (docker-library, nodejs/docker-node and
/// adoptium/containers on GitHub; learn.microsoft.com for .NET).
const LANGUAGES: [(&str, &[&str]); 8] = [
    ("amazoncorretto", &["java", "keytool"]),
    ("eclipse-temurin", &["java", "keytool"]),
    ("mcr.microsoft.com/dotnet/aspnet", &["dotnet"]),
    ("mcr.microsoft.com/dotnet/runtime", &["dotnet"]),
    ("node", &["corepack", "node", "nodejs", "npm", "npx", "yarn", "yarnpkg"]),
    ("openjdk", &["java", "keytool"]),
    ("python", &["pip", "pip3", "pydoc3", "python", "python3"]),
    ("ruby", &["bundle", "bundler", "erb", "gem", "irb", "rake", "ruby"]),
];

/// Distributions, whose small images have no language.
const DISTRIBUTIONS: [&str; 3] = ["alpine", "debian", "ubuntu"];

/// Programs that images with compilers have, and small ones of another kind do not. Sorted.
const TOOLCHAINS: [&str; 51] = [
    "ant", "bundle", "bundler", "c++", "cargo", "cc", "clang", "cmake", "composer", "corepack", "dotnet",
    "g++", "gcc", "gem", "go", "gofmt", "gradle", "irb", "jar", "java", "javac", "jdeps", "jlink", "jshell",
    "keytool", "ld", "make", "meson", "mix", "mvn", "ninja", "node", "nodejs", "npm", "npx", "objdump",
    "php", "pip", "pip3", "python", "python3", "rake", "readelf", "ruby", "rustc", "rustup", "sbt", "strip",
    "swift", "yarn", "yarnpkg",
];

/// What shells do themselves (POSIX XCU 2.14 and 4, GNU Bash manual), and words that begin compound commands. Sorted.
const BUILTINS: [&str; 54] = [
    ".",
    ":",
    "[",
    "[[",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "cd",
    "command",
    "continue",
    "declare",
    "dirs",
    "disown",
    "echo",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fg",
    "getopts",
    "hash",
    "help",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "source",
    "test",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
];

/// Whether the image has a program. `None` when nothing is known of it.
pub(crate) fn has(image: &RuntimeImage, name: &str) -> Option<bool> {
    let known = image.image.as_ref().map(official).unwrap_or_default();
    let own = LANGUAGES.iter().find(|(name, _)| known.contains(name)).map(|(_, programs)| *programs);
    let bare = image.image.is_none() || DISTRIBUTIONS.iter().any(|name| known.contains(name));
    if own.is_some_and(|programs| programs.contains(&name)) {
        return Some(true);
    }
    let known_package = names::package_of(image.family, name).is_some();
    let in_small = names::is_in_small(image.family, name);
    match (image.shell, in_small) {
        (true, Some(true)) => Some(true),
        (true, Some(false)) if known_package => Some(false),
        (false, _) if is_known(name) => Some(false),
        _ if (bare || own.is_some()) && TOOLCHAINS.binary_search(&name).is_ok() => Some(false),
        _ => None,
    }
}

/// Whether some distribution has a program of this name.
fn is_known(name: &str) -> bool {
    [Family::Debian, Family::Alpine].iter().any(|&family| {
        names::is_in_small(family, name) == Some(true) || names::package_of(family, name).is_some()
    })
}

/// The official names of an image the tables know.
fn official(image: &Reference) -> &'static [&'static str] {
    base_images::find(image).map(|entry| entry.names).unwrap_or_default()
}

/// Checks all that is run in the runtime stage, and adds packages where something is missing that one has. `kept` are
/// the names of packages that are installed anyway.
///
/// # Errors
/// `tool-missing`: nothing brings it. `no-shell`: the image has no shell, and something needs one.
pub(crate) fn check(
    view: &View<'_, '_>,
    split: &mut Split,
    fates: &[Fate],
    kept: &[String],
) -> Result<(), Why> {
    if !split.runtime.shell {
        without_shell(view, split, fates)?;
    }
    let mut installed: Vec<String> = kept.to_vec();
    installed.extend(split.packages.iter().cloned());
    let mut needs: Vec<Need> = Vec::new();
    for step in &view.steps {
        let fate = fates.get(step.index);
        let runs = match fate {
            None | Some(Fate::Both | Fate::BothAfterCopies | Fate::Part { .. }) => true,
            Some(Fate::Run) => step.instruction.keyword() == Keyword::Shell,
            _ => false,
        };
        if !runs {
            continue;
        }
        if step.instruction.keyword() == Keyword::Shell
            && let Some(shell) = step.instruction.values().first()
        {
            needs.push(Need::of(&shell.text, step.instruction));
        }
        let part = match fate {
            Some(Fate::Part { before, after }) => Some([before.join("\n"), after.join("\n")].join("\n")),
            _ => None,
        };
        for ran in &step.ran {
            for effect in effects::of(view, ran) {
                if let Effect::Packages(packages) = effect {
                    installed.extend(packages.iter().map(|package| package.name().to_owned()));
                }
            }
            let Some(word) = ran.command.words.first().filter(|word| word.literal) else { continue };
            if part.as_ref().is_none_or(|text| text.contains(word.text.as_str()))
                && ran.command.place.function.is_none()
            {
                needs.push(Need::of(&word.text, step.instruction));
            }
        }
    }
    started(view, split, &mut needs);
    health(view, &mut needs);
    let mut done = BTreeSet::new();
    for need in needs {
        let name = need.word.rsplit('/').next().unwrap_or_default();
        if !done.insert((name.to_owned(), need.may_fail)) || is_brought(split, &installed, &need.word, name) {
            continue;
        }
        if has(&split.runtime, name) != Some(false) {
            continue;
        }
        let package = names::package_of(split.runtime.family, name).filter(|_| split.runtime.shell);
        match package {
            Some(package) => {
                split.packages.insert(package.to_owned());
                installed.push(package.to_owned());
            }
            None if need.may_fail => {}
            None => {
                let message =
                    format!("{} runs `{name}`, which `{}` does not have", need.by, split.runtime.text);
                return Err(Why::new("tool-missing", message));
            }
        }
    }
    Ok(())
}

/// A program that is run in the runtime stage.
struct Need {
    word: String,
    /// What runs it, to begin a sentence with.
    by: String,
    /// Nothing stops when it is not there.
    may_fail: bool,
}

impl Need {
    fn of(word: &str, instruction: Instruction<'_>) -> Self {
        let by = format!("`{}`", first_line(instruction));
        Self { word: word.to_owned(), by, may_fail: false }
    }
}

/// What containers execute, functions of scripts left out.
fn started(view: &View<'_, '_>, split: &mut Split, needs: &mut Vec<Need>) {
    let commands = &view.launched.commands;
    let functions: BTreeSet<&str> =
        commands.iter().filter_map(|one| one.command.place.function.as_deref()).collect();
    let is_program =
        |one: &&Started| !one.own && one.command.name().is_some_and(|name| !functions.contains(name));
    for one in commands.iter().filter(is_program) {
        let Some(word) = one.command.words.first() else { continue };
        // A health check that cannot run makes a container unhealthy, whatever stands behind `||`.
        let may_fail = one.weight == Weight::Tolerated && !one.health;
        needs.push(Need { word: word.text.clone(), by: one.by.clone(), may_fail });
    }
    let workdir = view.end_workdir().unwrap_or_else(|_| "/".to_owned());
    for unread in &view.launched.unread {
        let path = image_path::resolve(&workdir, &unread.name);
        let file = path.rsplit('/').next().unwrap_or_default();
        // What the build makes is a program, and its recipe knows what it needs.
        if !file.contains('.') && is_carried(split, &path) {
            continue;
        }
        let message =
            format!("{} is run at start, and what it needs is not known: {}", unread.name, unread.why);
        let place = unread.place.clone().or(Some(Place::Here(view.stage.image.span())));
        split.hazards.push(Hazard { id: "start-unread", message, place });
    }
}

/// What health checks of services run.
fn health(view: &View<'_, '_>, needs: &mut Vec<Need>) {
    for service in &view.ctx.setup.services {
        for setting in &service.settings {
            let ServiceKind::Healthcheck(words) = &setting.kind else { continue };
            let by = format!("the health check of the service {}", service.name);
            let mut need =
                |word: &str| needs.push(Need { word: word.to_owned(), by: by.clone(), may_fail: false });
            if let Some(first) = words.first() {
                need(first);
            }
            let [_, option, text] = words.as_slice() else { continue };
            if option == "-c" {
                let script = shell::read(text);
                let names = script.commands.iter().filter_map(|command| command.words.first());
                names.filter(|word| word.literal).for_each(|word| need(&word.text));
            }
        }
    }
}

/// Whether a program is a builtin, carried, or part of a package.
fn is_brought(split: &Split, installed: &[String], word: &str, name: &str) -> bool {
    if word.contains('/') {
        let folder = word.rsplit_once('/').map(|(folder, _)| folder).unwrap_or_default();
        if !BIN.contains(&folder) || is_carried(split, word) {
            return true;
        }
    } else if BUILTINS.binary_search(&name).is_ok() && split.runtime.shell {
        return true;
    }
    let copied = split.copies.iter().any(|copy| !copy.folder && copy.to.rsplit('/').next() == Some(name));
    // A virtual environment has its own `python` and `pip`.
    let in_folder = !is_known(name)
        && split.copies.iter().any(|copy| copy.folder && copy.to.trim_end_matches('/').ends_with("bin"));
    let in_environment = matches!(name, "python" | "python3" | "pip" | "pip3")
        && split.copies.iter().any(|copy| copy.folder && copy.to.contains("venv"));
    copied
        || in_folder
        || in_environment
        || installed
            .iter()
            .any(|package| names::has_command(package.split('=').next().unwrap_or(package), name))
}

/// What needs a shell.
fn without_shell(view: &View<'_, '_>, split: &Split, fates: &[Fate]) -> Result<(), Why> {
    let needs = |what: String| {
        let message = format!("{what} needs a shell, which `{}` does not have", split.runtime.text);
        Err(Why::new("no-shell", message))
    };
    let runtime = &view.run.runtime;
    let launches = [runtime.entrypoint.instruction(), runtime.command.instruction(), runtime.healthcheck];
    for instruction in launches.into_iter().flatten() {
        let none = instruction.values().first().is_some_and(|value| value.text.eq_ignore_ascii_case("NONE"));
        if !instruction.is_exec_form() && !none {
            return needs(format!("`{}`", first_line(instruction)));
        }
    }
    if let Some(one) = view.launched.commands.iter().find(|one| one.depth > 0 && one.weight == Weight::Needed)
    {
        return needs(one.by.clone());
    }
    for step in view.steps.iter().skip(fates.len()) {
        if step.instruction.keyword() == Keyword::Run && !step.instruction.is_exec_form() {
            return needs(format!("`{}`", first_line(step.instruction)));
        }
    }
    Ok(())
}
