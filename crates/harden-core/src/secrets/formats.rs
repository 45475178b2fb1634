//! Tokens with a published prefix.
//!
//! Each line of the table is a fact from the documentation of the service, or from what its own client or secret
//! scanning partner programme accepts. Lengths are those of the part behind the prefix.

use super::strength::{is_counted, is_repeated};
use super::vocabulary::has_loud_marker;
use super::{Confidence, Kind, NotSecret, Scan, encoding};
use crate::sieve::Sieve;

/// The characters behind a prefix.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Hex,
    Alnum,
    Upper,
    /// Letters, digits and `_`.
    Word,
    /// The alphabet of base64 for URLs.
    Url,
    /// That and `.`, `=`, `+`, `/`.
    Wide,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Hex => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Wide => WIDE[usize::from(byte)],
        }
    }
}

/// The bytes of [`Alphabet::Wide`].
const WIDE: [bool; 256] = {
    let mut wide = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        wide[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'=' | b'+' | b'/');
        byte += 1;
    }
    wide
};

/// What the part behind the prefix must show besides its alphabet and length.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    None,
    /// The last six characters are a checksum; other lengths than 36 are not checked.
    Checksum,
    /// The token is for a test system.
    TestMode,
    /// The value identifies and gives no access alone.
    Identifier,
    /// The prefix is short: a digit, an upper-case and a lower-case letter are asked for.
    Mixed,
    /// A `.` in it.
    Dotted,
}

#[derive(Clone, Copy)]
struct Format {
    prefix: &'static str,
    kind: Kind,
    alphabet: Alphabet,
    min: usize,
    max: usize,
    check: Check,
}

const fn of(kind: Kind, prefix: &'static str, alphabet: Alphabet, min: usize, max: usize) -> Format {
    Format { prefix, kind, alphabet, min, max, check: Check::None }
}

const fn checked(format: Format, check: Check) -> Format {
    Format { check, ..format }
}

/// No token is shorter than this.
const SHORT: usize = 20;

/// Longest body of a format without a fixed length.
const LONG: usize = 512;

use Alphabet::{Alnum, Hex, Upper, Url, Wide, Word};

