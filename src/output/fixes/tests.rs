use std::collections::BTreeSet;
use std::sync::Arc;

use harden_core::{Disposition, Level, Patch, Report, Why};

use super::*;

/// The fixes of a patch, and of each its edits: from, to, and the new text.
type Made<'t> = &'t [&'t [(u32, u32, &'t str)]];

/// Patches as the engine makes them.
fn outcome(text: &str, patches: &[Made<'_>]) -> Outcome {
    let mut now: Arc<str> = text.into();
    let mut made = Vec::new();
    let mut reports = Vec::new();
    for fixes in patches {
        let fixes: Vec<Vec<Edit>> = fixes
            .iter()
            .map(|edits| {
                edits.iter().map(|&(start, end, new)| Edit::replace(Span::new(start, end), new)).collect()
            })
            .collect();
        let all = EditSet::new(&now, fixes.iter().flatten().cloned().collect()).unwrap();
        let after: Arc<str> = all.apply(&now).into();
        reports.extend(fixes.iter().map(|fix| Report {
            transform: "test",
            id: "test",
            span: fix[0].span,
            message: String::new(),
            disposition: Disposition::Fixed(Level::Safe, Why::new("test", "")),
            hazards: Vec::new(),
            assumptions: Vec::new(),
            notes: Vec::new(),
            suggestion: None,
        }));
        made.push(Patch { transform: "test", before: now, after: Arc::clone(&after), fixes });
        now = after;
    }
    Outcome { text: now, patches: made, reports, needs: BTreeSet::new() }
}

/// The fixes as `reports: start..end=text …`, after a check that together they give the result.
#[track_caller]
fn shown(text: &str, patches: &[Made<'_>]) -> Vec<String> {
    let outcome = outcome(text, patches);
    let fixes = Fixes::new(&Dockerfile::parse(text), &outcome);
    let edits = fixes.fixes.iter().flat_map(|fix| fix.edits.clone()).collect();
    assert_eq!(EditSet::new(text, edits).unwrap().apply(text), *outcome.text);
    let edit = |edit: &Edit| format!("{}..{}={}", edit.span.start, edit.span.end, edit.text);
    let show = |fix: &JointFix| {
        let edits: Vec<_> = fix.edits.iter().map(edit).collect();
        format!("{:?} {}", fix.reports, edits.join(" "))
    };
    fixes.fixes.iter().map(show).collect()
}

/// `FROM a`, and comments whose text is free.
const TEXT: &str = "FROM a\n#0123456789\n#0123456789\n";

#[test]
fn fixes_at_different_places_stay_apart() {
    let one: Made<'_> = &[&[(10, 12, "xyz")], &[(8, 8, "p"), (17, 18, "")]];
    assert_eq!(shown(TEXT, &[one]), ["[1] 8..8=p 17..18=", "[0] 10..12=xyz"]);
    // The second patch sees a text that is one byte longer behind 12.
    let later: Made<'_> = &[&[(21, 22, "Q")]];
    assert_eq!(shown(TEXT, &[one, later])[2], "[2] 20..21=Q");
}

#[test]
fn a_fix_of_what_another_has_made_joins_it() {
    let first: Made<'_> = &[&[(10, 12, "abcd")]];
    for (edit, expected) in [
        ((11, 12, "X"), "[0, 1] 10..12=aXcd"),
        ((12, 12, "X"), "[0, 1] 10..12=abXcd"),
        ((9, 11, "X"), "[0, 1] 9..12=Xbcd"),
        ((13, 16, "X"), "[0, 1] 10..14=abcX"),
        ((8, 18, "X"), "[0, 1] 8..16=X"),
        // At its very start: two edits at one place have no order.
        ((10, 10, "X"), "[0, 1] 10..12=Xabcd"),
    ] {
        assert_eq!(shown(TEXT, &[first, &[&[edit]]]), [expected], "{edit:?}");
    }
    // Behind its end there is an order.
    assert_eq!(shown(TEXT, &[first, &[&[(14, 14, "X")]]]), ["[0] 10..12=abcd", "[1] 12..12=X"]);
}

#[test]
fn what_is_written_and_taken_back_is_no_edit_of_anything_else() {
    let patches: &[Made<'_>] = &[&[&[(10, 10, "abc")]], &[&[(10, 13, "")], &[(20, 21, "Q")]]];
    assert_eq!(shown(TEXT, patches), ["[2] 17..18=Q"]);
}

#[test]
fn two_edits_inside_one_change_of_another_fix() {
    let first: Made<'_> = &[&[(10, 12, "abcdef")]];
    let second: Made<'_> = &[&[(11, 12, "X")], &[(14, 15, "Y")]];
    assert_eq!(shown(TEXT, &[first, second]), ["[0, 1, 2] 10..12=aXcdYf"]);
}

/// A mount needs a frontend that knows it; a fix that only works with another one is made with it.
#[test]
fn a_fix_that_breaks_the_file_alone_joins_the_others() {
    let text = "FROM a\nRUN b\n";
    let fixes: Made<'_> = &[&[(0, 6, "FROM b AS b")], &[(13, 13, "COPY --from=b a b\n")]];
    assert_eq!(shown(text, &[fixes]).len(), 2);
    let heredoc: Made<'_> = &[&[(11, 12, "<<E")], &[(13, 13, "E\n")]];
    assert_eq!(shown(text, &[heredoc]), ["[0, 1] 11..12=<<E 13..13=E\n"]);
}

#[test]
fn a_fix_that_writes_a_secret_down_again_is_marked() {
    let text = "FROM a\nENV X=1 DB_PASSWORD=hunter2-Xq9vT4z\nENV Y=2\n";
    let outcome = outcome(text, &[&[&[(7, 42, "ENV DB_PASSWORD=hunter2-Xq9vT4z X=1")], &[(47, 48, "Z")]]]);
    let fixes = Fixes::new(&Dockerfile::parse(text), &outcome);
    let secret: Vec<_> = fixes.fixes.iter().map(|fix| fix.secret).collect();
    assert_eq!(secret, [true, false]);
}

#[test]
fn places_move_with_the_fixes() {
    let outcome = outcome(TEXT, &[&[&[(0, 0, "# x\n")], &[(8, 10, "")]]]);
    let fixes = Fixes::new(&Dockerfile::parse(TEXT), &outcome);
    assert_eq!(fixes.forward(Span::new(20, 22)), Span::new(22, 24));
}
