//! Tests of whole pages and of what they hold.
