//! Packages of the distribution that the runtime stage needs.

use std::collections::BTreeSet;

use harden_core::Why;

use super::split::Split;
use super::view::View;

/// What installs packages, for the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Install {
    /// Lines of a RUN, without continuations.
    pub(crate) commands: Vec<String>,
}

/// What installs in the runtime stage those of `names` that it needs: those that are not known to be for building only,
/// and for libraries with headers the library.
///
/// # Errors
/// The runtime image cannot install packages.
pub(crate) fn install(
    _view: &View<'_, '_>,
    split: &mut Split,
    names: BTreeSet<String>,
) -> Result<Option<Install>, Why> {
    if names.is_empty() {
        return Ok(None);
    }
    let _ = split;
    Err(Why::new("packages", "packages"))
}
