//! Programs of builds and the variables they read.
//!
//! Sources are the manuals of each: npm ("config", "Lifecycle scripts"), Yarn ("Configuration"), pip ("Configuration",
//! "Requirements File Format", which expands `${NAME}`), Bundler ("bundle config"), Composer ("Environment variables"),
//! Cargo and Go ("Environment variables"), GitHub CLI ("gh help environment"), AWS CLI, Rails (`secret_key_base`), Django
//! (`SECRET_KEY`), Prisma ("Environment variables"), Sentry CLI ("Configuration"), and so on.

/// What a program may do with variables that are not its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    /// It does not look at them.
    Ignored,
    /// Its configuration files may name them.
    Files(&'static [&'static str]),
    /// It runs the project's own code, or its configuration may name them anywhere.
    Possible,
}

/// A program, perhaps with certain arguments.
pub(super) struct Tool {
    pub(super) programs: &'static [&'static str],
    /// One of these has to be among its arguments; empty: any.
    pub(super) arguments: &'static [&'static str],
    /// The variables it reads; `*` stands for anything at one end.
    pub(super) variables: &'static [&'static str],
    pub(super) others: Others,
}

const fn tool(
    programs: &'static [&'static str],
    arguments: &'static [&'static str],
    variables: &'static [&'static str],
    others: Others,
) -> Tool {
    Tool { programs, arguments, variables, others }
}

use Others::{Files, Ignored, Possible};

const NODE: &[&str] = &["npm", "yarn", "pnpm", "bun", "lerna"];
const NODE_FILES: &[&str] = &[".npmrc", ".yarnrc", ".yarnrc.yml", "bunfig.toml", "package.json"];
const NODE_VARIABLES: &[&str] =
    &["NPM_*", "npm_config_*", "NODE_AUTH_TOKEN", "YARN_*", "PNPM_*", "BUN_AUTH_TOKEN", "BUN_CONFIG_*"];
const BUNDLERS: &[&str] = &[
    "SENTRY_*",
    "DATABASE_URL",
    "NEXT_*",
    "NEXTAUTH_*",
    "NUXT_*",
    "VITE_*",
    "REACT_APP_*",
    "VUE_APP_*",
    "GATSBY_*",
    "EXPO_*",
    "PUBLIC_*",
];
const PRISMA: &[&str] = &["DATABASE_URL", "DIRECT_URL", "DIRECT_DATABASE_URL", "SHADOW_DATABASE_URL"];
const AWS: &[&str] = &["AWS_*"];

