//! Commands that keep what they are given in a file.

use harden_core::redact;
use harden_core::shell::{Command, Word};
use harden_core::syntax::Span;

/// Where a command keeps something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Store {
    /// In a sentence: `` `/root/.npmrc` ``, `the git configuration`.
    pub(super) place: String,
    /// What has to be removed to undo it: names of files or folders, or the ends of their paths.
    pub(super) files: Vec<String>,
    /// The program and a word of the command that takes it away again.
    pub(super) undo: &'static [(&'static str, &'static str)],
    /// What to do, as the rest of a sentence.
    pub(super) instead: &'static str,
}

/// A subcommand that stores its arguments.
struct Known {
    program: &'static str,
    /// Words the command has, in this order, before the value.
    words: &'static [&'static str],
    place: &'static str,
    files: &'static [&'static str],
    undo: &'static [(&'static str, &'static str)],
    instead: &'static str,
}

const REMOVE: &str = "take it away again in the same RUN";
const MOUNT_FILE: &str = "mount the whole file with `--mount=type=secret,target=…` instead of writing it";
const LOGOUT: &str = "log out in the same RUN";

/// Each program's own documentation says where it stores settings and logins.
const KNOWN: &[Known] = &[
    Known {
        program: "git",
        words: &["config"],
        place: "the git configuration",
        files: &[".gitconfig", "gitconfig", ".git/config", ".git"],
        undo: &[("git", "--unset"), ("git", "--unset-all"), ("git", "--remove-section"), ("git", "unset")],
        instead: REMOVE,
    },
    Known {
        program: "npm",
        words: &["config", "set"],
        place: "`.npmrc`",
        files: &[".npmrc"],
        undo: &[("npm", "delete"), ("npm", "rm")],
        instead: MOUNT_FILE,
    },
    Known {
        program: "npm",
        words: &["set"],
        place: "`.npmrc`",
        files: &[".npmrc"],
        undo: &[("npm", "delete"), ("npm", "rm")],
        instead: MOUNT_FILE,
    },
    Known {
        program: "pnpm",
        words: &["config", "set"],
        place: "`.npmrc`",
        files: &[".npmrc", "rc"],
        undo: &[("pnpm", "delete")],
        instead: MOUNT_FILE,
    },
    Known {
        program: "pnpm",
        words: &["set"],
        place: "`.npmrc`",
        files: &[".npmrc", "rc"],
        undo: &[("pnpm", "delete")],
        instead: MOUNT_FILE,
    },
    Known {
        program: "yarn",
        words: &["config", "set"],
        place: "the configuration of yarn",
        files: &[".yarnrc", ".yarnrc.yml"],
        undo: &[("yarn", "delete"), ("yarn", "unset")],
        instead: MOUNT_FILE,
    },
    Known {
        program: "pip",
        words: &["config", "set"],
        place: "`pip.conf`",
        files: &["pip.conf"],
        undo: &[("pip", "unset"), ("pip3", "unset")],
        instead: MOUNT_FILE,
    },
    Known {
        program: "poetry",
        words: &["config"],
        place: "the configuration of Poetry",
        files: &["auth.toml", "pypoetry"],
        undo: &[("poetry", "--unset")],
        instead: "mount variables of the form `POETRY_HTTP_BASIC_…` with `--mount=type=secret,env=…`",
    },
    Known {
        program: "composer",
        words: &["config"],
        place: "the configuration of Composer",
        files: &["auth.json", ".composer"],
        undo: &[("composer", "--unset")],
        instead: "mount `COMPOSER_AUTH` with `--mount=type=secret,env=COMPOSER_AUTH`",
    },
    Known {
        program: "bundle",
        words: &["config"],
        place: "the configuration of Bundler",
        files: &[".bundle", ".bundle/config"],
        undo: &[("bundle", "unset"), ("bundle", "--delete")],
        instead: "mount a variable of the form `BUNDLE_…` with `--mount=type=secret,env=…`",
    },
    Known {
        program: "conda",
        words: &["config"],
        place: "`.condarc`",
        files: &[".condarc"],
        undo: &[("conda", "--remove"), ("conda", "--remove-key")],
        instead: REMOVE,
    },
    Known {
        program: "gem",
        words: &["sources"],
        place: "`.gemrc`",
        files: &[".gemrc"],
        undo: &[("gem", "--remove"), ("gem", "-r")],
        instead: REMOVE,
    },
    Known {
        program: "aws",
        words: &["configure", "set"],
        place: "`.aws`",
        files: &[".aws", ".aws/credentials", ".aws/config"],
        undo: &[],
        instead: "mount the variables with `--mount=type=secret,env=…`; the command reads them from there",
    },
    Known {
        program: "cargo",
        words: &["login"],
        place: "the credentials of Cargo",
        files: &["credentials", "credentials.toml"],
        undo: &[("cargo", "logout")],
        instead: "mount `CARGO_REGISTRY_TOKEN` with `--mount=type=secret,env=…`",
    },
    Known {
        program: "gh",
        words: &["auth", "login"],
        place: "the configuration of gh",
        files: &["hosts.yml", ".config/gh", "gh"],
        undo: &[("gh", "logout")],
        instead: "mount `GH_TOKEN` with `--mount=type=secret,env=GH_TOKEN`",
    },
    Known {
        program: "dotnet",
        words: &["nuget", "add", "source"],
        place: "`NuGet.Config`",
        files: &["nuget.config", "NuGet.Config", ".nuget"],
        undo: &[("dotnet", "remove")],
        instead: MOUNT_FILE,
    },
    Known {
        program: "nuget",
        words: &["sources"],
        place: "`NuGet.Config`",
        files: &["nuget.config", "NuGet.Config", ".nuget"],
        undo: &[("nuget", "remove"), ("nuget", "Remove")],
        instead: MOUNT_FILE,
    },
    Known {
        program: "kubectl",
        words: &["config"],
        place: "the kubeconfig",
        files: &[".kube", "config"],
        undo: &[("kubectl", "delete-user"), ("kubectl", "unset")],
        instead: MOUNT_FILE,
    },
    Known {
        program: "helm",
        words: &["repo", "add"],
        place: "the repositories of Helm",
        files: &["repositories.yaml", "helm"],
        undo: &[("helm", "remove"), ("helm", "rm")],
        instead: REMOVE,
    },
    Known {
        program: "doctl",
        words: &["auth", "init"],
        place: "the configuration of doctl",
        files: &["doctl", "config.yaml"],
        undo: &[("doctl", "remove")],
        instead: "mount `DIGITALOCEAN_ACCESS_TOKEN` with `--mount=type=secret,env=…`",
    },
    Known {
        program: "gcloud",
        words: &["auth"],
        place: "the configuration of gcloud",
        files: &["gcloud", ".config/gcloud"],
        undo: &[("gcloud", "revoke")],
        instead: REMOVE,
    },
];

