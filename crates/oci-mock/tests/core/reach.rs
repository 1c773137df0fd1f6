//! What gets through.
