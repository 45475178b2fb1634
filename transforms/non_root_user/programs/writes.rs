//! Files that commands write at start, and whether another user than root may.

use harden_core::shell::{Command, Word};

use super::scene::Scene;
use crate::non_root_user::launch::{Started, Weight};
use crate::non_root_user::risk::Risk;

/// Whose a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// Everybody may write there.
    Everybody,
    /// The home of root.
    Home,
    /// The system.
    System,
    /// The image, somewhere outside the system.
    Image,
    /// Not known.
    Unknown,
}

/// Trees of the system (Filesystem Hierarchy Standard).
const SYSTEM: [&str; 20] = [
    "/bin",
    "/boot",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var/backups",
    "/var/cache",
    "/var/db",
    "/var/lib",
    "/var/log",
    "/var/mail",
    "/var/run",
    "/var/spool",
];

/// What somebody may write to, whoever it is.
const OPEN: [&str; 7] = ["/dev", "/proc/self", "/proc/1", "/tmp", "/var/lock", "/var/tmp", "/run/lock"];

/// What a command does to a path.
struct Write<'c> {
    target: &'c Word,
    /// It works where the path is there already.
    existing_is_fine: bool,
    /// It works where there is nothing.
    missing_is_fine: bool,
}

/// Hazards of the files a command writes.
pub(super) fn check(scene: &Scene<'_>, started: &Started, risks: &mut Vec<Risk>) {
    let command = &started.command;
    for write in writes(command) {
        let text = &write.target.text;
        let verb = verb(command, write.target);
        let place = started.place.clone();
        let by = &started.by;
        let tolerated = started.weight == Weight::Tolerated;
        let values = scene.values(write.target);
        let paths: Vec<&str> = values.iter().flatten().map(String::as_str).collect();
        let (owner, path) = if values.is_none() {
            (of_unknown(text), text.as_str())
        } else {
            let mut owners = paths.iter().map(|path| (owner(scene, started, path, &write), *path));
            let first = owners.next().unwrap_or((Owner::Unknown, text.as_str()));
            owners.fold(first, |worst, one| if rank(one.0) > rank(worst.0) { one } else { worst })
        };
        risks.push(match owner {
            // Only the owner of a file may change its mode, and the files in a directory of the user are still root's.
            Owner::Everybody if changes_modes_below(command) && !is_open(path) => {
                let message = format!("{by} {verb} everything below {path}, where files belong to root");
                Risk::lower("writes-files", message, place)
            }
            Owner::Everybody => continue,
            Owner::System | Owner::Home if tolerated => {
                let message =
                    format!("{by} {verb} {path}, which belongs to root, and goes on when that fails");
                Risk::lower("writes-system-path", message, place)
            }
            _ if tolerated => continue,
            // Removing what is not there works with `-f`, and in an image it mostly is not.
            Owner::System if write.missing_is_fine => {
                let message = format!("{by} removes {path}, which belongs to root if it is there");
                Risk::lower("removes-system-path", message, place)
            }
            Owner::Image | Owner::Unknown if write.missing_is_fine => continue,
            Owner::System => {
                Risk::stop("writes-system-path", format!("{by} {verb} {path}, which belongs to root"), place)
            }
            Owner::Home => {
                let message = format!("{by} {verb} {path} in the home of root, which nobody else may enter");
                Risk::stop("writes-root-home", message, place)
            }
            Owner::Image => {
                let message =
                    format!("{by} {verb} {path}, which belongs to root unless a step gives it away");
                Risk::lower("writes-files", message, place)
            }
            Owner::Unknown => {
                let message = format!("{by} {verb} `{text}`; where that is, is not known before it runs");
                Risk::lower("writes-unknown-path", message, place)
            }
        });
    }
}

const fn rank(owner: Owner) -> u8 {
    match owner {
        Owner::Everybody => 0,
        Owner::Unknown => 1,
        Owner::Image => 2,
        Owner::Home => 3,
        Owner::System => 4,
    }
}

/// `chmod -R`.
fn changes_modes_below(command: &Command) -> bool {
    command.name() == Some("chmod") && command.has_flag(Some('R'), "recursive")
}

