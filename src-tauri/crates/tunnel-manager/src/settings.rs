//! The program's own settings: what each is without a wish, and what it may be.

mod file;
mod keeper;
mod key;

use std::num::{NonZeroU16, NonZeroU32};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use aws_access::{AccessSettings, ProxyChoice, SignInBy};
use tunnel_proto::PoolSize;
use url::Url;

use crate::frequency::Frequency;
use crate::log::{LogFormat, LogLevel};
use crate::profile::{Upkeep, rules};

pub use keeper::{SettingError, SettingsKeeper, SettingsState};
pub use key::{Fault, Key};

/// Seconds of an outage before it is told: under 10 s most are mended by themselves, and after an
/// hour nobody needs to be told.
const OUTAGE_AFTER: std::ops::RangeInclusive<u64> = 10..=3600;

/// Drops within an hour: nobody waits for more than a thousand.
const DROPS_MOST: u32 = 1000;

/// What happened last week is still worth looking at.
const LOG_DAYS_USUAL: u16 = 7;

/// Days of the log on disk.
const LOG_DAYS: std::ops::RangeInclusive<u16> = 1..=90;

/// Percent. Below 75 nobody can read it; the pages are made for up to 200.
const ZOOM: std::ops::RangeInclusive<u16> = 75..=200;

/// The program's own settings. Each is read from and written as a text by [`Key`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// A start at login opens no window. Default: on, since nobody asked for one then.
    pub start_hidden: bool,
    /// What the window speaks. Default: what the system does.
    pub language: Language,
    /// Quitting asks first where connections would break. Default: on.
    pub quit_asks: bool,
    /// How AWS is reached. Default: as the environment says.
    pub proxy: ProxyChoice,
    /// PEM file of certification authorities to trust besides the system's. Default: none, and
    /// `AWS_CA_BUNDLE` counts.
    pub ca_file: Option<PathBuf>,
    /// How often a WebSocket is pinged, for tunnels that have no wish of their own. Default: 20 s.
    pub keepalive: Duration,
    /// How a sign-in goes through the browser. Default: by a code that comes back by itself.
    pub sign_in_by: SignInBy,
    /// What needs the user is notified. Default: on.
    pub notify_needs_you: bool,
    /// An outage and its end are notified. Default: on.
    pub notify_outages: bool,
    /// How long an outage lasts before it is notified. Default: 30 s.
    pub outage_after: Duration,
    /// How many drops of a tunnel within an hour are borne in silence; `None`: any number. Default:
    /// [`Frequency::USUAL`].
    pub drops_told: Option<NonZeroU32>,
    /// Colours. Default: as the system has them.
    pub theme: Theme,
    /// Size of everything, in percent. Default: 100.
    pub zoom: u16,
    /// Room between lines. Default: comfortable.
    pub density: Density,
    /// Sessions of tunnels that have no wish of their own. Default: 1 to 6.
    pub sessions: PoolSize,
    /// Age at which a WebSocket is renewed, for tunnels that have no wish of their own; `None`
    /// leaves it to the gateway to close it. Default: 50 min.
    pub renew_after: Option<Duration>,
    /// How much is logged. Default: changes of state.
    pub log_level: LogLevel,
    /// Days of the log that are kept on disk, from the next start on. Default: 7.
    pub log_days: u16,
    /// How records are written into the log's files, from the next start on. Default: as text.
    pub log_format: LogFormat,
    /// The port of this machine at which a Prometheus server is answered. Default: none.
    pub metrics_port: Option<NonZeroU16>,
}

/// What the window speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// What the system speaks, if the window can.
    #[default]
    Auto,
    /// English.
    English,
    /// German.
    German,
}

/// The window's colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system has them.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Room between the window's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Density {
    /// As the pages are designed.
    #[default]
    Comfortable,
    /// More on a screen.
    Compact,
}