/// The first row that fits a command says what it does with other variables; each that fits may name variables.
pub(super) const TOOLS: &[Tool] = &[
    // JavaScript.
    tool(&["corepack"], &[], &["COREPACK_*"], Ignored),
    tool(&["prisma"], &[], PRISMA, Possible),
    tool(&["npm", "yarn", "pnpm", "bun", "lerna"], &["run", "build", "run-script"], BUNDLERS, Possible),
    tool(&["next", "nuxt", "vite", "react-scripts", "vue-cli-service", "gatsby"], &[], BUNDLERS, Possible),
    tool(NODE, &["cache", "config", "-v", "--version"], NODE_VARIABLES, Ignored),
    tool(NODE, &["-g", "--global", "global"], NODE_VARIABLES, Files(&[".npmrc", ".yarnrc"])),
    tool(NODE, &["install", "ci", "i", "add", "fetch", "clean-install"], NODE_VARIABLES, Files(NODE_FILES)),
    tool(NODE, &[], NODE_VARIABLES, Possible),
    tool(&["sentry-cli"], &[], &["SENTRY_*"], Ignored),
    // Python.
    tool(
        &["pip", "pip3", "pipx", "uv"],
        &[".", "-e", "--editable", "run", "sync", "wheel"],
        &["PIP_*", "UV_*", "KEYRING_*"],
        Possible,
    ),
    tool(
        &["pip", "pip2", "pip3", "pipx", "uv"],
        &["-r", "--requirement", "-c", "--constraint"],
        &["PIP_*", "UV_*"],
        Files(&["requirements.txt", "constraints.txt", "pip.conf"]),
    ),
    tool(
        &["pip", "pip2", "pip3", "pipx", "uv", "easy_install"],
        &[],
        &["PIP_*", "UV_*", "KEYRING_*"],
        Ignored,
    ),
    tool(
        &["poetry", "pdm", "pipenv", "hatch"],
        &[],
        &["POETRY_*", "PDM_*", "PIPENV_*", "PIP_*", "HATCH_*"],
        Files(&["pyproject.toml", "poetry.toml", "pdm.toml", "Pipfile"]),
    ),
    tool(&["twine"], &[], &["TWINE_*"], Ignored),
    tool(
        &["conda", "mamba", "micromamba"],
        &[],
        &["CONDA_*", "ANACONDA_*", "MAMBA_*"],
        Files(&[".condarc", "environment.yml", "environment.yaml"]),
    ),
    tool(
        &["manage.py", "django-admin"],
        &[],
        &["SECRET_KEY", "*_SECRET_KEY", "DJANGO_*", "DATABASE_URL", "DB_*", "POSTGRES_*"],
        Possible,
    ),
    tool(&["hf", "huggingface-cli"], &[], &["HF_*", "HUGGING_FACE_HUB_TOKEN"], Ignored),
    tool(&["wandb"], &[], &["WANDB_*"], Ignored),
    tool(&["dvc"], &[], &["AWS_*", "GOOGLE_*", "AZURE_*", "DVC_*"], Possible),
    // Ruby, PHP.
    tool(
        &["rails", "rake"],
        &[],
        &["SECRET_KEY_BASE", "RAILS_*", "DATABASE_URL", "REDIS_URL", "DEVISE_*"],
        Possible,
    ),
    tool(
        &["bundle", "bundler"],
        &["install", "package", "cache"],
        &["BUNDLE_*"],
        Files(&["Gemfile", "config"]),
    ),
    tool(&["bundle", "bundler"], &["config", "clean"], &["BUNDLE_*"], Ignored),
    tool(&["gem"], &[], &["GEM_*", "RUBYGEMS_*"], Ignored),
    tool(
        &["composer", "composer.phar"],
        &[],
        &["COMPOSER_*", "GITHUB_TOKEN"],
        Files(&["auth.json", "composer.json"]),
    ),
    tool(&["artisan"], &[], &["APP_KEY", "DB_*", "REDIS_*"], Possible),
    // Go, Rust, JVM, .NET.
    tool(&["go"], &["generate", "run", "test", "tool"], &["GO*", "GIT_*", "CGO_*"], Possible),
    tool(&["go"], &[], &["GO*", "GIT_*", "CGO_*", "NETRC"], Ignored),
    tool(&["cargo"], &["fetch", "vendor", "search", "update"], &["CARGO_*"], Files(&["config.toml"])),
    tool(&["cargo"], &[], &["CARGO_*", "DATABASE_URL"], Possible),
    tool(&["rustup", "rustup-init"], &[], &["RUSTUP_*"], Ignored),
    tool(&["mvn", "mvnw"], &[], &["MAVEN_*", "GITHUB_TOKEN", "GITHUB_ACTOR"], Possible),
    tool(&["gradle", "gradlew"], &[], &["GRADLE_*", "ORG_GRADLE_PROJECT_*", "GITHUB_TOKEN"], Possible),
    tool(&["dotnet", "nuget", "msbuild"], &[], &["NUGET_*", "VSS_NUGET_*"], Possible),
    // Services and their command lines.
    tool(&["gh"], &[], &["GH_*", "GITHUB_TOKEN", "GITHUB_ENTERPRISE_TOKEN"], Ignored),
    tool(&["glab"], &[], &["GITLAB_*", "CI_JOB_TOKEN"], Ignored),
    tool(&["git", "git-lfs", "ssh", "scp"], &[], &["GIT_*", "SSH_*"], Ignored),
    tool(&["aws", "s3cmd", "s5cmd", "sam", "chamber"], &[], AWS, Ignored),
    tool(
        &["terraform", "tofu", "terragrunt", "cdk", "serverless"],
        &[],
        &["TF_*", "AWS_*", "ARM_*"],
        Possible,
    ),
    tool(&["gcloud", "gsutil", "bq"], &[], &["GOOGLE_*", "CLOUDSDK_*", "GCP_*"], Ignored),
    tool(&["az", "azcopy"], &[], &["AZURE_*", "AZCOPY_*"], Ignored),
    tool(&["rsync"], &[], &["RSYNC_*"], Ignored),
    tool(&["rclone"], &[], &["RCLONE_*", "AWS_*"], Ignored),
    tool(&["docker", "podman", "skopeo", "crane", "buildah"], &[], &["DOCKER_*", "REGISTRY_*"], Ignored),
    tool(&["helm", "kubectl"], &[], &["KUBE*", "HELM_*"], Ignored),
    tool(&["vault"], &[], &["VAULT_*"], Ignored),
    tool(&["doppler"], &["run"], &["DOPPLER_*"], Possible),
    tool(&["doppler"], &[], &["DOPPLER_*"], Ignored),
    tool(&["op"], &["run"], &["OP_*"], Possible),
    tool(&["op"], &[], &["OP_*"], Ignored),
    tool(&["sops"], &[], &["SOPS_*", "AWS_*", "GOOGLE_*", "AZURE_*"], Ignored),
    tool(&["snyk"], &[], &["SNYK_*"], Ignored),
    tool(&["sonar-scanner"], &[], &["SONAR_*"], Ignored),
    tool(&["codecov"], &[], &["CODECOV_*"], Ignored),
    tool(&["sshpass"], &[], &["SSHPASS"], Possible),
    tool(&["ansible", "ansible-playbook", "ansible-galaxy"], &[], &["ANSIBLE_*"], Possible),
    // Databases.
    tool(
        &["mysql", "mariadb", "mysqladmin", "mariadb-admin", "mysqldump", "mysqlimport"],
        &[],
        &["MYSQL_*"],
        Ignored,
    ),
    tool(&["psql", "createdb", "createuser", "pg_dump", "pg_restore", "pg_isready"], &[], &["PG*"], Ignored),
    tool(&["redis-cli"], &[], &["REDISCLI_AUTH"], Ignored),
];

