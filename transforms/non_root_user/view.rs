//! One stage that is run, with everything the parts of this transform look at.

use harden_core::syntax::Keyword;
use harden_core::{Context, Runtime, Scopes, State};

use super::accounts::Accounts;
use super::base::BaseView;
use crate::support::image_paths::ImagePaths;

/// A stage whose containers are run.
pub(crate) struct View<'c, 'a> {
    pub(crate) ctx: &'c Context<'a>,
    pub(crate) scopes: &'c Scopes<'c, 'a>,
    /// The stage.
    pub(crate) stage: usize,
    /// It and the stages it starts from, the first one first.
    pub(crate) chain: Vec<usize>,
    /// How its containers start.
    pub(crate) runtime: Runtime<'a>,
    /// User, working directory and shell at its end.
    pub(crate) end: &'c State,
    /// What is known of the base image of the chain.
    pub(crate) base: BaseView,
    /// Users and groups that the chain makes.
    pub(crate) accounts: Accounts<'a>,
    /// Where files of the image come from.
    pub(crate) paths: ImagePaths<'c, 'a>,
}

impl<'c, 'a> View<'c, 'a> {
    pub(crate) fn new(
        ctx: &'c Context<'a>,
        scopes: &'c Scopes<'c, 'a>,
        stage: usize,
        chain: Vec<usize>,
        end: &'c State,
        base: BaseView,
    ) -> Self {
        let runtime = Runtime::of(ctx.build, stage);
        let accounts = Accounts::read(ctx, scopes, &chain);
        let paths = ImagePaths::new(ctx, scopes, stage);
        Self { ctx, scopes, stage, chain, runtime, end, base, accounts, paths }
    }

    /// Whether a step of the chain runs in the shell: then there is one.
    pub(crate) fn runs_shell(&self) -> bool {
        let stages = self.chain.iter().filter_map(|&index| self.ctx.build.stages.get(index));
        let mut steps = stages.flat_map(|stage| stage.instructions.iter());
        steps.any(|one| one.keyword() == Keyword::Run && !one.is_exec_form())
    }
}