/// Programs whose `login` writes the password into a file.
const LOGIN: &[&str] = &[
    "docker",
    "podman",
    "buildah",
    "skopeo",
    "helm",
    "oras",
    "crane",
    "az",
    "npm",
    "vault",
    "wandb",
    "heroku",
    "huggingface-cli",
    "hf",
    "oc",
    "cf",
    "fly",
    "flyctl",
    "vercel",
    "netlify",
    "snyk",
    "argocd",
    "ibmcloud",
];

/// Programs that print what they are given, as it is or changed a little. What others print is their own.
const PRINTS: &[&str] = &[
    "echo", "printf", "cat", "printenv", "sed", "awk", "gawk", "jq", "yq", "base64", "tr", "envsubst",
    "head", "tail", "cut", "grep", "tee", "xargs", "dos2unix", "gunzip", "unexpand", "fold", "sort",
];

/// Where the command keeps what it is given; `None` when it is not known to keep it.
pub(super) fn store(command: &Command) -> Option<Store> {
    let program = program(command)?;
    redirected(command).filter(|_| PRINTS.contains(&program)).or_else(|| match program {
        "tee" => written(command.positional("", &[]).first()?),
        "sed" if command.has_flag(Some('i'), "in-place") => written(command.words.last()?),
        "git" => clone(command).or_else(|| known(command, "git")),
        program => login(command, program).or_else(|| known(command, program)),
    })
}

/// The command of a pipeline that keeps what the first one is given: itself, or one that gets what is printed.
pub(super) fn through_pipe(pipeline: &[(Command, Span)]) -> Option<(&Command, Store)> {
    for (command, _) in pipeline.iter().take_while(|(one, _)| one.place.piped) {
        if let Some(store) = store(command) {
            return Some((command, store));
        }
        if !program(command).is_some_and(|program| PRINTS.contains(&program)) {
            return None;
        }
    }
    None
}

