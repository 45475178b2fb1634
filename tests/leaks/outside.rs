//! Secrets outside of the files that are rewritten: arguments, names of files, configurations, facts files, and what a
//! registry says.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::around::{CONFIGURATIONS, FACTS};
use crate::canary::{Form, PASSWORDS, TOKENS};
use crate::known;
use crate::search::{Found, Output};
use crate::world::{SECRET, Said, World};

/// A password and a token, for places whose handling does not depend on the format.
fn two() -> [&'static Form; 2] {
    [&PASSWORDS[0], &TOKENS[3]]
}

fn look(found: &mut Found, world: &World, place: &str, said: &Said) {
    found.look(&world.canaries, place, (Output::Message, &said.out));
    found.look(&world.canaries, place, (Output::Message, &said.err));
}

#[test]
fn refused_configurations_and_facts_files() {
    let mut world = World::empty();
    world.write("Dockerfile", "FROM node:22\nADD . /srv\n");
    let mut found = Found::default();
    for (flag, extension, files) in [("--config", "toml", CONFIGURATIONS), ("--facts", "json", FACTS)] {
        for (name, text) in files {
            for form in two() {
                let position = format!("{flag} {name}");
                let text = world.fill_all(&position, text, form);
                let file = format!("{name}.{extension}");
                world.write(&file, &text);
                for more in [&["--verbose"][..], &["--format", "json"], &["--write"]] {
                    let said = world.harden(&[&["--offline", flag, &file], more].concat());
                    assert_eq!(said.code, Some(2), "{position} is to be refused");
                    look(&mut found, &world, &format!("{flag} {name} {}", more.concat()), &said);
                }
            }
        }
    }
    found.check(&known::of(&[known::IN_REFUSED_FILES]), &known::of(&[known::TOKENS_IN_REFUSED_FILES]));
}

#[test]
fn recorded_facts() {
    let mut world = World::empty();
    let mut found = Found::default();
    let mut files = Vec::new();
    for form in PASSWORDS.iter().chain(&TOKENS) {
        let config = configuration(&mut world, form);
        let facts = serde_json::json!({ "schema": "harden-facts/1", "images": [{ "ref": "node:22", "digest":
            format!("sha256:{}", "b".repeat(64)), "index": false, "config": config }] });
        world.write(&format!("{}/Dockerfile", form.name), "FROM node:22\nADD . /srv\nVOLUME /data\n");
        world.write(&format!("{}.json", form.name), &facts.to_string());
        files.push((format!("{}.json", form.name), form.name));
    }
    let before = world.files();
    for (file, folder) in &files {
        let flags = ["--offline", "--facts", file, "--level", "suggest", "--verbose", folder];
        let said = world.harden(&[&flags[..], &["--write", "--notes", "always"]].concat());
        assert!(said.err.contains("1 changed"), "{folder} is to be rewritten");
        look(&mut found, &world, "--write", &said);
        let said = world.harden(&["resolve", "--offline", "--facts", file, folder]);
        found.look(&world.canaries, "resolve", (Output::File, &said.out));
        found.look(&world.canaries, "resolve", (Output::Message, &said.err));
    }
    found.look_at_files(&world, &before);
    found.check(&known::of(&[]), &known::of(&[]));
}

/// A configuration of an image as a facts file holds it, with a secret in every field.
fn configuration(world: &mut World, form: &Form) -> serde_json::Value {
    let mut fill = |position: &str, text: &str| world.fill(&format!("config {position}"), text, form);
    serde_json::json!({
        "user": "node",
        "env": ["PATH=/bin", fill("env", "DB_PASSWORD=§"), fill("env-url", "DATABASE=postgres://me:§@db/app")],
        "entrypoint": ["tool", fill("entrypoint", "--password=§")],
        "cmd": ["curl", "-H", fill("cmd", "Authorization: Bearer §")],
    })
}

