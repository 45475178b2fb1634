//! Secrets in ENV and ARG: out of the file, into secret mounts of the RUNs that use them.

use std::collections::BTreeSet;

use harden_core::syntax::{Instruction, Keyword, Pair};
use harden_core::{Context, Finding, Hazard, Level, Note, Place, SecretSource, Verdict, Why};

use super::candidates::{Candidate, Declaration, Holds, plain_reference};
use super::plan::{Draft, Mounted, Plan};
use super::report::{described, hazard, keyword, level_of, listed};
use crate::support::secret_mount::Mount;
use crate::support::variable_uses::{self, Kind, Reader, Use, VariableUses};

/// Variables whose values are made from one secret that are followed.
const MAX_DERIVED: usize = 64;

/// What the whole file has to do with a candidate.
struct Reach<'a> {
    /// Pairs that go.
    gone: Vec<Declaration<'a>>,
    /// RUNs that get the value, their stages, and under which name.
    mounts: Vec<(Instruction<'a>, usize, String)>,
    /// RUNs of which only a program may read it, and the program.
    possible: Vec<(Instruction<'a>, String)>,
    /// ENV variables that a container no longer finds.
    variables: BTreeSet<String>,
}

/// A candidate that is not followed.
pub(super) fn not_followed(candidate: &Candidate<'_>, reached: &BTreeSet<usize>, why: Why) -> Finding {
    let span = first(candidate).map_or_else(Default::default, |one| one.pair.whole.span());
    Finding::new(id(candidate), span, message(candidate, reached), Verdict::Refused(why))
}

/// What is to be done about a candidate.
pub(super) fn examine<'a>(
    ctx: &Context<'a>,
    uses: &VariableUses<'_, 'a>,
    candidate: &Candidate<'a>,
    reached: &BTreeSet<usize>,
) -> Result<Draft<'a>, Box<Finding>> {
    let message = message(candidate, reached);
    let span = first(candidate).map_or_else(Default::default, |one| one.pair.whole.span());
    let id = id(candidate);
    match follow(uses, candidate, reached) {
        Ok(reach) => Ok(draft(ctx, candidate, id, message, reach)),
        Err((why, hazard)) => {
            let finding = Finding::new(id, span, message, Verdict::Refused(why));
            Err(Box::new(Finding { hazards: hazard.into_iter().collect(), ..finding }))
        }
    }
}

/// The declaration a finding is about: the one that holds the secret, else the one in a stage.
fn first<'c, 'a>(candidate: &'c Candidate<'a>) -> Option<&'c Declaration<'a>> {
    let all = &candidate.declarations;
    all.iter()
        .find(|one| matches!(one.holds, Holds::Secret(_)))
        .or_else(|| all.iter().find(|one| one.is_argument()))
        .or_else(|| all.first())
}

