//! Writes files atomically.
