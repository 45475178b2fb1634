//! Users and tools from layers.

use harden_core::ImageFiles;

use super::*;
use crate::facts::layers::tests::{Tar, gzip};

const CONFIG: &str = r#"{"os": "linux", "architecture": "amd64"}"#;
const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const PLAIN: &str = "application/vnd.oci.image.layer.v1.tar";
const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

/// A layer as it is announced and as it is sent.
#[derive(Clone)]
struct Blob {
    media_type: &'static str,
    digest: Digest,
    size: u64,
    reply: Reply,
}

fn blob(media_type: &'static str, bytes: Vec<u8>) -> Blob {
    let digest = wire::digest_of(&bytes).unwrap();
    let size = bytes.len() as u64;
    Blob { media_type, digest, size, reply: Reply { body: bytes, ..Reply::new(200, "") } }
}

fn base() -> Blob {
    let tar = Tar::default()
        .link("bin", "usr/bin")
        .file("etc/passwd", "root:canary:0:0:canary:/root:/bin/sh\n")
        .file("etc/group", "root:canary:0:\n")
        .link("etc/os-release", "../usr/lib/os-release")
        .file("usr/lib/os-release", "ID=debian\n")
        .program("usr/bin/dash")
        .link("usr/bin/sh", "dash")
        .program("usr/sbin/useradd");
    blob(GZIP, gzip(&tar.done()))
}

fn user(name: &str, id: u32) -> String {
    format!("root:x:0:0::/root:/bin/sh\n{name}:x:{id}:{id}::/home/{name}:/bin/sh\n")
}

