//! One run of the program on one stack: the state is open, what is wanted is known.
//!
//! This is what `oci-moodle` and programs that embed the stack have in common. See `examples/embed_stack.rs`.

mod doubt;
mod known;
mod provider;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use oci_client::client::Client;
use oci_client::credentials::CredentialError;
use oci_resources::driver::Driver;
use oci_resources::mysql::mysql_db_system;
use reconcile::graph::Graph;
use reconcile::journal::{Holder, Journal, KeySource, Ledger as _, LedgerError, OpenError};
use reconcile::plan::{Action, Mode, Observed, Plan, PlanInput, PlanOptions, Step, plan};
use reconcile::run::{self, ApplyError, ApplyOptions, Cancel, Context, Observer, Settled, Summary};
use reconcile::secret::{DigestKey, KeyFile};
use reconcile::state::State;
use reconcile::store::FileStore;
use world::World;

use crate::config::secret::{self, Run, SecretError, check_password};
use crate::config::{Config, Source};
use crate::stack::names;
use crate::stack::{self, Facts, FactsError, Secrets, StackError};

pub use doubt::{changes, in_doubt, may_pass};
pub use known::{is_settled, known_facts};

use provider::SiteProvider;

/// What generated secrets are derived with from the state's key. Another text would change the passwords of running sites.
const SECRETS_PURPOSE: &str = "moodle.toml secrets";

/// How long a lock stays taken when its holder does not renew it.
const LEASE: Duration = Duration::from_secs(120);

/// Where a run takes place.
#[derive(Clone, Debug)]
pub struct Place {
    /// Makes the calls.
    pub client: Client,
    /// The time of the cloud: what the engine waits by. With the mock it runs faster than the real one.
    pub cloud_time: Arc<dyn World>,
    /// The machine: locks, environment and files.
    pub machine: Arc<dyn World>,
    /// The state's file. Its key lies beside it.
    pub state: PathBuf,
}

