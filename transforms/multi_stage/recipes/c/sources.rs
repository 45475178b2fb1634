//! What C and C++ code says about how the program runs.

use harden_core::Why;

use crate::multi_stage::view::View;

/// Files that are read at most.
const MAX_SOURCES: usize = 600;

/// What was found: the file that does it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sources {
    /// It starts other programs.
    pub(super) starts: Option<String>,
    /// It loads libraries by name, or asks the C library for what it loads itself.
    pub(super) loads: Option<String>,
    /// Not all could be read, or there are none.
    pub(super) unread: bool,
}

/// Reads the code below the folders of the project.
///
/// # Errors
/// The build context is not known.
pub(super) fn read(view: &View<'_, '_>, roots: &[String]) -> Result<Sources, Why> {
    let files = view.files()?;
    let mut found = Sources::default();
    let mut count = 0;
    let all = roots.iter().flat_map(|root| files.below(root)).filter(|(path, _)| super::is_source(path));
    for (path, file) in all {
        count += 1;
        if count > MAX_SOURCES {
            found.unread = true;
            break;
        }
        // Objects and archives are no text.
        let Ok(text) = view.ctx.context_text(&file.context) else {
            found.unread = true;
            continue;
        };
        if calls(
            &text,
            &[
                "system",
                "popen",
                "posix_spawn",
                "posix_spawnp",
                "execl",
                "execlp",
                "execle",
                "execv",
                "execve",
                "execvp",
                "execvpe",
            ],
        ) {
            found.starts.get_or_insert_with(|| path.to_owned());
        }
        if calls(&text, &["dlopen", "iconv_open"]) {
            found.loads.get_or_insert_with(|| path.to_owned());
        }
    }
    found.unread |= count == 0;
    Ok(found)
}

/// Whether code calls one of these functions, as far as its words tell.
fn calls(text: &str, names: &[&str]) -> bool {
    text.match_indices('(').any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default().trim_end();
        let start =
            before.rfind(|one: char| !one.is_ascii_alphanumeric() && one != '_').map_or(0, |at| at + 1);
        before.get(start..).is_some_and(|name| names.contains(&name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found() {
        assert!(calls("int main() { return system (\"ls\"); }", &["system"]));
        assert!(calls("std::system(x)", &["system"]));
        assert!(!calls("int my_system(void); // system", &["system"]));
        assert!(!calls("(((", &["system"]));
    }
}
