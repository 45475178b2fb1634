//! What a tag's spelling says: version, channel or neither, and which variant of the image.
//!
//! Registries give tags no meaning; these are the conventions of the Docker Official Images
//! (github.com/docker-library/official-images) and of the update bots that follow them: words with `-` between them,
//! a version first if there is one, then the variant, as in `22.23.3-alpine3.22`.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

/// What kind of name a tag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagKind {
    /// Names a version: `22`, `v1.2.3`, `26.5.0-alpine`. Short ones still move, but only within that version.
    Version,
    /// Names a channel or a variant and no version: `latest`, `lts-slim`, `bookworm`, `alpine3.22`, `2022-latest`.
    Floating,
    /// Anything else: commit hashes, dates, build numbers, words with a version behind them.
    Opaque,
}

/// A tag taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag<'t> {
    text: &'t str,
    kind: TagKind,
    numbers: Vec<u64>,
    prefixed: bool,
    prerelease: bool,
    variant: Vec<&'t str>,
}

/// Words for "whatever is newest in this line".
const CHANNELS: [&str; 16] = [
    "latest",
    "stable",
    "oldstable",
    "testing",
    "unstable",
    "lts",
    "current",
    "mainline",
    "edge",
    "nightly",
    "rolling",
    "devel",
    "main",
    "master",
    "canary",
    "next",
];
/// Words that make even a tag with a version move freely.
const MOVING: [&str; 6] = ["latest", "edge", "nightly", "daily", "snapshot", "canary"];
/// Words that mark a version before its release.
const PRERELEASES: [&str; 7] = ["rc", "alpha", "beta", "pre", "preview", "ea", "dev"];

impl<'t> Tag<'t> {
    /// Takes a tag apart. Every text has a reading; what fits no convention is [`TagKind::Opaque`].
    ///
    /// ```
    /// use harden::facts::tags::{Tag, TagKind};
    ///
    /// let tag = Tag::parse("22.23.3-alpine3.22");
    /// assert_eq!((tag.kind(), tag.numbers(), tag.variant()), (TagKind::Version, &[22, 23, 3][..], &["alpine3.22"][..]));
    /// assert_eq!(Tag::parse("1a2b3c4").kind(), TagKind::Opaque);
    /// ```
    #[must_use]
    pub fn parse(text: &'t str) -> Self {
        let mut words = text.split('-');
        let first = words.next().unwrap_or_default();
        if let Some((numbers, prefixed, mut prerelease)) = version_word(first) {
            let mut variant: Vec<_> = words.collect();
            if variant.iter().any(|word| MOVING.contains(word)) {
                return Self {
                    text,
                    kind: TagKind::Floating,
                    numbers: Vec::new(),
                    prefixed,
                    prerelease,
                    variant,
                };
            }
            // `dev` behind a version is a variant: the build with a shell and tools.
            let marker = variant.iter().position(|word| *word != "dev" && is_prerelease(word));
            if let Some(at) = marker {
                variant.remove(at);
                prerelease = true;
            }
            variant.retain(|word| !CHANNELS.contains(word));
            return Self { text, kind: TagKind::Version, numbers, prefixed, prerelease, variant };
        }
        let opaque = text.split('-').any(|word| !is_plain_word(word));
        let kind = if opaque { TagKind::Opaque } else { TagKind::Floating };
        let mut variant: Vec<_> = text.split('-').filter(|word| !CHANNELS.contains(word)).collect();
        if first == "dev" {
            variant.remove(0);
        }
        Self { text, kind, numbers: Vec::new(), prefixed: false, prerelease: false, variant }
    }

    /// The tag itself.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Version, channel or neither.
    #[must_use]
    pub fn kind(&self) -> TagKind {
        self.kind
    }

    /// Whether the tag names no version, so that an update bot could not tell an update from a step back.
    #[must_use]
    pub fn is_floating(&self) -> bool {
        self.kind == TagKind::Floating
    }

    /// The numbers of the version, `[26, 5, 0]`; empty unless the tag is a version. A build number behind `_` counts.
    #[must_use]
    pub fn numbers(&self) -> &[u64] {
        &self.numbers
    }

    /// Whether it is a version before its release: `3.14.0rc1`, `1.0-beta.2`.
    #[must_use]
    pub fn is_prerelease(&self) -> bool {
        self.prerelease
    }

    /// Whether the version is counted in years: `2026.01`, `2022`.
    #[must_use]
    pub fn is_calendar(&self) -> bool {
        self.numbers.first().is_some_and(|year| (1990..=2100).contains(year))
    }

