//! The one stage of a file, with everything recipes look at.

use std::cell::OnceCell;

use harden_core::syntax::{Instruction, Keyword, Reference};
use harden_core::{Base, Context, Missing, Scopes, Stage, State, Value, Why, image_path};

use super::files::{self, Files};
use super::ran::{self, Ran};
use crate::non_root_user::base::BaseView;
use crate::non_root_user::launch::{self, Launched};
use crate::non_root_user::view::View as RunView;
use crate::support::image_paths::FileText;

/// Instructions of a stage that is looked at. Real single stages stay far below; each keeps a copy of the variables
/// before it.
const MAX_STEPS: usize = 256;

/// The stage and what is known about it.
pub(crate) struct View<'c, 'a> {
    pub(crate) ctx: &'c Context<'a>,
    pub(crate) scopes: &'c Scopes<'c, 'a>,
    /// The only stage.
    pub(crate) stage: &'c Stage<'a>,
    /// The base image, with default arguments filled in.
    pub(crate) image: &'c Reference,
    /// Its instructions after FROM.
    pub(crate) steps: Vec<Step<'a>>,
    /// How its containers run: base image, accounts, where files come from.
    pub(crate) run: RunView<'c, 'a>,
    /// What containers execute at start, HEALTHCHECK too.
    pub(crate) launched: Launched,
    files: OnceCell<Result<Files, Why>>,
}

/// One instruction after FROM.
pub(crate) struct Step<'a> {
    /// Its index in [`View::steps`].
    pub(crate) index: usize,
    /// The instruction.
    pub(crate) instruction: Instruction<'a>,
    /// What is in force before it.
    pub(crate) state: State,
    /// The working directory before it, that of the base image included; an absolute path.
    pub(crate) workdir: Result<String, Why>,
    /// What a RUN executes, wrappers like `sudo` and `sh -c` taken off; empty for other instructions.
    pub(crate) ran: Vec<Ran>,
    /// Whether `ran` is all of it.
    pub(crate) is_read: bool,
}

/// Whether a file may be split at all: one stage, and something of it that a recipe looks for. Cheap, for the many that
/// may not.
pub(crate) fn is_candidate(ctx: &Context<'_>) -> bool {
    /// In the names of images that recipes know.
    const IMAGES: [&str; 7] = ["buildpack-deps", "dotnet", "gcc", "golang", "node", "python", "rust"];
    /// In the commands of recipes that look at more images.
    const COMMANDS: [&str; 8] = ["cc ", "clang", "dotnet", "g++", "gradle", "make", "maven", "mvn"];

    let [stage] = ctx.build.stages.as_slice() else { return false };
    let Base::Image(image) = &stage.base else { return false };
    let mut runs = stage.instructions.iter().filter(|one| one.keyword() == Keyword::Run).peekable();
    if stage.instructions.len() > MAX_STEPS || runs.peek().is_none() {
        return false;
    }
    let names = |part: &&str| image.repository().contains(*part);
    // The body of a heredoc is not part of the joined text.
    let runs_it = |run: &Instruction<'_>| {
        let text = run.file().slice(run.span());
        COMMANDS.iter().any(|command| text.contains(command))
    };
    IMAGES.iter().any(names) || runs.any(runs_it)
}

impl<'c, 'a> View<'c, 'a> {
    /// `None` while a fact is on its way, or when there is nothing to split.
    pub(crate) fn new(ctx: &'c Context<'a>, scopes: &'c Scopes<'c, 'a>) -> Option<Self> {
        let [stage] = ctx.build.stages.as_slice() else { return None };
        let Base::Image(image) = &stage.base else { return None };
        let base = match BaseView::read(ctx, scopes, &[0]) {
            Ok(base) => base,
            Err(Missing::Pending) => return None,
            Err(Missing::Unknown(_)) => BaseView::default(),
        };
        let run = RunView::new(ctx, scopes, 0, vec![0], scopes.end(0)?, base);
        let launched = launch::executed(&run);
        let mut steps = Vec::with_capacity(stage.instructions.len());
        scopes.walk(0, |scopes, instruction, state| {
            let index = steps.len();
            let workdir = workdir(&run, state);
            let (ran, is_read) = ran::of(scopes, instruction, state, index, workdir.as_ref().ok());
            steps.push(Step { index, instruction, state: state.clone(), workdir, ran, is_read });
        });
        Some(Self { ctx, scopes, stage, image, steps, run, launched, files: OnceCell::new() })
    }

    /// The files of the build context that the stage copies, and where they are in the image.
    ///
    /// # Errors
    /// Why not all of them can be told: `no-context`, `too-many-files`, a copy whose paths are not known.
    pub(crate) fn files(&self) -> Result<&Files, Why> {
        self.files.get_or_init(|| files::read(self)).as_ref().map_err(Clone::clone)
    }

    /// The text of a file of the image that the file or its build context has, by its absolute path.
    ///
    /// # Errors
    /// As [`ImagePaths::text`](crate::support::image_paths::ImagePaths::text).
    pub(crate) fn text(&self, path: &str) -> Result<FileText, Why> {
        self.run.paths.text(path)
    }

    /// The working directory of containers.
    ///
    /// # Errors
    /// It is not known.
    pub(crate) fn end_workdir(&self) -> Result<String, Why> {
        workdir(&self.run, self.run.end)
    }

    /// The commands of all RUN steps.
    pub(crate) fn ran(&self) -> impl Iterator<Item = &Ran> {
        self.steps.iter().flat_map(|step| &step.ran)
    }
}

/// The working directory in `state`, that of the base image where the file sets none.
fn workdir(run: &RunView<'_, '_>, state: &State) -> Result<String, Why> {
    match &state.workdir {
        Value::Known(path) => Ok(path.clone()),
        Value::FromBase => {
            let live = run.base.config.as_ref().map(|config| config.working_dir.as_deref().unwrap_or("/"));
            let table = || run.base.entry.and_then(|entry| entry.working_dir);
            let path = live.or_else(table).map(|path| image_path::resolve("/", path));
            path.ok_or_else(|| {
                Why::new(
                    "workdir-unknown",
                    "the working directory of the base image is not known; set WORKDIR",
                )
            })
        }
        Value::Unknown(why) => {
            let message = format!("the working directory is not known: {}", why.message);
            Err(Why::new("workdir-unknown", message))
        }
    }
}
