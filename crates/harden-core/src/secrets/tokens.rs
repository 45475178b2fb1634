//! Secrets known by their structure: web tokens, bot tokens, webhooks, Microsoft's shared keys and signatures.

use super::strength::{is_random, is_repeated};
use super::values::is_hash;
use super::vocabulary::has_loud_marker;
use super::{Confidence, Kind, NotSecret, Scan, encoding};

const FORM: &str = "it has the published form of this kind of secret";
const HEADER: &str = "its header is that of a JSON web token";
const HASH: &str = "a hash of a password can be attacked by guessing";
const HOOK: &str = "whoever knows the address can send messages";

/// Webhooks whose path is the secret (Slack, Discord and Microsoft Teams: "Incoming webhooks").
const HOOKS: [(Kind, &str); 6] = [
    (Kind::SlackWebhook, "hooks.slack.com/services/"),
    (Kind::SlackWebhook, "hooks.slack.com/workflows/"),
    (Kind::SlackWebhook, "hooks.slack.com/triggers/"),
    (Kind::DiscordWebhook, "discord.com/api/webhooks/"),
    (Kind::DiscordWebhook, "discordapp.com/api/webhooks/"),
    (Kind::TeamsWebhook, ".webhook.office.com/webhookb2/"),
];

/// Longest word that is taken apart.
const MAX_WORD: usize = 16 << 10;

/// Longest signature; one of SHA-256 in base64 has 44 characters, percent-encoded some more.
const MAX_SIGNATURE: usize = 160;

/// Looks at every word.
pub(super) fn find(scan: &mut Scan<'_>) {
    let text = scan.text;
    hooks(scan);
    let bytes = text.as_bytes();
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~:".contains(&byte);
    let mut at = 0;
    while at < bytes.len() {
        if !part(bytes[at]) {
            // `\neyJ…`: the letter of an escape is no part of the word.
            let escape = bytes[at] == b'\\' && matches!(bytes.get(at + 1), Some(b'n' | b'r' | b't'));
            at += 1 + usize::from(escape);
            continue;
        }
        let len = bytes[at..].iter().take_while(|&&byte| part(byte)).count();
        if (30..=MAX_WORD).contains(&len) {
            word(scan, at..at + len);
        }
        at += len;
    }
    hashes(scan);
    signatures(scan);
}

fn word(scan: &mut Scan<'_>, range: std::ops::Range<usize>) {
    let text = scan.text;
    let word = &text[range.clone()];
    let begins = |at: &usize| *at == 0 || matches!(word.as_bytes()[at - 1], b':' | b'=' | b'.');
    if word.contains("eyJ")
        && let Some(at) = word.find("eyJ").filter(begins)
        && !word[..at].ends_with("sk.")
        && !word[..at].ends_with("pk.")
    {
        return web_token(scan, range.start + at..range.end);
    }
    // HCP Terraform, "API tokens".
    if word.contains(".atlasv1.")
        && let Some((id, rest)) = word.split_once(".atlasv1.")
        && id.len() >= 14
        && rest.len() >= 60
        && !has_loud_marker(&word.to_ascii_lowercase())
    {
        return scan.hit(Kind::TerraformToken, Confidence::High, range, FORM);
    }
    if let Some(start) = telegram(word) {
        scan.hit(Kind::TelegramToken, Confidence::High, range.start + start..range.end, FORM);
    } else if is_discord(word) {
        scan.hit(Kind::DiscordToken, Confidence::High, range, FORM);
    } else if is_entra_secret(word) {
        scan.hit(Kind::AzureClientSecret, Confidence::High, range, FORM);
    }
}

