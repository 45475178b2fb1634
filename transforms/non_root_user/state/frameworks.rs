//! Directories that frameworks write to, by the files that show the framework and the commands that start it.
//!
//! Sources: the deployment pages of each framework (Rails guides, "Configuring"; Laravel, "Directory Permissions";
//! Symfony, "Setting up or Fixing File Permissions"; Django, settings reference; Next.js, "Self-hosting"; Strapi,
//! "Deployment"; `CakePHP`, "Permissions"; `CodeIgniter`, "Installation"; Yii, "Requirements"; Drupal, "Securing file
//! permissions").

use std::sync::Arc;

use super::{StateDirectory, join};
use crate::non_root_user::launch::{Launched, Started};
use crate::non_root_user::programs::arguments::mentions;
use crate::non_root_user::view::View;

/// A framework whose directories are the same everywhere.
struct Framework {
    /// Words of a command that starts it; any command will do when there is none.
    started_by: &'static [&'static str],
    /// Files that show it, all of them, below the working directory.
    shown_by: &'static [&'static str],
    /// Text that one of those files holds.
    holds: &'static str,
    /// Directories below the working directory.
    directories: &'static [&'static str],
    reason: &'static str,
}

const PHP: &[&str] = &[
    "php",
    "php-fpm",
    "apache2-foreground",
    "apache2",
    "apache2ctl",
    "httpd",
    "frankenphp",
    "artisan",
    "rr",
    "swoole",
    "supervisord",
    "console",
];
const NODE: &[&str] = &["node", "npm", "yarn", "pnpm", "bun", "next", "strapi", "server.js", "directus"];

const FRAMEWORKS: &[Framework] = &[
    Framework {
        started_by: &[
            "rails",
            "puma",
            "unicorn",
            "thin",
            "passenger",
            "rackup",
            "bundle",
            "sidekiq",
            "thrust",
            "falcon",
            "rake",
            "solid_queue",
            "jobs",
            "pumactl",
            "iodine",
            "unicorn_rails",
        ],
        shown_by: &["config/application.rb"],
        holds: "Rails",
        directories: &["tmp", "tmp/cache", "tmp/pids", "tmp/sockets", "log", "storage"],
        reason: "Rails writes to it",
    },
    Framework {
        started_by: PHP,
        shown_by: &["artisan"],
        holds: "",
        directories: &[
            "storage",
            "storage/app",
            "storage/app/public",
            "storage/framework",
            "storage/framework/cache",
            "storage/framework/cache/data",
            "storage/framework/sessions",
            "storage/framework/views",
            "storage/logs",
            "bootstrap/cache",
        ],
        reason: "Laravel writes to it",
    },
    Framework {
        started_by: PHP,
        shown_by: &["bin/console", "config/bundles.php"],
        holds: "",
        directories: &["var", "var/cache", "var/log"],
        reason: "Symfony writes to it",
    },
    Framework {
        started_by: PHP,
        shown_by: &["bin/cake.php"],
        holds: "",
        directories: &["logs", "tmp", "tmp/cache", "tmp/sessions"],
        reason: "CakePHP writes to it",
    },
    Framework {
        started_by: PHP,
        shown_by: &["spark"],
        holds: "CodeIgniter",
        directories: &["writable", "writable/cache", "writable/logs", "writable/session", "writable/uploads"],
        reason: "CodeIgniter writes to it",
    },
    Framework {
        started_by: PHP,
        shown_by: &["yii"],
        holds: "Yii",
        directories: &["runtime", "web/assets"],
        reason: "Yii writes to it",
    },
    Framework {
        started_by: PHP,
        shown_by: &["wp-config.php"],
        holds: "",
        directories: &["wp-content/uploads", "wp-content/cache"],
        reason: "WordPress writes to it",
    },
    Framework {
        started_by: NODE,
        shown_by: &["package.json"],
        holds: "\"next\"",
        directories: &[".next/cache"],
        reason: "Next.js writes to it",
    },
    Framework {
        started_by: NODE,
        shown_by: &["package.json"],
        holds: "\"@strapi/strapi\"",
        directories: &[".tmp", "public/uploads"],
        reason: "Strapi writes to it",
    },
    Framework {
        started_by: NODE,
        shown_by: &["package.json"],
        holds: "\"directus\"",
        directories: &["uploads", "database"],
        reason: "Directus writes to it",
    },
    Framework {
        started_by: NODE,
        shown_by: &["package.json"],
        holds: "\"ghost\"",
        directories: &["content", "content/data", "content/images", "content/logs"],
        reason: "Ghost writes to it",
    },
];

