//! Cases that live in folders: a build context with a Dockerfile in it.

pub(crate) mod archive;
pub(crate) mod case;
pub(crate) mod page;

use harden_core::Transform;

/// Every transform: those of an ordinary run and those of the verb `update`.
pub(crate) fn transforms() -> impl Iterator<Item = &'static dyn Transform> {
    harden_transforms::all().iter().chain(harden_transforms::update()).copied()
}
