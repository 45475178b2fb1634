use super::*;
use crate::non_root_user::launch::probe::World;

fn id(id: Id) -> String {
    match id {
        Id::Known(id) => id.to_string(),
        Id::Default => "tool".to_owned(),
        Id::Unknown => "?".to_owned(),
    }
}

/// `name uid:gid home [system] [maybe] [arg NAME] [used]` of each user.
fn users_of(text: &str, files: &[(&str, &str)]) -> Vec<String> {
    World::new(files).look(text, |view, _| {
        let one = |user: &Account<'_>| {
            let mut text = format!("{} {}:{}", user.name, id(user.uid), id(user.gid));
            text.push(' ');
            text.push_str(user.home.as_deref().unwrap_or("?"));
            let made = user.home_made.map_or("?", |made| if made { "+" } else { "-" });
            text.push_str(made);
            for (is, word) in [(user.system, " system"), (user.conditional, " maybe"), (user.used, " used")] {
                text.push_str(if is { word } else { "" });
            }
            if let Some(argument) = &user.from_argument {
                text.push_str(" arg ");
                text.push_str(argument);
            }
            text
        };
        view.accounts.users().map(one).collect()
    })
}

fn users(text: &str) -> Vec<String> {
    users_of(text, &[])
}

/// Users a RUN makes on a base image.
fn run(base: &str, script: &str) -> Vec<String> {
    users(&format!("FROM {base}\nRUN {script}\n"))
}

fn gaps_of(text: &str, files: &[(&str, &str)]) -> Vec<String> {
    World::new(files).look(text, |view, _| {
        assert_eq!(view.accounts.complete(), view.accounts.gaps().is_empty());
        view.accounts.gaps().iter().map(|gap| gap.what.clone()).collect()
    })
}

fn gaps(script: &str) -> Vec<String> {
    gaps_of(&format!("FROM debian:12\nRUN {script}\n"), &[])
}

#[test]
fn useradd() {
    for (script, expected) in [
        ("useradd app", "app tool:tool /home/app?"),
        ("useradd -m app", "app tool:tool /home/app+"),
        ("useradd --no-log-init -r -u 999 app", "app 999:999 /home/app- system"),
        // The group of a system user stays below 1000.
        ("useradd -r -u 10001 app", "app 10001:? /home/app- system"),
        ("useradd -u 10001 app", "app 10001:10001 /home/app?"),
        ("useradd -u 100000 app", "app 100000:? /home/app?"),
        ("useradd -N -u 10001 app", "app 10001:? /home/app?"),
        ("useradd -rmu 1001 -g 0 -d /srv/app -s /sbin/nologin app", "app 1001:0 /srv/app+ system"),
        ("useradd --uid=1001 --gid root --home /x --create app", "app 1001:0 /x+"),
        ("groupadd -g 1500 web && useradd -u 1501 -g web app", "app 1501:1500 /home/app?"),
        ("groupadd -r web && useradd -r -g web app", "app tool:? /home/app- system"),
        ("groupadd -f -g 7 web && useradd -g web app", "app tool:? /home/app?"),
        ("useradd -g www-data app", "app tool:33 /home/app?"),
        ("useradd -g nothere app", "app tool:? /home/app?"),
        ("useradd -b /opt app", "app tool:tool ??"),
        ("/usr/sbin/useradd -M app", "app tool:tool /home/app-"),
        ("sudo useradd app", "app tool:tool /home/app?"),
        ("sh -c 'useradd -u 5 app'", "app 5:5 /home/app?"),
        ("useradd -u 0 -o toor", "toor 0:? /home/toor?"),
    ] {
        assert_eq!(run("debian:12", script), [expected], "{script}");
    }
    assert_eq!(run("debian:12", "useradd -D -s /bin/bash"), [""; 0]);
    assert_eq!(run("debian:12", "echo useradd app; man useradd"), [""; 0]);
}