/// Directories of the frameworks that are started.
pub(super) fn directories(view: &View<'_, '_>, launched: &Launched) -> Vec<StateDirectory> {
    let mut found = Vec::new();
    let Ok(workdir) = view.paths.workdir() else { return found };
    let text = |name: &str| view.paths.text(&join(workdir, name)).ok().map(|file| file.text);
    let main = || launched.commands.iter().filter(|started| !started.health);
    for framework in FRAMEWORKS {
        let Some(started) = main().find(|started| mentions(&started.command, framework.started_by)) else {
            continue;
        };
        let texts: Vec<Option<Arc<str>>> = framework.shown_by.iter().map(|name| text(name)).collect();
        let shown = texts.iter().all(Option::is_some);
        if !shown || !texts.iter().flatten().any(|text| text.contains(framework.holds)) {
            continue;
        }
        // A development server of Next.js is told as such, and writes elsewhere.
        found.extend(framework.directories.iter().map(|name| StateDirectory {
            path: join(workdir, name),
            reason: framework.reason,
            place: started.place.clone(),
        }));
    }
    found.extend(rails_database(workdir, &text, launched));
    found.extend(django(workdir, &text, launched));
    found.extend(flask(workdir, view, launched));
    found.extend(celery(launched));
    found
}

/// Rails' default database of a new application is `SQLite`, below `storage` since 7.1 and in `db` before.
fn rails_database(
    workdir: &str,
    text: &dyn Fn(&str) -> Option<Arc<str>>,
    launched: &Launched,
) -> Option<StateDirectory> {
    let started = launched
        .commands
        .iter()
        .find(|one| mentions(&one.command, &["rails", "puma", "bundle", "thrust"]))?;
    let database = text("config/database.yml")?;
    let uses = database.lines().map(str::trim).any(|line| {
        !line.starts_with('#')
            && line.starts_with("database:")
            && line.contains("db/")
            && line.contains("sqlite")
    });
    uses.then(|| StateDirectory {
        path: join(workdir, "db"),
        reason: "the database of Rails lies in it",
        place: started.place.clone(),
    })
}

/// What Django's settings say: an `SQLite` database beside the code, uploads, and static files where they are collected
/// at start.
fn django(
    workdir: &str,
    text: &dyn Fn(&str) -> Option<Arc<str>>,
    launched: &Launched,
) -> Vec<StateDirectory> {
    const STARTERS: [&str; 9] = [
        "manage.py",
        "gunicorn",
        "uvicorn",
        "daphne",
        "uwsgi",
        "hypercorn",
        "waitress-serve",
        "django-admin",
        "celery",
    ];
    let Some(started) = launched.commands.iter().find(|one| mentions(&one.command, &STARTERS)) else {
        return Vec::new();
    };
    let Some(manage) = text("manage.py") else { return Vec::new() };
    let module = manage.split("DJANGO_SETTINGS_MODULE").nth(1).and_then(|rest| {
        rest.split(['"', '\''])
            .find(|part| part.contains('.') && part.chars().all(|c| c.is_alphanumeric() || "._".contains(c)))
    });
    let Some(module) = module else { return Vec::new() };
    let file = module.replace('.', "/");
    let mut settings = String::new();
    let package = file.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/base.py"));
    for name in [format!("{file}.py"), format!("{file}/__init__.py"), format!("{file}/base.py"), package] {
        settings.extend(text(&name).iter().map(|text| format!("{text}\n")));
    }
    let lines: Vec<&str> = settings.lines().map(str::trim).filter(|line| !line.starts_with('#')).collect();
    let mut found = Vec::new();
    let mut add =
        |path: String, reason| found.push(StateDirectory { path, reason, place: started.place.clone() });
    if lines.iter().any(|line| line.contains("django.db.backends.sqlite3")) {
        let file = lines.iter().find(|line| line.contains("NAME") && line.contains("BASE_DIR"));
        let folder =
            file.and_then(|line| below_base(line)).and_then(|path| Some(path.rsplit_once('/')?.0.to_owned()));
        add(join(workdir, folder.as_deref().unwrap_or("")), "the database of Django lies in it");
    }
    for (name, reason, wanted) in [
        ("MEDIA_ROOT", "Django keeps uploads in it", true),
        ("STATIC_ROOT", "Django collects static files in it", collects(launched)),
    ] {
        let line = lines.iter().find(|line| line.starts_with(name)).filter(|_| wanted);
        if let Some(path) = line.and_then(|line| below_base(line)) {
            add(join(workdir, &path), reason);
        }
    }
    found
}

