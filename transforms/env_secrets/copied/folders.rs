//! Folders that are there only because of a COPY.

use harden_core::State;
use harden_core::shell::Located;
use harden_core::syntax::{Instruction, Keyword};

use super::paths;

/// Folders at the root of the file system that images have (Filesystem Hierarchy Standard).
const USUAL: &[&str] = &[
    "/bin", "/etc", "/home", "/lib", "/media", "/mnt", "/opt", "/root", "/run", "/sbin", "/srv", "/tmp",
    "/usr", "/var",
];

/// Folders above a file that the COPY may have made for it: all but those images have.
pub(super) fn perhaps_made(path: &str) -> Vec<String> {
    let is_usual = |folder: &str| {
        USUAL.contains(&folder) || ["/usr/", "/var/"].iter().any(|start| folder.starts_with(start))
    };
    paths::above(path).filter(|folder| !is_usual(folder)).map(str::to_owned).collect()
}

/// Takes out those that an instruction makes as well: WORKDIR, another COPY or ADD, `mkdir`.
pub(super) fn forget_made(
    made: &mut Vec<String>,
    instruction: Instruction<'_>,
    commands: &[Located],
    state: &State,
) {
    if made.is_empty() {
        return;
    }
    let workdir = paths::workdir(state);
    let written: Vec<String> = match instruction.keyword() {
        Keyword::Workdir => vec![instruction.arguments().text().to_owned()],
        Keyword::Copy | Keyword::Add => {
            let destination = instruction.copy().map(|copy| copy.destination.text.into_owned());
            // Without a slash at the end it may be a file: then its folder is made.
            let folder = |path: String| match (path.ends_with('/'), path.rfind('/')) {
                (false, Some(at)) => path[..at].to_owned(),
                _ => path,
            };
            destination.map(folder).into_iter().collect()
        }
        _ => {
            let all = commands.iter().flat_map(|one| one.command.unwrapped().commands);
            let mkdir = all.filter(|one| matches!(one.name(), Some("mkdir" | "install" | "ssh-keygen")));
            mkdir.flat_map(|one| one.words.into_iter().skip(1).map(|word| word.text)).collect()
        }
    };
    made.retain(|folder| !written.iter().any(|path| paths::is_below(path, folder, workdir)));
}