#[rustfmt::skip]
const FORMATS: &[Format] = &[
    // AWS IAM User Guide, "IAM identifiers": unique ID prefixes. The id alone gives no access.
    checked(of(Kind::AwsAccessKeyId, "AKIA", Upper, 16, 16), Check::Identifier),
    checked(of(Kind::AwsAccessKeyId, "ASIA", Upper, 16, 16), Check::Identifier),
    // Amazon Bedrock User Guide, "API keys".
    of(Kind::AwsSecretKey, "ABSK", Wide, 100, LONG),
    // Google Cloud, "API keys"; Google Identity, "OAuth 2.0".
    of(Kind::GoogleApiKey, "AIza", Url, 35, 35),
    of(Kind::GoogleOauthSecret, "GOCSPX-", Url, 28, 28),
    of(Kind::GoogleOauthSecret, "ya29.", Url, 40, LONG),
    // GitHub Docs, "About authentication to GitHub": token formats.
    checked(of(Kind::GithubToken, "ghp_", Alnum, 36, 255), Check::Checksum),
    checked(of(Kind::GithubToken, "gho_", Alnum, 36, 255), Check::Checksum),
    checked(of(Kind::GithubToken, "ghu_", Alnum, 36, 255), Check::Checksum),
    checked(of(Kind::GithubToken, "ghs_", Alnum, 36, 255), Check::Checksum),
    checked(of(Kind::GithubToken, "ghr_", Alnum, 36, 255), Check::Checksum),
    of(Kind::GithubToken, "github_pat_", Word, 82, 82),
    // GitLab Docs, "GitLab token overview": token prefixes.
    of(Kind::GitlabToken, "glpat-", Wide, 20, 300),
    of(Kind::GitlabToken, "gldt-", Wide, 20, 300),
    of(Kind::GitlabToken, "glrt-", Wide, 20, 300),
    of(Kind::GitlabToken, "glcbt-", Wide, 20, 300),
    of(Kind::GitlabToken, "glptt-", Wide, 20, 300),
    of(Kind::GitlabToken, "gloas-", Wide, 20, 300),
    of(Kind::GitlabToken, "glsoat-", Wide, 20, 300),
    of(Kind::GitlabToken, "glft-", Wide, 20, 300),
    of(Kind::GitlabToken, "glimt-", Wide, 20, 300),
    of(Kind::GitlabToken, "glagent-", Wide, 20, 300),
    of(Kind::GitlabToken, "glffct-", Wide, 20, 300),
    of(Kind::GitlabToken, "GR1348941", Url, 20, 40),
    // Slack API, "Token types".
    of(Kind::SlackToken, "xoxb-", Url, 20, 200),
    of(Kind::SlackToken, "xoxp-", Url, 20, 200),
    of(Kind::SlackToken, "xoxa-", Url, 20, 200),
    of(Kind::SlackToken, "xoxr-", Url, 20, 200),
    of(Kind::SlackToken, "xoxs-", Url, 20, 200),
    of(Kind::SlackToken, "xoxe-", Url, 20, 300),
    of(Kind::SlackToken, "xoxe.xox", Url, 20, 300),
    of(Kind::SlackToken, "xapp-", Url, 20, 200),
    // Stripe Docs, "API keys".
    of(Kind::StripeKey, "sk_live_", Alnum, 16, 247),
    of(Kind::StripeKey, "rk_live_", Alnum, 16, 247),
    checked(of(Kind::StripeKey, "sk_test_", Alnum, 16, 247), Check::TestMode),
    checked(of(Kind::StripeKey, "rk_test_", Alnum, 16, 247), Check::TestMode),
    of(Kind::StripeKey, "whsec_", Wide, 32, 64),
    // npm, "Announcing npm's new access token format" (2021).
    checked(of(Kind::NpmToken, "npm_", Alnum, 36, 36), Check::Checksum),
    // PyPI help, "API tokens": a macaroon whose location is pypi.org or test.pypi.org.
    of(Kind::PypiToken, "pypi-AgE", Url, 50, LONG),
    // Docker Docs, "Personal access tokens" and "Organization access tokens".
    of(Kind::DockerHubToken, "dckr_pat_", Url, 27, 64),
    of(Kind::DockerHubToken, "dckr_oat_", Url, 27, 64),
    // Hugging Face Hub, "User access tokens".
    of(Kind::HuggingFaceToken, "hf_", Alnum, 34, 40),
    of(Kind::HuggingFaceToken, "api_org_", Alnum, 34, 40),
    // OpenAI, Anthropic, Groq, NVIDIA and Replicate: API reference, "Authentication".
    of(Kind::OpenAiKey, "sk-proj-", Url, 40, 200),
    of(Kind::OpenAiKey, "sk-svcacct-", Url, 40, 200),
    of(Kind::OpenAiKey, "sk-admin-", Url, 40, 200),
    checked(of(Kind::OpenAiKey, "sk-", Alnum, 48, 48), Check::Mixed),
    of(Kind::AnthropicKey, "sk-ant-", Url, 80, 130),
    checked(of(Kind::GroqKey, "gsk_", Alnum, 52, 52), Check::Mixed),
    of(Kind::NvidiaKey, "nvapi-", Url, 60, 80),
    checked(of(Kind::ReplicateToken, "r8_", Alnum, 37, 37), Check::Mixed),
    // Twilio Docs, "API keys"; Twilio SendGrid Docs, "API keys"; Mailgun, "API keys".
    checked(of(Kind::TwilioKeyId, "SK", Hex, 32, 32), Check::Identifier),
    checked(of(Kind::SendGridKey, "SG.", Wide, 66, 66), Check::Dotted),
    of(Kind::MailgunKey, "key-", Hex, 32, 32),
    // DigitalOcean API reference, "Authentication".
    of(Kind::DigitalOceanToken, "dop_v1_", Hex, 64, 64),
    of(Kind::DigitalOceanToken, "doo_v1_", Hex, 64, 64),
    of(Kind::DigitalOceanToken, "dor_v1_", Hex, 64, 64),
    // Heroku Dev Center, "Platform API: OAuth" (2024: prefixed tokens).
    of(Kind::HerokuKey, "HRKU-", Url, 36, 80),
    // HashiCorp Vault, "Tokens": token prefixes; HCP Terraform, "API tokens" is in `tokens`.
    checked(of(Kind::VaultToken, "hvs.", Url, 24, 200), Check::Mixed),
    checked(of(Kind::VaultToken, "hvb.", Url, 100, LONG), Check::Mixed),
    checked(of(Kind::VaultToken, "hvr.", Url, 24, 200), Check::Mixed),
    // Databricks, "Personal access token authentication".
    of(Kind::DatabricksToken, "dapi", Hex, 32, 32),
    // Sentry Docs, "Auth tokens"; New Relic, "API keys"; Dynatrace, "Access tokens"; Grafana, "Service accounts".
    of(Kind::SentryToken, "sntrys_", Wide, 60, 300),
    of(Kind::SentryToken, "sntryu_", Hex, 64, 64),
    of(Kind::NewRelicKey, "NRAK-", Upper, 27, 27),
    checked(of(Kind::DynatraceToken, "dt0c01.", Wide, 89, 89), Check::Dotted),
    checked(of(Kind::DynatraceToken, "dt0s16.", Wide, 89, 89), Check::Dotted),
    of(Kind::GrafanaToken, "glsa_", Word, 41, 41),
    of(Kind::GrafanaToken, "glc_", Wide, 40, 400),
    // Shopify.dev, "Access token prefixes"; Square Developer, "Access tokens".
    of(Kind::ShopifyToken, "shpat_", Hex, 32, 32),
    of(Kind::ShopifyToken, "shpca_", Hex, 32, 32),
    of(Kind::ShopifyToken, "shppa_", Hex, 32, 32),
    of(Kind::ShopifyToken, "shpss_", Hex, 32, 32),
    of(Kind::SquareToken, "sq0atp-", Url, 22, 22),
    of(Kind::SquareToken, "sq0csp-", Url, 43, 43),
    // Pulumi Cloud, "Access tokens"; Linear, "API"; Notion, "Authorization"; Postman, "API keys".
    of(Kind::PulumiToken, "pul-", Hex, 40, 40),
    of(Kind::LinearKey, "lin_api_", Alnum, 40, 40),
    of(Kind::NotionToken, "ntn_", Alnum, 43, 50),
    checked(of(Kind::NotionToken, "secret_", Alnum, 43, 43), Check::Mixed),
    of(Kind::PostmanKey, "PMAK-", Url, 59, 59),
    // Tailscale, "Key prefixes"; Doppler, "Token formats"; PlanetScale, "Service tokens" and "Connection strings".
    of(Kind::TailscaleKey, "tskey-", Url, 20, 80),
    of(Kind::DopplerToken, "dp.pt.", Alnum, 40, 44),
    of(Kind::DopplerToken, "dp.st.", Wide, 40, 80),
    of(Kind::PlanetScaleToken, "pscale_tkn_", Wide, 32, 64),
    of(Kind::PlanetScaleToken, "pscale_pw_", Wide, 32, 64),
    // RubyGems Guides, "API key scopes"; crates.io and NuGet.org: their servers' token generators.
    of(Kind::RubyGemsKey, "rubygems_", Hex, 48, 48),
    checked(of(Kind::CargoToken, "cio", Alnum, 32, 32), Check::Mixed),
    of(Kind::NugetKey, "oy2", Alnum, 43, 43),
    // JFrog, "Access tokens" and "API keys"; Atlassian, "Manage API tokens"; SonarQube, "Managing tokens".
    checked(of(Kind::JfrogToken, "AKCp", Alnum, 60, 80), Check::Mixed),
    of(Kind::JfrogToken, "cmVmdGtu", Alnum, 56, 56),
    of(Kind::AtlassianToken, "ATATT3", Wide, 100, 300),
    of(Kind::AtlassianToken, "ATCTT3", Wide, 100, 300),
    of(Kind::SonarToken, "sqp_", Hex, 40, 40),
    of(Kind::SonarToken, "squ_", Hex, 40, 40),
    of(Kind::SonarToken, "sqa_", Hex, 40, 40),
    // CircleCI, "API tokens"; Fly.io, "Access tokens"; Supabase, "API keys"; Aiven, "Service users"; Mapbox, "Tokens".
    of(Kind::CircleCiToken, "CCIPAT_", Word, 50, 80),
    of(Kind::CircleCiToken, "CCIPRJ_", Word, 50, 80),
    of(Kind::FlyToken, "fo1_", Url, 43, 43),
    of(Kind::FlyToken, "fm2_", Wide, 100, LONG),
    of(Kind::SupabaseKey, "sbp_", Hex, 40, 40),
    of(Kind::SupabaseKey, "sb_secret_", Url, 22, 60),
    checked(of(Kind::AivenPassword, "AVNS_", Url, 18, 24), Check::Mixed),
    checked(of(Kind::MapboxToken, "sk.eyJ", Wide, 60, 200), Check::Dotted),
    // age, "The age file encryption format": Bech32 with this prefix.
    of(Kind::AgeKey, "AGE-SECRET-KEY-1", Upper, 58, 58),
];

