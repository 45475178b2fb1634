use super::*;

fn files(files: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Result<Arc<str>, Why> {
    |path: &str| {
        let found = files.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| Arc::from(*text)).ok_or_else(|| Why::new("from-base", "is not there"))
    }
}

fn named(wanted: &Wanted) -> Vec<String> {
    let show = |(name, version): (&String, &Option<String>)| match version {
        Some(version) => format!("{name} {version}"),
        None => name.clone(),
    };
    wanted.named.iter().map(show).collect()
}

#[test]
fn requirements_files() {
    let text = files(&[
        (
            "/app/requirements.txt",
            "\u{feff}Flask==3.0.3 ; python_version > '3.8'\r\n-r deep/base.txt\n# x\nuvicorn[standard]>=0.3 \\\n  --hash=sha256:1\n--extra-index-url https://user:secret@host/simple\n",
        ),
        (
            "/app/deep/base.txt",
            "-r ../requirements.txt\n-c ../limits.txt\nruamel_yaml.clib == 1.0\ngit+https://token@example.com/x.git#egg=x\nmine @ https://user:pw@example.com/mine.whl?key=1\n",
        ),
    ]);
    let mut wanted = Wanted::default();
    wanted.file("/app/requirements.txt", &text);
    assert_eq!(named(&wanted), ["flask 3.0.3", "ruamel-yaml-clib 1.0", "uvicorn"]);
    let strange: Vec<&str> = wanted.strange.iter().map(String::as_str).collect();
    assert_eq!(strange, ["git+https://example.com/…", "https://example.com/…"]);
    assert_eq!(wanted.unread, None);
}

#[test]
fn missing_files_are_told() {
    let mut wanted = Wanted::default();
    wanted.file("/app/requirements.txt", &files(&[]));
    assert_eq!(wanted.unread.map(|why| why.code), Some("requirements-unknown"));
}

#[test]
fn projects() {
    let text = files(&[(
        "/app/pyproject.toml",
        "[project]\nname='x'\ndependencies=['requests~=2.0','numpy==1.26.4']\n[project.optional-dependencies]\ndb=['psycopg2']\n",
    )]);
    let mut wanted = Wanted::default();
    wanted.project("/app", false, &text);
    assert_eq!(named(&wanted), ["numpy 1.26.4", "requests"]);
    let mut wanted = Wanted::default();
    wanted.project("/app", true, &text);
    assert_eq!(named(&wanted), ["numpy 1.26.4", "psycopg2", "requests"]);
}

#[test]
fn poetry() {
    let text = files(&[
        (
            "/app/pyproject.toml",
            "[tool.poetry.dependencies]\npython='^3.11'\nDjango='^4'\nown={git='https://x/y.git'}\npillow={version='9.0.1'}\n[tool.poetry.group.dev.dependencies]\npytest='*'\n",
        ),
        (
            "/app/poetry.lock",
            "[[package]]\nname='Django'\nversion='4.2.1'\n[[package]]\nname='lxml'\nversion='4.9.0'\n",
        ),
    ]);
    let mut wanted = Wanted::default();
    wanted.project("/app", true, &text);
    assert_eq!(named(&wanted), ["django", "pillow 9.0.1", "pytest"]);
    assert_eq!(wanted.locked.get("lxml"), Some(&Some("4.9.0".to_owned())));
    assert!(wanted.strange.contains("own"));
}

#[test]
fn setup_files() {
    let text = files(&[(
        "/app/setup.cfg",
        "[options]\ninstall_requires =\n    click\n    # no\n    rich>=1\npackages = find:\n",
    )]);
    let mut wanted = Wanted::default();
    wanted.project("/app", false, &text);
    assert_eq!(named(&wanted), ["click", "rich"]);
    let mut wanted = Wanted::default();
    wanted.project("/app", false, &files(&[("/app/setup.py", "setup()")]));
    assert_eq!(wanted.unread.map(|why| why.code), Some("requirements-unknown"));
}

#[test]
fn pipfiles() {
    let text = files(&[
        ("/app/Pipfile", "[packages]\nrequests='*'\n[dev-packages]\n"),
        ("/app/Pipfile.lock", r#"{"default":{"requests":{"version":"==2.0"},"urllib3":{}}}"#),
    ]);
    let mut wanted = Wanted::default();
    wanted.pipfile("/app", &text);
    assert_eq!(named(&wanted), ["requests"]);
    assert_eq!(wanted.locked.len(), 2);
}

#[test]
fn hostile_texts() {
    let deep = format!("x = {}", "[".repeat(200_000));
    let json = "[".repeat(200_000);
    let long = "a".repeat(1 << 20);
    let text = |path: &str| -> Result<Arc<str>, Why> {
        Ok(Arc::from(match path.rsplit('/').next() {
            Some("pyproject.toml" | "Pipfile") => deep.as_str(),
            Some("Pipfile.lock") => json.as_str(),
            _ => long.as_str(),
        }))
    };
    let mut wanted = Wanted::default();
    wanted.project("/app", true, &text);
    wanted.pipfile("/app", &text);
    wanted.file("/app/requirements.txt", &text);
    assert_eq!(wanted.unread.map(|why| why.code), Some("manifest"));
    assert_eq!(name("---"), "");
    assert_eq!(pin("x=="), None);
}

#[test]
fn includes_end() {
    let text = |path: &str| -> Result<Arc<str>, Why> { Ok(Arc::from(format!("-r {path}x\n").as_str())) };
    let mut wanted = Wanted::default();
    wanted.file("/r", &text);
    assert_eq!(wanted.unread.map(|why| why.code), Some("too-many-files"));
}
