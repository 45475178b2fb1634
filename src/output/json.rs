//! The JSON report: its own versioned structs. Secrets are masked everywhere, also in diffs.

mod outside;

use dockerfile_syntax::Dockerfile;
use harden_core::redact::{self, mask_text};
use harden_core::{Disposition, Outcome};
use serde::Serialize;

pub use self::outside::{HazardReport, NoteReport};
use super::summary::Summary;
use super::text::sorted;
use crate::discover::Problem;

/// Version of the format. A change that breaks readers gets a new number; new fields and new kinds of notes do not.
pub const SCHEMA: &str = "harden-report/1";

/// Its JSON schema (2020-12), strict: it knows the fields of this version only.
pub const SCHEMA_DOCUMENT: &str = include_str!("../../docs/report-schema.json");

/// The document up to its first file; files follow, separated by commas.
pub fn begin() -> String {
    let tool = serde_json::json!({ "name": "harden", "version": env!("CARGO_PKG_VERSION") });
    format!("{{\"schema\":\"{SCHEMA}\",\"tool\":{tool},\"files\":[")
}

/// The document after its last file.
///
/// `companions` are files that several Dockerfiles share; `registries` holds a line for each registry that failed, and warnings about their configuration.
pub fn end(
    companions: &[CompanionReport],
    problems: &[ProblemReport],
    registries: &[String],
    summary: &SummaryReport,
) -> String {
    let (companions, problems, registries) = (encode(&companions), encode(&problems), encode(&registries));
    format!(
        "\n],\"companions\":{companions},\"problems\":{problems},\"registries\":{registries},\"summary\":{}}}\n",
        encode(summary)
    )
}

/// A part of the document. Structs of strings and numbers can always be encoded.
pub fn encode(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// One file.
#[derive(Debug, Serialize)]
pub struct FileReport {
    /// Path as found; `-` for standard input.
    pub path: String,
    /// `changed`, `unchanged` or `failed`.
    pub status: &'static str,
    /// Every finding.
    pub findings: Vec<FindingReport>,
    /// Why the file was not handled.
    pub errors: Vec<ErrorReport>,
    /// The change as a unified diff, with secrets masked: for reading, not for applying.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// Files beside it that belong to it alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<CompanionReport>,
}

/// A file beside a Dockerfile that is new or changes.
#[derive(Debug, Serialize)]
pub struct CompanionReport {
    /// Its path, spelled as that of the Dockerfile.
    pub path: String,
    /// `runtime-notes`, `env-example` or `dockerignore`.
    pub kind: &'static str,
    /// `new` or `changed`.
    pub status: &'static str,
    /// The change as a unified diff, with secrets masked: for reading, not for applying.
    pub diff: String,
}

/// One finding.
#[derive(Debug, Serialize)]
pub struct FindingReport {
    /// The transform.
    pub transform: &'static str,
    /// The kind of finding.
    pub id: &'static str,
    /// `fixed`, `offered`, `refused`, `kept` or `suppressed`.
    pub disposition: &'static str,
    /// Level of the fix, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<&'static str>,
    /// Line in the original, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What it is.
    pub message: String,
    /// Stable code of the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The reason.
    pub reason: String,
    /// What could make a fix break something, most serious first; with a refusal, what stops it.
    pub hazards: Vec<HazardReport>,
    /// What the fix takes for granted.
    pub assumptions: Vec<String>,
    /// What people who run or build the image have to know once the fix is made.
    pub notes: Vec<NoteReport>,
}

/// One error.
#[derive(Debug, Serialize)]
pub struct ErrorReport {
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl ErrorReport {
    /// An error that has no place in the file.
    pub fn new(message: String) -> Self {
        Self { line: None, column: None, message, help: None }
    }
}

/// A path, compose or bake file that could not be used, or a repository that could not be checked.
#[derive(Debug, Serialize)]
pub struct ProblemReport {
    /// The file or folder, as found.
    pub path: String,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Whether the run counts it as a failure.
    pub error: bool,
    /// What is wrong and what to do.
    pub message: String,
}

impl ProblemReport {
    /// `error`: the run counts it as a failure.
    pub fn new(problem: &Problem, error: bool) -> Self {
        Self {
            path: problem.path.display().to_string(),
            line: problem.line,
            error,
            message: problem.message.clone(),
        }
    }

    /// Something that stops nothing.
    pub fn warning(path: String, message: String) -> Self {
        Self::of(path, message, false)
    }

    /// Something about a whole file.
    pub fn of(path: String, message: String, error: bool) -> Self {
        Self { path, line: None, error, message }
    }
}

/// What follows the files in the document.
#[derive(Debug, Serialize)]
pub struct SummaryReport {
    files: usize,
    changed: usize,
    failed: usize,
    fixed: usize,
    offered: usize,
    refused: usize,
    companions: usize,
    exit_code: u8,
}

impl SummaryReport {
    /// The numbers of a run.
    pub fn new(summary: &Summary, exit_code: u8) -> Self {
        Self {
            files: summary.files,
            changed: summary.changed,
            failed: summary.failed,
            fixed: summary.fixed.values().sum(),
            offered: summary.offers(),
            refused: summary.refused,
            companions: summary.beside,
            exit_code,
        }
    }
}

/// The findings of one file, by position. `path` is how the report calls the file.
pub fn findings(path: &str, source: &Dockerfile, outcome: &Outcome) -> Vec<FindingReport> {
    sorted(outcome)
        .into_iter()
        .map(|report| {
            let (disposition, level, code, reason) = match &report.disposition {
                Disposition::Fixed(level, why) => ("fixed", Some(*level), Some(why.code), &why.message),
                Disposition::Offered(level, why) => ("offered", Some(*level), Some(why.code), &why.message),
                Disposition::Refused(why) => ("refused", None, Some(why.code), &why.message),
                Disposition::Kept(why) => ("kept", None, Some(why.code), &why.message),
                Disposition::Suppressed { comment } => ("suppressed", None, None, comment),
            };
            let at = source.line_col(report.span.start);
            FindingReport {
                transform: report.transform,
                id: report.id,
                disposition,
                level: level.map(harden_core::Level::as_str),
                line: at.line,
                column: at.column,
                message: mask_text(&report.message).into_owned(),
                code,
                reason: mask_text(reason).into_owned(),
                hazards: report.hazards.iter().map(|one| HazardReport::new(one, path, source)).collect(),
                assumptions: report.assumptions.iter().map(|one| mask_text(one).into_owned()).collect(),
                notes: report.notes.iter().map(NoteReport::new).collect(),
            }
        })
        .collect()
}

/// The errors of an invalid Dockerfile.
pub fn errors(source: &Dockerfile) -> Vec<ErrorReport> {
    source
        .errors()
        .iter()
        .map(|error| {
            let at = source.line_col(error.span.start);
            ErrorReport {
                line: Some(at.line),
                column: Some(at.column),
                message: redact::mask_error(source, error),
                help: error.kind.help().map(|help| mask_text(&help).into_owned()),
            }
        })
        .collect()
}
