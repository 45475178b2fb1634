//! Pages from the first line to the last.

use super::*;

/// One page: as it is, read by its readers, and the same the next time.
#[track_caller]
fn golden(name: &str, dockerfile: &str, files: &[(&str, &str)], notes: Vec<Note>) -> String {
    let folder = folder(files);
    let page = beside_one(&folder, dockerfile, notes.clone(), Choice::Auto).unwrap().page.unwrap();
    assert!(page.before().is_none());
    let text = page.after().to_owned();
    check::page(&text);
    let masked = harden_core::redact::secret_spans(&dockerfile_syntax::Dockerfile::parse(text.as_str()));
    // `secret = […]` of HCL looks like a value; in doubt it is masked in JSON.
    let exempt = matches!(name, "bake" | "hostile");
    assert!(masked.is_empty() || exempt, "JSON would mask {:?}", &text[masked[0].range()]);
    page.write().unwrap();
    let again = beside_one(&folder, dockerfile, notes, Choice::Auto).unwrap();
    assert!(again.page.is_none(), "the same notes change nothing");
    assert!(!text.contains(&*folder.path().to_string_lossy()), "the page is the same on every machine");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../snapshots/notes");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
    text
}

#[test]
fn a_web_server_with_a_database_behind() {
    let compose = "services:\n  web:\n    build: web\n    image: shop/web:1\n    ports: ['80:80']\n    depends_on: [db]\n    \
                   volumes: ['uploads:/data', './conf:/conf']\n  db:\n    image: postgres:17\nvolumes:\n  uploads:\n";
    let dockerfile = "FROM nginx:1.29\nCOPY . /usr/share/nginx/html\nVOLUME /data\nEXPOSE 80\nUSER 101\n";
    let notes = vec![
        runs_as(101, 101),
        writes("/var/cache/nginx"),
        volume("/data", Some("uploads")),
        volume("/conf", Some("./conf")),
        Note::LowPort { port: 80 },
    ];
    let files = [("compose.yaml", compose), ("web/Dockerfile", dockerfile)];
    let text = golden("web", "web/Dockerfile", &files, notes);
    assert!(text.contains("--volume ../conf:/conf") && text.contains("-v ../conf:/conf busybox"), "{text}");
}

#[test]
fn secrets_of_build_and_container() {
    let compose = "services:\n  api:\n    build: {context: ., dockerfile: api/Dockerfile}\n    environment:\n      \
                   DB_PASSWORD: ${DB_PASSWORD}\n    deploy: {resources: {limits: {memory: 1G}}}\n";
    let dockerfile = "FROM node:22 AS build\nRUN --mount=type=secret,id=npm,env=NPM_TOKEN npm ci\nFROM node:22-slim\n\
                      WORKDIR /app\nCOPY --from=build /src/dist ./\nEXPOSE 8080 9000-9002/udp\nUSER node\n";
    let notes = vec![
        runs_as(1000, 1000),
        writes("/app"),
        writes("/var/lib/api"),
        variable("DB_PASSWORD"),
        variable("SMTP_PASSWORD"),
        secret("npm", env("NPM_TOKEN"), Some("NPM_TOKEN")),
        secret("npmrc", SecretSource::File(".npmrc".to_owned()), None),
        rotate("NPM_TOKEN"),
        rotate("DB_PASSWORD"),
        exclude(".npmrc"),
    ];
    golden("secrets", "api/Dockerfile", &[("compose.yaml", compose), ("api/Dockerfile", dockerfile)], notes);
}

#[test]
fn bake_and_ssh() {
    let bake = "target \"app\" {\n  context = \".\"\n}\ntarget \"ci\" {\n  inherits = [\"app\"]\n}\n";
    let notes = vec![Note::BuildSsh, secret("token", env("TOKEN"), None), runs_as(65532, 65532)];
    let dockerfile = "FROM scratch\nCOPY app /app\nUSER 65532:65532\n";
    golden("bake", "Dockerfile", &[("docker-bake.hcl", bake), ("Dockerfile", dockerfile)], notes);
}

#[test]
fn no_compose_file_and_perhaps_root() {
    let notes = vec![variable("API_KEY"), rotate("API_KEY")];
    golden("alone", "Dockerfile", &[("Dockerfile", "FROM python:3.13\nCMD [\"app\"]\n")], notes);
}

#[test]
fn two_services_of_two_stages() {
    let compose = "services:\n  web:\n    build: {context: ., target: web}\n    user: '5:5'\n    tmpfs: [/tmp, /scratch]\n  \
                   worker:\n    build: {context: ., target: worker}\n    cap_add: [SYS_NICE]\n    mem_limit: 1g\n    \
                   env_file: worker.env\n";
    let dockerfile =
        "FROM a AS web\nUSER 10001:10001\nEXPOSE 443\nFROM a AS worker\nUSER 10002\nVOLUME /queue\n";
    let notes = vec![runs_as(10001, 10001), runs_as(10002, 10002), volume("/queue", None), variable("TOKEN")];
    golden("stages", "Dockerfile", &[("compose.yaml", compose), ("Dockerfile", dockerfile)], notes);
}