#[test]
fn arguments() {
    let mut world = World::empty();
    world.write("Dockerfile", "FROM node:22\nADD . /srv\n");
    let mut found = Found::default();
    for (name, arguments) in [
        ("explain", &["explain", "§"][..]),
        ("verb", &["§", "x"]),
        ("path", &["§"]),
        ("path-url", &["https://me:§@host.example/Dockerfile"]),
        ("flag", &["--§"]),
        ("flag-value", &["--password=§"]),
        ("only", &["--only", "§"]),
        ("skip", &["--skip", "pin-digest,§"]),
        ("level", &["--level", "§"]),
        ("format", &["--format", "§"]),
        ("color", &["--color", "§"]),
        ("jobs", &["--jobs", "§"]),
        ("cache-ttl", &["--cache-ttl", "§"]),
        ("notes", &["--notes", "§"]),
        ("mirror", &["--mirror", "https://me:§@mirror.example"]),
        ("mirror-of", &["--mirror", "docker.io=https://me:§@mirror.example"]),
        ("insecure-registry", &["--insecure-registry", "https://me:§@host.example"]),
        ("context", &["--context", "https://me:§@host.example/x.git"]),
        ("target", &["--target", "§"]),
        ("config", &["--config", "https://me:§@host.example/harden.toml"]),
        ("facts", &["--facts", "https://me:§@host.example/facts.json"]),
        ("output", &["resolve", "--offline", "-o", "none/§"]),
    ] {
        for form in two() {
            let secret = world.canaries.plant(&format!("argument {name}"), form);
            let arguments: Vec<String> = arguments.iter().map(|one| one.replace(SECRET, &secret)).collect();
            let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            if arguments.len() < 3 && !["explain", "verb"].contains(&name) {
                arguments.push("--offline");
            }
            look(&mut found, &world, name, &world.harden(&arguments));
        }
    }
    found.check(&known::of(&[]), &known::of(&[known::IN_ARGUMENTS]));
}

/// Files that cannot be read, and files whose names are secrets.
#[cfg(unix)]
#[test]
fn names_of_files_and_unreadable_files() {
    let mut world = World::empty();
    let mut found = Found::default();
    for form in two() {
        let secret = world.canaries.plant("name of a Dockerfile", form);
        world.write(&format!("{secret}.Dockerfile"), "FROM node:22\nADD . /srv\n");
        let secret = world.canaries.plant("name of a folder", form);
        fs::create_dir_all(world.path(&format!("files/{secret}/Dockerfile"))).unwrap();
        let secret = world.canaries.plant("name behind a link", form);
        let link = world.path(&format!("files/{}.link.Dockerfile", form.name));
        std::os::unix::fs::symlink(format!("none/{secret}"), &link).unwrap();
        let secret = world.canaries.plant("text in another encoding", form);
        let mut text = b"FROM a\nENV DB_PASSWORD=\xe9".to_vec();
        text.extend(secret.as_bytes());
        fs::write(world.path(&format!("files/{}.latin.Dockerfile", form.name)), text).unwrap();
        let secret = world.canaries.plant("binary", form);
        world.write(
            &format!("{}.nul.Dockerfile", form.name),
            &format!("FROM a\nENV DB_PASSWORD={secret}\0\n"),
        );
        let secret = world.canaries.plant("name of a file of the context", form);
        world.write(&format!("context/{}/{secret}", form.name), "x");
        let dockerfile = format!("FROM node:22\nCOPY {secret} /x\nCOPY . /srv\n");
        world.write(&format!("context/{}/Dockerfile", form.name), &dockerfile);
    }
    let facts = world.path("facts.json");
    let flags = ["--offline", "--facts", facts.to_str().unwrap(), "--level", "suggest"];
    let named: Vec<String> = ["link", "latin", "nul"]
        .into_iter()
        .flat_map(|kind| two().map(|form| format!("{}.{kind}.Dockerfile", form.name)))
        .collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    for more in [&["--redact", "--verbose"][..], &["--format", "json"], &["--check"], &["--write"]] {
        for paths in [&["."][..], &named] {
            let said = world.harden(&[&flags[..], more, paths].concat());
            look(&mut found, &world, &more.concat(), &said);
        }
    }
    found.check(&known::of(&[]), &known::of(&[known::IN_NAMES]));
}

