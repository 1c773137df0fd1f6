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

use std::sync::Arc;
use std::time::Duration;

use oci_client::client::Client;
use oci_client::services::network_load_balancer::models::BackendSetHealthStatus;
use oci_client::services::network_load_balancer::operations::GetBackendSetHealth;
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
use crate::stack::listeners;
use crate::stack::names;

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
    /// # Errors
    /// [`NotAnswering`].
    ///
    /// # Cancel safety
    /// It only reads, and may be dropped at any await.
    pub async fn look(&self, visitor: &dyn Visitor) -> Result<Answer, NotAnswering> {
        for (set, _) in listeners(&self.config) {
            self.check_set(set).await?;
        }
        let url = format!("{}/", self.url);
        let wrong = match visitor.get(&url).await {
            Ok(answer) => match judge(self.config.site.application, &self.url, &answer) {
                Ok(()) => return Ok(answer),
                Err(wrong) => format!("{answer}, and {wrong}"),
            },
            Err(trouble) => trouble,
        };
        Err(NotAnswering::at(Layer::Application, format!("`GET {url}` gives {wrong}")))
    }

    async fn check_set(&self, set: &str) -> Result<(), NotAnswering> {
        let call = GetBackendSetHealth::new(self.load_balancer_id.clone(), set.to_owned());
        let health = self.client.call(&call).await.map_err(|error| {
            let evidence = format!("the health of the backend set `{set}` cannot be had: {error}");
            NotAnswering::at(Layer::LoadBalancer, evidence)
        })?;
        let health = health.value;
        let (there, wanted) = (health.total_backend_count.unwrap_or_default(), self.config.servers.count);
        if health.status == Some(BackendSetHealthStatus::Ok) && there >= i64::from(wanted) {
            return Ok(());
        }
        let named = |names: &Option<Vec<String>>| names.clone().unwrap_or_default();
        let critical = named(&health.critical_state_backend_names);
        let other =
            [named(&health.warning_state_backend_names), named(&health.unknown_state_backend_names)].concat();
        let evidence = format!(
            "of {wanted} servers, the load balancer's backend set `{set}` has {there}; critical: {}; not known yet: {}",
            list(&critical),
            list(&other),
        );
        Err(NotAnswering::at(Layer::HealthCheck, evidence))
    }

    /// Looks until it answers, or for three quarters of an hour in the cloud's time, and then for the causes.
    ///
    /// # Errors
    /// [`NotAnswering`]: which layer fails, and what shows it; when `cancel` says to stop, only what was seen last.
    ///
    /// # Cancel safety
    /// It only reads, and may be dropped at any await.
    pub async fn until_it_answers(
        &self,
        visitor: &dyn Visitor,
        mut told: impl FnMut(&NotAnswering) + Send,
        cancel: &Cancel,
    ) -> Result<Answer, NotAnswering> {
        let begun = self.cloud_time.monotonic();
        loop {
            let not_yet = match self.look(visitor).await {
                Ok(answer) => return Ok(answer),
                Err(not_yet) => not_yet,
            };
            if cancel.is_stopping() {
                return Err(not_yet);
            }
            if self.cloud_time.monotonic().saturating_sub(begun) > PATIENCE {
                return Err(self.why(visitor, not_yet).await);
            }
            told(&not_yet);
            self.cloud_time.sleep(LOOK_EVERY).await;
        }
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

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The name of the listener that visitors without TLS meet.
#[must_use]
pub const fn first_listener() -> &'static str {
    names::HTTP
}
