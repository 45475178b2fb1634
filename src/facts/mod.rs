//! Where facts come from: the build context on disk and recorded image facts.

pub mod context;
pub mod file;
pub mod registry;
pub mod tags;
