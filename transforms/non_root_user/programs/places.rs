//! Paths that a program is given and that nothing in the file provides: it would have to make them, below directories
//! of root.

use super::scene::Scene;
use crate::non_root_user::launch::{Started, Weight};
use crate::non_root_user::risk::Risk;
use crate::non_root_user::runs::is_below;

/// Where base images keep what programs are pointed at, and what everybody may write to.
const PROVIDED: [&str; 14] = [
    "/bin",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/opt",
    "/proc",
    "/run/secrets",
    "/sbin",
    "/sys",
    "/tmp",
    "/usr",
    "/var/tmp",
    "/var/www",
];

/// Options whose path only takes part in an address or a name.
const NO_FILES: [&str; 12] = [
    "base-path",
    "basepath",
    "base-url",
    "context-path",
    "endpoint",
    "health-path",
    "mount-path",
    "path-prefix",
    "prefix",
    "root-path",
    "route",
    "url-prefix",
];

/// What scripts do with paths is looked at in `writes`.
const TOOLS: [&str; 20] = [
    "[", "[[", "cat", "cd", "chmod", "cp", "echo", "exec", "find", "grep", "ln", "ls", "mkdir", "mv",
    "printf", "rm", "sed", "tail", "test", "touch",
];

/// Lowers for absolute paths among the arguments of what starts first.
pub(super) fn check(scene: &Scene<'_>, started: &Started, risks: &mut Vec<Risk>) {
    let tool = started.command.name().is_none_or(|name| TOOLS.contains(&name));
    if started.depth != 0 || started.place.is_none() || started.weight != Weight::Needed || tool {
        return;
    }
    let words = &started.command.words;
    for (index, word) in words.iter().enumerate().skip(1).filter(|(_, word)| word.literal) {
        let (option, path) = match word.text.split_once('=') {
            Some((option, value)) if option.starts_with('-') => (option, value),
            Some(_) => continue,
            None => (words.get(index - 1).map_or("", |before| before.text.as_str()), word.text.as_str()),
        };
        let option = option.trim_start_matches('-');
        let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte));
        let folder = path.trim_end_matches('/');
        if !plain || !folder.starts_with('/') || NO_FILES.contains(&option) || is_read(folder) {
            continue;
        }
        let provided = PROVIDED.iter().any(|known| is_below(folder, known))
            || scene.writable.iter().chain(&scene.made).any(|known| is_below(folder, known))
            || (scene.is_copied)(folder)
            || (scene.is_mentioned)(top(folder));
        if !provided {
            let message = format!(
                "{} gives the program the path {path}, which nothing in the file provides: only root can make it there",
                started.by
            );
            risks.push(Risk::lower("missing-path", message, started.place.clone()));
        }
    }
}

/// The directory right below the root that holds a path, or the one below `/var`, `/home`, `/mnt`, `/media`, `/run` or
/// `/srv`, which every image has.
fn top(path: &str) -> &str {
    let end = |from: usize| path[from..].find('/').map_or(path.len(), |at| from + at);
    let first = end(1);
    let shared = matches!(&path[..first], "/var" | "/home" | "/mnt" | "/media" | "/run" | "/srv");
    if shared && first < path.len() { &path[..end(first + 1)] } else { &path[..first] }
}

/// Whether a name is that of a file that programs read: `/app.jar`, and not `/state` or `/x.db`.
fn is_read(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let written = ["db", "lock", "log", "pid", "sock", "socket", "sqlite", "sqlite3"];
    name.rsplit_once('.').is_some_and(|(stem, extension)| !stem.is_empty() && !written.contains(&extension))
}
