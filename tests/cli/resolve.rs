//! `resolve` tells what stops nothing as a warning, like a run.

use crate::support::{HARDEN, Said, Sandbox};

#[test]
fn what_stops_nothing_is_a_warning() {
    let sandbox = Sandbox::new(&[
        // No registry has this name (RFC 2606).
        ("Dockerfile", "FROM registry.invalid/app:1\n"),
        ("compose.yaml", "services:\n  web:\n    build: [\n"),
    ]);
    let mut command = sandbox.command(HARDEN);
    command.env_remove("HARDEN_OFFLINE").env("XDG_CACHE_HOME", sandbox.path("cache"));
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    let said = Said::from(command.arg("resolve").output().unwrap());
    assert_eq!(said.code, Some(4), "{said:?}");
    let starts: Vec<_> = said.err.lines().map(|line| line.split(": ").take(2).collect::<Vec<_>>()).collect();
    assert_eq!(starts, [["warning", "compose.yaml:3"], ["warning", "registry.invalid"]], "{}", said.err);
    sandbox.harden(&["resolve", "missing"]).failed_with("error: missing: ");
}
