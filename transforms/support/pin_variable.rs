//! Pinning `FROM` that goes through a build argument: the digest is in the argument's default.

use std::collections::{BTreeMap, BTreeSet};

use harden_core::syntax::{Digest, Keyword, Pair, Reference, Token};
use harden_core::{Base, Build, BuildSetup, Edit, Stage, Why};

use crate::support::image_spelling;

/// How a FROM uses a build argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `FROM $IMAGE`: the argument is the whole reference.
    Image,
    /// `FROM repository:${TAG}`: it is the whole tag, with the digest if there is one.
    Tag,
    /// `FROM repository:tag@${DIGEST}`: it is the whole digest.
    Digest,
}

/// An argument whose default can take the digest.
pub(crate) struct Argument<'a> {
    pub(crate) name: &'a str,
    /// The constant `--platform` of the FROMs that use it.
    pub(crate) platforms: Vec<&'a str>,
    role: Role,
    pair: Pair<'a>,
}

/// What the arguments before the first FROM are used for. A value with a digest must not reach a RUN, a label or
/// another image.
pub(crate) struct Uses<'a> {
    /// Name to the one declaration; `None` when there are several.
    declared: BTreeMap<&'a str, Option<Pair<'a>>>,
    /// Name to why it is used for more than images.
    elsewhere: BTreeMap<String, Why>,
    /// Name to how the FROMs that mention it use it, or why they do not agree.
    images: BTreeMap<String, Result<Use<'a>, Why>>,
    /// Name to the constant `--platform` of the FROMs that mention it.
    platforms: BTreeMap<String, BTreeSet<&'a str>>,
}

/// One way to use an argument in FROM.
#[derive(Clone, PartialEq, Eq)]
struct Use<'a> {
    role: Option<Role>,
    /// Name and tag of the image it leads to.
    leads_to: Option<Reference>,
    image: &'a str,
}

impl<'a> Uses<'a> {
    /// Reads all uses, in one go: a file may hold many FROM.
    pub(crate) fn new(build: &Build<'a>) -> Self {
        let mut uses = Self {
            declared: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            images: BTreeMap::new(),
            platforms: BTreeMap::new(),
        };
        for arg in &build.global_args {
            let name = arg.pair.key.text();
            uses.declared.entry(name).and_modify(|pair| *pair = None).or_insert(Some(arg.pair));
            if let Some(value) = arg.pair.value {
                uses.mentions(value, &format!("in the default of {name}"));
            }
        }
        for stage in &build.stages {
            for flag in stage.from.flags() {
                uses.mentions(flag.token(), "in --platform");
            }
            uses.image(stage);
            for instruction in &stage.instructions {
                // A trigger runs in this file too, when a later stage starts from this one.
                let declaration = instruction.trigger().unwrap_or(*instruction);
                if declaration.keyword() != Keyword::Arg {
                    continue;
                }
                for pair in declaration.pairs() {
                    let name = pair.key.text();
                    let line = instruction.lines().0;
                    let message = format!(
                        "the argument {name} is declared again in line {line}, where commands can see it"
                    );
                    uses.elsewhere.entry(name.to_owned()).or_insert_with(|| Why::new("redeclared", message));
                }
            }
        }
        uses
    }

    fn mentions(&mut self, token: Token<'a>, place: &str) {
        for variable in token.variables().unwrap_or_default() {
            let why = || shared(&variable.name, place);
            self.elsewhere.entry(variable.name.clone()).or_insert_with(why);
        }
    }

    fn image(&mut self, stage: &Stage<'a>) {
        let leads_to = match &stage.base {
            Base::Image(reference) => Some(reference.without_digest()),
            _ => None,
        };
        let found = shape(stage.image);
        for variable in stage.image.variables().unwrap_or_default() {
            let role = found.filter(|(name, _)| *name == variable.name).map(|(_, role)| role);
            let this = Use { role, leads_to: leads_to.clone(), image: stage.image.text() };
            if let Some(platform) = image_spelling::constant_platform(stage) {
                self.platforms.entry(variable.name.clone()).or_default().insert(platform);
            }
            match self.images.get_mut(&variable.name) {
                None => {
                    self.images.insert(variable.name, Ok(this));
                }
                Some(known) => {
                    if let Ok(one) = known
                        && (one.role != this.role || one.leads_to != this.leads_to)
                    {
                        let place = format!("in `FROM {}` and `FROM {}`", one.image, this.image);
                        *known = Err(Why::new(
                            "shared-argument",
                            format!("the argument {} is used {place}", variable.name),
                        ));
                    }
                }
            }
        }
    }

