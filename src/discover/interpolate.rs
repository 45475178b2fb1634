//! Variables in compose files (Compose specification, "Interpolation").

use super::value::Text;

/// Nesting of defaults inside defaults that is followed.
const MAX_NESTING: usize = 8;

/// `text` with its variables replaced, as far as the file alone tells.
///
/// A variable counts with its default, unless `is_set` knows that something gives it another value. Without a default
/// the whole text is unknown.
pub(super) fn interpolate(text: &str, is_set: &dyn Fn(&str) -> bool) -> Text {
    expand(text, is_set, 0).unwrap_or(Text::Unknown)
}

fn expand(text: &str, is_set: &dyn Fn(&str) -> bool, nesting: usize) -> Option<Text> {
    if nesting > MAX_NESTING {
        return None;
    }
    let mut out = String::new();
    let mut assumed = false;
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        // `$NAME`, and anything that is no variable at all, has no default.
        let body = rest.strip_prefix('{')?;
        let end = closing_brace(body)?;
        let (name, default) = name_and_default(&body[..end])?;
        if is_set(name) {
            return None;
        }
        out.push_str(expand(default, is_set, nesting + 1)?.likely()?);
        assumed = true;
        rest = &body[end + 1..];
    }
    out.push_str(rest);
    Some(if assumed { Text::Assumed(out) } else { Text::Literal(out) })
}

/// Offset of the `}` that ends a variable, past those of the variables in its default.
fn closing_brace(body: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut previous = b' ';
    for (at, byte) in body.bytes().enumerate() {
        match byte {
            b'{' if previous == b'$' => open += 1,
            b'}' if open == 0 => return Some(at),
            b'}' => open -= 1,
            _ => {}
        }
        previous = byte;
    }
    None
}

/// Splits `NAME:-default` and `NAME-default`. `${NAME:?message}` and `${NAME:+replacement}` have no default.
fn name_and_default(variable: &str) -> Option<(&str, &str)> {
    let end = variable.find(|c: char| c != '_' && !c.is_ascii_alphanumeric())?;
    let (name, operator) = variable.split_at(end);
    let default = operator.strip_prefix(":-").or_else(|| operator.strip_prefix('-'))?;
    (!name.is_empty()).then_some((name, default))
}

/// The names a `.env` file sets.
pub(super) fn names_in_env_file(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let end = line.find(['=', ':', ' ', '\t']).unwrap_or(line.len());
        (end > 0 && !line.starts_with('#')).then_some(&line[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_nothing_set(text: &str) -> Text {
        interpolate(text, &|_| false)
    }

    #[test]
    fn text_without_variables_is_literal() {
        for (text, expected) in [("", ""), ("./app", "./app"), ("a$$b", "a$b"), ("{x}", "{x}")] {
            assert_eq!(with_nothing_set(text), Text::Literal(expected.into()), "{text}");
        }
    }

    #[test]
    fn defaults_are_assumed() {
        for (text, expected) in [
            ("${A:-x}", "x"),
            ("${A-x}", "x"),
            ("${A:-}", ""),
            ("./${A:-x}/y", "./x/y"),
            ("${A:-${B:-x}y}", "xy"),
            ("${A:-x}${B:-y}", "xy"),
        ] {
            assert_eq!(with_nothing_set(text), Text::Assumed(expected.into()), "{text}");
        }
    }

    #[test]
    fn everything_else_is_unknown() {
        for text in [
            "$A",
            "${A}",
            "x${A}y",
            "${A:?say}",
            "${A?say}",
            "${A:+x}",
            "${A+x}",
            "${A:-$B}",
            "${A:-${B}}",
            "${",
            "${A",
            "${}",
            "${:-x}",
            "$",
            "a$",
            "$-x",
            "${A:-${B:-x}",
        ] {
            assert_eq!(with_nothing_set(text), Text::Unknown, "{text}");
        }
    }

    #[test]
    fn a_default_is_nothing_when_the_variable_is_set() {
        assert_eq!(interpolate("${A:-x}", &|name| name == "A"), Text::Unknown);
        assert_eq!(interpolate("${A:-x}", &|name| name == "B"), Text::Assumed("x".into()));
    }

    #[test]
    fn deep_nesting_is_unknown() {
        let deep = "${A:-".repeat(100_000) + &"}".repeat(100_000);
        assert_eq!(with_nothing_set(&deep), Text::Unknown);
    }

    #[test]
    fn names_set_by_an_env_file() {
        let file = "# A=1\nB=2\n export C = 3\n\nD\nE: 5\n=x\n";
        assert_eq!(names_in_env_file(file).collect::<Vec<_>>(), ["B", "C", "D", "E"]);
    }
}
