//! Pinning `FROM` that goes through a build argument: the digest goes into the argument's default.

use harden_core::syntax::{Keyword, Pair, Reference, Token};
use harden_core::{Base, Build, Edit, Stage, Why};

use crate::image_spelling;

/// How a FROM uses a build argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `FROM $IMAGE`: the argument is the whole reference.
    Image,
    /// `FROM repository:${TAG}`: it is the whole tag.
    Tag,
}

/// An argument whose default can take the digest.
pub(crate) struct Argument<'a> {
    pub(crate) name: &'a str,
    pub(crate) role: Role,
    pair: Pair<'a>,
}

/// Reads the image of `stage`, which holds a `$`. `Err` says why its argument cannot take a digest.
pub(crate) fn argument<'a>(build: &Build<'a>, stage: &Stage<'a>) -> Result<Argument<'a>, Why> {
    let text = stage.image.text();
    let Some((name, role)) = shape(stage.image) else {
        return Err(Why::new("composite", format!("`{text}` is composed of more than one part; pin the parts by hand")));
    };
    let mut declared = build.global_args.iter().filter(|arg| arg.pair.key.text() == name);
    let Some(arg) = declared.next() else {
        return Err(Why::new("no-default", format!("the argument {name} is not declared before the first FROM")));
    };
    if declared.next().is_some() {
        return Err(Why::new("redeclared", format!("the argument {name} is declared more than once before the first FROM")));
    }
    alone(build, stage, name, role)?;
    Ok(Argument { name: arg.pair.key.text(), role, pair: arg.pair })
}

/// `$NAME`, `${NAME}` or `literal:$NAME`; no operators, nothing after it.
fn shape(image: Token<'_>) -> Option<(&str, Role)> {
    let text = image.text();
    let variables = image.variables().ok()?;
    let [variable] = variables.as_slice() else { return None };
    let before = &text[..variable.start as usize];
    if variable.end as usize != text.len() || !variable.operator.is_empty() {
        return None;
    }
    let name = text[variable.start as usize..].trim_start_matches(['$', '{']).trim_end_matches('}');
    match before.strip_suffix(':') {
        None if before.is_empty() => Some((name, Role::Image)),
        Some(repository) if Reference::parse(repository).is_ok_and(|one| one.tag().is_none()) => Some((name, Role::Tag)),
        _ => None,
    }
}

/// Checks that the argument is used for nothing but this role in every FROM, of one repository.
///
/// A value with a digest must not reach a RUN, a label or another image.
fn alone(build: &Build<'_>, stage: &Stage<'_>, name: &str, role: Role) -> Result<(), Why> {
    let mentions = |token: Token<'_>| {
        token.variables().map_or(true, |found| found.iter().any(|variable| variable.name == name))
    };
    let shared = |what: String| Err(Why::new("shared-argument", format!("the argument {name} is also used {what}")));
    for arg in &build.global_args {
        if arg.pair.value.is_some_and(mentions) {
            return shared(format!("in the default of {}", arg.pair.key.text()));
        }
    }
    for other in &build.stages {
        if other.from.flags().any(|flag| mentions(flag.token())) {
            return shared("in --platform".to_owned());
        }
        if mentions(other.image) {
            let same = shape(other.image) == Some((name, role)) && repository(other) == repository(stage);
            if !same {
                return shared(format!("in `FROM {}`", other.image.text()));
            }
        }
        let declares = |pair: Pair<'_>| pair.key.text() == name;
        let again = other
            .instructions
            .iter()
            .find(|one| one.keyword() == Keyword::Arg && one.pairs().into_iter().any(declares));
        if let Some(again) = again {
            let message = format!("the argument {name} is declared again in line {}, where commands can see it", again.lines().0);
            return Err(Why::new("redeclared", message));
        }
    }
    Ok(())
}

fn repository<'s>(stage: &'s Stage<'_>) -> Option<&'s str> {
    match &stage.base {
        Base::Image(reference) => Some(reference.repository()),
        _ => None,
    }
}

impl<'a> Argument<'a> {
    /// The default as written, without the quotes around it, and where it starts.
    fn plain_default(&self) -> Result<(&'a str, u32), Why> {
        let unreadable = || {
            let message = format!("the default of {} is not a plain value", self.name);
            Why::new("spelling", message)
        };
        let value = self.pair.value.filter(|value| !value.is_split()).ok_or_else(unreadable)?;
        let text = value.text();
        let start = value.span().start;
        let quote = text.chars().next().filter(|ch| matches!(ch, '"' | '\''));
        let (inner, start) = match quote {
            Some(quote) if text.len() >= 2 && text.ends_with(quote) => (&text[1..text.len() - 1], start + 1),
            Some(_) => return Err(unreadable()),
            None => (text, start),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/' | b':');
        if inner.is_empty() || !inner.bytes().all(plain) {
            return Err(unreadable());
        }
        Ok((inner, start))
    }

    /// The edit that pins `reference`, the image with the default filled in, by `suffix` (`:tag@digest`).
    pub(crate) fn edit(&self, reference: &Reference, suffix: &str) -> Result<Edit, Why> {
        let (default, start) = self.plain_default()?;
        match self.role {
            Role::Image if default == reference.as_written() => Ok(image_spelling::edit_at(start, reference, suffix)),
            Role::Tag if Some(default) == reference.tag() => {
                let tag = reference.as_written().len() - reference.name().len();
                let edit = image_spelling::edit_at(0, reference, suffix);
                let offset = (reference.as_written().len() - tag) as u32 + 1;
                let moved = |at: u32| at.max(offset) - offset + start;
                let text = if edit.span.is_empty() { edit.text } else { edit.text.trim_start_matches(':').to_owned() };
                Ok(Edit::replace(harden_core::syntax::Span::new(moved(edit.span.start), moved(edit.span.end)), text))
            }
            _ => Err(Why::new("spelling", format!("the default of {} is not what FROM resolves to", self.name))),
        }
    }
}
