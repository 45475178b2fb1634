//! What compose files say about running an image, and what else a repository says about a Dockerfile.

use std::fmt::Write;

use harden_core::{Mount, MountSource, ServiceKind};

use super::*;

/// A service as `file: name → target: settings`.
fn show(tree: &Tree, service: &Service) -> String {
    let prefix = format!("{}/", paths::display(tree.0.path()));
    let settings: Vec<_> = service
        .settings
        .iter()
        .map(|setting| {
            let place = match setting.line {
                Some(line) if setting.file == service.file => format!("{line}"),
                Some(line) => format!("{}:{line}", setting.file.replace(&prefix, "")),
                None => "?".to_owned(),
            };
            let kind = match &setting.kind {
                ServiceKind::User(user) => format!("user {user}"),
                ServiceKind::Port(port) => format!("port {port}"),
                ServiceKind::Mount(Mount { source: MountSource::Host(path), target, .. }) => {
                    format!("{path} at {target}")
                }
                other => format!("{other:?}"),
            };
            format!("{place} {kind}")
        })
        .collect();
    let target = service.target.as_ref().map(|target| format!(" → {target}")).unwrap_or_default();
    let incomplete = if service.incomplete { " incomplete" } else { "" };
    let file = service.file.replace(&prefix, "");
    format!("{file}: {}{target}{incomplete}: {}", service.name, settings.join(", "))
}

impl Tree {
    /// The services of the one candidate.
    fn services(&self) -> Vec<String> {
        self.only(&["."]).setup.services.iter().map(|service| show(self, service)).collect()
    }
}

#[test]
fn services_that_build_the_file() {
    let tree = Tree::new(&[
        ("app/Dockerfile", ""),
        (
            "compose.yaml",
            "services:
  web:
    build: {context: app, target: web}
    user: root
    volumes:
      - ./app:/srv
  job: {build: app, ports: [80]}
  db: {image: postgres, user: root}
",
        ),
    ]);
    assert_eq!(
        tree.services(),
        ["compose.yaml: job: 7 port 80", "compose.yaml: web → web: 4 user root, 6 ./app at /srv"]
    );
}

#[test]
fn an_override_gives_a_service_of_its_own() {
    let tree = Tree::new(&[
        ("Dockerfile", ""),
        (
            "compose.yaml",
            "services:\n  web:\n    build: .\n    user: '1000'\n    ports: [8080]\n    volumes: ['./a:/a']\n",
        ),
        (
            "compose.override.yaml",
            "services:\n  web:\n    user: root\n    volumes: ['./b:/a', './c:/c']\n  other: {image: x}\n",
        ),
    ]);
    assert_eq!(
        tree.services(),
        [
            "compose.override.yaml: web: compose.yaml:5 port 8080, 3 user root, 4 ./b at /a, 4 ./c at /c",
            "compose.yaml: web: 4 user 1000, 5 port 8080, 6 ./a at /a",
        ]
    );
    let candidate = tree.only(&["."]);
    assert_eq!(
        tree.sources(&candidate),
        ["compose.yaml: services.web"],
        "the override says nothing of builds"
    );
}

#[test]
fn an_override_of_a_complete_build_inherits_settings() {
    let build = "build: {context: ., dockerfile: Dockerfile}";
    let tree = Tree::new(&[
        ("Dockerfile", ""),
        ("docker-compose.yml", &format!("services: {{web: {{{build}, user: root}}}}")),
        ("docker-compose.prod.yml", &format!("services: {{web: {{{build}, ports: [80]}}}}")),
    ]);
    assert_eq!(
        tree.services(),
        [
            "docker-compose.prod.yml: web: 1 port 80",
            "docker-compose.prod.yml: web: docker-compose.yml:1 user root, 1 port 80",
            "docker-compose.yml: web: 1 user root",
        ]
    );
}

#[test]
fn extends_brings_settings() {
    let tree = Tree::new(&[
        ("Dockerfile", ""),
        (
            "compose.yaml",
            "services:
  base: {build: ., user: root, command: serve}
  web: {extends: {service: base}, user: '1000'}
  lost: {build: {context: ., dockerfile: Dockerfile}, extends: {service: gone, file: ../x.yaml}, user: '2'}
",
        ),
    ]);
    assert_eq!(
        tree.services(),
        [
            "compose.yaml: base: 2 user root, 2 Command([\"serve\"])",
            "compose.yaml: lost incomplete: 4 user 2",
            "compose.yaml: web: 2 Command([\"serve\"]), 3 user 1000",
        ]
    );
}

