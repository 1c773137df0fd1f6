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

    NoCredentials = "E0301", "no credentials to call with";
    NotAuthenticated = "E0302", "credentials that the service does not accept";
    ClockOff = "E0303", "a clock that is off";
    CredentialsDoubtful = "E0304", "credentials that work, and should not stay so";
    RegionUnknown = "E0305", "a region that does not exist";
    RegionNotSubscribed = "E0306", "a region that the tenancy has not subscribed to";
    CompartmentMissing = "E0307", "a compartment that is not there, or not ours to see";
    CompartmentState = "E0308", "a compartment that is not active";
    DomainMissing = "E0309", "an availability domain that is not there";
    Unread = "E0310", "something that could not be looked at";
    NotPermitted = "E0311", "something that we may not look at";
    LimitTooLow = "E0312", "a limit that leaves too little";
    NoRoom = "E0313", "no room for the servers";
    ShapeMissing = "E0314", "a shape that is not offered";
    ShapeBounds = "E0315", "a size that the offered shape cannot have";
    ImageMissing = "E0316", "an image that is not there, or not ours to see";
    ImageUnusable = "E0317", "an image that cannot be used as it is";
    ImageShape = "E0318", "an image that does not run on the shape";
    ImageSystem = "E0319", "an image of another operating system";
    DatabaseShapeMissing = "E0320", "a database shape that is not offered";
    DatabaseVersion = "E0321", "a MySQL version that is not offered";
    DatabaseShapeUse = "E0322", "a database shape that cannot carry what is asked of it";
    VcnMissing = "E0323", "a VCN that is not there, or not ours to see";
    VcnUnfit = "E0324", "a VCN that is not as the file says";
    SubnetMissing = "E0325", "a subnet that is not there, or not ours to see";
    SubnetUnfit = "E0326", "a subnet that is not as it must be";
    SubnetFull = "E0327", "a subnet with too few free addresses";
    GatewayMissing = "E0328", "a gateway that is not there, or not ours to see";
    GatewayUnfit = "E0329", "a gateway that is not as it must be";
    GatewayTaken = "E0330", "a VCN that has its one gateway already";
    RangeTaken = "E0331", "a range that another subnet has";
    DnsLabelTaken = "E0332", "a DNS label that something else has";
    NameTaken = "E0333", "a name that something else has";
    RangeTwice = "E0334", "a VCN with the addresses of another";
    PublicIpMissing = "E0335", "a public address that is not there, or not ours to see";
    PublicIpUnfit = "E0336", "a public address that cannot be used";
    BucketTaken = "E0337", "a bucket whose name is taken";
    TagMissing = "E0338", "a tag that is not there, or not ours to see";
    TagRetired = "E0339", "a tag that is retired";
    SshKeyWeak = "E0340", "a key that the servers refuse";
    IdentityTaken = "E0341", "a dynamic group or a policy whose name is taken";

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
    InDoubt = "E0414", "a resource of which nobody can say how it is";

    BalancerUnwell = "E0501", "a load balancer that is not as it must be";
    ServerUnwell = "E0502", "a server that does not run";
    ServerMissing = "E0503", "fewer servers than the file says";
    ServersTogether = "E0504", "servers that stand together";
    BackendUnwell = "E0505", "a server that visitors are kept away from";
    BootFailed = "E0506", "a first boot that failed";
    SiteSilent = "E0507", "a site that does not answer as it must";
    DatabaseUnwell = "E0508", "a database that is not as it must be";
    ReplicaUnwell = "E0509", "a read replica that is missing or unwell";
    StorageUnwell = "E0510", "a storage that is not as it must be";
    BackupOld = "E0511", "no recent backup";
    NotSeen = "E0512", "a part of the site that cannot be seen";
    RulesWrong = "E0513", "security rules that are not exact";
    SshOpen = "E0514", "SSH that is open to others than the file says";
    ServerPublic = "E0515", "a server with a public address";
    CertificateEnds = "E0516", "a certificate that ends soon or cannot be looked at";
    Drifted = "E0517", "a site that is not what a plan would make";
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
