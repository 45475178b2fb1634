//! What the name of a variable, flag, key or header says about its value.

use crate::name_words;
use crate::sieve::{Sieve, Table};

/// The verdict on a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// `DB_PASSWORD`, `--api-key`: any value that is not clearly harmless is a secret.
    Secret,
    /// `SITE_KEY`: as [`Name::Secret`], except for what looks like an `OpenPGP` fingerprint.
    Key,
    /// `GPG_KEY`, `STACK_RELEASE_KEY`: as [`Name::Key`], and any hexadecimal value is an identifier.
    KeyId,
    /// `AUTH`, `SESSION`: a secret when the value looks like one.
    Weak,
    /// Nothing known: a secret only when the value looks random.
    Plain,
    /// `*_SHA256`, `*_COMMIT`: never a secret, however random it looks.
    Digest,
}

/// Longest name that is read; longer ones are judged by their end.
pub(super) const MAX_NAME: usize = 128;

/// Joined and lower-cased names that contain one of these are secret.
const STRONG: [&str; 23] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "credential",
    "apikey",
    "privatekey",
    "accesskey",
    "accountkey",
    "secretkey",
    "masterkey",
    "sshkey",
    "encryptionkey",
    "authtoken",
    "accesstoken",
    "connectionstring",
    "connstr",
    "authorization",
    "bearer",
    "hmackey",
    "authkey",
    "activationkey",
];

/// Where one of [`STRONG`] may begin.
const STRONG_SIEVE: Sieve = {
    let mut sieve = Sieve::EMPTY;
    let mut at = 0;
    while at < STRONG.len() {
        sieve = sieve.with(STRONG[at].as_bytes());
        at += 1;
    }
    sieve
};

/// Last words that turn a name into something about a secret.
static ABOUT: Table = Table::new(
    "addr address age alg algo algorithm alias aliases amount arn audience authentication authority bits \
    bundle charset class cmd column command conf config count days dest destination dir directory dirs \
    disabled domain driver enable enabled encoding endpoint expiration expire expires expiry field file \
    filename files format group header helper hint host hostname id ids image interval issuer kind label \
    len length level lifetime limit location login manager max mechanism method min minutes mode module \
    mount name names options opts package parallelism path paths plugin policy port prefix prompt \
    provider realm ref regex repo repository required role scope script seconds server service size \
    source store suffix time timeout ttl type uri url user username version volume window",
);

/// First words that make a name a switch.
static SWITCH: Table = Table::new(
    "allow ask disable disabled empty enable enabled generate has is need no require requires skip use \
    without",
);

/// Words that make a value a checksum or revision.
static CHECKSUM: Table = Table::new(
    "checksum checksums commit commitish digest fingerprint fingerprints githash hash integrity md rev \
    revision sha shasum sum",
);

/// Words beside `KEY` that speak of package signing or public keys.
static KEY_ID: Table = Table::new(
    "apt archive couch cosign deb dist gpg keyring pgp ppa pub public publickey release repo rpm sign \
    signing verification verify yum keys",
);

/// Words that end in `pass`, `token` or `key` by accident, and the working directory.
static ACCIDENT: Table = Table::new(
    "bypass compass donkey encompass foreignkey hockey hotkey jockey monkey oldpwd overpass \
    primarykey pwd spidermonkey surpass trespass turkey underpass valkey whiskey",
);

/// Words that say nothing about the value at the end of a name.
static EMPTY_TAIL: Table = Table::new("value val data default text string plain");

/// Words beside `KEY` that make it a data structure.
static NOT_CRYPTO: Table =
    Table::new("cache column config foreign index map object partition primary registry row sort");

/// Words of public keys.
static PUBLIC: Table = Table::new("pub public");

/// Names in a URL's query that carry signatures.
static QUERY: Table = Table::new("sig signature key xamzsignature auth code");

/// Words that are a secret when the value looks like one.
static WEAK: Table = Table::new("auth session cookie jwt salt token pass pwd passkey otp webhook");

/// Judges a name: letters, digits, `_`, `-` and `.`, in any case. `in_query`: it stands in a URL's query, where
/// short names carry signatures.
pub(super) fn judge(name: &str, in_query: bool) -> Name {
    // SonarQube's token.
    if name.ends_with("sonar.login") {
        return Name::Secret;
    }
    let name = name.rsplit(['.', '/']).next().unwrap_or(name);
    let mut words = words(name);
    let joined = words.concat();
    while words.len() > 1 && words.last().is_some_and(|last| EMPTY_TAIL.has(last)) {
        words.pop();
    }
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return Name::Plain };
    let has = |table: &Table| words.iter().any(|word| table.has(word));
    let is_password = joined.contains("passw") || joined.contains("passphrase");
    let is_private = joined.contains("secret") || joined.contains("private");
    let is_public = (has(&PUBLIC) || joined.contains("publickey")) && !is_private;
    if (has(&CHECKSUM) || is_public) && !is_password {
        return Name::Digest;
    }
    if SWITCH.has(first) || joined.contains("nopass") || joined.contains("passwordless") {
        return Name::Plain;
    }
    // HashiCorp Vault's AppRole logs in with a `secret_id`.
    if ABOUT.has(last) && !joined.ends_with("secretid") {
        return Name::Plain;
    }
    if in_query && QUERY.has(&joined) {
        return Name::Secret;
    }
    let is_key =
        matches!(last.as_str(), "key" | "keys") || last.ends_with("gpgkey") || last.ends_with("pgpkey");
    if is_key && !is_private && (has(&KEY_ID) || joined.contains("gpg")) {
        return Name::KeyId;
    }
    if holds_strong(&joined) {
        return Name::Secret;
    }
    match last.as_str() {
        "keys" => Name::Plain,
        "key" if words.len() == 1 => Name::Weak,
        "key" if has(&NOT_CRYPTO) => Name::Plain,
        "key" => Name::Key,
        _ => by_word(&words, last),
    }
}

