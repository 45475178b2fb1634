//! What RUN steps execute, and where.

use harden_core::shell::Command;
use harden_core::syntax::{Instruction, Keyword};
use harden_core::{Scopes, State, image_path};

/// A command of a RUN.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    /// Which step of the stage, and which command of it.
    pub(crate) at: (usize, usize),
    /// The command, wrappers like `sudo`, `env` and `sh -c` taken off. Its ranges are those of the file.
    pub(crate) command: Command,
    /// Where it runs, when that is known; an absolute path.
    pub(crate) workdir: Option<String>,
}

impl Ran {
    /// The last part of its name when that is literal: `go`.
    pub(crate) fn name(&self) -> Option<&str> {
        self.command.name()
    }

    /// Its words behind the name; `None` when one is not literal.
    pub(crate) fn arguments(&self) -> Option<Vec<&str>> {
        let words = self.command.words.get(1..)?;
        words.iter().map(|word| word.literal.then_some(word.text.as_str())).collect()
    }

    /// An absolute path from a path word, relative to where the command runs.
    pub(crate) fn path(&self, text: &str) -> Option<String> {
        if text.starts_with('/') {
            return Some(image_path::resolve("/", text));
        }
        Some(image_path::resolve(self.workdir.as_deref()?, text))
    }
}

/// The commands of a RUN and whether they are all it runs. Commands that only set variables or change the folder are
/// among them.
pub(super) fn of(
    scopes: &Scopes<'_, '_>,
    instruction: Instruction<'_>,
    state: &State,
    step: usize,
    workdir: Option<&String>,
) -> (Vec<Ran>, bool) {
    if instruction.keyword() != Keyword::Run {
        return (Vec::new(), true);
    }
    let kept = scopes.commands(instruction, state);
    let mut is_read = kept.1;
    let mut folder = Folder { outer: workdir.cloned(), inner: None, inside: false };
    let mut all = Vec::new();
    for located in &kept.0 {
        let script = located.command.unwrapped();
        is_read &= script.complete;
        let last = script.commands.len().saturating_sub(1);
        for (index, command) in script.commands.into_iter().enumerate() {
            // Of `sudo make`, only `make` counts.
            if index < last && !command.place.subshell && index == 0 && last > 0 {
                continue;
            }
            let workdir = folder.before(&command);
            all.push(Ran { at: (step, all.len()), command, workdir });
        }
    }
    (all, is_read)
}

/// The working directory of a script as `cd` moves it.
struct Folder {
    /// Of the script itself.
    outer: Option<String>,
    /// Of the subshell that is read.
    inner: Option<String>,
    /// Whether a subshell is read.
    inside: bool,
}

impl Folder {
    /// Where `command` runs; what it changes holds for the next.
    fn before(&mut self, command: &Command) -> Option<String> {
        if command.place.subshell && !self.inside {
            self.inner.clone_from(&self.outer);
        }
        self.inside = command.place.subshell;
        let folder = if self.inside { &mut self.inner } else { &mut self.outer };
        let here = folder.clone();
        if matches!(command.name(), Some("cd" | "pushd")) && !command.place.piped {
            let next = match command.words.get(1) {
                Some(word) if word.literal && word.text.starts_with('/') => {
                    Some(image_path::resolve("/", &word.text))
                }
                Some(word) if word.literal && word.text != "-" => {
                    here.as_deref().map(|here| image_path::resolve(here, &word.text))
                }
                _ => None,
            };
            // A `cd` that may not happen leaves the folder open.
            let may_not = command.place.fallback || command.place.function.is_some();
            *folder = next.filter(|_| !may_not);
        } else if command.name() == Some("popd") {
            *folder = None;
        }
        here
    }
}
