//! Retries, bounds and concurrency.

use std::time::Instant;

use super::*;

#[test]
fn too_many_requests_are_repeated_after_the_wait() {
    for (header, least) in [(None, 0), (Some("0"), 0), (Some("1"), 900)] {
        let server = Server::start(move |seen| match (seen.before, header) {
            (0, Some(wait)) => Reply::new(429, "").with("Retry-After", wait),
            (0, None) => Reply::new(429, ""),
            _ => index(),
        });
        let start = Instant::now();
        assert!(ask_app(&server).is_ok());
        assert_eq!(server.lines().len(), 2, "{header:?}");
        assert!(start.elapsed() >= Duration::from_millis(least), "{header:?}");
    }
}

#[test]
fn a_limit_without_end_is_said_and_the_host_left_alone() {
    let server = Server::start(|_| Reply::new(429, "canary"));
    let names: Vec<_> = (0..40).map(|n| format!("{}/r{n}:1", server.authority)).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let start = Instant::now();
    let answers = Resolver::new(options()).unwrap().answer(&questions(&names), &|_, _| {});
    assert_eq!(codes(&answers), ["rate-limited"; 40]);
    assert!(answers.report.has_trouble() && start.elapsed() < Duration::from_secs(10));
    assert_eq!(server.lines().len(), 4, "the first one tries four times, the others do not try");
    let line = answers.report.to_string();
    assert!(line.lines().count() == 1 && line.contains("40 images") && line.contains("429"), "{line}");
}

#[test]
fn a_long_wait_is_not_waited() {
    let server = Server::start(|_| Reply::new(429, "").with("Retry-After", "21600"));
    let start = Instant::now();
    let why = ask_app(&server).unwrap_err();
    assert!(why.code == "rate-limited" && why.message.contains("21600 s"), "{why}");
    assert!(start.elapsed() < Duration::from_secs(2) && server.lines().len() == 1);
}

#[test]
fn a_burst_of_errors_passes() {
    for status in [500, 502, 503, 504] {
        let server =
            Server::start(move |seen| if seen.before < 3 { Reply::new(status, "") } else { index() });
        assert!(ask_app(&server).is_ok(), "{status}");
        assert_eq!(server.lines().len(), 4);
    }
    let down = Server::start(|_| Reply::new(500, "canary"));
    assert_eq!(refusal(ask_app(&down)), "server-error");
    let connection = Server::start(|seen| Reply { hang_up: seen.before < 2, ..index() });
    assert!(ask_app(&connection).is_ok(), "a closed connection is no answer");
}

#[test]
fn one_bad_image_does_not_cost_the_others() {
    let server = Server::start(|seen| if seen.path.contains("/r3/") { Reply::new(500, "") } else { index() });
    let names: Vec<_> = (0..20).map(|n| format!("{}/r{n}:1", server.authority)).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let answers = Resolver::new(options()).unwrap().answer(&questions(&names), &|_, _| {});
    assert_eq!(codes(&answers), ["server-error"]);
    assert!(answers.failures.keys().all(|question| format!("{question:?}").contains("/r3:1")));
}

