//! Calls as values: a resource module says which calls to make, the driver makes them.
//!
//! An answer is kept as the JSON that came, beside the check that it is what the operation promises. So what Oracle
//! adds to an object reaches the attributes that a user gave raw, although our tables do not know it yet.

use std::fmt;
use std::sync::Arc;

use http::header::ETAG;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use oci_client::client::{CallOptions, Client};
use oci_client::error::Error;
use oci_client::operation::{DecodeError, Operation, OperationSpec, Paged, RequestError};
use oci_client::page::PageLimits;
use oci_client::request::{Body, Request};
use oci_client::transport::RawResponse;
use oci_client::wait::WorkRequestService;
use serde_json::{Map as JsonMap, Value as Json};
use world::BoxFuture;

/// What a call was answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The body; `null` where there is none. Of a list, the items of all pages.
    pub body: Json,
    /// What goes on in the background now.
    pub work_request: Option<WorkRequestId>,
    /// The headers; empty for a list.
    pub headers: HeaderMap,
    /// The service answered 404, and the call allows that ([`Call::or_missing`]).
    pub is_missing: bool,
}

impl Answer {
    /// The items of a list.
    #[must_use]
    pub fn items(&self) -> &[Json] {
        self.body.as_array().map_or(&[], Vec::as_slice)
    }

    /// Which version of the object it shows, where the service says so.
    #[must_use]
    pub fn etag(&self) -> Option<String> {
        Some(self.headers.get(ETAG)?.to_str().ok()?.to_owned())
    }

    /// A text of the body, by its name in Oracle's API.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name)?.as_str()
    }
}

/// A work request, by the service that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkRequestId {
    /// The service.
    pub service: WorkRequestService,
    /// The OCID.
    pub id: String,
}

type SendFn = dyn Fn(Client, CallOptions) -> BoxFuture<'static, Result<Answer, Error>> + Send + Sync;

/// One call, ready to be made: the operation with its input.
#[derive(Clone)]
pub struct Call {
    spec: &'static OperationSpec,
    send: Arc<SendFn>,
    may_be_missing: bool,
    is_safe_to_repeat: bool,
    is_in_home_region: bool,
    /// What would be sent, for tests.
    #[cfg(test)]
    request: Option<Arc<dyn Fn() -> Request + Send + Sync>>,
}

impl Call {
    /// A call of `operation`.
    #[must_use]
    pub fn new<O: Operation + Clone + 'static>(operation: O) -> Self {
        Self::with_raw(operation, JsonMap::new())
    }

    /// A call of `operation` whose body has further fields, under Oracle's names; they win over those of the body.
    #[must_use]
    pub fn with_raw<O: Operation + Clone + 'static>(operation: O, raw: JsonMap<String, Json>) -> Self {
        Self::made_of(Wire { raw, ..Wire::new(operation) })
    }

    fn made_of<O: Operation + Clone + 'static>(wire: Wire<O>) -> Self {
        let spec = wire.spec();
        #[cfg(test)]
        let request = {
            let wire = wire.clone();
            move || wire.request("https://nowhere").unwrap()
        };
        let send = move |client: Client, options: CallOptions| -> BoxFuture<'static, Result<Answer, Error>> {
            let wire = wire.clone();
            Box::pin(async move {
                let response = client.call_with(&wire, &options).await?;
                let work_request = response.work_request_id().and_then(|id| {
                    Some(WorkRequestId { service: WorkRequestService::of_service(spec.service)?, id })
                });
                let body = response.value.1;
                Ok(Answer { body, work_request, headers: response.headers, is_missing: false })
            })
        };
        #[cfg(not(test))]
        return Self::made_by(spec, Arc::new(send));
        #[cfg(test)]
        Self { request: Some(Arc::new(request)), ..Self::made_by(spec, Arc::new(send)) }
    }

    /// A call of `operation` that has further headers: what is raw where the body is not made of fields.
    #[must_use]
    pub(crate) fn with_headers<O: Operation + Clone + 'static>(operation: O, headers: HeaderMap) -> Self {
        Self::made_of(Wire { headers, ..Wire::new(operation) })
    }

    /// All pages of a list.
    #[must_use]
    pub fn all_pages<O: Paged + 'static>(operation: O) -> Self {
        let spec = operation.spec();
        let mut operation = operation;
        if operation.limit().is_none() {
            operation.set_limit(Some(page_limit(spec.service)));
        }
        let wire = Wire::new(operation);
        let send = move |client: Client, _: CallOptions| -> BoxFuture<'static, Result<Answer, Error>> {
            let wire = wire.clone();
            Box::pin(async move {
                let items = client.list(wire, PageLimits::default()).await?;
                Ok(Answer { body: Json::Array(items), ..Answer::default() })
            })
        };
        Self::made_by(spec, Arc::new(send))
    }

    fn made_by(spec: &'static OperationSpec, send: Arc<SendFn>) -> Self {
        Self {
            spec,
            send,
            may_be_missing: false,
            is_safe_to_repeat: false,
            is_in_home_region: false,
            #[cfg(test)]
            request: None,
        }
    }

    /// What would be sent; of a list, nothing.
    #[cfg(test)]
    pub(crate) fn request(&self) -> Option<Request> {
        self.request.as_ref().map(|request| request())
    }

    /// The same call, to which 404 is an answer and no failure.
    #[must_use]
    pub fn or_missing(self) -> Self {
        Self { may_be_missing: true, ..self }
    }

    /// The same call, of which the module knows that carrying it out twice is the same as once, although neither its
    /// method nor a retry token says so.
    #[must_use]
    pub fn safe_to_repeat(self) -> Self {
        Self { is_safe_to_repeat: true, ..self }
    }

    /// The same call, made in the tenancy's home region wherever the stack is.
    ///
    /// # Source
    /// Identity is changed in the home region only, and shows in the others with a delay (the fact sheet on Identity).
    #[must_use]
    pub fn in_home_region(self) -> Self {
        Self { is_in_home_region: true, ..self }
    }

    /// Whether it is made in the tenancy's home region.
    #[must_use]
    pub fn is_in_home_region(&self) -> bool {
        self.is_in_home_region
    }

    /// The facts of the operation.
    #[must_use]
    pub fn spec(&self) -> &'static OperationSpec {
        self.spec
    }

    /// Whether carrying it out twice is the same as once.
    pub(crate) fn may_be_repeated(&self) -> bool {
        self.is_safe_to_repeat || matches!(self.spec.method, Method::PUT | Method::DELETE)
    }

    /// Makes the call, with `retry_token` where the operation takes one.
    ///
    /// An update states what shall be, and a deletion what shall not be: doing either twice is doing it once. So they
    /// may be repeated although few of them take a token.
    pub(crate) async fn send(
        &self,
        client: &Client,
        retry_token: &str,
        options: CallOptions,
    ) -> Result<Answer, Error> {
        let options = CallOptions {
            retry_token: self.spec.takes_retry_token.then(|| retry_token.to_owned()),
            is_harmless_to_repeat: self.may_be_repeated(),
            ..options
        };
        self.made(client, options).await
    }

    /// Makes a call that only reads.
    pub(crate) async fn look(&self, client: &Client) -> Result<Answer, Error> {
        self.made(client, CallOptions::default()).await
    }

    async fn made(&self, client: &Client, options: CallOptions) -> Result<Answer, Error> {
        match (self.send)(client.clone(), options).await {
            Err(Error::MissingOrHidden(_)) if self.may_be_missing => {
                Ok(Answer { is_missing: true, ..Answer::default() })
            }
            answer => answer,
        }
    }
}

