use harden_core::BuildSetup;
use harden_core::syntax::Dockerfile;

use super::*;

type Files = &'static [(&'static str, &'static str)];

/// `line kind text` of every use of the first declaration of `name`, with the files of the build context.
#[track_caller]
fn uses_with(text: &str, name: &str, files: Option<Files>) -> Vec<String> {
    let file = Dockerfile::parse(text);
    assert!(file.errors().is_empty(), "{:?}", file.errors());
    let setup = BuildSetup::default();
    let build = Build::new(&file);
    let scopes = Scopes::new(&build, &setup);
    let all = VariableUses::with_texts(
        &build,
        &scopes,
        Box::new(move |path| match files {
            None => FileText::Unknown,
            Some(files) => match files.iter().find(|(one, _)| *one == path) {
                Some((_, text)) => FileText::Text((*text).into()),
                None => FileText::Absent,
            },
        }),
    );
    let declared = declaration(&build, name);
    let uses = all.of(&declared).unwrap();
    uses.iter()
        .map(|one| {
            let kind = match &one.kind {
                Kind::RunFlag => "flag".to_owned(),
                Kind::Run(Reader::Shell) => "shell".to_owned(),
                Kind::Run(Reader::Named) => "named".to_owned(),
                Kind::Run(Reader::Tool(tool)) => format!("tool {tool}"),
                Kind::Run(Reader::File(path)) => format!("file {path}"),
                Kind::Run(Reader::Possible(program)) => format!("maybe {program}"),
                Kind::Instruction { derived: None } => "instruction".to_owned(),
                Kind::Instruction { derived: Some(name) } => format!("gives {name}"),
                Kind::Redeclared => "redeclared".to_owned(),
                Kind::Launch => "launch".to_owned(),
                Kind::Heredoc => "heredoc".to_owned(),
            };
            let onbuild = if one.onbuild { " onbuild" } else { "" };
            let line = file.line_col(one.span.start).line;
            let text = if one.is_certain() { file.slice(one.span) } else { "" };
            format!("{line} {kind}{onbuild} {text}").trim_end().to_owned()
        })
        .collect()
}

fn declaration<'a>(build: &Build<'a>, name: &str) -> Declaration<'a> {
    for arg in &build.global_args {
        if arg.pair.key.text() == name {
            return Declaration { stage: None, instruction: arg.instruction, pair: arg.pair };
        }
    }
    for stage in &build.stages {
        for &instruction in &stage.instructions {
            for pair in instruction.trigger().unwrap_or(instruction).pairs() {
                if pair.key.text() == name && matches!(instruction.keyword(), Keyword::Env | Keyword::Arg) {
                    return Declaration { stage: Some(stage.index), instruction, pair };
                }
            }
        }
    }
    panic!("{name} is not declared");
}

/// Uses of `S` in a stage that declares it with ENV in line 2; `rest` begins in line 3.
#[track_caller]
fn after_env(rest: &str) -> Vec<String> {
    uses_with(&format!("FROM a\nENV S=1 T=$S\n{rest}"), "S", Some(&[]))
}

#[test]
fn instructions_buildkit_expands() {
    let text = "LABEL l=$S\nENV A=x${S:-y} B=1\nARG C=\"$S\"\nWORKDIR /w/$S\nUSER $S\nEXPOSE $S\nVOLUME /v/$S\n\
                STOPSIGNAL $S\nCOPY --chown=$S a b\nADD a$S b\nONBUILD COPY $S /\n";
    assert_eq!(
        after_env(text),
        [
            "3 gives l $S",
            "4 gives A ${S:-y}",
            "5 gives C $S",
            "6 instruction $S",
            "7 instruction $S",
            "8 instruction $S",
            "9 instruction $S",
            "10 instruction $S",
            "11 instruction $S",
            "12 instruction $S",
            "13 instruction onbuild $S",
        ]
    );
    // Not expanded, or not this variable.
    assert_eq!(
        after_env("LABEL l='$S' m=\\$S n=$ST o=S\nMAINTAINER $S\nSHELL [\"sh\", \"-c\", \"$S\"]\n"),
        Vec::<String>::new()
    );
}

