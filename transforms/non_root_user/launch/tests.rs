use harden_core::ServiceKind;
use harden_core::shell;

use super::guard;
use super::probe::World;

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn entrypoint_and_command_are_combined_as_docker_does() {
    let world = World::new(&[]);
    let table: [(&str, &[&str]); 8] = [
        ("FROM a\nCMD [\"app\", \"--x\"]\n", &["Dockerfile:2: app --x"]),
        ("FROM a\nENTRYPOINT [\"app\"]\nCMD [\"--x\"]\n", &["Dockerfile:2: app --x"]),
        ("FROM a\nCMD app --x && other\n", &["Dockerfile:2: app --x", "Dockerfile:2: other"]),
        // The shell form of ENTRYPOINT takes no CMD.
        ("FROM a\nENTRYPOINT app\nCMD [\"lost\"]\n", &["Dockerfile:2: app"]),
        ("FROM a\nENTRYPOINT [\"tini\", \"--\"]\nCMD [\"node\", \"x.js\"]\n", &["Dockerfile:3: node x.js"]),
        // A CMD of the parent is reset by ENTRYPOINT.
        ("FROM a AS b\nCMD [\"lost\"]\nFROM b\nENTRYPOINT [\"app\"]\n", &["Dockerfile:4: app"]),
        (
            "FROM a\nCMD [\"sh\", \"-c\", \"exec python -m http.server 80\"]\n",
            &["Dockerfile:2: http.server 80"],
        ),
        ("FROM a\nCMD exec env A=b nice -n 5 \\\n  gunicorn app:app\n", &["Dockerfile:3: gunicorn app:app"]),
    ];
    for (text, expected) in table {
        assert_eq!(world.commands(text), expected, "{text}");
    }
}

