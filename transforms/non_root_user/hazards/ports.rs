//! Ports below 1024.

use std::collections::BTreeMap;

use harden_core::syntax::Keyword;
use harden_core::{Launch, Place, ServiceKind};

use super::super::risk::Risk;
use super::super::view::View;
use super::services;

/// The first port everybody may listen on (Linux, `net.ipv4.ip_unprivileged_port_start`).
const FIRST_FREE: u16 = 1024;

/// A port below 1024 of the image, with each place that names it.
type Ports = BTreeMap<u16, Vec<Option<Place>>>;

/// The low ports the image is said to listen on, each once.
pub(crate) fn low_ports(view: &View<'_, '_>) -> Vec<u16> {
    found(view).into_keys().collect()
}

pub(super) fn risks(view: &View<'_, '_>) -> Vec<Risk> {
    let host = services::of(view)
        .any(|service| service.settings.iter().any(|setting| setting.kind == ServiceKind::HostNetwork));
    found(view)
        .into_iter()
        .map(|(port, places)| {
            let place = places.into_iter().flatten().next();
            if host {
                let message = format!("a service on the network of the host cannot listen on port {port} without root");
                return Risk::stop("host-network-port", message, place);
            }
            let message = format!(
                "port {port} is below 1024: another user can listen on it under Docker, but not on every platform"
            );
            Risk::lower("low-port", message, place)
        })
        .collect()
}

fn found(view: &View<'_, '_>) -> Ports {
    let mut ports = Ports::new();
    let mut add = |port: u16, place: Option<Place>| {
        if port < FIRST_FREE && port > 0 {
            ports.entry(port).or_default().push(place);
        }
    };
    for &stage in &view.chain {
        view.scopes.walk(stage, |scopes, instruction, state| {
            if instruction.keyword() != Keyword::Expose {
                return;
            }
            for word in instruction.words() {
                let Ok(text) = scopes.expand(state, word) else { continue };
                for port in text.text.split_whitespace().filter_map(lowest) {
                    add(port, Some(Place::Here(word.span())));
                }
            }
        });
    }
    for service in services::of(view) {
        for setting in &service.settings {
            if let ServiceKind::Port(port) = setting.kind {
                add(port, Some(services::place(setting)));
            }
        }
    }
    for port in inherited(view) {
        add(port, None);
    }
    ports
}

/// The first port of an EXPOSE argument: `80`, `80/udp`, `80-85`, and the `ip:host:container` some write.
fn lowest(text: &str) -> Option<u16> {
    let ports = text.split('/').next()?.rsplit(':').next()?;
    ports.split('-').next()?.parse().ok()
}

/// Ports of the base image, while its own program is what runs.
fn inherited(view: &View<'_, '_>) -> Vec<u16> {
    // A new CMD behind an inherited entrypoint may be the same program with other options.
    if !matches!((view.runtime.entrypoint, view.runtime.command), (Launch::FromBase, Launch::FromBase)) {
        return Vec::new();
    }
    match &view.base.config {
        Some(config) => config.exposed_ports.iter().filter_map(|port| lowest(port)).collect(),
        None => view.base.entry.map(|entry| entry.ports.to_vec()).unwrap_or_default(),
    }
}
