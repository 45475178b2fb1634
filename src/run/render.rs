//! What one file says. Runs in the worker threads, so that a large tree is not rendered on one core.

use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use console::Style;
use dockerfile_syntax::{Dockerfile, Span};
use harden_core::{Disposition, Outcome, Report, Suppressions, redact};

use super::file::{Failure, Rewritten};
use crate::cli::{ColorArg, Format, Mode, RunArgs, explainable};
use crate::notes::{Companion, Request};
use crate::output::diff::{DiffOptions, DiffStyle, FileDiff, Secrets, unified};
use crate::output::summary::Summary;
use crate::output::text::Look;
use crate::output::view::Name;
use crate::output::{json, markdown, sarif, snippet, text, visible};
use crate::updaters::Note;

/// What one file adds to the output.
#[derive(Default)]
pub(super) struct Rendered {
    /// For standard output; in JSON the object of the file.
    pub(super) out: String,
    /// What it adds to a document that is put together at the end, or counted while it is written.
    pub(super) part: Part,
    /// For standard error.
    pub(super) err: String,
    /// Its part of the last line.
    pub(super) summary: Summary,
    /// The file, if a reference in it was pinned.
    pub(super) pinned: Option<PathBuf>,
    /// What it wants in files that several Dockerfiles share.
    pub(super) request: Option<Request>,
}

/// What one file adds to a document.
#[derive(Default)]
pub(super) enum Part {
    /// Nothing but its text.
    #[default]
    Text,
    Sarif(sarif::FilePart),
    Markdown(markdown::FilePart),
}

/// How a run prints.
pub(super) struct Renderer<'a> {
    args: &'a RunArgs,
    colour_out: bool,
    colour_err: bool,
    /// Where names in diffs start.
    root: Option<PathBuf>,
}

impl<'a> Renderer<'a> {
    pub(super) fn new(args: &'a RunArgs) -> Self {
        let colour_out = colour(args.input.color, console::colors_enabled);
        let colour_err = colour(args.input.color, console::colors_enabled_stderr);
        Self { args, colour_out, colour_err, root: root() }
    }

    pub(super) fn format(&self) -> Format {
        self.args.format
    }

    /// Whether the changes are in the files, not only shown.
    pub(super) fn written(&self) -> bool {
        self.args.mode() == Mode::Write
    }

    pub(super) fn verbose(&self) -> bool {
        self.args.verbose
    }

    /// A line for standard error. `message` names what it is about.
    pub(super) fn error(&self, message: &str) -> String {
        self.line(Style::new().red(), "error:", message)
    }

    /// A line for standard error about something that stops nothing.
    pub(super) fn warning(&self, message: &str) -> String {
        self.line(Style::new().yellow(), "warning:", message)
    }

    fn line(&self, style: Style, word: &str, message: &str) -> String {
        line(self.colour_err, style, word, message)
    }

    /// A note for standard error.
    pub(super) fn hint(&self, message: &str) -> String {
        self.line(Style::new().cyan(), "note:", message)
    }

    /// A note for standard error, with the lines it proposes to add to a file.
    pub(super) fn note(&self, note: &Note) -> String {
        let mut out = self.hint(&note.message);
        for line in note.lines.iter().flat_map(|lines| lines.lines()) {
            out.push_str("         ");
            out.push_str(&visible(line));
            out.push('\n');
        }
        out
    }

    /// One file.
    pub(super) fn file(&self, path: &str, result: &Result<Rewritten, Failure>) -> Rendered {
        let mut summary = Summary::default();
        match result {
            Ok(rewritten) => {
                summary.count(&rewritten.outcome);
                summary.beside += usize::from(rewritten.page.is_some());
            }
            Err(_) => summary.fail(),
        }
        let mut rendered = Rendered { summary, ..Rendered::default() };
        match self.format() {
            Format::Text => (rendered.out, rendered.err) = self.text(path, result),
            Format::Json => rendered.out = self.json_object(path, result),
            Format::Sarif => rendered.part = Part::Sarif(self.sarif(path, result)),
            Format::Github => rendered.out = self.github(path, result),
            Format::Markdown => rendered.part = Part::Markdown(self.markdown(path, result)),
        }
        let pinned = result.as_ref().is_ok_and(|rewritten| is_pinned(&rewritten.outcome)) && path != "-";
        rendered.pinned = pinned.then(|| PathBuf::from(path));
        rendered
    }

