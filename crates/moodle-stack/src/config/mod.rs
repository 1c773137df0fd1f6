//! `moodle.toml`: what the user wants, read with the place of every value.
