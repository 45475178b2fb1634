//! Tools that keep files in their user's home or in a cache a variable names.

use harden_core::{Origin, Place, Value};

use super::{StateDirectory, is_in};
use crate::non_root_user::launch::{Launched, Started};
use crate::non_root_user::programs::arguments::mentions;
use crate::non_root_user::risk::Risk;
use crate::non_root_user::view::View;

/// Variables, and the tools that write below what they name.
const CACHES: &[(&str, &[&str])] = &[
    ("npm_config_cache", &["npm", "npx"]),
    ("NPM_CONFIG_CACHE", &["npm", "npx"]),
    ("YARN_CACHE_FOLDER", &["yarn"]),
    ("YARN_GLOBAL_FOLDER", &["yarn"]),
    ("PNPM_HOME", &[]),
    ("COREPACK_HOME", &["yarn", "pnpm", "corepack"]),
    ("HF_HOME", PYTHON),
    ("HF_HUB_CACHE", PYTHON),
    ("HUGGINGFACE_HUB_CACHE", PYTHON),
    ("HF_DATASETS_CACHE", PYTHON),
    ("TRANSFORMERS_CACHE", PYTHON),
    ("SENTENCE_TRANSFORMERS_HOME", PYTHON),
    ("TORCH_HOME", PYTHON),
    ("TIKTOKEN_CACHE_DIR", PYTHON),
    ("MPLCONFIGDIR", PYTHON),
    ("NUMBA_CACHE_DIR", PYTHON),
    ("PYTHONPYCACHEPREFIX", &[]),
    ("POETRY_CACHE_DIR", &["poetry"]),
    ("UV_CACHE_DIR", &["uv", "uvx"]),
    ("PIP_CACHE_DIR", &["pip", "pip3"]),
    ("PLAYWRIGHT_BROWSERS_PATH", &[]),
    ("GOCACHE", &["go"]),
    ("GOMODCACHE", &["go"]),
    ("CARGO_HOME", &["cargo"]),
    ("GRADLE_USER_HOME", &["gradle", "gradlew"]),
    ("MAVEN_CONFIG", &["mvn", "mvnw"]),
    ("COMPOSER_HOME", &["composer"]),
    ("COMPOSER_CACHE_DIR", &["composer"]),
    ("BUNDLE_APP_CONFIG", &[]),
    ("JULIA_DEPOT_PATH", &["julia"]),
    ("DENO_DIR", &["deno"]),
    ("NUGET_PACKAGES", &["dotnet"]),
    ("DOTNET_CLI_HOME", &["dotnet"]),
    ("MIX_HOME", &["mix"]),
    ("HEX_HOME", &["mix"]),
    ("JUPYTER_RUNTIME_DIR", &["jupyter", "jupyter-lab", "jupyter-notebook"]),
    ("JUPYTER_DATA_DIR", &["jupyter", "jupyter-lab", "jupyter-notebook"]),
    ("STREAMLIT_CONFIG_DIR", &["streamlit"]),
    ("XDG_CACHE_HOME", ANY),
    ("XDG_CONFIG_HOME", ANY),
    ("XDG_DATA_HOME", ANY),
    ("XDG_STATE_HOME", ANY),
    ("XDG_RUNTIME_DIR", ANY),
];

const PYTHON: &[&str] = &[
    "python",
    "python3",
    "gunicorn",
    "uvicorn",
    "streamlit",
    "celery",
    "jupyter",
    "flask",
    "fastapi",
    "gradio",
    "ray",
    "vllm",
    "hypercorn",
];

/// Whatever is started: the variables are everybody's (XDG Base Directory Specification).
const ANY: &[&str] = &[];

