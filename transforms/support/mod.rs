//! What transforms share, and what would make one of them too long.

pub(crate) mod add_spelling;
pub(crate) mod base_images;
pub(crate) mod frontend;
pub(crate) mod image_paths;
pub(crate) mod image_spelling;
pub(crate) mod never_archive;
pub(crate) mod pin_variable;
pub(crate) mod remote_source;
pub(crate) mod remove_pair;
pub(crate) mod secret_mount;
pub(crate) mod variable_uses;
