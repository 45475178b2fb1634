//! What is read of Gradle scripts.
