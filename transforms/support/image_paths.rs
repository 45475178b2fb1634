//! Where the files of an image come from: the build context, a heredoc, another stage, a download, a RUN.
//!
//! Source of facts: BuildKit (`frontend/dockerfile/dockerfile2llb`, `solver/llbsolver/file`) and tonistiigi/fsutil
//! (`copy`) for what COPY and ADD put where. What a RUN does is read from its commands as far as they are plain. A
//! build argument counts with its default, and the answer names it, unless compose or bake files set it.
//!
//! Triggers of ONBUILD do not count.

mod chain;
mod context;
mod effects;
mod find;
mod modes;
mod paths;
mod runs;
mod sources;
mod stages;
mod types;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use harden_core::syntax::Span;
use harden_core::{Context, Missing, Scopes, Source, Why};

use chain::{Chain, StepKind};
use find::Look;
pub(crate) use modes::UnreadableKind;
pub(crate) use types::{By, Copied, CopyKind, CopySource, FileText, Origin, Target, TextFrom};

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
            Look::No => match merged_usr(&path).map(|other| self.locate(&other).doubtful()) {
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
        let is_ours = |path: &String| {
            let origin = self.origin(path);
            let is_certain = origin.by().is_some_and(|by| by.certain);
            match origin {
                Origin::Context { folder: true, .. } => false,
                // Who writes the path of a file means it.
                Origin::Context { .. } | Origin::Heredoc { .. } | Origin::Written { .. } => {
                    is_certain || word.contains('/')
                }
                _ => is_certain,
            }
        };
        if word.is_empty() {
            return None;
        }
        if word.contains('/') {
            return Some(paths::resolve(workdir, word)).filter(is_ours);
        }
        path_env.split(':').map(|folder| paths::resolve(&paths::resolve(workdir, folder), word)).find(is_ours)
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
