//! What a registry says about one repository: digests of tags, manifests, configurations, the list of tags. Every
//! address is asked once in a run.

use std::sync::Arc;
use std::time::Instant;

use dockerfile_syntax::Digest;
use harden_core::ImageConfig;
use serde::Deserialize;

use super::access::{Access, Call};
use super::content::{self, Content};
use super::failure::{Failure, Kind};
use super::memo::Memo;
use super::names::Endpoint;
use super::transport::{Method, Reply};
use super::url::Url;

/// Largest manifest that is read, in bytes: what registries accept at most (distribution, containerd).
const MAX_MANIFEST: u64 = 4 << 20;
/// Largest image configuration that is read, in bytes.
const MAX_CONFIG: u64 = 1 << 20;
/// Tags asked for in one page; larger pages are refused by some registries.
const PAGE: usize = 1000;
/// Most pages of tags that are read.
const MAX_PAGES: usize = 30;
/// Largest page of tags, in bytes; Docker Hub sends all in one.
const MAX_PAGE: u64 = 8 << 20;
/// Longest tag, in characters (distribution/reference).
const MAX_TAG: usize = 128;

/// What a tag or digest leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) digest: Digest,
    pub(super) is_index: bool,
}

type Results<K, V> = Memo<(Endpoint, K), Result<V, Failure>>;

/// Looks things up and remembers them.
pub(super) struct Lookup {
    pub(super) access: Access,
    found: Results<String, Found>,
    contents: Results<Digest, Arc<Content>>,
    configs: Results<Digest, Arc<ImageConfig>>,
    tags: Results<(), Arc<Vec<String>>>,
}

impl Lookup {
    pub(super) fn new(access: Access) -> Self {
        Self {
            access,
            found: Memo::default(),
            contents: Memo::default(),
            configs: Memo::default(),
            tags: Memo::default(),
        }
    }

    /// What a tag, or a digest as text, points at today.
    pub(super) fn find(&self, at: &Endpoint, name: &str, deadline: Instant) -> Result<Found, Failure> {
        self.found.get((at.clone(), name.to_owned()), || {
            let path = at.path(&format!("manifests/{name}"));
            let call = Call { method: Method::Head, path: &path, accept: content::ACCEPT, limit: 0 };
            let reply = self.access.fetch(at, &call, deadline)?;
            // Not every server knows HEAD, or says all there; then the body has to be read.
            if reply.status == 200 && reply.header("Content-Type").is_some() {
                kind(at, &reply)?;
            }
            let short = reply.status == 200
                && (reply.header("Docker-Content-Digest").is_none()
                    || reply.header("Content-Type").is_none());
            if short || matches!(reply.status, 405 | 501) {
                return self.read(at, name, deadline).map(|(found, _)| found);
            }
            let found = check(at, name, &reply)?;
            let digest = found.ok_or_else(|| Failure::bad(format!("{} gave no digest", at.authority)))?;
            Ok(Found { digest, is_index: kind(at, &reply)? })
        })
    }

    /// The manifest or index with this digest.
    pub(super) fn content(
        &self,
        at: &Endpoint,
        digest: &Digest,
        deadline: Instant,
    ) -> Result<Arc<Content>, Failure> {
        self.contents.get((at.clone(), digest.clone()), || {
            let (_, content) = self.get(at, digest.as_str(), deadline)?;
            Ok(Arc::new(content))
        })
    }

    /// The body of a tag: its digest follows from it, and its content is kept for [`content`](Self::content).
    fn read(&self, at: &Endpoint, name: &str, deadline: Instant) -> Result<(Found, Arc<Content>), Failure> {
        let (found, content) = self.get(at, name, deadline)?;
        let content = Arc::new(content);
        self.contents.put((at.clone(), found.digest.clone()), Ok(Arc::clone(&content)));
        Ok((found, content))
    }

    fn get(&self, at: &Endpoint, name: &str, deadline: Instant) -> Result<(Found, Content), Failure> {
        let host = &at.authority;
        let path = at.path(&format!("manifests/{name}"));
        let call = Call { method: Method::Get, path: &path, accept: content::ACCEPT, limit: MAX_MANIFEST };
        let reply = self.access.fetch(at, &call, deadline)?;
        let named = check(at, name, &reply)?;
        let is_index = kind(at, &reply)?;
        let computed = content::digest_of(&reply.body);
        let wanted = content::digest(name).or(named).or(computed);
        let digest = wanted.filter(|digest| content::matches(digest, &reply.body)).ok_or_else(|| {
            Failure::bad(format!("{host} sent a manifest that does not have the digest it should have"))
        })?;
        Ok((Found { digest, is_index }, Content::read(&reply.body, is_index, host)?))
    }

