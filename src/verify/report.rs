//! What a verification found: for people as a table, for programs as JSON.

use std::fmt::Write as _;

use console::Style;
use serde::Serialize;

use crate::output::visible;

/// Version of the JSON document. A change that breaks readers gets a new number; new checks and fields do not.
pub const SCHEMA: &str = "harden-verify/1";

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Both texts build.
    Builds,
    /// The user that containers run as.
    User,
    /// A container starts and goes on, or ends, as before.
    Starts,
    /// The same TCP ports have a listener.
    Ports,
    /// What was a secret is nowhere in the image.
    Secrets,
    /// The image holds the same files.
    Files,
    /// Bytes of the image.
    Size,
}

impl Check {
    const fn name(self) -> &'static str {
        match self {
            Self::Builds => "builds",
            Self::User => "user",
            Self::Starts => "starts",
            Self::Ports => "ports",
            Self::Secrets => "secrets",
            Self::Files => "files",
            Self::Size => "size",
        }
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nothing to compare.
    Skipped,
    /// Only told.
    Noted,
    /// As it has to be.
    Passed,
    /// There is nothing to compare with: the original does not build.
    NotComparable,
    /// The rewrite changes what it must not.
    Failed,
}

impl Status {
    const fn words(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Noted => "noted",
            Self::Passed => "passed",
            Self::NotComparable => "not comparable",
            Self::Failed => "FAILED",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Skipped | Self::Noted => Style::new().dim(),
            Self::Passed => Style::new().green(),
            Self::NotComparable => Style::new().yellow(),
            Self::Failed => Style::new().red().bold(),
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// What was compared.
    pub check: Check,
    /// How it ended.
    pub status: Status,
    /// A sentence.
    pub message: String,
    /// More lines, for instance the files that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

impl Checked {
    pub(super) fn new(check: Check, status: Status, message: impl Into<String>) -> Self {
        Self { check, status, message: message.into(), details: Vec::new() }
    }

    pub(super) fn with(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }
}

/// One image before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The stage that was built; `null` for the last one.
    pub target: Option<String>,
    /// The checks, in the order of [`Check`].
    pub checks: Vec<Checked>,
    /// The end of the log of a build that failed, with secrets masked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
}

impl Comparison {
    /// The worst of its checks.
    pub fn status(&self) -> Status {
        let worst = self.checks.iter().map(|one| one.status).max().unwrap_or(Status::NotComparable);
        // Something noted beside nothing passed is no verdict, but every comparison has a build that passed or did not.
        worst.max(Status::Passed)
    }
}

/// One Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileVerdict {
    /// Path as found; `-` for standard input.
    pub path: String,
    /// `passed`, `failed` or `not-comparable`; `unchanged` when harden changes nothing, `error` when it could not handle
    /// the file.
    pub result: &'static str,
    /// Why there are no builds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// One for each stage that is built.
    pub builds: Vec<Comparison>,
    /// Whether the new text is in the file.
    pub written: bool,
}

impl FileVerdict {
    /// Of what was built.
    pub fn new(path: String, builds: Vec<Comparison>) -> Self {
        let result = match builds.iter().map(Comparison::status).max() {
            Some(Status::Failed) => "failed",
            Some(Status::Passed | Status::Noted | Status::Skipped) => "passed",
            Some(Status::NotComparable) | None => "not-comparable",
        };
        Self { path, result, message: None, builds, written: false }
    }

    /// Of a file that was not built.
    pub fn without_builds(path: String, result: &'static str, message: Option<String>) -> Self {
        Self { path, result, message, builds: Vec::new(), written: false }
    }

    /// Whether the new text may be written.
    pub fn passed(&self) -> bool {
        self.result == "passed"
    }

    /// As a table: a line for each check.
    pub fn table(&self, colour: bool) -> String {
        let mut out = String::new();
        let mut line = |text: &str| {
            out.push_str(text);
            out.push('\n');
        };
        let bold = |text: &str| Style::new().bold().force_styling(colour).apply_to(text).to_string();
        if let Some(message) = &self.message {
            line(&format!("{}: {}", bold(&visible(&self.path)), visible(message)));
        }
        for build in &self.builds {
            let target = build.target.as_ref().map(|target| format!(" (stage {target})")).unwrap_or_default();
            line(&bold(&visible(&format!("{}{target}", self.path))));
            for one in &build.checks {
                let words = format!("{:<14}", one.status.words());
                let words = one.status.style().force_styling(colour).apply_to(words);
                line(&format!("  {:<8} {words} {}", one.check.name(), visible(&one.message)));
                for detail in &one.details {
                    line(&format!("  {:<8} {:<14}   {}", "", "", visible(detail)));
                }
            }
            for text in &build.log {
                line(&format!("  | {}", visible(text)));
            }
        }
        out
    }
}

/// How many files ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Files that were found.
    pub files: usize,
    /// All checks passed.
    pub passed: usize,
    /// A check failed.
    pub failed: usize,
    /// There was nothing to compare with.
    pub not_comparable: usize,
    /// harden changes nothing.
    pub unchanged: usize,
    /// harden could not handle it.
    pub errors: usize,
    /// Written.
    pub written: usize,
}

impl Totals {
    /// Adds a file.
    pub fn add(&mut self, file: &FileVerdict) {
        self.files += 1;
        self.written += usize::from(file.written);
        let count = match file.result {
            "passed" => &mut self.passed,
            "failed" => &mut self.failed,
            "unchanged" => &mut self.unchanged,
            "error" => &mut self.errors,
            _ => &mut self.not_comparable,
        };
        *count += 1;
    }

    /// The last line for people.
    pub fn line(&self) -> String {
        let mut out =
            format!("{} passed, {} failed, {} not comparable", self.passed, self.failed, self.not_comparable);
        for (count, words) in
            [(self.unchanged, "unchanged"), (self.errors, "could not be handled"), (self.written, "written")]
        {
            if count > 0 {
                // Writing to a `String` cannot fail.
                let _ = write!(out, ", {count} {words}");
            }
        }
        out
    }
}

/// The JSON document.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    schema: &'static str,
    tool: serde_json::Value,
    builder: &'static str,
    files: &'a [FileVerdict],
    interrupted: bool,
    summary: Totals,
    exit_code: u8,
}

impl<'a> Document<'a> {
    /// Of a whole run.
    pub fn new(builder: &'static str, files: &'a [FileVerdict], interrupted: bool, exit_code: u8) -> Self {
        let mut summary = Totals::default();
        for file in files {
            summary.add(file);
        }
        let tool = serde_json::json!({ "name": "harden", "version": env!("CARGO_PKG_VERSION") });
        Self { schema: SCHEMA, tool, builder, files, interrupted, summary, exit_code }
    }

    /// With a line break at the end.
    pub fn encode(&self) -> String {
        // Structs of strings and numbers can always be encoded.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