#[test]
fn scripts_that_name_it() {
    for (run, expected) in [
        ("RUN echo $S", "3 shell S"),
        ("RUN echo \"${S:-none}\"", "3 shell S"),
        ("RUN a \\\n  # no $S\n  && b $S", "5 shell S"),
        ("RUN sh -c 'echo $S'", "3 shell S"),
        ("RUN [\"sh\", \"-c\", \"echo $S\"]", "3 shell S"),
        ("RUN <<EOF\n# $S\necho $S\nEOF", "5 shell S"),
        ("RUN python3 <<EOF\nimport os\nos.environ[\"S\"]\nEOF", "5 named S"),
        ("RUN printenv S", "3 named S"),
        ("RUN node -e 'console.log(process.env.S)'", "3 named S"),
        ("RUN env", "3 tool env env"),
        ("RUN env | sort > /e", "3 tool env env"),
        ("RUN cat /proc/self/environ", "3 tool env cat /proc/self/environ"),
        ("RUN --mount=type=cache,target=/$S true", "3 flag $S"),
        ("ONBUILD RUN echo $S", "3 shell onbuild S"),
        ("CMD echo $S", "3 launch S"),
        ("CMD [\"sh\", \"-c\", \"echo $S\"]", "3 launch S"),
        ("ENTRYPOINT exec app --key \"$S\"", "3 launch S"),
        ("HEALTHCHECK CMD curl -H \"x: $S\" localhost", "3 launch S"),
        ("COPY <<EOF /f\n# $S\nEOF", "4 heredoc S"),
    ] {
        assert_eq!(after_env(&format!("{run}\n")), [expected], "{run}");
    }
    for run in [
        "RUN true",
        "RUN S=2 mkdir x",
        "RUN --mount=type=secret,id=S,env=S echo $S",
        "COPY <<'EOF' /f\n$S\nEOF",
        "CMD [\"app\"]",
        "ONBUILD RUN mkdir x",
    ] {
        assert_eq!(after_env(&format!("{run}\n")), Vec::<String>::new(), "{run}");
    }
}

#[test]
fn commands_that_do_not_read_it() {
    for run in [
        "RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*",
        "RUN apk add --no-cache git \\\n && adduser -D app \\\n && chown -R app /srv",
        "RUN mkdir -p /a && cd /a && curl -fsSL https://x/y.tgz | tar xz && sed -i s/a/b/ c",
        "RUN set -eux; if [ -f x ]; then mv x y; else echo no >&2; fi; export A=1",
        "RUN sudo -E apt-get install x",
        "RUN sh -c 'mkdir a && chmod 700 a'",
        "RUN [\"mkdir\", \"x\"]",
        "RUN pip install --no-cache-dir flask gunicorn",
        "RUN python3 -m pip install --upgrade pip && python -m venv /v",
        "RUN pip install -r requirements.txt",
        "RUN go mod download && go build -o /app ./cmd",
        "RUN git clone https://github.com/a/b",
        "RUN npm ci --omit=dev && npm cache clean --force",
        "RUN yarn && yarn install --frozen-lockfile && npm i -g pnpm",
        "RUN bundle install && composer install --no-dev && poetry install",
        "RUN python3.12 -m pip install x && pip3.12 install y && gosu --version && node -v && gosu nobody true",
        "RUN docker-php-ext-install pdo && a2enmod rewrite",
        "RUN find . -name x -exec chmod 644 {} + && ls | xargs -n 1 rm",
    ] {
        assert_eq!(after_env(&format!("{run}\n")), Vec::<String>::new(), "{run}");
    }
}

#[test]
fn programs_that_may_read_it() {
    for (run, program) in [
        ("RUN make", "make"),
        ("RUN npm run build", "npm"),
        ("RUN yarn build", "yarn"),
        ("RUN ./install.sh", "install.sh"),
        ("RUN python setup.py install", "python"),
        ("RUN python manage.py migrate", "manage.py"),
        ("RUN curl https://x | bash", "bash"),
        ("RUN pip install .", "pip"),
        ("RUN cargo build --release", "cargo"),
        ("RUN npx prisma generate", "prisma"),
        ("RUN bundle exec rake assets:precompile", "rake"),
        ("RUN find . -exec ./x {} +", "x"),
        ("RUN find . | xargs ./x", "x"),
        ("RUN $CMD", "a program that a variable names"),
        ("RUN mkdir x; . ./env", "."),
        ("RUN echo \"a", "a command that cannot be read"),
        ("SHELL [\"powershell\", \"-Command\"]\nRUN dir", "a command that cannot be read"),
    ] {
        let lines = after_env(&format!("{run}\n"));
        let [line] = lines.as_slice() else { panic!("{run}: {lines:?}") };
        assert_eq!(line.split_once(' ').unwrap().1, format!("maybe {program}"), "{run}");
    }
}

