//! What holds for files nobody would write a case for.

use std::fmt::Write as _;

use harden_core::{BuildSetup, Disposition, Level, NoFacts, Outcome, Policy, rewrite};

use super::EnvSecrets;

/// Made up, and random enough to count with high confidence.
const KEY: &str = concat!("hunter2", "-k8Zq3Lw9Xv5Bt1Np");

/// A plain word: medium confidence.
const WORD: &str = "hunterland";

fn run(text: &str, level: Level) -> Outcome {
    let setup = BuildSetup::default();
    rewrite(text, &[&EnvSecrets], &setup, &NoFacts::default(), &Policy::at(level)).unwrap()
}

fn refused(outcome: &Outcome, code: &str) -> usize {
    let is = |one: &&Disposition| matches!(one, Disposition::Refused(why) if why.code == code);
    outcome.reports.iter().map(|one| &one.disposition).filter(is).count()
}

#[test]
fn secrets_of_both_levels_in_the_same_steps_settle() {
    let mut text = "FROM alpine:3.22\n".to_owned();
    for index in 0..12 {
        let value = if index % 2 == 0 { KEY } else { WORD };
        let _ = writeln!(text, "ENV KEY_{index}_SECRET={value} DB_{index}_PASSWORD={value}");
    }
    for index in 0..12 {
        let (next, last) = ((index + 1) % 12, (index + 5) % 12);
        let _ = writeln!(
            text,
            "RUN echo \"$KEY_{index}_SECRET $DB_{next}_PASSWORD $KEY_{last}_SECRET\" | sha256sum"
        );
    }
    let outcome = run(&text, Level::Suggest);
    assert!(!outcome.text.contains("hunter"), "{}", outcome.text);
    assert_eq!(outcome.text.matches("# syntax=").count(), 1);
    let review = run(&text, Level::Review);
    assert!(!review.text.contains(KEY) && review.text.contains(WORD), "{}", review.text);
    assert!(!run(&review.text, Level::Review).is_changed());
}

#[test]
fn too_many_are_left_alone_together() {
    let declared = |count: usize| {
        let mut text = "FROM alpine\n".to_owned();
        (0..count).for_each(|index| writeln!(text, "ENV KEY_{index}_SECRET={KEY}{index}").unwrap());
        text
    };
    let many = run(&declared(4_000), Level::Suggest);
    assert!(!many.is_changed());
    assert_eq!(refused(&many, "too-many"), 4_000);
    // Few instructions, and each secret in all of them.
    let mut text = declared(400);
    let uses: Vec<String> = (0..400).map(|index| format!("$KEY_{index}_SECRET")).collect();
    (0..20).for_each(|_| writeln!(text, "RUN echo {}", uses.join(" ")).unwrap());
    let together = run(&text, Level::Suggest);
    assert!(!together.is_changed());
    assert_eq!(refused(&together, "too-many"), 400);
    let copies = run(&format!("FROM alpine\n{}", "COPY id_rsa /k/id_rsa\n".repeat(600)), Level::Suggest);
    assert!(!copies.is_changed() && copies.reports.is_empty());
}

#[test]
fn what_a_comment_switches_off_does_not_hold_back_others() {
    let text = format!(
        "FROM alpine\n# harden: ignore=env-secrets of the tests\nENV A_SECRET={KEY}a\nENV B_SECRET={KEY}b\n\
         RUN echo $A_SECRET | sha256sum\nRUN echo $B_SECRET | sha256sum\n"
    );
    let outcome = run(&text, Level::Review);
    assert!(
        outcome.text.contains("ENV A_SECRET=") && !outcome.text.contains("ENV B_SECRET="),
        "{}",
        outcome.text
    );
    // At a step that both use, nothing may change for either.
    let shared = "# harden: ignore=env-secrets of the tests\nRUN echo $A_SECRET $B_SECRET | sha256sum\n";
    let outcome =
        run(&format!("FROM alpine\nENV A_SECRET={KEY}a\nENV B_SECRET={KEY}b\n{shared}"), Level::Review);
    assert!(!outcome.is_changed(), "{}", outcome.text);
    assert_eq!(outcome.reports.len(), 2);
}

#[test]
fn nothing_of_a_value_is_told() {
    for line in [
        format!("ENV A_SECRET={KEY}"),
        format!("ENV A_SECRET {KEY}"),
        format!("ENV {KEY}={KEY}"),
        format!("ARG A_SECRET={KEY}\nRUN echo $A_SECRET"),
        format!("ENV A_SECRET={KEY}\nENV B=\"x$A_SECRET\"\nLABEL l=$B"),
        format!("LABEL api-key={KEY}"),
        format!("RUN echo 'app:{KEY}' | chpasswd"),
        format!("RUN ./{KEY} --password {KEY}"),
        format!("RUN echo $A_TOKEN > /etc/token={KEY}"),
        format!("RUN git clone https://x:$A_TOKEN@example.org/{KEY} /api_key={KEY}"),
        format!("CMD [\"x\", \"--password\", \"{KEY}\"]"),
        format!("HEALTHCHECK CMD curl -u admin:{KEY} localhost"),
        format!("ADD https://x:{KEY}@internal/a /a"),
        format!("COPY id_rsa /password={KEY}/id_rsa"),
        format!("COPY token={KEY}/id_rsa /root/.ssh/id_rsa\nRUN git clone a"),
        format!("ONBUILD ENV A_SECRET={KEY}"),
        format!("# syntax=docker/dockerfile:1\nCOPY <<EOF /a\npassword={KEY}\nEOF"),
    ] {
        let text = if line.starts_with('#') {
            line.replacen('\n', "\nFROM alpine\n", 1)
        } else {
            format!("FROM alpine\n{line}\n")
        };
        for level in [Level::Safe, Level::Suggest] {
            for report in run(&text, level).reports {
                let told = format!(
                    "{} {:?} {:?} {:?} {:?}",
                    report.message, report.disposition, report.hazards, report.assumptions, report.notes
                );
                let is_name =
                    told.contains(&format!("{KEY} holds")) || line.starts_with(&format!("ENV {KEY}"));
                assert!(is_name || !told.contains("hunter"), "{line}: {told}");
            }
        }
    }
}
