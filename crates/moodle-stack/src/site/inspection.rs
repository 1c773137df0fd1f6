//! Everything about a running site at once: each tier, what lies behind it, what a visitor gets, and what is wrong.

use std::fmt::Write as _;

use oci_client::client::Client;
use oci_client::model::Timestamp;
use reconcile::state::State;
use reconcile::value::Value;
use serde_json::{Value as Json, json};
use world::World;

use super::answer::{Front, Visitor};
use super::evidence::Evidence;
use super::layer::{Fault, Weight};
use super::{blame, certificate, read};
use crate::config::{Config, TlsMode};
use crate::reads::Reads;
use crate::status::{self, Expiry, Status};

/// A site at one moment.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Each tier.
    pub status: Status,
    /// What lies behind the tiers.
    pub evidence: Evidence,
    /// What a visitor of the front page gets; none as long as the state does not say where that is.
    pub front: Option<Front>,
    /// Why the certificate could not be looked at, where the site has TLS.
    pub certificate_trouble: Option<String>,
    /// What is not as it should be, likely causes first.
    pub faults: Vec<Fault>,
}

/// Looks at the site that `config` describes and `state` has, with reads only, side by side. `time` is the time by which the cloud
/// lives.
///
/// It does not fail: what cannot be read says so, and hides nothing else.
///
/// # Cancel safety
/// It only reads, and may be dropped at any await.
pub async fn inspect(
    client: &Client,
    time: &dyn World,
    visitor: &dyn Visitor,
    config: &Config,
    state: &State,
) -> Inspection {
    let reads = Reads::new(client.clone());
    let url = state.outputs().get("url").and_then(Value::as_str);
    let (mut status, evidence, front, certificate) = tokio::join!(
        status::look(client, time, state),
        read::evidence(&reads, config, state),
        async { Some(visit(visitor, url?).await) },
        certificate_ends(visitor, config, url),
    );
    let certificate_trouble = match certificate {
        Some(Ok(ends)) => {
            let left_in_seconds = ends.unix_seconds() - time.now().timestamp();
            status.expires.push(Expiry {
                what: CERTIFICATE.to_owned(),
                at: ends.to_string(),
                left_in_seconds,
            });
            None
        }
        Some(Err(trouble)) => Some(trouble),
        None => None,
    };
    let faults = blame::faults(config, &status, &evidence, front.as_ref());
    Inspection { status, evidence, front, certificate_trouble, faults }
}

/// What the certificate is called among what expires.
pub(crate) const CERTIFICATE: &str = "certificate";

/// Visits the front page of the site at `url`.
pub(super) async fn visit(visitor: &dyn Visitor, url: &str) -> Front {
    let page = format!("{url}/");
    Front { url: url.to_owned(), answer: visitor.get(&page).await }
}

/// When the certificate of a site with TLS ends.
async fn certificate_ends(
    visitor: &dyn Visitor,
    config: &Config,
    url: Option<&str>,
) -> Option<Result<Timestamp, String>> {
    if config.tls.mode == TlsMode::Off {
        return None;
    }
    let shown = visitor.certificate(url?).await;
    Some(shown.and_then(|der| certificate::ends(&der).map_err(|unreadable| unreadable.to_string())))
}

impl Inspection {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.faults.is_empty()
    }

    /// For programs: the document of [`Status::to_json`], with `well`, `front`, `evidence` and `faults`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut document = self.status.to_json();
        document["well"] = self.is_well().into();
        document["front"] = self.front.as_ref().map_or(Json::Null, |front| {
            let (answer, trouble) = (front.answer.as_ref().ok(), front.answer.as_ref().err());
            json!({
                "url": front.url,
                "status": answer.map(|answer| answer.status),
                "location": answer.and_then(|answer| answer.location.clone()),
                "trouble": trouble,
            })
        });
        document["certificate_trouble"] = json!(self.certificate_trouble);
        document["evidence"] = json!(self.evidence);
        document["faults"] = json!(self.faults);
        document
    }

    /// For people: a line for each part, tier by tier, then what is wrong.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing into a text cannot fail.
        let _ = match &self.front {
            Some(Front { url, answer: Ok(answer) }) => writeln!(text, "site: {url}/ answers {answer}"),
            Some(Front { url, answer: Err(trouble) }) => {
                writeln!(text, "site: {url}/ does not answer: {trouble}")
            }
            None => writeln!(text, "site: nobody knows yet where it is"),
        };
        text.push_str(&self.status.to_text());
        if let Some(trouble) = &self.certificate_trouble {
            let _ = writeln!(text, "certificate: {trouble}");
        }
        if self.is_well() {
            text.push_str("\nAll is well.\n");
            return text;
        }
        text.push_str("\nNot as it should be, likely causes first:\n");
        for fault in &self.faults {
            let weight = match fault.weight {
                Weight::Stops => "stops the site",
                Weight::Weakens => "weakens it",
            };
            let _ = writeln!(text, "  {fault} ({weight})");
        }
        text
    }
}
