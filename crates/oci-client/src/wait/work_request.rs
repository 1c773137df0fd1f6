//! Work requests: what a service does in the background, and what it says when that fails.
//!
//! Each service has them at a path of its own; what is in them is the same. Object Storage calls success
//! `COMPLETED`, the others `SUCCEEDED`.
//!
//! # Source
//! Work Requests 20160918, MySQL 20190415, Network Load Balancer 20200501, Identity 20160918 and Object Storage
//! (`WorkRequest`, `WorkRequestError`, `WorkRequestLogEntry`). File Storage and Limits have none.

use std::time::Duration;

use http::Method;
use serde::Deserialize;

use crate::encoder::Encoder;
use crate::model::open_enum;
use crate::operation::{DecodeError, Operation, OperationSpec, Paged, RequestError};
use crate::request::Request;
use crate::transport::RawResponse;
use crate::wait::{Gone, Wait};

open_enum! {
    /// How far a work request is.
    WorkRequestStatus {
        /// `ACCEPTED`: waiting to be started.
        Accepted = "ACCEPTED",
        /// `IN_PROGRESS`.
        InProgress = "IN_PROGRESS",
        /// `FAILED`.
        Failed = "FAILED",
        /// `SUCCEEDED`.
        Succeeded = "SUCCEEDED",
        /// `COMPLETED`: Object Storage's word for success.
        Completed = "COMPLETED",
        /// `CANCELING`.
        Canceling = "CANCELING",
        /// `CANCELED`.
        Canceled = "CANCELED",
    }
}

/// The services that have work requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkRequestService {
    /// Networking, Compute and Block Volume.
    Core,
    /// MySQL.
    Mysql,
    /// Network Load Balancer.
    NetworkLoadBalancer,
    /// Identity. Its errors and logs are in the work request itself.
    Identity,
    /// Object Storage.
    ObjectStorage,
}

impl WorkRequestService {
    /// The service whose operations give work requests of this kind, by its name in `schemas/oci-api`.
    #[must_use]
    pub fn of_service(service: &str) -> Option<Self> {
        match service {
            "core" | "work_requests" => Some(Self::Core),
            "mysql" => Some(Self::Mysql),
            "network_load_balancer" => Some(Self::NetworkLoadBalancer),
            "identity" => Some(Self::Identity),
            "object_storage" => Some(Self::ObjectStorage),
            _ => None,
        }
    }

    fn specs(self) -> &'static Specs {
        match self {
            Self::Core => &CORE,
            Self::Mysql => &MYSQL,
            Self::NetworkLoadBalancer => &NETWORK_LOAD_BALANCER,
            Self::Identity => &IDENTITY,
            Self::ObjectStorage => &OBJECT_STORAGE,
        }
    }

    /// Whether errors and logs are lists of their own.
    fn has_lists(self) -> bool {
        !matches!(self, Self::Identity)
    }

    /// Whether those lists want to know the compartment.
    fn lists_need_compartment(self) -> bool {
        matches!(self, Self::NetworkLoadBalancer)
    }
}

/// What to wait for: the end of a work request, good or bad, so that what a failed one has to say can be fetched.
/// Expected time and limit are to be filled in.
pub(super) const ENDED: Wait<'static, WorkRequestStatus> = Wait {
    through: &[WorkRequestStatus::Accepted, WorkRequestStatus::InProgress, WorkRequestStatus::Canceling],
    until: &[
        WorkRequestStatus::Succeeded,
        WorkRequestStatus::Completed,
        WorkRequestStatus::Failed,
        WorkRequestStatus::Canceled,
    ],
    failed: &[],
    gone: Gone::IsFailure,
    expect: Duration::ZERO,
    limit: Duration::ZERO,
};

struct Specs {
    get: OperationSpec,
    errors: OperationSpec,
    logs: OperationSpec,
}

