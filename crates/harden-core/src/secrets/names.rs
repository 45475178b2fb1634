//! What the name of a variable says about its value: whole words count, never parts of words.

use super::NotSecret;
use super::vocabulary::listed;
use crate::name_words;
use crate::sieve::Sieve;

/// Longest name that is read; of a longer one the end counts.
pub(super) const MAX_NAME: usize = 128;

/// The verdict on a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// A person chose the value: a password.
    Password,
    /// A program or a person made the value up: `JWT_SECRET`, `SECRET_KEY_BASE`, `ENCRYPTION_KEY`.
    Secret,
    /// A service issued the value: `GITHUB_TOKEN`, `API_KEY`.
    Token,
    /// Often a secret, often not: only a random value counts. `AUTH`, `SALT`, `SITE_LICENSE_KEY`.
    Weak,
    /// `GPG_KEY`, `*_SIGNING_KEY`: names a public key, unless the value is a key itself.
    PublicKeyId,
    /// Names something about a secret, a public half, or a checksum.
    Not(NotSecret),
    /// Nothing to do with secrets.
    Plain,
}

/// Words that are a password at the end of a name, also joined to what stands before (`PGPASSWORD`).
const PASSWORD: &str = "password passwd passphrase passcode passwort pswd psw pwd pw pass";

/// Ends of a single word that is a password: `ROOTPASS`, `storepass`, `requirepass`, `MYSQLPWD`.
const PASSWORD_END: &str = "password passwd passphrase rootpass dbpass userpass adminpass keypass storepass \
    requirepass masterauth mysqlpass pgpass ldappass sudopass mailpass smtppass bindpw rootpw dbpwd userpwd \
    adminpwd mysqlpwd passin passout";

/// Ends of a single word that is a token or an issued key.
const TOKEN_END: &str = "apikey accesstoken authtoken apitoken bearertoken refreshtoken accesskey secretid";

/// Ends of a single word that is a secret key.
const SECRET_END: &str = "secretkey secretkeybase privatekey clientsecret appsecret encryptionkey masterkey sshkey \
    accountkey jwtsecret signingsecret hmackey cookiesecret secretaccesskey";

/// Words before `KEY` that make it one to keep.
const KEY_SECRET: &str = "secret private encryption encrypt decryption crypt crypto cipher master hmac shared jwt cookie session \
    token aes account storage ssh rsa ssl tls deploy webhook app application fernet flask django rails auth";

/// Words before `KEY` that make it an issued one.
const KEY_TOKEN: &str = "api apis access consumer client server ingest integration subscription";

/// Words beside `KEY` that speak of package signing: fingerprints and public keys.
const KEY_PUBLIC: &str = "apt archive couch cosign deb dist gpg keyring minisign pgp ppa release releases repo repository rpm sign \
    signing signature verification verify yum zypper gpgkey";

/// Words beside `KEY` that make it part of a data structure, a button or a host's identity.
const KEY_OTHER: &str = "cache column config foreign host hot index map object partition primary range registry reg row sort \
    site sitemap dict lookup translation locale i18n label short routing";

/// Words that switch something, anywhere in a name.
const SWITCH: &str = "allow allowed disable disabled enable enabled require required requires skip use uses without no has is \
    need needs ignore ignored ask prompt show hide force reset empty random generate warn dont \
    insecure validate check";

/// Words that make a value a checksum or revision.
const CHECKSUM: &str = "checksum checksums commit commitish digest sha sha1 sha224 sha256 sha384 sha512 shasum sha256sum sha512sum \
    md5 md5sum rev revision sum integrity githash";

/// Last words that turn the name into that of something about a secret, by what they are.
const ABOUT: [(NotSecret, &str); 6] = [
    (NotSecret::FileName, "file files filename filenames jks keystore pem store truststore bundle"),
    (NotSecret::Path, "path paths dir dirs directory directories folder location mount volume"),
    (NotSecret::Version, "version versions ver"),
    (
        NotSecret::Address,
        "url urls uri uris endpoint endpoints host hostname hosts domain server address addr registry realm repo \
         repository issuer provider sock socket",
    ),
    (NotSecret::Fingerprint, "fingerprint fingerprints thumbprint"),
    (
        NotSecret::Identifier,
        "id ids name names alias aliases arn label labels ref refs slug user username users login email owner field \
         header prefix suffix column key_id namespace group role",
    ),
];

