//! Servers that bring their own configuration.

use super::ports::{low_ports, names_a_port};
use super::scene::Scene;
use super::table::{self, Server, ServerDemand};
use crate::non_root_user::launch::Started;
use crate::non_root_user::risk::Risk;

/// Hazards of starting a server as another user. What the base image starts by itself is told with the base image.
pub(super) fn check(scene: &Scene<'_>, started: &Started, risks: &mut Vec<Risk>) {
    let Some(name) = started.command.name() else { return };
    if started.own || started.place.is_none() || scene.unprivileged_base {
        return;
    }
    let Some(server) = table::server_named(name).filter(|_| !is_busybox_httpd(started, name)) else { return };
    // A question about the version or the configuration starts nothing.
    if started.command.words.iter().any(|word| matches!(word.text.as_str(), "-v" | "-V" | "-t" | "--version"))
    {
        return;
    }
    let by = &started.by;
    let place = started.place.clone();
    let risk = match server.demand {
        ServerDemand::Root => {
            let message = format!("{by} starts {name}, which starts as root and changes the user itself");
            Risk::stop("needs-root", message, place.clone())
        }
        ServerDemand::Configuration if is_configured(scene, started) => {
            let message = format!(
                "{by} starts {name}; its configuration looks made for another user than root, which nobody has tried"
            );
            Risk::lower("server-configuration", message, place.clone())
        }
        ServerDemand::Configuration => {
            let message = format!("{by} starts {name}, which as installed {}", habits(server));
            Risk::stop("server-configuration", message, place.clone())
        }
        ServerDemand::Directories => {
            let message = format!("{by} starts {name}, which writes to {}", server.directories.join(", "));
            Risk::lower("server-directories", message, place.clone())
        }
        ServerDemand::Nothing => return low_port(started, server, risks),
    };
    risks.push(risk);
    if server.demand == ServerDemand::Directories {
        low_port(started, server, risks);
    }
}

fn habits(server: &Server) -> String {
    let directories = format!("writes to {}", server.directories.join(", "));
    match server.low_ports {
        [] => directories,
        ports => {
            let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
            format!("listens on port {} and {directories}", ports.join(" and "))
        }
    }
}

fn low_port(started: &Started, server: &Server, risks: &mut Vec<Risk>) {
    let (Some(port), Some(name)) = (server.low_ports.first(), started.command.name()) else { return };
    if names_a_port(&started.command) {
        return;
    }
    let message = format!(
        "{} starts {name}, which listens on port {port} unless it is told otherwise: not every platform gives \
         users ports below 1024",
        started.by
    );
    risks.push(Risk::lower("low-port", message, started.place.clone()));
}

/// Whether the configuration of nginx that the Dockerfile puts into the image keeps away from what is root's.
fn is_configured(scene: &Scene<'_>, started: &Started) -> bool {
    if !matches!(started.command.name(), Some("nginx" | "openresty")) {
        return false;
    }
    let words = &started.command.words;
    let named = words.iter().position(|word| word.text == "-c").and_then(|at| words.get(at + 1));
    let main = named.map_or("/etc/nginx/nginx.conf", |word| word.text.as_str());
    let Some(main) = (scene.text)(main) else { return false };
    let sites = [
        "/etc/nginx/conf.d/default.conf",
        "/etc/nginx/http.d/default.conf",
        "/etc/nginx/sites-enabled/default",
    ];
    let texts: Vec<_> =
        [Some(main)].into_iter().chain(sites.map(|path| (scene.text)(path))).flatten().collect();
    let mut pid = false;
    let mut listens = false;
    for directive in texts.iter().flat_map(|text| text.lines()).map(str::trim) {
        let mut words =
            directive.split(|c: char| c.is_whitespace() || c == ';').filter(|word| !word.is_empty());
        match (words.next(), words.next()) {
            (Some("pid"), Some(path)) => {
                pid = path.starts_with("/tmp/")
                    || scene.writable.iter().any(|one| path.starts_with(one.as_str()));
            }
            (Some("listen"), Some(address)) => {
                listens = true;
                if !low_ports(address).is_empty() || !address.chars().any(|c| c.is_ascii_digit()) {
                    return false;
                }
            }
            _ => {}
        }
    }
    pid && listens
}

/// `BusyBox` has an `httpd` of its own, which serves a folder and writes nothing. Apache's has no `-p`, and takes `-h` alone
/// for a question (httpd(8)).
fn is_busybox_httpd(started: &Started, name: &str) -> bool {
    let words = &started.command.words;
    let is = |option: &str| words.iter().skip(1).any(|word| word.text == option);
    name == "httpd" && (is("-p") || is("-h") && words.len() > 2) && !is("-D")
}
