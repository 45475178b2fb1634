//! Values that only their name makes a secret.

use super::names::{self, Name};
use super::strength::{self, Quality, is_uuid, rate};
use super::values::{self, harmless};
use super::vocabulary::listed;
use super::written::Written;
use super::{Confidence, Kind, NotSecret, Secret, Verdict, encoding};

/// Why a value that a bundler copies into pages is doubtful.
pub(super) const BUNDLED: &str = "its name makes bundlers copy it into what every visitor gets, so it is either public by design \
     or published already";

/// Why a common password is a finding at all.
pub(super) const GUESSABLE: &str = "it is a password that everybody guesses";
const GUESSABLE_KEY: &str = "it is used as a key and everybody guesses it";
const VARIANT: &str = "it is a common password with digits or signs";
const WORDS: &str = "the name says so, and the value is a plain word";
const SIMPLE: &str = "the name says so, and the value is short or a word with digits";
const CHOSEN: &str = "the name says so, and the value was chosen to be hard to guess";
const RANDOM: &str = "the name says so, and the value is random";
const UUID: &str = "the name says so, and the value is a UUID";
const VAGUE: &str = "the value is random, and its name often belongs to a secret";
const SHAPE: &str = "the name and the length of the value are those of this kind of secret";
const LOGIN: &str = "it has the form of a user name and a password";

/// Judges a value by its name alone.
pub(super) fn verdict(name: &str, class: Name, value: &Written) -> Verdict {
    if let Name::Not(reason) = class {
        return Verdict::Not(refined(reason, value));
    }
    if class == Name::Plain {
        return Verdict::Unrelated;
    }
    if value.refers() {
        return Verdict::Not(NotSecret::Reference);
    }
    literal(name, class, &value.text)
}

/// The secret, when [`verdict`] says that it is one.
pub(super) fn by_name(name: &str, class: Name, value: &Written) -> Option<Secret> {
    match verdict(name, class, value) {
        Verdict::Secret(secret) => Some(secret),
        _ => None,
    }
}

/// Judges a value without variables, quotes or escapes.
pub(super) fn literal(name: &str, class: Name, value: &str) -> Verdict {
    let value = value.trim();
    if let Some(reason) = harmless(value) {
        return Verdict::Not(reason);
    }
    if values::is_pgp_fingerprint(value) {
        return Verdict::Not(NotSecret::Fingerprint);
    }
    let guessable_number = class == Name::Password && value.len() >= 3;
    if values::is_number(value) && !guessable_number && value.len() < 20 {
        return Verdict::Not(NotSecret::Number);
    }
    if let Some(secret) = by_service(name, value) {
        return Verdict::Secret(secret);
    }
    let words = value.split_whitespace().count();
    if words >= 3 || (words == 2 && class != Name::Password) {
        return Verdict::Not(NotSecret::Text);
    }
    let quality = rate(value, &names::own_words(name));
    if quality == Quality::Placeholder {
        return Verdict::Not(NotSecret::Placeholder);
    }
    let verdict = match class {
        Name::Password => password(quality),
        Name::Secret => secret_key(value, quality),
        Name::Token => token(value, quality),
        Name::PublicKeyId => return public_key(value, quality),
        Name::Weak => weak(value, quality),
        Name::Not(reason) => Verdict::Not(reason),
        Name::Plain => Verdict::Unrelated,
    };
    match verdict {
        Verdict::Secret(secret) if names::is_bundled(name) => {
            Verdict::Secret(Secret { confidence: Confidence::Low, why: BUNDLED, ..secret })
        }
        verdict => verdict,
    }
}

/// How sure a password of this quality is, for places that say themselves that it is one.
pub(super) fn chosen(quality: Quality) -> Option<(Confidence, &'static str)> {
    match quality {
        Quality::Placeholder => None,
        Quality::Guessable => Some((Confidence::Low, GUESSABLE)),
        Quality::Variant => Some((Confidence::Medium, VARIANT)),
        Quality::Words => Some((Confidence::Medium, WORDS)),
        Quality::Simple => Some((Confidence::Medium, SIMPLE)),
        Quality::Mixed => Some((Confidence::High, CHOSEN)),
        Quality::Random => Some((Confidence::High, RANDOM)),
    }
}

fn secret(kind: Kind, confidence: Confidence, why: &'static str) -> Verdict {
    Verdict::Secret(Secret { kind, confidence, why })
}

fn password(quality: Quality) -> Verdict {
    let Some((confidence, why)) = chosen(quality) else { return Verdict::Not(NotSecret::Placeholder) };
    let kind = if quality <= Quality::Variant { Kind::DefaultPassword } else { Kind::GenericPassword };
    secret(kind, confidence, why)
}

