//! The mounts that take the place of a copied file.

use harden_core::{Base, Context, Note, SecretSource, Value, Why};

use super::super::plan::{Mounted, Plan};
use super::names::Reader;
use super::story::Story;
use super::{Suspect, steps};
use crate::support::base_images::{self, DefaultUser};
use crate::support::secret_mount::Mount;

/// The mounts of the RUNs that read it, and the COPY without it.
pub(super) fn plan<'a>(
    ctx: &Context<'a>,
    suspect: &Suspect<'_, 'a>,
    story: &Story<'a>,
    path: &str,
) -> Result<(Plan<'a>, Vec<Note>), Why> {
    let mut plan = Plan { others: story.edits.clone(), ..Plan::default() };
    let copy = suspect.copied.instruction;
    let edit =
        if suspect.others == 0 { steps::whole(copy) } else { steps::source(copy, suspect.token.span()) };
    plan.others.push((copy, edit?));
    let mut notes = Vec::new();
    let agent = suspect.named.reader == Reader::Ssh
        && path.contains("/.ssh/")
        && story.readings.iter().all(|one| !one.by_path);
    let id = id(suspect.source);
    for one in &story.readings {
        let stage = suspect.copied.stage;
        let user = user(ctx, stage, &one.user);
        let mount = if !agent {
            file(user, &id, path)
        } else if user == User::Root {
            Mount::Ssh
        } else {
            let message =
                "the RUN that needs the key is not run by root, to whom the socket of the agent belongs";
            return Err(Why::new("ssh-user", message));
        };
        plan.mounts.push(Mounted { run: one.run, stage, mount });
    }
    if !story.readings.is_empty() {
        notes.push(if agent {
            Note::BuildSsh
        } else {
            let source = SecretSource::File(suspect.source.to_owned());
            Note::BuildSecret { id, source, argument: None }
        });
    }
    Ok((plan, notes))
}

/// A name for `--secret id=…`: the file's, without what would have to be quoted.
fn id(source: &str) -> String {
    let name =
        source.trim_end_matches('/').rsplit('/').next().unwrap_or(source).trim_start_matches(['.', '_']);
    let plain = |ch: char| if ch.is_ascii_alphanumeric() || "._-".contains(ch) { ch } else { '-' };
    let id: String = name.chars().map(plain).collect();
    if id.is_empty() { "secret".to_owned() } else { id }
}

/// Who runs a RUN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum User {
    Root,
    Id(u32),
    /// Somebody, by name, or nobody knows.
    Other,
}

fn user(ctx: &Context<'_>, stage: usize, user: &Value<String>) -> User {
    match user {
        Value::Known(user) => match user.split(':').next().unwrap_or_default() {
            "" | "root" | "0" => User::Root,
            name => name.parse().map_or(User::Other, User::Id),
        },
        Value::FromBase => {
            let (chain, _) = ctx.build.chain(stage);
            let first = chain.first().and_then(|&first| ctx.build.stages.get(first));
            match first.map(|stage| &stage.base) {
                Some(Base::Image(image)) => match base_images::find(image).map(|known| known.user) {
                    Some(DefaultUser::Other { .. }) => User::Other,
                    // Of images nobody knows, most leave root.
                    _ => User::Root,
                },
                _ => User::Other,
            }
        }
        Value::Unknown(_) => User::Other,
    }
}

/// A file that this user can read. A mount is there for one RUN only, so everybody may read it where the user is not
/// known by number.
fn file(user: User, id: &str, path: &str) -> Mount {
    let (mode, uid) = match user {
        User::Root => (None, None),
        User::Id(uid) => (None, Some(uid)),
        User::Other => (Some(0o444), None),
    };
    Mount::File { id: id.to_owned(), target: path.to_owned(), mode, uid }
}
