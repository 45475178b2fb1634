//! What is installed in the runtime stage.