fn manifest(layers: &[Blob]) -> String {
    let layers: Vec<_> = layers
        .iter()
        .map(|one| {
            let Blob { media_type, digest, size, .. } = one;
            format!(r#"{{"mediaType": "{media_type}", "digest": "{digest}", "size": {size}}}"#)
        })
        .collect();
    let config = wire::digest_of(CONFIG.as_bytes()).unwrap();
    format!(
        r#"{{"schemaVersion": 2, "config": {{"mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": "{config}", "size": {}}}, "layers": [{}]}}"#,
        CONFIG.len(),
        layers.join(",")
    )
}

/// Serves images by the name of their repository.
fn serve(images: Vec<(&'static str, Vec<Blob>)>) -> Server {
    Server::start(move |seen| {
        let (_, layers) =
            images.iter().find(|(name, _)| seen.path.starts_with(&format!("/v2/{name}/"))).unwrap();
        if seen.path.contains("/manifests/") {
            return document(OCI_MANIFEST, &manifest(layers));
        }
        let wanted = seen.path.rsplit('/').next().unwrap();
        match layers.iter().find(|layer| layer.digest.as_str() == wanted) {
            Some(layer) => layer.reply.clone(),
            None => Reply::new(200, CONFIG),
        }
    })
}

fn inspect(server: &Server, images: &[&str]) -> (Vec<Result<ImageFiles, Why>>, Answers) {
    let names: Vec<_> = images.iter().map(|name| image(&format!("{}/{name}", server.authority))).collect();
    let questions = names.iter().cloned().map(Question::ImageFiles).collect();
    let answers = Resolver::new(options()).unwrap().answer(&questions, &|_, _| {});
    assert!(!answers.facts.to_json().contains("canary"));
    let files = |name| answers.facts.files(name).expect("every question has an answer");
    (names.iter().map(|name| files(name).map(|files| (*files).clone())).collect(), answers)
}

fn one(layers: Vec<Blob>) -> (Result<ImageFiles, Why>, Answers, Vec<String>) {
    let server = serve(vec![("app", layers)]);
    let (mut files, answers) = inspect(&server, &["app:1"]);
    (files.remove(0), answers, server.lines())
}

fn blobs(lines: &[String]) -> usize {
    let config = wire::digest_of(CONFIG.as_bytes()).unwrap();
    lines.iter().filter(|line| line.contains("/blobs/") && !line.ends_with(config.as_str())).count()
}

#[test]
fn layers_of_every_compression_make_one_image() {
    let tar = Tar::default().file("etc/passwd", &user("app", 10001)).done();
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let middle = blob(ZSTD, ruzstd::encoding::compress_to_vec(&*tar, level));
    let top = blob(PLAIN, Tar::default().file("usr/sbin/.wh.useradd", "").program("bin/bash").done());
    let (files, answers, lines) = one(vec![base(), middle, top]);
    let files = files.unwrap();
    assert_eq!(files.user("app").unwrap().uid, 10001);
    assert_eq!(files.platform.as_deref(), Some("linux/amd64"));
    assert_eq!(files.os_release["ID"], "debian");
    assert!(files.has_shell() && files.tool("useradd").is_none());
    assert_eq!(files.tool("bash"), Some("/usr/bin/bash"));
    assert_eq!(blobs(&lines), 3);
    assert!(answers.failures.is_empty());
    let again = crate::facts::file::RecordedFacts::parse(&answers.facts.to_json(), "facts.json").unwrap();
    assert_eq!(again, answers.facts);
}

#[test]
fn a_shared_layer_is_read_once() {
    let own = |name| blob(PLAIN, Tar::default().file("etc/passwd", &user(name, 1000)).done());
    let server = serve(vec![("node", vec![base(), own("node")]), ("ruby", vec![base(), own("ruby")])]);
    let (files, _) = inspect(&server, &["node:1", "ruby:1", "node:2"]);
    assert!(files[0].as_ref().unwrap().user("node").is_some());
    assert!(files[1].as_ref().unwrap().user("ruby").is_some());
    assert_eq!(files[0], files[2]);
    assert_eq!(blobs(&server.lines()), 3);
}

#[test]
fn a_layer_that_one_repository_does_not_have_is_asked_of_the_other() {
    let gone = Blob { reply: Reply::new(404, ""), ..base() };
    let server = serve(vec![("a", vec![gone]), ("b", vec![base()])]);
    let (files, _) = inspect(&server, &["a:1", "b:1"]);
    // Whoever is asked first, the one that has it has an answer.
    assert!(files[1].is_ok());
}

#[test]
fn an_image_without_files_is_known_to_have_none() {
    let (files, ..) = one(vec![blob(PLAIN, Tar::default().program("app").done())]);
    let files = files.unwrap();
    assert!(files.users.is_empty() && files.tools.is_empty() && !files.has_shell());
    assert!(one(Vec::new()).0.unwrap().users.is_empty());
}

#[test]
fn layers_that_do_not_have_their_digest_count_for_nothing() {
    let mut changed = base();
    changed.reply.body[20] ^= 1;
    let mut short = base();
    short.reply.body.pop();
    let mut long = base();
    long.reply.body.push(0);
    let other = Blob { size: base().size - 1, ..base() };
    for layer in [changed, short, long, other] {
        let (files, answers, _) = one(vec![layer]);
        assert_eq!(files.unwrap_err().code, "bad-response");
        assert!(answers.report.has_trouble());
    }
}

#[test]
fn a_body_that_breaks_off_is_asked_for_again() {
    let mut broken = base();
    broken.reply.cut = Some(100);
    let (files, _, lines) = one(vec![broken.clone()]);
    assert_eq!(files.unwrap_err().code, "unreachable");
    assert_eq!(blobs(&lines), 4);

    let server = Server::start(move |seen| {
        if seen.path.contains("/manifests/") {
            document(OCI_MANIFEST, &manifest(&[base()]))
        } else if seen.path.ends_with(base().digest.as_str()) {
            if seen.before == 0 { broken.reply.clone() } else { base().reply }
        } else {
            Reply::new(200, CONFIG)
        }
    });
    assert!(inspect(&server, &["app:1"]).0.remove(0).unwrap().has_shell(), "read anew, not joined");
}

#[test]
fn a_blob_may_be_elsewhere() {
    let store = Server::start(|_| base().reply);
    let target = format!("http://{}/blob?signature=canary", store.authority);
    let moved = Blob { reply: Reply::new(307, "").with("Location", &target), ..base() };
    assert!(one(vec![moved]).0.unwrap().has_shell());
    assert_eq!(store.lines(), ["GET /blob?signature=canary"]);
}

#[test]
fn what_is_too_large_is_not_asked_for() {
    let large = Blob { size: 300 << 20, ..base() };
    let many: Vec<_> = (0..3).map(|_| Blob { size: 200 << 20, ..base() }).collect();
    let endless = Blob { size: u64::MAX, ..base() };
    for layers in [vec![base(), large], many, vec![endless.clone(), endless], vec![base(); 600]] {
        let (files, answers, lines) = one(layers);
        let why = files.unwrap_err();
        assert_eq!((why.code, blobs(&lines)), ("too-large", 0), "{}", why.message);
        assert!(!answers.report.has_trouble(), "the registry did nothing wrong");
    }
}

#[test]
fn what_is_no_layer_is_said() {
    let foreign = Blob { media_type: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", ..base() };
    let secret = Blob { media_type: "application/vnd.oci.image.layer.v1.tar+gzip+encrypted", ..base() };
    let text = blob(PLAIN, vec![b'x'; 4096]);
    let cut = blob(GZIP, base().reply.body[..200].to_vec());
    let link = blob(PLAIN, Tar::default().link("etc/passwd", "/somewhere").done());
    for (layer, reads) in [(foreign, 0), (secret, 0), (text, 1), (cut, 1), (link, 1)] {
        let (files, answers, lines) = one(vec![layer]);
        assert_eq!((files.unwrap_err().code, blobs(&lines)), ("unsupported", reads));
        assert!(!answers.report.has_trouble());
    }
}
