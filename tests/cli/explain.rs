//! `explain`.

use std::fs;

use crate::support::{Sandbox, repository};

/// The page is the documentation file itself, whichever of its names is asked for.
#[test]
fn explain_prints_the_page() {
    let sandbox = Sandbox::new(&[]);
    for transform in harden_transforms::all() {
        let meta = transform.meta();
        let page =
            fs::read_to_string(repository().join(format!("transforms/{}.md", meta.name.replace('-', "_"))))
                .unwrap();
        for name in std::iter::once(meta.name).chain(meta.findings.iter().map(|finding| finding.id)) {
            let said = sandbox.harden(&["explain", name]);
            assert_eq!(
                (said.code, said.out.as_str(), said.err.as_str()),
                (Some(0), page.as_str(), ""),
                "{name}"
            );
        }
    }
}
