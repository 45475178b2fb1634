//! What programs of each kind need: one file a kind.

mod go;
mod java;
mod maven;
mod node;

use super::split::Recipe;

/// Every recipe. The first one that knows a stage decides.
pub(crate) static ALL: &[&dyn Recipe] = &[&go::Go, &maven::Maven, &node::Node];
