//! What the consequences of a fix are called, and what to do about them.
//!
//! That Docker lets everybody use low ports in its own networks: moby 20.10 and later set
//! `net.ipv4.ip_unprivileged_port_start=0` there. `fsGroup` and the sysctl: Kubernetes documentation, "Configure a
//! Security Context for a Pod or Container" and "Using sysctls in a Kubernetes Cluster". An empty named volume takes over
//! owner and content of the directory it is mounted over (Docker documentation, "Volumes"); one in use does not.

use std::collections::BTreeSet;

use harden_core::Note;

use crate::notes::words::{chown_command, is_folder, secret_option, shell_word};

/// A consequence in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::output) struct Advice {
    pub(in crate::output) message: String,
    /// A command to run once.
    pub(in crate::output) command: Option<String>,
}

/// The user and group of the container, as far as a fix says.
type User = Option<(u32, u32)>;

/// Remembers what was said about a file.
#[derive(Debug, Default)]
pub(in crate::output) struct Notes<'n> {
    said: BTreeSet<(User, &'n Note)>,
    /// Groups whose `fsGroup` was explained.
    groups: BTreeSet<User>,
}

impl<'n> Notes<'n> {
    /// What was not said yet, most general first; of long lists `limit` entries.
    pub(in crate::output) fn of(&mut self, notes: &'n [Note], limit: usize) -> Vec<Advice> {
        let user = notes.iter().find_map(|note| match note {
            Note::RunsAs { uid, gid } => Some((*uid, *gid)),
            _ => None,
        });
        let new: BTreeSet<&Note> = notes.iter().filter(|note| self.said.insert((user, *note))).collect();
        let mut advice = Vec::new();
        let mut plain = |message| advice.push(Advice { message, command: None });
        let (mut written, mut volumes, mut ports) = (Vec::new(), Vec::new(), Vec::new());
        let (mut variables, mut flags) = (Vec::new(), Vec::new());
        let (mut replaced, mut excluded) = (Vec::new(), Vec::new());
        for note in new {
            match note {
                Note::RunsAs { uid, gid } => plain(format!(
                    "at run time: the container runs as user {uid}, group {gid}; files mounted into it have to be \
                     readable for that user"
                )),
                Note::Writes { path } => written.push(format!("`{path}`")),
                Note::Volume { path, source } => volumes.push((path.as_str(), source.as_deref())),
                Note::LowPort { port } => ports.push(port.to_string()),
                Note::Variable { name } => variables.push(format!("`{name}`")),
                Note::BuildSecret { id, source, argument } => {
                    let flag = shell_word(&secret_option(id, source)).into_owned();
                    let instead = argument
                        .as_ref()
                        .map_or(String::new(), |name| format!(" (not `--build-arg {name}`)"));
                    flags.push(format!("`--secret {flag}`{instead}"));
                }
                Note::BuildSsh => flags.push("`--ssh default`".to_owned()),
                Note::Rotate { name } => replaced.push(format!("`{name}`")),
                Note::Exclude { pattern } => excluded.push(format!("`{pattern}`")),
            }
        }
        if !variables.is_empty() {
            let (noun, pronoun) =
                if variables.len() == 1 { ("variable", "it") } else { ("variables", "them") };
            let names = list(&variables, limit);
            plain(format!(
                "at run time: give the container the {noun} {names} (`--env-file`); the image sets {pronoun} no longer"
            ));
        }
        if !flags.is_empty() {
            plain(format!("at build time: the build command needs {}", list(&flags, limit)));
        }
        if !replaced.is_empty() {
            plain(format!(
                "replace what was in {}: it stays in the history of git and in every image built before",
                list(&replaced, limit)
            ));
        }
        if !excluded.is_empty() {
            plain(format!("keep out of the build context (`.dockerignore`): {}", list(&excluded, limit)));
        }
        let owner = user.map_or("the new user".to_owned(), |(uid, gid)| format!("{uid}:{gid}"));
        if !written.is_empty() {
            let paths = list(&written, limit);
            plain(format!(
                "at run time: the program may write to {paths}; what is mounted there has to be writable for {owner}"
            ));
        }
        if !ports.is_empty() {
            let (noun, verb) = if ports.len() == 1 { ("port", "is") } else { ("ports", "are") };
            let ports = list(&ports, limit);
            plain(format!(
                "at run time: {noun} {ports} {verb} below 1024; Docker's own networks allow that, Kubernetes needs the \
                 sysctl `net.ipv4.ip_unprivileged_port_start=0` in the pod's `securityContext`, and `--network host` a \
                 higher port"
            ));
        }
        if !(written.is_empty() && volumes.is_empty()) && self.groups.insert(user) {
            plain(match user {
                Some((_, 0)) => "at run time: in Kubernetes set `fsGroup: 0` in the pod's `securityContext`, so that \
                                 volumes are writable (OpenShift sets a group by itself)"
                    .to_owned(),
                Some((_, gid)) => format!(
                    "at run time: in Kubernetes set `fsGroup: {gid}` in the pod's `securityContext`, so that volumes \
                     are writable"
                ),
                None => "at run time: in Kubernetes set `fsGroup` in the pod's `securityContext` to the group of the \
                         new user, so that volumes are writable"
                    .to_owned(),
            });
        }
        advice.extend(volumes.iter().take(limit).map(|(path, source)| volume(path, *source, user)));
        let more = volumes.len().saturating_sub(limit);
        if more > 0 {
            let message = format!("at run time: {more} more volumes; --verbose shows them");
            advice.push(Advice { message, command: None });
        }
        advice
    }
}

/// Who owns what is in a volume changes by hand only.
fn volume(path: &str, source: Option<&str>, user: User) -> Advice {
    let (message, from) = match source {
        Some(folder) if is_folder(folder) => (
            format!("at run time: the folder `{folder}`, mounted at `{path}`, keeps its owner; run once:"),
            folder,
        ),
        Some(name) => (
            format!(
                "at run time: the volume `{name}` at `{path}` keeps its owner where it exists already; run once, with its \
                 full name (`docker volume ls`):"
            ),
            "VOLUME",
        ),
        None => (
            format!(
                "at run time: a volume at `{path}` keeps its owner where it exists already; run once, with its name \
                 (`docker volume ls`):"
            ),
            "VOLUME",
        ),
    };
    let owner = user.map_or("UID:GID".to_owned(), |(uid, gid)| format!("{uid}:{gid}"));
    Advice { message, command: Some(chown_command(from, path, &owner)) }
}

fn list(items: &[String], limit: usize) -> String {
    let shown = items.iter().take(limit).map(String::as_str).collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(limit) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
