//! Image references get the digest they resolve to. See `pin_digest.md`.

use std::collections::BTreeSet;

use harden_core::syntax::Reference;
use harden_core::{
    Base, Context, Edit, Finding, FindingMeta, Fix, Level, Meta, Source, SourceUse, Stage, Transform,
    Verdict, Why, rule,
};

use crate::support::image_spelling::{self, Pinned};
use crate::support::pin_variable::Uses;

/// The transform.
pub struct PinDigest;

static META: Meta = Meta {
    name: "pin-digest",
    summary: "pin image references to the digest they resolve to",
    worst: Level::Safe,
    doc: include_str!("pin_digest.md"),
    findings: &[
        FindingMeta {
            id: "from-undigested",
            summary: "FROM names an image that can change",
            foreign: &[
                rule("hadolint", "DL3006"),
                rule("hadolint", "DL3007"),
                rule("trivy", "DS-0001"),
                rule("checkov", "CKV_DOCKER_7"),
                rule("kics", "9efb0b2d"),
                rule("kics", "f45ea400"),
                rule("semgrep", "dockerfile-source-not-pinned"),
                rule("sonar", "S7023"),
                rule("scorecard", "Pinned-Dependencies"),
                rule("cis", "4.2"),
            ],
        },
        FindingMeta {
            id: "copy-from-external-unpinned",
            summary: "COPY --from or RUN --mount names an image that can change",
            foreign: &[],
        },
    ],
};

impl Transform for PinDigest {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn propose(&self, ctx: &Context<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        // An argument that several FROM share is pinned once.
        let mut arguments = BTreeSet::new();
        let uses = Uses::new(ctx.build);
        for stage in &ctx.build.stages {
            findings.extend(from(ctx, stage, &uses, &mut arguments));
        }
        for one in ctx.build.source_uses(ctx.setup) {
            findings.extend(source(ctx, &one));
        }
        findings
    }
}

fn from<'a>(
    ctx: &Context<'a>,
    stage: &Stage<'a>,
    uses: &Uses<'a>,
    arguments: &mut BTreeSet<&'a str>,
) -> Option<Finding> {
    let finding = |message: String, verdict: Verdict| {
        Some(Finding::new("from-undigested", stage.image.span(), message, verdict))
    };
    let reference = match &stage.base {
        Base::Scratch | Base::Stage(_) => return None,
        Base::Image(reference) => reference,
        Base::Unknown(why) => {
            let message = format!("`{}` is not pinned", stage.image.text());
            return finding(message, Verdict::Refused(why.clone()));
        }
    };
    if reference.digest().is_some() {
        return None;
    }
    let message = format!("`{reference}` can change under its tag");
    if let Some(why) = own_image(ctx, reference) {
        return finding(message, Verdict::Kept(why));
    }
    if !stage.image.text().contains('$') {
        let verdict = pin_literal(ctx, stage, reference);
        return finding(message, verdict);
    }
    let argument = match uses.argument(stage) {
        Ok(argument) => argument,
        Err(why) => return finding(message, Verdict::Refused(why)),
    };
    if !arguments.insert(argument.name) {
        return None;
    }
    let platforms = argument.platforms.iter().copied();
    let verdict = image_spelling::pin(ctx, reference, platforms).and_then(|pinned| {
        let edit = argument.edit(reference, &pinned.suffix)?;
        let mut fix = fix(reference, &pinned, edit);
        fix.assumptions.push(argument.assumption(ctx.setup));
        Ok(fix)
    });
    finding(message, verdict.map_or_else(image_spelling::unpinned, Verdict::Fix))
}

/// Images that are built here: whatever a registry has under the name is not what the next build is meant to use.
fn own_image(ctx: &Context<'_>, reference: &Reference) -> Option<Why> {
    // A named context is the better reason.
    let is_own = ctx.setup.is_own_image(reference) && image_spelling::named_context(ctx, reference).is_none();
    is_own.then(|| {
        let message = format!(
            "a compose or bake file builds `{reference}`; with a digest the next build of it would not be used"
        );
        Why::new("own-image", message)
    })
}

fn pin_literal(ctx: &Context<'_>, stage: &Stage<'_>, reference: &Reference) -> Verdict {
    let platform = image_spelling::constant_platform(stage);
    let result = image_spelling::pin(ctx, reference, platform).and_then(|pinned| {
        let start = image_spelling::start(stage.image, reference)?;
        Ok(fix(reference, &pinned, image_spelling::edit_at(start, reference, &pinned.suffix)))
    });
    result.map_or_else(image_spelling::unpinned, Verdict::Fix)
}

fn fix(reference: &Reference, pinned: &Pinned, edit: Edit) -> Fix {
    let reason = match &pinned.version {
        Some(version) => Why::new(
            "same-digest",
            format!(
                "`{reference}` is this digest, and so is the tag {version}, which update bots can follow"
            ),
        ),
        None => Why::new("same-digest", format!("`{reference}` resolves to this digest")),
    };
    Fix::new(Level::Safe, vec![edit], reason)
}

fn source(ctx: &Context<'_>, one: &SourceUse<'_>) -> Option<Finding> {
    let finding = |message: String, verdict: Verdict| {
        let span = one.span.unwrap_or_else(|| one.flag.token().span());
        Some(Finding::new("copy-from-external-unpinned", span, message, verdict))
    };
    let reference = match &one.source {
        Source::Image(reference) if reference.digest().is_none() => reference,
        Source::Unknown(why) => {
            return finding(format!("`{}` is not pinned", one.name), Verdict::Refused(why.clone()));
        }
        _ => return None,
    };
    let message = format!("`{reference}` can change under its tag");
    if let Some(why) = own_image(ctx, reference) {
        return finding(message, Verdict::Kept(why));
    }
    let verdict = image_spelling::pin(ctx, reference, None).and_then(|pinned| {
        let start = image_spelling::source_start(ctx, one, reference)?;
        Ok(fix(reference, &pinned, image_spelling::edit_at(start, reference, &pinned.suffix)))
    });
    finding(message, verdict.map_or_else(image_spelling::unpinned, Verdict::Fix))
}
