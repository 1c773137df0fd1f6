//! The codes that OCI puts into its error bodies, one line each with its source.
//!
//! What a code means for the caller is decided in one place, [`classify`](crate::classify). Here they only get
//! names, so that nothing else compares strings.

use std::fmt;

/// Makes the enum, its parser and its printer from one table, so that they cannot disagree.
macro_rules! service_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $wire:literal;)+) => {
        /// The `code` of an error body.
        ///
        /// Oracle adds codes over time: what we do not know is kept as it came.
        ///
        /// # Source
        /// Each variant names where its code was seen: "API Errors" is the page
        /// <https://docs.oracle.com/en-us/iaas/Content/API/References/apierrors.htm>, "SDK" the retry strategy of
        /// Oracle's Python SDK 2.189.0 or Go SDK v65, "Object Storage" the errors of that API, and "observed" an
        /// answer in a public log of a real tenancy.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ServiceCode {
            $($(#[doc = $doc])+ $name,)+
            /// A code that this version does not know.
            Other(String),
        }

        impl ServiceCode {
            /// Every code that has a name here.
            pub const KNOWN: &'static [Self] = &[$(Self::$name),+];

            /// Reads a code as the service wrote it.
            #[must_use]
            pub fn parse(wire: &str) -> Self {
                match wire {
                    $($wire => Self::$name,)+
                    other => Self::Other(other.to_owned()),
                }
            }

            /// The code as the service writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $wire,)+
                    Self::Other(wire) => wire,
                }
            }
        }
    };
}

