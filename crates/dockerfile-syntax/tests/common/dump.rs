//! A parsed file as compact text, for snapshots.

use std::fmt::Write as _;

use dockerfile_syntax::{Dockerfile, Instruction, Keyword, Span, Token};

/// The source with everything visible, then how it is read.
pub fn case(title: &str, source: &str) -> String {
    let mut out = format!("=== {title}\n");
    for line in source.split_inclusive('\n') {
        let (text, end) = line.strip_suffix('\n').map_or((line, " (end of file)"), |text| (text, ""));
        let _ = writeln!(out, "  | {}{end}", visible(text));
    }
    out + &dump(&Dockerfile::parse(source))
}

/// How a file is read: directives, instructions with their lines and parts, errors.
pub fn dump(file: &Dockerfile) -> String {
    let mut out = String::new();
    if file.has_bom() {
        out.push_str("byte order mark\n");
    }
    for directive in file.directives() {
        let _ = writeln!(
            out,
            "{} {:?} {}",
            at(file, directive.span),
            directive.name,
            quoted(file.slice(directive.value))
        );
    }
    if file.escape() != '\\' {
        let _ = writeln!(out, "escape {}", file.escape());
    }
    for instruction in file.instructions() {
        let (first, last) = instruction.lines();
        let lines = if first == last { first.to_string() } else { format!("{first}-{last}") };
        let _ = write!(out, "{lines:<5}");
        node(&mut out, instruction);
        for heredoc in instruction.heredocs() {
            let _ = writeln!(
                out,
                "     heredoc {} opened by {} fd {}{}{} body {} {}",
                quoted(heredoc.name()),
                token(heredoc.opener()),
                heredoc.file_descriptor(),
                if heredoc.expands() { ", expanded" } else { ", literal" },
                if heredoc.chomps() { ", tabs dropped" } else { "" },
                quoted(file.slice(heredoc.body())),
                heredoc
                    .terminator()
                    .map_or("not ended".to_owned(), |span| format!("ended at {}", at(file, span))),
            );
        }
        for (what, comments) in
            [("above", instruction.comments_above()), ("inside", instruction.comments_inside())]
        {
            for comment in comments {
                let _ = writeln!(out, "     {what}: {}", quoted(file.slice(comment.span)));
            }
        }
        if instruction.ends_open() {
            out.push_str("     the file ends in its continuation\n");
        }
    }
    let loose = file.comments().iter().filter(|comment| !comment.inside);
    let attached: Vec<_> = file.instructions().flat_map(Instruction::comments_above).collect();
    for comment in loose.filter(|comment| !attached.contains(comment)) {
        let _ = writeln!(out, "{:<5}comment {}", comment.line, quoted(file.slice(comment.span)));
    }
    for blank in file.empty_continuations() {
        let _ = writeln!(out, "{:<5}blank line in a continuation", file.line_col(blank.start).line);
    }
    for error in file.errors() {
        let help = error.kind.help().map_or(String::new(), |help| format!("; help: {help}"));
        let _ = writeln!(out, "error {}: {error}{help}", at(file, error.span));
    }
    out
}

/// Keyword, form, flags and arguments of one instruction or of what ONBUILD holds.
fn node(out: &mut String, one: Instruction<'_>) {
    let _ = write!(out, "{}", one.keyword());
    if one.keyword() == Keyword::Unknown {
        let _ = write!(out, " {}", token(one.keyword_token()));
    }
    if one.is_exec_form() {
        out.push_str(" exec");
    }
    if one.pairs().iter().any(|pair| pair.legacy) {
        out.push_str(" old form");
    }
    if one.pairs().is_empty() {
        for value in one.values() {
            let written = token(value.token);
            let decoded = if value.token.text() == value.text {
                String::new()
            } else {
                format!("={}", quoted(&value.text))
            };
            let _ = write!(out, " {written}{decoded}");
        }
    } else {
        for pair in one.pairs() {
            let value = pair.value.map_or(String::new(), |value| format!("={}", token(value)));
            let _ = write!(out, " {}{value}", token(pair.key));
        }
    }
    out.push('\n');
    for flag in one.flags() {
        let written =
            if flag.is_plain() { String::new() } else { format!(" written {}", token(flag.token())) };
        let _ = writeln!(out, "     flag {}{written}", quoted(flag.text()));
        for field in flag.mount().filter(|_| flag.name() == "mount").into_iter().flatten() {
            let value = field.value.map_or(String::new(), |value| format!("={}", quoted(&value)));
            let _ = writeln!(
                out,
                "       {}{value}{}",
                field.key,
                if field.span.is_none() { " (no place)" } else { "" }
            );
        }
    }
    if let Some(trigger) = one.trigger() {
        out.push_str("     holds ");
        node(out, trigger);
    }
}

fn token(token: Token<'_>) -> String {
    format!("{}{}", quoted(token.text()), if token.is_split() { "(split)" } else { "" })
}

fn at(file: &Dockerfile, span: Span) -> String {
    let (start, end) = (file.line_col(span.start), file.line_col(span.end));
    if start.line == end.line { format!("{start}-{}", end.column) } else { format!("{start}-{end}") }
}

fn quoted(text: &str) -> String {
    format!("«{}»", visible(text))
}

/// Control characters and odd blanks by name; everything else as it is.
fn visible(text: &str) -> String {
    let mut out = String::new();
    for ch in text.chars() {
        match ch {
            '\n' => out.push('⏎'),
            '\r' => out.push('␍'),
            '\t' => out.push('⇥'),
            ' '..='~' => out.push(ch),
            ch if ch.is_control() || ch.is_whitespace() || ch == '\u{feff}' => {
                let _ = write!(out, "<U+{:04X}>", u32::from(ch));
            }
            ch => out.push(ch),
        }
    }
    out
}
