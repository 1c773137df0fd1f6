//! Whatever is asked of the mock, in whatever order: it answers, soon, in the shape that the API's tables
//! promise, and never with a panic.
//!
//! An input is a conversation: requests as text, between lines of `---`. `$T` stands for the tenancy's OCID,
//! `$0` to `$9` for the resources made last, and a line `+N` lets N seconds pass.
#![no_main]

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;
use oci_mock::{AnswerCheck, Config, Mock, WireRequest};

/// More requests than this teach nothing new and make an input slow.
const REQUESTS_MAX: usize = 12;

fuzz_target!(|conversation: &[u8]| {
    let mock = Mock::new(Config { answer_check: AnswerCheck::Panic, ..Config::default() });
    let text = String::from_utf8_lossy(conversation);
    for block in text.split("\n---\n").take(REQUESTS_MAX) {
        if let Some(seconds) = block.strip_prefix('+') {
            mock.advance(Duration::from_secs(seconds.trim().parse().unwrap_or(1).min(100_000)));
        } else if let Some(request) = request(&mock, block) {
            let answer = mock.handle(&request);
            assert!(answer.headers.contains_key("opc-request-id") || request.target.starts_with("/_mock/"));
        }
    }
});

fn request(mock: &Mock, block: &str) -> Option<WireRequest> {
    let block = filled_in(mock, block);
    let (head, body) = block.split_once("\n\n").unwrap_or((&block, ""));
    let mut lines = head.lines();
    let (method, target) = lines.next()?.split_once(' ')?;
    let mut request = WireRequest::new(Method::from_bytes(method.as_bytes()).ok()?, target);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        request.headers.append(name, HeaderValue::from_str(value).ok()?);
    }
    request.body = body.to_owned().into();
    Some(request)
}

fn filled_in(mock: &Mock, block: &str) -> String {
    let mut text = block.replace("$T", &mock.config().place.tenancy_id);
    if text.contains('$') {
        let ids: Vec<String> = mock.with_cloud(|cloud| cloud.all().map(|resource| resource.id.to_string()).collect());
        for (number, id) in ids.iter().rev().take(10).enumerate() {
            text = text.replace(&format!("${number}"), id);
        }
    }
    text
}
