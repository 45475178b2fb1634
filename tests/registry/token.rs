//! A token server as docker-registry trusts it (distribution token specification; tokens are JWT signed with ES256).

use std::collections::HashMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{Request, Response};
use crate::process::installed;
use crate::tls::openssl;

/// Signs tokens, and knows one user.
pub(crate) struct Tokens {
    folder: TempDir,
    made: Mutex<HashMap<String, String>>,
}

pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "canary-password-9f3b";
pub(crate) const IDENTITY: &str = "canary-identity-77c1";

impl Tokens {
    pub(crate) fn new() -> Option<Self> {
        if !installed("openssl", "this test") {
            return None;
        }
        let folder = TempDir::with_prefix("harden-token-").unwrap();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        openssl(folder.path(), &format!("req -x509 {key} -keyout key.pem -out cert.pem -days 2 -subj /CN=t"));
        Some(Self { folder, made: Mutex::default() })
    }

    /// The lines of docker-registry's configuration that make it want tokens from `realm`.
    pub(crate) fn configuration(&self, realm: &str) -> String {
        let bundle: PathBuf = self.folder.path().join("cert.pem");
        format!(
            "auth:\n  token:\n    realm: {realm}\n    service: registry.test\n    issuer: issuer.test\n    \
             rootcertbundle: {}\n",
            bundle.display()
        )
    }

    /// Makes the tokens for these repositories now, so that answers take no time later.
    pub(crate) fn prepare(&self, repositories: impl IntoIterator<Item = String>) {
        for repository in repositories {
            self.token(&format!("repository:{repository}:pull"), true);
        }
    }

    /// Answers like a token server. Repositories below `private/` are for the user only.
    pub(crate) fn answer(&self, request: &Request) -> Response {
        let known = match (request.method.as_str(), request.headers.get("Authorization")) {
            ("POST", _) => Some(request.field("refresh_token").as_deref() == Some(IDENTITY)),
            (_, Some(header)) => {
                let login = STANDARD.encode(format!("{USER}:{PASSWORD}"));
                Some(header == format!("Basic {login}"))
            }
            (_, None) => None,
        };
        if known == Some(false) {
            return Response::new(401).body(r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#);
        }
        let scope = request.query("scope").or_else(|| request.field("scope")).unwrap_or_default();
        let allowed = known.is_some() || !scope.starts_with("repository:private/");
        let field = if request.method == "POST" { "access_token" } else { "token" };
        let body = json!({ field: self.token(&scope, allowed), "expires_in": 300 });
        Response::new(200).with("Content-Type", "application/json").body(body.to_string())
    }

    fn token(&self, scope: &str, allowed: bool) -> String {
        let mut made = self.made.lock().unwrap();
        made.entry(format!("{scope} {allowed}")).or_insert_with(|| self.sign(scope, allowed)).clone()
    }

    fn sign(&self, scope: &str, allowed: bool) -> String {
        let pem = std::fs::read_to_string(self.folder.path().join("cert.pem")).unwrap();
        let certificate: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let access: Vec<Value> = match scope.splitn(3, ':').collect::<Vec<_>>()[..] {
            [kind, name, actions] if allowed => {
                vec![json!({ "type": kind, "name": name, "actions": actions.split(',').collect::<Vec<_>>() })]
            }
            _ => Vec::new(),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let header = json!({ "typ": "JWT", "alg": "ES256", "x5c": [certificate] });
        let claims = json!({
            "iss": "issuer.test", "aud": "registry.test", "sub": "", "jti": "1", "access": access,
            "iat": now, "nbf": now - 10, "exp": now + 600,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&header), part(&claims));
        let mut child = Command::new("openssl")
            .args(["dgst", "-sha256", "-sign", "key.pem"])
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(raw(&output.stdout)))
    }
}

/// An ECDSA signature as JWT wants it (RFC 7518, section 3.4): both numbers in 32 bytes, not the DER that openssl makes.
fn raw(der: &[u8]) -> Vec<u8> {
    let mut numbers = Vec::new();
    let mut rest = &der[2..];
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let number = &rest[2..2 + length];
        let significant = &number[number.iter().take_while(|byte| **byte == 0).count()..];
        numbers.extend(vec![0; 32 - significant.len()]);
        numbers.extend(significant);
        rest = &rest[2 + length..];
    }
    numbers
}
