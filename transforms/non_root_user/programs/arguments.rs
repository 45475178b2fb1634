//! Commands of a developer: servers for development, installs and builds at start. They write where only root may.

use harden_core::shell::Command;

use crate::non_root_user::launch::{Started, is_python};
use crate::non_root_user::risk::Risk;

/// Lowers for what a command does by its name and arguments.
pub(super) fn check(started: &Started, risks: &mut Vec<Risk>) {
    let command = &started.command;
    let Some(name) = command.name() else { return };
    let words: Vec<&str> = command.words.iter().skip(1).map(|word| word.text.as_str()).collect();
    let shown = shown(name, &words);
    let mut lower = |id, what: &str| {
        let message = format!("{} runs `{shown}`, which {what}", started.by);
        risks.push(Risk::lower(id, message, started.place.clone()));
    };
    // The default command of a base image is there to be replaced.
    if started.place.is_some() && is_interactive(name, &words) {
        lower("interactive", "is there for people to work in the container");
    }
    if started.place.is_some() && started.depth == 0 && is_command_line_tool(name, &words) {
        lower(
            "command-line-tool",
            "people run on files of their own, which the user may not be able to read or write",
        );
    }
    if name == "php"
        && words.windows(2).any(|two| two[0].split('.').next_back() == Some("php") && two[1] == "start")
    {
        lower(
            "writes-files",
            "is how Workerman and its kin start: they write pid and log files beside their code",
        );
    }
    if words
        .iter()
        .any(|word| matches!(*word, "--allow-root" | "--user=root" | "--uid=root" | "--no-sandbox"))
        || pair(&words, "--user", "root")
    {
        lower("asks-for-root", "says that it runs as root");
    }
    if started.own {
        return;
    }
    if is_development(name, &words) {
        lower("development-server", "is made for development and writes beside the code");
    } else if is_install(name, &words) {
        lower("installs-at-start", "installs software where only root may write");
    } else if is_build(name, &words) {
        lower("builds-at-start", "writes what it builds beside the code");
    }
}

fn shown(name: &str, words: &[&str]) -> String {
    let more = words.iter().take(2).filter(|word| word.len() < 40 && !word.contains(['\n', '=', '@']));
    let mut text = name.to_owned();
    for word in more {
        text.push(' ');
        text.push_str(word);
    }
    text
}

fn pair(words: &[&str], option: &str, value: &str) -> bool {
    words.windows(2).any(|two| two[0] == option && two[1] == value)
}

/// The first words that are no options.
fn verbs<'w>(words: &[&'w str]) -> (&'w str, &'w str) {
    let mut verbs = words.iter().filter(|word| !word.starts_with('-') && !word.starts_with('+'));
    (verbs.next().copied().unwrap_or_default(), verbs.next().copied().unwrap_or_default())
}

/// Shells and read-eval-print loops: nothing is executed unless somebody types it.
pub(crate) fn is_interactive(name: &str, words: &[&str]) -> bool {
    const SHELLS: [&str; 7] = ["ash", "bash", "dash", "fish", "ksh", "sh", "zsh"];
    const LOOPS: [&str; 28] = [
        "R", "bun", "clj", "clojure", "deno", "elixir", "erl", "ghci", "gradle", "graalpy", "groovysh",
        "guile", "iex", "ipython", "irb", "jruby", "jshell", "julia", "jython", "lua", "node", "php", "pwsh",
        "rails", "sbcl", "scala", "swift", "utop",
    ];
    let options = |allowed: &[&str]| words.iter().all(|word| allowed.contains(word));
    match name {
        "sleep" => matches!(words, ["infinity" | "inf"]),
        "tail" => words.contains(&"/dev/null"),
        "code-server" | "openvscode-server" | "gotty" | "ttyd" | "tmux" | "screen" => true,
        "rails" => matches!(words, ["console" | "c"]),
        "php" | "node" => options(&["-a", "-i"]),
        _ if SHELLS.contains(&name) => options(&["-l", "-i", "--login", "-il", "-li"]),
        _ if LOOPS.contains(&name) || is_python(name) => options(&["-i"]),
        _ => false,
    }
}

/// Programs that people start by hand, mostly on files of theirs that they mount.
fn is_command_line_tool(name: &str, words: &[&str]) -> bool {
    const TOOLS: [&str; 44] = [
        "ansible",
        "ansible-playbook",
        "aspell",
        "aws",
        "az",
        "black",
        "checkov",
        "convert",
        "doctl",
        "doxygen",
        "eslint",
        "exiftool",
        "ffmpeg",
        "flake8",
        "gcloud",
        "gh",
        "glab",
        "gsutil",
        "hadolint",
        "helm",
        "hydra",
        "imagemagick",
        "jq",
        "kubectl",
        "kustomize",
        "latexmk",
        "magick",
        "markdownlint",
        "mypy",
        "nmap",
        "packer",
        "pandoc",
        "pdflatex",
        "plantuml",
        "prettier",
        "rclone",
        "restic",
        "ruff",
        "shellcheck",
        "sops",
        "sqlmap",
        "terraform",
        "yq",
        "yt-dlp",
    ];
    let asks =
        |word: &&str| matches!(*word, "--help" | "-h" | "help" | "--version" | "-version" | "version" | "-V");
    TOOLS.contains(&name) || (!words.is_empty() && words.iter().all(asks))
}

