//! The steps of a stage and the stages it starts from, in the order they run.

use std::collections::{BTreeMap, BTreeSet};

use harden_core::syntax::{Instruction, Keyword, Reference, Token};
use harden_core::{Base, Context, EntryKind, Scopes, Source, State, Why};

use super::effects::{self, Effect};
use super::paths::{self, resolve};
use super::{Copied, CopyKind, Target, sources};
use crate::support::base_images;

/// PATH of most images (the default of containerd and Docker for an image that sets none).
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Longest chain of `FROM stage` that is followed, from its end.
const MAX_CHAIN: usize = 256;
/// Folders above a path that are kept in mind.
const MAX_ABOVE: usize = 16;
/// Folders every image has that is not empty (Filesystem Hierarchy Standard).
const USUAL_FOLDERS: [&str; 22] = [
    "/bin",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/lib",
];

/// What the instructions of a chain of stages do to files.
#[derive(Debug)]
pub(super) struct Chain<'a> {
    pub(super) steps: Vec<Step<'a>>,
    /// The working directory at the end.
    pub(super) workdir: Result<String, Why>,
    /// PATH at the end.
    pub(super) path_env: String,
    /// There is a RUN, or more stages than are followed: files nothing here names may come from it.
    pub(super) runs: bool,
    /// What lies under the first step.
    pub(super) bottom: Bottom,
}

/// What a chain starts from.
#[derive(Clone, Debug)]
pub(super) enum Bottom {
    Scratch,
    Image(Reference),
    Unknown,
}

/// One step.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) instruction: Instruction<'a>,
    pub(super) stage: usize,
    pub(super) kind: StepKind<'a>,
}

/// What a step does.
#[derive(Debug)]
pub(super) enum StepKind<'a> {
    Copy(Box<Copied<'a>>),
    /// One thing a RUN does.
    Run(Effect),
}

/// What holds between two instructions of a chain.
pub(super) struct Here<'x, 'a> {
    pub(super) ctx: &'x Context<'a>,
    pub(super) scopes: &'x Scopes<'x, 'a>,
    pub(super) from: &'x BTreeMap<u32, Source>,
    pub(super) stage: usize,
    pub(super) state: &'x State,
    workdir: Option<&'x Workdir>,
    folders: &'x BTreeSet<String>,
    bottom: &'x Bottom,
}

/// A working directory and the build arguments it depends on.
#[derive(Clone, Debug)]
struct Workdir {
    path: Result<String, Why>,
    arguments: Vec<String>,
}

impl<'a> Chain<'a> {
    pub(super) fn new(
        ctx: &Context<'a>,
        scopes: &Scopes<'_, 'a>,
        from: &BTreeMap<u32, Source>,
        stage: usize,
    ) -> Self {
        let (stages, scratch) = ctx.build.chain(stage);
        let cut = stages.len().saturating_sub(MAX_CHAIN);
        let bottom = match stages.first().and_then(|&first| ctx.build.stages.get(first)).map(|one| &one.base)
        {
            _ if cut > 0 => Bottom::Unknown,
            Some(Base::Image(image)) => Bottom::Image(image.clone()),
            _ if scratch => Bottom::Scratch,
            _ => Bottom::Unknown,
        };
        let mut chain = Self {
            steps: Vec::new(),
            workdir: Ok(String::new()),
            path_env: USUAL_PATH.to_owned(),
            runs: cut > 0,
            bottom,
        };
        let mut folders = BTreeSet::from(["/".to_owned()]);
        if !matches!(chain.bottom, Bottom::Scratch) {
            folders.extend(USUAL_FOLDERS.map(str::to_owned));
        }
        // None: that of the base image, which is asked for when a destination depends on it.
        let mut workdir: Option<Workdir> = None;
        for &index in &stages[cut..] {
            scopes.walk(index, |scopes, instruction, state| {
                let bottom = &chain.bottom;
                let workdir_here = workdir.as_ref();
                let here = Here {
                    ctx,
                    scopes,
                    from,
                    stage: index,
                    state,
                    workdir: workdir_here,
                    folders: &folders,
                    bottom,
                };
                match instruction.keyword() {
                    Keyword::Workdir => {
                        let next = here.change_workdir(instruction.arguments().text());
                        if let Ok(path) = &next.path {
                            note(&mut folders, path);
                        }
                        workdir = Some(next);
                    }
                    Keyword::Env => chain.path_env = path_after(&here, &chain.path_env, instruction),
                    Keyword::Copy | Keyword::Add => {
                        let Some(mut copied) = sources::copied(&here, instruction) else { return };
                        if let Ok(path) = &copied.destination
                            && chain.is_filled(ctx, path)
                        {
                            copied.target = Target::Folder;
                        }
                        copied.makes = here.missing(&copied);
                        match (&copied.destination, copied.target) {
                            (Ok(path), Target::Folder) => note(&mut folders, path),
                            (Ok(path), Target::Either) => note(&mut folders, paths::parent(path)),
                            (Err(_), _) => {}
                        }
                        let kind = StepKind::Copy(Box::new(copied));
                        chain.steps.push(Step { instruction, stage: index, kind });
                    }
                    Keyword::Run => {
                        let effects = effects::of(&here, instruction);
                        chain.runs = true;
                        for effect in effects {
                            if let Effect::Folder(path) = &effect {
                                note(&mut folders, path);
                            }
                            chain.steps.push(Step { instruction, stage: index, kind: StepKind::Run(effect) });
                        }
                    }
                    _ => {}
                }
            });
        }
        chain.workdir = match (workdir, &chain.bottom) {
            (Some(workdir), _) => workdir.path,
            (None, Bottom::Scratch) => Ok("/".to_owned()),
            (None, _) => Err(Why::new("base-workdir", "the base image sets the working directory")),
        };
        chain
    }
}

