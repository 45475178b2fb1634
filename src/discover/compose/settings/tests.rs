use std::fmt::Write;

use harden_core::{Mount, MountSource};

use super::super::{definitions, node_of};
use super::*;

/// The lines and settings of the service `a`; the variable SET is set outside the file.
fn read_lines(text: &str) -> Vec<(u32, ServiceKind)> {
    let all = definitions(text, "compose.yaml", &|name| name == "SET").unwrap();
    let run = &all.iter().find(|definition| definition.name == "a").unwrap().fields.run;
    assert!(run.settings.iter().all(|setting| setting.file == "compose.yaml"));
    run.settings.iter().map(|setting| (setting.line.unwrap(), setting.kind.clone())).collect()
}

/// The settings of a service with this one entry.
fn one(entry: &str) -> Vec<ServiceKind> {
    read_lines(&format!("services:\n  a:\n    {entry}\n")).into_iter().map(|(_, kind)| kind).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.into()).collect()
}

fn mount(source: MountSource, target: &str) -> ServiceKind {
    ServiceKind::Mount(Mount { source, target: target.into(), read_only: false })
}

#[test]
fn settings_come_in_order_with_their_lines() {
    let found = read_lines(
        "# a comment
services:
  a:
    build: .
    ports:
      - 80:8080

      - target: 53
        protocol: udp
    user: 'root'
    command:
      - run
      - it
    volumes: [./a:/a, data:/b]
    entrypoint: >
      sh -c
      'a b'
    privileged: true
",
    );
    assert_eq!(
        found,
        [
            (6, ServiceKind::Port(8080)),
            (8, ServiceKind::Port(53)),
            (10, ServiceKind::User("root".into())),
            (11, ServiceKind::Command(words(&["run", "it"]))),
            (14, mount(MountSource::Host("./a".into()), "/a")),
            (14, mount(MountSource::Volume("data".into()), "/b")),
            (15, ServiceKind::Entrypoint(words(&["sh", "-c", "a b"]))),
            (18, ServiceKind::Privileged),
        ]
    );
}

#[test]
fn lines_of_anchors_and_merge_keys_are_those_of_their_text() {
    let found = read_lines(
        "x-common: &common
  user: root
  volumes:
    - ./a:/a
x-ports: &ports
  - 80
services:
  b:
    cap_add: &caps
      - NET_ADMIN
  a:
    <<: *common
    ports: *ports
    cap_add: *caps
    user: '1000'
",
    );
    let mut lines: Vec<_> = found.iter().map(|(line, kind)| (*line, kind)).collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            (4, &mount(MountSource::Host("./a".into()), "/a")),
            (6, &ServiceKind::Port(80)),
            (10, &ServiceKind::CapAdd("NET_ADMIN".into())),
            (15, &ServiceKind::User("1000".into())),
        ]
    );
}

#[test]
fn line_endings_and_documents_count() {
    assert_eq!(read_lines("x: 1\r\nservices:\r\n  a:\r\n    pid: host\r\n"), [(4, ServiceKind::HostPid)]);
    assert_eq!(read_lines("x: 1\n---\nservices:\n  a:\n    pid: host\n"), [(5, ServiceKind::HostPid)]);
}

#[test]
fn users() {
    for (entry, expected) in [
        ("user: root", Some("root")),
        ("user: 1000", Some("1000")),
        ("user: '1000:1000'", Some("1000:1000")),
        ("user: 1000:1000", Some("1000:1000")),
        ("user: '${UID:-1000}:${GID}'", Some("${UID:-1000}:${GID}")),
        ("user: ''", None),
        ("user:", None),
        ("user: [root]", None),
    ] {
        let expected: Vec<_> = expected.map(|user| ServiceKind::User(user.into())).into_iter().collect();
        assert_eq!(one(entry), expected, "{entry}");
    }
}

#[test]
fn switches_that_depend_on_a_variable_are_on() {
    for (entry, expected) in [
        ("privileged: true", Some(ServiceKind::Privileged)),
        ("privileged: 'yes'", Some(ServiceKind::Privileged)),
        ("privileged: '${P}'", Some(ServiceKind::Privileged)),
        ("privileged: '${P:-true}'", Some(ServiceKind::Privileged)),
        ("privileged: false", None),
        ("privileged: 'off'", None),
        ("privileged: '${P:-false}'", None),
        ("network_mode: host", Some(ServiceKind::HostNetwork)),
        ("network_mode: '${SET:-bridge}'", Some(ServiceKind::HostNetwork)),
        ("network_mode: bridge", None),
        ("network_mode: 'service:b'", None),
        ("pid: host", Some(ServiceKind::HostPid)),
        ("pid: 'service:b'", None),
    ] {
        assert_eq!(one(entry), expected.into_iter().collect::<Vec<_>>(), "{entry}");
    }
}

