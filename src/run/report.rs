//! What one file, and what stands beside it, says in the formats for other programs.

use std::path::Path;

use super::file::{Failure, Rewritten};
use super::render::Renderer;
use crate::cli::Format;
use crate::notes::Companion;
use crate::output::view::{Detail, Name, View};
use crate::output::{github, markdown, sarif};

impl Renderer<'_> {
    pub(super) fn sarif(&self, path: &str, result: &Result<Rewritten, Failure>) -> sarif::FilePart {
        let name = self.name(path);
        match result {
            Ok(rewritten) => {
                let mut part = sarif::FilePart::new(&self.view(path, &name, rewritten));
                if let Some(page) = &rewritten.page {
                    let (name, remark) = self.remark(page);
                    part.remark(&name, &remark);
                }
                part
            }
            Err(Failure::Invalid(file)) => sarif::FilePart::invalid(&name, file),
            Err(Failure::Other(message)) => sarif::FilePart::failed(&name, without_path(path, message)),
        }
    }

    pub(super) fn github(&self, path: &str, result: &Result<Rewritten, Failure>) -> String {
        let name = self.name(path);
        match result {
            Ok(rewritten) => {
                let mut out = github::file(&self.view(path, &name, rewritten));
                if let Some(page) = &rewritten.page {
                    let (name, remark) = self.remark(page);
                    out.push_str(&github::remark(github::Remark::Note, Some(&name), &remark));
                }
                out
            }
            Err(Failure::Invalid(file)) => github::invalid(&name, file),
            Err(Failure::Other(message)) => {
                github::remark(github::Remark::Error, Some(&name), without_path(path, message))
            }
        }
    }

    pub(super) fn markdown(&self, path: &str, result: &Result<Rewritten, Failure>) -> markdown::FilePart {
        let name = self.name(path);
        match result {
            Ok(rewritten) => {
                let mut part = markdown::FilePart::new(&self.view(path, &name, rewritten));
                if let Some(page) = &rewritten.page {
                    part.companion(&self.name_of(page), status(page));
                }
                part
            }
            Err(Failure::Invalid(file)) => markdown::FilePart::invalid(&name, file),
            Err(Failure::Other(message)) => markdown::FilePart::failed(&name, without_path(path, message)),
        }
    }

    fn view<'v>(&self, path: &'v str, name: &'v Name, rewritten: &'v Rewritten) -> View<'v> {
        let detail = Detail { edits: self.format() == Format::Sarif, verbose: self.verbose() };
        View::new((path, name), (&rewritten.before, &rewritten.outcome), self.written(), detail)
    }

    /// What a file beside a Dockerfile is called.
    pub(super) fn name_of(&self, companion: &Companion) -> Name {
        self.name(&super::shown(&companion.path))
    }

    /// A file beside a Dockerfile, and what becomes of it.
    pub(super) fn remark(&self, companion: &Companion) -> (Name, String) {
        let verb = match (self.written(), status(companion)) {
            (true, status) => format!("{status}: "),
            (false, "new") => "would be new: ".to_owned(),
            (false, _) => "would change: ".to_owned(),
        };
        (self.name_of(companion), format!("{verb}{}", companion.kind.name()))
    }

    /// What a path is called that is not one of a Dockerfile.
    pub(super) fn name_of_path(&self, path: &Path) -> Name {
        self.name(&super::shown(path))
    }
}

/// As in reports: `new` or `changed`.
pub(super) fn status(companion: &Companion) -> &'static str {
    if companion.before().is_some() { "changed" } else { "new" }
}

/// A message that begins with the file it is about.
fn without_path<'m>(path: &str, message: &'m str) -> &'m str {
    message.strip_prefix(path).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(message)
}
