//! Everything that `mock serve` does, for a program that only reads its arguments.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::auth::{Backend, Credentials, CredentialsError, KeyError};
use crate::clock::{Clock, Pace};
use crate::cloud::Place;
use crate::faults::{Script, ScriptError};
use crate::http_server::MockServer;
use crate::mock::{AnswerCheck, Config, Mock};
use crate::store::StoreError;

/// The arguments of `mock serve`.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the OCI configuration file and the key go. Without it, signatures are not looked at.
    pub credentials: Option<PathBuf>,
    /// Where the cloud is kept between runs.
    pub data: Option<PathBuf>,
    /// Virtual seconds for one real second; 0 lets time pass only by `/_mock/clock/advance`, from a fixed beginning.
    pub time_scale: f64,
    /// Everything random follows from it. A cloud that was kept keeps its own.
    pub seed: u64,
    /// The region's id.
    pub region: String,
    /// A script of faults.
    pub faults: Option<PathBuf>,
    /// Gets the base URL when the server answers.
    pub ready_file: Option<PathBuf>,
    /// Compares every answer with the API's tables; what is wrong is listed at `/_mock/violations`.
    pub check_answers: bool,
    /// Which library verifies signatures.
    pub verifier: Backend,
    /// Opens a loopback port for each listener of a load balancer; `GET /_mock/data-path` lists them.
    pub data_path: bool,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            credentials: None,
            data: None,
            time_scale: 60.0,
            seed: 1,
            region: "eu-frankfurt-1".to_owned(),
            faults: None,
            ready_file: None,
            check_answers: cfg!(debug_assertions),
            verifier: Backend::default(),
            data_path: false,
        }
    }
}

/// The mock cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The kept cloud cannot be used.
    #[error("cannot open the kept cloud")]
    Data(#[from] StoreError),
    /// The credentials cannot be written.
    #[error("cannot write the credentials")]
    Credentials(#[from] CredentialsError),
    /// The key in the credentials folder cannot be used.
    #[error("cannot use the key of the credentials")]
    Key(#[from] KeyError),
    /// The script of faults cannot be read.
    #[error("cannot read {path}")]
    ReadFaults {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The script of faults is wrong.
    #[error("{path} is no script of faults")]
    Faults {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: ScriptError,
    },
    /// The ready file cannot be written.
    #[error("cannot write {path}")]
    ReadyFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Starts a mock with everything that the options ask for.
///
/// # Errors
/// [`ServeError`]. Nothing is served then.
///
/// # Cancel safety
/// When dropped, files may have been written; nothing is served.
pub async fn serve(options: &ServeOptions) -> Result<MockServer, ServeError> {
    let mock = match &options.data {
        Some(path) => Mock::open(config(options), path)?,
        None => Mock::new(config(options)),
    };
    if let (Some(folder), Some(keys)) = (&options.credentials, mock.keys()) {
        let place = &mock.config().place;
        let credentials = Credentials::write(folder, place, Clock::wall())?;
        keys.add_api_key(&place.tenancy_id, &place.user_id, &credentials.public_pem)?;
        keys.add_session(&credentials.session_token, &credentials.public_pem)?;
    }
    if let Some(path) = &options.faults {
        mock.add_faults(read_script(path)?);
    }
    let address = options.listen;
    let server = MockServer::start(mock, address).await;
    let mut server = server.map_err(|source| ServeError::Listen { address, source })?;
    if options.data_path {
        server.follow_listeners();
    }
    if let Some(path) = &options.ready_file {
        write_ready_file(path, &server.base_url())
            .map_err(|source| ServeError::ReadyFile { path: path.clone(), source })?;
    }
    Ok(server)
}

fn config(options: &ServeOptions) -> Config {
    // A clock that stands still begins at the same moment every time, so that the same seed and requests give the same
    // bytes from one server to the next. Signatures are compared with the real time in either case.
    let stands_still = options.time_scale == 0.0;
    Config {
        place: Place::new(options.seed, &options.region),
        pace: Pace::Scaled(options.time_scale),
        epoch: if stands_still { Config::default().epoch } else { Clock::wall() },
        answer_check: if options.check_answers { AnswerCheck::Record } else { AnswerCheck::Off },
        signatures: options.credentials.is_some().then_some(options.verifier),
        page_limit: None,
    }
}

#[expect(clippy::disallowed_methods, reason = "a file that the user names")]
fn read_script(path: &Path) -> Result<Script, ServeError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ServeError::ReadFaults { path: path.to_owned(), source })?;
    Script::parse(&text).map_err(|source| ServeError::Faults { path: path.to_owned(), source })
}

/// Whoever waits for the file finds the whole URL in it.
fn write_ready_file(path: &Path, url: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file.as_file(), format!("{url}\n").as_bytes())?;
    file.persist(path)?;
    Ok(())
}