/// RFC 7519: base64url of a JSON object with `alg`, of another object, and the signature.
fn web_token(scan: &mut Scan<'_>, range: std::ops::Range<usize>) {
    let word = &scan.text[range.clone()];
    let mut parts = word.split('.');
    let header = encoding::base64(parts.next().unwrap_or_default());
    let (payload, signature) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let has = |bytes: &[u8], part: &str| bytes.windows(part.len()).any(|window| window == part.as_bytes());
    if !header.starts_with(b"{") || !has(&header, "\"alg\"") || payload.len() < 4 {
        return;
    }
    let claims = encoding::base64(payload);
    // The token that jwt.io shows, and those that are made by editing it.
    let sample = has(&claims, "John Doe")
        || signature.starts_with("SflKxwRJSMeKKF2QT4fw")
        || has_loud_marker(&signature.to_ascii_lowercase());
    if sample {
        scan.reject(NotSecret::Example);
    } else if has(&claims, "\"role\":\"anon\"") {
        // Supabase gives this one to browsers.
        scan.reject(NotSecret::Public);
    } else {
        scan.hit(Kind::Jwt, Confidence::High, range, HEADER);
    }
}

/// Telegram Bot API: the number of the bot, `:`, and 35 characters that begin with `AA`. Gives where it begins.
fn telegram(word: &str) -> Option<usize> {
    let (id, key) = word.split_once(':')?;
    // `https://api.telegram.org/bot<token>/…`
    let start = id.len() - id.bytes().rev().take_while(u8::is_ascii_digit).count();
    let prefix = &id[..start];
    let digits = id.len() - start;
    let fits = (prefix.is_empty() || prefix == "bot")
        && (8..=10).contains(&digits)
        && key.len() == 35
        && key.starts_with("AA");
    (fits && is_random(key)).then_some(start)
}

