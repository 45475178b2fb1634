//! What is written is the digest of the index, and `latest` becomes a version.

use std::fmt::Write as _;
use std::process::Command;

use crate::process::{Registry, installed};
use crate::push::{Kind, digest};
use crate::sandbox::Sandbox;

/// Asks skopeo; `None` when it is not installed.
fn skopeo(image: &str, raw: bool) -> Option<Vec<u8>> {
    if !installed("skopeo", "the comparison of digests") {
        return None;
    }
    let mut command = Command::new("skopeo");
    command.args(["inspect", "--tls-verify=false", "--no-creds"]);
    command.args(if raw { &["--raw"][..] } else { &["--format", "{{.Digest}}"] });
    let output = command
        .arg(format!("docker://{image}"))
        .env_remove("HTTP_PROXY")
        .env_remove("HTTPS_PROXY")
        .env_remove("http_proxy")
        .env_remove("https_proxy")
        .output()
        .unwrap();
    assert!(output.status.success(), "{image}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

#[test]
fn every_digest_is_that_of_the_index_and_skopeo_agrees() {
    let Some(registry) = Registry::start() else { return };
    let host = registry.host();
    let mut expected = String::new();
    let mut images = Vec::new();
    let mut compared = 0;
    for (repository, kind) in [
        ("oci-index", Kind::OciIndex),
        ("team/docker-list", Kind::DockerList),
        ("oci-manifest", Kind::OciManifest),
        ("docker-manifest", Kind::DockerManifest),
    ] {
        for tag in ["1.27", "22-alpine", "Edge_1"] {
            let content = format!("{repository} {tag}");
            let manifest = registry.push_as(kind, repository, &content, &[tag]);
            let image = format!("{host}/{repository}:{tag}");
            let _ = writeln!(expected, "FROM {image}@{} AS s{}", manifest.digest(), images.len());
            if let Some(bytes) = skopeo(&image, true) {
                assert_eq!(digest(&bytes), manifest.digest(), "skopeo inspect --raw {image}");
                let named = String::from_utf8(skopeo(&image, false).unwrap()).unwrap();
                assert_eq!(named.trim(), manifest.digest(), "skopeo inspect {image}");
                compared += 2;
            }
            let pinned = Sandbox::from(&[&image]);
            pinned.pin().expect(0);
            for platform in &manifest.platforms {
                assert!(!pinned.text().contains(platform), "{image} is pinned to one platform");
            }
            images.push(image);
        }
    }
    let sandbox = Sandbox::from(&images);
    sandbox.pin().expect(0);
    assert_eq!(sandbox.text(), expected);
    println!("{} references pinned; {compared} digests compared with skopeo", images.len());
}

#[test]
fn latest_becomes_the_most_specific_version_with_its_digest() {
    let Some(registry) = Registry::start() else { return };
    let host = registry.host();
    let tags = ["latest", "1", "1.2", "1.2.3", "1.2.3-alpine", "stable", "bookworm"];
    let app = registry.push("app", "app", &tags);
    registry.push("app", "old", &["1.2.2", "1.1", "0.9"]);
    registry.push("app", "next", &["2.0.0-rc.1"]);
    let other = registry.push("channels", "channels", &["latest", "edge", "sha-1a2b3c4"]);
    let behind = registry.push("behind", "22", &["latest", "22", "22.1", "22.1.4"]);
    registry.push("behind", "24", &["24", "24.0", "24.0.1"]);
    let sandbox = Sandbox::from(&[
        format!("{host}/app"),
        format!("{host}/app:latest"),
        format!("{host}/channels"),
        format!("{host}/behind:latest"),
        format!("{host}/app:1"),
        format!("{host}/app:stable"),
    ]);
    sandbox.pin().expect(0);
    let expected = [
        format!("FROM {host}/app:1.2.3@{app} AS s0"),
        format!("FROM {host}/app:1.2.3@{app} AS s1"),
        format!("FROM {host}/channels:latest@{other} AS s2"),
        format!("FROM {host}/behind:22.1.4@{behind} AS s3"),
        format!("FROM {host}/app:1@{app} AS s4"),
        format!("FROM {host}/app:stable@{app} AS s5"),
    ];
    assert_eq!(sandbox.text().lines().collect::<Vec<_>>(), expected);
}

#[test]
fn what_latest_becomes_does_not_depend_on_other_files() {
    let Some(registry) = Registry::start() else { return };
    let host = registry.host();
    registry.push("app", "app", &["latest", "1", "1.2.3"]);
    let alone = Sandbox::from(&[format!("{host}/app")]);
    alone.pin().expect(0);
    let together = Sandbox::from(&[format!("{host}/app")]);
    together.write("other/Dockerfile", format!("FROM {host}/app:1\n"));
    together.pin().expect(0);
    assert_eq!(alone.text(), together.text());
    assert!(alone.text().contains("/app:1.2.3@"), "{}", alone.text());
}

#[test]
fn a_version_of_another_variant_is_the_last_resort() {
    let Some(registry) = Registry::start() else { return };
    let host = registry.host();
    let only = registry.push("only", "only", &["latest", "3.1-alpine", "alpine"]);
    let both = registry.push("both", "both", &["latest", "3.1-alpine", "3.1"]);
    let alpine = registry.push("alpine", "alpine", &["alpine", "3.1-alpine", "3.1.4-alpine", "3.1.4"]);
    let images = [format!("{host}/only"), format!("{host}/both"), format!("{host}/alpine:alpine")];
    let sandbox = Sandbox::from(&images);
    sandbox.pin().expect(0);
    let expected = [
        format!("FROM {host}/only:3.1-alpine@{only} AS s0"),
        format!("FROM {host}/both:3.1@{both} AS s1"),
        format!("FROM {host}/alpine:alpine@{alpine} AS s2"),
    ];
    assert_eq!(sandbox.text().lines().collect::<Vec<_>>(), expected);
}
