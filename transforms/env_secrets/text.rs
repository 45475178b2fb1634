//! Secrets written out in commands, labels, URLs and heredocs. They are pointed out; what to write instead is not for a
//! program to guess.

use std::collections::BTreeSet;

use harden_core::secrets::{self, Confidence, Kind, Secret};
use harden_core::syntax::{Instruction, Keyword, Span};
use harden_core::{Context, Finding, Verdict, Why};

use super::report::described;

/// Longest text of an instruction that is looked at, in bytes. Whole programs stand in heredocs; secrets in larger
/// texts are those of generated files.
const MAX_TEXT: usize = 1 << 20;

/// One finding for each instruction and kind of secret.
pub(super) fn find(ctx: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for instruction in ctx.file().instructions() {
        let inner = instruction.trigger().unwrap_or(instruction);
        let mut seen = BTreeSet::new();
        for (secret, span) in of(inner) {
            if secret.confidence == Confidence::Low || !seen.insert(secret.kind) {
                continue;
            }
            findings.push(finding(instruction, &secret, span));
        }
    }
    findings
}

/// The secrets in an instruction, ENV and ARG left out, with their places.
fn of(instruction: Instruction<'_>) -> Vec<(Secret, Span)> {
    let mut found = Vec::new();
    match instruction.keyword() {
        Keyword::From | Keyword::Env | Keyword::Arg | Keyword::Onbuild => return found,
        Keyword::Label => {
            for pair in instruction.pairs() {
                let value = pair.value.filter(|value| value.text().len() <= MAX_TEXT);
                if let Some(value) = value
                    && let secrets::Verdict::Secret(secret) =
                        secrets::judge(pair.key.text(), Some(value.text()))
                {
                    found.push((secret, value.span()));
                }
            }
            return found;
        }
        _ if instruction.is_exec_form() => found.extend(in_words(instruction)),
        _ => {
            let arguments = instruction.arguments();
            if arguments.text().len() <= MAX_TEXT {
                let place = |one: secrets::Found| {
                    let range = arguments.part(one.range.start as u32, one.range.end as u32);
                    (one.secret(), range.span())
                };
                found.extend(secrets::in_text(arguments.text()).into_iter().map(place));
            }
        }
    }
    for heredoc in instruction.heredocs() {
        let body = heredoc.body();
        let text = instruction.file().slice(body);
        if text.len() <= MAX_TEXT {
            let place = |one: secrets::Found| {
                let start = body.start + one.range.start as u32;
                (one.secret(), Span::new(start, body.start + one.range.end as u32))
            };
            found.extend(secrets::in_text(text).into_iter().map(place));
        }
    }
    found
}

/// Those in the words of an exec form, read as one command line.
fn in_words(instruction: Instruction<'_>) -> Vec<(Secret, Span)> {
    let words = instruction.values();
    let mut line = String::new();
    let mut ends = Vec::new();
    for word in &words {
        if line.len() + word.text.len() > MAX_TEXT {
            break;
        }
        line.push_str(&word.text);
        ends.push(line.len());
        line.push(' ');
    }
    let place = |one: secrets::Found| {
        let index = ends.partition_point(|end| *end <= one.range.start);
        words.get(index).map(|word| (one.secret(), word.token.span()))
    };
    secrets::in_text(&line).into_iter().filter_map(place).collect()
}

fn finding(instruction: Instruction<'_>, secret: &Secret, span: Span) -> Finding {
    let keyword = instruction.trigger().unwrap_or(instruction).keyword();
    let onbuild = if instruction.trigger().is_some() { "ONBUILD " } else { "" };
    let message = format!("{onbuild}{} holds {}", keyword.as_str(), described(secret));
    let (code, instead) = match keyword {
        Keyword::Run => ("in-command", "give it to this RUN with `--mount=type=secret` and read it there"),
        Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => (
            "at-run-time",
            "let the program read it from a variable or a file that is given when the container runs",
        ),
        Keyword::Label => ("in-label", "take it out: everybody who can pull the image reads its labels"),
        Keyword::Copy | Keyword::Add if secret.kind == Kind::UrlPassword || secret.kind == Kind::UrlToken => {
            ("in-url", "download it in a RUN with `--mount=type=secret`")
        }
        _ => ("in-instruction", "take it out of the file"),
    };
    let why = format!("{}; {instead}. Replace it, because git and image history keep it", secret.why);
    Finding::new("secret-in-text", span, message, Verdict::Refused(Why::new(code, why)))
}
