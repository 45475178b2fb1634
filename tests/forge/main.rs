//! Changes as commits and requests: real repositories, a real git.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy exempts test functions, not their helpers; a skipped test says so"
)]

mod commit;
mod kept;
mod refused;
mod world;
