//! Commands that run another command.
//!
//! From the manual pages of each: which options take a value, and how many words stand before the command.

use harden_core::shell::{Command, Word};

/// What a command runs besides itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inner {
    /// Its words from this one on.
    Words(usize),
    /// The script in this word.
    Script(usize),
    /// The scripts in these words.
    Scripts(Vec<usize>),
    /// The file in this word, as a shell script.
    File(usize),
}

struct Wrapper {
    names: &'static [&'static str],
    /// Options whose value is the next word.
    values: &'static [&'static str],
    /// Words before the command that are no options.
    skipped: usize,
    /// `NAME=value` may stand before the command.
    assignments: bool,
}

const fn wrapper(names: &'static [&'static str], values: &'static [&'static str], skipped: usize) -> Wrapper {
    Wrapper { names, values, skipped, assignments: false }
}

const fn assigning(names: &'static [&'static str], values: &'static [&'static str]) -> Wrapper {
    Wrapper { names, values, skipped: 0, assignments: true }
}

/// Wrappers by name. Those of two words (`poetry run`) are in [`TWO_WORDS`].
const WRAPPERS: &[Wrapper] = &[
    wrapper(&["exec"], &["-a"], 0),
    assigning(&["env"], &["-u", "--unset", "-C", "--chdir"]),
    wrapper(
        &["nohup", "setsid", "builtin", "command", "unbuffer", "catchsegv", "time", "noglob"],
        &["-f", "-o"],
        0,
    ),
    wrapper(&["nice"], &["-n", "--adjustment"], 0),
    wrapper(&["ionice"], &["-c", "-n", "-p", "--class", "--classdata"], 0),
    wrapper(&["stdbuf"], &["-i", "-o", "-e"], 0),
    wrapper(&["timeout"], &["-s", "-k", "--signal", "--kill-after"], 1),
    wrapper(&["taskset", "chrt"], &[], 1),
    wrapper(&["numactl", "unshare", "busybox"], &[], 0),
    wrapper(&["flock"], &["-w", "-E", "--timeout"], 1),
    wrapper(&["xargs"], &["-I", "-n", "-P", "-d", "-L", "-s", "-a", "-E"], 0),
    wrapper(
        &["xvfb-run"],
        &["-e", "-f", "-n", "-p", "-s", "-w", "--server-args", "--server-num", "--error-file"],
        0,
    ),
    wrapper(&["dbus-run-session", "dbus-launch"], &["--config-file", "--dbus-daemon"], 0),
    wrapper(&["tini", "tini-static", "catatonit", "pid1", "docker-init"], &["-p", "-e"], 0),
    wrapper(&["dumb-init"], &["-r", "--rewrite"], 0),
    assigning(&["sudo"], &["-u", "-g", "-C", "-h", "-p", "-r", "-t", "-U", "--user", "--group"]),
    assigning(&["doas"], &["-u", "-C"]),
    wrapper(&["gosu", "su-exec", "s6-setuidgid", "setuidgid", "setuser"], &[], 1),
    wrapper(
        &["setpriv"],
        &[
            "--reuid",
            "--regid",
            "--ruid",
            "--rgid",
            "--euid",
            "--egid",
            "--groups",
            "--inh-caps",
            "--ambient-caps",
            "--bounding-set",
            "--securebits",
            "--pdeathsig",
        ],
        0,
    ),
    wrapper(
        &["chpst"],
        &["-u", "-U", "-b", "-e", "-/", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c"],
        0,
    ),
    wrapper(&["chroot"], &["--userspec", "--groups"], 1),
    wrapper(&["cross-env", "cross-env-shell", "dotenvx", "with-contenv", "fixuid"], &[], 0),
    wrapper(&["dotenv"], &["-e", "-f", "-p", "-v", "--file"], 0),
    wrapper(&["env-cmd"], &["-f", "-e", "-r"], 0),
    wrapper(
        &["opentelemetry-instrument", "ddtrace-run", "jemalloc.sh", "proxychains", "proxychains4"],
        &["-f"],
        0,
    ),
    wrapper(&["npx", "pnpx", "bunx", "uvx"], &["-p", "--package", "--with", "--from"], 0),
    wrapper(
        &["dockerize"],
        &["-wait", "-timeout", "-template", "-stdout", "-stderr", "-wait-retry-interval", "-env", "-delims"],
        0,
    ),
];

/// Wrappers whose second word says that they are one.
const TWO_WORDS: &[(&[&str], &[&str], &[&str])] = &[
    (&["bundle", "bundler"], &["exec"], &["--gemfile"]),
    (
        &["poetry", "pipenv", "pdm", "rye", "hatch", "dotenvx"],
        &["run"],
        &["-f", "--project", "-C", "--directory", "-e"],
    ),
    (
        &["uv"],
        &["run"],
        &[
            "-p",
            "--python",
            "--with",
            "--env-file",
            "--project",
            "--directory",
            "--extra",
            "--group",
            "--package",
        ],
    ),
    (&["conda", "mamba", "micromamba"], &["run"], &["-n", "--name", "-p", "--prefix", "--cwd"]),
    (&["npm", "pnpm", "yarn"], &["exec", "x", "dlx"], &["-p", "--package", "-c", "-C", "--filter"]),
    (&["bun"], &["x"], &[]),
    (
        &["doppler", "infisical", "op", "teller", "varlock"],
        &["run"],
        &["--env", "--path", "--env-file", "-p", "-c", "--projectId"],
    ),
    (&["newrelic-admin"], &["run-program"], &[]),
    (&["rvm"], &["do"], &[]),
    (&["aws-vault", "chamber", "pyroscope"], &["exec"], &[]),
];

const SHELLS: [&str; 7] = ["sh", "bash", "ash", "dash", "ksh", "zsh", "mksh"];

/// Whether this is the name of a shell that scripts are read of.
pub(super) fn is_shell(name: &str) -> bool {
    SHELLS.contains(&name)
}

/// What a command runs besides itself.
pub(super) fn inner(command: &Command) -> Option<Inner> {
    let name = command.name()?;
    let words = &command.words;
    if is_shell(name) {
        return shell(words);
    }
    match name {
        "." | "source" => return (words.len() > 1).then_some(Inner::File(1)),
        "eval" => return Some(Inner::Scripts((1..words.len()).collect())),
        // `command -v x` looks for x.
        "command" if words.get(1).is_some_and(|word| matches!(word.text.as_str(), "-v" | "-V" | "-pv")) => {
            return None;
        }
        "su" | "runuser" => return user_shell(words),
        "start-stop-daemon" => {
            let flag = words
                .iter()
                .position(|word| matches!(word.text.as_str(), "--exec" | "-x" | "--startas" | "-a"))?;
            return (flag + 1 < words.len()).then_some(Inner::Words(flag + 1));
        }
        "concurrently" => {
            let commands =
                positional(words, 1, &["-n", "--names", "-c", "--prefix-colors", "-p", "--prefix"]);
            return Some(Inner::Scripts(commands));
        }
        "env" => {
            if let Some(at) =
                words.iter().position(|word| matches!(word.text.as_str(), "-S" | "--split-string"))
            {
                return (at + 1 < words.len()).then_some(Inner::Script(at + 1));
            }
        }
        "numactl" | "unshare" => {}
        "wait-for-it.sh" | "wait-for-it" | "wait-for.sh" | "wait-for" | "wait" | "wait4x" | "chamber"
        | "aws-vault" => {
            return after_dashes(words);
        }
        "flock" => {
            if let Some(at) = words.iter().position(|word| word.text == "-c") {
                return (at + 1 < words.len()).then_some(Inner::Script(at + 1));
            }
        }
        _ if is_python(name) => {
            let at = words.iter().position(|word| word.text == "-m")?;
            let only_options = words[1..at].iter().all(|word| word.text.starts_with('-'));
            return (only_options && at + 1 < words.len()).then_some(Inner::Words(at + 1));
        }
        _ => {}
    }
    let two = TWO_WORDS.iter().find(|(names, verbs, _)| {
        names.contains(&name) && words.get(1).is_some_and(|word| verbs.contains(&word.text.as_str()))
    });
    if let Some((_, _, values)) = two {
        return first(words, 2, values, 0, false);
    }
    let found = WRAPPERS.iter().find(|wrapper| wrapper.names.contains(&name))?;
    first(words, 1, found.values, found.skipped, found.assignments)
}

/// `python`, `python3.12`, `pypy3`.
pub(crate) fn is_python(name: &str) -> bool {
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

fn shell(words: &[Word]) -> Option<Inner> {
    let mut at = 1;
    let mut script = false;
    while let Some(word) = words.get(at) {
        let text = word.text.as_str();
        if text == "--" {
            at += 1;
            break;
        }
        if !text.starts_with(['-', '+']) || text.len() < 2 {
            break;
        }
        if !text.starts_with("--") {
            script |= text.starts_with('-') && text.contains('c');
            if text.ends_with('o') || text.ends_with('O') {
                at += 1;
            }
        } else if matches!(text, "--rcfile" | "--init-file") {
            at += 1;
        }
        at += 1;
    }
    (at < words.len()).then_some(if script { Inner::Script(at) } else { Inner::File(at) })
}

/// `su user -c script`, `runuser -u user -- command`.
fn user_shell(words: &[Word]) -> Option<Inner> {
    let script = words.iter().position(|word| {
        matches!(word.text.as_str(), "-c" | "--command" | "-lc") || word.text.starts_with("--command=")
    });
    if let Some(at) = script {
        return (at + 1 < words.len()).then_some(Inner::Script(at + 1));
    }
    if words.iter().any(|word| word.text == "-u") {
        return first(words, 1, &["-u", "-g", "-G"], 0, false);
    }
    after_dashes(words)
}

fn after_dashes(words: &[Word]) -> Option<Inner> {
    let at = words.iter().position(|word| word.text == "--")? + 1;
    (at < words.len()).then_some(Inner::Words(at))
}

/// The first word after options, their values and `skipped` others.
fn first(words: &[Word], from: usize, values: &[&str], skipped: usize, assignments: bool) -> Option<Inner> {
    let mut left = skipped;
    let mut at = from;
    let mut options = true;
    while let Some(word) = words.get(at) {
        let text = word.text.as_str();
        if options && text == "--" {
            options = false;
            at += 1;
        } else if options && text == "-m" && from == 2 {
            // `uv run -m module`.
            at += 1;
        } else if options && text.starts_with('-') && text.len() > 1 {
            at += if values.contains(&text) { 2 } else { 1 };
        } else if assignments && is_assignment(text) {
            at += 1;
        } else if left > 0 {
            left -= 1;
            at += 1;
        } else {
            return Some(Inner::Words(at));
        }
    }
    None
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Words that are no options and no values of them.
pub(super) fn positional(words: &[Word], from: usize, values: &[&str]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = from;
    while let Some(word) = words.get(at) {
        if word.text.starts_with('-') && word.text.len() > 1 {
            at += usize::from(values.contains(&word.text.as_str()));
        } else {
            found.push(at);
        }
        at += 1;
    }
    found
}
