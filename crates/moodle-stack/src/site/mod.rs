//! Whether the site answers, as its visitors and its load balancer see it.

use std::sync::Arc;
use std::time::Duration;

use oci_client::client::Client;
use oci_client::services::network_load_balancer::models::BackendSetHealthStatus;
use oci_client::services::network_load_balancer::operations::GetBackendSetHealth;
use reconcile::run::Cancel;
use reconcile::value::{Value, ValueMap};
use world::{BoxFuture, World};

use crate::config::Config;
use crate::stack::listeners;
use crate::stack::names;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A server installs packages and the application at its first boot: half an hour on a small shape is much.
const PATIENCE: Duration = Duration::from_secs(45 * 60);

/// What a visitor got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Where the visitor is sent.
    pub location: Option<String>,
}

/// Visits the site: HTTP that follows no redirect.
pub trait Visitor: Send + Sync {
    /// What `GET url` gives; the error is what went wrong, in words.
    ///
    /// # Cancel safety
    /// It may be dropped at any await.
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Answer, String>>;
}

/// The part of the way to the application at which something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The load balancer, or what leads to it.
    LoadBalancer,
    /// The servers do not pass the load balancer's health check.
    HealthCheck,
    /// Servers are healthy, and a visitor gets something else than the application's answer.
    Application,
}

/// The site does not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the site does not answer: {evidence}")]
pub struct NotAnswering {
    /// Where it ends.
    pub layer: Layer,
    /// What was seen there.
    pub evidence: String,
}

/// Where the site is, from the outputs of its stack.
#[derive(Clone, Debug)]
pub struct Site {
    client: Client,
    cloud_time: Arc<dyn World>,
    load_balancer_id: String,
    /// Its address, without a slash at its end.
    url: String,
    sets: Vec<&'static str>,
    servers: i64,
    status: u16,
}

impl Site {
    /// The site of a stack with these outputs; `None` as long as they do not say where it is.
    #[must_use]
    pub fn new(
        client: Client,
        cloud_time: Arc<dyn World>,
        config: &Config,
        outputs: &ValueMap,
    ) -> Option<Self> {
        let text = |name: &str| outputs.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            client,
            cloud_time,
            load_balancer_id: text("load_balancer_id")?,
            url: text("url")?,
            sets: listeners(config).iter().map(|(name, _)| *name).collect(),
            servers: i64::from(config.servers.count),
            // The address says how visitors come: what answers there is the application, with TLS or without.
            status: config.site.application.healthy_code(),
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

    /// Looks once.
    ///
    /// # Errors
    /// [`NotAnswering`].
    ///
    /// # Cancel safety
    /// It only reads, and may be dropped at any await.
    pub async fn look(&self, visitor: &dyn Visitor) -> Result<Answer, NotAnswering> {
        for set in &self.sets {
            self.check_set(set).await?;
        }
        let url = format!("{}/", self.url);
        let answer = visitor.get(&url).await;
        let seen = match answer {
            Ok(answer) if answer.status == self.status && self.is_right_place(&answer) => return Ok(answer),
            Ok(Answer { status, location: Some(location) }) => {
                format!("{status} with `Location: {location}`")
            }
            Ok(Answer { status, location: None }) => status.to_string(),
            Err(trouble) => trouble,
        };
        let evidence = format!("`GET {url}` gives {seen}, and {} was expected", self.status);
        Err(NotAnswering { layer: Layer::Application, evidence })
    }

    /// A redirect must lead to the site itself: elsewhere means that the application believes to have another address.
    fn is_right_place(&self, answer: &Answer) -> bool {
        let is_redirect = (300..400).contains(&answer.status);
        !is_redirect
            || answer
                .location
                .as_ref()
                .is_some_and(|location| location.starts_with(&format!("{}/", self.url)))
    }

    async fn check_set(&self, set: &str) -> Result<(), NotAnswering> {
        let call = GetBackendSetHealth::new(self.load_balancer_id.clone(), set.to_owned());
        let health = self.client.call(&call).await.map_err(|error| NotAnswering {
            layer: Layer::LoadBalancer,
            evidence: format!("the health of the backend set `{set}` cannot be had: {error}"),
        })?;
        let health = health.value;
        let there = health.total_backend_count.unwrap_or_default();
        if health.status == Some(BackendSetHealthStatus::Ok) && there >= self.servers {
            return Ok(());
        }
        let named = |names: &Option<Vec<String>>| names.clone().unwrap_or_default();
        let critical = named(&health.critical_state_backend_names);
        let other =
            [named(&health.warning_state_backend_names), named(&health.unknown_state_backend_names)].concat();
        let evidence = format!(
            "of {} servers, the load balancer's backend set `{set}` has {there}; critical: {}; not known yet: {}",
            self.servers,
            list(&critical),
            list(&other),
        );
        Err(NotAnswering { layer: Layer::HealthCheck, evidence })
    }

    /// Looks until it answers, or for three quarters of an hour in the cloud's time.
    ///
    /// # Errors
    /// [`NotAnswering`]: what was seen last; also when `cancel` says to stop.
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
            if cancel.is_stopping() || self.cloud_time.monotonic().saturating_sub(begun) > PATIENCE {
                return Err(not_yet);
            }
            told(&not_yet);
            self.cloud_time.sleep(LOOK_EVERY).await;
        }
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
