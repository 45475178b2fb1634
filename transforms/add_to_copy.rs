//! `ADD` becomes `COPY` where both do the same. See `add-to-copy.md`.

use harden_core::syntax::{Flag, Instruction, Keyword, Span};
use harden_core::{
    ContextSource, Context, Edit, EntryKind, Finding, FindingMeta, Fix, Level, Meta, Missing, Scopes, State,
    Transform, Verdict, Why, rule,
};

use crate::never_archive;

/// The transform.
pub struct AddToCopy;

static META: Meta = Meta {
    name: "add-to-copy",
    summary: "replace ADD with COPY where nothing is downloaded or extracted",
    worst: Level::Suggest,
    doc: include_str!("add-to-copy.md"),
    findings: &[
        FindingMeta {
            id: "add-local",
            summary: "ADD copies local files",
            foreign: &[
                rule("hadolint", "DL3020"),
                rule("trivy", "DS-0005"),
                rule("checkov", "CKV_DOCKER_4"),
                rule("kics", "9513a694"),
                rule("sonar", "S7029"),
                rule("cis", "4.9"),
            ],
        },
        FindingMeta {
            id: "add-remote",
            summary: "ADD downloads a URL",
            foreign: &[rule("checkov", "CKV_DOCKER_4"), rule("kics", "4b410d24")],
        },
        FindingMeta { id: "add-git", summary: "ADD clones a git repository", foreign: &[rule("checkov", "CKV_DOCKER_4")] },
        FindingMeta {
            id: "add-archive",
            summary: "ADD extracts an archive",
            foreign: &[rule("checkov", "CKV_DOCKER_4")],
        },
    ],
};

impl Transform for AddToCopy {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn propose(&self, ctx: &Context<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let has_add = |one: &Instruction<'_>| {
            one.trigger().unwrap_or(*one).keyword() == Keyword::Add
        };
        if !ctx.file().instructions().any(|one| has_add(&one)) {
            return findings;
        }
        let scopes = Scopes::new(ctx.build, ctx.setup);
        for stage in 0..ctx.build.stages.len() {
            scopes.walk(stage, |scopes, instruction, state| {
                let add = instruction.trigger().unwrap_or(instruction);
                if add.keyword() == Keyword::Add {
                    let inside = add.keyword() != instruction.keyword();
                    findings.push(examine(&Add { ctx, scopes, state, add, onbuild: inside }));
                }
            });
        }
        findings
    }
}

struct Add<'c, 'a> {
    ctx: &'c Context<'a>,
    scopes: &'c Scopes<'c, 'a>,
    state: &'c State,
    add: Instruction<'a>,
    /// Inside ONBUILD: the sources are those of a build nobody can see from here.
    onbuild: bool,
}

/// What is known about the sources of one ADD, worst first.
struct Judgement {
    level: Level,
    reason: Why,
}

/// Why an ADD is not converted.
struct Stop {
    id: &'static str,
    verdict: Verdict,
}

impl Stop {
    fn refuse(id: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { id, verdict: Verdict::Refused(Why::new(code, message)) }
    }

    fn keep(id: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { id, verdict: Verdict::Kept(Why::new(code, message)) }
    }
}

fn examine(add: &Add<'_, '_>) -> Finding {
    let keyword = add.add.keyword_token();
    let span = keyword.span();
    let verdict = judge(add).map(|judgement| fix(add, judgement));
    match verdict {
        Ok(Some(fix)) => Finding {
            id: "add-local",
            span,
            message: "ADD only copies here; COPY says so".to_owned(),
            verdict: Verdict::Fix(fix),
        },
        Ok(None) => Finding {
            id: "add-local",
            span,
            message: "ADD only copies here".to_owned(),
            verdict: Verdict::Refused(Why::new("split-token", "the keyword or a flag is split over lines")),
        },
        Err(stop) => {
            let message = match stop.id {
                "add-remote" => "ADD downloads a URL",
                "add-git" => "ADD clones a git repository",
                "add-archive" => "ADD extracts an archive",
                _ => "ADD may do more than copy",
            };
            Finding { id: stop.id, span, message: message.to_owned(), verdict: stop.verdict }
        }
    }
}