/// Whether one of [`STRONG`] stands in a lower-case name.
fn holds_strong(joined: &str) -> bool {
    let bytes = joined.as_bytes();
    let begins = |at: &usize| STRONG_SIEVE.passes(&bytes[*at..]);
    (0..bytes.len())
        .filter(begins)
        .any(|at| STRONG.iter().any(|strong| bytes[at..].starts_with(strong.as_bytes())))
}

fn by_word(words: &[String], last: &str) -> Name {
    if ACCIDENT.has(last) {
        return if last == "pwd" && words.len() > 1 { Name::Secret } else { Name::Plain };
    }
    let secret_end = ["pass", "pwd", "token", "creds"].iter().any(|end| last.ends_with(end));
    let counted = words.iter().any(|word| matches!(word.as_str(), "max" | "min" | "num"));
    if secret_end || matches!(last, "pw" | "rootpw" | "bindpw" | "dsn" | "masterauth") {
        return Name::Secret;
    }
    // A personal access token.
    let pat = last == "pat" && words.len() > 1;
    if pat || (last == "tokens" && words.len() > 1 && !counted) {
        return Name::Secret;
    }
    if words.iter().any(|word| WEAK.has(word)) || last.ends_with("key") {
        return Name::Weak;
    }
    Name::Plain
}

/// The words of a name in lower case: split at `_`, `-` and where the case changes; digits at the end of a word are
/// dropped.
fn words(name: &str) -> Vec<String> {
    let mut words = name_words::split(name);
    for word in &mut words {
        word.truncate(name_words::without_digits(word));
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(names: &[&str], verdict: Name) {
        for name in names {
            assert_eq!(judge(name, false), verdict, "{name}");
        }
    }

    #[test]
    fn secret_names() {
        all(
            &[
                "PASSWORD",
                "DB_PASSWORD",
                "dbPassword",
                "MYSQL_ROOT_PASSWORD",
                "PGPASSWORD",
                "ROOTPASS",
                "db-pwd",
                "MYSQL_PWD",
                "API_KEY",
                "apikey",
                "APIKey",
                "secretKey",
                "AWS_SECRET_ACCESS_KEY",
                "NPM_TOKEN",
                "_authToken",
                "GITHUB_TOKENS",
                "SENTRY_DSN",
                "ADMIN_PW",
                "spring.datasource.password",
                "requirepass",
                "PASSWORD_HASH",
                "PASSWORD2",
                "SECRET_KEY_BASE",
                "SSH_PRIVATE_KEY",
                "X-Api-Key",
                "PRIVATE-TOKEN",
                "VAULT_SECRET_ID",
                "DB_PASSWORD_PROD",
                "JWT_SECRET",
                "CONNECTION_STRING",
                "storepass",
            ],
            Name::Secret,
        );
        all(&["SITE_KEY", "APP_KEY", "license_key"], Name::Key);
        all(&["AUTH", "session", "BASIC_AUTH", "KEY", "PHP_JWT"], Name::Weak);
    }

    #[test]
    fn names_about_secrets_and_identifiers() {
        all(
            &[
                "PASSWORD_FILE",
                "AWS_ACCESS_KEY_ID",
                "KEY_ALIAS",
                "TOKEN_URL",
                "USE_BASIC_AUTH",
                "PWD",
                "OLDPWD",
                "MYSQL_ALLOW_EMPTY_PASSWORD_OPTS",
                "TOKENIZERS_PARALLELISM",
                "BYPASS",
                "NOPASSWD",
                "AUTHORS",
                "MOSQUITTO_AUTH_VERSION",
                "SE_SESSION_REQUEST_TIMEOUT",
                "disabled-password",
                "CACHE_KEY",
                "MAX_TOKENS",
                "GOOGLE_CREDENTIALS_PATH",
                "credential.helper",
                "VALKEY",
            ],
            Name::Plain,
        );
        all(&["GPG_KEY", "GPG_KEYS", "SWIFT_SIGNING_KEY", "STACK_RELEASE_KEY", "NGINX_GPGKEY"], Name::KeyId);
        all(
            &["REDIS_DOWNLOAD_SHA256", "TOKENIZER_COMMIT", "SSH_PUBLIC_KEY", "KEY_FINGERPRINT", "SRC_REV"],
            Name::Digest,
        );
        assert_eq!(judge("sig", true), Name::Secret);
        assert_eq!(judge("sig", false), Name::Plain);
    }
}
