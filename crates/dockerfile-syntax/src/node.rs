//! One instruction: keyword, flags, arguments and form, as ranges in its joined text.

use crate::flags::{self, FlagData};
use crate::json::{self, Array};
use crate::logical::LRange;
use crate::words;
use crate::{Keyword, SyntaxErrorKind};

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) keyword: Keyword,
    pub(crate) keyword_range: LRange,
    pub(crate) flags: Vec<FlagData>,
    /// Everything after the flags, without blanks at its ends.
    pub(crate) args: LRange,
    /// The arguments as BuildKit splits them: string literals with their quotes in exec form.
    pub(crate) words: Vec<LRange>,
    /// The arguments (after CMD, for HEALTHCHECK) are a JSON array.
    pub(crate) exec: bool,
    /// ENV and LABEL: the old form without `=`; `words` is the name and the value.
    pub(crate) legacy: bool,
    /// ONBUILD: the instruction it holds.
    pub(crate) trigger: Option<Box<Node>>,
}

impl Node {
    /// Whether heredocs are looked for in this instruction.
    pub(crate) fn takes_heredocs(&self) -> bool {
        let node = self.trigger.as_deref().unwrap_or(self);
        matches!(node.keyword, Keyword::Run | Keyword::Copy | Keyword::Add) && !node.exec
    }
}

/// Reads the instruction in `text[range]`. Errors of BuildKit's parser layer go to `errors`.
pub(crate) fn read(
    text: &str,
    range: LRange,
    escape: char,
    errors: &mut Vec<(LRange, SyntaxErrorKind)>,
) -> Node {
    read_at(text, range, escape, 0, errors)
}

fn read_at(
    text: &str,
    range: LRange,
    escape: char,
    depth: u32,
    errors: &mut Vec<(LRange, SyntaxErrorKind)>,
) -> Node {
    let range = words::trim(text, range);
    let bytes = text.as_bytes();
    let mut at = range.start;
    while at < range.end && !words::is_separator(bytes[at as usize]) {
        at += 1;
    }
    let keyword_range = range.start..at;
    let keyword = Keyword::parse(&text[keyword_range.start as usize..at as usize]);
    while at < range.end && words::is_separator(bytes[at as usize]) {
        at += 1;
    }
    let (flags, rest) = flags::leading(&text[..range.end as usize], at);
    let args = words::trim(text, rest..range.end);
    let mut node = Node {
        keyword,
        keyword_range,
        flags,
        args,
        words: Vec::new(),
        exec: false,
        legacy: false,
        trigger: None,
    };
    arguments(&mut node, text, escape, depth, errors);
    node
}

fn arguments(
    node: &mut Node,
    text: &str,
    escape: char,
    depth: u32,
    errors: &mut Vec<(LRange, SyntaxErrorKind)>,
) {
    let args = node.args.clone();
    let keyword = node.keyword;
    match keyword {
        Keyword::Add | Keyword::Copy | Keyword::Volume => {
            if !exec_form(node, text, &args, errors) {
                node.words = words::split_separators(text, &args);
            }
        }
        Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Shell => {
            if !exec_form(node, text, &args, errors) {
                node.words.extend((!args.is_empty()).then_some(args));
            }
        }
        Keyword::Expose | Keyword::From => node.words = words::split_separators(text, &args),
        Keyword::Arg => node.words = words::split_quoted(text, &args, escape),
        Keyword::Env | Keyword::Label => pairs(node, text, escape, errors),
        Keyword::Healthcheck => {
            let slice = &text[args.start as usize..args.end as usize];
            // BuildKit looks at bytes here: only ASCII blanks end the type.
            let blank = |ch: char| ch == '\u{b}' || ch.is_ascii_whitespace();
            let kind = slice.find(blank).map_or(args.end, |len| args.start + len as u32);
            let command = words::trim(text, kind..args.end);
            if !args.is_empty() {
                exec_form(node, text, &command, errors);
                if !node.exec && !command.is_empty() {
                    node.words.push(command);
                }
                node.words.insert(0, args.start..kind);
            }
        }
        Keyword::Maintainer | Keyword::Stopsignal | Keyword::User | Keyword::Workdir => {
            node.words.extend((!args.is_empty()).then_some(args));
        }
        Keyword::Onbuild if args.is_empty() => {}
        Keyword::Onbuild if depth > 0 => errors.push((args, SyntaxErrorKind::OnbuildTooDeep)),
        Keyword::Onbuild => {
            node.trigger = Some(Box::new(read_at(text, args, escape, depth + 1, errors)));
        }
        Keyword::Unknown => {}
    }
}

/// Takes the exec form when `args` is a JSON array; says whether the argument is settled.
fn exec_form(
    node: &mut Node,
    text: &str,
    args: &LRange,
    errors: &mut Vec<(LRange, SyntaxErrorKind)>,
) -> bool {
    if !text[args.start as usize..args.end as usize].starts_with('[') {
        return false;
    }
    match json::array(text, args) {
        Array::Strings(items) => {
            node.words = items;
            node.exec = true;
            true
        }
        Array::Mixed => {
            errors.push((args.clone(), SyntaxErrorKind::NotAllStrings));
            true
        }
        Array::Not => false,
    }
}

fn pairs(node: &mut Node, text: &str, escape: char, errors: &mut Vec<(LRange, SyntaxErrorKind)>) {
    let keyword = node.keyword;
    let split = words::split_quoted(text, &node.args, escape);
    let has_equals = |word: &LRange| text[word.start as usize..word.end as usize].contains('=');
    let Some(first) = split.first() else { return };
    if has_equals(first) {
        for word in split.iter().filter(|word| !has_equals(word)) {
            let found = text[word.start as usize..word.end as usize].to_owned();
            errors.push((word.clone(), SyntaxErrorKind::MissingEquals { keyword, word: found }));
        }
        node.words = split;
        return;
    }
    let bytes = text.as_bytes();
    let args = node.args.clone();
    let mut at = args.start;
    while at < args.end && !words::is_separator(bytes[at as usize]) {
        at += 1;
    }
    if at == args.end {
        errors.push((args, SyntaxErrorKind::EnvWithoutValue(keyword)));
        return;
    }
    let name = args.start..at;
    while at < args.end && words::is_separator(bytes[at as usize]) {
        at += 1;
    }
    node.legacy = true;
    node.words = vec![name, at..args.end];
}