service_codes! {
    // 400
    /// 400, the body is not readable JSON. (API Errors)
    CannotParseRequest = "CannotParseRequest";
    /// 400, and at some services 404: a value is wrong. (API Errors)
    InvalidParameter = "InvalidParameter";
    /// 400, a value is missing. (API Errors)
    MissingParameter = "MissingParameter";
    /// 400, a service limit of the tenancy is reached. (API Errors)
    LimitExceeded = "LimitExceeded";
    /// 400, a compartment quota is reached. (API Errors)
    QuotaExceeded = "QuotaExceeded";
    /// 400, an object that the request names is missing or hidden; also seen while it is still new. (API Errors)
    RelatedResourceNotAuthorizedOrNotFound = "RelatedResourceNotAuthorizedOrNotFound";
    /// 400, the service lacks permission to act for the user; also seen while a policy is new. (API Errors)
    InsufficientServicePermissions = "InsufficientServicePermissions";
    /// 400, the object is disabled; also seen while it is still new. (SDK, eventual consistency list)
    ResourceDisabled = "ResourceDisabled";
    /// 400, the bucket's name is not allowed. (Object Storage)
    InvalidBucketName = "InvalidBucketName";
    /// 400, the object's name is not allowed. (Object Storage)
    InvalidObjectName = "InvalidObjectName";
    /// 400, the body is not readable JSON. (Object Storage)
    InvalidJson = "InvalidJSON";
    /// 400, the compartment is missing. (Object Storage)
    MissingCompartmentId = "MissingCompartmentId";
    /// 400, `content-md5` is not a digest. (Object Storage)
    InvalidContentMd5 = "InvalidContentMD5";
    /// 400, the body has another digest than `content-md5` says. (Object Storage)
    UnmatchedContentMd5 = "UnmatchedContentMD5";
    /// 400, `content-length` is not a length. (Object Storage)
    InvalidContentLength = "InvalidContentLength";
    /// 400, `if-match` and `if-none-match` do not go together. (Object Storage)
    InvalidConditionalHeaders = "InvalidConditionalHeaders";
    /// 400, this operation takes no `if-match`. (Object Storage)
    IfMatchDisallowed = "IfMatchDisallowed";
    /// 400, this operation takes no such `if-none-match`. (Object Storage)
    IfNoneMatchDisallowed = "IfNoneMatchDisallowed";
    /// 400, the page token is not one of the service's. (Object Storage)
    InvalidPage = "InvalidPage";
    /// 400, the page size is not allowed. (Object Storage)
    InvalidLimit = "InvalidLimit";
    /// 400, the metadata headers are too large. (Object Storage)
    MetadataTooLarge = "MetadataTooLarge";
    /// 400, the tenancy's storage limit is reached. (Object Storage)
    StorageLimitExceeded = "StorageLimitExceeded";
    /// 400, a compartment's storage quota is reached. (Object Storage)
    StorageQuotaExceeded = "StorageQuotaExceeded";
    /// 400, the tenancy's limit of buckets is reached. (Object Storage)
    TooManyBuckets = "TooManyBuckets";
    // 401, 402, 403
    /// 401, a bad signature, an unknown key, a missing header, or a clock more than five minutes off. (API Errors)
    NotAuthenticated = "NotAuthenticated";
    /// 402, in older texts 403: the tenancy has not subscribed. (API Errors)
    SignUpRequired = "SignUpRequired";
    /// 403, such as a write to Identity outside the home region. (API Errors)
    NotAllowed = "NotAllowed";
    /// 403, rare: a missing permission normally shows as 404. (API Errors)
    NotAuthorized = "NotAuthorized";
    /// 403, not permitted. (Object Storage)
    Forbidden = "Forbidden";
    /// 403, the bucket cannot be written to. (Object Storage)
    BucketIsReadonly = "BucketIsReadonly";
    // 404, 405
    /// 404, gone, never there, or not permitted: deliberately not told apart. (API Errors)
    NotAuthorizedOrNotFound = "NotAuthorizedOrNotFound";
    /// 404, no such operation. (API Errors)
    NotFound = "NotFound";
    /// 404, no such namespace. (API Errors, Object Storage)
    NamespaceNotFound = "NamespaceNotFound";
    /// 404, no such bucket; also seen when an object may not be overwritten. (Object Storage, observed)
    BucketNotFound = "BucketNotFound";
    /// 404, no such object. (Object Storage)
    ObjectNotFound = "ObjectNotFound";
    /// 404, no such multipart upload. (Object Storage)
    UploadNotFound = "UploadNotFound";
    /// 405, the path knows no such method. (API Errors)
    MethodNotAllowed = "MethodNotAllowed";
    // 409
    /// 409, the object is busy or in a state that does not allow this. (API Errors)
    IncorrectState = "IncorrectState";
    /// 409, in the way of something else; not transient, except at the network load balancer. (API Errors, observed)
    Conflict = "Conflict";
    /// 409, the retry token was used, and what it made has changed or gone since. (API Errors)
    InvalidatedRetryToken = "InvalidatedRetryToken";
    /// 409, exists already, or not permitted. (API Errors)
    NotAuthorizedOrResourceAlreadyExists = "NotAuthorizedOrResourceAlreadyExists";
    /// 409, something outside of OCI is in the wrong state. (API Errors)
    ExternalServerIncorrectState = "ExternalServerIncorrectState";
    /// 409, a lock on the object is being changed. (SDK, Python's default retries)
    LockConflict = "LockConflict";
    /// 409, a compartment of that name exists. (API Errors, Identity)
    CompartmentAlreadyExists = "CompartmentAlreadyExists";
    /// 409, the tenancy can hold no more. (API Errors, Identity)
    TenantCapacityExceeded = "TenantCapacityExceeded";
    /// 409, a bucket of that name exists. (Object Storage)
    BucketAlreadyExists = "BucketAlreadyExists";
    /// 409, a bucket with objects in it cannot be deleted. (Object Storage)
    BucketNotEmpty = "BucketNotEmpty";
    /// 409, another write to the object came first. (Object Storage)
    ConcurrentObjectUpdate = "ConcurrentObjectUpdate";
    /// 409, another write to the bucket came first. (Object Storage)
    ConcurrentBucketUpdate = "ConcurrentBucketUpdate";
    // 411 to 429
    /// 411, a body without `content-length`. (Object Storage)
    ContentLengthRequired = "ContentLengthRequired";
    /// 412, the etag in `if-match` is not the object's. (API Errors)
    NoEtagMatch = "NoEtagMatch";
    /// 412, the same at Object Storage. (Object Storage)
    IfMatchFailed = "IfMatchFailed";
    /// 412, the object exists although `if-none-match` asked for none. (Object Storage)
    IfNoneMatchFailed = "IfNoneMatchFailed";
    /// 413, the request is too large. (API Errors)
    RequestEntityTooLarge = "RequestEntityTooLarge";
    /// 413, the body is too large. (API Errors)
    PayloadTooLarge = "PayloadTooLarge";
    /// 416, the object has no such range. (Object Storage)
    InvalidRange = "InvalidRange";
    /// 429, asked too often. (API Errors)
    TooManyRequests = "TooManyRequests";
    // 5xx
    /// 500, something broke on their side. (API Errors)
    InternalServerError = "InternalServerError";
    /// 500, the same; also carries "out of host capacity". (observed)
    InternalError = "InternalError";
    /// 501, this will never work. (API Errors)
    MethodNotImplemented = "MethodNotImplemented";
    /// 503, not now. (API Errors)
    ServiceUnavailable = "ServiceUnavailable";
}

impl fmt::Display for ServiceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_known_code_survives_a_round_trip_and_none_is_listed_twice() {
        let mut seen = BTreeSet::new();
        for code in ServiceCode::KNOWN {
            assert_eq!(&ServiceCode::parse(code.as_str()), code);
            assert!(seen.insert(code.as_str()), "{code} is listed twice");
        }
    }

    #[test]
    fn an_unknown_code_is_kept_as_it_came() {
        let code = ServiceCode::parse("BrandNew");
        assert_eq!(code, ServiceCode::Other("BrandNew".to_owned()));
        assert_eq!(code.to_string(), "BrandNew");
    }
}
