//! The page of notes of one Dockerfile: plain Markdown, the same on every machine.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::profile::{Profile, Source};
use super::subject::Subject;
use super::words::{chown_command, is_folder, shell_word};
use super::{compose, docker, kubernetes};

/// The generated part of the page, without its markers.
pub(super) fn page(subject: &Subject) -> String {
    let mut out = format!("# {}: how to build and run it now\n\n", escaped(&subject.name));
    changes(&mut out, subject);
    once(&mut out, subject);
    variables(&mut out, subject);
    build(&mut out, subject);
    run(&mut out, subject);
    scan(&mut out, subject);
    out
}

fn changes(out: &mut String, subject: &Subject) {
    let known = &subject.known;
    if known.has_user() {
        let user = match known.user() {
            Some((uid, gid)) => format!("as user {uid}, group {gid},"),
            None => "as a user of its own,".to_owned(),
        };
        let _ = writeln!(
            out,
            "- The container runs {user} and not as root: whoever breaks into the program owns less."
        );
    }
    let secrets = known.variables().next().is_some()
        || known.build_secrets().next().is_some()
        || known.rotate().next().is_some();
    if secrets {
        out.push_str(
            "- The image holds these secrets no longer: everybody who could pull it could read them in its history.\n",
        );
    }
    if known.needs_ssh() {
        out.push_str("- The build uses the SSH agent of whoever builds; no key gets into a layer.\n");
    }
    out.push_str(
        "\n`harden` writes what stands between its two markers; text outside of them stays. Commands are meant for the \
         folder of this file.",
    );
    let unknown: Vec<&str> = [
        (subject.image.is_none(), "`IMAGE` stands for the name of the image"),
        (subject.context.is_none(), "`CONTEXT` for the build context"),
    ]
    .into_iter()
    .filter_map(|(unknown, text)| unknown.then_some(text))
    .collect();
    if !unknown.is_empty() {
        let _ = write!(out, " {}.", capital(&unknown.join(", ")));
    }
    out.push('\n');
}

/// The first letter of a sentence; text in backquotes stays as it is.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn once(out: &mut String, subject: &Subject) {
    let known = &subject.known;
    let owner = match known.user() {
        Some((uid, gid)) => format!("{uid}:{gid}"),
        None => "UID:GID".to_owned(),
    };
    let rotate: BTreeSet<&str> = known.rotate().collect();
    let excludes: BTreeSet<&str> = known.excludes().collect();
    let volumes: Vec<_> = known.volumes().collect();
    if rotate.is_empty() && excludes.is_empty() && volumes.is_empty() {
        return;
    }
    heading(out, "Do once");
    if !rotate.is_empty() {
        let _ = writeln!(
            out,
            "- **Replace what was in {}.** It stays in the history of git and in every image that was built before, and \
             counts as published.",
            listed(&rotate)
        );
    }
    if !excludes.is_empty() {
        let _ = writeln!(out, "- Keep out of the build context, in `.dockerignore`: {}.", listed(&excludes));
    }
    if volumes.is_empty() {
        return;
    }
    out.push_str("- Volumes that exist already belong to root. Give each to the new user:\n");
    let mut commands = String::new();
    for (path, source) in volumes {
        let compose = subject.services.first().map(|one| one.file.as_str());
        let from = match source {
            Some(folder) if is_folder(folder) => docker::folder_from(compose, folder),
            _ => "VOLUME".to_owned(),
        };
        let _ = writeln!(commands, "{}", chown_command(&from, path, &owner));
    }
    let named = commands.contains("VOLUME");
    fence(out, "sh", &commands);
    if named {
        out.push_str("\n`VOLUME` stands for the full name that `docker volume ls` shows.\n");
    }
}

fn variables(out: &mut String, subject: &Subject) {
    let names: BTreeSet<&str> = subject.known.variables().collect();
    if names.is_empty() {
        return;
    }
    heading(out, "Variables");
    out.push_str("The container has to be given these:\n\n");
    for name in names {
        let _ = writeln!(out, "- {}", code(name));
    }
    out.push_str(
        "\n`.env.example` has their names: copy it to `.env`, fill in the values, and never commit that file. Write \
         values without quotes: `docker run` keeps them.\n",
    );
}

fn build(out: &mut String, subject: &Subject) {
    if docker::build_options(subject).is_empty() {
        return;
    }
    heading(out, "Build");
    out.push_str("The build takes its secrets from the command, and keeps none of them:\n");
    fence(out, "sh", &docker::build(subject));
    let arguments: BTreeSet<&str> =
        subject.known.build_secrets().filter_map(|(.., argument)| argument).collect();
    if !arguments.is_empty() {
        let _ = writeln!(out, "\n`--build-arg` has no effect any more for {}.", listed(&arguments));
    }
    if !subject.bake.is_empty() {
        out.push_str("\nWith `docker buildx bake`, in `docker-bake.override.hcl`:\n");
        fence(out, "hcl", &docker::bake(subject));
    }
}

