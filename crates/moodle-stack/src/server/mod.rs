//! What runs on the servers: a description becomes files, the files become user data.
//!
//! Everything here is pure. No secret and no address that only the service knows is in user data: a server reads the first
//! with its own identity from where [`SecretSource`] says, and the second from its metadata ([`METADATA_KEYS`]).

mod layout;
mod quote;
mod render;
mod spec;
mod unfit;
mod user_data;
pub mod versions;

pub use render::{File, RenderError, Rendered, render};
pub use spec::{
    Database, DatabaseTls, Endpoint, NfsShare, ObjectPlace, Position, Release, SecretSource, ServerSpec,
    Site, SiteUrl, Storage, Tls, Updates,
};

pub use user_data::{
    Bundle, METADATA_BYTES_MAX, TooLarge, UserData, cloud_config, user_data, user_data_with_bundle,
};

/// The metadata key that holds the address of the site, where [`SiteUrl::Metadata`] says so.
pub const SITE_URL_KEY: &str = "moodle_site_url";

/// The keys of an instance's metadata that its boot reads, besides `user_data`. Every local user can read them.
pub const METADATA_KEYS: [&str; 1] = [SITE_URL_KEY];

/// The key beside the secrets that says `no` while there are no replicas behind [`Database::read`]. It is with them because that is
/// what servers look at again while they run.
pub const REPLICAS_KEY: &str = "replicas";

/// The keys of the JSON object of secrets. The last two only with [`Tls::Given`].
///
/// `site_secret` is a text of at least 32 random characters, the same for the life of the site: cookies and one-time links
/// of WordPress, Drupal and Joomla are signed with it.
pub const SECRET_KEYS: [&str; 6] = [
    "database_password",
    "database_admin_password",
    "admin_password",
    "site_secret",
    "tls_certificate",
    "tls_key",
];
