use crate::non_root_user::launch::probe::World;

/// Files of the build context, the command, and what is found.
type Case<'c> = (&'c [(&'c str, &'c str)], &'c str, &'c [&'c str]);

#[test]
fn frameworks_are_known_by_files_and_commands() {
    let table: [Case<'_>; 9] = [
        (
            &[("config/application.rb", "module X\n  class Application < Rails::Application\n")],
            "bundle exec puma",
            &["/app/log", "/app/storage", "/app/tmp", "/app/tmp/cache", "/app/tmp/pids", "/app/tmp/sockets"],
        ),
        (&[("config/application.rb", "Rails")], "python x.py", &[]),
        (
            &[("bin/console", "x"), ("config/bundles.php", "x")],
            "php-fpm",
            &["/app/var", "/app/var/cache", "/app/var/log"],
        ),
        (&[("bin/console", "x")], "php-fpm", &[]),
        (&[("package.json", "{\"dependencies\":{\"next\":\"15\"}}")], "next start", &["/app/.next/cache"]),
        (&[("package.json", "{\"dependencies\":{\"express\":\"5\"}}")], "node x.js", &[]),
        (
            &[("package.json", "{\"dependencies\":{\"@strapi/strapi\":\"5\"}}")],
            "npm start",
            &["/app/.tmp", "/app/public/uploads"],
        ),
        (
            &[
                ("manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')"),
                (
                    "shop/settings.py",
                    "DATABASES = {'default': {\n'ENGINE': 'django.db.backends.sqlite3',\n'NAME': BASE_DIR / 'data' / 'db.sqlite3',\n}}\n\
                     MEDIA_ROOT = os.path.join(BASE_DIR, 'media')\nSTATIC_ROOT = BASE_DIR / 'static'\n",
                ),
            ],
            "gunicorn shop.wsgi",
            &["/app/data", "/app/media"],
        ),
        (&[("x.py", "")], "celery -A x beat -s /app/beat/schedule", &["/app/beat"]),
    ];
    for (files, command, expected) in table {
        let text = format!("FROM a\nWORKDIR /app\nCOPY . .\nCMD {command}\n");
        assert_eq!(World::new(files).state(&text), expected, "{files:?} {command}");
    }
}

#[test]
fn laravel_writes_below_storage() {
    let world = World::new(&[("artisan", "#!/usr/bin/env php\n")]);
    let found = world.state("FROM a\nWORKDIR /var/www/html\nCOPY . .\nCMD [\"php-fpm\"]\n");
    for path in ["/var/www/html/bootstrap/cache", "/var/www/html/storage/logs"] {
        assert!(found.contains(&path.to_owned()), "{found:?}");
    }
}

#[test]
fn the_dockerfile_marks_data() {
    let table: [(&str, &[&str]); 14] = [
        ("RUN mkdir -p /data /srv/app/uploads\nCMD x", &["/data", "/srv/app/uploads"]),
        ("RUN mkdir -p /app/{logs,tmp}\nCMD x", &["/app/logs", "/app/tmp"]),
        ("RUN mkdir -p logs && cd /srv && mkdir cache\nCMD x", &["/app/logs", "/srv/cache"]),
        ("RUN mkdir -p /var/lib/app\nCMD x", &["/var/lib/app"]),
        ("ENV APP_DATA_DIR=/data\nCMD x", &["/data"]),
        ("ENV DATABASE_URL=sqlite:////var/db/x.db\nCMD x", &[]),
        ("ENV DATABASE_URL=sqlite:////srv/x/x.db\nCMD x", &["/srv/x"]),
        ("CMD x --data-dir /state", &["/state"]),
        ("CMD gunicorn --bind unix:/run/app/app.sock x", &["/run/app"]),
        // Code, systems, what everybody may write to already, what belongs to a tool.
        ("RUN mkdir -p /app /opt/tool /etc/data /tmp/cache /root/data\nCMD x", &[]),
        ("COPY x.txt /srv/data/\nRUN mkdir -p /srv/data\nCMD x", &[]),
        ("RUN mkdir -p /data && chmod -R 777 /data\nCMD x", &[]),
        ("ENV DATA_DIR=/etc/x LOG_LEVEL=/data JAVA_HOME=/opt/java\nCMD x", &[]),
        ("ARG D=/data\nENV DATA_DIR=relative\nRUN echo mkdir /data\nCMD x", &[]),
    ];
    for (lines, expected) in table {
        let text = format!("FROM a\nWORKDIR /app\n{lines}\n");
        assert_eq!(World::new(&[("x.txt", "x")]).state(&text), expected, "{lines}");
    }
}

#[test]
fn what_the_entry_script_gives_away_is_state() {
    let script = "#!/bin/sh\nif [ \"$(id -u)\" = 0 ]; then\n  chown -R app:app /data /etc/x\n  exec gosu app \"$@\"\nfi\nexec \"$@\"\n";
    let world = World::new(&[("entry.sh", script)]);
    let text = "FROM a\nCOPY entry.sh /\nENTRYPOINT [\"/entry.sh\"]\nCMD [\"x\"]\n";
    assert_eq!(world.state(text), ["/data"]);
}

#[test]
fn databases_in_the_context_lower() {
    let world = World::new(&[("db/app.sqlite3", "x"), ("x.py", "x")]);
    let risks = |lines: &str| world.state_risks(&format!("FROM a\nWORKDIR /app\n{lines}\nCMD x\n"));
    assert_eq!(risks("COPY . ."), ["lower state-file Dockerfile:3"]);
    assert_eq!(risks("COPY db /srv/db"), ["lower state-file Dockerfile:3"]);
    assert_eq!(risks("COPY db/app.sqlite3 ."), ["lower state-file Dockerfile:3"]);
    assert!(risks("COPY --chown=1000 . .").is_empty());
    assert!(risks("COPY x.py .").is_empty());
}

#[test]
fn caches_of_root_lower() {
    let world = World::new(&[]);
    let risks = |text: &str| world.state_risks(&format!("FROM a\nWORKDIR /app\n{text}\n"));
    assert_eq!(risks("ENV HF_HOME=/models\nCMD python x.py"), ["lower root-cache Dockerfile:3"]);
    assert_eq!(risks("ENV XDG_CACHE_HOME=/cache\nCMD x"), ["lower root-cache Dockerfile:3"]);
    assert!(risks("ENV HF_HOME=/models\nCMD node x.js").is_empty());
    assert!(risks("ENV HF_HOME=/tmp/models\nCMD python x.py").is_empty());
    // Below the home of root: told with everything else there.
    assert!(risks("ENV HF_HOME=/root/.cache\nCMD python x.py").is_empty());
    assert!(
        risks("ENV HF_HOME=/models\nRUN mkdir -m 777 /models && chmod 777 /models\nCMD python x.py")
            .is_empty()
    );
    assert_eq!(risks("CMD poetry run x"), ["lower virtual-environment Dockerfile:3"]);
    assert!(risks("RUN poetry config virtualenvs.create false\nCMD poetry run x").is_empty());
    assert!(risks("ENV POETRY_VIRTUALENVS_CREATE=false\nCMD poetry run x").is_empty());
}

#[test]
fn servers_of_base_images_write_where_the_table_says() {
    let world = World::new(&[]).with_base(&["/docker-entrypoint.sh"], &["nginx", "-g", "daemon off;"]);
    assert!(
        world.state("FROM nginx\n").contains(&"/var/cache/nginx".to_owned()),
        "{:?}",
        world.state("FROM nginx\n")
    );
    assert!(world.state("FROM nginx\nENTRYPOINT [\"other\"]\n").is_empty());
}
