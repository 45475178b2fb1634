//! Who is found, and what is said of them.

use harden_core::syntax::Reference;

use super::super::{BaseImage, Command, DefaultUser, Platform, Privileges, Shell, find};

fn look(image: &str) -> Option<&'static BaseImage> {
    find(&Reference::parse(image).unwrap())
}

/// The facts that decide about a user, in one line: family, user tool, default user, other users, privileges.
fn summary(image: &BaseImage) -> String {
    let user = match image.user {
        DefaultUser::Root => "root".to_owned(),
        DefaultUser::Unknown => "?".to_owned(),
        DefaultUser::Other { name, uid, .. } => {
            format!("{}={}", name.unwrap_or("?"), uid.map_or("?".to_owned(), |uid| uid.to_string()))
        }
    };
    let users: Vec<_> = image.users.iter().map(|user| format!(" +{}={}", user.name, user.uid)).collect();
    let privileges = match image.privileges {
        Privileges::None => "none",
        Privileges::Passthrough => "passthrough",
        Privileges::Drops { .. } => "drops",
        Privileges::NeedsRoot { .. } => "needs-root",
        Privileges::Unknown => "?",
    };
    let text = format!("{:?} {:?} {:?} ", image.role, image.system.family, image.system.user_tool);
    text.to_lowercase() + &format!("{user}{} {privileges}", users.concat())
}

#[test]
fn spellings_and_tags() {
    for (image, expected) in [
        ("alpine", "base alpine busybox root none"),
        (
            "alpine:3.20@sha256:0123456789012345678901234567890123456789012345678901234567890123",
            "base alpine busybox root none",
        ),
        ("arm64v8/alpine:3.20", "base alpine busybox root none"),
        ("debian:bookworm-slim", "base debian shadow root none"),
        ("docker.io/arm32v7/debian", "base debian shadow root none"),
        ("ubuntu", "base ubuntu shadow root none"),
        ("ubuntu:22.04", "base ubuntu shadow root none"),
        ("mirror.gcr.io/library/ubuntu:24.04", "base ubuntu shadow root none"),
        ("busybox:musl", "base busybox busybox root none"),
        ("node", "base debian shadow root +node=1000 passthrough"),
        ("docker.io/library/node:20-alpine", "base alpine busybox root +node=1000 passthrough"),
        ("index.docker.io/node:22-alpine3.20", "base alpine busybox root +node=1000 passthrough"),
        ("registry-1.docker.io/library/node:lts-slim", "base debian shadow root +node=1000 passthrough"),
        ("public.ecr.aws/docker/library/node:lts", "base debian shadow root +node=1000 passthrough"),
        ("mcr.microsoft.com/mirror/docker/library/python:3.7-slim", "base debian shadow root none"),
        ("node:0.10", "base debian shadow root none"),
        ("python:3.12-slim", "base debian shadow root none"),
        ("python:3-alpine", "base alpine busybox root none"),
        ("python:3.12-windowsservercore", "base windows none root ?"),
        ("golang:1.26-nanoserver-ltsc2022", "base windows none ContainerUser=? ?"),
        ("golang:1.26-alpine3.23", "base alpine busybox root none"),
        ("ruby:3.4-slim", "base debian shadow root none"),
        ("php:8-fpm-alpine", "base alpine busybox root +www-data=82 passthrough"),
        ("php:8.4-fpm-bookworm", "base debian shadow root +www-data=33 passthrough"),
        ("php:8.5-apache", "base debian shadow root +www-data=33 passthrough"),
        ("php:8.3-cli-alpine", "base alpine busybox root +www-data=82 passthrough"),
        ("openjdk:8-jre-alpine", "base alpine busybox root none"),
        ("openjdk:8-jdk", "base debian shadow root none"),
        ("openjdk:17", "base rhel unknown root none"),
        ("openjdk:17-slim", "base debian shadow root none"),
        ("eclipse-temurin:21-jre", "base ubuntu shadow root passthrough"),
        ("eclipse-temurin:21-jre-alpine", "base alpine busybox root passthrough"),
        ("eclipse-temurin:21-jdk-ubi10-minimal", "base rhel unknown root passthrough"),
        ("maven:3.9-eclipse-temurin-21", "buildtool unknown unknown root passthrough"),
        ("oven/bun:1-alpine", "base alpine busybox root +bun=1000 passthrough"),
        ("denoland/deno", "base debian shadow root +deno=1993 passthrough"),
        ("denoland/deno:alpine-2.1", "base alpine busybox root +deno=1000 passthrough"),
        ("mcr.microsoft.com/dotnet/aspnet:6.0", "base debian shadow root none"),
        ("mcr.microsoft.com/dotnet/aspnet:8.0", "base debian shadow root +app=1654 none"),
        ("mcr.microsoft.com/dotnet/aspnet:9.0-alpine", "base alpine busybox root +app=1654 none"),
        ("mcr.microsoft.com/dotnet/runtime:8.0-noble-chiseled", "base distroless none app=1654 none"),
        (
            "mcr.microsoft.com/dotnet/runtime-deps:9.0-azurelinux3.0-distroless",
            "base distroless none app=1654 none",
        ),
        ("mcr.microsoft.com/dotnet/sdk:10.0", "buildtool ubuntu shadow root +app=1654 none"),
        (
            "mcr.microsoft.com/dotnet/aspnet:10.0-nanoserver-ltsc2022",
            "base windows none ContainerUser=? none",
        ),
        ("mcr.microsoft.com/windows/servercore:ltsc2022", "base windows none root none"),
        ("mcr.microsoft.com/windows/nanoserver/insider:10.0", "base windows none ContainerUser=? none"),
        ("gcr.io/distroless/static:nonroot", "base distroless none nonroot=65532 none"),
        ("gcr.io/distroless/static-debian12", "base distroless none root +nonroot=65532 none"),
        ("gcr.io/distroless/java21-debian13:debug-nonroot", "base distroless none nonroot=65532 ?"),
        ("gcr.io/distroless/nodejs22-debian12", "base distroless none root +nonroot=65532 none"),
        ("cgr.dev/chainguard/node:latest-dev", "base wolfi busybox node=65532 none"),
        ("cgr.dev/chainguard/node", "base distroless none node=65532 none"),
        ("registry.access.redhat.com/ubi9/ubi-minimal:9.7", "base rhel unknown root none"),
        ("rockylinux/rockylinux:9-minimal", "base rhel shadow root none"),
        ("amazonlinux:2023", "base amazon unknown root none"),
        ("nvidia/cuda:12.8.0-cudnn-runtime-ubuntu24.04", "base ubuntu shadow root ?"),
        ("quay.io/jupyter/scipy-notebook:2025-01-01", "base ubuntu shadow jovyan=1000 ?"),
        ("nginx:1.27-alpine-slim", "server alpine busybox root +nginx=101 passthrough"),
        ("nginx", "server debian shadow root +nginx=101 passthrough"),
        ("nginxinc/nginx-unprivileged:1.30-alpine", "server alpine busybox nginx=101 passthrough"),
        ("httpd:2.4-alpine", "server alpine busybox root +www-data=82 none"),
        ("postgres:17-alpine", "server alpine busybox root +postgres=70 drops"),
        ("postgres:16", "server debian shadow root +postgres=999 drops"),
        ("redis:7-alpine", "server alpine busybox root +redis=999 drops"),
        ("haproxy:3.0-alpine", "server alpine busybox haproxy=99 passthrough"),
        ("haproxy:2.0", "server debian shadow ? passthrough"),
        ("docker:28-dind-rootless", "server alpine busybox rootless=1000 ?"),
        ("docker:28-dind", "server alpine busybox root needs-root"),
        ("lscr.io/linuxserver/ffmpeg:latest", "init unknown unknown root needs-root"),
        ("public.ecr.aws/lambda/python:3.12", "managed unknown unknown root ?"),
        ("mcr.microsoft.com/devcontainers/base:ubuntu", "managed unknown unknown root ?"),
        ("ghcr.io/astral-sh/uv:python3.12-bookworm-slim", "base debian shadow root ?"),
        ("ghcr.io/astral-sh/uv:0.9", "buildtool unknown none root ?"),
    ] {
        let found = look(image).unwrap_or_else(|| panic!("{image} is not found"));
        assert_eq!(summary(found), expected, "{image}");
    }
}

