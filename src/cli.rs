//! The command line: every flag once, with its help.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use harden_core::{Level, RuntimeStyle, Transform};

use crate::notes::Choice;
use crate::setup::InitArgs;
use crate::verify::VerifyArgs;

/// Rewrites Dockerfiles so that they are harder to attack, without breaking the build.
#[derive(Debug, Parser)]
#[command(
    name = "harden",
    version,
    about,
    long_about = "Rewrites Dockerfiles so that they are harder to attack, without breaking the build.\n\n\
        Without a mode flag it prints a unified diff and changes nothing. Every change says why it was made, every \
        refusal why it was not.",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Exit codes: 0 nothing to do, or written · 1 --diff or --check found changes · 2 wrong usage, or a \
        file could not be handled · 3 findings remain that need a person · 4 a registry could not be asked\n\n\
        The diff goes to standard output, findings go to standard error: `harden . | git apply` works. \
        As in `git diff`, names in the diff start at the root of the repository."
)]
pub struct Cli {
    /// What to do instead of rewriting.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The run.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the documentation of a transform or a finding.
    Explain {
        /// Name of the transform (`pin-digest`) or id of the finding (`add-local`).
        #[arg(value_parser = PossibleValuesParser::new(explainable()), hide_possible_values = true)]
        name: String,
    },
    /// List the transforms.
    List,
    /// Look up what the images of the Dockerfiles are and write a facts file; rewrite nothing.
    ///
    /// Resolve once, rewrite everywhere: `harden --offline --facts FILE` uses what was recorded.
    Resolve(ResolveArgs),
    /// Move digests beside a tag to what the tag is today; change nothing else.
    Update(RunArgs),
    /// Build and run each image before and after, and compare the two.
    ///
    /// Takes the options of a run. Nothing is written unless --write is given, and then only what passed.
    Verify(RunArgs),
    /// Commit the changes on a new branch, one commit for each transform.
    ///
    /// Takes the options of a run. Neither the work tree nor the index nor the branch that is checked out is touched.
    Commit(CommitArgs),
    /// Write a harden.toml that shows every setting, each with its default and switched off.
    Init(InitArgs),
    /// Print the completion script of a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write the pages of all verbs into a folder.
    Man {
        /// Folder for `harden.1` and a page for each verb; made when it is not there. Pages in it are replaced.
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
    },
}

/// `commit`.
#[derive(Debug, Args)]
pub struct CommitArgs {
    /// The run.
    #[command(flatten)]
    pub run: RunArgs,

    /// Name of the branch. It must not exist, unless it holds these very changes.
    #[arg(long, help_heading = "Committing", value_name = "NAME", default_value = "harden/dockerfiles")]
    pub branch: String,

    /// Write the body of a pull request to this file, in Markdown.
    #[arg(long, help_heading = "Committing", value_name = "FILE")]
    pub pr_body: Option<PathBuf>,
}

/// What is looked at, and where facts come from.
#[derive(Clone, Debug, Args)]
pub struct InputArgs {
    /// Dockerfiles and directories; `-` reads standard input. Default: the current directory.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Build context of the Dockerfiles. Default: what a compose or bake file says, else the folder of the Dockerfile.
    #[arg(long, value_name = "DIR")]
    pub context: Option<PathBuf>,

    /// A stage that is built, besides the last one and those that compose and bake files name.
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,

    /// Configuration file. Default: `harden.toml` in the folder of each Dockerfile or above it, within its repository.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Recorded image facts; may be given several times, later files win. They win over registries.
    #[arg(long, value_name = "FILE")]
    pub facts: Vec<PathBuf>,

    /// How registries are asked.
    #[command(flatten)]
    pub registry: RegistryArgs,

    /// Files handled, and registries asked, at the same time. Default: the number of cores; 8 for registries.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,

    /// Colour the output. `auto` does on a terminal unless `NO_COLOR` is set.
    #[arg(long, value_enum, default_value_t = ColorArg::Auto, value_name = "WHEN")]
    pub color: ColorArg,
}

/// How registries are asked.
#[derive(Clone, Debug, Args)]
pub struct RegistryArgs {
    /// Never ask a registry: use recorded facts only.
    #[arg(long, help_heading = "Registries", env = "HARDEN_OFFLINE", value_parser = clap::builder::FalseyValueParser::new(), hide_env_values = true)]
    pub offline: bool,

