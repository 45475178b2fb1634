//! Secrets that are known by their looks: access tokens with a published prefix, JSON web tokens, private keys.

use std::ops::Range;

use super::Scan;
use crate::sieve::Sieve;

/// A token format: its prefix, the least number of bytes behind it, and whether `-` and `_` may be among them.
struct Shape {
    prefix: &'static str,
    min: usize,
    dashes: bool,
    /// Upper-case letters and digits only.
    upper: bool,
}

const fn shape(prefix: &'static str, min: usize) -> Shape {
    Shape { prefix, min, dashes: false, upper: false }
}

const fn dashed(prefix: &'static str, min: usize) -> Shape {
    Shape { prefix, min, dashes: true, upper: false }
}

const fn upper(prefix: &'static str, min: usize) -> Shape {
    Shape { prefix, min, dashes: false, upper: true }
}

/// From the token documentation of GitHub, GitLab, AWS, Slack, Stripe, npm, `PyPI`, Google, Docker, Hugging Face,
/// `DigitalOcean`, `SendGrid`, Shopify, `HashiCorp`, age, Tailscale, Sentry, Grafana, Atlassian, Anthropic and `OpenAI`.
const SHAPES: [Shape; 51] = [
    upper("AKIA", 12),
    upper("ASIA", 12),
    upper("ABIA", 16),
    upper("ACCA", 16),
    shape("ghp_", 16),
    shape("gho_", 16),
    shape("ghu_", 16),
    shape("ghs_", 16),
    shape("ghr_", 16),
    dashed("github_pat_", 16),
    dashed("glpat-", 12),
    dashed("gldt-", 12),
    dashed("glrt-", 12),
    dashed("glcbt-", 12),
    dashed("glptt-", 12),
    dashed("xoxa-", 8),
    dashed("xoxb-", 8),
    dashed("xoxe-", 8),
    dashed("xoxp-", 8),
    dashed("xoxr-", 8),
    dashed("xoxs-", 8),
    dashed("xapp-", 12),
    dashed("sk_live_", 8),
    dashed("sk_test_", 8),
    dashed("rk_live_", 8),
    dashed("rk_test_", 8),
    dashed("whsec_", 12),
    shape("npm_", 30),
    dashed("pypi-AgE", 8),
    dashed("AIza", 30),
    dashed("ya29.", 16),
    dashed("dckr_pat_", 12),
    dashed("dckr_oat_", 12),
    shape("hf_", 24),
    shape("dop_v1_", 24),
    dashed("SG.", 30),
    shape("shpat_", 24),
    dashed("hvs.", 16),
    dashed("hvb.", 16),
    upper("AGE-SECRET-KEY-1", 16),
    dashed("tskey-", 12),
    dashed("sntrys_", 16),
    dashed("sntryu_", 16),
    dashed("glsa_", 16),
    dashed("ATATT3", 20),
    dashed("sk-ant-", 12),
    dashed("sk-proj-", 12),
    shape("sk-", 32),
    dashed("nvapi-", 24),
    shape("gsk_", 24),
    dashed("rubygems_", 24),
];

/// Where one of [`SHAPES`] or a web token may begin.
const SIEVE: Sieve = {
    let mut sieve = Sieve::EMPTY.with(b"eyJ");
    let mut at = 0;
    while at < SHAPES.len() {
        sieve = sieve.with(SHAPES[at].prefix.as_bytes());
        at += 1;
    }
    sieve
};

/// Web hooks whose path is the secret.
const HOOKS: [&str; 6] = [
    "hooks.slack.com/services/",
    "hooks.slack.com/workflows/",
    "hooks.slack.com/triggers/",
    "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/",
    ".webhook.office.com/webhookb2/",
];

/// Looks at every word for a token, at web hooks, and at private keys.
pub(super) fn find(scan: &mut Scan<'_>) {
    tokens(scan);
    hooks(scan);
    let keys = private_keys(scan.text);
    scan.hits.extend(keys);
}

