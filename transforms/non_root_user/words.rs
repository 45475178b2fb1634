//! Words of messages.

use harden_core::syntax::Reference;

/// An image by name and tag. The digest says nothing to people, and whether there is one depends on what ran before.
pub(crate) fn short(image: &Reference) -> String {
    image.without_digest().familiar().to_owned()
}

/// `a`, `a or b`, `a, b or c`.
pub(crate) fn either(words: &[&str]) -> String {
    list(words, "or")
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn both(words: &[&str]) -> String {
    list(words, "and")
}

fn list(words: &[&str], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [all @ .., end] => format!("{} {last} {end}", all.join(", ")),
    }
}
