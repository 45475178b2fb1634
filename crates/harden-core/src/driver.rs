//! Runs transforms to a fixpoint.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use dockerfile_syntax::{Dockerfile, Span, SyntaxError};

use crate::{
    Build, BuildSetup, Context, Edit, EditSet, Facts, Finding, Fix, Hazard, Level, Meta, Note, Place,
    Question, Settings, Suppressions, Transform, Verdict, Why, gate,
};

/// Passes after which a file is given up and kept as it was.
pub const MAX_PASSES: usize = 5;

/// What may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The least certain level that is written.
    pub level: Level,
    /// What people chose about the rewrites themselves.
    pub settings: Settings,
}

impl Policy {
    /// Writes up to this level, with default settings.
    pub fn at(level: Level) -> Self {
        Self { level, settings: Settings::default() }
    }
}

/// What became of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Fixed, at this level and for this reason.
    Fixed(Level, Why),
    /// It could be fixed, but the policy does not write this level.
    Offered(Level, Why),
    /// Left alone; a person may want to act.
    Refused(Why),
    /// Right as it is.
    Kept(Why),
    /// A comment in the file switches it off.
    Suppressed {
        /// The comment.
        comment: String,
    },
}

/// A finding as it is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The transform.
    pub transform: &'static str,
    /// The kind of finding.
    pub id: &'static str,
    /// Where, in the file as it was given.
    pub span: Span,
    /// What it is.
    pub message: String,
    /// What became of it.
    pub disposition: Disposition,
    /// What could make it break something; places are in the file as it was given.
    pub hazards: Vec<Hazard>,
    /// What the fix takes for granted.
    pub assumptions: Vec<String>,
    /// What people who run or build the image have to know once the fix is made.
    pub notes: Vec<Note>,
    /// For offered fixes: the whole text with this fix alone; the first 8 MiB of such texts for one transform.
    pub suggestion: Option<Arc<str>>,
}

/// What one transform did in one pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The transform.
    pub transform: &'static str,
    /// The text it was given.
    pub before: Arc<str>,
    /// The text it made.
    pub after: Arc<str>,
    /// The edits of each fix, in bytes of [`before`](Self::before). Those of all patches, one after the other, belong to
    /// the fixed findings of [`Outcome::reports`] in their order.
    pub fixes: Vec<Vec<Edit>>,
}

/// The result of a rewrite.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The text to write; the original when nothing was changed.
    pub text: Arc<str>,
    /// What each transform did, in order; applied one after the other they lead from the original to
    /// [`text`](Self::text).
    pub patches: Vec<Patch>,
    /// Every finding: fixed ones in the order they were fixed, then the others by position.
    pub reports: Vec<Report>,
    /// Facts that were asked for in any pass and not there. Answer them and rewrite again; the text above is right without them.
    pub needs: BTreeSet<Question>,
}

impl Outcome {
    /// Whether there is something to write.
    pub fn is_changed(&self) -> bool {
        !self.patches.is_empty()
    }
}

/// Why a file was not rewritten at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RewriteError {
    /// BuildKit would reject it.
    Invalid(Vec<SyntaxError>),
    /// The transforms kept changing it; the original stands. A bug in harden.
    Unsettled {
        /// The transforms that still changed something in the last pass.
        transforms: Vec<&'static str>,
    },
}

impl fmt::Display for RewriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(errors) => match errors.first() {
                Some(error) => write!(f, "the Dockerfile is not valid: {error}"),
                None => f.write_str("the Dockerfile is not valid"),
            },
            Self::Unsettled { transforms } => {
                write!(
                    f,
                    "{} did not settle after {MAX_PASSES} passes; nothing was changed",
                    transforms.join(", ")
                )
            }
        }
    }
}

impl std::error::Error for RewriteError {}