#[test]
fn ports() {
    for (entry, expected) in [
        ("ports: [80]", &[80][..]),
        ("ports: ['8080:80']", &[80]),
        ("ports: [8080:80]", &[80]),
        ("ports: [22:22]", &[22]),
        ("ports: ['127.0.0.1:8080:80/tcp']", &[80]),
        ("ports: ['127.0.0.1::80']", &[80]),
        ("ports: ['[::1]:8080:80']", &[80]),
        ("ports: ['3000-3005']", &[3000, 3005]),
        ("ports: ['9000-9001:80-81/udp']", &[80, 81]),
        ("ports: ['${PORT:-8080}:80']", &[80]),
        ("ports: ['${BIND:-127.0.0.1:8080}:80']", &[80]),
        ("ports: ['${PORT}:80']", &[80]),
        ("ports: ['80:${PORT}']", &[]),
        ("ports: ['80:${PORT:-81}']", &[81]),
        ("ports: ['80:${SET:-81}']", &[]),
        ("ports: [{target: 80, published: '8080'}, {target: '81'}]", &[80, 81]),
        ("ports: [{published: 80}]", &[]),
        ("ports: ['70000', '0', 'x', '', 80.5, null, []]", &[]),
        ("expose: ['3000', 8000, '8080-8085/tcp']", &[3000, 8000, 8080, 8085]),
    ] {
        let expected: Vec<_> = expected.iter().map(|&port| ServiceKind::Port(port)).collect();
        assert_eq!(one(entry), expected, "{entry}");
    }
}

#[test]
fn commands() {
    for (entry, expected) in [
        ("command: python -m 'http server'", Some(&["python", "-m", "http server"][..])),
        ("command: [python, -m, '8000', 80]", Some(&["python", "-m", "8000", "80"])),
        ("command: ''", Some(&[])),
        ("command: []", Some(&[])),
        ("command:", None),
        ("command: ~", None),
        ("command: run $$HOME", Some(&["run", "$HOME"])),
        ("command: run ${A:-x}", Some(&["run", "x"])),
        ("command: run ${A}", Some(&["run", "${A}"])),
        ("command: [run, '${A}', '$${B}']", Some(&["run", "${A}", "${B}"])),
        ("command: run 'it", Some(&["run", "'it"])),
    ] {
        let expected: Vec<_> = expected.map(|list| ServiceKind::Command(words(list))).into_iter().collect();
        assert_eq!(one(entry), expected, "{entry}");
    }
    assert_eq!(one("entrypoint: /e.sh"), [ServiceKind::Entrypoint(words(&["/e.sh"]))]);
    assert_eq!(one("entrypoint: []"), [ServiceKind::Entrypoint(Vec::new())]);
}

#[test]
fn health_checks() {
    let words = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    for (text, expected) in [
        ("test: curl -f localhost", Some(&["sh", "-c", "curl -f localhost"][..])),
        (
            "test: [CMD-SHELL, 'curl -f localhost || exit 1']",
            Some(&["sh", "-c", "curl -f localhost || exit 1"]),
        ),
        ("test: [CMD, curl, -f, localhost]", Some(&["curl", "-f", "localhost"])),
        ("test: [NONE]", None),
        ("test: []", None),
        ("test: [CMD, curl]\n      disable: true", None),
        ("interval: 3s", None),
    ] {
        let expected: Vec<_> =
            expected.map(|list| ServiceKind::Healthcheck(words(list))).into_iter().collect();
        assert_eq!(one(&format!("healthcheck:\n      {text}")), expected, "{text}");
    }
}

#[test]
fn capabilities_devices_and_memory() {
    let capability = |name: &str| ServiceKind::CapAdd(name.into());
    assert_eq!(
        one("cap_add: [NET_ADMIN, cap_sys_time, ALL, '${cap}']"),
        [capability("NET_ADMIN"), capability("SYS_TIME"), capability("ALL"), capability("${cap}")]
    );
    let device = |name: &str| ServiceKind::Device(name.into());
    assert_eq!(
        one("devices: ['/dev/a:/dev/b:rwm', {source: /dev/c, target: /dev/d}, '${D}:/dev/e']"),
        [device("/dev/a:/dev/b:rwm"), device("/dev/c"), device("${D}:/dev/e")]
    );
    for entry in ["tmpfs: /run", "tmpfs: ['/run:size=1m']"] {
        assert_eq!(one(entry), [mount(MountSource::Tmpfs, "/run")], "{entry}");
    }
}

#[test]
fn of_a_key_that_comes_twice_the_last_counts() {
    assert_eq!(one("user: root\n    user: '1'"), [ServiceKind::User("1".into())]);
}

#[test]
fn shapes_that_mean_nothing_are_passed_over() {
    for entry in [
        "volumes: {a: b}",
        "volumes: [[a], null, {b: c}]",
        "ports: {80: 80}",
        "cap_add: [[a], {b: c}]",
        "command: {a: b}",
        "devices: [[a], {target: b}]",
        "tmpfs: [[a], '']",
        "user: {a: b}",
        "privileged: null",
        "read_only: true",
    ] {
        assert_eq!(one(entry), [], "{entry}");
    }
}

#[test]
fn a_large_service_is_read_quickly() {
    let mut text = String::from("services:\n  a:\n    volumes:\n");
    for index in 0..30_000 {
        writeln!(text, "      - ./{index}:/{index}").unwrap();
    }
    let start = std::time::Instant::now();
    assert_eq!(read_lines(&text).len(), 30_000);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    let deep = format!("services: {{a: {{command: {}x{}}}}}", "[".repeat(40), "]".repeat(40));
    assert_eq!(node_of(&deep).get("services").unwrap().entries().len(), 1);
}
