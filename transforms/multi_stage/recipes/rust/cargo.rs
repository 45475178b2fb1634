//! Commands of RUN that have to do with Cargo.
//!
//! Source: The Cargo Book, "Cargo Commands", "Environment Variables" and "Build Cache"; `cargo help build|install`.

use harden_core::shell::Word;
use harden_core::{Value, Why, image_path};

use super::super::super::ran::Ran;
use super::super::super::view::View;
use super::arguments::{Words, text};

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Builds programs of a project.
    Build(Build),
    /// Builds programs somebody else publishes and installs them into this folder.
    Program { names: Vec<String>, bin: String },
    /// Removes what was built in this folder.
    Clean(String),
    /// Only helps the build: `cargo fetch`, `cargo new`, `rustup target add`.
    Helps,
}

/// `cargo build` or `cargo install --path`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Build {
    /// Where the manifest is looked for.
    pub(super) folder: String,
    /// The folder for what is built; `None`: `target` beside the workspace's manifest.
    pub(super) target_dir: Option<String>,
    /// The triple it builds for; `None`: that of the settings of the project, or of the machine.
    pub(super) triple: Option<String>,
    /// The folder of the profile: `release`, `debug`.
    pub(super) profile: String,
    /// Names of `--bin`.
    pub(super) bins: Vec<String>,
    /// Names of `-p`.
    pub(super) packages: Vec<String>,
    /// All packages of the workspace.
    pub(super) workspace: bool,
    /// It builds something else than programs: `--lib`, `--examples`.
    pub(super) other: bool,
    /// Folders that get copies of the programs: that of `cargo install`, `--artifact-dir`.
    pub(super) into: Vec<String>,
    /// Whether it is `cargo install`.
    pub(super) install: bool,
    /// What is given to the compiler, as far as it is set by the file.
    pub(super) flags: String,
}

/// Subcommands that leave nothing for run time behind.
const HELPERS: [&str; 30] = [
    "--list",
    "--version",
    "-V",
    "add",
    "audit",
    "bench",
    "c",
    "check",
    "chef",
    "clippy",
    "deny",
    "doc",
    "fetch",
    "fmt",
    "generate-lockfile",
    "init",
    "login",
    "metadata",
    "new",
    "nextest",
    "pkgid",
    "remove",
    "search",
    "sqlx",
    "t",
    "test",
    "tree",
    "update",
    "vendor",
    "version",
];

/// Whether containers that start a program of this name build something.
pub(super) fn is_build_tool(name: &str) -> bool {
    matches!(
        name,
        "cargo"
            | "rustc"
            | "rustup"
            | "rustdoc"
            | "cross"
            | "trunk"
            | "wasm-pack"
            | "make"
            | "cargo-watch"
            | "bacon"
    )
}

/// What a command does; `None` when it has nothing to do with Cargo.
///
/// # Errors
/// It does, and what it builds is not known: `cargo-command`, `argument-unknown`.
pub(super) fn task(view: &View<'_, '_>, ran: &Ran) -> Result<Option<Task>, Why> {
    match ran.name() {
        Some("cargo") => of_cargo(view, ran).map(Some),
        Some("rustup" | "rustup-init" | "rustfmt") => Ok(Some(Task::Helps)),
        _ => Ok(None),
    }
}

fn of_cargo(view: &View<'_, '_>, ran: &Ran) -> Result<Task, Why> {
    let words = Words::read(view, ran)?;
    let Some(subcommand) = words.operands.first() else { return Ok(Task::Helps) };
    match subcommand.as_str() {
        "build" | "b" | "rustc" => build(view, ran, &words).map(Task::Build),
        "auditable" if words.operands.get(1).is_some_and(|next| next == "build") => {
            build(view, ran, &words).map(Task::Build)
        }
        "install" => install(view, ran, &words),
        "clean" => Ok(match words.value("--package").or(words.value("-p")) {
            None if !words.has("--doc") => Task::Clean(clean_folder(view, ran, &words)?),
            _ => Task::Helps,
        }),
        helper if HELPERS.contains(&helper) => Ok(Task::Helps),
        other => Err(Why::new(
            "cargo-command",
            format!(
                "what `cargo {other}` makes is not known; let `cargo build` or `cargo install` make the program"
            ),
        )),
    }
}

fn build(view: &View<'_, '_>, ran: &Ran, words: &Words) -> Result<Build, Why> {
    let mut folder = place(ran, words.value("-C"))?;
    if let Some(manifest) = words.value("--manifest-path") {
        let path = image_path::resolve(&folder, manifest);
        folder = path.rsplit_once('/').map_or_else(String::new, |(above, _)| above.to_owned());
        if folder.is_empty() {
            folder.push('/');
        }
    }
    if words.value("--config").is_some() {
        return Err(unknown("--config"));
    }
    let variable = |name: &str| variable(view, ran, name);
    let target_dir = match words.value("--target-dir") {
        Some(folder) => Some(folder.to_owned()),
        None => variable("CARGO_TARGET_DIR")?.or(variable("CARGO_BUILD_TARGET_DIR")?),
    };
    let triple = match words.value("--target") {
        Some(triple) => Some(triple.to_owned()),
        None => variable("CARGO_BUILD_TARGET")?,
    };
    let release = words.has("--release") || words.has("-r");
    let profile = match words.value("--profile") {
        Some("dev" | "test") => "debug",
        Some("bench") => "release",
        Some(profile) => profile,
        None if release => "release",
        None => "debug",
    };
    let out = words.value("--artifact-dir").or(words.value("--out-dir"));
    let kinds = ["--lib", "--examples", "--example", "--tests", "--test", "--benches", "--bench"];
    let cwd = place(ran, None)?;
    let mut packages = words.values("--package");
    packages.extend(words.values("-p"));
    Ok(Build {
        target_dir: target_dir.map(|path| image_path::resolve(&cwd, &path)),
        triple: triple.map(|triple| triple.trim_end_matches(".json").to_owned()),
        profile: profile.to_owned(),
        bins: words.values("--bin"),
        packages,
        workspace: words.has("--workspace") || words.has("--all"),
        other: kinds.iter().any(|kind| words.has(kind))
            && !words.has("--bins")
            && !words.has("--all-targets"),
        into: out.map(|path| image_path::resolve(&cwd, path)).into_iter().collect(),
        install: false,
        flags: flags(view, ran)?,
        folder,
    })
}