fn collects(launched: &Launched) -> bool {
    launched.commands.iter().any(|started| mentions(&started.command, &["collectstatic"]))
}

/// The path in `BASE_DIR / "media"`, `os.path.join(BASE_DIR, "media")` and `str(BASE_DIR / "a" / "b")`.
fn below_base(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("BASE_DIR")?;
    let mut parts = Vec::new();
    let mut rest = rest;
    while let Some(start) = rest.find(['"', '\'']) {
        let between = rest[..start].trim();
        let quote = &rest[start..=start];
        let end = rest[start + 1..].find(quote)? + start + 1;
        if !matches!(between, "/" | ",") {
            return None;
        }
        parts.push(&rest[start + 1..end]);
        rest = &rest[end + 1..];
    }
    let plain = |part: &&str| !part.is_empty() && !part.contains(['{', '%', '$']) && !part.contains("..");
    (!parts.is_empty() && parts.iter().all(plain)).then(|| parts.join("/").trim_matches('/').to_owned())
}

/// Flask's instance folder, where the application has one (Flask, "Instance Folders").
fn flask(workdir: &str, view: &View<'_, '_>, launched: &Launched) -> Option<StateDirectory> {
    let started = launched
        .commands
        .iter()
        .find(|one| mentions(&one.command, &["flask", "gunicorn", "waitress-serve"]))?;
    let path = join(workdir, "instance");
    let is_there = ["app.py", "wsgi.py", "run.py", "main.py", "app/__init__.py"].iter().any(|name| {
        let text = view.paths.text(&join(workdir, name)).ok().map(|file| file.text);
        text.is_some_and(|text| {
            text.contains("instance_relative_config=True") || text.contains("app.instance_path")
        })
    });
    is_there.then(|| StateDirectory {
        path,
        reason: "Flask keeps its instance in it",
        place: started.place.clone(),
    })
}

/// `celery beat` keeps its schedule where it is started, unless `-s` says otherwise (celery(1)).
fn celery(launched: &Launched) -> Option<StateDirectory> {
    let beats = |started: &&Started| {
        started.command.name() == Some("celery")
            && started.command.words.iter().any(|word| matches!(word.text.as_str(), "beat" | "-B" | "--beat"))
    };
    let started = launched.commands.iter().find(beats)?;
    let workdir = started.workdir.as_deref()?;
    let schedule = started.command.option(Some('s'), "schedule").filter(|word| word.literal);
    let file = schedule.map_or_else(|| "celerybeat-schedule".to_owned(), |word| word.text.clone());
    let path = join(workdir, &file);
    let (folder, _) = path.rsplit_once('/')?;
    let path = if folder.is_empty() { "/" } else { folder }.to_owned();
    Some(StateDirectory {
        path,
        reason: "celery beat keeps its schedule in it",
        place: started.place.clone(),
    })
}