#[test]
fn three_programs_are_called_adduser() {
    for (base, script, expected) in [
        ("alpine:3.20", "adduser -D app", "app tool:tool /home/app+"),
        ("alpine:3.20", "adduser -S -D -H -u 10001 -G root -h /srv app", "app 10001:0 /srv- system"),
        (
            "alpine:3.20",
            "addgroup -S -g 70 web && adduser -S -u 71 -G web web",
            "web 71:70 /home/web+ system",
        ),
        ("alpine:3.20", "addgroup -S web && adduser -S -G web web", "web tool:? /home/web+ system"),
        // -g is the comment, the group is nogroup.
        ("alpine:3.20", "adduser -S -g 'Web app' -u 71 app", "app 71:65533 /home/app+ system"),
        ("alpine:3.20", "adduser -u 71 -D -g '' app", "app 71:71 /home/app+"),
        ("alpine:3.20", "adduser --system --uid 71 --ingroup root app", "app 71:0 /home/app+ system"),
        ("debian:12", "adduser --disabled-password --gecos '' app", "app tool:tool /home/app+"),
        ("debian:12", "adduser --uid 1234 --gecos '' --disabled-login app", "app 1234:1234 /home/app+"),
        ("debian:12", "adduser --system --uid 1234 app", "app 1234:65534 ?? system"),
        ("debian:12", "adduser --system --group --uid 200 app", "app 200:200 ?? system"),
        ("debian:12", "adduser --system --no-create-home --ingroup www-data app", "app tool:33 ?? system"),
        ("fedora:40", "adduser -u 1000 -g 0 -m app", "app 1000:0 /home/app+"),
        ("fedora:40", "adduser app", "app tool:tool /home/app?"),
        ("example.com/own", "adduser -u 1000 app", "app 1000:? /home/app?"),
        ("example.com/own", "adduser -D -u 1000 app", "app 1000:1000 /home/app+"),
        ("example.com/own", "adduser -r -u 100 app", "app 100:100 /home/app- system"),
        ("example.com/own", "apk add curl && adduser -u 1000 -g x app", "app 1000:1000 /home/app+"),
        ("example.com/own", "dnf install -y x && adduser -u 1000 app", "app 1000:1000 /home/app?"),
    ] {
        assert_eq!(run(base, script), [expected], "{base}: {script}");
    }
    // A user that exists joins a group that exists.
    assert_eq!(run("alpine:3.20", "adduser nginx www-data; addgroup nginx www-data"), [""; 0]);
    assert_eq!(gaps("addgroup nginx www-data"), [""; 0]);
}

#[test]
fn variables_come_from_the_file() {
    let text = "FROM debian:12\nARG UID=1000\nENV NAME=web\nARG NONE\nRUN useradd -u $UID \"${NAME}\"\n\
                RUN useradd -u ${NONE} two && useradd -u $(id -u) three && N=4 && useradd -u $N four\n\
                RUN for u in a b; do useradd $u; done\n";
    assert_eq!(
        users(text),
        [
            "web 1000:1000 /home/web? arg UID",
            "two ?:? /home/two?",
            "three ?:? /home/three?",
            "four ?:? /home/four?"
        ]
    );
    assert_eq!(gaps_of(text, &[]), ["a command that makes a user whose name cannot be told"]);
}

#[test]
fn conditions_make_a_user_uncertain() {
    for (script, certain) in [
        ("apt-get update && apt-get install -y x && useradd -u 5 app && rm -rf /x", true),
        ("set -eux; useradd -u 5 app; mkdir /x", true),
        ("useradd -u 5 app || exit 1", true),
        ("id app || useradd -u 5 app", false),
        ("useradd -u 5 app || true", false),
        ("useradd -u 5 app \\\n  || :", false),
        ("if ! id app; then useradd -u 5 app; fi", false),
        ("[ -n \"$X\" ] && useradd -u 5 app", false),
        ("getent passwd app || (groupadd app && useradd -u 5 app)", false),
        ("f() { useradd -u 5 app; }; f", false),
    ] {
        let maybe = if certain { "" } else { " maybe" };
        assert_eq!(run("debian:12", script), [format!("app 5:5 /home/app?{maybe}")], "{script}");
    }
}

