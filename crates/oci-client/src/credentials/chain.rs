//! The search for a credential, source after source.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use world::World;

use super::config_file::{ConfigFile, DEFAULT_PROFILE};
use super::credential::Credential;
use super::error::{CredentialError, Tried};
use super::exchange::Exchange;
use super::files::{self, Named};
use super::instance::{InstanceSource, Learnt};
use super::provider::{CredentialProvider, FixedCredential, Method, Warning, WhoAmI};
use super::renewing::Renewing;
use super::resource::{self, ResourceSource};
use super::session::SessionSource;
use super::settings::{self, Name, Settings, variable};
use crate::endpoint::{Endpoints, Origin};
use crate::key::{Fingerprint, SigningKey};
use crate::region::{Region, Regions};
use crate::transport::Transport;

const ENVIRONMENT: &str = "environment";
const CONFIG_FILE: &str = "configuration file";
const RESOURCE: &str = "resource principal";
const INSTANCE: &str = "instance principal";

/// What the program's own options say about the caller. They go before the environment.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CredentialOptions {
    /// The profile. When given, the environment's keys and users are not looked at.
    pub profile: Option<String>,
    /// The configuration file. When given, the environment's keys and users are not looked at.
    pub config_file: Option<PathBuf>,
    /// How the caller proves who it is; nothing else is tried then.
    pub method: Option<Method>,
    /// The region, by its name or short code.
    pub region: Option<String>,
    /// Where the auth service is, if it is not the region's.
    pub auth_endpoint: Option<Origin>,
}

/// Finds out who is calling.
///
/// The first source that has something is used; see the module's page for their order. Files are read and
/// checked here, and a token is fetched, so that what is wrong is said now and not at the first call.
///
/// # Errors
/// [`CredentialError`]: of the source that is configured but broken, or [`CredentialError::NotConfigured`] with
/// all that were tried.
///
/// # Cancel safety
/// It only reads, and may be dropped at any await.
pub async fn find(
    world: Arc<dyn World>,
    transport: Arc<dyn Transport>,
    options: &CredentialOptions,
) -> Result<Arc<dyn CredentialProvider>, CredentialError> {
    let search = Search {
        regions: Regions::load(&*world),
        environment: Settings::from_environment(&*world),
        exchange: Exchange { world: Arc::clone(&world), transport },
        world,
        options,
    };
    search.run().await
}

type Provider = Arc<dyn CredentialProvider>;

/// What a source has.
enum Found {
    Provider(Provider),
    Nothing(Tried),
}

struct Search<'a> {
    world: Arc<dyn World>,
    exchange: Exchange,
    options: &'a CredentialOptions,
    environment: Settings,
    regions: Regions,
}

/// The profile that was chosen.
struct Profile {
    path: PathBuf,
    name: String,
    file: ConfigFile,
    settings: Settings,
}