#[test]
fn services_that_only_run_the_image() {
    let tree = Tree::new(&[
        ("Dockerfile", ""),
        (
            "compose.yaml",
            "services:
  web: {build: {context: ., target: run}, image: app}
  job: {image: 'docker.io/library/app:latest', user: root}
  other: {image: 'app:1', user: root}
  tagged: {build: ., image: 'reg/x:${TAG}'}
  copy: {image: 'reg/x:${TAG}', ports: [80]}
",
        ),
        // Nothing is built here, so only the file beside it makes it worth reading.
        ("docker-compose.prod.yml", "services: {web: {image: app, ports: [443]}}"),
        ("sub/compose.yaml", "services: {x: {image: app}}"),
    ]);
    assert_eq!(
        tree.services(),
        [
            "compose.yaml: copy: 6 port 80",
            "compose.yaml: job → run: 3 user root",
            "compose.yaml: tagged: ",
            "compose.yaml: web → run: ",
            "docker-compose.prod.yml: web → run: 1 port 443",
        ]
    );
}

#[test]
fn tags_of_bake_are_images_that_services_run() {
    let tree = Tree::new(&[
        ("Dockerfile", ""),
        ("docker-bake.hcl", "target \"a\" {\n  tags = [\"me/app:1\", \"me/app\"]\n  target = \"run\"\n}\n"),
        ("compose.yaml", "services: {web: {image: 'me/app', user: root}}"),
    ]);
    assert_eq!(tree.services(), ["compose.yaml: web → run: 1 user root"]);
}

