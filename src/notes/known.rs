//! The notes of one Dockerfile, of this run and of earlier ones.

use std::collections::BTreeSet;

use harden_core::{Disposition, Note, Outcome, SecretSource};

use super::words::clean;
use crate::output::json::NoteReport;

/// Everything there is to say about one Dockerfile. All names are fit to be printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known(BTreeSet<Note>);

impl Known {
    /// The notes of the fixes that were made.
    pub(super) fn of(outcome: &Outcome) -> Self {
        fixed(outcome).cloned().collect()
    }

    /// Whether something is left to do for whoever builds or runs the image: that another user writes to its own
    /// directories is not.
    pub(super) fn asks_for_something(&self) -> bool {
        self.0.iter().any(|note| !matches!(note, Note::RunsAs { .. } | Note::Writes { .. }))
    }

    /// Adds a file that must stay out of the build context.
    pub(super) fn exclude(&mut self, pattern: &str) {
        self.0.insert(cleaned(Note::Exclude { pattern: pattern.to_owned() }));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These and what an earlier run found. A file that is hardened has no findings left, so what was said about it
    /// stays true until it is said anew.
    pub(super) fn after(mut self, earlier: Self) -> Self {
        let renewed = self.0.iter().any(|note| matches!(note, Note::RunsAs { .. }));
        self.0.extend(earlier.0.into_iter().filter(|note| !(renewed && matches!(note, Note::RunsAs { .. }))));
        self
    }

    /// As one line without `>`, so that it can stand in a comment of HTML.
    pub(super) fn to_line(&self) -> String {
        let reports: Vec<_> = self.0.iter().map(NoteReport::new).collect();
        // Structs of strings and numbers can always be encoded.
        serde_json::to_string(&reports).unwrap_or_default().replace('>', "\\u003e")
    }

    /// What [`to_line`](Self::to_line) wrote; `None` when it is something else.
    pub(super) fn from_line(line: &str) -> Option<Self> {
        let reports: Vec<NoteReport> = serde_json::from_str(line).ok()?;
        reports.into_iter().map(NoteReport::into_note).collect()
    }

    /// User and group, where all stages that got one have the same.
    pub(super) fn user(&self) -> Option<(u32, u32)> {
        let mut users = self.0.iter().filter_map(|note| match note {
            Note::RunsAs { uid, gid } => Some((*uid, *gid)),
            _ => None,
        });
        users.next().filter(|_| users.next().is_none())
    }

    /// Whether a stage got a user.
    pub(super) fn has_user(&self) -> bool {
        self.0.iter().any(|note| matches!(note, Note::RunsAs { .. }))
    }

    /// Directories the program writes to.
    pub(super) fn writes(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter_map(|note| if let Note::Writes { path } = note { Some(path.as_str()) } else { None })
    }

    /// Volumes, with their sources.
    pub(super) fn volumes(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().filter_map(|note| match note {
            Note::Volume { path, source } => Some((path.as_str(), source.as_deref())),
            _ => None,
        })
    }

    /// Ports below 1024.
    pub(super) fn low_ports(&self) -> impl Iterator<Item = u16> {
        self.0.iter().filter_map(|note| if let Note::LowPort { port } = note { Some(*port) } else { None })
    }

    /// Names of variables that have to be given.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter_map(|note| if let Note::Variable { name } = note { Some(name.as_str()) } else { None })
    }

    /// Secrets of the build: id, source, and the argument that has no effect any more.
    pub(super) fn build_secrets(&self) -> impl Iterator<Item = (&str, &SecretSource, Option<&str>)> {
        self.0.iter().filter_map(|note| match note {
            Note::BuildSecret { id, source, argument } => Some((id.as_str(), source, argument.as_deref())),
            _ => None,
        })
    }

    /// Whether the build needs an SSH agent.
    pub(super) fn needs_ssh(&self) -> bool {
        self.0.contains(&Note::BuildSsh)
    }

