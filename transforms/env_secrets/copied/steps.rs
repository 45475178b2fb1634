//! Taking a source, a command or a whole instruction out, the way a person would.

use harden_core::shell::Located;
use harden_core::syntax::{Instruction, Span, Token};
use harden_core::{Edit, Why};

fn layout(what: &str) -> Why {
    Why::new("layout", format!("{what} cannot be taken out without changing lines around it"))
}

/// Removes all lines of an instruction, and one of two blank lines that would meet.
///
/// # Errors
/// `layout`: a comment stands inside it, or the file ends in it.
pub(super) fn whole(of: Instruction<'_>) -> Result<Edit, Why> {
    let file = of.file();
    let full = of.full_span();
    if !of.comments_inside().is_empty() || !file.slice(full).ends_with('\n') {
        return Err(layout(&format!("this {}", of.keyword().as_str())));
    }
    let (first, last) = of.lines();
    let blank = |line: u32| file.line_span(line).is_some_and(|span| file.slice(span).trim().is_empty());
    let end = match file.line_span(last + 2) {
        Some(line) if first > 1 && blank(first - 1) && blank(last + 1) => line.start,
        _ => full.end,
    };
    Ok(Edit::delete(Span::new(full.start, end)))
}

/// Removes one of several sources of a COPY or ADD.
///
/// # Errors
/// `layout`: the lines around it are too unusual.
pub(super) fn source(of: Instruction<'_>, source: Span) -> Result<Edit, Why> {
    let file = of.file();
    let words: Vec<Span> = of.words().map(Token::span).collect();
    let stop = || layout("the source");
    let index = words.iter().position(|word| *word == source).ok_or_else(stop)?;
    let next = words.get(index + 1).ok_or_else(stop)?;
    let gap = Span::new(source.start, next.start);
    let between = &file.slice(gap)[source.len() as usize..];
    let is_plain = |text: &str| text.chars().all(|ch| matches!(ch, ' ' | '\t' | ','));
    if is_plain(between) {
        return Ok(Edit::delete(gap));
    }
    // At the end of its line: what stands before it goes.
    let before = index.checked_sub(1).and_then(|before| words.get(before)).ok_or_else(stop)?;
    let gap = Span::new(before.end, source.end);
    let between = &file.slice(gap)[..(source.start - before.end) as usize];
    if is_plain(between) && !of.is_exec_form() { Ok(Edit::delete(gap)) } else { Err(stop()) }
}

/// What stands between two commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    And,
    Then,
    Nothing,
    Other,
}

fn gap(of: Instruction<'_>, span: Span) -> Gap {
    let text = of.file().slice(span);
    let escape = of.file().escape();
    let plain: String = text.chars().filter(|ch| !ch.is_whitespace() && *ch != escape).collect();
    match plain.as_str() {
        "&&" => Gap::And,
        ";" => Gap::Then,
        "" => Gap::Nothing,
        _ => Gap::Other,
    }
}

/// Removes commands from a RUN, with the `&&` or `;` that join them to the others. `gone` are their places in `commands`,
/// in order; when nothing else is left, the whole RUN goes.
///
/// # Errors
/// `layout`: one of them is not a plain step of a list.
pub(super) fn commands(of: Instruction<'_>, commands: &[Located], gone: &[usize]) -> Result<Vec<Edit>, Why> {
    if gone.len() == commands.len() {
        return whole(of).map(|edit| vec![edit]);
    }
    let mut edits = Vec::new();
    let mut rest = gone;
    while let Some(&first) = rest.first() {
        // Neighbours go together.
        let len = rest.iter().zip(first..).take_while(|(index, expected)| **index == *expected).count();
        rest = &rest[len..];
        edits.push(neighbours(of, commands, first, first + len)?);
    }
    Ok(edits)
}

fn neighbours(of: Instruction<'_>, all: &[Located], first: usize, end: usize) -> Result<Edit, Why> {
    let stop = || layout("the command");
    let gone = all.get(first..end).ok_or_else(stop)?;
    let (Some(left_most), Some(right_most)) = (gone.first(), gone.last()) else { return Err(stop()) };
    for one in gone {
        let place = &one.command.place;
        if place.piped || place.background || place.subshell || place.fallback || place.function.is_some() {
            return Err(stop());
        }
    }
    let joins = |gap: Gap| matches!(gap, Gap::And | Gap::Then);
    let inside = gone.windows(2).all(|pair| joins(gap(of, Span::new(pair[0].span.end, pair[1].span.start))));
    let arguments = of.arguments().span();
    let before = first.checked_sub(1).and_then(|before| all.get(before));
    let after = all.get(end);
    let left = gap(of, Span::new(before.map_or(arguments.start, |one| one.span.end), left_most.span.start));
    let right = gap(of, Span::new(right_most.span.end, after.map_or(arguments.end, |one| one.span.start)));
    let right_joins = joins(right) || (after.is_none() && right == Gap::Nothing);
    let gone = match (before, after) {
        _ if !inside || !right_joins => return Err(stop()),
        (Some(before), _) if joins(left) => Span::new(before.span.end, right_most.span.end),
        (None, Some(after)) if left == Gap::Nothing => Span::new(left_most.span.start, after.span.start),
        _ => return Err(stop()),
    };
    if of.comments_inside().iter().any(|comment| comment.span.intersects(gone)) {
        return Err(stop());
    }
    Ok(Edit::delete(gone))
}

