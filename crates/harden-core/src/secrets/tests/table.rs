//! Names and values with the expected verdict.
//!
//! In a value `{a36}` stands for 36 random-looking letters and digits, `{x40}` for hexadecimal digits, `{u16}` for
//! upper-case letters and digits, `{b40}` for base64, `{sum}` for 36 characters with a valid checksum, `{n36}` for what
//! counts up, `{uuid}` for a UUID. So no scanner of
//! secrets finds one in this file.

use std::fmt::Write as _;

use super::RANDOM;
use crate::secrets::encoding::with_checksum;
use crate::secrets::{Verdict, judge};

/// `(names or name, value, expected)`. Without `=`, an `ARG` without a default.
const TABLE: &str = include_str!("table.txt");

const ALNUM: &str = "Qz7Xk2Mv9Bn4Wp8RtYc3Lh6Jd1Sg5Fa0Ue";

/// Replaces `{a36}` and the like.
pub(super) fn expand(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let field = after.split_once('}').filter(|(field, _)| {
            *field == "sum" || *field == "uuid" || field.len() >= 2 && field[1..].parse::<usize>().is_ok()
        });
        let Some((field, tail)) = field else {
            out.push('{');
            rest = after;
            continue;
        };
        let letters = match &field[..1] {
            "x" => "7c1e9a04f2b86d53",
            "u" => "Q7X2M9K4W8R1T5Y3",
            "b" => "Qz7+Xk2/Mv9Bn4Wp8RtYc3Lh6Jd1Sg5Fa0Ue",
            "l" => RANDOM,
            "n" => "1234567890abcdefghijklmnopqrstuvwxyz",
            _ => ALNUM,
        };
        if field == "sum" {
            out.push_str(&with_checksum(&ALNUM[..30]));
        } else if field == "uuid" {
            out.push_str(concat!("7c1e9a04-f2b8-4d53", "-9e1c-86d53f2b8a04"));
        } else {
            out.extend(letters.chars().cycle().take(field[1..].parse().unwrap()));
        }
        rest = tail;
    }
    out + rest
}

fn shown(verdict: Verdict) -> String {
    match verdict {
        Verdict::Secret(secret) => format!("{} {}", secret.confidence, secret.kind),
        Verdict::Not(reason) => format!("no {reason}"),
        Verdict::Unrelated => "-".to_owned(),
    }
}

#[test]
fn every_pair_gets_its_verdict() {
    let (mut count, mut wrong) = (0, String::new());
    let mut expected = "";
    for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        if let Some(heading) = line.strip_prefix("== ") {
            expected = heading;
            continue;
        }
        let (name, value) =
            line.split_once('=').map_or((line, None), |(name, value)| (name, Some(expand(value))));
        let verdict = judge(name, value.as_deref());
        count += 1;
        if shown(verdict) != expected {
            let _ = writeln!(wrong, "{line}: {} instead of {expected}", shown(verdict));
        }
        if let (Verdict::Secret(secret), Some(value)) = (verdict, &value) {
            // The sentences hold words such as `password`, which are values too.
            let telling = value.bytes().any(|byte| byte.is_ascii_digit());
            assert!(!telling || !secret.why.contains(value.as_str()), "{line}");
            assert!(!secret.why.is_empty() && !secret.why.ends_with('.'), "{line}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 250, "{count} pairs");
}
