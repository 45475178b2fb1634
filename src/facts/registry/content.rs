//! Manifests and indexes: their media types, digests and the parts that are needed
//! (OCI image specification, `manifest.md`, `image-index.md`; Docker "Image Manifest Version 2, Schema 2").

use dockerfile_syntax::Digest;
use harden_core::ImageConfig;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::failure::{Failure, Kind};

/// The kinds of manifests that are asked for. A registry answers "not found" for a kind that is not listed.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";

const INDEXES: [&str; 2] =
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];
const MANIFESTS: [&str; 2] =
    ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];
const CONFIGS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];
/// Docker's first manifest format, which names no configuration and whose digest covers only a part of it.
const SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+";

/// The platform whose configuration is read when there is a choice: the same on every machine.
const PREFERRED: [&str; 2] = ["linux/amd64", "linux/arm64"];

/// Whether a `Content-Type` names an index.
pub(super) fn is_index(content_type: &str, host: &str) -> Result<bool, Failure> {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if INDEXES.contains(&media_type.as_str()) {
        return Ok(true);
    }
    if MANIFESTS.contains(&media_type.as_str()) {
        return Ok(false);
    }
    if media_type.starts_with(SCHEMA1) {
        let text = format!(
            "{host} serves it in Docker's old schema 1, which has no usable digest; push the image again"
        );
        return Err(Failure::new(Kind::Unsupported, text));
    }
    let what = if media_type == "text/html" { "a web page" } else { "something" };
    Err(Failure::bad(format!(
        "{host} answered with {what} that is no image manifest; a proxy or login page may be in the way"
    )))
}

/// Reads a digest that a server named: complete, and not the placeholder of zeros.
pub(super) fn digest(text: &str) -> Option<Digest> {
    Digest::parse(text).ok().filter(|digest| digest.hex().bytes().any(|b| b != b'0'))
}

/// Whether `bytes` have this digest.
pub(super) fn matches(digest: &Digest, bytes: &[u8]) -> bool {
    hash(digest.algorithm(), bytes) == digest.hex()
}

/// The digest of `bytes`, in SHA-256.
pub(super) fn digest_of(bytes: &[u8]) -> Option<Digest> {
    Digest::parse(&format!("sha256:{}", hash("sha256", bytes))).ok()
}

fn hash(algorithm: &str, bytes: &[u8]) -> String {
    let mut hash = Hash::new(algorithm);
    hash.update(bytes);
    hash.hex()
}

/// A digest on its way.
pub(super) enum Hash {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hash {
    fn new(algorithm: &str) -> Self {
        match algorithm {
            "sha384" => Self::Sha384(Sha384::new()),
            "sha512" => Self::Sha512(Sha512::new()),
            _ => Self::Sha256(Sha256::new()),
        }
    }

    /// With the algorithm of this digest.
    pub(super) fn of(digest: &Digest) -> Self {
        Self::new(digest.algorithm())
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha384(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
    }

    /// Whether the bytes have this digest.
    pub(super) fn matches(self, digest: &Digest) -> bool {
        self.hex() == digest.hex()
    }

    fn hex(self) -> String {
        let sum = match self {
            Self::Sha256(hash) => hash.finalize().to_vec(),
            Self::Sha384(hash) => hash.finalize().to_vec(),
            Self::Sha512(hash) => hash.finalize().to_vec(),
        };
        sum.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// What a digest stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Index(Vec<Child>),
    /// An image of one platform, with its configuration.
    Image {
        config: Descriptor,
        /// From the lowest to the highest.
        layers: Vec<Layer>,
    },
}

/// A layer of an image.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) media_type: String,
    pub(super) blob: Descriptor,
}

/// An image of an index.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Child {
    pub(super) digest: Digest,
    /// `os/architecture[/variant]`.
    pub(super) platform: String,
}

/// A blob.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Descriptor {
    pub(super) digest: Digest,
    pub(super) size: u64,
}

#[derive(Deserialize)]
struct RawManifest {
    #[serde(rename = "schemaVersion")]
    version: u64,
    #[serde(rename = "mediaType", default)]
    media_type: Option<String>,
    #[serde(default)]
    manifests: Option<Vec<RawChild>>,
    #[serde(default)]
    config: Option<RawDescriptor>,
    #[serde(default)]
    layers: Option<Vec<RawDescriptor>>,
}