fn secret_key(value: &str, quality: Quality) -> Verdict {
    let kind = Kind::GenericSecret;
    match quality {
        Quality::Placeholder => Verdict::Not(NotSecret::Placeholder),
        Quality::Guessable | Quality::Variant => secret(kind, Confidence::Low, GUESSABLE_KEY),
        Quality::Words if value.len() < 8 => secret(kind, Confidence::Low, WORDS),
        Quality::Words => secret(kind, Confidence::Medium, WORDS),
        Quality::Simple => secret(kind, Confidence::Medium, SIMPLE),
        Quality::Mixed if is_uuid(value) => secret(kind, Confidence::Medium, UUID),
        Quality::Mixed if value.len() < 12 => secret(kind, Confidence::Medium, CHOSEN),
        Quality::Mixed => secret(kind, Confidence::High, CHOSEN),
        Quality::Random => secret(kind, Confidence::High, RANDOM),
    }
}

/// Services issue random tokens: a word is the name of something.
fn token(value: &str, quality: Quality) -> Verdict {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let kind = Kind::GenericToken;
    match quality {
        Quality::Random => secret(kind, Confidence::High, RANDOM),
        _ if is_uuid(value) => secret(kind, Confidence::Medium, UUID),
        Quality::Mixed if value.len() >= 12 && digits >= 2 => secret(kind, Confidence::Medium, CHOSEN),
        Quality::Guessable | Quality::Variant | Quality::Placeholder => Verdict::Not(NotSecret::Placeholder),
        _ => Verdict::Not(NotSecret::Ordinary),
    }
}

fn weak(value: &str, quality: Quality) -> Verdict {
    if let Some((user, pass)) = value.split_once(':') {
        let quality = rate(pass, &[user.to_ascii_lowercase()]);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
        if quality >= Quality::Mixed
            && !user.is_empty()
            && user.bytes().all(plain)
            && !pass.contains(['/', ' '])
        {
            return secret(Kind::BasicAuth, Confidence::Medium, LOGIN);
        }
    }
    let random =
        quality == Quality::Random && !is_uuid(value) && !is_structured(value) && !is_encoded_text(value);
    if random {
        secret(Kind::GenericSecret, Confidence::Medium, VAGUE)
    } else {
        Verdict::Not(NotSecret::Ordinary)
    }
}

/// Base64 of something that can be read.
fn is_encoded_text(value: &str) -> bool {
    let bytes = encoding::base64(value);
    bytes.len() >= 8 && bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

/// A value with fields: JSON, a list, options, a class path.
fn is_structured(value: &str) -> bool {
    value.contains([' ', '{', '[', ',', ';', '(']) || value.contains("://") || value.starts_with('-')
}

fn public_key(value: &str, quality: Quality) -> Verdict {
    if values::is_fingerprint(value) {
        return Verdict::Not(NotSecret::Fingerprint);
    }
    let hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if quality == Quality::Random && !hex && !is_structured(value) && !value.contains('@') {
        return secret(Kind::GenericSecret, Confidence::Low, VAGUE);
    }
    Verdict::Not(NotSecret::PublicKey)
}

/// Values whose length and alphabet fit the service in the name.
fn by_service(name: &str, value: &str) -> Option<Secret> {
    let words = names::words(name);
    let has = |list: &str| words.iter().any(|word| listed(list, word));
    let all = |test: fn(&u8) -> bool| value.bytes().all(|byte| test(&byte));
    let base64 = all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte));
    let hex = all(u8::is_ascii_hexdigit);
    let marked = rate(value, &[]) == Quality::Placeholder;
    if marked || strength::is_counted(value) {
        return None;
    }
    let (last, len) = (words.last().map_or("", String::as_str), value.len());
    let kind = match () {
        // AWS IAM User Guide, "Manage access keys": forty characters of base64.
        () if has("aws amazon s3 ses")
            && has("secret secretaccesskey secretkey")
            && len == 40
            && base64
            && !hex =>
        {
            Kind::AwsSecretKey
        }
        () if has("aws") && has("session") && last == "token" && len >= 100 && base64 => {
            Kind::AwsSessionToken
        }
        // Azure Storage, Cosmos DB and Service Bus: base64 of 64 or 32 bytes.
        () if has("azure account storage cosmos cosmosdb servicebus eventhub iothub")
            && listed("key accountkey", last)
            && base64
            && ((len == 88 && value.ends_with("==")) || (len == 44 && value.ends_with('='))) =>
        {
            Kind::AzureAccountKey
        }
        () if has("heroku") && listed("key token", last) && is_uuid(value) => Kind::HerokuKey,
        () if has("twilio") && listed("token secret", last) && len == 32 && hex => Kind::TwilioToken,
        () if has("vault") && last == "token" && value.starts_with("s.") && len == 26 => Kind::VaultToken,
        () => return None,
    };
    Some(Secret { kind, confidence: Confidence::High, why: SHAPE })
}

/// What the value says about a name that speaks of something beside a secret.
fn refined(reason: NotSecret, value: &Written) -> NotSecret {
    if reason != NotSecret::Setting {
        return reason;
    }
    if value.text.trim().is_empty() {
        return NotSecret::Empty;
    }
    if value.refers() {
        return NotSecret::Reference;
    }
    if values::is_number(&value.text) {
        return NotSecret::Number;
    }
    harmless(&value.text).unwrap_or(reason)
}