    /// Reads the image of `stage`, which holds a `$`. `Err` says why its argument cannot take a digest.
    pub(crate) fn argument(&self, stage: &Stage<'a>) -> Result<Argument<'a>, Why> {
        let Some((name, role)) = shape(stage.image) else {
            let message = format!(
                "`{}` is not one plain argument or tag, so there is no place for a digest",
                stage.image.text()
            );
            return Err(Why::new("composite", message));
        };
        let pair = match self.declared.get(name) {
            Some(Some(pair)) => *pair,
            Some(None) => {
                let message = format!("the argument {name} is declared more than once before the first FROM");
                return Err(Why::new("redeclared", message));
            }
            None => {
                let message = format!("the argument {name} is not declared before the first FROM");
                return Err(Why::new("no-default", message));
            }
        };
        if let Some(why) = self.elsewhere.get(name) {
            return Err(why.clone());
        }
        if let Some(Err(why)) = self.images.get(name) {
            return Err(why.clone());
        }
        let platforms = self.platforms.get(name).into_iter().flatten().copied().collect();
        Ok(Argument { name, platforms, role, pair })
    }
}

fn shared(name: &str, place: &str) -> Why {
    Why::new("shared-argument", format!("the argument {name} is also used {place}"))
}

/// `$NAME`, `${NAME}`, `literal:$NAME` or `literal:literal@$NAME`, perhaps in double quotes; no operators, nothing
/// after it.
pub(crate) fn shape(image: Token<'_>) -> Option<(&str, Role)> {
    let text = image.text();
    let quoted = text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
    let (begin, end) = if quoted { (1, text.len() - 1) } else { (0, text.len()) };
    let variables = image.variables().ok()?;
    let [variable] = variables.as_slice() else { return None };
    let before = text.get(begin..variable.start as usize)?;
    if variable.end as usize != end || !variable.operator.is_empty() {
        return None;
    }
    let name = text[variable.start as usize..end].trim_start_matches(['$', '{']).trim_end_matches('}');
    let literal = |text: &str| Reference::parse(text).ok().filter(|one| one.digest().is_none());
    if before.is_empty() {
        Some((name, Role::Image))
    } else if let Some(repository) = before.strip_suffix(':') {
        literal(repository)?.tag().is_none().then_some((name, Role::Tag))
    } else {
        literal(before.strip_suffix('@')?).map(|_| (name, Role::Digest))
    }
}

impl<'a> Argument<'a> {
    /// The default as written, without the quotes around it, and where it starts.
    fn plain_default(&self) -> Result<(&'a str, u32), Why> {
        let unreadable =
            || Why::new("spelling", format!("the default of {} is not a plain value", self.name));
        let value = self.pair.value.filter(|value| !value.is_split()).ok_or_else(unreadable)?;
        let text = value.text();
        if text.contains('$') {
            let message = format!("the default of {} is made of other arguments", self.name);
            return Err(Why::new("composite", message));
        }
        let start = value.span().start;
        let quote = text.chars().next().filter(|ch| matches!(ch, '"' | '\''));
        let (inner, start) = match quote {
            Some(quote) if text.len() >= 2 && text.ends_with(quote) => (&text[1..text.len() - 1], start + 1),
            Some(_) => return Err(unreadable()),
            None => (text, start),
        };
        let plain = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/' | b':' | b'@')
        };
        if inner.is_empty() || !inner.bytes().all(plain) {
            return Err(unreadable());
        }
        Ok((inner, start))
    }

    /// The part of `reference` that stands in the default.
    fn part<'r>(&self, reference: &'r Reference) -> &'r str {
        let written = reference.as_written();
        match self.role {
            Role::Image => written,
            // After the name and the colon.
            Role::Tag => written.get(reference.name().len() + 1..).unwrap_or_default(),
            Role::Digest => reference.digest().map_or("", Digest::as_str),
        }
    }

    /// Where that part starts.
    fn start(&self, reference: &Reference) -> Result<u32, Why> {
        let (default, start) = self.plain_default()?;
        if default == self.part(reference) {
            return Ok(start);
        }
        Err(Why::new("spelling", format!("the default of {} is not what FROM resolves to", self.name)))
    }

    /// The edit that pins `reference`, the image with the default filled in, by `suffix` (`:tag@digest`).
    pub(crate) fn edit(&self, reference: &Reference, suffix: &str) -> Result<Edit, Why> {
        let start = self.start(reference)?;
        Ok(match self.role {
            Role::Image => image_spelling::edit_at(start, reference, suffix),
            Role::Tag | Role::Digest => {
                image_spelling::respell(start, self.part(reference), suffix.trim_start_matches(':'))
            }
        })
    }

    /// The edit that puts `new` in the place of `old`, the digest of `reference`.
    pub(crate) fn edit_digest(&self, reference: &Reference, old: &Digest, new: &Digest) -> Result<Edit, Why> {
        let start = self.start(reference)?;
        Ok(image_spelling::edit_digest(start, self.part(reference), old, new))
    }

    /// What a changed default takes for granted.
    pub(crate) fn assumption(&self, setup: &BuildSetup) -> String {
        let name = self.name;
        let part = match self.role {
            Role::Image => "image",
            Role::Tag => "tag",
            Role::Digest => "digest",
        };
        if setup.build_args.contains_key(name) {
            format!("compose or bake files pass {name}, so those builds keep choosing their own {part}")
        } else {
            format!("builds that pass {name} keep choosing their own {part}")
        }
    }
}