#[test]
fn base_images_bring_entrypoints_and_commands() {
    let world = World::new(&[]).with_base(&["docker-entrypoint.sh"], &["node"]);
    assert_eq!(world.commands("FROM a\n"), ["base: docker-entrypoint.sh node", "base: node"]);
    let own = "FROM a\nCMD [\"npm\", \"start\"]\n";
    assert!(world.commands(own).contains(&"Dockerfile:2: npm start".to_owned()));
    // ENTRYPOINT takes the command of the base image away.
    assert_eq!(world.commands("FROM a\nENTRYPOINT [\"app\"]\n"), ["Dockerfile:2: app"]);
    assert_eq!(World::new(&[]).risks("FROM a\n"), ["lower no-command base"]);
    assert_eq!(World::new(&[]).without_base().unread("FROM x/y:1\n"), ["the base image"]);
    let unknown = World::new(&[]).without_base().unread("FROM x/y:1\nCMD [\"app\"]\n");
    assert_eq!(unknown, ["the entrypoint of the base image"]);
    let unknown = World::new(&[]).without_base().unread("FROM x/y:1\nENTRYPOINT [\"app\"]\n");
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn scripts_of_the_context_are_followed() {
    let world = World::new(&[
        (
            "docker/entry.sh",
            "#!/bin/sh\nset -e\n. ./lib.sh\nif [ -n \"$X\" ]; then\n  migrate\nfi\nexec \"$@\"\n",
        ),
        ("lib.sh", "setup() {\n  prepare\n}\nnever() { forgotten; }\nsetup\n"),
    ]);
    let text = "FROM a\nWORKDIR /app\nCOPY lib.sh docker/entry.sh ./\nRUN chmod +x entry.sh\n\
                ENTRYPOINT [\"./entry.sh\"]\nCMD [\"serve\", \"--port\", \"8080\"]\n";
    let commands = world.commands(text);
    for expected in [
        "docker/entry.sh:5: migrate",
        "lib.sh:2: prepare",
        "lib.sh:5: setup",
        "Dockerfile:6: serve --port 8080",
    ] {
        assert!(commands.contains(&expected.to_owned()), "{expected} in {commands:#?}");
    }
    assert!(!commands.iter().any(|one| one.contains("forgotten")), "{commands:#?}");
    assert!(world.unread(text).is_empty(), "{:?}", world.unread(text));
}

#[test]
fn scripts_in_path_and_heredocs_are_followed() {
    let world = World::new(&[("start.sh", "#!/usr/bin/env bash\nexec /opt/run.sh\n")]);
    let text = "FROM a\nCOPY start.sh /usr/local/bin/\nCOPY <<EOF /opt/run.sh\n#!/bin/sh\nserve\nEOF\n\
                CMD [\"start.sh\"]\n";
    assert!(world.commands(text).contains(&"Dockerfile:5: serve".to_owned()), "{:#?}", world.commands(text));
    // A script that is run by a shell, with its own arguments.
    let world = World::new(&[("run.sh", "$1 --now\nexec \"$@\"\n")]);
    let text = "FROM a\nCOPY run.sh /\nCMD bash -e /run.sh serve\n";
    let commands = world.commands(text);
    assert!(commands.contains(&"Dockerfile:3: serve".to_owned()), "{commands:#?}");
}

#[test]
fn what_cannot_be_read_is_told() {
    let world = World::new(&[("bin/app", "\u{7f}ELF"), ("x.py", "print()")]);
    let table: [(&str, &[&str]); 11] = [
        ("FROM a\nRUN echo hi > /usr/bin/go-on\nCMD [\"go-on\"]\n", &["/usr/bin/go-on"]),
        ("FROM a\nRUN curl -Lo /usr/bin/app https://x/app && chmod +x /usr/bin/app\nCMD [\"app\"]\n", &[]),
        ("FROM a\nRUN make-it\nCMD [\"/entrypoint.sh\"]\n", &["/entrypoint.sh"]),
        ("FROM a\nRUN echo hi > /start.sh\nCMD [\"/start.sh\"]\n", &["/start.sh"]),
        (
            "FROM a AS b\nRUN x\nFROM a\nCOPY --from=b /start.sh /start.sh\nCMD [\"/start.sh\"]\n",
            &["/start.sh"],
        ),
        // Programs are no scripts.
        ("FROM a AS b\nRUN x\nFROM a\nCOPY --from=b /app /app\nCMD [\"/app\"]\n", &[]),
        ("FROM a\nCOPY bin/app /app\nENTRYPOINT [\"/app\"]\n", &[]),
        ("FROM a\nCOPY x.py /\nCMD [\"python3\", \"/x.py\"]\n", &[]),
        ("FROM a\nCMD [\"java\", \"-jar\", \"/app.jar\"]\n", &[]),
        ("FROM a\nCMD bash $SCRIPT\n", &["$SCRIPT"]),
        ("FROM a\nWORKDIR /app\nCMD [\"npm\", \"start\"]\n", &["`npm start`"]),
    ];
    for (text, expected) in table {
        assert_eq!(world.unread(text), expected, "{text}");
    }
}

#[test]
fn scripts_of_package_managers_are_followed() {
    let package = "{\n  \"name\": \"x\",\n  \"scripts\": {\n    \"prestart\": \"tsc\",\n    \"start\": \"node dist/x.js\",\n    \
                   \"dev\": \"nodemon x.ts\"\n  }\n}\n";
    let world = World::new(&[("package.json", package)]);
    let text = |command: &str| format!("FROM a\nWORKDIR /app\nCOPY . .\nCMD {command}\n");
    for command in
        ["[\"npm\", \"start\"]", "npm run start", "yarn start", "pnpm start", "[\"bun\", \"run\", \"start\"]"]
    {
        let commands = world.commands(&text(command));
        assert!(commands.contains(&"package.json:4: tsc".to_owned()), "{command}: {commands:#?}");
        assert!(commands.contains(&"package.json:5: node dist/x.js".to_owned()), "{command}: {commands:#?}");
        assert!(!commands.iter().any(|one| one.contains("nodemon")), "{command}: {commands:#?}");
    }
    assert_eq!(world.unread(&text("npm run nothing")), ["`npm run nothing`"]);
    // A script may name itself.
    let world = World::new(&[("package.json", "{\"scripts\":{\"start\":\"npm start\"}}")]);
    assert!(world.unread(&text("npm start")).is_empty());
}

#[test]
fn makefiles_and_procfiles_are_followed() {
    let world = World::new(&[
        (
            "Makefile",
            "X := 1\n.PHONY: run\nall: run\nrun: prepare\n\t@exec ./serve --port $$PORT\nprepare:\n\tmkdir -p x\n",
        ),
        ("Procfile", "web: bundle exec puma -C config/puma.rb\nworker: sidekiq\n"),
    ]);
    let text = |command: &str| format!("FROM a\nWORKDIR /app\nCOPY . .\nCMD {command}\n");
    let commands = world.commands(&text("make run"));
    assert!(commands.contains(&"Makefile:5: ./serve --port $PORT".to_owned()), "{commands:#?}");
    assert!(commands.contains(&"Makefile:7: mkdir -p x".to_owned()), "{commands:#?}");
    assert!(world.commands(&text("make")).contains(&"Makefile:7: mkdir -p x".to_owned()));
    let commands = world.commands(&text("foreman start"));
    assert!(commands.contains(&"Procfile:1: puma -C config/puma.rb".to_owned()), "{commands:#?}");
    assert!(commands.contains(&"Procfile:2: sidekiq".to_owned()), "{commands:#?}");
}

#[test]
fn services_start_the_image_their_own_way() {
    let text = "FROM a\nENTRYPOINT [\"app\"]\nCMD [\"run\"]\n";
    let world = World::new(&[]).with_service(vec![ServiceKind::Command(words(&["work"]))]);
    assert_eq!(world.commands(text), ["Dockerfile:2: app run", "Dockerfile:2: app work"]);
    let world = World::new(&[]).with_service(vec![ServiceKind::Entrypoint(words(&["sudo", "x"]))]);
    assert_eq!(world.risks(text), ["stop drops-privileges compose.yaml:7"]);
}

#[test]
fn health_checks_are_commands_too() {
    let text = "FROM a\nCMD [\"app\"]\nHEALTHCHECK --interval=5s CMD sudo curl localhost\n";
    assert_eq!(World::new(&[]).risks(text), ["stop drops-privileges Dockerfile:3"]);
    let text = "FROM a\nCMD [\"app\"]\nHEALTHCHECK NONE\n";
    assert!(World::new(&[]).risks(text).is_empty());
    let text = "FROM a\nCMD [\"app\"]\nHEALTHCHECK CMD [\"curl\", \"-f\", \"http://localhost:80/\"]\n";
    assert!(World::new(&[]).risks(text).is_empty());
}

fn root_only(text: &str) -> Vec<String> {
    let script = shell::read(text);
    let regions = guard::root_only(text, &script.commands);
    let inside = script.commands.iter().filter(|command| {
        regions.iter().any(|region| region.contains(&command.span.start)) && command.name().is_some()
    });
    inside.filter_map(|command| command.name().map(str::to_owned)).collect()
}

#[test]
fn tests_for_root_guard_what_follows() {
    let guarded = [
        "if [ \"$(id -u)\" = 0 ]; then\n  chown x /y\nfi\nexec \"$@\"\n",
        "if [ \"$(id -u)\" = '0' ] && [ -d /y ]; then chown x /y; fi\n",
        "if [ \"$1\" = app -a \"$(id -u)\" -eq 0 ]; then\nchown x /y\nfi\n",
        "if [[ $EUID == 0 ]]; then\n\tchown x /y # if\nfi\n",
        "if test \"$(whoami)\" = root; then chown x /y; fi\n",
        "if [ \"$(id -u)\" != 0 ]; then serve; else chown x /y; fi\n",
        "user=\"$(id -u)\"\nif [ \"$user\" = '0' ]; then chown x /y; fi\n",
        "[ \"$(id -u)\" = 0 ] && chown x /y\n",
        "[ \"$(id -u)\" -ne 0 ] || chown x /y\n",
        "if [ \"$(id -u)\" -ne 0 ]; then\n  exec \"$@\"\nfi\nchown x /y\n",
    ];
    for text in guarded {
        assert_eq!(root_only(text).iter().filter(|name| *name == "chown").count(), 1, "{text}");
    }
    let open = [
        "if [ -d /y ]; then chown x /y; fi\n",
        "if [ \"$(id -u)\" = 0 ] || [ -d /y ]; then chown x /y; fi\n",
        "if [ \"$(id -u)\" = 0 ]; then serve; fi\nchown x /y\n",
        "if [ \"$(id -u)\" = 0 ]; then serve; else chown x /y; fi\n",
        "if [ \"$(id -u)\" = 1000 ]; then chown x /y; fi\n",
        "if [ \"$(id -u)\" != 0 ]; then echo no; fi\nchown x /y\n",
        "if [ \"$(id -u)\" != 0 ]; then test -d /y && exit 1; fi\nchown x /y\n",
        "f() {\n if [ \"$(id -u)\" != 0 ]; then exit; fi\n}\nchown x /y\n",
        "case $1 in\na)\n if [ \"$(id -u)\" != 0 ]; then exit; fi\n;;\nesac\nchown x /y\n",
        "cat <<EOF\nif [ \"$(id -u)\" = 0 ]; then\nEOF\nchown x /y\n",
        "[ \"$(id -u)\" = 0 ] && serve; chown x /y\n",
        "[ \"$(id -u)\" = 0 ] || chown x /y\n",
        "echo 'if [ \"$(id -u)\" = 0 ]; then'\nchown x /y\n",
    ];
    for text in open {
        assert!(!root_only(text).contains(&"chown".to_owned()), "{text}");
    }
}

#[test]
fn hostile_scripts_end() {
    let recursive = World::new(&[("a.sh", "./b.sh\n. ./a.sh\n"), ("b.sh", "./a.sh \"$@\" x\n")]);
    let text = "FROM a\nWORKDIR /app\nCOPY . .\nCMD [\"./a.sh\"]\n";
    assert!(recursive.commands(text).len() < 4100);
    let many: Vec<String> = (0..20_000).map(|index| format!("f{index}() {{ f{}; }}\n", index + 1)).collect();
    let world = World::new(&[("a.sh", &format!("{}f0\n", many.concat()))]);
    assert!(world.commands(text).len() <= 4001);
    assert!(world.unread(text).iter().any(|name| name.contains("start of the container")));
    let deep = format!("{}x{}", "if a; then ".repeat(500), "; fi".repeat(500));
    assert!(!World::new(&[("a.sh", &deep)]).commands(text).is_empty());
}

#[test]
fn a_prompt_is_no_command() {
    let idle = |world: World, text: &str| world.risks(text) == ["lower no-command base"];
    assert!(idle(World::new(&[]).with_base(&[], &["bash"]), "FROM a\nRUN x\n"));
    assert!(idle(World::new(&[]).with_base(&[], &["python3"]), "FROM a\nCOPY . /src\n"));
    assert!(!idle(World::new(&[]).with_base(&[], &["nginx", "-g", "daemon off;"]), "FROM a\n"));
    assert!(!idle(World::new(&[]).with_base(&[], &["bash"]), "FROM a\nCMD [\"app\"]\n"));
    let service =
        World::new(&[]).with_base(&[], &["bash"]).with_service(vec![ServiceKind::Command(words(&["app"]))]);
    assert!(service.risks("FROM a\n").is_empty());
}

#[test]
fn empty_scripts_and_folders_over_the_root_are_told() {
    let world = World::new(&[("entry.sh", "#!/bin/sh\n# nothing\n")]);
    assert_eq!(
        world.unread("FROM a\nCOPY entry.sh /\nENTRYPOINT [\"/entry.sh\"]\n"),
        ["the script entry.sh"]
    );
    let text = "FROM a\nARG ROOT\nCOPY $ROOT /\nCMD [\"/bin/boot\"]\n";
    assert_eq!(World::new(&[]).unread(text), ["/bin/boot"]);
}
