//! Whatever a service answers to any of its operations is decoded or refused, soon and without a panic; and what was
//! decoded can be written and read again.
#![no_main]

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use libfuzzer_sys::fuzz_target;
use oci_client::model::{decode_into, same_value, to_json_with_secrets};
use oci_client::operation::Operation;
use oci_client::services::catalog::{OPERATIONS, decode_any};
use oci_client::transport::RawResponse;
use oci_client::wait::{GetWorkRequest, ListWorkRequestErrors, WorkRequestService};

const WORK_REQUEST_SERVICES: [WorkRequestService; 5] = [
    WorkRequestService::Core,
    WorkRequestService::Mysql,
    WorkRequestService::NetworkLoadBalancer,
    WorkRequestService::Identity,
    WorkRequestService::ObjectStorage,
];

// Two bytes say which operation; the rest is the body of its answer.
fuzz_target!(|input: &[u8]| {
    let Some(([high, low], body)) = input.split_first_chunk::<2>() else { return };
    let index = usize::from(u16::from_be_bytes([*high, *low])) % (OPERATIONS.len() + WORK_REQUEST_SERVICES.len());
    match OPERATIONS.get(index) {
        Some(entry) => {
            let Some(Ok(value)) = decode_any(entry.service, entry.name, body) else { return };
            let json = to_json_with_secrets(&*value).expect("what was decoded can be written");
            let mut again = entry.answer.expect("it was just decoded")();
            decode_into(&mut *again, &json, entry.name).expect("what was written can be read");
            assert!(same_value(&*value, &*again), "{} of {}", entry.name, entry.service);
        }
        None => work_requests(WORK_REQUEST_SERVICES[index - OPERATIONS.len()], body),
    }
});

/// Work requests are read by hand-written decoders, the same for all services.
fn work_requests(service: WorkRequestService, body: &[u8]) {
    let response = RawResponse {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body),
    };
    let read = GetWorkRequest { service, work_request_id: "ocid1.workrequest".to_owned() };
    if let Ok(work_request) = read.decode(&response)
        && let Some(list) = ListWorkRequestErrors::of(service, &work_request)
    {
        drop(list.request("https://service.example"));
        drop(list.decode(&response));
    }
}