/// A run cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The state cannot be opened.
    #[error(transparent)]
    State(#[from] OpenError),
    /// The state is of another site.
    #[error("the state in {} is that of the site `{there}`, and the file describes `{wanted}`", path.display())]
    OtherSite {
        /// Which state.
        path: PathBuf,
        /// Whose it is.
        there: String,
        /// What the file says.
        wanted: String,
        /// A state beside it that this site may have for its own.
        own: PathBuf,
    },
    /// A secret cannot be had.
    #[error("the secret `{name}` cannot be had")]
    Secret {
        /// Its name.
        name: &'static str,
        /// Why.
        #[source]
        source: SecretError,
    },
    /// A secret is not one that the service takes.
    #[error("the secret `{name}` is no password that MySQL HeatWave takes: {why}")]
    WeakPassword {
        /// Its name.
        name: &'static str,
        /// What it lacks.
        why: String,
    },
    /// There are no credentials.
    #[error("could not find out who is calling")]
    Credentials(#[from] CredentialError),
    /// The cloud could not be asked for what the stack must know.
    #[error(transparent)]
    Facts(#[from] Box<FactsError>),
    /// The stack cannot be described.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The state cannot be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// A stack whose state is open for changes. Close it with [`Session::close`].
#[derive(Debug)]
pub struct Session {
    place: Place,
    journal: Journal,
    key: DigestKey,
    provider: SiteProvider,
    graph: Graph,
    compartments: Vec<String>,
    facts: Option<Facts>,
}

impl Session {
    /// Opens the state for everything that `config` asks for: takes its lock, resolves secrets, and asks the cloud for what the
    /// stack must know, unless `known` says it. What was asked is kept beside the state for [`known_facts`].
    ///
    /// Paths in `config` begin at `folder`; `run` runs the programs that secrets come from. `reason` is what others read who find
    /// the state locked.
    ///
    /// # Errors
    /// [`SessionError`]. Nothing has changed then; the lock is free again.
    ///
    /// # Cancel safety
    /// When it is dropped, the lock may stay taken until its lease has passed.
    pub async fn open(
        place: Place,
        (config, folder, run): (&Config, &Path, Run<'_>),
        known: Option<Facts>,
        reason: &str,
    ) -> Result<Self, SessionError> {
        // Before anything is written: a first run that fails for what it was given leaves nothing behind.
        let given = given_secrets(config, folder, (&*place.machine, run))?;
        let is_asked = known.is_none();
        let facts = match known {
            Some(facts) => facts,
            None => Facts::ask(&place.client, config).await.map_err(Box::new)?,
        };
        if place.machine.file_mode(&place.state).is_err() {
            // There is no state yet. Whether the stack can be described does not hang on what is generated, so any key does.
            let any_key = DigestKey::from_bytes([0; 32]);
            stack::graph(config, &facts, &with_generated(given.clone(), config, &any_key))?;
        }
        let journal = open_journal(&place, reason).await?;
        match describe((&journal, &place.state), config, &facts, given) {
            Ok(graph) => {
                if is_asked {
                    // It only saves questions, so a disk that is full is no reason to stop.
                    let _ = known::keep(&place.state, &facts);
                }
                let bucket = names::bucket(config);
                let compartments = vec![facts.compartment_id.clone()];
                Ok(Self::on(place, journal, graph, compartments, Some((facts, &bucket))))
            }
            Err(error) => {
                // The first error is what the user needs to read; a lock that could not be given back expires.
                let _ = journal.close().await;
                Err(error)
            }
        }
    }

    /// Opens the state for removing what is in it, or for changing it by hand. No secret and no fact is needed for that.
    ///
    /// # Errors
    /// [`SessionError`]. Nothing has changed then; the lock is free again.
    ///
    /// # Cancel safety
    /// As [`Session::open`].
    pub async fn open_without_graph(
        place: Place,
        config: &Config,
        reason: &str,
    ) -> Result<Self, SessionError> {
        let compartment = match &config.cloud.compartment_id {
            Some(id) => Some(id.clone()),
            None => place.client.whoami().await?.tenancy,
        };
        let journal = open_journal(&place, reason).await?;
        if let Err(error) = belongs_to(journal.state(), config, &place.state) {
            // As in `open`.
            let _ = journal.close().await;
            return Err(error);
        }
        Ok(Self::on(place, journal, Graph::empty(), compartment.into_iter().collect(), None))
    }

    fn on(
        place: Place,
        journal: Journal,
        graph: Graph,
        compartments: Vec<String>,
        facts: Option<(Facts, &str)>,
    ) -> Self {
        let driver = Driver::new(place.client.clone(), journal.state().lineage(), compartments.clone())
            .in_time(Arc::clone(&place.cloud_time));
        let bucket = facts.as_ref().map(|(facts, bucket)| (facts.namespace.as_str(), *bucket));
        let provider = SiteProvider::new(driver, place.client.clone(), bucket);
        let (key, facts) = (journal.key().clone(), facts.map(|(facts, _)| facts));
        Self { place, journal, key, provider, graph, compartments, facts }
    }

    /// What is wanted.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Where the run takes place.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The compartment that everything is in.
    #[must_use]
    pub fn compartment(&self) -> Option<&str> {
        self.compartments.first().map(String::as_str)
    }

    /// What the state knows.
    #[must_use]
    pub fn state(&self) -> &State {
        self.journal.state()
    }

    /// What was asked of the cloud, or known before.
    #[must_use]
    pub fn facts(&self) -> Option<&Facts> {
        self.facts.as_ref()
    }

    /// The key that secrets are recognised with in what the state and plans hold.
    #[must_use]
    pub fn key(&self) -> &DigestKey {
        &self.key
    }

    /// The state, for the commands that change it by hand.
    pub fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// The same, with the provider of all types.
    pub fn journal_and_driver(&mut self) -> (&mut Journal, &Driver) {
        (&mut self.journal, &self.provider.driver)
    }

    fn context(&self) -> Context<'_> {
        Context { provider: &self.provider, world: &*self.place.cloud_time, key: &self.key }
    }

    /// Brings what an earlier run left open to its end.
    ///
    /// # Errors
    /// When the state cannot be written.
    ///
    /// # Cancel safety
    /// It may be dropped at any await: what is on disk is true.
    pub async fn settle(
        &mut self,
        observer: &mut dyn Observer,
        cancel: &Cancel,
    ) -> Result<Settled, LedgerError> {
        let context = Context { provider: &self.provider, world: &*self.place.cloud_time, key: &self.key };
        let graph = (!self.graph.nodes().is_empty()).then_some(&self.graph);
        run::settle(context, graph, &mut self.journal, observer, cancel).await
    }

    /// Looks at everything that there is; without `objects` only at what the state cannot know.
    ///
    /// # Cancel safety
    /// It only reads, and may be dropped at any await.
    pub async fn refresh(&self, objects: bool) -> Observed {
        run::refresh(self.context(), &self.graph, self.journal.state(), objects).await
    }

    /// What is to be done.
    #[must_use]
    pub fn plan(&self, observed: &Observed, options: &PlanOptions) -> Plan {
        let nothing = Graph::empty();
        let graph = if options.mode == Mode::Destroy { &nothing } else { &self.graph };
        let (provider, state) = (&self.provider, self.journal.state());
        plan(PlanInput { provider, key: &self.key, graph, state, observed }, options)
    }

    /// How `plan` is best carried out. A server is healthy only once the database is there, so where one is made, servers are
    /// waited for as much longer.
    #[must_use]
    pub fn apply_options(plan: &Plan) -> ApplyOptions {
        let options = ApplyOptions::default();
        let is_database = |step: &&Step| {
            step.action == Action::Create && step.address.resource_type() == mysql_db_system::TYPE
        };
        let database = plan.steps().iter().filter(is_database).map(|step| step.expected * 2).max();
        let healthy_within = options.healthy_within + database.unwrap_or_default();
        ApplyOptions { healthy_within, ..options }
    }

    /// Does it.
    ///
    /// # Errors
    /// [`ApplyError`]. What was done before is in the state.
    ///
    /// # Cancel safety
    /// It may be dropped at any await: what is on disk is true, and the next run goes on.
    pub async fn apply(
        &mut self,
        plan: &Plan,
        options: &ApplyOptions,
        observer: &mut dyn Observer,
        cancel: &Cancel,
    ) -> Result<Summary, ApplyError> {
        let nothing = Graph::empty();
        let graph = if plan.mode() == Mode::Destroy { &nothing } else { &self.graph };
        let context = Context { provider: &self.provider, world: &*self.place.cloud_time, key: &self.key };
        run::apply(context, graph, plan, &mut self.journal, options, observer, cancel).await
    }

    /// Gives the lock back.
    ///
    /// # Errors
    /// When the lock cannot be given back. The state is on disk in any case.
    pub async fn close(self) -> Result<(), LedgerError> {
        self.journal.close().await
    }
}

async fn open_journal(place: &Place, reason: &str) -> Result<Journal, OpenError> {
    let named = |name: &str| place.machine.env_var(name).filter(|value| !value.is_empty());
    let holder = Holder {
        owner: named("USER").or_else(|| named("USERNAME")).unwrap_or_else(|| "somebody".to_owned()),
        host: named("HOSTNAME")
            .or_else(|| host_name(&*place.machine))
            .unwrap_or_else(|| "this machine".to_owned()),
        pid: std::process::id(),
        reason: reason.to_owned(),
        lease: LEASE,
    };
    let keys = KeySource::File(KeyFile::new(place.state.with_extension("key")));
    let store = Box::new(FileStore::new(&place.state));
    Journal::open(store, &keys, holder, Arc::clone(&place.machine)).await
}

/// Linux tells it in a file; elsewhere the lock says less.
fn host_name(machine: &dyn World) -> Option<String> {
    let name = machine.read_file(Path::new("/proc/sys/kernel/hostname")).ok()?;
    Some(String::from_utf8_lossy(&name).trim().to_owned()).filter(|name| !name.is_empty())
}

fn describe(
    (journal, path): (&Journal, &Path),
    config: &Config,
    facts: &Facts,
    given: Secrets,
) -> Result<Graph, SessionError> {
    belongs_to(journal.state(), config, path)?;
    let secrets = with_generated(given, config, journal.key());
    Ok(stack::graph(config, facts, &secrets)?)
}

/// Makes sure that the state at `path` belongs to the site of `config`, or to none yet.
///
/// # Errors
/// [`SessionError::OtherSite`].
pub fn belongs_to(state: &State, config: &Config, path: &Path) -> Result<(), SessionError> {
    let wanted = config.site.name.clone();
    match names::site_of(state) {
        Some(there) if there != wanted => {
            let own = path.with_file_name(format!("state-{wanted}.json"));
            Err(SessionError::OtherSite { path: path.to_owned(), there, wanted, own })
        }
        Some(_) | None => Ok(()),
    }
}

/// The secrets that the servers need, from where the file says. `key` is that of the state.
///
/// # Errors
/// [`SessionError::Secret`], [`SessionError::WeakPassword`]; no secret is in them.
pub fn secrets(
    config: &Config,
    key: &DigestKey,
    folder: &Path,
    (machine, run): (&dyn World, Run<'_>),
) -> Result<Secrets, SessionError> {
    Ok(with_generated(given_secrets(config, folder, (machine, run))?, config, key))
}

/// Those secrets that are not generated.
fn given_secrets(
    config: &Config,
    folder: &Path,
    (machine, run): (&dyn World, Run<'_>),
) -> Result<Secrets, SessionError> {
    let mut secrets = Secrets::new();
    for (name, source) in config.secret_sources() {
        if matches!(source, Source::Generate { .. }) {
            continue;
        }
        let found = secret::resolve(name, &source, &[], folder, (machine, run));
        let secret = found.map_err(|source| SessionError::Secret { name, source })?;
        if name.starts_with("database_") {
            let weak =
                |weak: secret::WeakPassword| SessionError::WeakPassword { name, why: weak.to_string() };
            check_password(&secret).map_err(weak)?;
        }
        secrets.insert(name, secret);
    }
    Ok(secrets)
}

/// These secrets, and those that are generated.
fn with_generated(mut secrets: Secrets, config: &Config, key: &DigestKey) -> Secrets {
    let root = key.subkey(SECRETS_PURPOSE);
    for (name, source) in config.secret_sources() {
        if let Source::Generate { rotation } = source {
            secrets.insert(name, secret::derive(&*root, name, rotation));
        }
    }
    secrets
}
