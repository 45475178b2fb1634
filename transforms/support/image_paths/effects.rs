//! What the commands of a RUN do to single files, as far as they are plain.

use std::collections::BTreeSet;

use harden_core::shell::{Command, Located, Word};
use harden_core::syntax::{Heredoc, Instruction, Span};

use super::chain::{Here, note};
use super::paths::{self, join, name, resolve};

/// One thing a RUN does. Paths are absolute. `sure` is false for what is done only when something else failed, in a
/// function, or only to a file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Writes a file, perhaps from a heredoc of the Dockerfile.
    Write { path: String, body: Option<Span>, sure: bool },
    /// Removes a file, or a folder with everything in it.
    Remove { path: String, sure: bool },
    /// Makes a symbolic link.
    Link { link: String, target: String, sure: bool },
    /// Moves or copies a file or folder: into the folder `to`, or to be `to`.
    Move { from: String, to: String, into: bool, copy: bool, sure: bool },
    /// Makes a folder.
    Folder(String),
    /// `chmod`; the path may be a pattern.
    Mode { path: String, spec: String, recursive: bool },
    /// `chown`; the path may be a pattern.
    Owner { path: String, spec: String, recursive: bool },
}

/// Reads a RUN.
pub(super) fn of(here: &Here<'_, '_>, run: Instruction<'_>) -> Vec<Effect> {
    let mut reader = Reader {
        here,
        workdir: here.known_workdir().map(str::to_owned),
        inner: Inner::Same,
        folders: BTreeSet::new(),
        body: None,
        effects: Vec::new(),
    };
    for Located { command, span } in &here.scopes.commands(run, here.state).0 {
        // `cat <<EOF > file`, `tee file <<EOF`: what is written is the heredoc.
        let heredoc = match command.name() {
            Some("cat" | "tee") => run.heredocs().rfind(|one| span.covers(one.opener().span())),
            _ => None,
        };
        reader.body = heredoc.map(Heredoc::body);
        reader.command(command);
    }
    reader.effects
}

/// The working directory of a subshell.
enum Inner {
    /// That of the script.
    Same,
    /// Another; `None` when it is not known.
    Changed(Option<String>),
}

struct Reader<'x, 'h, 'a> {
    here: &'x Here<'h, 'a>,
    /// Where the script is, when that is known.
    workdir: Option<String>,
    /// Where the current subshell is.
    inner: Inner,
    /// Folders made so far.
    folders: BTreeSet<String>,
    /// The heredoc that the current command reads and passes on.
    body: Option<Span>,
    effects: Vec<Effect>,
}