/// Rewrites one file: each transform in order of its [phase](Transform::phase) on a fresh parse, again and again until a whole pass changes nothing.
///
/// Every result passes the [gate](crate::gate); a fix that does not is dropped and reported. The same input, facts and
/// policy give the same output.
pub fn rewrite(
    source: &str,
    transforms: &[&dyn Transform],
    setup: &BuildSetup,
    facts: &dyn Facts,
    policy: &Policy,
) -> Result<Outcome, RewriteError> {
    let original: Arc<str> = source.into();
    let mut file = Dockerfile::parse(Arc::clone(&original));
    if !file.errors().is_empty() {
        return Err(RewriteError::Invalid(file.errors().to_vec()));
    }
    let mut transforms = transforms.to_vec();
    transforms.sort_by_key(|transform| transform.phase());
    let mut trail: Vec<EditSet> = Vec::new();
    let mut patches: Vec<Patch> = Vec::new();
    let mut fixed: Vec<Report> = Vec::new();
    // A fix that is right without an answer, once made, is not proposed again: what an early pass asked for counts.
    let mut needs = BTreeSet::new();
    for _ in 0..MAX_PASSES {
        let mut open: Vec<Report> = Vec::new();
        let mut busy: Vec<&'static str> = Vec::new();
        let mut waiting = transforms.iter();
        loop {
            // Transforms share one model until one of them changes the text.
            let build = Build::new(&file);
            let mut change = None;
            for transform in waiting.by_ref() {
                let step = run(*transform, &build, setup, facts, policy);
                needs.extend(step.needs);
                let back = |mut report: Report| {
                    report.span = original_span(&trail, report.span);
                    for hazard in &mut report.hazards {
                        if let Some(Place::Here(span)) = &mut hazard.place {
                            *span = original_span(&trail, *span);
                        }
                    }
                    report
                };
                open.extend(step.open.into_iter().map(back));
                fixed.extend(step.fixed.into_iter().map(back));
                if let Some(made) = step.change {
                    change = Some((transform.meta().name, made));
                    break;
                }
            }
            let Some((name, Change { fixes, edits, after })) = change else { break };
            busy.push(name);
            patches.push(Patch { transform: name, before: file.source(), after: after.source(), fixes });
            trail.push(edits);
            file = after;
        }
        if busy.is_empty() {
            open.sort_by(|a, b| (a.span, a.transform, a.id).cmp(&(b.span, b.transform, b.id)));
            fixed.extend(open);
            return Ok(Outcome { text: file.source(), patches, reports: fixed, needs });
        }
    }
    let mut transforms: Vec<&'static str> = patches.iter().map(|patch| patch.transform).collect();
    transforms.sort_unstable();
    transforms.dedup();
    Err(RewriteError::Unsettled { transforms })
}

fn original_span(trail: &[EditSet], span: Span) -> Span {
    trail.iter().rev().fold(span, |span, edits| {
        let start = edits.backward(span.start);
        Span::new(start, edits.backward(span.end).max(start))
    })
}

/// What one transform did to one text.
struct Step {
    change: Option<Change>,
    fixed: Vec<Report>,
    open: Vec<Report>,
    needs: BTreeSet<Question>,
}

/// The fixes that were made.
struct Change {
    /// The edits of each fixed finding.
    fixes: Vec<Vec<Edit>>,
    /// All of them.
    edits: EditSet,
    after: Dockerfile,
}

