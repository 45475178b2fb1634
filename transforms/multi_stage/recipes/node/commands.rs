//! What commands of RUN do with a Node.js project.
//!
//! Sources: the command pages of npm 6 to 11, "Yarn 1 CLI", "pnpm CLI", nodejs.org "Corepack".

use harden_core::image_path;
use harden_core::shell::Command;

use super::programs;
use crate::multi_stage::ran::Ran;

/// A package manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manager {
    Npm,
    Yarn,
    Pnpm,
}

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Installs what the project depends on.
    Install {
        manager: Manager,
        /// Whether dev dependencies are installed unless the environment says otherwise; `None` when only it says.
        dev: Option<bool>,
    },
    /// Runs a script or tool of the project. Its name, where it is literal.
    Script(Option<String>),
    /// Takes dev dependencies away again.
    Prune,
    /// Installs these packages for the whole image.
    Global(Vec<String>),
    /// Nothing that containers see: caches, settings of package managers.
    Housekeeping,
    /// Changes files; whether they lie in the project is for the caller to say.
    Files(Vec<String>),
}

/// A command and where it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Work {
    /// As in [`Ran::at`].
    pub(super) at: (usize, usize),
    pub(super) kind: Kind,
    /// The folder of the project it works on; an absolute path.
    pub(super) folder: Option<String>,
}

/// Options of package managers whose value is the next word.
const VALUES: [&str; 22] = [
    "--prefix",
    "-C",
    "--cwd",
    "--dir",
    "--registry",
    "--loglevel",
    "--cache",
    "--omit",
    "--include",
    "--only",
    "--location",
    "--workspace",
    "-w",
    "--filter",
    "-F",
    "--network-timeout",
    "--userconfig",
    "--store-dir",
    "--fetch-timeout",
    "--fetch-retries",
    "--cache-folder",
    "--modules-folder",
];

/// Options that name the folder of the project.
const FOLDERS: [&str; 4] = ["--prefix", "-C", "--cwd", "--dir"];

/// What a command does; `None` when it has nothing to do with a project.
pub(super) fn read(ran: &Ran) -> Option<Work> {
    let command = &ran.command;
    if command.place.background || !writes_nowhere(command) {
        return None;
    }
    let kind = match ran.name()? {
        "npm" => manager(command, Manager::Npm)?,
        "yarn" | "yarnpkg" => manager(command, Manager::Yarn)?,
        "pnpm" => manager(command, Manager::Pnpm)?,
        "corepack" => Kind::Housekeeping,
        "npx" | "pnpx" => Kind::Script(operands(command, 1).into_iter().next().flatten()),
        "node" => node(command)?,
        name @ ("rm" | "rmdir" | "mv" | "cp" | "touch" | "ln") => Kind::Files(files(ran, name)?),
        name if programs::BUILD_TOOLS.binary_search(&name).is_ok() => Kind::Script(Some(name.to_owned())),
        _ => return None,
    };
    let folder = match option(command, &FOLDERS) {
        Some(folder) => ran.workdir.as_deref().map(|here| image_path::resolve(here, &folder)),
        None => ran.workdir.clone(),
    };
    Some(Work { at: ran.at, kind, folder })
}

/// Whether its output goes nowhere or to the log of the build.
fn writes_nowhere(command: &Command) -> bool {
    command.redirects.iter().all(|(operator, target)| {
        operator.starts_with('<')
            || operator.contains('&')
            || target.text == "/dev/null"
            || target.text == "/dev/stderr"
            || target.text == "/dev/stdout"
    })
}

/// The value of the first of these options.
fn option(command: &Command, names: &[&str]) -> Option<String> {
    command.words.iter().enumerate().skip(1).find_map(|(at, word)| {
        if names.contains(&word.text.as_str()) {
            return command.words.get(at + 1).map(|word| word.text.clone());
        }
        let (name, value) = word.text.split_once('=')?;
        names.contains(&name).then(|| value.to_owned())
    })
}

/// The words from `from` on that are no options and no values of them; `None` for one that is not literal.
fn operands(command: &Command, from: usize) -> Vec<Option<String>> {
    let mut found = Vec::new();
    let mut words = command.words.iter().skip(from);
    while let Some(word) = words.next() {
        if word.text.starts_with('-') && word.text.len() > 1 {
            if VALUES.contains(&word.text.as_str()) {
                words.next();
            }
        } else {
            found.push(word.literal.then(|| word.text.clone()));
        }
    }
    found
}

