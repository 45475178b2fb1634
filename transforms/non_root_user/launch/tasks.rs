//! Scripts that package managers, make and process managers run by name.
//!
//! npm-scripts(7), "yarn run", "pnpm run", "bun run": the script `X` of `package.json` runs between `preX` and `postX`
//! (pnpm and Yarn 2 leave those out unless told otherwise; counting them errs on the safe side).

use std::rc::Rc;

use harden_core::Place;
use harden_core::shell::Command;
use serde_json::Value;

use super::follow::{Around, Follow};
use super::recipes::{make, procfile};
use super::words::join;
use super::wrappers::positional;
use crate::support::image_paths::FileText;

/// Most scripts one command may name, those before and after it counted.
pub(super) const MAX_SCRIPTS: usize = 64;

/// What a command runs by name.
#[derive(Default)]
pub(super) struct Tasks {
    pub(super) scripts: Vec<Task>,
    /// Names, and why they could not be read.
    pub(super) unread: Vec<(String, String)>,
}

/// A script with a name.
pub(super) struct Task {
    /// What it is, to tell whether it was seen before.
    pub(super) name: String,
    pub(super) by: String,
    pub(super) text: Rc<str>,
    pub(super) place: Option<Place>,
    pub(super) workdir: Option<String>,
}

/// The scripts a command names; `None` when it is no command that does.
pub(super) fn of(follow: &Follow<'_, '_, '_>, command: &Command, around: &Around) -> Option<Tasks> {
    let name = command.name()?;
    match name {
        "npm" | "yarn" | "yarnpkg" | "pnpm" | "bun" => package_script(follow, command, name, around),
        "run-s" | "run-p" | "npm-run-all" | "npm-run-all2" => {
            let names = texts(command, &positional(&command.words, 1, &["--max-parallel"]));
            Some(package_scripts(follow, &names, around.workdir.as_deref(), name))
        }
        "composer" => composer(follow, command, around),
        "make" | "gmake" => Some(make(follow, command, around)),
        "foreman" | "honcho" | "goreman" | "overmind" | "hivemind" | "forego" => {
            procfile(follow, command, around)
        }
        "just" | "task" | "rake" | "invoke" | "inv" if command.words.len() > 1 && name != "rake" => {
            let shown = shown(command);
            Some(Tasks {
                unread: vec![(shown, format!("the tasks of {name} are not read"))],
                ..Tasks::default()
            })
        }
        _ => None,
    }
}

/// The command as people know it: its first words.
pub(super) fn shown(command: &Command) -> String {
    let words: Vec<&str> = command.words.iter().take(3).map(|word| word.text.as_str()).collect();
    format!("`{}`", words.join(" "))
}

pub(super) fn texts(command: &Command, at: &[usize]) -> Vec<String> {
    at.iter().filter_map(|&at| command.words.get(at)).map(|word| word.text.clone()).collect()
}

fn package_script(
    follow: &Follow<'_, '_, '_>,
    command: &Command,
    name: &str,
    around: &Around,
) -> Option<Tasks> {
    const VALUES: [&str; 10] = [
        "--prefix",
        "-C",
        "--cwd",
        "--dir",
        "--loglevel",
        "-w",
        "--workspace",
        "--filter",
        "-F",
        "--userconfig",
    ];
    let words = &command.words;
    let option = |names: &[&str]| {
        words.iter().enumerate().find_map(|(at, word)| {
            if names.contains(&word.text.as_str()) {
                return words.get(at + 1).map(|word| word.text.clone());
            }
            let (name, value) = word.text.split_once('=')?;
            names.contains(&name).then(|| value.to_owned())
        })
    };
    let found = texts(command, &positional(words, 1, &VALUES));
    let mut found = found.iter().map(String::as_str);
    let script = match (name, found.next()) {
        (_, Some("run" | "run-script" | "rum" | "urn")) => found.next()?,
        ("npm" | "pnpm", Some("start" | "test" | "stop" | "restart")) => {
            // The same word again.
            words
                .iter()
                .map(|word| word.text.as_str())
                .find(|word| matches!(*word, "start" | "test" | "stop" | "restart"))?
        }
        ("yarn" | "yarnpkg", Some("workspace")) => {
            let reason = "the scripts of workspaces are not read".to_owned();
            return Some(Tasks { unread: vec![(shown(command), reason)], ..Tasks::default() });
        }
        ("yarn" | "yarnpkg", Some(word)) if !YARN.contains(&word) => word_of(command, word)?,
        ("pnpm", Some(word)) if !PNPM.contains(&word) => word_of(command, word)?,
        _ => return None,
    };
    if option(&["-w", "--workspace", "--filter", "-F"]).is_some() || script.contains('$') {
        let reason = "the scripts of workspaces are not read".to_owned();
        return Some(Tasks { unread: vec![(shown(command), reason)], ..Tasks::default() });
    }
    // `bun run file.ts` runs a file.
    if name == "bun" && (script.contains('/') || script.contains('.')) {
        return None;
    }
    let folder = match option(&["--prefix", "-C", "--cwd", "--dir"]) {
        Some(folder) => join(around.workdir.as_deref(), &folder),
        None => around.workdir.clone(),
    };
    let mut tasks = package_scripts(follow, &[script.to_owned()], folder.as_deref(), &shown(command));
    if tasks.unread.iter().any(|(_, why)| why == NO_SCRIPT) {
        // `npm start` without a script is `node server.js`; `yarn tsc` and `pnpm tsc` run a program.
        let program = (name == "npm" && script == "start") || !words.iter().any(|word| word.text == "run");
        if program {
            tasks.unread.clear();
            let text = match (name, script) {
                ("npm", _) => "node server.js".to_owned(),
                _ => words.iter().skip(1).map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "),
            };
            let by = shown(command);
            let name = format!("{by} in {}", folder.as_deref().unwrap_or_default());
            tasks.scripts.push(Task { name, by, text: text.into(), place: None, workdir: folder });
        }
    }
    Some(tasks)
}

