//! A first `moodle.toml`, from a few answers.

use crate::server::versions::Application;

use super::Size;

/// What cannot be known without asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// The site's short name.
    pub name: String,
    /// The administrator's mail address.
    pub admin_email: String,
    /// What the site runs.
    pub application: Application,
    /// How many visitors it is meant for.
    pub size: Size,
    /// The name that visitors use; without it the site is at its public address.
    pub hostname: Option<String>,
    /// The region; the caller's when not given.
    pub region: Option<String>,
    /// The compartment; the caller's root compartment when not given.
    pub compartment_id: Option<String>,
}

/// The file: what was answered, and in comments what else can be said, with its default.
///
/// Nothing in the answers is checked here: [`super::load`] does that with the file, and names the place.
#[must_use]
pub fn render(answers: &Answers) -> String {
    let Answers { name, admin_email, application, size, hostname, region, compartment_id } = answers;
    let application = application.name();
    let [name, admin_email] = [name, admin_email].map(|text| quoted(text));
    let given = |key: &str, value: &Option<String>, example: &str| match value {
        Some(value) => format!("{key} = {}", quoted(value)),
        None => format!("# {key} = {}", quoted(example)),
    };
    let hostname = given("hostname", hostname, "moodle.example.org");
    let region = given("region", region, "eu-frankfurt-1");
    let compartment_id = given("compartment_id", compartment_id, "ocid1.compartment.oc1..aaaa");
    let size_name = size.name();
    let commented: String = size
        .keys()
        .lines()
        .map(|line| if line.contains('=') { format!("# {line}\n") } else { format!("{line}\n") })
        .collect();
    let (servers, database) = commented.split_once("\n[database]\n").expect("a size says both");
    format!(
        r#"# What you want. `oci-moodle validate` checks it, `oci-moodle plan` shows what would be done, `oci-moodle apply` does it.
# Lines that begin with # show what is taken when you say nothing.

[site]
name = {name} # names everything that is created
admin_email = {admin_email}
application = "{application}" # moodle, wordpress, drupal or joomla
size = "{size_name}" # small, medium or large
# The name that visitors use. Without it the site is at its public address; let the name lead there before you set it.
{hostname}
# language = "en"
# admin_user = "admin"

[cloud]
# Without these, the region and the root compartment of your credentials.
{region}
{compartment_id}

{servers}# Shapes of the same kind of processor that are tried where the first has no capacity.
# fallback_shapes = []
# SSH is closed. To log in from a VPN or a bastion:
# ssh_authorized_keys = ["ssh-ed25519 AAAA… you@example.org"]
# ssh_from = ["10.0.0.0/16"]

[database]
{database}# high_availability = true
# backup_retention_in_days = 14
# protect = true # never deleted or replaced without consent

[storage]
# snapshot_retention_in_days = 14
# protect = true

[tls]
# Off until the host name leads to the load balancer; then "acme" obtains a certificate and renews it.
# mode = "off"

[secrets]
# Generated when left out, and stored nowhere. To give your own:
# admin_password = {{ env = "SITE_ADMIN_PASSWORD" }}
# To change a generated one, count up:
# database_password = {{ generate = true, rotation = 1 }}

[tags]
# department = "it"
"#
    )
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn answers() -> Answers {
        Answers {
            name: "campus".to_owned(),
            admin_email: "it@example.org".to_owned(),
            application: Application::Moodle,
            size: Size::Small,
            hostname: None,
            region: None,
            compartment_id: None,
        }
    }

    fn read(text: &str) -> Config {
        Config::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn a_fresh_file_says_what_was_answered_and_else_the_defaults() {
        let shortest = read("[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n");
        assert_eq!(read(&render(&answers())), shortest);
        for size in Size::ALL {
            for application in Application::ALL {
                let config = read(&render(&Answers { size, application, ..answers() }));
                assert_eq!((config.site.size, config.site.application), (size, application));
            }
        }
    }

    #[test]
    fn every_line_that_is_commented_out_can_be_used_as_it_stands() {
        let asked = Answers {
            hostname: Some("moodle.example.org".to_owned()),
            region: Some("eu-frankfurt-1".to_owned()),
            compartment_id: Some("ocid1.compartment.oc1..aaaa".to_owned()),
            ..answers()
        };
        let text = render(&asked);
        let is_key = |line: &str| {
            line.split_once(" = ")
                .is_some_and(|(key, _)| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        };
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me";
        let uncommented: String = text
            .lines()
            .map(|line| line.strip_prefix("# ").filter(|inner| is_key(inner)).unwrap_or(line))
            .map(|line| format!("{}\n", line.replace("ssh-ed25519 AAAA… you@example.org", key)))
            .collect();
        let (config, commented) = (read(&uncommented), read(&text));
        assert_eq!(config.site, commented.site);
        assert_eq!(config.servers.ssh_authorized_keys.len(), 1);
        assert_eq!((config.storage, config.network), (commented.storage, commented.network));
        assert_eq!(config.database, commented.database);
        assert_eq!(config.tags.len(), 1);
    }

    #[test]
    fn quotes_and_backslashes_in_answers_stay_what_they_are() {
        let name = "a\"b\\c\nd";
        let text = render(&Answers { name: name.to_owned(), ..answers() });
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table["site"]["name"].as_str(), Some(name));
    }
}
