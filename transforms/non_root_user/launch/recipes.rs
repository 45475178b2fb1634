//! Makefiles and Procfiles.

use std::collections::BTreeSet;

use harden_core::shell::Command;

use super::follow::{Around, Follow};
use super::tasks::{MAX_SCRIPTS, Task, Tasks, shown, texts};
use super::words::join;
use super::wrappers::positional;

/// The recipes of the targets `make` is called with, and of what they depend on.
pub(super) fn make(follow: &Follow<'_, '_, '_>, command: &Command, around: &Around) -> Tasks {
    let words = &command.words;
    let value = |flags: &[&str]| {
        let at = words.iter().position(|word| flags.contains(&word.text.as_str()))?;
        words.get(at + 1).map(|word| word.text.clone())
    };
    let folder = match value(&["-C", "--directory"]) {
        Some(folder) => join(around.workdir.as_deref(), &folder),
        None => around.workdir.clone(),
    };
    let names = match value(&["-f", "--file", "--makefile"]) {
        Some(name) => vec![name],
        None => ["GNUmakefile", "makefile", "Makefile"].map(str::to_owned).to_vec(),
    };
    let read = names.iter().find_map(|name| {
        let path = join(folder.as_deref(), name)?;
        let file = follow.view.paths.text(&path).ok()?;
        Some((path, file))
    });
    let Some((path, file)) = read else {
        let why = "its makefile could not be read".to_owned();
        return Tasks { unread: vec![(shown(command), why)], ..Tasks::default() };
    };
    let targets = texts(
        command,
        &positional(words, 1, &["-C", "--directory", "-f", "--file", "--makefile", "-I", "-o"]),
    );
    let rules = rules(&file.text);
    let mut left: Vec<&str> = targets.iter().map(String::as_str).filter(|word| !word.contains('=')).collect();
    if left.is_empty() {
        left.extend(rules.iter().map(|rule| rule.target).find(|target| !target.starts_with('.')));
    }
    let mut seen = BTreeSet::new();
    let mut tasks = Tasks::default();
    while let Some(target) = left.pop() {
        if !seen.insert(target) || seen.len() > MAX_SCRIPTS {
            continue;
        }
        for rule in rules.iter().filter(|rule| rule.target == target) {
            left.extend(rule.needs.iter().copied());
            for (line, recipe) in &rule.recipe {
                let text = recipe.trim_start_matches(['@', '-', '+', ' ']).replace("$$", "$");
                let at = *line..*line + recipe.len();
                tasks.scripts.push(Task {
                    name: format!("{path}: {target}: {line}"),
                    by: format!("target `{target}` of the makefile"),
                    text: text.into(),
                    place: Some(file.place(&at)),
                    workdir: folder.clone(),
                });
            }
        }
    }
    if tasks.scripts.is_empty() {
        tasks.unread.push((shown(command), "the makefile has no recipe for it".to_owned()));
    }
    tasks
}

struct Rule<'t> {
    target: &'t str,
    needs: Vec<&'t str>,
    /// Lines and where they start.
    recipe: Vec<(usize, &'t str)>,
}

/// The rules of a makefile, as far as they are plain: targets by name, recipes in lines of their own (GNU make manual,
/// "Rule Syntax").
fn rules(text: &str) -> Vec<Rule<'_>> {
    let mut rules: Vec<Rule<'_>> = Vec::new();
    let mut open = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end();
        if let Some(recipe) = line.strip_prefix('\t') {
            for rule in rules.iter_mut().rev().take(open) {
                rule.recipe.push((start + 1, recipe.trim_end_matches('\\')));
            }
            continue;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        open = 0;
        let Some((targets, needs)) = line.split_once(':') else { continue };
        if needs.starts_with('=') || targets.contains('=') {
            continue;
        }
        let needs = needs.trim_start_matches(':');
        let (needs, inline) = needs.split_once(';').unwrap_or((needs, ""));
        for target in targets.split_whitespace().take(8) {
            let mut recipe = Vec::new();
            if !inline.trim().is_empty() {
                recipe.push((start, inline.trim()));
            }
            rules.push(Rule { target, needs: needs.split_whitespace().collect(), recipe });
            open += 1;
        }
    }
    rules
}

/// The processes of a Procfile: `name: command` (foreman(1)).
pub(super) fn procfile(follow: &Follow<'_, '_, '_>, command: &Command, around: &Around) -> Option<Tasks> {
    let words = &command.words;
    if !words.iter().any(|word| matches!(word.text.as_str(), "start" | "s")) && words.len() > 1 {
        return None;
    }
    let named = words.iter().position(|word| matches!(word.text.as_str(), "-f" | "--procfile"));
    let name = named.and_then(|at| words.get(at + 1)).map_or("Procfile", |word| word.text.as_str());
    let unread = |why: String| Some(Tasks { unread: vec![(shown(command), why)], ..Tasks::default() });
    let Some(path) = join(around.workdir.as_deref(), name) else {
        return unread("its working directory is not known".to_owned());
    };
    let file = match follow.view.paths.text(&path) {
        Ok(file) => file,
        Err(why) => return unread(why.message),
    };
    let mut tasks = Tasks::default();
    let mut at = 0;
    for line in file.text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let Some((process, text)) = line.split_once(':').filter(|_| !line.starts_with('#')) else { continue };
        if tasks.scripts.len() >= MAX_SCRIPTS {
            break;
        }
        tasks.scripts.push(Task {
            name: format!("{path}: {process}"),
            by: format!("process `{}` of the Procfile", process.trim()),
            text: text.trim().into(),
            place: Some(file.place(&(start..start + 1))),
            workdir: around.workdir.clone(),
        });
    }
    Some(tasks)
}