fn run(out: &mut String, subject: &Subject) {
    let profile = match subject.services.as_slice() {
        [only] => &only.profile,
        _ => &subject.profile,
    };
    heading(out, "Run");
    fence(out, "sh", &docker::run(subject));
    out.push('\n');
    remarks(out, profile);
    let file = subject.services.first().map(|one| one.file.as_str());
    heading(out, "Compose");
    match file {
        Some(file) => {
            let name = file.rsplit('/').next().unwrap_or(file);
            let _ = writeln!(
                out,
                "As `compose.hardened.yaml` beside {}; `docker compose -f {} -f compose.hardened.yaml up` lays it over:",
                code(file),
                shell_word(name)
            );
        }
        None => out.push_str("The same as a service:\n"),
    }
    fence(out, "yaml", &compose::overlay(subject));
    let mut inner: Vec<_> = subject.services.iter().filter_map(|one| one.inner.as_ref()).collect();
    inner.dedup();
    if let Some(inner) = inner.first() {
        let backends = listed(&inner.backends.iter().map(String::as_str).collect());
        let _ = writeln!(
            out,
            "\nOnly other services talk to {backends}. In a network without a way out nobody else can, and it cannot \
             send data out; it cannot fetch anything either:"
        );
        fence(out, "yaml", &compose::network(inner));
    }
    heading(out, "Kubernetes");
    if !profile.variables.is_empty() {
        let _ = writeln!(
            out,
            "`kubectl create secret generic {} --from-env-file=.env` makes the secret:",
            subject.label()
        );
    }
    fence(out, "yaml", &kubernetes::deployment(subject));
    if !profile.volumes.is_empty() {
        out.push_str(
            "\nA new volume of Kubernetes is empty and hides what the image has at its place, unlike a new volume of \
             Docker.\n",
        );
    }
}

fn remarks(out: &mut String, profile: &Profile) {
    let _ = writeln!(
        out,
        "- `{}` memory, {} CPU and {} processes are values to start with; measure and change them.",
        docker::MEMORY,
        docker::CPUS,
        docker::PIDS
    );
    if !profile.filled.is_empty() {
        let paths = listed(&profile.filled.iter().map(String::as_str).collect());
        let _ = writeln!(
            out,
            "- {paths} can only be read: files of the image are there. A program that makes files of its own there needs \
             a volume at the exact place, or to run without `--read-only`."
        );
    }
    let made_up = profile
        .volumes
        .iter()
        .filter(|(path, source)| !profile.mounted.contains(*path) && matches!(source, Source::Named(_)));
    if made_up.count() > 0 {
        out.push_str("- Names of volumes are examples, unless they are those of a compose file.\n");
    }
    if !profile.ports.is_empty() && !profile.host_network {
        out.push_str("- `127.0.0.1` lets only this machine reach a port; leave it out to publish the port to others.\n");
    }
    if profile.low_port && profile.host_network {
        out.push_str(
            "- A port below 1024 in the network of the host is closed to other users than root: choose a higher one.\n",
        );
    } else if profile.opens_low_ports() {
        out.push_str(
            "- A port below 1024 is open to every user with the sysctl (Docker's default since 20.10). The capability is \
             for programs whose file asks for it, which would not start without.\n",
        );
    }
    if !profile.user.unprivileged {
        out.push_str(
            "- The image may start as root. A program that changes its user or the owner of files at its start needs some \
             of `--cap-add CHOWN --cap-add SETGID --cap-add SETUID` back.\n",
        );
    }
}

fn scan(out: &mut String, subject: &Subject) {
    heading(out, "Check the result");
    let image = shell_word(subject.image()).into_owned();
    fence(
        out,
        "sh",
        &format!(
            "docker history --no-trunc {image}\ntrivy image --scanners vuln,secret,misconfig {image}\ndocker scout quickview {image}\n"
        ),
    );
}

fn heading(out: &mut String, text: &str) {
    let _ = write!(out, "\n## {text}\n\n");
}

/// A block of code. No line of ours begins with a backquote, so three of them end it.
fn fence(out: &mut String, language: &str, text: &str) {
    if !out.ends_with("\n\n") {
        out.push('\n');
    }
    let _ = writeln!(out, "```{language}\n{}\n```", text.trim_end());
}

fn listed(names: &BTreeSet<&str>) -> String {
    names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ")
}

/// Code within a line: the fence is longer than any run of backquotes in it (the `CommonMark` specification, "Code spans").
fn code(text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// A name in a heading, where a backslash takes the meaning of any mark of ASCII.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        if one.is_ascii_punctuation() && !matches!(one, '.' | '-') {
            out.push('\\');
        }
        out.push(one);
    }
    out
}
