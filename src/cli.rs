//! The command line: every flag once, with its help.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use harden_core::{Level, Transform};

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
        file could not be handled · 3 findings remain that need a person\n\n\
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

/// Verbs that rewrite nothing.
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
}

/// How a run goes.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct RunArgs {
    /// Dockerfiles and directories; `-` reads standard input. Default: the current directory.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    mode: ModeArgs,

    /// Write fixes up to this level.
    ///
    /// safe: same content and behaviour, proved. review: hardens by design, every precondition checked. suggest: a
    /// hazard was found or a fact is missing; the finding names it.
    #[arg(long, value_enum, default_value_t = LevelArg::Review)]
    pub level: LevelArg,

    /// Run only these transforms.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(names()))]
    pub only: Vec<String>,

    /// Leave these transforms out.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(names()))]
    pub skip: Vec<String>,

    /// Build context of the Dockerfiles. Default: what a compose or bake file says, else the folder of the Dockerfile.
    #[arg(long, value_name = "DIR")]
    pub context: Option<PathBuf>,

    /// A stage that is built, besides the last one and those that compose and bake files name.
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,

    /// Recorded image facts; may be given several times, later files win.
    #[arg(long, value_name = "FILE")]
    pub facts: Vec<PathBuf>,

    /// Use recorded facts only. This version never contacts a registry, so it changes nothing yet.
    #[arg(long)]
    pub offline: bool,

    /// Mask secrets in the diff. Such a diff is for reading and does not apply.
    #[arg(long)]
    pub redact: bool,

    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Files handled at the same time. Default: the number of cores.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,

    /// Colour the output. `auto` does on a terminal unless `NO_COLOR` is set.
    #[arg(long, value_enum, default_value_t = ColorArg::Auto, value_name = "WHEN")]
    pub color: ColorArg,

    /// Show also what was left alone because it is right, and what comments switch off.
    #[arg(short, long)]
    pub verbose: bool,

    /// Print no findings, only the diff and errors.
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
}

#[derive(Debug, Args)]
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

    /// The transforms that `--only` and `--skip` leave, in the order they run.
    pub fn transforms(&self) -> Vec<&'static dyn Transform> {
        let wanted = |name: &str| {
            let listed = |list: &[String]| list.iter().any(|one| one == name);
            (self.only.is_empty() || listed(&self.only)) && !listed(&self.skip)
        };
        harden_transforms::all().iter().copied().filter(|one| wanted(one.meta().name)).collect()
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

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A diff on standard output, findings on standard error.
    Text,
    /// One JSON document on standard output.
    Json,
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

fn names() -> Vec<&'static str> {
    harden_transforms::all().iter().map(|one| one.meta().name).collect()
}

fn explainable() -> Vec<&'static str> {
    let findings = harden_transforms::all().iter().flat_map(|one| one.meta().findings).map(|one| one.id);
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
        let args = |line: &[&str]| Cli::parse_from([&["harden"], line].concat()).run.transforms().len();
        assert_eq!(args(&[]), harden_transforms::all().len());
        assert_eq!(args(&["--only", "pin-digest"]), 1);
        assert_eq!(args(&["--only", "pin-digest", "--skip", "pin-digest"]), 0);
    }
}