/// Where one of [`FORMATS`] may begin.
const SIEVE: Sieve = {
    let mut sieve = Sieve::EMPTY;
    let mut at = 0;
    while at < FORMATS.len() {
        sieve = sieve.with(FORMATS[at].prefix.as_bytes());
        at += 1;
    }
    sieve
};

const FORM: &str = "it has the published form of this kind of secret";
const CHECKED: &str = "it has the published form of this kind of secret, and its checksum is right";
const WRONG_SUM: &str =
    "it has the form of this kind of secret, but its checksum is wrong: it was changed or made up";
const TEST_MODE: &str = "it has the published form of a key for a test system, which holds no real data";
const IDENTIFIER: &str = "it names a key and gives no access without the secret that belongs to it";

/// Looks at every word for a token.
pub(super) fn find(scan: &mut Scan<'_>) {
    let bytes = scan.text.as_bytes();
    let mut at = 0;
    let mut inside = false;
    let mut run_end = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if at >= run_end && Wide.has(byte) {
            run_end = at + bytes[at..].iter().take_while(|&&byte| Wide.has(byte)).count();
            if run_end - at < SHORT {
                at = run_end;
                inside = false;
                continue;
            }
        }
        // A token does not begin in the middle of a word.
        if !inside
            && byte.is_ascii_alphabetic()
            && let Some(end) = token(scan, at)
        {
            at = end;
            inside = true;
            continue;
        }
        // `\nghp_…`: the letter of an escape is no part of the word.
        let escape = byte == b'\\' && matches!(bytes.get(at + 1), Some(b'n' | b'r' | b't'));
        inside = byte.is_ascii_alphanumeric() || (byte == b'-' && inside);
        at += 1 + usize::from(escape);
        if escape {
            inside = false;
        }
    }
}