/// `npm run dev`, `nodemon`, `go run`, …
fn is_development(name: &str, words: &[&str]) -> bool {
    let (first, second) = verbs(words);
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    match name {
        "npm" | "yarn" | "pnpm" | "bun" | "composer" => {
            let script = if matches!(first, "run" | "run-script") { second } else { first };
            script.split([':', '-', '_']).any(|part| {
                matches!(part, "dev" | "develop" | "development" | "watch" | "hot" | "hmr" | "storybook")
            })
        }
        "node" => has(&["--watch", "--inspect", "--inspect-brk"]),
        "tsx" => first == "watch",
        "nodemon" | "ts-node-dev" | "tsnd" | "webpack-dev-server" | "start-storybook" | "live-server"
        | "browser-sync" | "air" | "reflex" | "CompileDaemon" | "realize" | "bacon" | "watchmedo"
        | "watchfiles" | "sphinx-autobuild" | "guard" | "rerun" | "shotgun" | "skaffold" | "tilt" => true,
        "vite" => matches!(first, "" | "dev" | "serve" | "preview") || first.starts_with(['.', '/']),
        "next" | "nuxt" | "nuxi" | "astro" | "remix" | "svelte-kit" | "quasar" | "storybook" | "turbo"
        | "blitz" | "fastapi" | "wrangler" | "vinxi" => {
            matches!(first, "dev" | "develop")
                || (name == "turbo" && first == "run" && second == "dev")
                || (matches!(name, "astro" | "nuxt" | "nuxi" | "remix") && first.is_empty())
        }
        "gatsby" => first == "develop",
        "ng" | "nx" | "webpack" | "trunk" | "hugo" | "jekyll" | "mkdocs" | "vue-cli-service" | "parcel"
        | "mdbook" | "ionic" | "gulp" | "grunt" | "dioxus" | "dx" | "zola" => {
            matches!(first, "serve" | "server" | "s" | "watch")
                || has(&["--watch", "-w"])
                || (name == "parcel" && !matches!(first, "build" | "watch"))
        }
        "react-scripts" | "craco" | "expo" | "docusaurus" | "rescripts" | "umi" => {
            first == "start" || first == "dev"
        }
        "nest" => first == "start",
        "flask" => has(&["--debug", "--debugger", "--reload"]),
        "uvicorn" | "gunicorn" | "hypercorn" | "granian" | "sanic" | "daphne" | "litestar" => {
            has(&["--reload", "--dev", "--auto-reload"])
        }
        "manage.py" | "django-admin" | "runserver_plus" => matches!(first, "runserver" | "runserver_plus"),
        "symfony" => matches!(first, "serve" | "server:start" | "local:server:start"),
        "go" => first == "run",
        "cargo" => matches!(first, "run" | "watch" | "r"),
        "dotnet" => matches!(first, "watch" | "run"),
        "mix" => matches!(first, "phx.server" | "run") && !has(&["--no-compile"]),
        "iex" => first == "mix" || has(&["-S"]),
        "lein" | "clj" | "clojure" | "sbt" | "stack" | "cabal" | "swift" | "crystal" | "dub" | "nimble"
        | "zig" => {
            matches!(first, "run" | "ring" | "repl" | "exec" | "~run") || matches!(name, "clj" | "clojure")
        }
        "mvn" | "mvnw" | "gradle" | "gradlew" => words.iter().any(|word| {
            let goal = word.rsplit(':').next().unwrap_or_default();
            matches!(goal, "run" | "bootRun" | "dev" | "quarkusDev" | "exec" | "appRun" | "jettyRun" | "java")
        }),
        "sh" | "dev" => name == "dev",
        _ if is_python_file(name, words) => has(&["runserver", "runserver_plus"]),
        _ => false,
    }
}

fn is_python_file(name: &str, words: &[&str]) -> bool {
    name.starts_with("python") && words.iter().any(|word| word.ends_with("manage.py"))
}

