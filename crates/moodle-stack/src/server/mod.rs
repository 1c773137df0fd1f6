//! What runs on the servers: every file and script, rendered from templates, and the user data that carries them.
