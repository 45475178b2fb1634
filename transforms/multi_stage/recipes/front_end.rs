//! Static front ends: a Node.js image builds a site, and a file server that is installed for the whole image serves it.
//!
//! `serve` and `http-server` read nothing but the folder they are told to serve (`serve` looks for `serve.json` in it), so
//! that the runtime stage takes this folder and leaves sources, `node_modules` and `.env` behind. It starts from the slim
//! variant of a full image, else from the same image: both servers are plain JavaScript.
//!
//! Only for containers that start the server and nothing else, with options that name no other file; anything else is for
//! the recipe of Node.js, which takes the whole project. A development server (`react-scripts start`, `vite`,
//! `ng serve`) is refused there: another server would answer other paths, ports and proxies than people rely on.
//!
//! Sources: github.com/vercel/serve (`source/utilities/cli.ts`, `source/utilities/config.ts`),
//! github.com/http-party/http-server (`bin/http-server`).

use std::collections::BTreeSet;

use harden_core::shell::Command;
use harden_core::{Hazard, Why, image_path};

use super::node::{manifest, project, tag};
use crate::multi_stage::split::{CopyOut, Recipe, Split};
use crate::multi_stage::view::View;

/// The recipe.
pub(super) struct FrontEnd;

/// A file server, as far as its options are known to name no file.
struct Server {
    name: &'static str,
    flags: &'static [&'static str],
    values: &'static [&'static str],
}

const SERVERS: [Server; 2] = [
    Server {
        name: "serve",
        flags: &[
            "-s",
            "--single",
            "-d",
            "--debug",
            "-n",
            "--no-clipboard",
            "-C",
            "--cors",
            "-u",
            "--no-compression",
            "--no-etag",
            "-S",
            "--symlinks",
            "-L",
            "--no-request-logging",
            "--no-port-switching",
        ],
        values: &["-l", "--listen", "-p"],
    },
    Server {
        name: "http-server",
        flags: &[
            "-d",
            "-i",
            "-g",
            "--gzip",
            "-b",
            "--brotli",
            "-s",
            "--silent",
            "--cors",
            "-U",
            "--utc",
            "--no-dotfiles",
            "-c-1",
        ],
        values: &["-p", "--port", "-a", "-c", "-e", "--ext", "-P", "--proxy", "-t"],
    },
];

impl Recipe for FrontEnd {
    fn split(&self, view: &View<'_, '_>) -> Option<Result<Split, Why>> {
        if !tag::is_node(view.image) {
            return None;
        }
        let tag = tag::read(view.image.tag_or_latest())?;
        let project = project::read(view, tag.variant == tag::Variant::Full)?.ok()?;
        if project.scripts.is_empty() {
            return None;
        }
        let folder = served(view)?;
        // The folder itself must not hold what is left behind.
        if folder == project.root || !project::is_below(&project.root, &folder) {
            return None;
        }
        if !project.global.is_empty() {
            return None;
        }
        Some(split(view, &tag, &project, &folder))
    }
}

fn split(
    view: &View<'_, '_>,
    tag: &tag::Tag,
    project: &project::Project,
    folder: &str,
) -> Result<Split, Why> {
    let (runtime, stale) = tag.runtime(view)?;
    Ok(Split {
        recipe: "front-end",
        reason: format!("containers only serve `{folder}`, which is built in the builder"),
        ships: "sources, `node_modules` and what builds the site".to_owned(),
        runtime,
        last: project.last,
        explained: project.explained.clone(),
        roots: vec![project.root.clone()],
        copies: vec![CopyOut::folder(folder)],
        packages: BTreeSet::new(),
        env: Vec::new(),
        is_build_variable,
        builder_lines: Vec::new(),
        builder_edits: Vec::new(),
        hazards: unknown_output(view, project, folder).into_iter().chain(stale).collect(),
        assumptions: vec![format!("what the site needs at run time lies in `{folder}`")],
    })
}

