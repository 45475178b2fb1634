//! Secrets leave the file, the image and its history. See `env_secrets.md`.

mod candidates;
mod copied;
mod persisted;
mod plan;
mod report;
mod stages;
mod text;
mod variables;

use std::collections::BTreeSet;

use harden_core::{Context, Finding, FindingMeta, Level, Meta, Scopes, Transform, Verdict, rule};

use crate::support::variable_uses::VariableUses;
use candidates::Candidate;
use plan::Draft;

/// The transform.
pub struct EnvSecrets;

static META: Meta = Meta {
    name: "env-secrets",
    summary: "take secrets out of the file and the image; give them when it is built or run",
    worst: Level::Suggest,
    doc: include_str!("env_secrets.md"),
    findings: &[
        FindingMeta {
            id: "secret-in-env",
            summary: "ENV holds a secret",
            foreign: &[
                rule("hadolint", "DL3064"),
                rule("trivy", "DS-0031"),
                rule("sonar", "S6472"),
                rule("dockle", "CIS-DI-0010"),
                rule("tally", "secrets-in-code"),
                rule("cis", "4.10"),
            ],
        },
        FindingMeta {
            id: "secret-in-arg",
            summary: "a build argument carries a secret",
            foreign: &[
                rule("hadolint", "DL3064"),
                rule("trivy", "DS-0031"),
                rule("sonar", "S6472"),
                rule("semgrep", "secret-in-build-arg"),
                rule("dockle", "CIS-DI-0010"),
                rule("cis", "4.10"),
            ],
        },
        FindingMeta {
            id: "secret-file-copied",
            summary: "a file of secrets is copied into the image",
            foreign: &[rule("trivy", "DS-0031"), rule("sonar", "S6470"), rule("dockle", "CIS-DI-0010")],
        },
        FindingMeta {
            id: "secret-in-text",
            summary: "a secret stands in a command, a label, a URL or a heredoc",
            foreign: &[rule("tally", "secrets-in-code"), rule("cis", "4.10")],
        },
        FindingMeta {
            id: "secret-persisted",
            summary: "a command of the build stores a secret in the image",
            foreign: &[rule("trivy", "DS-0031")],
        },
    ],
};

/// Instructions that are looked at to follow all variables of a file: each is followed from its stage's beginning.
const MAX_STEPS: usize = 200_000;

impl Transform for EnvSecrets {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn propose(&self, ctx: &Context<'_>) -> Vec<Finding> {
        let scopes = Scopes::new(ctx.build, ctx.setup);
        let reached = stages::reached(ctx);
        let uses = VariableUses::new(ctx, &scopes);
        let (candidates, left) = candidates::find(ctx);
        let mut findings: Vec<Finding> = left.iter().filter_map(variables::left).collect();
        let mut drafts = Vec::new();
        let followed = follow(ctx, &uses, &candidates, &reached).unwrap_or_else(|| {
            let refused = |one| Err(Box::new(variables::not_followed(one, &reached, plan::too_many())));
            candidates.iter().map(refused).collect()
        });
        for one in followed {
            match one {
                Ok(draft) => drafts.push(draft),
                Err(finding) => findings.push(*finding),
            }
        }
        let known: BTreeSet<String> = candidates.iter().map(|one| one.name.to_owned()).collect();
        let mut files = copied::find(ctx, &scopes, &reached);
        drafts.append(&mut files.drafts);
        findings.append(&mut files.findings);
        findings.extend(plan::findings(ctx, &scopes, &META, drafts));
        findings.extend(text::find(ctx));
        findings.extend(persisted::find(ctx, &scopes, &known));
        findings.sort_by_key(|one| (one.span, one.id));
        findings
    }
}

type Followed<'a> = Result<Draft<'a>, Box<Finding>>;

/// What is to be done about each candidate; `None` when there are too many to follow. All or none: what is left over would
/// be next in the next pass.
fn follow<'a>(
    ctx: &Context<'a>,
    uses: &VariableUses<'_, 'a>,
    candidates: &[Candidate<'a>],
    reached: &BTreeSet<usize>,
) -> Option<Vec<Followed<'a>>> {
    if ctx.file().instructions().len().saturating_mul(candidates.len()) > MAX_STEPS {
        return None;
    }
    let too_large = |one: &Followed<'_>| matches!(one, Err(finding) if matches!(&finding.verdict, Verdict::Refused(why) if why.code == "too-large"));
    let examined = candidates.iter().map(|candidate| variables::examine(ctx, uses, candidate, reached));
    examined.map(|one| if too_large(&one) { None } else { Some(one) }).collect()
}

#[cfg(test)]
mod tests;