#[test]
fn users_change_and_go() {
    for (script, expected) in [
        ("useradd -u 5 app && usermod -u 6 app", Some("app 6:5 /home/app?")),
        ("useradd app && usermod -u 6 app", Some("app 6:? /home/app?")),
        ("useradd -u 5 app && usermod -g 0 -l web -d /web -m app", Some("web 5:0 /web?")),
        ("useradd -u 5 app && usermod -aG sudo app", Some("app 5:5 /home/app?")),
        ("groupadd -g 8 x && useradd -u 5 -g x app && groupmod -g 9 x", Some("app 5:9 /home/app?")),
        ("useradd -u 5 app && userdel -r app", None),
        ("useradd -u 5 app && deluser app || true", Some("app 5:5 /home/app? maybe")),
    ] {
        let expected: Vec<&str> = expected.into_iter().collect();
        assert_eq!(run("debian:12", script), expected, "{script}");
    }
    // Users of the base image that the file changes are listed from then on.
    assert_eq!(run("debian:12", "usermod -u 1000 www-data"), ["www-data 1000:33 /var/www?"]);
    assert_eq!(
        run("node:22", "usermod -l app -d /home/app -m node && groupmod -n app node"),
        ["app 1000:1000 /home/app?"]
    );
}

#[test]
fn lines_for_passwd() {
    for script in [
        "echo 'app:x:10001:10002::/srv:/sbin/nologin' >> /etc/passwd",
        "echo \"app:x:10001:10002::/srv:/sbin/nologin\" | tee -a /etc/passwd",
        "printf 'app:x:10001:10002::/srv:/sbin/nologin\\n' >>/etc/passwd",
        "printf '%s\\n' 'app:x:10001:10002::/srv:/bin/sh' >>/etc/passwd",
        "cd /etc && echo 'app:x:10001:10002::/srv:/bin/sh' >> passwd",
    ] {
        assert_eq!(run("alpine", script), ["app 10001:10002 /srv-"], "{script}");
        assert_eq!(gaps(script), [""; 0], "{script}");
    }
    let guarded =
        "grep -q '^app:' /etc/passwd || echo 'app:x:10001:10002::/srv:/sbin/nologin' >> /etc/passwd";
    assert_eq!(run("alpine", guarded), ["app 10001:10002 /srv- maybe"]);
    let heredoc = "FROM alpine\nRUN cat >> /etc/passwd <<EOF\napp:x:1:2::/srv:/sbin/nologin\nEOF\n";
    assert_eq!(users(heredoc), ["app 1:2 /srv-"]);
    let copied = "FROM scratch\nCOPY <<EOF /etc/passwd\napp:x:1:2::/srv:/sbin/nologin\nEOF\n";
    assert_eq!(users(copied), ["app 1:2 /srv-"]);
    assert_eq!(run("alpine", "echo app:x:1:2::/srv:/bin/sh > /tmp/passwd"), [""; 0]);
    assert_eq!(
        gaps("sed -i s/x/y/ /etc/passwd"),
        ["a command that changes /etc/passwd in a way that is not followed"]
    );
    assert_eq!(gaps("sed s/x/y/ /etc/passwd; chmod g=u /etc/passwd; cat /etc/passwd"), [""; 0]);
}

#[test]
fn passwd_of_the_context() {
    let files = [
        ("etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:7:8:App:/srv:/bin/sh\n"),
        ("p", "web:x:9:9::/:/x\n"),
    ];
    assert_eq!(users_of("FROM scratch\nCOPY p /etc/passwd\n", &files), ["web 9:9 /-"]);
    assert_eq!(users_of("FROM alpine\nCOPY etc /etc/\n", &files), ["root 0:0 /root-", "app 7:8 /srv-"]);
    assert_eq!(users_of("FROM alpine\nCOPY . /\n", &files), ["root 0:0 /root-", "app 7:8 /srv-"]);
    assert_eq!(users_of("FROM alpine\nCOPY . /app/\n", &files), [""; 0]);
    let missing = gaps_of("FROM alpine\nCOPY gone /etc/passwd\n", &files);
    assert!(missing.len() == 1 && missing[0].starts_with("gone, which cannot be read"), "{missing:?}");
}

