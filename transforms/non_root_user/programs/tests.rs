use crate::non_root_user::launch::probe::World;

/// The hazards of a script of the build context that is the entrypoint.
fn of_script(script: &str) -> Vec<String> {
    let world = World::new(&[("entry.sh", script)]);
    world.risks("FROM a\nWORKDIR /app\nCOPY entry.sh /app/\nENTRYPOINT [\"/app/entry.sh\"]\n")
}

/// The hazards of a CMD in shell form.
fn of_command(command: &str) -> Vec<String> {
    World::new(&[]).risks(&format!("FROM a\nWORKDIR /app\nCMD {command}\n"))
}

fn ids(risks: &[String]) -> Vec<&str> {
    let mut ids: Vec<&str> =
        risks.iter().map(|risk| risk.rsplit_once(' ').map_or("", |(id, _)| id)).collect();
    ids.dedup();
    ids
}

#[test]
fn what_only_root_may_do_stops() {
    let table = [
        ("gosu app serve", "stop drops-privileges"),
        ("su-exec app:app serve", "stop drops-privileges"),
        ("exec setpriv --reuid=1000 --clear-groups serve", "stop drops-privileges"),
        ("su app -c 'serve'", "stop drops-privileges"),
        ("sudo -E -u app serve", "stop drops-privileges"),
        ("start-stop-daemon --start --chuid app --exec /usr/bin/serve", "stop drops-privileges"),
        ("chown -R app /data && serve", "stop changes-owners"),
        ("usermod -u 1000 app; serve", "stop changes-accounts"),
        ("supervisord -n -c /etc/supervisord.conf", "stop init-system"),
        ("service nginx start", "stop init-system"),
        ("/etc/init.d/ssh start", "stop init-system"),
        ("cron -f", "stop needs-root"),
        ("/usr/sbin/sshd -D", "stop needs-root"),
        ("iptables -A INPUT -j DROP", "stop needs-root"),
        ("ip link add x type dummy", "stop needs-root"),
        ("sysctl -w net.core.somaxconn=1024", "stop needs-root"),
        ("mount -t tmpfs x /x", "stop needs-root"),
        ("apt-get install -y curl", "stop installs-packages"),
        ("apk add curl", "stop installs-packages"),
        ("npm install -g pm2", "stop installs-packages"),
        ("update-ca-certificates", "stop writes-system-path"),
        ("ssh-keygen -A", "stop writes-system-path"),
        ("echo x > /etc/app.conf", "stop writes-system-path"),
        ("envsubst < /a.tpl > /etc/nginx/conf.d/default.conf", "stop writes-system-path"),
        ("sed -i s/a/b/ /usr/share/x/config.js", "stop writes-system-path"),
        ("cp /app/x /usr/local/etc/x", "stop writes-system-path"),
        ("ln -sf /app/x /var/log/x", "stop writes-system-path"),
        ("mkdir -p /var/run/app", "stop writes-system-path"),
        ("echo x | tee /etc/x", "stop writes-system-path"),
        ("echo x > /etc/$NAME.conf", "stop writes-system-path"),
        ("echo x > /root/.x", "stop writes-root-home"),
        ("nginx -g 'daemon off;'", "stop server-configuration"),
        ("apachectl -D FOREGROUND", "stop server-configuration"),
        ("php-fpm8.2 -F", "stop server-configuration"),
    ];
    for (command, expected) in table {
        let risks = of_command(command);
        assert!(ids(&risks).contains(&expected), "{command}: {risks:?}");
        let risks = of_script(&format!("#!/bin/sh\nset -e\n{command}\n"));
        assert!(risks.contains(&format!("{expected} entry.sh:3")), "{command}: {risks:?}");
    }
}

