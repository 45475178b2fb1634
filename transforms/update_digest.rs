//! Pinned references follow their tag to the digest it has now. See `update_digest.md`.

use std::collections::BTreeSet;

use harden_core::syntax::{Digest, Reference, Token};
use harden_core::{
    Base, Context, Edit, Finding, FindingMeta, Fix, Level, Meta, Missing, ResolvedImage, Source, SourceUse,
    Stage, Transform, Verdict, Why,
};

use crate::support::image_spelling;
use crate::support::pin_variable::{self, Uses};

/// The transform behind the verb `update`.
pub struct UpdateDigest;

static META: Meta = Meta {
    name: "update-digest",
    summary: "move pinned references to the digest their tag has now",
    worst: Level::Review,
    doc: include_str!("update_digest.md"),
    findings: &[
        FindingMeta {
            id: "from-outdated-digest",
            summary: "FROM pins a digest its tag no longer has, or may no longer have",
            foreign: &[],
        },
        FindingMeta {
            id: "copy-from-outdated-digest",
            summary: "COPY --from or RUN --mount pins a digest its tag no longer has, or may no longer have",
            foreign: &[],
        },
    ],
};

impl Transform for UpdateDigest {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn propose(&self, ctx: &Context<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        // An argument that several FROM share is moved once.
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
        Some(Finding::new("from-outdated-digest", stage.image.span(), message, verdict))
    };
    let reference = match &stage.base {
        Base::Scratch | Base::Stage(_) => return None,
        Base::Image(reference) => reference,
        Base::Unknown(_) if !holds_digest(ctx, stage.image) => return None,
        Base::Unknown(why) => {
            let ignored = no_variable_before_digest(stage.image).err().filter(|why| why.code == IGNORED);
            let why = ignored.unwrap_or_else(|| why.clone());
            return finding(format!("`{}` is not updated", stage.image.text()), Verdict::Refused(why));
        }
    };
    let pin = Pin::new(reference)?;
    let fix = pin
        .has_tag()
        .and_then(|()| no_variable_before_digest(stage.image))
        .and_then(|()| from_fix(ctx, stage, uses, arguments, &pin));
    finding(pin.message(), verdict(fix)?)
}

fn from_fix<'a>(
    ctx: &Context<'a>,
    stage: &Stage<'a>,
    uses: &Uses<'a>,
    arguments: &mut BTreeSet<&'a str>,
    pin: &Pin<'_>,
) -> Result<Option<Fix>, Why> {
    let Some(moved) = pin.moved(ctx)? else { return Ok(None) };
    if !stage.image.text().contains('$') {
        moved.has_platforms(ctx, image_spelling::constant_platform(stage))?;
        let start = image_spelling::start(stage.image, pin.reference)?;
        return Ok(Some(moved.fix(moved.edit(start))));
    }
    if pin_variable::shape(stage.image).is_none() {
        let message = format!(
            "`{}` is put together from several parts, so no one of them is the tag with its digest",
            stage.image.text()
        );
        return Err(Why::new("composite", message));
    }
    let argument = uses.argument(stage)?;
    if !arguments.insert(argument.name) {
        return Ok(None);
    }
    moved.has_platforms(ctx, argument.platforms.iter().copied())?;
    let mut fix = moved.fix(argument.edit_digest(pin.reference, pin.digest, &moved.resolved.digest)?);
    fix.assumptions.push(argument.assumption(ctx.setup));
    Ok(Some(fix))
}

fn source(ctx: &Context<'_>, one: &SourceUse<'_>) -> Option<Finding> {
    let finding = |message: String, verdict: Verdict| {
        let span = one.span.unwrap_or_else(|| one.flag.token().span());
        Some(Finding::new("copy-from-outdated-digest", span, message, verdict))
    };
    let reference = match &one.source {
        Source::Image(reference) => reference,
        Source::Unknown(why) if one.name.contains('@') => {
            return finding(format!("`{}` is not updated", one.name), Verdict::Refused(why.clone()));
        }
        _ => return None,
    };
    let pin = Pin::new(reference)?;
    let fix = pin.has_tag().and_then(|()| {
        let Some(moved) = pin.moved(ctx)? else { return Ok(None) };
        let start = image_spelling::source_start(ctx, one, reference)?;
        Ok(Some(moved.fix(moved.edit(start))))
    });
    finding(pin.message(), verdict(fix)?)
}

fn verdict(fix: Result<Option<Fix>, Why>) -> Option<Verdict> {
    Some(fix.transpose()?.map_or_else(left, Verdict::Fix))
}

/// A reference with a digest.
struct Pin<'r> {
    reference: &'r Reference,
    digest: &'r Digest,
    /// The reference without the digest: what the registry is asked about.
    followed: Reference,
}

