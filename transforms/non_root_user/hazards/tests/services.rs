use super::*;

/// A service with these settings, each on its own line.
fn setup(kinds: Vec<ServiceKind>) -> BuildSetup {
    let file = "compose.yaml".to_owned();
    let setting = |(line, kind)| ServiceSetting { file: file.clone(), line: Some(line), kind };
    let settings = (1..).zip(kinds).map(setting).collect();
    let (file, name) = (file.clone(), "web".to_owned());
    let service = Service { file, name, target: None, settings, incomplete: false };
    BuildSetup { services: vec![service], ..BuildSetup::default() }
}

fn risks_for(kinds: Vec<ServiceKind>) -> Vec<String> {
    risks_with("FROM debian:12\nEXPOSE 8080\n", &setup(kinds), &World::new(&[]))
}

fn mount(source: MountSource, target: &str, read_only: bool) -> ServiceKind {
    ServiceKind::Mount(Mount { source, target: target.to_owned(), read_only })
}

fn host(source: &str, target: &str) -> ServiceKind {
    mount(MountSource::Host(source.to_owned()), target, false)
}

#[test]
fn settings_that_need_root() {
    for (kind, expected) in [
        (ServiceKind::Privileged, "stop compose-privileged compose.yaml:1"),
        (ServiceKind::User("root".to_owned()), "stop compose-user-root compose.yaml:1"),
        (ServiceKind::User("0:0".to_owned()), "stop compose-user-root compose.yaml:1"),
        (ServiceKind::HostPid, "lower host-pid compose.yaml:1"),
        (ServiceKind::CapAdd("NET_ADMIN".to_owned()), "stop compose-capability compose.yaml:1"),
        (ServiceKind::CapAdd("SYS_NICE".to_owned()), "lower compose-capability compose.yaml:1"),
        (ServiceKind::Device("/dev/snd:/dev/snd".to_owned()), "lower compose-device compose.yaml:1"),
        (ServiceKind::Port(80), "lower low-port compose.yaml:1"),
        (host("/var/run/docker.sock", "/var/run/docker.sock"), "stop docker-socket compose.yaml:1"),
        (host("./data", "/data"), "lower host-mount compose.yaml:1"),
        (host("/proc", "/host/proc"), "stop host-agent compose.yaml:1"),
        (host("./x", "/root/.x"), "stop root-home-mount compose.yaml:1"),
        (mount(MountSource::Volume("db".to_owned()), "/data", false), "lower volume compose.yaml:1"),
        (mount(MountSource::Anonymous, "/data", false), "lower volume compose.yaml:1"),
        (ServiceKind::Command(vec!["/root/run".to_owned()]), "stop root-home-command compose.yaml:1"),
    ] {
        assert_eq!(risks_for(vec![kind.clone()]), [expected], "{kind:?}");
    }
    let socket = mount(MountSource::Host("/var/run/docker.sock".to_owned()), "/var/run/docker.sock", true);
    assert_eq!(risks_for(vec![socket]), ["stop docker-socket compose.yaml:1"]);
    let both = vec![ServiceKind::HostNetwork, ServiceKind::Port(80)];
    assert_eq!(risks_for(both), ["stop host-network-port compose.yaml:2"]);
}

#[test]
fn settings_that_do_not() {
    for kind in [
        ServiceKind::User("1000:1000".to_owned()),
        ServiceKind::User("${UID}".to_owned()),
        ServiceKind::HostNetwork,
        ServiceKind::Port(8080),
        ServiceKind::CapAdd("NET_BIND_SERVICE".to_owned()),
        ServiceKind::Command(vec!["run".to_owned()]),
        mount(MountSource::Host("./conf".to_owned()), "/etc/app", true),
        mount(MountSource::Volume("db".to_owned()), "/data", true),
        mount(MountSource::Tmpfs, "/run", false),
        host("/etc/localtime", "/etc/localtime"),
    ] {
        assert_eq!(risks_for(vec![kind.clone()]), [""; 0], "{kind:?}");
    }
    let unknown = risks_with("FROM debian:12\n", &setup(vec![ServiceKind::HostNetwork]), &World::new(&[]));
    assert_eq!(unknown, ["lower host-network compose.yaml:1"]);
}

#[test]
fn a_service_counts_for_the_stage_it_runs() {
    let text = "FROM debian:12 AS dev\nEXPOSE 8080\nFROM debian:12\nEXPOSE 8080\n";
    let mut one = setup(vec![ServiceKind::Privileged]);
    one.services[0].target = Some("dev".to_owned());
    // The first stage that is run is the last one here, for nobody builds `dev`.
    assert_eq!(risks_with(text, &one, &World::new(&[])), [""; 0]);
    one.targets.insert("dev".to_owned());
    assert_eq!(risks_with(text, &one, &World::new(&[])), ["stop compose-privileged compose.yaml:1"]);
    let mut incomplete = setup(Vec::new());
    incomplete.services[0].incomplete = true;
    assert_eq!(
        risks_with("FROM debian:12\n", &incomplete, &World::new(&[])),
        ["lower service-unknown compose.yaml:0"]
    );
}

#[test]
fn volumes() {
    one("VOLUME /data", "lower volume 1");
    assert_eq!(debian("ENV D=/data\nVOLUME [\"/x\", \"$D\"]"), ["lower volume 2", "lower volume 2"]);
    one("VOLUME /var/run/docker.sock", "stop docker-socket 1");
    one("VOLUME [\"/sys/fs/cgroup\"]", "stop systemd 1");
    one("VOLUME /root/.config", "stop root-home-mount 1");
    one("VOLUME /host", "stop host-agent 1");
    none("VOLUME /tmp /var/tmp");
}

#[test]
fn notes_name_what_has_to_change_owner() {
    let setup = setup(vec![
        mount(MountSource::Volume("db".to_owned()), "/data/", false),
        mount(MountSource::Volume("ro".to_owned()), "/ro", true),
        host("./logs", "/logs"),
        mount(MountSource::Anonymous, "/cache", false),
        mount(MountSource::Tmpfs, "/run", false),
    ]);
    let text = "FROM debian:12\nVOLUME /data /tmp\nVOLUME /own\n";
    let notes = look(text, &setup, &World::new(&[]), &volume_notes);
    let note = |path: &str, source: Option<&str>| Note::Volume {
        path: path.to_owned(),
        source: source.map(str::to_owned),
    };
    assert_eq!(
        notes,
        [note("/cache", None), note("/data", Some("db")), note("/logs", Some("./logs")), note("/own", None)]
    );
}
