//! What programs of each kind need: one file a kind.

mod node;

use super::split::Recipe;

/// Every recipe. The first one that knows a stage decides.
pub(crate) static ALL: &[&dyn Recipe] = &[&node::Node];
