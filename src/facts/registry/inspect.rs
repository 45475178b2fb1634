//! The users and tools of an image, from its layers.
//!
//! A layer is read as it comes: nothing of it is kept but the few facts of [`layers`]. It is read to its end and its
//! digest checked before any of them counts; layers that many images share are read once in a run.

use std::cell::RefCell;
use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dockerfile_syntax::{Digest, Reference};
use harden_core::ResolvedImage;

use super::Resolver;
use super::access::Call;
use super::answer::FilesAnswer;
use super::content::{self, Content, Hash};
use super::failure::{Failure, Kind};
use super::lookup::{Found, status};
use super::memo::Memo;
use super::names::Endpoint;
use super::transport::{Method, Stream};
use crate::facts::layers::{self, Layer, Refused, Tree, Unclear};

/// How many times longer an image may take than another question, and a layer than another exchange.
pub(super) const PATIENCE: u32 = 4;
/// Largest layer that is read, in bytes as it is sent.
const MAX_LAYER: u64 = 256 << 20;
/// Most that is read of one image, in bytes as they are sent.
const MAX_IMAGE: u64 = 512 << 20;
/// Most layers of an image; Docker allows 127.
const MAX_LAYERS: usize = 512;

/// Media types of layers that a registry serves (OCI image specification, `layer.md`; Docker schema 2). Their
/// compression is told by their content.
const LAYERS: [&str; 6] = [
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
];

type Outcome = Result<Arc<Layer>, Failure>;

/// The layers that were read in this run.
#[derive(Default)]
pub(super) struct Layers {
    /// By digest: a layer is the same wherever it comes from. With the repository that was asked.
    first: Memo<Digest, (Endpoint, Outcome)>,
    /// Where the first repository could not give it, others may.
    others: Memo<(Endpoint, Digest), Outcome>,
}

impl Resolver {
    /// The users and tools. What keeps them from being read belongs to the answer when the image itself was found.
    pub(super) fn files(
        &self,
        image: &Reference,
        at: &Endpoint,
        deadline: Instant,
    ) -> Result<(ResolvedImage, FilesAnswer), Failure> {
        let Found { digest, is_index } = self.find(image, at, deadline)?;
        let top = self.lookup.content(at, &digest, deadline)?;
        let resolved = ResolvedImage { digest, is_index, platforms: top.platforms() };
        let files = || {
            let (image, platform) = self.of_one_platform(&top, at, deadline)?;
            let platform = match platform {
                Some(platform) => Some(platform),
                None => self.lookup.config(at, &image, deadline)?.platform.clone(),
            };
            if platform.as_deref().is_some_and(|platform| !platform.starts_with("linux/")) {
                let text = "it is no Linux image, so it has no users and tools that are known here";
                return Err(Failure::new(Kind::Unsupported, text));
            }
            let Content::Image { layers, .. } = &*image else {
                return Err(Failure::bad(format!("{} sent an index inside an index", at.authority)));
            };
            check(layers)?;
            let mut tree = Tree::default();
            for layer in layers {
                tree.apply(&*self.layer(layer, at, deadline)?);
            }
            let mut files = tree.files().map_err(|unclear| unclear_failure(&unclear))?;
            files.platform = platform;
            Ok(files)
        };
        Ok((resolved, Box::new(files())))
    }

    fn layer(&self, layer: &content::Layer, at: &Endpoint, deadline: Instant) -> Outcome {
        let digest = &layer.blob.digest;
        let read = || self.read_layer(layer, at, deadline);
        match self.layers.first.get(digest.clone(), || (at.clone(), read())) {
            (from, Err(_)) if from != *at => self.layers.others.get((at.clone(), digest.clone()), read),
            (_, outcome) => outcome,
        }
    }

    fn read_layer(&self, layer: &content::Layer, at: &Endpoint, deadline: Instant) -> Outcome {
        let content::Descriptor { digest, size } = &layer.blob;
        let host = &at.authority;
        let outcome = RefCell::new(None);
        let take = |body: &mut dyn Read| {
            // One byte more shows that the size is wrong.
            let mut counted = Counted { body, hash: Hash::of(digest), left: size.saturating_add(1) };
            let layer = layers::read(&mut BufReader::new(&mut counted));
            // What is too large is not even read to its end.
            if layer.as_ref().err() != Some(&Refused::TooLarge) {
                // An error is the transport's to tell.
                let _ = io::copy(&mut counted, &mut io::sink());
            }
            let whole = counted.left == 1 && counted.hash.matches(digest);
            *outcome.borrow_mut() = Some((layer, whole));
        };
        let time = self.options.timeout * PATIENCE;
        let stream = Stream { time: time.min(left(deadline)), take: &take };
        let path = at.path(&format!("blobs/{digest}"));
        let call = Call { method: Method::Stream(&stream), path: &path, accept: "*/*", limit: 0 };
        let reply = self.lookup.access.fetch(at, &call, deadline)?;
        status(at, "a layer", &reply)?;
        let text = match outcome.take() {
            Some((Err(Refused::TooLarge), _)) => {
                return Err(too_large("one of its layers holds more than is read"));
            }
            Some((_, false)) | None => {
                return Err(Failure::bad(format!("{host} sent a layer that does not have its digest")));
            }
            Some((Ok(layer), true)) => return Ok(Arc::new(layer)),
            Some((Err(Refused::NotTar), true)) => "one of its layers is no tar archive, or a damaged one",
            Some((Err(Refused::Compression), true)) => {
                "one of its layers is compressed in a way that is not read; gzip and zstd are"
            }
        };
        Err(Failure::new(Kind::Unsupported, text))
    }
}

/// Whether layers can be read, and are small enough; before any of them is asked for.
fn check(layers: &[content::Layer]) -> Result<(), Failure> {
    if layers.iter().any(|layer| !LAYERS.contains(&layer.media_type.as_str())) {
        let text = "one of its layers is not for everybody to read (foreign or encrypted), or no file system";
        return Err(Failure::new(Kind::Unsupported, text));
    }
    let all = layers.iter().fold(0_u64, |sum, layer| sum.saturating_add(layer.blob.size));
    if layers.len() > MAX_LAYERS {
        return Err(too_large(&format!("it has more than {MAX_LAYERS} layers")));
    }
    if all > MAX_IMAGE {
        let text = format!("its layers are {} MiB, and up to {} MiB are read", all >> 20, MAX_IMAGE >> 20);
        return Err(too_large(&text));
    }
    match layers.iter().map(|layer| layer.blob.size).max() {
        Some(size) if size > MAX_LAYER => {
            let text = format!(
                "one of its layers is {} MiB, and up to {} MiB are read",
                size >> 20,
                MAX_LAYER >> 20
            );
            Err(too_large(&text))
        }
        _ => Ok(()),
    }
}

fn too_large(text: &str) -> Failure {
    Failure::new(Kind::TooLarge, format!("{text}, so its users and tools stay unknown"))
}

fn unclear_failure(unclear: &Unclear) -> Failure {
    let text = match unclear {
        Unclear::TooLarge(path) => return too_large(&format!("its /{path} is larger than is read")),
        Unclear::Elsewhere(path) => format!("its /{path} is a link to somewhere that is not looked at"),
        Unclear::NotAFile(path) => format!("its /{path} is no plain file"),
    };
    Failure::new(Kind::Unsupported, text)
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// A body on its way: counted, and its digest computed.
struct Counted<'b> {
    body: &'b mut dyn Read,
    hash: Hash,
    /// Bytes that may still come.
    left: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.body.read(&mut buffer[..most])?;
        self.hash.update(&buffer[..count]);
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}
