//! Tokens from token servers (distribution token specification; Docker's OAuth 2 variant for refresh tokens).

use std::time::{Duration, Instant};

use serde::Deserialize;

use super::client::Client;
use super::credentials::Credential;
use super::failure::{Failure, Kind};
use super::names;
use super::secret::Secret;
use super::transport::{Method, Request};
use super::url::Url;

/// Most bytes of a token server's answer that are read.
const MAX_ANSWER: u64 = 1 << 20;
/// How long a token holds when the server does not say (distribution token specification).
const DEFAULT_LIFE: u64 = 60;
/// Longest life that is believed, so that times cannot overflow: a day.
const LONGEST_LIFE: u64 = 24 * 60 * 60;

/// A token for one repository.
pub(super) struct Token {
    /// The whole header, `Bearer …`.
    pub(super) header: Secret,
    /// When to get another one: a little before the token ends.
    pub(super) renew: Instant,
}

/// What to ask a token server for.
pub(super) struct Ask<'a> {
    /// The registry that named the token server.
    pub(super) registry: &'a str,
    /// Whether that registry itself is spoken to without TLS.
    pub(super) plain: bool,
    pub(super) realm: &'a str,
    pub(super) service: Option<&'a str>,
    pub(super) scope: &'a str,
    pub(super) credential: Option<&'a Credential>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
}

/// Gets a token. Credentials go to the token server that the registry named, and to no other: it is not followed
/// when it redirects.
pub(super) fn get(client: &Client, ask: &Ask<'_>, deadline: Instant) -> Result<Token, Failure> {
    let registry = ask.registry;
    let url = Url::parse(ask.realm).ok_or_else(|| {
        Failure::bad(format!("{registry} names a token server whose address cannot be read"))
    })?;
    let server = url.authority.clone();
    if url.plain && !(ask.plain && client.may_be_plain(&server)) {
        let text = format!("{registry} names the token server {server} without TLS, which is not trusted");
        return Err(Failure::bad(text));
    }
    let mut pairs = Vec::with_capacity(6);
    pairs.extend(ask.service.map(|service| ("service", service)));
    pairs.push(("scope", ask.scope));
    let mut authorization = None;
    let reply = match ask.credential {
        Some(Credential::Identity(token)) => {
            pairs.extend([
                ("grant_type", "refresh_token"),
                ("client_id", "harden"),
                ("refresh_token", token.reveal()),
            ]);
            send(client, &url, Method::Post(&pairs), &[], None, deadline)
        }
        credential => {
            if let Some(Credential::Login { user, password }) = credential {
                pairs.push(("account", user));
                authorization = Some(basic(user, password));
            }
            send(client, &url, Method::Get, &pairs, authorization.as_ref(), deadline)
        }
    }?;
    match reply.0 {
        200 => read(&server, &reply.1),
        401 | 403 if ask.credential.is_some() => Err(Failure::new(
            Kind::Unauthorized,
            format!(
                "the token server {server} refused the credentials for {registry}; log in with `docker login` again"
            ),
        )),
        401 | 403 => Err(denied(registry, ask.scope)),
        status => Err(Failure::bad(format!("the token server {server} answered with HTTP {status}"))),
    }
}

fn send(
    client: &Client,
    url: &Url,
    method: Method<'_>,
    query: &[(&str, &str)],
    authorization: Option<&Secret>,
    deadline: Instant,
) -> Result<(u16, Vec<u8>), Failure> {
    let accept = "application/json";
    let request = Request { method, url, query, accept, authorization, limit: MAX_ANSWER };
    match client.send(&request, deadline) {
        Ok(reply) => Ok((reply.status, reply.body)),
        Err(refusal) => {
            let failure = refusal.into_failure(&url.authority);
            Err(Failure::new(failure.kind, format!("no token: {}", failure.text)))
        }
    }
}

fn read(server: &str, body: &[u8]) -> Result<Token, Failure> {
    // The parser's own message may repeat a value.
    let answer: Answer = serde_json::from_slice(body).map_err(|_| {
        Failure::bad(format!("the token server {server} answered with something that is no token"))
    })?;
    let text = answer.token.filter(|token| !token.is_empty()).or(answer.access_token).unwrap_or_default();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Failure::bad(format!("the token server {server} answered without a usable token")));
    }
    let life = answer.expires_in.filter(|life| *life > 0).unwrap_or(DEFAULT_LIFE).min(LONGEST_LIFE);
    let life = Duration::from_secs(life);
    let renew = Instant::now() + life.saturating_sub(Duration::from_secs(10).min(life / 4));
    Ok(Token { header: Secret::new(format!("Bearer {text}")), renew })
}

/// The header of basic authentication (RFC 7617).
pub(super) fn basic(user: &str, password: &Secret) -> Secret {
    use base64::Engine as _;
    let both = format!("{user}:{}", password.reveal());
    Secret::new(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(both)))
}

/// Nobody who is not logged in gets this.
pub(super) fn denied(registry: &str, scope: &str) -> Failure {
    let repository = scope
        .strip_prefix("repository:")
        .and_then(|rest| rest.rsplit_once(':'))
        .map_or("it", |(name, _)| name);
    let login = if names::is_docker_hub(registry) { String::new() } else { format!(" {registry}") };
    Failure::new(
        Kind::Unauthorized,
        format!(
            "{registry} does not show {repository} to everyone: it does not exist, or needs `docker login{login}`"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_in_both_spellings() {
        for body in [
            r#"{"token": "t"}"#,
            r#"{"access_token": "t", "expires_in": 300}"#,
            r#"{"token": "", "access_token": "t"}"#,
        ] {
            assert_eq!(read("s", body.as_bytes()).unwrap().header.reveal(), "Bearer t", "{body}");
        }
        for body in [
            "",
            "{}",
            "[]",
            "<html>",
            r#"{"token": "a b"}"#,
            r#"{"token": "a\r\nb"}"#,
            r#"{"token": 5}"#,
            r#"{"token": "ä"}"#,
        ] {
            assert_eq!(
                read("s", body.as_bytes()).err().map(|failure| failure.kind),
                Some(Kind::BadResponse),
                "{body}"
            );
        }
    }

    #[test]
    fn it_is_renewed_before_its_end() {
        let life = |json: &str| {
            read("s", json.as_bytes()).unwrap().renew.saturating_duration_since(Instant::now()).as_secs_f64()
        };
        assert!((49.0..=50.0).contains(&life(r#"{"token": "t"}"#)));
        assert!((289.0..=290.0).contains(&life(r#"{"token": "t", "expires_in": 300}"#)));
        assert!((0.5..=0.75).contains(&life(r#"{"token": "t", "expires_in": 1}"#)));
        assert!(life(r#"{"token": "t", "expires_in": 18446744073709551615}"#) < 100_000.0);
    }
}
