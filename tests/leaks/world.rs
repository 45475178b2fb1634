//! Folders full of secrets, and the program run in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::around::FOLDERS;
use crate::canary::{Canaries, Form, PASSWORDS, TOKENS};
use crate::positions::{COMMANDS, HEADS, INSTRUCTIONS, INVALID, NAMES, WRAPPERS};

/// What a secret stands as.
pub(crate) const SECRET: &str = "§";

/// A folder with files that hold secrets; the program runs in `files`, its cache is beside it.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) canaries: Canaries,
    /// The secrets of files that BuildKit takes, all of which a diff shows.
    pub(crate) shown: BTreeSet<usize>,
    /// Files that are not handled.
    pub(crate) invalid: usize,
}

/// What a run said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    pub(crate) fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("harden-leaks-").tempdir().unwrap();
        fs::create_dir(folder.path().join("files")).unwrap();
        fs::write(folder.path().join("facts.json"), recorded()).unwrap();
        Self { folder, canaries: Canaries::default(), shown: BTreeSet::new(), invalid: 0 }
    }

    /// Every position with every form of a secret.
    pub(crate) fn full() -> Self {
        let mut world = Self::empty();
        world.commands();
        for &(name, _, text) in INSTRUCTIONS {
            let odd = |form: &Form| NAMES.contains(&name) && ["symbols", "dollar"].contains(&form.name);
            let forms = forms().filter(|form| !odd(form)).enumerate();
            let stages: String = forms.map(|(at, form)| world.stage(at, name, text, form)).collect();
            world.write(&format!("instructions/{name}/Dockerfile"), &stages);
        }
        for &(name, _, text) in HEADS {
            for form in forms() {
                let start = world.canaries.len();
                let text = format!("{}\nFROM node:22\nADD . /srv\n", world.fill(name, text, form));
                world.write(&format!("heads/{name}/{}.Dockerfile", form.name), &text);
                world.shown.extend(start..world.canaries.len());
            }
        }
        for &(name, _, text) in INVALID {
            for form in forms() {
                let text = world.fill(name, text, form);
                world.write(&format!("invalid/{name}/{}.Dockerfile", form.name), &text);
                world.invalid += 1;
            }
        }
        world.folders();
        world
    }

    /// Every command in every instruction that can hold one, with two forms: a word and, in turn, each of the others.
    fn commands(&mut self) {
        let mut turn = TOKENS.iter().chain(&PASSWORDS[1..]).cycle();
        for wrapper in &WRAPPERS {
            for (command, text) in COMMANDS {
                let name = format!("{} {command}", wrapper.name);
                let escaped = text.replace('"', "\\\"");
                let body = wrapper.text.replace('¤', if wrapper.json { &escaped } else { text });
                let forms = turn.next().into_iter().chain(&PASSWORDS[..1]).enumerate();
                let stages: String = forms.map(|(at, form)| self.stage(at, &name, &body, form)).collect();
                self.write(&format!("commands/{}/{command}.Dockerfile", wrapper.name), &stages);
            }
        }
    }

    /// What stands around a Dockerfile: passwords and two tokens, a folder each.
    fn folders(&mut self) {
        for folder in FOLDERS {
            for form in PASSWORDS[..2].iter().chain(&TOKENS[3..5]) {
                for (path, text) in folder.files {
                    let content = self.fill_all(&format!("{}/{path}", folder.name), text, form);
                    self.write(&format!("around/{}/{}/{path}", folder.name, form.name), &content);
                }
            }
        }
    }

    /// A stage that is changed before and after `text`, so that a diff shows all of it.
    fn stage(&mut self, at: usize, name: &str, text: &str, form: &Form) -> String {
        let start = self.canaries.len();
        let text = self.fill(name, text, form);
        self.shown.extend(start..self.canaries.len());
        format!("FROM node:22 AS stage{at}\n{text}\nADD . /srv\n")
    }

    /// Puts one new secret into a text.
    pub(crate) fn fill(&mut self, position: &str, text: &str, form: &Form) -> String {
        text.replace(SECRET, &self.canaries.plant(position, form))
    }

    /// Puts a new secret into each place of a text. A place is called by the label behind it, `§(label)`, or else by its
    /// number.
    pub(crate) fn fill_all(&mut self, name: &str, text: &str, form: &Form) -> String {
        let mut parts = text.split(SECRET);
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for (count, part) in parts.enumerate() {
            let labelled = part.strip_prefix('(').and_then(|part| part.split_once(')'));
            let (label, rest) =
                labelled.map_or((format!("{}", count + 1), part), |(label, rest)| (label.to_owned(), rest));
            filled.push_str(&self.canaries.plant(&format!("{name} {label}"), form));
            filled.push_str(rest);
        }
        filled
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file below the folder the program runs in.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join("files").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Every file that can be read, also those of the cache, by its path.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    let name = path.strip_prefix(self.folder.path()).unwrap();
                    let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                    files.insert(name.to_str().unwrap().replace('\\', "/"), text);
                }
            }
        }
        files
    }

    /// Runs the program.
    pub(crate) fn harden(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_harden"));
        command.current_dir(self.folder.path().join("files")).args(arguments).stdin(Stdio::null());
        command.env("HARDEN_CACHE_DIR", self.folder.path().join("cache"));
        command.env("DOCKER_CONFIG", self.folder.path().join("docker")).env("LC_ALL", "C");
        command.env("GIT_CEILING_DIRECTORIES", self.folder.path().parent().unwrap());
        for name in ["HARDEN_OFFLINE", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR"] {
            command.env_remove(name);
        }
        let output = command.output().unwrap();
        let said = Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!said.err.contains("panicked") && !said.err.contains("internal error"), "a run fell over");
        said
    }
}

/// All forms; the passwords last, because the last stage is the one that runs.
pub(crate) fn forms() -> impl Iterator<Item = &'static Form> {
    TOKENS.iter().chain(PASSWORDS.iter().rev())
}

/// Facts of the base images.
fn recorded() -> String {
    let image = |name: &str, digit: &str| {
        serde_json::json!({ "ref": name, "digest": format!("sha256:{}", digit.repeat(64)), "index": true,
            "platforms": ["linux/amd64"] })
    };
    let images = [image("nginx:1.27", "a"), image("node:22", "b")];
    serde_json::json!({ "schema": "harden-facts/1", "images": images }).to_string()
}
