//! Commands of the build that write a secret into the image: a mount hides where it came from, not where it went.

mod commands;
mod undone;

use std::borrow::Cow;
use std::collections::BTreeSet;

use harden_core::secrets::is_secret_name;
use harden_core::shell::{self, Command, Located};
use harden_core::syntax::{Flag, Instruction, Keyword, MountField, Span};
use harden_core::{Context, Finding, Scopes, State, Verdict, Why};

use commands::Store;

/// Most commands of one RUN that are looked at, with those inside wrappers.
const MAX_COMMANDS: usize = 4_000;

/// Where secret mounts are without a target (Docker docs, "RUN --mount=type=secret").
const MOUNTED: &str = "/run/secrets/";

/// One finding for each command that stores a secret and does not take it away in the same step.
///
/// `known` are variables that were found to hold secrets, whatever they are called.
pub(super) fn find(ctx: &Context<'_>, scopes: &Scopes<'_, '_>, known: &BTreeSet<String>) -> Vec<Finding> {
    let kept = super::stages::reached(ctx);
    let mut known = known.clone();
    known.extend(ctx.file().instructions().flat_map(mounted));
    let mut findings = Vec::new();
    for stage in 0..ctx.build.stages.len() {
        scopes.walk(stage, |_, instruction, state| {
            let run = instruction.trigger().unwrap_or(instruction);
            if run.keyword() == Keyword::Run {
                let stays = instruction.keyword() == Keyword::Onbuild || kept.contains(&stage);
                findings.extend(of_run(run, state, &known, stays));
            }
        });
    }
    findings
}

fn of_run(run: Instruction<'_>, state: &State, known: &BTreeSet<String>, stays: bool) -> Vec<Finding> {
    // Reading a script costs more than seeing that it names nothing.
    if !names_something(run) {
        return Vec::new();
    }
    let (located, _) = shell::of_instruction(run, &state.shell);
    let commands: Vec<(Command, Span)> = located.iter().flat_map(unwrapped).take(MAX_COMMANDS).collect();
    let mut findings = Vec::new();
    for (index, (command, span)) in commands.iter().enumerate() {
        let Some(secret) = secret_of(run, command, *span, known) else { continue };
        let stores = if command.place.piped {
            commands::through_pipe(&commands[index..])
        } else {
            commands::store(command).map(|store| (command, store))
        };
        let Some((writer, store)) = stores else { continue };
        let later = commands[index + 1..].iter().map(|(later, _)| later);
        if undone::is_undone(&store, later) {
            continue;
        }
        findings.push(finding(&secret, writer, &store, *span, stays));
    }
    findings
}

/// Variables that secret mounts of a RUN give it.
fn mounted(run: Instruction<'_>) -> Vec<String> {
    let mounts = run.flags().filter(|flag| flag.name() == "mount").filter_map(Flag::mount);
    let env = |fields: Vec<MountField<'_>>| {
        let named = fields.into_iter().find(|field| field.key == "env")?;
        named.value.map(Cow::into_owned)
    };
    mounts.filter_map(env).collect()
}

fn names_something(run: Instruction<'_>) -> bool {
    let texts = std::iter::once(run.arguments().text())
        .chain(run.heredocs().map(|heredoc| run.file().slice(heredoc.body())));
    texts.into_iter().any(|text| text.contains('$') || text.contains(MOUNTED) || text.contains("printenv"))
}

fn unwrapped(located: &Located) -> Vec<(Command, Span)> {
    let inner = located.command.unwrapped().commands;
    inner.into_iter().map(|command| (command, located.span)).collect()
}

/// The secret a command is given: the name of a variable, or the path of a mount.
fn secret_of(
    run: Instruction<'_>,
    command: &Command,
    span: Span,
    known: &BTreeSet<String>,
) -> Option<String> {
    let redirected = command.redirects.iter().map(|(_, target)| target);
    let in_words = command
        .words
        .iter()
        .chain(redirected)
        .filter(|word| !word.literal)
        .find_map(|word| secret_in(&word.text, known));
    let in_heredocs = || {
        run.heredocs()
            .filter(|one| one.expands() && span.covers(one.opener().span()))
            .find_map(|heredoc| secret_in(run.file().slice(heredoc.body()), known))
    };
    let in_mounted = || {
        command.words.iter().chain(command.redirects.iter().map(|(_, word)| word)).find_map(|word| {
            let path = &word.text[word.text.find(MOUNTED)?..];
            let is_path = |ch: char| ch.is_ascii_alphanumeric() || "/_.-".contains(ch);
            let end = path.find(|ch| !is_path(ch)).unwrap_or(path.len());
            Some(format!("`{}`", &path[..end]))
        })
    };
    let printed = || {
        let named = command
            .words
            .iter()
            .skip(1)
            .find(|word| known.contains(&word.text) || is_secret_name(&word.text));
        named.filter(|_| command.name() == Some("printenv")).map(|word| word.text.clone())
    };
    in_words.or_else(in_heredocs).or_else(in_mounted).or_else(printed)
}

/// The first variable in shell text that is a secret.
pub(super) fn secret_in(text: &str, known: &BTreeSet<String>) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        let name = rest.strip_prefix('{').unwrap_or(rest);
        // `${#NAME}` is its length.
        let end = name.find(|ch: char| !(ch.is_ascii_alphanumeric() || ch == '_')).unwrap_or(name.len());
        let (name, behind) = name.split_at(end);
        // `${NAME:+word}` says only whether there is one.
        if !name.is_empty() && !behind.starts_with(":+") && (known.contains(name) || is_secret_name(name)) {
            return Some(name.to_owned());
        }
    }
    None
}

fn finding(secret: &str, writer: &Command, store: &Store, span: Span, stays: bool) -> Finding {
    let program = writer.name().unwrap_or("a redirection");
    let place = &store.place;
    let message = format!("`{program}` stores {secret} in {place}");
    if !stays {
        let why =
            format!("no image is made of this stage: {place} stays in the build cache of whoever builds");
        return Finding::new(
            "secret-persisted",
            span,
            message,
            Verdict::Kept(Why::new("only-in-cache", why)),
        );
    }
    let why = format!(
        "the layer of this RUN keeps it, wherever the value comes from, a mount too: {}",
        store.instead
    );
    Finding::new("secret-persisted", span, message, Verdict::Refused(Why::new("kept-in-layer", why)))
}