    /// The configuration of an image of one platform.
    pub(super) fn config(
        &self,
        at: &Endpoint,
        image: &Content,
        deadline: Instant,
    ) -> Result<Arc<ImageConfig>, Failure> {
        let Content::Image { config, .. } = image else {
            return Err(Failure::bad(format!("{} sent an index inside an index", at.authority)));
        };
        self.configs.get((at.clone(), config.digest.clone()), || {
            let host = &at.authority;
            if config.size > MAX_CONFIG {
                return Err(Failure::new(Kind::TooLarge, "its configuration is larger than 1 MiB"));
            }
            let path = at.path(&format!("blobs/{}", config.digest));
            let call = Call { method: Method::Get, path: &path, accept: "*/*", limit: MAX_CONFIG };
            let reply = self.access.fetch(at, &call, deadline)?;
            status(at, "its configuration", &reply)?;
            if !content::matches(&config.digest, &reply.body) {
                return Err(Failure::bad(format!(
                    "{host} sent a configuration that does not have its digest"
                )));
            }
            content::config(&reply.body, host).map(Arc::new)
        })
    }

    /// The tags of a repository, as many as the bounds allow.
    pub(super) fn tags(&self, at: &Endpoint, deadline: Instant) -> Result<Arc<Vec<String>>, Failure> {
        #[derive(Deserialize)]
        struct Page {
            tags: Option<Vec<String>>,
        }
        self.tags.get((at.clone(), ()), || {
            let host = &at.authority;
            let mut path = at.path(&format!("tags/list?n={PAGE}"));
            let mut seen = vec![path.clone()];
            let mut all = Vec::new();
            loop {
                let call =
                    Call { method: Method::Get, path: &path, accept: "application/json", limit: MAX_PAGE };
                let reply = self.access.fetch(at, &call, deadline)?;
                status(at, "the list of tags", &reply)?;
                let page: Page = serde_json::from_slice(&reply.body).map_err(|_| {
                    Failure::bad(format!("{host} sent a list of tags that cannot be understood"))
                })?;
                all.extend(page.tags.into_iter().flatten().filter(|tag| tag.len() <= MAX_TAG));
                let here = Url::new(false, host, &path);
                match reply.headers("Link").find_map(next_page).and_then(|target| here.join(target)) {
                    // Only the same registry is asked for more.
                    Some(next)
                        if next.authority == *host
                            && !seen.contains(&next.path)
                            && seen.len() < MAX_PAGES =>
                    {
                        path = next.path;
                        seen.push(path.clone());
                    }
                    _ => return Ok(Arc::new(all)),
                }
            }
        })
    }
}

/// Fails unless the answer is there.
pub(super) fn status(at: &Endpoint, what: &str, reply: &Reply) -> Result<(), Failure> {
    let host = &at.authority;
    match reply.status {
        200 => Ok(()),
        404 => Err(Failure::new(Kind::NotFound, format!("{host} does not have {what} of {}", at.repository))),
        other => Err(Failure::bad(format!("{host} answered with HTTP {other}"))),
    }
}

/// Checks the status and the digest that the registry names.
fn check(at: &Endpoint, name: &str, reply: &Reply) -> Result<Option<Digest>, Failure> {
    let host = &at.authority;
    if reply.status == 404 {
        let text = format!("{host} has no `{name}` in {}; check the name and the tag", at.repository);
        return Err(Failure::new(Kind::NotFound, text));
    }
    status(at, "it", reply)?;
    kind(at, reply)?;
    let Some(text) = reply.header("Docker-Content-Digest") else { return Ok(None) };
    let digest = content::digest(text)
        .ok_or_else(|| Failure::bad(format!("{host} named a digest that cannot be one")))?;
    match content::digest(name) {
        Some(asked) if asked != digest => {
            Err(Failure::bad(format!("{host} answered with another digest than asked")))
        }
        _ => Ok(Some(digest)),
    }
}

fn kind(at: &Endpoint, reply: &Reply) -> Result<bool, Failure> {
    content::is_index(reply.header("Content-Type").unwrap_or_default(), &at.authority)
}

/// The address of the next page in a `Link` header (RFC 8288; distribution specification, "Listing Tags").
fn next_page(header: &str) -> Option<&str> {
    header.split(',').find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let next = parameters.split(';').any(|parameter| {
            let parameter = parameter.trim().to_ascii_lowercase();
            parameter.strip_prefix("rel=").is_some_and(|rel| rel.trim_matches('"') == "next")
        });
        next.then_some(target)
    })
}
