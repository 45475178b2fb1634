//! From a tag to the digest.

use super::*;

#[test]
fn a_tag_costs_one_head() {
    let server = Server::start(|_| index());
    let found = ask_app(&server).unwrap();
    assert_eq!(found, ResolvedImage { digest: index_digest(), is_index: true, platforms: Vec::new() });
    assert_eq!(server.lines(), ["HEAD /v2/app/manifests/1"]);
    let accept = &server.seen()[0].accept;
    for media_type in [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST] {
        assert!(accept.split(", ").any(|own| own == media_type), "{accept}");
    }
}

#[test]
fn the_media_type_tells_an_index_from_a_manifest() {
    for (media_type, is_index) in
        [(OCI_INDEX, true), (DOCKER_LIST, true), (OCI_MANIFEST, false), (DOCKER_MANIFEST, false)]
    {
        let server = Server::start(move |_| document(media_type, "{}"));
        assert_eq!(ask_app(&server).unwrap().is_index, is_index, "{media_type}");
    }
}

#[test]
fn no_tag_means_latest() {
    let server = Server::start(|_| index());
    let resolver = Resolver::new(options()).unwrap();
    let (bare, latest) = (format!("{}/app", server.authority), format!("{}/app:latest", server.authority));
    let answers = resolver.answer(&questions(&[&bare, &latest]), &|_, _| {});
    assert!(answers.failures.is_empty() && answers.report.requests == 1);
    assert_eq!(server.lines(), ["HEAD /v2/app/manifests/latest"], "the same question in two spellings");
}

#[test]
fn without_a_digest_the_body_is_hashed() {
    let server = Server::start(|_| index().without("Docker-Content-Digest"));
    assert_eq!(ask_app(&server).unwrap().digest, index_digest());
    assert_eq!(server.lines(), ["HEAD /v2/app/manifests/1", "GET /v2/app/manifests/1"]);
}

#[test]
fn without_head_the_body_is_read() {
    for status in [405, 501] {
        let server = Server::start(move |seen| if seen.is_head() { Reply::new(status, "") } else { index() });
        assert_eq!(ask_app(&server).unwrap().digest, index_digest());
        assert_eq!(server.lines(), ["HEAD /v2/app/manifests/1", "GET /v2/app/manifests/1"]);
    }
}

#[test]
fn a_body_with_another_digest_is_refused() {
    let wrong = digest('b');
    let server = Server::start(move |seen| {
        if seen.is_head() {
            Reply::new(405, "")
        } else {
            index().without("Docker-Content-Digest").with("Docker-Content-Digest", wrong.as_str())
        }
    });
    assert_eq!(refusal(ask_app(&server)), "bad-response");
}

#[test]
fn a_digest_that_is_none_is_refused() {
    for text in [
        format!("sha256:{}", "0".repeat(64)),
        "sha256:abc".to_owned(),
        "canary".to_owned(),
        format!("md5:{}", "a".repeat(32)),
    ] {
        let server = Server::start(move |_| {
            index().without("Docker-Content-Digest").with("Docker-Content-Digest", &text)
        });
        assert_eq!(refusal(ask_app(&server)), "bad-response");
        assert_eq!(server.lines().len(), 1, "no second try");
    }
}

#[test]
fn a_web_page_is_no_manifest() {
    let server = Server::start(|_| Reply::new(200, "<html>canary</html>").with("Content-Type", "text/html"));
    assert_eq!(refusal(ask_app(&server)), "bad-response");
    let right_digest = Server::start(|_| document("text/html; charset=utf-8", "<html>"));
    assert_eq!(refusal(ask_app(&right_digest)), "bad-response");
    let nothing_said = Server::start(|_| Reply::new(200, "<html>canary</html>"));
    assert_eq!(refusal(ask_app(&nothing_said)), "bad-response");
}

#[test]
fn an_old_manifest_is_named() {
    let server =
        Server::start(|_| document("application/vnd.docker.distribution.manifest.v1+prettyjws", "{}"));
    let why = ask_app(&server).unwrap_err();
    assert!(why.code == "unsupported" && why.message.contains("schema 1"), "{why:?}");
}

#[test]
fn what_is_absent_is_not_found() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/v2/app/manifests/1" => {
            Reply::new(404, r#"{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "canary"}]}"#)
        }
        _ => Reply::new(404, r#"{"errors": [{"code": "NAME_UNKNOWN"}]}"#),
    });
    assert_eq!(refusal(ask_app(&server)), "not-found");
    assert_eq!(server.lines().len(), 1, "404 is an answer");
}

#[test]
fn a_manifest_that_is_too_large_is_not_read() {
    let server = Server::start(|seen| {
        if seen.is_head() { Reply::new(405, "") } else { document(OCI_INDEX, &" ".repeat((4 << 20) + 1)) }
    });
    assert_eq!(refusal(ask_app(&server)), "too-large");
}

#[test]
fn a_pinned_reference_is_checked_against_its_digest() {
    let server = Server::start(|_| index());
    let resolver = Resolver::new(options()).unwrap();
    let pinned = |digest: &Digest| format!("{}/app:1@{digest}", server.authority);
    assert!(ask(&resolver, &pinned(&index_digest())).unwrap().is_index);
    let other = resolver.answer(&questions(&[&pinned(&digest('c'))]), &|_, _| {});
    assert_eq!(codes(&other), ["bad-response"]);
    assert!(server.lines()[0].ends_with(&format!("manifests/{}", index_digest())));
}

#[test]
fn a_mirror_is_asked_first_and_the_registry_when_it_fails() {
    let origin = Server::start(|_| index());
    let mirror =
        Server::start(|seen| if seen.path.contains("/here/") { index() } else { Reply::new(404, "") });
    let mut options = options();
    options.mirrors.insert(origin.authority.clone(), format!("{}/cache", mirror.authority));
    let resolver = Resolver::new(options).unwrap();
    for name in ["here", "gone"] {
        assert!(ask(&resolver, &format!("{}/{name}/app:1", origin.authority)).is_ok());
    }
    assert_eq!(
        mirror.lines(),
        ["HEAD /v2/cache/here/app/manifests/1", "HEAD /v2/cache/gone/app/manifests/1"]
    );
    assert_eq!(origin.lines(), ["HEAD /v2/gone/app/manifests/1"]);
}

#[test]
fn settings_that_are_no_hosts_are_refused() {
    for (insecure, mirror) in [
        ("https://r.example", "m.example"),
        ("r.example", "https://m.example"),
        ("r.example", "m.example/../x"),
        ("r.example", "u:canary@m.example"),
    ] {
        let mut options = options();
        options.insecure.insert(insecure.to_owned());
        options.mirrors.insert("docker.io".to_owned(), mirror.to_owned());
        let error = Resolver::new(options).unwrap_err().to_string();
        assert!(error.contains("HOST") && !error.contains("canary"), "{error}");
    }
}
