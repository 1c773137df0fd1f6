//! Object Storage: objects come back as they were put, and of racing conditional writes one wins.

use bytes::Bytes;
use http::Method;
use oci_mock::{WireRequest, WireResponse};
use serde_json::{Value, json};

use crate::support::Caller;

struct Bucket {
    cloud: Caller,
    path: String,
}

impl Bucket {
    fn new(versioning: &str) -> Self {
        let cloud = Caller::new();
        let namespace = cloud.get("/n").json().unwrap();
        let buckets = format!("/n/{}/b", namespace.as_str().unwrap());
        let body = json!({"name": "state", "compartmentId": cloud.tenancy(), "versioning": versioning});
        let answer = cloud.post(&buckets, &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json().unwrap()["etag"].as_str(), answer.header("etag"));
        Self { cloud, path: format!("{buckets}/state") }
    }

    fn send(&self, method: Method, name: &str, headers: &[(&str, &str)], body: &[u8]) -> WireResponse {
        let mut request = WireRequest::new(method, format!("{}/o/{name}", self.path));
        for (header, value) in headers {
            request = request.header(header, value);
        }
        request.body = Bytes::copy_from_slice(body);
        self.cloud.send(&request)
    }

    fn put(&self, name: &str, headers: &[(&str, &str)], body: &[u8]) -> WireResponse {
        self.send(Method::PUT, name, headers, body)
    }
}

fn verdict(answer: &WireResponse) -> (u16, String) {
    let code = answer.json().ok().and_then(|body: Value| Some(body["code"].as_str()?.to_owned()));
    (answer.status.as_u16(), code.unwrap_or_default())
}

#[test]
fn an_object_comes_back_whole_in_parts_and_as_headers() {
    let bucket = Bucket::new("Disabled");
    let put = bucket.put(
        "a%2Fb%20c.txt",
        &[("content-type", "text/plain"), ("opc-meta-kind", "test")],
        b"hello world",
    );
    assert_eq!(put.status, 200);
    assert_eq!(put.header("opc-content-md5"), Some("XrY7u+Ae7tCTyyK7j1rNww=="));

    let whole = bucket.send(Method::GET, "a%2Fb%20c.txt", &[], b"");
    assert_eq!((whole.status.as_u16(), &whole.body[..]), (200, &b"hello world"[..]));
    for (header, value) in [
        ("content-type", "text/plain"),
        ("opc-meta-kind", "test"),
        ("content-md5", "XrY7u+Ae7tCTyyK7j1rNww=="),
        ("etag", put.header("etag").unwrap()),
        ("last-modified", put.header("last-modified").unwrap()),
        ("storage-tier", "Standard"),
    ] {
        assert_eq!(whole.header(header), Some(value), "{header}");
    }
    for (range, content, shown) in [
        ("bytes=0-4", "hello", "bytes 0-4/11"),
        ("bytes=6-", "world", "bytes 6-10/11"),
        ("bytes=-3", "rld", "bytes 8-10/11"),
        ("bytes=6-999", "world", "bytes 6-10/11"),
    ] {
        let part = bucket.send(Method::GET, "a%2Fb%20c.txt", &[("range", range)], b"");
        assert_eq!((part.status.as_u16(), &part.body[..]), (206, content.as_bytes()), "{range}");
        assert_eq!(part.header("content-range"), Some(shown));
    }
    let head = bucket.send(Method::HEAD, "a%2Fb%20c.txt", &[], b"");
    assert_eq!((head.status.as_u16(), head.header("content-length"), head.body.len()), (200, Some("11"), 0));
}

#[test]
fn of_two_racing_conditional_puts_exactly_one_wins() {
    let bucket = Bucket::new("Disabled");
    let mock = bucket.cloud.mock.clone();
    let target = format!("{}/o/lock", bucket.path);
    let wins: usize = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..8)
            .map(|racer| {
                let (mock, target) = (mock.clone(), target.clone());
                scope.spawn(move || {
                    let mut request = WireRequest::new(Method::PUT, target).header("if-none-match", "*");
                    request.body = Bytes::from(format!("racer {racer}"));
                    usize::from(mock.handle(&request).status == 200)
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).sum()
    });
    assert_eq!(wins, 1);
}

