//! Words that Oracle adds to its enums later.

use std::sync::Arc;

use cross_tests::bench::Bench;
use oci_client::sign::Signed;
use oci_client::transport::{AttemptLimits, RawResponse, Transport, TransportError};
use oci_resources::driver::Driver;
use reconcile::journal::Ledger as _;
use reconcile::provider::{Provider as _, ReadAnswer, ReadRequest};
use serde_json::Value as Json;
use world::BoxFuture;

use crate::kit::{Begun, Case, place};

pub(crate) async fn unknown_words(case: &Case) {
    for start in 0..=case.also.len() {
        unknown_words_from(case, start).await;
    }
}

async fn unknown_words_from(case: &Case, start: usize) {
    let mut bench = Bench::new(7).await;
    let place = place(case, &bench).await;
    let Begun { around, asked, .. } = case.starts(&place).swap_remove(start);
    bench.reach(&case.graph_in(around, &place, Some(&asked), &[])).await;
    let subject = case.subject();
    let entry = bench.journal.state().entry(&subject).unwrap().clone();
    let request = || ReadRequest {
        address: subject.clone(),
        identifier: entry.identifier.clone().unwrap(),
        entry: None,
    };
    let plain = bench.driver.read(case.resource_type, vec![request()]).await.pop();
    let Some(ReadAnswer::Found(plain)) = plain else { panic!("{plain:?}") };
    let driver = Driver::new(changed_words(&bench), "words", vec![place.tenancy.clone()]);
    let changed = driver.read(case.resource_type, vec![request()]).await.pop();
    let Some(ReadAnswer::Found(changed)) = changed else { panic!("{changed:?}") };
    // What was a word of Oracle's is another one now, and everything else is as it was.
    for (name, value) in plain.attributes.iter() {
        let now = changed.attributes.get(name);
        if &**name != "state" && !value.to_string().contains(|c: char| c.is_ascii_uppercase()) {
            assert_eq!(now, Some(value), "{name}");
        }
        assert!(now.is_some(), "`{name}` was lost");
    }
}

/// A client of the bench's cloud that sees `_NEW` behind every word in capitals, as if Oracle had added it.
fn changed_words(bench: &Bench) -> oci_client::client::Client {
    let inner = cross_tests::MockTransport::new(bench.cloud.mock.clone(), Arc::clone(&bench.world));
    cross_tests::client_through(&bench.cloud.mock, &bench.world, Arc::new(NewWords { inner })).build()
}

#[derive(Debug)]
struct NewWords {
    inner: cross_tests::MockTransport,
}

impl Transport for NewWords {
    fn send(
        &self,
        signed: Signed,
        limits: AttemptLimits,
    ) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        Box::pin(async move {
            let mut response = self.inner.send(signed, limits).await?;
            if let Ok(mut body) = serde_json::from_slice::<Json>(&response.body) {
                change_words(&mut body);
                response.body = body.to_string().into();
            }
            Ok(response)
        })
    }
}

fn change_words(json: &mut Json) {
    match json {
        Json::String(text) => {
            let is_word = text.len() > 2
                && text.bytes().all(|c| c.is_ascii_uppercase() || c == b'_')
                && text.as_str() != "TERMINATED";
            if is_word {
                text.push_str("_NEW");
            }
        }
        Json::Array(items) => items.iter_mut().for_each(change_words),
        Json::Object(map) => map
            .iter_mut()
            .filter(|(name, _)| !["lifecycleState", "definedTags"].contains(&name.as_str()))
            .for_each(|(_, value)| change_words(value)),
        _ => {}
    }
}
