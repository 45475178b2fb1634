//! Tools that install themselves, or what they fetch, below the home directory of whoever runs them.

/// A tool and where it goes.
pub(super) struct Tool {
    /// For people.
    pub(super) name: &'static str,
    /// Below the home directory.
    pub(super) folder: &'static str,
    /// Variables any of which moves it elsewhere.
    pub(super) variables: &'static [&'static str],
    /// Options any of which moves it elsewhere.
    pub(super) options: &'static [&'static str],
    /// Commands that only work if its files can be read.
    pub(super) provides: &'static [&'static str],
}

pub(super) const fn tool(
    name: &'static str,
    folder: &'static str,
    variables: &'static [&'static str],
    options: &'static [&'static str],
    provides: &'static [&'static str],
) -> Tool {
    Tool { name, folder, variables, options, provides }
}

/// Installers on the web, by a part of their address. Places and variables are those of the scripts.
pub(super) const SCRIPTS: &[(&str, Tool)] = &[
    (
        "astral.sh/uv",
        tool(
            "uv",
            ".local/bin",
            &["UV_INSTALL_DIR", "UV_UNMANAGED_INSTALL", "XDG_BIN_HOME"],
            &[],
            &["uv", "uvx"],
        ),
    ),
    (
        "install.python-poetry.org",
        tool("Poetry", ".local/share/pypoetry", &["POETRY_HOME"], &[], &["poetry"]),
    ),
    ("rustup.rs", tool("Rust", ".cargo", &["CARGO_HOME"], &[], &["cargo", "rustc", "rustup"])),
    ("nvm-sh/nvm", tool("nvm", ".nvm", &["NVM_DIR"], &[], &["node", "npm", "npx", "yarn", "pnpm"])),
    ("bun.sh/install", tool("Bun", ".bun", &["BUN_INSTALL"], &[], &["bun", "bunx"])),
    ("deno.land/install", tool("Deno", ".deno", &["DENO_INSTALL"], &[], &["deno"])),
    ("deno.land/x/install", tool("Deno", ".deno", &["DENO_INSTALL"], &[], &["deno"])),
    (
        "fnm.vercel.app",
        tool("fnm", ".local/share/fnm", &["FNM_DIR"], &["--install-dir"], &["fnm", "node", "npm", "npx"]),
    ),
    ("get.volta.sh", tool("Volta", ".volta", &["VOLTA_HOME"], &[], &["volta", "node", "npm", "npx", "yarn"])),
    ("pyenv.run", tool("pyenv", ".pyenv", &["PYENV_ROOT"], &[], &["pyenv", "python", "python3", "pip"])),
    (
        "pyenv-installer",
        tool("pyenv", ".pyenv", &["PYENV_ROOT"], &[], &["pyenv", "python", "python3", "pip"]),
    ),
    (
        "get.sdkman.io",
        tool("SDKMAN", ".sdkman", &["SDKMAN_DIR"], &[], &["java", "gradle", "mvn", "kotlin", "sbt"]),
    ),
    (
        "get-ghcup.haskell.org",
        tool("GHCup", ".ghcup", &["GHCUP_INSTALL_BASE_PREFIX"], &[], &["ghc", "cabal", "stack"]),
    ),
    ("get.pnpm.io", tool("pnpm", ".local/share/pnpm", &["PNPM_HOME"], &[], &["pnpm"])),
    ("mise.run", tool("mise", ".local/bin", &["MISE_INSTALL_PATH"], &[], &["mise"])),
    ("claude.ai/install", tool("Claude Code", ".local/bin", &[], &[], &["claude"])),
    (
        "foundry.paradigm.xyz",
        tool("Foundry", ".foundry", &["FOUNDRY_DIR"], &[], &["forge", "cast", "anvil", "chisel"]),
    ),
    (
        "release.solana.com",
        tool("the Solana tools", ".local/share/solana", &[], &[], &["solana", "solana-test-validator"]),
    ),
    (
        "release.anza.xyz",
        tool("the Solana tools", ".local/share/solana", &[], &[], &["solana", "solana-test-validator"]),
    ),
    ("wasmtime.dev/install", tool("Wasmtime", ".wasmtime", &["WASMTIME_HOME"], &[], &["wasmtime"])),
    ("get.wasmer.io", tool("Wasmer", ".wasmer", &["WASMER_DIR"], &[], &["wasmer"])),
    ("install.meteor.com", tool("Meteor", ".meteor", &[], &[], &["meteor"])),
    ("fly.io/install.sh", tool("flyctl", ".fly", &["FLYCTL_INSTALL"], &[], &["fly", "flyctl"])),
    ("get.pulumi.com", tool("Pulumi", ".pulumi", &[], &["--install-root"], &["pulumi"])),
    (
        "sdk.cloud.google.com",
        tool(
            "the Google Cloud SDK",
            "google-cloud-sdk",
            &["CLOUDSDK_INSTALL_DIR"],
            &["--install-dir"],
            &["gcloud", "gsutil"],
        ),
    ),
    ("install.julialang.org", tool("Julia", ".juliaup", &["JULIAUP_DEPOT_PATH"], &["--path"], &["julia"])),
    (
        "dotnet-install.sh",
        tool(
            ".NET",
            ".dotnet",
            &["DOTNET_INSTALL_DIR"],
            &["--install-dir", "-i", "-InstallDir"],
            &["dotnet"],
        ),
    ),
    (
        "nixos.org/nix/install",
        tool("the Nix profile", ".nix-profile", &[], &["--daemon"], &["nix", "nix-shell"]),
    ),
];