#[test]
fn passwd_of_another_stage() {
    let build = "FROM golang:1.22-alpine AS build\nRUN adduser -D -u 10001 app\n";
    let rest = |text: &str| {
        World::new(&[]).look(text, |view, _| vec![format!("{:?}", view.accounts.rest())]).remove(0)
    };
    let text = format!("{build}FROM scratch\nCOPY --from=build /etc/passwd /etc/group /etc/\nUSER app\n");
    assert_eq!(users(&text), ["app 10001:10001 /home/app- used"]);
    assert_eq!(rest(&text), "Stage(0)");
    let text = format!("{build}FROM scratch\nCOPY --from=0 /etc/passwd /etc/passwd\n");
    assert_eq!(users(&text), ["app 10001:10001 /home/app-"]);
    let text = format!("{build}FROM scratch\nCOPY --from=build / /\n");
    assert_eq!(users(&text), ["app 10001:10001 /home/app-"]);
    let text = "FROM alpine AS build\nRUN echo 'app:x:1:1::/:/x' > /tmp/users\nFROM scratch\nCOPY --from=build /tmp/users /etc/passwd\n";
    assert_eq!(users(text), ["app 1:1 /-"]);
    assert_eq!(rest(text), "Nowhere");
    let text = "FROM scratch\nCOPY --from=alpine:3 /etc/passwd /etc/passwd\n";
    assert!(rest(text).starts_with("Image("), "{}", rest(text));
    assert_eq!(gaps_of(text, &[]), ["the users of alpine:3"]);
    // Made before the file is replaced: gone.
    let text = "FROM alpine AS b\nFROM alpine\nRUN adduser -D x\nCOPY --from=b /etc/passwd /etc/passwd\n";
    assert_eq!(users(text), [""; 0]);
    // A stage the last one starts from counts as its own.
    let text = format!("{build}FROM build\nUSER app\n");
    assert_eq!(users(&text), ["app 10001:10001 /home/app+ used"]);
}

#[test]
fn what_uses_a_user() {
    let used = |rest: &str| {
        users(&format!("FROM debian:12\nRUN useradd -u 5000 app\n{rest}\n"))[0].contains(" used")
    };
    for rest in [
        "USER app",
        "USER 5000:5000",
        "USER ${NOBODY:-app}\n",
        "COPY --chown=app:app . /app",
        "COPY --chown=5000 . /app",
        "RUN mkdir /x && chown -R app:app /x",
        "RUN su - app -c 'echo'",
        "RUN runuser -u app -- x",
        "ENTRYPOINT [\"gosu\", \"app\", \"x\"]",
        "CMD exec su-exec app:app x",
        "CMD sudo --user=app x",
        "RUN install -d -o app /data",
        "FROM scratch\nFROM debian:12\nRUN useradd -u 5000 app\nUSER app\nFROM debian:12\nRUN useradd -u 5000 app",
    ] {
        let expected = !rest.contains("NOBODY");
        assert_eq!(used(rest), expected, "{rest}");
    }
    for rest in ["USER root", "RUN echo app", "COPY --chown=0 . /app", "CMD [\"app\"]", "WORKDIR /home/app"] {
        assert!(!used(rest), "{rest}");
    }
}

#[test]
fn what_cannot_be_seen_is_said() {
    for (script, gap) in [
        ("apt-get install -y postgresql", "the package postgresql, which makes users"),
        ("./setup.sh", "the script ./setup.sh"),
        ("bash /tmp/x.sh --all", "the script /tmp/x.sh"),
        ("curl -sSL https://example.com/get | sh", "a script that is read from a pipe"),
        ("sh -c \"$(curl -fsSL https://example.com/x)\"", "a script that is read from a pipe"),
        ("newusers < list", "a command that makes users in a way that is not followed"),
        ("dpkg -i x.deb", "a package that is installed from a file"),
    ] {
        assert_eq!(gaps(script), [gap], "{script}");
    }
    for script in [
        "apt-get update && apt-get install -y --no-install-recommends curl libpq-dev postgresql-client",
        "curl -LsSf https://astral.sh/uv/install.sh | sh",
        "curl -fsSL https://deb.nodesource.com/setup_20.x | bash -",
        "./configure && make install",
        "./gradlew build && ./mvnw package && bin/rails assets:precompile",
        "npm ci && npm run build && pip install -r requirements.txt",
        "bash -c 'echo hi'",
    ] {
        assert_eq!(gaps(script), [""; 0], "{script}");
    }
    let taken = World::new(&[]).look("FROM debian:12\nRUN apt-get install -y redis-server\n", |view, _| {
        vec![view.accounts.is_taken("redis").to_string(), view.accounts.is_taken("app").to_string()]
    });
    assert_eq!(taken, ["true", "false"]);
}