    /// Ask this mirror before a registry: `docker.io=mirror.example/prefix`. May be given several times.
    #[arg(long, help_heading = "Registries", value_name = "REGISTRY=HOST", value_parser = mirror)]
    pub mirror: Vec<(String, String)>,

    /// Allow plain HTTP for this registry. May be given several times.
    #[arg(long, help_heading = "Registries", value_name = "HOST")]
    pub insecure_registry: Vec<String>,

    /// Also read users and tools from image layers (downloads them); for transforms that ask.
    #[arg(long, help_heading = "Registries")]
    pub inspect: bool,

    /// Ask registries again, whatever the cache holds.
    #[arg(long, help_heading = "Registries", conflicts_with = "cache_ttl")]
    pub refresh: bool,

    /// How long answers of registries are believed: `30m`, `12h`, `7d`.
    #[arg(long, help_heading = "Registries", value_name = "TIME", value_parser = duration, default_value = "1h")]
    pub cache_ttl: Duration,
}

/// `resolve`.
#[derive(Debug, Args)]
pub struct ResolveArgs {
    /// What is looked at.
    #[command(flatten)]
    pub input: InputArgs,

    /// Write the facts here. Default: standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// How a run goes.
#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct RunArgs {
    /// What is looked at.
    #[command(flatten)]
    pub input: InputArgs,

    #[command(flatten)]
    mode: ModeArgs,

    /// Write fixes up to this level [default: what harden.toml says, else review].
    ///
    /// safe: same content and behaviour, proved. review: hardens by design, every precondition checked. suggest: a
    /// hazard was found or a fact is missing; the finding names it.
    #[arg(long, value_enum)]
    pub level: Option<LevelArg>,

    /// Run only these transforms.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(names()))]
    pub only: Vec<String>,

    /// Leave these transforms out.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(names()))]
    pub skip: Vec<String>,

    /// Make users for OpenShift: any user id in group 0 can write what the program writes to.
    ///
    /// The same as `style = "root-group"` in harden.toml; it wins over the file.
    #[arg(long)]
    #[expect(clippy::doc_markdown, reason = "this is also the help")]
    pub openshift: bool,

    /// What programs run in that need nothing of a distribution [default: what harden.toml says, else scratch].
    ///
    /// The same as `runtime` of [multi-stage] in harden.toml; it wins over the file. Programs that need more get the
    /// small image of the release they are built on, whatever is chosen.
    #[arg(long, value_enum, value_name = "IMAGE")]
    pub runtime: Option<RuntimeArg>,

    /// Files beside a Dockerfile for what its fixes leave to others [default: what harden.toml says, else auto].
    ///
    /// `Dockerfile.runtime.md` says how to build and run the image now; `.env.example` gets the names of the variables it
    /// needs, and `.dockerignore` the files to keep out. auto: when there is something to do. always: also when there is
    /// only something to know. never: none of the three.
    #[arg(long, value_enum, value_name = "WHEN")]
    pub notes: Option<NotesArg>,

    /// Let --write change files with changes that git does not have.
    ///
    /// Without it such a file, and one that git does not track, is left alone: what harden replaces could not be had
    /// back. A change that is staged is safe. Outside a git repository nothing is checked.
    #[arg(long)]
    pub allow_dirty: bool,

    /// Let --write write only files whose images were built, run and compared first; see `harden help verify`.
    #[arg(long, help_heading = "Verifying")]
    pub verify: bool,

    /// How that is done.
    #[command(flatten)]
    pub verifying: VerifyArgs,

    /// Mask secrets in the diff. Such a diff is for reading and does not apply.
    #[arg(long)]
    pub redact: bool,

    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Show also what is right as it is, what comments switch off, and long lists and notes in full.
    #[arg(short, long)]
    pub verbose: bool,

    /// Print no findings, only the diff and errors.
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
}

fn mirror(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((registry, host)) if !registry.is_empty() && !host.is_empty() => {
            Ok((registry.into(), host.into()))
        }
        _ => Err("write REGISTRY=HOST, for instance docker.io=mirror.example".to_owned()),
    }
}

/// A number with a unit: seconds, minutes, hours or days.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let bad = || "write a number and s, m, h or d, for instance 30m".to_owned();
    let split = text.find(|ch: char| !ch.is_ascii_digit()).ok_or_else(bad)?;
    let (number, unit) = text.split_at(split);
    let scale = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => return Err(bad()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(scale)).ok_or_else(bad)?;
    Ok(Duration::from_secs(seconds))
}

