//! What a report says about the world around a Dockerfile: hazards and consequences.

use dockerfile_syntax::Dockerfile;
use harden_core::redact::mask_text;
use harden_core::{Hazard, Note, Place, SecretSource};
use serde::{Deserialize, Serialize};

/// Something a fix could break, or that stops it.
#[derive(Debug, Serialize)]
pub struct HazardReport {
    /// What kind it is; stable.
    pub id: &'static str,
    /// What it is and what would break.
    pub message: String,
    /// The file it was found in; none when an image brings it. The Dockerfile is called as in `path` of its report, other
    /// files as in the build context or as the user spelled them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in characters, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl HazardReport {
    /// `path` and `source` are those of the Dockerfile.
    pub(super) fn new(hazard: &Hazard, path: &str, source: &Dockerfile) -> Self {
        let (file, line, column) = match &hazard.place {
            Some(Place::Here(span)) => {
                let at = source.line_col(span.start);
                (Some(path.to_owned()), Some(at.line), Some(at.column))
            }
            Some(Place::File { name, line }) => (Some(masked(name)), *line, None),
            None => (None, None, None),
        };
        Self { id: hazard.id, message: masked(&hazard.message), file, line, column }
    }
}

/// A consequence of a fix, as data: `kind` tells which fields there are.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum NoteReport {
    /// The container runs as this user.
    RunsAs {
        /// User id.
        uid: u32,
        /// Primary group id.
        gid: u32,
    },
    /// The program writes here; what is mounted over it has to be writable for the user of `runs-as`.
    Writes {
        /// Absolute path in the image.
        path: String,
    },
    /// A volume; one that exists already has to change owner once.
    Volume {
        /// Absolute path in the image.
        path: String,
        /// Its name in a compose file, or the bound folder.
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<String>,
    },
    /// The program listens on a port below 1024.
    LowPort {
        /// The port.
        port: u16,
    },
    /// A variable the image sets no longer; the container has to get it.
    Variable {
        /// Its name.
        name: String,
    },
    /// The build command has to give a secret.
    BuildSecret {
        /// Its id (`--secret id=…`).
        id: String,
        /// The environment variable of the build command it comes from.
        #[serde(skip_serializing_if = "Option::is_none")]
        env: Option<String>,
        /// The file it comes from, if it is not a variable.
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        /// The build argument that gave it before and has no effect any more.
        #[serde(skip_serializing_if = "Option::is_none")]
        argument: Option<String>,
    },
    /// The build needs the SSH agent of whoever builds (`--ssh default`).
    BuildSsh,
    /// A secret that was published and has to be replaced.
    Rotate {
        /// The variable or file that held it.
        name: String,
    },
    /// A file that must stay out of the build context.
    Exclude {
        /// A line for `.dockerignore`.
        pattern: String,
    },
}

impl NoteReport {
    /// Masks what it quotes.
    pub(crate) fn new(note: &Note) -> Self {
        match note {
            Note::RunsAs { uid, gid } => Self::RunsAs { uid: *uid, gid: *gid },
            Note::Writes { path } => Self::Writes { path: masked(path) },
            Note::Volume { path, source } => {
                Self::Volume { path: masked(path), source: source.as_deref().map(masked) }
            }
            Note::LowPort { port } => Self::LowPort { port: *port },
            Note::Variable { name } => Self::Variable { name: masked(name) },
            Note::BuildSecret { id, source, argument } => {
                let (env, file) = match source {
                    SecretSource::Variable(name) => (Some(masked(name)), None),
                    SecretSource::File(path) => (None, Some(masked(path))),
                };
                Self::BuildSecret { id: masked(id), env, file, argument: argument.as_deref().map(masked) }
            }
            Note::BuildSsh => Self::BuildSsh,
            Note::Rotate { name } => Self::Rotate { name: masked(name) },
            Note::Exclude { pattern } => Self::Exclude { pattern: masked(pattern) },
        }
    }

