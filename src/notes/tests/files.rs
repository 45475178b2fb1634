//! Files that are there already, and files that Dockerfiles share.

use super::*;
use crate::discover::Candidate;

const DOCKERFILE: &str = "FROM a\nCOPY app config/*.json /app/\nUSER 5:5\n";

/// The texts of the files that several Dockerfiles share, by file name, and what was left to people.
fn shared(folder: &TempDir, wishes: &[(&str, Vec<Note>)]) -> (Vec<(String, String)>, Vec<String>) {
    let found = found(folder);
    let mut shared = Shared::default();
    for (name, notes) in wishes {
        let beside = beside_one(folder, name, notes.clone(), Choice::Auto).unwrap();
        shared.add(beside.request.unwrap());
    }
    settle(shared, folder, &found.candidates)
}

fn settle(
    shared: Shared,
    folder: &TempDir,
    candidates: &[Candidate],
) -> (Vec<(String, String)>, Vec<String>) {
    let (files, refusals) = shared.settle(candidates);
    let below = |path: &Path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap().replace('\\', "/");
    let written = files.iter().map(|file| {
        file.write().unwrap();
        (below(&file.path), file.after().to_owned())
    });
    let written = written.collect();
    (written, refusals.into_iter().map(|one| format!("{}: {}", below(&one.path), one.message)).collect())
}

fn one(path: &str, text: &str) -> Vec<(String, String)> {
    vec![(path.to_owned(), text.to_owned())]
}

#[test]
fn what_people_wrote_around_a_page_stays() {
    let folder = folder(&[("Dockerfile", DOCKERFILE)]);
    let place = folder.path().join("Dockerfile.runtime.md");
    let page = |notes| beside_one(&folder, "Dockerfile", notes, Choice::Auto).unwrap().page;
    page(vec![variable("A")]).unwrap().write().unwrap();
    let own = fs::read_to_string(&place).unwrap();
    let edited =
        format!("\u{feff}# Ours\r\n\r\n{}\r\n\r\nAsk the team.", own.trim_end().replace('\n', "\r\n"));
    fs::write(&place, &edited).unwrap();
    assert!(page(vec![variable("A")]).is_none(), "nothing new");
    page(vec![variable("B"), runs_as(5, 5)]).unwrap().write().unwrap();
    let merged = fs::read_to_string(&place).unwrap();
    assert!(merged.starts_with("\u{feff}# Ours\r\n\r\n<!-- harden:begin -->\r\n"), "{merged}");
    assert!(merged.ends_with("<!-- harden:end -->\r\n\r\nAsk the team."), "{merged}");
    assert_eq!(merged.matches('\n').count(), merged.matches("\r\n").count());
    // What an earlier run said is still true.
    assert!(merged.contains("- `A`\r\n- `B`\r\n") && merged.contains("--user 5:5"), "{merged}");
    check::page(&merged);
}

#[test]
fn a_page_that_is_not_ours_is_never_touched() {
    let folder = folder(&[("Dockerfile", DOCKERFILE), ("Dockerfile.runtime.md", "# Our own notes\n")]);
    let refused = || beside_one(&folder, "Dockerfile", vec![variable("A")], Choice::Auto).err().unwrap();
    let why = refused();
    for part in ["did not change", "Dockerfile.runtime.md", "not made by harden", "--notes never"] {
        assert!(why.contains(part), "{why}");
    }
    let place = folder.path().join("Dockerfile.runtime.md");
    fs::write(&place, "<!-- harden:begin -->\n<!-- harden:notes [oops -->\n<!-- harden:end -->\n").unwrap();
    assert!(refused().contains("harden:notes"));
    fs::write(&place, "<!-- harden:begin -->\n<!-- harden:end -->\n").unwrap();
    let page = beside_one(&folder, "Dockerfile", vec![variable("A")], Choice::Auto).unwrap().page.unwrap();
    assert!(page.after().contains("- `A`"));
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    assert!(refused().contains("it is a folder"));
}