fn id(candidate: &Candidate<'_>) -> &'static str {
    if first(candidate).is_some_and(Declaration::is_argument) { "secret-in-arg" } else { "secret-in-env" }
}

fn message(candidate: &Candidate<'_>, reached: &BTreeSet<usize>) -> String {
    let name = candidate.name;
    let stages = candidate.declarations.iter().filter_map(|one| one.stage);
    let in_image = stages.clone().any(|stage| reached.contains(&stage)) || stages.count() == 0;
    let place = if in_image { "" } else { ", in a stage that no image is made of: build caches hold it" };
    let argument = first(candidate).is_some_and(Declaration::is_argument);
    match &candidate.secret {
        Some(secret) if argument => {
            format!("the default of the build argument {name} is {}{place}", described(secret))
        }
        Some(secret) => format!("the variable {name} holds {}{place}", described(secret)),
        None => {
            let stored = |one: &Declaration<'_>| !one.is_argument() && one.holds == Holds::Value(name);
            let sign = match candidate.taken_by {
                Some(other) => format!("becomes the variable {other}, which is named like a secret"),
                None if candidate.declarations.iter().any(stored) => {
                    "is named like a secret, and ENV stores it in the image".to_owned()
                }
                None => "is named like a secret".to_owned(),
            };
            let history = if in_image { "; the history of the image shows its value" } else { "" };
            format!("the build argument {name} {sign}{history}{place}")
        }
    }
}

type Stop = (Why, Option<Hazard>);

fn stop(code: &'static str, message: String) -> Stop {
    (Why::new(code, message), None)
}

/// Follows the value through the file.
fn follow<'a>(
    uses: &VariableUses<'_, 'a>,
    candidate: &Candidate<'a>,
    reached: &BTreeSet<usize>,
) -> Result<Reach<'a>, Stop> {
    if candidate.declarations.iter().any(Declaration::is_trigger) {
        let message =
            "ONBUILD declares it: builds that start from this image would have to give it as a secret";
        return Err(stop("onbuild", message.to_owned()));
    }
    if is_essential(candidate.name) {
        let message = format!("every program looks up {}; take the secret out of its value", candidate.name);
        return Err(stop("essential", message));
    }
    let mut reach =
        Reach { gone: Vec::new(), mounts: Vec::new(), possible: Vec::new(), variables: BTreeSet::new() };
    let mut seen: BTreeSet<u32> = BTreeSet::new();
    // Declarations to follow, and whether the value is that of the secret as it is.
    let mut open: Vec<(Declaration<'a>, bool)> = Vec::new();
    for one in &candidate.declarations {
        let goes = match one.holds {
            Holds::Secret(_) => true,
            Holds::Nothing => one.is_argument(),
            Holds::Value(of) => of == candidate.name,
            Holds::Other(_) => false,
        };
        if goes && seen.insert(one.pair.whole.span().start) {
            open.push((*one, true));
        }
    }
    while let Some((declaration, plain)) = open.pop() {
        if seen.len() > MAX_DERIVED + candidate.declarations.len() {
            let message = "too many other variables are made from it".to_owned();
            return Err(stop("derived", message));
        }
        let Declaration { stage, instruction, pair, .. } = declaration;
        let found =
            uses.of(&variable_uses::Declaration { stage, instruction, pair }).map_err(|why| (why, None))?;
        for one in &found {
            if let Some(derived) = of_use(one, &declaration, plain, &mut reach)?
                && seen.insert(derived.0.pair.whole.span().start)
            {
                open.push(derived);
            }
        }
        let runs = stage.is_none_or(|stage| reached.contains(&stage));
        if !declaration.is_argument() && runs {
            reach.variables.insert(pair.key.text().to_owned());
        }
        reach.gone.push(declaration);
    }
    if !reach.mounts.is_empty() && has_several_values(candidate) {
        let message =
            "the file gives it different values, and one build secret cannot be all of them".to_owned();
        return Err(stop("two-values", message));
    }
    // What the stage sets again later is what its containers get.
    for one in candidate.declarations.iter().filter(|one| !one.is_argument()) {
        let at = one.pair.whole.span();
        let is_last = |gone: &Declaration<'_>| gone.stage == one.stage && gone.pair.whole.span() < at;
        if !reach.gone.iter().any(|gone| gone.pair.whole.span() == at) && reach.gone.iter().any(is_last) {
            reach.variables.remove(candidate.name);
        }
    }
    reach.gone.sort_by_key(|one| one.pair.whole.span());
    Ok(reach)
}

fn has_several_values(candidate: &Candidate<'_>) -> bool {
    let secret = |one: &&Declaration<'_>| matches!(one.holds, Holds::Secret(_));
    let values = candidate.declarations.iter().filter(secret).filter_map(|one| one.pair.value);
    values.map(|value| value.text().trim_matches(['"', '\''])).collect::<BTreeSet<_>>().len() > 1
}