fn judge(add: &Add<'_, '_>) -> Result<Judgement, Stop> {
    for flag in add.add.flags() {
        match (flag.name(), flag.value()) {
            ("checksum", _) => {
                return Err(Stop::keep("add-remote", "checksum", "--checksum verifies a download, which COPY cannot do"));
            }
            ("keep-git-dir", _) => {
                return Err(Stop::keep("add-git", "keep-git-dir", "--keep-git-dir belongs to a git source"));
            }
            ("unpack", value) if !is_false(value) => {
                return Err(Stop::keep("add-archive", "unpack", "--unpack asks for extraction, which COPY does not do"));
            }
            _ => {}
        }
    }
    let Some(arguments) = add.add.copy() else {
        return Err(Stop::refuse("add-local", "no-sources", "the sources cannot be read"));
    };
    let unpacks = add.add.flag("unpack").is_none();
    let mut worst = Judgement { level: Level::Safe, reason: Why::new("only-copies", "every source is a directory or a plain file") };
    for source in &arguments.sources {
        let judgement = if source.is_heredoc() {
            Judgement { level: Level::Safe, reason: Why::new("heredoc", "the source is a heredoc") }
        } else {
            self::source(add, &source.text, unpacks)?
        };
        if judgement.level > worst.level {
            worst = judgement;
        }
    }
    if add.onbuild && worst.level == Level::Safe {
        worst = Judgement {
            level: Level::Review,
            reason: Why::new("onbuild", "the trigger stored in the image changes from ADD to COPY; both copy the same"),
        };
    }
    Ok(worst)
}

fn is_false(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case("false"))
}

/// Judges one source.
fn source(add: &Add<'_, '_>, written: &str, unpacks: bool) -> Result<Judgement, Stop> {
    let expanded = add.scopes.expand_text(add.state, written).map_err(|why| {
        let message = format!("the source `{written}` is not fixed by the file: {}", why.message);
        Stop::refuse("add-local", "variable-source", message)
    })?;
    let text = expanded.text.as_str();
    if let Some((id, what)) = remote(text) {
        return Err(Stop::refuse(id, "remote-source", format!("`{written}` is {what}, which COPY cannot fetch")));
    }
    let mut judgement = if is_context_root(text) {
        Judgement { level: Level::Safe, reason: Why::new("directory", "the source is the whole build context") }
    } else if add.onbuild {
        local(written, text, unpacks, Err(Why::new("onbuild", "the build context is that of the image built on this one")))?
    } else {
        local(written, text, unpacks, look(add, text))?
    };
    if let Some(argument) = expanded.arguments.first() {
        let message = format!("`{written}` depends on the build argument {argument}: another value may name a URL or an archive");
        judgement = Judgement { level: Level::Suggest, reason: Why::new("variable-source", message) };
    }
    Ok(judgement)
}

/// Whether `source` is read from outside the build context, and how.
///
/// BuildKit takes `http(s)` URLs as downloads and what its `gitutil` recognises as git: an scp-like `git@host:path`,
/// `git://`, `ssh://`, URLs that end in `.git`, and anything below `github.com/`.
fn remote(source: &str) -> Option<(&'static str, &'static str)> {
    let lower = source.to_ascii_lowercase();
    let scp = source.starts_with("git@") && source.contains(':');
    if scp || source.starts_with("github.com/") {
        return Some(("add-git", "a git repository"));
    }
    let (scheme, rest) = lower.split_once("://")?;
    if scheme.is_empty() || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')) {
        return None;
    }
    let path = rest.split(['#', '?']).next().unwrap_or_default();
    match scheme {
        "git" | "ssh" | "git+ssh" => Some(("add-git", "a git repository")),
        "http" | "https" if path.ends_with(".git") => Some(("add-git", "a git repository")),
        _ => Some(("add-remote", "a URL")),
    }
}

fn is_context_root(source: &str) -> bool {
    !source.is_empty() && source.split('/').all(|part| part.is_empty() || part == ".")
}

fn look(add: &Add<'_, '_>, source: &str) -> Result<ContextSource, Why> {
    // Where the escape character is a backtick, backslashes separate paths.
    let slashed = if add.ctx.file().escape() == '`' { source.replace('\\', "/") } else { source.to_owned() };
    add.ctx.context_source(&slashed).map_err(Missing::why)
}