fn has(command: &Command, options: &[&str]) -> bool {
    command.words.iter().skip(1).any(|word| options.contains(&word.text.as_str()))
}

fn manager(command: &Command, manager: Manager) -> Option<Kind> {
    let words = operands(command, 1);
    let mut words = words.into_iter();
    let verb = match words.next() {
        Some(verb) => verb?,
        None if manager == Manager::Yarn && !has(command, &["-v", "--version", "--help"]) => {
            "install".to_owned()
        }
        None => return Some(Kind::Housekeeping),
    };
    let rest: Vec<Option<String>> = words.collect();
    let global = has(command, &["-g", "--global", "--location=global"])
        || option(command, &["--location"]).as_deref() == Some("global");
    let install = || Kind::Install { manager, dev: dev(command) };
    let added = |rest: &[Option<String>]| -> Option<Kind> {
        let names: Option<Vec<String>> = rest.iter().cloned().collect();
        Some(Kind::Global(names.unwrap_or_default()))
    };
    let script = |rest: &[Option<String>]| Kind::Script(rest.first().cloned().flatten());
    match (manager, verb.as_str()) {
        (_, "install" | "i" | "add" | "in" | "isntall") if global => added(&rest),
        (Manager::Yarn, "global") => match rest.split_first() {
            Some((Some(verb), rest)) if verb == "add" => added(rest),
            _ => None,
        },
        (_, "install" | "i" | "add" | "in" | "isntall" | "ci" | "clean-install" | "install-clean") => {
            Some(install())
        }
        (_, "run" | "run-script" | "exec" | "x" | "dlx") => Some(script(&rest)),
        (Manager::Npm, "test" | "t" | "tst") => Some(Kind::Script(Some("test".to_owned()))),
        (Manager::Npm | Manager::Pnpm, "prune") => {
            let takes = has(command, &["--production", "--omit=dev", "--prod", "-P"])
                || option(command, &["--omit"]).as_deref() == Some("dev");
            Some(if takes { Kind::Prune } else { Kind::Housekeeping })
        }
        (_, "link" | "unlink" | "publish" | "start" | "stop" | "restart" | "setup" | "deploy" | "env") => {
            None
        }
        (
            Manager::Npm,
            "cache" | "config" | "set" | "audit" | "ls" | "list" | "version" | "view" | "outdated" | "fund"
            | "pkg" | "c",
        ) => Some(Kind::Housekeeping),
        (
            Manager::Npm,
            "rebuild" | "rb" | "dedupe" | "ddp" | "update" | "up" | "uninstall" | "un" | "rm" | "remove",
        ) => Some(Kind::Script(None)),
        (Manager::Npm, _) => None,
        (_, "cache" | "config" | "set" | "store" | "why" | "info" | "plugin" | "policies" | "fetch") => {
            Some(Kind::Housekeeping)
        }
        (Manager::Yarn, "workspaces") if rest.first().cloned().flatten().as_deref() == Some("focus") => {
            Some(install())
        }
        // Anything else is a script or program of the project.
        (Manager::Yarn | Manager::Pnpm, verb) => Some(Kind::Script(Some(verb.to_owned()))),
    }
}

/// What options say of dev dependencies.
fn dev(command: &Command) -> Option<bool> {
    let with = ["--include=dev", "--production=false", "--dev", "--prod=false", "--only=dev"];
    let without = [
        "--production",
        "--omit=dev",
        "--prod",
        "-P",
        "--only=production",
        "--only=prod",
        "--production=true",
        "--no-dev",
    ];
    if has(command, &with) || option(command, &["--include"]).as_deref() == Some("dev") {
        return Some(true);
    }
    let only = option(command, &["--only"]);
    let omitted = option(command, &["--omit"]).as_deref() == Some("dev")
        || matches!(only.as_deref(), Some("prod" | "production"));
    if omitted || has(command, &without) {
        return Some(false);
    }
    let set =
        |name: &str| command.assignments.iter().find(|(key, _)| key == name).map(|(_, value)| &value.text);
    set("NODE_ENV").map(|value| value != "production")
}

