//! The secrets of a verification: which must not be in the new image, and how they stay out of what is printed.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use dockerfile_syntax::{Dockerfile, Keyword};
use harden_core::{Note, SecretSource, redact};

/// Most secrets that are searched for.
const MAX_NEEDLES: usize = 64;
/// Bytes of a secret in a file that are read.
const MAX_SECRET: u64 = 64 << 10;
/// Shorter values are words like others; nothing is said about them.
const MIN_LENGTH: usize = 4;

/// A value that must not be in the new image.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Needle {
    /// What it is, without its value: `the secret in line 4`.
    pub(super) label: String,
    pub(super) value: String,
    /// It is looked for in the content of files, too. A short or simple word may stand there by itself.
    pub(super) in_layers: bool,
}

impl std::fmt::Debug for Needle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Needle").field("label", &self.label).finish_non_exhaustive()
    }
}

impl Needle {
    fn new(label: String, value: String) -> Option<Self> {
        if value.len() < MIN_LENGTH {
            return None;
        }
        let letters = value.bytes().any(|byte| byte.is_ascii_alphabetic());
        let others = value.bytes().any(|byte| !byte.is_ascii_alphabetic());
        let in_layers = value.len() >= 16 || (value.len() >= 8 && letters && others);
        Some(Self { label, value, in_layers })
    }

    /// Whether a text of the configuration holds it. A simple word has to stand where values stand.
    pub(super) fn is_in(&self, text: &str) -> bool {
        if self.in_layers {
            return text.contains(&self.value);
        }
        let before = |byte: u8| matches!(byte, b'=' | b':' | b'"' | b'\'');
        let after = |byte: u8| !byte.is_ascii_alphanumeric();
        text == self.value
            || text.match_indices(&self.value).any(|(at, _)| {
                let bytes = text.as_bytes();
                at.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(|&byte| before(byte))
                    && bytes.get(at + self.value.len()).is_none_or(|&byte| after(byte))
            })
    }

    /// Whether a JSON document holds it, plain or escaped.
    pub(super) fn is_in_json(&self, json: &str) -> bool {
        let escaped = serde_json::to_string(&self.value).unwrap_or_default();
        let escaped = escaped.trim_matches('"');
        // Go escapes these, too.
        let go = escaped.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        json.contains(escaped) || json.contains(&go)
    }
}

/// A `--secret` of the command line.
pub(super) struct Given {
    pub(super) id: String,
    value: Option<String>,
}

impl Given {
    /// Reads what an option names; its value is only known to be kept out of sight.
    pub(super) fn read(option: &str) -> Self {
        let field = |names: &[&str]| {
            option
                .split(',')
                .filter_map(|part| part.split_once('='))
                .find_map(|(name, value)| names.contains(&name.trim()).then(|| value.trim().to_owned()))
        };
        let id = field(&["id"]).unwrap_or_default();
        let value = match (field(&["env"]), field(&["src", "source"])) {
            (Some(name), _) => std::env::var(name).ok(),
            (None, Some(path)) => read(Path::new(&path)),
            // A variable of that name comes before a file (Docker documentation, "docker buildx build").
            (None, None) => std::env::var(&id).ok().or_else(|| read(Path::new(&id))),
        };
        Self { id, value }
    }
}

fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MAX_SECRET).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// What must not be in the new image: the secrets of the old text that are not in the new one, and those that are given.
pub(super) fn needles(before: &str, after: &str, given: &[Given]) -> Vec<Needle> {
    let kept: BTreeSet<String> = spans(after).into_iter().map(|(_, value)| value).collect();
    let mut known = BTreeSet::new();
    let mut needles = Vec::new();
    for (line, value) in spans(before) {
        if kept.contains(&value) || !known.insert(value.clone()) {
            continue;
        }
        let needle = Needle::new(format!("the secret in line {line}"), value);
        // A simple word that the new file uses for something else would be found for that.
        needles.extend(needle.filter(|needle| needle.in_layers || !after.contains(&needle.value)));
    }
    for secret in given {
        let values = secret.value.iter().flat_map(|value| value.lines()).map(str::trim);
        let longest = values.max_by_key(|line| line.len()).unwrap_or_default();
        if known.insert(longest.to_owned()) {
            let needle = Needle::new(format!("the build secret {}", secret.id), longest.to_owned());
            needles.extend(needle.filter(|needle| needle.in_layers));
        }
    }
    needles.truncate(MAX_NEEDLES);
    needles
}