#[test]
fn a_write_can_be_taken_back() {
    let folder = folder(&[("Dockerfile", DOCKERFILE)]);
    let place = folder.path().join("Dockerfile.runtime.md");
    let page =
        |name| beside_one(&folder, "Dockerfile", vec![variable(name)], Choice::Auto).unwrap().page.unwrap();
    let first = page("A");
    first.write().unwrap();
    first.undo();
    assert!(!place.exists());
    first.write().unwrap();
    let second = page("B");
    second.write().unwrap();
    second.undo();
    assert_eq!(fs::read_to_string(&place).unwrap(), first.after());
    fs::write(&place, "edited").unwrap();
    first.undo();
    assert_eq!(fs::read_to_string(&place).unwrap(), "edited", "somebody else's text stays");
}

#[test]
fn variables_of_two_dockerfiles_in_one_folder() {
    let folder = folder(&[
        ("api/Dockerfile", DOCKERFILE),
        ("api/Dockerfile.worker", DOCKERFILE),
        ("web/Dockerfile", DOCKERFILE),
        ("web/.env.example", "PORT=80\r\nTOKEN=x"),
    ]);
    let wishes = [
        ("web/Dockerfile", vec![variable("TOKEN"), variable("KEY")]),
        ("api/Dockerfile.worker", vec![variable("QUEUE"), variable("DB")]),
        ("api/Dockerfile", vec![variable("DB")]),
    ];
    let (files, refused) = shared(&folder, &wishes);
    let api = ("api/.env.example".to_owned(), "DB=\nQUEUE=\n".to_owned());
    let web = ("web/.env.example".to_owned(), "PORT=80\r\nTOKEN=x\r\nKEY=".to_owned());
    assert_eq!((files, refused), (vec![api, web], Vec::new()));
    assert_eq!(shared(&folder, &wishes).0, [], "a second time changes nothing");
}

#[test]
fn a_new_ignore_file_needs_to_know_the_context() {
    let wish = |name| [(name, vec![exclude(".env")])];
    let guessed = folder(&[("app/Dockerfile", "FROM a\nCOPY . /app\n"), ("app/.env", "")]);
    let (files, refused) = shared(&guessed, &wish("app/Dockerfile"));
    assert_eq!(files, []);
    assert!(
        refused[0].starts_with("app/Dockerfile: no `.dockerignore` was changed: nothing names"),
        "{refused:?}"
    );
    assert!(refused[0].contains("--context") && refused[0].contains("`.env`"), "{refused:?}");
    // A file that is copied by name proves the guess.
    fs::write(guessed.path().join("app/Dockerfile"), "FROM a\nCOPY run.sh /app\n").unwrap();
    assert_eq!(shared(&guessed, &wish("app/Dockerfile")).0, []);
    fs::write(guessed.path().join("app/run.sh"), "").unwrap();
    assert_eq!(shared(&guessed, &wish("app/Dockerfile")).0, one("app/.dockerignore", ".env\n"));
    let compose = "services:\n  app:\n    build: {context: ., dockerfile: app/Dockerfile}\n";
    let named = folder(&[("compose.yaml", compose), ("app/Dockerfile", "FROM a\nCOPY . /app\n")]);
    assert_eq!(shared(&named, &wish("app/Dockerfile")).0, one(".dockerignore", ".env\n"));
}

#[test]
fn the_ignore_file_of_the_dockerfile_wins() {
    let folder = folder(&[
        ("Dockerfile", DOCKERFILE),
        ("Dockerfile.dockerignore", "*.log"),
        (".dockerignore", "*.tmp\n"),
        ("app", ""),
        ("config/a.json", ""),
        (".env", ""),
    ]);
    let wishes = [("Dockerfile", vec![exclude(".env"), exclude("*.pem")])];
    let expected = one("Dockerfile.dockerignore", "*.log\n*.pem\n.env");
    assert_eq!(shared(&folder, &wishes), (expected, Vec::new()));
    assert_eq!(shared(&folder, &wishes), (Vec::new(), Vec::new()));
}

#[test]
fn exceptions_before_cannot_take_back_and_those_behind_are_meant() {
    let merged = |text: &str| {
        let folder = folder(&[
            ("Dockerfile", DOCKERFILE),
            (".dockerignore", text),
            ("app", ""),
            ("config/a.json", ""),
            ("config/.env", ""),
        ]);
        shared(&folder, &[("Dockerfile", vec![exclude("config/.env")])])
    };
    let before = "*\r\n!app\r\n!config/**\r\n";
    assert_eq!(merged(before), (one(".dockerignore", &format!("{before}config/.env\r\n")), Vec::new()));
    let (files, refused) = merged("config/.env\n!config/**\n");
    assert_eq!(files, []);
    assert!(refused[0].contains("a later `!`"), "{refused:?}");
    let (files, refused) = merged("*\n!app\n!config\n!/config/.env\n");
    assert_eq!(files, []);
    assert!(refused[0].contains("on purpose"), "{refused:?}");
    assert_eq!(merged("config/.env\n!README.md\n"), (Vec::new(), Vec::new()));
}

