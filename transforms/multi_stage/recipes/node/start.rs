//! What containers of a Node.js image start.

use harden_core::Why;
use harden_core::shell::Command;

use super::programs;
use crate::multi_stage::view::View;
use crate::non_root_user::launch::Started;

/// What is known of the start.
#[derive(Clone, Debug, Default)]
pub(super) struct Start {
    /// Names of the programs that are started.
    pub(super) programs: Vec<String>,
    /// Modules that `node` is told to load first.
    pub(super) preloaded: Vec<String>,
    /// Words of package managers that are started, their options left out: names of scripts are among them.
    pub(super) scripts: Vec<String>,
}

/// Reads it.
///
/// # Errors
/// `command-builds`: a tool that builds, watches or installs is what containers run.
pub(super) fn read(view: &View<'_, '_>) -> Result<Start, Why> {
    let mut start = Start::default();
    // A script that was read shows its own commands; of others only the name is known.
    let is_read = view.launched.unread.is_empty();
    for started in &view.launched.commands {
        if let Some(what) = builds(&started.command, is_read) {
            return Err(refused(started, &what));
        }
        if let Some(name) = started.command.name()
            && !started.own
        {
            start.programs.push(name.to_owned());
        }
        match started.command.name() {
            Some("node") => preloaded(&started.command, &mut start.preloaded),
            Some("npm" | "yarn" | "yarnpkg" | "pnpm" | "run-s" | "run-p" | "npm-run-all") => {
                let words = started.command.words.iter().skip(1).map(|word| word.text.clone());
                start.scripts.extend(words.filter(|word| !word.starts_with('-')));
            }
            _ => {}
        }
    }
    Ok(start)
}

fn refused(started: &Started, what: &str) -> Why {
    let message = format!(
        "{} runs `{what}`, which builds or watches when containers start; build with RUN and start the result",
        started.by
    );
    Why::new("command-builds", message)
}

/// `-r module`, `--require module`, `--import module`, `--loader module`.
fn preloaded(command: &Command, found: &mut Vec<String>) {
    const OPTIONS: [&str; 5] = ["-r", "--require", "--import", "--loader", "--experimental-loader"];
    let mut words = command.words.iter().skip(1);
    while let Some(word) = words.next() {
        if OPTIONS.contains(&word.text.as_str()) {
            found.extend(words.next().map(|word| word.text.clone()));
        } else if let Some((name, value)) = word.text.split_once('=')
            && OPTIONS.contains(&name)
        {
            found.push(value.to_owned());
        } else if !word.text.starts_with('-') {
            return;
        }
    }
}

/// What of a command builds, watches or installs, as people write it.
fn builds(command: &Command, is_read: bool) -> Option<String> {
    let name = command.name()?;
    let words: Vec<&str> = command.words.iter().skip(1).map(|word| word.text.as_str()).collect();
    let first = words.iter().copied().find(|word| !word.starts_with('-'));
    let flag = |name: &str| words.iter().any(|word| *word == name || word.starts_with(&format!("{name}=")));
    let is = match name {
        "nodemon" | "tsc" | "ts-node-dev" | "tsnd" | "webpack" | "webpack-dev-server" | "webpack-cli"
        | "rollup" | "esbuild" | "gulp" | "grunt" | "parcel" | "snowpack" | "babel" | "swc" | "tsup"
        | "jest" | "mocha" | "vitest" | "eslint" | "lerna" | "turbo" | "nx" | "node-gyp"
        | "start-storybook" | "storybook" | "live-server" | "browser-sync" | "tsc-watch" | "supervisor"
        | "node-dev" | "react-scripts" | "react-app-rewired" | "craco" | "ng" | "vue-cli-service"
        | "ionic" | "ember" | "nest" | "expo" | "umi" | "docusaurus" | "vuepress" | "quasar" | "hexo" => true,
        "vite" | "astro" => first != Some("preview"),
        "next" => matches!(first, None | Some("dev" | "build")),
        "nuxt" | "nuxi" => !matches!(first, Some("start" | "preview")),
        "gatsby" => first != Some("serve"),
        "remix" | "react-router" | "svelte-kit" | "strapi" | "redwood" | "rw" => {
            matches!(first, Some("dev" | "build" | "develop" | "watch" | "vite:dev" | "vite:build"))
        }
        "tsx" => first == Some("watch") || flag("--watch"),
        "node" => flag("--watch") || flag("--watch-path"),
        "npm" | "pnpm" | "yarn" | "yarnpkg" => {
            let script =
                words.iter().copied().filter(|word| !word.starts_with('-')).find(|word| *word != "run");
            let installs = matches!(first, Some("install" | "i" | "ci" | "add" | "rebuild"))
                || (first.is_none() && name != "npm" && !flag("--version"));
            let develops = matches!(
                script,
                Some(
                    "dev"
                        | "develop"
                        | "development"
                        | "watch"
                        | "start:dev"
                        | "start:watch"
                        | "start-dev"
                        | "build"
                )
            );
            installs || (develops && !is_read)
        }
        _ => false,
    };
    let more = first.map(|first| format!(" {first}")).unwrap_or_default();
    is.then(|| match (name, words.iter().copied().filter(|word| !word.starts_with('-')).nth(1)) {
        ("npm" | "pnpm" | "yarn", Some(script)) if first == Some("run") => format!("{name} run {script}"),
        _ => format!("{name}{more}"),
    })
}

