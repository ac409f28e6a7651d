//! The profiles there are, and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use aws_config::profile::ProfileSet;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};

use super::fault::{ProfileFault, Severity};
use super::file_fault::{FileFault, FileFaultKind};
use super::path::{self, CredentialPath, Source, value};
use super::scan::{FileKind, Scan, scan};
use super::{program, regions, service_urls};
use crate::access::checked_region;
use crate::variables::Variables;
use crate::{EndpointUrl, SignIn, sign_in};

/// Largest file that is read. Those of people with a thousand profiles have 200 KiB.
const FILE_BYTES_MOST: u64 = 4 * 1024 * 1024;

/// The profiles of the AWS config files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileList {
    /// Sorted by name, `default` first.
    pub profiles: Vec<ProfileInfo>,
    /// What is wrong with the files, in the order of the lines.
    pub faults: Vec<FileFault>,
    /// The config file that was read, whether or not it exists.
    pub config: PathBuf,
    /// The credentials file that was read, whether or not it exists.
    pub credentials: PathBuf,
}

/// A profile, without any secret of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileInfo {
    /// Its name.
    pub name: String,
    /// How it comes to its credentials; `None` where a fault leaves no way.
    pub path: Option<CredentialPath>,
    /// Its region.
    pub region: Option<String>,
    /// The account of its credentials, where the files tell it: 12 digits.
    pub account: Option<String>,
    /// What a person signs in to for it.
    pub sign_in: SignIn,
    /// What is wrong with it, the worst first.
    pub faults: Vec<ProfileFault>,
}

impl ProfileInfo {
    /// The kind of the profile in a word or two. For programs, and stable.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.path.as_ref().map_or("unusable", CredentialPath::kind)
    }

    /// The worst that is wrong with it.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.faults.iter().map(ProfileFault::severity).max()
    }
}

impl ProfileList {
    /// Reads the files that the AWS tools read: `~/.aws/config` and `~/.aws/credentials`, or those
    /// that `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` name. Anew each time; asks nobody
    /// and runs nothing. What is wrong is in the list, which is then shorter.
    pub async fn read() -> Self {
        Self::read_in(&Variables::Process).await
    }

    pub(crate) async fn read_in(variables: &Variables) -> Self {
        let variables = variables.clone();
        let heard = variables.clone();
        // A home folder may be on a server that takes its time.
        let read = tokio::task::spawn_blocking(move || {
            let config = Loaded::read(FileKind::Config, &heard);
            let credentials = Loaded::read(FileKind::Credentials, &heard);
            let home = home(&heard);
            let programs = heard.get("PATH");
            (config, credentials, Surroundings { home, programs })
        })
        .await;
        let (config, credentials, surroundings) = match read {
            Ok(read) => read,
            Err(error) => return Self::unread(&variables, &error),
        };
        let files = EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, config.scan.readable.clone())
            .with_contents(
                EnvConfigFileKind::Credentials,
                credentials.scan.readable.clone(),
            )
            .build();
        let name = Some("default".into());
        let set = aws_config::profile::load(&Fs::real(), &Env::real(), &files, name).await;
        let profiles = match set {
            Ok(set) => of_set(&set, &config.scan, &credentials.scan, surroundings)
                .await
                .map_err(|error| error.to_string()),
            // Only the scan's and the SDK's ideas of a line could differ.
            Err(error) => Err(error.to_string()),
        };
        let mut faults = config.scan.faults;
        faults.extend(credentials.scan.faults);
        let profiles = profiles.unwrap_or_else(|reason| {
            faults.push(unreadable(config.path.clone(), reason));
            Vec::new()
        });
        Self {
            profiles,
            faults,
            config: config.path,
            credentials: credentials.path,
        }
    }

    /// The list of files that were not read: it says so, which an empty one does not.
    pub(crate) fn unread(variables: &Variables, error: &tokio::task::JoinError) -> Self {
        let config = place(FileKind::Config, variables);
        Self {
            profiles: Vec::new(),
            faults: vec![unreadable(config.clone(), error.to_string())],
            config,
            credentials: place(FileKind::Credentials, variables),
        }
    }

    /// The profile of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ProfileInfo> {
        self.profiles.iter().find(|profile| profile.name == name)
    }
}

fn unreadable(path: PathBuf, reason: String) -> FileFault {
    FileFault {
        path,
        line: None,
        kind: FileFaultKind::Unreadable { reason },
    }
}

/// What of the machine matters to a profile.
#[derive(Debug, Default)]
struct Surroundings {
    home: Option<PathBuf>,
    /// `PATH`
    programs: Option<String>,
}