#[test]
fn nothing_that_a_dockerfile_copies_is_excluded() {
    let folder = folder(&[
        ("Dockerfile", DOCKERFILE),
        ("Dockerfile.other", "FROM a\nCOPY --chown=5 secret.pem /\n"),
        ("Dockerfile.mount", "FROM a\nRUN --mount=type=bind,source=mounted.key,target=/k make\n"),
        ("Dockerfile.all", "FROM a\nCOPY . /src\nADD https://host/x.crt /\nCOPY --from=x /y.crt /\n"),
        ("app", ""),
        ("config/a.json", ""),
        ("secret.pem", ""),
        ("mounted.key", ""),
        ("x.crt", ""),
        ("y.crt", ""),
    ]);
    let patterns =
        ["*.json", "config", "app", "*.pem", "*.key", "*.crt", "config/a.json", "**/*.p12", "!x", "a\nb"];
    let notes = patterns.map(exclude).to_vec();
    let (files, refused) = shared(&folder, &[("Dockerfile", notes)]);
    // `*.json` matches nothing at the root, where no `**` stands before it.
    assert_eq!(files, one(".dockerignore", "**/*.p12\n*.crt\n*.json\n"));
    let refused = refused.join("\n");
    for part in
        ["`config`", "`app`", "`*.pem`", "`*.key`", "`config/a.json`", "`!x`", "Dockerfile.other needs"]
    {
        assert!(refused.contains(part), "{part}:\n{refused}");
    }
    assert_eq!(refused.lines().count(), 7, "{refused}");
}

#[test]
fn values_that_are_filled_in_stay_out_of_the_image() {
    let compose = "services:\n  app:\n    build: {context: ., dockerfile: app/Dockerfile}\n";
    let files = |source: &str, ignore: &str| {
        let dockerfile = format!("FROM a\nCOPY {source} /srv/\n");
        let folder = folder(&[
            ("compose.yaml", compose),
            ("app/Dockerfile", &dockerfile),
            ("app/run", ""),
            (".dockerignore", ignore),
        ]);
        shared(&folder, &[("app/Dockerfile", vec![variable("A")])])
    };
    let ignored = |source: &str, ignore: &str| {
        let (files, refused) = files(source, ignore);
        assert_eq!(refused, [""; 0], "{source}");
        files.into_iter().find(|(path, _)| path == ".dockerignore").map(|(_, text)| text)
    };
    for source in [".", "./", "app", "/app/", "*", "app/.."] {
        assert_eq!(ignored(source, "x\n").as_deref(), Some("x\napp/.env\n"), "{source}");
    }
    assert_eq!(ignored("app/run", "x\n"), None);
    for rule in ["**/.env\n", "app/.env*\n", "app\n!app/run\n", "/app/.env\n"] {
        assert_eq!(ignored(".", rule), None, "{rule}");
    }
    let (written, refused) = files("app/.env", "x\n");
    assert_eq!(written, one("app/.env.example", "A=\n"));
    assert!(refused[0].contains("app/Dockerfile needs `app/.env`"), "{refused:?}");
}

#[test]
fn what_depends_on_the_build_may_be_anything() {
    let folder = folder(&[("Dockerfile", "ARG F\nFROM a\nARG F=x\nCOPY app $F /\n"), ("app", "")]);
    let (files, refused) = shared(&folder, &[("Dockerfile", vec![exclude(".env")])]);
    assert_eq!(files, []);
    assert!(refused[0].contains("no `.dockerignore`") || refused[0].contains("`$F`"), "{refused:?}");
    fs::write(folder.path().join(".dockerignore"), "x/[\n").unwrap();
    fs::write(folder.path().join("Dockerfile"), "FROM a\nCOPY app /\n").unwrap();
    let (files, refused) = shared(&folder, &[("Dockerfile", vec![exclude(".env")])]);
    assert_eq!(files, []);
    assert!(refused[0].contains("line 1") && !refused[0].contains("harden-"), "{refused:?}");
}