/// Judges a source in the build context from what was found there.
fn local(
    written: &str,
    source: &str,
    unpacks: bool,
    found: Result<ContextSource, Why>,
) -> Result<Judgement, Stop> {
    if !unpacks {
        let reason = Why::new("unpack-false", "--unpack=false forbids extraction");
        return Ok(Judgement { level: Level::Safe, reason });
    }
    let found = match found {
        Ok(found) => found,
        Err(why) => return by_name(written, source, why),
    };
    if found.entries.is_empty() {
        let why = if found.ignored {
            return Err(Stop::refuse(
                "add-local",
                "ignored",
                format!("`{written}` is excluded by .dockerignore, so this ADD cannot build"),
            ));
        } else {
            Why::new("not-in-context", format!("`{written}` is not in the build context now"))
        };
        return by_name(written, source, why);
    }
    for entry in &found.entries {
        match &entry.kind {
            EntryKind::Directory | EntryKind::PlainFile => {}
            EntryKind::Archive { compression } => {
                let how = if *compression == "tar" { String::new() } else { format!(" ({compression})") };
                let message = format!("`{}` is a tar archive{how}: ADD extracts it and COPY would not", entry.path);
                return Err(Stop::keep("add-archive", "archive", message));
            }
            EntryKind::Unclassified(why) => {
                let message = format!("whether `{}` is an archive cannot be told: {}", entry.path, why.message);
                return Err(Stop::refuse("add-local", "unclassified", message));
            }
            EntryKind::Special => {
                let message = format!("`{}` is neither a file nor a directory", entry.path);
                return Err(Stop::refuse("add-local", "special-file", message));
            }
        }
    }
    let kind = if found.entries.iter().all(|entry| entry.kind == EntryKind::Directory) {
        Why::new("directory", "the source is a directory")
    } else {
        Why::new("plain-file", "the content of the source is no archive")
    };
    Ok(Judgement { level: Level::Safe, reason: kind })
}

/// Without the content only the name is left.
fn by_name(written: &str, source: &str, why: Why) -> Result<Judgement, Stop> {
    match never_archive::look(source) {
        never_archive::Name::Never => Ok(Judgement {
            level: Level::Review,
            reason: Why::new("name", format!("files named like `{written}` are never tar archives ({})", why.message)),
        }),
        never_archive::Name::Archive => Err(Stop::refuse(
            "add-archive",
            "archive-name",
            format!("`{written}` is named like an archive that ADD extracts, and {}", why.message),
        )),
        never_archive::Name::Open => Ok(Judgement {
            level: Level::Suggest,
            reason: Why::new(why.code, format!("whether `{written}` is an archive is not known: {}", why.message)),
        }),
    }
}

/// The edits; `None` when the keyword or a flag to remove is split over lines.
fn fix(add: &Add<'_, '_>, judgement: Judgement) -> Option<Fix> {
    let keyword = add.add.keyword_token();
    if keyword.is_split() {
        return None;
    }
    let mut edits = vec![Edit::replace(keyword.span(), copy_like(keyword.text()))];
    for flag in add.add.flags().filter(|flag| flag.name() == "unpack") {
        edits.push(Edit::delete(flag_with_blank(add, flag)?));
    }
    let assumptions = match judgement.level {
        Level::Safe => Vec::new(),
        _ => vec![judgement.reason.message.clone()],
    };
    Some(Fix { level: judgement.level, edits, reason: judgement.reason, assumptions })
}

/// A flag and the blanks after it on its line.
fn flag_with_blank(add: &Add<'_, '_>, flag: Flag<'_>) -> Option<Span> {
    if flag.token().is_split() {
        return None;
    }
    let span = flag.token().span();
    let after = &add.ctx.file().text()[span.end as usize..];
    let blanks = after.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    Some(Span::new(span.start, span.end + blanks as u32))
}

/// COPY in the case the author writes keywords in.
fn copy_like(add: &str) -> &'static str {
    match add.as_bytes() {
        [b'a', b'd', ..] => "copy",
        [b'A', b'd', ..] => "Copy",
        _ => "COPY",
    }
}