/// Words of secrets, anywhere in a name.
const SECRETISH: &str = "password passwd passphrase passcode pswd pass passwords secret secrets token tokens key keys credential \
    credentials creds cred apikey auth privatekey accesskey authtoken";

/// Words at the end that say nothing about the value.
const EMPTY_TAIL: &str = "value val data default text string str plain plaintext base b64 base64 encoded prod production dev \
    development staging stage local live hex raw content contents env var";

/// First words of variables that a bundler copies into what every browser gets.
///
/// Sources: Next.js, "Environment Variables"; Vite, "Env Variables and Modes"; Create React App, "Adding Custom
/// Environment Variables"; Nuxt, "Runtime Config"; Gatsby and Expo, "Environment Variables".
const BUNDLED: [&[&str]; 7] = [
    &["next", "public"],
    &["vite"],
    &["react", "app"],
    &["nuxt", "public"],
    &["gatsby"],
    &["expo", "public"],
    &["vue", "app"],
];

/// Letters one of which is in every name that is not [`Name::Plain`]: most names are done with them.
const LETTERS: [&[u8]; 15] = [
    b"pass", b"pw", b"psw", b"token", b"secret", b"key", b"cred", b"auth", b"salt", b"pepper", b"session",
    b"cookie", b"jwt", b"webhook", b"dsn",
];

/// As [`LETTERS`], for words too short to be looked for inside others.
const SHORT: &str = "pat otp totp pin seed psk";

/// Where one of [`LETTERS`] or [`SHORT`] may begin.
const SIEVE: Sieve = {
    let mut sieve = Sieve::EMPTY;
    let mut at = 0;
    while at < LETTERS.len() {
        sieve = sieve.with(LETTERS[at]);
        at += 1;
    }
    sieve.with(b"pat").with(b"otp").with(b"totp").with(b"pin").with(b"seed").with(b"psk")
};

/// Judges a name of letters, digits, `_`, `-` and `.`, in any case.
pub(super) fn judge(name: &str) -> Name {
    let name = tail(name);
    let bytes = name.as_bytes();
    let begin = |rest: &[u8], letters: &[u8]| {
        rest[0].eq_ignore_ascii_case(&letters[0])
            && rest.get(..letters.len()).is_some_and(|part| part.eq_ignore_ascii_case(letters))
    };
    let mut begins = (0..bytes.len()).map(|at| &bytes[at..]).filter(|rest| SIEVE.passes(rest)).peekable();
    if begins.peek().is_none() {
        return Name::Plain;
    }
    let may = begins.any(|rest| LETTERS.iter().any(|letters| begin(rest, letters)));
    let mut words = if may || name.len() <= 32 { words(name) } else { return Name::Plain };
    if !may && !words.last().is_some_and(|last| listed(SHORT, last)) {
        return Name::Plain;
    }
    while words.len() > 1 && words.last().is_some_and(|last| listed(EMPTY_TAIL, last)) {
        words.pop();
    }
    let Some(last) = words.last().map(String::as_str) else { return Name::Plain };
    let has = |list: &str| words.iter().any(|word| listed(list, word));
    let before = words.len().checked_sub(2).map_or("", |at| words[at].as_str());
    let verdict = by_last(&words, before, last);
    let secretish = verdict != Name::Plain || has(SECRETISH);
    if !secretish {
        return Name::Plain;
    }
    let private = has("private secret password passwd passphrase");
    if (has("public pub publishable publickey cert certificate") || last == "pubkey") && !private {
        return Name::Not(if is_bundled(name) { NotSecret::Public } else { NotSecret::PublicKey });
    }
    if has(CHECKSUM) && !private {
        return Name::Not(NotSecret::Checksum);
    }
    if verdict == Name::Plain {
        let about = ABOUT.iter().find(|(_, list)| listed(list, last));
        return Name::Not(about.map_or(NotSecret::Setting, |&(reason, _)| reason));
    }
    if has(SWITCH) {
        return Name::Not(NotSecret::Setting);
    }
    verdict
}

