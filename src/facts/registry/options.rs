//! What a run of the resolver is told.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::PathBuf;
use std::time::Duration;

/// How registries are asked.
#[derive(Clone, Debug)]
pub struct RegistryOptions {
    /// Questions that are worked on at the same time; at least 1, at most 64.
    pub jobs: usize,
    /// Requests to one host at the same time; at least 1.
    pub per_host: usize,
    /// Mirrors by registry, `docker.io` → `mirror.example[:port][/prefix]`. A mirror is asked first; what it does not
    /// answer is asked of the registry.
    pub mirrors: BTreeMap<String, String>,
    /// Registries, `host[:port]`, that may be asked without TLS. This machine (`localhost`, 127.0.0.0/8, `::1`) always
    /// may.
    pub insecure: BTreeSet<String>,
    /// Longest time for one exchange, from the connection to the last byte.
    pub timeout: Duration,
    /// How often a request is sent again after 429, 5xx or a broken connection; after a time-out at most once.
    pub retries: u32,
    /// First wait before a request is sent again; it doubles each time, and a random part up to a half is left off.
    pub backoff: Duration,
    /// Longest wait that a registry may ask for with `Retry-After`; when it asks for more, it is not asked again.
    pub longest_wait: Duration,
    /// Longest time for one question with all its waits; an exchange that has begun is finished.
    pub question_time: Duration,
    /// Longest time for a credential helper.
    pub helper_time: Duration,
    /// Where credentials, certificates and proxies are found.
    pub environment: Environment,
}

impl Default for RegistryOptions {
    /// 8 questions at once and 8 requests to a host, no mirrors, 15 s for an exchange and 120 s for a question, three
    /// retries from half a second; the environment of this process.
    fn default() -> Self {
        Self {
            jobs: 8,
            per_host: 8,
            mirrors: BTreeMap::new(),
            insecure: BTreeSet::new(),
            timeout: Duration::from_secs(15),
            retries: 3,
            backoff: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            question_time: Duration::from_secs(120),
            helper_time: Duration::from_secs(30),
            environment: Environment::from_process(),
        }
    }
}

/// What the resolver takes from its surroundings, so that tests can give their own.
#[derive(Clone, Default)]
pub struct Environment {
    /// Docker's configuration file: `config.json` in `$DOCKER_CONFIG` or `~/.docker`.
    pub docker_config: Option<PathBuf>,
    /// `$REGISTRY_AUTH_FILE` (podman, containers-auth.json(5)); comes before Docker's.
    pub auth_file: Option<PathBuf>,
    /// Further files of that format: `$XDG_RUNTIME_DIR/containers/auth.json` and below `~/.config`.
    pub auth_fallbacks: Vec<PathBuf>,
    /// Where credential helpers are; `None` searches `PATH`.
    pub helper_dir: Option<PathBuf>,
    /// PEM file with the CAs to trust instead of the system's. `None`: the system's, or those that `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` name.
    pub ca_file: Option<PathBuf>,
    /// `HTTPS_PROXY`.
    pub https_proxy: Option<String>,
    /// `HTTP_PROXY`.
    pub http_proxy: Option<String>,
    /// `NO_PROXY`.
    pub no_proxy: Option<String>,
}

impl Environment {
    /// The environment of this process. Upper case wins over lower case, as in Docker's client.
    #[must_use]
    pub fn from_process() -> Self {
        let path = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let text = |upper: &str, lower: &str| {
            let value = |name| env::var(name).ok().filter(|value| !value.is_empty());
            value(upper).or_else(|| value(lower))
        };
        let home = env::home_dir().filter(|home| !home.as_os_str().is_empty());
        let docker = path("DOCKER_CONFIG").or_else(|| home.as_ref().map(|home| home.join(".docker")));
        let config = path("XDG_CONFIG_HOME").or_else(|| home.map(|home| home.join(".config")));
        let fallbacks = [path("XDG_RUNTIME_DIR"), config];
        Self {
            docker_config: docker.map(|folder| folder.join("config.json")),
            auth_file: path("REGISTRY_AUTH_FILE"),
            auth_fallbacks: fallbacks
                .into_iter()
                .flatten()
                .map(|folder| folder.join("containers/auth.json"))
                .collect(),
            helper_dir: None,
            ca_file: None,
            https_proxy: text("HTTPS_PROXY", "https_proxy"),
            http_proxy: text("HTTP_PROXY", "http_proxy"),
            no_proxy: text("NO_PROXY", "no_proxy"),
        }
    }
}

impl std::fmt::Debug for Environment {
    // The addresses of proxies may hold passwords.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("docker_config", &self.docker_config)
            .field("auth_file", &self.auth_file)
            .field("auth_fallbacks", &self.auth_fallbacks)
            .field("helper_dir", &self.helper_dir)
            .field("ca_file", &self.ca_file)
            .field("no_proxy", &self.no_proxy)
            .finish_non_exhaustive()
    }
}
