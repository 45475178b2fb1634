//! Secrets in what stands around a Dockerfile: compose and bake files, the build context, configuration.

/// Positions in one folder each; `§` is the secret.
pub(crate) struct Folder {
    pub(crate) name: &'static str,
    pub(crate) files: &'static [(&'static str, &'static str)],
}

const fn folder(name: &'static str, files: &'static [(&'static str, &'static str)]) -> Folder {
    Folder { name, files }
}

const APP: (&str, &str) = (
    "Dockerfile",
    "FROM node:22\nARG NPM_TOKEN\nENV DB_PASSWORD=§\nRUN npm ci\nADD . /srv\nVOLUME /data\nEXPOSE 80\nCMD [\"node\", \"/srv/x.js\"]\n",
);

pub(crate) const FOLDERS: &[Folder] = &[
    folder(
        "compose",
        &[
            APP,
            (
                "compose.yaml",
                "services:\n  app:\n    build:\n      context: .\n      args:\n        NPM_TOKEN: §\n        THING: §\n      \
                 additional_contexts:\n        x: https://me:§@host.example/x.git\n        node: docker-image://§\n      \
                 labels:\n        password: §\n      secrets: [§]\n      ssh: [default=§]\n    environment:\n      \
                 DB_PASSWORD: §\n      THING: §\n    command: [serve, --password, §]\n    entrypoint: serve §\n    \
                 env_file: §.env\n    volumes: ['data:/data', './§(bind-source):/data/§(bind-target)', 'https://me:§@host/x:/y']\n    ports: \
                 ['80:80']\n    user: §\n    depends_on: [db]\n  db:\n    image: registry.example/§\n    \
                 environment: [POSTGRES_PASSWORD=§, §]\nvolumes:\n  data:\n    name: §\nsecrets:\n  §:\n    file: §\n",
            ),
            (".env", "DB_PASSWORD=§\n§\n"),
        ],
    ),
    folder(
        "compose-interpolated",
        &[
            APP,
            (".env", "TOKEN=§\nCONTEXT=§\nFILE=§\n"),
            (
                "compose.yaml",
                "services:\n  app:\n    build:\n      context: .\n      args: ['NPM_TOKEN=${TOKEN}', 'X=${Y:?§}', 'Z=${A:-§}']\n  \
                 other:\n    build: ./${CONTEXT}\n  file:\n    build:\n      context: .\n      dockerfile: ${FILE}\n",
            ),
        ],
    ),
    folder(
        "compose-remote",
        &[
            APP,
            (
                "compose.yaml",
                "services:\n  app:\n    build: https://me:§@host.example/x.git\n  b:\n    build: ./§\n",
            ),
        ],
    ),
    folder(
        "compose-broken",
        &[APP, ("compose.yaml", "services:\n  app:\n    build: [.\n    DB_PASSWORD: §\n\t§: }\n")],
    ),
    folder(
        "compose-wrong",
        &[
            APP,
            (
                "compose.yaml",
                "services:\n  app:\n    build:\n      context: .\n      args: §\n      target: [§]\n  §: 3\n",
            ),
        ],
    ),
    folder("compose-alias", &[APP, ("compose.yaml", "services:\n  app: *§\n  b: !§ x\n")]),
    folder(
        "compose-twice",
        &[
            APP,
            (
                "compose.yaml",
                "services:\n  §(service): {build: .}\n  §(other-service): {build: .}\n  x: {build: .}\n  x: {a: §}\n",
            ),
        ],
    ),
    folder("compose-not-utf8", &[APP, ("compose.yml", "services:\n  app: '§ \u{0}'\n")]),
    folder(
        "bake",
        &[
            APP,
            (
                "docker-bake.hcl",
                "variable \"DB_PASSWORD\" { default = \"§\" }\ntarget \"app\" {\n  context = \".\"\n  args = { NPM_TOKEN = \"§\", THING = DB_PASSWORD }\n  \
                 contexts = { x = \"https://me:§@host.example/x.git\" }\n  secret = [\"id=§\"]\n  target = \"§\"\n}\n",
            ),
        ],
    ),
    folder(
        "bake-broken",
        &[APP, ("docker-bake.hcl", "target \"app\" {\n  args = { NPM_TOKEN = \"§\" \n  § = = §\n")],
    ),
    folder(
        "bake-json-broken",
        &[APP, ("docker-bake.json", "{\"target\": {\"app\": {\"args\": {\"A\": \"§\"}, §\n")],
    ),
    folder(
        "bake-json-wrong",
        &[
            APP,
            (
                "docker-bake.json",
                "{\"target\": {\"app\": {\"args\": \"§\", \"context\": [\"§\"]}}, \"§\": 1}\n",
            ),
        ],
    ),
    folder(
        "devcontainer-broken",
        &[
            APP,
            (
                ".devcontainer/devcontainer.json",
                "{\"build\": {\"dockerfile\": \"../Dockerfile\", \"args\": {\"NPM_TOKEN\": \"§\"}, §\n",
            ),
        ],
    ),
    folder(
        "copied",
        &[
            (
                "Dockerfile",
                "FROM node:22\nWORKDIR /app\nCOPY .env .npmrc .netrc id_rsa credentials.json ./\nADD config.yml /app/\nRUN npm ci && rm -f .npmrc id_rsa\n\
                 COPY . .\nCMD [\"node\", \"x.js\"]\n",
            ),
            (".env", "DB_PASSWORD=§\nTHING=§\n§\n"),
            (".npmrc", "//registry.example/:_authToken=§\n§\n"),
            (".netrc", "machine host.example login me password §\n"),
            ("id_rsa", "-----BEGIN OPENSSH PRIVATE KEY-----\n§\n-----END OPENSSH PRIVATE KEY-----\n"),
            ("credentials.json", "{\"password\": \"§\", \"x\": \"§\"}\n"),
            ("config.yml", "password: §\nx: §\n"),
            (".env.example", "OLD_PASSWORD=§\n"),
            (".dockerignore", "# password=§\n§\n!.env\n"),
        ],
    ),
    folder(
        "scripts",
        &[
            (
                "Dockerfile",
                "FROM node:22\nWORKDIR /app\nCOPY . .\nENTRYPOINT [\"/app/entrypoint.sh\"]\nCMD [\"npm\", \"start\"]\n",
            ),
            (
                "entrypoint.sh",
                "#!/bin/sh\nset -e\nexport DB_PASSWORD=§\nmkdir -p /var/lib/§(made)\necho § | sudo -S true\nchown -R me:§ /data/§\n\
                 tool --password=§ > /etc/§(redirected)\nsu -c 'tool §' me\ncurl https://me:§@host.example/x > /usr/local/§(downloaded)\nuseradd -p § x\n\
                 apt-get install -y §\nservice §(started) start\n. /etc/§\nexec gosu § \"$@\"\n",
            ),
            (
                "package.json",
                "{\"name\": \"x\", \"scripts\": {\"prestart\": \"mkdir /§(made) && sudo tool §\", \"start\": \"DB_PASSWORD=§ node --port 80 § > /var/log/§(redirected)\"}}\n",
            ),
        ],
    ),
    folder(
        "configurations",
        &[
            (
                "Dockerfile",
                "FROM nginx:1.27\nCOPY nginx.conf /etc/nginx/nginx.conf\nCOPY supervisord.conf /etc/supervisord.conf\nADD . /srv\nCMD [\"supervisord\", \"-c\", \"/etc/supervisord.conf\"]\n",
            ),
            (
                "nginx.conf",
                "user §;\npid /run/§.pid;\nhttp { server { listen 80; access_log /var/log/§; proxy_set_header Authorization 'Basic §'; } }\n",
            ),
            (
                "supervisord.conf",
                "[supervisord]\nuser=§\n[program:§]\ncommand=tool --password=§ §\nenvironment=DB_PASSWORD=\"§\"\n",
            ),
        ],
    ),
    folder(
        "updaters-broken",
        &[
            APP,
            ("renovate.json", "{\"hostRules\": [{\"password\": \"§\", §\n"),
            (".github/dependabot.yml", "version: 2\nregistries:\n  x:\n    password: §\n   y: [§\n"),
        ],
    ),
];