/// Whether what a bundler puts before a name says that every visitor gets the value.
pub(super) fn is_bundled(name: &str) -> bool {
    let words = words(tail(name));
    BUNDLED
        .iter()
        .any(|first| words.iter().zip(*first).all(|(word, known)| word == known) && words.len() > first.len())
}

/// Whether the name is that of a text for people, whose examples are no secrets.
pub(super) fn is_prose(name: &str) -> bool {
    let words = words(tail(name));
    words.last().is_some_and(|last| {
        listed("description usage help run install uninstall title summary documentation docs example examples readme notes", last)
    })
}

/// The words of a name that a value may repeat.
pub(super) fn own_words(name: &str) -> Vec<String> {
    words(tail(name)).into_iter().filter(|word| word.len() >= 3).collect()
}

fn by_last(words: &[String], before: &str, last: &str) -> Name {
    let has = |list: &str| words.iter().any(|word| listed(list, word));
    let ends = |list: &str| list.split_whitespace().any(|end| last.ends_with(end));
    match last {
        // The working directory.
        "pwd" if matches!(before, "" | "old" | "orig" | "src") => return Name::Plain,
        "auth" | "salt" | "pepper" | "session" | "cookie" | "jwt" | "credential" | "credentials"
        | "creds" | "cred" | "pat" | "otp" | "totp" | "pin" | "secrets" | "tokens" | "seed" | "dsn"
        | "webhook" | "psk" => {
            return if words.len() > 1 || last != "pin" { Name::Weak } else { Name::Plain };
        }
        "secret" if matches!(before, "client" | "consumer" | "oauth") => return Name::Token,
        "secret" => return Name::Secret,
        "hash" if has(PASSWORD) => return Name::Weak,
        // `MAX_TOKEN`, `PAD_TOKEN`, `EOS_TOKEN`: the tokens of language models.
        "token"
            if matches!(
                before,
                "max" | "min" | "pad" | "eos" | "bos" | "stop" | "mask" | "start" | "end"
            ) =>
        {
            return Name::Plain;
        }
        "token" => return Name::Token,
        // HashiCorp Vault's AppRole logs in with a `secret_id`.
        "id" if before == "secret" && has("vault approle role") => return Name::Token,
        "keys" if has(KEY_PUBLIC) => return Name::PublicKeyId,
        "key" | "keys" => return by_key(words, before, last),
        _ => {}
    }
    if listed(PASSWORD, last) || ends(PASSWORD_END) {
        return if last == "pass" && words.len() == 1 { Name::Weak } else { Name::Password };
    }
    if ends(SECRET_END) {
        return Name::Secret;
    }
    if ends(TOKEN_END) {
        return Name::Token;
    }
    if listed("gpgkey pgpkey gpgkeys signingkey", last) {
        return Name::PublicKeyId;
    }
    Name::Plain
}

fn by_key(words: &[String], before: &str, last: &str) -> Name {
    let has = |list: &str| words.iter().any(|word| listed(list, word));
    let known = |list: &str| listed(list, before) || listed(list, words[0].as_str());
    if has("secret private") {
        return Name::Secret;
    }
    // A web token or a cookie is signed with a secret; a package with a key whose name is public.
    if listed("signing signature sign", before)
        && has("jwt cookie session token webhook hmac request app secret")
    {
        return Name::Secret;
    }
    if has(KEY_PUBLIC) || listed(KEY_OTHER, before) {
        return if has(KEY_PUBLIC) { Name::PublicKeyId } else { Name::Not(NotSecret::Setting) };
    }
    if last == "keys" || words.len() == 1 {
        return Name::Weak;
    }
    if known("api apis") || listed(KEY_TOKEN, before) {
        return if before == "access" { Name::Weak } else { Name::Token };
    }
    if listed(KEY_SECRET, before) {
        return Name::Secret;
    }
    Name::Weak
}

/// The part of a dotted or slashed name that names the value, and no more than [`MAX_NAME`] bytes of it.
fn tail(name: &str) -> &str {
    let mark = name.bytes().rposition(|byte| matches!(byte, b'.' | b'/'));
    let part = mark.map_or(name, |mark| &name[mark + 1..]);
    let start = part.len().saturating_sub(MAX_NAME);
    (start..=part.len()).find_map(|at| part.get(at..)).unwrap_or_default()
}

