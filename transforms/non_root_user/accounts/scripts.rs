//! Scripts that a RUN executes: what they do to users is read where their text is at hand.

use harden_core::shell;

use super::reader::Reader;
use crate::non_root_user::runs::{Ran, Step};
use crate::support::image_paths::FileText;

/// Names of scripts that build programs; they make no users.
const BUILDERS: &[&str] = &[
    "autogen.sh",
    "build.sh",
    "bootstrap.sh",
    "buildconf",
    "compile.sh",
    "configure",
    "gradlew",
    "mvnw",
    "test.sh",
    "get-pip.py",
    "get_helm.sh",
    "llvm.sh",
    "wait-for-it.sh",
    "conda.sh",
    "nvm.sh",
    "rvm.sh",
    "sdkman-init.sh",
];

/// Installers on the web that make no users (their sources).
const INSTALLERS: &[&str] = &[
    "astral.sh",
    "bun.sh",
    "cli.github.com",
    "cursor.com",
    "deb.nodesource.com",
    "deno.land",
    "dl.yarnpkg.com",
    "fnm.vercel.app",
    "get.helm.sh",
    "get.pnpm.io",
    "get.sdkman.io",
    "get.volta.sh",
    "get-ghcup.haskell.org",
    "getcomposer.org",
    "helm/helm",
    "install.python-poetry.org",
    "mise.run",
    "nvm-sh/nvm",
    "pyenv.run",
    "rpm.nodesource.com",
    "rustup.rs",
    "claude.ai",
    "starship.rs",
    "bootstrap.pypa.io",
    "just.systems",
    "oh-my-zsh",
    "ohmyzsh",
    "aquasecurity/trivy",
    "anchore/syft",
    "anchore/grype",
    "golangci",
    "raw.githubusercontent.com/nvm",
];

/// A command that is no tool for users: a script, or something that runs one.
pub(super) fn read<'a>(reader: &mut Reader<'_, 'a>, step: &Step<'_, 'a>, one: &Ran) {
    let Some(script) = script(step, one) else { return };
    let span = one.span;
    match script {
        Script::Piped => {
            if !step.commands.iter().any(|other| {
                other
                    .command
                    .words
                    .iter()
                    .any(|word| INSTALLERS.iter().any(|known| word.text.contains(known)))
            }) {
                reader.gap(span, "a script that is read from a pipe".to_owned());
            }
        }
        Script::File(path) => {
            let name = path.rsplit('/').next().unwrap_or(&path);
            let conda =
                ["Miniconda", "Miniforge", "Mambaforge", "Anaconda", "miniconda", "mambaforge", "anaconda"];
            let known = BUILDERS.contains(&name) || conda.iter().any(|conda| name.starts_with(conda));
            if known || path.contains("google-cloud-sdk/") {
                return;
            }
            let absolute = one.absolute(&path);
            let text = match absolute.filter(|_| reader.scripts_left > 0) {
                Some(absolute) => {
                    reader.scripts_left -= 1;
                    reader.paths().text(&absolute).ok()
                }
                None => None,
            };
            if !text.is_some_and(|text| follow(reader, step, one, &text)) {
                reader.gap(span, format!("the script {path}"));
            }
        }
        Script::Package(what) => reader.gap(span, what.to_owned()),
    }
}

enum Script {
    /// From standard input: `curl … | sh`.
    Piped,
    /// This file.
    File(String),
    /// Something else that may do anything.
    Package(&'static str),
}

fn script(step: &Step<'_, '_>, one: &Ran) -> Option<Script> {
    let command = &one.command;
    let first = command.words.first()?;
    let value = step.value(first)?.text;
    let name = value.rsplit('/').next().unwrap_or(&value);
    match name {
        "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh" => {
            let mut operands = command.words.iter().skip(1).filter(|word| !word.text.starts_with(['-', '+']));
            let inline = command.words.iter().skip(1).any(|word| {
                word.text.starts_with('-') && !word.text.starts_with("--") && word.text.contains('c')
            });
            match operands.next() {
                // What it runs stands among the commands, unless it is made at run time.
                Some(word) if inline => (!word.literal && word.text.contains("$(")).then_some(Script::Piped),
                Some(word) if command.words.iter().any(|word| word.text == "-s") => {
                    let _ = word;
                    Some(Script::Piped)
                }
                Some(word) => {
                    Some(Script::File(step.value(word).map_or_else(|| word.text.clone(), |value| value.text)))
                }
                None if inline => None,
                None => (command.place.piped && one.command.redirects.is_empty()).then_some(Script::Piped),
            }
        }
        "." | "source" => {
            let file = step.value(command.words.get(1)?)?.text;
            is_suspicious(&file).then_some(Script::File(file))
        }
        "ansible-playbook" | "puppet" | "chef-client" | "salt-call" => {
            Some(Script::Package("a configuration manager"))
        }
        "dpkg" | "rpm" => {
            let installs = command
                .words
                .iter()
                .skip(1)
                .any(|word| matches!(word.text.as_str(), "-i" | "--install" | "-ivh" | "-Uvh" | "-U"));
            installs.then_some(Script::Package("a package that is installed from a file"))
        }
        _ if value.contains('/') && is_suspicious(&value) && !is_of_system(&value) => {
            Some(Script::File(value))
        }
        _ => None,
    }
}

/// Whether a program may be a script that sets up the image. A program of the application makes no users.
fn is_suspicious(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let script = [".sh", ".bash", ".ksh", ".run"].iter().any(|end| name.ends_with(end));
    let lower = name.to_ascii_lowercase();
    script
        || (!name.contains('.') && ["install", "setup", "provision"].iter().any(|word| lower.contains(word)))
}

fn is_of_system(path: &str) -> bool {
    ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/"]
        .iter()
        .any(|folder| path.starts_with(folder))
        && !path.contains('.')
}

/// Takes what a script does to users; whether all of it was understood.
fn follow<'a>(reader: &mut Reader<'_, 'a>, step: &Step<'_, 'a>, one: &Ran, text: &FileText) -> bool {
    let script = shell::read(&text.text);
    let before = reader.found.gaps.len();
    let mut makes = false;
    for command in script.commands {
        for mut command in command.unwrapped().commands {
            makes |= matches!(
                command.name(),
                Some(
                    "useradd"
                        | "adduser"
                        | "groupadd"
                        | "addgroup"
                        | "usermod"
                        | "groupmod"
                        | "userdel"
                        | "deluser"
                )
            );
            // Variables in it are the script's.
            command.place.conditional |= one.command.place.conditional;
            command.place.fallback |= one.command.place.fallback || command.place.conditional;
            let inner = one.inner(command);
            reader.script_command(step, &inner);
        }
    }
    script.complete && !text.guessed && (!makes || reader.found.gaps.len() == before)
}