impl Default for Settings {
    fn default() -> Self {
        let upkeep = Upkeep::default();
        Self {
            start_hidden: true,
            language: Language::Auto,
            quit_asks: true,
            proxy: ProxyChoice::Environment,
            ca_file: None,
            keepalive: upkeep.keepalive,
            sign_in_by: SignInBy::Browser,
            notify_needs_you: true,
            notify_outages: true,
            outage_after: Duration::from_secs(30),
            drops_told: Some(Frequency::USUAL),
            theme: Theme::Auto,
            zoom: 100,
            density: Density::Comfortable,
            sessions: upkeep.sessions,
            renew_after: upkeep.renew_after,
            log_level: LogLevel::Info,
            log_days: LOG_DAYS_USUAL,
            log_format: LogFormat::Text,
            metrics_port: None,
        }
    }
}

impl Settings {
    /// How a tunnel is kept up that has these wishes: what is as usual is as these settings say.
    pub fn upkeep(&self, wishes: &Upkeep) -> Upkeep {
        let usual = Upkeep::default();
        let mut upkeep = *wishes;
        if upkeep.keepalive == usual.keepalive {
            upkeep.keepalive = self.keepalive;
        }
        if upkeep.sessions == usual.sessions {
            upkeep.sessions = self.sessions;
        }
        if upkeep.renew_after == usual.renew_after {
            upkeep.renew_after = self.renew_after;
        }
        upkeep
    }

    /// Settles how AWS is reached.
    pub fn reach(&self, access: &mut AccessSettings) {
        access.proxy = self.proxy.clone();
        if access.ca_bundle.is_none() {
            access.ca_bundle.clone_from(&self.ca_file);
        }
    }

    /// A setting as it is typed.
    pub fn text(&self, key: Key) -> String {
        match key {
            Key::StartHidden => switch_text(self.start_hidden),
            Key::Language => match self.language {
                Language::Auto => "auto",
                Language::English => "en",
                Language::German => "de",
            }
            .to_owned(),
            Key::QuitAsks => switch_text(self.quit_asks),
            Key::Proxy => match &self.proxy {
                ProxyChoice::Environment => "environment".to_owned(),
                ProxyChoice::Direct => "none".to_owned(),
                ProxyChoice::Through(url) => url.to_string(),
            },
            Key::CaFile => self
                .ca_file
                .as_ref()
                .map(|path| path.display().to_string())
                .unwrap_or_default(),
            Key::Keepalive => rules::seconds_text(self.keepalive),
            Key::SignInBy => match self.sign_in_by {
                SignInBy::Browser => "browser",
                SignInBy::DeviceCode | SignInBy::DeviceCodeElsewhere => "device-code",
            }
            .to_owned(),
            Key::NotifyNeedsYou => switch_text(self.notify_needs_you),
            Key::NotifyOutages => switch_text(self.notify_outages),
            Key::OutageAfter => self.outage_after.as_secs().to_string(),
            Key::DropsTold => or_off_text(self.drops_told),
            Key::Theme => match self.theme {
                Theme::Auto => "auto",
                Theme::Light => "light",
                Theme::Dark => "dark",
            }
            .to_owned(),
            Key::Zoom => self.zoom.to_string(),
            Key::Density => match self.density {
                Density::Comfortable => "comfortable",
                Density::Compact => "compact",
            }
            .to_owned(),
            Key::Sessions => rules::sessions_text(self.sessions),
            Key::RenewAfter => rules::minutes_text(self.renew_after),
            Key::LogLevel => self.log_level.name().to_owned(),
            Key::LogDays => self.log_days.to_string(),
            Key::LogFormat => self.log_format.name().to_owned(),
            Key::MetricsPort => or_off_text(self.metrics_port),
        }
    }

    /// Takes a setting over as it is typed. False if it is not what it must be; nothing changes
    /// then.
    #[must_use]
    pub fn take(&mut self, key: Key, text: &str) -> bool {
        self.read(key, text.trim()).is_some()
    }

