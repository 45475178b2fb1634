//! What package managers fetch besides packages: browsers of Node packages, Python for uv.

use super::super::super::runs::Ran;
use super::super::super::view::View;
use super::installers::{Tool, tool};
use super::tools::Memory;
use crate::support::image_paths::CopyKind;

/// Node packages that download a browser when they are installed (their install scripts), with what keeps them from it
/// or moves it.
const NODE_PACKAGES: &[(&str, Tool)] = &[
    (
        "puppeteer",
        tool(
            "Puppeteer's browser",
            ".cache/puppeteer",
            &[
                "PUPPETEER_CACHE_DIR",
                "PUPPETEER_SKIP_DOWNLOAD",
                "PUPPETEER_SKIP_CHROMIUM_DOWNLOAD",
                "PUPPETEER_EXECUTABLE_PATH",
            ],
            &[],
            &[],
        ),
    ),
    (
        "cypress",
        tool(
            "Cypress",
            ".cache/Cypress",
            &["CYPRESS_CACHE_FOLDER", "CYPRESS_INSTALL_BINARY"],
            &[],
            &["cypress"],
        ),
    ),
    (
        "@playwright/browser-chromium",
        tool(
            "Playwright's browser",
            ".cache/ms-playwright",
            &["PLAYWRIGHT_BROWSERS_PATH", "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD"],
            &[],
            &[],
        ),
    ),
];

/// The Python that uv downloads where it finds none that fits (uv docs, "Python versions").
pub(super) const UV_PYTHON: Tool = tool(
    "the Python that uv downloads",
    ".local/share/uv/python",
    &[
        "UV_PYTHON_INSTALL_DIR",
        "UV_PYTHON_DOWNLOADS",
        "UV_SYSTEM_PYTHON",
        "UV_NO_MANAGED_PYTHON",
        "XDG_DATA_HOME",
    ],
    &[],
    &["uv", "python", "python3"],
);

/// Tools that the dependencies of `package.json` bring when a command installs them.
pub(super) fn of_manifest(view: &View<'_, '_>, memory: &mut Memory, one: &Ran) -> Vec<&'static Tool> {
    let mut words = one.command.words.iter().skip(1).map(|word| word.text.as_str());
    let installs = match one.command.name() {
        Some("npm") => words.any(|word| matches!(word, "install" | "i" | "ci" | "clean-install")),
        Some("pnpm" | "bun") => words.any(|word| matches!(word, "install" | "i")),
        Some("yarn") => words.all(|word| word == "install" || word.starts_with('-')),
        _ => false,
    };
    if !installs || one.command.has_flag(None, "ignore-scripts") {
        return Vec::new();
    }
    let text = one.absolute("package.json").and_then(|path| memory.text(view, &path));
    let Some(text) = text else { return Vec::new() };
    let named = |name: &str| text.contains(&format!("\"{name}\":"));
    NODE_PACKAGES.iter().filter(|(name, _)| named(name)).map(|(_, tool)| tool).collect()
}

/// Whether uv has to download Python for a command.
pub(super) fn downloads_python(view: &View<'_, '_>, memory: &mut Memory, one: &Ran) -> bool {
    let verb = one.command.words.get(1).map(|word| word.text.as_str());
    let needs = one.command.name() == Some("uv") && matches!(verb, Some("sync" | "venv" | "run"));
    if !needs || one.command.has_flag(None, "system") || one.command.has_flag(None, "no-managed-python") {
        return false;
    }
    let image = view.base.image.as_ref().map(|image| image.familiar().to_owned()).unwrap_or_default();
    let given = one.command.option(Some('p'), "python").map(|word| word.text);
    let wanted = given.or_else(|| {
        let file = one.absolute(".python-version")?;
        Some(memory.text(view, &file)?.trim().to_owned())
    });
    let has = match image.split_once("python:") {
        Some((_, tag)) => wanted.is_none_or(|wanted| fits(&wanted, tag)),
        None => image.contains("python") || image.contains("conda") || memory.python || brings_python(view),
    };
    !has
}

/// Whether a tag of the Python image can be the version that is wanted: `3.12` is `3.12-slim`, `3` may be.
fn fits(wanted: &str, tag: &str) -> bool {
    let numbers = |text: &str| {
        let end = text.find(|ch: char| !ch.is_ascii_digit() && ch != '.').unwrap_or(text.len());
        let parts = text.get(..end).unwrap_or_default().split('.').take(2);
        parts.filter_map(|part| part.parse::<u32>().ok()).collect::<Vec<_>>()
    };
    // `cpython-3.12`, a path, a range: nobody knows.
    if !wanted.starts_with(|ch: char| ch.is_ascii_digit()) {
        return true;
    }
    numbers(wanted).iter().zip(numbers(tag)).all(|(wanted, have)| *wanted == have)
}

/// Whether another stage or image brings Python along.
fn brings_python(view: &View<'_, '_>) -> bool {
    view.paths.copied().any(|copied| {
        copied.sources.iter().any(|source| {
            matches!(source.kind, CopyKind::Stage(_) | CopyKind::Image(_)) && source.text.contains("python")
        })
    })
}
