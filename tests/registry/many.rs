//! A fleet's worth of references: how many requests, and how long.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::process::Registry;
use crate::push::Kind;
use crate::sandbox::{Sandbox, stages};
use crate::server::{Server, pass};
use crate::token::Tokens;

const REFERENCES: usize = 500;
const REPOSITORIES: usize = 60;
/// Tags of each repository.
const TAGS: usize = 7;
/// References in one Dockerfile.
const IN_ONE: usize = 4;
/// Added to every answer.
const LATENCY: Duration = Duration::from_millis(50);
/// Requests to one host at the same time, as harden does it unless told otherwise.
const AT_ONCE: usize = 8;

fn repository(number: usize) -> String {
    format!("team{}/app{}", number % 7, number)
}

/// Pushes the images and gives what to pin, with repetitions.
fn fleet(registry: &Registry) -> Vec<(String, String, String)> {
    let mut images = Vec::new();
    for number in 0..REPOSITORIES {
        let name = repository(number);
        let index = registry.push_as(Kind::OciIndex, &name, &name, &[]);
        let other = registry.push_as(Kind::OciManifest, &name, "other", &[]);
        for tag in 0..TAGS {
            let manifest = if tag % 2 == 0 { &index } else { &other };
            let tag = format!("{tag}.1");
            registry.pusher().tag(&name, &tag, manifest);
            images.push((name.clone(), tag, manifest.digest()));
        }
    }
    // Neighbours in a file are of different repositories, and the last 80 references occur twice.
    let spread = |at: usize| images[(at % REPOSITORIES) * TAGS + (at / REPOSITORIES) % TAGS].clone();
    (0..REFERENCES).map(spread).collect()
}

/// One tree with all references, and what its files should become.
fn tree(host: &str, fleet: &[(String, String, String)]) -> (Sandbox, Vec<String>) {
    let sandbox = Sandbox::new("FROM scratch\n");
    let mut expected = Vec::new();
    for (number, some) in fleet.chunks(IN_ONE).enumerate() {
        let names: Vec<_> = some.iter().map(|(name, tag, _)| format!("{host}/{name}:{tag}")).collect();
        let pins: Vec<_> =
            names.iter().zip(some).map(|(name, (_, _, pin))| format!("{name}@{pin}")).collect();
        sandbox.write(format!("service{number}/Dockerfile"), stages(&names));
        expected.push(stages(&pins));
    }
    (sandbox, expected)
}

/// Runs harden over the tree and checks requests and time; `more` requests go elsewhere or come before the first.
fn check(name: &str, sandbox: &Sandbox, expected: &[String], servers: &[&Server], requests: usize) {
    let said = sandbox.harden(&["--only", "pin-digest", "--write", "--quiet"]).expect(0);
    for (number, text) in expected.iter().enumerate() {
        assert_eq!(sandbox.read(format!("service{number}/Dockerfile")), *text);
    }
    let counted: usize = servers.iter().map(|server| server.count()).sum();
    let most = servers.iter().map(|server| server.most_at_once()).max().unwrap();
    let bound = LATENCY * u32::try_from(requests.div_ceil(AT_ONCE)).unwrap();
    let ratio = said.took.as_secs_f64() / bound.as_secs_f64();
    println!(
        "{name}: {REFERENCES} references, {REPOSITORIES} repositories: {counted} requests, at most {most} at once; \
         {:.2?} where latency alone is {bound:.2?} ({ratio:.2}x)",
        said.took
    );
    assert_eq!(counted, requests);
    assert!(most <= AT_ONCE, "{most} requests at once");
    // Twice is the aim; a busy machine gets more.
    assert!(ratio < 4.0, "{ratio:.2} times the bound");
    let again = sandbox.harden(&["--only", "pin-digest", "--check"]).expect(0);
    assert_eq!(servers.iter().map(|server| server.count()).sum::<usize>(), requests, "{again:?}");
}

/// No request but the first, which is told that a token is needed, is sent twice.
fn assert_none_twice(server: &Server) {
    let requests = server.requests();
    let different: BTreeSet<_> = requests.iter().map(|one| (&one.method, &one.target)).collect();
    assert!(different.len() + 1 >= requests.len(), "{} of {}", different.len(), requests.len());
    assert!(requests.iter().all(|one| one.method == "HEAD"), "a tag costs one HEAD");
}

#[test]
fn five_hundred_references_cost_one_request_for_each_different_one() {
    let Some(registry) = Registry::start() else { return };
    let fleet = fleet(&registry);
    let unique = fleet.iter().collect::<BTreeSet<_>>().len();
    let to = registry.address;
    let server = Server::before(to, |_, _| {
        thread::sleep(LATENCY);
        None
    });
    let (sandbox, expected) = tree(&server.address.to_string(), &fleet);
    check("anonymous", &sandbox, &expected, &[&server], unique);
    assert_none_twice(&server);
}

#[test]
fn with_tokens_each_repository_costs_one_more() {
    let Some(registry) = Registry::start() else { return };
    let Some(signer) = Tokens::new() else { return };
    let fleet = fleet(&registry);
    let unique = fleet.iter().collect::<BTreeSet<_>>().len();
    signer.prepare((0..REPOSITORIES).map(repository));
    let signer = Arc::new(signer);
    let own = Arc::clone(&signer);
    let tokens = Server::start(move |request, _| {
        thread::sleep(LATENCY);
        own.answer(request).into()
    });
    let closed = registry.guarded(&signer.configuration(&format!("http://{}/token", tokens.address)));
    let to = closed.address;
    let server = Server::start(move |request, _| {
        thread::sleep(LATENCY);
        pass(to, request).into()
    });
    let (sandbox, expected) = tree(&server.address.to_string(), &fleet);
    check("with tokens", &sandbox, &expected, &[&server, &tokens], unique + REPOSITORIES + 1);
    assert_eq!(tokens.count(), REPOSITORIES);
    assert_none_twice(&server);
}