#[test]
fn tools_and_their_variables() {
    for (name, run, tool) in [
        ("NPM_TOKEN", "npm ci", Some("npm")),
        ("NODE_AUTH_TOKEN", "yarn --immutable", Some("yarn")),
        ("NPM_TOKEN", "corepack enable && pnpm install", Some("pnpm")),
        ("PIP_INDEX_URL", "pip install x", Some("pip")),
        ("PIP_EXTRA_INDEX_URL", "python3 -m pip install x", Some("pip")),
        ("PIP_INDEX_URL", "npm ci", None),
        ("AWS_SECRET_ACCESS_KEY", "aws s3 cp s3://a b", Some("aws")),
        ("AWS_SECRET_ACCESS_KEY", "mkdir x", None),
        ("GITHUB_TOKEN", "gh release download", Some("gh")),
        ("GITHUB_TOKEN", "git clone https://github.com/a/b", None),
        ("COMPOSER_AUTH", "composer install", Some("composer")),
        ("CARGO_REGISTRIES_MINE_TOKEN", "cargo build", Some("cargo")),
        ("GOPRIVATE", "go mod download", Some("go")),
        ("GIT_SSH_COMMAND", "git clone x", Some("git")),
        ("DATABASE_URL", "npx prisma migrate deploy", Some("prisma")),
        ("DATABASE_URL", "yarn prisma generate", Some("prisma")),
        ("DATABASE_URL", "npm run build", Some("npm")),
        ("DATABASE_URL", "bundle exec rails assets:precompile", Some("rails")),
        ("SECRET_KEY_BASE", "bin/rails assets:precompile", Some("rails")),
        ("SECRET_KEY_BASE", "SECRET_KEY_BASE=1 bin/rails assets:precompile", None),
        ("SECRET_KEY_BASE", "env SECRET_KEY_BASE=1 bin/rails assets:precompile", None),
        ("DJANGO_SECRET_KEY", "python manage.py collectstatic --noinput", Some("manage.py")),
        ("SECRET_KEY", "poetry run python manage.py collectstatic", Some("manage.py")),
        ("SENTRY_AUTH_TOKEN", "npm run build", Some("npm")),
        ("HTTPS_PROXY", "apt-get update", Some("apt-get")),
        ("http_proxy", "mkdir x", None),
        ("POETRY_HTTP_BASIC_X_PASSWORD", "poetry install", Some("poetry")),
        ("BUNDLE_GITHUB__COM", "bundle install", Some("bundle")),
    ] {
        let text = format!("FROM a\nARG {name}\nRUN {run}\n");
        let uses = uses_with(&text, name, Some(&[]));
        let found: Vec<_> = uses.iter().filter_map(|one| one.strip_prefix("3 tool ")).collect();
        match tool {
            Some(tool) => assert!(found.len() == 1 && found[0].starts_with(tool), "{name}, {run}: {uses:?}"),
            None => assert_eq!(uses, Vec::<String>::new(), "{name}, {run}"),
        }
    }
}

#[test]
fn configuration_files_of_the_context() {
    let text = "FROM a\nARG TOK\nCOPY web/package.json web/.npmrc ./\nCOPY api/ /api\nRUN npm ci\nRUN pip install -r api/requirements/base.txt\n";
    assert_eq!(uses_with(text, "TOK", Some(&[])), Vec::<String>::new());
    assert_eq!(uses_with(text, "TOK", None), ["5 maybe npm", "6 maybe pip"]);
    let named: Files = &[("web/.npmrc", "//r/:_authToken=${TOK}\n"), ("api/base.txt", "x")];
    assert_eq!(uses_with(text, "TOK", Some(named)), ["5 file web/.npmrc npm ci"]);
    let scripts: Files = &[("web/package.json", "{\"scripts\": {\"postinstall\": \"node x\"}}")];
    assert_eq!(uses_with(text, "TOK", Some(scripts)), ["5 maybe npm"]);
    // What an earlier step wrote is not in the context.
    let written = "FROM a\nARG TOK\nRUN echo \"_authToken=\\${TOK}\" > .npmrc\nRUN npm ci\n";
    assert_eq!(uses_with(written, "TOK", Some(&[])), ["3 shell TOK", "4 maybe npm"]);
}