    /// What held secrets that have to be replaced.
    pub(super) fn rotate(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter_map(|note| if let Note::Rotate { name } = note { Some(name.as_str()) } else { None })
    }

    /// Patterns that keep files out of the build context.
    pub(super) fn excludes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|note| {
            if let Note::Exclude { pattern } = note { Some(pattern.as_str()) } else { None }
        })
    }
}

impl FromIterator<Note> for Known {
    fn from_iter<I: IntoIterator<Item = Note>>(notes: I) -> Self {
        Self(notes.into_iter().map(cleaned).collect())
    }
}

/// The notes of the fixes that were made, as they are.
pub(super) fn fixed(outcome: &Outcome) -> impl Iterator<Item = &Note> {
    let fixed = outcome.reports.iter().filter(|one| matches!(one.disposition, Disposition::Fixed(..)));
    fixed.flat_map(|report| &report.notes)
}

fn cleaned(note: Note) -> Note {
    match note {
        Note::RunsAs { .. } | Note::LowPort { .. } | Note::BuildSsh => note,
        Note::Writes { path } => Note::Writes { path: clean(&path) },
        Note::Volume { path, source } => {
            Note::Volume { path: clean(&path), source: source.as_deref().map(clean) }
        }
        Note::Variable { name } => Note::Variable { name: clean(&name) },
        Note::BuildSecret { id, source, argument } => Note::BuildSecret {
            id: clean(&id),
            source: match source {
                SecretSource::Variable(name) => SecretSource::Variable(clean(&name)),
                SecretSource::File(path) => SecretSource::File(clean(&path)),
            },
            argument: argument.as_deref().map(clean),
        },
        Note::Rotate { name } => Note::Rotate { name: clean(&name) },
        Note::Exclude { pattern } => Note::Exclude { pattern: clean(&pattern) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(notes: impl IntoIterator<Item = Note>) -> Known {
        notes.into_iter().collect()
    }

    fn variable(name: &str) -> Note {
        Note::Variable { name: name.to_owned() }
    }

    #[test]
    fn notes_survive_a_comment() {
        let all = known([
            Note::RunsAs { uid: 1, gid: 2 },
            Note::Writes { path: "/a-->b".to_owned() },
            Note::Volume { path: "/v".to_owned(), source: Some("data".to_owned()) },
            Note::LowPort { port: 80 },
            variable("A"),
            Note::BuildSecret {
                id: "x".to_owned(),
                source: SecretSource::Variable("X".to_owned()),
                argument: Some("X".to_owned()),
            },
            Note::BuildSecret {
                id: "f".to_owned(),
                source: SecretSource::File(".npmrc".to_owned()),
                argument: None,
            },
            Note::BuildSsh,
            Note::Rotate { name: "A".to_owned() },
            Note::Exclude { pattern: "**/.env".to_owned() },
        ]);
        let line = all.to_line();
        assert!(!line.contains('>') && !line.contains('\n'), "{line}");
        assert_eq!(Known::from_line(&line), Some(all));
        for broken in
            ["", "[", "{}", "[{\"kind\":\"variable\"}]", "[{\"kind\":\"build-secret\",\"id\":\"x\"}]"]
        {
            assert_eq!(Known::from_line(broken), None, "{broken}");
        }
    }

    #[test]
    fn what_was_said_stays_and_the_user_is_said_anew() {
        let earlier = known([Note::RunsAs { uid: 1, gid: 1 }, variable("A")]);
        let now = known([variable("B")]).after(earlier.clone());
        assert_eq!(now.variables().collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(now.user(), Some((1, 1)));
        assert_eq!(known([Note::RunsAs { uid: 2, gid: 2 }]).after(earlier).user(), Some((2, 2)));
    }

    #[test]
    fn only_users_and_their_directories_ask_for_nothing() {
        let quiet = known([Note::RunsAs { uid: 1, gid: 1 }, Note::Writes { path: "/a".to_owned() }]);
        assert!(!quiet.asks_for_something() && !quiet.is_empty());
        assert!(known([Note::BuildSsh]).asks_for_something());
    }
}
