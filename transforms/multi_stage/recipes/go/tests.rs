//! Splits of Dockerfiles over a build context in memory.
