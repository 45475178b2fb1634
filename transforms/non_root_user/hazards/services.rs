//! What compose files ask of the container, and volumes.

use std::collections::BTreeMap;

use harden_core::syntax::Keyword;
use harden_core::{Mount, MountSource, Note, Place, Service, ServiceKind, ServiceSetting};

use super::super::risk::Risk;
use super::super::runs::{clean, is_below, is_root};
use super::super::view::View;

/// The services that run the stage.
pub(super) fn of<'v>(view: &'v View<'_, '_>) -> impl Iterator<Item = &'v Service> {
    let last = view.ctx.build.stages.len().checked_sub(1);
    view.ctx.setup.services.iter().filter(move |service| {
        let stage = match &service.target {
            Some(name) => view.ctx.build.stage_named(name).map(|stage| stage.index),
            None => last,
        };
        stage == Some(view.stage)
    })
}

pub(super) fn place(setting: &ServiceSetting) -> Place {
    Place::File { name: setting.file.clone(), line: setting.line }
}

pub(super) fn risks(view: &View<'_, '_>) -> Vec<Risk> {
    let mut risks = Vec::new();
    for service in of(view) {
        for setting in &service.settings {
            risks.extend(judge(service, setting));
        }
        if service.incomplete {
            let message =
                format!("the service {} inherits settings from a file that was not found", service.name);
            let place = Place::File { name: service.file.clone(), line: None };
            risks.push(Risk::lower("service-unknown", message, Some(place)));
        }
    }
    let ports_known = view.runtime.exposed.is_empty();
    for service in of(view) {
        let host = service.settings.iter().find(|setting| setting.kind == ServiceKind::HostNetwork);
        if let Some(setting) = host.filter(|_| ports_known) {
            let message = format!(
                "the service {} uses the network of the host, and its ports are not known",
                service.name
            );
            risks.push(Risk::lower("host-network", message, Some(place(setting))));
        }
    }
    risks.extend(volumes(view));
    risks
}

fn judge(service: &Service, setting: &ServiceSetting) -> Option<Risk> {
    let name = &service.name;
    let at = Some(place(setting));
    match &setting.kind {
        ServiceKind::Privileged => {
            let message = format!("the service {name} is privileged, which helps nobody but root");
            Some(Risk::stop("compose-privileged", message, at))
        }
        // Nothing else is certain: a variable may be anybody.
        ServiceKind::User(user) if !user.trim().is_empty() && is_root(user) => {
            let message = format!("the service {name} asks for root with `user: {user}`");
            Some(Risk::stop("compose-user-root", message, at))
        }
        ServiceKind::HostPid => {
            let message = format!(
                "the service {name} sees the processes of the host, of which other users learn little"
            );
            Some(Risk::lower("host-pid", message, at))
        }
        ServiceKind::CapAdd(capability) => capability_risk(name, capability, at),
        ServiceKind::Device(device) => {
            let message = format!(
                "the service {name} uses the device {}, which may belong to root",
                device_name(device)
            );
            Some(Risk::lower("compose-device", message, at))
        }
        ServiceKind::Mount(mount) => mount_risk(name, mount, at),
        ServiceKind::User(_)
        | ServiceKind::HostNetwork
        | ServiceKind::Port(_)
        | ServiceKind::Entrypoint(_)
        | ServiceKind::Command(_)
        | ServiceKind::Healthcheck(_) => None,
    }
}

fn device_name(device: &str) -> &str {
    device.split(':').next().unwrap_or(device)
}

/// Capabilities that compose adds stay with root: another user gets none when the program starts (capabilities(7),
/// "Transformation of capabilities during `execve()`").
fn capability_risk(name: &str, capability: &str, at: Option<Place>) -> Option<Risk> {
    let message = format!(
        "the service {name} gets the capability {capability}, which another user than root does not have"
    );
    match capability {
        "NET_BIND_SERVICE" => None,
        "IPC_LOCK" | "SYS_NICE" | "SYS_RESOURCE" | "SYS_PTRACE" | "AUDIT_WRITE" | "MKNOD" => {
            Some(Risk::lower("compose-capability", message, at))
        }
        _ => Some(Risk::stop("compose-capability", message, at)),
    }
}

fn mount_risk(name: &str, mount: &Mount, at: Option<Place>) -> Option<Risk> {
    let target = clean(&mount.target);
    let source = match &mount.source {
        MountSource::Host(source) => Some(source.as_str()),
        _ => None,
    };
    if is_socket(&target) || source.is_some_and(is_socket) {
        let message =
            format!("the service {name} mounts the socket of the container engine, which belongs to root");
        return Some(Risk::stop("docker-socket", message, at));
    }
    if is_below(&target, "/root") {
        let message = format!("the service {name} mounts `{target}`: nobody but root can enter /root");
        return Some(Risk::stop("root-home-mount", message, at));
    }
    if let Some(source) = source.filter(|source| is_of_host(source)) {
        let message = format!("the service {name} mounts `{source}` of the host, which root alone can read");
        return Some(Risk::stop("host-agent", message, at));
    }
    let harmless = matches!(target.as_str(), "/etc/localtime" | "/etc/timezone" | "/dev/shm" | "/tmp");
    if mount.read_only || harmless {
        return None;
    }
    match &mount.source {
        MountSource::Host(source) => {
            let message = format!(
                "the service {name} mounts `{source}` of the host at `{target}`: its owner there decides who may write"
            );
            Some(Risk::lower("host-mount", message, at))
        }
        MountSource::Volume(volume) => {
            let message =
                format!("the volume {volume} of the service {name} belongs to root if it exists already");
            Some(Risk::lower("volume", message, at))
        }
        MountSource::Anonymous => {
            let message =
                format!("a volume at `{target}` that the service {name} has already belongs to root");
            Some(Risk::lower("volume", message, at))
        }
        MountSource::Tmpfs => None,
    }
}

