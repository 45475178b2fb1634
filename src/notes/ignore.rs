//! `.dockerignore`: which file counts for a Dockerfile, and what may be added to it.
//!
//! Source of facts: BuildKit, `frontend/dockerui` (`<Dockerfile>.dockerignore` takes the place of the one in the context)
//! and moby/patternmatcher (the last rule that matches decides).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dockerfile_syntax::{Dockerfile, Flag, Instruction, Keyword};
use harden_core::{Answer, Build, BuildSetup, Scopes, State};

use super::lines::append;
use super::words::clean;
use crate::facts::context::BuildContext;

/// What COPY, ADD and bind mounts take out of the build context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// Sources, variables expanded.
    sources: BTreeSet<String>,
    /// Sources that depend on the build, as written.
    unknown: BTreeSet<String>,
}

impl Needs {
    /// Of a whole Dockerfile; what ONBUILD takes comes out of another context.
    pub(super) fn of(text: &str, setup: &BuildSetup) -> Self {
        let file = Dockerfile::parse(text);
        let build = Build::new(&file);
        let scopes = Scopes::new(&build, setup);
        let mut needs = Self::default();
        for stage in &build.stages {
            scopes.walk(stage.index, |scopes, instruction, state| needs.step(scopes, instruction, state));
        }
        needs
    }

