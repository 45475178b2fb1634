//! Where facts come from: the build context on disk and recorded image facts.

pub mod cache;
pub mod context;
pub mod file;
pub mod images;
pub(crate) mod layers;
pub mod registry;
pub mod tags;