fn tokens(scan: &mut Scan<'_>) {
    let bytes = scan.bytes();
    let mut at = 0;
    let mut inside = false;
    while at < bytes.len() {
        let byte = bytes[at];
        // A token does not begin in the middle of a word; `_` ends no word that a token could follow.
        if !inside && byte.is_ascii_alphabetic() && SIEVE.passes(&bytes[at..]) {
            let end = token(bytes, at).or_else(|| web_token(bytes, at));
            if let Some(end) = end {
                scan.hit(at..end);
                at = end;
                continue;
            }
        }
        // `\nghp_…`: the letter of an escape is no part of the word.
        let escape = byte == b'\\' && matches!(bytes.get(at + 1), Some(b'n' | b'r' | b't'));
        inside = byte.is_ascii_alphanumeric();
        at += 1 + usize::from(escape);
    }
}

fn token(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    let shape = SHAPES.iter().find(|shape| rest.starts_with(shape.prefix.as_bytes()))?;
    let body = &rest[shape.prefix.len()..];
    let allowed = |byte: &&u8| {
        if shape.upper {
            byte.is_ascii_uppercase() || byte.is_ascii_digit()
        } else {
            byte.is_ascii_alphanumeric() || (shape.dashes && matches!(byte, b'-' | b'_' | b'.' | b'/' | b'='))
        }
    };
    let len = body.iter().take_while(allowed).count();
    (len >= shape.min).then_some(at + shape.prefix.len() + len)
}

/// A JSON web token: base64url of `{"…` and at least one more part (RFC 7519).
fn web_token(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    if !rest.starts_with(b"eyJ") {
        return None;
    }
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let head = rest.iter().take_while(|byte| part(byte)).count();
    let len = rest.iter().take_while(|byte| part(byte) || matches!(byte, b'.' | b'=')).count();
    (head >= 8 && (len >= head + 8 || len >= 40)).then_some(at + len)
}

fn hooks(scan: &mut Scan<'_>) {
    let text = scan.text;
    if !text.contains("hook") {
        return;
    }
    for hook in HOOKS {
        for (at, mark) in text.match_indices(hook) {
            let start = at + mark.len();
            let stop =
                |ch: char| ch.is_whitespace() || matches!(ch, '"' | '\'' | '`' | '<' | '>' | ')' | '\\');
            let end = text[start..].find(stop).map_or(text.len(), |len| start + len);
            if !text[start..end].starts_with('$') {
                scan.hit(start..end);
            }
        }
    }
}

/// The insides of private key blocks (RFC 7468), line by line, also when the block is in comments, continued lines,
/// `echo` commands, or has no end.
pub(super) fn private_keys(text: &str) -> Vec<Range<usize>> {
    let mut hits = Vec::new();
    if !text.contains("-----BEGIN ") {
        return hits;
    }
    let mut state = Block::Outside;
    let last_end = last_end_mark(text);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let whole = start..start + line.len();
        start = whole.end;
        let mut from = whole.start;
        loop {
            let rest = &text[from..whole.end];
            if state == Block::Outside {
                let Some(begin) = begin_mark(rest) else { break };
                from += begin;
                let rest = &text[from..whole.end];
                let own = rest.find("-----BEGIN ").map_or(rest, |next| &rest[..next]);
                state = match last_end {
                    Some(end) if end >= from => Block::Closed,
                    _ if has_base64(own) || ends_bare(rest) => Block::Endless,
                    _ => Block::Outside,
                };
                continue;
            }
            let end = rest.find("-----END").map(|len| from + len);
            if state == Block::Endless && end.is_none() && from == whole.start && !has_base64(rest) {
                state = Block::Outside;
                // The last line of a key is short.
                hits.extend(
                    content(text, from..whole.end, false).filter(|hit| is_base64(&text[hit.clone()])),
                );
                break;
            }
            hits.extend(content(text, from..end.unwrap_or(whole.end), from > whole.start));
            let Some(end) = end else { break };
            state = Block::Outside;
            from = end + 8;
        }
    }
    hits
}

/// Where a line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Outside,
    /// In a block with an end mark: everything up to it is the key.
    Closed,
    /// In a block without: what looks like base64 is the key.
    Endless,
}

/// The last end mark of a private key.
fn last_end_mark(text: &str) -> Option<usize> {
    let is_private = |at: usize| {
        let label = text[at + 9..].split("-----").next().unwrap_or_default();
        is_private_label(label)
    };
    text.rmatch_indices("-----END ").map(|(at, _)| at).find(|&at| is_private(at))
}

