use std::fs;

use harden_core::redact::MASK;
use harden_core::{ImageConfig, ImageFiles, Why};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);
const START: u64 = 1_700_000_000;

fn image(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

fn digest(fill: char) -> Digest {
    Digest::parse(&format!("sha256:{}", fill.to_string().repeat(64))).unwrap()
}

fn resolved(fill: char) -> ResolvedImage {
    ResolvedImage { digest: digest(fill), is_index: true, platforms: vec!["linux/amd64".to_owned()] }
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn open(dir: &Path, seconds: u64) -> Cache {
    Cache::open(dir, &Route::direct(), HOUR, at(seconds))
}

fn index(text: &str) -> Question {
    Question::IndexDigest(image(text))
}

fn asked<const N: usize>(questions: [Question; N]) -> BTreeSet<Question> {
    questions.into()
}

/// Learns what `text` resolves to and saves it.
fn keep(dir: &Path, seconds: u64, text: &str, fill: char) {
    let mut cache = open(dir, seconds);
    let mut facts = RecordedFacts::empty();
    facts.insert_resolved(&image(text), Ok(resolved(fill)));
    cache.learn(&facts, &asked([index(text)]));
    cache.save().unwrap();
}

fn file(dir: &Path) -> PathBuf {
    dir.join("registry-1.json")
}

#[test]
fn answers_come_back_in_the_next_run_until_they_are_old() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("new/harden");
    keep(&dir, START, "node:22", 'a');
    let questions = asked([index("docker.io/library/node:22"), index("node"), index("node:24")]);
    for (age, known) in [(0, true), (3599, true), (3600, false)] {
        let cache = open(&dir, START + age);
        assert_eq!((cache.warning(), cache.len()), (None, 1));
        let (facts, open) = cache.answers(&questions);
        assert_eq!(facts.resolved(&image("node:22")), known.then(|| Ok(resolved('a'))), "{age}");
        assert_eq!(open.len(), if known { 2 } else { 3 });
        assert_eq!(open.contains(&index("node:22")), !known);
    }
    let (facts, _) = open(&dir, START - 1).answers(&questions);
    assert!(facts.is_empty(), "learnt in the future: the clock was wrong");
    let refreshed = Cache::open(&dir, &Route::direct(), Duration::ZERO, at(START));
    assert!(refreshed.answers(&questions).0.is_empty());
    let patient = Cache::open(&dir, &Route::direct(), HOUR * 48, at(START + 40 * 3600));
    assert!(!patient.answers(&questions).0.is_empty());
}

#[test]
fn a_tag_and_latest_are_kept_apart_and_no_tag_is_latest() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), START, "node", 'a');
    let cache = open(dir.path(), START);
    let (facts, open) = cache.answers(&asked([index("node:latest"), index("node:22")]));
    assert!(facts.resolved(&image("node:latest")).is_some());
    assert_eq!(open, asked([index("node:22")]));
}

#[test]
fn configurations_belong_to_digests_and_do_not_age() {
    let dir = tempfile::tempdir().unwrap();
    let config =
        ImageConfig { user: Some("1000".to_owned()), cmd: vec!["run".to_owned()], ..ImageConfig::default() };
    let mut facts = RecordedFacts::empty();
    facts.insert_resolved(&image("app:1"), Ok(resolved('a')));
    facts.insert_config(&image("app:1"), &digest('a'), Ok(config.clone()));
    let mut cache = open(dir.path(), START);
    let question = |text: &str| asked([Question::ImageConfig(image(text))]);
    cache.learn(&facts, &question("app:1"));
    cache.save().unwrap();

    let (facts, left) = open(dir.path(), START).answers(&question("app:1"));
    assert!(left.is_empty());
    assert_eq!(facts.config(&image("app:1")).unwrap().unwrap().as_ref(), &config);

    let years_later = open(dir.path(), START + 100_000_000);
    assert_eq!(years_later.answers(&question("app:1")).1.len(), 1, "where the tag points now is not known");
    let pinned = format!("other@{}", digest('a'));
    let (facts, left) = years_later.answers(&question(&pinned));
    assert!(left.is_empty());
    assert_eq!(facts.config(&image(&pinned)).unwrap().unwrap().as_ref(), &config);
}

