//! Sources of the program that use what only the full image has: programs they start, libraries they open, code they
//! compile.

use harden_core::{Hazard, Missing, Place};

use crate::multi_stage::files::{Files, Placed};
use crate::multi_stage::view::View;
use crate::support::image_paths::CopyKind;

/// Sources that are read.
const MAX_SOURCES: usize = 512;

/// Bytes of sources that are read.
const MAX_BYTES: usize = 8 << 20;

/// Names in sources that stand for compilers; without one, `find_library` finds nothing on Alpine.
const COMPILING: [(&str, &str); 9] = [
    ("\"gcc\"", "compiles code"),
    ("'gcc'", "compiles code"),
    ("cpp_extension", "compiles code"),
    ("distutils", "uses what builds packages"),
    ("ffi.verify", "compiles code"),
    ("find_library", "opens libraries"),
    ("load_inline", "compiles code"),
    ("pyximport", "compiles code"),
    ("torch.compile", "compiles code"),
];

/// Names in sources that stand for programs and libraries of the system.
const SYSTEM: [(&str, &str); 10] = [
    ("create_subprocess_exec", "starts programs"),
    ("create_subprocess_shell", "starts programs"),
    ("ctypes", "opens libraries"),
    ("dlopen(", "opens libraries"),
    ("os.exec", "starts programs"),
    ("os.popen", "starts programs"),
    ("os.spawn", "starts programs"),
    ("os.system", "starts programs"),
    ("pexpect", "starts programs"),
    ("subprocess", "starts programs"),
];

/// What stands against the runtime image: anything of the system where it is the slim one of a full image, compilers
/// where those are all it lacks.
pub(super) fn hazards(view: &View<'_, '_>, full: bool) -> Vec<Hazard> {
    let files = match view.files() {
        Ok(files) => files,
        Err(_) if !full => return Vec::new(),
        Err(why) => {
            let message =
                format!("which programs and libraries the sources use is not known: {}", why.message);
            return vec![Hazard { id: "context-unknown", message, place: None }];
        }
    };
    let is_copied = view
        .run
        .paths
        .copied()
        .any(|one| one.sources.iter().any(|source| matches!(source.kind, CopyKind::Context)));
    if full && is_copied && !files.all.keys().any(|path| is_python(path)) {
        let message = "the build context has no source of a Python program, so which programs and libraries it uses is not known";
        return vec![Hazard { id: "context-unknown", message: message.to_owned(), place: None }];
    }
    let sources = sources(files);
    let unread = |message: String| Hazard { id: "sources-unread", message, place: None };
    let mut bytes = 0;
    for (index, file) in sources.enumerate() {
        if index >= MAX_SOURCES || bytes > MAX_BYTES {
            let message =
                "there are more sources than are read; they may start programs the runtime image lacks";
            return vec![unread(message.to_owned())];
        }
        let text = match view.ctx.context_text(&file.context).map_err(Missing::why) {
            Ok(text) => text,
            Err(why) => {
                return vec![unread(format!("`{}` could not be read: {}", file.context, why.message))];
            }
        };
        bytes += text.len();
        if let Some((line, what)) = found(&text, full) {
            let message = format!("{} {what}, and the runtime image may lack what that needs", file.context);
            let place = Some(Place::File { name: file.context.clone(), line: u32::try_from(line).ok() });
            return vec![Hazard { id: "uses-system", message, place }];
        }
    }
    Vec::new()
}

/// Whether sources start programs, or nobody can tell.
pub(super) fn start_programs(view: &View<'_, '_>) -> bool {
    let Ok(files) = view.files() else { return true };
    let mut bytes = 0;
    sources(files).enumerate().any(|(index, file)| {
        let Ok(text) = view.ctx.context_text(&file.context) else { return true };
        bytes += text.len();
        index >= MAX_SOURCES || bytes > MAX_BYTES || found(&text, true).is_some()
    })
}

/// The sources that the program may run.
fn sources(files: &Files) -> impl Iterator<Item = &Placed> {
    files.all.values().filter(|file| is_python(&file.context) && !file.special && !is_test(&file.context))
}

/// Whether a file is Python source, by its name.
fn is_python(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("py"))
}

/// Whether a source is one of tests, which the program does not run.
fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path.split('/').any(|part| matches!(part, "test" | "tests"))
        || name.starts_with("test_")
        || name == "setup.py"
}

/// The first line that uses the system, from 1, and how.
fn found(text: &str, full: bool) -> Option<(usize, &'static str)> {
    let system: &[(&str, &str)] = if full { &SYSTEM } else { &[] };
    text.lines().enumerate().find_map(|(index, line)| {
        let code = line.split('#').next().unwrap_or_default();
        let is_started = |name: &&str| code.contains(*name);
        let compiles = SYSTEM.iter().any(|(name, _)| code.contains(name))
            && ["gcc", "g++", "cmake", "make ", "'make'", "\"make\"", "cargo", "rustc"]
                .iter()
                .any(is_started);
        if compiles {
            return Some((index + 1, "compiles code"));
        }
        let (_, what) = COMPILING.iter().chain(system).find(|(name, _)| code.contains(name))?;
        Some((index + 1, *what))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_sources() {
        assert_eq!(found("import os\nx = 1 # subprocess\n", true), None);
        assert_eq!(found("import os\nos.system('git pull')\n", true), Some((2, "starts programs")));
        assert_eq!(found("from ctypes import CDLL", true), Some((1, "opens libraries")));
        let gcc = "from ctypes import CDLL\nsubprocess.run(['gcc'])";
        assert_eq!(found(gcc, false), Some((2, "compiles code")));
        assert_eq!(found("os.system('make all')", false), Some((1, "compiles code")));
        assert_eq!(found("os.system('ls')", false), None);
        assert!(is_test("app/tests/a.py") && is_test("test_x.py") && !is_test("app/latest.py"));
    }
}
