//! harden against a real registry: Debian's `docker-registry` on this machine, alone, with TLS and passwords, with
//! tokens, and behind a server that misbehaves.
//!
//! Images are pushed by the tests themselves, so every digest is known beforehand; `skopeo`, where it is installed, is
//! asked for its opinion. Only addresses of this machine are contacted. Without `docker-registry` the tests say that
//! they are skipped.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "clippy exempts test functions, not their helpers; figures and skipped tests are printed"
)]

mod http;
mod process;
mod push;
mod sandbox;
mod server;
mod tls;
mod token;

mod auth;
mod cache;
mod digests;
mod faults;
mod fleet;
mod hub;
mod input;
mod many;
mod routes;
mod secrets;