fn install(view: &View<'_, '_>, ran: &Ran, words: &Words) -> Result<Task, Why> {
    let cwd = place(ran, None)?;
    let root = match words.value("--root") {
        Some(root) => Some(root.to_owned()),
        None => match variable(view, ran, "CARGO_INSTALL_ROOT")? {
            Some(root) => Some(root),
            None => variable(view, ran, "CARGO_HOME")?,
        },
    };
    // The official image sets CARGO_HOME.
    let root = root.unwrap_or_else(|| "/usr/local/cargo".to_owned());
    let bin = image_path::resolve(&image_path::resolve(&cwd, &root), "bin");
    let names: Vec<String> = words.operands.iter().skip(1).cloned().collect();
    let path = match words.value("--path") {
        Some(path) => path,
        None if !names.is_empty() || words.value("--git").is_some() => {
            return Ok(Task::Program { names, bin });
        }
        // What it did before Cargo 1.31.
        None => ".",
    };
    let mut made = build(view, ran, words)?;
    made.folder = image_path::resolve(&cwd, path);
    made.into = vec![bin];
    made.install = true;
    made.profile = match words.value("--profile") {
        Some(_) => made.profile,
        None if words.has("--debug") => "debug".to_owned(),
        None => "release".to_owned(),
    };
    Ok(Task::Build(made))
}

fn clean_folder(view: &View<'_, '_>, ran: &Ran, words: &Words) -> Result<String, Why> {
    let made = build(view, ran, words)?;
    Ok(made.target_dir.unwrap_or(made.folder))
}

/// Where it runs.
fn place(ran: &Ran, folder: Option<&str>) -> Result<String, Why> {
    let cwd = ran.workdir.as_deref().ok_or_else(|| {
        Why::new(
            "workdir-unknown",
            "the folder in which Cargo runs is not known; set WORKDIR and use no variables in it",
        )
    })?;
    Ok(folder.map_or_else(|| cwd.to_owned(), |folder| image_path::resolve(cwd, folder)))
}

pub(super) fn unknown(what: &str) -> Why {
    let message = format!("the value of `{what}` is not known, so neither is what Cargo builds");
    Why::new("argument-unknown", message)
}

/// All flags for the compiler that the file sets.
fn flags(view: &View<'_, '_>, ran: &Ran) -> Result<String, Why> {
    let mut all = String::new();
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"] {
        all.push_str(&variable(view, ran, name)?.unwrap_or_default());
        all.push(' ');
    }
    let step = view.steps.get(ran.at.0);
    let own = step.into_iter().flat_map(|step| &step.ran).flat_map(|ran| &ran.command.assignments);
    for (name, value) in
        own.filter(|(name, _)| name.starts_with("CARGO_TARGET_") && name.ends_with("RUSTFLAGS"))
    {
        let _ = name;
        all.push_str(&value.text);
        all.push(' ');
    }
    for step in &view.steps {
        for pair in step.instruction.pairs() {
            let name = pair.key.text();
            if name.starts_with("CARGO_TARGET_") && name.ends_with("_RUSTFLAGS") {
                all.push_str(pair.whole.text());
                all.push(' ');
            }
        }
    }
    Ok(all)
}

/// The value a variable has for a command: what stands before it, what the RUN exports, ENV and ARG.
fn variable(view: &View<'_, '_>, ran: &Ran, name: &str) -> Result<Option<String>, Why> {
    let Some(step) = view.steps.get(ran.at.0) else { return Ok(None) };
    let literal = |word: &Word| text(view, ran, word).ok_or_else(|| unknown(name)).map(Some);
    if let Some((_, value)) = ran.command.assignments.iter().rev().find(|(known, _)| known == name) {
        return literal(value);
    }
    let before = step.ran.iter().take(ran.at.1);
    for other in before.rev() {
        if other.name() == Some("export") {
            let set = |word: &&Word| word.text.split('=').next() == Some(name);
            if let Some(word) = other.command.words.iter().skip(1).find(set) {
                let value = text(view, ran, word).ok_or_else(|| unknown(name))?;
                return Ok(value.split_once('=').map(|(_, value)| value.to_owned()));
            }
        }
        if other.command.words.is_empty()
            && let Some((_, value)) = other.command.assignments.iter().find(|(known, _)| known == name)
        {
            return literal(value);
        }
    }
    match view.scopes.variable(&step.state, name).map(|found| found.value) {
        Some(Value::Known(value)) => Ok(Some(value).filter(|value| !value.is_empty())),
        Some(Value::Unknown(_)) => Err(unknown(name)),
        Some(Value::FromBase) | None => Ok(None),
    }
}
