//! The variables of a file that hold secrets, with everything that declares them.

use std::collections::BTreeMap;

use harden_core::Context;
use harden_core::secrets::{self, NotSecret, Secret, Verdict, is_secret_name};
use harden_core::syntax::{Instruction, Keyword, Pair, Token};

/// A variable that is, or is named like, a secret.
pub(super) struct Candidate<'a> {
    pub(super) name: &'a str,
    /// The surest secret among its values; `None` when only the name speaks for one.
    pub(super) secret: Option<Secret>,
    /// An ENV with the name of a secret that takes its value.
    pub(super) taken_by: Option<&'a str>,
    /// Everything in the file that declares it, in order.
    pub(super) declarations: Vec<Declaration<'a>>,
}

/// One pair of an ENV or ARG.
#[derive(Clone, Copy)]
pub(super) struct Declaration<'a> {
    /// The stage; `None` before the first FROM.
    pub(super) stage: Option<usize>,
    /// The instruction, or the ONBUILD that holds it.
    pub(super) instruction: Instruction<'a>,
    pub(super) pair: Pair<'a>,
    pub(super) holds: Holds<'a>,
}

/// What a declaration gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds<'a> {
    /// A secret that is written out.
    Secret(Secret),
    /// Nothing: `ARG NAME`, or an empty value.
    Nothing,
    /// The value of another variable, and nothing else.
    Value(&'a str),
    /// A value that is no secret.
    Other(Option<NotSecret>),
}

impl<'a> Declaration<'a> {
    pub(super) fn new(stage: Option<usize>, instruction: Instruction<'a>, pair: Pair<'a>) -> Self {
        Self { stage, instruction, pair, holds: holds(&pair) }
    }

    /// Whether it is an ARG.
    pub(super) fn is_argument(&self) -> bool {
        self.held().keyword() == Keyword::Arg
    }

    /// Whether it gives a value that is no secret and not made of another variable.
    fn has_own_value(&self) -> bool {
        matches!(self.holds, Holds::Other(reason) if reason != Some(NotSecret::Reference))
    }

    /// Whether it is a trigger of the images built on this one.
    pub(super) fn is_trigger(&self) -> bool {
        self.instruction.keyword() == Keyword::Onbuild
    }

    fn held(&self) -> Instruction<'a> {
        self.instruction.trigger().unwrap_or(self.instruction)
    }
}

fn holds<'a>(pair: &Pair<'a>) -> Holds<'a> {
    let Some(value) = pair.value.filter(|value| !unquoted(value.text()).is_empty()) else {
        return Holds::Nothing;
    };
    match secrets::judge(pair.key.text(), Some(value.text())) {
        Verdict::Secret(secret) => Holds::Secret(secret),
        Verdict::Not(reason) => plain_reference(value).map_or(Holds::Other(Some(reason)), Holds::Value),
        Verdict::Unrelated => plain_reference(value).map_or(Holds::Other(None), Holds::Value),
    }
}

fn unquoted(text: &str) -> &str {
    ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(text)
}

/// The variable a value consists of: `$NAME`, `${NAME}`, `"${NAME}"`.
pub(super) fn plain_reference(value: Token<'_>) -> Option<&str> {
    let text = value.text();
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let name = inner.strip_prefix('$')?;
    let name = name.strip_prefix('{').map_or(Some(name), |name| name.strip_suffix('}'))?;
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (plain && !name.is_empty()).then_some(name)
}

/// The candidates in the order of the file, and the pairs whose values were looked at and left.
pub(super) fn find<'a>(ctx: &Context<'a>) -> (Vec<Candidate<'a>>, Vec<Declaration<'a>>) {
    let mut by_name: BTreeMap<&str, Vec<Declaration<'_>>> = BTreeMap::new();
    for declaration in declarations(ctx) {
        by_name.entry(declaration.pair.key.text()).or_default().push(declaration);
    }
    // Arguments whose value an ENV with the name of a secret takes.
    let takes = |one: &Declaration<'a>| match one.holds {
        Holds::Value(of) if !one.is_argument() && is_secret_name(one.pair.key.text()) => {
            Some((of, one.pair.key.text()))
        }
        _ => None,
    };
    let taken: BTreeMap<&str, &str> = by_name.values().flatten().filter_map(takes).collect();
    let (mut candidates, mut left) = (Vec::new(), Vec::new());
    for (name, declarations) in by_name {
        let secret = declarations.iter().filter_map(|one| match one.holds {
            Holds::Secret(secret) => Some(secret),
            _ => None,
        });
        // The first of the surest.
        let secret = secret.reduce(|best, one| if one.confidence > best.confidence { one } else { best });
        // A value that is no secret says what the argument is for. Before the first FROM nobody sees it.
        let is_given = declarations
            .iter()
            .any(|one| one.is_argument() && one.holds == Holds::Nothing && one.stage.is_some())
            && !declarations.iter().any(|one| one.is_argument() && one.has_own_value());
        if secret.is_some() || (is_given && (is_secret_name(name) || taken.contains_key(name))) {
            let taken_by = taken.get(name).copied().filter(|_| !is_secret_name(name));
            candidates.push(Candidate { name, secret, taken_by, declarations });
        } else {
            left.extend(declarations.into_iter().find(is_worth_a_word));
        }
    }
    candidates.sort_by_key(|one| one.declarations.first().map(|one| one.pair.whole.span()));
    left.sort_by_key(|one| one.pair.whole.span());
    (candidates, left)
}

fn declarations<'a>(ctx: &Context<'a>) -> Vec<Declaration<'a>> {
    let mut all = Vec::new();
    let mut stage: Option<usize> = None;
    for instruction in ctx.file().instructions() {
        let held = instruction.trigger().unwrap_or(instruction);
        match held.keyword() {
            Keyword::From => stage = Some(stage.map_or(0, |stage| stage + 1)),
            Keyword::Env | Keyword::Arg => {
                all.extend(held.pairs().into_iter().map(|pair| Declaration::new(stage, instruction, pair)));
            }
            _ => {}
        }
    }
    all
}

/// Whether a reader would ask why nothing is said: other tools report the name.
fn is_worth_a_word(declaration: &Declaration<'_>) -> bool {
    match declaration.holds {
        Holds::Other(Some(reason)) => matches!(
            reason,
            NotSecret::Placeholder | NotSecret::Example | NotSecret::Encrypted | NotSecret::Public
        ),
        _ => false,
    }
}
