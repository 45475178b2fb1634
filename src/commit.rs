//! Changes as commits: one for each transform, on a branch of their own.
//!
//! The commits are made from git's objects: blobs, a temporary index, trees, commits, and at the very end the branch. The
//! work tree, the index and `HEAD` of the user are read and never written, so there is nothing to put back when
//! something fails on the way, and a run next to an editor or a build disturbs neither. What is left after a failure
//! are objects that nothing names; `git gc` removes them.
//!
//! What a commit holds is what a run would write that had only the transforms up to there, with the files beside the
//! Dockerfiles. No hook is run: hooks are for people at their work tree, and `core.hooksPath` may point at files of the
//! repository itself.

mod branch;
mod git;
mod message;
mod plan;
mod repository;

pub(crate) use branch::Written;
pub(crate) use plan::{Work, steps};
pub(crate) use repository::{Place, Repository};