fn token(scan: &mut Scan<'_>, at: usize) -> Option<usize> {
    let rest = &scan.text.as_bytes()[at..];
    if !SIEVE.passes(rest) {
        return None;
    }
    let format = FORMATS.iter().find(|format| {
        let Some(body) = rest.strip_prefix(format.prefix.as_bytes()) else { return false };
        let len = body_len(format, body);
        (format.min..=format.max).contains(&len) && is_ended(format, body, len)
    })?;
    let len = body_len(format, &rest[format.prefix.len()..]);
    let end = at + format.prefix.len() + len;
    let body = &scan.text[at + format.prefix.len()..end];
    if is_sample(body) {
        scan.reject(NotSecret::Example);
        return Some(end);
    }
    let (confidence, why) = match format.check {
        Check::None => (Confidence::High, FORM),
        Check::Checksum if body.len() == 36 && encoding::has_checksum(body) => (Confidence::High, CHECKED),
        Check::Checksum if body.len() == 36 => (Confidence::Low, WRONG_SUM),
        Check::Checksum => (Confidence::Medium, FORM),
        Check::TestMode => (Confidence::Medium, TEST_MODE),
        Check::Identifier => (Confidence::Low, IDENTIFIER),
        Check::Mixed => {
            let any = |test: fn(&u8) -> bool| body.bytes().any(|byte| test(&byte));
            if !any(u8::is_ascii_digit) || !any(u8::is_ascii_uppercase) || !any(u8::is_ascii_lowercase) {
                return None;
            }
            (Confidence::High, FORM)
        }
        Check::Dotted if body.contains('.') => (Confidence::High, FORM),
        Check::Dotted => return None,
    };
    // Words joined by dashes are a name.
    if format.kind != Kind::AwsAccessKeyId && !body.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    scan.hit(format.kind, confidence, at..end, why);
    Some(end)
}