impl Chain<'_> {
    /// Whether an earlier COPY or ADD has made a folder of this path by copying one there.
    fn is_filled(&self, ctx: &Context<'_>, path: &str) -> bool {
        /// Steps looked at; instructions that fill the same folder stand together.
        const NEAR: usize = 50;

        let is_folder = |path: &str| {
            let found = ctx.context_source(path);
            found.is_ok_and(|found| found.entries.iter().any(|entry| entry.kind == EntryKind::Directory))
        };
        self.steps.iter().rev().take(NEAR).any(|step| {
            let StepKind::Copy(copied) = &step.kind else { return false };
            let Ok(to) = &copied.destination else { return false };
            let Some(rest) = paths::below(to, path) else { return false };
            copied.sources.iter().any(|source| match &source.kind {
                CopyKind::Context if rest.is_empty() => is_folder(&source.text),
                CopyKind::Context if !paths::is_pattern(&source.text) => {
                    is_folder(&paths::join(source.text.trim_end_matches('/'), rest))
                }
                // Nobody copies one file over another; a folder is what several go into.
                CopyKind::Stage(_) | CopyKind::Image(_) => rest.is_empty(),
                _ => false,
            })
        })
    }
}

/// PATH after an ENV. `$PATH` of the base image is the one so far.
fn path_after(here: &Here<'_, '_>, before: &str, instruction: Instruction<'_>) -> String {
    /// `ENV PATH=$PATH:$PATH` doubles it each time.
    const LIMIT: usize = 16 << 10;

    let mut path = before.to_owned();
    for pair in instruction.pairs().iter().filter(|pair| pair.key.text() == "PATH") {
        let value = pair.value.map(Token::text).unwrap_or_default();
        let uses = value.matches("PATH").count();
        if value.len() + uses * before.len() > LIMIT {
            continue;
        }
        let value = value.replace("${PATH}", before);
        let mut text = String::new();
        let mut rest = value.as_str();
        while let Some((head, tail)) = rest.split_once("$PATH") {
            // `$PATHS` is another variable.
            let goes_on = tail.starts_with(|ch: char| ch.is_ascii_alphanumeric() || ch == '_');
            text.push_str(head);
            text.push_str(if goes_on { "$PATH" } else { before });
            rest = tail;
        }
        text.push_str(rest);
        let expand = |text: &str| here.scopes.expand_text(here.state, text).ok().map(|done| done.text);
        path = expand(&text).unwrap_or_else(|| {
            text.trim_matches('"').split(':').filter_map(expand).collect::<Vec<_>>().join(":")
        });
    }
    path
}

/// A folder exists, and those above it.
pub(super) fn note(folders: &mut BTreeSet<String>, path: &str) {
    /// Folders of one chain, and bytes of a path, that are kept in mind.
    const MAX: (usize, usize) = (10_000, 4096);

    let mut path = path;
    for _ in 0..MAX_ABOVE {
        if folders.len() >= MAX.0 || path.len() > MAX.1 || !folders.insert(path.to_owned()) {
            return;
        }
        path = paths::parent(path);
    }
}

