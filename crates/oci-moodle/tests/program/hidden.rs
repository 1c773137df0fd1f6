//! Secrets that nobody may see: planted in every place that takes one, and looked for in everything that the program leaves behind.

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use moodle_stack::config::{SourceFile, load};
use moodle_stack::session::secrets;
use reconcile::secret::KeyFile;

use crate::support::{Ended, Folder, Served, Site};

/// Everything is over soon, and the machine may be busy.
const TIME_SCALE: u32 = 250;

const STACK: &str = r#"
[site]
name = "quiet"
admin_email = "it@example.org"
hostname = "moodle.example.org"

[cloud]
region = "eu-frankfurt-1"

[servers]
count = 1
drain_in_seconds = 0

[database]
high_availability = false

[tls]
mode = "files"
certificate = { file = "given/certificate.pem" }
key = { env = "QUIET_TLS_KEY" }

[secrets]
database_admin_password = { env = "QUIET_DATABASE_ADMIN" }
database_password = { file = "given/database" }
admin_password = { command = ["cat", "given/admin"] }
"#;

/// The same site with secrets that the program makes.
const GENERATED: &str = r#"
[site]
name = "quiet"
admin_email = "it@example.org"

[cloud]
region = "eu-frankfurt-1"

[servers]
count = 1
drain_in_seconds = 0

[database]
high_availability = false
"#;

/// Something that may stand nowhere, by its name.
type Canaries = BTreeMap<String, Vec<u8>>;

/// The ways in which bytes may be written down.
fn spellings(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = secret
        .iter()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(*byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let json = in_json(&String::from_utf8_lossy(secret));
    let mut all = vec![
        ("as it is", secret.to_vec()),
        ("in hex", hex.to_uppercase().into_bytes()),
        ("in hex", hex.into_bytes()),
        ("in a URL", percent.into_bytes()),
        ("in JSON in JSON", in_json(&json).into_bytes()),
        ("in JSON", json.into_bytes()),
    ];
    // In the middle of something longer, base64 depends on where it begins; letters that its neighbours share are left out.
    for before in 0..3_usize {
        let padded = [&vec![0; before][..], secret].concat();
        for text in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            let first = (before * 8).div_ceil(6);
            let last = padded.len() * 8 / 6;
            all.push(("in base64", text.as_bytes()[first..last].to_vec()));
        }
    }
    all
}

/// A text as it stands between the quotes of JSON.
fn in_json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    let Some(first) = part.first() else { return false };
    let mut rest = all;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        if rest[at..].starts_with(part) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

/// What is packed (gzip, in base64, as user data is), unpacked.
fn unpacked(all: &[u8]) -> Vec<Vec<u8>> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let words = all.split(|byte| !is_base64(byte)).filter(|word| word.starts_with(b"H4sI"));
    words
        .filter_map(|word| {
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(&*STANDARD.decode(word).ok()?).read_to_end(&mut text).ok()?;
            Some(text)
        })
        .collect()
}