#[test]
fn images_the_repository_builds() {
    let tree = Tree::new(&[
        ("a/Dockerfile", ""),
        ("b/Dockerfile", ""),
        (
            "compose.yaml",
            "services:
  a: {build: a, image: me/base}
  b: {build: {context: b, tags: ['me/b:${V:-2}', 'bad reference']}}
  far: {build: 'https://github.com/docker/buildx.git', image: 'ghcr.io/x/y:1@sha256:2e863c44b718727c860746568e1d54afd13b2fa71b160f5cd9058fc436217b30'}
  unknown: {build: a, image: 'me/unknown:${TAG}'}
  db: {image: postgres}
",
        ),
        ("other/docker-bake.json", r#"{"target": {"c": {"context": "nowhere", "tags": ["me/c"]}}}"#),
    ]);
    let discovery = tree.discover(&["."]);
    for candidate in &discovery.candidates {
        assert_eq!(
            *candidate.setup.own_images,
            [
                "docker.io/me/b:2".into(),
                "docker.io/me/base:latest".into(),
                "docker.io/me/c:latest".into(),
                "ghcr.io/x/y:1".into()
            ]
            .into()
        );
    }
    assert_eq!(discovery.candidates.len(), 2);
}

#[test]
fn images_of_another_repository_are_not_own() {
    let compose = "services: {a: {build: ., image: node}}";
    let tree = Tree::outside_git(&[
        ("x/.git/HEAD", ""),
        ("x/Dockerfile", ""),
        ("x/sub/Dockerfile", ""),
        ("x/compose.yaml", compose),
        ("y/.git/HEAD", ""),
        ("y/Dockerfile", ""),
        ("y/compose.yaml", "services: {a: {build: .}}"),
    ]);
    let own: Vec<_> =
        tree.discover(&["."]).candidates.iter().map(|candidate| candidate.setup.own_images.len()).collect();
    assert_eq!(own, [1, 1, 0]);
    let tree = Tree::outside_git(&[("x/compose.yaml", compose), ("x/Dockerfile", ""), ("y/Dockerfile", "")]);
    let own: Vec<_> =
        tree.discover(&["."]).candidates.iter().map(|candidate| candidate.setup.own_images.len()).collect();
    assert_eq!(own, [1, 1], "without a repository the run is taken for one");
}

#[test]
fn arguments_are_known_when_all_builds_agree() {
    let setup =
        |compose: &str| Tree::new(&[("Dockerfile", ""), ("compose.yaml", compose)]).only(&["."]).setup;
    let args = setup(
        "services:
  a: {build: {context: ., args: {SAME: x, OMITTED: x, CHANGED: x, GIVEN: }}}
  b: {build: {context: ., args: {SAME: x, CHANGED: y, GIVEN: z, LATE: x}}}
  c: {build: {context: ., args: {SAME: x, CHANGED: x, GIVEN: z, LATE: x}}}
",
    )
    .build_args;
    let value = |name: &str| args[name].as_deref();
    assert_eq!(value("SAME"), Some("x"));
    for name in ["OMITTED", "CHANGED", "GIVEN", "LATE"] {
        assert_eq!(value(name), None, "{name}");
    }
}

#[test]
fn targets_that_a_variable_chooses() {
    for (build, expected) in [
        ("{context: ., target: run}", false),
        ("{context: .}", false),
        ("{context: ., target: '${T}'}", true),
        ("{context: ., target: '${T:-run}'}", true),
    ] {
        let compose = format!("services: {{a: {{build: {build}}}}}");
        let tree = Tree::new(&[("Dockerfile", ""), ("compose.yaml", &compose)]);
        assert_eq!(tree.only(&["."]).setup.targets_unknown, expected, "{build}");
    }
    let tree = Tree::new(&[
        ("Dockerfile", ""),
        (
            "docker-bake.hcl",
            "target \"a\" {\n context = \".\"\n dockerfile = \"Dockerfile\"\n inherits = [X]\n}\n",
        ),
    ]);
    assert!(tree.only(&["."]).setup.targets_unknown, "what it inherits is not known");
}

#[test]
fn development_containers() {
    let tree = Tree::new(&[
        (".devcontainer/Dockerfile", ""),
        (".devcontainer/go/Dockerfile", ""),
        (".devcontainer/go/devcontainer.json", r#"{"build": {"dockerfile": "../../dev/Dockerfile"}}"#),
        ("dev/Dockerfile", ""),
        (
            ".devcontainer.json",
            "// a comment\n{\"dockerFile\": \"Dockerfile.old\", /* old */ \"x\": [1,],}\n",
        ),
        ("Dockerfile.old", ""),
        ("Dockerfile", ""),
        ("src/devcontainer.json", r#"{"dockerFile": "../Dockerfile"}"#),
    ]);
    let discovery = tree.discover(&["."]);
    assert_eq!(discovery.problems, []);
    let found: Vec<_> = discovery
        .candidates
        .iter()
        .filter(|candidate| candidate.setup.devcontainer)
        .map(|candidate| tree.short(candidate.path().unwrap()))
        .collect();
    assert_eq!(
        found,
        [".devcontainer/Dockerfile", ".devcontainer/go/Dockerfile", "Dockerfile.old", "dev/Dockerfile"]
    );
    // The description above a file that is named, or a folder, is found too.
    for input in ["dev", "dev/Dockerfile", "Dockerfile.old", ".devcontainer/Dockerfile"] {
        assert!(tree.only(&[input]).setup.devcontainer, "{input}");
    }
    assert!(!tree.only(&["Dockerfile"]).setup.devcontainer);
}

#[test]
fn a_description_git_ignores_says_nothing() {
    let tree = Tree::new(&[
        (".gitignore", ".devcontainer/\n"),
        (".devcontainer/devcontainer.json", r#"{"build": {"dockerfile": "../Dockerfile"}}"#),
        ("Dockerfile", ""),
    ]);
    for input in [".", "Dockerfile"] {
        assert!(!tree.only(&[input]).setup.devcontainer, "{input}");
    }
}

#[test]
fn descriptions_that_cannot_be_used_are_warnings() {
    let tree = Tree::new(&[
        ("Dockerfile", ""),
        (".devcontainer.json", "{\n \"build\": hunter2 }"),
        (".devcontainer/devcontainer.json", &"[".repeat(200_000)),
        (".devcontainer/a/devcontainer.json", r#"{"build": {"dockerfile": "${localEnv:X}/Dockerfile"}}"#),
        (".devcontainer/b/devcontainer.json", r#"{"build": {"dockerfile": "gone"}, "dockerFile": 1}"#),
        (".devcontainer/c/devcontainer.json", r#"["x"]"#),
        (".devcontainer/d/devcontainer.json", &" ".repeat((1 << 20) + 1)),
    ]);
    let discovery = tree.discover(&["."]);
    let shown: Vec<_> = discovery
        .problems
        .iter()
        .map(|problem| (tree.short(&problem.path), problem.line, problem.kind))
        .collect();
    assert_eq!(
        shown,
        [
            (".devcontainer/d/devcontainer.json".into(), None, ProblemKind::BuildFileUnreadable),
            (".devcontainer/devcontainer.json".into(), Some(1), ProblemKind::BuildFileMalformed),
            (".devcontainer.json".into(), Some(2), ProblemKind::BuildFileMalformed),
        ]
    );
    assert!(discovery.problems.iter().all(|problem| !problem.to_string().contains("hunter2")));
}

#[test]
fn services_that_multiply_are_refused() {
    let mut compose = String::from("services:\n  base:\n    build: .\n    volumes:\n");
    for index in 0..5_000 {
        writeln!(compose, "      - /a:/{index}").unwrap();
    }
    for index in 0..2_000 {
        writeln!(compose, "  s{index}: {{extends: base}}").unwrap();
    }
    let tree = Tree::new(&[("Dockerfile", ""), ("compose.yaml", &compose)]);
    let start = std::time::Instant::now();
    let discovery = tree.discover(&["."]);
    assert_eq!(kinds(&discovery), [ProblemKind::BuildFileMalformed]);
    assert_eq!(discovery.candidates[0].setup, BuildSetup::default());
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}
