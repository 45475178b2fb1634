//! Requests to a repository, with the authorization it wants.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::challenge::Challenge;
use super::client::{Client, Refusal};
use super::credentials::{Credential, Credentials};
use super::failure::{Failure, Kind};
use super::host::{Host, Met};
use super::memo::lock;
use super::names::Endpoint;
use super::secret::Secret;
use super::token::{self, Token};
use super::transport::{Method, Reply, Request};
use super::url::Url;

/// What is read from a repository.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) method: Method<'a>,
    /// Path and query on the host.
    pub(super) path: &'a str,
    pub(super) accept: &'a str,
    /// Most bytes of the body.
    pub(super) limit: u64,
}

/// Sends requests on behalf of the user.
pub(super) struct Access {
    pub(super) client: Client,
    pub(super) credentials: Credentials,
    tokens: Mutex<HashMap<(String, String), Arc<TokenCell>>>,
}

/// The token for a registry and scope; threads that need it wait for the one that gets it.
type TokenCell = Mutex<Option<Result<Arc<Held>, Failure>>>;

struct Held {
    token: Token,
    /// The registry has taken it, so a later refusal means that it has ended.
    taken: AtomicBool,
}

/// The authorization of one request.
enum Proof {
    Basic(Secret),
    Bearer { held: Arc<Held>, scope: String },
}

impl Proof {
    fn header(&self) -> &Secret {
        match self {
            Self::Basic(header) => header,
            Self::Bearer { held, .. } => &held.token.header,
        }
    }
}

impl Access {
    pub(super) fn new(client: Client, credentials: Credentials) -> Self {
        Self { client, credentials, tokens: Mutex::default() }
    }

    /// Sends a request and gives the answer, which is no challenge any more: 401 and 403 are failures.
    pub(super) fn fetch(&self, at: &Endpoint, call: &Call<'_>, deadline: Instant) -> Result<Reply, Failure> {
        let host = self.client.host(&at.authority);
        let (met, first) = self.meet(&host, call, deadline)?;
        let known = lock(&host.challenge).clone();
        let (mut reply, mut proof) = match (first, known) {
            (Some(reply), _) => (reply, None),
            (None, known) => {
                let proof = match known {
                    // The scope is that of another repository, which may want a login where this one does not.
                    Some(challenge) => {
                        self.prove(at, met, &without_scope(challenge), None, deadline).unwrap_or_default()
                    }
                    None => None,
                };
                (self.send(&host, met, call, proof.as_ref(), deadline)?, proof)
            }
        };
        // Once to learn what the registry wants, once to replace a token that has ended.
        for _ in 0..2 {
            if reply.status != 401 {
                break;
            }
            let Some(challenge) = Challenge::choose(reply.headers("WWW-Authenticate")) else {
                return Err(Failure::new(
                    Kind::Unauthorized,
                    format!("{} asks for a login of an unknown kind", at.authority),
                ));
            };
            *lock(&host.challenge) = Some(challenge.clone());
            let Some(next) = self.prove(at, met, &challenge, proof.as_ref(), deadline)? else { break };
            reply = self.send(&host, met, call, Some(&next), deadline)?;
            proof = Some(next);
        }
        match (reply.status, &proof) {
            (401, Some(Proof::Basic(_))) => Err(Failure::new(
                Kind::Unauthorized,
                format!("{0} refused the credentials; log in with `docker login {0}` again", at.authority),
            )),
            (401, _) => Err(token::denied(&at.authority, &at.scope())),
            (403, _) => Err(Failure::new(
                Kind::Forbidden,
                format!(
                    "{} does not allow reading {}; check the rights of the login",
                    at.authority, at.repository
                ),
            )),
            (_, proof) => {
                if let Some(Proof::Bearer { held, .. }) = proof {
                    held.taken.store(true, Ordering::Relaxed);
                }
                Ok(reply)
            }
        }
    }