#[derive(Deserialize)]
struct RawChild {
    digest: String,
    #[serde(default)]
    platform: Option<Platform>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct RawDescriptor {
    #[serde(rename = "mediaType", default)]
    media_type: String,
    digest: String,
    #[serde(default)]
    size: u64,
}

#[derive(Deserialize)]
struct Platform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

impl Platform {
    /// As Docker writes it; `None` for what is no platform (attestations carry `unknown/unknown`).
    fn text(&self) -> Option<String> {
        let word = |text: &str| {
            !text.is_empty()
                && text.len() <= 64
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        if !word(&self.os) || !word(&self.architecture) || self.os == "unknown" {
            return None;
        }
        let variant = self.variant.as_deref().filter(|variant| word(variant));
        let variant = variant.map(|variant| format!("/{variant}")).unwrap_or_default();
        Some(format!("{}/{}{variant}", self.os, self.architecture))
    }
}

impl Content {
    /// Reads a manifest or index whose bytes have been checked.
    pub(super) fn read(body: &[u8], is_index: bool, host: &str) -> Result<Self, Failure> {
        let bad = || Failure::bad(format!("{host} sent a manifest that cannot be understood"));
        let raw: RawManifest = object(body).ok_or_else(bad)?;
        // A body that calls itself something else than the header could be taken for either (CVE-2021-41190).
        let other = if is_index { &MANIFESTS } else { &INDEXES };
        let confused = raw.media_type.as_deref().is_some_and(|own| other.contains(&own));
        if raw.version != 2
            || confused
            || raw.manifests.is_some() == raw.config.is_some()
            || raw.manifests.is_some() != is_index
        {
            return Err(bad());
        }
        if let Some(config) = raw.config {
            if !CONFIGS.contains(&config.media_type.as_str()) {
                let text = "it is no container image: its manifest has a configuration of another kind";
                return Err(Failure::new(Kind::Unsupported, text));
            }
            let digest = digest(&config.digest).ok_or_else(bad)?;
            let layer = |raw: RawDescriptor| {
                let digest = self::digest(&raw.digest).ok_or_else(bad)?;
                Ok(Layer { media_type: raw.media_type, blob: Descriptor { digest, size: raw.size } })
            };
            let layers = raw.layers.into_iter().flatten().map(layer).collect::<Result<_, _>>()?;
            return Ok(Self::Image { config: Descriptor { digest, size: config.size }, layers });
        }
        let mut children = Vec::new();
        for child in raw.manifests.into_iter().flatten() {
            let attestation = child
                .annotations
                .is_some_and(|annotations| annotations.contains_key("vnd.docker.reference.type"));
            let platform = child.platform.as_ref().and_then(Platform::text);
            if let (Some(platform), false) = (platform, attestation) {
                children.push(Child { digest: digest(&child.digest).ok_or_else(bad)?, platform });
            }
        }
        Ok(Self::Index(children))
    }

    /// The platforms of an index, sorted; none for a single image.
    pub(super) fn platforms(&self) -> Vec<String> {
        let Self::Index(children) = self else { return Vec::new() };
        let mut platforms: Vec<_> = children.iter().map(|child| child.platform.clone()).collect();
        platforms.sort_unstable();
        platforms.dedup();
        platforms
    }
}

/// The image whose configuration stands for an index: a fixed choice, so that it does not depend on the machine.
pub(super) fn representative(children: &[Child]) -> Option<&Child> {
    PREFERRED
        .iter()
        .find_map(|wanted| {
            children
                .iter()
                .find(|child| child.platform == *wanted || child.platform.starts_with(&format!("{wanted}/")))
        })
        .or_else(|| {
            children
                .iter()
                .filter(|child| child.platform.starts_with("linux/"))
                .min_by_key(|child| &child.platform)
        })
        .or_else(|| children.iter().min_by_key(|child| &child.platform))
}

#[derive(Deserialize)]
struct RawConfig {
    #[serde(flatten)]
    platform: Platform,
    #[serde(default)]
    config: Option<RawSettings>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RawSettings {
    user: Option<String>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    env: Option<Vec<String>>,
    working_dir: Option<String>,
    exposed_ports: Option<BTreeMap<String, serde_json::Value>>,
    volumes: Option<BTreeMap<String, serde_json::Value>>,
    shell: Option<Vec<String>>,
}

/// Reads an image configuration whose bytes have been checked.
pub(super) fn config(body: &[u8], host: &str) -> Result<ImageConfig, Failure> {
    let raw: RawConfig = object(body).ok_or_else(|| {
        Failure::bad(format!("{host} sent an image configuration that cannot be understood"))
    })?;
    let settings = raw.config.unwrap_or_default();
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let env = settings.env.unwrap_or_default().into_iter().filter_map(|entry| {
        let (name, value) = entry.split_once('=')?;
        (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    });
    Ok(ImageConfig {
        platform: raw.platform.text(),
        user: text(settings.user),
        entrypoint: settings.entrypoint.unwrap_or_default(),
        cmd: settings.cmd.unwrap_or_default(),
        env: env.collect(),
        working_dir: text(settings.working_dir),
        exposed_ports: settings.exposed_ports.unwrap_or_default().into_keys().collect(),
        volumes: settings.volumes.unwrap_or_default().into_keys().collect(),
        shell: settings.shell.unwrap_or_default(),
    })
}

/// Reads a JSON object; serde would take a list for one as well.
fn object<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let is_object = body.trim_ascii_start().first() == Some(&b'{');
    is_object.then(|| serde_json::from_slice(body).ok()).flatten()
}

#[cfg(test)]
#[path = "content_tests.rs"]
mod tests;
