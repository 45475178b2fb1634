//! Requests with manners: few at a time for each host, again when that may help, and no more when it does not.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::RegistryOptions;
use super::failure::{Failure, Kind};
use super::host::Host;
use super::memo::lock;
use super::names;
use super::retry::{backoff, may_pass, retry_after};
use super::transport::{Reply, Request, Transport, Trouble};

/// Most redirects that are followed for one request.
const MAX_REDIRECTS: usize = 5;

pub(super) struct Client {
    transport: Transport,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
    insecure: BTreeSet<String>,
    per_host: usize,
    retries: u32,
    first_wait: Duration,
    longest_wait: Duration,
    sent: AtomicUsize,
}

/// Why [`Client::send`] has no answer.
pub(super) enum Refusal {
    /// The server does not speak TLS.
    NotTls,
    Failed(Failure),
}

impl Client {
    pub(super) fn new(transport: Transport, options: &RegistryOptions) -> Self {
        Self {
            transport,
            hosts: Mutex::default(),
            insecure: options.insecure.iter().map(|host| host.to_ascii_lowercase()).collect(),
            per_host: options.per_host,
            retries: options.retries,
            first_wait: options.backoff,
            longest_wait: options.longest_wait,
            sent: AtomicUsize::new(0),
        }
    }

    /// Requests sent so far.
    pub(super) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    pub(super) fn host(&self, authority: &str) -> Arc<Host> {
        let mut hosts = lock(&self.hosts);
        if let Some(host) = hosts.get(authority) {
            return Arc::clone(host);
        }
        let host = Arc::new(Host::new(authority, self.may_be_plain(authority), self.per_host));
        hosts.insert(authority.to_owned(), Arc::clone(&host));
        host
    }

    /// Whether a host may be spoken to without TLS.
    pub(super) fn may_be_plain(&self, authority: &str) -> bool {
        names::may_be_plain(authority, &self.insecure)
    }

    /// Sends a request until there is an answer that asking again would not change, and follows redirects.
    ///
    /// The authorization is for the server of `request.url` alone: a redirect to another one goes without.
    pub(super) fn fetch(&self, request: &Request<'_>, deadline: Instant) -> Result<Reply, Refusal> {
        let mut url = request.url.clone();
        let mut authorization = request.authorization;
        for _ in 0..=MAX_REDIRECTS {
            let reply = self.send(&Request { url: &url, authorization, ..*request }, deadline)?;
            let Some(target) = redirect(&reply) else {
                if reply.status == 401 && !url.same_origin(request.url) {
                    // Its challenge would be taken for the registry's, and the credentials sent where it says.
                    let (from, to) = (&request.url.authority, &url.authority);
                    let text = format!("{from} redirects to {to}, which asks for a login");
                    return Err(Refusal::Failed(Failure::new(Kind::Unauthorized, text)));
                }
                return Ok(reply);
            };
            let bad =
                |what: &str| Refusal::Failed(Failure::bad(format!("{} redirects {what}", url.authority)));
            let next = url.join(target).ok_or_else(|| bad("to an address that is not followed"))?;
            if next.plain && !(url.plain && self.may_be_plain(&next.authority)) {
                return Err(bad("to an address without TLS, which is not followed"));
            }
            if !next.same_origin(&url) {
                authorization = None;
            }
            url = next;
        }
        let text = format!("{} redirects more than {MAX_REDIRECTS} times", request.url.authority);
        Err(Refusal::Failed(Failure::bad(text)))
    }

