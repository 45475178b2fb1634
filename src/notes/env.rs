//! `.env.example`: the names of the variables a container has to be given.
//!
//! Format: what `docker run --env-file` and Compose read (Docker documentation, "Set environment variables", "Syntax for
//! environment variable files"): `NAME=value`, `NAME`, `export NAME=value`, and `#` before a comment.

use std::collections::BTreeSet;

use super::lines::append;
use super::words::clean;

/// The file with a line for each name that it does not have yet.
pub(super) fn merge(text: &str, names: &BTreeSet<String>) -> String {
    let known: BTreeSet<&str> = text.lines().filter_map(name).collect();
    let new: Vec<String> = names
        .iter()
        .filter(|name| is_name(name) && !known.contains(name.as_str()))
        .map(|name| format!("{name}="))
        .collect();
    append(text, new.iter().map(String::as_str))
}

/// Whether both readers take it for a name, and it is no secret itself: anything else could change the meaning of the
/// line.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let text = if clean(text) == text { text } else { "" };
    text.bytes().all(plain)
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

fn name(line: &str) -> Option<&str> {
    let line = line.trim_start_matches('\u{feff}').trim();
    if line.starts_with('#') {
        return None;
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    // Compose reads a colon like the equals sign.
    let name = line.split(['=', ':']).next().unwrap_or_default().trim();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn names_that_are_there_are_left() {
        let text = "# DB_PASSWORD=old\nexport API_KEY=\nPORT = 80\nTOKEN\nURL: x\n";
        let all = names(&["API_KEY", "DB_PASSWORD", "PORT", "TOKEN", "URL"]);
        let merged = merge(text, &all);
        assert_eq!(merged, format!("{text}DB_PASSWORD=\n"));
        assert_eq!(merge(&merged, &all), merged);
        assert_eq!(merge("", &all), "API_KEY=\nDB_PASSWORD=\nPORT=\nTOKEN=\nURL=\n");
        assert_eq!(merge("A=1", &names(&["B"])), "A=1\nB=");
    }

    #[test]
    fn a_name_cannot_make_a_line_of_its_own() {
        assert_eq!(merge("A=\n", &names(&["", "#x", "a b", "x=y", "B\nC", "1A"])), "A=\n");
    }
}
