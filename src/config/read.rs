//! Reading a configuration file.

use std::ops::Range;
use std::path::Path;

use harden_core::Level;
use similar::get_close_matches;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::files::{self, FileRule};
use super::images::{ImagePattern, ImagePolicy};
use super::keys::{FILES, MULTI_STAGE, NON_ROOT_USER, PIN_DIGEST, REGISTRY, TOP};
use super::stages::RUNTIMES;
use super::user::STYLES;
use super::{Config, ConfigError, Registry, StageChoice, UserChoice};
use crate::notes::Choice;

const LEVELS: &[&str] = &["safe", "review", "suggest"];
const NOTES: [(&str, Choice); 3] =
    [("auto", Choice::Auto), ("always", Choice::Always), ("never", Choice::Never)];

type Value<'t> = Spanned<DeValue<'t>>;
/// A text of the file and where it stands.
type Word<'t> = (&'t str, Range<usize>);

/// Reads the text of a configuration file; `path` is how errors call it, `origin` how reports do.
pub(super) fn parse(text: &str, path: &Path, origin: &str) -> Result<Config, ConfigError> {
    let reader = Reader { text, path };
    let document = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        reader.error(
            span,
            format!("this is not TOML: {}", error.message()),
            "correct the syntax (https://toml.io)",
        )
    })?;
    let top = reader.section("", document.get_ref(), TOP)?;
    let mut config = Config {
        path: path.to_owned(),
        level: top.level()?,
        only: top.transforms("only")?,
        skip: top.transforms("skip")?,
        offline: top.boolean("offline")?,
        notes: top.notes()?,
        user: top.user()?,
        stages: top.stages()?,
        ..Config::default()
    };
    origin.clone_into(&mut config.images.origin);
    for (file, span) in top.strings("facts")? {
        if file.is_empty() {
            return Err(reader.error(span, "a path in `facts` is empty", "name a facts file"));
        }
        config.facts.push(path.parent().unwrap_or(Path::new("")).join(file));
    }
    if let Some(section) = top.table("pin-digest", PIN_DIGEST)? {
        config.images = ImagePolicy {
            ignore: section.images("ignore")?,
            only: section.images("only")?,
            origin: origin.to_owned(),
        };
    }
    if let Some(value) = top.get("registries") {
        let DeValue::Table(registries) = value.get_ref() else {
            return Err(reader.wrong_type("registries", value, "a table: `[registries.\"docker.io\"]`"));
        };
        for (name, value) in registries {
            let host = registry_host(name.get_ref()).ok_or_else(|| {
                reader.error(name.span(), "this is no registry", "write `host` or `host:port`")
            })?;
            let place = format!("registries.\"{}\"", name.get_ref());
            let DeValue::Table(table) = value.get_ref() else {
                return Err(reader.wrong_type(&place, value, "a table with `mirror` or `insecure`"));
            };
            let registry = reader.section(&place, table, REGISTRY)?.registry(&host)?;
            if config.registries.insert(host.clone(), registry).is_some() {
                let message = format!("`{host}` has two sections under different names");
                return Err(reader.error(name.span(), message, "keep one of them"));
            }
        }
    }
    if let Some(value) = top.get("files") {
        let DeValue::Array(entries) = value.get_ref() else {
            return Err(reader.wrong_type("files", value, "a list of tables: `[[files]]`"));
        };
        for entry in entries {
            let DeValue::Table(table) = entry.get_ref() else {
                return Err(reader.wrong_type("files", entry, "a list of tables: `[[files]]`"));
            };
            config.files.push(reader.section("files", table, FILES)?.files(entry.span())?);
        }
    }
    Ok(config)
}

struct Reader<'t> {
    text: &'t str,
    path: &'t Path,
}

impl<'t> Reader<'t> {
    fn error(&self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> ConfigError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let place = (before.matches('\n').count() + 1, line.chars().count() + 1);
        ConfigError { place: Some(place), ..ConfigError::new(self.path, message, help) }
    }

    fn wrong_type(&self, key: &str, value: &Value<'_>, wanted: &str) -> ConfigError {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error(value.span(), format!("`{key}` is {found}"), format!("it takes {wanted}"))
    }