#[test]
fn what_may_fail_lowers() {
    let table = [
        ("npm run dev", "lower development-server"),
        ("npx nodemon x.js", "lower development-server"),
        ("vite --host", "lower development-server"),
        ("next dev", "lower development-server"),
        ("flask run --debug", "lower development-server"),
        ("uvicorn app:app --reload", "lower development-server"),
        ("python manage.py runserver 0.0.0.0:8000", "lower development-server"),
        ("go run .", "lower development-server"),
        ("cargo run --release", "lower development-server"),
        ("./mvnw spring-boot:run", "lower development-server"),
        ("gradle bootRun", "lower development-server"),
        ("dotnet watch", "lower development-server"),
        ("npm install && node x.js", "lower installs-at-start"),
        ("pip install -r r.txt", "lower installs-at-start"),
        ("python -m pip install x", "lower installs-at-start"),
        ("bundle install", "lower installs-at-start"),
        ("playwright install", "lower installs-at-start"),
        ("npm run build && node x.js", "lower builds-at-start"),
        ("npx prisma migrate deploy", "lower builds-at-start"),
        ("python manage.py collectstatic --noinput", "lower builds-at-start"),
        ("php artisan storage:link", "lower builds-at-start"),
        ("jupyter lab --allow-root", "lower asks-for-root"),
        ("$APP --serve", "lower unknown-command"),
        ("gunicorn -b :80 app:app", "lower low-port"),
        ("uvicorn app:app --port 80", "lower low-port"),
        ("flask run --host=0.0.0.0 --port=443", "lower low-port"),
        ("python -m http.server 80", "lower low-port"),
        ("serve -p 80", "lower low-port"),
        ("java -Dserver.port=80 -jar x.jar", "lower low-port"),
        ("dotnet x.dll --urls http://*:80", "lower low-port"),
        ("caddy run", "lower server-directories"),
        ("sleep infinity", "lower interactive"),
        ("bash", "lower interactive"),
        ("chown -R app /data 2>/dev/null || true; serve", "lower changes-owners"),
        ("echo x > /etc/hosts || true; serve", "lower writes-system-path"),
        ("chmod -R 777 storage; serve", "lower writes-files"),
        ("python3", "lower interactive"),
        ("pandoc x.md", "lower command-line-tool"),
        ("app --help", "lower command-line-tool"),
        ("php server.php start", "lower writes-files"),
        ("rm -f /var/run/app.pid; serve", "lower removes-system-path"),
        ("echo x > $TARGET", "lower writes-unknown-path"),
        ("ping -c1 x || true", "lower needs-root"),
        ("touch /srv/x", "lower writes-files"),
    ];
    for (command, expected) in table {
        let risks = of_command(command);
        assert!(ids(&risks).contains(&expected), "{command}: {risks:?}");
        assert!(!risks.iter().any(|risk| risk.starts_with("stop")), "{command}: {risks:?}");
    }
}

#[test]
fn nothing_is_made_up() {
    let fine = [
        "node server.js",
        "echo 'use sudo to chown'",
        "app --mode cron --user su",
        "gunicorn --workers 4 --bind 0.0.0.0:8000 app:app",
        "app --service nginx start",
        "java -jar /app.jar --server.port=8080",
        "serve -p 3000 > /dev/stdout 2>&1",
        "echo started >> /proc/1/fd/1",
        "echo x > /tmp/x && cp /tmp/x /dev/shm/x",
        "dpkg --print-architecture; serve",
        "apk info -e curl; serve",
        "ip addr show; serve",
        "sysctl -n net.core.somaxconn; serve",
        "mount; serve",
        "redis-server --port 6379",
        "php-fpm",
        "memcached -m 64",
        "nginx -v",
        "curl -f http://x:80/ ; nc -z x 80; ssh -p 22 x; wait-for-it.sh db:80 -- serve",
        "app --db-port 80 --redis.port=99",
        "app -p 4",
        "test -f /etc/x && serve < /etc/x",
        "cat /etc/passwd; serve",
        "mkdir -p tmp/pids && rm -f tmp/pids/server.pid && serve",
        "command -v sudo; serve",
        "chmod -R 700 /tmp/x; serve",
        "touch /srv/x || true; serve",
        "git log -1; serve",
        "npm start --prefix /nowhere || serve",
    ];
    for command in fine {
        let risks: Vec<String> =
            of_command(command).into_iter().filter(|risk| !risk.contains("unread-script")).collect();
        assert!(risks.is_empty(), "{command}: {risks:?}");
    }
    let scripts = [
        "#!/bin/sh\n# apt-get install sudo\nfix() { chown -R app /data; }\nexec \"$@\"\n",
        "#!/bin/sh\ncat <<'EOF'\nchown app /x\nsudo x\nEOF\nserve\n",
        "#!/bin/sh\nFILE=/tmp/x\necho a > \"$FILE\"\nserve\n",
        "#!/bin/sh\nDIR=$(mktemp -d)\nserve\n",
        "#!/usr/bin/env python3\nimport os\nos.system('chown x y')\n",
    ];
    for script in scripts {
        assert!(of_script(script).is_empty(), "{script}: {:?}", of_script(script));
    }
}

#[test]
fn what_only_root_reaches_is_told_apart() {
    let script = "#!/bin/sh\nif [ \"$1\" = app ] && [ \"$(id -u)\" = 0 ]; then\n  chown -R app /data\n  \
                  exec gosu app \"$0\" \"$@\"\nfi\nexec \"$@\"\n";
    assert_eq!(of_script(script), ["lower changes-user-itself entry.sh:4"]);
    let script = "#!/bin/sh\nif [ \"$(id -u)\" = 0 ]; then apt-get install -y x; fi\nserve\n";
    assert_eq!(of_script(script), ["lower root-only-step entry.sh:2"]);
    let called = "#!/bin/sh\nfix() { chown -R app /data; }\nfix\nserve\n";
    assert_eq!(of_script(called), ["stop changes-owners entry.sh:2"]);
}

#[test]
fn variables_of_scripts_and_image_are_followed() {
    assert_eq!(of_script("CONF=/etc/x\necho a > \"$CONF/y\"\n"), ["stop writes-system-path entry.sh:2"]);
    assert_eq!(of_script("echo a > \"${CONF:-/etc/x}\"\n"), ["stop writes-system-path entry.sh:1"]);
    let text = "FROM a\nENV PORT=80 OUT=/tmp/x\nCMD serve --port $PORT > $OUT\n";
    assert_eq!(World::new(&[]).risks(text), ["lower low-port Dockerfile:3"]);
}