/// A text with variables replaced.
pub(super) struct Text {
    pub(super) text: String,
    pub(super) arguments: Vec<String>,
}

impl Here<'_, '_> {
    /// Replaces variables; a build argument counts with its default unless compose or bake files set it.
    pub(super) fn expand(&self, text: &str) -> Result<Text, Why> {
        let expanded = self.scopes.expand_text(self.state, text)?;
        if let Some(name) =
            expanded.arguments.iter().find(|name| self.ctx.setup.build_args.contains_key(*name))
        {
            let message = format!("it depends on the build argument {name}, which builds set");
            return Err(Why::new("build-argument", message));
        }
        let slashed = self.ctx.file().escape() == '`';
        let text = if slashed { expanded.text.replace('\\', "/") } else { expanded.text };
        Ok(Text { text, arguments: expanded.arguments })
    }

    /// An absolute path from here; asks for the working directory of the base image where that decides.
    pub(super) fn absolute(&self, path: &str) -> Result<String, Why> {
        if path.as_bytes().get(1) == Some(&b':') || path.contains('\\') {
            return Err(Why::new("windows-path", "it is a path of Windows"));
        }
        if path.starts_with('/') {
            return Ok(resolve("/", path));
        }
        match self.workdir {
            Some(workdir) => Ok(resolve(workdir.path.as_ref().map_err(Why::clone)?, path)),
            None => Ok(resolve(&self.base_workdir()?, path)),
        }
    }

    /// The working directory, as far as the file says.
    pub(super) fn known_workdir(&self) -> Option<&str> {
        match (self.workdir, self.bottom) {
            (Some(workdir), _) => workdir.path.as_deref().ok(),
            (None, Bottom::Scratch) => Some("/"),
            (None, _) => None,
        }
    }

    /// The working directory of the base image: of its configuration (OCI image specification, `WorkingDir`; empty is
    /// `/`), else what the table knows.
    fn base_workdir(&self) -> Result<String, Why> {
        match self.bottom {
            Bottom::Scratch => Ok("/".to_owned()),
            Bottom::Image(image) => {
                let known = base_images::find(image).and_then(|entry| entry.working_dir);
                match (self.ctx.image_config(image), known) {
                    (Ok(config), _) => Ok(resolve("/", config.working_dir.as_deref().unwrap_or_default())),
                    (Err(_), Some(known)) => Ok(resolve("/", known)),
                    (Err(missing), None) => Err(missing.why()),
                }
            }
            Bottom::Unknown => Err(Why::new("base-workdir", "the base image is not known")),
        }
    }

    /// Build arguments a relative path depends on.
    pub(super) fn workdir_arguments(&self, path: &str) -> &[String] {
        match self.workdir {
            Some(workdir) if !path.starts_with('/') => &workdir.arguments,
            _ => &[],
        }
    }

    /// Whether a folder is known to exist.
    pub(super) fn is_folder(&self, path: &str) -> bool {
        self.folders.contains(path)
    }

    /// Folders that a copy has to make, besides those in the folders it copies: the destination, if it is one, and
    /// those above it. What the base image may have is left out.
    fn missing(&self, copied: &Copied<'_>) -> Vec<String> {
        let Ok(destination) = &copied.destination else { return Vec::new() };
        let is_usual = |path: &str| {
            let parts = path.split('/').nth(1).unwrap_or_default();
            !matches!(self.bottom, Bottom::Scratch) && USUAL_FOLDERS.contains(&format!("/{parts}").as_str())
        };
        let mut missing = Vec::new();
        let mut path = match copied.target {
            Target::Folder => destination.as_str(),
            Target::Either => paths::parent(destination),
        };
        while !self.is_folder(path) && !is_usual(path) && missing.len() < MAX_ABOVE {
            missing.push(path.to_owned());
            path = paths::parent(path);
        }
        missing
    }

    fn change_workdir(&self, written: &str) -> Workdir {
        match self.expand(written) {
            Ok(next) => {
                let mut arguments = next.arguments;
                arguments.extend_from_slice(self.workdir_arguments(&next.text));
                arguments.dedup();
                Workdir { path: self.absolute(&next.text), arguments }
            }
            Err(why) => Workdir { path: Err(why), arguments: Vec::new() },
        }
    }
}
