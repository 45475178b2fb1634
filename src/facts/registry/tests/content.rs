//! Configurations and version tags.

use harden_core::ImageConfig;

use super::*;

const CONFIG: &str =
    r#"{"os": "linux", "architecture": "amd64", "config": {"User": "10001", "Env": ["A=1"]}}"#;

fn of(text: &str) -> Digest {
    wire::digest_of(text.as_bytes()).unwrap()
}

fn manifest() -> String {
    format!(
        r#"{{"schemaVersion": 2, "config": {{"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "{}", "size": {}}}}}"#,
        of(CONFIG),
        CONFIG.len()
    )
}

fn children() -> String {
    format!(
        r#"{{"schemaVersion": 2, "manifests": [
            {{"digest": "{}", "platform": {{"os": "linux", "architecture": "arm64"}}}},
            {{"digest": "{}", "platform": {{"os": "linux", "architecture": "amd64"}}}}]}}"#,
        digest('d'),
        of(&manifest())
    )
}

/// A repository with one multi-platform image under every tag.
fn repository(seen: &Seen) -> Reply {
    let last = seen.path.rsplit('/').next().unwrap();
    if last == of(&manifest()).as_str() {
        document(OCI_MANIFEST, &manifest())
    } else if seen.path.contains("/blobs/") {
        Reply::new(200, CONFIG).with("Content-Type", "application/octet-stream")
    } else {
        document(OCI_INDEX, &children())
    }
}

fn config(server: &Server, text: &str) -> (Result<ImageConfig, Why>, Answers) {
    let name = image(&format!("{}/{text}", server.authority));
    let answers = Resolver::new(options())
        .unwrap()
        .answer(&BTreeSet::from([Question::ImageConfig(name.clone())]), &|_, _| {});
    let config = answers.facts.config(&name).expect("every question has an answer");
    (config.map(|config| (*config).clone()), answers)
}

#[test]
fn the_configuration_of_the_preferred_platform_is_read() {
    let server = Server::start(repository);
    let (found, answers) = config(&server, "app:1");
    let found = found.unwrap();
    assert_eq!((found.user.as_deref(), found.platform.as_deref()), (Some("10001"), Some("linux/amd64")));
    let resolved = answers.facts.resolved(&image(&format!("{}/app:1", server.authority))).unwrap().unwrap();
    assert_eq!(resolved.platforms, ["linux/amd64", "linux/arm64"], "the index was read, so they are known");
    let top = of(&children());
    assert_eq!(
        server.lines(),
        [
            "HEAD /v2/app/manifests/1".to_owned(),
            format!("GET /v2/app/manifests/{top}"),
            format!("GET /v2/app/manifests/{}", of(&manifest())),
            format!("GET /v2/app/blobs/{}", of(CONFIG)),
        ]
    );
}

#[test]
fn tags_with_the_same_digest_share_its_content() {
    let server = Server::start(repository);
    let names = ["app:1", "app:2", "app:3"].map(|name| image(&format!("{}/{name}", server.authority)));
    let both = names
        .iter()
        .flat_map(|name| [Question::IndexDigest(name.clone()), Question::ImageConfig(name.clone())]);
    let answers = Resolver::new(options()).unwrap().answer(&both.collect(), &|_, _| {});
    assert!(answers.failures.is_empty(), "{:?}", answers.failures);
    assert_eq!(server.lines().len(), 3 + 3, "three HEAD; index, manifest and configuration once");
    assert!(names.iter().all(|name| answers.facts.config(name).unwrap().is_ok()));
}

#[test]
fn what_does_not_have_its_digest_is_refused() {
    for wrong in ["/blobs/", "/manifests/sha256:"] {
        let server = Server::start(move |seen| {
            let reply = repository(seen);
            let changed = format!("{} ", String::from_utf8(reply.body.clone()).unwrap());
            if seen.path.contains(wrong) { Reply { body: changed.into_bytes(), ..reply } } else { reply }
        });
        assert_eq!(config(&server, "app:1").0.unwrap_err().code, "bad-response", "{wrong}");
    }
}

