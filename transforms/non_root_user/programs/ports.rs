//! Ports below 1024 in the arguments of a command.

use std::collections::BTreeSet;

use harden_core::shell::Command;

use super::scene::Scene;
use crate::non_root_user::launch::Started;
use crate::non_root_user::risk::Risk;

/// Commands that connect rather than listen, and those whose `-p` is something else.
const NO_SERVERS: &[&str] = &[
    "[",
    "alembic",
    "awk",
    "base64",
    "cat",
    "cp",
    "curl",
    "date",
    "declare",
    "dig",
    "docker",
    "dockerize",
    "echo",
    "envsubst",
    "export",
    "find",
    "ftp",
    "git",
    "grep",
    "host",
    "install",
    "kill",
    "kubectl",
    "ln",
    "local",
    "mkdir",
    "mongo",
    "mongosh",
    "mv",
    "mysql",
    "mysqladmin",
    "nc",
    "ncat",
    "netcat",
    "nslookup",
    "openssl",
    "perl",
    "pg_dump",
    "pg_isready",
    "pgrep",
    "ping",
    "pkill",
    "printf",
    "ps",
    "psql",
    "rabbitmqctl",
    "read",
    "redis-cli",
    "rm",
    "rsync",
    "scp",
    "sed",
    "seq",
    "sftp",
    "sh",
    "shift",
    "sleep",
    "ssh",
    "tar",
    "tee",
    "telnet",
    "test",
    "timeout",
    "touch",
    "trap",
    "unzip",
    "wait",
    "wait-for",
    "wait-for-it",
    "wait-for-it.sh",
    "wait-for.sh",
    "wget",
    "xargs",
    "zip",
];

/// Ends of option names that say what the other side of a connection is.
const REMOTE: [&str; 16] = [
    "db", "database", "redis", "smtp", "mail", "mysql", "postgres", "mongo", "remote", "target", "upstream",
    "backend", "debug", "proxy", "broker", "ldap",
];

/// Lowers for each such port.
pub(super) fn check(scene: &Scene<'_>, started: &Started, risks: &mut Vec<Risk>) {
    if started.place.is_none() {
        return;
    }
    let mut told = BTreeSet::new();
    for (port, option) in of_command(&started.command, scene) {
        if !told.insert(port) {
            continue;
        }
        let message = format!(
            "{} listens on port {port} (`{option}`): not every platform gives users ports below 1024",
            started.by
        );
        risks.push(Risk::lower("low-port", message, started.place.clone()));
    }
}

/// The low ports a command listens on.
pub(super) fn all(scene: &Scene<'_>, started: &Started) -> Vec<u16> {
    if started.place.is_none() {
        return Vec::new();
    }
    of_command(&started.command, scene).into_iter().map(|(port, _)| port).collect()
}

fn of_command(command: &Command, scene: &Scene<'_>) -> Vec<(u16, String)> {
    let name = command.name().unwrap_or_default();
    if NO_SERVERS.contains(&name) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let words: Vec<String> = command
        .words
        .iter()
        .map(|word| scene.values(word).and_then(|values| values.into_iter().next()).unwrap_or_default())
        .collect();
    for (at, word) in words.iter().enumerate().skip(1) {
        let next = words.get(at + 1).map_or("", String::as_str);
        if let Some((option, value)) = word.split_once('=').filter(|_| word.starts_with('-')) {
            found.extend(of_option(option, value).into_iter().map(|port| (port, word.clone())));
        } else if word.starts_with('-') {
            found.extend(of_option(word, next).into_iter().map(|port| (port, format!("{word} {next}"))));
        } else if let Some((name, value)) = word.split_once('=') {
            // `env PORT=80 node …`, `listen=:80`.
            found.extend(of_option(&format!("--{name}"), value).into_iter().map(|port| (port, word.clone())));
        } else if at == 1 && matches!(name, "http.server" | "SimpleHTTPServer") {
            found.extend(
                number(word).filter(|port| is_low(*port)).map(|port| (port, format!("{name} {word}"))),
            );
        } else if let Some(address) = listening_word(name, word) {
            found.extend(low_ports(address).into_iter().map(|port| (port, word.clone())));
        }
    }
    for (name, word) in &command.assignments {
        found.extend(
            of_option(&format!("--{name}"), &word.text)
                .into_iter()
                .map(|port| (port, format!("{name}={}", word.text))),
        );
    }
    // Of `tcp-listen:80` and the like, once.
    found.dedup();
    found
}

/// `manage.py runserver 0.0.0.0:80`, `socat TCP-LISTEN:80,…`.
fn listening_word<'w>(name: &str, word: &'w str) -> Option<&'w str> {
    if name == "socat" {
        let lower = word.split(',').next()?;
        return lower.to_ascii_lowercase().contains("-listen:").then_some(lower);
    }
    let host = word.rsplit_once(':').map(|(host, _)| host)?;
    matches!(host, "" | "0.0.0.0" | "*" | "[::]" | "[::0]").then_some(word)
}

/// Low ports in the value of an option that tells a server where to listen.
fn of_option(option: &str, value: &str) -> Vec<u16> {
    let name = option.trim_start_matches('-').to_ascii_lowercase();
    let parts: Vec<&str> = name.split(['-', '_', '.', ':']).collect();
    if parts.iter().any(|part| REMOTE.contains(part)) {
        return Vec::new();
    }
    let last = parts.last().copied().unwrap_or_default();
    if option == "-p" || option == "-P" {
        // Ports below 20 are nobody's; `-p 4` is a number of processes.
        return number(value).filter(|port| is_low(*port) && *port >= 20).into_iter().collect();
    }
    if matches!(last, "port" | "ports" | "httpport" | "httpsport" | "listenport") || name == "httpport" {
        return value.split([',', ';']).filter_map(number).filter(|port| is_low(*port)).collect();
    }
    let listens = matches!(
        last,
        "bind"
            | "listen"
            | "addr"
            | "address"
            | "listener"
            | "urls"
            | "endpoint"
            | "socket"
            | "http"
            | "https"
            | "s"
    );
    if listens || matches!(option, "-b" | "-l" | "-S" | "-a") {
        return value.split([',', ';']).flat_map(low_ports).collect();
    }
    Vec::new()
}

/// The low port of an address to listen on: `:80`, `0.0.0.0:80`, `http://*:80`, `80`, `[::]:80`.
pub(super) fn low_ports(address: &str) -> Vec<u16> {
    let plain = address.trim().trim_end_matches('/');
    let port = match plain.rsplit_once(':') {
        Some((_, port)) => number(port),
        None => number(plain),
    };
    port.filter(|port| is_low(*port)).into_iter().collect()
}

/// Whether an argument says where to listen.
pub(super) fn names_a_port(command: &Command) -> bool {
    command.words.iter().skip(1).any(|word| {
        let text = &word.text;
        let after = text.rsplit_once([':', '=']).map(|(_, port)| port);
        after.and_then(number).is_some()
            || text.contains("port")
            || matches!(text.as_str(), "-p" | "--listen" | "--config" | "-c")
    })
}

fn number(text: &str) -> Option<u16> {
    let text = text.trim();
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

fn is_low(port: u16) -> bool {
    (1..1024).contains(&port)
}
