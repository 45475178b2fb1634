//! One case: a copy of its folder in a temporary directory, and runs of the engine on it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use dockerfile_syntax::{Dockerfile, Instruction, Span};
use harden::Engine;
use harden::config::{Config, StageChoice, UserChoice};
use harden::discover::{Candidate, Input, Options, discover};
use harden::facts::file::RecordedFacts;
use harden::output::diff::{DiffOptions, FileDiff, unified};
use harden_core::{
    Disposition, Edit, EditSet, Level, Note, Outcome, Place, Policy, Report, SecretSource, Settings,
    Transform, gate,
};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::archive;

/// A Dockerfile in its build context.
///
/// How it is built and run is said as users say it: by a compose or bake file in the case folder (targets, arguments,
/// named contexts, own images, services), and by `.devcontainer/` for a development container. A service may name a
/// build context that does not exist; a second Dockerfile may not.
///
/// In a case folder, `NAME.make` is not copied: it holds the recipe that makes `NAME` (see [`archive::make`]). A file
/// `stdin` makes the Dockerfile come from standard input, without a build context. `[non-root-user]` and
/// `[multi-stage]` of a `harden.toml` count.
pub(crate) struct Case {
    pub(crate) text: String,
    candidate: Candidate,
    settings: Settings,
    facts: RecordedFacts,
    folder: tempfile::TempDir,
}

impl Case {
    /// Copies `folder` and finds its Dockerfile. Image facts are those of `facts.json` in the folder, else `facts`.
    pub(crate) fn open(folder: &Path, facts: &Path) -> Self {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(folder, copy.path());
        Self::discover(copy, facts)
    }

    /// A Dockerfile alone in an empty build context.
    pub(crate) fn of_text(text: &str, facts: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Dockerfile"), text).unwrap();
        Self::discover(folder, facts)
    }

    /// A Dockerfile in the build context of another case.
    pub(crate) fn of_text_in(text: &str, folder: &Path, facts: &Path) -> Self {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(folder, copy.path());
        fs::write(copy.path().join("Dockerfile"), text).unwrap();
        Self::discover(copy, facts)
    }

    fn discover(folder: tempfile::TempDir, facts: &Path) -> Self {
        // A repository of its own: what lies above the temporary directory must not count.
        fs::create_dir(folder.path().join(".git")).unwrap();
        let stdin = folder.path().join("stdin").exists();
        let input = if stdin { Input::Stdin } else { Input::Path(folder.path().to_owned()) };
        let mut found = discover(&[input], &Options::default());
        assert_eq!(found.problems, [], "discovery");
        let candidate = found.candidates.pop().unwrap();
        assert!(found.candidates.is_empty(), "a case has one Dockerfile");
        let dockerfile = candidate.path().map_or_else(|| folder.path().join("Dockerfile"), Path::to_path_buf);
        let text = fs::read_to_string(dockerfile).unwrap();
        let own = folder.path().join("facts.json");
        let facts = RecordedFacts::load(if own.exists() { &own } else { facts }).unwrap();
        let config = Config::discover(folder.path()).unwrap();
        let chosen = config.as_ref().map(|config| config.for_file(candidate.path())).unwrap_or_default();
        let settings = Settings {
            user: chosen.user(UserChoice::default()),
            stages: chosen.stages(StageChoice::default()),
        };
        Self { text, candidate, settings, facts, folder }
    }

    /// The build context, where there is one.
    pub(crate) fn context(&self) -> Option<&Path> {
        self.candidate.context.as_deref()
    }

