//! Whether the commands of a RUN read a variable they do not name.

use harden_core::Value;
use harden_core::shell::{self, Command};
use harden_core::syntax::{Instruction, Span};

use super::Reader;
use super::files::{Config, ConfigFiles};
use super::tools::{self, CARRIERS, Others, RUNNERS, TOOLS};

/// What is said of a RUN or of one of its commands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing reads it.
    No,
    /// This does, or may.
    Reads(Reader),
}

impl Verdict {
    fn rank(&self) -> u8 {
        match self {
            Self::No => 0,
            Self::Reads(Reader::Possible(_)) => 1,
            Self::Reads(_) => 2,
        }
    }
}

/// The strongest verdict of all commands and where the command stands.
pub(super) fn judge_run(
    run: Instruction<'_>,
    shell: &Value<Vec<String>>,
    variable: &str,
    files: &ConfigFiles<'_>,
) -> (Verdict, Span) {
    let (located, complete) = shell::of_instruction(run, shell);
    let mut strongest = (Verdict::No, run.arguments().span());
    for one in located {
        // `NAME=value command`
        if one.command.assignments.iter().any(|(name, _)| name == variable) {
            continue;
        }
        let all = one.command.unwrapped();
        let last = all.commands.len().saturating_sub(1);
        for (index, command) in all.commands.iter().enumerate() {
            let carries = index < last && command.name().is_some_and(|name| CARRIERS.contains(&name));
            let own = command.assignments.iter().any(|(name, _)| name == variable);
            let verdict = if carries || own { Verdict::No } else { judge(command, variable, files) };
            if verdict.rank() > strongest.0.rank() {
                strongest = (verdict, one.span);
            }
        }
        if !all.complete && strongest.0.rank() == 0 {
            strongest = (possible("a command that a variable holds"), one.span);
        }
    }
    if !complete && strongest.0.rank() == 0 {
        strongest.0 = possible("a command that cannot be read");
    }
    strongest
}

fn possible(program: &str) -> Verdict {
    Verdict::Reads(Reader::Possible(program.to_owned()))
}

/// The name of a program for a message: plain names only, so that nothing else of a script gets there.
fn shown(name: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    if name.len() <= 32 && name.bytes().all(plain) { name } else { "a program" }
}

/// Levels of `npx`, `bundle exec`, `xargs`, … that are followed.
const MAX_DEPTH: usize = 4;

/// Judges a command and what its runner starts.
fn judge(command: &Command, variable: &str, files: &ConfigFiles<'_>) -> Verdict {
    let mut strongest = Verdict::No;
    let mut command = command.clone();
    for _ in 0..MAX_DEPTH {
        let verdict = judge_one(&command, variable, files);
        let inner = inner(&command);
        // What a runner starts is judged instead of it, but for its own variables.
        let counts = inner.is_none() || verdict.rank() == 2;
        if counts && verdict.rank() > strongest.rank() {
            strongest = verdict;
        }
        match inner {
            Some(inner) => command = inner,
            None => return strongest,
        }
    }
    if strongest.rank() == 0 { possible("a program") } else { strongest }
}

fn judge_one(command: &Command, variable: &str, files: &ConfigFiles<'_>) -> Verdict {
    if command.words.is_empty() {
        return Verdict::No;
    }
    let Some(name) = command.name() else { return possible("a program that a variable names") };
    let name = tools::unversioned(name);
    if only_tells_about_itself(command) {
        return Verdict::No;
    }
    if tools::uses_proxy(name, variable) {
        return Verdict::Reads(Reader::Tool(tools::known(name).unwrap_or_default()));
    }
    if shows_environment(command, name) {
        return Verdict::Reads(Reader::Tool("env"));
    }
    let arguments = &command.words[1..];
    // `yarn` and `yarn --immutable` install.
    let installs = name == "yarn" && arguments.iter().all(|word| word.text.starts_with('-'));
    let mut others = None;
    for tool in TOOLS.iter().filter(|tool| tool.programs.contains(&name)) {
        let given = |word: &str| arguments.iter().any(|one| one.text == word);
        let fits = |word: &&str| given(word) || (installs && *word == "install");
        if !tool.arguments.is_empty() && !tool.arguments.iter().any(fits) {
            continue;
        }
        if tools::matches(tool.variables, variable) {
            return Verdict::Reads(Reader::Tool(tools::known(name).unwrap_or_default()));
        }
        others = others.or(Some(tool.others));
    }
    match others {
        Some(Others::Ignored) => Verdict::No,
        Some(Others::Files(known)) => {
            // `-r requirements/prod.txt`
            let given = arguments.iter().filter(|word| word.literal && !word.text.starts_with('-'));
            let given =
                given.filter_map(|word| word.text.rsplit('/').next()).filter(|name| name.contains('.'));
            let names: Vec<&str> = known.iter().copied().chain(given).collect();
            match files.say(&names, variable) {
                Config::Names(path) => Verdict::Reads(Reader::File(path)),
                Config::Silent => Verdict::No,
                Config::Unknown => possible(shown(name)),
            }
        }
        None if name == "find" => match find_command(command) {
            Some(inner) => judge_plain(&inner),
            None => Verdict::No,
        },
        None if tools::is_quiet(name) => Verdict::No,
        Some(Others::Possible) | None => possible(shown(name)),
    }
}

