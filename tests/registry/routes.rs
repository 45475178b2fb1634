//! Mirrors, registries without TLS, and `harden.toml`.

use crate::http::Response;
use crate::process::Registry;
use crate::sandbox::Sandbox;
use crate::server::{Reply, Server, pass};

/// Leads `registry.test:5000` and Docker Hub to a registry without TLS.
fn proxy(registry: &Server) -> Server {
    let to = registry.address;
    Server::start(move |request, _| {
        if request.method == "CONNECT" {
            return Reply::Tunnel(to);
        }
        let mut request = request.clone();
        let path = request.target.strip_prefix("http://registry.test:5000").unwrap_or(&request.target);
        request.target = path.to_owned();
        pass(to, &request).into()
    })
}

#[test]
fn a_mirror_is_asked_first_and_the_registry_when_it_does_not_know() {
    let (Some(origin), Some(copy)) = (Registry::start(), Registry::start()) else { return };
    let there = copy.push("hub/app", "app", &["1"]);
    let only_at_home = origin.push("other", "other", &["1"]);
    let home = Server::before(origin.address, |_, _| None);
    let mirror = Server::before(copy.address, |_, _| None);
    let host = home.address;
    let route = format!("{host}={}/hub", mirror.address);
    let images = [format!("{host}/app:1"), format!("{host}/other:1")];
    let sandbox = Sandbox::from(&images);
    sandbox.harden(&["--only", "pin-digest", "--write", "--mirror", &route]).expect(0);
    let expected = format!("FROM {}@{there} AS s0\nFROM {}@{only_at_home} AS s1\n", images[0], images[1]);
    assert_eq!(sandbox.text(), expected, "names stay those of the registry");
    assert_eq!(mirror.count(), 2);
    assert_eq!(home.count(), 1, "the registry is asked for what the mirror does not have");

    // The same from harden.toml, and nothing that another route has cached.
    let sandbox = Sandbox::from(&images);
    let config = format!("[registries.\"{host}\"]\nmirror = \"{}/hub\"\n", mirror.address);
    sandbox.write("harden.toml", config);
    sandbox.pin().expect(0);
    assert_eq!(sandbox.text(), expected);
    assert_eq!((mirror.count(), home.count()), (4, 2));
}

#[test]
fn a_mirror_that_is_down_costs_nothing_but_time() {
    let Some(origin) = Registry::start() else { return };
    let digest = origin.push("app", "app", &["1"]);
    for fault in [429, 403, 500, 200] {
        let mirror = Server::start(move |_, _| match fault {
            200 => Response::new(200).with("Content-Type", "text/html").body("<html>").into(),
            status => Response::new(status).into(),
        });
        let image = format!("{}/app:1", origin.host());
        let sandbox = Sandbox::from(&[&image]);
        let route = format!("{}={}", origin.host(), mirror.address);
        sandbox.harden(&["--only", "pin-digest", "--write", "--mirror", &route]).expect(0);
        assert_eq!(sandbox.text(), format!("FROM {image}@{digest} AS s0\n"), "{fault}");
    }
}

#[test]
fn plain_http_is_for_this_machine_and_for_registries_that_are_named() {
    let Some(registry) = Registry::start() else { return };
    let digest = registry.push("app", "app", &["1"]);
    let server = Server::before(registry.address, |_, _| None);
    let proxy = proxy(&server);
    let image = "registry.test:5000/app:1";
    let mut sandbox = Sandbox::from(&[image]);
    let through = format!("http://{}", proxy.address);
    sandbox.env("HTTPS_PROXY", &through);
    sandbox.env("HTTP_PROXY", &through);
    sandbox.pin().expect(4).says("does not speak TLS").says(image);
    assert_eq!(server.count(), 0, "nothing was sent without TLS");
    sandbox.harden(&["--only", "pin-digest", "--write", "--insecure-registry", "other.test:5000"]).expect(4);
    assert_eq!(server.count(), 0);
    let named = ["--only", "pin-digest", "--write", "--insecure-registry", "registry.test:5000"];
    sandbox.harden(&named).expect(0);
    assert_eq!(sandbox.text(), format!("FROM {image}@{digest} AS s0\n"));

    let mut sandbox = Sandbox::from(&[image]);
    sandbox.env("HTTPS_PROXY", &through);
    sandbox.env("HTTP_PROXY", &through);
    sandbox.write("harden.toml", "[registries.\"registry.test:5000\"]\ninsecure = true\n");
    sandbox.pin().expect(0);
    assert_eq!(sandbox.text(), format!("FROM {image}@{digest} AS s0\n"));
}

#[test]
fn settings_say_what_is_pinned_and_whether_anybody_is_asked() {
    let Some(registry) = Registry::start() else { return };
    let digest = registry.push("app", "app", &["1"]);
    registry.push("own/app", "own", &["1"]);
    let server = Server::before(registry.address, |_, _| None);
    let host = server.address;
    let images = [format!("{host}/app:1"), format!("{host}/own/app:1")];

    let sandbox = Sandbox::from(&images);
    sandbox.write("harden.toml", format!("[pin-digest]\nignore = [\"{host}/own/*\"]\n"));
    let said = sandbox.pin();
    assert!(matches!(said.code, 0 | 3), "{said:?}");
    assert_eq!(sandbox.text(), format!("FROM {}@{digest} AS s0\nFROM {} AS s1\n", images[0], images[1]));
    assert_eq!(server.count(), 1, "nobody asks for an image that is ignored");

    let sandbox = Sandbox::from(&images);
    let before = sandbox.text();
    sandbox.write("harden.toml", "offline = true\n");
    sandbox.pin().expect(3).says("nothing is recorded");
    assert_eq!(sandbox.text(), before);
    let sandbox = Sandbox::from(&images);
    sandbox.harden(&["--only", "pin-digest", "--write", "--offline"]).expect(3);
    assert_eq!(sandbox.text(), before);
    assert_eq!(server.count(), 1);
}

#[test]
fn the_settings_of_a_repository_that_is_looked_at_do_not_steer_requests() {
    let Some(registry) = Registry::start() else { return };
    let digest = registry.push("app", "app", &["1"]);
    let stranger = Server::start(|_, _| Response::new(404).into());
    let image = format!("{}/app:1", registry.host());
    let sandbox = Sandbox::new("FROM scratch\n");
    sandbox.write("theirs/.git/HEAD", "");
    sandbox.write("theirs/Dockerfile", format!("FROM {image}\n"));
    let config = format!("[registries.\"{}\"]\nmirror = \"{}\"\n", registry.host(), stranger.address);
    sandbox.write("theirs/harden.toml", config);
    sandbox.harden(&["--only", "pin-digest", "--write", "theirs"]).expect(0);
    assert_eq!(sandbox.read("theirs/Dockerfile"), format!("FROM {image}@{digest}\n"));
    assert_eq!(stranger.count(), 0);
}