#[test]
fn own_programs_may_have_any_name() {
    let world = World::new(&[("init", "\u{7f}ELF"), ("cron", "\u{7f}ELF")]);
    for (file, command) in [("init", "/app/init"), ("cron", "./cron")] {
        let text = format!("FROM a\nWORKDIR /app\nCOPY {file} /app/{file}\nCMD [\"{command}\"]\n");
        assert!(world.risks(&text).is_empty(), "{text}: {:?}", world.risks(&text));
    }
    assert_eq!(World::new(&[]).risks("FROM a\nCMD [\"/init\"]\n"), ["stop init-system Dockerfile:2"]);
    let s6 = World::new(&[("run.sh", "#!/usr/bin/with-contenv bash\nserve\n")]);
    let text = "FROM a\nCOPY run.sh /run.sh\nCMD [\"/run.sh\"]\n";
    assert_eq!(s6.risks(text), ["stop init-system Dockerfile:3"]);
}

#[test]
fn a_configuration_of_nginx_for_users_is_seen() {
    let ready = "pid /tmp/nginx.pid;\nhttp {\n  server { \n listen 8080;\n }\n}\n";
    let text = "FROM a\nCOPY nginx.conf /etc/nginx/nginx.conf\nCMD [\"nginx\", \"-g\", \"daemon off;\"]\n";
    assert_eq!(World::new(&[("nginx.conf", ready)]).risks(text), ["lower server-configuration Dockerfile:3"]);
    let low = ready.replace("8080", "80");
    assert_eq!(World::new(&[("nginx.conf", &low)]).risks(text), ["stop server-configuration Dockerfile:3"]);
    let run = ready.replace("/tmp/", "/run/");
    assert_eq!(World::new(&[("nginx.conf", &run)]).risks(text), ["stop server-configuration Dockerfile:3"]);
}

#[test]
fn writes_into_copied_files_lower() {
    let world =
        World::new(&[("public/env.js", "x"), ("entry.sh", "envsubst < t > /app/public/env.js\nserve\n")]);
    let text = "FROM a\nWORKDIR /app\nCOPY . .\nCMD [\"./entry.sh\"]\n";
    assert_eq!(world.risks(text), ["lower writes-files entry.sh:1"]);
    let world = World::new(&[("entry.sh", "echo x > /app/logs/x.log\nserve\n")]);
    let text = "FROM a\nWORKDIR /app\nCOPY entry.sh /\nRUN mkdir -p logs\nCMD [\"/entry.sh\"]\n";
    assert!(world.risks(text).is_empty(), "{:?}", world.risks(text));
}

#[test]
fn the_table_of_servers_is_sound() {
    use super::table::{SERVERS, ServerDemand};
    let mut names = std::collections::BTreeSet::new();
    for server in SERVERS {
        for name in server.names {
            assert!(names.insert(*name), "{name} twice");
        }
        assert!(server.directories.iter().all(|path| path.starts_with('/')));
        let needs_directories =
            matches!(server.demand, ServerDemand::Directories | ServerDemand::Configuration);
        assert_eq!(needs_directories, !server.directories.is_empty(), "{:?}", server.names);
        assert!(server.low_ports.iter().all(|port| *port < 1024));
    }
}

#[test]
fn paths_that_nothing_provides_lower() {
    let world = World::new(&[]);
    let text = |arguments: &str, before: &str| {
        format!("FROM scratch\n{before}COPY a /a\nENTRYPOINT [\"/a\", {arguments}]\n")
    };
    let missing = ["lower missing-path Dockerfile:3"];
    assert_eq!(world.risks(&text("\"/state\"", "")), missing);
    assert_eq!(world.risks(&text("\"--dir=/srv/state/x\"", "")), missing);
    for fine in ["\"/tmp/x\"", "\"--path-prefix=/api\"", "\"state\"", "\"/etc/a.conf\"", "\"X=/y\""] {
        assert!(world.risks(&text(fine, "")).is_empty(), "{fine}");
    }
    let made = text("\"/state/db\"", "").replace("COPY a /a\n", "COPY a /a\nCOPY --from=0 /state /state\n");
    assert!(world.risks(&made).is_empty());
    let volume = text("\"/state/db\"", "").replace("COPY a /a\n", "COPY a /a\nVOLUME /state\n");
    assert!(world.risks(&volume).is_empty());
}

#[test]
fn httpd_of_busybox_is_not_apache() {
    assert!(of_command("httpd -f -p 8080 -h /app").is_empty());
    assert!(of_command("busybox httpd -f -p 8080 -h /app").is_empty());
    assert_eq!(ids(&of_command("httpd -D FOREGROUND")), ["stop server-configuration"]);
    assert_eq!(ids(&of_command("httpd -DFOREGROUND")), ["stop server-configuration"]);
}