    /// The words that tell the variant: `["alpine3.22"]`; the channel words of a floating tag are not among them.
    #[must_use]
    pub fn variant(&self) -> &[&'t str] {
        &self.variant
    }
}

/// The version tag that stands best for `asked` among `candidates`, which are tags of the same repository and point at
/// the same digest.
///
/// The variant has to be that of `asked`, where `alpine` includes `alpine3.22`; an asked tag that names no variant,
/// `latest` for instance, takes any when there is none without. Of these the most numbers win (`26.5.0` over `26`),
/// released over pre-release, plain over calendar versions. In the repositories of Debian and Ubuntu the code name is
/// the version, so `bookworm-slim` may become `12.11-slim`. The result does not depend on the order of `candidates`.
#[must_use]
pub fn best_version<'c>(
    repository: &str,
    asked: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let asked = Tag::parse(asked);
    if asked.kind == TagKind::Opaque {
        return None;
    }
    let mut variant = asked.variant.as_slice();
    let name = repository.rsplit('/').next();
    if asked.is_floating() && matches!(name, Some("debian" | "ubuntu")) && variant.first() != Some(&"slim") {
        variant = variant.get(1..).unwrap_or_default();
    }
    candidates
        .into_iter()
        .map(Tag::parse)
        .filter(|tag| tag.kind == TagKind::Version && tag.numbers.starts_with(&asked.numbers))
        .filter_map(|tag| {
            let same = same_variant(variant, &tag.variant);
            let any = variant.is_empty() && asked.is_floating();
            if !(same || any) {
                return None;
            }
            let exact = variant == tag.variant;
            let size = (tag.variant.len(), tag.variant.iter().map(|word| word.len()).sum::<usize>());
            let version = (!tag.prerelease, !tag.is_calendar(), tag.numbers.len());
            let tie = (Reverse(size), tag.numbers, !tag.prefixed, Reverse(tag.text));
            Some(((same, version, exact, tie), tag.text))
        })
        .max()
        .map(|(_, text)| text)
}

/// Whether `found` is the variant `wanted`, or one of its numbered forms.
fn same_variant(wanted: &[&str], found: &[&str]) -> bool {
    wanted.len() == found.len()
        && wanted.iter().zip(found).all(|(wanted, found)| {
            *wanted == *found || *wanted == found.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
        })
}

/// Reads `v1.2.3`, `21.0.12_8`, `3.14.0rc1` as numbers, whether there is a `v`, and whether it is a pre-release.
fn version_word(word: &str) -> Option<(Vec<u64>, bool, bool)> {
    let mut rest = word.strip_prefix(['v', 'V']).unwrap_or(word);
    let prefixed = rest.len() < word.len();
    let mut numbers = Vec::new();
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        // Ten digits hold a time stamp and any version; more is a hash.
        if digits == 0 || digits > 10 {
            return None;
        }
        numbers.push(rest[..digits].parse().ok()?);
        let first_is_long = numbers.len() == 1 && digits > 4;
        rest = &rest[digits..];
        let more =
            rest.strip_prefix(['.', '_']).filter(|more| more.starts_with(|c: char| c.is_ascii_digit()));
        match more {
            Some(more) => rest = more,
            // A long number alone is a build number, a date or a hash made of digits.
            None if first_is_long => return None,
            None => break,
        }
    }
    if rest.is_empty() {
        return Some((numbers, prefixed, false));
    }
    // Python writes `3.14.0a4`; without a dot before it, `3a4` is more likely a piece of a hash.
    let short = numbers.len() > 1
        && rest
            .strip_prefix(['a', 'b'])
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    (short || is_prerelease(rest.trim_start_matches(['.', '_']))).then_some((numbers, prefixed, true))
}

/// `rc`, `rc1`, `beta.2`.
fn is_prerelease(word: &str) -> bool {
    PRERELEASES.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'))
}

/// Whether a word is a name, perhaps with a short version of its own (`alpine3.22`, `jdk21`), and no hash or date.
fn is_plain_word(word: &str) -> bool {
    let bytes = word.as_bytes();
    let named = bytes.first().is_some_and(u8::is_ascii_alphabetic);
    let dots_follow_digits = bytes.windows(2).all(|pair| pair[1] != b'.' || pair[0].is_ascii_digit());
    let hash = bytes.len() >= 7 && bytes.iter().all(u8::is_ascii_hexdigit);
    let long_number = bytes.split(|b| !b.is_ascii_digit()).any(|digits| digits.len() > 5);
    named && dots_follow_digits && !hash && !long_number
}