#[test]
fn conditions_are_checked_with_the_services_own_codes() {
    let bucket = Bucket::new("Disabled");
    let first = bucket.put("lock", &[("if-none-match", "*")], b"1");
    let etag = first.header("etag").unwrap().to_owned();
    let fail = |code: &str| (412, code.to_owned());
    assert_eq!(verdict(&bucket.put("lock", &[("if-none-match", "*")], b"2")), fail("IfNoneMatchFailed"));
    assert_eq!(verdict(&bucket.put("lock", &[("if-match", "other")], b"2")), fail("IfMatchFailed"));
    assert_eq!(verdict(&bucket.put("none", &[("if-match", "other")], b"2")), fail("IfMatchFailed"));
    let second = bucket.put("lock", &[("if-match", &etag)], b"2");
    assert_eq!(second.status, 200);
    assert_ne!(second.header("etag"), Some(etag.as_str()));

    let same = second.header("etag").unwrap();
    assert_eq!(bucket.send(Method::GET, "lock", &[("if-none-match", same)], b"").status, 304);
    assert_eq!(bucket.send(Method::GET, "lock", &[("if-match", &etag)], b"").status, 412);
    assert_eq!(
        verdict(&bucket.send(Method::DELETE, "lock", &[("if-match", &etag)], b"")),
        fail("IfMatchFailed")
    );
    assert_eq!(bucket.send(Method::DELETE, "lock", &[("if-match", same)], b"").status, 204);
    let again = bucket.put("lock", &[("if-none-match", "*")], b"1");
    assert_ne!(again.header("etag"), Some(etag.as_str()), "an etag is never given out twice");
}

#[test]
fn lists_fold_prefixes_and_go_on_at_the_name_they_stopped_at() {
    let bucket = Bucket::new("Disabled");
    for name in ["a", "env%2Fone", "env%2Ftwo", "z"] {
        bucket.put(name, &[], b"x");
    }
    let list = |query: &str| bucket.cloud.get(&format!("{}/o?{query}", bucket.path)).json().unwrap();
    let names = |list: &Value| -> Vec<String> {
        list["objects"].as_array().unwrap().iter().map(|o| o["name"].as_str().unwrap().to_owned()).collect()
    };
    let folded = list("delimiter=%2F");
    assert_eq!(
        (names(&folded), &folded["prefixes"]),
        (vec!["a".to_owned(), "z".to_owned()], &json!(["env/"]))
    );
    assert_eq!(names(&list("prefix=env%2F&delimiter=%2F")), ["env/one", "env/two"]);
    let first = list("limit=2");
    assert_eq!(
        (names(&first), &first["nextStartWith"]),
        (vec!["a".to_owned(), "env/one".to_owned()], &json!("env/two"))
    );
    assert_eq!(names(&list("start=env%2Ftwo")), ["env/two", "z"]);
    assert_eq!(names(&list("startAfter=env%2Ftwo&end=z")), Vec::<String>::new());
    assert_eq!(first["objects"][0], json!({"name": "a"}), "only names unless fields asks");
    assert_eq!(list("limit=1&fields=name%2Csize")["objects"][0], json!({"name": "a", "size": 1}));
}

#[test]
fn a_bucket_with_versions_keeps_what_is_replaced_and_deleted() {
    let bucket = Bucket::new("Enabled");
    let first = bucket.put("state", &[], b"one").header("version-id").unwrap().to_owned();
    bucket.put("state", &[], b"two");
    let old = bucket.send(Method::GET, &format!("state?versionId={first}"), &[], b"");
    assert_eq!(&old.body[..], b"one");
    let deleted = bucket.send(Method::DELETE, "state", &[], b"");
    assert_eq!(deleted.header("is-delete-marker"), Some("true"));
    assert_eq!(verdict(&bucket.send(Method::GET, "state", &[], b"")), (404, "ObjectNotFound".to_owned()));
    let versions = bucket.cloud.get(&format!("{}/objectversions", bucket.path)).json().unwrap();
    let markers: Vec<bool> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["isDeleteMarker"].as_bool().unwrap())
        .collect();
    assert_eq!(markers, [true, false, false]);
    assert_eq!(verdict(&bucket.cloud.delete(&bucket.path)), (409, "BucketNotEmpty".to_owned()));
    for version in versions["items"].as_array().unwrap() {
        let name = format!("state?versionId={}", version["versionId"].as_str().unwrap());
        assert_eq!(bucket.send(Method::DELETE, &name, &[], b"").status, 204);
    }
    assert_eq!(bucket.cloud.delete(&bucket.path).status, 204);
}

