//! Which credentials belong to a repository: the configuration files of Docker and podman, and credential helpers.
//!
//! Sources: docs.docker.com, `docker login` ("Credential stores", "Credential helpers"); docker/cli
//! `cli/config/configfile`; containers-auth.json(5). Files are read once, helpers run once for each name.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::Deserialize;

use super::helper;
use super::memo::{Memo, lock};
use super::names::{self, Endpoint};
use super::secret::Secret;
use super::{Environment, RegistryOptions};

/// Largest configuration file that is read, in bytes.
const MAX_FILE: u64 = 1 << 20;
/// The name under which Docker keeps the credentials of Docker Hub.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// What proves who the user is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// A user name and a password.
    Login { user: String, password: Secret },
    /// A refresh token, from which a token server makes tokens.
    Identity(Secret),
}

/// All configured credentials.
pub(super) struct Credentials {
    files: Vec<Config>,
    helper_dir: Option<PathBuf>,
    helper_time: Duration,
    helped: Memo<(String, String), Option<Credential>>,
    warnings: Mutex<Vec<String>>,
}

/// A configuration file; what harden does not use is skipped.
#[derive(Deserialize, Default)]
struct Config {
    #[serde(default)]
    auths: BTreeMap<String, Option<Entry>>,
    #[serde(default, rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
}

#[derive(Deserialize, Default)]
struct Entry {
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    identitytoken: Option<String>,
}

impl Credentials {
    /// Reads the files. One that is missing is no trouble; one that cannot be read is a warning, as in Docker.
    pub(super) fn load(options: &RegistryOptions) -> Self {
        let Environment { docker_config, auth_file, auth_fallbacks, helper_dir, .. } = &options.environment;
        let mut warnings = Vec::new();
        let mut files = Vec::new();
        for path in auth_file.iter().chain(docker_config).chain(auth_fallbacks) {
            match read(path) {
                Ok(config) => files.extend(config),
                Err(what) => warnings.push(format!(
                    "{} {what}, so its registry credentials are not used; correct it or log in again",
                    path.display()
                )),
            }
        }
        Self {
            files,
            helper_dir: helper_dir.clone(),
            helper_time: options.helper_time,
            helped: Memo::default(),
            warnings: Mutex::new(warnings),
        }
    }

    /// What was wrong with files and helpers so far, without repetition.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = lock(&self.warnings).clone();
        warnings.sort_unstable();
        warnings.dedup();
        warnings
    }

    /// The credentials for a repository. In each file a helper for the registry comes first, then the common store,
    /// then the file itself; the first file that has some wins.
    pub(super) fn find(&self, at: &Endpoint) -> Option<Credential> {
        self.files.iter().find_map(|file| {
            let helper = best(&file.helpers, at).map(|(key, name)| (name.as_str(), key.to_owned()));
            let store = || {
                let hub = names::is_docker_hub(&at.authority);
                let key = if hub { DOCKER_HUB_KEY } else { &at.authority };
                file.store.as_deref().filter(|name| !name.is_empty()).map(|name| (name, key.to_owned()))
            };
            helper.or_else(store).and_then(|(name, key)| self.help(name, &key)).or_else(|| {
                best(&file.auths, at).and_then(|(_, entry)| entry.as_ref()).and_then(Entry::credential)
            })
        })
    }

    fn help(&self, name: &str, server: &str) -> Option<Credential> {
        self.helped.get((name.to_owned(), server.to_owned()), || {
            helper::run(name, server, self.helper_dir.as_deref(), self.helper_time).unwrap_or_else(|what| {
                lock(&self.warnings).push(format!(
                    "the credential helper docker-credential-{name} {what}; going on without credentials for {server}"
                ));
                None
            })
        })
    }
}

impl Entry {
    fn credential(&self) -> Option<Credential> {
        if let Some(token) = self.identitytoken.as_deref().filter(|token| !token.is_empty()) {
            return Some(Credential::Identity(Secret::new(token)));
        }
        let decoded = self.auth.as_deref().map(str::trim).filter(|auth| !auth.is_empty()).and_then(|auth| {
            let bytes = STANDARD.decode(auth).or_else(|_| STANDARD_NO_PAD.decode(auth)).ok()?;
            let text = String::from_utf8(bytes).ok()?;
            let (user, password) = text.split_once(':')?;
            Some((user.to_owned(), password.trim_matches('\0').to_owned()))
        });
        let plain = || Some((self.username.clone()?, self.password.clone()?));
        let (user, password) = decoded.or_else(plain)?;
        (!user.is_empty()).then(|| Credential::Login { user, password: Secret::new(password) })
    }
}

fn read(path: &Path) -> Result<Option<Config>, String> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot be read ({})", error.kind())),
        Ok(size) if size as u64 > MAX_FILE => return Err("is larger than 1 MiB".to_owned()),
        Ok(_) => {}
    }
    // The parser's own message may repeat a value.
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| format!("is no registry configuration (line {})", error.line()))
}

