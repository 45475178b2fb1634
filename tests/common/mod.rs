//! Cases that live in folders: a build context with a Dockerfile in it.

pub(crate) mod archive;
pub(crate) mod case;
pub(crate) mod page;