/// Calls in Python code that fetch data into a cache below the home directory.
pub(super) const CALLS: &[(&str, Tool)] = &[
    ("nltk.download(", tool("NLTK's data", "nltk_data", &["NLTK_DATA"], &["download_dir"], &[])),
    ("from_pretrained(", HUGGING_FACE),
    ("snapshot_download(", HUGGING_FACE),
    ("hf_hub_download(", HUGGING_FACE),
    (
        "SentenceTransformer(",
        tool(
            "the Hugging Face cache",
            ".cache/huggingface",
            &["HF_HOME", "HF_HUB_CACHE", "SENTENCE_TRANSFORMERS_HOME", "XDG_CACHE_HOME"],
            &["cache_folder"],
            &[],
        ),
    ),
    (
        "torch.hub.load(",
        tool("PyTorch's cache", ".cache/torch", &["TORCH_HOME", "XDG_CACHE_HOME"], &["hub.set_dir"], &[]),
    ),
    (
        "whisper.load_model(",
        tool("Whisper's models", ".cache/whisper", &["XDG_CACHE_HOME"], &["download_root"], &[]),
    ),
    (
        "easyocr.Reader(",
        tool(
            "EasyOCR's models",
            ".EasyOCR",
            &["EASYOCR_MODULE_PATH", "MODULE_PATH"],
            &["model_storage_directory"],
            &[],
        ),
    ),
    ("gensim.downloader", tool("gensim's data", "gensim-data", &["GENSIM_DATA_DIR"], &[], &[])),
    ("Pkg.add(", tool("Julia's packages", ".julia", &["JULIA_DEPOT_PATH"], &[], &["julia"])),
    ("Pkg.instantiate(", tool("Julia's packages", ".julia", &["JULIA_DEPOT_PATH"], &[], &["julia"])),
];

const HUGGING_FACE: Tool = tool(
    "the Hugging Face cache",
    ".cache/huggingface",
    &["HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "XDG_CACHE_HOME"],
    &["cache_dir", "local_dir"],
    &[],
);

/// Build tools whose cache a container needs that runs them at start.
pub(super) const CACHES: &[(&[&str], Tool)] = &[
    (
        &["mvn", "mvnw"],
        tool(
            "Maven's repository",
            ".m2",
            &["MAVEN_USER_HOME", "MAVEN_OPTS"],
            &["-Dmaven.repo.local"],
            &["mvn", "mvnw"],
        ),
    ),
    (
        &["gradle", "gradlew"],
        tool(
            "Gradle's cache",
            ".gradle",
            &["GRADLE_USER_HOME"],
            &["-g", "--gradle-user-home"],
            &["gradle", "gradlew"],
        ),
    ),
    (&["sbt"], tool("sbt's cache", ".sbt", &["SBT_OPTS"], &[], &["sbt"])),
    (&["lein"], tool("Leiningen", ".lein", &["LEIN_HOME"], &[], &["lein"])),
    (&["cargo"], tool("Cargo's registry", ".cargo", &["CARGO_HOME"], &[], &["cargo"])),
    (&["go"], tool("Go's modules", "go", &["GOPATH", "GOMODCACHE"], &[], &["go"])),
    (&["mix"], tool("Hex and rebar", ".mix", &["MIX_HOME"], &[], &["mix", "iex"])),
    (&["deno"], tool("Deno's cache", ".cache/deno", &["DENO_DIR"], &[], &["deno"])),
    (
        &["corepack"],
        tool(
            "Corepack's package managers",
            ".cache/node/corepack",
            &["COREPACK_HOME", "XDG_CACHE_HOME"],
            &[],
            &["pnpm", "yarn", "corepack"],
        ),
    ),
];

/// Images that move the folder of a tool out of the home directory, by the beginning of their name (their
/// Dockerfiles).
pub(super) const MOVED_BY_IMAGE: &[(&str, &[&str])] = &[
    ("golang", &["GOPATH"]),
    ("rust", &["CARGO_HOME", "RUSTUP_HOME"]),
    ("clux/muslrust", &["CARGO_HOME", "RUSTUP_HOME"]),
    ("lukemathwalker/cargo-chef", &["CARGO_HOME", "RUSTUP_HOME"]),
    ("denoland/deno", &["DENO_DIR"]),
    ("mcr.microsoft.com/playwright", &["PLAYWRIGHT_BROWSERS_PATH"]),
    ("composer", &["COMPOSER_HOME"]),
    ("cypress/", &["CYPRESS_CACHE_FOLDER"]),
];

/// Files below a home directory that are for people at a shell, or for the build.
pub(super) const PERSONAL: &[&str] = &[
    ".ash_history",
    ".bash_aliases",
    ".bash_history",
    ".bash_login",
    ".bash_logout",
    ".bash_profile",
    ".bashrc",
    ".cache/composer",
    ".cache/go-build",
    ".cache/pip",
    ".cache/pypoetry",
    ".cache/uv",
    ".cache/yarn",
    ".composer/cache",
    ".config/git",
    ".config/pip",
    ".cshrc",
    ".curlrc",
    ".gem/credentials",
    ".gemrc",
    ".git-credentials",
    ".gitconfig",
    ".gnupg",
    ".inputrc",
    ".lesshst",
    ".m2/settings.xml",
    ".mysql_history",
    ".netrc",
    ".npm",
    ".npmrc",
    ".nvimrc",
    ".oh-my-zsh",
    ".pip",
    ".profile",
    ".psqlrc",
    ".pydistutils.cfg",
    ".pypirc",
    ".python_history",
    ".screenrc",
    ".selected_editor",
    ".tcshrc",
    ".tmux.conf",
    ".vim",
    ".viminfo",
    ".vimrc",
    ".wget-hsts",
    ".wgetrc",
    ".yarnrc",
    ".zprofile",
    ".zsh_history",
    ".zshenv",
    ".zshrc",
];
