//! What a recipe says about a stage, and what is made of it.

use std::collections::BTreeSet;

use harden_core::syntax::Reference;
use harden_core::{Edit, Hazard, Why};

use super::view::View;
use crate::support::base_images::Family;

/// How programs of one kind are built, and what of the result they need when they run.
pub(crate) trait Recipe: Sync {
    /// What it makes of the stage. `None`: the stage builds nothing of this kind. An error: it does, and this is why it
    /// cannot be split.
    fn split(&self, view: &View<'_, '_>) -> Option<Result<Split, Why>>;
}

/// A stage cut in two. The recipe says what is special about its kind; moving instructions, the gates that hold for all
/// kinds and the text are done for it.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    /// Stable, kebab-case: `go-static`, `node`. The reason code of a fix that nothing stands against.
    pub(crate) recipe: &'static str,
    /// Why the split is right: what was recognised and checked, one sentence.
    pub(crate) reason: String,
    /// What stays behind, for the message: `the Go compiler, 3 packages and the sources`.
    pub(crate) ships: String,
    /// What the runtime stage starts from.
    pub(crate) runtime: RuntimeImage,
    /// The last step of the builder, as an index into [`View::steps`]. Steps behind it stay as they are and become part
    /// of the runtime stage.
    pub(crate) last: usize,
    /// Commands of RUN steps that are known to do nothing but build ([`Ran::at`](super::ran::Ran::at)): what they
    /// make is in `copies`, or is not needed at run time.
    pub(crate) explained: BTreeSet<(usize, usize)>,
    /// Folders of the builder that hold the project: what is copied into them from the build context is either in
    /// `copies` or only needed by the build. A COPY to anywhere else is repeated in the runtime stage.
    pub(crate) roots: Vec<String>,
    /// What the runtime stage takes from the builder, in this order.
    pub(crate) copies: Vec<CopyOut>,
    /// Packages of the distribution that the runtime stage needs besides those that steps install.
    pub(crate) packages: BTreeSet<String>,
    /// ENV the runtime stage needs besides what steps set, in this order. Values are written in double quotes where they
    /// need them.
    pub(crate) env: Vec<(String, String)>,
    /// Whether only builds read an ENV of this name: it stays behind.
    pub(crate) is_build_variable: fn(&str) -> bool,
    /// Lines for the builder: after the step of that index (`None`: right after FROM). Those after `last` end it.
    pub(crate) builder_lines: Vec<(Option<usize>, Vec<String>)>,
    /// Changes of instructions of the builder.
    pub(crate) builder_edits: Vec<Edit>,
    /// What stands against it; each makes the fix a suggestion.
    pub(crate) hazards: Vec<Hazard>,
    /// What was taken for granted.
    pub(crate) assumptions: Vec<String>,
}

/// Something the runtime stage takes from the builder: a file, or a folder with all it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CopyOut {
    /// Absolute path in the builder. The last part may be a pattern of COPY.
    pub(crate) from: String,
    /// Absolute path in the runtime stage: of the file or folder itself, or of the folder that gets what a pattern
    /// matches, with a slash at its end.
    pub(crate) to: String,
    /// Whether it is a folder.
    pub(crate) folder: bool,
}

impl CopyOut {
    /// A file at the same place.
    pub(crate) fn file(path: impl Into<String>) -> Self {
        let path = path.into();
        Self { from: path.clone(), to: path, folder: false }
    }

    /// A folder at the same place, with all it holds.
    pub(crate) fn folder(path: impl Into<String>) -> Self {
        let path = path.into();
        Self { from: path.clone(), to: path, folder: true }
    }

    /// Whether the runtime stage has what the builder has at `path`, at the same place.
    pub(crate) fn carries(&self, path: &str) -> bool {
        if self.from != self.to {
            return false;
        }
        let Some(rest) = path.strip_prefix(self.from.trim_end_matches('/')) else { return false };
        rest.is_empty() || (self.folder && rest.starts_with('/'))
    }
}

/// What the runtime stage starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuntimeImage {
    /// As it is written after FROM: `debian:bookworm-slim`, `node:${VERSION}-slim`, `scratch`.
    pub(crate) text: String,
    /// The image with default arguments filled in; `None` for scratch.
    pub(crate) image: Option<Reference>,
    /// Its distribution.
    pub(crate) family: Family,
    /// Whether it has a shell, and with it the usual small tools.
    pub(crate) shell: bool,
}
