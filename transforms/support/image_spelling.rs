//! Writing a digest into a reference the way its author spelled it.

use harden_core::syntax::{Digest, Flag, Reference, Span, Token};
use harden_core::{Context, Edit, Missing, ResolvedImage, SourceUse, Stage, Verdict, Why};

/// What to write for a reference without a digest.
pub(crate) struct Pinned {
    /// Replaces everything after the name: `:22@sha256:…`.
    pub(crate) suffix: String,
    /// The version tag that stands in for `latest` or no tag, if one was found.
    pub(crate) version: Option<String>,
}

/// Resolves `reference`; `platforms` are the constant `--platform` of the FROMs that use it.
pub(crate) fn pin<'p>(
    ctx: &Context<'_>,
    reference: &Reference,
    platforms: impl IntoIterator<Item = &'p str>,
) -> Result<Pinned, Why> {
    precheck(ctx, reference)?;
    let resolved = ctx.index_digest(reference).map_err(Missing::why)?;
    has_platforms(ctx, reference, &resolved, platforms)?;
    let tag = reference.tag_or_latest();
    let version = if tag == "latest" { version(ctx, reference, &resolved.digest) } else { None };
    let suffix = format!(":{}@{}", version.as_deref().unwrap_or(tag), resolved.digest);
    Ok(Pinned { suffix, version })
}

/// A version tag with the same digest. Without one `latest` is written out: a pin without a tag gets no updates.
fn version(ctx: &Context<'_>, reference: &Reference, digest: &Digest) -> Option<String> {
    ctx.version_tag(reference, digest).ok().flatten()
}

fn precheck(ctx: &Context<'_>, reference: &Reference) -> Result<(), Why> {
    if let Some(context) = named_context(ctx, reference) {
        let message = format!(
            "a build replaces `{context}` by a named context; with a digest the name would no longer match"
        );
        return Err(Why::new("named-context", message));
    }
    not_local(reference)
}

/// A named context that has the name of `reference`, whatever digest either has.
pub(crate) fn named_context<'a>(ctx: &Context<'a>, reference: &Reference) -> Option<&'a str> {
    let same = |context: &&'a String| {
        Reference::parse(context).is_ok_and(|context| {
            context.without_digest().canonical_or_latest() == reference.canonical_or_latest()
        })
    };
    ctx.setup.named_contexts.iter().find(same).map(String::as_str)
}

/// Refuses registries on this machine: what they serve is nobody else's fact.
pub(crate) fn not_local(reference: &Reference) -> Result<(), Why> {
    let host = reference.domain().split(':').next();
    if matches!(host, Some("localhost" | "127.0.0.1")) {
        return Err(Why::new("local-image", format!("`{reference}` is in a local registry")));
    }
    Ok(())
}

/// The name an untagged and a `:latest` reference share.
trait CanonicalOrLatest {
    fn canonical_or_latest(&self) -> String;
}

impl CanonicalOrLatest for Reference {
    fn canonical_or_latest(&self) -> String {
        format!("{}:{}", self.repository(), self.tag_or_latest())
    }
}

/// The value of `--platform`, when it holds no variable.
pub(crate) fn constant_platform<'a>(stage: &Stage<'a>) -> Option<&'a str> {
    stage.from.flag("platform").and_then(Flag::value).filter(|value| !value.contains('$'))
}

/// Checks that `resolved` serves each of `platforms`.
///
/// Where the platforms of an index are not known yet, the configuration is asked for, which finds them out.
pub(crate) fn has_platforms<'p>(
    ctx: &Context<'_>,
    reference: &Reference,
    resolved: &ResolvedImage,
    platforms: impl IntoIterator<Item = &'p str>,
) -> Result<(), Why> {
    let mut platforms = platforms.into_iter().peekable();
    if platforms.peek().is_some()
        && resolved.platforms.is_empty()
        && let Err(Missing::Pending) = ctx.image_config(reference)
    {
        return Err(Missing::Pending.why());
    }
    platforms.try_for_each(|platform| has_platform(reference, resolved, platform))
}

