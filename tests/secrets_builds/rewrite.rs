//! What harden makes of a case: its program writes the files, the library gives the notes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use harden::Engine;
use harden::discover::{Input, Options, discover};
use harden::facts::file::RecordedFacts;
use harden_core::{Disposition, Level, Note, Policy, SecretSource, Transform};

use crate::process::run;

const NAME: &str = "env-secrets";

/// A rewritten repository.
pub(crate) struct Rewritten {
    pub(crate) text: String,
    pub(crate) notes: Vec<Note>,
    /// The transforms that changed something.
    pub(crate) transforms: Vec<&'static str>,
}

/// Which transforms run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum With {
    /// `env-secrets`.
    Alone,
    /// Every transform.
    All,
}

/// The notes of the fixes that are made, and the text; nothing is written.
fn plan(repository: &Path, facts: &RecordedFacts, with: With, level: Level) -> Rewritten {
    let context = repository.join("context");
    let text = fs::read_to_string(context.join("Dockerfile")).unwrap();
    let options = Options { context: Some(context.clone()), ..Options::default() };
    let mut found = discover(&[Input::Path(context)], &options);
    assert_eq!(found.problems, []);
    let candidate = found.candidates.pop().unwrap();
    let wanted = |one: &&dyn Transform| with == With::All || one.meta().name == NAME;
    let transforms = harden_transforms::all().iter().copied().filter(wanted).collect();
    let engine = Engine { transforms, policy: Policy::at(level), images: facts };
    let outcome = engine.rewrite(&text, &candidate).unwrap();
    let mut transforms: Vec<_> = outcome.patches.iter().map(|one| one.transform).collect();
    transforms.dedup();
    let fixed = outcome.reports.into_iter().filter(|one| matches!(one.disposition, Disposition::Fixed(..)));
    let mut notes: Vec<Note> = fixed.flat_map(|one| one.notes).collect();
    notes.sort();
    notes.dedup();
    Rewritten { text: outcome.text.to_string(), notes, transforms }
}

/// The level at which `env-secrets` first changes something.
pub(crate) fn level(repository: &Path, facts: &RecordedFacts) -> Option<Level> {
    let original = fs::read_to_string(repository.join("context/Dockerfile")).unwrap();
    [Level::Safe, Level::Review, Level::Suggest]
        .into_iter()
        .find(|level| plan(repository, facts, With::Alone, *level).text != original)
}

/// Runs the program with `--write`, twice. An error is a sentence for people.
pub(crate) fn write(
    repository: &Path,
    facts: &RecordedFacts,
    with: With,
    level: Level,
) -> Result<Rewritten, String> {
    let planned = plan(repository, facts, with, level);
    let recorded = repository.join("facts.json");
    fs::write(&recorded, facts.to_json()).unwrap();
    let harden = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_harden"));
        command
            .args(["--write", "--offline", "--context", "context", "--level", level.as_str(), "--facts"])
            .arg(&recorded);
        if with == With::Alone {
            command.args(["--only", NAME]);
        }
        let done = run(command.arg("context").current_dir(repository).env("XDG_CACHE_HOME", repository));
        // 3: findings remain that need a person.
        if matches!(done.code, Some(0 | 3)) { Ok(()) } else { Err(format!("harden: {}", done.last_words())) }
    };
    let read = |name: &str| fs::read_to_string(repository.join("context").join(name)).unwrap_or_default();
    let files = || ["Dockerfile", "Dockerfile.runtime.md", ".env.example", ".dockerignore"].map(read);
    harden()?;
    let [written, page, variables, ignored] = files();
    if written != planned.text {
        return Err(format!("the program wrote\n{written}\nand the library\n{}", planned.text));
    }
    for note in &planned.notes {
        let (file, wanted) = match note {
            Note::BuildSecret { .. } | Note::BuildSsh => (&page, option(note).unwrap_or_default().join(" ")),
            Note::Variable { name } => (&variables, format!("{name}=")),
            Note::Exclude { pattern } => (&ignored, pattern.clone()),
            Note::Rotate { name } => (&page, name.clone()),
            _ => continue,
        };
        if !file.contains(&wanted) {
            return Err(format!("the files beside the Dockerfile do not say {wanted:?}:\n{file}"));
        }
    }
    harden()?;
    if files() != [written, page, variables, ignored] {
        return Err("a second run changes something".to_owned());
    }
    Ok(planned)
}

/// What a note adds to the build command.
fn option(note: &Note) -> Option<[String; 2]> {
    let (name, value) = match note {
        Note::BuildSecret { id, source: SecretSource::Variable(name), .. } => {
            ("--secret", format!("id={id},env={name}"))
        }
        Note::BuildSecret { id, source: SecretSource::File(path), .. } => {
            ("--secret", format!("id={id},src={path}"))
        }
        Note::BuildSsh => ("--ssh", "default".to_owned()),
        _ => return None,
    };
    Some([name.to_owned(), value])
}

impl Rewritten {
    /// What the build command needs now.
    pub(crate) fn options(&self) -> Vec<String> {
        self.notes.iter().filter_map(option).flatten().collect()
    }

    /// The environment variables that secrets come from.
    pub(crate) fn variables(&self) -> Vec<&str> {
        let name = |note| match note {
            &Note::BuildSecret { source: SecretSource::Variable(ref name), .. } => Some(name.as_str()),
            _ => None,
        };
        self.notes.iter().filter_map(name).collect()
    }

    /// The build arguments of the original that are still arguments.
    pub(crate) fn arguments(&self, original: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let gone = |wanted: &String| {
            let is = |note: &Note| matches!(note, Note::BuildSecret { argument: Some(name), .. } if name == wanted);
            self.notes.iter().any(is)
        };
        original
            .iter()
            .filter(|(name, _)| !gone(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}
