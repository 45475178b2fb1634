//! Where secrets can stand. `§` is the secret, `¤` a command that holds one.

/// Whether what stands around a secret tells that it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name, an option or a URL does: passwords are known, too.
    Named,
    /// Nothing does: only tokens are known, by their looks. A password is a word of the file like any other, and what
    /// quotes the file shows it. Says what the word is taken for.
    Bare(&'static str),
}

use Kind::{Bare, Named};

const VALUE: Kind = Bare("the value of a name that says nothing");
const NAME: Kind = Bare("a name");
const ARGUMENT: Kind = Bare("an argument of a command");
const PATH: Kind = Bare("a path");
const IMAGE: Kind = Bare("a part of an image's name");
const ACCOUNT: Kind = Bare("a user or a group");
const SETTING: Kind = Bare("a word where only few words are allowed");
const PROSE: Kind = Bare("a word of a sentence");

/// Commands that hold a secret.
pub(crate) const COMMANDS: [(&str, &str); 30] = [
    ("assignment", "DB_PASSWORD=§ make"),
    ("export", "export DB_PASSWORD=§; make"),
    ("export-quoted", "export 'DB_PASSWORD=x § y' && make"),
    ("option", "tool --password=§ x"),
    ("option-apart", "tool --client-secret § x"),
    ("option-single-quotes", "tool --password 'x § y' x"),
    ("option-double-quotes", "tool --password \"x § y\" x"),
    ("mysql", "mysql -u root -p§ app"),
    ("sshpass", "sshpass -p § ssh host.example"),
    ("docker-login", "docker login -u me -p § registry.example"),
    ("curl-user", "curl -u me:§ https://host.example/x"),
    ("curl-bearer", "curl -H 'Authorization: Bearer §' https://host.example/x"),
    ("curl-header", "curl -H \"X-Api-Key: §\" https://host.example/x"),
    ("wget-header", "wget --header='PRIVATE-TOKEN: §' https://host.example/x"),
    ("url-userinfo", "git clone https://me:§@host.example/x.git"),
    ("url-user", "git clone https://§@host.example/x.git"),
    ("url-query", "curl 'https://host.example/x?access_token=§&a=1'"),
    ("database-url", "tool postgres://me:§@db.example:5432/app"),
    ("pipe-chpasswd", "echo 'root:§' | chpasswd"),
    ("pipe-stdin", "echo § | docker login -u me --password-stdin registry.example"),
    ("here-string", "chpasswd <<< 'root:§'"),
    ("npmrc", "echo '//registry.example/:_authToken=§' > .npmrc"),
    ("npm-config", "npm config set //registry.example/:_authToken §"),
    ("netrc", "echo 'machine host.example login me password §' > .netrc"),
    ("json", "echo '{\"user\": \"me\", \"password\": \"§\"}' > auth.json"),
    ("default", "make DB=${DB_PASSWORD:-§}"),
    ("build-arg", "docker build --build-arg NPM_TOKEN=§ ."),
    ("git-config", "git config --global url.https://me:§@host.example/.insteadOf https://host.example/"),
    ("htpasswd", "htpasswd -bc /etc/htpasswd me §"),
    ("sql", "echo \"CREATE USER x IDENTIFIED BY '§'\" > x.sql"),
];

/// Instructions with a command; `json`: the command stands in a JSON string.
pub(crate) struct Wrapper {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    pub(crate) json: bool,
}

const fn plain(name: &'static str, text: &'static str) -> Wrapper {
    Wrapper { name, text, json: false }
}

const fn json(name: &'static str, text: &'static str) -> Wrapper {
    Wrapper { name, text, json: true }
}

pub(crate) const WRAPPERS: [Wrapper; 19] = [
    plain("run", "RUN ¤"),
    plain("run-among", "RUN set -e; cd /x && (¤) || true"),
    plain("run-continued", "RUN apt-get update && \\\n    ¤ && \\\n    rm -rf /x"),
    plain("run-mount", "RUN --mount=type=cache,target=/x ¤"),
    plain("run-heredoc", "RUN <<EOF\n¤\nEOF"),
    plain("run-heredoc-quoted", "RUN <<-'EOF' sh -e\n\t¤\n\tEOF"),
    json("run-exec", "RUN [\"/bin/sh\", \"-c\", \"¤\"]"),
    plain("run-sh-c", "RUN true && \\\n# ¤\n    make"),
    plain("cmd", "CMD ¤"),
    json("cmd-exec", "CMD [\"/bin/sh\", \"-c\", \"¤\"]"),
    plain("entrypoint", "ENTRYPOINT ¤"),
    json("entrypoint-exec", "ENTRYPOINT [\"/bin/sh\", \"-c\", \"¤\"]"),
    plain("healthcheck", "HEALTHCHECK --interval=3s CMD ¤"),
    json("healthcheck-exec", "HEALTHCHECK CMD [\"/bin/sh\", \"-c\", \"¤\"]"),
    plain("onbuild-run", "ONBUILD RUN ¤"),
    json("onbuild-cmd-exec", "ONBUILD CMD [\"/bin/sh\", \"-c\", \"¤\"]"),
    json("shell", "SHELL [\"/bin/sh\", \"-c\", \"¤\"]"),
    plain("copy-heredoc", "COPY <<EOF /x.sh\n¤\nEOF"),
    plain("comment", "# ¤"),
];