impl Search<'_> {
    async fn run(&self) -> Result<Provider, CredentialError> {
        let asked = match self.options.method {
            Some(method) => Some(method),
            None if self.names_a_profile() => None,
            None => self.environment.method()?,
        };
        let mut tried = Vec::new();
        match asked {
            Some(Method::InstancePrincipal | Method::InstanceOnBehalfOfUser) => {
                let settings = self.settings_for_principal(asked)?;
                return self.instance(asked, &settings, self.whoami(None)).await;
            }
            Some(Method::ResourcePrincipal) => return self.resource_or_error(self.whoami(None)).await,
            Some(Method::ApiKey | Method::SessionToken) | None => {}
        }
        for found in [self.ask_environment(asked).await?, self.ask_file(asked).await?] {
            match found {
                Found::Provider(provider) => return Ok(provider),
                Found::Nothing(reason) => tried.push(reason),
            }
        }
        if asked.is_some() {
            return Err(CredentialError::NotConfigured { tried });
        }
        for found in [self.ask_resource().await?, self.ask_instance().await?] {
            match found {
                Found::Provider(provider) => return Ok(provider),
                Found::Nothing(reason) => tried.push(reason),
            }
        }
        Err(CredentialError::NotConfigured { tried })
    }

    /// Whether the program's options name a profile or a file: then the environment's keys do not count.
    fn names_a_profile(&self) -> bool {
        self.options.profile.is_some() || self.options.config_file.is_some()
    }

    async fn ask_environment(&self, asked: Option<Method>) -> Result<Found, CredentialError> {
        let nothing =
            |reason: &str| Ok(Found::Nothing(Tried { source: ENVIRONMENT, reason: reason.to_owned() }));
        if self.names_a_profile() {
            return nothing("not asked, because a profile was named");
        }
        let settings = &self.environment;
        if !settings.says_who() {
            return nothing(
                "none of OCI_CLI_USER, OCI_CLI_FINGERPRINT, OCI_CLI_KEY_FILE, OCI_CLI_KEY_CONTENT, \
                 TF_VAR_user_ocid, TF_VAR_private_key_path … is set",
            );
        }
        let has_session = settings.get(Name::SecurityTokenFile).is_some() && settings.has_key();
        if has_session && asked != Some(Method::ApiKey) {
            return Ok(Found::Provider(self.session(settings, self.whoami(None)).await?));
        }
        if missing(settings).is_empty() && asked != Some(Method::SessionToken) {
            return Ok(Found::Provider(self.api_key(settings, self.whoami(None), ENVIRONMENT)?));
        }
        if self.config_path()?.is_ok() {
            return nothing("it does not set all that is needed; what it sets goes before the profile");
        }
        let missing = missing(settings);
        Err(CredentialError::Incomplete { origin: "the environment".to_owned(), missing })
    }

    async fn ask_file(&self, asked: Option<Method>) -> Result<Found, CredentialError> {
        let nothing = |reason| Ok(Found::Nothing(Tried { source: CONFIG_FILE, reason }));
        let profile = match self.profile()? {
            Ok(profile) => profile,
            Err(reason) => return nothing(reason),
        };
        let environment = if self.names_a_profile() { Settings::default() } else { self.environment.clone() };
        let settings = environment.over(profile.settings.clone());
        let method = match asked {
            Some(method) => method,
            None => match settings.method()? {
                Some(method) => method,
                None if settings::is_session(&profile.file, &profile.name, &settings) => Method::SessionToken,
                None => Method::ApiKey,
            },
        };
        let whoami = self.whoami(Some(&profile));
        let origin = format!("profile `{}` of {}", profile.name, profile.path.display());
        let provider = match method {
            Method::ApiKey if !settings.says_who() && !self.profile_is_named() => {
                return nothing(format!("{origin} has neither a user nor a key"));
            }
            Method::ApiKey => self.api_key(&settings, whoami, &origin)?,
            Method::SessionToken => self.session_of(&settings, whoami, &origin).await?,
            Method::ResourcePrincipal => self.resource_or_error(whoami).await?,
            Method::InstancePrincipal | Method::InstanceOnBehalfOfUser => {
                self.instance(Some(method), &settings, whoami).await?
            }
        };
        Ok(Found::Provider(provider))
    }

    /// The file to read, or why there is none.
    fn config_path(&self) -> Result<Result<(PathBuf, String), String>, CredentialError> {
        let world = &*self.world;
        if let Some(path) = &self.options.config_file {
            let path = files::expand_home(world, &path.to_string_lossy());
            return Ok(Ok((path, "an option".to_owned())));
        }
        if let Some((name, path)) = variable(world, &[settings::FILE_VARIABLE]) {
            return Ok(Ok((files::expand_home(world, &path), name)));
        }
        let is_there = |path: &Path| match world.file_mode(path) {
            Err(error) => error.kind() != io::ErrorKind::NotFound,
            Ok(_) => true,
        };
        let default = world.home_dir().map(|home| home.join(".oci").join("config"));
        if let Some(path) = default.clone().filter(|path| is_there(path)) {
            return Ok(Ok((path, "the default".to_owned())));
        }
        if let Some((name, path)) = variable(world, &[settings::FALLBACK_FILE_VARIABLE]) {
            return Ok(Ok((files::expand_home(world, &path), name)));
        }
        let older = world.home_dir().map(|home| home.join(".oraclebmc").join("config"));
        if let Some(path) = older.filter(|path| is_there(path)) {
            return Ok(Ok((path, "the default".to_owned())));
        }
        Ok(Err(match default {
            Some(path) => format!("{} does not exist, and OCI_CONFIG_FILE is not set", path.display()),
            None => {
                "the home folder is not known (HOME is not set), and OCI_CONFIG_FILE is not set".to_owned()
            }
        }))
    }

    /// Whether anybody named the profile or the file; then it must be there.
    fn profile_is_named(&self) -> bool {
        let world = &*self.world;
        self.names_a_profile()
            || variable(world, &settings::PROFILE_VARIABLES).is_some()
            || variable(world, &[settings::FILE_VARIABLE]).is_some()
    }

    fn profile(&self) -> Result<Result<Profile, String>, CredentialError> {
        let world = &*self.world;
        let named = self.options.profile.clone();
        let named = named.or_else(|| variable(world, &settings::PROFILE_VARIABLES).map(|(_, value)| value));
        let (path, origin) = match self.config_path()? {
            Ok(found) => found,
            Err(reason) => {
                return match named {
                    // A profile that somebody named must be there, and so must its file.
                    Some(profile) => Err(CredentialError::Incomplete {
                        origin: format!("the configuration file ({reason})"),
                        missing: vec![format!("[{profile}]")],
                    }),
                    None => Ok(Err(reason)),
                };
            }
        };
        let file = Named { path, origin };
        let content = file.read(world, "configuration file")?;
        let path = file.path;
        let file = ConfigFile::parse(&content)
            .map_err(|source| CredentialError::ConfigFile { path: path.clone(), source })?;
        let name = named.unwrap_or_else(|| DEFAULT_PROFILE.to_owned());
        let available: Vec<String> = file.profile_names().into_iter().map(str::to_owned).collect();
        match file.profile(&name) {
            Some(profile) => {
                settings::forbidden(&path, &profile)?;
                let settings = Settings::from_profile(&path, &profile);
                Ok(Ok(Profile { path, name, file, settings }))
            }
            None if self.profile_is_named() => {
                Err(CredentialError::ProfileNotFound { path, profile: name, available })
            }
            None if available.is_empty() => Ok(Err(format!("{} is empty", path.display()))),
            None => Ok(Err(format!(
                "{} has no profile `DEFAULT`; name one of those it has: {}",
                path.display(),
                available.join(", ")
            ))),
        }
    }

    /// What is known of the caller before its credential is.
    fn whoami(&self, profile: Option<&Profile>) -> WhoAmI {
        let warnings: Vec<Warning> = self.regions.problems().iter().cloned().map(Warning::Region).collect();
        let mut whoami = WhoAmI { warnings, ..WhoAmI::default() };
        if let Some(profile) = profile {
            whoami.warnings.extend(files::permission_warning(&*self.world, &profile.path));
            whoami.file = Some(profile.path.clone());
            whoami.profile = Some(profile.name.clone());
        }
        whoami
    }

    /// The region: an option, the environment, the profile, and last `OCI_REGION`.
    fn region(&self, settings: &Settings, whoami: &mut WhoAmI) -> Result<Option<Region>, CredentialError> {
        let given = match (&self.options.region, settings.get(Name::Region)) {
            (Some(region), _) => Some((region.clone(), "the region that was asked for".to_owned())),
            (None, Some(given)) => Some((given.value.expose().clone(), given.origin.clone())),
            (None, None) => variable(&*self.world, &["OCI_REGION"]).map(|(name, value)| (value, name)),
        };
        given.map(|(name, origin)| self.checked_region(&name, origin, whoami)).transpose()
    }

    fn checked_region(
        &self,
        name: &str,
        origin: String,
        whoami: &mut WhoAmI,
    ) -> Result<Region, CredentialError> {
        let region = self.regions.resolve(name);
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        if region.name().is_empty() || !region.name().bytes().all(fits) {
            let reason = "a region looks like `eu-frankfurt-1` or `fra`".to_owned();
            return Err(CredentialError::Malformed { origin, reason });
        }
        if !region.is_known() && !region.is_domain() {
            whoami.warnings.push(Warning::UnknownRegion {
                region: region.name().to_owned(),
                domain: region.second_level_domain().to_owned(),
            });
        }
        whoami.region = Some(region.name().to_owned());
        Ok(region)
    }

    fn api_key(
        &self,
        settings: &Settings,
        mut whoami: WhoAmI,
        origin: &str,
    ) -> Result<Provider, CredentialError> {
        let missing = missing(settings);
        if !missing.is_empty() {
            let origin = if origin == ENVIRONMENT { "the environment".to_owned() } else { origin.to_owned() };
            return Err(CredentialError::Incomplete { origin, missing });
        }
        self.region(settings, &mut whoami)?;
        let tenancy = settings.ocid(Name::Tenancy)?.expect("it is not missing");
        let user = settings.ocid(Name::User)?.expect("it is not missing");
        let given = settings.get(Name::Fingerprint).expect("it is not missing");
        let configured = Fingerprint::parse(given.value.expose().trim()).map_err(|error| {
            CredentialError::Malformed { origin: given.origin.clone(), reason: error.to_string() }
        })?;
        let key = self.key(settings, &mut whoami)?;
        if *key.fingerprint() != configured {
            return Err(CredentialError::FingerprintMismatch {
                origin: given.origin.clone(),
                configured,
                actual: key.fingerprint().clone(),
            });
        }
        let credential =
            Credential::api_key(&tenancy, &user, &configured, Arc::new(key)).map_err(|error| {
                CredentialError::Malformed { origin: origin.to_owned(), reason: error.to_string() }
            })?;
        whoami.method = Method::ApiKey;
        whoami.tenancy = Some(tenancy);
        whoami.user = Some(user);
        whoami.fingerprint = Some(configured);
        Ok(Arc::new(FixedCredential::new(Arc::new(credential), whoami)))
    }

    fn key(&self, settings: &Settings, whoami: &mut WhoAmI) -> Result<SigningKey, CredentialError> {
        let world = &*self.world;
        let passphrase = settings.get(Name::Passphrase).map(|given| &given.value);
        if let Some(given) = settings.get(Name::KeyContent) {
            return SigningKey::from_pem(given.value.expose().as_bytes(), passphrase)
                .map_err(|source| CredentialError::Key { origin: given.origin.clone(), source });
        }
        let file = settings.file(world, Name::KeyFile).expect("it is not missing");
        whoami.warnings.extend(files::permission_warning(world, &file.path));
        file.read_key(world, passphrase)
    }

    async fn session_of(
        &self,
        settings: &Settings,
        whoami: WhoAmI,
        origin: &str,
    ) -> Result<Provider, CredentialError> {
        let needed = [(Name::SecurityTokenFile, "security_token_file"), (Name::KeyFile, "key_file")];
        let missing: Vec<String> = needed
            .iter()
            .filter(|(name, _)| settings.get(*name).is_none())
            .map(|(_, shown)| (*shown).to_owned())
            .collect();
        if !missing.is_empty() {
            return Err(CredentialError::Incomplete { origin: origin.to_owned(), missing });
        }
        self.session(settings, whoami).await
    }

    async fn session(&self, settings: &Settings, mut whoami: WhoAmI) -> Result<Provider, CredentialError> {
        let world = &*self.world;
        let region = self.region(settings, &mut whoami)?;
        whoami.method = Method::SessionToken;
        whoami.tenancy = settings.ocid(Name::Tenancy)?;
        let endpoints = region.map(Endpoints::of_region).unwrap_or_default();
        let endpoints = match self.auth_endpoint()? {
            Some(origin) => endpoints.all_at(origin),
            None => endpoints,
        };
        let file = |name| settings.file(world, name);
        let lacks = |what: &str| CredentialError::Incomplete {
            origin: "the session".to_owned(),
            missing: vec![what.to_owned()],
        };
        let token_file = file(Name::SecurityTokenFile).ok_or_else(|| lacks("security_token_file"))?;
        let key_file = file(Name::KeyFile).ok_or_else(|| lacks("key_file"))?;
        whoami.warnings.extend(files::permission_warning(world, &token_file.path));
        whoami.warnings.extend(files::permission_warning(world, &key_file.path));
        let source = SessionSource {
            exchange: self.exchange.clone(),
            token_file,
            key_file,
            passphrase: settings.get(Name::Passphrase).map(|given| given.value.clone()),
            endpoints,
            whoami,
        };
        self.started(Renewing::new(Arc::clone(&self.world), Box::new(source))).await
    }

    /// Oracle's command line, its Go SDK, and our own option: an auth service elsewhere.
    fn auth_endpoint(&self) -> Result<Option<Origin>, CredentialError> {
        if let Some(origin) = &self.options.auth_endpoint {
            return Ok(Some(origin.clone()));
        }
        let names = ["OCI_CLI_FEDERATION_ENDPOINT", "OCI_SDK_AUTH_CLIENT_REGION_URL"];
        let Some((_, url)) = variable(&*self.world, &names) else { return Ok(None) };
        // Both are written with the path of the call at their end, or without.
        let url = url.trim().trim_end_matches('/');
        let url = url.strip_suffix("/v1/x509").unwrap_or(url);
        Origin::parse(url)
            .map(Some)
            .map_err(|source| CredentialError::Endpoint { purpose: "the auth service", source })
    }

    /// The profile, if there is one, says which token the instance shows for its user.
    fn settings_for_principal(&self, asked: Option<Method>) -> Result<Settings, CredentialError> {
        let has_token = self.environment.get(Name::DelegationTokenFile).is_some();
        if asked != Some(Method::InstanceOnBehalfOfUser) || has_token {
            return Ok(self.environment.clone());
        }
        let profile = self.profile()?.map(|profile| profile.settings).unwrap_or_default();
        Ok(self.environment.clone().over(profile))
    }

    fn instance_source(
        &self,
        asked: Option<Method>,
        settings: &Settings,
        mut whoami: WhoAmI,
    ) -> Result<InstanceSource, CredentialError> {
        let region = self.region(settings, &mut whoami)?;
        let delegation = match asked {
            Some(Method::InstanceOnBehalfOfUser) => {
                let file = settings.file(&*self.world, Name::DelegationTokenFile);
                Some(file.ok_or_else(|| CredentialError::Incomplete {
                    origin: "acting on behalf of a user".to_owned(),
                    missing: vec!["delegation_token_file".to_owned()],
                })?)
            }
            _ => None,
        };
        if let Some(file) = &delegation {
            whoami.warnings.extend(files::permission_warning(&*self.world, &file.path));
        }
        Ok(InstanceSource {
            exchange: self.exchange.clone(),
            metadata_base: self.metadata_base()?,
            federation: self.auth_endpoint()?,
            regions: self.regions.clone(),
            region,
            delegation,
            whoami,
            learnt: Mutex::new(Learnt::default()),
        })
    }

    fn metadata_base(&self) -> Result<Option<String>, CredentialError> {
        let Some((name, base)) = variable(&*self.world, &["OCI_METADATA_BASE_URL"]) else { return Ok(None) };
        let base = base.trim().trim_end_matches('/').to_owned();
        let host_ends = base.find("://").and_then(|at| base[at + 3..].find('/').map(|slash| at + 3 + slash));
        let origin = &base[..host_ends.unwrap_or(base.len())];
        match Origin::parse(origin) {
            Ok(_) if base.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Some(base)),
            _ => Err(CredentialError::Malformed {
                origin: name,
                reason: "it looks like `http://169.254.169.254/opc/v2`".to_owned(),
            }),
        }
    }

    async fn instance(
        &self,
        asked: Option<Method>,
        settings: &Settings,
        whoami: WhoAmI,
    ) -> Result<Provider, CredentialError> {
        let source = self.instance_source(asked, settings, whoami)?;
        self.started(Renewing::new(Arc::clone(&self.world), Box::new(source))).await
    }

    async fn ask_instance(&self) -> Result<Found, CredentialError> {
        let source = self.instance_source(None, &self.environment, self.whoami(None))?;
        match source.look().await {
            Ok(()) => {
                let renewing = Renewing::new(Arc::clone(&self.world), Box::new(source));
                Ok(Found::Provider(self.started(renewing).await?))
            }
            Err(error) => {
                let reason = format!("this is no instance of OCI, or its metadata service is off ({error})");
                Ok(Found::Nothing(Tried { source: INSTANCE, reason }))
            }
        }
    }

    fn resource_source(&self, mut whoami: WhoAmI) -> Result<Option<ResourceSource>, CredentialError> {
        let asked = self.region(&self.environment, &mut whoami)?;
        let own = variable(&*self.world, &[resource::REGION]);
        let own = match (&asked, own) {
            (None, Some((name, region))) => Some(self.checked_region(&region, name, &mut whoami)?),
            _ => None,
        };
        ResourceSource::from_environment(&self.world, asked.or(own), whoami)
    }

    async fn ask_resource(&self) -> Result<Found, CredentialError> {
        match self.resource_source(self.whoami(None))? {
            Some(source) => {
                let renewing = Renewing::new(Arc::clone(&self.world), Box::new(source));
                Ok(Found::Provider(self.started(renewing).await?))
            }
            None => {
                let reason = format!("{} is not set", resource::VERSION);
                Ok(Found::Nothing(Tried { source: RESOURCE, reason }))
            }
        }
    }

    async fn resource_or_error(&self, whoami: WhoAmI) -> Result<Provider, CredentialError> {
        let source = self.resource_source(whoami)?.ok_or_else(|| CredentialError::Incomplete {
            origin: "the environment of the resource principal".to_owned(),
            missing: vec![resource::VERSION.to_owned()],
        })?;
        self.started(Renewing::new(Arc::clone(&self.world), Box::new(source))).await
    }

    /// Fetches the first token, so that what is wrong is said now.
    async fn started(&self, renewing: Renewing) -> Result<Provider, CredentialError> {
        renewing.credential().await?;
        Ok(Arc::new(renewing))
    }
}

/// What an API key still lacks, by the names of a profile.
fn missing(settings: &Settings) -> Vec<String> {
    let needed = [(Name::Tenancy, "tenancy"), (Name::User, "user"), (Name::Fingerprint, "fingerprint")];
    let mut missing: Vec<String> = needed
        .iter()
        .filter(|(name, _)| settings.get(*name).is_none())
        .map(|(_, shown)| (*shown).to_owned())
        .collect();
    if !settings.has_key() {
        missing.push("key_file".to_owned());
    }
    missing
}
