//! The rewrites of harden: one file and one page of documentation each.
//!
//! A new transform is a `name.rs`, a `name.md`, a line in [`all`] and fixtures. What several of them share is in
//! `support`.

mod add_to_copy;
mod env_secrets;
mod multi_stage;
mod non_root_user;
mod pin_digest;
mod support;
mod update_digest;

use harden_core::Transform;

pub use add_to_copy::AddToCopy;
pub use env_secrets::EnvSecrets;
pub use multi_stage::MultiStage;
pub use non_root_user::NonRootUser;
pub use pin_digest::PinDigest;
pub use update_digest::UpdateDigest;

/// Every transform, in the order they run.
pub fn all() -> &'static [&'static dyn Transform] {
    &[&MultiStage, &AddToCopy, &PinDigest, &EnvSecrets, &NonRootUser]
}

/// The transforms of the verb `update`. They are not among [`all`]: each run of those would otherwise change what
/// people build on.
pub fn update() -> &'static [&'static dyn Transform] {
    &[&UpdateDigest]
}