async fn of_set(
    set: &ProfileSet,
    config: &Scan,
    credentials: &Scan,
    surroundings: Surroundings,
) -> Result<Vec<ProfileInfo>, tokio::task::JoinError> {
    let names: BTreeSet<&str> = set.profiles().collect();
    let mut profiles: Vec<_> = names
        .into_iter()
        .map(|name| {
            let bundle = set.get_profile(name).and_then(|p| value(p, "ca_bundle"));
            let bundle = bundle.map(PathBuf::from);
            (info(set, name, config, credentials), bundle)
        })
        .collect();
    profiles.sort_by_key(|(profile, _)| profile.name != "default");
    let looked = tokio::task::spawn_blocking(move || {
        let looked = profiles.into_iter().map(|(mut profile, bundle)| {
            let missing = profile
                .path
                .as_ref()
                .and_then(|path| missing(path, &surroundings));
            profile.faults.extend(missing);
            profile.faults.extend(bundle.and_then(missing_bundle));
            profile
                .faults
                .sort_by_key(|fault| std::cmp::Reverse(fault.severity()));
            profile
        });
        looked.collect()
    });
    looked.await
}

fn info(set: &ProfileSet, name: &str, config: &Scan, credentials: &Scan) -> ProfileInfo {
    let of_profile = |key| {
        set.get_profile(name)
            .and_then(|profile| value(profile, key))
    };
    let mut faults = Vec::new();
    let path = match path::of_profile(set, name) {
        Ok(path) => Some(path),
        Err(fault) => {
            faults.push(fault);
            None
        }
    };
    let region = of_profile("region").map(str::to_owned);
    faults.extend(match &region {
        None => Some(ProfileFault::NoRegion),
        Some(region) => region_fault(region, of_profile("endpoint_url").is_some()),
    });
    if let Some(path) = &path {
        faults.extend(path_faults(path));
        let devices = path.roles.iter().filter_map(|role| role.mfa_serial.clone());
        faults.extend(devices.map(|serial| ProfileFault::MfaCode { serial }));
        if let Source::Console { .. } = path.source {
            faults.push(ProfileFault::ConsoleSignIn {
                profile: path.source_profile.clone(),
            });
        }
    }
    faults.extend(in_both(name, config, credentials));
    faults.extend(endpoint_faults(set, name, config));
    ProfileInfo {
        name: name.to_owned(),
        region,
        account: path
            .as_ref()
            .and_then(CredentialPath::account)
            .or_else(|| of_profile("aws_account_id"))
            .map(str::to_owned),
        sign_in: sign_in::of_path(path.as_ref(), name),
        path,
        faults,
    }
}

/// What is wrong with a region. Where the profile has a service of its own asked, what that calls
/// its regions is its own business.
fn region_fault(region: &str, is_own: bool) -> Option<ProfileFault> {
    let region = region.to_owned();
    if checked_region(region.clone()).is_err() {
        let key = "region";
        return Some(ProfileFault::RegionInvalid { key, region });
    }
    region_doubt(&region, is_own)
}

/// That nobody knows the region, where AWS itself is asked.
pub(crate) fn region_doubt(region: &str, is_own: bool) -> Option<ProfileFault> {
    let region = region.to_owned();
    (!is_own && !regions::is_known(&region)).then_some(ProfileFault::RegionUnknown { region })
}

/// What is wrong with the values that a way goes by.
fn path_faults(path: &CredentialPath) -> Vec<ProfileFault> {
    let mut faults = Vec::new();
    match &path.source {
        Source::SsoSession { region, .. } | Source::SsoPortal { region, .. } => {
            if checked_region(region.clone()).is_err() {
                faults.push(ProfileFault::RegionInvalid {
                    key: "sso_region",
                    region: region.clone(),
                });
            }
        }
        Source::Keys { .. }
        | Source::WebIdentity { .. }
        | Source::Console { .. }
        | Source::Process { .. }
        | Source::Environment
        | Source::Instance
        | Source::Container => {}
    }
    faults.extend(path.faults_of_roles());
    faults
}

fn in_both(name: &str, config: &Scan, credentials: &Scan) -> Option<ProfileFault> {
    let (one, other) = (config.profiles.get(name)?, credentials.profiles.get(name)?);
    let keys: Vec<_> = one
        .iter()
        .filter(|(key, value)| other.get(*key).is_some_and(|theirs| theirs != *value))
        .map(|(key, _)| key.clone())
        .collect();
    (!keys.is_empty()).then_some(ProfileFault::InBothFiles { keys })
}

fn endpoint_faults(set: &ProfileSet, name: &str, config: &Scan) -> Vec<ProfileFault> {
    let Some(profile) = set.get_profile(name) else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    let named = value(profile, "services");
    let urls = named.map(|section| service_urls(set, section));
    if let Some(services) = named.filter(|name| !config.services.contains(*name)) {
        let services = services.to_owned();
        faults.push(ProfileFault::ServicesMissing { services });
    }
    let for_all = value(profile, "endpoint_url").map(str::to_owned);
    let all = for_all
        .into_iter()
        .chain(urls.into_iter().flat_map(BTreeMap::into_values));
    faults.extend(all.filter_map(|text| {
        let what = EndpointUrl::parse(&text).err()?.what();
        Some(ProfileFault::EndpointInvalid { what })
    }));
    faults
}

