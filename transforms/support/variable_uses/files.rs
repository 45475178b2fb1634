//! Configuration files of the build context that may name a variable: `.npmrc`, `requirements.txt`, `Gemfile`.

use std::collections::BTreeSet;
use std::sync::Arc;

use harden_core::syntax::Keyword;
use harden_core::{Build, Context, Missing};

use super::mentions;

/// Most paths that are looked at for one command.
const MAX_PATHS: usize = 64;

/// Most instructions that are looked at for one command. Real stages have less than a hundred.
const MAX_STEPS: usize = 1000;

/// A file of the build context.
pub(crate) enum FileText {
    /// Its text.
    Text(Arc<str>),
    /// There is none, so it is not in the image either.
    Absent,
    /// Nobody can say.
    Unknown,
}

impl FileText {
    /// Asks for a file of the build context.
    pub(super) fn read(ctx: &Context<'_>, path: &str) -> Self {
        match ctx.context_text(path) {
            Ok(text) => Self::Text(text),
            Err(Missing::Unknown(why)) => match why.code {
                "not-found" | "ignored-by-dockerignore" => Self::Absent,
                _ => Self::Unknown,
            },
            Err(Missing::Pending) => Self::Unknown,
        }
    }
}

/// What the configuration files say of a variable.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Config {
    /// This one names it.
    Names(String),
    /// None names it.
    Silent,
    /// One of them runs scripts of the project, or cannot be read.
    Unknown,
}

/// Words of a manifest after which installing runs scripts of the project itself (npm documentation, "scripts";
/// Composer documentation, "Scripts").
const OWN_SCRIPTS: &[(&str, &[&str])] = &[
    ("package.json", &["\"preinstall\"", "\"install\"", "\"postinstall\"", "\"prepare\""]),
    (
        "composer.json",
        &["\"pre-install-cmd\"", "\"post-install-cmd\"", "\"pre-autoload-dump\"", "\"post-autoload-dump\""],
    ),
];

/// The configuration files a RUN of a stage may find.
pub(super) struct ConfigFiles<'f> {
    build: &'f Build<'f>,
    stage: usize,
    texts: &'f dyn Fn(&str) -> FileText,
    /// An earlier step names the variable, so that it may have written a file that does.
    written: bool,
}

impl<'f> ConfigFiles<'f> {
    pub(super) fn new(
        build: &'f Build<'_>,
        stage: usize,
        texts: &'f dyn Fn(&str) -> FileText,
        written: bool,
    ) -> Self {
        Self { build, stage, texts, written }
    }

    /// What the files with these names (without folders) say, wherever a COPY or a mount of the stage takes them from.
    pub(super) fn say(&self, names: &[&str], variable: &str) -> Config {
        if self.written {
            return Config::Unknown;
        }
        let mut paths: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
        let Some(sources) = self.sources() else { return Config::Unknown };
        for source in sources {
            let source = source.trim_start_matches("./").trim_matches('/');
            let last = source.rsplit('/').next().unwrap_or_default();
            if names.contains(&last) {
                paths.insert(source.to_owned());
            } else if !matches!(source, "" | ".") && !source.contains(['*', '?', '$', '[']) {
                paths.extend(names.iter().map(|name| format!("{source}/{name}")));
            }
        }
        let mut answer = if paths.len() > MAX_PATHS { Config::Unknown } else { Config::Silent };
        for path in paths.into_iter().take(MAX_PATHS) {
            match (self.texts)(&path) {
                FileText::Text(text) if !mentions::in_text(&text, variable).is_empty() => {
                    return Config::Names(path);
                }
                FileText::Text(text) => {
                    let own = OWN_SCRIPTS.iter().filter(|(name, _)| path.ends_with(name));
                    if own.flat_map(|(_, words)| *words).any(|word| text.contains(word)) {
                        answer = Config::Unknown;
                    }
                }
                FileText::Absent => {}
                FileText::Unknown => answer = Config::Unknown,
            }
        }
        answer
    }

    /// Sources of COPY, ADD and bind mounts of the stages this one is made of; `None` when there are too many steps.
    fn sources(&self) -> Option<Vec<String>> {
        let (chain, _) = self.build.chain(self.stage);
        let stages = chain.into_iter().filter_map(|index| self.build.stages.get(index));
        let mut sources = Vec::new();
        for (step, instruction) in stages.flat_map(|stage| &stage.instructions).enumerate() {
            if step >= MAX_STEPS {
                return None;
            }
            match instruction.keyword() {
                Keyword::Copy | Keyword::Add if instruction.flag("from").is_none() => {
                    let arguments = instruction.copy().map(|copy| copy.sources).unwrap_or_default();
                    sources.extend(arguments.into_iter().map(|one| one.text.into_owned()));
                }
                Keyword::Run => {
                    for flag in instruction.flags().filter(|flag| flag.name() == "mount") {
                        let fields = flag.mount().unwrap_or_default().into_iter();
                        let source = |key: &str| matches!(key, "source" | "src");
                        let values =
                            fields.filter(|field| source(&field.key)).filter_map(|field| field.value);
                        sources.extend(values.map(std::borrow::Cow::into_owned));
                    }
                }
                _ => {}
            }
        }
        Some(sources)
    }
}
