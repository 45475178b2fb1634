//! Where the files of an image come from: the build context, a heredoc, another stage, a download, a RUN.
//!
//! Source of facts: BuildKit (`frontend/dockerfile/dockerfile2llb`, `solver/llbsolver/file`) and tonistiigi/fsutil
//! (`copy`) for what COPY and ADD put where. What a RUN does is read from its commands as far as they are plain. A
//! build argument counts with its default, and the answer names it, unless compose or bake files set it.
//!
//! Triggers of ONBUILD do not count.

mod chain;
mod effects;
mod find;
mod modes;
mod paths;
mod sources;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use harden_core::syntax::{Instruction, Reference, Span};
use harden_core::{Context, Missing, Place, Scopes, Source, Why};

use chain::{Chain, StepKind};
use find::Look;
pub(crate) use modes::{Unreadable, UnreadableKind};

/// Steps looked at for one question at most: a file of a kilobyte could ask for millions.
const MAX_WORK: u32 = 20_000;

/// The files of a stage and where they come from.
pub(crate) struct ImagePaths<'c, 'a> {
    ctx: &'c Context<'a>,
    scopes: &'c Scopes<'c, 'a>,
    stage: usize,
    own: Rc<Chain<'a>>,
    /// Chains of the stages that were asked about.
    chains: RefCell<BTreeMap<usize, Rc<Chain<'a>>>>,
    /// What each `COPY --from` names, by the first byte of its instruction.
    from: BTreeMap<u32, Source>,
    work: Cell<u32>,
}

/// Where a file or folder of the image comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin<'a> {
    /// The build context.
    Context {
        /// Its path there, as [`Context::context_source`] takes it.
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

    fn by_mut(&mut self) -> Option<&mut By<'a>> {
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

impl<'c, 'a> ImagePaths<'c, 'a> {
    /// The files of `stage` and the stages it starts from. Asks for the configuration of the base image where a
    /// destination is relative to its working directory.
    pub(crate) fn new(ctx: &'c Context<'a>, scopes: &'c Scopes<'c, 'a>, stage: usize) -> Self {
        let from: BTreeMap<u32, Source> = ctx
            .build
            .source_uses(ctx.setup)
            .into_iter()
            .map(|one| (one.instruction.span().start, one.source))
            .collect();
        let own = Rc::new(Chain::new(ctx, scopes, &from, stage));
        let chains = RefCell::new(BTreeMap::from([(stage, Rc::clone(&own))]));
        Self { ctx, scopes, stage, own, chains, from, work: Cell::new(0) }
    }

    /// Every COPY and ADD, in the order they run.
    pub(crate) fn copied(&self) -> impl Iterator<Item = &Copied<'a>> {
        self.own.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Copy(copied) => Some(&**copied),
            StepKind::Run(_) => None,
        })
    }

    /// The working directory at the end of the stage.
    pub(crate) fn workdir(&self) -> Result<&str, &Why> {
        self.own.workdir.as_deref()
    }

    /// PATH at the end of the stage; what the base image puts into it is taken to be the usual one.
    pub(crate) fn path_env(&self) -> &str {
        &self.own.path_env
    }

    /// Where a file or folder of the image comes from, by its absolute path.
    pub(crate) fn origin(&self, path: &str) -> Origin<'a> {
        let path = paths::resolve("/", path);
        match self.locate(&path) {
            Look::No => match merged_usr(&path).map(|other| self.locate(&other)) {
                Some(Look::Sure(origin) | Look::Perhaps(origin)) => origin,
                _ => Origin::Base,
            },
            Look::Sure(origin) | Look::Perhaps(origin) => origin,
        }
    }

    fn locate(&self, path: &str) -> Look<'a> {
        self.work.set(MAX_WORK);
        self.look(self.stage, path, None, 0)
    }

    /// The text of a file of the image, where the file or its build context has it.
    ///
    /// # Errors
    /// Where it comes from instead: `from-base`, `from-image`, `built`, `written`, `downloaded`, `archive`, `folder`,
    /// and the reasons of [`Context::context_text`].
    pub(crate) fn text(&self, path: &str) -> Result<FileText, Why> {
        let here = |body: Span| {
            let text = Arc::from(self.ctx.file().slice(body));
            Ok(FileText { text, from: TextFrom::Here(body), guessed: false })
        };
        let not = |code, what: &str| Err(Why::new(code, format!("`{path}` {what}")));
        match self.origin(path) {
            Origin::Context { path: file, folder: false, guessed, .. } => {
                let text = self.ctx.context_text(&file).map_err(Missing::why)?;
                Ok(FileText { text, from: TextFrom::File(file), guessed })
            }
            Origin::Context { .. } => not("folder", "is a folder"),
            Origin::Heredoc { body, .. } | Origin::Written { body: Some(body), .. } => here(body),
            Origin::Written { .. } => not("written", "is written by a RUN"),
            Origin::Built { .. } => not("built", "is made in another stage"),
            Origin::Image { .. } => not("from-image", "comes from another image"),
            Origin::Remote { .. } => not("downloaded", "is downloaded"),
            Origin::Archive { .. } => not("archive", "comes out of an archive"),
            Origin::Base => not("from-base", "comes from the base image or a RUN"),
            Origin::Unknown(why) => Err(why),
        }
    }

    /// The path of a command that the file itself puts into the image: a word with a slash is relative to `workdir`, any
    /// other is looked for in the folders of `path_env` ([`ImagePaths::path_env`], unless the container gets another).
    /// `None` when the base image has it, or nothing is certain.
    pub(crate) fn find_command(&self, word: &str, workdir: &str, path_env: &str) -> Option<String> {
        let is_ours =
            |path: &String| self.origin(path).by().is_some_and(|by| by.certain) && !self.is_folder(path);
        if word.is_empty() {
            return None;
        }
        if word.contains('/') {
            return Some(paths::resolve(workdir, word)).filter(is_ours);
        }
        path_env.split(':').map(|folder| paths::resolve(&paths::resolve(workdir, folder), word)).find(is_ours)
    }

    fn is_folder(&self, path: &str) -> bool {
        matches!(self.origin(path), Origin::Context { folder: true, .. })
    }

    /// The chain of a stage; `None` when too many were asked for.
    fn chain(&self, stage: usize) -> Option<Rc<Chain<'a>>> {
        /// Each takes time linear in the file.
        const MAX_CHAINS: usize = 32;

        if let Some(chain) = self.chains.borrow().get(&stage) {
            return Some(Rc::clone(chain));
        }
        if stage >= self.ctx.build.stages.len() || self.chains.borrow().len() >= MAX_CHAINS {
            return None;
        }
        let chain = Rc::new(Chain::new(self.ctx, self.scopes, &self.from, stage));
        self.chains.borrow_mut().insert(stage, Rc::clone(&chain));
        Some(chain)
    }

    /// Takes one from what may still be looked at.
    fn spend(&self) -> bool {
        let left = self.work.get();
        self.work.set(left.saturating_sub(1));
        left > 0
    }
}

/// The other name of a path in images where `/bin` is a link to `/usr/bin` (Debian, Fedora, Arch and their kin).
fn merged_usr(path: &str) -> Option<String> {
    ["bin", "sbin"].iter().find_map(|folder| {
        let usr = format!("/usr/{folder}");
        let root = format!("/{folder}");
        match (paths::below(&root, path), paths::below(&usr, path)) {
            (Some(rest), _) if !rest.is_empty() => Some(paths::join(&usr, rest)),
            (_, Some(rest)) if !rest.is_empty() => Some(paths::join(&root, rest)),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests;