/// Lowers for caches outside the home of root (those below it are told with it) that only root may write to.
pub(super) fn risks(view: &View<'_, '_>, launched: &Launched) -> Vec<Risk> {
    let mut risks = Vec::new();
    let main: Vec<&Started> = launched.commands.iter().filter(|started| !started.health).collect();
    let open = super::open_directories(view);
    let state: Vec<StateDirectory> = super::state_directories(view, launched);
    for (name, tools) in CACHES {
        let Some(variable) = view.scopes.variable(view.end, name) else { continue };
        let (Origin::Env, Value::Known(value)) = (variable.origin, variable.value) else { continue };
        let value = value.trim_end_matches('/');
        let everybody =
            ["/root", "/tmp", "/var/tmp", "/dev", "/home"].iter().any(|folder| is_in(value, folder));
        let given =
            open.iter().any(|path| is_in(value, path)) || state.iter().any(|one| is_in(value, &one.path));
        let uses_any = name.starts_with("XDG_");
        let named = |started: &&&Started| started.command.name().is_some_and(|name| tools.contains(&name));
        let tool = main.iter().find(named);
        let tool = tool.or_else(|| main.iter().find(|started| uses_any || mentions(&started.command, tools)));
        if !value.starts_with('/') || everybody || given || (tool.is_none() && !uses_any) {
            continue;
        }
        let what = match tool.and_then(|started| started.command.name()) {
            Some(tool) if !uses_any => {
                format!("{tool} writes below {value}, which {name} names and root owns")
            }
            _ => format!("programs write below {value}, which {name} names and root owns"),
        };
        let place = tool.and_then(|started| started.place.clone());
        risks.push(Risk::lower("root-cache", what, env_place(view, name).or(place)));
    }
    risks.extend(virtual_environment(view, &main));
    risks
}

/// Where ENV sets the variable, the last one.
fn env_place(view: &View<'_, '_>, name: &str) -> Option<Place> {
    let mut place = None;
    for stage in view.chain.iter().filter_map(|&index| view.ctx.build.stages.get(index)) {
        for instruction in &stage.instructions {
            let env = instruction.keyword() == harden_core::syntax::Keyword::Env;
            let pairs = if env { instruction.pairs() } else { Vec::new() };
            for pair in pairs.iter().filter(|pair| pair.key.text() == name) {
                place = Some(Place::Here(pair.whole.span()));
            }
        }
    }
    place
}

/// Variables that put virtual environments elsewhere.
const ELSEWHERE: [&str; 7] = [
    "POETRY_VIRTUALENVS_CREATE",
    "POETRY_VIRTUALENVS_IN_PROJECT",
    "POETRY_VIRTUALENVS_PATH",
    "PIPENV_VENV_IN_PROJECT",
    "PIPENV_SYSTEM",
    "VIRTUAL_ENV",
    "WORKON_HOME",
];

/// Poetry and Pipenv keep virtual environments in the home of the user that made them, unless they are told otherwise
/// (Poetry, "virtualenvs.in-project"; Pipenv, `PIPENV_VENV_IN_PROJECT`).
fn virtual_environment(view: &View<'_, '_>, main: &[&Started]) -> Option<Risk> {
    let (started, tool) = main.iter().find_map(|started| {
        let tool = ["poetry", "pipenv"].into_iter().find(|tool| mentions(&started.command, &[tool]))?;
        Some((started, tool))
    })?;
    if ELSEWHERE.iter().any(|name| view.scopes.variable(view.end, name).is_some()) {
        return None;
    }
    // `poetry config virtualenvs.create false`, `pipenv install --system`.
    let told = view.chain.iter().filter_map(|&index| view.ctx.build.stages.get(index)).any(|stage| {
        stage.instructions.iter().any(|one| {
            let text = one.arguments().text();
            text.contains("virtualenvs.create false")
                || text.contains("virtualenvs.in-project true")
                || text.contains("--system")
        })
    });
    if told {
        return None;
    }
    let message = format!(
        "{} runs {tool}, whose virtual environment lies in the home of whoever made it unless it is told otherwise",
        started.by
    );
    Some(Risk::lower("virtual-environment", message, started.place.clone()))
}
