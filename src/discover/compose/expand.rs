//! Variables in the values of a compose file.

use super::node::Node;
use crate::discover::interpolate::interpolate;
use crate::discover::value::Text;

/// Replaces variables as far as the file alone tells. `is_set` knows the variables something outside the file sets.
#[derive(Clone, Copy)]
pub(super) struct Expand<'a> {
    is_set: &'a dyn Fn(&str) -> bool,
}

impl<'a> Expand<'a> {
    pub(super) fn new(is_set: &'a dyn Fn(&str) -> bool) -> Self {
        Self { is_set }
    }

    /// The text, as far as it is known.
    pub(super) fn text(&self, written: &str) -> Text {
        interpolate(written, self.is_set)
    }

    /// The most likely text; the written one where a variable is unknown.
    pub(super) fn likely_or_written(&self, written: &str) -> String {
        self.text(written).likely().unwrap_or(written).to_owned()
    }

    /// The same for a scalar.
    pub(super) fn scalar(&self, node: &Node) -> Option<String> {
        node.written().map(|written| self.likely_or_written(written))
    }

    /// The parts of a text between `separator`, each known as far as can be; a separator in a variable is none.
    pub(super) fn parts(&self, written: &str, separator: char) -> Vec<String> {
        match self.text(written).likely() {
            Some(text) => text.split(separator).map(str::to_owned).collect(),
            None => split_outside_variables(written, separator)
                .into_iter()
                .map(|part| self.likely_or_written(part))
                .collect(),
        }
    }

    /// Whether a switch is on; `None` when a variable decides. Compose takes more words than YAML does (compose-go,
    /// `interpolation`).
    pub(super) fn switch(&self, node: &Node) -> Option<bool> {
        let written = node.written()?;
        let text = self.text(written);
        let text = text.likely()?.to_ascii_lowercase();
        Some(matches!(text.as_str(), "true" | "t" | "1" | "yes" | "y" | "on"))
    }
}

fn split_outside_variables(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut open, mut previous) = (0, 0_usize, ' ');
    for (at, ch) in text.char_indices() {
        match ch {
            '{' if previous == '$' => open += 1,
            '}' => open = open.saturating_sub(1),
            _ if ch == separator && open == 0 => {
                parts.push(&text[start..at]);
                start = at + ch.len_utf8();
            }
            _ => {}
        }
        previous = ch;
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_outside_variables() {
        let expand = Expand::new(&|name| name == "SET");
        for (text, expected) in [
            ("a:b", &["a", "b"][..]),
            ("", &[""]),
            ("${A:-x:y}:b", &["x", "y", "b"]),
            ("${A}:b", &["${A}", "b"]),
            ("${SET:-x:y}:b", &["${SET:-x:y}", "b"]),
            ("${SET:-${A:-x}:y}:${B:-c}:d", &["${SET:-${A:-x}:y}", "c", "d"]),
            ("$A:b:", &["$A", "b", ""]),
            ("${A:b", &["${A:b"]),
            ("}:b$A", &["}", "b$A"]),
        ] {
            assert_eq!(expand.parts(text, ':'), expected, "{text}");
        }
    }
}