/// Registries whose every answer holds secrets: one with images, and one for each way to refuse.
#[test]
fn what_registries_say() {
    let mut world = World::empty();
    let mut images = Vec::new();
    let mut refusals = vec![Vec::new(); 5];
    let nothing = listen(Vec::new());
    for form in PASSWORDS.iter().chain(&TOKENS) {
        let path = |rest: &str| format!("/v2/{}/{rest}", form.name);
        let config = configuration(&mut world, form);
        let config = serde_json::json!({ "architecture": "amd64", "os": "linux",
            "config": { "Env": config["env"], "Entrypoint": config["entrypoint"], "Cmd": config["cmd"], "User": "node" },
            "rootfs": { "type": "layers", "diff_ids": [] } });
        let config = config.to_string();
        let media = "application/vnd.oci.image.config.v1+json";
        let manifest = serde_json::json!({ "schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
            "config": { "mediaType": media, "digest": digest(&config), "size": config.len() } });
        let manifest = manifest.to_string();
        let headers = [("Content-Type", MANIFEST), ("Docker-Content-Digest", &*digest(&manifest))];
        let found = answer("200 OK", &headers, &manifest);
        images.push((
            path(&format!("blobs/{}", digest(&config))),
            answer("200 OK", &[("Content-Type", media)], &config),
        ));
        images.push((path(&format!("manifests/{}", digest(&manifest))), found.clone()));
        images.push((path("manifests/1"), found));
        if two().iter().all(|one| one.name != form.name) {
            continue;
        }

        let mut fill = |position: &str, text: &str| world.fill(&format!("registry {position}"), text, form);
        let error = fill("error", "password=§");
        let error = serde_json::json!({ "errors": [{ "code": error, "message": error, "detail": error }] });
        let digest = fill("digest", "§");
        let location = fill("redirect", &format!("http://me:§@{nothing}/x?token=§"));
        let realm = |url: &str| format!("Bearer realm=\"http://{url}?password=§\",service=\"§\",scope=\"§\"");
        let realm_of_path = fill("realm of a path", &realm(&format!("{nothing}/§")));
        let realm = fill("realm", &realm(&format!("me:§@{nothing}/token")));
        for (refusal, answer) in refusals.iter_mut().zip([
            answer("403 Forbidden", &[], &error.to_string()),
            answer(
                "200 OK",
                &[("Content-Type", MANIFEST), ("Docker-Content-Digest", &digest)],
                &fill("body", "§"),
            ),
            answer("307 Moved", &[("Location", &location)], ""),
            answer("401 Unauthorized", &[("WWW-Authenticate", &realm)], ""),
            answer("401 Unauthorized", &[("WWW-Authenticate", &realm_of_path)], ""),
        ]) {
            refusal.push((path("manifests/1"), answer));
        }
    }
    let hosts: Vec<String> = std::iter::once(images).chain(refusals).map(listen).collect();
    for form in PASSWORDS.iter().chain(&TOKENS) {
        let refused = two().iter().any(|one| one.name == form.name);
        for (number, host) in hosts.iter().enumerate().filter(|(number, _)| *number == 0 || refused) {
            let text = format!("FROM {host}/{}:1\nADD . /srv\nVOLUME /data\n", form.name);
            world.write(&format!("{}/{number}.Dockerfile", form.name), &text);
        }
    }

    let before = world.files();
    let mut found = Found::default();
    let hosts: Vec<&str> = hosts.iter().flat_map(|host| ["--insecure-registry", host]).collect();
    for arguments in [
        &["resolve", "-o", "facts-of-registry.json"][..],
        &["--redact", "--verbose", "--level", "suggest", "--refresh"],
        &["--format", "json", "--level", "suggest"],
        &["--write", "--verbose", "--level", "suggest", "--notes", "always"],
    ] {
        let said = world.harden(&[arguments, &hosts].concat());
        look(&mut found, &world, arguments[0], &said);
    }
    let files = world.files();
    let configurations = files["files/facts-of-registry.json"].matches("DB_PASSWORD").count();
    assert_eq!(configurations, PASSWORDS.len() + TOKENS.len(), "every configuration was read");
    let is_cached =
        |(path, text): (&String, &String)| path.starts_with("cache/") && text.contains("DB_PASSWORD");
    assert!(files.iter().any(is_cached), "it was remembered");
    found.look_at_files(&world, &before);
    found.check(&known::of(&[]), &known::of(&[]));
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn digest(text: &str) -> String {
    let bytes = Sha256::digest(text.as_bytes());
    bytes.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// An answer, its head and its body.
type Answer = (String, String);

fn answer(status: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers =
        headers.iter().fold(String::new(), |all, (name, value)| format!("{all}{name}: {value}\r\n"));
    let length = body.len();
    (
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"),
        body.to_owned(),
    )
}

/// Starts a server; gives its address.
fn listen(answers: Vec<(String, Answer)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answers = Arc::new(answers);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || serve(stream, &answers));
        }
    });
    address
}

/// Answers one request; what is not known does not exist. A handshake of TLS is not answered.
fn serve(mut stream: TcpStream, answers: &[(String, Answer)]) {
    let mut first = [0];
    if !stream.peek(&mut first).is_ok_and(|_| first[0].is_ascii_uppercase()) {
        return;
    }
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    // The head of the request ends with an empty line.
    lines.find(String::is_empty);
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let known = answers.iter().find(|(path, _)| path == target).map(|(_, answer)| answer.clone());
    let (head, body) = known.unwrap_or_else(|| answer("404 Not Found", &[], ""));
    let body = if method == "HEAD" { "" } else { &body };
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
}
