//! `mock serve` as a process, and its control interface.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value as Json;

use super::{Folder, program};

/// What exists, by Terraform's type: the names, in order. What has no name is there by an empty one.
pub(crate) type Names = BTreeMap<String, Vec<String>>;

/// A mock that is stopped when the test ends, however it ends.
pub(crate) struct Served {
    process: Child,
    pub(crate) base_url: String,
    folder: Option<Folder>,
}

impl Served {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut process =
            program().args(["mock", "serve"]).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut first_line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first_line).unwrap();
        Self { process, base_url: first_line.trim_end().to_owned(), folder: None }
    }

    /// A cloud that checks signatures, at this pace, and the arguments with which the program uses it.
    pub(crate) fn cloud(time_scale: u32, seed: u64) -> (Self, Vec<String>) {
        let folder = Folder::new();
        let (scale, seed) = (time_scale.to_string(), seed.to_string());
        let credentials = folder.text("credentials");
        let data = folder.text("cloud.json");
        let options =
            ["--credentials", &credentials, "--data", &data, "--time-scale", &scale, "--seed", &seed];
        let mut served = Self::start(&options);
        let config = format!("{credentials}/config");
        let arguments =
            vec!["--endpoint".to_owned(), served.base_url.clone(), "--config-file".to_owned(), config];
        served.folder = Some(folder);
        (served, arguments)
    }

    /// Where its data and its credentials are.
    pub(crate) fn folder(&self) -> &Folder {
        self.folder.as_ref().unwrap()
    }

    /// An unsigned request, and the status line and body that it gets.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> (String, String) {
        let authority = self.base_url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(authority).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }

    pub(crate) fn get(&self, path: &str) -> (String, String) {
        self.ask("GET", path, "")
    }

    fn json(&self, path: &str) -> Json {
        let (status, body) = self.get(path);
        assert_eq!(status, "HTTP/1.1 200 OK", "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// What exists now.
    pub(crate) fn inventory(&self) -> Names {
        names(&self.json("/_mock/inventory"))
    }

    /// The log of requests, in their order.
    pub(crate) fn requests(&self) -> Vec<Json> {
        self.json("/_mock/requests").as_array().unwrap().clone()
    }

    /// Those requests that may have changed something.
    pub(crate) fn changes(&self) -> Vec<Json> {
        let mut requests = self.requests();
        requests.retain(|request| !matches!(request["method"].as_str().unwrap(), "GET" | "HEAD"));
        requests
    }

    /// Ends it, and gives its folder.
    pub(crate) fn leave(mut self) -> Option<Folder> {
        self.folder.take()
    }

    /// Stops it with a signal, by its option for `kill`.
    #[cfg(unix)]
    pub(crate) fn stop(mut self, signal: &str) -> ExitStatus {
        let told = Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap();
        assert!(told.success());
        self.process.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The names in an inventory; types of which there is nothing are left out.
fn names(inventory: &Json) -> Names {
    let of = |list: &Json| {
        let name = |object: &Json| object["name"].as_str().unwrap_or_default().to_owned();
        let mut names: Vec<String> = list.as_array().unwrap().iter().map(name).collect();
        names.sort();
        names
    };
    let all = inventory.as_object().unwrap().iter().map(|(kind, list)| (kind.clone(), of(list)));
    all.filter(|(_, names)| !names.is_empty()).collect()
}