    /// Runs `transforms` on `text`, which stands in the place of the Dockerfile.
    pub(crate) fn rewrite(&self, text: &str, transforms: &[&'static dyn Transform], level: Level) -> Outcome {
        let policy = Policy { level, settings: self.settings.clone() };
        let engine = Engine { transforms: transforms.to_vec(), policy, images: &self.facts };
        engine.rewrite(text, &self.candidate).unwrap()
    }

    /// Runs `transform` at `level` and checks what holds for every transform and every input.
    pub(crate) fn check(&self, transform: &'static dyn Transform, level: Level) -> Outcome {
        let outcome = self.rewrite(&self.text, &[transform], level);
        let again = self.rewrite(&self.text, &[transform], level);
        assert_eq!((&outcome.text, &outcome.reports), (&again.text, &again.reports), "the same twice");

        let before = Dockerfile::parse(self.text.as_str());
        let after = Dockerfile::parse(outcome.text.as_ref());
        assert_eq!(after.errors(), [], "the result is valid");
        let edits = differences(&self.text, &outcome.text);
        gate::check(&before, &edits, &after, &self.candidate.setup).unwrap();
        check_line_endings(&before, &outcome.text);
        assert_eq!(outcome.is_changed(), self.text != *outcome.text);

        let settled = self.rewrite(&outcome.text, &[transform], level);
        assert!(!settled.is_changed(), "a second run changes\n{}", settled.text);
        // Positions move when lines or words before them change.
        let left = |outcome: &Outcome| -> Vec<String> {
            let open =
                outcome.reports.iter().filter(|one| !matches!(one.disposition, Disposition::Fixed(..)));
            open.map(|one| row(one, |_| String::new())).collect()
        };
        assert_eq!(left(&outcome), left(&settled), "findings left");

        let meta = transform.meta();
        for report in &outcome.reports {
            assert!(meta.findings.iter().any(|one| one.id == report.id), "{} is not declared", report.id);
            if let Disposition::Fixed(given, _) | Disposition::Offered(given, _) = report.disposition {
                assert!(given <= meta.worst, "{given} is worse than {}", meta.worst);
            }
            if let Disposition::Fixed(given, _) = report.disposition {
                assert!(given <= level, "{given} was written at {level}");
            }
            // The cases call every secret `hunter…`; only a diff may show one.
            assert!(!row(report, |_| String::new()).contains("hunter"), "a secret in {report:?}");
            if let Some(suggestion) = &report.suggestion {
                assert_eq!(Dockerfile::parse(suggestion.as_ref()).errors(), [], "a suggestion is valid");
            }
        }
        outcome
    }

    /// The text all transforms lead to, which must not depend on their order.
    pub(crate) fn check_order(&self, level: Level) {
        let mut transforms = harden_transforms::all().to_vec();
        let forward = self.rewrite(&self.text, &transforms, level);
        transforms.reverse();
        let backward = self.rewrite(&self.text, &transforms, level);
        assert_eq!(forward.text, backward.text, "the order of transforms decides");
        let findings = |outcome: &Outcome| -> BTreeSet<(Span, &str, &str)> {
            outcome.reports.iter().map(|one| (one.span, one.transform, one.id)).collect()
        };
        // Whoever comes after a transform that takes an instruction away no longer finds anything in it.
        let file = Dockerfile::parse(self.text.as_str());
        let is_gone = |span: Span| {
            let holds = |one: &Instruction<'_>| {
                one.full_span().start <= span.start && span.end <= one.full_span().end
            };
            let found = file.instructions().find(holds);
            found.is_some_and(|one| !forward.text.contains(one.arguments().text()))
        };
        let differing: Vec<_> = findings(&forward)
            .symmetric_difference(&findings(&backward))
            .filter(|(span, ..)| !is_gone(*span))
            .copied()
            .collect();
        assert_eq!(differing, [], "positions are those in the given file");
    }

    /// What `transform` does at the default level and at `suggest`, for people.
    pub(crate) fn show(&self, transform: &'static dyn Transform) -> String {
        let file = Dockerfile::parse(self.text.as_str());
        let default = self.check(transform, Level::Review);
        let suggest = self.check(transform, Level::Suggest);
        self.check_order(Level::Review);
        self.check_order(Level::Suggest);
        let mut shown = self.diff(&default);
        let at = |span: Span| file.line_col(span.start).to_string();
        let table = |outcome: &Outcome| outcome.reports.iter().map(|one| row(one, at)).collect::<String>();
        let _ = write!(shown, "\n{}", table(&default));
        if suggest.text != default.text {
            let _ = write!(shown, "\nat level suggest\n{}", self.diff(&suggest));
        }
        self.visible(&shown)
    }

    fn diff(&self, outcome: &Outcome) -> String {
        let path = self
            .candidate
            .path()
            .map_or(Path::new("Dockerfile"), |path| path.strip_prefix(self.folder.path()).unwrap());
        let path = path.to_string_lossy().replace('\\', "/");
        let diff = unified(
            &FileDiff { path: &path, before: Some(&self.text), after: &outcome.text },
            &DiffOptions::default(),
        );
        if diff.is_empty() { "unchanged\n".to_owned() } else { diff }
    }

    /// Without the temporary directory, and with carriage returns and byte order marks that can be seen.
    fn visible(&self, text: &str) -> String {
        let folder = self.folder.path().to_string_lossy().into_owned();
        text.replace(&format!("{folder}/"), "")
            .replace(&folder, ".")
            .replace('\r', "␍")
            .replace('\u{feff}', "‹BOM›")
    }
}

