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
mod model;
pub mod redact;
mod scope;
mod setup;
mod suppress;
mod transform;

pub use dockerfile_syntax as syntax;

pub use driver::{Disposition, MAX_PASSES, Outcome, Patch, Policy, Report, RewriteError, rewrite};
pub use edit::{Edit, EditError, EditSet};
pub use facts::{
    Answer, ContextEntry, ContextSource, EntryKind, Facts, ImageConfig, NoFacts, Question, ResolvedImage, Why,
};
pub use image_files::{ImageFiles, ImageGroup, ImageUser};
pub use model::{Base, Build, GlobalArg, PLATFORM_ARGS, Source, SourceUse, Stage};
pub use scope::{Expanded, Origin, Scopes, State, Value, Variable};
pub use setup::BuildSetup;
pub use suppress::Suppressions;
pub use transform::{
    Context, Finding, FindingMeta, Fix, ForeignRule, Level, Meta, Missing, Transform, Verdict, rule,
};
