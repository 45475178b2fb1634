//! Work that is done once in a run, however many threads want it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Results by key. The first that asks does the work; the others wait for it and get a copy.
pub(super) struct Memo<K, V>(Mutex<HashMap<K, Arc<OnceLock<V>>>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Memo<K, V> {
    /// The result for `key`; `work` runs when nobody has it yet, and must not ask for the same key.
    pub(super) fn get(&self, key: K, work: impl FnOnce() -> V) -> V {
        let cell = Arc::clone(lock(&self.0).entry(key).or_default());
        cell.get_or_init(work).clone()
    }

    /// Gives a result that is known already, unless there is one.
    pub(super) fn put(&self, key: K, value: V) {
        self.get(key, || value);
    }
}

/// Locks; a panic of another thread while it held the lock leaves whole values behind.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
