//! Containers that run as root get a user. See `non_root_user.md`.

pub(crate) mod accounts;
pub(crate) mod base;
pub(crate) mod effective;
pub(crate) mod hazards;
pub(crate) mod insert;
pub(crate) mod launch;
pub(crate) mod numeric;
pub(crate) mod ownership;
pub(crate) mod packages;
pub(crate) mod programs;
pub(crate) mod risk;
pub(crate) mod root;
pub(crate) mod runs;
pub(crate) mod state;
pub(crate) mod strategy;
pub(crate) mod text;
pub(crate) mod view;
pub(crate) mod words;

use std::collections::BTreeSet;

use harden_core::{Context, Finding, FindingMeta, Level, Meta, Missing, Scopes, Transform, Verdict, rule};

use effective::Runs;
use view::View;

/// The transform.
pub struct NonRootUser;

static META: Meta = Meta {
    name: "non-root-user",
    summary: "run containers as a user other than root, and name that user by number",
    worst: Level::Suggest,
    doc: include_str!("non_root_user.md"),
    findings: &[
        FindingMeta {
            id: "root-user",
            summary: "containers run as root",
            foreign: &[
                rule("hadolint", "DL3002"),
                rule("trivy", "DS-0002"),
                rule("checkov", "CKV_DOCKER_3"),
                rule("checkov", "CKV_DOCKER_8"),
                rule("kics", "fd54f200"),
                rule("kics", "67fd0c4a"),
                rule("semgrep", "missing-user"),
                rule("semgrep", "missing-user-entrypoint"),
                rule("semgrep", "last-user-is-root"),
                rule("sonar", "S6471"),
                rule("dockle", "CIS-DI-0001"),
                rule("tally", "stateful-root-runtime"),
                rule("cis", "4.1"),
            ],
        },
        FindingMeta {
            id: "user-not-numeric",
            summary: "the user is given by name, which Kubernetes cannot check",
            foreign: &[rule("hadolint", "DL3066")],
        },
    ],
};

impl Transform for NonRootUser {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn propose(&self, ctx: &Context<'_>) -> Vec<Finding> {
        let scopes = Scopes::new(ctx.build, ctx.setup);
        let mut findings = Vec::new();
        // Several targets may end with the same USER.
        let mut seen = BTreeSet::new();
        for stage in ctx.build.outputs(ctx.setup) {
            let finding = examine(ctx, &scopes, stage);
            findings.extend(finding.filter(|finding| seen.insert((finding.id, finding.span))));
        }
        findings
    }
}

fn examine(ctx: &Context<'_>, scopes: &Scopes<'_, '_>, stage: usize) -> Option<Finding> {
    let end = scopes.end(stage)?;
    let (chain, _) = ctx.build.chain(stage);
    let last = effective::last_user(scopes, &chain);
    let user = last.as_ref().map(|(instruction, before, _)| (*instruction, before));
    let base = match base::BaseView::read(ctx, scopes, &chain) {
        Ok(base) => base,
        // The answer is on its way; whatever is said now is not used.
        Err(Missing::Pending) => return None,
        Err(Missing::Unknown(_)) => base::BaseView::default(),
    };
    let runs = effective::effective(scopes, end, user, &base);
    let image = ctx.build.stages.get(stage)?.image.span();
    let span = user.map_or(image, |(instruction, _)| instruction.arguments().span());
    match runs {
        Runs::Unknown(why) => {
            let message = "who its containers run as is not known";
            Some(Finding::new("root-user", span, message, Verdict::Refused(why)))
        }
        Runs::Other(identity) if identity.spec.is_verifiably_other() => None,
        Runs::Other(identity) => {
            let view = View::new(ctx, scopes, stage, chain, end, base);
            Some(numeric::examine(&view, &identity, span))
        }
        Runs::Root(by) => {
            let view = View::new(ctx, scopes, stage, chain, end, base);
            Some(root::examine(&view, by, span))
        }
    }
}