#[test]
fn others_with_the_same_name_are_not_found() {
    for image in [
        "registry.example.com/library/node",
        "localhost:5000/node:22",
        "ghcr.io/library/alpine",
        "myorg/node",
        "node-exporter",
        "nodes",
        "gcr.io/node",
        "mcr.microsoft.com/dotnet/monitor:8",
        "example.com/docker.io/library/node",
    ] {
        assert_eq!(look(image).map(|found| found.names), None, "{image}");
    }
}

#[test]
fn without_a_tag_a_digest_finds_only_what_holds_for_all_tags() {
    let digest = "sha256:0123456789012345678901234567890123456789012345678901234567890123";
    assert!(look(&format!("debian@{digest}")).is_some());
    assert!(look(&format!("alpine@{digest}")).is_some());
    assert!(look(&format!("node@{digest}")).is_none());
    assert!(look(&format!("ubuntu@{digest}")).is_none());
    assert_eq!(look(&format!("node:22-alpine@{digest}")), look("node:22-alpine"));
}

#[test]
fn uid_1000_belongs_to_somebody() {
    for (image, free) in [
        ("ubuntu:24.04", Some(false)),
        ("ubuntu:latest", Some(false)),
        ("ubuntu:noble", Some(false)),
        ("ubuntu:22.04", Some(true)),
        ("ubuntu:jammy", Some(true)),
        ("ubuntu:24", None),
        ("node:22", Some(false)),
        ("python:3.12", Some(true)),
        ("mcr.microsoft.com/dotnet/aspnet:10.0", Some(false)),
        ("mcr.microsoft.com/dotnet/aspnet:8.0", Some(true)),
        ("eclipse-temurin:21-jre-noble", Some(false)),
        ("eclipse-temurin:21-jre", None),
    ] {
        assert_eq!(look(image).unwrap().uid_1000_free, free, "{image}");
    }
}