fn spans(text: &str) -> Vec<(u32, String)> {
    let file = Dockerfile::parse(text);
    let spans = redact::secret_spans(&file);
    spans
        .into_iter()
        .map(|span| (file.line_col(span.start).line, file.slice(span).trim_matches(['"', '\'']).to_owned()))
        .collect()
}

/// What a rewritten build needs besides: options, and variables for the builder.
#[derive(Default)]
pub(super) struct Extra {
    pub(super) options: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    /// Secrets whose values are not known.
    pub(super) missing: Vec<String>,
}

/// Gives the steps of the new Dockerfile the secrets that stood in the old one, or in its build arguments.
pub(super) fn extra(
    before: &str,
    notes: &[Note],
    given: &[Given],
    arguments: &[(String, String)],
    context: &Path,
) -> Extra {
    let mut extra = Extra::default();
    let literals = literals(before);
    for note in notes {
        match note {
            Note::BuildSecret { id, .. } if given.iter().any(|one| one.id == *id) => {}
            Note::BuildSecret { id, source: SecretSource::Variable(name), argument } => {
                let wanted = argument.as_ref().unwrap_or(name);
                let of = |list: &[(String, String)]| {
                    list.iter()
                        .rev()
                        .find(|(known, _)| known == wanted || known == name)
                        .map(|(_, value)| value.clone())
                };
                match of(arguments).or_else(|| of(&literals)).or_else(|| std::env::var(name).ok()) {
                    None => extra.missing.push(id.clone()),
                    Some(value) => {
                        let variable = format!("HARDEN_VERIFY_SECRET_{}", extra.environment.len());
                        extra.options.extend(["--secret".to_owned(), format!("id={id},env={variable}")]);
                        extra.environment.push((variable, value));
                    }
                }
            }
            Note::BuildSecret { id, source: SecretSource::File(path), .. } => {
                let places = [context.join(path), Path::new(path).to_path_buf()];
                match places.iter().find(|place| place.is_file()) {
                    None => extra.missing.push(id.clone()),
                    Some(place) => {
                        let option = format!("id={id},src={}", place.display());
                        extra.options.extend(["--secret".to_owned(), option]);
                    }
                }
            }
            Note::BuildSsh if std::env::var_os("SSH_AUTH_SOCK").is_some() => {
                extra.options.extend(["--ssh".to_owned(), "default".to_owned()]);
            }
            Note::BuildSsh => extra.missing.push("ssh".to_owned()),
            _ => {}
        }
    }
    extra
}

/// Variables and arguments of a Dockerfile with their values, where these are written out.
fn literals(text: &str) -> Vec<(String, String)> {
    let file = Dockerfile::parse(text);
    let declarations = file.instructions().filter(|one| matches!(one.keyword(), Keyword::Arg | Keyword::Env));
    let pairs = declarations.flat_map(dockerfile_syntax::Instruction::pairs);
    pairs
        .filter_map(|pair| {
            let value = pair.value?.expand(&|_| None).ok()?;
            let whole = !pair.value?.text().contains('$');
            whole.then(|| (pair.key.text().to_owned(), value.text))
        })
        .collect()
}

/// Values that must not be printed.
#[derive(Default)]
pub(super) struct Hidden(Vec<String>);