/// `node scripts/build.js`, a file of the project.
fn node(command: &Command) -> Option<Kind> {
    let file = command.words.get(1)?;
    let is_file = file.literal && !file.text.starts_with(['-', '/']) && !file.text.contains("..");
    is_file.then_some(Kind::Script(None))
}

/// What one of the small tools changes; `None` when that is not plain.
fn files(ran: &Ran, name: &str) -> Option<Vec<String>> {
    let words = ran.command.words.get(1..)?;
    let plain = |text: &str| !text.contains(['$', '`', '~']) && !text.contains("..");
    if words.iter().any(|word| word.text == "-t" || word.text.starts_with("--target")) {
        return None;
    }
    let mut paths: Vec<&str> =
        words.iter().map(|word| word.text.as_str()).filter(|text| !text.starts_with('-')).collect();
    match name {
        // What is copied stays where it is.
        "cp" | "ln" => paths = paths.last().copied().into_iter().collect(),
        _ => {}
    }
    if paths.is_empty() || !paths.iter().all(|path| plain(path)) {
        return None;
    }
    paths.into_iter().map(|path| ran.path(path)).collect()
}

#[cfg(test)]
mod tests {
    use harden_core::shell;

    use super::*;

    fn kind(text: &str) -> Option<Work> {
        let command = shell::read(text).commands.into_iter().next()?;
        read(&Ran { at: (0, 0), command, workdir: Some("/app".to_owned()) })
    }

    /// Whether an install takes the development dependencies; `Err`: it is no install.
    fn installs(text: &str) -> Result<Option<bool>, ()> {
        match kind(text).ok_or(())?.kind {
            Kind::Install { dev, .. } => Ok(dev),
            _ => Err(()),
        }
    }

    #[test]
    fn what_installs() {
        for text in [
            "npm ci",
            "npm install",
            "npm i --no-audit",
            "yarn",
            "yarn install --frozen-lockfile",
            "pnpm i",
            "npm --prefix x ci",
        ] {
            assert_eq!(installs(text), Ok(None), "{text}");
        }
        for text in [
            "npm ci --omit=dev",
            "npm ci --omit dev",
            "npm install --production",
            "npm i --only=prod",
            "yarn --production",
            "pnpm install --prod",
            "pnpm i -P",
            "NODE_ENV=production npm ci",
        ] {
            assert_eq!(installs(text), Ok(Some(false)), "{text}");
        }
        for text in ["NODE_ENV=development npm ci", "npm ci --include=dev", "yarn --production=false"] {
            assert_eq!(installs(text), Ok(Some(true)), "{text}");
        }
    }

    #[test]
    fn what_builds_and_what_is_for_the_image() {
        let script = |text: &str| match kind(text)?.kind {
            Kind::Script(name) => name,
            _ => None,
        };
        assert_eq!(script("npm run build").as_deref(), Some("build"));
        assert_eq!(script("yarn build").as_deref(), Some("build"));
        assert_eq!(script("npx prisma generate").as_deref(), Some("prisma"));
        assert_eq!(script("tsc -p .").as_deref(), Some("tsc"));
        assert_eq!(kind("npm run build:$ENV").map(|work| work.kind), Some(Kind::Script(None)));
        for text in [
            "npm install -g serve",
            "npm i --location=global serve",
            "npm i --location global serve",
            "yarn global add serve",
        ] {
            assert_eq!(
                kind(text).map(|work| work.kind),
                Some(Kind::Global(vec!["serve".to_owned()])),
                "{text}"
            );
        }
        assert_eq!(
            kind("npm --prefix client ci").and_then(|work| work.folder).as_deref(),
            Some("/app/client")
        );
        assert_eq!(kind("rm -rf src").map(|work| work.kind), Some(Kind::Files(vec!["/app/src".to_owned()])));
    }

    #[test]
    fn what_is_left_to_others() {
        for text in [
            "npm link",
            "npm start",
            "node -e 1",
            "node /x.js",
            "npm ci > /etc/log",
            "npm start &",
            "rm -rf $X",
            "rm ../x",
            "cp -t /a b",
            "npm",
            "make",
        ] {
            let found = kind(text);
            let is_none = found.as_ref().is_none_or(|work| work.kind == Kind::Housekeeping);
            assert!(is_none, "{text}: {found:?}");
        }
    }
}