fn run(
    transform: &dyn Transform,
    build: &Build<'_>,
    setup: &BuildSetup,
    facts: &dyn Facts,
    policy: &Policy,
) -> Step {
    let (meta, file) = (transform.meta(), build.file);
    let ctx = Context::new(build, setup, &policy.settings, facts);
    let findings = transform.propose(&ctx);
    let suppressions = if findings.is_empty() { Suppressions::default() } else { Suppressions::read(file) };
    let mut step = Step { change: None, fixed: Vec::new(), open: Vec::new(), needs: ctx.into_needs() };
    let mut chosen: Vec<(Finding, Fix)> = Vec::new();
    let mut room = MAX_SUGGESTED;
    for finding in findings {
        debug_assert!(meta.findings.iter().any(|one| one.id == finding.id), "{} is not declared", finding.id);
        let edits = match &finding.verdict {
            Verdict::Fix(fix) => fix.edits.as_slice(),
            Verdict::Refused(_) | Verdict::Kept(_) => &[],
        };
        // A fix may edit another instruction than the one it is about; a comment counts at either.
        let comment = std::iter::once(finding.span)
            .chain(edits.iter().map(|edit| edit.span))
            .find_map(|span| suppressions.find(file, meta, finding.id, span));
        match (comment, finding.verdict.clone()) {
            (Some(comment), _) => {
                let comment = file.slice(comment).to_owned();
                step.open.push(report(meta, &finding, Disposition::Suppressed { comment }));
            }
            (None, Verdict::Refused(why)) => {
                step.open.push(report(meta, &finding, Disposition::Refused(why)));
            }
            (None, Verdict::Kept(why)) => step.open.push(report(meta, &finding, Disposition::Kept(why))),
            (None, Verdict::Fix(fix)) if fix.level > policy.level => {
                let shown = room >= file.text().len();
                room = room.saturating_sub(file.text().len());
                step.open.push(if shown {
                    offer(meta, file, setup, &finding, fix)
                } else {
                    report(meta, &finding, Disposition::Offered(fix.level, fix.reason))
                });
            }
            (None, Verdict::Fix(fix)) => chosen.push((finding, fix)),
        }
    }
    apply(meta, file, setup, &chosen, &mut step);
    step
}

fn report(meta: &Meta, finding: &Finding, disposition: Disposition) -> Report {
    let (assumptions, notes) = match &finding.verdict {
        Verdict::Fix(fix) => (fix.assumptions.clone(), fix.notes.clone()),
        Verdict::Refused(_) | Verdict::Kept(_) => (Vec::new(), Vec::new()),
    };
    Report {
        transform: meta.name,
        id: finding.id,
        span: finding.span,
        message: finding.message.clone(),
        disposition,
        hazards: finding.hazards.clone(),
        assumptions,
        notes,
        suggestion: None,
    }
}

/// Bytes of suggestions made for one transform: each is a copy of the whole text.
const MAX_SUGGESTED: usize = 8 << 20;

/// A fix above the policy's level: shown with the text it would make, if that passes the gate.
fn offer(meta: &Meta, file: &Dockerfile, setup: &BuildSetup, finding: &Finding, fix: Fix) -> Report {
    match attempt(file, setup, &[&fix]) {
        Ok((_, after)) => {
            let mut report = report(meta, finding, Disposition::Offered(fix.level, fix.reason));
            report.suggestion = Some(after.source());
            report
        }
        Err(why) => report(meta, finding, Disposition::Refused(why)),
    }
}

/// Makes all fixes at once; if that fails, all but those that fail.
fn apply(meta: &Meta, file: &Dockerfile, setup: &BuildSetup, chosen: &[(Finding, Fix)], step: &mut Step) {
    let mut kept: Vec<usize> = Vec::new();
    let mut made = None;
    // Groups in order of position, the next one last; a group that fails is tried in halves.
    let mut groups = Vec::new();
    groups.push(0..chosen.len());
    let mut attempts = 0;
    while let Some(group) = groups.pop() {
        if group.is_empty() {
            continue;
        }
        if attempts == MAX_ATTEMPTS {
            let why = Why::new("gate", "not applied: too many other fixes in this file failed");
            let refused = |index: usize| report(meta, &chosen[index].0, Disposition::Refused(why.clone()));
            step.open.extend(group.map(refused));
            continue;
        }
        attempts += 1;
        let with: Vec<&Fix> = kept.iter().copied().chain(group.clone()).map(|one| &chosen[one].1).collect();
        match attempt(file, setup, &with) {
            Ok(result) => {
                kept.extend(group);
                made = Some(result);
            }
            Err(why) if group.len() == 1 => {
                step.open.push(report(meta, &chosen[group.start].0, Disposition::Refused(why)));
            }
            Err(_) => {
                let middle = group.start + group.len() / 2;
                groups.extend([middle..group.end, group.start..middle]);
            }
        }
    }
    let Some((edits, after)) = made.filter(|(edits, _)| !edits.is_empty()) else { return };
    let mut fixes = Vec::with_capacity(kept.len());
    for index in kept {
        let (finding, fix) = &chosen[index];
        step.fixed.push(report(meta, finding, Disposition::Fixed(fix.level, fix.reason.clone())));
        fixes.push(fix.edits.clone());
    }
    step.change = Some(Change { fixes, edits, after });
}