const fn spec(
    service: &'static str,
    client: &'static str,
    name: &'static str,
    path: &'static str,
) -> OperationSpec {
    OperationSpec {
        service,
        client,
        name,
        method: Method::GET,
        path,
        takes_retry_token: false,
        takes_if_match: false,
    }
}

/// The three operations of a service, whose paths begin with `$prefix`.
macro_rules! specs {
    ($name:ident, $service:literal, $client:literal, $prefix:literal) => {
        static $name: Specs = Specs {
            get: spec(
                $service,
                $client,
                "get_work_request",
                concat!($prefix, "/workRequests/{workRequestId}"),
            ),
            errors: spec(
                $service,
                $client,
                "list_work_request_errors",
                concat!($prefix, "/workRequests/{workRequestId}/errors"),
            ),
            logs: spec(
                $service,
                $client,
                "list_work_request_logs",
                concat!($prefix, "/workRequests/{workRequestId}/logs"),
            ),
        };
    };
}

specs!(CORE, "work_requests", "WorkRequestClient", "/20160918");
specs!(MYSQL, "mysql", "WorkRequestsClient", "/20190415");
specs!(NETWORK_LOAD_BALANCER, "network_load_balancer", "NetworkLoadBalancerClient", "/20200501");
specs!(IDENTITY, "identity", "IdentityClient", "/20160918");
specs!(OBJECT_STORAGE, "object_storage", "ObjectStorageClient", "");

/// What a service does in the background.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkRequest {
    /// Its OCID.
    pub id: String,
    /// What is done, such as `CREATE_DBSYSTEM`. A text to show, not to decide by.
    pub operation_type: String,
    /// How far it is.
    pub status: WorkRequestStatus,
    /// The compartment it belongs to.
    pub compartment_id: Option<String>,
    /// How much of it is done, in percent.
    pub percent_complete: f64,
    /// What it touches.
    pub resources: Vec<WorkRequestResource>,
    /// What went wrong, where the service says so in the work request itself.
    pub errors: Vec<WorkRequestError>,
    /// What it did, where the service says so in the work request itself.
    pub logs: Vec<WorkRequestLogEntry>,
}

impl WorkRequest {
    /// The id of what it made, changed or removed, if there is one of this kind. Kinds are compared without regard to
    /// case, and the name of the kind may be a part of the service's.
    #[must_use]
    pub fn identifier(&self, entity_type: &str) -> Option<&str> {
        let wanted = entity_type.to_ascii_lowercase();
        let mut resources = self.resources.iter();
        let found = resources.find(|resource| resource.entity_type.to_ascii_lowercase().contains(&wanted))?;
        Some(&found.identifier)
    }
}

/// An object that a work request touches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkRequestResource {
    /// What happens to it: `CREATED`, `UPDATED`, `DELETED`, `RELATED`, `IN_PROGRESS` …
    pub action_type: String,
    /// What it is: `instance`, `mysqldbsystem` …
    pub entity_type: String,
    /// Its OCID.
    pub identifier: String,
    /// Its path.
    pub entity_uri: Option<String>,
}

/// One of the things that went wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkRequestError {
    /// The service's code.
    pub code: String,
    /// The service's words.
    pub message: String,
    /// When.
    pub timestamp: Option<String>,
}

/// One of the things that were done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkRequestLogEntry {
    /// The service's words.
    pub message: String,
    /// When.
    pub timestamp: Option<String>,
}

/// A work request as it comes; what is missing or null is empty.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: Option<String>,
    operation_type: Option<String>,
    status: String,
    compartment_id: Option<String>,
    percent_complete: Option<f64>,
    resources: Option<Vec<WorkRequestResource>>,
    errors: Option<Vec<WorkRequestError>>,
    logs: Option<Vec<WorkRequestLogEntry>>,
}

/// Reads one work request.
#[derive(Clone, Debug)]
pub struct GetWorkRequest {
    /// Whose work request it is.
    pub service: WorkRequestService,
    /// Its OCID.
    pub work_request_id: String,
}

impl Operation for GetWorkRequest {
    type Output = WorkRequest;

