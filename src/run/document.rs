//! The report in a format for other programs, while it is put together.

use super::ERROR;
use super::render::{Part, Renderer};
use crate::cli::Format;
use crate::notes::Companion;
use crate::output::json::{CompanionReport, ProblemReport, SummaryReport};
use crate::output::summary::Summary;
use crate::output::{github, json, markdown, sarif};
use crate::updaters::Note;

/// One document on standard output.
pub(super) struct Document<'a> {
    renderer: &'a Renderer<'a>,
    kind: Kind,
}

enum Kind {
    Json(Vec<CompanionReport>),
    Sarif(sarif::Log),
    Github,
    Markdown(markdown::Body),
}

impl<'a> Document<'a> {
    /// `None` for text, which is no document.
    pub(super) fn new(renderer: &'a Renderer<'a>) -> Option<Self> {
        let kind = match renderer.format() {
            Format::Text => return None,
            Format::Json => Kind::Json(Vec::new()),
            Format::Sarif => Kind::Sarif(sarif::Log::default()),
            Format::Github => Kind::Github,
            Format::Markdown => Kind::Markdown(markdown::Body::default()),
        };
        Some(Self { renderer, kind })
    }

    /// Before the first file.
    pub(super) fn begin(&self) -> String {
        match self.kind {
            Kind::Json(_) => json::begin(),
            Kind::Sarif(_) => sarif::Log::begin(),
            Kind::Github | Kind::Markdown(_) => String::new(),
        }
    }

    /// What goes before the text of the next file.
    pub(super) fn file(&mut self, part: Part, first: bool) -> String {
        match (&mut self.kind, part) {
            (Kind::Json(_), _) => if first { "\n" } else { ",\n" }.to_owned(),
            (Kind::Sarif(log), Part::Sarif(part)) => log.file(part),
            (Kind::Markdown(body), Part::Markdown(part)) => {
                body.file(part);
                String::new()
            }
            _ => String::new(),
        }
    }

    /// A file that several Dockerfiles share.
    pub(super) fn companion(&mut self, companion: &Companion) -> String {
        let (name, remark) = self.renderer.remark(companion);
        match &mut self.kind {
            Kind::Json(companions) => companions.push(self.renderer.companion_report(companion)),
            Kind::Sarif(log) => log.remark(&name, &remark),
            Kind::Github => return github::remark(github::Remark::Note, Some(&name), &remark),
            Kind::Markdown(body) => body.companion(&name, super::report::status(companion)),
        }
        String::new()
    }

    /// After the last file. `registries` are lines about those that failed, `notes` what to do beside the changes.
    pub(super) fn end(
        self,
        problems: &[ProblemReport],
        registries: &[String],
        notes: &[Note],
        summary: &Summary,
        code: u8,
    ) -> String {
        let renderer = self.renderer;
        let told = problems.iter().map(|one| {
            let line = one.line.map(|line| format!("line {line}: ")).unwrap_or_default();
            (Some(renderer.name(&one.path)), format!("{line}{}", one.message), one.error)
        });
        let told = told.chain(registries.iter().map(|line| (None, line.clone(), false)));
        let notes = notes.iter().map(|note| (renderer.name_of_path(&note.path), note));
        match self.kind {
            Kind::Json(companions) => {
                json::end(&companions, problems, registries, &SummaryReport::new(summary, code))
            }
            Kind::Sarif(mut log) => {
                told.for_each(|(name, message, error)| log.problem(name.as_ref(), &message, error));
                notes.for_each(|(name, note)| log.remark(&name, &note.message));
                log.end(code, code != ERROR)
            }
            Kind::Github => {
                let kind = |error| if error { github::Remark::Error } else { github::Remark::Warning };
                let mut out = String::new();
                for (name, message, error) in told {
                    out.push_str(&github::remark(kind(error), name.as_ref(), &message));
                }
                for (_, note) in notes {
                    // The file may not exist, and an annotation needs one.
                    out.push_str(&github::remark(github::Remark::Note, None, &note.message));
                }
                out
            }
            Kind::Markdown(mut body) => {
                told.for_each(|(name, message, _)| body.problem(name.as_ref(), &message));
                notes.for_each(|(name, note)| body.remark(&name, &note.message, note.lines.as_deref()));
                body.end(summary, renderer.written())
            }
        }
    }
}