    /// A table whose keys are all known. `place` is its name; empty for the whole file.
    fn section<'r>(
        &'r self,
        place: &str,
        table: &'r DeTable<'t>,
        known: &'static [&'static str],
    ) -> Result<Section<'r, 't>, ConfigError> {
        let unknown = table.iter().map(|(key, _)| key).filter(|key| !known.contains(&key.get_ref().as_ref()));
        if let Some(key) = unknown.min_by_key(|key| key.span().start) {
            let here = if place.is_empty() { "at the top".to_owned() } else { format!("in [{place}]") };
            let help = suggestion(key.get_ref(), known, &format!("the keys {here} are"));
            return Err(self.error(key.span(), format!("there is no key `{}` {here}", key.get_ref()), help));
        }
        Ok(Section { reader: self, place: place.to_owned(), table })
    }
}

struct Section<'r, 't> {
    reader: &'r Reader<'t>,
    place: String,
    table: &'r DeTable<'t>,
}

impl<'r, 't> Section<'r, 't> {
    fn get(&self, key: &str) -> Option<&'r Value<'t>> {
        self.table.get(key)
    }

    fn string(&self, key: &str, wanted: &str) -> Result<Option<Word<'r>>, ConfigError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::String(text) => Ok(Some((text.as_ref(), value.span()))),
            _ => Err(self.reader.wrong_type(key, value, wanted)),
        }
    }

    fn boolean(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Boolean(flag) => Ok(Some(*flag)),
            _ => Err(self.reader.wrong_type(key, value, "`true` or `false`")),
        }
    }

    fn strings(&self, key: &str) -> Result<Vec<Word<'r>>, ConfigError> {
        const WANTED: &str = "a list of strings: `[\"…\"]`";
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let DeValue::Array(items) = value.get_ref() else {
            return Err(self.reader.wrong_type(key, value, WANTED));
        };
        let word = |item: &'r Value<'t>| match item.get_ref() {
            DeValue::String(text) => Ok((text.as_ref(), item.span())),
            _ => Err(self.reader.wrong_type(key, item, WANTED)),
        };
        items.iter().map(word).collect()
    }

    fn table(
        &self,
        key: &str,
        known: &'static [&'static str],
    ) -> Result<Option<Section<'r, 't>>, ConfigError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Table(table) => self.reader.section(key, table, known).map(Some),
            _ => Err(self.reader.wrong_type(key, value, &format!("a table: `[{key}]`"))),
        }
    }

    fn level(&self) -> Result<Option<Level>, ConfigError> {
        let levels = [Level::Safe, Level::Review, Level::Suggest];
        let Some((text, span)) = self.string("level", "`safe`, `review` or `suggest`")? else {
            return Ok(None);
        };
        let level = levels.into_iter().find(|level| level.as_str() == text);
        level.map(Some).ok_or_else(|| {
            let help = suggestion(text, LEVELS, "the levels are");
            self.reader.error(span, format!("there is no level `{text}`"), help)
        })
    }

    fn notes(&self) -> Result<Option<Choice>, ConfigError> {
        let Some((text, span)) = self.string("notes", "`auto`, `always` or `never`")? else {
            return Ok(None);
        };
        if let Some((_, choice)) = NOTES.iter().find(|(name, _)| *name == text) {
            return Ok(Some(*choice));
        }
        let help = suggestion(text, &NOTES.map(|(name, _)| name), "it takes");
        Err(self.reader.error(span, format!("`notes` cannot be `{text}`"), help))
    }

    /// `[non-root-user]`, here or in a `[[files]]` entry.
    fn user(&self) -> Result<UserChoice, ConfigError> {
        let Some(section) = self.table("non-root-user", NON_ROOT_USER)? else {
            return Ok(UserChoice::default());
        };
        let mut style = None;
        if let Some((text, span)) = section.string("style", "`own-group` or `root-group`")? {
            let known = STYLES.iter().find(|(name, _)| *name == text);
            let Some(&(_, found)) = known else {
                let names = STYLES.map(|(name, _)| name);
                // What people know the second one as.
                let help = if text.eq_ignore_ascii_case("openshift") {
                    "write `root-group` for OpenShift".to_owned()
                } else {
                    suggestion(text, &names, "the styles are")
                };
                return Err(self.reader.error(span, format!("there is no style `{text}`"), help));
            };
            style = Some(found);
        }
        Ok(UserChoice { style, recursive: section.boolean("recursive-chown")? })
    }

    /// `[multi-stage]`, here or in a `[[files]]` entry.
    fn stages(&self) -> Result<StageChoice, ConfigError> {
        let Some(section) = self.table("multi-stage", MULTI_STAGE)? else {
            return Ok(StageChoice::default());
        };
        let Some((text, span)) = section.string("runtime", "`scratch`, `distroless` or `slim`")? else {
            return Ok(StageChoice::default());
        };
        let known = RUNTIMES.iter().find(|(name, _)| *name == text);
        let Some(&(_, found)) = known else {
            let help = suggestion(text, &RUNTIMES.map(|(name, _)| name), "it takes");
            return Err(self.reader.error(span, format!("`runtime` cannot be `{text}`"), help));
        };
        Ok(StageChoice { runtime: Some(found) })
    }

    fn transforms(&self, key: &str) -> Result<Vec<String>, ConfigError> {
        let all = harden_transforms::all().iter().chain(harden_transforms::update());
        let names: Vec<&str> = all.map(|one| one.meta().name).collect();
        let mut found = Vec::new();
        for (name, span) in self.strings(key)? {
            if !names.contains(&name) {
                let help = suggestion(name, &names, "the transforms are");
                return Err(self.reader.error(span, format!("there is no transform `{name}`"), help));
            }
            found.push(name.to_owned());
        }
        Ok(found)
    }

    fn images(&self, key: &str) -> Result<Vec<ImagePattern>, ConfigError> {
        let read = |(text, span)| {
            ImagePattern::parse(text).map_err(|(message, help)| {
                self.reader.error(span, format!("{message} (`{key}` of [{}])", self.place), help)
            })
        };
        self.strings(key)?.into_iter().map(read).collect()
    }

    fn registry(&self, host: &str) -> Result<Registry, ConfigError> {
        let mut mirror = None;
        if let Some((text, span)) = self.string("mirror", "`host[:port][/prefix]`")? {
            // What was written may hold a login and is not repeated.
            let help = "write `host[:port][/prefix]`, without `https://` and without a login";
            let (authority, prefix) = text.split_once('/').unwrap_or((text, ""));
            let authority = registry_host(authority);
            let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
            let plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/".contains(&byte);
            let well_formed = prefix.bytes().all(plain) && !text.contains("//");
            let Some(authority) = authority.filter(|_| well_formed) else {
                return Err(self.reader.error(span, format!("the mirror of `{host}` is no address"), help));
            };
            let separator = if prefix.is_empty() { "" } else { "/" };
            mirror = Some(format!("{authority}{separator}{prefix}"));
        }
        let insecure = self.boolean("insecure")?.unwrap_or(false);
        if insecure && host == super::DOCKER_HUB {
            let span = self.get("insecure").map_or(0..0, Spanned::span);
            let help = "for a mirror without TLS set `insecure` in a section of its own: `[registries.\"mirror.example\"]`";
            return Err(self.reader.error(span, "Docker Hub is only asked over TLS", help));
        }
        Ok(Registry { mirror, insecure })
    }

    fn files(&self, span: Range<usize>) -> Result<FileRule, ConfigError> {
        let words = self.strings("paths")?;
        if words.is_empty() {
            let help = "add for instance `paths = [\"legacy/**\"]`";
            return Err(self.reader.error(span, "this [[files]] entry has no `paths`", help));
        }
        let texts: Vec<&str> = words.iter().map(|(text, _)| *text).collect();
        let paths = files::patterns(&texts).map_err(|(index, why)| {
            let (text, span) = words.get(index).cloned().unwrap_or(("", span));
            let help = "paths are relative to the folder of this file, for instance `legacy/**` or `**/Dockerfile.dev`";
            self.reader.error(span, format!("the path `{text}` {why}"), help)
        })?;
        let skip = self.transforms("skip")?.into_iter().collect();
        Ok(FileRule { paths, level: self.level()?, skip, user: self.user()?, stages: self.stages()? })
    }
}

/// What may have been meant, and what there is.
fn suggestion(word: &str, known: &[&str], lead: &str) -> String {
    let listed: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    let listed = format!("{lead} {}", listed.join(", "));
    // The comparison is not linear.
    let close = if word.len() <= 64 { get_close_matches(word, known, 1, 0.6) } else { Vec::new() };
    close.first().map_or(listed.clone(), |close| format!("did you mean `{close}`? {listed}"))
}

/// `host[:port]` as one name for each registry: lower case, and the hosts of Docker Hub are `docker.io`.
fn registry_host(text: &str) -> Option<String> {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let named = !host.is_empty() && host.len() <= 253;
    let plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    let port_is_fine = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if !(named && plain && port_is_fine) {
        return None;
    }
    let name = text.to_ascii_lowercase();
    let is_hub = matches!(name.as_str(), "docker.io" | "index.docker.io" | "registry-1.docker.io");
    Some(if is_hub { super::DOCKER_HUB.to_owned() } else { name })
}
