//! Finds Dockerfiles and how they are built.
