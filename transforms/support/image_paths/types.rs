//! Answers: where something comes from, and what copies it.

use std::sync::Arc;

use harden_core::syntax::{Instruction, Reference, Span};
use harden_core::{Place, Why};

/// Where a file or folder of the image comes from.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "the answer is whole, whatever of it is read so far")]
pub(crate) enum Origin<'a> {
    /// The build context.
    Context {
        /// Its path there, as [`harden_core::Context::context_source`] takes it.
        path: String,
        /// It is a folder.
        folder: bool,
        /// The context is a guess.
        guessed: bool,
        /// What put it there.
        by: By<'a>,
    },
    /// A heredoc of COPY or ADD.
    Heredoc {
        /// Its lines in the Dockerfile. Leading tabs of `<<-` are still there.
        body: Span,
        /// Variables in it are replaced by the builder.
        expands: bool,
        /// What put it there.
        by: By<'a>,
    },
    /// A RUN wrote it: `echo … > file`, `curl -o file`, `cp` of something the base image has.
    Written {
        /// Its lines in the Dockerfile, where the RUN writes a heredoc to it.
        body: Option<Span>,
        /// The RUN.
        by: By<'a>,
    },
    /// Copied from a stage in which a RUN made it, or which had it from its base image.
    Built {
        /// The stage.
        stage: usize,
        /// Its path in that stage; the last part may be a pattern.
        path: String,
        /// What put it there.
        by: By<'a>,
    },
    /// Copied from an image.
    Image {
        /// The image.
        image: Reference,
        /// Its path in that image; the last part may be a pattern.
        path: String,
        /// What put it there.
        by: By<'a>,
    },
    /// Downloaded by ADD: mode 0600, unless [`By::mode`] says otherwise (Docker docs, "ADD").
    Remote {
        /// The ADD.
        by: By<'a>,
    },
    /// Perhaps out of an archive that ADD extracted around this path.
    Archive {
        /// The ADD.
        by: By<'a>,
    },
    /// Nothing in the file puts it there: it comes from the base image or a RUN, or is not there.
    Base,
    /// It cannot be told.
    Unknown(Why),
}

/// The instruction that put something into the image.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "the answer is whole, whatever of it is read so far")]
pub(crate) struct By<'a> {
    /// COPY, ADD or RUN.
    pub(crate) instruction: Instruction<'a>,
    /// The stage it stands in.
    pub(crate) stage: usize,
    /// `--chown`, variables replaced. Without it COPY and ADD make root the owner.
    pub(crate) owner: Option<String>,
    /// `--chmod`, variables replaced; for a copy out of another stage also that of the stage. Without it COPY keeps the
    /// mode.
    pub(crate) mode: Option<String>,
    /// Whether it is certain. It is not where something that may hold the path was copied over it.
    pub(crate) certain: bool,
    /// A build argument the paths depend on.
    pub(crate) argument: Option<String>,
}

impl<'a> Origin<'a> {
    /// The instruction that put it there.
    pub(crate) fn by(&self) -> Option<&By<'a>> {
        match self {
            Self::Context { by, .. }
            | Self::Heredoc { by, .. }
            | Self::Written { by, .. }
            | Self::Built { by, .. }
            | Self::Image { by, .. }
            | Self::Remote { by }
            | Self::Archive { by } => Some(by),
            Self::Base | Self::Unknown(_) => None,
        }
    }

    pub(super) fn by_mut(&mut self) -> Option<&mut By<'a>> {
        match self {
            Self::Context { by, .. }
            | Self::Heredoc { by, .. }
            | Self::Written { by, .. }
            | Self::Built { by, .. }
            | Self::Image { by, .. }
            | Self::Remote { by }
            | Self::Archive { by } => Some(by),
            Self::Base | Self::Unknown(_) => None,
        }
    }
}

/// One COPY or ADD.
#[derive(Clone, Debug)]
pub(crate) struct Copied<'a> {
    /// The COPY or ADD.
    pub(crate) instruction: Instruction<'a>,
    /// The stage it stands in.
    pub(crate) stage: usize,
    /// Where it copies to: an absolute path.
    pub(crate) destination: Result<String, Why>,
    /// What the destination is.
    pub(crate) target: Target,
    /// What it copies, in order.
    pub(crate) sources: Vec<CopySource>,
    /// Folders it makes, the destination and those above it, as far as the file tells: they get the owner, and a
    /// mode that is a number, as well (measured with the BuildKit of Docker 28.5).
    pub(crate) makes: Vec<String>,
    /// `--chown`, variables replaced.
    pub(crate) owner: Option<String>,
    /// `--chmod`, variables replaced.
    pub(crate) mode: Option<String>,
    /// Build arguments its paths depend on.
    pub(crate) arguments: Vec<String>,
    /// `--parents`: the folders of the sources are made below the destination.
    pub(crate) parents: bool,
    /// The patterns of `--exclude`.
    pub(crate) excludes: Vec<String>,
}

/// What the destination of a COPY or ADD is before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A folder: files go into it.
    Folder,
    /// The base image decides: a file goes into it if it is a folder there, and becomes it otherwise.
    Either,
}

/// One source of a COPY or ADD.
#[derive(Clone, Debug)]
pub(crate) struct CopySource {
    /// The source with variables replaced, or as written where they cannot be. It may be a URL with a password in it.
    pub(crate) text: String,
    /// What kind it is.
    pub(crate) kind: CopyKind,
}

/// What a source of COPY or ADD is.
#[derive(Clone, Debug)]
pub(crate) enum CopyKind {
    /// Files of the build context: one path or a pattern.
    Context,
    /// A heredoc.
    Heredoc {
        /// Its name, which the file gets in a folder.
        name: String,
        /// Its lines.
        body: Span,
        /// Variables in it are replaced.
        expands: bool,
    },
    /// A path in a stage.
    Stage(usize),
    /// A path in an image.
    Image(Reference),
    /// A URL.
    Remote,
    /// A git repository.
    Repository,
    /// It cannot be told.
    Unknown(Why),
}

/// The text of a file of the image.
#[derive(Clone, Debug)]
pub(crate) struct FileText {
    /// The text.
    pub(crate) text: Arc<str>,
    /// Where it comes from.
    pub(crate) from: TextFrom,
    /// The build context it was read in is a guess.
    pub(crate) guessed: bool,
}

/// Where a text stands.
#[derive(Clone, Debug)]
pub(crate) enum TextFrom {
    /// In a file of the build context.
    File(String),
    /// In these lines of the Dockerfile.
    Here(Span),
}

impl FileText {
    /// The place of the bytes `at` of the text, for a hazard.
    pub(crate) fn place(&self, at: &std::ops::Range<usize>) -> Place {
        match &self.from {
            TextFrom::File(name) => {
                let before = self.text.get(..at.start).unwrap_or(&self.text);
                let line = before.matches('\n').count() + 1;
                Place::File { name: name.clone(), line: u32::try_from(line).ok() }
            }
            TextFrom::Here(body) => {
                let end = body.start + at.end.min(self.text.len()) as u32;
                Place::Here(Span::new(end.min(body.start + at.start as u32), end))
            }
        }
    }
}
