//! `completions`: every verb and every option, for every shell.

use std::process::Command;

use clap::{CommandFactory as _, ValueEnum as _};
use harden::cli::Cli;

use crate::support::Sandbox;

/// Verbs with their long options; the program itself is the empty name.
pub(crate) fn verbs() -> Vec<(String, Vec<String>)> {
    let mut whole = Cli::command();
    whole.build();
    let options = |command: &clap::Command| {
        let shown = command.get_arguments().filter(|argument| !argument.is_hide_set());
        shown.filter_map(|argument| argument.get_long().map(str::to_owned)).collect::<Vec<_>>()
    };
    let mut verbs = vec![(String::new(), options(&whole))];
    let all = whole.get_subcommands().filter(|verb| verb.get_name() != "help");
    verbs.extend(all.map(|verb| (verb.get_name().to_owned(), options(verb))));
    assert!(verbs.len() >= 9 && verbs[0].1.len() > 30, "{verbs:?}");
    verbs
}

#[test]
fn every_shell_completes_every_verb_and_option() {
    let sandbox = Sandbox::new(&[]);
    for shell in clap_complete::Shell::value_variants() {
        let name = shell.to_string();
        let said = sandbox.harden(&["completions", &name]);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{name}");
        let words: Vec<&str> =
            said.out.split(|one: char| !(one.is_ascii_alphanumeric() || one == '-' || one == '_')).collect();
        for (verb, options) in verbs() {
            assert!(verb.is_empty() || words.contains(&verb.as_str()), "{name}: {verb}");
            for option in options {
                // fish takes the name behind `-l`.
                let dashed = format!("--{option}");
                let found = words.contains(&dashed.as_str()) || said.out.contains(&format!(" -l {option} "));
                assert!(found, "{name}: --{option} of `{verb}`");
            }
        }
        assert_eq!(sandbox.harden(&["completions", &name]), said, "{name}: twice the same");
    }
}

#[test]
fn another_shell_is_an_error() {
    let sandbox = Sandbox::new(&[]);
    sandbox
        .harden(&["completions", "tcsh"])
        .failed_with("[possible values: bash, elvish, fish, powershell, zsh]");
    assert_eq!(sandbox.harden(&["completions"]).code, Some(2));
}

/// Whether a program is at hand; 127 is what the loader answers for one that cannot start.
pub(crate) fn has(program: &str) -> bool {
    let found =
        Command::new(program).arg("--version").output().is_ok_and(|said| said.status.code() != Some(127));
    if !found {
        println!("skipped: no {program}");
    }
    found
}

/// The shells themselves read their script.
#[cfg(unix)]
#[test]
fn shells_parse_their_script() {
    let sandbox = Sandbox::new(&[]);
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        if !has(shell) {
            continue;
        }
        sandbox.write(shell, sandbox.harden(&["completions", shell]).out);
        let output = sandbox.command(shell).args([check, shell]).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}");
    }
}

/// What bash offers at the end of a command line.
#[cfg(unix)]
#[test]
fn bash_offers_what_there_is() {
    if !has("bash") {
        return;
    }
    let sandbox = Sandbox::new(&[]);
    sandbox.write("script", sandbox.harden(&["completions", "bash"]).out);
    let offered = |words: &[&str]| {
        let script = "source ./script; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                      _harden harden \"${@: -1}\" \"${@: -2:1}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
        let output =
            sandbox.command("bash").args(["--norc", "-c", script, "bash"]).args(words).output().unwrap();
        assert!(output.stderr.is_empty(), "{output:?}");
        let mut found: Vec<_> =
            String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
        found.retain(|word| !word.is_empty());
        found
    };
    for (words, expected) in [
        (&["harden", "comp"][..], &["completions"][..]),
        (&["harden", "--lev"], &["--level"]),
        (&["harden", "--level", "sa"], &["safe"]),
        (&["harden", "--runtime", ""], &["scratch", "distroless", "slim"]),
        (&["harden", "explain", "add-lo"], &["add-local"]),
        (&["harden", "verify", "--build-t"], &["--build-timeout"]),
        (&["harden", "init", "--s"], &["--stdout", "--schema"]),
        (&["harden", "completions", "el"], &["elvish"]),
        // Nothing of its own: bash completes files.
        (&["harden", "--write", "Dock"], &[]),
    ] {
        assert_eq!(offered(words), expected, "{words:?}");
    }
}