    fn read(&mut self, key: Key, text: &str) -> Option<()> {
        match key {
            Key::StartHidden => self.start_hidden = switch(text)?,
            Key::Language => {
                self.language = one_of(
                    text,
                    &[
                        ("auto", Language::Auto),
                        ("en", Language::English),
                        ("de", Language::German),
                    ],
                )?;
            }
            Key::QuitAsks => self.quit_asks = switch(text)?,
            Key::Proxy => self.proxy = proxy(text)?,
            Key::CaFile => self.ca_file = ca_file(text)?,
            Key::Keepalive => self.keepalive = rules::keepalive(text).ok()?,
            Key::SignInBy => {
                self.sign_in_by = one_of(
                    text,
                    &[
                        ("browser", SignInBy::Browser),
                        ("device-code", SignInBy::DeviceCode),
                    ],
                )?;
            }
            Key::NotifyNeedsYou => self.notify_needs_you = switch(text)?,
            Key::NotifyOutages => self.notify_outages = switch(text)?,
            Key::OutageAfter => {
                let seconds = text.parse().ok().filter(|s| OUTAGE_AFTER.contains(s))?;
                self.outage_after = Duration::from_secs(seconds);
            }
            Key::DropsTold => {
                let drops: Option<NonZeroU32> = or_off(text)?;
                if drops.is_some_and(|drops| drops.get() > DROPS_MOST) {
                    return None;
                }
                self.drops_told = drops;
            }
            Key::Theme => {
                self.theme = one_of(
                    text,
                    &[
                        ("auto", Theme::Auto),
                        ("light", Theme::Light),
                        ("dark", Theme::Dark),
                    ],
                )?;
            }
            Key::Zoom => self.zoom = text.parse().ok().filter(|zoom| ZOOM.contains(zoom))?,
            Key::Density => {
                self.density = one_of(
                    text,
                    &[
                        ("comfortable", Density::Comfortable),
                        ("compact", Density::Compact),
                    ],
                )?;
            }
            Key::Sessions => self.sessions = rules::sessions(text).ok()?,
            Key::RenewAfter => self.renew_after = rules::renew_after(text).ok()?,
            Key::LogLevel => self.log_level = LogLevel::of_name(text)?,
            Key::LogDays => {
                self.log_days = text.parse().ok().filter(|days| LOG_DAYS.contains(days))?;
            }
            Key::LogFormat => self.log_format = LogFormat::of_name(text)?,
            Key::MetricsPort => self.metrics_port = or_off(text)?,
        }
        Some(())
    }
}

fn switch(text: &str) -> Option<bool> {
    one_of(text, &[("on", true), ("off", false)])
}

fn switch_text(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

/// A number, or the word that there is none.
fn or_off<T: FromStr>(text: &str) -> Option<Option<T>> {
    match text.eq_ignore_ascii_case("off") {
        true => Some(None),
        false => text.parse().ok().map(Some),
    }
}

fn or_off_text<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "off".to_owned(), |value| value.to_string())
}

fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Option<T> {
    let found = words
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(text));
    found.map(|(_, value)| *value)
}

/// A password has no place in a file: the keyring holds it (`culvert keys add --proxy`).
fn proxy(text: &str) -> Option<ProxyChoice> {
    match one_of(text, &[("environment", true), ("none", false)]) {
        Some(true) => Some(ProxyChoice::Environment),
        Some(false) => Some(ProxyChoice::Direct),
        None => {
            if text.len() > rules::ADDRESS_MOST {
                return None;
            }
            let url = Url::parse(text).ok()?;
            let is_proxy =
                matches!(url.scheme(), "http" | "https") && url.has_host() && url.port() != Some(0);
            (is_proxy && url.password().is_none()).then_some(ProxyChoice::Through(url))
        }
    }
}

