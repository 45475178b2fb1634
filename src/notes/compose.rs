//! The same as a file that is laid over a compose file.
//!
//! Source: Compose specification, "Services", "Secrets", "Volumes" and "Compose Build Specification".

use std::collections::BTreeSet;
use std::fmt::Write as _;

use harden_core::SecretSource;

use super::docker::{CPUS, MEMORY, PIDS};
use super::profile::Source;
use super::services::Inner;
use super::subject::{Served, Subject};
use super::words::{source_from, yaml};

/// Settings of all services that run the image; of a service called `app` when no compose file has one.
pub(super) fn overlay(subject: &Subject) -> String {
    let made_up = Served { name: "app".to_owned(), profile: subject.profile.clone(), ..Served::default() };
    let known = !subject.services.is_empty();
    let services = if known { subject.services.as_slice() } else { std::slice::from_ref(&made_up) };
    let mut out = "services:\n".to_owned();
    let mut volumes = BTreeSet::new();
    for one in services {
        let _ = writeln!(out, "  {}:", yaml(&one.name));
        if !known {
            let _ = writeln!(out, "    image: {}", yaml(subject.image()));
        }
        service(&mut out, one, subject);
        let own = one.profile.volumes.iter().filter(|(path, _)| !one.profile.mounted.contains(*path));
        volumes.extend(own.filter_map(|(_, source)| match source {
            Source::Named(name) => Some(name.as_str()),
            Source::Folder(_) => None,
        }));
    }
    if !volumes.is_empty() {
        out.push_str("volumes:\n");
        for name in volumes {
            let _ = writeln!(out, "  {}:", yaml(name));
        }
    }
    if known {
        secrets(&mut out, subject);
    }
    out
}

fn service(out: &mut String, served: &Served, subject: &Subject) {
    let profile = &served.profile;
    if profile.variables.iter().any(|name| !served.listed.variables.contains(name)) {
        let _ = writeln!(out, "    env_file: {}", yaml(&format!("{}.env", served.way)));
    }
    if let Some(user) = profile.user_option().filter(|_| !served.has_user) {
        let _ = writeln!(out, "    user: {}", yaml(&user));
    }
    out.push_str("    read_only: true\n");
    let options = profile.tmpfs_options();
    let tmpfs = profile.tmpfs.iter().map(|path| (path, format!("{path}:{options}")));
    let tmpfs = tmpfs.filter(|(path, _)| !profile.mounted.contains(*path)).map(|(_, option)| option);
    let tmp = (!profile.mounted.contains("/tmp")).then(|| "/tmp".to_owned());
    list(out, "tmpfs", tmp.into_iter().chain(tmpfs));
    let volumes = profile.volumes.iter().filter(|(path, _)| !profile.mounted.contains(*path));
    let volumes = volumes.map(|(path, source)| match source {
        Source::Named(from) | Source::Folder(from) => format!("{from}:{path}"),
    });
    list(out, "volumes", volumes);
    list(out, "cap_drop", ["ALL".to_owned()]);
    list(out, "cap_add", profile.capabilities.iter().cloned());
    if profile.opens_low_ports() {
        out.push_str("    sysctls:\n      net.ipv4.ip_unprivileged_port_start: 0\n");
    }
    list(out, "security_opt", ["no-new-privileges:true".to_owned()]);
    // Compose refuses two answers to one question.
    let limited = served.listed.sets("deploy");
    for (key, value) in [("pids_limit", PIDS), ("mem_limit", MEMORY), ("cpus", CPUS)] {
        if !limited && !served.listed.sets(key) {
            let _ = writeln!(out, "    {key}: {value}");
        }
    }
    let ids: BTreeSet<&str> = subject.known.build_secrets().map(|(id, ..)| id).collect();
    let ssh = subject.known.needs_ssh();
    if subject.services.is_empty() || (ids.is_empty() && !ssh) {
        return;
    }
    out.push_str("    build:\n");
    for (key, values) in
        [("secrets", ids.into_iter().collect()), ("ssh", if ssh { vec!["default"] } else { vec![] })]
    {
        if !values.is_empty() {
            let _ = writeln!(out, "      {key}:");
            for value in values {
                let _ = writeln!(out, "        - {}", yaml(value));
            }
        }
    }
}

fn list(out: &mut String, key: &str, values: impl IntoIterator<Item = String>) {
    let mut values = values.into_iter().peekable();
    if values.peek().is_some() {
        let _ = writeln!(out, "    {key}:");
        for value in values {
            let _ = writeln!(out, "      - {}", yaml(&value));
        }
    }
}

fn secrets(out: &mut String, subject: &Subject) {
    let mut seen = BTreeSet::new();
    for (id, source, _) in subject.known.build_secrets() {
        if seen.is_empty() {
            out.push_str("secrets:\n");
        }
        // Two sources for one id cannot both be given.
        if !seen.insert(id) {
            continue;
        }
        let _ = writeln!(out, "  {}:", yaml(id));
        let context = subject.services.first().and_then(|one| one.context.as_deref());
        let _ = match source_from(source, context) {
            SecretSource::Variable(name) => writeln!(out, "    environment: {}", yaml(&name)),
            SecretSource::File(path) => writeln!(out, "    file: {}", yaml(&path)),
        };
    }
}

/// Services that only others talk to, in a network without a way out.
pub(super) fn network(inner: &Inner) -> String {
    let mut out = "services:\n".to_owned();
    for (names, networks) in [(&inner.users, "[default, inner]"), (&inner.backends, "[inner]")] {
        for name in names {
            let _ = write!(out, "  {}:\n    networks: {networks}\n", yaml(name));
        }
    }
    out.push_str("networks:\n  inner:\n    internal: true\n");
    out
}