/// Whole instructions.
pub(crate) const INSTRUCTIONS: &[(&str, Kind, &str)] = &[
    ("env-pair", Named, "ENV DB_PASSWORD=§"),
    ("env-legacy", Named, "ENV DB_PASSWORD §"),
    ("env-legacy-blanks", Named, "ENV DB_PASSWORD x § y"),
    ("env-first", Named, "ENV DB_PASSWORD=§ A=1 B=2"),
    ("env-middle", Named, "ENV A=1 DB_PASSWORD=§ B=2"),
    ("env-last", Named, "ENV A=1 B=2 DB_PASSWORD=§"),
    ("env-double-quotes", Named, "ENV DB_PASSWORD=\"x § y\" A=1"),
    ("env-single-quotes", Named, "ENV A=1 DB_PASSWORD='x § y'"),
    ("env-escaped-blank", Named, "ENV DB_PASSWORD=x\\ § A=1"),
    ("env-quoted-name", Named, "ENV \"DB_PASSWORD\"=§"),
    ("env-continued", Named, "ENV A=1 \\\n    DB_PASSWORD=§ \\\n    B=2"),
    ("env-continued-comment", Named, "ENV A=1 \\\n# why\n    DB_PASSWORD=§"),
    ("env-comment-inside", Named, "ENV A=1 \\\n# DB_PASSWORD=§\n    B=2"),
    ("env-split-value", Named, "ENV DB_PASSWORD=x\\\n§"),
    ("env-split-name", Named, "ENV DB_PASS\\\nWORD=§"),
    ("env-default", Named, "ENV DB_PASSWORD=${DB_PASSWORD:-§}"),
    ("env-two", Named, "ENV DB_PASSWORD=§\nENV API_KEY=$DB_PASSWORD"),
    ("env-used-by-run", Named, "ENV NPM_TOKEN=§\nRUN npm ci"),
    ("env-used-by-cmd", Named, "ENV DB_PASSWORD=§\nCMD [\"sh\", \"-c\", \"serve $DB_PASSWORD\"]"),
    ("env-url", Named, "ENV DATABASE_URL=postgres://me:§@db.example:5432/app"),
    ("env-json", Named, "ENV CONFIG='{\"password\": \"§\"}'"),
    ("env-connection", Named, "ENV DB=\"Server=a;User=b;Password=§;Database=c\""),
    ("env-open-quote", Named, "ENV A=1 DB_PASSWORD=\"§"),
    ("env-plain-name", VALUE, "ENV THING=§"),
    ("env-name", NAME, "ENV §=1"),
    ("arg-default", Named, "ARG DB_PASSWORD=§"),
    ("arg-quoted", Named, "ARG DB_PASSWORD=\"x § y\""),
    ("arg-several", Named, "ARG A=1 DB_PASSWORD=§ B=2"),
    (
        "arg-used",
        Named,
        "ARG NPM_TOKEN=§\nRUN echo \"//registry.example/:_authToken=$NPM_TOKEN\" > .npmrc && npm ci",
    ),
    ("arg-to-env", Named, "ARG DB_PASSWORD=§\nENV DB_PASSWORD=$DB_PASSWORD"),
    ("arg-plain-name", VALUE, "ARG THING=§"),
    ("arg-name", NAME, "ARG §"),
    ("label-pair", Named, "LABEL db.password=§"),
    ("label-legacy", Named, "LABEL password §"),
    ("label-multi", Named, "LABEL a=1 \"api-key\"=\"x § y\" \\\n  b=2"),
    ("label-url", Named, "LABEL org.opencontainers.image.source=https://me:§@host.example/x"),
    ("label-plain-name", VALUE, "LABEL a=§"),
    ("run-argument", ARGUMENT, "RUN tool §"),
    ("run-exec-option", Named, "RUN [\"tool\", \"--password\", \"§\"]"),
    ("cmd-exec-option", Named, "CMD [\"tool\", \"--password\", \"x § y\"]"),
    ("entrypoint-exec-option", Named, "ENTRYPOINT [\"mysql\", \"-u\", \"root\", \"-p§\"]"),
    ("healthcheck-exec-option", Named, "HEALTHCHECK CMD [\"curl\", \"-u\", \"me:§\", \"http://localhost/\"]"),
    ("cmd-exec-argument", ARGUMENT, "CMD [\"tool\", \"§\"]"),
    ("mount-source", PATH, "RUN --mount=type=bind,source=§,target=/x make"),
    ("mount-target", PATH, "RUN --mount=type=cache,target=/§ make"),
    ("mount-id", NAME, "RUN --mount=type=secret,id=§,target=/x make"),
    ("mount-env", NAME, "RUN --mount=type=secret,id=x,env=§ make"),
    ("mount-from", IMAGE, "RUN --mount=type=bind,from=§,target=/x make"),
    ("mount-field", SETTING, "RUN --mount=§ make"),
    ("copy-source", PATH, "COPY § /x"),
    ("copy-destination", PATH, "COPY x /§"),
    ("copy-from", IMAGE, "COPY --from=§ x /x"),
    ("copy-chown", ACCOUNT, "COPY --chown=§ x /x"),
    ("copy-exec", PATH, "COPY [\"§\", \"/x\"]"),
    ("copy-heredoc-env", Named, "COPY <<EOF /app/.env\nDB_PASSWORD=x § y\nEOF"),
    ("copy-heredoc-yaml", Named, "COPY <<EOF /app/config.yml\ndb:\n  password: § x\nEOF"),
    ("copy-heredoc-json", Named, "COPY <<'EOF' /app/config.json\n{\"password\": \"x § y\"}\nEOF"),
    ("add-source", PATH, "ADD § /x"),
    ("add-url-userinfo", Named, "ADD https://me:§@host.example/x.jar /x"),
    ("add-url-user", Named, "ADD https://§@host.example/x.jar /x"),
    ("add-url-query", Named, "ADD https://host.example/x.jar?token=§&a=1 /x"),
    ("add-url-path", PATH, "ADD https://host.example/§/x.jar /x"),
    ("add-git", Named, "ADD https://me:§@host.example/x.git#main /x"),
    ("add-exec", Named, "ADD [\"https://me:§@host.example/x.jar\", \"/x\"]"),
    ("add-checksum", SETTING, "ADD --checksum=§ https://host.example/x.jar /x"),
    ("user", ACCOUNT, "USER §"),
    ("user-group", ACCOUNT, "USER 1000:§"),
    ("workdir", PATH, "WORKDIR /§"),
    ("volume", PATH, "VOLUME /§"),
    ("volume-exec", PATH, "VOLUME [\"/§\"]"),
    ("expose", SETTING, "EXPOSE §"),
    ("stopsignal", SETTING, "STOPSIGNAL §"),
    ("stopsignal-words", SETTING, "STOPSIGNAL a §"),
    ("shell-word", ARGUMENT, "SHELL [\"§\", \"-c\"]"),
    ("maintainer", PROSE, "MAINTAINER §"),
    ("from", IMAGE, "FROM §"),
    ("from-name", NAME, "FROM node:22 AS §"),
    ("from-path", IMAGE, "FROM registry.example/§/app:1"),
    ("from-tag", IMAGE, "FROM node:§"),
    (
        "from-userinfo",
        Bare("a part of an image's name: only with `https://` before it this is a URL"),
        "FROM me:§@registry.example/app:1",
    ),
    ("from-url", Named, "FROM https://me:§@registry.example/app:1"),
    ("from-platform", SETTING, "FROM --platform=§ node:22"),
    ("onbuild-env", Named, "ONBUILD ENV A=1 DB_PASSWORD=§"),
    ("onbuild-arg", Named, "ONBUILD ARG DB_PASSWORD=§"),
    ("onbuild-label", Named, "ONBUILD LABEL db.password=§"),
    ("onbuild-add", Named, "ONBUILD ADD https://me:§@host.example/x /x"),
    ("onbuild-copy", PATH, "ONBUILD COPY § /x"),
    ("onbuild-user", ACCOUNT, "ONBUILD USER §"),
    ("onbuild-workdir", PATH, "ONBUILD WORKDIR /§"),
    ("onbuild-volume", PATH, "ONBUILD VOLUME /§"),
    ("onbuild-expose", SETTING, "ONBUILD EXPOSE §"),
    ("onbuild-stopsignal", SETTING, "ONBUILD STOPSIGNAL §"),
    ("onbuild-entrypoint", Named, "ONBUILD ENTRYPOINT [\"tool\", \"--password\", \"§\"]"),
    ("onbuild-healthcheck", Named, "ONBUILD HEALTHCHECK CMD tool --password=§"),
    ("onbuild-shell", ARGUMENT, "ONBUILD SHELL [\"§\", \"-c\"]"),
    ("comment-env", Named, "# ENV DB_PASSWORD=§"),
    ("comment-prose", PROSE, "# use § here"),
    ("comment-ignore", PROSE, "# harden: ignore=pin-digest §"),
    ("comment-ignore-named", Named, "# harden: ignore=add-to-copy password=§"),
    ("comment-unknown-name", NAME, "# harden: ignore=§ because"),
];

