//! Words that findings share. No sentence is made from a value.

use harden_core::secrets::{Confidence, Secret};
use harden_core::syntax::{Instruction, Keyword};
use harden_core::{Hazard, Level, Place};

/// What a secret is and how sure that is: `a GitHub token (high confidence)`.
pub(super) fn described(secret: &Secret) -> String {
    format!("{} ({} confidence)", secret.kind.name(), secret.confidence)
}

/// The level a fix may have at best.
pub(super) fn level_of(confidence: Confidence) -> Level {
    match confidence {
        Confidence::High => Level::Review,
        Confidence::Medium | Confidence::Low => Level::Suggest,
    }
}

/// Names in a sentence: `A`, `A and B`, `A, B and C`.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A hazard at an instruction.
pub(super) fn hazard(id: &'static str, message: impl Into<String>, at: Instruction<'_>) -> Hazard {
    let place = Some(Place::Here(at.keyword_token().span()));
    Hazard { id, message: message.into(), place }
}

/// The keyword of an instruction in a sentence, with its article.
pub(super) fn keyword(instruction: Instruction<'_>) -> String {
    let held = instruction.trigger().map_or(instruction.keyword(), Instruction::keyword);
    let article = match held {
        Keyword::Add
        | Keyword::Arg
        | Keyword::Entrypoint
        | Keyword::Env
        | Keyword::Expose
        | Keyword::Onbuild => "an",
        _ => "a",
    };
    match instruction.keyword() {
        Keyword::Onbuild => format!("an ONBUILD {}", held.as_str()),
        _ => format!("{article} {}", held.as_str()),
    }
}
