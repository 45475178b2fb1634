//! The transform contract.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use dockerfile_syntax::{Digest, Dockerfile, Reference, Span};

use crate::{
    Answer, Build, BuildSetup, ContextListing, ContextSource, Edit, Facts, ImageConfig, ImageFiles, Note,
    Question, ResolvedImage, Settings, Why,
};

/// How much of a fix is proved. Decided per fix, at run time; there is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Same image content and behaviour, proved from the file, the build context and registry facts.
    Safe,
    /// Hardens by design: every precondition was checked and no known hazard was found.
    Review,
    /// A hazard was found or a fact is missing; the finding names it.
    Suggest,
}

impl Level {
    /// The word users write.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Review => "review",
            Self::Suggest => "suggest",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is fixed about a transform.
#[derive(Debug)]
pub struct Meta {
    /// Kebab-case name, for `--only`, `explain` and `# harden: ignore=`.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// The least certain level it may give a fix that is written by default settings of `--level suggest`. Tests hold
    /// it to that.
    pub worst: Level,
    /// The documentation page: `<name>.md`.
    pub doc: &'static str,
    /// What it can find.
    pub findings: &'static [FindingMeta],
}

/// What is fixed about one kind of finding.
#[derive(Debug)]
pub struct FindingMeta {
    /// Kebab-case id, stable.
    pub id: &'static str,
    /// One line.
    pub summary: &'static str,
    /// The rules of other tools that report the same thing.
    pub foreign: &'static [ForeignRule],
}

/// A rule of another tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignRule {
    /// `hadolint`, `checkov`, `trivy`, `buildkit`, …
    pub tool: &'static str,
    /// The tool's id.
    pub id: &'static str,
}

/// Shorthand for tables of [`ForeignRule`].
pub const fn rule(tool: &'static str, id: &'static str) -> ForeignRule {
    ForeignRule { tool, id }
}

/// Something a transform found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// One of [`Meta::findings`].
    pub id: &'static str,
    /// The token it is about.
    pub span: Span,
    /// What it is, one sentence, for this file: `ADD copies local files only`.
    pub message: String,
    /// What was found that could make a fix break something, most serious first; each names its place.
    pub hazards: Vec<Hazard>,
    /// What to do.
    pub verdict: Verdict,
}

/// Something in the file, its build context or its services that a fix could break, or that stops it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hazard {
    /// Stable, kebab-case: `volume`, `drops-privileges`. Documented on the transform's page.
    pub id: &'static str,
    /// What it is and what would break. Never holds a secret.
    pub message: String,
    /// Where it was found; `None` for what an image brings.
    pub place: Option<Place>,
}

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the Dockerfile.
    Here(Span),
    /// In another file, named as in the build context or as the user spelled it.
    File {
        /// Its name.
        name: String,
        /// Line, from 1, when it is known.
        line: Option<u32>,
    },
}

impl Finding {
    /// A finding without hazards.
    pub fn new(id: &'static str, span: Span, message: impl Into<String>, verdict: Verdict) -> Self {
        Self { id, span, message: message.into(), hazards: Vec::new(), verdict }
    }
}

/// What a transform makes of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It can be fixed.
    Fix(Fix),
    /// It is left alone although a person may want to act, and why.
    Refused(Why),
    /// It is right as it is, and why: nobody has to act.
    Kept(Why),
}

/// An all-or-nothing change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// How much of it is proved.
    pub level: Level,
    /// The edits; none may overlap.
    pub edits: Vec<Edit>,
    /// Why this level: what was checked, or the hazard.
    pub reason: Why,
    /// What was taken for granted.
    pub assumptions: Vec<String>,
    /// What people who run or build the image have to know once it is made.
    pub notes: Vec<Note>,
}

impl Fix {
    /// A fix that takes nothing for granted and has no consequences outside the file.
    pub fn new(level: Level, edits: Vec<Edit>, reason: Why) -> Self {
        Self { level, edits, reason, assumptions: Vec::new(), notes: Vec::new() }
    }
}

/// When a transform runs within a pass, whatever order callers list transforms in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// It makes stages. What the others write belongs into one of them, so they come later.
    Stages,
    /// It changes what is in a stage.
    #[default]
    Contents,
}

