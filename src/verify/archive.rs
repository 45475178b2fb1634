//! A saved image: its configuration, its history and its files.
//!
//! Read is what `docker image save` writes (Docker image specification v1.2, "Combined image JSON + filesystem
//! changeset format"), which Podman and Buildah write, too. Newer Dockers put an OCI layout around it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tar::{Archive, EntryType};

use super::layer::{Files, Layer};
use super::secrets::Needle;

/// Most entries of the archive: three or four a layer.
const MAX_ENTRIES: usize = 10_000;
/// Largest JSON document that is read, in bytes.
const MAX_JSON: u64 = 16 << 20;

/// An image.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    pub(super) config: Config,
    /// How each layer was made, as the image tells.
    pub(super) history: Vec<String>,
    pub(super) files: Files,
    /// `/etc/passwd`.
    pub(super) passwd: String,
    /// Size of all layers in bytes, decompressed.
    pub(super) bytes: u64,
    /// By number of the needle, where it is.
    pub(super) found: BTreeMap<usize, Vec<String>>,
}

/// `config` of an image (OCI image specification, `config.md`).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Config {
    pub(super) user: Option<String>,
    pub(super) env: Option<Vec<String>>,
    pub(super) entrypoint: Option<Vec<String>>,
    pub(super) cmd: Option<Vec<String>>,
    pub(super) working_dir: Option<String>,
    pub(super) exposed_ports: Option<BTreeMap<String, serde_json::Value>>,
}

impl Config {
    /// The exposed TCP ports.
    pub(super) fn ports(&self) -> Vec<u16> {
        let keys = self.exposed_ports.iter().flat_map(BTreeMap::keys);
        keys.filter_map(|port| port.strip_suffix("/tcp").unwrap_or(port).parse().ok()).collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Manifest {
    config: String,
    layers: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    config: Option<Config>,
    #[serde(default)]
    history: Vec<Step>,
    #[serde(default)]
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct Step {
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    comment: String,
}

#[derive(Default, Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

/// Layers that were read, by the digest of their content. Images of one verification share most of them.
pub(super) type Known = BTreeMap<String, Rc<Layer>>;

/// Where an entry of the archive is.
enum Place {
    Content { start: u64, size: u64 },
    Link(String),
}

/// Reads a saved image. An error is a sentence for people.
pub(super) fn read(path: &Path, needles: &[Needle], known: &mut Known) -> Result<Image, String> {
    let bad = |error: std::io::Error| format!("the saved image cannot be read: {error}");
    let mut file = File::open(path).map_err(bad)?;
    let places = index(&file).map_err(bad)?;
    let manifests: Vec<Manifest> = json(&mut file, &places, "manifest.json")?;
    let manifest = manifests.into_iter().next().ok_or("the saved image has no manifest")?;
    let raw = text(&mut file, &places, &manifest.config)?;
    let document: Document = parse(&raw)?;
    let mut image = Image { config: document.config.unwrap_or_default(), ..Image::default() };
    image.history =
        document.history.iter().map(|step| format!("{}\n{}", step.created_by, step.comment)).collect();
    for (number, name) in manifest.layers.iter().enumerate() {
        let id = document.rootfs.diff_ids.get(number).cloned().unwrap_or_else(|| name.clone());
        let layer = if let Some(layer) = known.get(&id) {
            Rc::clone(layer)
        } else {
            let (start, size) = find(&places, name)?;
            file.seek(SeekFrom::Start(start)).map_err(bad)?;
            let layer = Rc::new(Layer::read((&file).take(size), needles)?);
            known.insert(id, Rc::clone(&layer));
            layer
        };
        layer.apply(&mut image.files);
        if let Some(passwd) = &layer.passwd {
            image.passwd.clone_from(passwd);
        }
        image.bytes = image.bytes.saturating_add(layer.bytes);
        for (&needle, paths) in &layer.found {
            let here = paths.iter().map(|path| format!("layer {}: /{path}", number + 1));
            image.found.entry(needle).or_default().extend(here);
        }
    }
    search(&raw, &mut image, needles);
    Ok(image)
}

/// Looks through what is not in a layer.
fn search(raw: &str, image: &mut Image, needles: &[Needle]) {
    for (index, needle) in needles.iter().enumerate() {
        let mut places = Vec::new();
        for entry in image.config.env.iter().flatten() {
            if let Some((name, value)) = entry.split_once('=')
                && needle.is_in(value)
            {
                places.push(format!("configuration: variable {name}"));
            }
        }
        if let Some(step) = image.history.iter().position(|step| needle.is_in(step)) {
            places.push(format!("history: step {}", step + 1));
        }
        // Labels, commands and whatever else there is.
        if places.is_empty() && needle.in_layers && needle.is_in_json(raw) {
            places.push("configuration".to_owned());
        }
        if !places.is_empty() {
            let found = image.found.entry(index).or_default();
            found.splice(..0, places);
        }
    }
}

fn index(file: &File) -> std::io::Result<BTreeMap<String, Place>> {
    let mut places = BTreeMap::new();
    let mut archive = Archive::new(file);
    for entry in archive.entries_with_seek()?.take(MAX_ENTRIES) {
        let entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let place = match entry.header().entry_type() {
            // Older Dockers write a layer that comes twice as a link to the first.
            EntryType::Symlink | EntryType::Link => {
                let target = entry.link_name_bytes().unwrap_or_default();
                let target = String::from_utf8_lossy(&target);
                Place::Link(target.trim_start_matches("../").to_owned())
            }
            _ => Place::Content { start: entry.raw_file_position(), size: entry.size() },
        };
        places.insert(path, place);
    }
    Ok(places)
}

fn find(places: &BTreeMap<String, Place>, name: &str) -> Result<(u64, u64), String> {
    let mut name = name;
    for _ in 0..4 {
        match places.get(name) {
            Some(Place::Content { start, size }) => return Ok((*start, *size)),
            Some(Place::Link(target)) => name = target,
            None => break,
        }
    }
    Err(format!("the saved image lacks {name}"))
}

fn text(file: &mut File, places: &BTreeMap<String, Place>, name: &str) -> Result<String, String> {
    let (start, size) = find(places, name)?;
    if size > MAX_JSON {
        return Err(format!("{name} of the saved image is larger than {MAX_JSON} bytes"));
    }
    let mut text = String::new();
    file.seek(SeekFrom::Start(start))
        .and_then(|_| file.take(size).read_to_string(&mut text))
        .map_err(|error| format!("{name} of the saved image cannot be read: {error}"))?;
    Ok(text)
}

fn json<T: DeserializeOwned>(
    file: &mut File,
    places: &BTreeMap<String, Place>,
    name: &str,
) -> Result<T, String> {
    parse(&text(file, places, name)?)
}

/// What serde says about a wrong document quotes it; here only where it is wrong is told.
fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| {
        format!("the saved image has bad JSON at line {}, column {}", error.line(), error.column())
    })
}

#[cfg(test)]
mod tests {
    use super::super::layer::tests::layer_bytes;
    use super::*;