fn is_open(path: &str) -> bool {
    is_in_any(path, &OPEN) || path.starts_with('~')
}

fn verb(command: &Command, target: &Word) -> &'static str {
    if command.redirects.iter().any(|(_, word)| std::ptr::eq(word, target)) {
        return "writes to";
    }
    match command.name() {
        Some("chmod" | "setfacl") => "changes the mode of",
        Some("sed" | "perl" | "yq" | "crudini" | "ini_set") => "edits",
        Some("mkdir") => "makes",
        Some("rm" | "rmdir" | "unlink" | "truncate") => "removes",
        _ => "writes to",
    }
}

/// Everything a command writes, as far as its arguments tell.
fn writes(command: &Command) -> Vec<Write<'_>> {
    let plain = |target| Write { target, existing_is_fine: false, missing_is_fine: false };
    let mut found: Vec<Write<'_>> = command
        .redirects
        .iter()
        .filter(|(operator, target)| is_output(operator, target))
        .map(|(_, target)| plain(target))
        .collect();
    let Some(name) = command.name() else { return found };
    let words = &command.words;
    let has = |short: char, long: &str| {
        words.iter().skip(1).any(|word| {
            let text = word.text.as_str();
            text == long || (text.starts_with('-') && !text.starts_with("--") && text.contains(short))
        })
    };
    let others = |values: &[&str]| -> Vec<&Word> {
        let mut found = Vec::new();
        let mut at = 1;
        while let Some(word) = words.get(at) {
            if word.text.starts_with('-') && word.text.len() > 1 {
                at += usize::from(values.contains(&word.text.as_str()));
            } else {
                found.push(word);
            }
            at += 1;
        }
        found
    };
    let value = |options: &[&str]| {
        let at = words.iter().position(|word| options.contains(&word.text.as_str()))?;
        words.get(at + 1)
    };
    match name {
        "tee" | "touch" | "mkfifo" | "unlink" => {
            found.extend(others(&["-d", "-r", "-t", "-m"]).into_iter().map(plain));
        }
        "truncate" => found.extend(others(&["-s", "-r"]).into_iter().map(plain)),
        "mkdir" => {
            let parents = has('p', "--parents");
            found.extend(others(&["-m", "--mode"]).into_iter().map(|target| Write {
                target,
                existing_is_fine: parents,
                missing_is_fine: false,
            }));
        }
        "rm" | "rmdir" => {
            let force = has('f', "--force");
            found.extend(others(&[]).into_iter().map(|target| Write {
                target,
                existing_is_fine: false,
                missing_is_fine: force,
            }));
        }
        "cp" | "mv" | "install" | "rsync" => {
            let into = value(&["-t", "--target-directory"]);
            let positional =
                others(&["-m", "-o", "-g", "-S", "--mode", "--owner", "--group", "-e", "--exclude"]);
            // `install -d` makes directories.
            if name == "install" && has('d', "--directory") {
                found.extend(positional.into_iter().map(plain));
            } else {
                found.extend(
                    into.or_else(|| positional.last().copied().filter(|_| positional.len() > 1)).map(plain),
                );
            }
        }
        "ln" => {
            let positional = others(&["-t", "-S"]);
            found.extend(positional.last().copied().filter(|_| positional.len() > 1).map(plain));
        }
        "sed" if has('i', "--in-place") || words.iter().any(|word| word.text.starts_with("--in-place")) => {
            let script = words
                .iter()
                .any(|word| matches!(word.text.as_str(), "-e" | "-f" | "--expression" | "--file"));
            let positional = others(&["-e", "-f", "--expression", "--file", "-l"]);
            found.extend(positional.into_iter().skip(usize::from(!script)).map(plain));
        }
        "perl" if words.iter().any(|word| word.text.starts_with("-pi") || word.text.starts_with("-i")) => {
            found.extend(
                others(&["-e", "-pe", "-pie", "-ne"])
                    .into_iter()
                    .skip(usize::from(!has('e', "-e")))
                    .map(plain),
            );
        }
        "chmod" => found.extend(others(&["--reference"]).into_iter().skip(1).map(plain)),
        "setfacl" => found.extend(others(&["-m", "-x"]).into_iter().map(plain)),
        "curl" => found.extend(value(&["-o", "--output", "-D", "--dump-header"]).map(plain)),
        "wget" => found.extend(value(&["-O", "--output-document", "-P", "--directory-prefix"]).map(plain)),
        "unzip" => found.extend(value(&["-d"]).map(plain)),
        "tar" => found.extend(value(&["-C", "--directory"]).filter(|_| has('x', "--extract")).map(plain)),
        "openssl" => found.extend(value(&["-out", "-keyout"]).map(plain)),
        "ssh-keygen" => found.extend(value(&["-f"]).map(plain)),
        _ => {}
    }
    found
}

