//! Values that cannot be written into the files that need them, or that would not work there.

use super::render::RenderError;
use super::spec::{SecretSource, ServerSpec, SiteUrl, Tls};

/// The first value that is unfit.
pub(super) fn check(spec: &ServerSpec) -> Result<(), RenderError> {
    texts_are_printable(spec)?;
    paths_are_usable(spec)?;
    hosts_are_names(spec)?;
    address_fits_tls(spec)
}

fn refuse(field: &'static str, value: &str, why: &'static str) -> Result<(), RenderError> {
    Err(RenderError::Unfit { field, value: value.to_owned(), why })
}

/// A line break in the middle of a line of `fstab` or of a unit would be another line.
fn texts_are_printable(spec: &ServerSpec) -> Result<(), RenderError> {
    let (site, database) = (&spec.site, &spec.database);
    let mut texts = vec![
        ("name", &spec.name),
        ("site.full_name", &site.full_name),
        ("site.short_name", &site.short_name),
        ("site.language", &site.language),
        ("site.admin_user", &site.admin_user),
        ("site.admin_email", &site.admin_email),
        ("database.schema", &database.schema),
        ("database.user", &database.user),
        ("database.admin_user", &database.admin_user),
        ("storage.mount_point", &spec.storage.mount_point),
    ];
    if let Some(nfs) = &spec.storage.nfs {
        texts.push(("storage.nfs.path", &nfs.path));
    }
    if let Some(report) = &spec.report {
        texts.extend([("report.bucket", &report.bucket), ("report.object", &report.object)]);
        texts.push(("report.namespace", &report.namespace));
    }
    match &spec.secrets {
        SecretSource::Object(place) => {
            texts.extend([("secrets.bucket", &place.bucket), ("secrets.object", &place.object)]);
            texts.push(("secrets.namespace", &place.namespace));
        }
        SecretSource::Vault { secret_id } => texts.push(("secrets.secret_id", secret_id)),
    }
    if let Tls::Acme { directory, email, .. } = &spec.tls {
        texts.extend([("tls.directory", directory), ("tls.email", email)]);
    }
    for (field, text) in texts {
        if text.is_empty() {
            return refuse(field, text, "it is empty");
        }
        if text.chars().any(char::is_control) {
            return refuse(field, text, "it contains a line break or another control character");
        }
    }
    Ok(())
}

fn paths_are_usable(spec: &ServerSpec) -> Result<(), RenderError> {
    let mount_point = spec.storage.mount_point.as_str();
    if !mount_point.starts_with('/') || mount_point.ends_with('/') {
        return refuse("storage.mount_point", mount_point, "it must begin with / and not end with it");
    }
    if mount_point.split('/').skip(1).any(|part| matches!(part, "" | "." | "..")) {
        return refuse(
            "storage.mount_point",
            mount_point,
            "it must be a path without empty parts, `.` and `..`",
        );
    }
    // Apache takes them for patterns, and ${NAME} for a variable.
    if mount_point.contains(['*', '?', '[', ']']) || mount_point.contains("${") {
        return refuse(
            "storage.mount_point",
            mount_point,
            "the web server takes *, ?, [, ] and ${ for patterns",
        );
    }
    // Folders of the system, or inside what a release replaces.
    let taken = ["/etc", "/usr", "/var/www", "/run", "/proc", "/sys", "/dev", "/boot"];
    let inside = |folder: &&str| mount_point == *folder || mount_point.starts_with(&format!("{folder}/"));
    if mount_point == "/var" || taken.iter().any(inside) {
        return refuse(
            "storage.mount_point",
            mount_point,
            "that folder belongs to the system or to the code",
        );
    }
    match &spec.storage.nfs {
        Some(nfs) if !nfs.path.starts_with('/') => {
            refuse("storage.nfs.path", &nfs.path, "it must begin with /")
        }
        None if spec.position.count > 1 => {
            refuse("storage.nfs", "none", "several servers need a share, or each would have data of its own")
        }
        Some(_) | None => Ok(()),
    }
}

fn hosts_are_names(spec: &ServerSpec) -> Result<(), RenderError> {
    let database = &spec.database;
    let nfs = spec.storage.nfs.as_ref().map(|nfs| ("storage.nfs.host", &nfs.host));
    let read = database.read.as_ref().map(|read| ("database.read.host", &read.host));
    let hosts = [Some(("database.primary.host", &database.primary.host)), read, nfs];
    for (field, host) in hosts.into_iter().flatten() {
        if !is_host(host) {
            return refuse(field, host, "it is no host name and no IPv4 address");
        }
        if host == "localhost" {
            return refuse(field, host, "PHP takes it for a socket of this server");
        }
    }
    Ok(())
}

fn is_host(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    !text.is_empty() && text.chars().all(legal) && !text.starts_with(['.', '-'])
}

fn address_fits_tls(spec: &ServerSpec) -> Result<(), RenderError> {
    let SiteUrl::Known(url) = &spec.site.url else {
        return if matches!(spec.tls, Tls::Acme { .. }) {
            refuse("site.url", "known only later", "a certificate is obtained for a host name")
        } else {
            Ok(())
        };
    };
    let Some((scheme, authority)) = url.split_once("://") else {
        return refuse("site.url", url, "it must begin with http:// or https://");
    };
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    if !is_host(host) || port.parse::<u16>().is_err() {
        return refuse(
            "site.url",
            url,
            "it must be a scheme, a host and perhaps a port: the site is at the top",
        );
    }
    match (scheme, &spec.tls) {
        ("http", Tls::Off) | ("https", Tls::Given { .. } | Tls::Acme { .. } | Tls::InFront { .. }) => Ok(()),
        ("https", Tls::Off) => {
            refuse("site.url", url, "nobody ends TLS: visitors would be sent round in circles")
        }
        _ => refuse("site.url", url, "TLS is on, so it must begin with https://"),
    }
}