    /// What goes to standard output and to standard error.
    fn text(&self, path: &str, result: &Result<Rewritten, Failure>) -> (String, String) {
        match result {
            Ok(rewritten) => {
                let page = rewritten.page.as_ref().map(|page| self.companion(page)).unwrap_or_default();
                (self.change(path, rewritten) + &page, self.findings(path, rewritten))
            }
            Err(Failure::Invalid(file)) => (String::new(), snippet::invalid(path, file, self.colour_err)),
            Err(Failure::Other(message)) => (String::new(), self.error(message)),
        }
    }

    fn change(&self, path: &str, rewritten: &Rewritten) -> String {
        let outcome = &rewritten.outcome;
        match self.args.mode() {
            Mode::Write if path == "-" => outcome.text.to_string(),
            Mode::Diff if outcome.is_changed() => {
                let style = if self.colour_out { DiffStyle::Colour } else { DiffStyle::Plain };
                self.difference(path, rewritten, style, self.args.redact)
            }
            // Colours mean a terminal; another program needs the name as it is.
            Mode::Check if outcome.is_changed() && self.colour_out => format!("{}\n", visible(path)),
            Mode::Check if outcome.is_changed() => format!("{path}\n"),
            Mode::Diff | Mode::Write | Mode::Check => String::new(),
        }
    }

    /// A file beside a Dockerfile, for standard output.
    pub(super) fn companion(&self, companion: &Companion) -> String {
        match self.args.mode() {
            Mode::Diff => {
                let style = if self.colour_out { DiffStyle::Colour } else { DiffStyle::Plain };
                self.companion_diff(companion, style, self.args.redact)
            }
            Mode::Check if self.colour_out => format!("{}\n", visible(&super::shown(&companion.path))),
            Mode::Check => format!("{}\n", super::shown(&companion.path)),
            Mode::Write => String::new(),
        }
    }

    /// The same for JSON.
    pub(super) fn companion_report(&self, companion: &Companion) -> json::CompanionReport {
        json::CompanionReport {
            path: super::shown(&companion.path),
            kind: companion.kind.name(),
            status: super::report::status(companion),
            diff: self.companion_diff(companion, DiffStyle::Plain, true),
        }
    }

    fn companion_diff(&self, companion: &Companion, style: DiffStyle, redacted: bool) -> String {
        let name = self.name_in_diff(&super::shown(&companion.path));
        let diff = FileDiff { path: &name, before: companion.before(), after: companion.after() };
        difference_of(&diff, style, redacted)
    }

    fn findings(&self, path: &str, rewritten: &Rewritten) -> String {
        let suppresses = rewritten.before.contains("harden:");
        if self.args.quiet || (rewritten.outcome.reports.is_empty() && !suppresses) {
            return String::new();
        }
        let source = Dockerfile::parse(Arc::clone(&rewritten.before));
        let look = Look { written: self.written(), verbose: self.args.verbose, colour: self.colour_err };
        let mut out = text::findings(path, &source, &rewritten.outcome, look);
        if suppresses {
            self.unknown_names(path, &source, &mut out);
        }
        out
    }

    /// A misspelt `# harden: ignore=` would otherwise be believed to work.
    fn unknown_names(&self, path: &str, source: &Dockerfile, out: &mut String) {
        let suppressions = Suppressions::read(source);
        for (name, comment) in suppressions.unknown_names(&|name| explainable().contains(&name)) {
            let at = source.line_col(comment.start);
            let message =
                format!("{path}:{at}: no transform or finding is called `{name}`; `harden list` names them");
            out.push_str(&self.warning(&redact::mask_text(&message)));
        }
    }

