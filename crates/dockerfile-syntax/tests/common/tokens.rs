//! Every token of a file, and what must hold for each of them.

use std::fmt::Write as _;

use dockerfile_syntax::{Dockerfile, Instruction, Piece, Span, Token};

/// A token and what it is.
pub struct Part<'a> {
    /// What it is, with the path to it: `flag 0 value`.
    pub role: String,
    /// The token.
    pub token: Token<'a>,
}

/// Every token of an instruction and of what ONBUILD holds.
pub fn parts(instruction: Instruction<'_>) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut next = Some((String::new(), instruction));
    while let Some((prefix, one)) = next {
        let mut push = |role: String, token| parts.push(Part { role: format!("{prefix}{role}"), token });
        push("keyword".into(), one.keyword_token());
        push("arguments".into(), one.arguments());
        for (index, flag) in one.flags().enumerate() {
            push(format!("flag {index}"), flag.token());
            push(format!("flag {index} name"), flag.name_token());
            if let Some(value) = flag.value_token() {
                push(format!("flag {index} value"), value);
            }
        }
        for (index, word) in one.words().enumerate() {
            push(format!("word {index}"), word);
        }
        for (index, pair) in one.pairs().into_iter().enumerate() {
            push(format!("pair {index}"), pair.whole);
            push(format!("pair {index} key"), pair.key);
            if let Some(value) = pair.value {
                push(format!("pair {index} value"), value);
            }
        }
        if let Some(from) = one.from() {
            push("image".into(), from.image);
            if let Some(name) = from.name {
                push("stage name".into(), name);
            }
        }
        if let Some(copy) = one.copy() {
            for (index, source) in copy.sources.iter().enumerate() {
                push(format!("source {index}"), source.token);
            }
            push("destination".into(), copy.destination.token);
        }
        next = one.trigger().map(|trigger| (format!("{prefix}trigger "), trigger));
    }
    for (index, heredoc) in instruction.heredocs().enumerate() {
        parts.push(Part { role: format!("heredoc {index}"), token: heredoc.opener() });
    }
    parts
}

/// What must hold for every text, valid or not. Panics with the reason when it does not.
pub fn check(source: &str) -> Dockerfile {
    let file = Dockerfile::parse(source);
    assert_eq!(file.text(), source, "the text is kept");
    let mut at = 0;
    for piece in file.pieces() {
        let span = piece.span();
        assert_eq!(span.start, at, "pieces follow each other: {piece:?}");
        assert!(span.start < span.end, "no piece is empty: {piece:?}");
        if let Piece::Blank(span) = piece {
            assert!(file.slice(span).trim().is_empty(), "blank pieces are blank: {:?}", file.slice(span));
        }
        at = span.end;
    }
    assert_eq!(at as usize, source.len(), "pieces cover the file");
    let inside = |outer: Span, inner: Span, what: &str| {
        assert!(inner.start <= inner.end && outer.covers(inner), "{what}: {inner:?} is not inside {outer:?}");
        assert!(
            source.is_char_boundary(inner.start as usize) && source.is_char_boundary(inner.end as usize),
            "{what}: {inner:?} cuts a character"
        );
    };
    let whole = Span::new(0, source.len() as u32);
    for error in file.errors() {
        inside(whole, error.span, "error");
        assert!(error.to_string().len() < 600 && !error.to_string().contains('\n'), "short message: {error}");
    }
    for comment in file.comments() {
        inside(whole, comment.span, "comment");
        assert!(file.slice(comment.span).starts_with('#'), "a comment begins with #");
        assert_eq!(file.line_col(comment.span.start).line, comment.line, "line of a comment");
    }
    for directive in file.directives() {
        inside(whole, directive.span, "directive");
        inside(directive.span, directive.value, "value of a directive");
    }
    for span in file.empty_continuations() {
        inside(whole, *span, "empty continuation");
    }
    let mut end = 0;
    for instruction in file.instructions() {
        check_instruction(&file, instruction, end, &inside);
        end = instruction.full_span().end;
    }
    file
}

fn check_instruction(file: &Dockerfile, one: Instruction<'_>, end: u32, inside: &dyn Fn(Span, Span, &str)) {
    let (span, full) = (one.span(), one.full_span());
    assert!(full.start >= end, "instructions are in order and apart");
    inside(full, span, "instruction");
    let (first, last) = one.lines();
    assert_eq!(file.line_col(span.start).line, first, "first line");
    assert_eq!(file.line_col(span.end).line, last, "last line");
    for part in parts(one) {
        let token = part.token;
        inside(span, token.span(), &part.role);
        if !token.is_split() {
            assert_eq!(file.slice(token.span()), token.text(), "{} is its source", part.role);
        }
        let (text, written) = (token.text(), file.slice(token.span()));
        assert_eq!(text.is_empty(), written.is_empty(), "{} has a place", part.role);
        assert!(
            text.chars().next() == written.chars().next() && text.chars().last() == written.chars().last(),
            "{} {text:?} begins or ends in a continuation: {written:?}",
            part.role
        );
        // Too slow for every token of a hostile file, and the lexer sees the longest ones in `arguments` anyway.
        if token.text().len() > 2_000 && part.role != "arguments" {
            continue;
        }
        for variable in token.variables().unwrap_or_default() {
            let name = token.part(variable.start, variable.end);
            inside(span, name.span(), "variable");
            assert!(
                name.text().starts_with('$') && name.text().contains(&variable.name),
                "variable {variable:?}"
            );
        }
        let _ = token.expand(&|name| (name.len() % 2 == 0).then_some("x y".into()));
    }
    for flag in one.flags().chain(one.trigger().iter().flat_map(|trigger| trigger.flags())) {
        for field in flag.mount().into_iter().flatten() {
            let Some(place) = field.span else { continue };
            inside(span, place, "mount field");
            let value = field.value.unwrap_or_default();
            assert!(place.len() as usize >= value.len(), "a mount field holds its value");
            if place.len() as usize == value.len() {
                assert_eq!(file.slice(place), value, "a mount field is its source");
            }
        }
    }
    let mut after = 0;
    for heredoc in one.heredocs() {
        inside(span, heredoc.opener().span(), "heredoc opener");
        inside(full, heredoc.body(), "heredoc body");
        assert!(heredoc.body().start >= after, "heredocs are in order");
        after = heredoc.body().end;
        if let Some(word) = heredoc.terminator() {
            inside(full, word, "heredoc terminator");
            assert_eq!(file.slice(word), heredoc.name(), "the terminator is the word");
            assert!(word.start >= after, "the terminator follows the body");
            after = word.end;
        }
    }
}

/// Everything a file says, with the text of every token, but no offsets: what an edit must leave alone.
pub fn reading(file: &Dockerfile) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (index, one) in file.instructions().enumerate() {
        for part in parts(one) {
            out.push((format!("{index} {} {}", one.keyword(), part.role), part.token.text().to_owned()));
        }
        let mut rest = format!("{:?} {} {}", one.lines(), one.is_exec_form(), one.ends_open());
        for comment in one.comments_above().iter().chain(one.comments_inside()) {
            let _ = write!(rest, " {}", file.slice(comment.span));
        }
        for heredoc in one.heredocs() {
            let _ = write!(rest, " {} {}", heredoc.name(), file.slice(heredoc.body()));
        }
        out.push((format!("{index} rest"), rest));
    }
    out.extend(file.errors().iter().map(|error| ("error".to_owned(), error.to_string())));
    out
}
