//! Reading a facts file.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use dockerfile_syntax::Reference;
use serde::Deserialize;

use super::wire::{self, Answer, Image};
use super::{ConfigAnswer, Content, FactsFileError, Index, RecordedFacts, TagAnswer};

/// Largest facts file that is read, in bytes: 64 MiB, room for some 50,000 images.
pub const MAX_SIZE: u64 = 64 << 20;

impl RecordedFacts {
    /// Reads a facts file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is larger than [`MAX_SIZE`], or is no facts file of this version. A malformed entry
    /// is an error and is named: a file that is half understood would not replay what was recorded.
    pub fn load(path: &Path) -> Result<Self, FactsFileError> {
        let origin = path.display().to_string();
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MAX_SIZE + 1).read_to_end(&mut bytes));
        match read {
            Err(source) => return Err(FactsFileError::Read { origin, source }),
            Ok(size) if size as u64 > MAX_SIZE => return Err(FactsFileError::TooLarge { origin }),
            Ok(_) => {}
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self::parse(&text, &origin),
            Err(error) => Err(FactsFileError::NotUtf8 { origin, offset: error.utf8_error().valid_up_to() }),
        }
    }

    /// Reads the text of a facts file; errors call it `origin`. A byte order mark is allowed.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn parse(text: &str, origin: &str) -> Result<Self, FactsFileError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // serde would take a list for the fields of an object, in order.
        if text.trim_start().starts_with('[') {
            return Err(FactsFileError::NotFacts { origin: origin.to_owned() });
        }
        let file: wire::File = serde_json::from_str(text).map_err(|error| refusal(text, origin, &error))?;
        check_schema(&file.schema, origin)?;
        let mut facts = Self { source: file.source, ..Self::default() };
        for image in file.images {
            let name = image.reference.clone();
            facts.add(image).map_err(|fact| FactsFileError::Conflict {
                origin: origin.to_owned(),
                image: name.as_written().to_owned(),
                fact,
            })?;
        }
        Ok(facts)
    }

    /// Adds an entry of a file, unless it contradicts what is there: then says about what.
    fn add(&mut self, image: Image) -> Result<(), &'static str> {
        let Image { reference, answer } = image;
        let repository = self.repositories.entry(reference.repository().to_owned()).or_default();
        let tag = reference.digest().is_none().then(|| reference.tag_or_latest().to_owned());
        let mut point = |tag: String, answer: TagAnswer| match repository.tags.get(&tag) {
            Some(old) if old.digest() != answer.digest() => Err("the digest"),
            Some(TagAnswer::Failed(why)) if answer != TagAnswer::Failed(why.clone()) => Err("the failure"),
            // Named by another entry and asked for itself: the same fact, and the second form says more.
            Some(TagAnswer::Asked(_)) => Ok(()),
            _ => {
                repository.set_tag(tag, answer);
                Ok(())
            }
        };
        match answer {
            Answer::Unknown(why) => {
                if let Some(tag) = tag {
                    point(tag, TagAnswer::Failed(why))?;
                }
            }
            Answer::Known { digest, index, config, files, tags } => {
                if let Some(tag) = tag {
                    point(tag, TagAnswer::Asked(digest.clone()))?;
                }
                for tag in tags {
                    point(tag, TagAnswer::Listed(digest.clone()))?;
                }
                let Content { index: old_index, config: old_config, files: old_files, .. } =
                    repository.contents.entry(digest).or_default();
                same(old_index, index, "the platforms")?;
                same(old_config, config, "the configuration")?;
                same(old_files, files, "the files")?;
            }
        }
        Ok(())
    }
}

/// Fills a slot that is empty or holds the same.
fn same<T: PartialEq>(
    slot: &mut Option<T>,
    value: Option<T>,
    fact: &'static str,
) -> Result<(), &'static str> {
    match value {
        Some(_) if slot.is_none() => *slot = value,
        Some(_) if *slot != value => return Err(fact),
        _ => {}
    }
    Ok(())
}

/// Why the text was not understood: the format of another version explains more than its first unknown field.
fn refusal(text: &str, origin: &str, error: &serde_json::Error) -> FactsFileError {
    #[derive(Deserialize)]
    struct Header {
        schema: Option<serde_json::Value>,
    }
    if error.is_data()
        && let Ok(header) = serde_json::from_str::<Header>(text)
    {
        let schema = header.schema.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        if let Err(error) = check_schema(schema, origin) {
            return error;
        }
    }
    let full = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    FactsFileError::Invalid {
        origin: origin.to_owned(),
        line: error.line(),
        column: error.column(),
        message: without_value(full.strip_suffix(&place).unwrap_or(&full)),
    }
}

fn check_schema(schema: &str, origin: &str) -> Result<(), FactsFileError> {
    if schema == wire::SCHEMA {
        return Ok(());
    }
    let origin = origin.to_owned();
    match schema.strip_prefix(wire::SCHEMA_NAME).and_then(|version| version.parse().ok()) {
        Some(version) => Err(FactsFileError::Schema { origin, version }),
        None => Err(FactsFileError::NotFacts { origin }),
    }
}

/// serde repeats the value it did not expect; the value may be a password.
fn without_value(message: &str) -> String {
    if message.starts_with("invalid ")
        && let Some(expected) = message.rfind(", expected ")
        && let Some(value) = message[..expected].find(['`', '"'])
    {
        return format!("{}{}", message[..value].trim_end(), &message[expected..]);
    }
    message.to_owned()
}

impl From<wire::Config> for ConfigAnswer {
    fn from(config: wire::Config) -> Self {
        let (config, partial) = config.into_core();
        if partial { Self::Partial(Arc::new(config)) } else { Self::Complete(Arc::new(config)) }
    }
}

impl Index {
    pub(super) fn new(is_index: bool, platforms: Vec<String>) -> Self {
        Self { is_index, platforms: super::sorted(platforms) }
    }
}

/// The reference of an entry, from its text.
pub(super) fn reference(text: &str) -> Result<Reference, String> {
    Reference::parse(text).map_err(|error| {
        // Only what looks like a name is repeated: a reference pasted with a login holds a password.
        let shown =
            text.len() <= 256 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
        if shown { format!("`ref` {text:?}: {error}") } else { format!("`ref`: {error}") }
    })
}
