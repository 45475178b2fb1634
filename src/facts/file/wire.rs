//! The structs of the facts file, version 1, apart from the types the engine works with.

use std::sync::Arc;

use dockerfile_syntax::{Digest, Reference};
use harden_core::{ImageConfig, Why};
use serde::{Deserialize, Serialize};

use super::files::Files;
use super::{ConfigAnswer, Content, FilesAnswer, Index, RecordedFacts, TagAnswer, read};

/// The name of the format, before its version.
pub(super) const SCHEMA_NAME: &str = "harden-facts/";
/// The format this module reads and writes.
pub(super) const SCHEMA: &str = "harden-facts/1";

/// Reason codes that a file can carry; any other becomes the last one.
const CODES: [&str; 12] = [
    "offline",
    "not-found",
    "unauthorized",
    "forbidden",
    "rate-limited",
    "timeout",
    "unreachable",
    "server-error",
    "bad-response",
    "too-large",
    "unsupported",
    "recorded-failure",
];

/// A whole file, as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `schema` and `images`")]
pub(super) struct File {
    pub(super) schema: String,
    #[serde(default)]
    pub(super) source: Option<String>,
    pub(super) images: Vec<Image>,
}

#[derive(Serialize)]
struct Written<'f> {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'f str>,
    images: Vec<RawImage>,
}

/// One entry of a file, checked.
#[derive(Deserialize)]
#[serde(try_from = "RawImage")]
pub(super) struct Image {
    pub(super) reference: Reference,
    pub(super) answer: Answer,
}

pub(super) enum Answer {
    Known {
        digest: Digest,
        index: Option<Index>,
        config: Option<ConfigAnswer>,
        files: Option<FilesAnswer>,
        tags: Vec<String>,
    },
    Unknown(Why),
}

/// One entry of a file, as written.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "an object with `ref`")]
struct RawImage {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// Whether the digest is that of an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    platforms: Vec<String>,
    /// Other tags with this digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config: Option<Config>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config_unknown: Option<Failure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    files: Option<Files>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    files_unknown: Option<Failure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unknown: Option<Failure>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "an object with `code` and `message`")]
struct Failure {
    code: String,
    message: String,
}

/// A configuration; lists and texts that are absent are empty in the image, unless `partial` is set.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, expecting = "an object with parts of an image configuration")]
pub(in crate::facts) struct Config {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entrypoint: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cmd: Vec<String>,
    /// `NAME=value`, in the order of the image.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    env: Vec<Variable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    working_dir: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exposed_ports: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shell: Vec<String>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
struct Variable(String, String);

impl TryFrom<String> for Variable {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Self(name.to_owned(), value.to_owned())),
            _ => Err("an entry of `env` is not written `NAME=value`"),
        }
    }
}

impl From<Variable> for String {
    fn from(Variable(name, value): Variable) -> Self {
        format!("{name}={value}")
    }
}

impl TryFrom<RawImage> for Image {
    type Error = String;

    fn try_from(raw: RawImage) -> Result<Self, Self::Error> {
        let reference = read::reference(&raw.reference)?;
        let answer = answer(&reference, raw).map_err(|message| format!("`{reference}`: {message}"))?;
        Ok(Self { reference, answer })
    }
}

fn answer(reference: &Reference, raw: RawImage) -> Result<Answer, String> {
    if let Some(failure) = raw.unknown {
        let facts =
            raw.digest.is_some() || raw.index.is_some() || raw.config.is_some() || !raw.tags.is_empty();
        let more = raw.config_unknown.is_some() || raw.files.is_some() || raw.files_unknown.is_some();
        if facts || more || !raw.platforms.is_empty() {
            return Err("`unknown` stands beside facts; keep one of them".to_owned());
        }
        if reference.digest().is_some() {
            return Err("`unknown` says that a tag could not be resolved, and `ref` has a digest; \
                        use `config_unknown`"
                .to_owned());
        }
        return Ok(Answer::Unknown(failure.into()));
    }
    let given =
        raw.digest.as_deref().map(Digest::parse).transpose().map_err(|error| format!("`digest`: {error}"))?;
    let digest = match (given, reference.digest()) {
        (Some(given), Some(pinned)) if given != *pinned => {
            return Err("`digest` is not the digest in `ref`".to_owned());
        }
        (Some(digest), _) => digest,
        (None, Some(pinned)) => pinned.clone(),
        (None, None) => {
            return Err("it has neither `digest` nor `unknown`; give one of them".to_owned());
        }
    };
    if raw.index.is_none() && (raw.digest.is_some() || !raw.platforms.is_empty()) {
        return Err(
            "`index` is missing; say whether the digest is that of an index (true) or of one platform's \
                    manifest (false)"
                .to_owned(),
        );
    }
    if let Some(platform) = raw.platforms.iter().find(|platform| !is_platform(platform)) {
        return Err(format!(
            "platform {platform:?} is not written `os/architecture` or `os/architecture/variant`"
        ));
    }
    for tag in &raw.tags {
        reference.with_tag(tag).map_err(|_| format!("`tags` holds {tag:?}, which is no tag"))?;
    }
    let config = match (raw.config, raw.config_unknown) {
        (Some(_), Some(_)) => return Err("both `config` and `config_unknown` are given; keep one".to_owned()),
        (Some(config), None) => Some(config.into()),
        (None, failure) => failure.map(|failure| ConfigAnswer::Failed(failure.into())),
    };
    let files = match (raw.files, raw.files_unknown) {
        (Some(_), Some(_)) => return Err("both `files` and `files_unknown` are given; keep one".to_owned()),
        (Some(files), None) => Some(Ok(Arc::new(files.into_core()))),
        (None, failure) => failure.map(|failure| Err(failure.into())),
    };
    let index = raw.index.map(|is_index| Index::new(is_index, raw.platforms));
    Ok(Answer::Known { digest, index, config, files, tags: raw.tags })
}

