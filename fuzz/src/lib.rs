//! What the fuzz targets check. Each function panics when a promise does not hold.

use dockerfile_syntax::Dockerfile;
use harden_core::{BuildSetup, Level, NoFacts, Policy, RewriteError};

#[path = "../../crates/dockerfile-syntax/tests/common/tokens.rs"]
#[allow(dead_code, reason = "the tests of the syntax crate use all of it")]
mod tokens;

/// Every byte is kept, every token lies on character boundaries inside its instruction, and the same text reads the
/// same again.
pub fn parse(text: &str) {
    let file = tokens::check(text);
    let pieces: String = file.pieces().into_iter().map(|piece| file.slice(piece.span())).collect();
    let again = Dockerfile::parse(pieces);
    assert_eq!(file.errors(), again.errors(), "the same text has the same errors");
    assert_eq!(file.pieces(), again.pieces(), "the same text has the same pieces");
}

/// An invalid text is refused; a valid one stays valid at every level, its patches lead from it to the result, and a
/// second run changes nothing.
pub fn rewrite(text: &str) {
    for level in [Level::Safe, Level::Review, Level::Suggest] {
        let run = |text: &str| {
            let (setup, facts) = (BuildSetup::default(), NoFacts::default());
            harden_core::rewrite(text, harden_transforms::all(), &setup, &facts, &Policy::at(level))
        };
        let outcome = match run(text) {
            Ok(outcome) => outcome,
            Err(RewriteError::Invalid(errors)) => {
                assert!(!errors.is_empty(), "a refusal says why");
                continue;
            }
            Err(error) => panic!("{level:?}: {error}\n{text:?}"),
        };
        let after = Dockerfile::parse(&*outcome.text);
        assert!(after.errors().is_empty(), "{level:?}: {:?}\n{text:?}\n{:?}", after.errors(), outcome.text);
        let mut at = text;
        for patch in &outcome.patches {
            assert_eq!(at, &*patch.before, "{level:?}: each patch begins where the one before ended");
            at = &patch.after;
        }
        assert_eq!(at, &*outcome.text, "{level:?}: the last patch gives the result");
        for report in &outcome.reports {
            let (start, end) = (report.span.start as usize, report.span.end as usize);
            assert!(
                text.get(start..end).is_some(),
                "{level:?}: {} points at {:?} of {text:?}",
                report.id,
                report.span
            );
        }
        match run(&outcome.text) {
            Ok(second) => assert_eq!(second.text, outcome.text, "{level:?}: not settled\n{text:?}"),
            Err(error) => panic!("{level:?}: the second run failed: {error}\n{text:?}"),
        }
    }
}

#[cfg(test)]
mod tests;