    /// What it was made from; `None` for a build secret without a source, which nobody writes.
    pub(crate) fn into_note(self) -> Option<Note> {
        Some(match self {
            Self::RunsAs { uid, gid } => Note::RunsAs { uid, gid },
            Self::Writes { path } => Note::Writes { path },
            Self::Volume { path, source } => Note::Volume { path, source },
            Self::LowPort { port } => Note::LowPort { port },
            Self::Variable { name } => Note::Variable { name },
            Self::BuildSecret { id, env, file, argument } => {
                let source = env.map(SecretSource::Variable).or(file.map(SecretSource::File))?;
                Note::BuildSecret { id, source, argument }
            }
            Self::BuildSsh => Note::BuildSsh,
            Self::Rotate { name } => Note::Rotate { name },
            Self::Exclude { pattern } => Note::Exclude { pattern },
        })
    }
}

fn masked(text: &str) -> String {
    mask_text(text).into_owned()
}

#[cfg(test)]
mod tests {
    use dockerfile_syntax::Span;
    use serde_json::json;

    use super::*;

    #[test]
    fn hazards_name_their_places() {
        let source = Dockerfile::parse("FROM a\n# é\nVOLUME /data\n");
        let at = u32::try_from(source.text().find("/data").unwrap()).unwrap();
        let places = [
            (
                Some(Place::Here(Span::new(at, at + 5))),
                json!({ "file": "x/Dockerfile", "line": 3, "column": 8 }),
            ),
            (
                Some(Place::File { name: "run.sh".to_owned(), line: Some(7) }),
                json!({ "file": "run.sh", "line": 7 }),
            ),
            (
                Some(Place::File { name: "compose.yaml".to_owned(), line: None }),
                json!({ "file": "compose.yaml" }),
            ),
            (None, json!({})),
        ];
        for (place, mut expected) in places {
            let hazard = Hazard { id: "volume", message: "DB_PASSWORD=hunter2".to_owned(), place };
            expected["id"] = "volume".into();
            expected["message"] = "DB_PASSWORD=********".into();
            let report = HazardReport::new(&hazard, "x/Dockerfile", &source);
            assert_eq!(serde_json::to_value(report).unwrap(), expected);
        }
    }

    #[test]
    fn notes_are_objects_with_a_kind() {
        let volume = |source: Option<&str>| Note::Volume {
            path: "/data".to_owned(),
            source: source.map(str::to_owned),
        };
        let cases = [
            (Note::RunsAs { uid: 10001, gid: 0 }, json!({ "kind": "runs-as", "uid": 10001, "gid": 0 })),
            (Note::Writes { path: "/app/log".to_owned() }, json!({ "kind": "writes", "path": "/app/log" })),
            (volume(None), json!({ "kind": "volume", "path": "/data" })),
            (
                volume(Some("https://me:hunter2@host/x")),
                json!({ "kind": "volume", "path": "/data", "source": "https://me:********@host/x" }),
            ),
            (Note::LowPort { port: 80 }, json!({ "kind": "low-port", "port": 80 })),
            (Note::Variable { name: "TOKEN".to_owned() }, json!({ "kind": "variable", "name": "TOKEN" })),
            (
                Note::BuildSecret {
                    id: "npm".to_owned(),
                    source: SecretSource::Variable("NPM_TOKEN".to_owned()),
                    argument: Some("NPM_TOKEN".to_owned()),
                },
                json!({ "kind": "build-secret", "id": "npm", "env": "NPM_TOKEN", "argument": "NPM_TOKEN" }),
            ),
            (
                Note::BuildSecret {
                    id: "npmrc".to_owned(),
                    source: SecretSource::File(".npmrc".to_owned()),
                    argument: None,
                },
                json!({ "kind": "build-secret", "id": "npmrc", "file": ".npmrc" }),
            ),
            (Note::BuildSsh, json!({ "kind": "build-ssh" })),
            (Note::Rotate { name: "id_rsa".to_owned() }, json!({ "kind": "rotate", "name": "id_rsa" })),
            (Note::Exclude { pattern: ".env".to_owned() }, json!({ "kind": "exclude", "pattern": ".env" })),
        ];
        for (note, expected) in cases {
            assert_eq!(serde_json::to_value(NoteReport::new(&note)).unwrap(), expected);
        }
    }
}