/// The words of a name in lower case: split at what is no letter or digit and where the case changes. Digits at the
/// end of a word go, unless they make a known one.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = name_words::split(name);
    for word in &mut words {
        let kept = name_words::without_digits(word);
        if kept < word.len() && !listed(CHECKSUM, word) && !listed("b64 base64", word) {
            word.truncate(kept);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(names: &str, verdict: Name) {
        for name in names.split_whitespace() {
            assert_eq!(judge(name), verdict, "{name}");
        }
    }

    #[test]
    fn secrets() {
        all(
            "PASSWORD DB_PASSWORD dbPassword db-pwd PGPASSWORD ROOTPASS MYSQL_PWD ADMIN_PW PASSWORD2 PG_PSWD \
             spring.datasource.password requirepass NAGIOSADMIN_PASS LDAP_ROOTPASS storepass DB_PASSWORD_PROD",
            Name::Password,
        );
        all(
            "SECRET SECRET_KEY SECRET_KEY_BASE JWT_SECRET APP_KEY AWS_SECRET_ACCESS_KEY SSH_PRIVATE_KEY secretKey \
             JWT_SIGNING_KEY ENCRYPTION_KEY GPG_PRIVATE_KEY SESSION_SECRET",
            Name::Secret,
        );
        all(
            "GITHUB_TOKEN API_KEY apikey APIKey npm_config__authToken CLIENT_SECRET VAULT_SECRET_ID",
            Name::Token,
        );
        all(
            "AUTH SALT KEY LICENSE_KEY AWS_ACCESS_KEY HTTP_BASIC_AUTH GOOGLE_APPLICATION_CREDENTIALS",
            Name::Weak,
        );
        all(
            "GPG_KEY GPG_KEYS SWIFT_SIGNING_KEY STACK_RELEASE_KEY NGINX_GPGKEY GPG_COUCH_KEY",
            Name::PublicKeyId,
        );
    }

    #[test]
    fn the_sieve_lets_short_words_through() {
        assert!(SHORT.split(' ').all(|word| SIEVE.passes(word.as_bytes())));
    }

    #[test]
    fn no_secrets() {
        all(
            "AUTHOR AUTHORS KEYBOARD MONKEY COMPASS BYPASS TOKENIZERS_PARALLELISM TOKENIZER_VERSION PWD OLDPWD \
             VALKEY_VERSION spidermonkey_version KEYCLOAK_VERSION PASSENGER_VERSION COMPASS_DIR HOCKEY ENCOMPASS \
             TURKEY PASSIVE_MODE SECRETARY",
            Name::Plain,
        );
        all("PASSWORD_RESET_URL TOKEN_ENDPOINT SSH_AUTH_SOCK", Name::Not(NotSecret::Address));
        all("SECRET_NAME KEY_ALIAS AWS_ACCESS_KEY_ID PASSWORD_HEADER", Name::Not(NotSecret::Identifier));
        all("TOKEN_FILE PASSWORD_FILE", Name::Not(NotSecret::FileName));
        all("KEY_PATH SECRETS_DIR", Name::Not(NotSecret::Path));
        all("SSH_PUBLIC_KEY PUBLIC_KEY STRIPE_PUBLISHABLE_KEY", Name::Not(NotSecret::PublicKey));
        all("REDIS_TOKEN_SHA256 KEY_COMMIT", Name::Not(NotSecret::Checksum));
        all("GKE_AUTH_PLUGIN_VERSION", Name::Not(NotSecret::Version));
        all(
            "ALLOW_EMPTY_PASSWORD MYSQL_RANDOM_ROOT_PASSWORD TOKEN_EXPIRY KEYS_AMOUNT APT_KEY_DONT_WARN_ON_DANGEROUS_USAGE \
             USE_AUTH SITE_KEY CSRF_TOKEN_ENABLED",
            Name::Not(NotSecret::Setting),
        );
    }

    #[test]
    fn long_and_odd_names() {
        assert_eq!(judge(""), Name::Plain);
        assert_eq!(judge("___"), Name::Plain);
        assert_eq!(judge(&format!("{}_PASSWORD", "é".repeat(300))), Name::Password);
        assert!(is_bundled("NEXT_PUBLIC_API_KEY"));
        assert!(!is_bundled("NEXT_API_KEY"));
    }
}