/// The offset behind the first `-----BEGIN … PRIVATE KEY … -----`; other blocks may stand before it.
fn begin_mark(line: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(begin) = line[from..].find("-----BEGIN ") {
        let label = from + begin + 11;
        let close = line[label..].find("-----")?;
        from = label + close + 5;
        if is_private_label(&line[label..label + close]) {
            return Some(from);
        }
    }
    None
}

/// A label such as `RSA PRIVATE KEY`; a continuation may have put more blanks into it.
fn is_private_label(label: &str) -> bool {
    label.contains("PRIVATE") && label.contains("KEY")
}

fn is_base64(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
}

/// Whether nothing but quotes, escapes and a continuation follows on the line.
fn ends_bare(rest: &str) -> bool {
    rest.trim_end().trim_matches(['"', '\'', '\\', 'n', 'r', ' ', '\t', '`', '|']).is_empty()
}

/// Whether the line holds a word of base64 as long as keys have.
fn has_base64(line: &str) -> bool {
    line.split(|ch: char| !(ch.is_ascii_alphanumeric() || matches!(ch, '+' | '/' | '=')))
        .any(|word| word.len() >= 16)
}

/// The part of a line that is key text: without indentation, comment marks, continuation and line ending.
fn content(text: &str, range: Range<usize>, mid_line: bool) -> Option<Range<usize>> {
    let piece = &text[range.clone()];
    let lead = if mid_line { 0 } else { piece.len() - piece.trim_start_matches([' ', '\t', '#']).len() };
    let kept = piece[lead..].trim_end().trim_end_matches(['\\', '`', ' ', '\t', '"', '\'']);
    (!kept.is_empty()).then(|| range.start + lead..range.start + lead + kept.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Kind;

    fn hits(text: &str) -> Vec<&str> {
        let mut scan = Scan::new(text, Kind::Instruction);
        find(&mut scan);
        scan.hits.into_iter().map(|hit| &text[hit]).collect()
    }

    #[test]
    fn tokens_by_their_prefix() {
        for token in [
            "AKIAFAKEFAKEFAKE0000",
            "ghp_FakeFakeFakeFake0000",
            "github_pat_Fake_FakeFakeFake",
            "glpat-FAKE-fake_0000",
            "xoxb-0000-fake",
            "sk_live_fakefake",
            "npm_FakeFakeFakeFakeFakeFakeFakeFake0000",
            "pypi-AgEfakefakefake",
            "AIzaFakeFakeFakeFakeFakeFakeFakeFake000",
            "eyJmYWtlIjow.eyJmYWtlIjow.ZmFrZQ",
        ] {
            assert_eq!(hits(&format!("x={token},y")), [token]);
            assert_eq!(hits(&format!("x\\n{token} y")), [token]);
        }
        assert_eq!(hits("https://hooks.slack.com/services/T0/B0/fake\""), ["T0/B0/fake"]);
    }

    #[test]
    fn not_tokens() {
        for text in [
            "npm_config_registry=x",
            "EYJAFJALLAJOKULL_AKIA",
            "task-runner-with-a-very-long-name",
            "pypi-mirror.example.org",
        ] {
            assert_eq!(hits(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn private_key_blocks() {
        let key = "FAKEfakeFAKEfakeFAKEfake";
        let block = format!(
            "a\n# -----BEGIN RSA PRIVATE KEY-----\n# {key}\n#   short\n# -----END RSA PRIVATE KEY-----\nb"
        );
        assert_eq!(hits(&block), [key, "short"]);
        let line = format!(r#"x "-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n" y"#);
        assert_eq!(hits(&line), [format!(r"\n{key}\n").trim_end_matches('\\')]);
        let open = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{key}\nRUN make all\n");
        assert_eq!(hits(&open), [key]);
        assert_eq!(
            hits("RUN grep -q '-----BEGIN RSA PRIVATE KEY-----' x && make\nRUN y"),
            Vec::<&str>::new()
        );
        let certificate = "-----BEGIN CERTIFICATE-----\nMIIFakeFakeFakeFake\n-----END CERTIFICATE-----";
        assert_eq!(hits(certificate), Vec::<&str>::new());
    }
}
