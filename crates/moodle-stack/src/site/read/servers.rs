//! What servers leave behind: addresses, the console, errors of work requests.

use oci_client::services::core::models::ConsoleHistory;
use oci_client::services::core::operations::{
    GetConsoleHistoryContent, GetVnic, ListConsoleHistories, ListVnicAttachments,
};
use oci_client::services::work_requests::models::WorkRequestSummaryStatus;
use oci_client::services::work_requests::operations::{ListWorkRequestErrors, ListWorkRequests};
use world::BoxFuture;

use super::super::evidence::Server;
use super::{Ids, said};
use crate::reads::{Reads, all, words};
use crate::stack::names::server as server_name;

/// How much of a console is shown: what a server says last is what matters.
const CONSOLE_LINES_MAX: usize = 20;

/// How much of a console is read, in bytes: the service keeps the last megabyte.
const CONSOLE_BYTES_MAX: i64 = 1_048_576;

pub(super) async fn read(reads: &Reads, ids: &Ids) -> Vec<Server> {
    let compartment = ids.compartment.as_deref();
    let servers = (0_u16..).zip(&ids.servers).map(|(index, id)| -> BoxFuture<'_, Server> {
        Box::pin(server(reads, compartment, server_name(index), id.as_deref()))
    });
    all(servers).await
}

async fn server(reads: &Reads, compartment: Option<&str>, name: String, id: Option<&str>) -> Server {
    let mut server = Server { name, ..Server::default() };
    let (Some(id), Some(compartment)) = (id, compartment) else { return server };
    let (work_errors, console, ()) = tokio::join!(
        work_errors(reads, compartment, id),
        console(reads, compartment, id),
        addresses(reads, compartment, id, &mut server),
    );
    (server.work_errors, server.console) = (work_errors, console);
    server
}

async fn addresses(reads: &Reads, compartment: &str, id: &str, server: &mut Server) {
    let mut attachments = ListVnicAttachments::new(compartment);
    attachments.instance_id = Some(id.to_owned());
    let attachments = match reads.list(attachments).await {
        Ok(attachments) => attachments,
        Err(error) => {
            server.network_trouble = Some(words(&error));
            return;
        }
    };
    let attached = attachments
        .into_iter()
        .filter(|attachment| {
            attachment.lifecycle_state.as_ref().is_some_and(|state| state.as_str() == "ATTACHED")
        })
        .filter_map(|attachment| attachment.vnic_id);
    for id in attached {
        match reads.value(&GetVnic::new(id)).await {
            Ok(vnic) => {
                if vnic.is_primary != Some(false) {
                    server.private_ip = vnic.private_ip;
                }
                server.public_ips.extend(vnic.public_ip);
            }
            Err(error) => server.network_trouble = Some(words(&error)),
        }
    }
}

/// What the service says went wrong with the machine.
async fn work_errors(reads: &Reads, compartment: &str, id: &str) -> Vec<String> {
    let mut requests = ListWorkRequests::new(compartment);
    requests.resource_id = Some(id.to_owned());
    let failed = match reads.list(requests).await {
        Ok(requests) => requests.into_iter().filter(|request| {
            matches!(
                request.status,
                Some(WorkRequestSummaryStatus::Failed | WorkRequestSummaryStatus::Canceled)
            )
        }),
        Err(error) => return vec![format!("its work requests cannot be read: {}", words(&error))],
    };
    let mut errors = Vec::new();
    for request in failed {
        let Some(id) = request.id else { continue };
        match reads.list(ListWorkRequestErrors::new(id)).await {
            Ok(found) => errors.extend(found.into_iter().map(|error| {
                format!("{}: {}", said(error.code.as_deref()), error.message.unwrap_or_default())
            })),
            Err(error) => {
                errors.push(format!("the errors of a work request cannot be read: {}", words(&error)))
            }
        }
    }
    errors
}

/// The end of the newest copy of a machine's console. None is made here: that would be more than a read.
async fn console(reads: &Reads, compartment: &str, id: &str) -> Vec<String> {
    let mut histories = ListConsoleHistories::new(compartment);
    histories.instance_id = Some(id.to_owned());
    // It is a courtesy: that there is no copy, or that it cannot be read, says nothing about the server.
    let Ok(histories) = reads.list(histories).await else { return Vec::new() };
    let made = |history: &ConsoleHistory| history.time_created.as_ref().map(|at| at.unix_seconds());
    let ready = |history: &ConsoleHistory| {
        history.lifecycle_state.as_ref().is_some_and(|state| state.as_str() == "SUCCEEDED")
    };
    let newest = histories.into_iter().filter(ready).max_by_key(made);
    let Some(newest) = newest.and_then(|history| history.id) else { return Vec::new() };
    let mut content = GetConsoleHistoryContent::new(newest);
    content.length = Some(CONSOLE_BYTES_MAX);
    let Ok(content) = reads.value(&content).await else { return Vec::new() };
    let text = String::from_utf8_lossy(&content).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(CONSOLE_LINES_MAX);
    lines[from..].iter().map(|line| (*line).to_owned()).collect()
}