/// How many bytes belong to the token; one more than the maximum when it is too long.
fn body_len(format: &Format, body: &[u8]) -> usize {
    let len = body.iter().take(format.max + 1).take_while(|&&byte| format.alphabet.has(byte)).count();
    if format.alphabet != Alphabet::Wide || len > format.max {
        return len;
    }
    // The full stop of a sentence and the slash of a path are no part of it.
    body[..len].iter().rposition(|byte| !b".-/".contains(byte)).map_or(0, |last| last + 1)
}

/// Whether the word ends behind the token.
fn is_ended(format: &Format, body: &[u8], len: usize) -> bool {
    let dashed = matches!(format.alphabet, Alphabet::Url | Alphabet::Wide);
    !body.get(len).is_some_and(|&next| next.is_ascii_alphanumeric() || (!dashed && next == b'_'))
}

/// A body that documentation uses: `EXAMPLE`, `xxxx`, `1234567890abcdef`, or a sample known by its end.
fn is_sample(body: &str) -> bool {
    // The token in GitHub's description of the format.
    const KNOWN: [&str; 1] = [concat!("zQWBuTSOoRi4A9spHcVY5ncnsD", "kxkJ0mLq17")];
    let lower = body.to_ascii_lowercase();
    KNOWN.contains(&body)
        || has_loud_marker(&lower)
        || is_counted(body)
        || is_repeated(body)
        || has_long_repeat(body)
}

/// Eight times the same character.
fn has_long_repeat(body: &str) -> bool {
    body.as_bytes().windows(8).any(|run| run.iter().all(|byte| *byte == run[0]))
}

#[cfg(test)]
mod tests {
    use super::super::{Found, in_text};
    use super::*;

    fn body(format: &Format) -> String {
        let letters = match format.alphabet {
            Alphabet::Hex => "7c1e9a04f2b86d53",
            Alphabet::Upper => "Q7X2M9K4W8R1T5Y3",
            _ => "Qz7Xk2Mv9Bn4Wp8Rt",
        };
        let mut body: String = letters.chars().cycle().take(format.min).collect();
        if format.check == Check::Dotted {
            body.replace_range(22..23, ".");
        }
        if format.check == Check::Checksum {
            return encoding::with_checksum(&body[..30]);
        }
        body
    }

    #[test]
    fn every_format_is_found_and_ends() {
        for format in FORMATS {
            let body = body(format);
            let token = format!("{}{body}", format.prefix);
            let text = format!("x='{token}',\\n{token} ");
            let found = in_text(&text);
            let kinds: Vec<&str> = found.iter().map(|one| one.kind.id()).collect();
            assert_eq!(kinds, [format.kind.id(), format.kind.id()], "{}", format.prefix);
            assert!(
                found.iter().all(|Found { range, .. }| text[range.clone()] == token),
                "{}",
                format.prefix
            );
            assert_eq!(in_text(&format!("word{token}")), [], "{}", format.prefix);
            if format.alphabet != Alphabet::Wide && format.min == format.max {
                let longer = format!("{token}a1Qa1Qa1Qa1");
                assert!(in_text(&longer).iter().all(|one| one.kind != format.kind), "{}", format.prefix);
            }
        }
    }

    #[test]
    fn samples_and_made_up_ones() {
        let mut scan = Scan::new(concat!("AKIA", "IOSFODNN7EXAMPLE"));
        find(&mut scan);
        assert!(scan.found.is_empty() && scan.rejected == Some(NotSecret::Example));
        let wrong = format!("ghp_{}", &"Qz7Xk2Mv9Bn4Wp8Rt".repeat(3)[..36]);
        assert_eq!(in_text(&wrong).first().map(|one| one.confidence), Some(Confidence::Low));
        for text in [
            "npm_config_registry",
            "task-runner-with-a-very-long-name",
            "sk-this-is-not-a-key",
            "glpat-your-token-goes-here-x",
        ] {
            assert_eq!(in_text(text), [], "{text}");
        }
    }
}
