//! A stage that runs as root: which user it gets, what stands against it, and what is written.

use std::collections::BTreeSet;

use harden_core::syntax::{Instruction, Keyword, Span};
use harden_core::{Edit, Finding, Fix, Launch, Level, Note, Place, UserStyle, Value, Verdict, Why};

use super::effective::number;
use super::launch::{self, Launched};
use super::ownership::{self, Ownership};
use super::risk::{Effect, Risk};
use super::strategy::{self, Plan};
use super::text::{self, Lines};
use super::view::View;
use super::{hazards, insert, programs, state, words};

/// The finding about a stage that runs as root; `by` is the USER that says so.
pub(crate) fn examine(view: &View<'_, '_>, by: Option<Instruction<'_>>, span: Span) -> Finding {
    let launched = launch::executed(view);
    let mut risks = hazards::risks(view);
    risks.extend(launch::risks(view, &launched));
    risks.extend(state::risks(view, &launched));
    let judged = judge(view, by, &launched, &mut risks);
    risks.sort();
    risks.dedup();
    let stop = risks.iter().find(|risk| risk.effect == Effect::Stop).map(|risk| &risk.hazard);
    let verdict = match (stop, judged) {
        (Some(hazard), _) => Verdict::Refused(Why::new(hazard.id, hazard.message.clone())),
        (None, Err(why)) => Verdict::Refused(why),
        (None, Ok(mut fix)) => {
            if let Some(risk) = risks.first() {
                fix.level = Level::Suggest;
                fix.reason = Why::new(risk.hazard.id, risk.hazard.message.clone());
            }
            Verdict::Fix(fix)
        }
    };
    let hazards = risks.into_iter().map(|risk| risk.hazard).collect();
    Finding { hazards, ..Finding::new("root-user", span, message(view, by), verdict) }
}

fn message(view: &View<'_, '_>, by: Option<Instruction<'_>>) -> String {
    match (by, &view.base.image) {
        (Some(_), _) => "containers run as root: USER says so".to_owned(),
        (None, Some(image)) => {
            format!("containers run as root: `{}` does, and no USER changes it", words::short(image))
        }
        (None, None) => "containers run as root: no USER changes it".to_owned(),
    }
}

/// The fix, as if there were no risks. It may find some itself.
fn judge(
    view: &View<'_, '_>,
    by: Option<Instruction<'_>>,
    launched: &Launched,
    risks: &mut Vec<Risk>,
) -> Result<Fix, Why> {
    let step = insert::last_step(view.ctx.build, view.stage)
        .ok_or_else(|| Why::new("no-place", "there is no place for USER"))?;
    if view.base.is_windows() {
        return windows(step, risks);
    }
    if view.base.is_guessed() {
        let message = match by {
            Some(_) => "nobody knows the base image, so nobody knows what of it needs root",
            None => "nobody knows the base image: that it runs as root follows from steps that need it",
        };
        let first = view.chain.first().and_then(|&index| view.ctx.build.stages.get(index));
        let place = first.map(|stage| Place::Here(stage.image.span()));
        risks.push(Risk::lower("base-guessed", message, place));
    }
    let plan = strategy::plan(view, by)?;
    if plan.is_of_base && matches!(view.runtime.entrypoint, Launch::FromBase) {
        // The image is made to start as that user; what it executes need not be known.
        risks.retain(|risk| {
            let unread = risk.hazard.id == "unread-script" && risk.hazard.place.is_none();
            !unread && risk.hazard.id != "entrypoint-unknown"
        });
    }
    risks.extend(plan.doubt.as_ref().map(|doubt| Risk { effect: Effect::Lower, hazard: doubt.clone() }));
    let early = early_volume(view, step);
    let mut own = ownership::directories(view, launched, early);
    if plan.create.is_none() && view.ctx.settings.user.style == UserStyle::OwnGroup {
        own.leave_given(view, &plan.user);
    }
    let shell = view.base.has_shell() != Some(false) || view.runs_shell();
    if !shell && (!own.volumes.is_empty() || own.at_the_end.iter().any(|(_, make)| *make)) {
        let message =
            "the image has no shell to give the user the directories it writes to; do that with COPY --chown";
        risks.push(Risk::lower("no-shell", message, None));
    }
    if !shell {
        own = Ownership { volumes: own.volumes, ..Ownership::default() };
    }
    for path in &own.skipped {
        let message = format!("`{path}` cannot be given to the user: its name is not plain");
        risks.push(Risk::lower("odd-path", message, None));
    }
    let edits = edits(view, &plan, &own, step, early)?;
    let reason = Why::new(plan.code, plan.why.clone());
    let mut fix = Fix::new(Level::Review, edits, reason);
    fix.assumptions.push(assumption(view, &plan, &own));
    fix.notes = notes(view, launched, &plan, &own);
    Ok(fix)
}

