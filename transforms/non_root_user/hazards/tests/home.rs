use super::*;

#[test]
fn the_container_would_not_start() {
    for (lines, expected) in [
        ("WORKDIR /root", "stop root-home-workdir 1"),
        ("WORKDIR /root/app", "stop root-home-workdir 1"),
        ("WORKDIR /root\nWORKDIR app", "stop root-home-workdir 2"),
        ("CMD [\"python\", \"/root/app.py\"]", "stop root-home-command 1"),
        ("ENTRYPOINT [\"/root/run.sh\"]", "stop root-home-command 1"),
        ("CMD cd /root/app && ./run", "stop root-home-command 1"),
        ("CMD exec /root/.local/bin/app", "stop root-home-command 1"),
    ] {
        one(lines, expected);
    }
    for lines in [
        "WORKDIR /root\nWORKDIR /app",
        "WORKDIR /app/root",
        "WORKDIR /rootfs",
        "CMD [\"/srv/root/x\"]",
        "CMD [\"curl\", \"https://example.com/root/x\"]",
        "CMD [\"/app/run\", \"--user=root\"]",
    ] {
        none(lines);
    }
    // Everybody may enter.
    one("RUN chmod 755 /root\nWORKDIR /root", "lower root-home-workdir 2");
}

#[test]
fn what_the_program_may_need() {
    for (lines, expected) in [
        ("COPY . /root/app", "lower root-home-files 1"),
        ("COPY conf /root/", "lower root-home-files 1"),
        ("ENV PATH=/root/.local/bin:$PATH", "lower root-home-variable 1"),
        ("ENV HF_HOME=/root/models", "lower root-home-variable 1"),
        ("ENV HOME=/root", "lower root-home-variable 1"),
        ("RUN git clone https://x /root/x", "lower root-home-files 1"),
        ("RUN mkdir -p ~/models && curl -o ~/models/x https://x", "lower root-home-files 1"),
        ("RUN echo x > /root/.apprc", "lower root-home-files 1"),
        ("RUN ln -s /root/go/bin/x /usr/local/bin/x", "lower root-home-files 1"),
        ("RUN tar -x -C $HOME/x -f y", "lower root-home-files 1"),
        ("CMD [\"app\", \"--config=/root/app.yaml\"]", "lower root-home-command 1"),
        ("CMD app ~/.config/app.yaml", "lower root-home-command 1"),
        ("HEALTHCHECK CMD [\"/root/check\"]", "lower root-home-files 1"),
    ] {
        one(lines, expected);
    }
    for lines in [
        "RUN rm -rf /root/.cache /root/.npm",
        "RUN --mount=type=cache,target=/root/.cache/pip pip install -r r.txt",
        "RUN --mount=type=cache,target=/root/.m2 make",
        "RUN mkdir -p /root/x && rm -rf /root/x",
        "RUN mkdir -p /root/.gnupg && echo x >> /root/.bashrc",
        "RUN git clone https://x /root/x && mv /root/x /opt/x",
        "RUN cp /root/.bashrc /etc/skel && ls /root/x && cat /root/y",
        "COPY .bashrc /root/",
        "COPY .vimrc /root/.vimrc",
        "ENV X=/root/a\nENV X=/opt/a",
        "ENV URL=https://example.com/root/x",
        "ARG X=/root/a",
        "RUN useradd -m app\nUSER app\nRUN mkdir ~/x && pip install --user x\nUSER root",
    ] {
        let found: Vec<String> =
            debian(lines).into_iter().filter(|risk| risk.contains("root-home")).collect();
        assert_eq!(found, [""; 0], "{lines}");
    }
    let text = "FROM golang AS build\nWORKDIR /root\nRUN go build -o /root/app .\nFROM debian:12\nCOPY --from=build /root/app /app\n";
    assert_eq!(risks_of(text, &[]), [""; 0]);
}

#[test]
fn installers() {
    let tool = "lower root-home-tool 1";
    for lines in [
        "RUN pip install --user flask",
        "RUN python3 -m pip install --user flask",
        "RUN pipx install ansible",
        "RUN curl -LsSf https://astral.sh/uv/install.sh | sh",
        "RUN curl https://sh.rustup.rs -sSf | sh -s -- -y",
        "RUN curl -sSL https://install.python-poetry.org | python3 -",
        "RUN curl -o- https://raw.githubusercontent.com/nvm-sh/nvm/v0.39.0/install.sh | bash",
        "RUN curl -fsSL https://bun.sh/install | bash",
        "RUN uv python install 3.12",
        "RUN npx -y playwright@1.40 install --with-deps chromium",
        "RUN python -m nltk.downloader punkt",
        "RUN python -c \"import nltk; nltk.download('punkt')\"",
        "RUN python3 -c 'from transformers import X; X.from_pretrained(\"bert\")'",
        "RUN python3 <<EOF\nfrom sentence_transformers import SentenceTransformer\nSentenceTransformer('x')\nEOF",
        "RUN poetry install --no-dev",
        "RUN go install example.com/x@latest",
        "RUN cargo install ripgrep",
        "RUN bash Miniconda3-latest-Linux-x86_64.sh -b",
        "RUN dotnet tool install -g dotnet-ef",
    ] {
        one(lines, tool);
    }
    for lines in [
        "RUN pip install flask",
        "RUN curl -LsSf https://astral.sh/uv/install.sh | UV_INSTALL_DIR=/usr/local/bin sh",
        "RUN curl -LsSf https://astral.sh/uv/install.sh | sh && mv /root/.local/bin/uv /usr/local/bin/",
        "ENV CARGO_HOME=/usr/local/cargo RUSTUP_HOME=/usr/local/rustup\nRUN curl https://sh.rustup.rs | sh -s -- -y",
        "ENV NVM_DIR=/opt/nvm\nRUN curl -o- https://raw.githubusercontent.com/nvm-sh/nvm/v0.39.0/install.sh | bash",
        "RUN export NVM_DIR=/opt/nvm && curl -o- https://raw.githubusercontent.com/nvm-sh/nvm/v1/install.sh | bash",
        "ENV PLAYWRIGHT_BROWSERS_PATH=/pw\nRUN npx playwright install",
        "RUN playwright install-deps",
        "RUN python -m nltk.downloader -d /usr/share/nltk_data punkt",
        "RUN python -m spacy download en",
        "ENV POETRY_VIRTUALENVS_CREATE=false\nRUN poetry install",
        "RUN poetry config virtualenvs.create false && poetry install",
        "RUN pipenv install --system --deploy",
        "RUN bash Miniconda3-latest-Linux-x86_64.sh -b -p /opt/conda && rm Miniconda3-latest-Linux-x86_64.sh",
        "RUN cargo install --root /usr/local ripgrep",
        "ENV GOPATH=/go\nRUN go install example.com/x@latest",
        "RUN mvn package",
        "RUN curl -LsSf https://astral.sh/uv/install.sh | sh\nRUN rm -rf /root/.local",
    ] {
        let found: Vec<String> =
            debian(lines).into_iter().filter(|risk| risk.contains("root-home-tool")).collect();
        assert_eq!(found, [""; 0], "{lines}");
    }
}

