//! Settings of the rewrites, from `harden.toml` and the command line.

use crate::support::Sandbox;

const RUNS_AS_ROOT: &str = "FROM debian:12\nWORKDIR /app\nCOPY app ./\nCMD [\"/app/app\"]\n";

/// The style of a folder wins over that of the file, and the command line over both.
#[test]
fn the_user_can_be_chosen() {
    let toml = "[non-root-user]\nstyle = \"root-group\"\n\
                [[files]]\npaths = [\"legacy\"]\nnon-root-user.style = \"own-group\"\n";
    let files = [("Dockerfile", RUNS_AS_ROOT), ("legacy/Dockerfile", RUNS_AS_ROOT), ("harden.toml", toml)];
    for (arguments, legacy) in [(&[][..], "chown 10001:10001 /app"), (&["--openshift"], "chown 10001:0 /app")]
    {
        let sandbox = Sandbox::new(&files);
        let said = sandbox
            .harden(&[&["--write", "--only", "non-root-user", "--notes", "never"], arguments].concat());
        assert_eq!(said.code, Some(0), "{}", said.err);
        for (path, chown) in [("Dockerfile", "chown 10001:0 /app"), ("legacy/Dockerfile", legacy)] {
            let text = sandbox.read(path);
            assert!(
                text.contains(chown) && text.contains("\nUSER 10001\n"),
                "{path}, {arguments:?}:\n{text}"
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
    let sandbox = Sandbox::new(&[("Dockerfile", RUNS_AS_ROOT)]);
    sandbox
        .harden(&["update", "--openshift"])
        .failed_with("error: `harden update` moves digests and makes no users; leave --openshift out");
}

#[test]
fn a_wrong_runtime_is_an_error() {
    let sandbox = Sandbox::new(&[("Dockerfile", "FROM scratch\nADD . /\n")]);
    sandbox.write("harden.toml", "[multi-stage]\nruntime = \"alpine\"\n");
    sandbox.harden(&["--write"]).failed_with(
        "harden.toml:2:11: `runtime` cannot be `alpine`; it takes `scratch`, `distroless`, `slim`",
    );
    sandbox.write("harden.toml", "");
    sandbox.harden(&["--runtime", "alpine"]).failed_with("invalid value 'alpine' for '--runtime <IMAGE>'");
    sandbox
        .harden(&["update", "--runtime", "slim"])
        .failed_with("error: `harden update` moves digests and splits no stages; leave --runtime out");
}