/// Takes note of one use; gives the variable that has to be followed as well.
fn of_use<'a>(
    one: &Use<'a>,
    declaration: &Declaration<'a>,
    plain: bool,
    reach: &mut Reach<'a>,
) -> Result<Option<(Declaration<'a>, bool)>, Stop> {
    let name = declaration.pair.key.text();
    let at = one.instruction;
    let blocked = |code, message: String| {
        let here = format!("this {} uses {name}", at.keyword().as_str());
        let hazard = Hazard { id: code, message: here, place: Some(Place::Here(one.span)) };
        Err((Why::new(code, message), Some(hazard)))
    };
    if one.onbuild {
        return blocked(
            "onbuild",
            format!("{} uses {name} in the build that starts from this image", keyword_of(one)),
        );
    }
    match &one.kind {
        Kind::RunFlag => blocked("in-flag", format!("a flag of RUN uses {name}, which the builder replaces")),
        Kind::Run(_) if !plain => {
            blocked("derived", format!("RUN uses {name}, whose value is made from the secret and other text"))
        }
        Kind::Run(reader) => {
            if let Reader::Possible(program) = reader {
                reach.possible.push((at, program.clone()));
            }
            reach.mounts.push((at, one.stage.unwrap_or_default(), name.to_owned()));
            Ok(None)
        }
        Kind::Redeclared | Kind::Launch => Ok(None),
        Kind::Heredoc => blocked(
            "used-by-instruction",
            format!("a heredoc of {} holds {name}, which the builder replaces", keyword(at)),
        ),
        Kind::Instruction { derived } => {
            let pair = derived.as_ref().and_then(|derived| derived_pair(at, derived, name));
            match pair {
                Some(pair) if at.keyword() == Keyword::Env && !is_essential(pair.key.text()) => {
                    let is_plain = plain && pair.value.and_then(plain_reference) == Some(name);
                    Ok(Some((Declaration::new(one.stage, at, pair), is_plain)))
                }
                // `ARG NAME=$NAME` is one of its declarations.
                Some(pair) if at.keyword() == Keyword::Arg && is_copy_of_itself(&pair) => Ok(None),
                Some(pair) if is_essential(pair.key.text()) => blocked(
                    "essential",
                    format!("{} is made from {name}, and every program looks it up", pair.key.text()),
                ),
                _ => blocked(
                    "used-by-instruction",
                    format!("{} uses {name}, and only RUN can get a build secret", keyword(at)),
                ),
            }
        }
    }
}

fn keyword_of(one: &Use<'_>) -> String {
    format!("an ONBUILD {}", one.instruction.keyword().as_str())
}

fn is_copy_of_itself(pair: &Pair<'_>) -> bool {
    pair.value.and_then(plain_reference) == Some(pair.key.text())
}

/// Whether programs look a variable up that no script names (POSIX, "Environment Variables"; `ld.so(8)`).
fn is_essential(name: &str) -> bool {
    let known =
        ["HOME", "PATH", "SHELL", "USER", "LOGNAME", "PWD", "TMPDIR", "TERM", "TZ", "LANG", "LANGUAGE"];
    known.contains(&name) || name.ends_with("PATH") || name.starts_with("LC_") || name.starts_with("LD_")
}

/// The pair that gets the value.
fn derived_pair<'a>(at: Instruction<'a>, derived: &str, name: &str) -> Option<Pair<'a>> {
    let refers = |pair: &Pair<'a>| {
        let value = pair.value.and_then(|value| value.variables().ok()).unwrap_or_default();
        value.iter().any(|one| one.name == name)
    };
    at.pairs().into_iter().find(|pair| pair.key.text() == derived && refers(pair))
}

