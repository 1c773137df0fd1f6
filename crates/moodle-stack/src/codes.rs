//! The stable codes of everything that can be wrong, each with a section in the book's page "Error codes".
//!
//! E01xx is about the file, E02xx about what it asks for, E03xx about the cloud before anything is changed (preflight), E04xx
//! about a run, E05xx about the site afterwards. A code is never used for something else, also when it is no longer in use.

use std::fmt;

/// Declares the codes, so that a code, its number and its title cannot be apart.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $title:literal;)+) => {
        /// A stable code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* #[doc = concat!($number, ": ", $title, ".")] $name,)+
        }

        impl Code {
            /// All of them, by number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As it is printed: `E0103`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $number,)+ }
            }

            /// What it is about, in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

codes! {
    NotText = "E0101", "the file is no text";
    Syntax = "E0102", "the file is no TOML";
    UnknownKey = "E0103", "a key that nobody knows";
    WrongType = "E0104", "a value of the wrong type";
    NotAChoice = "E0105", "a value that is none of the choices";
    OutOfRange = "E0106", "a number that is too small or too large";
    Malformed = "E0107", "a text that is not what it should be";
    Missing = "E0108", "a key that must be there";
    LiteralSecret = "E0109", "a secret in clear";
    SecretSource = "E0110", "a secret with no source, or with several";

    Versions = "E0201", "versions that do not go together";
    VcnSize = "E0202", "a VCN that is too large or too small";
    SubnetOutside = "E0203", "a subnet outside its VCN";
    SubnetsOverlap = "E0204", "subnets that overlap";
    SubnetTooSmall = "E0205", "a subnet that is too small";
    AddressesReserved = "E0206", "addresses that Oracle keeps for itself";
    AddressesPublic = "E0207", "public addresses for a private network";
    ShapeProcessor = "E0208", "shapes and image of different processors";
    ShapeSize = "E0209", "more or less OCPUs and memory than the shape can have";
    ShapeUnknown = "E0210", "a shape that is not known here";
    FallbackTwice = "E0211", "a fallback shape that is tried twice";
    ReplicaShape = "E0212", "a database shape that cannot have read replicas";
    HighAvailability = "E0213", "a database that cannot be highly available";
    ReplicasUnused = "E0214", "read replicas that nobody reads from";
    SshWithoutKey = "E0215", "SSH without a key, or a key without SSH";
    SshFromInternet = "E0216", "SSH from where no server can be reached";
    PasswordRules = "E0217", "a password that the service refuses";
    Tags = "E0218", "tags that the service refuses";
    PrivateKey = "E0219", "a private key where a public one belongs";
    OneServer = "E0220", "one server only";
    ExistingNetwork = "E0221", "parts of a network without the network";
    AvailabilityDomain = "E0222", "an availability domain that the region does not have";
    DatabaseUser = "E0223", "a database user whose name is taken";
    StorageGrowth = "E0224", "storage that cannot grow as far";
    HeatWave = "E0225", "a HeatWave cluster that does not fit the database";
    HealthStatus = "E0226", "a health check that expects another answer than the application gives";
    HealthTiming = "E0227", "a health check that waits longer than until the next one";
    PublicAddress = "E0228", "a public address for a private load balancer";
    Certificate = "E0229", "TLS without a certificate, or a certificate without TLS";
    AcmeUnreachable = "E0230", "a certificate authority that cannot reach the site";
    Hsts = "E0231", "browsers are told to come by HTTPS, and nobody answers";

    StackImpossible = "E0401", "a stack that cannot be described here";
    FactsMissing = "E0402", "a cloud that does not tell what must be known";
    Refused = "E0403", "a request that was not permitted";
    ServiceFailed = "E0404", "a request that failed";
    NoCapacity = "E0405", "no hardware left in this place";
    LimitReached = "E0406", "a limit or a quota that is reached";
    StateLocked = "E0407", "a state that another run holds";
    StateUnusable = "E0408", "a state that cannot be used";
    JournalUnwritable = "E0409", "a journal that cannot be written";
    PlanStale = "E0410", "a plan that is out of date";
    PlanRefused = "E0411", "a plan that cannot be applied";
    StepFailed = "E0412", "a step that failed";
    StepOpen = "E0413", "a step whose end was not seen";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_in_order() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].as_str() < pair[1].as_str(), "{} and {}", pair[0], pair[1]);
        }
    }
}