    fn json_object(&self, path: &str, result: &Result<Rewritten, Failure>) -> String {
        let mut report = json::FileReport {
            path: path.to_owned(),
            status: "unchanged",
            findings: Vec::new(),
            errors: Vec::new(),
            diff: None,
            companions: Vec::new(),
        };
        match result {
            Ok(rewritten) => {
                let source = Dockerfile::parse(Arc::clone(&rewritten.before));
                report.findings = json::findings(path, &source, &rewritten.outcome);
                report.companions.extend(rewritten.page.as_ref().map(|page| self.companion_report(page)));
                if rewritten.outcome.is_changed() {
                    report.status = "changed";
                    report.diff = Some(self.difference(path, rewritten, DiffStyle::Plain, true));
                }
            }
            Err(failure) => {
                report.status = "failed";
                report.errors = match failure {
                    Failure::Invalid(file) => json::errors(file),
                    Failure::Other(message) => vec![json::ErrorReport::new(message.clone())],
                };
            }
        }
        json::encode(&report)
    }

    fn difference(&self, path: &str, rewritten: &Rewritten, style: DiffStyle, redacted: bool) -> String {
        let (before, after) = (&rewritten.before, &rewritten.outcome.text);
        let name = self.name_in_diff(path);
        difference_of(&FileDiff { path: &name, before: Some(before), after }, style, redacted)
    }

    /// The name a diff gives to a file: relative to [`root`], links followed, since `git apply` refuses to patch a link.
    fn name_in_diff(&self, path: &str) -> String {
        let Name { path, inside } = self.name(path);
        if inside { path } else { path.trim_start_matches('/').to_owned() }
    }

    /// What a file is called in reports.
    pub(super) fn name(&self, path: &str) -> Name {
        if path == "-" {
            return Name { path: "Dockerfile".to_owned(), inside: true };
        }
        let real = real(Path::new(path));
        let below =
            real.as_deref().zip(self.root.as_deref()).and_then(|(real, root)| real.strip_prefix(root).ok());
        match below.map(super::shown) {
            Some(below) if !below.is_empty() => Name { path: below, inside: true },
            _ => Name { path: path.to_owned(), inside: false },
        }
    }
}

/// A path with links followed, as far as it is there: a file that is new has only a folder yet, or not even that.
fn real(path: &Path) -> Option<PathBuf> {
    path.ancestors().find_map(|there| {
        let rest = path.strip_prefix(there).ok()?;
        let plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
        let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
        let real = there.canonicalize().ok().filter(|_| plain)?;
        Some(if rest.as_os_str().is_empty() { real } else { real.join(rest) })
    })
}

fn difference_of(diff: &FileDiff<'_>, style: DiffStyle, redacted: bool) -> String {
    let mut options = DiffOptions { style, ..DiffOptions::default() };
    if !redacted {
        return unified(diff, &options);
    }
    let ranges = |text: &str| -> Vec<Range<usize>> {
        redact::secret_spans(&Dockerfile::parse(text)).into_iter().map(Span::range).collect()
    };
    let (before, after) = (ranges(diff.before.unwrap_or_default()), ranges(diff.after));
    options.redact = Some(Secrets { before: &before, after: &after });
    unified(diff, &options)
}

fn is_pinned(outcome: &Outcome) -> bool {
    let pins = |report: &Report| {
        report.transform == "pin-digest" && matches!(report.disposition, Disposition::Fixed(..))
    };
    outcome.reports.iter().any(pins)
}

fn colour(wanted: ColorArg, auto: fn() -> bool) -> bool {
    match wanted {
        ColorArg::Auto => auto(),
        ColorArg::Always => true,
        ColorArg::Never => false,
    }
}

fn line(colour: bool, style: Style, word: &str, message: &str) -> String {
    let word = style.bold().force_styling(colour).apply_to(word);
    format!("{word} {}\n", visible(&redact::mask_text(message)))
}

/// An error line for verbs that rewrite nothing.
pub(super) fn plain_error(wanted: ColorArg, message: &str) -> String {
    line(colour(wanted, console::colors_enabled_stderr), Style::new().red(), "error:", message)
}

/// A warning line for verbs that rewrite nothing.
pub(super) fn plain_warning(wanted: ColorArg, message: &str) -> String {
    line(colour(wanted, console::colors_enabled_stderr), Style::new().yellow(), "warning:", message)
}

/// The root of the git repository that the current folder is in, as in `git diff`: `git apply` reads names this way in
/// every folder of a repository. Outside one, the current folder.
fn root() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?.canonicalize().ok()?;
    let root = here.ancestors().find(|folder| folder.join(".git").exists());
    Some(root.unwrap_or(&here).to_path_buf())
}