fn draft<'a>(
    ctx: &Context<'a>,
    candidate: &Candidate<'a>,
    id: &'static str,
    message: String,
    reach: Reach<'a>,
) -> Draft<'a> {
    let name = candidate.name;
    let mut hazards = Vec::new();
    let is_argument = candidate.declarations.iter().any(Declaration::is_argument);
    let is_given = is_argument && ctx.setup.build_args.contains_key(name);
    if is_given {
        let sources = listed(ctx.setup.sources.iter().map(String::as_str));
        let message = format!(
            "a compose or bake file gives the build argument {name} ({sources}); it has to give a build secret instead"
        );
        hazards.push(Hazard { id: "argument-given", message, place: None });
    }
    for (run, program) in distinct(&reach.possible) {
        let message = format!("`{program}` may read {name}, and nothing in the file says whether it does");
        hazards.push(hazard("may-be-read", message, run));
    }
    let (level, reason) = level(candidate, &reach, is_given);
    let mut notes: Vec<Note> =
        reach.variables.iter().map(|name| Note::Variable { name: name.clone() }).collect();
    if !reach.mounts.is_empty() {
        notes.push(Note::BuildSecret {
            id: name.to_owned(),
            source: SecretSource::Variable(name.to_owned()),
            argument: is_argument.then(|| name.to_owned()),
        });
    }
    if candidate.secret.is_some() {
        notes.push(Note::Rotate { name: name.to_owned() });
    }
    let mut assumptions = Vec::new();
    if is_argument && !reach.mounts.is_empty() {
        assumptions
            .push(format!("whoever builds with `--build-arg {name}` gives a build secret from now on"));
    }
    let plan = Plan {
        pairs: reach.gone.iter().map(|one| (one.instruction, one.pair)).collect(),
        mounts: reach.mounts.into_iter().map(|(run, stage, env)| mounted(run, stage, name, env)).collect(),
        others: Vec::new(),
    };
    let span = first(candidate).map_or_else(Default::default, |one| one.pair.whole.span());
    Draft {
        id,
        span,
        names: vec![name.to_owned()],
        message,
        hazards,
        level,
        reason,
        assumptions,
        notes,
        plan,
    }
}

fn mounted<'a>(run: Instruction<'a>, stage: usize, id: &str, name: String) -> Mounted<'a> {
    Mounted { run, stage, mount: Mount::Variable { id: id.to_owned(), name } }
}

fn distinct<'p, 'a>(
    possible: &'p [(Instruction<'a>, String)],
) -> impl Iterator<Item = (Instruction<'a>, &'p str)> {
    let mut seen = BTreeSet::new();
    possible
        .iter()
        .filter(move |(run, _)| seen.insert(run.span().start))
        .map(|(run, program)| (*run, program.as_str()))
}

fn level(candidate: &Candidate<'_>, reach: &Reach<'_>, is_given: bool) -> (Level, Why) {
    let runs: BTreeSet<u32> = reach.mounts.iter().map(|(run, ..)| run.span().start).collect();
    let only_possible = distinct(&reach.possible).count() == runs.len();
    let how = match (runs.len(), only_possible) {
        (0, _) => "nothing in the build uses it".to_owned(),
        (1, true) => "the RUN that may read it gets it from a secret mount".to_owned(),
        (more, true) => format!("the {more} RUNs that may read it get it from secret mounts"),
        (1, false) => "one RUN uses it and gets it from a secret mount".to_owned(),
        (more, false) => format!("{more} RUNs get it from secret mounts"),
    };
    let worst = if is_given {
        Some(("argument-given", "compose or bake files give it as a build argument".to_owned()))
    } else if !reach.possible.is_empty() {
        let what = if only_possible {
            "programs may read it, but nothing says so"
        } else {
            "other programs may read it too"
        };
        Some(("may-be-read", what.to_owned()))
    } else {
        match &candidate.secret {
            None => Some(("name-only", "its name is the only sign".to_owned())),
            Some(secret) if level_of(secret.confidence) == Level::Suggest => {
                Some(("not-sure", secret.why.to_owned()))
            }
            Some(_) => None,
        }
    };
    if let Some((code, why)) = worst {
        return (Level::Suggest, Why::new(code, format!("{why}; {how}")));
    }
    let code = if reach.mounts.is_empty() { "unused-in-build" } else { "secret-mount" };
    let why = candidate.secret.map_or("", |secret| secret.why);
    (Level::Review, Why::new(code, format!("{why}; {how}")))
}

/// A value that only looks like a secret and that other tools report.
pub(super) fn left(declaration: &Declaration<'_>) -> Option<Finding> {
    let Holds::Other(Some(reason)) = declaration.holds else { return None };
    let id = if declaration.is_argument() { "secret-in-arg" } else { "secret-in-env" };
    let message = format!("{} is named like a secret or looks like one", declaration.pair.key.text());
    let why = Why::new(reason.id(), reason.reason());
    Some(Finding::new(id, declaration.pair.whole.span(), message, Verdict::Kept(why)))
}