pub(in crate::facts) fn is_platform(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    matches!(text.split('/').count(), 2 | 3) && text.split('/').all(part)
}

impl From<Failure> for Why {
    fn from(Failure { code, message }: Failure) -> Self {
        let code = CODES.into_iter().find(|known| *known == code).unwrap_or(CODES[CODES.len() - 1]);
        Self { code, message }
    }
}

impl From<&Why> for Failure {
    fn from(why: &Why) -> Self {
        Self { code: why.code.to_owned(), message: why.message.clone() }
    }
}

/// The reason as a replay will give it, so that the run that records and the run that replays say the same.
pub(super) fn portable(why: Why) -> Why {
    Failure { code: why.code.to_owned(), message: why.message }.into()
}

impl Config {
    /// The configuration, and whether it is only a part.
    pub(in crate::facts) fn into_core(self) -> (ImageConfig, bool) {
        let config = ImageConfig {
            platform: self.platform,
            user: self.user,
            entrypoint: self.entrypoint,
            cmd: self.cmd,
            env: self.env.into_iter().map(|Variable(name, value)| (name, value)).collect(),
            working_dir: self.working_dir,
            exposed_ports: super::sorted(self.exposed_ports),
            volumes: super::sorted(self.volumes),
            shell: self.shell,
        };
        (config, self.partial)
    }

    pub(in crate::facts) fn from_core(config: &ImageConfig, partial: bool) -> Self {
        Self {
            partial,
            platform: config.platform.clone(),
            user: config.user.clone(),
            entrypoint: config.entrypoint.clone(),
            cmd: config.cmd.clone(),
            env: config.env.iter().map(|(name, value)| Variable(name.clone(), value.clone())).collect(),
            working_dir: config.working_dir.clone(),
            exposed_ports: config.exposed_ports.clone(),
            volumes: config.volumes.clone(),
            shell: config.shell.clone(),
        }
    }
}

impl RecordedFacts {
    /// The facts as a file: sorted, indented, with a final newline. The same facts give the same bytes.
    ///
    /// Every entry is complete in itself, so entries may be removed or copied by hand.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut images = Vec::new();
        for (name, repository) in &self.repositories {
            for (tag, answer) in &repository.tags {
                let reference = spelling(&format!("{name}:{tag}"));
                match answer {
                    TagAnswer::Asked(digest) => {
                        let content = repository.contents.get(digest);
                        let digest = Some(digest.to_string());
                        images.push(entry(
                            RawImage { reference, digest, ..RawImage::default() },
                            repository,
                            content,
                        ));
                    }
                    TagAnswer::Failed(why) => {
                        images.push(RawImage { reference, unknown: Some(why.into()), ..RawImage::default() });
                    }
                    TagAnswer::Listed(_) => {}
                }
            }
            for (digest, content) in &repository.contents {
                let asked = |tag: &String| matches!(repository.tags.get(tag), Some(TagAnswer::Asked(_)));
                if !content.tags.iter().any(asked) {
                    let reference = spelling(&format!("{name}@{digest}"));
                    images.push(entry(
                        RawImage { reference, ..RawImage::default() },
                        repository,
                        Some(content),
                    ));
                }
            }
        }
        let file = Written { schema: SCHEMA, source: self.source.as_deref(), images };
        // Texts, booleans and lists under fixed names: there is nothing that could fail to be written.
        let mut text = serde_json::to_string_pretty(&file).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// Fills in what is known of the content.
fn entry(mut raw: RawImage, repository: &super::Repository, content: Option<&Content>) -> RawImage {
    let Some(content) = content else { return raw };
    if let Some(index) = &content.index {
        raw.index = Some(index.is_index);
        raw.platforms.clone_from(&index.platforms);
    }
    let listed = |tag: &&String| matches!(repository.tags.get(*tag), Some(TagAnswer::Listed(_)));
    raw.tags = content.tags.iter().filter(listed).cloned().collect();
    match &content.config {
        Some(ConfigAnswer::Complete(config)) => raw.config = Some(Config::from_core(config, false)),
        Some(ConfigAnswer::Partial(config)) => raw.config = Some(Config::from_core(config, true)),
        Some(ConfigAnswer::Failed(why)) => raw.config_unknown = Some(why.into()),
        None => {}
    }
    match &content.files {
        Some(Ok(files)) => raw.files = Some(Files::from_core(files)),
        Some(Err(why)) => raw.files_unknown = Some(why.into()),
        None => {}
    }
    raw
}

/// The short form of a canonical reference where it reads back as the same image, otherwise the canonical form.
fn spelling(canonical: &str) -> String {
    let short = Reference::parse(canonical).ok().map(|image| image.familiar().to_owned());
    let reads_back =
        |short: &String| Reference::parse(short).is_ok_and(|image| image.canonical() == canonical);
    short.filter(reads_back).unwrap_or_else(|| canonical.to_owned())
}