impl fmt::Debug for Call {
    /// Prints no input: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.spec.name).finish()
    }
}

/// Items on a page: as many as every list of the service gives, so that a refresh costs few calls.
///
/// # Source
/// The fact sheet's table of page limits. Core documents 1 to 1,000 and its published tables 1 to 100 for some lists; a
/// service that gives fewer than asked for is followed to the next page all the same.
fn page_limit(service: &str) -> i64 {
    match service {
        "file_storage" => 4096,
        _ => 1000,
    }
}

/// An operation whose answer is kept as JSON, and whose body may have fields that the tables do not know.
#[derive(Clone)]
struct Wire<O> {
    operation: O,
    raw: JsonMap<String, Json>,
    headers: HeaderMap,
}

impl<O> Wire<O> {
    fn new(operation: O) -> Self {
        Self { operation, raw: JsonMap::new(), headers: HeaderMap::new() }
    }
}

/// Raw attributes as headers.
///
/// # Errors
/// The name that is no name of a header, or whose value no header can have.
pub(crate) fn headers_of(raw: &JsonMap<String, Json>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in raw {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let header = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(text).ok());
        let (header, value) = header.ok_or_else(|| name.clone())?;
        headers.insert(header, value);
    }
    Ok(headers)
}

impl<O: Operation> Operation for Wire<O> {
    type Output = (O::Output, Json);

    fn spec(&self) -> &'static OperationSpec {
        self.operation.spec()
    }

    fn request(&self, origin: &str) -> Result<Request, RequestError> {
        let mut request = self.operation.request(origin)?;
        request.headers.extend(self.headers.clone());
        if let (false, Body::Bytes(bytes)) = (self.raw.is_empty(), &request.body) {
            let mut body: JsonMap<String, Json> =
                serde_json::from_slice(bytes).map_err(RequestError::Serialise)?;
            body.extend(self.raw.clone());
            let body = serde_json::to_vec(&body).map_err(RequestError::Serialise)?;
            request.body = Body::Bytes(body.into());
        }
        Ok(request)
    }

    fn decode(&self, response: &RawResponse) -> Result<Self::Output, DecodeError> {
        let output = self.operation.decode(response)?;
        // What is no JSON, such as the bytes of an object, is not kept.
        Ok((output, serde_json::from_slice(&response.body).unwrap_or_default()))
    }
}

impl<O: Paged> Paged for Wire<O> {
    type Item = Json;

    fn set_page(&mut self, token: Option<String>) {
        self.operation.set_page(token);
    }

    fn limit(&self) -> Option<i64> {
        self.operation.limit()
    }

    fn set_limit(&mut self, limit: Option<i64>) {
        self.operation.set_limit(limit);
    }

    fn next_page(headers: &HeaderMap, output: &Self::Output) -> Option<String> {
        O::next_page(headers, &output.0)
    }

    /// A list is bare, or stands under `items` or `objects`, by service.
    fn items(output: Self::Output) -> Vec<Json> {
        match output.1 {
            Json::Array(items) => items,
            Json::Object(mut page) => {
                let items = ["items", "objects"].iter().find_map(|name| page.remove(*name));
                items
                    .and_then(|items| if let Json::Array(items) = items { Some(items) } else { None })
                    .unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}