#[test]
fn a_blob_may_be_elsewhere_and_gets_no_authorization_there() {
    let store = Server::start(|_| Reply::new(200, CONFIG));
    let target = format!("http://{}/blob?signature=canary", store.authority);
    let server = Server::start(move |seen| {
        if seen.authorization.as_deref() != Some("Basic dTpjYW5hcnk=") {
            return Reply::new(401, "").with("WWW-Authenticate", "Basic");
        }
        if seen.path.contains("/blobs/") {
            Reply::new(307, "").with("Location", &target)
        } else {
            repository(seen)
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    let auth =
        format!(r#"{{"auths": {{"{}": {{"username": "u", "password": "canary"}}}}}}"#, server.authority);
    std::fs::write(&file, auth).unwrap();
    let mut options = options();
    options.environment.docker_config = Some(file);
    let name = image(&format!("{}/app:1", server.authority));
    let answers = Resolver::new(options)
        .unwrap()
        .answer(&BTreeSet::from([Question::ImageConfig(name.clone())]), &|_, _| {});
    assert_eq!(answers.facts.config(&name).unwrap().unwrap().user.as_deref(), Some("10001"));
    assert_eq!(store.lines(), ["GET /blob?signature=canary"]);
    assert_eq!(store.seen()[0].authorization, None);
    assert!(!answers.facts.to_json().contains("canary"));
}

#[test]
fn a_configuration_of_an_unknown_kind_belongs_to_the_answer() {
    let chart = manifest().replace("vnd.oci.image.config", "vnd.cncf.helm.config");
    let server = Server::start(move |_| document(OCI_MANIFEST, &chart));
    let (found, answers) = config(&server, "chart:1");
    assert_eq!(found.unwrap_err().code, "unsupported");
    assert!(!answers.report.has_trouble(), "the registry did nothing wrong");
}

/// A repository with these tags; those that end in `*` have the digest of a's.
fn tagged(tags: &'static [&'static str], page: usize) -> impl Fn(&Seen) -> Reply {
    move |seen| {
        if let Some(query) = seen.path.strip_prefix("/v2/app/tags/list?") {
            let start: usize = query.rsplit_once("last=").map_or(0, |(_, last)| last.parse().unwrap());
            let end = (start + page).min(tags.len());
            let names: Vec<_> =
                tags[start..end].iter().map(|tag| format!("\"{}\"", tag.trim_end_matches('*'))).collect();
            let reply = Reply::new(200, &format!(r#"{{"name": "app", "tags": [{}]}}"#, names.join(",")));
            return if end < tags.len() {
                reply.with("Link", &format!("</v2/app/tags/list?n=1000&last={end}>; rel=\"next\""))
            } else {
                reply
            };
        }
        let name = seen.path.rsplit('/').next().unwrap();
        let same = tags.iter().any(|tag| tag.strip_suffix('*') == Some(name));
        let digest = digest(if same { 'a' } else { 'b' });
        Reply::new(200, "").with("Content-Type", OCI_INDEX).with("Docker-Content-Digest", digest.as_str())
    }
}

fn version(server: &Server) -> (Option<String>, Answers) {
    let name = image(&format!("{}/app:latest", server.authority));
    let question = Question::VersionTag(name.clone(), digest('a'));
    let answers = Resolver::new(options()).unwrap().answer(&BTreeSet::from([question]), &|_, _| {});
    (answers.facts.version_tag(&name, &digest('a')).flatten(), answers)
}

#[test]
fn the_version_behind_latest_is_found() {
    let server = Server::start(tagged(
        &["1", "1.0", "1.0.1", "1.1.0", "2*", "2.3*", "2.3.4*", "2.3.3", "latest*", "3.0.0-rc1"],
        100,
    ));
    assert_eq!(version(&server).0, Some("2.3.4".to_owned()));
    assert_eq!(server.lines(), ["GET /v2/app/tags/list?n=1000", "HEAD /v2/app/manifests/2.3.4"]);
}

#[test]
fn the_list_of_tags_is_read_page_by_page() {
    let server = Server::start(tagged(&["1", "2", "3", "4*", "latest*"], 2));
    assert_eq!(version(&server).0, Some("4".to_owned()));
    assert_eq!(server.lines().iter().filter(|line| line.contains("tags/list")).count(), 3);
}

#[test]
fn pages_that_never_end_do() {
    let circle = Server::start(|seen| {
        if seen.path.contains("tags") {
            Reply::new(200, r#"{"tags": ["1"]}"#).with("Link", &format!("<{}>; rel=next", seen.path))
        } else {
            Reply::new(404, "")
        }
    });
    assert_eq!(version(&circle).0, None);
    let endless = Server::start(|seen| {
        let page = seen.path.rsplit('=').next().unwrap().parse::<usize>().unwrap() + 1;
        Reply::new(200, r#"{"tags": null}"#).with("Link", &format!("<?page={page}>; rel=next"))
    });
    assert_eq!(version(&endless).0, None);
    assert_eq!(endless.lines().len(), 30);
    let elsewhere = Server::start(|_| {
        Reply::new(200, r#"{"tags": []}"#).with("Link", "<http://127.0.0.9:1/x>; rel=next")
    });
    assert_eq!(version(&elsewhere).0, None);
}

#[test]
fn the_search_is_bounded_and_a_tag_that_is_none_is_skipped() {
    let server = Server::start(tagged(
        &[
            "1.0", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0", "8.0", "9.0", "10.0", "11.0", "12.0", "13.0",
            "../../x", "1.0/../y",
        ],
        100,
    ));
    assert_eq!(version(&server).0, None);
    assert_eq!(server.lines().len(), 1 + super::super::versions::MAX_PROBES);
}

#[test]
fn a_list_that_cannot_be_had_is_said() {
    for (status, code) in [(404, "not-found"), (403, "forbidden"), (200, "bad-response")] {
        let server = Server::start(move |_| Reply::new(status, "canary"));
        let (_, answers) = version(&server);
        assert_eq!(codes(&answers), [code]);
    }
}
