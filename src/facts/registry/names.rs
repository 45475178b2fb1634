//! Which host serves a reference, and under which path.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use dockerfile_syntax::Reference;

/// The registry host of Docker Hub (distribution/reference calls the same registry `docker.io`).
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";

/// One place that serves a repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Endpoint {
    /// `host[:port]`, in lower case.
    pub(super) authority: String,
    /// Repository path on that host.
    pub(super) repository: String,
}

impl Endpoint {
    /// The path of a request below the repository: `manifests/22`.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/v2/{}/{rest}", self.repository)
    }

    /// The scope that lets a client read the repository (distribution token specification).
    pub(super) fn scope(&self) -> String {
        format!("repository:{}:pull", self.repository)
    }
}

/// The registry of a reference as people write it, for instance `docker.io`, and the repository path there.
///
/// A first component that is no valid host but looks like one, `my_host.example/app`, is the host all the same, as in
/// containerd (`reference.Spec.Hostname`).
pub(super) fn registry(image: &Reference) -> (&str, &str) {
    match image.domain() {
        "" => image.path().split_once('/').unwrap_or(("", image.path())),
        domain => (domain, image.path()),
    }
}

/// Where to ask for `image`, in order: the mirror, then the registry itself.
pub(super) fn endpoints(image: &Reference, mirrors: &BTreeMap<String, String>) -> Vec<Endpoint> {
    let (registry, path) = registry(image);
    let authority = match registry {
        "docker.io" => DOCKER_HUB_HOST.to_owned(),
        other => other.to_ascii_lowercase(),
    };
    let mut found = Vec::with_capacity(2);
    if let Some(mirror) = mirrors.get(canonical(registry)) {
        let (host, prefix) = mirror.trim_end_matches('/').split_once('/').unwrap_or((mirror.as_str(), ""));
        let separator = if prefix.is_empty() { "" } else { "/" };
        found.push(Endpoint {
            authority: host.trim_end_matches('/').to_ascii_lowercase(),
            repository: format!("{prefix}{separator}{path}"),
        });
    }
    found.push(Endpoint { authority, repository: path.to_owned() });
    found
}

/// One name for the names of Docker Hub.
pub(super) fn canonical(registry: &str) -> &str {
    if is_docker_hub(registry) { "docker.io" } else { registry }
}

/// Whether a host is one of the names of Docker Hub.
pub(super) fn is_docker_hub(host: &str) -> bool {
    matches!(host, "docker.io" | "index.docker.io" | DOCKER_HUB_HOST)
}

/// The host of `host[:port]`, without the brackets of an IPv6 address.
pub(super) fn host(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    authority.split(':').next().unwrap_or(authority)
}

/// Whether an authority is this machine: `localhost`, 127.0.0.0/8 or `::1`.
pub(super) fn is_loopback(authority: &str) -> bool {
    let host = host(authority);
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether a host may be spoken to without TLS: this machine, or one that the user named.
pub(super) fn may_be_plain(authority: &str, insecure: &BTreeSet<String>) -> bool {
    is_loopback(authority) || insecure.contains(authority)
}

/// Whether a text is a `host[:port]` that can stand in an address.
pub(super) fn is_authority(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((ip, port)) if ip.parse::<Ipv6Addr>().is_ok() => {
            (ip, port.strip_prefix(':').or(port.is_empty().then_some("1")))
        }
        Some(_) => return false,
        None => text.split_once(':').map_or((text, Some("1")), |(name, port)| (name, Some(port))),
    };
    let port = port.is_some_and(|port| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|n| n > 0)
    });
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
    port && !name.is_empty() && name.len() <= 253 && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, mirrors: &[(&str, &str)]) -> Vec<String> {
        let mirrors = mirrors.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        let image = Reference::parse(text).unwrap();
        endpoints(&image, &mirrors).iter().map(|at| format!("{}{}", at.authority, at.path("x"))).collect()
    }

    #[test]
    fn docker_hub_has_one_host_and_official_images_a_name_space() {
        for text in ["node", "docker.io/node", "index.docker.io/library/node"] {
            assert_eq!(found(text, &[]), ["registry-1.docker.io/v2/library/node/x"], "{text}");
        }
        assert_eq!(
            found("registry-1.docker.io/library/node", &[]),
            ["registry-1.docker.io/v2/library/node/x"]
        );
        assert_eq!(found("bitnami/node", &[]), ["registry-1.docker.io/v2/bitnami/node/x"]);
    }

    #[test]
    fn other_registries_keep_host_and_port() {
        assert_eq!(found("ghcr.io/a/b/c:1", &[]), ["ghcr.io/v2/a/b/c/x"]);
        assert_eq!(found("localhost:5000/app", &[]), ["localhost:5000/v2/app/x"]);
        assert_eq!(
            found("my_host.example/app", &[]),
            ["my_host.example/v2/app/x"],
            "no valid domain, still a host"
        );
    }

    #[test]
    fn a_mirror_comes_first_and_may_have_a_prefix() {
        let mirrors = [("docker.io", "Mirror.example:5000/hub/"), ("ghcr.io", "ghcr.example")];
        assert_eq!(
            found("node", &mirrors),
            ["mirror.example:5000/v2/hub/library/node/x", "registry-1.docker.io/v2/library/node/x"]
        );
        assert_eq!(found("ghcr.io/a/b", &mirrors), ["ghcr.example/v2/a/b/x", "ghcr.io/v2/a/b/x"]);
        assert_eq!(found("quay.io/a/b", &mirrors), ["quay.io/v2/a/b/x"]);
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for text in ["localhost", "localhost:5000", "127.0.0.1:1", "127.9.9.9", "[::1]:5000", "[::1]"] {
            assert!(is_loopback(text), "{text}");
        }
        for text in [
            "localhost.example",
            "127.0.0.1.example",
            "10.0.0.1",
            "[::2]",
            "registry.example:5000",
            "128.0.0.1",
        ] {
            assert!(!is_loopback(text), "{text}");
        }
    }

    #[test]
    fn an_authority_is_a_host_and_perhaps_a_port() {
        for text in ["a", "a.example:443", "[::1]:5000", "[::1]", "my_host.example"] {
            assert!(is_authority(text), "{text}");
        }
        for text in ["", "a:", "a:x", "a:70000", "user@a", "a/b", "a b", "[::1", "[x]:1", "[::1]x", "a:0"] {
            assert!(!is_authority(text), "{text}");
        }
    }
}