/// One rewrite. It sees the file, its build model and facts; no path, no network.
pub trait Transform: Sync {
    /// What is fixed about it.
    fn meta(&self) -> &'static Meta;

    /// When it runs.
    fn phase(&self) -> Phase {
        Phase::Contents
    }

    /// Everything it finds in the file. Called again on the result until nothing changes, so a fixed file must give
    /// no further fix.
    fn propose(&self, ctx: &Context<'_>) -> Vec<Finding>;
}

/// What a transform works with.
pub struct Context<'a> {
    /// The model; [`Build::file`] is the file.
    pub build: &'a Build<'a>,
    /// What compose and bake files say.
    pub setup: &'a BuildSetup,
    /// How people want their files rewritten.
    pub settings: &'a Settings,
    facts: &'a dyn Facts,
    needs: RefCell<BTreeSet<Question>>,
}

/// Why a transform got no fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is not to be had.
    Unknown(Why),
    /// It has not been looked up; this run's findings about it do not count.
    Pending,
}

impl Missing {
    /// The reason, for a refusal.
    pub fn why(self) -> Why {
        match self {
            Self::Unknown(why) => why,
            Self::Pending => Why::new("not-resolved", "the fact has not been looked up"),
        }
    }
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        build: &'a Build<'a>,
        setup: &'a BuildSetup,
        settings: &'a Settings,
        facts: &'a dyn Facts,
    ) -> Self {
        Self { build, setup, settings, facts, needs: RefCell::default() }
    }

    pub(crate) fn into_needs(self) -> BTreeSet<Question> {
        self.needs.into_inner()
    }

    /// The file.
    pub fn file(&self) -> &'a Dockerfile {
        self.build.file
    }

    fn image<T>(&self, answer: Answer<T>, question: impl FnOnce() -> Question) -> Result<T, Missing> {
        match answer {
            Answer::Known(fact) => Ok(fact),
            Answer::Unknown(why) => Err(Missing::Unknown(why)),
            Answer::NotAsked => {
                self.needs.borrow_mut().insert(question());
                Err(Missing::Pending)
            }
        }
    }

    /// See [`Facts::index_digest`].
    pub fn index_digest(&self, image: &Reference) -> Result<ResolvedImage, Missing> {
        self.image(self.facts.index_digest(image), || Question::IndexDigest(image.clone()))
    }

    /// See [`Facts::version_tag`].
    pub fn version_tag(&self, image: &Reference, digest: &Digest) -> Result<Option<String>, Missing> {
        let question = || Question::VersionTag(image.clone(), digest.clone());
        self.image(self.facts.version_tag(image, digest), question)
    }

    /// See [`Facts::image_config`].
    pub fn image_config(&self, image: &Reference) -> Result<Arc<ImageConfig>, Missing> {
        self.image(self.facts.image_config(image), || Question::ImageConfig(image.clone()))
    }

    /// See [`Facts::image_files`].
    pub fn image_files(&self, image: &Reference) -> Result<Arc<ImageFiles>, Missing> {
        self.image(self.facts.image_files(image), || Question::ImageFiles(image.clone()))
    }

    /// See [`Facts::context_source`].
    pub fn context_source(&self, source: &str) -> Result<ContextSource, Missing> {
        settle(self.facts.context_source(source))
    }

    /// See [`Facts::context_listing`].
    pub fn context_listing(&self, folder: &str) -> Result<Arc<ContextListing>, Missing> {
        settle(self.facts.context_listing(folder))
    }

    /// See [`Facts::context_text`].
    pub fn context_text(&self, path: &str) -> Result<Arc<str>, Missing> {
        settle(self.facts.context_text(path))
    }
}

/// Context facts are answered at once: nobody can look them up for many files together.
fn settle<T>(answer: Answer<T>) -> Result<T, Missing> {
    match answer {
        Answer::Known(fact) => Ok(fact),
        Answer::Unknown(why) => Err(Missing::Unknown(why)),
        Answer::NotAsked => Err(Missing::Unknown(Why::new("no-context", "the build context is not at hand"))),
    }
}
