//! A complete transform, from finding to diff: `EXPOSE 53/UDP` becomes `EXPOSE 53/udp`.
//!
//! BuildKit warns about upper-case protocols (`ExposeProtoCasing`). Run it with
//! `cargo run --example write_a_transform`.

use harden::output::diff::{DiffOptions, FileDiff, unified};
use harden_core::syntax::Keyword;
use harden_core::{
    BuildSetup, Context, Edit, Finding, FindingMeta, Fix, Level, Meta, NoFacts, Policy, Transform, Verdict,
    Why, rule,
};

struct ExposeCase;

static META: Meta = Meta {
    name: "expose-case",
    summary: "write protocols of EXPOSE in lower case",
    worst: Level::Safe,
    doc: "# expose-case\n",
    findings: &[FindingMeta {
        id: "expose-protocol-case",
        summary: "EXPOSE has a protocol in upper case",
        foreign: &[rule("buildkit", "ExposeProtoCasing")],
    }],
};

impl Transform for ExposeCase {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn propose(&self, ctx: &Context<'_>) -> Vec<Finding> {
        let exposes = ctx.file().instructions().filter(|one| one.keyword() == Keyword::Expose);
        let ports = exposes.flat_map(harden_core::syntax::Instruction::words);
        let findings = ports.filter_map(|port| {
            let (_, protocol) = port.text().split_once('/')?;
            // Variables, and words split over lines, are somebody else's business.
            let plain = protocol.bytes().all(|byte| byte.is_ascii_alphabetic()) && !port.is_split();
            let lower = protocol.to_ascii_lowercase();
            if !plain || lower == protocol {
                return None;
            }
            let start = (port.text().len() - protocol.len()) as u32;
            let token = port.part(start, port.text().len() as u32);
            let reason = Why::new("same-port", "case does not matter to the container runtime");
            let fix = Fix::new(Level::Safe, vec![Edit::replace(token.span(), lower)], reason);
            let message = format!("the protocol of `{}` is in upper case", port.text());
            Some(Finding::new("expose-protocol-case", port.span(), message, Verdict::Fix(fix)))
        });
        findings.collect()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let before = "FROM alpine:3.22\n# DNS\nEXPOSE 53/UDP 53/tcp \\\n    853/TCP\n";
    let policy = Policy::at(Level::Safe);
    let outcome =
        harden::rewrite(before, &[&ExposeCase], &BuildSetup::default(), &NoFacts::default(), &policy)?;
    let diff = FileDiff { path: "Dockerfile", before: Some(before), after: &outcome.text };
    let diff = unified(&diff, &DiffOptions::default());
    // `print!` is denied in the library, not in an example.
    std::io::Write::write_all(&mut std::io::stdout(), diff.as_bytes())?;
    Ok(())
}