#[test]
fn names_become_uids() {
    let php = look("php:8-fpm-alpine").unwrap();
    assert_eq!(php.account("www-data").map(|user| user.uid), Some(82));
    assert_eq!(php.account("nobody").map(|user| user.uid), Some(65534));
    assert_eq!(php.account("root"), None);
    assert_eq!(look("php:8-fpm").unwrap().account("www-data").map(|user| user.uid), Some(33));
    assert_eq!(look("python:3.12").unwrap().account_of(33).map(|user| user.name), Some("www-data"));
    assert_eq!(look("ubuntu:24.04").unwrap().account_of(1000).map(|user| user.name), Some("ubuntu"));
    assert_eq!(
        look("gcr.io/distroless/static:nonroot").unwrap().account("nonroot").map(|user| user.uid),
        Some(65532)
    );
    assert_eq!(look("odoo:19").unwrap().account("odoo"), None, "its uid is not known");
}

/// Reference, entrypoint, command, ports, volumes, working directory.
type Configuration =
    (&'static str, Command, &'static [&'static str], &'static [u16], &'static [&'static str], &'static str);

/// What registries serve for these tags (docker-library/repo-info, mid 2026).
#[test]
fn configurations_agree_with_registries() {
    const NONE: Command = Command::None;
    let node = Command::Exec(&["docker-entrypoint.sh"]);
    let php = Command::Exec(&["docker-php-entrypoint"]);
    let nginx = Command::Exec(&["/docker-entrypoint.sh"]);
    let temurin = Command::Exec(&["/__cacert_entrypoint.sh"]);
    let mvn = Command::Exec(&["/usr/local/bin/mvn-entrypoint.sh"]);
    let server = Command::Exec(&["docker-entrypoint.sh"]);
    let cases: [Configuration; 21] = [
        ("alpine:3.24", NONE, &["/bin/sh"], &[], &[], "/"),
        ("busybox", NONE, &["sh"], &[], &[], "/"),
        ("debian:trixie-slim", NONE, &["bash"], &[], &[], "/"),
        ("ubuntu:24.04", NONE, &["/bin/bash"], &[], &[], "/"),
        ("node:22-alpine", node, &["node"], &[], &[], "/"),
        ("python:3.13-slim", NONE, &["python3"], &[], &[], "/"),
        ("golang:1.26-alpine", NONE, &["/bin/sh"], &[], &[], "/go"),
        ("rust:slim", NONE, &["bash"], &[], &[], "/"),
        ("ruby:slim", NONE, &["irb"], &[], &[], "/"),
        ("php:fpm", php, &["php-fpm"], &[9000], &[], "/var/www/html"),
        ("php:apache", php, &["apache2-foreground"], &[80], &[], "/var/www/html"),
        ("php:cli", php, &["php", "-a"], &[], &[], "/"),
        ("nginx:alpine", nginx, &["nginx", "-g", "daemon off;"], &[80], &[], "/"),
        ("httpd", NONE, &["httpd-foreground"], &[80], &[], "/usr/local/apache2"),
        ("redis", server, &["redis-server"], &[6379], &[], "/data"),
        ("postgres", server, &["postgres"], &[5432], &["/var/lib/postgresql"], "/"),
        ("mysql", server, &["mysqld"], &[3306, 33060], &["/var/lib/mysql"], "/"),
        ("mongo", server, &["mongod"], &[27017], &["/data/configdb", "/data/db"], "/"),
        ("maven", mvn, &["mvn"], &[], &[], "/"),
        ("gradle", temurin, &["gradle"], &[], &["/home/gradle/.gradle"], "/home/gradle"),
        (
            "caddy",
            NONE,
            &["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
            &[80, 443, 2019],
            &[],
            "/srv",
        ),
    ];
    for (image, entrypoint, command, ports, volumes, working_dir) in cases {
        let found = look(image).unwrap();
        assert_eq!(found.user, DefaultUser::Root, "{image}");
        assert_eq!(found.entrypoint, entrypoint, "{image}");
        let Command::Exec(words) = found.command else { panic!("{image}: {:?}", found.command) };
        assert_eq!((words, found.ports, found.volumes), (command, ports, volumes), "{image}");
        assert_eq!(found.working_dir, Some(working_dir), "{image}");
    }
}

#[test]
fn without_a_shell_there_is_no_run() {
    assert_eq!(look("gcr.io/distroless/cc").unwrap().system.shell, Shell::None);
    assert_eq!(look("alpine").unwrap().system.shell, Shell::Path("/bin/sh"));
    assert_eq!(look("mcr.microsoft.com/windows/nanoserver:1809").unwrap().system.platform, Platform::Windows);
}
