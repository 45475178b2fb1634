//! What the data must fulfil, and who is found.