/// Whether nothing says that the build makes the folder: then COPY could fail where containers serve nothing, or a
/// folder of the host.
fn unknown_output(view: &View<'_, '_>, project: &project::Project, folder: &str) -> Option<Hazard> {
    /// What tools make unless they are told otherwise, below the folder of `package.json`.
    const OUTPUTS: [(&str, &str); 10] = [
        ("@angular/cli", "dist"),
        ("@vue/cli-service", "dist"),
        ("astro", "dist"),
        ("gatsby", "public"),
        ("parcel", "dist"),
        ("react-app-rewired", "build"),
        ("react-scripts", "build"),
        ("vite", "dist"),
        ("vitepress", "dist"),
        ("webpack", "dist"),
    ];
    if view.files().is_ok_and(|files| files.below(folder).next().is_some()) {
        return None;
    }
    let hazard = |id, what: &str| {
        let message = format!("{what}, so whether the build makes `{folder}` is not known");
        Some(Hazard { id, message, place: None })
    };
    let home = project.folders.first().map_or("/", String::as_str);
    let Ok(file) = view.text(&image_path::resolve(home, "package.json")) else {
        return hazard("context-unknown", "package.json is not at hand");
    };
    let Some(package) = manifest::package(&file.text) else {
        return hazard("context-unknown", "package.json is no JSON object");
    };
    let below = folder.strip_prefix(home).unwrap_or_default().trim_start_matches('/');
    let first = below.split('/').next().unwrap_or_default();
    let is_installed = |tool: &str| package.dependencies.contains(tool) || package.dev.contains(tool);
    let is_made = OUTPUTS.iter().any(|&(tool, output)| output == first && is_installed(tool));
    let is_named =
        package.scripts.values().any(|text| text.split_whitespace().any(|word| word.ends_with(below)));
    if !below.is_empty() && (is_made || is_named) {
        None
    } else {
        hazard("output-unknown", "package.json does not say where the build puts the site")
    }
}

/// Settings of npm, and what tools for sites put into them when they build: Create React App, Vite and Vue CLI document
/// these prefixes.
fn is_build_variable(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with("npm_config_")
        || ["REACT_APP_", "VITE_", "VUE_APP_"].iter().any(|prefix| name.starts_with(prefix))
        || matches!(name, "GENERATE_SOURCEMAP" | "PUBLIC_URL" | "SKIP_PREFLIGHT_CHECK")
}

/// The folder that containers serve, when they do nothing else; an absolute path.
fn served(view: &View<'_, '_>) -> Option<String> {
    const AROUND: [&str; 9] =
        ["tini", "dumb-init", "exec", "sh", "docker-entrypoint.sh", "wget", "curl", "exit", "true"];
    if !view.launched.unread.is_empty() {
        return None;
    }
    let mut found = None;
    for started in &view.launched.commands {
        let name = started.command.name()?;
        if let Some(server) = SERVERS.iter().find(|server| server.name == name) {
            let folder = operand(&started.command, server)?;
            let folder = image_path::resolve(started.workdir.as_deref()?, folder);
            if found.replace(folder).is_some() {
                return None;
            }
        } else if !AROUND.contains(&name) {
            return None;
        }
    }
    found
}

/// The one folder a server is told to serve; `None` when there is none, or an option is not known.
fn operand<'c>(command: &'c Command, server: &Server) -> Option<&'c str> {
    let mut found = None;
    let mut words = command.words.iter().skip(1);
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        if server.values.contains(&text) {
            words.next()?;
        } else if text.starts_with('-') {
            let name = text.split('=').next().unwrap_or(text);
            let value = server.values.iter().any(|option| name == *option || is_joined(text, option));
            if !server.flags.contains(&text) && !value {
                return None;
            }
        } else if !word.literal || found.replace(text).is_some() {
            return None;
        }
    }
    found
}

/// `-p8080`.
fn is_joined(text: &str, option: &str) -> bool {
    option.len() == 2
        && text.strip_prefix(option).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use harden_core::shell;

    use super::*;

    #[test]
    fn folders_that_are_served() {
        let folder = |text: &str| -> Option<String> {
            let script = shell::read(text);
            let command = script.commands.first()?;
            let server = SERVERS.iter().find(|server| Some(server.name) == command.name())?;
            operand(command, server).map(str::to_owned)
        };
        assert_eq!(folder("serve -s build").as_deref(), Some("build"));
        assert_eq!(folder("serve -s build -l $PORT").as_deref(), Some("build"));
        assert_eq!(folder("serve --listen=80 dist").as_deref(), Some("dist"));
        assert_eq!(folder("http-server dist -p8080 -c-1").as_deref(), Some("dist"));
        for text in [
            "serve",
            "serve -s",
            "serve a b",
            "serve -s $DIR",
            "serve -c ../serve.json build",
            "serve -l",
            "http-server -S dist",
        ] {
            assert_eq!(folder(text), None, "{text}");
        }
    }
}