    fn step(&mut self, scopes: &Scopes<'_, '_>, instruction: Instruction<'_>, state: &State) {
        match instruction.keyword() {
            Keyword::Copy | Keyword::Add => {
                let from = instruction.flag("from").and_then(Flag::value);
                let Some(copy) = instruction.copy().filter(|_| from.is_none_or(str::is_empty)) else {
                    return;
                };
                for source in copy.sources.iter().map(|one| &*one.text).filter(|text| is_local(text)) {
                    self.add(scopes, state, source);
                }
            }
            Keyword::Run => {
                for fields in
                    instruction.flags().filter(|flag| flag.name() == "mount").filter_map(Flag::mount)
                {
                    let value = |keys: &[&str]| {
                        let field = fields.iter().find(|field| keys.contains(&field.key.as_str()));
                        field.and_then(|field| field.value.as_deref()).filter(|value| !value.is_empty())
                    };
                    if value(&["type"]).unwrap_or("bind") == "bind" && value(&["from"]).is_none() {
                        self.add(scopes, state, value(&["source", "src"]).unwrap_or("."));
                    }
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, scopes: &Scopes<'_, '_>, state: &State, source: &str) {
        match scopes.expand_text(state, source) {
            Ok(one) if one.arguments.is_empty() => self.sources.insert(one.text),
            _ => self.unknown.insert(source.to_owned()),
        };
    }

    /// Whether a file that is not there yet could be among what is taken.
    pub(super) fn may_take(&self, path: &str) -> bool {
        let takes = |source: &String| {
            let source = clean_path(source);
            let first = source.split('/').next().unwrap_or_default();
            let below =
                path.strip_prefix(&*source).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            source.is_empty() || below || first.contains(WILDCARDS)
        };
        !self.unknown.is_empty() || self.sources.iter().any(takes)
    }

    /// A source that is more than the whole context and is there.
    fn proves(&self, context: &BuildContext) -> bool {
        let found = |source: &String| match context.source(source) {
            Answer::Known(found) => found.entries.iter().any(|entry| entry.path != "."),
            Answer::Unknown(_) | Answer::NotAsked => false,
        };
        self.unknown.is_empty() && self.sources.iter().any(found)
    }
}

/// What makes a name a pattern, in COPY and in `.dockerignore`.
const WILDCARDS: [char; 4] = ['*', '?', '[', '\\'];

/// A path from the root of the context, where `..` does not leave it; empty for the root itself.
fn clean_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn is_local(source: &str) -> bool {
    !source.starts_with("<<") && !source.contains("://") && !source.starts_with("git@")
}

/// The file that counts for a Dockerfile: its own one, else the one of its context.
pub(super) fn place(dockerfile: &Path, context: &Path) -> PathBuf {
    let own = own_name(dockerfile);
    if own.is_file() { own } else { context.join(".dockerignore") }
}

fn own_name(dockerfile: &Path) -> PathBuf {
    let mut name = dockerfile.file_name().unwrap_or_default().to_owned();
    name.push(".dockerignore");
    dockerfile.with_file_name(name)
}

/// Whether a folder that nothing names as the build context is one all the same: it has a `.dockerignore` or is the root
/// of a repository, or the Dockerfile copies something by name that is there.
pub(super) fn is_context(folder: &Path, dockerfile: &Path, needs: &Needs) -> bool {
    folder.join(".dockerignore").is_file()
        || folder.join(".git").exists()
        || BuildContext::open(folder, Some(dockerfile)).is_ok_and(|context| needs.proves(&context))
}

/// A Dockerfile that reads the ignore file.
pub(super) struct Reader<'r> {
    pub(super) dockerfile: &'r Path,
    pub(super) needs: Needs,
}

/// What became of the patterns.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Merged {
    /// The whole file.
    pub(super) text: String,
    /// Patterns that were not added, with the reason, fit to be printed.
    pub(super) refused: Vec<(String, String)>,
}

/// Adds the patterns that do no harm to the end of the file, where no earlier `!` can take them back. `readers` are the
/// Dockerfiles it counts for.
pub(super) fn merge(
    text: &str,
    patterns: &BTreeSet<String>,
    context: &Path,
    readers: &[Reader<'_>],
) -> Merged {
    let mut merged = Merged { text: text.to_owned(), refused: Vec::new() };
    for pattern in patterns {
        match check(&merged.text, pattern, context, readers) {
            Ok(Some(text)) => merged.text = text,
            Ok(None) => {}
            Err(why) => merged.refused.push((clean(pattern), why)),
        }
    }
    merged
}

/// The file with the pattern; `None` when it does not need it.
fn check(
    text: &str,
    pattern: &str,
    context: &Path,
    readers: &[Reader<'_>],
) -> Result<Option<String>, String> {
    // A pattern that would be masked, or shown in another way, is nothing to write or to tell.
    if pattern.is_empty()
        || pattern.trim() != pattern
        || pattern.starts_with(['#', '!'])
        || clean(pattern) != pattern
    {
        return Err("it cannot be written as a line of its own".to_owned());
    }
    let rules: Vec<&str> = text.lines().map(|line| line.trim_start_matches('\u{feff}').trim()).collect();
    let same = |line: &str| line.trim_start_matches('/') == pattern.trim_start_matches('/');
    let exception = |line: &str| line.strip_prefix('!').is_some_and(|rest| same(rest.trim()));
    if rules.iter().any(|line| exception(line)) {
        return Err(format!("the file takes it back with `!{}` on purpose", clean(pattern)));
    }
    if let Some(at) = rules.iter().rposition(|line| same(line)) {
        let later = rules.iter().skip(at).any(|line| line.starts_with('!'));
        if later && Trial::new(text)?.sends(pattern)? {
            return Err("a later `!` in the file takes it back".to_owned());
        }
        return Ok(None);
    }
    let before = Trial::new(text)?;
    if !pattern.contains(WILDCARDS) && !before.sends(pattern)? {
        return Ok(None);
    }
    let with = append(text, [pattern]);
    let after = Trial::new(&with)?;
    for reader in readers {
        let name = || clean(&reader.dockerfile.to_string_lossy());
        if let Some(unknown) = reader.needs.unknown.first() {
            let source = clean(unknown);
            return Err(format!("{} copies `{source}`, which depends on the build", name()));
        }
        for source in &reader.needs.sources {
            // A file that is made before the build is not there now.
            let named = !source.contains(WILDCARDS) && !clean_path(source).is_empty();
            let lost = named && before.sends(source)? && !after.sends(source)?;
            if lost || !before.entries(context, source)?.is_subset(&after.entries(context, source)?) {
                return Err(format!("{} needs `{}` out of the build context", name(), clean(source)));
            }
        }
    }
    Ok(Some(with))
}

/// Rules that no Dockerfile has yet, asked of the reader of build contexts: it finds them beside a Dockerfile that does
/// not exist, in a folder of their own.
struct Trial {
    folder: tempfile::TempDir,
}

impl Trial {
    fn new(text: &str) -> Result<Self, String> {
        let failed = |error: std::io::Error| {
            format!("it cannot be tried out in the folder for temporary files: {error}")
        };
        let folder = tempfile::Builder::new().prefix("harden-").tempdir().map_err(failed)?;
        std::fs::write(own_name(&folder.path().join("Dockerfile")), text).map_err(failed)?;
        Ok(Self { folder })
    }

    fn open(&self, context: &Path) -> Result<BuildContext, String> {
        BuildContext::open(context, Some(&self.folder.path().join("Dockerfile"))).map_err(|why| why.message)
    }

    /// The paths a source names.
    fn entries(&self, context: &Path, source: &str) -> Result<BTreeSet<String>, String> {
        match self.open(context)?.source(source) {
            Answer::Known(found) => Ok(found.entries.into_iter().map(|entry| entry.path).collect()),
            Answer::Unknown(why) => Err(self.without_folder(&why.message)),
            Answer::NotAsked => Ok(BTreeSet::new()),
        }
    }

    /// Whether a file would be sent to the builder if it were there: it is asked about in a context of its own.
    fn sends(&self, path: &str) -> Result<bool, String> {
        let failed = |error: std::io::Error| format!("it cannot be tried out: {error}");
        let context = tempfile::tempdir_in(self.folder.path()).map_err(failed)?;
        let path = clean_path(path);
        let file = context.path().join(&path);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(&file, "").map_err(failed)?;
        Ok(!self.entries(context.path(), &path)?.is_empty())
    }

    /// A message about the file on trial is about the real one.
    fn without_folder(&self, message: &str) -> String {
        let folder = self.folder.path().to_string_lossy();
        clean(&message.replace(&format!("{folder}/Dockerfile"), "").replace(&*folder, ""))
    }
}
