//! Which stages end up in an image.

use std::collections::BTreeSet;

use harden_core::Context;

/// The stages images are made of: those that are built as targets, and those they start from. What a stage outside of
/// them holds is in the build cache only.
pub(super) fn reached(ctx: &Context<'_>) -> BTreeSet<usize> {
    if ctx.setup.targets_unknown {
        return (0..ctx.build.stages.len()).collect();
    }
    ctx.build.outputs(ctx.setup).into_iter().flat_map(|stage| ctx.build.chain(stage).0).collect()
}