/// Positions of [`INSTRUCTIONS`] that take letters and digits only.
pub(crate) const NAMES: [&str; 2] = ["from-name", "mount-from"];

/// What stands before the first FROM.
pub(crate) const HEADS: &[(&str, Kind, &str)] = &[
    ("global-arg", Named, "ARG DB_PASSWORD=§"),
    ("global-arg-image", IMAGE, "ARG BASE=registry.example/§:1\nFROM ${BASE}"),
    ("directive-syntax", IMAGE, "# syntax=docker/§:1"),
    ("directive-syntax-url", Named, "# syntax=https://me:§@registry.example/x"),
    ("directive-check", SETTING, "# check=skip=§"),
    ("directive-unknown", Named, "# password=§"),
    ("head-comment", Named, "# api_key: §"),
];

/// Files that BuildKit rejects.
pub(crate) const INVALID: &[(&str, Kind, &str)] = &[
    ("bad-keyword", Named, "FROM a\nEVN DB_PASSWORD=§\n"),
    ("bad-keyword-legacy", Named, "FROM a\nEVN DB_PASSWORD §\n"),
    ("bad-line", NAME, "FROM a\n§\n"),
    ("bad-line-pair", Named, "FROM a\nENV A=1\n    DB_PASSWORD=§\n"),
    ("bad-line-legacy", Named, "FROM a\nENV A=1\nDB_PASSWORD §\n"),
    ("bad-heredoc-of-env", NAME, "FROM a\nENV DB_PASSWORD=<<EOF\n§\nEOF\n"),
    ("bad-env-word", Named, "FROM a\nENV DB_PASSWORD=correct § horse\n"),
    ("bad-label", VALUE, "FROM a\nLABEL a=1 §\n"),
    ("bad-arg", VALUE, "FROM a\nARG =§\n"),
    ("bad-flag", NAME, "FROM a\nRUN --§ x\n"),
    ("bad-flag-value", Named, "FROM a\nRUN --password=§ x\n"),
    ("bad-mount-variable", IMAGE, "FROM a\nRUN --mount=type=bind,from=${A}/§,target=/x x\n"),
    ("bad-network", SETTING, "FROM a\nRUN --network=§ x\n"),
    ("bad-security", SETTING, "FROM a\nRUN --security=§ x\n"),
    ("bad-copy-flag", NAME, "FROM a\nCOPY --§ a b\n"),
    ("bad-boolean", SETTING, "FROM a\nCOPY --link=§ a b\n"),
    ("bad-copy", PATH, "FROM a\nCOPY §\n"),
    ("bad-add", Named, "FROM a\nADD https://me:§@host.example/x\n"),
    ("bad-healthcheck", SETTING, "FROM a\nHEALTHCHECK §\n"),
    ("bad-interval", SETTING, "FROM a\nHEALTHCHECK --interval=§ CMD x\n"),
    ("bad-stage", NAME, "FROM a AS §!\n"),
    ("bad-from", IMAGE, "FROM a § b\n"),
    ("bad-heredoc", NAME, "FROM a\nRUN <<§\nx\n"),
    ("bad-heredoc-body", Named, "FROM a\nRUN <<EOF\nDB_PASSWORD=§\n"),
    ("bad-escape", SETTING, "# escape=§\nFROM a\n"),
    ("bad-directives", IMAGE, "# syntax=a\n# syntax=§\nFROM a\n"),
    ("bad-shell", ARGUMENT, "FROM a\nSHELL §\n"),
    ("bad-onbuild", IMAGE, "FROM a\nONBUILD FROM §\n"),
    ("bad-template", Named, "FROM a\n{{ if }} DB_PASSWORD=§\n"),
    ("bad-order", ARGUMENT, "RUN tool §\n"),
    ("bad-order-env", Named, "ENV DB_PASSWORD=§\n"),
    ("bad-merge", Named, "FROM a\n<<<<<<< HEAD\nENV DB_PASSWORD=§\n=======\n"),
];
