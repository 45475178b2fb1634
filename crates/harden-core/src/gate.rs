//! The gate: what a rewrite may not do, checked on its result.

use std::collections::BTreeMap;
use std::fmt;

use dockerfile_syntax::{Dockerfile, Span};

use crate::{Base, Build, BuildSetup, EditSet, Source};

/// Why a result is thrown away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateError {
    /// BuildKit would reject the result.
    Invalid(String),
    /// A comment or directive is gone.
    CommentLost(String),
    /// An instruction the edits do not touch reads differently.
    InstructionChanged(String),
    /// An instruction came into being that no edit wrote.
    InstructionAppeared(String),
    /// Line endings, byte order mark or the final newline changed.
    Bytes(&'static str),
    /// A stage, target or reference between stages no longer resolves as it did.
    Stages(String),
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => write!(f, "the result would not build: {error}"),
            Self::CommentLost(text) => write!(f, "the comment `{text}` would be lost"),
            Self::InstructionChanged(text) => {
                write!(f, "an instruction outside the edit would change: `{text}`")
            }
            Self::InstructionAppeared(text) => {
                write!(f, "an instruction nobody wrote would appear: `{text}`")
            }
            Self::Bytes(what) => write!(f, "{what} would change"),
            Self::Stages(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for GateError {}

/// Checks `after`, the result of `edits` on `before`. `before` has no errors.
pub fn check(
    before: &Dockerfile,
    edits: &EditSet,
    after: &Dockerfile,
    setup: &BuildSetup,
) -> Result<(), GateError> {
    if let Some(error) = after.errors().first() {
        return Err(GateError::Invalid(format!("line {}: {error}", after.line_col(error.span.start).line)));
    }
    comments(before, after)?;
    instructions(before, edits, after)?;
    bytes(before, after)?;
    stages(&Build::new(before), edits, &Build::new(after), setup)
}

fn comments(before: &Dockerfile, after: &Dockerfile) -> Result<(), GateError> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    let spans = |file: &Dockerfile| -> Vec<Span> {
        let comments = file.comments().iter().map(|comment| comment.span);
        comments.chain(file.directives().iter().map(|directive| directive.span)).collect()
    };
    for span in spans(after) {
        *left.entry(after.slice(span)).or_default() += 1;
    }
    for span in spans(before) {
        let text = before.slice(span);
        match left.get_mut(text) {
            Some(count) if *count > 0 => *count -= 1,
            _ => return Err(GateError::CommentLost(text.to_owned())),
        }
    }
    let directives = |file: &Dockerfile| -> Vec<_> { file.directives().iter().map(|one| one.name).collect() };
    let kept = directives(after);
    if directives(before).iter().any(|name| !kept.contains(name)) {
        return Err(GateError::CommentLost("a parser directive".to_owned()));
    }
    Ok(())
}

fn instructions(before: &Dockerfile, edits: &EditSet, after: &Dockerfile) -> Result<(), GateError> {
    let mut after_at: BTreeMap<u32, (Span, bool)> =
        after.instructions().map(|one| (one.span().start, (one.span(), false))).collect();
    for instruction in before.instructions() {
        let span = instruction.span();
        if edits.touches(span) || extended(edits, span) {
            continue;
        }
        let text = before.slice(span);
        match after_at.get_mut(&edits.forward(span.start)) {
            Some((found, seen)) if after.slice(*found) == text => *seen = true,
            _ => return Err(GateError::InstructionChanged(first_line(text).to_owned())),
        }
    }
    let mut ranges = edits.edits().iter().map(|edit| {
        let start = edits.forward(edit.span.start).min(after.text().len() as u32);
        let start = start.saturating_sub(if edit.span.is_empty() { edit.text.len() as u32 } else { 0 });
        Span::new(start, start + edit.text.len() as u32)
    });
    let mut written = ranges.next();
    for (span, seen) in after_at.into_values() {
        while written.is_some_and(|range| range.end < span.start) {
            written = ranges.next();
        }
        let by_edit = written.is_some_and(|range| range.start <= span.end);
        if !seen && !by_edit {
            return Err(GateError::InstructionAppeared(first_line(after.slice(span)).to_owned()));
        }
    }
    Ok(())
}

/// Whether text is inserted right at an end of the instruction, on its own line.
fn extended(edits: &EditSet, span: Span) -> bool {
    let from = edits.edits().partition_point(|edit| edit.span.end < span.start);
    edits.edits()[from..].iter().take_while(|edit| edit.span.start <= span.end).any(|edit| {
        let before = edit.span.end == span.start && !edit.text.ends_with('\n');
        let after = edit.span.start == span.end && !edit.text.starts_with(['\r', '\n']);
        before || after
    })
}

fn first_line(text: &str) -> &str {
    let line = text.split(['\r', '\n']).next().unwrap_or_default();
    line.char_indices().nth(80).map_or(line, |(at, _)| &line[..at])
}

fn bytes(before: &Dockerfile, after: &Dockerfile) -> Result<(), GateError> {
    if before.has_bom() != after.has_bom() {
        return Err(GateError::Bytes("the byte order mark"));
    }
    if before.text().ends_with('\n') != after.text().ends_with('\n') {
        return Err(GateError::Bytes("the newline at the end of the file"));
    }
    let endings = |text: &str| {
        let crlf = text.matches("\r\n").count();
        (crlf > 0, text.matches('\n').count() > crlf)
    };
    let ((crlf, lf), (crlf_after, lf_after)) = (endings(before.text()), endings(after.text()));
    if (crlf || lf) && ((crlf_after && !crlf) || (lf_after && !lf)) {
        return Err(GateError::Bytes("the line endings"));
    }
    Ok(())
}

fn stages(
    before: &Build<'_>,
    edits: &EditSet,
    after: &Build<'_>,
    setup: &BuildSetup,
) -> Result<(), GateError> {
    let names = |build: &Build<'_>| -> Vec<String> {
        build.stages.iter().filter_map(|stage| stage.name.clone()).collect()
    };
    let kept = names(after);
    let mut rest = kept.iter();
    for name in names(before) {
        if !rest.any(|other| *other == name) {
            return Err(GateError::Stages(format!("the stage {name} would be gone")));
        }
    }
    for target in &setup.targets {
        if before.stage_named(target).is_some() && after.stage_named(target).is_none() {
            return Err(GateError::Stages(format!("the target {target} would be gone")));
        }
    }
    let stage_name = |build: &Build<'_>, index: usize| {
        build
            .stages
            .get(index)
            .and_then(|stage| stage.name.clone())
            .unwrap_or_else(|| format!("number {index}"))
    };
    // References to stages that no edit touches must still name the same stage.
    let links = |build: &Build<'_>| -> BTreeMap<(u32, String), String> {
        let bases = build.stages.iter().filter_map(|stage| match stage.base {
            Base::Stage(index) => Some(((stage.from.span().start, String::new()), stage_name(build, index))),
            _ => None,
        });
        let sources = build.source_uses(setup).into_iter().filter_map(|one| match one.source {
            Source::Stage(index) => {
                Some(((one.instruction.span().start, one.name.into_owned()), stage_name(build, index)))
            }
            _ => None,
        });
        bases.chain(sources).collect()
    };
    let links_after = links(after);
    for ((at, name), target) in links(before) {
        let moved = (edits.forward(at), name);
        let numbered = target.starts_with("number ");
        match links_after.get(&moved) {
            Some(now) if *now == target => {}
            Some(_) if numbered && before.stages.len() != after.stages.len() => {
                return Err(GateError::Stages(format!("stage {target} would be counted differently")));
            }
            None if edits.touches(Span::new(at, at + 1)) => {}
            _ => return Err(GateError::Stages(format!("a reference to the stage {target} would change"))),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Edit;

    fn gate(before: &str, edits: Vec<Edit>) -> Result<(), GateError> {
        let file = Dockerfile::parse(before);
        let edits = EditSet::new(before, edits).unwrap();
        check(&file, &edits, &Dockerfile::parse(edits.apply(before)), &BuildSetup::default())
    }

    fn at(text: &str, needle: &str) -> u32 {
        text.find(needle).unwrap() as u32
    }

    #[test]
    fn an_edit_may_end_an_instruction() {
        let text = "FROM a\nRUN x\n";
        assert_eq!(gate(text, vec![Edit::insert(6, ":1")]), Ok(()));
        assert_eq!(gate(text, vec![Edit::insert(12, " y")]), Ok(()));
        assert_eq!(gate(text, vec![Edit::insert(12, "\nUSER 1")]), Ok(()));
        assert_eq!(gate(text, vec![Edit::insert(7, "USER 1\n")]), Ok(()));
    }

    #[test]
    fn nothing_else_may_change() {
        let text = "# a\nFROM a AS one\nRUN x \\\n  # why\n  y\nFROM one\nCOPY --from=0 / /\n";
        let swallow = vec![Edit::insert(at(text, "\nRUN"), " \\")];
        assert!(matches!(gate(text, swallow), Err(GateError::Invalid(_) | GateError::InstructionChanged(_))));
        let comment = Span::new(at(text, "  # why"), at(text, "  y"));
        assert!(matches!(gate(text, vec![Edit::delete(comment)]), Err(GateError::CommentLost(_))));
        let rename = Span::new(at(text, "one"), at(text, "\nRUN"));
        assert!(matches!(gate(text, vec![Edit::replace(rename, "two")]), Err(GateError::Stages(_))));
        assert!(matches!(
            gate(text, vec![Edit::insert(at(text, "FROM a"), "FROM zero\n")]),
            Err(GateError::Stages(_))
        ));
        let crlf = vec![Edit::insert(at(text, "FROM one"), "USER 1\r\n")];
        assert_eq!(gate(text, crlf), Err(GateError::Bytes("the line endings")));
        let end = vec![Edit::insert(text.len() as u32, "USER 1")];
        assert_eq!(gate(text, end), Err(GateError::Bytes("the newline at the end of the file")));
    }
}
