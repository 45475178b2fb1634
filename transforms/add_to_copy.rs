//! `ADD` becomes `COPY` where both do the same. See `add_to_copy.md`.

use harden_core::syntax::{Instruction, Keyword};
use harden_core::{
    Context, ContextSource, Edit, EntryKind, Finding, FindingMeta, Fix, Level, Meta, Missing, Scopes, State,
    Transform, Verdict, Why, rule,
};

use crate::support::add_spelling::{copy_like, flag_with_blank};
use crate::support::never_archive;
use crate::support::remote_source::{self, shown};

/// The transform.
pub struct AddToCopy;

static META: Meta = Meta {
    name: "add-to-copy",
    summary: "replace ADD with COPY where nothing is downloaded or extracted",
    worst: Level::Suggest,
    doc: include_str!("add_to_copy.md"),
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
        FindingMeta {
            id: "add-git",
            summary: "ADD clones a git repository",
            foreign: &[rule("checkov", "CKV_DOCKER_4")],
        },
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
        let has_add = |one: &Instruction<'_>| one.trigger().unwrap_or(*one).keyword() == Keyword::Add;
        if !ctx.file().instructions().any(|one| has_add(&one)) {
            return findings;
        }
        let scopes = Scopes::new(ctx.build, ctx.setup);
        for stage in 0..ctx.build.stages.len() {
            scopes.walk(stage, |scopes, instruction, state| {
                let add = instruction.trigger().unwrap_or(instruction);
                if add.keyword() == Keyword::Add {
                    let inside = add.keyword() != instruction.keyword();
                    let add = Add { ctx, scopes, state, instruction: add, onbuild: inside };
                    findings.push(examine(&add));
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
    instruction: Instruction<'a>,
    /// Inside ONBUILD: the sources are those of a build nobody can see from here.
    onbuild: bool,
}

/// What is known about one source, or about all of them.
struct Judgement {
    level: Level,
    reason: Why,
    assumptions: Vec<String>,
}

impl Judgement {
    fn safe(code: &'static str, message: &str) -> Self {
        Self { level: Level::Safe, reason: Why::new(code, message), assumptions: Vec::new() }
    }

    fn is_about_content(&self) -> bool {
        matches!(self.reason.code, "directory" | "plain-file" | "heredoc" | "unpack-false" | "only-copies")
    }

    /// Both together: the worse level with its reason, and what either takes for granted.
    fn and(mut self, mut other: Self) -> Self {
        if other.level > self.level {
            std::mem::swap(&mut self, &mut other);
        } else if self.level == other.level && self.is_about_content() && self.reason != other.reason {
            self.reason = Why::new("only-copies", "no source is a URL or an archive");
        }
        other.assumptions.retain(|one| !self.assumptions.contains(one));
        self.assumptions.append(&mut other.assumptions);
        self
    }
}

/// Why an ADD is not converted.
struct Stop {
    id: &'static str,
    /// It is right as it is; otherwise a person may want to act.
    kept: bool,
    why: Why,
}

impl Stop {
    fn refuse(id: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { id, kept: false, why: Why::new(code, message) }
    }

    fn keep(id: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { id, kept: true, why: Why::new(code, message) }
    }
}

fn examine(add: &Add<'_, '_>) -> Finding {
    let keyword = add.instruction.keyword_token();
    let span = keyword.span();
    let (id, message, verdict) = match judge(add).map(|judgement| fix(add, judgement)) {
        Ok(Some(fix)) => ("add-local", "ADD only copies here; COPY says so", Verdict::Fix(fix)),
        Ok(None) => {
            let why = Why::new("split-token", "the keyword or a flag is split over lines");
            ("add-local", "ADD only copies here", Verdict::Refused(why))
        }
        Err(Stop { id, kept, why }) => {
            let message = match (id, kept) {
                ("add-remote", _) => "ADD downloads a URL",
                ("add-git", _) => "ADD clones a git repository",
                ("add-archive", true) => "ADD extracts an archive",
                _ => "ADD may do more than copy",
            };
            (id, message, if kept { Verdict::Kept(why) } else { Verdict::Refused(why) })
        }
    };
    Finding::new(id, span, message, verdict)
}

fn judge(add: &Add<'_, '_>) -> Result<Judgement, Stop> {
    for flag in add.instruction.flags() {
        match (flag.name(), flag.value()) {
            ("checksum", _) => {
                return Err(Stop::keep(
                    "add-remote",
                    "checksum",
                    "--checksum verifies a download, which COPY cannot do",
                ));
            }
            ("keep-git-dir", _) => {
                return Err(Stop::keep("add-git", "keep-git-dir", "--keep-git-dir belongs to a git source"));
            }
            ("unpack", value) if !is_false(value) => {
                return Err(Stop::keep(
                    "add-archive",
                    "unpack",
                    "--unpack asks for extraction, which COPY does not do",
                ));
            }
            ("chown" | "chmod" | "link" | "exclude" | "unpack", _) => {}
            // Only the instruction inside ONBUILD gets here with one: BuildKit reads it when the trigger runs.
            (name, _) => {
                let message = format!("ADD has no flag --{name}; COPY may read it differently");
                return Err(Stop::refuse("add-local", "unknown-flag", message));
            }
        }
    }
    let Some(arguments) = add.instruction.copy() else {
        return Err(Stop::refuse("add-local", "no-sources", "the sources cannot be read"));
    };
    let unpacks = add.instruction.flag("unpack").is_none();
    let mut all: Option<Judgement> = None;
    for source in &arguments.sources {
        let judgement = if source.is_heredoc() {
            Judgement::safe("heredoc", "the source is a heredoc")
        } else {
            self::source(add, &source.text, unpacks)?
        };
        all = Some(match all {
            None => judgement,
            Some(all) => all.and(judgement),
        });
    }
    let mut all = all.ok_or_else(|| Stop::refuse("add-local", "no-sources", "there is no source"))?;
    if add.onbuild && all.level == Level::Safe {
        all.level = Level::Review;
        let message = "the trigger stored in the image changes from ADD to COPY; both copy the same";
        all.reason = Why::new("onbuild", message);
    }
    Ok(all)
}

fn is_false(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case("false"))
}

/// Judges one source.
fn source(add: &Add<'_, '_>, written: &str, unpacks: bool) -> Result<Judgement, Stop> {
    let fetched = |text: &str| {
        remote_source::look(text).map(|(id, what)| {
            let message = format!("`{}` is {what}, which COPY cannot fetch", shown(written));
            Stop::refuse(id, "remote-source", message)
        })
    };
    let expanded = match add.scopes.expand_text(add.state, written) {
        // A trigger sees the variables at the end of its stage, and what the stage built on it has set.
        Ok(expanded) if add.onbuild && expanded.text != written => {
            Err(Why::new("onbuild", "its variables are those of the image built on this one"))
        }
        other => other,
    };
    let expanded = expanded.map_err(|why| {
        // The message about a malformed word quotes all of it.
        let because =
            if why.code == "bad-expansion" { "it cannot be expanded" } else { why.message.as_str() };
        let message = format!("the source `{}` is not fixed by the file: {because}", shown(written));
        fetched(written).unwrap_or_else(|| Stop::refuse("add-local", "variable-source", message))
    })?;
    let text = expanded.text.as_str();
    if let Some(stop) = fetched(text) {
        return Err(stop);
    }
    let written = &*shown(written);
    let judgement = if is_context_root(text) {
        Judgement::safe("directory", "the source is the whole build context")
    } else if add.onbuild {
        let why = Why::new("onbuild", "the build context is that of the image built on this one");
        local(written, text, unpacks, Err(why))?
    } else {
        local(written, text, unpacks, look(add, text))?
    };
    match expanded.arguments.first() {
        None => Ok(judgement),
        Some(argument) => {
            let message = format!(
                "`{written}` depends on the build argument {argument}: another value may name a URL or an archive"
            );
            let assumption =
                format!("no build gives {argument} a value that makes `{written}` a URL or an archive");
            let by_argument = Judgement {
                level: Level::Suggest,
                reason: Why::new("variable-source", message),
                assumptions: vec![assumption],
            };
            Ok(by_argument.and(judgement))
        }
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
        return Ok(Judgement::safe("unpack-false", "--unpack=false forbids extraction"));
    }
    let found = match found {
        Ok(found) => found,
        Err(why) => return by_name(written, source, &why),
    };
    if found.entries.is_empty() {
        // A pattern that matches nothing builds, and copies nothing.
        let pattern = source.contains(['*', '?', '[']);
        let why = match (found.ignored, pattern) {
            (true, false) if !found.guessed => {
                let message = format!("`{written}` is excluded by .dockerignore, so this ADD cannot build");
                return Err(Stop::refuse("add-local", "ignored", message));
            }
            (true, _) => Why::new("ignored", format!(".dockerignore excludes what `{written}` matches now")),
            (false, true) => {
                Why::new("not-in-context", format!("`{written}` matches nothing in the build context now"))
            }
            (false, false) => {
                Why::new("not-in-context", format!("`{written}` is not in the build context now"))
            }
        };
        return by_name(written, source, &why);
    }
    for entry in &found.entries {
        match &entry.kind {
            EntryKind::Directory | EntryKind::PlainFile => {}
            EntryKind::Archive { compression } => {
                let how = if *compression == "tar" { String::new() } else { format!(" ({compression})") };
                let message =
                    format!("`{}` is a tar archive{how}: ADD extracts it and COPY would not", entry.path);
                return Err(Stop::keep("add-archive", "archive", message));
            }
            EntryKind::Unclassified(why) => {
                let message =
                    format!("whether `{}` is an archive cannot be told: {}", entry.path, why.message);
                return Err(Stop::refuse("add-local", "unclassified", message));
            }
            EntryKind::Special => {
                let message = format!("`{}` is neither a file nor a directory", entry.path);
                return Err(Stop::refuse("add-local", "special-file", message));
            }
        }
    }
    let mut judgement = if found.entries.iter().all(|entry| entry.kind == EntryKind::Directory) {
        Judgement::safe("directory", "the source is a directory")
    } else {
        Judgement::safe("plain-file", "the content of the source is no archive")
    };
    if found.guessed {
        // A build with another context may have something else of that name.
        judgement.level = Level::Review;
        judgement.assumptions.push("the build context is the folder of the Dockerfile".to_owned());
    }
    Ok(judgement)
}

/// Without the content only the name is left.
fn by_name(written: &str, source: &str, why: &Why) -> Result<Judgement, Stop> {
    match never_archive::look(source) {
        never_archive::Name::Never => Ok(Judgement {
            level: Level::Review,
            reason: Why::new(
                "name",
                format!("files named like `{written}` are no tar archives ({})", why.message),
            ),
            assumptions: vec![format!("`{written}` is what its name says")],
        }),
        never_archive::Name::Archive => Err(Stop::refuse(
            "add-archive",
            "archive-name",
            format!("`{written}` is named like an archive that ADD extracts, and {}", why.message),
        )),
        never_archive::Name::Open => Ok(Judgement {
            level: Level::Suggest,
            reason: Why::new(
                why.code,
                format!("whether `{written}` is an archive is not known: {}", why.message),
            ),
            assumptions: vec![format!("`{written}` is no archive")],
        }),
    }
}

/// The edits; `None` when the keyword or a flag to remove is split over lines.
fn fix(add: &Add<'_, '_>, judgement: Judgement) -> Option<Fix> {
    let keyword = add.instruction.keyword_token();
    if keyword.is_split() {
        return None;
    }
    let mut edits = vec![Edit::replace(keyword.span(), copy_like(keyword.text()))];
    for flag in add.instruction.flags().filter(|flag| flag.name() == "unpack") {
        edits.push(Edit::delete(flag_with_blank(add.ctx.file(), flag)?));
    }
    let Judgement { level, reason, assumptions } = judgement;
    Some(Fix { assumptions, ..Fix::new(level, edits, reason) })
}