#[test]
fn files_belong_to_digests_and_do_not_age() {
    let dir = tempfile::tempdir().unwrap();
    let tools = [("/bin/sh".to_owned(), "/bin/busybox".to_owned())].into();
    let files = ImageFiles { tools, ..ImageFiles::default() };
    let mut facts = RecordedFacts::empty();
    facts.insert_resolved(&image("app:1"), Ok(resolved('a')));
    facts.insert_files(&image("app:1"), &digest('a'), Ok(files.clone()));
    let mut cache = open(dir.path(), START);
    let question = |text: &str| asked([Question::ImageFiles(image(text))]);
    cache.learn(&facts, &question("app:1"));
    cache.save().unwrap();

    let reopened = open(dir.path(), START);
    assert_eq!(reopened.warning(), None);
    let (facts, left) = reopened.answers(&question("app:1"));
    assert!(left.is_empty());
    assert_eq!(facts.files(&image("app:1")).unwrap().unwrap().as_ref(), &files);
    assert_eq!(reopened.answers(&asked([Question::ImageConfig(image("app:1"))])).1.len(), 1);

    let years_later = open(dir.path(), START + 100_000_000);
    assert_eq!(years_later.answers(&question("app:1")).1.len(), 1, "where the tag points now is not known");
    let pinned = format!("other@{}", digest('a'));
    let (facts, left) = years_later.answers(&question(&pinned));
    assert!(left.is_empty());
    assert_eq!(facts.files(&image(&pinned)).unwrap().unwrap().as_ref(), &files);

    let mut failed = RecordedFacts::empty();
    failed.insert_resolved(&image("app:2"), Ok(resolved('b')));
    failed.insert_files(&image("app:2"), &digest('b'), Err(Why::new("too-large", "m")));
    cache.learn(&failed, &question("app:2"));
    assert_eq!(cache.answers(&question("app:2")).1.len(), 1, "failures are not kept");
}

#[test]
fn a_configuration_is_learnt_for_a_tag_that_was_known() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), START, "app:1", 'a');
    let mut cache = open(dir.path(), START + 1);
    let mut facts = RecordedFacts::empty();
    facts.insert_config(&image("app:1"), &digest('a'), Ok(ImageConfig::default()));
    let question = asked([Question::ImageConfig(image("app:1"))]);
    cache.learn(&facts, &question);
    assert!(cache.answers(&question).1.is_empty());
}

#[test]
fn version_tags_are_kept_also_when_there_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let question = |text: &str, fill| Question::VersionTag(image(text), digest(fill));
    let questions = asked([question("node", 'a'), question("tool", 'b'), question("failed", 'c')]);
    let mut facts = RecordedFacts::empty();
    facts.insert_tags(&image("node"), &digest('a'), ["24", "24.1.0"]);
    facts.insert_tags(&image("tool"), &digest('b'), [""; 0]);
    // This digest is only there because the tag was looked up in the same round.
    facts.insert_resolved(&image("failed:edge"), Ok(resolved('c')));
    let mut cache = open(dir.path(), START);
    cache.learn(&facts, &questions);
    cache.save().unwrap();
    let (facts, left) = open(dir.path(), START + 10).answers(&questions);
    assert_eq!(facts.version_tag(&image("node"), &digest('a')), Some(Some("24.1.0".to_owned())));
    assert_eq!(facts.version_tag(&image("tool"), &digest('b')), Some(None));
    assert_eq!(left, asked([question("failed", 'c')]));
    assert_eq!(open(dir.path(), START + 3600).answers(&questions).1.len(), 3);
}

#[test]
fn failures_and_what_was_not_asked_are_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut facts = RecordedFacts::empty();
    facts.insert_resolved(&image("gone:1"), Err(Why::new("not-found", "no such tag")));
    facts.insert_resolved(&image("half:1"), Ok(resolved('a')));
    facts.insert_config(&image("half:1"), &digest('a'), Err(Why::new("timeout", "slow")));
    facts.insert_resolved(&image("other:1"), Ok(resolved('b')));
    let mut cache = open(dir.path(), START);
    cache.learn(&facts, &asked([index("gone:1"), Question::ImageConfig(image("gone:1"))]));
    assert!(cache.is_empty());
    cache.save().unwrap();
    assert!(!file(dir.path()).exists(), "nothing was learnt");
    cache.learn(&facts, &asked([Question::ImageConfig(image("half:1"))]));
    assert_eq!(cache.len(), 1, "the tag alone");
    assert_eq!(cache.answers(&asked([Question::ImageConfig(image("half:1"))])).1.len(), 1);
}

