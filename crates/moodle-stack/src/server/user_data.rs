//! Files become user data: cloud-config, written as JSON (which is YAML too), compressed.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::quote::{json_for_yaml, sh};
use super::render::Rendered;
use super::spec::ObjectPlace;

/// An instance's metadata may have this many bytes, all keys and values together.
///
/// **Source**: Core Services 20160918, `LaunchInstanceDetails.metadata`.
pub const METADATA_BYTES_MAX: usize = 32_000;

/// User data as the metadata key `user_data` holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserData {
    /// Base64.
    pub base64: String,
    /// What the server fetches first, where the files do not fit.
    pub bundle: Option<Bundle>,
}

/// Files that a server fetches from Object Storage. Its name is its digest, so that a change is another object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Where it must lie before the server boots.
    pub place: ObjectPlace,
    /// Its content: base64 of gzip of JSON, so that it is a text like any other.
    pub text: String,
    /// SHA-256 of its content, in hexadecimal digits. The server refuses any other.
    pub sha256: String,
}

/// The files do not fit into user data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "user data of {bytes} bytes does not fit beside {other} bytes of other metadata: {METADATA_BYTES_MAX} is the limit"
)]
pub struct TooLarge {
    /// Bytes of the user data, in base64.
    pub bytes: usize,
    /// Bytes of the other keys and values.
    pub other: usize,
}

/// The user data that carries all files itself. `other_metadata_bytes` is the size of all other metadata, keys and values.
///
/// # Errors
/// When it does not fit: see [`user_data_with_bundle`].
pub fn user_data(rendered: &Rendered, other_metadata_bytes: usize) -> Result<UserData, TooLarge> {
    let base64 = STANDARD.encode(compressed(cloud_config(rendered).as_bytes()));
    fitting(UserData { base64, bundle: None }, other_metadata_bytes)
}

/// The user data that fetches the files from `bucket`, which the server must be permitted to read. Its `object` is a
/// prefix: the digest follows.
///
/// # Errors
/// When even that does not fit beside the other metadata.
pub fn user_data_with_bundle(
    rendered: &Rendered,
    bucket: &ObjectPlace,
    other_metadata_bytes: usize,
) -> Result<UserData, TooLarge> {
    let files = json!({ "write_files": write_files(rendered) }).to_string();
    let text = STANDARD.encode(compressed(files.as_bytes()));
    let sha256: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    let place = ObjectPlace { object: format!("{}{sha256}", bucket.object), ..bucket.clone() };
    let config = document(rendered, &json!({ "runcmd": [["bash", "-c", fetch_command(&place, &sha256)]] }));
    let base64 = STANDARD.encode(compressed(config.as_bytes()));
    let data = UserData { base64, bundle: Some(Bundle { place, text, sha256 }) };
    fitting(data, other_metadata_bytes)
}

fn fitting(data: UserData, other: usize) -> Result<UserData, TooLarge> {
    let bytes = data.base64.len() + "user_data".len();
    if bytes + other > METADATA_BYTES_MAX { Err(TooLarge { bytes, other }) } else { Ok(data) }
}

/// The whole cloud-config in clear.
#[must_use]
pub fn cloud_config(rendered: &Rendered) -> String {
    document(
        rendered,
        &json!({ "write_files": write_files(rendered), "runcmd": [["bash", super::render::BOOT]] }),
    )
}

/// What cloud-init runs early at each start, so that a boot that did not end well is gone on with.
const RESUME: &str = include_str!("../../templates/resume.sh");

/// Comments stay at the top, each on its own line: the first tells cloud-init what it is, the second the mock.
fn document(rendered: &Rendered, config: &serde_json::Value) -> String {
    let mut config = config.clone();
    config["bootcmd"] = json!([["sh", "-c", RESUME]]);
    format!("#cloud-config\n# {}\n{}\n", rendered.hint, json_for_yaml(&config.to_string()))
}

fn write_files(rendered: &Rendered) -> Vec<serde_json::Value> {
    let entry = |(path, file): (&String, &super::render::File)| {
        let permissions = format!("{:04o}", file.mode);
        json!({ "path": path, "owner": file.owner, "permissions": permissions, "content": file.content })
    };
    rendered.files.iter().map(entry).collect()
}

fn fetch_command(place: &ObjectPlace, sha256: &str) -> String {
    let (namespace, bucket, object) = (sh(&place.namespace), sh(&place.bucket), sh(&place.object));
    format!(
        "{}\nnamespace={namespace} bucket={bucket} object={object} sha256={sha256}\n{}",
        "set -euo pipefail",
        include_str!("../../templates/fetch.sh")
    )
}

/// The same text always gives the same bytes: no time, no name.
fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
}
