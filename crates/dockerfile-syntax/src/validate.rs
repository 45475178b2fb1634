//! What BuildKit checks of an instruction after parsing it (`frontend/dockerfile/instructions`).

use std::borrow::Cow;

use crate::flags::FlagData;
use crate::logical::LRange;
use crate::node::Node;
use crate::{Keyword, SyntaxErrorKind, duration, heredoc};

type Errors = Vec<(LRange, SyntaxErrorKind)>;

/// How a flag is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    String,
    /// May be given several times.
    Strings,
}

const ADD: &[(&str, Kind)] = &[
    ("chown", Kind::String),
    ("chmod", Kind::String),
    ("link", Kind::Bool),
    ("keep-git-dir", Kind::Bool),
    ("checksum", Kind::String),
    ("unpack", Kind::Bool),
    ("exclude", Kind::Strings),
];
const COPY: &[(&str, Kind)] = &[
    ("chown", Kind::String),
    ("chmod", Kind::String),
    ("from", Kind::String),
    ("link", Kind::Bool),
    ("parents", Kind::Bool),
    ("exclude", Kind::Strings),
];
const FROM: &[(&str, Kind)] = &[("platform", Kind::String)];
const RUN: &[(&str, Kind)] = &[
    ("mount", Kind::Strings),
    ("network", Kind::String),
    ("security", Kind::String),
    ("device", Kind::Strings),
];
const HEALTHCHECK: &[(&str, Kind)] = &[
    ("interval", Kind::String),
    ("timeout", Kind::String),
    ("start-period", Kind::String),
    ("start-interval", Kind::String),
    ("retries", Kind::String),
];

/// Checks one instruction. The instruction inside ONBUILD is not checked: BuildKit stores it as text.
pub(crate) fn instruction(node: &Node, text: &str, errors: &mut Errors) {
    if !errors.is_empty() {
        return;
    }
    let keyword = node.keyword;
    let slice = |range: &LRange| &text[range.start as usize..range.end as usize];
    let mut fail = |kind| errors.push((whole(node), kind));
    match keyword {
        Keyword::Unknown => {
            let found = slice(&node.keyword_range).to_owned();
            let suggestion = Keyword::suggest(&found);
            errors.push((
                node.keyword_range.clone(),
                SyntaxErrorKind::UnknownInstruction { found, suggestion },
            ));
        }
        Keyword::From => {
            match node.words.as_slice() {
                [_] => {}
                [_, word, name] if slice(word).eq_ignore_ascii_case("as") => {
                    if !is_stage_name(slice(name)) {
                        let kind = SyntaxErrorKind::InvalidStageName(slice(name).to_owned());
                        errors.push((name.clone(), kind));
                    }
                }
                _ => fail(SyntaxErrorKind::FromArguments),
            }
            flags(node, text, FROM, errors);
        }
        Keyword::Add | Keyword::Copy => {
            match node.words.as_slice() {
                [_, .., destination] if is_heredoc(node, slice(destination)) => {
                    fail(SyntaxErrorKind::HeredocDestination(keyword));
                }
                [_, _, ..] => {}
                _ => fail(SyntaxErrorKind::NeedsDestination(keyword)),
            }
            flags(node, text, if keyword == Keyword::Add { ADD } else { COPY }, errors);
        }
        Keyword::Env | Keyword::Label => {
            if node.words.is_empty() {
                fail(SyntaxErrorKind::NeedsAnArgument(keyword));
            } else if !node.legacy && node.words.iter().any(|word| slice(word).starts_with('=')) {
                fail(SyntaxErrorKind::BlankName(keyword));
            }
            flags(node, text, &[], errors);
        }
        Keyword::Arg => {
            if node.words.is_empty() {
                fail(SyntaxErrorKind::NeedsAnArgument(keyword));
            } else if node.words.iter().any(|word| slice(word).starts_with('=')) {
                fail(SyntaxErrorKind::BlankName(keyword));
            }
        }
        Keyword::Maintainer | Keyword::Workdir | Keyword::User | Keyword::Stopsignal => {
            if node.words.len() != 1 {
                fail(SyntaxErrorKind::NeedsOneArgument(keyword));
            }
            if keyword != Keyword::Stopsignal {
                flags(node, text, &[], errors);
            }
        }
        Keyword::Expose | Keyword::Volume => {
            if node.words.is_empty() {
                fail(SyntaxErrorKind::NeedsAnArgument(keyword));
            } else if keyword == Keyword::Volume && node.exec {
                let blank = |word: &LRange| crate::json::decode(slice(word)).trim().is_empty();
                if node.words.iter().any(blank) {
                    fail(SyntaxErrorKind::BlankVolume);
                }
            }
            flags(node, text, &[], errors);
        }
        Keyword::Cmd | Keyword::Entrypoint => flags(node, text, &[], errors),
        Keyword::Run => {
            flags(node, text, RUN, errors);
            run_flags(node, text, errors);
        }
        Keyword::Shell => {
            if node.words.is_empty() {
                fail(SyntaxErrorKind::NeedsAnArgument(keyword));
            } else if !node.exec {
                fail(SyntaxErrorKind::ShellNotExecForm);
            }
            flags(node, text, &[], errors);
        }
        Keyword::Healthcheck => healthcheck(node, text, errors),
        Keyword::Onbuild => {
            match node.trigger.as_deref().map(|trigger| trigger.keyword) {
                None => fail(SyntaxErrorKind::NeedsAnArgument(keyword)),
                Some(trigger @ (Keyword::Onbuild | Keyword::Maintainer | Keyword::From)) => {
                    fail(SyntaxErrorKind::OnbuildNotAllowed(trigger));
                }
                Some(_) => {}
            }
            flags(node, text, &[], errors);
        }
    }
}