    /// The first exchange with a host finds out whether it speaks TLS and what it wants to see; requests that come
    /// meanwhile wait for it, so that they need not find out for themselves. Gives the answer to whoever was first.
    fn meet(&self, host: &Host, call: &Call<'_>, deadline: Instant) -> Result<(Met, Option<Reply>), Failure> {
        let mut first = lock(&host.first);
        if let Some(met) = *first {
            return Ok((met, None));
        }
        let mut met = Met { plain: false };
        let reply = match self.exchange(host, met, call, None, deadline) {
            Err(Refusal::NotTls) => {
                met.plain = true;
                self.exchange(host, met, call, None, deadline)
            }
            other => other,
        };
        // An answer that was no good, a redirect to nowhere for instance, still shows how the host is spoken to.
        if reply.is_ok() || host.has_worked() {
            *first = Some(met);
        }
        let reply = reply.map_err(|refusal| refusal.into_failure(&host.authority))?;
        if reply.status == 401 {
            *lock(&host.challenge) = Challenge::choose(reply.headers("WWW-Authenticate"));
        }
        Ok((met, Some(reply)))
    }

    fn send(
        &self,
        host: &Host,
        met: Met,
        call: &Call<'_>,
        proof: Option<&Proof>,
        deadline: Instant,
    ) -> Result<Reply, Failure> {
        self.exchange(host, met, call, proof, deadline)
            .map_err(|refusal| refusal.into_failure(&host.authority))
    }

    fn exchange(
        &self,
        host: &Host,
        met: Met,
        call: &Call<'_>,
        proof: Option<&Proof>,
        deadline: Instant,
    ) -> Result<Reply, Refusal> {
        let url = Url::new(met.plain, &host.authority, call.path);
        let request = Request {
            method: call.method,
            url: &url,
            query: &[],
            accept: call.accept,
            authorization: proof.map(Proof::header),
            limit: call.limit,
        };
        self.client.fetch(&request, deadline)
    }

    /// What answers a challenge; `None` when there is nothing better than `refused`, which was tried already.
    fn prove(
        &self,
        at: &Endpoint,
        met: Met,
        challenge: &Challenge,
        refused: Option<&Proof>,
        deadline: Instant,
    ) -> Result<Option<Proof>, Failure> {
        let Challenge::Bearer { realm, service, scope } = challenge else {
            if matches!(refused, Some(Proof::Basic(_))) {
                return Ok(None);
            }
            return match self.credentials.find(at) {
                Some(Credential::Login { user, password }) => {
                    Ok(Some(Proof::Basic(token::basic(&user, &password))))
                }
                _ => Err(token::denied(&at.authority, &at.scope())),
            };
        };
        let scope = scope.clone().unwrap_or_else(|| at.scope());
        let ended = match refused {
            Some(Proof::Bearer { held, scope: old }) if *old == scope => {
                if !held.taken.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                Some(held)
            }
            _ => None,
        };
        let cell = Arc::clone(lock(&self.tokens).entry((at.authority.clone(), scope.clone())).or_default());
        let mut cell = lock(&cell);
        let usable = match &*cell {
            Some(Ok(held)) => {
                held.token.renew > Instant::now() && ended.is_none_or(|ended| !Arc::ptr_eq(ended, held))
            }
            Some(Err(_)) => true,
            None => false,
        };
        if !usable {
            let credential = self.credentials.find(at);
            let ask = token::Ask {
                registry: &at.authority,
                plain: met.plain,
                realm,
                service: service.as_deref(),
                scope: &scope,
                credential: credential.as_ref(),
            };
            let token = token::get(&self.client, &ask, deadline);
            *cell = Some(token.map(|token| Arc::new(Held { token, taken: AtomicBool::new(false) })));
        }
        match &*cell {
            Some(Ok(held)) => Ok(Some(Proof::Bearer { held: Arc::clone(held), scope })),
            Some(Err(failure)) => Err(failure.clone()),
            None => Ok(None),
        }
    }
}

fn without_scope(challenge: Challenge) -> Challenge {
    match challenge {
        Challenge::Bearer { realm, service, .. } => Challenge::Bearer { realm, service, scope: None },
        Challenge::Basic => Challenge::Basic,
    }
}
