//! What the program's own code says it needs of the image.

use std::collections::BTreeSet;

use harden_core::Place;

use crate::multi_stage::view::View;

/// Files that are read; the code of a service is smaller.
const MAX_FILES: usize = 400;

/// Bytes of text that are read.
const MAX_BYTES: usize = 8 << 20;

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Scan {
    /// A file that starts other programs.
    pub(super) starts: Option<Place>,
    /// It reads certificates of the image.
    pub(super) certificates: bool,
    /// Not every file was read.
    pub(super) partial: bool,
}

/// Looks through the code below `root`.
pub(super) fn scan(view: &View<'_, '_>, root: &str) -> Scan {
    let mut found = Scan::default();
    let Ok(files) = view.files() else { return found };
    let mut room = MAX_BYTES;
    for (at, (rest, file)) in files.below(root).filter(|(rest, _)| is_code(rest)).enumerate() {
        if at == MAX_FILES || room == 0 {
            found.partial = true;
            return found;
        }
        let Ok(text) = view.ctx.context_text(&file.context) else {
            // A bundle of more than a mebibyte, or no text.
            found.partial |= !rest.ends_with(".min.js");
            continue;
        };
        room = room.saturating_sub(text.len());
        found.certificates |= text.contains("/etc/ssl");
        if found.starts.is_none()
            && let Some(line) = starts(&text)
        {
            found.starts = Some(Place::File { name: file.context.clone(), line: Some(line) });
        }
    }
    found
}

/// The first file below `root` that names one of these packages as a module, and the package. Settings of tools do not
/// count, nor do types.
pub(super) fn names(view: &View<'_, '_>, root: &str, packages: &BTreeSet<String>) -> Option<(String, Place)> {
    let files = view.files().ok()?;
    let is_settings = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        name.contains(".config.") || name.starts_with('.') || matches!(name, "gulpfile.js" | "Gruntfile.js")
    };
    let code = files.below(root).filter(|(rest, _)| is_code(rest) && !is_settings(rest));
    let mut room = MAX_BYTES;
    for (_, file) in code.take(MAX_FILES) {
        let Ok(text) = view.ctx.context_text(&file.context) else { continue };
        room = room.saturating_sub(text.len());
        if room == 0 {
            return None;
        }
        if let Some((name, line)) = module(&text, packages) {
            return Some((name, Place::File { name: file.context.clone(), line: Some(line) }));
        }
    }
    None
}

/// The first of these packages that a text names between quotes, and the line, from 1.
fn module(text: &str, packages: &BTreeSet<String>) -> Option<(String, u32)> {
    for (line, words) in (1..).zip(text.lines()) {
        for part in words.split(['"', '\'', '`']).skip(1).step_by(2) {
            if packages.contains(super::start::package_of(part)) {
                return Some((super::start::package_of(part).to_owned(), line));
            }
        }
    }
    None
}

/// Whether a path below the project is code that may run in containers: not that of dependencies, tests and browsers.
fn is_code(path: &str) -> bool {
    const ENDINGS: [&str; 8] = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx"];
    const OTHERS: [&str; 10] = [
        "node_modules",
        "test",
        "tests",
        "__tests__",
        "__mocks__",
        "spec",
        "e2e",
        "cypress",
        ".git",
        "bower_components",
    ];
    let name = path.rsplit('/').next().unwrap_or_default();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
        && !name.ends_with(".d.ts")
        && !name.contains(".test.")
        && !name.contains(".spec.")
        && !path.split('/').any(|part| OTHERS.contains(&part))
}

/// The line, from 1, where a text gets what starts other programs. `fork` starts Node.js.
fn starts(text: &str) -> Option<u32> {
    const CALLS: [&str; 3] = ["exec", "spawn", "promisify"];
    let at = text.find("child_process")?;
    if !CALLS.iter().any(|call| text.contains(call)) {
        return None;
    }
    let before = text.get(..at).unwrap_or_default();
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    u32::try_from(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_starts_programs() {
        assert_eq!(starts("const { execFile } = require('child_process')"), Some(1));
        assert_eq!(starts("\n\nimport { spawn } from 'node:child_process'\r\n"), Some(3));
        assert_eq!(starts("const { fork } = require('child_process'); fork('./worker.js')"), None);
        assert_eq!(starts("/re/.exec(text)"), None);
        assert_eq!(starts(""), None);
    }

    #[test]
    fn modules_between_quotes() {
        let packages = BTreeSet::from(["@a/b".to_owned(), "pino-pretty".to_owned()]);
        let found = |text: &str| module(text, &packages).map(|(name, line)| format!("{name} {line}"));
        assert_eq!(found("const x = 1\nimport b from '@a/b/register'").as_deref(), Some("@a/b 2"));
        assert_eq!(found("transport: { target: \"pino-pretty\" }").as_deref(), Some("pino-pretty 1"));
        assert_eq!(found("// pino-pretty is nice"), None);
        assert_eq!(found("'"), None);
    }

    #[test]
    fn which_files_are_code() {
        for path in ["server.js", "src/a.ts", "lib/x.mjs"] {
            assert!(is_code(path), "{path}");
        }
        for path in ["node_modules/a/b.js", "test/a.js", "a.test.ts", "types.d.ts", "a.json", "README"] {
            assert!(!is_code(path), "{path}");
        }
    }
}