#[test]
fn until_it_is_hidden() {
    assert_eq!(after_env("RUN a $S\nENV S=$S-2\nRUN b $S\n"), ["3 shell S", "4 gives S $S"]);
    assert_eq!(after_env("ARG S=2\nRUN b $S\n"), Vec::<String>::new());
    assert_eq!(after_env("ARG S\nRUN b $S\n"), ["4 shell S"]);
    // The same line and the lines before see the old value.
    let text = "FROM a\nRUN echo $S\nENV S=1 T=$S\nRUN echo $S\n";
    assert_eq!(uses_with(text, "S", Some(&[])), ["4 shell S"]);
}

#[test]
fn through_stages() {
    let text = "FROM a AS one\nENV S=1\nFROM b AS other\nRUN echo $S\nFROM one AS two\nRUN echo $S\nFROM two\nUSER $S\n\
                ENV S=2\nFROM two AS last\nCMD echo $S\nCOPY --from=one $S x\n";
    assert_eq!(
        uses_with(text, "S", Some(&[])),
        ["6 shell S", "8 instruction $S", "11 launch S", "12 instruction $S"]
    );
}

#[test]
fn global_arguments() {
    let text = "ARG S=1\nARG V=$S\nFROM --platform=$S a:$S AS one\nRUN echo $S\nARG S\nRUN echo $S\nFROM one\nRUN echo $S\n\
                FROM b\nARG S=own\nRUN echo $S\nFROM c\nUSER $S\n";
    assert_eq!(
        uses_with(text, "S", Some(&[])),
        ["2 gives V $S", "3 instruction $S", "5 redeclared S", "6 shell S", "8 shell S"]
    );
    let text = "ARG S=1\nARG V=$S\nARG S=2\nFROM a:$S\n";
    assert_eq!(uses_with(text, "S", Some(&[])), ["2 gives V $S"]);
}

#[test]
fn work_is_bounded() {
    let mut text = "FROM a\nENV S=1\n".to_owned();
    text.push_str(&"RUN mkdir a\n".repeat(5_000));
    let file = Dockerfile::parse(text);
    let setup = BuildSetup::default();
    let build = Build::new(&file);
    let scopes = Scopes::new(&build, &setup);
    let all = VariableUses::with_texts(&build, &scopes, Box::new(|_| FileText::Absent));
    let declared = declaration(&build, "S");
    all.room.set(1 << 18);
    let outcomes: Vec<_> = (0..8).map(|_| all.of(&declared).map(|uses| uses.len())).collect();
    assert_eq!(outcomes[0], Ok(0));
    assert_eq!(outcomes[7].as_ref().unwrap_err().code, "too-large");
}

/// Places lie inside their instruction, and every reference BuildKit expands is found.
#[test]
fn uses_in_real_files() {
    let mut total = 0;
    for (path, text) in crate::support::remove_pair::tests::corpus() {
        let file = Dockerfile::parse(text.as_str());
        let setup = BuildSetup::default();
        let build = Build::new(&file);
        let scopes = Scopes::new(&build, &setup);
        let all = VariableUses::with_texts(&build, &scopes, Box::new(|_| FileText::Unknown));
        for stage in &build.stages {
            for &instruction in &stage.instructions {
                if !matches!(instruction.keyword(), Keyword::Env | Keyword::Arg) {
                    continue;
                }
                for pair in instruction.pairs() {
                    let declared = Declaration { stage: Some(stage.index), instruction, pair };
                    let Ok(uses) = all.of(&declared) else { continue };
                    total += uses.len();
                    for one in &uses {
                        assert!(one.instruction.full_span().covers(one.span), "{}", path.display());
                        assert!(one.instruction.span().start >= instruction.span().start);
                        let slice = file.slice(one.span).replace("\\\n", "");
                        let named = slice.contains(pair.key.text());
                        let read = matches!(
                            one.kind,
                            Kind::Run(Reader::Possible(_) | Reader::Tool(_) | Reader::File(_))
                        );
                        assert!(named || read, "{}: {slice}", path.display());
                    }
                }
            }
        }
    }
    assert!(total > 0 || crate::support::remove_pair::tests::corpus().is_empty());
}