/// Attempts for one transform on one text. Each reads the whole file again: a hostile file must not make that
/// quadratic.
const MAX_ATTEMPTS: usize = 200;

fn attempt(file: &Dockerfile, setup: &BuildSetup, fixes: &[&Fix]) -> Result<(EditSet, Dockerfile), Why> {
    let edits = fixes.iter().flat_map(|fix| fix.edits.iter().cloned()).collect();
    let edits = EditSet::new(file.text(), edits)
        .map_err(|error| Why::new("overlap", format!("not applied: {error}")))?;
    let after = Dockerfile::parse(edits.apply(file.text()));
    gate::check(file, &edits, &after, setup)
        .map_err(|error| Why::new("gate", format!("not applied: {error}")))?;
    Ok((edits, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Edit, FindingMeta, NoFacts};

    /// Offers to write `1` after each RUN, at the level its number says; number 13 would break the file.
    struct Numbers;

    static META: Meta = Meta {
        name: "numbers",
        summary: "",
        worst: Level::Suggest,
        doc: "",
        findings: &[FindingMeta { id: "number", summary: "", foreign: &[] }],
    };

    impl Transform for Numbers {
        fn meta(&self) -> &'static Meta {
            &META
        }

        fn propose(&self, ctx: &Context<'_>) -> Vec<Finding> {
            let from = ctx.file().instructions().next().unwrap().keyword_token().span();
            let runs = ctx.file().instructions().skip(1).enumerate();
            let unfinished = runs.filter(|(_, run)| run.arguments().text() == "x");
            let finding = |(index, run): (usize, dockerfile_syntax::Instruction<'_>)| {
                let edit = Edit::insert(run.span().end, " 1");
                let edits = if index == 13 { vec![edit, Edit::delete(from)] } else { vec![edit] };
                let level = if index % 10 == 9 { Level::Suggest } else { Level::Safe };
                let fix = Fix::new(level, edits, Why::new("test", ""));
                Finding::new("number", run.span(), String::new(), Verdict::Fix(fix))
            };
            unfinished.map(finding).collect()
        }
    }

    fn run(text: &str, level: Level) -> Outcome {
        rewrite(text, &[&Numbers], &BuildSetup::default(), &NoFacts::default(), &Policy::at(level)).unwrap()
    }

    #[test]
    fn a_fix_that_fails_does_not_take_the_others_with_it() {
        let outcome = run(&format!("FROM a\n{}", "RUN x\n".repeat(50)), Level::Safe);
        assert_eq!(outcome.text.matches("RUN x 1\n").count(), 44);
        let refused =
            |one: &&Report| matches!(&one.disposition, Disposition::Refused(why) if why.code == "gate");
        let refused: Vec<_> = outcome.reports.iter().filter(refused).collect();
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].span.start as usize, "FROM a\n".len() + 13 * "RUN x\n".len());
        let offered = |one: &&Report| matches!(one.disposition, Disposition::Offered(Level::Suggest, _));
        assert_eq!(outcome.reports.iter().filter(offered).count(), 5);
        assert_eq!(outcome.reports.len(), 50);
    }

    #[test]
    fn suggestions_are_bounded() {
        let text =
            format!("FROM a\n{}{}", "RUN x\n".repeat(50), format!("# {}\n", "-".repeat(60_000)).repeat(60));
        let outcome = run(&text, Level::Safe);
        assert_eq!(outcome.reports.iter().filter(|one| one.suggestion.is_some()).count(), 2);
    }
}
