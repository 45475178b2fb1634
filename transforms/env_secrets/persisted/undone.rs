//! Whether the same step takes away again what it stored: then no layer holds it.

use harden_core::shell::Command;

use super::commands::Store;

/// Whether one of the commands that follow in the same RUN removes the file or the setting, whatever happens before it.
pub(super) fn is_undone<'c>(store: &Store, mut later: impl Iterator<Item = &'c Command>) -> bool {
    later.any(|command| {
        // `cmd || rm …` removes it only when something failed.
        !command.place.fallback && (removes(command, &store.files) || takes_away(command, store.undo))
    })
}

/// `rm`, `unlink` or `shred -u` of one of the files, or of a folder that holds it.
fn removes(command: &Command, files: &[String]) -> bool {
    let removes = match command.name() {
        Some("rm" | "unlink") => true,
        Some("shred") => command.has_flag(Some('u'), "remove"),
        _ => false,
    };
    removes
        && command.words.iter().skip(1).filter(|word| !word.text.starts_with('-')).any(|word| {
            let gone = normal(&word.text);
            files.iter().map(|file| normal(file)).any(|file| holds(gone, file))
        })
}

/// Whether removing `gone` removes `file`: the same path, its end, or a folder above it.
fn holds(gone: &str, file: &str) -> bool {
    let ends_with = |path: &str, end: &str| {
        path.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    let below = file.strip_prefix(gone).is_some_and(|rest| rest.starts_with('/'));
    !gone.is_empty() && (ends_with(gone, file) || ends_with(file, gone) || below)
}

/// A path without what spells the same place differently.
fn normal(path: &str) -> &str {
    let path = path.trim_matches('"').trim_end_matches(['/', '*']).trim_end_matches('/');
    let path = ["~/", "$HOME/", "${HOME}/", "/root/", "./"]
        .iter()
        .find_map(|home| path.strip_prefix(home))
        .unwrap_or(path);
    path.trim_start_matches("./")
}

fn takes_away(command: &Command, undo: &[(&str, &str)]) -> bool {
    let Some(name) = command.name() else { return false };
    undo.iter().any(|(program, word)| {
        *program == name && command.words.iter().skip(1).any(|argument| argument.text == *word)
    })
}

#[cfg(test)]
mod tests {
    use harden_core::shell::read;

    use super::super::commands::store;
    use super::*;

    fn kept(script: &str) -> bool {
        let commands = read(script).commands;
        let at = commands.iter().position(|one| store(one).is_some()).unwrap();
        let store = store(&commands[at]).unwrap();
        !is_undone(&store, commands[at + 1..].iter())
    }

    #[test]
    fn what_is_removed_in_the_same_step_is_not_kept() {
        for (script, expected) in [
            ("echo $T > ~/.npmrc && npm ci && rm -f ~/.npmrc", false),
            ("echo $T > /root/.npmrc && npm ci && rm -f ~/.npmrc", false),
            ("echo $T > .npmrc; npm ci; rm .npmrc", false),
            ("echo $T > .npmrc; npm ci", true),
            ("echo $T > .npmrc; npm ci || rm .npmrc", true),
            ("echo $T > /etc/a/b && rm -rf /etc/a", false),
            ("echo $T > /etc/a/b && rm -rf /etc/ab", true),
            ("git clone https://x:$T@host/repo.git && rm -rf repo/.git", false),
            ("git clone https://x:$T@host/repo.git src && rm -rf repo", true),
            ("git clone https://x:$T@host/repo.git && rm -rf repo", false),
            (
                "git config --global url.x.insteadOf y && git clone a && git config --global --unset url.x.insteadOf",
                false,
            ),
            ("git config --global url.x.insteadOf y && git clone a", true),
            ("npm config set a $T && npm ci && npm config delete a", false),
            ("docker login -p $T && docker pull x && docker logout", false),
            ("docker login -p $T && docker pull x", true),
            ("aws configure set a $T && rm -rf ~/.aws", false),
        ] {
            assert_eq!(kept(script), expected, "{script}");
        }
    }

    #[test]
    fn what_stores_nothing() {
        for script in [
            "npm ci",
            "echo $T > /dev/null",
            "curl -H \"Authorization: $T\" https://example.com",
            "docker build .",
            "git fetch origin",
            "npm config get registry",
            "git clone git@example.com:a/b",
            "git clone --branch $T https://example.com/a/b",
            "make 2> log",
            "curl -H \"Authorization: $T\" https://example.com > data.json",
            "echo $T | sha256sum",
        ] {
            assert!(read(script).commands.iter().all(|one| store(one).is_none()), "{script}");
        }
    }
}