impl Start {
    /// Whether a program of that name is started.
    pub(super) fn runs(&self, name: &str) -> bool {
        self.programs.iter().any(|program| program == name)
    }

    /// Whether something besides Node.js itself, the shell and package managers is started.
    pub(super) fn packages(&self) -> impl Iterator<Item = &str> {
        const OURS: [&str; 24] = [
            "node",
            "nodejs",
            "npm",
            "yarn",
            "yarnpkg",
            "pnpm",
            "npx",
            "sh",
            "bash",
            "ash",
            "dash",
            "exec",
            "cd",
            "echo",
            "export",
            "set",
            "test",
            "[",
            "sleep",
            "true",
            "exit",
            "tini",
            "dumb-init",
            "docker-entrypoint.sh",
        ];
        let programs = self.programs.iter().map(String::as_str).filter(|name| !OURS.contains(name));
        programs.map(package_of_program).chain(self.preloaded.iter().map(|module| package_of(module)))
    }
}

/// The package a program comes in.
pub(super) fn package_of_program(program: &str) -> &str {
    let at = programs::PROGRAMS.binary_search_by_key(&program, |&(name, _)| name).ok();
    at.and_then(|at| programs::PROGRAMS.get(at)).map_or(program, |&(_, package)| package)
}

/// The package a module belongs to: `dotenv` of `dotenv/config`, `@a/b` of `@a/b/register`.
pub(super) fn package_of(module: &str) -> &str {
    let slashes = if module.starts_with('@') { 2 } else { 1 };
    match module.match_indices('/').nth(slashes - 1) {
        Some((at, _)) => module.get(..at).unwrap_or(module),
        None => module,
    }
}

#[cfg(test)]
mod tests {
    use harden_core::shell;

    use super::*;

    fn found(text: &str, is_read: bool) -> Option<String> {
        builds(shell::read(text).commands.first()?, is_read)
    }

    #[test]
    fn what_builds_when_containers_start() {
        for text in [
            "react-scripts start",
            "vite",
            "vite --host",
            "ng serve",
            "nodemon app.js",
            "next dev",
            "tsc -w",
            "node --watch x.js",
            "npm install",
            "yarn",
            "tsx watch a.ts",
            "nuxt",
            "remix dev",
        ] {
            assert!(found(text, true).is_some(), "{text}");
        }
        for text in [
            "node app.js",
            "next start",
            "vite preview",
            "nuxt start",
            "npm start",
            "yarn start",
            "tsx a.ts",
            "ts-node a.ts",
            "serve -s build",
            "remix-serve build",
            "strapi start",
            "npm run dev",
        ] {
            assert_eq!(found(text, true), None, "{text}");
        }
        assert_eq!(found("npm run dev", false).as_deref(), Some("npm run dev"));
        assert_eq!(found("yarn dev", false).as_deref(), Some("yarn dev"));
    }

    #[test]
    fn packages_of_modules_and_programs() {
        assert_eq!(package_of("dotenv/config"), "dotenv");
        assert_eq!(package_of("@swc/register/x"), "@swc/register");
        assert_eq!(package_of("@a"), "@a");
        assert_eq!(package_of_program("tsc"), "typescript");
        assert_eq!(package_of_program("pm2"), "pm2");
    }
}
