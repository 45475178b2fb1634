//! What the sources say about how the program runs.

use super::super::super::files::Files;
use super::super::super::view::View;

/// Sources that are read at most.
const MAX_SOURCES: usize = 600;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sources {
    /// They start other programs.
    pub(super) starts: bool,
    /// Where.
    pub(super) place: Option<String>,
    /// They write temporary files.
    pub(super) temporary: bool,
    /// Not all of them could be read.
    pub(super) unread: bool,
}

/// Reads the sources below the folders of the project.
pub(super) fn read(view: &View<'_, '_>, roots: &[String], is_known: bool) -> Sources {
    let mut found = Sources { unread: !is_known, ..Sources::default() };
    let (Ok(files), true) = (view.files(), is_known) else { return found };
    let mut count = 0;
    for (rest, context) in roots.iter().flat_map(|root| of(files, root)) {
        count += 1;
        if count > MAX_SOURCES {
            found.unread = true;
            break;
        }
        match view.ctx.context_text(context) {
            Ok(text) => {
                if starts(&text) && !found.starts {
                    found.starts = true;
                    found.place = Some(rest.to_owned());
                }
                found.temporary |= temporary(&text);
            }
            Err(_) => found.unread = true,
        }
    }
    found
}

/// The Rust code that programs are made of: build scripts, tests and examples are not.
fn of<'f>(files: &'f Files, root: &str) -> impl Iterator<Item = (&'f str, &'f str)> {
    let is_program = |path: &str| {
        let other = ["benches", "examples", "tests", "target", "vendor"];
        super::project::is_rust(path)
            && !path.split('/').rev().skip(1).any(|part| other.contains(&part))
            && path.rsplit('/').next() != Some("build.rs")
    };
    files
        .below(root)
        .filter(move |(path, _)| is_program(path))
        .map(|(path, file)| (path, file.context.as_str()))
}

/// Whether code names `std::process::Command`, or that of Tokio or async-std: as a path, or in a list of imports.
/// `clap` has a `Command` as well.
fn starts(text: &str) -> bool {
    if ["duct::", "xshell::", "subprocess::", "tokio_process::"].iter().any(|name| text.contains(name)) {
        return true;
    }
    text.match_indices("process::").any(|(at, name)| {
        let rest = text.get(at + name.len()..).unwrap_or_default();
        let end = match rest.strip_prefix('{') {
            Some(list) => list.find('}').map_or(rest.len(), |end| end + 1),
            None => rest
                .find(|next: char| !next.is_ascii_alphanumeric() && !matches!(next, '_' | '*'))
                .unwrap_or(rest.len()),
        };
        let named = rest.get(..end).unwrap_or_default();
        named.starts_with('*')
            || named.split(|next: char| !next.is_ascii_alphanumeric()).any(|word| word == "Command")
    })
}

/// Whether code writes temporary files, as far as its words tell.
fn temporary(text: &str) -> bool {
    ["temp_dir", "tempfile", "NamedTempFile", "TempDir", "TempFile", "\"/tmp"]
        .iter()
        .any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_starts_programs() {
        for text in [
            "use std::process::Command;",
            "use std::process::{exit, Command};",
            "std::process::Command::new(\"git\")",
            "use tokio::process::*;",
            "let out = duct::cmd!(\"ls\");",
        ] {
            assert!(starts(text), "{text}");
        }
        for text in [
            "use clap::Command; Command::new(\"app\")",
            "std::process::exit(1)",
            "use std::process::{self, ExitCode};",
            "process::{",
            "process::",
            "",
        ] {
            assert!(!starts(text), "{text}");
        }
    }

    #[test]
    fn code_that_writes_temporary_files() {
        assert!(temporary("std::env::temp_dir()"));
        assert!(!temporary("fn main() {}"));
    }
}