/// A pinned index without the platform of `--platform` would only fail later and less clearly.
fn has_platform(reference: &Reference, resolved: &ResolvedImage, platform: &str) -> Result<(), Why> {
    let Some((os, architectures)) = runs(platform) else { return Ok(()) };
    let matches = |have: &String| {
        let mut parts = have.split('/');
        parts.next() == Some(os.as_str()) && parts.next().is_some_and(|have| architectures.contains(&have))
    };
    if resolved.platforms.is_empty() || resolved.platforms.iter().any(matches) {
        return Ok(());
    }
    let message =
        format!("`{reference}` has no image for {platform}, only for {}", resolved.platforms.join(", "));
    Err(Why::new("platform-missing", message))
}

/// The system and the architectures that serve `platform`; `None` when it does not name both.
///
/// Names are those containerd normalises, which also takes 386 for amd64 and arm for arm64 (containerd/platforms).
/// Variants are not looked at: older ones serve newer ones.
fn runs(platform: &str) -> Option<(String, Vec<&'static str>)> {
    let lower = platform.to_ascii_lowercase();
    let mut parts = lower.split('/');
    let (os, architecture) = (parts.next()?, parts.next()?);
    let architectures = match architecture {
        "amd64" | "x86_64" | "x86-64" => vec!["amd64", "386"],
        "arm64" | "aarch64" => vec!["arm64", "arm"],
        "arm" | "armhf" | "armel" => vec!["arm"],
        "386" | "i386" => vec!["386"],
        "ppc64le" => vec!["ppc64le"],
        "riscv64" => vec!["riscv64"],
        "s390x" => vec!["s390x"],
        _ => return None,
    };
    Some((os.to_owned(), architectures))
}

/// Where the reference written in `token` starts. The token may have one pair of quotes around it.
pub(crate) fn start(token: Token<'_>, reference: &Reference) -> Result<u32, Why> {
    if token.is_split() {
        return Err(Why::new("split-token", "the reference is split over lines"));
    }
    let text = token.text();
    let quoted = ['"', '\''].iter().any(|&quote| {
        text.len() >= 2
            && text.starts_with(quote)
            && text.ends_with(quote)
            && &text[1..text.len() - 1] == reference.as_written()
    });
    if !quoted && text != reference.as_written() {
        return Err(Why::new(
            "spelling",
            format!("`{text}` is quoted or escaped in a way harden does not edit"),
        ));
    }
    Ok(token.span().start + u32::from(quoted))
}

/// The same for `COPY --from` and `RUN --mount=from=`.
pub(crate) fn source_start(
    ctx: &Context<'_>,
    source: &SourceUse<'_>,
    reference: &Reference,
) -> Result<u32, Why> {
    let plain = source.span.filter(|&span| ctx.file().slice(span) == reference.as_written());
    let spelling = || Why::new("spelling", format!("`{}` is quoted or split over lines", source.name));
    plain.map(|span| span.start).ok_or_else(spelling)
}

/// The edit that gives the reference that stands plainly at `start` its suffix.
pub(crate) fn edit_at(start: u32, reference: &Reference, suffix: &str) -> Edit {
    let name = reference.name().len();
    respell(start + name as u32, &reference.as_written()[name..], suffix)
}

/// `new` in the place of `written`, which stands at `start`. What both begin with stays, so that a diff shows an
/// insertion.
pub(crate) fn respell(start: u32, written: &str, new: &str) -> Edit {
    let end = start + written.len() as u32;
    match new.strip_prefix(written) {
        Some(rest) => Edit::insert(end, rest),
        None => Edit::replace(Span::new(start, end), new),
    }
}

/// The edit that puts `new` in the place of `old`, with which `written` ends; `written` stands plainly at `start`.
pub(crate) fn edit_digest(start: u32, written: &str, old: &Digest, new: &Digest) -> Edit {
    let end = start + written.len() as u32;
    Edit::replace(Span::new(end - old.as_str().len() as u32, end), new.as_str())
}

/// What a reference that is not pinned means for people: nothing, when that is what they asked for.
pub(crate) fn unpinned(why: Why) -> Verdict {
    match why.code {
        "named-context" | "ignored-image" => Verdict::Kept(why),
        _ => Verdict::Refused(why),
    }
}
