//! Which programs read a file that a command does not name.

use harden_core::shell::Command;

use super::names::Reader;

/// Whether a command reads the file.
pub(super) enum Reads {
    No,
    Certainly,
    /// This program may.
    Perhaps(String),
}

/// Programs that talk SSH themselves.
const SSH: &[&str] = &["ssh", "scp", "sftp", "rsync", "ssh-add", "git", "hg"];

/// Programs that fetch what a project needs, with git where it says so.
const FETCHERS: &[&str] = &[
    "npm", "yarn", "pnpm", "bun", "pip", "pip3", "pipenv", "poetry", "uv", "composer", "bundle", "go",
    "cargo", "mix", "glide", "dep", "govendor", "pod", "carthage", "swift", "stack", "cabal", "rebar3",
    "lerna", "conan", "repo", "west", "vcs",
];

/// Programs that read neither a project's files nor a user's settings.
const QUIET: &[&str] = &[
    "apt-get",
    "apt",
    "apt-key",
    "apt-mark",
    "apk",
    "yum",
    "dnf",
    "microdnf",
    "zypper",
    "dpkg",
    "rpm",
    "add-apt-repository",
    "mkdir",
    "rmdir",
    "touch",
    "echo",
    "printf",
    "cd",
    "true",
    "false",
    ":",
    "test",
    "[",
    "[[",
    "export",
    "set",
    "unset",
    "exit",
    "ls",
    "find",
    "chmod",
    "chown",
    "chgrp",
    "rm",
    "ln",
    "cp",
    "mv",
    "cat",
    "head",
    "tail",
    "grep",
    "sed",
    "awk",
    "cut",
    "sort",
    "tr",
    "tee",
    "wc",
    "xargs",
    "tar",
    "unzip",
    "zip",
    "gzip",
    "gunzip",
    "xz",
    "curl",
    "wget",
    "useradd",
    "adduser",
    "groupadd",
    "addgroup",
    "usermod",
    "passwd",
    "chpasswd",
    "id",
    "whoami",
    "uname",
    "date",
    "sleep",
    "which",
    "command",
    "type",
    "hash",
    "install",
    "locale-gen",
    "update-ca-certificates",
    "ldconfig",
    "ssh-keyscan",
    "sha256sum",
    "sha512sum",
    "md5sum",
    "gpg",
    "strip",
    "du",
    "df",
    "pwd",
    "dirname",
    "basename",
    "umask",
    "truncate",
    "readlink",
    "realpath",
    "shred",
    "unlink",
    "corepack",
    "eval",
];

/// Judges a command that does not name the file.
pub(super) fn judge(command: &Command, reader: Reader) -> Reads {
    if command.words.is_empty() {
        return Reads::No;
    }
    let Some(name) = command.name() else {
        return Reads::Perhaps("a program that a variable names".to_owned());
    };
    let version =
        command.words.iter().skip(1).any(|word| matches!(word.text.as_str(), "--version" | "-v" | "version"));
    // Settings of git alone need no connection.
    let settings =
        command.words.get(1).is_some_and(|word| matches!(word.text.as_str(), "config" | "init" | "cache"));
    let reads = match reader {
        Reader::Ssh => SSH.contains(&name) || FETCHERS.contains(&name),
        Reader::Programs(programs) => programs.contains(&name),
        Reader::Named => false,
    };
    match reads {
        true if version || settings => Reads::No,
        true => Reads::Certainly,
        false if QUIET.contains(&name) => Reads::No,
        false => Reads::Perhaps(shown(name).to_owned()),
    }
}

/// The name of a program for a message.
pub(super) fn shown(name: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    if !name.is_empty() && name.len() <= 32 && name.bytes().all(plain) { name } else { "a command" }
}