#[cfg(test)]
mod tests {
    use harden_core::shell;
    use harden_core::syntax::Dockerfile;
    use harden_core::{EditSet, Value};

    use super::*;

    fn apply(text: &str, make: impl Fn(Instruction<'_>) -> Result<Vec<Edit>, Why>) -> String {
        let file = Dockerfile::parse(text);
        let instruction = file.instructions().nth(1).unwrap();
        match make(instruction) {
            Ok(edits) => EditSet::new(text, edits).unwrap().apply(text),
            Err(why) => why.code.to_owned(),
        }
    }

    fn without(text: &str, names: &[&str]) -> String {
        apply(text, |run| {
            let (all, _) = shell::of_instruction(run, &Value::FromBase);
            let is_gone = |one: &Located| one.command.name().is_some_and(|name| names.contains(&name));
            let gone: Vec<usize> =
                all.iter().enumerate().filter(|(_, one)| is_gone(one)).map(|(at, _)| at).collect();
            commands(run, &all, &gone)
        })
    }

    #[test]
    fn one_command() {
        for (text, expected) in [
            ("FROM a\nRUN npm ci && rm -f x\n", "FROM a\nRUN npm ci\n"),
            ("FROM a\nRUN npm ci && rm -f x && true\n", "FROM a\nRUN npm ci && true\n"),
            ("FROM a\nRUN rm x && npm ci\n", "FROM a\nRUN npm ci\n"),
            ("FROM a\nRUN npm ci \\\n && rm x \\\n && true\n", "FROM a\nRUN npm ci \\\n && true\n"),
            ("FROM a\nRUN npm ci && \\\n    rm x\n", "FROM a\nRUN npm ci\n"),
            ("FROM a\nRUN npm ci; rm x\n", "FROM a\nRUN npm ci\n"),
            ("FROM a\nRUN npm ci || rm x\n", "layout"),
            ("FROM a\nRUN (npm ci && rm x)\n", "layout"),
            ("FROM a\nRUN npm ci && rm x || true\n", "layout"),
            ("FROM a\nRUN npm ci \\\n# why\n && rm x\n", "layout"),
            ("FROM a\nRUN if true; then rm x; fi\n", "layout"),
            ("FROM a\nRUN npm ci & rm x\n", "layout"),
            ("FROM a\nRUN rm x\n", "FROM a\n"),
        ] {
            assert_eq!(without(text, &["rm"]), expected, "{text}");
        }
    }

    #[test]
    fn several_commands() {
        for (text, expected) in [
            ("FROM a\nRUN chmod 6 x && npm ci && rm x\n", "FROM a\nRUN npm ci\n"),
            ("FROM a\nRUN chown a x && chmod 6 x && npm ci && rm x\n", "FROM a\nRUN npm ci\n"),
            ("FROM a\nRUN npm ci && chmod 6 x && rm x && true\n", "FROM a\nRUN npm ci && true\n"),
            ("FROM a\nRUN chmod 6 x && rm x\n", "FROM a\n"),
        ] {
            assert_eq!(without(text, &["rm", "chmod", "chown"]), expected, "{text}");
        }
    }

    #[test]
    fn sources() {
        let remove = |text: &str| {
            apply(text, |copy| {
                let sources = copy.copy().unwrap().sources;
                let one = sources.iter().find(|one| one.text == ".npmrc").unwrap();
                source(copy, one.token.span()).map(|edit| vec![edit])
            })
        };
        for (text, expected) in [
            ("FROM a\nCOPY package.json .npmrc ./\n", "FROM a\nCOPY package.json ./\n"),
            ("FROM a\nCOPY .npmrc package.json ./\n", "FROM a\nCOPY package.json ./\n"),
            ("FROM a\nCOPY [\".npmrc\", \"a b\", \"./\"]\n", "FROM a\nCOPY [\"a b\", \"./\"]\n"),
            ("FROM a\nCOPY a .npmrc \\\n  b ./\n", "FROM a\nCOPY a \\\n  b ./\n"),
            ("FROM a\nCOPY \\\n .npmrc \\\n  b ./\n", "layout"),
        ] {
            assert_eq!(remove(text), expected, "{text}");
        }
    }

    #[test]
    fn instructions() {
        let whole = |text: &str| apply(text, |one| whole(one).map(|edit| vec![edit]));
        assert_eq!(whole("FROM a\nRUN x\nRUN y\n"), "FROM a\nRUN y\n");
        assert_eq!(whole("FROM a\n\nRUN x\n\nRUN y\n"), "FROM a\n\nRUN y\n");
        assert_eq!(whole("FROM a\n\nRUN x\n"), "FROM a\n\n");
        assert_eq!(whole("FROM a\nRUN x \\\n# why\n y\n"), "layout");
        assert_eq!(whole("FROM a\nRUN x"), "layout");
    }
}
