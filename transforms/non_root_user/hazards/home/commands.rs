//! Commands that install below the home directory of whoever runs them.

use super::installers::{Tool, tool};

/// Commands that install or fetch, by words that follow each other. `*` stands for any word.
pub(super) const COMMANDS: &[(&[&str], Tool)] = &[
    (
        &["pip", "install", "--user"],
        tool("pip install --user", ".local", &["PYTHONUSERBASE"], &["--target", "-t", "--prefix"], &[]),
    ),
    (&["pipx", "install"], tool("pipx", ".local", &["PIPX_HOME"], &["--global"], &[])),
    (
        &["uv", "tool", "install"],
        tool("uv tool install", ".local/share/uv/tools", &["UV_TOOL_DIR", "XDG_DATA_HOME"], &[], &[]),
    ),
    (
        &["uv", "python", "install"],
        tool(
            "uv python install",
            ".local/share/uv/python",
            &["UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"],
            &["--install-dir", "-i"],
            &[],
        ),
    ),
    (
        &["cargo", "install"],
        tool("cargo install", ".cargo/bin", &["CARGO_HOME", "CARGO_INSTALL_ROOT"], &["--root"], &[]),
    ),
    (&["go", "install"], tool("go install", "go/bin", &["GOPATH", "GOBIN"], &[], &[])),
    (
        &["dotnet", "tool", "install", "-g"],
        tool("dotnet tool install", ".dotnet/tools", &["DOTNET_CLI_HOME"], &["--tool-path"], &[]),
    ),
    (
        &["dotnet", "tool", "install", "--global"],
        tool("dotnet tool install", ".dotnet/tools", &["DOTNET_CLI_HOME"], &["--tool-path"], &[]),
    ),
    (&["composer", "global", "require"], tool("composer global", ".composer", &["COMPOSER_HOME"], &[], &[])),
    (
        &["gem", "install", "--user-install"],
        tool("gem install --user-install", ".gem", &["GEM_HOME"], &["--install-dir", "-i"], &[]),
    ),
    (
        &["playwright", "install"],
        tool(
            "Playwright",
            ".cache/ms-playwright",
            &["PLAYWRIGHT_BROWSERS_PATH", "XDG_CACHE_HOME"],
            &["--dry-run"],
            &[],
        ),
    ),
    (
        &["patchright", "install"],
        tool(
            "Patchright",
            ".cache/ms-playwright",
            &["PLAYWRIGHT_BROWSERS_PATH", "XDG_CACHE_HOME"],
            &["--dry-run"],
            &[],
        ),
    ),
    (
        &["puppeteer", "browsers", "install"],
        tool("Puppeteer", ".cache/puppeteer", &["PUPPETEER_CACHE_DIR"], &["--path"], &[]),
    ),
    (
        &["cypress", "install"],
        tool("Cypress", ".cache/Cypress", &["CYPRESS_CACHE_FOLDER"], &[], &["cypress"]),
    ),
    (
        &["huggingface-cli", "download"],
        tool(
            "the Hugging Face cache",
            ".cache/huggingface",
            &["HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME"],
            &["--local-dir", "--cache-dir"],
            &[],
        ),
    ),
    (
        &["hf", "download"],
        tool(
            "the Hugging Face cache",
            ".cache/huggingface",
            &["HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME"],
            &["--local-dir", "--cache-dir"],
            &[],
        ),
    ),
    (&["nltk.downloader"], tool("NLTK's data", "nltk_data", &["NLTK_DATA"], &["-d"], &[])),
    (&["opam", "init"], tool("opam", ".opam", &["OPAMROOT"], &["--root"], &["opam", "ocaml", "dune"])),
    (
        &["cabal", "install"],
        tool("cabal install", ".cabal", &["CABAL_DIR"], &["--installdir", "--install-dir"], &[]),
    ),
    (&["stack", "install"], tool("stack install", ".local/bin", &["STACK_ROOT"], &["--local-bin-path"], &[])),
    (&["stack", "setup"], tool("Stack", ".stack", &["STACK_ROOT"], &["--stack-root"], &["stack"])),
    (&["nimble", "install"], tool("nimble install", ".nimble", &["NIMBLE_DIR"], &["--nimbleDir"], &[])),
    (
        &["luarocks", "install", "--local"],
        tool("luarocks install --local", ".luarocks", &[], &["--tree"], &[]),
    ),
    (
        &["helm", "plugin", "install"],
        tool(
            "a Helm plugin",
            ".local/share/helm",
            &["HELM_PLUGINS", "HELM_DATA_HOME", "XDG_DATA_HOME"],
            &[],
            &["helm"],
        ),
    ),
    (
        &["helm", "repo", "add"],
        tool(
            "a Helm repository",
            ".config/helm",
            &["HELM_REPOSITORY_CONFIG", "HELM_CONFIG_HOME", "XDG_CONFIG_HOME"],
            &["--repository-config"],
            &["helm"],
        ),
    ),
    (
        &["ansible-galaxy", "*", "install"],
        tool(
            "Ansible's content",
            ".ansible",
            &["ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_COLLECTIONS_PATHS", "ANSIBLE_ROLES_PATH", "ANSIBLE_HOME"],
            &["-p", "--collections-path", "--roles-path"],
            &[],
        ),
    ),
    (
        &["ansible-galaxy", "install"],
        tool(
            "Ansible's content",
            ".ansible",
            &["ANSIBLE_ROLES_PATH", "ANSIBLE_HOME"],
            &["-p", "--roles-path"],
            &[],
        ),
    ),
    (
        &["gh", "extension", "install"],
        tool("a gh extension", ".local/share/gh", &["XDG_DATA_HOME"], &[], &["gh"]),
    ),
    (&["pm2", "install"], tool("a pm2 module", ".pm2", &["PM2_HOME"], &[], &["pm2", "pm2-runtime"])),
    (
        &["jupyter", "*", "--generate-config"],
        tool(
            "Jupyter's configuration",
            ".jupyter",
            &["JUPYTER_CONFIG_DIR"],
            &["--config"],
            &["jupyter", "jupyter-lab", "jupyter-notebook"],
        ),
    ),
    (
        &["code-server", "--install-extension"],
        tool(
            "a code-server extension",
            ".local/share/code-server",
            &["XDG_DATA_HOME"],
            &["--extensions-dir"],
            &["code-server"],
        ),
    ),
    (
        &["pipenv", "install"],
        tool(
            "pipenv's environment",
            ".local/share/virtualenvs",
            &["WORKON_HOME", "PIPENV_VENV_IN_PROJECT", "PIPENV_SYSTEM", "VIRTUAL_ENV"],
            &["--system"],
            &[],
        ),
    ),
    (
        &["pipenv", "sync"],
        tool(
            "pipenv's environment",
            ".local/share/virtualenvs",
            &["WORKON_HOME", "PIPENV_VENV_IN_PROJECT", "PIPENV_SYSTEM", "VIRTUAL_ENV"],
            &["--system"],
            &[],
        ),
    ),
    (
        &["foundryup"],
        tool("Foundry", ".foundry", &["FOUNDRY_DIR"], &[], &["forge", "cast", "anvil", "chisel"]),
    ),
];