/// A finding, for people; `at` tells where a span of the Dockerfile begins.
fn row(report: &Report, at: impl Fn(Span) -> String) -> String {
    let (what, why) = match &report.disposition {
        Disposition::Fixed(level, why) => (format!("fixed {level}"), Some(why)),
        Disposition::Offered(level, why) => (format!("offered {level}"), Some(why)),
        Disposition::Refused(why) => ("refused".to_owned(), Some(why)),
        Disposition::Kept(why) => ("kept".to_owned(), Some(why)),
        Disposition::Suppressed { comment } => (format!("suppressed by {comment}"), None),
    };
    let mut row = format!("{} {}: {what}", at(report.span), report.id);
    if let Some(why) = why {
        let _ = write!(row, " {}\n  {}\n  {}", why.code, report.message, why.message);
    }
    for hazard in &report.hazards {
        let place = match &hazard.place {
            Some(Place::Here(span)) => at(*span),
            Some(Place::File { name, line: Some(line) }) => format!("{name}:{line}"),
            Some(Place::File { name, line: None }) => name.clone(),
            None => "-".to_owned(),
        };
        let _ = write!(row, "\n  hazard: {place} {}: {}", hazard.id, hazard.message);
    }
    for assumption in &report.assumptions {
        let _ = write!(row, "\n  assumes: {assumption}");
    }
    for note in &report.notes {
        let _ = write!(row, "\n  note: {}", noted(note));
    }
    row + "\n"
}

fn noted(note: &Note) -> String {
    match note {
        Note::RunsAs { uid, gid } => format!("runs as {uid}:{gid}"),
        Note::Writes { path } => format!("writes {path}"),
        Note::Volume { path, source: None } => format!("volume {path}"),
        Note::Volume { path, source: Some(source) } => format!("volume {path} from {source}"),
        Note::LowPort { port } => format!("listens on port {port}"),
        Note::Variable { name } => format!("variable {name}"),
        Note::BuildSecret { id, source, argument } => {
            let source = match source {
                SecretSource::Variable(name) => format!("variable {name}"),
                SecretSource::File(name) => format!("file {name}"),
            };
            let argument = argument.as_ref().map(|name| format!(", no longer argument {name}"));
            format!("build secret {id} from {source}{}", argument.unwrap_or_default())
        }
        Note::BuildSsh => "build with the SSH agent".to_owned(),
        Note::Rotate { name } => format!("replace {name}"),
        Note::Exclude { pattern } => format!("exclude {pattern}"),
    }
}

/// A line that stays keeps its ending, a changed one too; a new one has that of the file or of a line in its place.
fn check_line_endings(before: &Dockerfile, after: &str) {
    let split = |text: &str| -> Vec<(String, String)> {
        let line = |line: &str| {
            let content = line.trim_end_matches(['\r', '\n']);
            (content.to_owned(), line[content.len()..].to_owned())
        };
        text.split_inclusive('\n').map(line).collect()
    };
    let (old, new) = (split(before.text()), split(after));
    let content = |lines: &[(String, String)]| lines.iter().map(|(line, _)| line.clone()).collect::<Vec<_>>();
    for op in capture_diff_slices(Algorithm::Myers, &content(&old), &content(&new)) {
        let (gone, come) = (&old[op.old_range()], &new[op.new_range()]);
        for (index, (line, ending)) in come.iter().enumerate() {
            let fits = match gone.get(index) {
                Some((_, known)) if gone.len() == come.len() => known == ending || known.is_empty(),
                _ => gone.iter().any(|(_, known)| known == ending) || ending == before.line_ending(),
            };
            // The last line needs none.
            assert!(fits || (ending.is_empty() && after.ends_with(line)), "{line:?} has another ending");
        }
    }
}

/// The edits that lead from `before` to `after`, found by comparing the texts: the gate must hold for the result,
/// whatever harden says it did.
fn differences(before: &str, after: &str) -> EditSet {
    let words = |text: &str| -> Vec<String> { words(text).into_iter().map(str::to_owned).collect() };
    let (old, new) = (words(before), words(after));
    let start = |words: &[String], index: usize| words[..index].iter().map(String::len).sum::<usize>() as u32;
    let mut edits = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        if let DiffOp::Equal { .. } = op {
            continue;
        }
        let (gone, come) = (op.old_range(), op.new_range());
        let span = Span::new(start(&old, gone.start), start(&old, gone.end));
        edits.push(Edit::replace(span, new[come].concat()));
    }
    EditSet::new(before, edits).unwrap()
}

/// Words and the characters between them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    for (at, ch) in text.char_indices() {
        if ch.is_alphanumeric() {
            continue;
        }
        if start < at {
            words.push(&text[start..at]);
        }
        start = at + ch.len_utf8();
        words.push(&text[at..start]);
    }
    if start < text.len() {
        words.push(&text[start..]);
    }
    words
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    archive::set_mode(to, 0o755);
    let mut entries: Vec<PathBuf> = fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if entry.is_dir() {
            copy_folder(&entry, &to.join(name));
        } else if let Some(made) = name.strip_suffix(".make") {
            archive::make(&to.join(made), &fs::read_to_string(&entry).unwrap());
        } else {
            fs::copy(&entry, to.join(&name)).unwrap();
            // Git keeps one bit of the mode; the others are those of whoever checked the repository out.
            archive::set_mode(&to.join(name), if archive::is_executable(&entry) { 0o755 } else { 0o644 });
        }
    }
}
