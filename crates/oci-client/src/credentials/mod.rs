//! Who is calling: what a request is signed with, and where that comes from.

mod credential;
mod provider;

pub use credential::{Credential, InvalidKeyId};
pub use provider::{CredentialError, CredentialProvider, FixedCredential, WhoAmI};