/// Redirections that write to a file: not `2>&1`, not input.
fn is_output(operator: &str, target: &Word) -> bool {
    let operator = operator.trim_start_matches(|c: char| c.is_ascii_digit());
    let descriptor = target.text.bytes().all(|byte| byte.is_ascii_digit()) || target.text == "-";
    operator.contains('>') && !(operator.ends_with('&') && descriptor) && !operator.contains('(')
}

fn owner(scene: &Scene<'_>, started: &Started, path: &str, write: &Write<'_>) -> Owner {
    if path == "-" || path.is_empty() || path.starts_with('~') {
        return Owner::Everybody;
    }
    let workdir = started.workdir.as_deref().map(|path| path.trim_end_matches('/'));
    let path = match (path.starts_with('/'), workdir) {
        (true, _) => path.trim_end_matches('/').to_owned(),
        (false, Some(workdir)) => {
            format!("{workdir}/{}", path.trim_start_matches("./").trim_end_matches('/'))
        }
        (false, None) => return Owner::Unknown,
    };
    let path = path.as_str();
    if is_in_any(path, &OPEN) {
        return Owner::Everybody;
    }
    if scene.writable.iter().any(|directory| is_in(path, directory)) && !(scene.is_copied)(path) {
        return Owner::Everybody;
    }
    if write.existing_is_fine && (scene.made.iter().any(|made| is_in(made, path)) || (scene.is_copied)(path))
    {
        return Owner::Everybody;
    }
    if is_in(path, "/root") {
        return Owner::Home;
    }
    if is_in_any(path, &["/home"]) {
        return Owner::Image;
    }
    if let Some(workdir) = workdir.filter(|workdir| !workdir.is_empty() && is_in(path, workdir)) {
        // The working directory goes to the user: something new directly in it works, in what is copied there not.
        let first = path[workdir.len()..].trim_start_matches('/').split('/').next().unwrap_or_default();
        let top = format!("{workdir}/{first}");
        let fresh =
            !first.is_empty() && !(scene.is_copied)(&top) && !scene.made.iter().any(|made| is_in(made, &top));
        return if fresh && !is_system_workdir(workdir) { Owner::Everybody } else { Owner::Image };
    }
    if is_in_any(path, &SYSTEM) { Owner::System } else { Owner::Image }
}

/// A working directory that stays with root.
fn is_system_workdir(workdir: &str) -> bool {
    !crate::non_root_user::ownership::is_own(workdir)
}

/// A path that holds something unknown: what stands before that may be enough.
fn of_unknown(text: &str) -> Owner {
    let homes = ["~", "$HOME", "${HOME}", "$TMPDIR", "${TMPDIR", "$(mktemp", "`mktemp", "$XDG_RUNTIME_DIR"];
    if homes.iter().any(|start| text.starts_with(start)) {
        return Owner::Everybody;
    }
    let known = text.find(['$', '`', '*', '?']).map_or(text, |at| &text[..at]);
    let folder = known.rfind('/').map_or("", |at| &known[..at]);
    if !folder.starts_with('/') {
        return Owner::Unknown;
    }
    if is_in_any(folder, &OPEN) {
        Owner::Everybody
    } else if is_in(folder, "/root") {
        Owner::Home
    } else if is_in_any(folder, &SYSTEM) && folder != "/opt" && folder != "/usr" {
        Owner::System
    } else {
        Owner::Image
    }
}

fn is_in_any(path: &str, folders: &[&str]) -> bool {
    folders.iter().any(|folder| is_in(path, folder))
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