impl Hidden {
    pub(super) fn new(
        needles: &[Needle],
        given: &[Given],
        more: &[(String, String)],
        texts: [&str; 2],
    ) -> Self {
        let spans = texts.into_iter().flat_map(spans).map(|(_, value)| value);
        let values = needles.iter().map(|needle| needle.value.clone());
        let values = values.chain(given.iter().filter_map(|one| one.value.clone()));
        let values = values.chain(more.iter().map(|(_, value)| value.clone())).chain(spans);
        let lines =
            values.flat_map(|value| value.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>());
        let mut lines: Vec<_> = lines.filter(|line| line.len() >= MIN_LENGTH).collect();
        // The longer ones first: one may be a part of another.
        lines.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        lines.dedup();
        Self(lines)
    }

    /// A line without them, and without whatever else looks like a secret.
    pub(super) fn mask(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for value in &self.0 {
            if line.contains(value.as_str()) {
                line = line.replace(value.as_str(), redact::MASK);
            }
        }
        redact::mask_text(&line).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_are_gone_are_searched_for() {
        let before =
            "FROM a\nENV DB_PASSWORD=hunter2hunter2 API_TOKEN=s3cr3t-value-9\nENV ADMIN_PASSWORD=plain\n";
        let after = "FROM a\nENV API_TOKEN=s3cr3t-value-9\n";
        let found = needles(before, after, &[]);
        let values: Vec<_> =
            found.iter().map(|one| (one.value.as_str(), one.in_layers, one.label.as_str())).collect();
        assert_eq!(
            values,
            [("hunter2hunter2", true, "the secret in line 2"), ("plain", false, "the secret in line 3")]
        );
        assert!(!format!("{found:?}").contains("hunter2"));
    }

    #[test]
    fn simple_words_count_where_values_stand() {
        let needle = Needle::new(String::new(), "plain".into()).unwrap();
        for text in ["plain", "A=plain", "echo A='plain' && b", "x:plain@host"] {
            assert!(needle.is_in(text), "{text}");
        }
        for text in ["plainly", "a plain word", "A=plains", "explain=1"] {
            assert!(!needle.is_in(text), "{text}");
        }
    }

    #[test]
    fn what_the_file_said_is_given_to_the_build() {
        let note = |id: &str, name: &str, argument: Option<&str>| Note::BuildSecret {
            id: id.into(),
            source: SecretSource::Variable(name.into()),
            argument: argument.map(str::to_owned),
        };
        let before = "FROM a\nARG NPM_TOKEN='npm one'\nENV PIP=two OTHER=$PIP\n";
        let notes =
            [note("npm", "NPM_TOKEN", Some("NPM_TOKEN")), note("pip", "PIP", None), note("x", "OTHER", None)];
        let none = Path::new("/nonexistent");
        let found = extra(before, &notes, &[], &[], none);
        assert_eq!(
            found.options,
            [
                "--secret",
                "id=npm,env=HARDEN_VERIFY_SECRET_0",
                "--secret",
                "id=pip,env=HARDEN_VERIFY_SECRET_1"
            ]
        );
        let values: Vec<_> = found.environment.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["npm one", "two"]);
        assert_eq!(found.missing, ["x"]);
        let arguments = [("NPM_TOKEN".to_owned(), "given".to_owned())];
        let found = extra(before, &notes[..1], &[], &arguments, none);
        assert_eq!(found.environment[0].1, "given");
        let given = Given { id: "npm".into(), value: None };
        assert!(extra(before, &notes[..1], &[given], &arguments, none).options.is_empty());
    }

    #[test]
    fn nothing_hidden_is_shown() {
        let given = Given { id: "a".into(), value: Some("first-line\nsecond-line\n".into()) };
        let hidden = Hidden::new(&[], &[given], &[], ["FROM a\nENV X_PASSWORD=correct.horse\n", ""]);
        let shown = hidden.mask("got second-line, correct.horse and TOKEN=abc123def");
        assert!(
            !shown.contains("second") && !shown.contains("horse") && !shown.contains("abc123"),
            "{shown}"
        );
    }
}