fn whole(node: &Node) -> LRange {
    node.keyword_range.start..node.args.end.max(node.keyword_range.end)
}

/// `^[a-z][a-z0-9-_.]*$` after lower-casing, as BuildKit has it.
fn is_stage_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    let mut bytes = lower.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_lowercase())
        && bytes.all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
        })
}

fn is_heredoc(node: &Node, word: &str) -> bool {
    let decoded = if node.exec { Cow::Owned(crate::json::decode(word)) } else { Cow::Borrowed(word) };
    heredoc::is_opener(&decoded)
}

/// The flag without quotes and escapes, split at its `=`.
pub(crate) fn cooked<'t>(flag: &'t FlagData, text: &'t str) -> (&'t str, Option<&'t str>) {
    let word = flag.cooked.as_deref().unwrap_or(&text[flag.range.start as usize..flag.range.end as usize]);
    let word = word.get(2..).unwrap_or_default();
    word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)))
}

fn flags(node: &Node, text: &str, known: &[(&str, Kind)], errors: &mut Errors) {
    // A bit for each flag of `known` that was met: a line may hold a million flags.
    let mut met = 0_u8;
    for flag in &node.flags {
        let (name, value) = cooked(flag, text);
        let owned = || name.to_owned();
        let Some(index) = known.iter().position(|(known, _)| *known == name) else {
            let kind = SyntaxErrorKind::UnknownFlag { keyword: node.keyword, flag: owned() };
            errors.push((flag.range.clone(), kind));
            continue;
        };
        let given_before = met & (1 << index) != 0;
        met |= 1 << index;
        let problem = match (known[index].1, value) {
            (Kind::Bool | Kind::String, _) if given_before => Some(SyntaxErrorKind::DuplicateFlag(owned())),
            (Kind::Bool, Some("")) | (Kind::String | Kind::Strings, None) => {
                Some(SyntaxErrorKind::FlagNeedsValue(owned()))
            }
            (Kind::Bool, Some(value))
                if !["true", "false"].contains(&value.to_ascii_lowercase().as_str()) =>
            {
                Some(SyntaxErrorKind::FlagNotBoolean { flag: owned(), value: value.to_owned() })
            }
            _ => None,
        };
        errors.extend(problem.map(|kind| (flag.range.clone(), kind)));
    }
}