impl Reader<'_, '_, '_> {
    /// A word that is a plain path, or one with variables of the Dockerfile.
    fn word(&self, word: &Word) -> Option<String> {
        if word.literal {
            return Some(word.text.clone());
        }
        let text = &word.text;
        let plain = !text.contains("$(") && !text.contains('`') && !text.starts_with('~');
        let expanded = plain.then(|| self.here.expand(text).ok()).flatten()?.text;
        (!expanded.is_empty() && !expanded.contains('$')).then_some(expanded)
    }

    /// An absolute path from where the command runs; patterns stay.
    fn path(&self, word: &Word) -> Option<String> {
        self.absolute(&self.word(word)?)
    }

    fn absolute(&self, text: &str) -> Option<String> {
        if text.starts_with('/') {
            return Some(resolve("/", text));
        }
        let workdir = match &self.inner {
            Inner::Changed(inner) => inner.as_ref(),
            Inner::Same => self.workdir.as_ref(),
        };
        Some(resolve(workdir?, text))
    }

    fn is_folder(&self, path: &str) -> bool {
        self.here.is_folder(path) || self.folders.contains(path)
    }

    fn command(&mut self, command: &Command) {
        let sure = !command.place.fallback && command.place.function.is_none();
        if !command.place.subshell {
            self.inner = Inner::Same;
        }
        let inside = command.inside().commands;
        for (index, one) in std::iter::once(command).chain(&inside).enumerate() {
            self.run(one, index > 0 || command.place.subshell, sure);
        }
        for (operator, target) in &command.redirects {
            let append = operator.ends_with(">>");
            if matches!(operator.as_str(), ">" | ">>" | "1>" | "1>>" | ">|" | "&>" | "&>>")
                && let Some(path) = self.path(target)
            {
                self.write(path, sure && !append);
            }
        }
    }

    fn write(&mut self, path: String, sure: bool) {
        if !path.starts_with("/dev/") && !paths::is_pattern(&path) {
            self.effects.push(Effect::Write { path, body: self.body, sure });
        }
    }

    /// `nested`: in a subshell or in a shell of its own, where `cd` does not last.
    fn run(&mut self, command: &Command, nested: bool, sure: bool) {
        let Some(what) = command.name() else { return };
        match what {
            "cd" | "pushd" | "popd" => {
                let to = match command.words.get(1) {
                    Some(word) if what != "popd" => self.path(word),
                    _ => None,
                };
                if nested {
                    self.inner = Inner::Changed(to);
                } else if sure && !command.place.piped {
                    self.workdir = to;
                }
            }
            "mkdir" => self.make_folders(command, "m", &["mode"]),
            "rm" | "unlink" => {
                for path in self.paths(&command.positional("", &[])) {
                    if !paths::is_pattern(&path) && path != "/" {
                        self.effects.push(Effect::Remove { path, sure });
                    }
                }
            }
            "tee" => {
                let append = command.has_flag(Some('a'), "append");
                for path in self.paths(&command.positional("", &[])) {
                    self.write(path, sure && !append);
                }
            }
            "touch" => {
                for path in self.paths(&command.positional("dtr", &["date", "reference"])) {
                    self.write(path, false);
                }
            }
            "chmod" | "chown" => {
                let operands = command.positional("", &["reference", "from"]);
                let [spec, files @ ..] = operands.as_slice() else { return };
                let Some(spec) = self.word(spec) else { return };
                let recursive = command.has_flag(Some('R'), "recursive");
                for path in self.paths(files) {
                    let spec = spec.clone();
                    self.effects.push(match what {
                        "chmod" => Effect::Mode { path, spec, recursive },
                        _ => Effect::Owner { path, spec, recursive },
                    });
                }
            }
            "install" if command.has_flag(Some('d'), "directory") => {
                self.make_folders(command, "mog", &["mode", "owner", "group"]);
            }
            "cp" | "mv" | "ln" | "install" => self.place(command, what, sure),
            "curl" | "wget" => self.download(command, what, sure),
            _ => {}
        }
    }

    fn paths(&self, words: &[&Word]) -> Vec<String> {
        words.iter().filter_map(|word| self.path(word)).collect()
    }

    fn make_folders(&mut self, command: &Command, shorts: &str, longs: &[&str]) {
        for path in self.paths(&command.positional(shorts, longs)) {
            note(&mut self.folders, &path);
            self.effects.push(Effect::Folder(path));
        }
    }

    /// `cp`, `mv`, `ln` and `install` (GNU coreutils manual, "Target directory").
    fn place(&mut self, command: &Command, what: &str, sure: bool) {
        let shorts = if what == "install" { "tSmog" } else { "tS" };
        let operands = command.positional(shorts, &["target-directory", "suffix", "mode", "owner", "group"]);
        let folder = command.option(Some('t'), "target-directory");
        let (sources, to, into) = match (&folder, operands.as_slice()) {
            (Some(folder), sources) => (sources, self.path(folder), true),
            (None, [only]) if what == "ln" => (std::slice::from_ref(only), self.absolute("."), true),
            (None, [sources @ .., to]) if !sources.is_empty() => {
                (sources, self.path(to), sources.len() > 1 || to.text.ends_with('/'))
            }
            _ => return,
        };
        let Some(to) = to else { return };
        let into = into || (self.is_folder(&to) && !command.has_flag(Some('T'), "no-target-directory"));
        let sources: Vec<_> = sources.iter().filter_map(|word| self.word(word)).collect();
        for from in sources {
            if paths::is_pattern(&from) {
                continue;
            }
            let path = if into { join(&to, name(&from)) } else { to.clone() };
            if what == "ln" && command.has_flag(Some('s'), "symbolic") {
                let target = resolve(paths::parent(&path), &from);
                self.effects.push(Effect::Link { link: path, target, sure });
                continue;
            }
            let Some(from) = self.absolute(&from) else { continue };
            self.effects.push(Effect::Move { from, to: to.clone(), into, copy: what != "mv", sure });
            if what == "install" {
                let mode = command.option(Some('m'), "mode").and_then(|word| self.word(&word));
                let spec = mode.unwrap_or_else(|| "0755".to_owned());
                self.effects.push(Effect::Mode { path, spec, recursive: false });
            }
        }
    }

    /// `curl` and `wget`: the file they write. Their options with values are those of the manuals that are in use.
    fn download(&mut self, command: &Command, what: &str, sure: bool) {
        let (named, operands) = if what == "curl" {
            let longs =
                ["header", "data", "request", "user", "user-agent", "retry", "max-time", "cacert", "proto"];
            (command.option(Some('o'), "output"), command.positional("oHdXuAebcCEFKmrTtUwxyYzDQP", &longs))
        } else {
            let longs = ["header", "tries", "timeout", "user-agent"];
            (command.option(Some('O'), "output-document"), command.positional("OPoaetTwQUi", &longs))
        };
        let path = match named {
            Some(word) if word.text == "-" => None,
            Some(word) => self.path(&word),
            None if what == "wget" || command.has_flag(Some('O'), "remote-name") => {
                let urls = operands.into_iter().filter_map(|word| self.word(word));
                let url = urls.into_iter().find(|text| text.contains("://")).unwrap_or_default();
                let file = name(url.split(['?', '#']).next().unwrap_or_default());
                let folder = match command.option(Some('P'), "directory-prefix") {
                    Some(word) if what == "wget" => self.word(&word),
                    _ => Some(".".to_owned()),
                };
                folder.filter(|_| !file.is_empty()).and_then(|folder| self.absolute(&join(&folder, file)))
            }
            None => None,
        };
        if let Some(path) = path {
            self.write(path, sure);
        }
    }
}
