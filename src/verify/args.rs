//! The options of a verification.

use std::time::Duration;

use clap::{Args, ValueEnum};

/// How images are built and run.
#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// Builder to use [default: the first of docker, podman and buildah that works].
    #[arg(long, help_heading = "Verifying", hide_short_help = true, value_enum, value_name = "NAME")]
    pub builder: Option<BuilderName>,

    /// Build argument for both builds; without a value it comes from the environment. May be given several times.
    #[arg(long, help_heading = "Verifying", hide_short_help = true, value_name = "NAME[=VALUE]")]
    pub build_arg: Vec<String>,

    /// Named build context for both builds: `base=docker-image://alpine:3.22`. May be given several times.
    #[arg(long, help_heading = "Verifying", hide_short_help = true, value_name = "NAME=VALUE")]
    pub build_context: Vec<String>,

    /// Secret for both builds: `id=npm,src=FILE` or `id=npm,env=NAME`. May be given several times.
    #[arg(long, help_heading = "Verifying", hide_short_help = true, value_name = "SECRET")]
    pub secret: Vec<String>,

    /// Network of build steps [default: what the builder does].
    #[arg(long, help_heading = "Verifying", hide_short_help = true, value_name = "MODE")]
    pub network: Option<String>,

    /// Network of the containers that are started.
    #[arg(
        long,
        help_heading = "Verifying",
        hide_short_help = true,
        value_name = "MODE",
        default_value = "none"
    )]
    pub run_network: String,

    /// How long a container is watched: `15s`, `1m`.
    #[arg(long, help_heading = "Verifying", hide_short_help = true, value_name = "TIME", value_parser = crate::cli::duration, default_value = "15s")]
    pub run_timeout: Duration,

    /// How long a build may take: `30m`, `2h`.
    #[arg(long, help_heading = "Verifying", hide_short_help = true, value_name = "TIME", value_parser = crate::cli::duration, default_value = "30m")]
    pub build_timeout: Duration,
}

impl VerifyArgs {
    /// Whether the command line says anything here.
    pub fn given(&self) -> bool {
        let lists = [&self.build_arg, &self.build_context, &self.secret];
        self.builder.is_some()
            || self.network.is_some()
            || lists.into_iter().any(|list| !list.is_empty())
            || self.run_network != "none"
            || self.run_timeout != Duration::from_secs(15)
            || self.build_timeout != Duration::from_secs(30 * 60)
    }
}

/// `--builder`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BuilderName {
    /// Docker, with BuildKit where buildx is there.
    Docker,
    /// Podman.
    Podman,
    /// Buildah.
    Buildah,
}

impl BuilderName {
    /// The program.
    pub(super) const fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        }
    }
}
