//! Whether the site answers, as its visitors and its load balancer see it, and which layer fails when it does not.
//!
//! `read` asks the services for what lies behind the tiers, with reads only; `blame` judges it together with what
//! [`crate::status`] sees, and is pure.

mod answer;
pub(crate) mod blame;
mod certificate;
pub mod evidence;
pub(crate) mod inspection;
mod layer;
mod read;
#[cfg(test)]
pub(crate) mod sample;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use oci_client::client::Client;
use reconcile::run::Cancel;
use reconcile::state::State;
use reconcile::value::Value;
use world::World;

pub(crate) use answer::judge;
pub use answer::{Answer, Front, Visitor};
pub use blame::faults;
pub use inspection::{Inspection, inspect};
pub use layer::{Fault, Layer, NotAnswering, Weight};

use crate::config::Config;
use crate::reads::Reads;
use crate::stack::listeners;
use crate::stack::names;
use crate::status;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A server installs packages and the application at its first boot: half an hour on a small shape is much.
const PATIENCE: Duration = Duration::from_secs(45 * 60);

/// Where the site is, from the state of its stack.
#[derive(Clone, Debug)]
pub struct Site {
    client: Client,
    cloud_time: Arc<dyn World>,
    load_balancer_id: String,
    /// Its address, without a slash at its end.
    url: String,
    config: Config,
    state: State,
}

impl Site {
    /// The site that `config` describes and `state` has; `None` as long as the state does not say where it is.
    #[must_use]
    pub fn new(client: Client, cloud_time: Arc<dyn World>, config: &Config, state: &State) -> Option<Self> {
        let text = |name: &str| state.outputs().get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            client,
            cloud_time,
            load_balancer_id: text("load_balancer_id")?,
            url: text("url")?,
            config: config.clone(),
            state: state.clone(),
        })
    }

    /// Its address, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The load balancer's OCID.
    #[must_use]
    pub fn load_balancer_id(&self) -> &str {
        &self.load_balancer_id
    }

    /// Looks once: whether all wanted backends are healthy, and visitors get what they should. It does not look for causes.
    ///
    /// It reads the two of the parts that [`inspect`] reads which change while servers come up.
    ///
    /// # Errors
    /// [`NotAnswering`].
    ///
    /// # Cancel safety
    /// It only reads, and may be dropped at any await.
    pub async fn look(&self, visitor: &dyn Visitor) -> Result<Answer, NotAnswering> {
        let balancer = status::balancer(&Reads::new(self.client.clone()), &self.state).await;
        for (set, _) in listeners(&self.config) {
            blame::all_are_healthy(&self.config, &balancer, set)?;
        }
        let front = inspection::visit(visitor, &self.url).await;
        blame::answers(&self.config, front)
    }

    /// Looks until it answers, or until nothing can be hoped for any more, and then for the causes: when the first boot of a server
    /// has failed, or after three quarters of an hour in the cloud's time.
    ///
    /// # Errors
    /// [`NotAnswering`]: which layer fails, and what shows it; when `cancel` says to stop, only what was seen last.
    ///
    /// # Cancel safety
    /// It only reads, and may be dropped at any await.
    pub async fn until_it_answers(
        &self,
        visitor: &dyn Visitor,
        cancel: &Cancel,
    ) -> Result<Answer, NotAnswering> {
        let begun = self.cloud_time.monotonic();
        let mut failed = BTreeSet::new();
        loop {
            let not_yet = match self.look(visitor).await {
                Ok(answer) => return Ok(answer),
                Err(not_yet) => not_yet,
            };
            if cancel.is_stopping() {
                return Err(not_yet);
            }
            // Somebody may be running a boot again by hand right now, so one look is not believed.
            let failed_before = std::mem::replace(&mut failed, self.failed_boots().await);
            let is_hopeless = failed.intersection(&failed_before).next().is_some();
            if is_hopeless || self.cloud_time.monotonic().saturating_sub(begun) > PATIENCE {
                return Err(self.why(visitor, not_yet).await);
            }
            tokio::select! {
                () = cancel.stopped() => return Err(not_yet),
                () = self.cloud_time.sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// The servers that are not healthy and say that their first boot failed. Only a restart of the server begins that anew: the boot
    /// tries for itself whatever may work the next time, and what it reports is its end.
    async fn failed_boots(&self) -> BTreeSet<String> {
        let reads = Reads::new(self.client.clone());
        let (balancer, mut servers) =
            tokio::join!(status::balancer(&reads, &self.state), status::servers(&reads, &self.state));
        status::with_health(&mut servers, &balancer);
        let has_failed = |server: &status::Server| server.boot.seen().is_some_and(status::Boot::has_failed);
        let is_healthy = |server: &status::Server| {
            !server.health.is_empty() && server.health.values().all(|health| health == "OK")
        };
        let failed = servers.into_iter().filter(|server| has_failed(server) && !is_healthy(server));
        failed.map(|server| server.name).collect()
    }

    /// Looks once, and for the causes if it does not answer.
    ///
    /// # Errors
    /// [`NotAnswering`]: which layer fails, and what shows it.
    ///
    /// # Cancel safety
    /// It only reads, and may be dropped at any await.
    pub async fn diagnose(&self, visitor: &dyn Visitor) -> Result<Answer, NotAnswering> {
        match self.look(visitor).await {
            Ok(answer) => Ok(answer),
            Err(silent) => Err(self.why(visitor, silent).await),
        }
    }

    /// Looks at everything, and for what explains that the site does not answer.
    async fn why(&self, visitor: &dyn Visitor, silent: NotAnswering) -> NotAnswering {
        silent.because(self.faults(visitor).await)
    }

    /// Everything that is not as it should be, likely causes first.
    ///
    /// # Cancel safety
    /// It only reads, and may be dropped at any await.
    pub async fn faults(&self, visitor: &dyn Visitor) -> Vec<Fault> {
        let (client, time) = (&self.client, &*self.cloud_time);
        inspect(client, time, visitor, &self.config, &self.state).await.faults
    }
}

/// The name of the listener that visitors without TLS meet.
#[must_use]
pub const fn first_listener() -> &'static str {
    names::HTTP
}
