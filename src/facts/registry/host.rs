//! What is known of one host during a run.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::challenge::Challenge;
use super::failure::{Failure, Kind};
use super::memo::lock;

/// Final failures in a row after which a host that has answered before is not asked again.
const PATIENCE: u32 = 8;
/// The same for a host that has only ever sent errors.
const PATIENCE_WITH_STRANGERS: u32 = 3;

/// A host, shared by all threads.
pub(super) struct Host {
    pub(super) authority: String,
    /// Whether it may be spoken to without TLS.
    pub(super) may_be_plain: bool,
    /// Whether the host speaks TLS, found out by the first request, which the others wait for.
    pub(super) first: Mutex<Option<Met>>,
    /// How the host wants clients to prove who they are, once it has said so.
    pub(super) challenge: Mutex<Option<Challenge>>,
    health: Mutex<Health>,
    free: Mutex<usize>,
    freed: Condvar,
}

/// What the first answer showed.
#[derive(Clone, Copy)]
pub(super) struct Met {
    pub(super) plain: bool,
}

#[derive(Default)]
struct Health {
    /// Nobody asks before this moment.
    pause: Option<Instant>,
    worked: bool,
    failures: u32,
    /// Nobody asks again; this is the answer.
    given_up: Option<Failure>,
}

/// The right to have one request under way.
pub(super) struct Slot<'h>(&'h Host);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.freed.notify_one();
    }
}

impl Host {
    pub(super) fn new(authority: &str, may_be_plain: bool, slots: usize) -> Self {
        Self {
            authority: authority.to_owned(),
            may_be_plain,
            first: Mutex::new(None),
            challenge: Mutex::new(None),
            health: Mutex::default(),
            free: Mutex::new(slots.max(1)),
            freed: Condvar::new(),
        }
    }

    /// Waits until a request may be sent.
    ///
    /// # Errors
    /// The host was given up, or a pause it asked for reaches beyond `deadline`.
    pub(super) fn admit(&self, deadline: Instant) -> Result<Slot<'_>, Failure> {
        loop {
            {
                let mut free = lock(&self.free);
                while *free == 0 {
                    free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
                }
                *free -= 1;
            }
            let slot = Slot(self);
            let Some(wait) = self.pause()? else { return Ok(slot) };
            drop(slot);
            if Instant::now() + wait > deadline {
                return Err(Failure::new(
                    Kind::RateLimited,
                    format!("{} asked to wait longer than the time for one question", self.authority),
                ));
            }
            thread::sleep(wait);
        }
    }

    fn pause(&self) -> Result<Option<Duration>, Failure> {
        let health = lock(&self.health);
        if let Some(failure) = &health.given_up {
            return Err(failure.clone());
        }
        let wait = health.pause.map(|until| until.saturating_duration_since(Instant::now()));
        Ok(wait.filter(|wait| !wait.is_zero()))
    }

    /// The host wants nobody to ask for a while.
    pub(super) fn hold(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut health = lock(&self.health);
        health.pause = Some(health.pause.map_or(until, |old| old.max(until)));
    }

    /// The host has answered.
    pub(super) fn worked(&self) {
        let mut health = lock(&self.health);
        health.worked = true;
        health.failures = 0;
    }

    /// Whether the host has answered anything yet.
    pub(super) fn has_worked(&self) -> bool {
        lock(&self.health).worked
    }

    /// All attempts of a request failed. A host that does not answer at all, or allows no more requests, is not asked
    /// by others again, so that a run ends soon. `reached`: there was a connection, and what one repository makes a server
    /// do with it says little about the others.
    pub(super) fn failed(&self, failure: &Failure, reached: bool) {
        if !failure.kind.is_about_host() {
            return;
        }
        let mut health = lock(&self.health);
        health.failures += 1;
        let limit = match (failure.kind, health.worked) {
            (Kind::RateLimited, _) => 1,
            (Kind::Unreachable | Kind::Timeout, false) if !reached => 1,
            (_, false) => PATIENCE_WITH_STRANGERS,
            (_, true) => PATIENCE,
        };
        if health.failures >= limit && health.given_up.is_none() {
            health.given_up = Some(failure.clone());
        }
    }
}