/// A program or a file that the way needs and that is not there.
fn missing(path: &CredentialPath, surroundings: &Surroundings) -> Option<ProfileFault> {
    match &path.source {
        Source::Process { program, .. } => {
            let (home, programs) = (&surroundings.home, &surroundings.programs);
            program::is_missing(program, home.as_deref(), programs.as_deref()).then(|| {
                ProfileFault::ProgramMissing {
                    program: program.clone(),
                }
            })
        }
        Source::WebIdentity { token_file, .. } => {
            let is_gone = matches!(
                token_file.metadata(),
                Err(error) if error.kind() == io::ErrorKind::NotFound
            );
            is_gone.then(|| ProfileFault::TokenFileMissing {
                path: token_file.clone(),
            })
        }
        Source::Keys { .. }
        | Source::SsoSession { .. }
        | Source::SsoPortal { .. }
        | Source::Console { .. }
        | Source::Environment
        | Source::Instance
        | Source::Container => None,
    }
}

/// The file of `ca_bundle`, if it is certainly not there. A relative path depends on where the program
/// is started; `~` is none of anybody's home there, as in the AWS CLI.
fn missing_bundle(path: PathBuf) -> Option<ProfileFault> {
    let is_certain = path.is_absolute() || path.starts_with("~");
    let is_gone = matches!(
        path.metadata(),
        Err(error) if error.kind() == io::ErrorKind::NotFound
    );
    (is_certain && is_gone).then_some(ProfileFault::CaBundleMissing { path })
}

/// Whether the program of a `credential_process` is certainly missing.
pub(crate) async fn lacks_program(program: &str, variables: &Variables) -> bool {
    let (program, home, programs) = (program.to_owned(), home(variables), variables.get("PATH"));
    let looked = tokio::task::spawn_blocking(move || {
        program::is_missing(&program, home.as_deref(), programs.as_deref())
    });
    looked.await.unwrap_or_default()
}

/// One of the two files.
#[derive(Debug, Default)]
struct Loaded {
    path: PathBuf,
    scan: Scan,
}

impl Loaded {
    fn read(kind: FileKind, variables: &Variables) -> Self {
        let path = place(kind, variables);
        let fault = |kind| FileFault {
            path: path.clone(),
            line: None,
            kind,
        };
        let (text, found) = match read_text(&path) {
            Ok(text) => (text, None),
            // Not everybody has both.
            Err(Trouble::Missing) => (String::new(), None),
            Err(Trouble::Fault(kind)) => (String::new(), Some(fault(kind))),
        };
        let mut scan = scan(&path, kind, &text);
        if scan.holds_keys && is_readable_by_others(&path) {
            scan.faults
                .insert(0, fault(FileFaultKind::ReadableByOthers));
        }
        scan.faults.extend(found);
        Self { path, scan }
    }
}

enum Trouble {
    Missing,
    Fault(FileFaultKind),
}

fn read_text(path: &Path) -> Result<String, Trouble> {
    let unreadable = |error: io::Error| {
        if error.kind() == io::ErrorKind::NotFound {
            return Trouble::Missing;
        }
        let reason = error.to_string();
        Trouble::Fault(FileFaultKind::Unreadable { reason })
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MOST {
        return Err(Trouble::Fault(FileFaultKind::TooLarge));
    }
    String::from_utf8(bytes).map_err(|_| Trouble::Fault(FileFaultKind::NotText))
}

/// Where a file is (AWS SDKs and Tools Reference Guide, "Location of the shared files").
fn place(kind: FileKind, variables: &Variables) -> PathBuf {
    let (variable, usual) = match kind {
        FileKind::Config => ("AWS_CONFIG_FILE", "~/.aws/config"),
        FileKind::Credentials => ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    };
    let named = variables.get(variable).unwrap_or_else(|| usual.to_owned());
    match (named.strip_prefix("~/"), home(variables)) {
        (Some(rest), Some(home)) => home.join(rest),
        (Some(_), None) | (None, _) => PathBuf::from(named),
    }
}

fn home(variables: &Variables) -> Option<PathBuf> {
    let first = variables.get("HOME");
    first
        .or_else(|| variables.get("USERPROFILE"))
        .map(PathBuf::from)
}

#[cfg(unix)]
fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|metadata| metadata.permissions().mode() & 0o044 != 0)
}

/// Elsewhere a home folder is closed to other users by itself.
#[cfg(not(unix))]
const fn is_readable_by_others(_: &Path) -> bool {
    false
}