/// Whether there is such a file, and what is in it, is seen when it is used.
fn ca_file(text: &str) -> Option<Option<PathBuf>> {
    if text.is_empty() {
        return Some(None);
    }
    let path = Path::new(text);
    (text.len() <= rules::PATH_MOST && path.is_absolute()).then(|| Some(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_is_read_as_it_is_written() {
        let usual = Settings::default();
        for key in Key::ALL {
            let mut read = Settings::default();
            assert!(read.take(key, &usual.text(key)), "{key:?}");
            assert_eq!(read, usual, "{key:?}");
        }
        for (key, text) in [
            (Key::StartHidden, "off"),
            (Key::Language, "de"),
            (Key::Proxy, "http://ann@proxy.example:8080/"),
            (Key::Proxy, "none"),
            (Key::CaFile, "/etc/company.pem"),
            (Key::Keepalive, "15"),
            (Key::SignInBy, "device-code"),
            (Key::OutageAfter, "120"),
            (Key::Theme, "dark"),
            (Key::Zoom, "150"),
            (Key::Density, "compact"),
            (Key::Sessions, "2"),
            (Key::RenewAfter, "off"),
            (Key::LogLevel, "debug"),
            (Key::LogDays, "30"),
            (Key::LogFormat, "json"),
            (Key::DropsTold, "off"),
            (Key::DropsTold, "1000"),
            (Key::MetricsPort, "9464"),
        ] {
            let mut read = Settings::default();
            assert!(read.take(key, text), "{key:?}");
            assert_ne!(read, usual, "{key:?}");
            assert_eq!(read.text(key), text);
        }
    }

    #[test]
    fn what_a_setting_must_not_be_changes_nothing() {
        for (key, text) in [
            (Key::StartHidden, "yes"),
            (Key::Language, "fr"),
            (Key::Proxy, "proxy.example:8080"),
            (Key::Proxy, "socks5://proxy.example"),
            (Key::Proxy, "http://ann:planted@proxy.example"),
            (Key::Proxy, "http://"),
            (Key::Proxy, "http://proxy.example:0"),
            (Key::Proxy, "http://proxy.example:99999"),
            (Key::CaFile, "company.pem"),
            (Key::Keepalive, "4"),
            (Key::OutageAfter, "9"),
            (Key::Zoom, "201"),
            (Key::Zoom, ""),
            (Key::Theme, "blue"),
            (Key::Sessions, "9"),
            (Key::RenewAfter, "60"),
            (Key::LogLevel, "off"),
            (Key::LogDays, "0"),
            (Key::LogDays, "91"),
            (Key::LogFormat, "xml"),
            (Key::DropsTold, "0"),
            (Key::DropsTold, "1001"),
            (Key::MetricsPort, "0"),
            (Key::MetricsPort, "65536"),
        ] {
            let mut read = Settings::default();
            assert!(!read.take(key, text), "{key:?} {text}");
            assert_eq!(read, Settings::default());
        }
        let long = "x".repeat(rules::PATH_MOST);
        for (key, begin) in [(Key::CaFile, "/"), (Key::Proxy, "http://")] {
            let taken = Settings::default().take(key, &format!("{begin}{long}"));
            assert!(!taken, "nobody has such a {key:?}");
        }
    }

    #[test]
    fn tunnels_without_a_wish_follow_the_settings_and_others_do_not() {
        let settings = Settings {
            keepalive: Duration::from_secs(15),
            sessions: PoolSize::fixed(2),
            renew_after: None,
            ..Settings::default()
        };
        let upkeep = settings.upkeep(&Upkeep::default());
        assert_eq!(upkeep.keepalive, settings.keepalive);
        assert_eq!(upkeep.sessions, settings.sessions);
        assert_eq!(upkeep.renew_after, None);
        let wish = Upkeep {
            keepalive: Duration::from_secs(60),
            sessions: PoolSize::fixed(1),
            renew_after: Some(Duration::from_secs(600)),
            ..Upkeep::default()
        };
        assert_eq!(settings.upkeep(&wish), wish);
    }
}