#[test]
fn a_slow_server_costs_bounded_time() {
    let body = |seen: &Seen| {
        if seen.is_head() {
            Reply::new(405, "")
        } else {
            Reply { trickle: Duration::from_millis(200), ..index() }
        }
    };
    let head = |_: &Seen| Reply { delay: Duration::from_secs(30), ..index() };
    for server in [Server::start(body), Server::start(head)] {
        let resolver =
            Resolver::new(RegistryOptions { timeout: Duration::from_millis(400), ..options() }).unwrap();
        let start = Instant::now();
        assert_eq!(refusal(ask(&resolver, &format!("{}/app:1", server.authority))), "timeout");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

#[test]
fn a_body_that_is_cut_off_is_no_body() {
    let server =
        Server::start(
            |seen| if seen.is_head() { Reply::new(405, "") } else { Reply { cut: Some(10), ..index() } },
        );
    assert_eq!(refusal(ask_app(&server)), "unreachable");
    let once = Server::start(|seen| {
        if seen.is_head() {
            Reply::new(405, "")
        } else {
            Reply { cut: (seen.before == 0).then_some(10), ..index() }
        }
    });
    assert_eq!(ask_app(&once).unwrap().digest, index_digest());
}

#[test]
fn redirects_are_followed_to_a_bound() {
    let server = Server::start(|seen| match seen.path.strip_prefix("/step") {
        Some("5") => index(),
        Some(step) => {
            Reply::new(307, "").with("Location", &format!("/step{}", step.parse::<u32>().unwrap() + 1))
        }
        None => Reply::new(301, "").with("Location", "/step1"),
    });
    assert!(ask_app(&server).is_ok());
    let circle = Server::start(|seen| Reply::new(307, "").with("Location", &seen.path));
    assert_eq!(refusal(ask_app(&circle)), "bad-response");
    assert_eq!(circle.lines().len(), 6);
    for target in ["http://canary.example/", "ftp://x/", "http://u:canary@127.0.0.1/", "https://"] {
        let away = Server::start(move |_| Reply::new(302, "").with("Location", target));
        assert_eq!(refusal(ask_app(&away)), "bad-response", "{target}");
    }
}

#[test]
fn a_host_that_is_not_there_is_said_once_and_quickly() {
    // Nobody listens on a port that was just given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let names: Vec<_> = (0..30).map(|n| format!("{port}/r{n}:1")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let start = Instant::now();
    let answers = Resolver::new(options()).unwrap().answer(&questions(&names), &|_, _| {});
    assert_eq!(codes(&answers), ["unreachable"; 30]);
    assert!(
        answers.report.requests <= 4 && start.elapsed() < Duration::from_secs(5),
        "{:?}",
        answers.report.requests
    );
}

#[test]
fn other_registries_are_not_held_up() {
    let (slow, fast) =
        (Server::start(|_| Reply { delay: Duration::from_secs(5), ..index() }), Server::start(|_| index()));
    let mut names: Vec<_> = (0..10).map(|n| format!("{}/r{n}:1", fast.authority)).collect();
    names.push(format!("{}/app:1", slow.authority));
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let resolver =
        Resolver::new(RegistryOptions { timeout: Duration::from_millis(500), ..options() }).unwrap();
    let answers = resolver.answer(&questions(&names), &|_, _| {});
    assert_eq!(codes(&answers), ["timeout"]);
    assert_eq!(answers.report.registries.len(), 1);
    assert!(answers.report.registries.contains_key(&slow.authority));
}

#[test]
fn no_address_is_asked_twice() {
    let server = Server::start(|_| index());
    let resolver = Resolver::new(options()).unwrap();
    let names: Vec<_> = (0..30).map(|n| format!("{}/r{}:{}", server.authority, n % 5, n % 10)).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    for _ in 0..2 {
        assert!(resolver.answer(&questions(&names), &|_, _| {}).failures.is_empty());
    }
    let mut lines = server.lines();
    assert_eq!(lines.len(), 10);
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 10);
}

#[test]
fn two_hundred_images_take_little_more_than_the_bound() {
    const LATENCY: Duration = Duration::from_millis(50);
    let server = Server::start_at(|own| {
        move |seen: &Seen| {
            let reply = match (seen.path.starts_with("/token"), &seen.authorization) {
                (true, _) => Reply::new(200, r#"{"token": "t", "expires_in": 300}"#),
                (false, Some(_)) => index(),
                (false, None) => {
                    let realm = format!("Bearer realm=\"http://{own}/token\",service=\"tests\"");
                    Reply::new(401, "").with("WWW-Authenticate", &realm)
                }
            };
            Reply { delay: LATENCY, ..reply }
        }
    });
    let names: Vec<_> = (0..200).map(|n| format!("{}/r{}:{n}", server.authority, n % 20)).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let resolver = Resolver::new(options()).unwrap();
    let last = std::cell::Cell::new((0, 0));
    let start = Instant::now();
    let answers = resolver.answer(&questions(&names), &|done, all| {
        assert!(done == last.get().0 + 1 && all == 200);
        last.set((done, all));
    });
    let took = start.elapsed();
    assert!(answers.failures.is_empty() && last.get() == (200, 200));
    assert_eq!(server.lines().len(), 200 + 20 + 1);
    assert!(server.busiest() <= 8, "{}", server.busiest());
    // Eight at a time, and before them one that shows what the host wants.
    let bound = LATENCY * (1 + 220 / 8);
    assert!(took < bound * 2, "{took:?}, {bound:?}");
}

#[test]
fn the_same_questions_have_the_same_answers() {
    let server = Server::start(|seen| {
        let number: u64 = seen.path.rsplit('/').next().unwrap().parse().unwrap();
        let reply = match number % 4 {
            0 => Reply::new(404, ""),
            1 => Reply::new(403, ""),
            _ => index(),
        };
        // Later ones come back earlier.
        Reply { delay: Duration::from_millis(number * 7 % 13), ..reply }
    });
    let names: Vec<_> = (0..60).map(|n| format!("{}/r{}:{n}", server.authority, n % 7)).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let run = |jobs| {
        let answers = Resolver::new(RegistryOptions { jobs, ..options() })
            .unwrap()
            .answer(&questions(&names), &|_, _| {});
        (answers.facts.to_json(), answers.failures, answers.report)
    };
    let first = run(1);
    assert_eq!(first, run(8));
    assert_eq!(first, run(64));
}