/// `ContainerUser` is in every Windows base image (Microsoft documentation, "Secure Windows containers").
fn windows(step: Instruction<'_>, risks: &mut Vec<Risk>) -> Result<Fix, Why> {
    let message =
        "nobody has checked what a Windows program needs; ContainerUser cannot write below its directories";
    risks.push(Risk::lower("windows", message, None));
    let user = step.arguments();
    let edit = if step.keyword() == Keyword::User && !user.is_split() {
        Edit::replace(user.span(), "ContainerUser")
    } else {
        insert::below(step, &["USER ContainerUser".to_owned()])?
    };
    Ok(Fix::new(
        Level::Suggest,
        vec![edit],
        Why::new("predefined", "Windows images have ContainerUser for this"),
    ))
}

/// The first VOLUME of the stage, when a step follows it.
fn early_volume<'a>(view: &View<'_, 'a>, step: Instruction<'a>) -> Option<Instruction<'a>> {
    let stage = view.ctx.build.stages.get(view.stage)?;
    let volume = stage.instructions.iter().find(|one| one.keyword() == Keyword::Volume)?;
    let mut root = true;
    let mut here = false;
    view.scopes.walk(view.stage, |_, instruction, state| {
        if instruction.span() == volume.span() {
            here = true;
            root = !matches!(&state.user, Value::Known(user) if !user.is_empty() && user != "root" && number(user) != Some(0));
        }
    });
    (here && root && volume.span().start < step.span().start).then_some(*volume)
}

fn edits(
    view: &View<'_, '_>,
    plan: &Plan,
    own: &Ownership,
    step: Instruction<'_>,
    early: Option<Instruction<'_>>,
) -> Result<Vec<Edit>, Why> {
    let settings = &view.ctx.settings.user;
    let user = &plan.user;
    let group = group(view, plan);
    let listed = user.listed && group == user.gid;
    let lines = Lines {
        create: plan.create,
        name: user.name.clone().unwrap_or_default(),
        uid: user.uid,
        gid: group,
        listed,
        home: user.home.clone().unwrap_or_else(|| "/".to_owned()),
        own: own.at_the_end.clone(),
        style: settings.style,
        recursive: settings.recursive,
        comment: user.name.clone().filter(|_| plan.create.is_none()),
        escape: view.ctx.file().escape(),
    };
    let mut edits = plan.edits.clone();
    let run = lines.run();
    let argument = step.arguments();
    if run.is_empty() && step.keyword() == Keyword::User && !argument.is_split() {
        edits.push(Edit::replace(argument.span(), lines.user()));
    } else {
        edits.push(insert::below(step, &[run, lines.switch()].concat())?);
    }
    if let Some(volume) = early.filter(|_| !own.before_volume.is_empty()) {
        let commands =
            text::ownership(&own.before_volume, lines.uid, lines.gid, lines.style, lines.recursive);
        edits.push(insert::above(volume, &text::run(&commands, lines.escape)));
    }
    Ok(edits)
}

/// The primary group it runs with.
fn group(view: &View<'_, '_>, plan: &Plan) -> u32 {
    if view.ctx.settings.user.style == UserStyle::RootGroup { 0 } else { plan.user.gid }
}

fn assumption(view: &View<'_, '_>, plan: &Plan, own: &Ownership) -> String {
    let mut places: Vec<&str> = own.all().into_iter().collect();
    let home = plan.user.home.as_deref().filter(|home| *home != "/" && !places.contains(home));
    places.extend(home);
    if !view.base.scratch {
        places.push("/tmp");
    }
    if places.is_empty() {
        return "the program writes no files".to_owned();
    }
    format!("the program writes to no other place than {}", words::both(&places))
}

fn notes(view: &View<'_, '_>, launched: &Launched, plan: &Plan, own: &Ownership) -> Vec<Note> {
    let mut notes = vec![Note::RunsAs { uid: plan.user.uid, gid: group(view, plan) }];
    let writes = own.all().into_iter().filter(|path| !own.volumes.iter().any(|volume| volume == path));
    notes.extend(writes.map(|path| Note::Writes { path: path.to_owned() }));
    notes.extend(hazards::volume_notes(view));
    let mut ports: BTreeSet<u16> = hazards::low_ports(view).into_iter().collect();
    ports.extend(programs::low_ports(view, launched));
    notes.extend(ports.into_iter().map(|port| Note::LowPort { port }));
    notes
}
