//! Files with one stage that ship what builds them get a second stage. See `multi_stage.md`.

pub(crate) mod behind;
pub(crate) mod effects;
pub(crate) mod files;
pub(crate) mod gates;
pub(crate) mod moves;
pub(crate) mod owned;
pub(crate) mod owners;
pub(crate) mod packages;
pub(crate) mod ran;
pub(crate) mod recipes;
pub(crate) mod releases;
pub(crate) mod runtime_image;
pub(crate) mod scratch;
pub(crate) mod split;
pub(crate) mod steps;
pub(crate) mod tools;
pub(crate) mod view;
pub(crate) mod write;

use harden_core::{
    Context, Finding, FindingMeta, Fix, Level, Meta, Phase, Scopes, Transform, Verdict, Why, rule,
};

use split::Split;
use view::View;

/// The transform.
pub struct MultiStage;

static META: Meta = Meta {
    name: "multi-stage",
    summary: "build in one stage and run in another, without compilers and sources",
    worst: Level::Suggest,
    doc: include_str!("multi_stage.md"),
    findings: &[FindingMeta {
        id: "build-tools",
        summary: "the image ships what builds the program",
        foreign: &[rule("cis", "4.3"), rule("tally", "prefer-multi-stage-build")],
    }],
};

impl Transform for MultiStage {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn phase(&self) -> Phase {
        Phase::Stages
    }

    fn propose(&self, ctx: &Context<'_>) -> Vec<Finding> {
        if !view::is_candidate(ctx) {
            return Vec::new();
        }
        let scopes = Scopes::new(ctx.build, ctx.setup);
        let Some(view) = View::new(ctx, &scopes) else { return Vec::new() };
        let found = recipes::ALL.iter().find_map(|recipe| recipe.split(&view));
        found.map(|split| finding(&view, split)).into_iter().collect()
    }
}

/// The finding about a stage that a recipe knows.
fn finding(view: &View<'_, '_>, split: Result<Split, Why>) -> Finding {
    let message = match &split {
        Ok(split) => format!("the image ships what builds the program: {}", split.ships),
        Err(_) => "the image ships what builds the program".to_owned(),
    };
    let span = view.stage.image.span();
    let fixed = split.and_then(|split| fix(view, split));
    match fixed {
        Ok((fix, hazards)) => {
            Finding { hazards, ..Finding::new("build-tools", span, message, Verdict::Fix(fix)) }
        }
        Err(why) => Finding::new("build-tools", span, message, Verdict::Refused(why)),
    }
}

/// The edits, their level and what stands against them.
fn fix(view: &View<'_, '_>, mut split: Split) -> Result<(Fix, Vec<harden_core::Hazard>), Why> {
    gates::stop(view)?;
    behind::extend(view, &mut split)?;
    if let (Ok(files), Some(last)) = (view.files(), view.steps.get(split.last)) {
        let end = last.instruction.span().end;
        // A folder may hold what the builder made besides what is copied into it.
        let is_made = |folder: &str| split.roots.iter().any(|root| root == folder);
        split.copies.retain(|copy| is_made(&copy.from) || !files.come_later(&copy.from, end));
    }
    let moves = moves::plan(view, &mut split)?;
    gates::downloads(&mut split);
    let mut hazards = std::mem::take(&mut split.hazards);
    hazards.extend(gates::lower(view, &split, &moves));
    let mut seen = std::collections::BTreeSet::new();
    hazards.retain(|hazard| seen.insert(hazard.clone()));
    let edits = write::edits(view, &split, &moves)?;
    let (level, reason) = match hazards.first() {
        Some(hazard) => (Level::Suggest, Why::new(hazard.id, hazard.message.clone())),
        None => (Level::Review, Why::new(split.recipe, split.reason.clone())),
    };
    let mut fix = Fix::new(level, edits, reason);
    fix.assumptions = split.assumptions;
    Ok((fix, hazards))
}
