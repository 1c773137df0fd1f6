//! What the servers get: the files by themselves.

mod files;
mod samples;
