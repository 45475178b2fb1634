//! Which images are pinned.
//!
//! A pattern is an image name without tag and digest, in which `*` stands for any characters of one component and the
//! component `**` for any number of components. A leading `**/` may stand for none at all, so `**/redis` matches `redis`
//! too. Matching is case-sensitive and covers the whole name.
//!
//! - A pattern whose first component is a registry host (it has a `.` or `:`, or is `localhost`, as in an image
//!   reference) is matched against the full name: `docker.io/**` is everything on Docker Hub, `ghcr.io/mycorp/*` one
//!   name space. As in a reference, `docker.io/node` means `docker.io/library/node`, and so `docker.io/*` the official
//!   images.
//! - Any other pattern is matched against the familiar name, which has no `docker.io/` and no `library/`: `node`,
//!   `mycorp/*`. A `*` at its front may also stand for a registry: `*/internal-*` matches
//!   `registry.example/internal-app`.

use dockerfile_syntax::Reference;
use globset::{GlobBuilder, GlobMatcher};
use harden_core::Why;

/// Which images `pin-digest` may pin, from `[pin-digest]` of a `harden.toml`.
#[derive(Clone, Debug, Default)]
pub struct ImagePolicy {
    pub(super) ignore: Vec<ImagePattern>,
    /// Empty: all.
    pub(super) only: Vec<ImagePattern>,
    /// How messages call the file.
    pub(super) origin: String,
}

impl ImagePolicy {
    /// Whether `image` may be pinned. Tag and digest of the reference do not matter.
    ///
    /// # Errors
    ///
    /// It may not; the code is `ignored-image`, and the message names the pattern.
    pub fn allows(&self, image: &Reference) -> Result<(), Why> {
        let name = image.without_digest();
        let refuse = |message| Err(Why::new("ignored-image", message));
        if let Some(pattern) = self.ignore.iter().find(|pattern| pattern.matches(image)) {
            let (origin, pattern) = (&self.origin, pattern.as_str());
            return refuse(format!(
                "{origin} leaves `{name}` alone (`{pattern}` in `ignore` of [pin-digest])"
            ));
        }
        if !self.only.is_empty() && !self.only.iter().any(|pattern| pattern.matches(image)) {
            let origin = &self.origin;
            return refuse(format!("{origin} leaves `{name}` alone (not in `only` of [pin-digest])"));
        }
        Ok(())
    }
}

/// A set of images; `docs/harden-toml.md` says how it is written.
#[derive(Clone, Debug)]
pub struct ImagePattern {
    text: String,
    /// Matched against the full name, not the familiar one.
    is_full: bool,
    matcher: GlobMatcher,
}

/// Why a text is no pattern: what is wrong, and what to write.
type Invalid = (String, String);

impl ImagePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// What is wrong, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        check(text)?;
        let first = text.split('/').next().unwrap_or_default();
        let is_host = text.contains('/') && (first.contains(['.', ':']) || first == "localhost");
        let full = full_name(text, is_host);
        let glob = GlobBuilder::new(full.as_deref().unwrap_or(text)).literal_separator(true).build();
        let glob = glob.map_err(|_| {
            (
                format!("`{text}` is no image pattern"),
                "use `*` within a component, `**` as a component".to_owned(),
            )
        })?;
        Ok(Self { text: text.to_owned(), is_full: full.is_some(), matcher: glob.compile_matcher() })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it covers `image`.
    #[must_use]
    pub fn matches(&self, image: &Reference) -> bool {
        if self.is_full {
            return self.matcher.is_match(image.repository());
        }
        // The familiar form has the tag and digest of the canonical form, which is longer only in front.
        let rest = image.canonical().len() - image.repository().len();
        let familiar = image.familiar();
        self.matcher.is_match(&familiar[..familiar.len().saturating_sub(rest)])
    }
}

/// The full name a pattern is about, when it is matched against that.
fn full_name(text: &str, is_host: bool) -> Option<String> {
    if !is_host {
        return text.starts_with("library/").then(|| format!("docker.io/{text}"));
    }
    for hub in ["docker.io/", "index.docker.io/"] {
        if let Some(path) = text.strip_prefix(hub) {
            let official = if path.contains('/') || path == "**" { "" } else { "library/" };
            return Some(format!("docker.io/{official}{path}"));
        }
    }
    Some(text.to_owned())
}

fn check(text: &str) -> Result<(), Invalid> {
    let bad = |what: &str, help: String| Err((format!("`{text}` {what}"), help));
    let (host, path) = text.split_once('/').map_or((None, text), |(host, path)| (Some(host), path));
    let examples = || "write for instance `node`, `mycorp/*` or `ghcr.io/mycorp/**`".to_owned();
    if text.is_empty() {
        return Err(("an image pattern is empty".to_owned(), examples()));
    }
    if let Some(folder) = text.strip_suffix('/') {
        return bad("ends with `/`", format!("for everything below it write `{folder}/**`"));
    }
    if text.split('/').any(str::is_empty) {
        return bad("has an empty component", examples());
    }
    if host.is_none() && text.contains('.') {
        return bad("names a registry and no image", format!("for everything there write `{text}/**`"));
    }
    if path.contains([':', '@']) {
        return bad(
            "has a tag, a digest or only a registry",
            "leave tags out; a registry is written `host:5000/**`".to_owned(),
        );
    }
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/*".contains(&byte);
    let in_host = |byte: u8| allowed(byte) || byte == b':' || byte.is_ascii_uppercase();
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return bad("has capital letters", "image names are written in lower case".to_owned());
    }
    if !path.bytes().all(allowed) || !host.unwrap_or_default().bytes().all(in_host) {
        return bad(
            "holds a character that no image name has",
            "the only wildcards are `*` and `**`".to_owned(),
        );
    }
    if text.split('/').any(|part| part.contains("**") && part != "**") {
        return bad(
            "has `**` beside other characters",
            "`**` stands for whole components; within one write `*`".to_owned(),
        );
    }
    Ok(())
}