#[test]
fn what_was_installed_there_is_started() {
    let uv = "RUN curl -LsSf https://astral.sh/uv/install.sh | sh\n";
    assert_eq!(
        debian(&format!("{uv}CMD [\"uv\", \"run\", \"app\"]")),
        ["lower root-home-tool 1", "stop root-home-command 2"]
    );
    assert_eq!(debian(&format!("{uv}CMD [\"python\", \"app\"]")), ["lower root-home-tool 1"]);
    one("RUN mvn dependency:go-offline\nCMD [\"mvn\", \"spring-boot:run\"]", "lower root-home-cache 2");
    none("RUN mvn package\nCMD [\"java\", \"-jar\", \"x.jar\"]");
    one("RUN corepack enable\nCMD [\"pnpm\", \"start\"]", "lower root-home-cache 2");
}

#[test]
fn python_scripts_of_the_context() {
    let text = "FROM debian:12\nWORKDIR /app\nCOPY get.py .\nRUN python get.py\n";
    let files = [("get.py", "import nltk\nnltk.download('punkt')\n")];
    assert_eq!(risks_of(text, &files), ["lower root-home-tool 4"]);
    assert_eq!(risks_of(text, &[("get.py", "print(1)\n")]), [""; 0]);
}

#[test]
fn what_packages_fetch() {
    let text = "FROM node:22\nWORKDIR /app\nCOPY package.json .\nRUN npm ci\n";
    let world = |manifest: &'static str| World::new(&[("package.json", manifest)]).without_base();
    let risks = |text: &str, manifest| risks_with(text, &BuildSetup::default(), &world(manifest));
    let with = "{\"dependencies\": {\"puppeteer\": \"^22\"}}";
    assert_eq!(risks(text, with), ["lower root-home-tool 4"]);
    assert_eq!(risks(text, "{\"dependencies\": {\"puppeteer-core\": \"^22\"}}"), [""; 0]);
    assert_eq!(risks(&text.replace("npm ci", "npm ci --ignore-scripts"), with), [""; 0]);
    let skipped = text.replace("WORKDIR", "ENV PUPPETEER_SKIP_DOWNLOAD=true\nWORKDIR");
    assert_eq!(risks(&skipped, with), [""; 0]);
}

#[test]
fn python_for_uv() {
    let risks = |base: &str, rest: &str, version: &str| {
        let text = format!("FROM {base}\nWORKDIR /app\nCOPY .python-version .\n{rest}\n");
        let world = World::new(&[(".python-version", version)]).without_base();
        risks_with(&text, &BuildSetup::default(), &world)
            .iter()
            .filter(|risk| risk.contains("root-home-tool"))
            .count()
    };
    assert_eq!(risks("debian:12", "RUN uv sync --frozen", "3.12\n"), 1);
    assert_eq!(risks("python:3.13-slim", "RUN uv sync", "3.12\n"), 1);
    for (base, rest, version) in [
        ("python:3.12-slim", "RUN uv sync", "3.12.4\n"),
        ("python:3-slim", "RUN uv sync", "3.12\n"),
        ("ghcr.io/astral-sh/uv:python3.12-bookworm", "RUN uv sync", "3.12\n"),
        ("debian:12", "RUN apt-get install -y python3-venv\nRUN uv sync", "3.12\n"),
        ("debian:12", "ENV UV_PYTHON_INSTALL_DIR=/opt/python\nRUN uv sync", "3.12\n"),
        ("debian:12", "RUN uv pip install --system x", "3.12\n"),
    ] {
        assert_eq!(risks(base, rest, version), 0, "{base} {rest}");
    }
}

#[test]
fn commands_of_other_users() {
    for lines in [
        "RUN sudo -u app pip install --user x",
        "RUN su app -c 'mkdir /root/x'",
        "RUN gosu app pipx install x",
        "RUN sudo -E -u app -H playwright install",
    ] {
        none(lines);
    }
    one("RUN sudo -H pip install --user x", "lower root-home-tool 1");
}
