//! The paths of an image that are looked at. They are written without a leading slash; the root is empty.

/// Folders, so that links between them are known.
const FOLDERS: [&str; 4] = ["etc", "usr", "usr/lib", "usr/local"];
/// Folders of programs.
pub(super) const PROGRAMS: [&str; 6] =
    ["bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin"];
/// Programs: shells, what links to shells lead to, and tools that make users.
pub(super) const TOOLS: [&str; 11] = [
    "addgroup", "adduser", "ash", "bash", "busybox", "dash", "groupadd", "sh", "toybox", "useradd", "usermod",
];

/// What a path is looked at for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Folder,
    Users,
    Groups,
    Release,
    Tool,
}

/// Why a path matters; `None` if it does not.
pub(super) fn role(path: &str) -> Option<Role> {
    match path {
        "etc/passwd" => Some(Role::Users),
        "etc/group" => Some(Role::Groups),
        "etc/os-release" | "usr/lib/os-release" => Some(Role::Release),
        _ if FOLDERS.contains(&path) || PROGRAMS.contains(&path) => Some(Role::Folder),
        _ => {
            let (folder, name) = path.rsplit_once('/')?;
            (PROGRAMS.contains(&folder) && TOOLS.contains(&name)).then_some(Role::Tool)
        }
    }
}

/// The path without `.`, `..` and doubled slashes; `..` does not leave the root.
pub(super) fn clean(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The folder of a clean path.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
