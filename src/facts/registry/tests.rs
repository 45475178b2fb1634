//! The resolver against a scripted registry on the loopback interface.

mod auth;
mod content;
mod digests;
pub(super) mod helpers;
mod inspect;
mod manners;
mod server;

use std::collections::BTreeSet;
use std::time::Duration;

use dockerfile_syntax::{Digest, Reference};
use harden_core::{Question, ResolvedImage, Why};

use self::server::{Reply, Seen, Server};
use super::{Answers, Environment, RegistryOptions, Resolver, content as wire};

const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// Short waits, and nothing of the machine's own configuration.
fn options() -> RegistryOptions {
    RegistryOptions {
        timeout: Duration::from_secs(2),
        backoff: Duration::from_millis(4),
        longest_wait: Duration::from_secs(2),
        question_time: Duration::from_secs(20),
        environment: Environment::default(),
        ..RegistryOptions::default()
    }
}

fn image(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

fn digest(fill: char) -> Digest {
    Digest::parse(&format!("sha256:{}", fill.to_string().repeat(64))).unwrap()
}

fn questions(images: &[&str]) -> BTreeSet<Question> {
    images.iter().map(|text| Question::IndexDigest(image(text))).collect()
}

fn ask(resolver: &Resolver, text: &str) -> Result<ResolvedImage, Why> {
    let answers = resolver.answer(&questions(&[text]), &|_, _| {});
    answers.facts.resolved(&image(text)).expect("every question has an answer")
}

/// Asks a new resolver for the tag `app:1` of a server.
fn ask_app(server: &Server) -> Result<ResolvedImage, Why> {
    ask(&Resolver::new(options()).unwrap(), &format!("{}/app:1", server.authority))
}

/// An index without children, with its right digest.
fn index() -> Reply {
    document(OCI_INDEX, r#"{"schemaVersion": 2, "manifests": []}"#)
}

/// A document with its media type and digest.
fn document(media_type: &str, body: &str) -> Reply {
    let digest = wire::digest_of(body.as_bytes()).unwrap();
    Reply::new(200, body).with("Content-Type", media_type).with("Docker-Content-Digest", digest.as_str())
}

fn index_digest() -> Digest {
    wire::digest_of(&index().body).unwrap()
}

/// The code and the sentence of a failure, which names the image and shows no secret of these tests.
fn refusal(answer: Result<ResolvedImage, Why>) -> &'static str {
    let why = answer.unwrap_err();
    assert!(!why.message.contains("canary"), "{}", why.message);
    assert!(why.message.contains("127.0.0.1") && why.message.starts_with('`'), "{}", why.message);
    why.code
}

fn codes(answers: &Answers) -> Vec<&'static str> {
    answers.failures.values().map(|why| why.code).collect()
}
