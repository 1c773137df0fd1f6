//! What the stack knows of a server before it exists.
//!
//! No secret is in here: a server fetches its secrets itself, with its own identity ([`SecretSource`]).

use std::net::IpAddr;

use super::versions::{Application, DatabaseKind, Php, Version};

/// One server, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSpec {
    /// Its host name, without the domain.
    pub name: String,
    /// Where it stands among the servers of the stack.
    pub position: Position,
    /// What it runs.
    pub release: Release,
    /// The PHP it runs on.
    pub php: Php,
    /// The site.
    pub site: Site,
    /// The site's database.
    pub database: Database,
    /// What the servers share.
    pub storage: Storage,
    /// Who ends TLS, and with which certificate.
    pub tls: Tls,
    /// Where it fetches its secrets.
    pub secrets: SecretSource,
    /// Where it reports how its first boot goes. Without a place, only its console says so.
    pub report: Option<ObjectPlace>,
    /// When it installs security updates by itself.
    pub updates: Updates,
}

/// Where a server stands among the servers of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Counted from 0.
    pub index: u16,
    /// How many there are.
    pub count: u16,
}

/// What is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The application.
    pub application: Application,
    /// Its point release, as the vendor writes it.
    pub version: String,
    /// The sum that the download must have, where the user gives one: 64 hexadecimal digits.
    pub sha256: Option<String>,
}

/// The site as its visitors see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its address.
    pub url: SiteUrl,
    /// Its full name.
    pub full_name: String,
    /// Its short name.
    pub short_name: String,
    /// Its language, as the application writes it: `en`, `de`.
    pub language: String,
    /// The administrator's login name.
    pub admin_user: String,
    /// The administrator's mail address.
    pub admin_email: String,
}

/// The address of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteUrl {
    /// Known when the server is described: `https://moodle.example.org`, without a slash at its end.
    Known(String),
    /// The instance's metadata key [`super::SITE_URL_KEY`] says it: the reserved public address is chosen by the service,
    /// and user data cannot have a hole where it is compressed.
    Metadata,
}

/// Host and port of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// A host name or an address; never `localhost`, which PHP takes for a local socket.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// The site's database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// MySQL or MariaDB.
    pub kind: DatabaseKind,
    /// Its version.
    pub version: Version,
    /// The primary: the address that takes writes, also after a fail-over.
    pub primary: Endpoint,
    /// The address that takes reads, when there are replicas: the secret `replicas` says at any moment whether there are.
    pub read: Option<Endpoint>,
    /// The schema. It is created by the first server.
    pub schema: String,
    /// The site's own user. It is created by the first server. Its password is the secret `database_password`.
    pub user: String,
    /// Who may create schema and user. The password is the secret `database_admin_password`.
    pub admin_user: String,
    /// Whether connections are encrypted.
    pub tls: DatabaseTls,
}

/// How connections to the database are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseTls {
    /// Not at all.
    Off,
    /// Encrypted, without a look at the certificate. HeatWave's own certificate is signed by nobody that a server knows.
    Require,
    /// Encrypted, and the certificate must be one that the server trusts and fit the host.
    VerifyFull,
}

/// What the servers share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// The NFS share, or none: then the data lies on the server's own disk, which suits one server only.
    pub nfs: Option<NfsShare>,
    /// Where it is mounted: an absolute path.
    pub mount_point: String,
}

/// A share of File Storage. Its export must permit root (`identity_squash = NONE`), or ownership cannot be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NfsShare {
    /// The mount target's host name or address.
    pub host: String,
    /// The export's path.
    pub path: String,
}

/// Who ends TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Nobody: plain HTTP.
    Off,
    /// Each server, with the certificate and key that are the secrets `tls_certificate` and `tls_key` (PEM).
    Given {
        /// Whether browsers are told to come by HTTPS only.
        hsts: bool,
    },
    /// Each server, with a certificate that one of them obtains by ACME (HTTP-01) and all share.
    Acme {
        /// The directory of the authority: `https://acme-v02.api.letsencrypt.org/directory`.
        directory: String,
        /// Who is told of trouble.
        email: String,
        /// Whether browsers are told to come by HTTPS only.
        hsts: bool,
    },
    /// Something in front of the servers, which sends plain HTTP to them.
    InFront {
        /// Its addresses, the only ones whose `X-Forwarded-For` is believed.
        proxies: Vec<IpAddr>,
    },
}

/// Where a server fetches its secrets, with its own identity (instance principal): one JSON object whose keys are
/// [`super::SECRET_KEYS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// An object in a private bucket.
    Object(ObjectPlace),
    /// A secret of OCI Vault.
    Vault {
        /// Its OCID.
        secret_id: String,
    },
}

/// A place in Object Storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPlace {
    /// The tenancy's namespace.
    pub namespace: String,
    /// The bucket.
    pub bucket: String,
    /// The object's name.
    pub object: String,
}

/// When security updates are installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Updates {
    /// Whether they are installed without anybody asking.
    pub automatic: bool,
    /// The hour (UTC) at which the first server begins. The others follow, each in a slot of its own.
    pub hour: u8,
    /// Minutes from one server's slot to the next.
    pub slot_minutes: u16,
}