fn run_flags(node: &Node, text: &str, errors: &mut Errors) {
    for flag in &node.flags {
        let (name, Some(value)) = cooked(flag, text) else { continue };
        let problem = match name {
            "mount" => mount(value),
            "network" if !["default", "none", "host"].contains(&value) => {
                Some(SyntaxErrorKind::RunNetwork(value.to_owned()))
            }
            "security" if !["sandbox", "insecure"].contains(&value) => {
                Some(SyntaxErrorKind::RunSecurity(value.to_owned()))
            }
            "device" if !is_device(value) => Some(SyntaxErrorKind::RunDevice(value.to_owned())),
            _ => None,
        };
        errors.extend(problem.map(|kind| (flag.range.clone(), kind)));
    }
}

/// Everything but `from` may hold variables, so BuildKit looks at the rest only when it builds.
fn mount(value: &str) -> Option<SyntaxErrorKind> {
    let Some(fields) = csv(value) else { return Some(SyntaxErrorKind::MountSyntax(value.to_owned())) };
    fields.iter().find_map(|field| {
        let (key, value) = field.split_once('=')?;
        let variable = value.find('$').is_some_and(|at| at + 1 < value.len());
        (key.eq_ignore_ascii_case("from") && variable)
            .then(|| SyntaxErrorKind::MountVariable(value.to_owned()))
    })
}

/// One CSV record (RFC 4180) without line breaks; `None` when a quote is misplaced.
pub(crate) fn csv(record: &str) -> Option<Vec<Cow<'_, str>>> {
    if !record.contains('"') {
        return Some(record.split(',').map(Cow::Borrowed).collect());
    }
    let mut fields = Vec::new();
    let mut rest = record;
    loop {
        let Some(quoted) = rest.strip_prefix('"') else {
            let end = rest.find(',').unwrap_or(rest.len());
            let field = &rest[..end];
            if field.contains('"') {
                return None;
            }
            fields.push(Cow::Borrowed(field));
            match rest.get(end + 1..) {
                Some(next) if end < rest.len() => rest = next,
                _ => return Some(fields),
            }
            continue;
        };
        let mut field = String::new();
        let mut tail = quoted;
        loop {
            let at = tail.find('"')?;
            field.push_str(&tail[..at]);
            tail = &tail[at + 1..];
            match tail.strip_prefix('"') {
                Some(after) => {
                    field.push('"');
                    tail = after;
                }
                None => break,
            }
        }
        fields.push(Cow::Owned(field));
        if tail.is_empty() {
            return Some(fields);
        }
        rest = tail.strip_prefix(',')?;
    }
}

fn is_device(value: &str) -> bool {
    let Some(fields) = csv(value) else { return false };
    let mut named = false;
    for field in fields {
        match field.split_once('=').map(|(key, value)| (key.to_ascii_lowercase(), value)) {
            None if field.eq_ignore_ascii_case("required") => {}
            Some((key, value)) if key == "required" => {
                if !["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"]
                    .contains(&value)
                {
                    return false;
                }
            }
            _ if named => return false,
            _ => named = true,
        }
    }
    true
}

fn healthcheck(node: &Node, text: &str, errors: &mut Errors) {
    let slice = |range: &LRange| &text[range.start as usize..range.end as usize];
    let Some((kind, command)) = node.words.split_first() else {
        errors.push((whole(node), SyntaxErrorKind::NeedsAnArgument(node.keyword)));
        return;
    };
    if slice(kind).eq_ignore_ascii_case("none") {
        if !command.is_empty() {
            errors.push((whole(node), SyntaxErrorKind::HealthcheckNoneArguments));
        }
        return;
    }
    flags(node, text, HEALTHCHECK, errors);
    if !slice(kind).eq_ignore_ascii_case("cmd") {
        errors.push((kind.clone(), SyntaxErrorKind::HealthcheckType(slice(kind).to_owned())));
    } else if command.is_empty() {
        errors.push((whole(node), SyntaxErrorKind::HealthcheckNoCommand));
    }
    for flag in &node.flags {
        let (name, Some(value)) = cooked(flag, text) else { continue };
        let valid = match name {
            "retries" => value.is_empty() || value.parse::<i32>().is_ok_and(|retries| retries >= 0),
            _ => {
                value.is_empty() || duration::nanoseconds(value).is_some_and(|ns| ns == 0 || ns >= 1_000_000)
            }
        };
        if !valid {
            let kind = SyntaxErrorKind::HealthcheckFlag { flag: name.to_owned(), value: value.to_owned() };
            errors.push((flag.range.clone(), kind));
        }
    }
}