#[derive(Clone, Debug, Args)]
#[group(multiple = false)]
struct ModeArgs {
    /// Print a unified diff and change nothing (the default).
    #[arg(long)]
    diff: bool,

    /// Rewrite the files in place; with `-`, print the rewritten file.
    #[arg(long)]
    write: bool,

    /// Print the files that would change and change nothing.
    #[arg(long)]
    check: bool,
}

/// What a run does with changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Print a diff.
    Diff,
    /// Write them.
    Write,
    /// Only tell.
    Check,
}

impl RunArgs {
    /// The mode; a diff when none is given.
    pub fn mode(&self) -> Mode {
        match &self.mode {
            ModeArgs { write: true, .. } => Mode::Write,
            ModeArgs { check: true, .. } => Mode::Check,
            _ => Mode::Diff,
        }
    }

    /// Whether `--diff`, `--write` or `--check` is given.
    pub(crate) fn has_mode(&self) -> bool {
        self.mode.diff || self.mode.write || self.mode.check
    }

    /// The same run as one whose changes are made, with another output.
    pub(crate) fn made(&self, format: Format) -> Self {
        let mode = ModeArgs { diff: false, write: true, check: false };
        Self { mode, format, ..self.clone() }
    }

    /// Those of `all` that `--only` and `--skip` leave, in the order they run.
    pub fn transforms(&self, all: &[&'static dyn Transform]) -> Vec<&'static dyn Transform> {
        let wanted = |name: &str| {
            let listed = |list: &[String]| list.iter().any(|one| one == name);
            (self.only.is_empty() || listed(&self.only)) && !listed(&self.skip)
        };
        all.iter().copied().filter(|one| wanted(one.meta().name)).collect()
    }
}

/// `--level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LevelArg {
    /// Proved to mean the same.
    Safe,
    /// Preconditions checked, no hazard found.
    Review,
    /// Everything, with hazards named.
    Suggest,
}

impl From<LevelArg> for Level {
    fn from(level: LevelArg) -> Self {
        match level {
            LevelArg::Safe => Level::Safe,
            LevelArg::Review => Level::Review,
            LevelArg::Suggest => Level::Suggest,
        }
    }
}

/// `--runtime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RuntimeArg {
    /// The empty image, with certificates and time zones.
    Scratch,
    /// Distroless: certificates, time zones and users, no shell.
    Distroless,
    /// The small image of the release the program is built on.
    Slim,
}

impl From<RuntimeArg> for RuntimeStyle {
    fn from(runtime: RuntimeArg) -> Self {
        match runtime {
            RuntimeArg::Scratch => RuntimeStyle::Scratch,
            RuntimeArg::Distroless => RuntimeStyle::Distroless,
            RuntimeArg::Slim => RuntimeStyle::Slim,
        }
    }
}

/// `--notes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NotesArg {
    /// When a fix leaves something to do.
    Auto,
    /// Whenever a fix says something about the image.
    Always,
    /// Never.
    Never,
}

impl From<NotesArg> for Choice {
    fn from(notes: NotesArg) -> Self {
        match notes {
            NotesArg::Auto => Choice::Auto,
            NotesArg::Always => Choice::Always,
            NotesArg::Never => Choice::Never,
        }
    }
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A diff on standard output, findings on standard error.
    Text,
    /// One JSON document (docs/report.md).
    Json,
    /// SARIF 2.1.0 with the fixes, for code scanning and editors.
    Sarif,
    /// Workflow commands: annotations of a pull request in GitHub Actions.
    Github,
    /// The body of a pull request.
    Markdown,
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorArg {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The transforms of all verbs.
fn every() -> impl Iterator<Item = &'static dyn Transform> {
    harden_transforms::all().iter().chain(harden_transforms::update()).copied()
}

fn names() -> Vec<&'static str> {
    every().map(|one| one.meta().name).collect()
}

/// Names of transforms and ids of findings.
pub fn explainable() -> Vec<&'static str> {
    let findings = every().flat_map(|one| one.meta().findings).map(|one| one.id);
    names().into_iter().chain(findings).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn only_and_skip_combine() {
        let args = |line: &[&str]| {
            Cli::parse_from([&["harden"], line].concat()).run.transforms(harden_transforms::all()).len()
        };
        assert_eq!(args(&[]), harden_transforms::all().len());
        assert_eq!(args(&["--only", "pin-digest"]), 1);
        assert_eq!(args(&["--only", "pin-digest", "--skip", "pin-digest"]), 0);
    }
}
