//! Who is calling: what a request is signed with, and where that comes from.
//!
//! Sources are asked in this order; see the page on credentials in the book:
//!
//! 1. *explicit*: a [`CredentialProvider`] that the program made itself never enters the chain;
//! 2. *environment*: the variables that Oracle's command line, SDKs and Terraform provider read;
//! 3. *configuration file*: a profile of `~/.oci/config`, with an API key, a session token, or a principal;
//! 4. *resource principal*: the variables that a function or a container finds;
//! 5. *instance principal*: the metadata service of an instance.
//!
//! A source that is "not configured here" is passed over; one that is configured but broken ends the search
//! with its error.

mod certificate;
mod chain;
mod config_file;
mod credential;
mod error;
mod exchange;
mod files;
mod instance;
mod provider;
mod renewing;
mod resource;
mod session;
mod settings;
mod token;

pub use chain::{CredentialOptions, find};
pub use config_file::{ConfigFile, ConfigFileError, DEFAULT_PROFILE, Setting};
pub use credential::{Credential, InvalidKeyId};
pub use error::{CredentialError, Tried, explain};
pub use provider::{CredentialProvider, FixedCredential, Method, Warning, WhoAmI};
pub use token::TokenError;
