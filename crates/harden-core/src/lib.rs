//! The rewriting engine of harden.
//!
//! A [`Transform`] proposes [`Finding`]s for a [`Build`], the model of a parsed Dockerfile. [`rewrite`] applies the
//! fixes a [`Policy`] allows, one transform at a time on a fresh parse, and lets nothing out that does not pass the
//! [`gate`]. What a transform knows of the world comes through [`Facts`].
//!
//! This crate does no IO: the same input gives the same output on every machine.

mod driver;
mod edit;
mod facts;
pub mod gate;
mod image_files;
pub mod image_path;
mod model;
mod name_words;
mod note;
pub mod redact;
mod runtime;
mod scope;
pub mod secrets;
mod settings;
mod setup;
pub mod shell;
mod sieve;
mod suppress;
mod transform;

pub use dockerfile_syntax as syntax;

pub use driver::{Disposition, MAX_PASSES, Outcome, Patch, Policy, Report, RewriteError, rewrite};
pub use edit::{Edit, EditError, EditSet};
pub use facts::{
    Answer, ContextEntry, ContextListing, ContextSource, EntryKind, Facts, ImageConfig, ListedEntry,
    ListedKind, NoFacts, Question, ResolvedImage, Why,
};
pub use image_files::{ImageFiles, ImageGroup, ImageUser};
pub use model::{Base, Build, GlobalArg, PLATFORM_ARGS, Source, SourceUse, Stage};
pub use note::{Note, SecretSource};
pub use runtime::{Exposed, Launch, Runtime, Volume};
pub use scope::{Expanded, Origin, Scopes, State, Value, Variable};
pub use settings::{RuntimeStyle, Settings, StageSettings, UserSettings, UserStyle};
pub use setup::{BuildSetup, Mount, MountSource, Service, ServiceKind, ServiceSetting};
pub use suppress::Suppressions;
pub use transform::{
    Context, Finding, FindingMeta, Fix, ForeignRule, Hazard, Level, Meta, Missing, Phase, Place, Transform,
    Verdict, rule,
};