/// The program: `pip3.11` is `pip`.
fn program(command: &Command) -> Option<&str> {
    let name = command.name()?;
    Some(if name.starts_with("pip3") { "pip" } else { name })
}

/// `… > file`: of several the last one.
fn redirected(command: &Command) -> Option<Store> {
    let writes = |operator: &str| {
        let operator = operator.trim_start_matches(|ch: char| ch.is_ascii_digit());
        matches!(operator, ">" | ">>" | ">|" | "&>" | "&>>")
    };
    // Standard error tells what went wrong, not what was given.
    let file =
        command.redirects.iter().rev().find(|(operator, _)| writes(operator) && !operator.starts_with('2'));
    file.and_then(|(_, target)| written(target))
}

/// A file that is written.
fn written(target: &Word) -> Option<Store> {
    let path = target.text.trim_matches('"');
    if path.is_empty()
        || ["/dev/", "/proc/", "/sys/", "/run/", "/tmp/", "&"].iter().any(|one| path.starts_with(one))
    {
        // `/tmp` is kept as well, but what programs put there is rarely the secret itself.
        let temporary = path.starts_with("/tmp/");
        return temporary.then(|| file(path));
    }
    Some(file(path))
}

fn file(path: &str) -> Store {
    Store {
        place: format!("`{}`", redact::mask_text(path)),
        files: vec![path.to_owned()],
        undo: &[],
        instead: MOUNT_FILE,
    }
}

/// `git clone https://$TOKEN@…`: the URL with what stands in it becomes the remote of the clone.
fn clone(command: &Command) -> Option<Store> {
    let operands =
        command.positional("Ccbojt", &["git-dir", "work-tree", "branch", "depth", "origin", "jobs"]);
    // A branch from a variable stores nothing.
    let with_secret =
        |one: &&Word| one.text.contains("://") && (one.text.contains('$') || one.text.contains('`'));
    let url = operands.iter().position(with_secret)?;
    if !matches!(operands.first()?.text.as_str(), "clone" | "remote" | "submodule") {
        return None;
    }
    let folder = operands.get(url + 1).map(|one| one.text.clone());
    let url = operands.get(url)?;
    let name = url.text.trim_end_matches('/').rsplit('/').next().unwrap_or_default().trim_end_matches(".git");
    let mut files = vec![".git".to_owned(), ".git/config".to_owned()];
    files.push(folder.unwrap_or_else(|| name.to_owned()));
    Some(Store {
        place: "`.git/config` of the clone".to_owned(),
        files,
        undo: &[("git", "remove"), ("git", "set-url"), ("git", "--unset")],
        instead: "give git the token with `--mount=type=secret` and a credential helper, or remove `.git` in the \
                  same RUN",
    })
}

fn login(command: &Command, program: &str) -> Option<Store> {
    let has_login = command.words.iter().skip(1).take(3).any(|word| word.text == "login");
    if !has_login || !LOGIN.contains(&program) {
        return None;
    }
    let files = match program {
        "docker" | "oras" | "crane" => vec![".docker".to_owned(), ".docker/config.json".to_owned()],
        "podman" | "buildah" | "skopeo" => vec!["auth.json".to_owned()],
        "npm" => vec![".npmrc".to_owned()],
        other => vec![format!(".{other}"), other.to_owned()],
    };
    Some(Store {
        place: format!("the login of {program}"),
        files,
        undo: &[
            ("docker", "logout"),
            ("podman", "logout"),
            ("buildah", "logout"),
            ("skopeo", "logout"),
            ("helm", "logout"),
            ("oras", "logout"),
            ("az", "logout"),
            ("npm", "logout"),
            ("hf", "logout"),
            ("huggingface-cli", "logout"),
            ("oc", "logout"),
            ("cf", "logout"),
            ("heroku", "logout"),
        ],
        instead: LOGOUT,
    })
}

fn known(command: &Command, program: &str) -> Option<Store> {
    let arguments: Vec<&str> = command
        .words
        .iter()
        .skip(1)
        .map(|word| word.text.as_str())
        .filter(|word| !word.starts_with('-'))
        .collect();
    let found = KNOWN.iter().find(|one| {
        one.program == program && arguments.len() > one.words.len() && arguments.starts_with(one.words)
    })?;
    Some(Store {
        place: found.place.to_owned(),
        files: found.files.iter().map(|&one| one.to_owned()).collect(),
        undo: found.undo,
        instead: found.instead,
    })
}
