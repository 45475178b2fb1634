//! Looking for secrets in what builds leave behind.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::docker::Docker;
use crate::process::{run, scratch};
use crate::spec::Place;
use crate::trial::Built;

/// The beginnings of compressed files (RFC 1952, RFC 8878).
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Where the secrets of an image are, but for its layers.
pub(crate) fn places(image: &str, built: &Built, canaries: &[String]) -> BTreeSet<Place> {
    let asked =
        |arguments: &[&str]| Docker::run(arguments).ok().unwrap_or_else(|why| panic!("docker: {why}"));
    let texts = [
        (Place::History, asked(&["history", "--no-trunc", "--format", "{{json .}}", image])),
        (Place::Config, asked(&["image", "inspect", image])),
        (Place::Cache, asked(&["buildx", "du", "--verbose"])),
        (Place::Output, built.output.clone()),
        (Place::Provenance, built.provenance.clone()),
    ];
    let found = |text: &str| canaries.iter().any(|canary| text.contains(canary.as_str()));
    texts.iter().filter(|(_, text)| found(text)).map(|(place, _)| *place).collect()
}

/// The canaries in layers, and those in configurations and manifests, of all the images together: what they share is
/// read once.
pub(crate) fn saved(images: &[String], canaries: &BTreeSet<String>) -> BTreeMap<Place, BTreeSet<String>> {
    let folder = TempDir::new_in(scratch()).unwrap();
    let mut save = Command::new("docker")
        .arg("save")
        .args(images)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let unpack = Command::new("tar")
        .args(["--extract", "--file=-", "--directory"])
        .arg(folder.path())
        .stdin(save.stdout.take().unwrap())
        .status()
        .unwrap();
    assert!(save.wait().unwrap().success() && unpack.success(), "docker save");
    let (mut open, mut blobs, mut layers) = (vec![folder.path().to_owned()], Vec::new(), 0);
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                let place = expand(&path);
                layers += usize::from(place == Place::Layer);
                blobs.push((path, place));
            }
        }
    }
    assert!(layers >= images.len(), "docker save gave {layers} layers for {} images", images.len());
    let list = folder.path().join("canaries");
    fs::write(&list, canaries.iter().fold(String::new(), |list, one| list + one + "\n")).unwrap();
    let mut found: BTreeMap<Place, BTreeSet<String>> = BTreeMap::new();
    for place in [Place::Layer, Place::Config] {
        let mut grep = Command::new("grep");
        grep.args(["--text", "--only-matching", "--fixed-strings", "--no-filename", "--file"]).arg(&list);
        let done = run(grep.args(blobs.iter().filter(|(_, of)| *of == place).map(|(path, _)| path)));
        // 1: nothing is found.
        assert!(matches!(done.code, Some(0 | 1)), "grep: {}", done.last_words());
        found.insert(place, done.out.lines().map(str::to_owned).collect());
    }
    found
}

/// Replaces a compressed blob by what is in it, and tells a layer from a configuration or manifest. Layers are compressed
/// when Docker keeps its images in containerd.
fn expand(path: &Path) -> Place {
    let mut first = [0; 4];
    let read = File::open(path).unwrap().read(&mut first).unwrap();
    let mut plain = Vec::new();
    if first.starts_with(&GZIP) {
        flate2::read::MultiGzDecoder::new(File::open(path).unwrap()).read_to_end(&mut plain).unwrap();
    } else if first == ZSTD {
        let file = File::open(path).unwrap();
        ruzstd::decoding::StreamingDecoder::new(file).unwrap().read_to_end(&mut plain).unwrap();
    }
    if !plain.is_empty() {
        fs::write(path, plain).unwrap();
        return Place::Layer;
    }
    if read > 0 && matches!(first[0], b'{' | b'[') { Place::Config } else { Place::Layer }
}