/// The entry for a repository: the key with the longest path wins (containers-auth.json(5)); with the same path the
/// key that is spelled as the host.
fn best<'m, T>(entries: &'m BTreeMap<String, T>, at: &Endpoint) -> Option<(&'m str, &'m T)> {
    let fitting = entries.iter().filter_map(|(key, entry)| {
        let (host, path) = parts(key);
        let same = names::canonical(&host.to_ascii_lowercase()) == names::canonical(&at.authority);
        let below =
            at.repository.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let rank = (path.len(), *key == at.authority || key == DOCKER_HUB_KEY);
        (same && (path.is_empty() || below)).then_some((rank, (key.as_str(), entry)))
    });
    fitting.max_by_key(|(rank, _)| *rank).map(|(_, entry)| entry)
}

/// Host and repository path of a key. Docker wrote addresses: `https://index.docker.io/v1/`.
fn parts(key: &str) -> (&str, &str) {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let (host, path) = key.split_once('/').unwrap_or((key, ""));
    let path = path.trim_end_matches('/');
    (host, if matches!(path, "v1" | "v2") { "" } else { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str, authority: &str, repository: &str) -> Option<String> {
        let file: Config = serde_json::from_str(json).unwrap();
        let at = Endpoint { authority: authority.to_owned(), repository: repository.to_owned() };
        let credential = best(&file.auths, &at)?.1.as_ref()?.credential()?;
        Some(match credential {
            Credential::Login { user, password } => format!("{user}/{}", password.reveal()),
            Credential::Identity(token) => format!("token {}", token.reveal()),
        })
    }

    #[test]
    fn docker_hub_has_four_names() {
        for key in [
            "https://index.docker.io/v1/",
            "docker.io",
            "index.docker.io",
            "registry-1.docker.io",
            "https://registry-1.docker.io/v2/",
            "index.docker.io/v1",
        ] {
            // `YTpiOmM=` is `a:b:c`.
            let json = format!(r#"{{"auths": {{"{key}": {{"auth": "YTpiOmM="}}}}}}"#);
            assert_eq!(
                found(&json, "registry-1.docker.io", "library/node").as_deref(),
                Some("a/b:c"),
                "{key}"
            );
            assert_eq!(found(&json, "ghcr.io", "library/node"), None, "{key}");
        }
    }

    #[test]
    fn the_longest_path_wins() {
        let json = r#"{"auths": {
            "quay.io": {"username": "host", "password": "p"},
            "quay.io/team": {"username": "team", "password": "p"},
            "quay.io/team/app": {"username": "app", "password": "p"}}}"#;
        for (repository, user) in [
            ("other/x", "host"),
            ("team/x", "team"),
            ("team/app", "app"),
            ("team/app/y", "app"),
            ("team/apple", "team"),
            ("teams", "host"),
        ] {
            assert_eq!(found(json, "quay.io", repository).unwrap(), format!("{user}/p"), "{repository}");
        }
        assert_eq!(found(json, "quay.io:5000", "team/app"), None, "another port is another server");
        assert_eq!(found(json, "evil.quay.io", "team/app"), None);
    }

    #[test]
    fn every_form_of_an_entry_is_read() {
        for (entry, expected) in [
            (r#"{"auth": "YTpiAAA="}"#, Some("a/b")),
            (r#"{"auth": "YTpi"}"#, Some("a/b")),
            (r#"{"auth": "YTpiYg"}"#, Some("a/bb")),
            (r#"{"username": "a", "password": "b"}"#, Some("a/b")),
            (r#"{"auth": "YTpi", "identitytoken": "t"}"#, Some("token t")),
            (r#"{"auth": "", "email": "x"}"#, None),
            (r#"{"auth": "no base64!"}"#, None),
            (r#"{"auth": "Og=="}"#, None),
            ("{}", None),
            ("null", None),
        ] {
            let json =
                format!(r#"{{"auths": {{"a.example:5000": {entry}}}, "psFormat": "x", "plugins": {{}}}}"#);
            assert_eq!(found(&json, "a.example:5000", "x").as_deref(), expected, "{entry}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let credential = Credential::Login { user: "user".to_owned(), password: Secret::new("canary") };
        assert!(
            !format!("{credential:?} {:?}", Credential::Identity(Secret::new("canary"))).contains("canary")
        );
    }

    #[test]
    fn a_broken_file_is_a_warning_that_shows_nothing_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, r#"{"auths": {"a.example": {"auth": ["canary"]}}}"#).unwrap();
        let environment = Environment {
            docker_config: Some(file),
            auth_file: Some(folder.path().join("missing.json")),
            ..Environment::default()
        };
        let credentials = Credentials::load(&RegistryOptions { environment, ..RegistryOptions::default() });
        let warnings = credentials.warnings();
        assert!(warnings.len() == 1 && warnings[0].contains("config.json"), "{warnings:?}");
        assert!(!warnings[0].contains("canary"));
    }
}
