//! Says how much memory an idle client takes: resident memory of this process before and after it builds one.
//!
//!     cargo run --release -p examples --bin idle_memory
//!
//! `VmRSS` counts the pages of the program itself that building a client touches as well, and a debug build has far
//! more of them; `RssAnon` is what the client keeps. It exits with status 1 if that is above five megabytes, or the
//! sum is in a release build. The key is a test key; nothing is sent.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement of this process, to be shown"
)]

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use oci_client::client::Client;
use oci_client::credentials::{Credential, FixedCredential, WhoAmI};
use oci_client::endpoint::{Endpoints, Origin};
use oci_client::http::{HttpOptions, HttpTransport};
use oci_client::key::SigningKey;

const KIB_MAX: u64 = 5 * 1000 * 1000 / 1024;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let before = (resident_kib("VmRSS:")?, resident_kib("RssAnon:")?);
    let key = include_bytes!("../crates/oci-client/tests/keys/api-2048/key.pem");
    let key = Arc::new(SigningKey::from_pem(key, None)?);
    let credential = Arc::new(Credential::with_key_id("tenancy/user/fingerprint".to_owned(), key)?);
    let provider = Arc::new(FixedCredential::new(credential, WhoAmI::default()));
    let transport = Arc::new(HttpTransport::new(&HttpOptions::default())?);
    let endpoints = Endpoints::default().all_at(Origin::parse("https://service.invalid")?);
    let client = Client::builder(transport, provider, endpoints).build();
    let after = (resident_kib("VmRSS:")?, resident_kib("RssAnon:")?);

    let all = after.0.saturating_sub(before.0);
    let kept = after.1.saturating_sub(before.1);
    println!("{all} KiB for an idle client, {kept} KiB of them its own ({} KiB in all)", after.0);
    // It lives until here.
    drop(client);
    let counted = if cfg!(debug_assertions) { kept } else { all };
    Ok(if counted < KIB_MAX { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A number of `/proc/self/status`, in KiB (Linux).
fn resident_kib(name: &str) -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number =
        line.and_then(|line| line.split_whitespace().next()).ok_or("no such line in /proc/self/status")?;
    Ok(number.parse()?)
}