#[test]
fn an_object_is_renamed_only_when_both_conditions_hold() {
    let bucket = Bucket::new("Disabled");
    bucket.put("a", &[], b"a");
    bucket.put("b", &[], b"b");
    let rename = |body: Value| bucket.cloud.post(&format!("{}/actions/renameObject", bucket.path), &body);
    let taken = rename(json!({"sourceName": "a", "newName": "b", "newObjIfNoneMatchETag": "*"}));
    assert_eq!(verdict(&taken), (412, "IfNoneMatchFailed".to_owned()));
    let wrong = rename(json!({"sourceName": "a", "newName": "c", "srcObjIfMatchETag": "x"}));
    assert_eq!(verdict(&wrong), (412, "IfMatchFailed".to_owned()));
    assert_eq!(rename(json!({"sourceName": "a", "newName": "c"})).status, 200);
    assert_eq!(&bucket.send(Method::GET, "c", &[], b"").body[..], b"a");
    assert_eq!(bucket.send(Method::GET, "a", &[], b"").status, 404);
}

#[test]
fn object_storage_refuses_in_its_own_words() {
    let bucket = Bucket::new("Disabled");
    bucket.put("a", &[], b"a");
    let metadata = "x".repeat(4001);
    for (what, name, headers, expected) in [
        (
            "both conditions",
            "o",
            vec![("if-match", "x"), ("if-none-match", "*")],
            (400, "InvalidConditionalHeaders"),
        ),
        ("if-none-match with an etag", "o", vec![("if-none-match", "x")], (400, "IfNoneMatchDisallowed")),
        ("an MD5 that is none", "o", vec![("content-md5", "abc")], (400, "InvalidContentMD5")),
        (
            "an MD5 of something else",
            "o",
            vec![("content-md5", "XrY7u+Ae7tCTyyK7j1rNww==")],
            (400, "UnmatchedContentMD5"),
        ),
        ("a wrong length", "o", vec![("content-length", "7")], (400, "InvalidContentLength")),
        ("no length", "o", vec![("transfer-encoding", "chunked")], (411, "ContentLengthRequired")),
        ("too much metadata", "o", vec![("opc-meta-a", metadata.as_str())], (400, "MetadataTooLarge")),
        ("a name with a line feed", "a%0Ab", vec![], (400, "InvalidObjectName")),
    ] {
        assert_eq!(
            verdict(&bucket.put(name, &headers, b"body")),
            (expected.0, expected.1.to_owned()),
            "{what}"
        );
    }
    let range = bucket.send(Method::GET, "a", &[("range", "bytes=5-")], b"");
    assert_eq!(verdict(&range), (416, "InvalidRange".to_owned()));
    let gone = bucket.send(Method::GET, "none", &[], b"");
    assert_eq!(verdict(&gone), (404, "ObjectNotFound".to_owned()));
    let elsewhere = bucket.cloud.get("/n/other/b/state");
    assert_eq!(verdict(&elsewhere), (404, "NamespaceNotFound".to_owned()));
    let unknown = bucket.cloud.get(&format!("{}x", bucket.path));
    assert_eq!(verdict(&unknown), (404, "BucketNotFound".to_owned()));
    let buckets = bucket.path.trim_end_matches("/state").to_owned();
    let again = json!({"name": "state", "compartmentId": bucket.cloud.tenancy()});
    assert_eq!(verdict(&bucket.cloud.post(&buckets, &again)), (409, "BucketAlreadyExists".to_owned()));
    let bad = json!({"name": "a b", "compartmentId": bucket.cloud.tenancy()});
    assert_eq!(verdict(&bucket.cloud.post(&buckets, &bad)), (400, "InvalidBucketName".to_owned()));
    assert_eq!(verdict(&bucket.cloud.delete(&bucket.path)), (409, "BucketNotEmpty".to_owned()));
}