    /// Sends a request until there is an answer that asking again would not change.
    pub(super) fn send(&self, request: &Request<'_>, deadline: Instant) -> Result<Reply, Refusal> {
        let host = self.host(&request.url.authority);
        let mut timeouts = 0;
        for attempt in 1.. {
            let slot = host.admit(deadline).map_err(Refusal::Failed)?;
            self.sent.fetch_add(1, Ordering::Relaxed);
            let answer = self.transport.send(request);
            drop(slot);
            let reached = !matches!(
                answer,
                Err(Trouble::NoHost | Trouble::NoConnection | Trouble::Timeout | Trouble::Proxy)
            );
            let (failure, asked) = match answer {
                Ok(reply) if !may_pass(reply.status) => {
                    host.worked();
                    return Ok(reply);
                }
                Ok(reply) => {
                    let asked =
                        reply.header("Retry-After").and_then(|text| retry_after(text, SystemTime::now()));
                    (refused(&host.authority, reply.status, asked), asked)
                }
                // A server without TLS may also close the connection on the first bytes of it.
                Err(Trouble::NotTls | Trouble::Broken)
                    if host.may_be_plain && !request.url.plain && !host.has_worked() =>
                {
                    // No request was sent, only the first bytes of TLS.
                    self.sent.fetch_sub(1, Ordering::Relaxed);
                    return Err(Refusal::NotTls);
                }
                Err(trouble) => {
                    timeouts += u32::from(trouble == Trouble::Timeout);
                    let passing = matches!(
                        trouble,
                        Trouble::Timeout
                            | Trouble::NoHost
                            | Trouble::NoConnection
                            | Trouble::Broken
                            | Trouble::Proxy
                    );
                    let failure = unanswered(&host.authority, &trouble);
                    if !passing {
                        host.failed(&failure, false);
                        return Err(Refusal::Failed(failure));
                    }
                    (failure, None)
                }
            };
            let wait = asked.unwrap_or_else(|| backoff(self.first_wait, attempt));
            let useless = attempt > self.retries || timeouts > 1 || wait > self.longest_wait;
            if useless || Instant::now() + wait > deadline {
                host.failed(&failure, reached);
                return Err(Refusal::Failed(failure));
            }
            if failure.kind == Kind::RateLimited {
                host.hold(wait);
            } else {
                thread::sleep(wait);
            }
        }
        // `attempt` cannot pass `retries`.
        Err(Refusal::Failed(unanswered(&host.authority, &Trouble::NoConnection)))
    }
}

impl Refusal {
    /// As a failure; for requests that are only sent to hosts that have spoken TLS before.
    pub(super) fn into_failure(self, authority: &str) -> Failure {
        match self {
            Self::Failed(failure) => failure,
            Self::NotTls => unanswered(authority, &Trouble::NotTls),
        }
    }
}

fn redirect(reply: &Reply) -> Option<&str> {
    matches!(reply.status, 301 | 302 | 303 | 307 | 308).then(|| reply.header("Location")).flatten()
}

fn refused(host: &str, status: u16, asked: Option<Duration>) -> Failure {
    if status == 429 {
        let wait = asked
            .filter(|wait| !wait.is_zero())
            .map(|wait| format!(" and asks to wait {} s", wait.as_secs()));
        let wait = wait.unwrap_or_default();
        let text = format!(
            "{host} allows no more requests for now (HTTP 429){wait}; try again later, log in with `docker login`, or \
             use a mirror"
        );
        return Failure::new(Kind::RateLimited, text);
    }
    Failure::new(Kind::ServerError, format!("{host} has trouble (HTTP {status}); try again later"))
}

fn unanswered(host: &str, trouble: &Trouble) -> Failure {
    let (kind, text) = match trouble {
        Trouble::Timeout => (Kind::Timeout, format!("{host} did not answer in time; try again later")),
        Trouble::NoHost => {
            (Kind::Unreachable, format!("the host {host} is not known; check the name and the network"))
        }
        Trouble::NoConnection => {
            (Kind::Unreachable, format!("{host} cannot be reached; check the network and HTTPS_PROXY"))
        }
        Trouble::Broken => {
            (Kind::Unreachable, format!("{host} closed the connection before the answer was complete"))
        }
        Trouble::NotTls => (
            Kind::Unreachable,
            format!("{host} does not speak TLS; if that is intended, name it as insecure registry"),
        ),
        Trouble::Certificate(what) => (Kind::Unreachable, format!("{host} is not trusted: {what}")),
        Trouble::Proxy => (
            Kind::Unreachable,
            format!("the proxy refused to connect to {host}; check HTTPS_PROXY and NO_PROXY"),
        ),
        Trouble::TooLarge => {
            (Kind::TooLarge, format!("{host} sent more than the largest answer that is read"))
        }
        Trouble::Protocol => (Kind::BadResponse, format!("{host} does not answer in correct HTTP")),
    };
    Failure::new(kind, text)
}