#[test]
fn scripts_of_the_context_are_read() {
    let text = "FROM debian:12\nCOPY setup.sh /tmp/\nRUN sh /tmp/setup.sh\n";
    let files = [("setup.sh", "#!/bin/sh\nset -e\nuseradd -u 77 app\n")];
    assert_eq!(users_of(text, &files), ["app 77:77 /home/app? maybe"]);
    assert_eq!(gaps_of(text, &files), [""; 0]);
    assert_eq!(gaps_of(text, &[("setup.sh", "apt-get update\n")]), [""; 0]);
    assert_eq!(gaps_of(text, &[("setup.sh", "useradd $1\n")]).len(), 2);
}

#[test]
fn the_option_has_a_place() {
    let text = "FROM debian:12\nRUN set -e; \\\n    groupadd -r web \\\n && useradd -r -g web web\nRUN useradd -u 4 two\n";
    let found = World::new(&[]).look(text, |view, _| {
        let user = view.accounts.user("web").unwrap();
        let group = view.accounts.group("web").unwrap();
        let before = |place: Option<(u32, &str)>| {
            place.map(|(at, option)| format!("{}|{option}", &text[at as usize - 8..at as usize]))
        };
        assert!(view.accounts.user("two").unwrap().id_option().is_none());
        [before(user.id_option()), before(group.id_option())].into_iter().flatten().collect()
    });
    assert_eq!(found, [" useradd|--uid", "groupadd|--gid"]);
    let text = "FROM alpine\nRUN adduser -D app\n";
    let found = World::new(&[]).look(text, |view, _| {
        let user = view.accounts.user("app").unwrap();
        vec![format!("{:?} {:?}", user.id_option().unwrap().1, user.gid_for(10_001))]
    });
    assert_eq!(found, ["\"-u\" Some(10001)"]);
}

#[test]
fn windows() {
    let text = "# escape=`\nFROM mcr.microsoft.com/windows/servercore:ltsc2022\nSHELL [\"powershell\", \"-Command\"]\n\
                RUN net user app Passw0rd /add; net user\nRUN New-LocalUser -Name web -NoPassword\n";
    assert_eq!(users(text), ["app ?:? ??", "web ?:? ??"]);
}

#[test]
fn hostile_files_end() {
    let many = format!("FROM debian\nRUN {}\n", "useradd -u 1 a;".repeat(3_000));
    assert_eq!(users(&many).len(), 1);
    let names: Vec<String> = (0..3_000).map(|at| format!("useradd u{at};")).collect();
    let names = names.concat();
    assert_eq!(users(&format!("FROM debian\nRUN {names}\n")).len(), 1_000);
    let chain: Vec<String> = (1..200)
        .map(|at| format!("FROM scratch AS s{at}\nCOPY --from=s{} /etc/passwd /etc/passwd\n", at - 1))
        .collect();
    let text = format!("FROM debian AS s0\nRUN useradd app\n{}", chain.concat());
    assert_eq!(users(&text), [""; 0]);
}

#[test]
fn file_systems_that_are_laid_over() {
    let made = "FROM alpine:3.20\nRUN adduser -D -u 5 app\n";
    let text = format!("{made}COPY --from=example.com/tool:1 / /\n");
    assert_eq!(users(&text), ["app 5:5 /home/app+ maybe"]);
    assert_eq!(gaps_of(&text, &[]), ["the files of example.com/tool:1, which may hold users"]);
    let text = format!("FROM scratch AS tool\nCOPY x /\n{made}COPY --from=tool / /\n");
    assert_eq!(users(&text), ["app 5:5 /home/app+"]);
    assert_eq!(gaps_of(&text, &[]), [""; 0]);
    let text = "FROM scratch\nADD rootfs.tar.xz /\n";
    assert_eq!(gaps_of(text, &[]), ["the archive rootfs.tar.xz, which may hold users"]);
    let text = "FROM scratch\nCOPY --from=alpine /bin/tool /\nCOPY app /\n";
    assert_eq!(gaps_of(text, &[]), [""; 0]);
}
