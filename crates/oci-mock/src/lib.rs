//! A mock OCI control plane that real clients cannot tell from the real one.