#[test]
fn the_search_finds_what_is_hidden_in_other_spellings() {
    let canaries = Canaries::from_iter([("it".to_owned(), b"se\"cr+et!".to_vec())]);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, b"a file with se\"cr+et! in it").unwrap();
    let packed = format!("{{\"user_data\": \"{}\"}}", STANDARD.encode(packed.finish().unwrap()));
    for (hidden, is_there) in [
        ("xx se\"cr+et! yy", true),
        ("73652263722B657421", true),
        ("a=se%22cr%2Bet%21&b", true),
        (r#"{"a": "se\"cr+et!"}"#, true),
        (r#"{"a": "{\"b\": \"se\\\"cr+et!\"}"}"#, true),
        (&STANDARD.encode("se\"cr+et!"), true),
        (&STANDARD.encode("1se\"cr+et!2"), true),
        (&STANDARD.encode("12se\"cr+et!3"), true),
        (&packed, true),
        ("se cr et", false),
    ] {
        let mut search = Search::new(&canaries);
        search.look("here", hidden.as_bytes());
        assert_eq!(!search.found.is_empty(), is_there, "{hidden}");
    }
}

/// Every place where a secret was found.
struct Search {
    needles: Vec<(String, &'static str, Vec<u8>)>,
    found: Vec<String>,
    bytes: usize,
    packed: usize,
}

impl Search {
    fn new(canaries: &Canaries) -> Self {
        let of = |(name, secret): (&String, &Vec<u8>)| {
            spellings(secret).into_iter().map(|(how, bytes)| (name.clone(), how, bytes)).collect::<Vec<_>>()
        };
        Self { needles: canaries.iter().flat_map(of).collect(), found: Vec::new(), bytes: 0, packed: 0 }
    }

    fn look(&mut self, place: &str, content: &[u8]) {
        self.bytes += content.len();
        let inside = unpacked(content);
        self.packed += inside.len();
        for content in inside.iter().map(Vec::as_slice).chain([content]) {
            for (name, how, needle) in &self.needles {
                if contains(content, needle) {
                    self.found.push(format!("{name} {how} in {place}"));
                }
            }
        }
    }

    /// Says how much was looked at, and fails if anything was found.
    fn end(mut self) {
        println!("{} bytes, {} packed texts among them", self.bytes, self.packed);
        assert!(self.bytes > 1_000, "there was nothing to look at");
        self.found.sort();
        self.found.dedup();
        assert!(self.found.is_empty(), "secrets are seen:\n{}", self.found.join("\n"));
    }
}

/// Every verb that there is, with everything that can be logged. A plan is kept in a file and applied from it.
const VERBS: &[&[&str]] = &[
    &["validate", "--json"],
    &["preflight"],
    &["plan", "--out", "first.plan"],
    &["plan", "--json", "--refresh=false"],
    &["apply", "first.plan", "--auto-approve", "--json"],
    &["apply", "--auto-approve"],
    &["plan", "--json", "--detailed-exitcode"],
    &["drift", "--json"],
    &["status"],
    &["status", "--json"],
    &["verify"],
    &["graph"],
    &["graph", "--format", "json"],
    &["state", "list", "--json"],
    &["output", "--json"],
    &["output"],
    &["import", "oci_core_vcn.other", "ocid1.vcn.oc1..aaaa"],
    &["schema"],
];

/// Runs all verbs on a site, changes something between, removes it, and looks everywhere.
fn live(site: &mut Site, search: &mut Search, change: impl FnOnce(&mut Site)) {
    for verb in VERBS {
        let ended = look_at(site, search, verb);
        if verb.contains(&"--auto-approve") {
            ended.expect(0, &verb.join(" "));
        }
    }
    let list = site.run(&["state", "list", "--json"]).expect(0, "list").stdout;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    for shown in list.as_array().unwrap() {
        let address = shown["address"].as_str().unwrap();
        look_at(site, search, &["state", "show", address]).expect(0, address);
        look_at(site, search, &["state", "show", address, "--json"]).expect(0, address);
    }
    look_at_files(&site.folder, "", search);
    change(site);
    look_at(site, search, &["plan", "--out", "second.plan"]).expect(0, "second plan");
    look_at(site, search, &["apply", "second.plan", "--auto-approve"]).expect(0, "second apply");
    look_at_files(&site.folder, "", search);
    look_at(site, search, &["destroy", "--auto-approve", "--json"]).expect(0, "destroy");
    look_at_files(&site.folder, "", search);
}

fn look_at(site: &Site, search: &mut Search, verb: &[&str]) -> Ended {
    let ended = site.run(&[verb, &["--log", "trace"]].concat());
    let what = verb.join(" ");
    search.look(&format!("stdout of {what}"), ended.stdout.as_bytes());
    search.look(&format!("stderr of {what}"), ended.stderr.as_bytes());
    ended
}

fn look_at_files(folder: &Folder, name: &str, search: &mut Search) {
    for (path, content) in folder.files() {
        let path = path.display().to_string();
        if !path.starts_with("given") && !path.contains("credentials/") {
            search.look(&format!("{name}{path}"), &content);
        }
    }
}

/// Every line of the private keys among these files.
fn private_keys(folder: &Folder) -> Canaries {
    let keys =
        folder.files().into_iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "pem"));
    let lines = keys.flat_map(|(_, content)| {
        String::from_utf8(content).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
    });
    let lines = lines.filter(|line| line.len() > 40).enumerate();
    lines.map(|(number, line)| (format!("line {number} of the API key"), line.into_bytes())).collect()
}