#[test]
fn secrets_of_configurations_do_not_reach_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let config = ImageConfig {
        env: vec![("DB_PASSWORD".to_owned(), "hunter2".to_owned()), ("PATH".to_owned(), "/bin".to_owned())],
        cmd: vec!["app".to_owned(), "--token=hunter2".to_owned()],
        ..ImageConfig::default()
    };
    let mut facts = RecordedFacts::empty();
    facts.insert_resolved(&image("app:1"), Ok(resolved('a')));
    facts.insert_config(&image("app:1"), &digest('a'), Ok(config));
    let mut cache = open(dir.path(), START);
    let question = asked([Question::ImageConfig(image("app:1"))]);
    cache.learn(&facts, &question);
    cache.save().unwrap();
    let text = fs::read_to_string(file(dir.path())).unwrap();
    assert!(
        !text.contains("hunter2") && text.contains("DB_PASSWORD=") && text.contains("PATH=/bin"),
        "{text}"
    );
    let replayed = cache.answers(&question).0.config(&image("app:1")).unwrap().unwrap();
    assert_eq!(replayed.env[0].1, MASK);
    facts.mask_secrets();
    assert_eq!(facts.config(&image("app:1")).unwrap().unwrap(), replayed, "a run that asked sees the same");
}

#[test]
fn a_file_that_cannot_be_used_counts_as_empty_and_is_replaced() {
    let good = {
        let dir = tempfile::tempdir().unwrap();
        keep(dir.path(), START, "node:22", 'a');
        fs::read_to_string(file(dir.path())).unwrap()
    };
    let tampered = [
        (r#""docker.io/library/node:22""#, r#""node:22""#),
        (r#""docker.io/library/node:22""#, r#""a b""#),
        ("sha256:aa", "sha256:"),
        ("sha256:aa", "md5:aa"),
        ("linux/amd64", "linux amd64"),
        (r#""index":true"#, r#""index":true,"extra":1"#),
        ("harden-cache/1", "harden-cache/2"),
        (r#""versions":[]"#, r#""versions":[["docker.io/library/node:22","sha256:bb",{"learnt":1}]]"#),
    ];
    let mut broken: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"{".to_vec(),
        b"[]".to_vec(),
        b"\xff\xfe".to_vec(),
        b"{\"schema\":\"harden-facts/1\",\"images\":[]}".to_vec(),
        good.as_bytes()[..good.len() / 2].to_vec(),
        "[".repeat(100_000).into_bytes(),
        vec![b' '; MAX_BYTES + 1],
    ];
    for (from, to) in tampered {
        assert!(good.contains(from), "{from} in {good}");
        broken.push(good.replace(from, to).into_bytes());
    }
    for content in broken {
        let dir = tempfile::tempdir().unwrap();
        private(dir.path(), &content);
        let shown = String::from_utf8_lossy(&content[..content.len().min(200)]).into_owned();
        let cache = open(dir.path(), START);
        let warning = cache.warning().unwrap_or_else(|| panic!("{shown}")).to_string();
        assert!(warning.contains("registry-1.json") && warning.contains("not used"), "{warning}");
        assert!(cache.is_empty());
        keep(dir.path(), START, "redis:8", 'b');
        let healed = open(dir.path(), START);
        assert_eq!((healed.warning(), healed.len()), (None, 1), "{shown}");
    }
}

/// Writes a cache file that only this user may write.
fn private(dir: &Path, content: &[u8]) {
    fs::write(file(dir), content).unwrap();
    #[cfg(unix)]
    fs::set_permissions(file(dir), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

#[test]
fn a_version_tag_that_is_no_tag_spoils_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let entry = format!(
        r#"["docker.io/library/node:latest","{}",{{"learnt":{START},"tag":"1\nRUN x"}}]"#,
        digest('a')
    );
    private(
        dir.path(),
        format!(r#"{{"schema":"harden-cache/1","tags":{{}},"versions":[{entry}],"configs":{{}}}}"#)
            .as_bytes(),
    );
    assert!(open(dir.path(), START).warning().is_some());
}

#[cfg(unix)]
#[test]
fn the_cache_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let outer = tempfile::tempdir().unwrap();
    let dir = outer.path().join("harden");
    keep(&dir, START, "node:22", 'a');
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&dir), mode(&file(&dir))), (0o700, 0o600));

    fs::set_permissions(file(&dir), fs::Permissions::from_mode(0o620)).unwrap();
    let warning = open(&dir, START).warning().unwrap().to_string();
    assert!(warning.contains("by others"), "{warning}");

    fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
    let mut cache = open(&dir, START);
    assert!(cache.warning().unwrap().to_string().contains("chmod go-w"));
    let before = fs::read(file(&dir)).unwrap();
    let mut facts = RecordedFacts::empty();
    facts.insert_resolved(&image("x:1"), Ok(resolved('b')));
    cache.learn(&facts, &asked([index("x:1")]));
    cache.save().unwrap();
    assert_eq!(fs::read(file(&dir)).unwrap(), before, "not written to");
}

#[test]
fn what_cannot_be_saved_is_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("taken"), "").unwrap();
    let mut cache = open(&dir.path().join("taken/below"), START);
    let mut facts = RecordedFacts::empty();
    facts.insert_resolved(&image("x:1"), Ok(resolved('b')));
    cache.learn(&facts, &asked([index("x:1")]));
    let saved = cache.save();
    assert!(saved.is_err() || cache.warning().is_some());
    let occupied = open(&dir.path().join("taken"), START);
    assert!(occupied.warning().unwrap().to_string().contains("is no folder"));
}

