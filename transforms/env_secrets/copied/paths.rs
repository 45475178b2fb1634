//! Paths in the words of a script.

use harden_core::{State, Value};

/// The working directory, where it is known.
pub(super) fn workdir(state: &State) -> Option<&str> {
    match &state.workdir {
        Value::Known(path) => Some(path),
        _ => None,
    }
}

/// Whether a word is the file, or a pattern that matches it.
pub(super) fn is_file(word: &str, path: &str, workdir: Option<&str>) -> bool {
    resolves(word, path, workdir) || matches_pattern(word, path)
}

/// Whether a word is the folder or something in it.
pub(super) fn is_below(word: &str, folder: &str, workdir: Option<&str>) -> bool {
    let mut path = word.trim_end_matches('/');
    loop {
        if resolves(path, folder, workdir) {
            return true;
        }
        match path.rfind('/').filter(|&at| at > 0) {
            Some(at) => path = &path[..at],
            None => return false,
        }
    }
}

/// Whether a word is a folder above the file, or everything in it.
pub(super) fn is_above(word: &str, path: &str, workdir: Option<&str>) -> bool {
    let word = word.trim_end_matches('*');
    above(path).any(|folder| resolves(word, folder, workdir))
}

/// The folders above an absolute path, the nearest first, without the root.
pub(super) fn above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rfind('/').filter(|&at| at > 0).map(|at| &path[..at]))
        .skip(1)
}

/// Whether a word is the path: absolute, below the home directory or below the working directory.
pub(super) fn resolves(word: &str, path: &str, workdir: Option<&str>) -> bool {
    let word = word.trim_end_matches('/');
    if word.starts_with('/') {
        return word == path;
    }
    if let Some(rest) = ["~/", "$HOME/", "${HOME}/"].iter().find_map(|home| word.strip_prefix(home)) {
        let of_home = path.strip_prefix("/root/").or_else(|| {
            path.strip_prefix("/home/").and_then(|rest| rest.split_once('/')).map(|(_, rest)| rest)
        });
        return of_home == Some(rest);
    }
    let word = word.trim_start_matches("./");
    let below = |folder: &str| path.strip_prefix(folder.trim_end_matches('/'))?.strip_prefix('/');
    !word.is_empty()
        && match workdir {
            Some(workdir) => below(workdir) == Some(word),
            // Wherever it is, the end says what is meant.
            None => path.strip_suffix(word).is_some_and(|rest| rest.ends_with('/')),
        }
}

/// Whether a text names the path, or its last part as a whole.
pub(super) fn mentions(text: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let part = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '_' | '.' | '-');
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// `/root/.ssh/id_*`: a pattern in the last part.
fn matches_pattern(word: &str, path: &str) -> bool {
    let (Some((word_folder, pattern)), Some((folder, name))) = (word.rsplit_once('/'), path.rsplit_once('/'))
    else {
        return false;
    };
    let Some((start, end)) = pattern.split_once('*') else { return false };
    let is_home = word_folder.strip_prefix('~').is_some_and(|rest| folder.ends_with(rest));
    (word_folder == folder || is_home)
        && !end.contains('*')
        && name.len() >= start.len() + end.len()
        && name.starts_with(start)
        && name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_paths() {
        let app = Some("/app");
        for word in ["/app/.npmrc", ".npmrc", "./.npmrc", "/app/.npm*"] {
            assert!(is_file(word, "/app/.npmrc", app), "{word}");
        }
        for word in ["/app/.npmrc.bak", "npmrc", "~/.npmrc", "../.npmrc", "", "/app", "/app/*.json"] {
            assert!(!is_file(word, "/app/.npmrc", app), "{word}");
        }
        for word in ["~/.ssh/id_rsa", "$HOME/.ssh/id_rsa", "/root/.ssh/id_rsa", "~/.ssh/id_*"] {
            assert!(is_file(word, "/root/.ssh/id_rsa", app), "{word}");
        }
        assert!(
            is_file(".ssh/id_rsa", "/root/.ssh/id_rsa", None)
                && !is_file("h/id_rsa", "/root/.ssh/id_rsa", None)
        );
        assert!(
            is_above("/root/.ssh", "/root/.ssh/id_rsa", None)
                && is_above("~/.ssh/*", "/root/.ssh/id_rsa", None)
        );
        assert!(
            !is_above("/root/.sshx", "/root/.ssh/id_rsa", None) && !is_above("/", "/root/.ssh/id_rsa", None)
        );
        assert!(
            is_below("~/.ssh/known_hosts", "/root/.ssh", None) && !is_below("~/.sshx/a", "/root/.ssh", None)
        );
    }

    #[test]
    fn mentions_are_whole_names() {
        assert!(mentions("cat /x/.env|sh", "/app/.env") && mentions("KEY=\"/k/id_rsa\"", "/k/id_rsa"));
        assert!(!mentions("cat .env.example a.env", "/app/.env") && !mentions("id_rsa.pub", "/k/id_rsa"));
    }
}