#[test]
fn no_secret_that_is_given_is_seen_anywhere() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let mut site = Site::new(STACK, &cloud);
    let pem = |kind: &str, line: &str| format!("-----BEGIN {kind}-----\n{line}\n-----END {kind}-----\n");
    let mut canaries = Canaries::new();
    let mut plant = |name: &str, secret: &str| {
        canaries.insert(name.to_owned(), secret.as_bytes().to_vec());
        secret.to_owned()
    };
    let certificate = plant("tls.certificate", "MIICanaryOfTheCertificate0123456789abcdefghijklmnop");
    let key = plant("tls.key", "MIICanaryOfThePrivateKey0123456789abcdefghijklmnopq");
    let database_admin = plant("database_admin_password", "Canary-1/dbadmin+Qx7");
    let database = plant("database_password", "Canary-2:database=Rw8");
    let admin = plant("admin_password", "Canary-3_admin,Sv9");
    let next = plant("the next admin_password", "Canary-4_next,Tu6");
    let next_database = plant("the next database_password", "Canary-5:next=Ut5");
    canaries.extend(private_keys(served.folder()));
    assert!(canaries.len() > 20, "the API key has too few lines: {canaries:?}");
    let mut search = Search::new(&canaries);

    site.folder.write("given/certificate.pem", pem("CERTIFICATE", &certificate));
    site.folder.write("given/database", database);
    site.folder.write("given/admin", admin);
    site.environment("QUIET_TLS_KEY", &pem("PRIVATE KEY", &key));
    site.environment("QUIET_DATABASE_ADMIN", &database_admin);
    live(&mut site, &mut search, |site| {
        site.folder.write("given/admin", next);
        site.folder.write("given/database", next_database);
    });
    look_at_files(served.folder(), "the mock's ", &mut search);
    for path in ["/_mock/inventory", "/_mock/requests", "/_mock/violations", "/_mock/faults"] {
        search.look(path, served.get(path).1.as_bytes());
    }
    search.end();
}

#[test]
fn no_secret_that_is_generated_is_seen_anywhere() {
    let mut site = Site::new(GENERATED, &Site::embedded(TIME_SCALE));
    // The first plan makes the key from which they follow, and what the mock signs with.
    site.run(&["plan"]).expect(0, "plan");
    let key = KeyFile::new(site.folder.path(".oci-moodle/state.key")).load().unwrap().unwrap();
    let rotated = format!("{GENERATED}\n[secrets]\nadmin_password = {{ generate = true, rotation = 1 }}\n");
    let mut canaries = private_keys(&site.folder);
    for (when, text) in [("first", GENERATED), ("second", &rotated)] {
        let (config, _) = load(&SourceFile::new("moodle.toml", text));
        let run = |_: &[String]| Err(std::io::Error::other("there is no command"));
        let folder = site.folder.path("");
        let secrets = secrets(&config, &key, &folder, (&world::RealWorld::new(), &run)).unwrap();
        assert!(secrets.len() >= 4, "{:?}", secrets.keys());
        canaries.extend(
            secrets
                .into_iter()
                .map(|(name, secret)| (format!("the {when} {name}"), secret.expose().clone().into_bytes())),
        );
    }
    let mut search = Search::new(&canaries);
    live(&mut site, &mut search, |site| site.folder.write("moodle.toml", &rotated));
    search.end();
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated_by_the_refusal() {
    let canary = "canaryInTheWrongPlace";
    let mut search = Search::new(&Canaries::from_iter([("it".to_owned(), canary.as_bytes().to_vec())]));
    for (secrets, words) in [
        (format!("admin_password = \"{canary}\""), "admin_password"),
        (format!("admin_password = [\"{canary}\"]"), "admin_password"),
        (format!("admin_password = {{ env = \"{canary}!\" }}"), "admin_password"),
        (format!("database_password = {{ command = [\"echo\", \"{canary}\"] }}"), "database_password"),
        (format!("database_password = {{ command = [\"false\", \"{canary}\"] }}"), "database_password"),
        (
            format!("database_password = {{ command = [\"no-such-program\", \"{canary}\"] }}"),
            "no-such-program",
        ),
    ] {
        let stack = format!("{GENERATED}\n[secrets]\n{secrets}\n");
        let site = Site::new(&stack, &Site::embedded(TIME_SCALE));
        for verb in [&["validate"][..], &["validate", "--json"], &["plan"], &["plan", "--json"]] {
            let ended = look_at(&site, &mut search, verb);
            if verb == ["plan"] {
                assert_eq!(ended.status.code(), Some(64), "{secrets}: {}", ended.stderr);
                assert!(ended.stderr.contains(words), "{secrets}: {}", ended.stderr);
            }
        }
    }
    search.end();
}
