//! Settings of the rewrites, from `harden.toml` and the command line.

use crate::support::Sandbox;

const FINE: &str = "FROM scratch\nCOPY . /\n";

#[test]
fn the_user_can_be_chosen() {
    let toml = "[non-root-user]\nstyle = \"root-group\"\nrecursive-chown = true\n\
                [[files]]\npaths = [\"legacy\"]\nnon-root-user.style = \"own-group\"\n";
    let sandbox = Sandbox::new(&[("Dockerfile", FINE), ("legacy/Dockerfile", FINE), ("harden.toml", toml)]);
    for mode in ["--diff", "--check", "--write"] {
        for arguments in [&[mode][..], &[mode, "--openshift"]] {
            let said = sandbox.harden(arguments);
            assert_eq!(
                (said.code, said.err.as_str()),
                (Some(0), "2 files: nothing to change\n"),
                "{arguments:?}"
            );
        }
    }
}

#[test]
fn a_wrong_choice_is_an_error_with_its_place() {
    let sandbox = Sandbox::new(&[("Dockerfile", "FROM scratch\nADD . /\n")]);
    sandbox.write("harden.toml", "[non-root-user]\nstyle = \"openshift\"\n");
    for arguments in [&["--write"][..], &["--write", "--openshift"]] {
        let said = sandbox.harden(arguments);
        said.failed_with("harden.toml:2:9: there is no style `openshift`; write `root-group` for OpenShift");
    }
    sandbox.write("harden.toml", "[[files]]\npaths = [\"a\"]\nnon-root-user.recursive-chown = 1\n");
    sandbox
        .harden(&["--write"])
        .failed_with("harden.toml:3:33: `recursive-chown` is a number; it takes `true` or `false`");
    assert_eq!(sandbox.read("Dockerfile"), "FROM scratch\nADD . /\n");
}

#[test]
fn an_update_makes_no_users() {
    let sandbox = Sandbox::new(&[("Dockerfile", FINE)]);
    sandbox
        .harden(&["update", "--openshift"])
        .failed_with("error: `harden update` moves digests and makes no users; leave --openshift out");
}
