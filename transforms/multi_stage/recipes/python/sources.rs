//! Sources of the program that use what only the full image has: programs they start, libraries they open, code they
//! compile.

use harden_core::{Hazard, Missing, Place};

use crate::multi_stage::view::View;

/// Sources that are read.
const MAX_SOURCES: usize = 512;

/// Bytes of sources that are read.
const MAX_BYTES: usize = 8 << 20;

/// Names in sources, and what they do with the system.
const NAMES: [(&str, &str); 16] = [
    ("asyncio.create_subprocess", "starts programs"),
    ("cpp_extension", "compiles code"),
    ("create_subprocess_exec", "starts programs"),
    ("create_subprocess_shell", "starts programs"),
    ("ctypes", "opens libraries"),
    ("load_inline", "compiles code"),
    ("os.exec", "starts programs"),
    ("os.popen", "starts programs"),
    ("os.spawn", "starts programs"),
    ("os.system", "starts programs"),
    ("pexpect", "starts programs"),
    ("pyximport", "compiles code"),
    ("subprocess", "starts programs"),
    ("torch.compile", "compiles code"),
    ("dlopen(", "opens libraries"),
    ("distutils", "uses what builds packages"),
];

/// What stands against the slim image.
pub(super) fn hazards(view: &View<'_, '_>) -> Vec<Hazard> {
    let files = match view.files() {
        Ok(files) => files,
        Err(why) => {
            let message =
                format!("which programs and libraries the sources use is not known: {}", why.message);
            return vec![Hazard { id: "context-unknown", message, place: None }];
        }
    };
    let sources = files.all.values().filter(|file| {
        let name = file.context.to_ascii_lowercase();
        let ending = std::path::Path::new(&name).extension().is_some_and(|ending| ending == "py");
        ending && !file.special && !is_test(&name)
    });
    let (mut read, mut bytes) = (0, 0);
    let mut hazards = Vec::new();
    for file in sources {
        read += 1;
        if read > MAX_SOURCES || bytes > MAX_BYTES {
            let message =
                "there are more sources than are read; they may start programs that only the full image has"
                    .to_owned();
            hazards.push(Hazard { id: "sources-unread", message, place: None });
            break;
        }
        let text = match view.ctx.context_text(&file.context).map_err(Missing::why) {
            Ok(text) => text,
            Err(why) => {
                let message = format!("`{}` could not be read: {}", file.context, why.message);
                hazards.push(Hazard { id: "sources-unread", message, place: None });
                break;
            }
        };
        bytes += text.len();
        if let Some((line, what)) = found(&text) {
            let message = format!("{} {what}, and the slim image has fewer of them", file.context);
            let place = Some(Place::File { name: file.context.clone(), line: u32::try_from(line).ok() });
            hazards.push(Hazard { id: "uses-system", message, place });
            break;
        }
    }
    hazards
}

/// Whether a source is one of tests, which the program does not run.
fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path.split('/').any(|part| matches!(part, "test" | "tests"))
        || name.starts_with("test_")
        || name == "setup.py"
}

/// The first line that uses the system, from 1, and how.
fn found(text: &str) -> Option<(usize, &'static str)> {
    text.lines().enumerate().find_map(|(index, line)| {
        let code = line.split('#').next().unwrap_or_default();
        let (_, what) = NAMES.iter().find(|(name, _)| code.contains(name))?;
        Some((index + 1, *what))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_sources() {
        assert_eq!(found("import os\nx = 1 # subprocess\n"), None);
        assert_eq!(found("import os\nos.system('git pull')\n"), Some((2, "starts programs")));
        assert_eq!(found("from ctypes import CDLL"), Some((1, "opens libraries")));
        assert!(is_test("app/tests/a.py") && is_test("test_x.py") && !is_test("app/latest.py"));
    }
}
