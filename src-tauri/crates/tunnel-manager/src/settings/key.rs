//! What settings there are, and where they stand in the file.

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// `general.start_hidden`
    StartHidden,
    /// `general.language`
    Language,
    /// `general.quit_asks`
    QuitAsks,
    /// `network.proxy`
    Proxy,
    /// `network.ca_file`
    CaFile,
    /// `network.keepalive`
    Keepalive,
    /// `sign_in.by`
    SignInBy,
    /// `notifications.needs_you`
    NotifyNeedsYou,
    /// `notifications.outages`
    NotifyOutages,
    /// `notifications.outage_after`
    OutageAfter,
    /// `notifications.drops_told`
    DropsTold,
    /// `appearance.theme`
    Theme,
    /// `appearance.zoom`
    Zoom,
    /// `appearance.density`
    Density,
    /// `tunnels.sessions`
    Sessions,
    /// `tunnels.renew_after`
    RenewAfter,
    /// `log.level`
    LogLevel,
    /// `log.days`
    LogDays,
    /// `log.format`
    LogFormat,
    /// `metrics.port`
    MetricsPort,
}

/// A value of the file that is not what it must be. The setting is as usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which setting.
    pub key: Key,
    /// Counts from 1.
    pub line: usize,
    /// Counts characters from 1.
    pub column: usize,
}

impl Key {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 20] = [
        Self::StartHidden,
        Self::Language,
        Self::QuitAsks,
        Self::Proxy,
        Self::CaFile,
        Self::Keepalive,
        Self::SignInBy,
        Self::NotifyNeedsYou,
        Self::NotifyOutages,
        Self::OutageAfter,
        Self::DropsTold,
        Self::Theme,
        Self::Zoom,
        Self::Density,
        Self::Sessions,
        Self::RenewAfter,
        Self::LogLevel,
        Self::LogDays,
        Self::LogFormat,
        Self::MetricsPort,
    ];

    /// Its section and its name in the file.
    pub const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::StartHidden => ("general", "start_hidden"),
            Self::Language => ("general", "language"),
            Self::QuitAsks => ("general", "quit_asks"),
            Self::Proxy => ("network", "proxy"),
            Self::CaFile => ("network", "ca_file"),
            Self::Keepalive => ("network", "keepalive"),
            Self::SignInBy => ("sign_in", "by"),
            Self::NotifyNeedsYou => ("notifications", "needs_you"),
            Self::NotifyOutages => ("notifications", "outages"),
            Self::OutageAfter => ("notifications", "outage_after"),
            Self::DropsTold => ("notifications", "drops_told"),
            Self::Theme => ("appearance", "theme"),
            Self::Zoom => ("appearance", "zoom"),
            Self::Density => ("appearance", "density"),
            Self::Sessions => ("tunnels", "sessions"),
            Self::RenewAfter => ("tunnels", "renew_after"),
            Self::LogLevel => ("log", "level"),
            Self::LogDays => ("log", "days"),
            Self::LogFormat => ("log", "format"),
            Self::MetricsPort => ("metrics", "port"),
        }
    }

    /// Says whether it is either on or off.
    pub const fn is_switch(self) -> bool {
        match self {
            Self::StartHidden | Self::QuitAsks | Self::NotifyNeedsYou | Self::NotifyOutages => true,
            Self::Language
            | Self::Proxy
            | Self::CaFile
            | Self::Keepalive
            | Self::SignInBy
            | Self::OutageAfter
            | Self::DropsTold
            | Self::Theme
            | Self::Zoom
            | Self::Density
            | Self::Sessions
            | Self::RenewAfter
            | Self::LogLevel
            | Self::LogDays
            | Self::LogFormat
            | Self::MetricsPort => false,
        }
    }

    /// What it must be, in one sentence.
    pub const fn must(self) -> &'static str {
        match self {
            Self::StartHidden | Self::QuitAsks | Self::NotifyNeedsYou | Self::NotifyOutages => {
                "It must be true or false."
            }
            Self::Language => "It must be \"auto\", \"en\" or \"de\".",
            Self::Proxy => {
                "It must be \"environment\", \"none\" or an address such as \
                 \"http://proxy.example:8080\", without a password."
            }
            Self::CaFile => "It must be the absolute path of a PEM file, or empty.",
            Self::Keepalive => "It must be 5 to 300 seconds.",
            Self::SignInBy => "It must be \"browser\" or \"device-code\".",
            Self::OutageAfter => "It must be 10 to 3600 seconds.",
            Self::DropsTold => "It must be 1 to 1000 drops within an hour, or \"off\".",
            Self::Theme => "It must be \"auto\", \"light\" or \"dark\".",
            Self::Zoom => "It must be 75 to 200 percent.",
            Self::Density => "It must be \"comfortable\" or \"compact\".",
            Self::Sessions => "It must be a number from 1 to 8, or a range such as \"1-4\".",
            Self::RenewAfter => "It must be 1 to 59 minutes, or \"off\".",
            Self::LogLevel => "It must be \"error\", \"warn\", \"info\", \"debug\" or \"trace\".",
            Self::LogDays => "It must be 1 to 90 days.",
            Self::LogFormat => "It must be \"text\" or \"json\".",
            Self::MetricsPort => "It must be a port from 1 to 65535, or \"off\".",
        }
    }
}
