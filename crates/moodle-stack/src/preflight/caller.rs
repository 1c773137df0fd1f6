//! Who calls: whether there are credentials at all, and what is to be known about them. No service is asked here.

use std::error::Error as _;

use oci_client::client::Client;
use oci_client::credentials::WhoAmI;

use crate::codes::Code;
use crate::report::{Check, Finding};

/// A caller who can call.
pub(super) struct Caller {
    /// The tenancy, which is also its root compartment.
    pub(super) tenancy: String,
    /// The region that the credentials name.
    pub(super) region: Option<String>,
}

/// How long credentials must still hold, in seconds: a highly available database with replicas takes about three quarters of an
/// hour, and what cannot be renewed must outlive that.
const LIFE_LEFT_MIN: i64 = 3600;

/// Looks who calls.
pub(super) async fn look(client: &Client) -> (Vec<Finding>, Option<Caller>) {
    let needed = "a user, an instance or another principal of the tenancy";
    let looked = |found: String| Finding::ok(Check::Credentials, "caller", needed, found);
    let whoami = match client.whoami().await {
        Ok(whoami) => whoami,
        Err(error) => {
            let mut words = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                words = format!("{words}: {error}");
                cause = error.source();
            }
            let advice = "run `oci setup config`, or name the file and profile that you have";
            return (vec![looked(words).fault(Code::NoCredentials).advice(advice)], None);
        }
    };
    let seconds_left = whoami.expires_at.map(|end| (end - client.world().now()).num_seconds());
    let mut findings = judge(&whoami, seconds_left);
    let Some(tenancy) = whoami.tenancy.clone() else {
        let finding = looked(format!("{} that names no tenancy", whoami.method)).fault(Code::NoCredentials);
        findings.push(finding.advice("use credentials that say which tenancy they belong to"));
        return (findings, None);
    };
    findings
        .insert(0, looked(format!("{} of {}", whoami.method, whoami.user.as_deref().unwrap_or(&tenancy))));
    (findings, Some(Caller { tenancy, region: whoami.region }))
}

/// What is to be known about credentials that there are.
fn judge(whoami: &WhoAmI, seconds_left: Option<i64>) -> Vec<Finding> {
    let doubtful = |subject: &str, needed: &str, found: String, advice: &str| {
        let finding = Finding::ok(Check::Credentials, subject, needed, found);
        finding.warning(Code::CredentialsDoubtful).advice(advice)
    };
    let warnings = whoami.warnings.iter();
    let mut findings: Vec<Finding> = warnings
        .map(|warning| doubtful("configuration", "nothing doubtful", warning.to_string(), "mend it"))
        .collect();
    // The tokens of instances and resources are renewed by the client; that of a login in the browser is not.
    let is_login = whoami.method == oci_client::credentials::Method::SessionToken;
    if let Some(left) = seconds_left.filter(|left| is_login && *left < LIFE_LEFT_MIN) {
        findings.push(doubtful(
            "session token",
            "an hour",
            format!("{} minutes left", left.max(0) / 60),
            "run `oci session authenticate` or `oci session refresh` first",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use oci_client::credentials::Method;

    use super::*;

    #[test]
    fn a_login_that_ends_soon_is_told_and_a_token_that_is_renewed_is_not() {
        let login = WhoAmI { method: Method::SessionToken, ..WhoAmI::default() };
        assert_eq!(judge(&login, Some(600))[0].found, "10 minutes left");
        assert_eq!(judge(&login, Some(7200)), []);
        let instance = WhoAmI { method: Method::InstancePrincipal, ..WhoAmI::default() };
        assert_eq!(judge(&instance, Some(600)), []);
    }
}