/// Configurations that are refused.
pub(crate) const CONFIGURATIONS: &[(&str, &str)] = &[
    ("level", "level = \"§\"\n"),
    ("only", "only = [\"§\"]\n"),
    ("unknown-key", "§ = 1\n"),
    ("unknown-key-named", "password = \"§\"\n"),
    ("syntax", "level = §\n"),
    ("syntax-key", "db password = \"§\n"),
    ("type", "offline = \"§\"\n"),
    ("mirror", "[registries.\"docker.io\"]\nmirror = \"https://me:§@mirror.example\"\n"),
    ("mirror-query", "[registries.\"docker.io\"]\nmirror = \"mirror.example/?token=§\"\n"),
    ("registry", "[registries.\"https://me:§@host.example\"]\ninsecure = true\n"),
    ("registry-key", "[registries.\"docker.io\"]\n\"§\" = true\n"),
    ("image", "[pin-digest]\nignore = [\"me:§@registry.example/**[\"]\n"),
    ("image-url", "[pin-digest]\nignore = [\"https://me:§@registry.example\"]\n"),
    ("style", "[non-root-user]\nstyle = \"§\"\n"),
    ("paths", "[[files]]\npaths = [\"§[\"]\nskip = [\"§\"]\n"),
    ("facts", "facts = [\"https://me:§@host.example/facts.json\"]\n"),
    ("twice", "level = \"safe\"\nlevel = \"§\"\n"),
];

/// Facts files that are refused.
pub(crate) const FACTS: &[(&str, &str)] = &[
    ("no-json", "{\"schema\": \"harden-facts/1\", §"),
    ("schema", "{\"schema\": \"§\", \"images\": []}"),
    ("schema-version", "{\"schema\": \"harden-facts/§\", \"images\": []}"),
    ("unknown-field", "{\"schema\": \"harden-facts/1\", \"images\": [], \"§\": 1}"),
    ("type", "{\"schema\": \"harden-facts/1\", \"images\": \"§\"}"),
    (
        "reference",
        "{\"schema\": \"harden-facts/1\", \"images\": [{\"ref\": \"https://me:§@registry.example/x\"}]}",
    ),
    ("digest", "{\"schema\": \"harden-facts/1\", \"images\": [{\"ref\": \"node:22\", \"digest\": \"§\"}]}"),
    (
        "platform",
        "{\"schema\": \"harden-facts/1\", \"images\": [{\"ref\": \"node:22\", \"digest\": 1, \"platforms\": [\"§\"]}]}",
    ),
    (
        "environment",
        "{\"schema\": \"harden-facts/1\", \"images\": [{\"ref\": \"node:22\", \"config\": {\"env\": [\"DB_PASSWORD=§\"], \"env\": 3}}]}",
    ),
];
