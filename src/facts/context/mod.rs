//! Looks into the build context.
