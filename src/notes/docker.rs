//! Command lines of Docker.
//!
//! Sources: Docker documentation, "docker container run", "docker buildx build" and "Bake file reference" (`target.secret`,
//! `target.ssh`).

use std::fmt::Write as _;

use super::image::{Ports, Protocol};
use super::profile::Source;
use super::subject::Subject;
use super::words::{quoted, secret_option, shell_word, source_from};

/// Starting values: what a small service needs. The page says so.
pub(super) const MEMORY: &str = "512m";
pub(super) const CPUS: &str = "1";
pub(super) const PIDS: &str = "256";

/// `docker run` with everything the image allows.
pub(super) fn run(subject: &Subject) -> String {
    // Of a single service the settings are known, so the line is the same as the service.
    let (profile, compose) = match subject.services.as_slice() {
        [only] => (&only.profile, Some(only)),
        _ => (&subject.profile, None),
    };
    let mut parts = vec![format!("docker run --detach --name {}", shell_word(subject.container()))];
    if !profile.variables.is_empty() {
        parts.push("--env-file .env".to_owned());
    }
    parts.extend(profile.user_option().map(|user| format!("--user {user}")));
    parts.push("--read-only".to_owned());
    parts.push("--tmpfs /tmp".to_owned());
    for path in &profile.tmpfs {
        let option = format!("{path}:{}", profile.tmpfs_options());
        parts.push(format!("--tmpfs {}", shell_word(&option)));
    }
    for (path, source) in &profile.volumes {
        let from = match source {
            Source::Named(name) => name.clone(),
            Source::Folder(folder) => folder_from(compose.map(|one| one.file.as_str()), folder),
        };
        parts.push(format!("--volume {}", shell_word(&format!("{from}:{path}"))));
    }
    parts.push("--cap-drop ALL".to_owned());
    parts.extend(profile.capabilities.iter().map(|name| format!("--cap-add {}", shell_word(name))));
    if profile.host_network {
        parts.push("--network host".to_owned());
    } else if profile.opens_low_ports() {
        parts.push("--sysctl net.ipv4.ip_unprivileged_port_start=0".to_owned());
    }
    parts.push("--security-opt no-new-privileges".to_owned());
    parts.push(format!("--pids-limit {PIDS} --memory {MEMORY} --cpus {CPUS}"));
    if !profile.host_network {
        parts.extend(profile.ports.iter().map(|one| format!("--publish 127.0.0.1:{}", published(*one))));
    }
    parts.push(shell_word(subject.image()).into_owned());
    parts.join(" \\\n  ")
}

fn published(ports: Ports) -> String {
    let number = if ports.first == ports.last {
        ports.first.to_string()
    } else {
        format!("{}-{}", ports.first, ports.last)
    };
    let protocol = if ports.protocol == Protocol::Tcp { "" } else { ports.protocol.name() };
    let slash = if protocol.is_empty() { "" } else { "/" };
    format!("{number}:{number}{slash}{protocol}")
}

/// A folder as seen from the folder of the Dockerfile. Compose looks for it beside its own file.
pub(super) fn folder_from(compose: Option<&str>, folder: &str) -> String {
    let beside = compose.and_then(|file| file.rsplit_once('/')).map(|(beside, _)| beside);
    match (beside, folder.strip_prefix("./").unwrap_or(folder)) {
        (Some(beside), rest) if folder.starts_with('.') => format!("{beside}/{rest}"),
        _ => folder.to_owned(),
    }
}

/// `docker build` with its secrets.
pub(super) fn build(subject: &Subject) -> String {
    let mut line = "docker build".to_owned();
    for option in build_options(subject) {
        let _ = write!(line, " \\\n  {option}");
    }
    let file = if subject.context.as_deref() == Some(".") && subject.name == "Dockerfile" {
        String::new()
    } else {
        format!("--file {} ", shell_word(&subject.name))
    };
    let context = subject.context.as_deref().unwrap_or("CONTEXT");
    let _ = write!(line, " \\\n  {file}--tag {} {}", shell_word(subject.image()), shell_word(context));
    line
}

/// What the build command gets besides everything it has.
pub(super) fn build_options(subject: &Subject) -> Vec<String> {
    let secrets = subject.known.build_secrets();
    let mut options: Vec<String> = secrets
        .map(|(id, source, _)| secret_option(id, &source_from(source, subject.context.as_deref())))
        .map(|option| format!("--secret {}", shell_word(&option)))
        .collect();
    options.dedup();
    if subject.known.needs_ssh() {
        options.push("--ssh default".to_owned());
    }
    options
}

/// Text for `docker-bake.override.hcl`, which bake lays over whatever bake file there is.
pub(super) fn bake(subject: &Subject) -> String {
    let mut out = String::new();
    for (target, context) in &subject.bake {
        let _ = writeln!(out, "target {} {{", hcl(target));
        let secrets = subject.known.build_secrets();
        let mut secrets: Vec<String> = secrets
            .map(|(id, source, _)| hcl(&secret_option(id, &source_from(source, context.as_deref()))))
            .collect();
        secrets.dedup();
        if !secrets.is_empty() {
            let _ = writeln!(out, "  secret = [{}]", secrets.join(", "));
        }
        if subject.known.needs_ssh() {
            out.push_str("  ssh = [\"default\"]\n");
        }
        out.push_str("}\n");
    }
    out
}

/// A string of HCL without templates.
fn hcl(text: &str) -> String {
    quoted(text).replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_beside_the_compose_file() {
        for (compose, folder, expected) in [
            (Some("../compose.yaml"), "./data", "../data"),
            (Some("../compose.yaml"), "../data", "../../data"),
            (Some("compose.yaml"), "./data", "./data"),
            (Some("../compose.yaml"), "/srv/data", "/srv/data"),
            (Some("../compose.yaml"), "~/data", "~/data"),
            (Some("../compose.yaml"), r"C:\data", r"C:\data"),
            (None, "./data", "./data"),
        ] {
            assert_eq!(folder_from(compose, folder), expected, "{folder}");
        }
    }

    #[test]
    fn templates_of_hcl_are_taken_literally() {
        let text = "a ${b} %{c} \"d\"";
        let body = hcl::parse(&format!("x = {}\n", hcl(text))).unwrap();
        let value = body.attributes().next().unwrap().expr();
        let context = hcl::eval::Context::new();
        assert_eq!(hcl::eval::Evaluate::evaluate(value, &context).unwrap(), hcl::Value::from(text));
    }
}
