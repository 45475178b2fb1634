//! Pushes small images, so that their digests are known (OCI distribution specification, "Push").

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::http::{Request, Response, send};

/// How an image is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    OciIndex,
    DockerList,
    OciManifest,
    DockerManifest,
}

impl Kind {
    fn media_type(self) -> &'static str {
        match self {
            Self::OciIndex => "application/vnd.oci.image.index.v1+json",
            Self::DockerList => "application/vnd.docker.distribution.manifest.list.v2+json",
            Self::OciManifest => "application/vnd.oci.image.manifest.v1+json",
            Self::DockerManifest => "application/vnd.docker.distribution.manifest.v2+json",
        }
    }

    fn of_one_platform(self) -> Self {
        match self {
            Self::OciIndex | Self::OciManifest => Self::OciManifest,
            Self::DockerList | Self::DockerManifest => Self::DockerManifest,
        }
    }
}

/// A manifest or index as it is in the registry.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
    /// Digests of the manifests of an index.
    pub(crate) platforms: Vec<String>,
}

impl Manifest {
    pub(crate) fn digest(&self) -> String {
        digest(&self.bytes)
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) struct Pusher {
    pub(crate) to: SocketAddr,
}

impl Pusher {
    /// Pushes everything but tags. Images with the same content have the same digest, others another one.
    pub(crate) fn make(&self, kind: Kind, repository: &str, content: &str, platforms: &[&str]) -> Manifest {
        let single = kind == kind.of_one_platform();
        let images: Vec<_> = platforms
            .iter()
            .take(if single { 1 } else { platforms.len() })
            .map(|platform| self.image(kind.of_one_platform(), repository, content, platform))
            .collect();
        if single {
            return images.into_iter().next().unwrap();
        }
        let entries: Vec<_> = platforms
            .iter()
            .zip(&images)
            .map(|(platform, image)| {
                let (os, architecture) = platform.split_once('/').unwrap();
                json!({
                    "mediaType": image.kind.media_type(), "digest": image.digest(), "size": image.bytes.len(),
                    "platform": { "os": os, "architecture": architecture },
                })
            })
            .collect();
        let index = json!({ "schemaVersion": 2, "mediaType": kind.media_type(), "manifests": entries });
        let platforms = images.iter().map(Manifest::digest).collect();
        Manifest { kind, bytes: index.to_string().into_bytes(), platforms }
    }

    fn image(&self, kind: Kind, repository: &str, content: &str, platform: &str) -> Manifest {
        let (os, architecture) = platform.split_once('/').unwrap();
        let config = json!({
            "os": os, "architecture": architecture, "config": { "Env": [format!("CONTENT={content}")] },
            "rootfs": { "type": "layers", "diff_ids": [] },
        });
        let config = config.to_string().into_bytes();
        let config_type = if kind == Kind::DockerManifest {
            "application/vnd.docker.container.image.v1+json"
        } else {
            "application/vnd.oci.image.config.v1+json"
        };
        let manifest = json!({
            "schemaVersion": 2, "mediaType": kind.media_type(), "layers": [],
            "config": { "mediaType": config_type, "digest": self.blob(repository, &config), "size": config.len() },
        });
        let manifest = Manifest { kind, bytes: manifest.to_string().into_bytes(), platforms: Vec::new() };
        self.tag(repository, &manifest.digest(), &manifest);
        manifest
    }

    fn blob(&self, repository: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        let begun = self.send(&Request::new("POST", &format!("/v2/{repository}/blobs/uploads/")), 202);
        let location = begun.headers.get("Location").unwrap();
        let host = format!("http://{}", self.to);
        let target = location.strip_prefix(&host).unwrap_or(location);
        let mut put = Request::new("PUT", &format!("{target}&digest={digest}"));
        put.headers.set("Content-Type", "application/octet-stream");
        put.body = bytes.to_vec();
        self.send(&put, 201);
        digest
    }

    /// Gives a manifest a tag.
    pub(crate) fn tag(&self, repository: &str, tag: &str, manifest: &Manifest) {
        let mut put = Request::new("PUT", &format!("/v2/{repository}/manifests/{tag}"));
        put.headers.set("Content-Type", manifest.kind.media_type());
        put.body.clone_from(&manifest.bytes);
        let answer = self.send(&put, 201);
        assert_eq!(answer.headers.get("Docker-Content-Digest"), Some(manifest.digest().as_str()));
    }

    fn send(&self, request: &Request, expected: u16) -> Response {
        let answer = send(self.to, request).unwrap();
        let text = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, expected, "{} {}: {text}", request.method, request.target);
        answer
    }
}
