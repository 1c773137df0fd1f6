//! What visitors get, and whether it is what they should get.

use std::fmt;

use world::BoxFuture;

use crate::server::versions::Application;

/// What a visitor got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Where the visitor is sent.
    pub location: Option<String>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => write!(f, "{} with `Location: {location}`", self.status),
            None => write!(f, "{}", self.status),
        }
    }
}

/// Visits the site: HTTP that follows no redirect.
pub trait Visitor: Send + Sync {
    /// What `GET url` gives; the error is what went wrong, in words.
    ///
    /// # Cancel safety
    /// It may be dropped at any await.
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Answer, String>>;

    /// The certificate that the server at `url` shows, as DER; the error is why there is none, in words.
    ///
    /// # Cancel safety
    /// It may be dropped at any await.
    fn certificate<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(std::future::ready(Err(format!("this visitor does not look at the certificate of {url}"))))
    }
}

/// What came of a visit to the front page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Front {
    /// The address of the site, without a slash at its end.
    pub url: String,
    /// What the visitor got; the error is what went wrong, in words.
    pub answer: Result<Answer, String>,
}

/// Where an application sends whom it cannot serve yet: its installer, or the page on which its administrator upgrades it.
const fn installers(application: Application) -> &'static [&'static str] {
    match application {
        Application::Moodle => &["/admin/"],
        Application::WordPress => &["/wp-admin/install.php", "/wp-admin/setup-config.php"],
        Application::Drupal => &["/core/install.php", "/update.php"],
        Application::Joomla => &["/installation/"],
    }
}

/// Whether `/` is answered as it should be: with a page, or with the way to one of the site's own. Elsewhere means that the
/// application believes to have another address, and its installer means that it is not installed.
///
/// # Errors
/// What was expected, in words.
pub(crate) fn judge(application: Application, url: &str, answer: &Answer) -> Result<(), String> {
    let expected = || format!("200 was expected, or a redirect to a page below {url}/");
    match (answer.status, &answer.location) {
        (200, _) => Ok(()),
        (301 | 302 | 303 | 307 | 308, Some(location)) => {
            let path = location.strip_prefix(url).filter(|path| path.len() > 1 && path.starts_with('/'));
            let path = path.ok_or_else(expected)?;
            let unfinished = installers(application).iter().any(|page| path.starts_with(page));
            if unfinished {
                Err("that is where it sends its administrator, not visitors".to_owned())
            } else {
                Ok(())
            }
        }
        _ => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_or_the_way_to_one_of_the_sites_own_is_right() {
        let url = "http://site.example";
        for (status, location, right) in [
            (200, None, true),
            (303, Some("http://site.example/login/index.php"), true),
            (303, Some("http://site.example/admin/index.php"), false),
            (303, Some("http://site.example/"), false),
            (303, Some("http://10.0.0.1/login/index.php"), false),
            (303, Some("http://site.example.org/login"), false),
            (303, None, false),
            (503, None, false),
            (404, Some("http://site.example/login"), false),
        ] {
            let answer = Answer { status, location: location.map(str::to_owned) };
            assert_eq!(judge(Application::Moodle, url, &answer).is_ok(), right, "{answer}");
        }
    }
}
