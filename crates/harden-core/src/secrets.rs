//! Secrets in what a Dockerfile says: which values are secrets, of what kind, how surely, and why others are not.
//!
//! [`judge`] weighs the name and the value of an ENV, ARG or LABEL together, [`in_text`] reads command lines and file
//! contents. Where a value is used does not change what it is, so neither asks for it.
//!
//! This is the opposite of [`redact`](crate::redact): that masks in doubt, this accuses only with grounds, because
//! what it says removes a line from somebody's build. Names count by whole words, values by published formats, by the
//! place they stand in and by how they came about.
//!
//! Sentences are fixed text: nothing of a value can be in them. Time is linear in the text and nothing recurses.
//!
//! ```
//! use harden_core::secrets::{Confidence, Kind, NotSecret, Verdict, judge};
//!
//! let Verdict::Secret(secret) = judge("DB_PASSWORD", Some("tr0ub4dor&3")) else { panic!() };
//! assert_eq!((secret.kind, secret.confidence), (Kind::GenericPassword, Confidence::High));
//! assert_eq!(judge("DB_PASSWORD", Some("$DB_PASSWORD")), Verdict::Not(NotSecret::Reference));
//! assert_eq!(judge("DB_PASSWORD_FILE", Some("/run/secrets/db")), Verdict::Not(NotSecret::FileName));
//! assert_eq!(judge("TOKENIZERS_PARALLELISM", Some("false")), Verdict::Unrelated);
//! ```

mod commands;
mod encoding;
mod formats;
mod generic;
mod keys;
mod kind;
mod names;
mod strength;
mod text;
mod tokens;
mod urls;
mod values;
mod vocabulary;
mod written;

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

pub use kind::{Kind, NotSecret};

use names::Name;
use written::Written;

/// How sure it is that something is a secret worth taking out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It is used as a secret and protects little: a password that everybody guesses, an identifier, a made-up token.
    Low,
    /// Probably: a plain word as a password, a key for a test system, a random value under a vague name.
    Medium,
    /// A published format, a private key, or a value that was chosen or drawn to be secret.
    High,
}

impl Confidence {
    /// The word reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secret {
    /// What it is.
    pub kind: Kind,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why, as the rest of a sentence without a full stop. It never holds anything of the value.
    pub why: &'static str,
}

/// The answer for a name and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is a secret.
    Secret(Secret),
    /// The name or the value made it worth looking at, and it is none.
    Not(NotSecret),
    /// Nothing about it speaks of secrets.
    Unrelated,
}

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// How sure that is.
    pub confidence: Confidence,
    /// The bytes of the secret itself, without its name, quotes or URL; on character boundaries, never empty.
    pub range: Range<usize>,
    /// Why, as in [`Secret::why`].
    pub why: &'static str,
}

impl Found {
    /// The secret without its place.
    pub fn secret(&self) -> Secret {
        Secret { kind: self.kind, confidence: self.confidence, why: self.why }
    }
}

/// Judges the value of an ENV, ARG or LABEL under its name.
///
/// `value` is what stands behind the `=` as written, quotes and `$VARIABLES` included; `None` for `ARG NAME`.
pub fn judge(name: &str, value: Option<&str>) -> Verdict {
    let class = names::judge(name);
    let Some(value) = value else {
        return match class {
            Name::Plain => Verdict::Unrelated,
            Name::Not(reason) => Verdict::Not(reason),
            Name::PublicKeyId => Verdict::Not(NotSecret::Fingerprint),
            Name::Password | Name::Secret | Name::Token | Name::Weak => Verdict::Not(NotSecret::NameOnly),
        };
    };
    let written = Written::read(value);
    let mut scan = Scan::new(&written.text);
    scan.run();
    let best = best(&scan.found).filter(|found| !written.refers_in(&found.range));
    if let Some(found) = best {
        let own = generic::by_name(name, class, &written).filter(|own| own.confidence >= found.confidence);
        // The name says more about a bare value than what stands in it.
        let secret = own.filter(|_| found.kind.is_generic()).unwrap_or(found.secret());
        if names::is_bundled(name) {
            return Verdict::Secret(Secret { confidence: Confidence::Low, why: generic::BUNDLED, ..secret });
        }
        if secret.kind.is_generic() && names::is_prose(name) {
            return Verdict::Not(NotSecret::Text);
        }
        if !secret.kind.is_generic() || !matches!(class, Name::Not(_)) {
            return Verdict::Secret(secret);
        }
    }
    match (class, scan.rejected) {
        (Name::Plain, None) => Verdict::Unrelated,
        (_, Some(reason)) => Verdict::Not(reason),
        _ => generic::verdict(name, class, &written),
    }
}

/// Whether a variable with this name carries a secret by convention, whatever its value: what an `ARG` without a
/// default is to be judged by.
pub fn is_secret_name(name: &str) -> bool {
    matches!(names::judge(name), Name::Password | Name::Secret | Name::Token)
}

/// Finds the secrets in a command line or in the content of a file: sorted, disjoint.
///
/// It knows published token formats, private keys, passwords in URLs and connection strings, `NAME=value` and
/// `name: value` with the names and values [`judge`] takes for secrets, password options of common commands, and HTTP
/// authorization headers.
pub fn in_text(text: &str) -> Vec<Found> {
    let mut scan = Scan::new(text);
    scan.run();
    scan.found
}

/// The surest of the findings; a known form before a generic one.
fn best(found: &[Found]) -> Option<&Found> {
    // `max_by_key` would give the last of equals.
    found.iter().rev().max_by_key(|one| (one.confidence, !one.kind.is_generic()))
}

/// A text to look through, what was found in it, and why something that looked like a secret was passed over.
struct Scan<'a> {
    text: &'a str,
    found: Vec<Found>,
    rejected: Option<NotSecret>,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, found: Vec::new(), rejected: None }
    }

    fn run(&mut self) {
        keys::find(self);
        formats::find(self);
        tokens::find(self);
        urls::find(self);
        text::find(self);
        commands::find(self);
        self.settle();
    }

    fn hit(&mut self, kind: Kind, confidence: Confidence, range: Range<usize>, why: &'static str) {
        if range.start < range.end {
            self.found.push(Found { kind, confidence, range, why });
        }
    }

    /// Notes why something is no secret; the first reason stays.
    fn reject(&mut self, reason: NotSecret) {
        self.rejected.get_or_insert(reason);
    }

    /// Sorts, and of findings that overlap keeps the one whose form is known, then the surer, then the first.
    fn settle(&mut self) {
        self.found.sort_by_key(|one| (one.range.start, one.range.end));
        let mut kept: Vec<Found> = Vec::with_capacity(self.found.len());
        for one in self.found.drain(..) {
            match kept.last_mut() {
                Some(last) if one.range.start < last.range.end => {
                    let rank = |found: &Found| (!found.kind.is_generic(), found.confidence);
                    if rank(&one) > rank(last) {
                        *last = one;
                    }
                }
                _ => kept.push(one),
            }
        }
        self.found = kept;
    }
}