/// `npm install`, `pip install`, `bundle install`, …
fn is_install(name: &str, words: &[&str]) -> bool {
    let (first, second) = verbs(words);
    let pip = |name: &str| {
        name.strip_prefix("pip").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
    };
    match name {
        "npm" | "pnpm" | "bun" | "cnpm" => {
            matches!(
                first,
                "install" | "i" | "ci" | "add" | "update" | "up" | "install-ci-test" | "rebuild" | "dlx"
            )
        }
        "yarn" => first.is_empty() || matches!(first, "install" | "add" | "upgrade" | "dlx" | "up"),
        "poetry" | "pdm" | "rye" => matches!(first, "install" | "add" | "update" | "sync"),
        "pipenv" => matches!(first, "install" | "sync" | "update"),
        "uv" => {
            matches!(first, "sync" | "add" | "pip" | "venv" | "tool")
                || (first == "run" && !words.contains(&"--no-sync"))
        }
        "uvx" | "pnpx" | "bunx" | "pipx" | "pecl" | "install2.r" | "installr" => true,
        "bundle" | "bundler" => matches!(first, "install" | "update" | "" | "add"),
        "gem" | "cpan" | "cpanm" | "luarocks" | "pear" | "rustup" | "nvm" | "pyenv" | "rbenv" | "sdk"
        | "asdf" | "volta" | "bower" | "helm" | "ansible-galaxy" | "krew" | "wp-cli" => {
            matches!(first, "install" | "update" | "repo" | "add" | "collection" | "role")
                || matches!(name, "cpanm" | "cpan")
        }
        "composer" => matches!(first, "install" | "update" | "require" | "create-project" | "global"),
        "go" => matches!(first, "get" | "install") || (first == "mod" && second != "verify"),
        "cargo" => first == "install",
        "conda" | "mamba" | "micromamba" => matches!(first, "install" | "create" | "env" | "update"),
        "playwright" | "puppeteer" | "cypress" => matches!(first, "install" | "install-deps" | "browsers"),
        "spacy" => first == "download",
        "nltk.downloader" | "terraform" | "terragrunt" | "pulumi" => {
            matches!(name, "nltk.downloader") || first == "init"
        }
        "git" => matches!(first, "clone" | "pull" | "fetch" | "checkout" | "submodule"),
        "mix" => matches!(first, "deps.get" | "local.hex" | "archive.install"),
        "dotnet" => matches!(first, "restore" | "tool" | "workload"),
        _ => pip(name) && matches!(first, "install" | "uninstall" | "sync"),
    }
}

/// `npm run build`, `prisma generate`, `collectstatic`, `make`, …
fn is_build(name: &str, words: &[&str]) -> bool {
    let (first, second) = verbs(words);
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    match name {
        "npm" | "yarn" | "pnpm" | "bun" => {
            let script = if matches!(first, "run" | "run-script") { second } else { first };
            script
                .split([':', '-'])
                .any(|part| matches!(part, "build" | "compile" | "generate" | "codegen" | "bundle"))
        }
        "next" | "vite" | "nuxt" | "nuxi" | "astro" | "gatsby" | "ng" | "nx" | "nest" | "remix"
        | "parcel" | "vue-cli-service" | "react-scripts" | "hugo" | "jekyll" | "mkdocs" | "mdbook"
        | "turbo" | "docusaurus" | "strapi" | "medusa" | "payload" | "trunk" => {
            matches!(first, "build" | "generate" | "export" | "prepare")
                || (name == "hugo" && first.is_empty())
        }
        "tsc" => !has(&["--noEmit", "--version", "-v"]),
        "webpack" | "webpack-cli" | "rollup" | "esbuild" | "swc" | "babel" | "tsup" | "gulp" | "grunt"
        | "sass" | "node-sass" | "postcss" | "tailwindcss" | "browserify" | "protoc" | "buf" | "sqlc"
        | "graphql-codegen" | "make" | "cmake" | "ninja" | "bazel" | "meson" | "gcc" | "g++" | "clang"
        | "cc" | "javac" | "kotlinc" | "ghc" => true,
        // It fetches and writes engines beside its own files.
        "prisma" => !matches!(first, "version" | "validate" | "format"),
        "manage.py" => is_django_write(first),
        "rails" | "rake" => {
            words.iter().any(|word| word.starts_with("assets:") || word.starts_with("webpacker:"))
        }
        "artisan" => is_laravel_write(first),
        "php" => words.iter().any(|word| word.ends_with("artisan")) && is_laravel_write(second),
        "console" | "bin/console" => first == "assets:install",
        "go" => matches!(first, "build" | "generate" | "test"),
        "cargo" => matches!(first, "build" | "test" | "b" | "t"),
        "dotnet" => matches!(first, "build" | "publish" | "test" | "ef" | "pack"),
        "mvn" | "mvnw" | "gradle" | "gradlew" | "ant" | "sbt" | "lein" => !has(&["--version", "-v"]),
        "mix" => matches!(first, "compile" | "assets.deploy" | "release" | "test"),
        _ if is_python_file(name, words) => words.iter().any(|word| is_django_write(word)),
        _ => false,
    }
}

fn is_django_write(command: &str) -> bool {
    matches!(command, "collectstatic" | "compilemessages" | "makemigrations" | "makemessages" | "compress")
}

fn is_laravel_write(command: &str) -> bool {
    matches!(
        command,
        "storage:link"
            | "key:generate"
            | "vendor:publish"
            | "jwt:secret"
            | "passport:keys"
            | "passport:install"
    )
}

/// Whether a command is one of those that a web framework is started with; used to tell what it writes.
pub(crate) fn mentions(command: &Command, wanted: &[&str]) -> bool {
    command.words.iter().any(|word| {
        let name = word.text.rsplit('/').next().unwrap_or_default();
        wanted.contains(&name)
    })
}
