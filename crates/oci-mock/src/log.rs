//! What was asked of the mock, for `/_mock/requests`: the last few thousand requests.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::{Serialize, Serializer};

use crate::clock::Time;

/// Older entries are forgotten: at some 500 bytes an entry this is 5 MB.
const ENTRIES_MAX: usize = 10_000;

/// One request.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Position among all requests, from 0.
    pub seq: u64,
    /// Cloud time.
    #[serde(serialize_with = "as_text")]
    pub time: Time,
    /// The service; absent when the path leads nowhere.
    pub service: Option<&'static str>,
    /// The operation; absent when the path leads nowhere.
    pub operation: Option<&'static str>,
    /// The method.
    pub method: String,
    /// The escaped path, without the query.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// The service's code, when it refused.
    pub code: Option<Cow<'static, str>>,
    /// The retry token that was sent.
    pub retry_token: Option<String>,
    /// Who signed; absent when nobody did, or nobody looked.
    pub key_id: Option<String>,
}

fn as_text<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.rfc3339())
}

/// The log. Writing to it is all that requests share besides the cloud.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: Mutex<VecDeque<Entry>>,
}

impl Log {
    pub(crate) fn add(&self, entry: Entry) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == ENTRIES_MAX {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