/// A reference whose tag has another digest now.
struct Moved<'p> {
    pin: &'p Pin<'p>,
    resolved: ResolvedImage,
}

impl<'r> Pin<'r> {
    fn new(reference: &'r Reference) -> Option<Self> {
        Some(Self { reference, digest: reference.digest()?, followed: reference.without_digest() })
    }

    fn has_tag(&self) -> Result<(), Why> {
        if self.reference.tag().is_some() {
            return Ok(());
        }
        let message = "no tag stands beside the digest, so nobody knows which one it was to follow; write it \
                       before the `@`";
        Err(Why::new("no-tag", message))
    }

    fn message(&self) -> String {
        format!("`{}` is pinned to {}", self.followed, short(self.digest))
    }

    /// Asks what the tag resolves to; `None` when that is the digest beside it.
    fn moved(&self, ctx: &Context<'_>) -> Result<Option<Moved<'_>>, Why> {
        if let Some(context) = image_spelling::named_context(ctx, self.reference) {
            // BuildKit compares tag and digest (`frontend/dockerui`).
            let replaced = Reference::parse(context).is_ok_and(|context| context == *self.reference);
            let message = if replaced {
                format!("a build replaces `{}` by a named context of this very digest", self.followed)
            } else {
                format!(
                    "a build has a named context `{context}`, which the digest keeps out; drop one of them"
                )
            };
            return Err(Why::new("named-context", message));
        }
        image_spelling::not_local(&self.followed)?;
        let resolved = ctx.index_digest(&self.followed).map_err(Missing::why)?;
        Ok((resolved.digest != *self.digest).then_some(Moved { pin: self, resolved }))
    }
}

impl Moved<'_> {
    fn has_platforms<'p>(
        &self,
        ctx: &Context<'_>,
        platforms: impl IntoIterator<Item = &'p str>,
    ) -> Result<(), Why> {
        image_spelling::has_platforms(ctx, &self.pin.followed, &self.resolved, platforms)
    }

    /// The edit of the reference that stands plainly at `start`.
    fn edit(&self, start: u32) -> Edit {
        let written = self.pin.reference.as_written();
        image_spelling::edit_digest(start, written, self.pin.digest, &self.resolved.digest)
    }

    /// Never safe: another base is what was asked for, and no fact says what it changes.
    fn fix(&self, edit: Edit) -> Fix {
        let message = format!(
            "`{}` is {} now, another image than {}: build and test with it",
            self.pin.followed,
            short(&self.resolved.digest),
            short(self.pin.digest)
        );
        let reason = Why::new("other-digest", message);
        Fix::new(Level::Review, vec![edit], reason)
    }
}

/// As people know them from `docker images`: 12 digits.
fn short(digest: &Digest) -> String {
    format!("{}:{}", digest.algorithm(), digest.hex().get(..12).unwrap_or_default())
}

/// Whether an image that cannot be read would have a digest.
fn holds_digest(ctx: &Context<'_>, image: Token<'_>) -> bool {
    let default_holds = |name: &str| {
        let value = ctx.build.global_arg(name).and_then(|arg| arg.value.as_deref());
        value.is_some_and(|value| value.contains('@'))
    };
    image.text().contains('@')
        || image.variables().is_ok_and(|all| all.iter().any(|variable| default_holds(&variable.name)))
}

/// Code of the reason that BuildKit ignores a variable.
const IGNORED: &str = "variable-and-digest";

/// Refuses a digest that is written after a variable.
fn no_variable_before_digest(image: Token<'_>) -> Result<(), Why> {
    let text = image.text();
    let variables = image.variables().unwrap_or_default();
    let end = text.len() as u32;
    // Where the variable before the piece of literal text ends.
    let mut before = 0;
    for (start, next) in variables.iter().map(|one| (one.start, one.end)).chain([(end, end)]) {
        // A variable inside the braces of another one begins before its end.
        let literal = text.get(before as usize..start as usize).unwrap_or_default();
        let Some(at) = literal.find('@') else {
            before = before.max(next);
            continue;
        };
        if before == 0 {
            return Ok(());
        }
        let followed = &text[..before as usize + at];
        if literal[..at].contains(['/', ':']) {
            let message = format!(
                "the name in `{followed}` holds a variable: under another name the tag may be another image"
            );
            return Err(Why::new("composite", message));
        }
        let message = format!(
            "BuildKit takes the digest and ignores the tag that `{followed}` gives, without a word; let one argument \
             hold the whole tag with its digest"
        );
        return Err(Why::new(IGNORED, message));
    }
    Ok(())
}

/// An image that the configuration leaves alone is nobody's business; anything else is.
fn left(why: Why) -> Verdict {
    if why.code == "ignored-image" { Verdict::Kept(why) } else { Verdict::Refused(why) }
}