    fn spec(&self) -> &'static OperationSpec {
        &self.service.specs().get
    }

    fn request(&self, origin: &str) -> Result<Request, RequestError> {
        Encoder::new(self.spec()).path("workRequestId", &self.work_request_id).finish(origin)
    }

    fn decode(&self, response: &RawResponse) -> Result<WorkRequest, DecodeError> {
        let wire: Wire = decode(response, "WorkRequest")?;
        Ok(WorkRequest {
            id: wire.id.unwrap_or_else(|| self.work_request_id.clone()),
            operation_type: wire.operation_type.unwrap_or_default(),
            // Oracle's waiters compare without regard to case.
            status: WorkRequestStatus::from(wire.status.to_ascii_uppercase().as_str()),
            compartment_id: wire.compartment_id,
            percent_complete: wire.percent_complete.unwrap_or_default(),
            resources: wire.resources.unwrap_or_default(),
            errors: wire.errors.unwrap_or_default(),
            logs: wire.logs.unwrap_or_default(),
        })
    }
}

fn decode<T: serde::de::DeserializeOwned>(
    response: &RawResponse,
    expected: &'static str,
) -> Result<T, DecodeError> {
    if response.body.is_empty() {
        return Err(DecodeError::Empty { expected });
    }
    serde_json::from_slice(&response.body).map_err(|source| DecodeError::Json {
        expected,
        at: "$".to_owned(),
        source,
    })
}

/// A list that is a bare array at some services and an object with `items` at others.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entries<T> {
    Bare(Vec<T>),
    Items { items: Option<Vec<T>> },
}

/// Defines the operation that lists errors, and that which lists log entries.
macro_rules! list_of_work_request {
    ($(#[$doc:meta])* $name:ident, $specs:ident, $item:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            /// Whose work request it is.
            pub service: WorkRequestService,
            /// Its OCID.
            pub work_request_id: String,
            /// Its compartment, which the network load balancer asks for.
            pub compartment_id: Option<String>,
            page: Option<String>,
            limit: Option<i64>,
        }

        impl $name {
            /// The list that belongs to `work_request`; `None` where it is in the work request itself.
            #[must_use]
            pub fn of(service: WorkRequestService, work_request: &WorkRequest) -> Option<Self> {
                service.has_lists().then(|| Self {
                    service,
                    work_request_id: work_request.id.clone(),
                    compartment_id: work_request
                        .compartment_id
                        .clone()
                        .filter(|_| service.lists_need_compartment()),
                    page: None,
                    limit: None,
                })
            }
        }

        impl Operation for $name {
            type Output = Vec<$item>;

            fn spec(&self) -> &'static OperationSpec {
                &self.service.specs().$specs
            }

            fn request(&self, origin: &str) -> Result<Request, RequestError> {
                Encoder::new(self.spec())
                    .path("workRequestId", &self.work_request_id)
                    .query("compartmentId", &self.compartment_id)
                    .query("page", &self.page)
                    .query("limit", &self.limit)
                    .finish(origin)
            }

            fn decode(&self, response: &RawResponse) -> Result<Self::Output, DecodeError> {
                Ok(match decode(response, stringify!($item))? {
                    Entries::Bare(items) => items,
                    Entries::Items { items } => items.unwrap_or_default(),
                })
            }
        }

        impl Paged for $name {
            type Item = $item;

            fn set_page(&mut self, token: Option<String>) {
                self.page = token;
            }

            fn limit(&self) -> Option<i64> {
                self.limit
            }

            fn set_limit(&mut self, limit: Option<i64>) {
                self.limit = limit;
            }

            fn items(output: Self::Output) -> Vec<Self::Item> {
                output
            }
        }
    };
}

list_of_work_request!(
    /// Lists what went wrong in a work request.
    ListWorkRequestErrors,
    errors,
    WorkRequestError
);
list_of_work_request!(
    /// Lists what a work request did.
    ListWorkRequestLogs,
    logs,
    WorkRequestLogEntry
);
