//! Calls as values: a resource module says which calls to make, the driver makes them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use http::Method;
use oci_client::client::{CallOptions, Client};
use oci_client::error::Error;
use oci_client::operation::{Operation, OperationSpec, Paged};
use oci_client::page::PageLimits;
use reconcile::value::ValueMap;
use world::BoxFuture;

/// An object as the service shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Its OCID.
    pub id: String,
    /// Its `lifecycleState`, in upper case.
    pub state: String,
    /// The compartment that it is in.
    pub compartment_id: String,
    /// Its free-form tags, those of the stack included.
    pub tags: BTreeMap<String, String>,
    /// Its attributes under Terraform's names, those of the stack's own tags left out.
    pub attributes: ValueMap,
}

/// What a call showed.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// An object.
    Object(Observed),
    /// Nothing: a deletion, or an action that answers without a body.
    Nothing,
}

type SendFn<T> = dyn Fn(Client, CallOptions) -> BoxFuture<'static, Result<T, Error>> + Send + Sync;

/// One call, ready to be made: the operation with its input, and how its answer is read.
#[derive(Clone)]
pub struct Call {
    operation: &'static OperationSpec,
    send: Arc<SendFn<Shown>>,
}

impl Call {
    /// A call of `operation` whose answer `read` understands.
    pub fn new<O>(operation: O, read: fn(O::Output) -> Shown) -> Self
    where
        O: Operation + Clone + 'static,
    {
        let spec = operation.spec();
        let send = move |client: Client, options: CallOptions| -> BoxFuture<'static, Result<Shown, Error>> {
            let operation = operation.clone();
            Box::pin(
                async move { client.call_with(&operation, &options).await.map(|answer| read(answer.value)) },
            )
        };
        Self { operation: spec, send: Arc::new(send) }
    }

    /// Makes the call, with `retry_token` where the operation takes one.
    ///
    /// An update states what shall be, and a deletion what shall not be: doing either twice is doing it once. So they
    /// may be repeated although few of them take a token.
    pub(crate) async fn send(&self, client: &Client, retry_token: &str) -> Result<Shown, Error> {
        let options = CallOptions {
            retry_token: self.operation.takes_retry_token.then(|| retry_token.to_owned()),
            is_harmless_to_repeat: matches!(self.operation.method, Method::PUT | Method::DELETE),
            ..CallOptions::default()
        };
        (self.send)(client.clone(), options).await
    }

    /// Makes a call that only reads.
    pub(crate) async fn look(&self, client: &Client) -> Result<Shown, Error> {
        (self.send)(client.clone(), CallOptions::default()).await
    }
}

impl fmt::Debug for Call {
    /// Prints no input: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.operation.name).finish()
    }
}

/// All objects of a type in one compartment.
#[derive(Clone)]
pub struct ListCall {
    operation: &'static str,
    send: Arc<SendFn<Vec<Observed>>>,
}

impl ListCall {
    /// All pages of `operation`, each item read by `read`.
    pub fn new<O>(operation: O, read: fn(O::Item) -> Observed) -> Self
    where
        O: Paged + 'static,
    {
        let name = operation.spec().name;
        let send =
            move |client: Client, _: CallOptions| -> BoxFuture<'static, Result<Vec<Observed>, Error>> {
                let operation = operation.clone();
                Box::pin(async move {
                    let items = client.list(operation, PageLimits::default()).await?;
                    Ok(items.into_iter().map(read).collect())
                })
            };
        Self { operation: name, send: Arc::new(send) }
    }

    /// Reads all pages.
    pub(crate) async fn send(&self, client: &Client) -> Result<Vec<Observed>, Error> {
        (self.send)(client.clone(), CallOptions::default()).await
    }
}

impl fmt::Debug for ListCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ListCall").field(&self.operation).finish()
    }
}
