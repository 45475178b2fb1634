use super::*;

#[test]
fn images_that_are_no_place_for_a_user() {
    one("ONBUILD COPY . /app", "stop onbuild 1");
    one("LABEL io.hass.version=\"1\" io.hass.type=\"addon\"", "stop home-assistant 1");
    one("LABEL \"com.github.actions.name\"=\"x\"", "stop github-action 1");
    one("STOPSIGNAL SIGRTMIN+3", "stop systemd 1");
    one("ENV S6_KEEP_ENV=1", "stop init-system 1");
    one("ENV PUID=1000", "lower uid-variable 1");
    one("ENV DOCKER_HOST=unix:///var/run/docker.sock", "stop docker-socket 1");
    one("ENV HOST_PROC=/host/proc", "lower host-agent 1");
    one("RUN --security=insecure make", "lower insecure-step 1");
    for lines in [
        "LABEL maintainer=\"io.hass\"",
        "STOPSIGNAL SIGQUIT",
        "ENV UID=1000",
        "ENV DOCKER_HOST=tcp://docker:2375",
        "ENV HOST_NAME=/x",
        "RUN --network=host make",
    ] {
        none(lines);
    }
    let setup = BuildSetup { devcontainer: true, ..BuildSetup::default() };
    assert_eq!(risks_with("FROM debian:12\n", &setup, &World::new(&[])), ["stop devcontainer -"]);
}

#[test]
fn stages_that_others_continue() {
    let mut setup = BuildSetup::default();
    setup.targets.insert("app".to_owned());
    let world = World::new(&[]);
    let risks = |rest: &str| risks_with(&format!("FROM debian:12 AS app\nFROM {rest}\n"), &setup, &world);
    assert_eq!(risks("app\nRUN true"), ["stop stage-is-base 2"]);
    assert_eq!(risks("app AS test\nENV A=1\nUSER root\nRUN true\nUSER 1"), [""; 0]);
    assert_eq!(risks("debian:12\nCOPY --from=app /x /x"), [""; 0]);
}

#[test]
fn github_actions() {
    let files = [("action.yml", "name: x\nruns:\n  using: 'docker'\n  image: Dockerfile\n")];
    assert_eq!(risks_of("FROM debian:12\n", &files), ["stop github-action action.yml:3"]);
    let files = [("action.yml", "runs:\n  using: node20\n  main: x.js\n")];
    assert_eq!(risks_of("FROM debian:12\n", &files), [""; 0]);
}

#[test]
fn the_author_chose_root() {
    one("USER root", "lower explicit-root 1");
    one("RUN useradd app\nUSER app\nRUN true\nUSER 0:0", "lower explicit-root 4");
    one("ARG U=root\nUSER ${U}", "lower explicit-root 2");
    none("USER 1000");
    none("USER root\nUSER 1000");
    // The base image has a user, and steps follow that need root.
    let base = |rest: &str| {
        let text = format!("FROM nginxinc/nginx-unprivileged:1.27\n{rest}");
        let found = risks_with(&text, &BuildSetup::default(), &World::new(&[]).without_base());
        found.iter().filter(|risk| risk.contains("explicit-root")).count()
    };
    assert_eq!(base("USER root\nRUN apt-get install -y curl\n"), 0);
    assert_eq!(base("USER root\n"), 1);
}

#[test]
fn bases() {
    // What a registry says of entrypoint and command is not asked for here.
    let known = |text: &str| risks_with(text, &BuildSetup::default(), &World::new(&[]).without_base());
    assert_eq!(known("FROM postgres:16\n"), ["stop drops-privileges 1", "stop needs-configuration 1"]);
    let own = known("FROM postgres:16\nENTRYPOINT [\"/x\"]\n");
    assert!(!own.iter().any(|risk| risk.contains("drops-privileges")), "{own:?}");
    let nginx = known("FROM nginx:1.27\n");
    assert!(nginx.contains(&"lower low-port -".to_owned()), "{nginx:?}");
    assert!(nginx.iter().any(|risk| risk.contains("needs-configuration")), "{nginx:?}");
    assert!(known("FROM maven:3\n").contains(&"lower build-image 1".to_owned()));
    assert!(known("FROM lscr.io/linuxserver/own:1\n").contains(&"stop init-system 1".to_owned()));
    assert_eq!(known("FROM ghcr.io/hassio-addons/own:1\n"), ["stop init-system 1"]);
    assert_eq!(known("FROM debian:12\n"), [""; 0]);
    assert_eq!(known("FROM python:3.12-slim\n"), [""; 0]);
}