/// The sockets of container engines.
pub(super) fn is_socket(path: &str) -> bool {
    ["docker.sock", "containerd.sock", "podman.sock", "crio.sock", "buildkitd.sock", "docker_engine"]
        .iter()
        .any(|socket| path.trim_end_matches('/').ends_with(socket))
}

/// Places of the host that agents on nodes look at.
pub(super) fn is_of_host(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    matches!(
        path,
        "" | "/etc"
            | "/proc"
            | "/sys"
            | "/dev"
            | "/run"
            | "/var/run"
            | "/var/log"
            | "/boot"
            | "/root"
            | "/sys/fs/cgroup"
    ) || [
        "/var/lib/kubelet",
        "/var/lib/docker",
        "/var/lib/containerd",
        "/var/log/pods",
        "/lib/modules",
        "/etc/kubernetes",
        "/run/udev",
        "/sys/kernel",
        "/dev/bus/usb",
    ]
    .iter()
    .any(|folder| is_below(path, folder))
}

/// VOLUME of the chain: a volume that exists already keeps its owner.
fn volumes(view: &View<'_, '_>) -> Vec<Risk> {
    let mut risks = Vec::new();
    declared(view, |path, place| {
        if is_socket(path) {
            let message = format!("`{path}` is the socket of the container engine, which belongs to root");
            risks.push(Risk::stop("docker-socket", message, Some(place)));
        } else if is_below(path, "/sys/fs/cgroup") {
            let message = "a volume at /sys/fs/cgroup is for systemd, which needs root";
            risks.push(Risk::stop("systemd", message, Some(place)));
        } else if is_below(path, "/root") {
            let message =
                format!("the volume `{path}` lies in the home of root, which nobody else can enter");
            risks.push(Risk::stop("root-home-mount", message, Some(place)));
        } else if is_host_folder(path) {
            let message =
                format!("`{path}` is where agents on nodes see the host, whose files root alone can read");
            risks.push(Risk::stop("host-agent", message, Some(place)));
        } else if !is_temporary(path) {
            let message = format!("a volume at `{path}` that exists already belongs to root");
            risks.push(Risk::lower("volume", message, Some(place)));
        }
    });
    risks
}

fn is_host_folder(path: &str) -> bool {
    ["/host", "/rootfs", "/var/lib/kubelet", "/hostfs"].iter().any(|folder| is_below(path, folder))
}

/// Everybody may write to these, and a new volume takes over that they may.
fn is_temporary(path: &str) -> bool {
    matches!(path, "/tmp" | "/var/tmp" | "/dev/shm") || is_below(path, "/tmp")
}

/// Calls `each` for every VOLUME path with its variables filled in.
fn declared(view: &View<'_, '_>, mut each: impl FnMut(&str, Place)) {
    for &stage in &view.chain {
        view.scopes.walk(stage, |scopes, instruction, state| {
            if instruction.keyword() != Keyword::Volume {
                return;
            }
            for value in instruction.values() {
                let path = match scopes.expand_text(state, &value.text) {
                    Ok(expanded) => clean(&expanded.text),
                    Err(_) => value.text.clone().into_owned(),
                };
                each(&path, Place::Here(value.token.span()));
            }
        });
    }
}

/// For people who run the image: what has to belong to the new user, each path once. Named volumes and folders of the
/// host come with their name.
pub(crate) fn volume_notes(view: &View<'_, '_>) -> Vec<Note> {
    let mut found: BTreeMap<String, Option<String>> = BTreeMap::new();
    declared(view, |path, _| {
        if !is_temporary(path) && !is_socket(path) && path.starts_with('/') {
            found.entry(path.to_owned()).or_default();
        }
    });
    let mut several: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for setting in of(view).flat_map(|service| &service.settings) {
        let ServiceKind::Mount(mount) = &setting.kind else { continue };
        let path = clean(&mount.target);
        if mount.read_only || is_socket(&path) || matches!(path.as_str(), "/etc/localtime" | "/etc/timezone")
        {
            continue;
        }
        match &mount.source {
            MountSource::Volume(source) | MountSource::Host(source) => {
                several.entry(path).or_default().push(source.clone());
            }
            MountSource::Anonymous => {
                found.entry(path).or_default();
            }
            MountSource::Tmpfs => {}
        }
    }
    let mut notes = Vec::new();
    for (path, mut sources) in several {
        found.remove(&path);
        sources.sort();
        sources.dedup();
        notes.extend(
            sources.into_iter().map(|source| Note::Volume { path: path.clone(), source: Some(source) }),
        );
    }
    notes.extend(found.into_iter().map(|(path, source)| Note::Volume { path, source }));
    notes.sort();
    notes
}
