//! The table of pairs, hostile input, and the promises of the public types.

mod table;

use proptest::prelude::*;

use super::*;

/// Random text. In pieces, so that no scanner of secrets finds it beside a telling name.
pub(super) const RANDOM: &str = concat!("x7k2m9q4w8", "e1r5t3y6u0");

/// Puts [`RANDOM`] in the place of the word `RANDOM`.
pub(super) fn fill(text: &str) -> String {
    text.replace("RANDOM", RANDOM)
}

#[test]
fn names_of_arguments() {
    assert!(is_secret_name("NPM_TOKEN") && is_secret_name("DB_PASSWORD") && is_secret_name("JWT_SECRET"));
    assert!(!is_secret_name("TOKEN_FILE") && !is_secret_name("AUTHOR") && !is_secret_name("GPG_KEY"));
}

#[test]
fn findings_do_not_overlap_and_the_surer_form_stays() {
    let token = table::expand("ghp_{sum}");
    let text = format!(
        "curl -H 'Authorization: Bearer {token}' https://bob:{token}@github.com GITHUB_TOKEN={token}"
    );
    let found = in_text(&text);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|one| text[one.range.clone()] == *token));
    assert_eq!(found[0].kind, Kind::GithubToken);
    assert_eq!(found[2].kind, Kind::GithubToken);
}

/// Checks what [`in_text`] promises of its ranges.
fn check(text: &str) {
    let mut end = 0;
    for found in in_text(text) {
        assert!(found.range.start >= end && found.range.start < found.range.end, "{text:?}");
        assert!(text.get(found.range.clone()).is_some(), "{text:?}");
        end = found.range.end;
    }
}

/// Texts made of what the readers look for.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "password",
        "TOKEN",
        "api_key",
        "=",
        ":",
        "://",
        "@",
        "'",
        "\"",
        "\\",
        "\\\"",
        "$",
        "${",
        "}",
        "`",
        "$(",
        ")",
        " ",
        "\n",
        "ghp_",
        "eyJ",
        ".",
        "-----BEGIN ",
        "PRIVATE KEY",
        "-----",
        "-----END ",
        "é",
        "😀",
        "Authorization",
        "Basic ",
        "mysql ",
        "-p",
        "echo ",
        "| chpasswd",
        "machine ",
        "login ",
        "password ",
        "sig=",
        "sv=20",
        "&",
        ";",
        "@tcp(",
        "htpasswd -b ",
        "LS0tLS1CRUdJTi",
        RANDOM,
        "hunter2",
        "AKIA",
        "hooks.slack.com/services/",
        "<",
        ">",
        "%",
        "{{",
        "[",
        "]",
        ",",
        "curl -u ",
        "$2y$",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>()) {
        check(&text);
        judge(&text, Some(&text));
        judge("PASSWORD", Some(&text));
    }

    #[test]
    fn any_pieces(text in pieces(), name in pieces()) {
        check(&text);
        judge(&name, Some(&text));
        judge("API_TOKEN", Some(&text));
        judge("AUTH", Some(&text));
    }
}

/// Each piece once made some reader look at the rest of the text again and again: these sixty-four kilobytes then take
/// minutes, and a second otherwise.
#[test]
fn hostile_texts_are_linear() {
    for piece in [
        "=",
        ":",
        "password=",
        "PASSWORD=a ",
        "a://",
        "a://b:c",
        "@tcp(",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN ",
        "eyJ",
        "eyJ.",
        "${",
        "$(",
        "`",
        "$",
        "$2y$",
        "sig=",
        "sv=20",
        "hooks.slack.com/services/",
        "LS0tLS1CRUdJTi",
        "ghp_",
        "AKIA",
        "a-",
        "\\\"",
        "'",
        "password 'a",
        "mysql -p",
        "echo a:b | chpasswd ",
        "\"a\":",
        "auth: \"",
        "Authorization: Basic ",
        "machine login password ",
        "é",
        RANDOM,
        "a@",
        "key=\"",
        "pass:",
        "--password ",
        "htpasswd -b a ",
        "1:AA",
        "Q~",
        ".atlasv1.",
        "-",
        "_",
        "a b=",
    ] {
        let text = piece.repeat((1 << 16) / piece.len());
        check(&text);
        judge("PASSWORD", Some(&text));
        judge(&text, Some("x"));
    }
}