/// Variables with the address of a proxy, which may hold a password.
const PROXIES: &[&str] = &["http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy", "socks_proxy"];

/// Programs that use a proxy, besides those of [`TOOLS`].
#[rustfmt::skip]
const NETWORK: &[&str] = &[
    "curl", "wget", "apt", "apt-get", "aptitude", "apk", "yum", "dnf", "microdnf", "tdnf", "zypper",
    "pacman", "pecl", "pear", "svn", "hg", "add-apt-repository", "cpan", "cpanm", "apt-key", "gpg", "rpm",
];

/// Programs that do not act on variables of other programs or of the application, from their manual pages: coreutils
/// and other basics, package managers of distributions, accounts, archives, compilers, the helpers of official images.
#[rustfmt::skip]
const QUIET: &[&str] = &[
    "7z", "7za", ":", "[", "[[", "a2disconf", "a2dismod", "a2dissite", "a2enconf", "a2enmod", "a2ensite",
    "add-apt-repository", "addgroup", "adduser", "alias", "alternatives", "apk", "apt", "apt-cache",
    "apt-config", "apt-get", "apt-key", "apt-mark", "aptitude", "ar", "arch", "aria2c", "as", "authselect",
    "awk", "b2sum", "base32", "base64", "basename", "bc", "break", "bsdtar", "bunzip2", "bzip2", "c++",
    "cat", "cc", "cd", "chattr", "chgrp", "chmod", "chown", "chpasswd", "chrpath", "chsh", "cksum", "clang",
    "clang++", "cmp", "column", "comm", "command", "compileall", "continue", "cp", "cpan", "cpanm", "cpio",
    "crontab", "csplit", "curl", "cut", "date", "dd", "debconf-set-selections", "declare", "delgroup",
    "deluser", "df", "diff", "dirname", "dnf", "docker-php-ext-configure", "docker-php-ext-enable",
    "docker-php-ext-install", "docker-php-source", "dos2unix", "dpkg", "dpkg-architecture", "dpkg-divert",
    "dpkg-query", "dpkg-reconfigure", "du", "echo", "egrep", "ensurepip", "exit", "expand", "export",
    "expr", "false", "fc-cache", "fgrep", "file", "fmt", "fold", "free", "g++", "gawk", "gcc", "getcap",
    "getconf", "getent", "getopts", "gpg", "gpg-agent", "gpg2", "gpgconf", "grep", "groupadd", "groupdel",
    "groupmod", "groups", "gunzip", "gzip", "hash", "head", "hexdump", "hg", "hostname", "iconv", "id",
    "install", "jar", "javac", "jlink", "join", "jq", "keytool", "kill", "ld", "ldconfig", "ldd", "let",
    "link", "ln", "local", "locale", "locale-gen", "localedef", "ls", "lsb_release", "lscpu", "lz4", "mawk",
    "md5sum", "microdnf", "mkdir", "mkfifo", "mkfontscale", "mknod", "mkswap", "mktemp", "mount", "mv",
    "nl", "nm", "nproc", "objcopy", "od", "openssl", "pacman", "pacman-key", "passwd", "paste", "patch",
    "patchelf", "pear", "pecl", "phpdismod", "phpenmod", "pkg-config", "popd", "printf", "ps", "pushd",
    "pwd", "ranlib", "read", "readelf", "readlink", "readonly", "realpath", "return", "rev", "rm", "rmdir",
    "rpm", "rpmkeys", "sed", "seq", "set", "setcap", "setfacl", "sha1sum", "sha224sum",
    "sha256sum", "sha384sum", "sha512sum", "shift", "shopt", "shred", "shuf", "sleep", "sort", "split",
    "ssh-keygen", "ssh-keyscan", "stat", "strings", "strip", "stty", "subscription-manager", "svn", "sync",
    "sysctl", "systemctl", "systemd-sysusers", "systemd-tmpfiles", "tac", "tail", "tar", "tdnf", "tee",
    "test", "times", "touch", "tr", "trap", "true", "truncate", "tsc", "tty", "type", "typeset", "ulimit",
    "umask", "umount", "uname", "uniq", "unix2dos", "unlink", "unrar", "unset", "unxz", "unzip", "unzstd",
    "update-alternatives", "update-ca-certificates", "update-ca-trust", "update-locale", "uptime", "upx",
    "useradd", "userdel", "usermod", "uuidgen", "venv", "virtualenv", "visudo", "wait", "wc", "wget",
    "which", "whoami", "xmlstarlet", "xxd", "xz", "yes", "yq", "yum", "yum-config-manager", "zcat", "zip",
    "zstd", "zypper",
];