/// `gosu --version`, `node -v`.
fn only_tells_about_itself(command: &Command) -> bool {
    let [_, argument] = command.words.as_slice() else { return false };
    matches!(argument.text.as_str(), "--version" | "-version" | "-V" | "-v" | "version" | "--help")
}

/// `find -exec` and the like: the command is known to be quiet, or may read the variable.
fn judge_plain(command: &Command) -> Verdict {
    match command.name() {
        Some(name) if tools::is_quiet(name) => Verdict::No,
        Some(name) => possible(shown(name)),
        None => possible("a program that a variable names"),
    }
}

/// Whether the command lists or copies the whole environment.
fn shows_environment(command: &Command, name: &str) -> bool {
    let arguments = &command.words[1..];
    let only_flags = |flags: &[&str]| arguments.iter().all(|word| flags.contains(&word.text.as_str()));
    match name {
        "printenv" | "env" => only_flags(&["-0", "--null"]),
        "export" | "declare" | "typeset" => only_flags(&["-p", "-x", "-px", "-xp"]),
        "set" => arguments.is_empty(),
        _ => {
            let environ = |text: &str| text.starts_with("/proc/") && text.ends_with("/environ");
            let redirected = command.redirects.iter().any(|(_, word)| environ(&word.text));
            redirected || arguments.iter().any(|word| environ(&word.text))
        }
    }
}

/// The command a runner starts.
fn inner(command: &Command) -> Option<Command> {
    let name = tools::unversioned(command.name()?);
    if name == "xargs" {
        let longs = ["max-args", "max-procs", "max-lines", "replace", "delimiter", "arg-file", "max-chars"];
        let first = command.positional("nPLIdaEs", &longs).first()?.span.clone();
        let index = command.words.iter().position(|word| word.span == first)?;
        return Some(from(command, index));
    }
    for (program, words) in RUNNERS.iter().filter(|(program, _)| *program == name) {
        let given = command.words.get(1..=words.len()).unwrap_or_default();
        if !given.iter().map(|word| word.text.as_str()).eq(words.iter().copied())
            || given.len() != words.len()
        {
            continue;
        }
        let rest = command.words.iter().enumerate().skip(1 + words.len());
        let (index, word) = rest.into_iter().find(|(_, word)| !word.text.starts_with('-'))?;
        let inner = word.text.rsplit('/').next().unwrap_or_default();
        let started = !words.is_empty() || matches!(*program, "npx" | "bunx" | "pnpx");
        // `python manage.py`, `yarn prisma`: only when the word is a program of the table.
        if started || tools::known(inner).is_some_and(|known| !is_manager(known)) {
            return Some(from(command, index));
        }
    }
    None
}

fn is_manager(name: &str) -> bool {
    matches!(name, "npm" | "yarn" | "pnpm" | "bun")
}

fn find_command(command: &Command) -> Option<Command> {
    let runs = |text: &str| matches!(text, "-exec" | "-execdir" | "-ok" | "-okdir");
    let index = command.words.iter().position(|word| runs(&word.text))?;
    Some(from(command, index + 1))
}

fn from(command: &Command, index: usize) -> Command {
    Command { words: command.words.get(index..).unwrap_or_default().to_vec(), ..command.clone() }
}