    fn add(builder: &mut tar::Builder<Vec<u8>>, path: &str, bytes: &[u8]) {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, path, bytes).unwrap();
    }

    fn saved(config: &str, layers: &[(&str, Vec<u8>)]) -> tempfile::NamedTempFile {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in layers {
            add(&mut builder, name, bytes);
        }
        add(&mut builder, "config.json", config.as_bytes());
        let names: Vec<&str> = layers.iter().map(|(name, _)| *name).collect();
        let manifest = serde_json::json!([{ "Config": "config.json", "Layers": names, "RepoTags": null }]);
        add(&mut builder, "manifest.json", manifest.to_string().as_bytes());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), builder.into_inner().unwrap()).unwrap();
        file
    }

    #[test]
    fn an_image_is_read() {
        let config = r#"{"config":{"User":"app","Env":["A=1","TOKEN=s3cr3t-value-9"],"ExposedPorts":{"8080/tcp":{},"53/udp":{}}},
            "history":[{"created_by":"RUN a"},{"created_by":"RUN curl -H s3cr3t-value-9"}],"rootfs":{"diff_ids":["x","y"]}}"#;
        let file = saved(
            config,
            &[
                (
                    "l1/layer.tar",
                    layer_bytes(&[("etc/passwd", "app:x:7:8::/home/app:\n"), ("old", "s3cr3t-value-9")]),
                ),
                ("l2/layer.tar", layer_bytes(&[(".wh.old", "")])),
            ],
        );
        let needle = |value: &str| Needle { label: "a".into(), value: value.into(), in_layers: true };
        let image =
            read(file.path(), &[needle("s3cr3t-value-9"), needle("other")], &mut Known::new()).unwrap();
        assert_eq!(image.config.user.as_deref(), Some("app"));
        assert_eq!(image.config.ports(), [8080]);
        assert_eq!(image.files.keys().collect::<Vec<_>>(), ["etc/passwd"]);
        assert_eq!(
            image.found,
            BTreeMap::from([(
                0,
                vec![
                    "configuration: variable TOKEN".to_owned(),
                    "history: step 2".to_owned(),
                    "layer 1: /old".to_owned()
                ]
            )]),
            "a file that a later layer removes is still in the image"
        );
        assert!(image.passwd.starts_with("app:"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let file = saved("{\"config\": \"hunter2\"}", &[]);
        let error = read(file.path(), &[], &mut Known::new()).unwrap_err();
        assert!(error.contains("bad JSON") && !error.contains("hunter2"), "{error}");
        std::fs::write(file.path(), [0; 1024]).unwrap();
        assert_eq!(
            read(file.path(), &[], &mut Known::new()).unwrap_err(),
            "the saved image lacks manifest.json"
        );
    }
}