fn word_of<'w>(command: &'w Command, text: &str) -> Option<&'w str> {
    command.words.iter().map(|word| word.text.as_str()).find(|word| *word == text)
}

/// Commands of Yarn that are no scripts.
const YARN: [&str; 24] = [
    "install",
    "add",
    "remove",
    "exec",
    "dlx",
    "node",
    "global",
    "cache",
    "config",
    "create",
    "init",
    "info",
    "link",
    "list",
    "pack",
    "publish",
    "set",
    "unlink",
    "upgrade",
    "version",
    "why",
    "workspaces",
    "plugin",
    "rebuild",
];

/// Commands of pnpm that are no scripts.
const PNPM: [&str; 22] = [
    "install", "i", "add", "remove", "rm", "exec", "dlx", "update", "up", "link", "list", "ls", "store",
    "config", "setup", "env", "deploy", "fetch", "rebuild", "prune", "publish", "create",
];

const NO_SCRIPT: &str = "package.json has no script of that name";

/// Scripts of the `package.json` in `folder` of the image.
fn package_scripts(
    follow: &Follow<'_, '_, '_>,
    names: &[String],
    folder: Option<&str>,
    shown: &str,
) -> Tasks {
    let mut tasks = Tasks::default();
    let unread = |why: String| Tasks { unread: vec![(shown.to_owned(), why)], ..Tasks::default() };
    let Some(path) = join(folder, "package.json") else {
        return unread("its working directory is not known".to_owned());
    };
    let file = match follow.view.paths.text(&path) {
        Ok(file) => file,
        Err(why) => return unread(why.message),
    };
    let Ok(package) = serde_json::from_str::<Value>(&file.text) else {
        return unread("package.json is no JSON".to_owned());
    };
    let script =
        |name: &str| package.get("scripts").and_then(|scripts| scripts.get(name)).and_then(Value::as_str);
    for name in names.iter().take(MAX_SCRIPTS) {
        // npm-run-all takes patterns.
        let name = name.trim_end_matches(['*', ':']);
        let Some(text) = script(name) else {
            tasks.unread.push((shown.to_owned(), NO_SCRIPT.to_owned()));
            continue;
        };
        let before = format!("pre{name}");
        let after = format!("post{name}");
        let around =
            [(before.as_str(), script(&before)), (name, Some(text)), (after.as_str(), script(&after))];
        for (name, text) in around {
            let Some(text) = text else { continue };
            tasks.scripts.push(Task {
                name: format!("{path}: {name}"),
                by: format!("script `{name}` of package.json"),
                text: text.into(),
                place: key_place(&file, name),
                workdir: folder.map(str::to_owned),
            });
        }
    }
    tasks
}

/// Where `"name":` stands behind `"scripts"`.
fn key_place(file: &FileText, name: &str) -> Option<Place> {
    let start = file.text.find("\"scripts\"").unwrap_or(0);
    let key = format!("\"{name}\"");
    let at = file.text.get(start..)?.find(&key).map(|at| start + at)?;
    Some(file.place(&(at..at + key.len())))
}

fn composer(follow: &Follow<'_, '_, '_>, command: &Command, around: &Around) -> Option<Tasks> {
    let found = texts(command, &positional(&command.words, 1, &["-d", "--working-dir", "--timeout"]));
    let mut found = found.iter().map(String::as_str);
    let name = match found.next()? {
        "run" | "run-script" => found.next()?,
        "install" | "update" | "require" | "dump-autoload" | "dumpautoload" | "exec" | "config" => {
            return None;
        }
        other => other,
    };
    let path = join(around.workdir.as_deref(), "composer.json")?;
    let file = follow.view.paths.text(&path).ok()?;
    let package: Value = serde_json::from_str(&file.text).ok()?;
    let lines: Vec<&str> = match package.get("scripts")?.get(name)? {
        Value::String(line) => vec![line.as_str()],
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).take(MAX_SCRIPTS).collect(),
        _ => return None,
    };
    // `@php` is PHP itself, `Class::method` PHP code.
    let text: Vec<&str> =
        lines.iter().filter(|line| !line.contains("::")).map(|line| line.trim_start_matches('@')).collect();
    let task = Task {
        name: format!("{path}: {name}"),
        by: format!("script `{name}` of composer.json"),
        text: text.join("\n").into(),
        place: key_place(&file, name),
        workdir: around.workdir.clone(),
    };
    Some(Tasks { scripts: vec![task], ..Tasks::default() })
}
