//! Which proxy a request goes through: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` as Docker's client reads them
//! (golang.org/x/net/http/httpproxy).

use std::net::IpAddr;

use super::{Environment, names};

/// The proxies of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies {
    pub(super) https: Option<ureq::Proxy>,
    pub(super) http: Option<ureq::Proxy>,
    exceptions: Vec<Exception>,
}

/// One entry of `NO_PROXY`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    Everything,
    /// A host with, when it did not begin with a dot, all below it; and a port when one was given.
    Host {
        name: String,
        below_only: bool,
        port: Option<String>,
    },
    Network {
        address: IpAddr,
        bits: u32,
    },
}

impl Proxies {
    /// Reads the settings. The second part names a setting that is no proxy address; its value may hold a password
    /// and is not shown.
    pub(super) fn new(environment: &Environment) -> (Self, Vec<String>) {
        let mut warnings = Vec::new();
        let mut proxy = |name: &str, value: &Option<String>| {
            let value = value.as_deref().map(str::trim).filter(|value| !value.is_empty())?;
            let proxy = ureq::Proxy::new(value).ok();
            if proxy.is_none() {
                warnings.push(format!("{name} is no proxy address and is not used; write http://HOST:PORT"));
            }
            proxy
        };
        let https = proxy("HTTPS_PROXY", &environment.https_proxy);
        let http = proxy("HTTP_PROXY", &environment.http_proxy);
        let exceptions = environment
            .no_proxy
            .iter()
            .flat_map(|list| list.split([',', ' ']))
            .filter_map(exception)
            .collect();
        (Self { https, http, exceptions }, warnings)
    }

    /// The proxy on the way to a host. This machine is never reached through a proxy.
    pub(super) fn select(&self, plain: bool, authority: &str) -> Option<&ureq::Proxy> {
        let proxy = if plain { self.http.as_ref() } else { self.https.as_ref() }?;
        (!names::is_loopback(authority) && !self.is_exempt(plain, authority)).then_some(proxy)
    }

    fn is_exempt(&self, plain: bool, authority: &str) -> bool {
        let host = names::host(authority);
        let default = if plain { "80" } else { "443" };
        let port =
            authority[authority.rfind(']').unwrap_or(0)..].rsplit_once(':').map_or(default, |(_, port)| port);
        let ip: Option<IpAddr> = host.parse().ok();
        self.exceptions.iter().any(|exception| match exception {
            Exception::Everything => true,
            Exception::Network { address, bits } => ip.is_some_and(|ip| is_within(ip, *address, *bits)),
            Exception::Host { name, below_only, port: wanted } => {
                wanted.as_deref().is_none_or(|wanted| wanted == port)
                    && (!below_only && host == name
                        || host
                            .strip_suffix(name.as_str())
                            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')))
            }
        })
    }
}

fn exception(text: &str) -> Option<Exception> {
    let text = text.trim().to_ascii_lowercase();
    if text == "*" {
        return Some(Exception::Everything);
    }
    if let Some((address, bits)) = text.split_once('/') {
        return Some(Exception::Network { address: address.parse().ok()?, bits: bits.parse().ok()? });
    }
    if let Ok(address) = names::host(&text).parse::<IpAddr>()
        && !text.contains("]:")
        && (address.is_ipv6() || !text.contains(':'))
    {
        return Some(Exception::Network { address, bits: 128 });
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port.to_owned())),
        _ => (text.as_str(), None),
    };
    let name = name.strip_prefix('*').unwrap_or(name);
    let below_only = name.starts_with('.');
    let name = name.trim_start_matches('.').trim_matches(['[', ']']).to_owned();
    (!name.is_empty()).then_some(Exception::Host { name, below_only, port })
}

/// Whether the first `bits` of both addresses agree; more bits than there are mean all of them.
fn is_within(ip: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let shift = 32 - bits.min(32);
            (u64::from(ip.to_bits()) >> shift) == (u64::from(network.to_bits()) >> shift)
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let shift = 128 - bits.min(128);
            ip.to_bits().checked_shr(shift).unwrap_or(0) == network.to_bits().checked_shr(shift).unwrap_or(0)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goes_through(no_proxy: &str, authority: &str) -> bool {
        let environment = Environment {
            https_proxy: Some("http://user:canary@proxy.example:3128".to_owned()),
            no_proxy: Some(no_proxy.to_owned()),
            ..Environment::default()
        };
        Proxies::new(&environment).0.select(false, authority).is_some()
    }

    #[test]
    fn exceptions_are_those_of_docker() {
        for (no_proxy, authority, expected) in [
            ("", "registry.example", true),
            ("", "localhost:5000", false),
            ("", "127.0.0.1:5000", false),
            ("*", "registry.example", false),
            ("other.example, registry.example", "registry.example:5000", false),
            ("example", "registry.example", false),
            (".example", "registry.example", false),
            ("*.example", "registry.example", false),
            (".registry.example", "registry.example", true),
            ("gistry.example", "registry.example", true),
            ("registry.example:5000", "registry.example:5000", false),
            ("registry.example:5000", "registry.example", true),
            ("registry.example:443", "registry.example", false),
            ("10.0.0.0/8", "10.1.2.3:5000", false),
            ("10.0.0.0/8", "11.1.2.3:5000", true),
            ("10.1.2.3", "10.1.2.3:5000", false),
            ("0.0.0.0/0", "10.1.2.3", false),
            ("fd00::/8", "[fd12::1]:5000", false),
            ("fd00::/8", "[fe80::1]:5000", true),
            ("10.0.0.0/x,/,:,[", "registry.example", true),
        ] {
            assert_eq!(goes_through(no_proxy, authority), expected, "{no_proxy} {authority}");
        }
    }

    #[test]
    fn a_bad_setting_is_named_without_its_value() {
        let environment =
            Environment { http_proxy: Some("gopher://user:canary@x".to_owned()), ..Environment::default() };
        let (proxies, warnings) = Proxies::new(&environment);
        assert!(proxies.http.is_none() && proxies.https.is_none());
        assert!(
            warnings.len() == 1 && warnings[0].contains("HTTP_PROXY") && !warnings[0].contains("canary"),
            "{warnings:?}"
        );
    }
}
