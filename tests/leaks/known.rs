//! Where a password is shown because nothing tells that it is one. A token is accepted only where the list says so.
//!
//! A test fails when something else is shown, and when something on its list no longer is.

use std::collections::BTreeSet;

use crate::positions::{HEADS, INSTRUCTIONS, Kind};
use crate::search::Output;

/// Positions and the reason why they are shown.
type List = [(Output, &'static str, &'static str)];

/// Positions that may be shown, and have to be.
pub(crate) type Known = BTreeSet<(Output, &'static str)>;

use Output::{Diff, File, Message};

const ERROR: &str = "the error says which word is wrong, or quotes its line";
const IMAGE: &str = "the finding names the image";
const FOUND: &str = "the finding names what it is about";
const MOUNT: &str = "what is mounted is named, so that its owner can be changed";
const SERVICE: &str = "the page of notes names the services of a compose file";
const SCRIPT: &str = "the hazard names the path or the service that a script uses";
const PATTERN: &str = "a line of a .dockerignore beside one that is added";

/// In text and in JSON.
pub(crate) const IN_ALL: &List = &[
    (Message, "add-source", FOUND),
    (File, "compose-twice/compose.yaml other-service", SERVICE),
    (File, "compose-twice/compose.yaml service", SERVICE),
    (File, "compose/compose.yaml bind-source", MOUNT),
    (File, "compose/compose.yaml bind-target", MOUNT),
    (File, "volume", FOUND),
    (File, "volume-exec", FOUND),
    (Message, "bad-boolean", ERROR),
    (Message, "bad-copy-flag", ERROR),
    (Message, "bad-escape", ERROR),
    (Message, "bad-flag", ERROR),
    (Message, "bad-healthcheck", ERROR),
    (Message, "bad-heredoc", ERROR),
    (Message, "bad-heredoc-of-env", ERROR),
    (Message, "bad-interval", ERROR),
    (Message, "bad-line", ERROR),
    (Message, "bad-mount-variable", ERROR),
    (Message, "bad-network", ERROR),
    (Message, "bad-security", ERROR),
    (Message, "bad-stage", ERROR),
    (Message, "compose/compose.yaml bind-source", MOUNT),
    (Message, "compose/compose.yaml bind-target", MOUNT),
    (Message, "copy-from", IMAGE),
    (Message, "from", IMAGE),
    (Message, "from-path", IMAGE),
    (Message, "from-tag", IMAGE),
    (Message, "from-userinfo", IMAGE),
    (Message, "global-arg-image", IMAGE),
    (Message, "mount-from", IMAGE),
    (Message, "scripts/entrypoint.sh downloaded", SCRIPT),
    (Message, "scripts/entrypoint.sh made", SCRIPT),
    (Message, "scripts/entrypoint.sh redirected", SCRIPT),
    (Message, "scripts/entrypoint.sh started", SCRIPT),
    (Message, "scripts/package.json made", SCRIPT),
    (Message, "scripts/package.json redirected", SCRIPT),
    (Message, "user", FOUND),
    (Message, "volume", FOUND),
    (Message, "volume-exec", FOUND),
    (Message, "workdir", FOUND),
];

/// In text only, which quotes lines.
pub(crate) const IN_TEXT: &List = &[
    (Message, "bad-arg", ERROR),
    (Message, "bad-copy", ERROR),
    (Message, "bad-directives", ERROR),
    (Message, "bad-from", ERROR),
    (Message, "bad-label", ERROR),
    (Message, "bad-onbuild", ERROR),
    (Message, "bad-order", ERROR),
    (Message, "bad-shell", ERROR),
    (Message, "comment-unknown-name", FOUND),
];

/// In JSON and in what is written with all notes.
pub(crate) const IN_REPORTS: &List = &[(Diff, "copied/.dockerignore 2", PATTERN), (File, "workdir", FOUND)];

const REFUSED: &str = "the error names the word that is not allowed";
const KEY: &str = "the error names the unknown key as the JSON reader gives it";
const TYPED: &str = "the error repeats an argument to whoever typed it";
const NAMED: &str = "files are called by their names";

/// In the errors about configurations and facts files.
pub(crate) const IN_REFUSED_FILES: &List = &[
    (Message, "--config image 1", REFUSED),
    (Message, "--config level 1", REFUSED),
    (Message, "--config only 1", REFUSED),
    (Message, "--config paths 1", REFUSED),
    (Message, "--config registry-key 1", REFUSED),
    (Message, "--config style 1", REFUSED),
    (Message, "--config unknown-key 1", REFUSED),
];

/// The same, where a token is shown, too.
pub(crate) const TOKENS_IN_REFUSED_FILES: &List = &[(Message, "--facts unknown-field 1", KEY)];

/// In the errors about arguments; tokens, too.
pub(crate) const IN_ARGUMENTS: &List = &[
    (Message, "argument cache-ttl", TYPED),
    (Message, "argument color", TYPED),
    (Message, "argument explain", TYPED),
    (Message, "argument flag", TYPED),
    (Message, "argument format", TYPED),
    (Message, "argument jobs", TYPED),
    (Message, "argument level", TYPED),
    (Message, "argument notes", TYPED),
    (Message, "argument only", TYPED),
    (Message, "argument output", TYPED),
    (Message, "argument path", TYPED),
    (Message, "argument skip", TYPED),
    (Message, "argument verb", TYPED),
];

/// In messages about files; tokens, too.
pub(crate) const IN_NAMES: &List =
    &[(Message, "name of a Dockerfile", NAMED), (Message, "name of a file of the context", NAMED)];

/// Lists without the reasons.
pub(crate) fn of(lists: &[&List]) -> Known {
    lists.iter().flat_map(|list| list.iter()).map(|&(output, position, _)| (output, position)).collect()
}

/// What a redacted diff shows: each position of the tables that tells nothing.
pub(crate) fn bare() -> Known {
    let all = INSTRUCTIONS.iter().chain(HEADS);
    let bare = all.filter(|(_, kind, _)| matches!(kind, Kind::Bare(_)));
    bare.map(|&(name, ..)| (Diff, name)).collect()
}