/// Commands that run another one, which is looked at in their place: wrappers whose command
/// `harden_core::shell::Command::unwrapped` finds.
#[rustfmt::skip]
pub(super) const CARRIERS: &[&str] = &[
    "exec", "command", "builtin", "nohup", "time", "setsid", "nice", "ionice", "stdbuf", "timeout", "env",
    "sudo", "doas", "gosu", "su-exec", "setuidgid", "s6-setuidgid", "s6-applyuidgid", "chpst", "setpriv",
    "chroot", "tini", "tini-static", "docker-init", "dumb-init", "catatonit", "xvfb-run", "busybox", "eval",
    "su", "runuser", "sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash",
];

/// Commands of a project that are started by a package manager: the program and the words before the inner command.
pub(super) const RUNNERS: &[(&str, &[&str])] = &[
    ("bundle", &["exec"]),
    ("poetry", &["run"]),
    ("pipenv", &["run"]),
    ("pdm", &["run"]),
    ("uv", &["run"]),
    ("pnpm", &["exec"]),
    ("pnpm", &["dlx"]),
    ("npm", &["exec"]),
    ("yarn", &["exec"]),
    ("yarn", &["dlx"]),
    ("uv", &["pip"]),
    ("python", &["-m"]),
    ("python2", &["-m"]),
    ("python3", &["-m"]),
    ("npx", &[]),
    ("bunx", &[]),
    ("pnpx", &[]),
    ("ruby", &[]),
    ("php", &[]),
    ("python", &[]),
    ("python3", &[]),
    ("node", &[]),
    ("yarn", &[]),
    ("pnpm", &[]),
];

/// `python3` for `python3.12`, `pip3` for `pip3.12`.
pub(super) fn unversioned(program: &str) -> &str {
    for name in ["python3", "pip3"] {
        if let Some(rest) = program.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'))
            && rest.bytes().all(|byte| byte.is_ascii_digit())
        {
            return &program[..name.len()];
        }
    }
    program
}

/// The name of the program as the table has it.
pub(super) fn known(program: &str) -> Option<&'static str> {
    let tools = TOOLS.iter().flat_map(|tool| tool.programs);
    tools.chain(NETWORK).copied().find(|&name| name == program)
}

/// Whether the variable is the address of a proxy and the program uses one.
pub(super) fn uses_proxy(program: &str, variable: &str) -> bool {
    let is_proxy = PROXIES.iter().any(|one| one.eq_ignore_ascii_case(variable));
    is_proxy && known(program).is_some()
}

/// Whether the program acts on no variable this project looks for.
pub(super) fn is_quiet(program: &str) -> bool {
    QUIET.contains(&program)
}

/// Whether `*` patterns name the variable.
pub(super) fn matches(patterns: &[&str], variable: &str) -> bool {
    patterns.iter().any(|pattern| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => variable.ends_with(end),
        (None, Some(start)) => variable.starts_with(start),
        (None, None) => *pattern == variable,
    })
}