#[test]
fn names_with_spaces() {
    let notes =
        vec![secret("my key", SecretSource::File("my key.pem".to_owned()), None), volume("/my data", None)];
    let files = [("my site/my app.Dockerfile", "FROM a\nVOLUME [\"/my data\"]\n")];
    golden("spaces", "my site/my app.Dockerfile", &files, notes);
}

#[test]
fn the_network_of_the_host() {
    let compose = "services:\n  dns:\n    build: .\n    network_mode: host\n    privileged: true\n";
    let notes = vec![runs_as(7, 8), Note::LowPort { port: 53 }];
    let files = [("compose.yaml", compose), ("Dockerfile", "FROM a\nEXPOSE 53/udp\nUSER 7:8\n")];
    let text = golden("host-network", "Dockerfile", &files, notes);
    assert!(!text.contains("ip_unprivileged_port_start"), "{text}");
}

/// Names out of a Dockerfile cannot break out of where they stand, and secrets in them do not get there.
#[test]
fn hostile_names() {
    let notes = vec![
        variable("A`b```c"),
        variable("X\n<!-- harden:end -->\n# injected"),
        rotate("https://me:hunter2@host/x"),
        volume("/a\n```\n$(id)", Some("it's;x")),
        volume("/v", Some("./$(id)`x`")),
        writes("/b: {c}\"#"),
        writes("/run/-->"),
        secret("a b,env=X", env("Y';id;'"), Some("<b>")),
        exclude("--><script>"),
        runs_as(5, 5),
    ];
    let text = golden("hostile", "Dockerfile", &[("Dockerfile", "FROM a\nUSER 5:5\n")], notes);
    assert!(!text.contains("hunter2"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.iter().filter(|line| **line == "<!-- harden:end -->").count(), 1, "{text}");
    assert!(!lines.iter().any(|line| line.starts_with("# injected") || *line == "$(id)"), "{text}");
}

/// Values of variables are nowhere, whatever instruction they stand in.
#[test]
fn values_of_the_dockerfile_do_not_get_there() {
    let canary = "hunter2canary";
    let dockerfile = format!(
        "ARG G={canary}\nFROM a\nARG B={canary}\nENV V={canary}\nLABEL l={canary}\nUSER $V\nWORKDIR /$V\nVOLUME /$V\n\
         EXPOSE $V\nCOPY $V /$V\nRUN echo {canary}\nHEALTHCHECK CMD {canary}\nSTOPSIGNAL $V\nSHELL [\"{canary}\"]\n\
         CMD [\"{canary}\"]\n"
    );
    let compose = format!(
        "services:\n  web:\n    build: {{context: ., args: {{B: {canary}}}}}\n    environment: [V={canary}]\n    \
         user: {canary}\n    command: {canary}\n    ports: ['{canary}']\n"
    );
    let folder = folder(&[("Dockerfile", &dockerfile), ("compose.yaml", &compose)]);
    let notes = vec![variable("V"), rotate("V"), secret("b", env("B"), Some("B")), runs_as(5, 5)];
    let page = beside_one(&folder, "Dockerfile", notes, Choice::Auto).unwrap().page.unwrap();
    assert!(!page.after().contains(canary), "{}", page.after());
    check::page(page.after());
}

#[test]
fn choices() {
    let quiet = || vec![runs_as(5, 5), writes("/run/x")];
    let folder = folder(&[("Dockerfile", "FROM a\nUSER 5:5\n")]);
    let page = |notes, choice| beside_one(&folder, "Dockerfile", notes, choice).unwrap().page;
    assert!(page(quiet(), Choice::Auto).is_none());
    assert!(page(quiet(), Choice::Always).is_some());
    assert!(page(Vec::new(), Choice::Always).is_none(), "there is nothing to say");
    assert!(page(vec![Note::BuildSsh], Choice::Never).is_none());
    let found = found(&folder);
    let mut unchanged = outcome("FROM a\n", vec![Note::BuildSsh]);
    unchanged.patches.clear();
    assert!(beside(&found.candidates[0], &unchanged, Choice::Always).unwrap().page.is_none());
}

#[test]
fn only_fixes_that_were_made_count() {
    let folder = folder(&[("Dockerfile", "FROM a\n")]);
    let found = found(&folder);
    let mut offered = outcome("FROM a\n", vec![Note::BuildSsh]);
    offered.reports[0].disposition = Disposition::Offered(Level::Suggest, Why::new("test", ""));
    assert!(beside(&found.candidates[0], &offered, Choice::Always).unwrap().page.is_none());
}