#[test]
fn routes_do_not_share_answers() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), START, "node:22", 'a');
    let mirror = |host: &str| BTreeMap::from([("docker.io".to_owned(), host.to_owned())]);
    let none = BTreeSet::new();
    let route = Route::new(&mirror("evil.example"), &none);
    let mirrored = Cache::open(dir.path(), &route, HOUR, at(START));
    assert!(mirrored.answers(&asked([index("node:22")])).0.is_empty());
    assert_eq!(Route::new(&BTreeMap::new(), &none), Route::direct());
    let plain = Route::new(&BTreeMap::new(), &BTreeSet::from(["a.example".to_owned()]));
    let names: BTreeSet<_> = [&route, &plain, &Route::direct(), &Route::new(&mirror("b.example"), &none)]
        .map(Route::file_name)
        .into();
    assert_eq!(names.len(), 4, "{names:?}");
}

#[test]
fn runs_that_overlap_add_up_and_the_later_answer_counts() {
    let dir = tempfile::tempdir().unwrap();
    let learn = |cache: &mut Cache, text: &str, fill| {
        let mut facts = RecordedFacts::empty();
        facts.insert_resolved(&image(text), Ok(resolved(fill)));
        cache.learn(&facts, &asked([index(text)]));
    };
    let (mut early, mut late) = (open(dir.path(), START), open(dir.path(), START + 60));
    learn(&mut early, "a:1", 'a');
    learn(&mut early, "both:1", 'a');
    learn(&mut late, "b:1", 'b');
    learn(&mut late, "both:1", 'b');
    late.save().unwrap();
    // To a run that began before, these answers are from the future: it keeps them and does not use them.
    early.save().unwrap();
    let cache = open(dir.path(), START + 60);
    assert_eq!(cache.len(), 3);
    let (facts, _) = cache.answers(&asked([index("both:1")]));
    assert_eq!(facts.resolved(&image("both:1")), Some(Ok(resolved('b'))));
    keep(dir.path(), START - 2 * AHEAD, "c:1", 'c');
    assert_eq!(open(dir.path(), START).len(), 1, "days ahead is a wrong clock");
}

#[test]
fn many_threads_lose_nothing_and_never_see_a_part() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for round in 0..10 {
                    let cache = open(path, START);
                    assert_eq!(cache.warning(), None);
                    keep(path, START, &format!("app-{thread}:{round}"), 'a');
                }
            });
        }
    });
    assert_eq!(open(path, START).len(), 80);
    let mut left: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["registry-1.json", "registry-1.lock"]);
}

#[test]
fn the_oldest_entries_go_first() {
    let mut entries = Entries::default();
    let tag =
        |learnt| wire::Tag { learnt, digest: digest('a').to_string(), index: true, platforms: Vec::new() };
    for number in 0..MAX_ENTRIES as u64 + 10 {
        entries.tags.insert(format!("docker.io/library/app:{number:06}"), tag(START + number));
    }
    entries.prune(START + 5);
    assert_eq!(entries.len(), MAX_ENTRIES);
    assert_eq!(entries.tags.first_key_value().unwrap().0, "docker.io/library/app:000010");

    let mut entries = Entries::default();
    for number in 0..40_u64 {
        let config = ImageConfig { cmd: vec!["x".repeat(1 << 20)], ..ImageConfig::default() };
        let config = wire::Config { learnt: START + number, config: WireConfig::from_core(&config, false) };
        entries.configs.insert(number.to_string(), config);
    }
    entries.prune(START);
    assert!(entries.to_json().len() <= MAX_BYTES, "{}", entries.to_json().len());
    assert_eq!(entries.len(), 15, "as many as there is room for");
    assert!(entries.configs.contains_key("39") && !entries.configs.contains_key("0"));
}
