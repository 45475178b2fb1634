use super::*;

const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn index(children: &str) -> Result<Content, Failure> {
    Content::read(
        format!(r#"{{"schemaVersion": 2, "manifests": [{children}]}}"#).as_bytes(),
        true,
        "r.example",
    )
}

fn child(platform: &str) -> String {
    format!(r#"{{"digest": "{A}", "platform": {{{platform}}}}}"#)
}

#[test]
fn media_types_tell_indexes_from_manifests() {
    let kind = |text| is_index(text, "r.example").map_err(|failure| failure.kind);
    assert_eq!(kind("application/vnd.oci.image.index.v1+json"), Ok(true));
    assert_eq!(kind("Application/vnd.docker.distribution.manifest.list.v2+json; charset=utf-8"), Ok(true));
    assert_eq!(kind("application/vnd.oci.image.manifest.v1+json"), Ok(false));
    assert_eq!(kind("application/vnd.docker.distribution.manifest.v2+json"), Ok(false));
    assert_eq!(kind("application/vnd.docker.distribution.manifest.v1+prettyjws"), Err(Kind::Unsupported));
    for text in ["text/html", "application/json", ""] {
        assert_eq!(kind(text), Err(Kind::BadResponse), "{text}");
    }
}

#[test]
fn digests_are_checked_with_their_own_algorithm() {
    let known = [
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ];
    for text in known {
        let digest = digest(text).unwrap();
        assert!(matches(&digest, b"abc") && !matches(&digest, b"abd"), "{text}");
    }
    assert_eq!(digest_of(b"abc").unwrap().as_str(), known[0]);
    assert_eq!(digest(&format!("sha256:{}", "0".repeat(64))), None, "a placeholder");
    assert_eq!(digest("sha256:ABC"), None);
}

#[test]
fn platforms_leave_attestations_out() {
    let found = index(&[
        child(r#""os": "linux", "architecture": "arm", "variant": "v7""#),
        child(r#""os": "linux", "architecture": "amd64""#),
        child(r#""os": "unknown", "architecture": "unknown""#),
        format!(r#"{{"digest": "{A}", "platform": {{"os": "linux", "architecture": "s390x"}}, "annotations": {{"vnd.docker.reference.type": "attestation-manifest"}}}}"#),
        format!(r#"{{"digest": "{A}"}}"#),
    ].join(","));
    assert_eq!(found.unwrap().platforms(), ["linux/amd64", "linux/arm/v7"]);
}

#[test]
fn the_representative_does_not_depend_on_the_machine() {
    let chosen = |platforms: &[&str]| {
        let children: Vec<_> = platforms
            .iter()
            .map(|platform| Child { digest: digest(A).unwrap(), platform: (*platform).to_owned() })
            .collect();
        representative(&children).map(|child| child.platform.clone())
    };
    assert_eq!(chosen(&["linux/arm64/v8", "linux/amd64"]).as_deref(), Some("linux/amd64"));
    assert_eq!(chosen(&["linux/s390x", "linux/arm64/v8", "linux/386"]).as_deref(), Some("linux/arm64/v8"));
    assert_eq!(chosen(&["windows/amd64", "linux/s390x", "linux/386"]).as_deref(), Some("linux/386"));
    assert_eq!(chosen(&["windows/amd64"]).as_deref(), Some("windows/amd64"));
    assert_eq!(chosen(&[]), None);
}

#[test]
fn a_confused_manifest_is_refused() {
    let read = |text: &str, is_index| {
        Content::read(text.as_bytes(), is_index, "r.example").map_err(|failure| failure.kind)
    };
    let config = format!(r#"{{"mediaType": "{}", "digest": "{A}", "size": 5}}"#, CONFIGS[0]);
    let image = format!(r#"{{"schemaVersion": 2, "config": {config}}}"#);
    assert!(read(&image, false).is_ok());
    for (text, is_index) in [
        (image.as_str(), true),
        (&format!(r#"{{"schemaVersion": 2, "manifests": [], "config": {config}}}"#), true),
        (&format!(r#"{{"schemaVersion": 2, "mediaType": "{}", "config": {config}}}"#, INDEXES[0]), false),
        (r#"{"schemaVersion": 2}"#, false),
        (r#"{"schemaVersion": 1, "manifests": []}"#, true),
        (&format!(r#"[2, null, [{{"digest": "{A}"}}]]"#), true),
        (
            r#"{"schemaVersion": 2, "manifests": [{"digest": "../x", "platform": {"os": "linux", "architecture": "amd64"}}]}"#,
            true,
        ),
        ("", false),
        ("<html>", true),
    ] {
        assert_eq!(read(text, is_index), Err(Kind::BadResponse), "{text}");
    }
    let chart = format!(
        r#"{{"schemaVersion": 2, "config": {{"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": "{A}"}}}}"#
    );
    assert_eq!(read(&chart, false), Err(Kind::Unsupported));
}

#[test]
fn a_configuration_is_read_whole() {
    let found = super::config(
        br#"{"os": "linux", "architecture": "arm64", "variant": "v8", "history": [{}], "config": {
            "User": "10001", "Entrypoint": ["/e"], "Cmd": null, "Env": ["A=1=2", "B=", "=x", "none"], "WorkingDir": "",
            "ExposedPorts": {"80/tcp": {}, "443/tcp": {}}, "Volumes": {"/data": {}}, "Shell": ["/bin/bash", "-c"], "OnBuild": []}}"#,
        "r.example",
    )
    .unwrap();
    assert_eq!(
        found,
        ImageConfig {
            platform: Some("linux/arm64/v8".to_owned()),
            user: Some("10001".to_owned()),
            entrypoint: vec!["/e".to_owned()],
            cmd: Vec::new(),
            env: vec![("A".to_owned(), "1=2".to_owned()), ("B".to_owned(), String::new())],
            working_dir: None,
            exposed_ports: vec!["443/tcp".to_owned(), "80/tcp".to_owned()],
            volumes: vec!["/data".to_owned()],
            shell: vec!["/bin/bash".to_owned(), "-c".to_owned()],
        }
    );
    assert_eq!(super::config(b"{}", "r.example").unwrap(), ImageConfig::default());
    assert!(super::config(br#"{"config": {"User": 5}}"#, "r.example").is_err());
}