/// Discord, "Reference": base64 of the bot's number, the time, and the signature.
fn is_discord(word: &str) -> bool {
    let mut parts = word.split('.');
    let (Some(id), Some(time), Some(sum), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let number = encoding::base64(id);
    (23..=28).contains(&id.len())
        && (6..=7).contains(&time.len())
        && (27..=38).contains(&sum.len())
        && number.len() >= 17
        && number.iter().all(u8::is_ascii_digit)
        && !is_repeated(sum)
}

/// Microsoft Entra ID: three characters, a digit, `Q~`, and 31 to 34 more.
fn is_entra_secret(word: &str) -> bool {
    if !word.contains('~') {
        return false;
    }
    let Some((head, tail)) = word.split_once("Q~") else { return false };
    head.len() == 4
        && head.ends_with(|ch: char| ch.is_ascii_digit())
        && (31..=34).contains(&tail.len())
        && !tail.contains(':')
        && !has_loud_marker(&tail.to_ascii_lowercase())
}

fn hooks(scan: &mut Scan<'_>) {
    let text = scan.text;
    if !text.contains("hook") {
        return;
    }
    for (kind, hook) in HOOKS {
        let mut done = 0;
        for (at, mark) in text.match_indices(hook) {
            if at < done {
                continue;
            }
            let start = at + mark.len();
            let stop = |ch: char| ch.is_whitespace() || "\"'`<>)\\".contains(ch);
            let end = text[start..].find(stop).map_or(text.len(), |len| start + len);
            done = end;
            let path = &text[start..end];
            let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            if path.contains('$') || path.contains('{') {
                scan.reject(NotSecret::Reference);
            } else if last.len() >= 16
                && is_random(last)
                && !has_loud_marker(&path.to_ascii_lowercase())
                && !is_repeated(last)
            {
                scan.hit(kind, Confidence::High, start..end, HOOK);
            } else {
                scan.reject(NotSecret::Placeholder);
            }
        }
    }
}

/// Hashes of crypt(5) and their relatives.
fn hashes(scan: &mut Scan<'_>) {
    let text = scan.text;
    let mut end = 0;
    for (at, _) in text.match_indices('$') {
        // In Compose files and Makefiles each `$` is doubled.
        if at < end || !is_hash(&text[at..]) {
            continue;
        }
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || b"$./+=,-_".contains(byte);
        end = at + text.as_bytes()[at..].iter().take_while(|byte| part(byte)).count();
        let hash = &text[at..end];
        if hash.matches('$').count() >= 3 && hash.len() >= 20 && !has_loud_marker(&hash.to_ascii_lowercase())
        {
            scan.hit(Kind::PasswordHash, Confidence::Medium, at..end, HASH);
        }
    }
}

/// `sig=` of an Azure shared access signature (Azure Storage, "Create a service SAS"): `sv=` and `se=` or `sr=` stand
/// beside it.
fn signatures(scan: &mut Scan<'_>) {
    let text = scan.text;
    if !text.contains("sig=") {
        return;
    }
    let mut query = 0..0;
    let mut signed = false;
    for (at, mark) in text.match_indices("sig=") {
        if at >= query.end {
            let stop = |ch: char| ch.is_whitespace() || "\"'`<>".contains(ch);
            let start = text[query.end..at].rfind(stop).map_or(query.end, |found| query.end + found);
            let end = text[at..].find(stop).map_or(text.len(), |len| at + len);
            query = start..end;
            let fields = &text[query.clone()];
            signed = fields.contains("sv=20") || (fields.contains("se=") && fields.contains("sr="));
        }
        if !signed {
            continue;
        }
        let start = at + mark.len();
        let window = &text.as_bytes()[start..query.end.min(start + MAX_SIGNATURE)];
        let len =
            window.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"%+/=-_".contains(byte)).count();
        if len >= 40 && is_random(&text[start..start + len]) {
            scan.hit(Kind::AzureSas, Confidence::High, start..start + len, FORM);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Found, in_text};

    fn only(text: &str) -> String {
        let found = in_text(text);
        let shown = |one: &Found| format!("{} {} {}", one.kind, one.confidence, &text[one.range.clone()]);
        found.iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn structured_tokens() {
        let random = "Qz7Xk2Mv9Bn4Wp8RtYc3Lh6Jd1Sg5Fa0Ue";
        let bot = format!("123456789:AA{}", &random[..33]);
        assert_eq!(only(&format!("TOKEN {bot}")), format!("telegram-token high {bot}"));
        let discord = format!("{}.GaBcDe.{}", concat!("MTIzNDU2Nzg5", "MDEyMzQ1Njc4"), &random[..27]);
        assert_eq!(only(&discord), format!("discord-token high {discord}"));
        let entra = format!("abC8Q~{}", &random[..34]);
        assert_eq!(only(&entra), format!("azure-client-secret high {entra}"));
        let hook = format!("https://hooks.slack.com/services/T0/B0/{}", &random[..24]);
        assert_eq!(only(&hook), format!("slack-webhook high T0/B0/{}", &random[..24]));
        assert_eq!(only("https://hooks.slack.com/services/XXX/YYY/ZZZ"), "");
        let hash = concat!("$2y$", "10$", "abcdefghijklmnopqrstuv0123456789");
        assert_eq!(only(hash), format!("password-hash medium {hash}"));
        let sas = format!("https://a.blob.core.windows.net/c?sv=2022-01-01&se=2030&sig={random}{random}%3D");
        assert!(only(&sas).starts_with("azure-sas high Qz7"), "{}", only(&sas));
    }

    #[test]
    fn web_tokens() {
        let header = concat!("eyJhbGciOiJIUzI1", "NiIsInR5cCI6IkpXVCJ9");
        let token = format!("{header}.{}.{}", concat!("eyJzdWIiOiI", "0MiJ9"), "c2lnbmF0dXJlMQ");
        assert_eq!(only(&format!("Bearer {token}")), format!("jwt high {token}"));
        let sample = format!("{header}.e30K.{}", concat!("SflKxwRJSMeKKF2QT4fw", "pMeJf36POk6yJV_adQssw5c"));
        assert_eq!(only(&sample), "");
        assert_eq!(only("eyJmb28iOiJiYXIifQ.eyJmb28iOiJiYXIifQ.c2ln"), "");
    }
}
