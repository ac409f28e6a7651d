//! What crosses the bridge of the program's settings.

use std::path::Path;

use serde::{Deserialize, Serialize};
use specta::Type;
use tunnel_manager::{Key, Settings, SettingsState};

use crate::view::ProblemView;

/// The settings at one moment.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsView {
    /// All of them.
    settings: Vec<SettingView>,
    /// Whether the program starts at login; none where the system does not offer it.
    autostart: Option<bool>,
    /// Why the file could not be read; what was read before counts.
    problem: Option<ProblemView>,
    /// The file.
    path: String,
}

/// A setting.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingView {
    key: KeyView,
    /// As it is typed.
    value: String,
    /// What it is without a wish.
    usual: String,
    /// Where the file has something else for it than it must be: line and column.
    fault: Option<(u32, u32)>,
}

/// Names a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum KeyView {
    StartHidden,
    Language,
    QuitAsks,
    Proxy,
    CaFile,
    Keepalive,
    SignInBy,
    NotifyNeedsYou,
    NotifyOutages,
    OutageAfter,
    DropsTold,
    Theme,
    Zoom,
    Density,
    Sessions,
    RenewAfter,
    LogLevel,
    LogDays,
    LogFormat,
    MetricsPort,
}

impl SettingsView {
    pub(crate) fn of(state: &SettingsState, autostart: Option<bool>, path: &Path) -> Self {
        let usual = Settings::default();
        let place = |key| {
            let fault = state.faults.iter().find(|fault| fault.key == key)?;
            let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            Some((number(fault.line), number(fault.column)))
        };
        let settings = Key::ALL.map(|key| SettingView {
            key: key.into(),
            value: state.settings.text(key),
            usual: usual.text(key),
            fault: place(key),
        });
        Self {
            settings: settings.into(),
            autostart,
            problem: state.problem.as_ref().map(ProblemView::from),
            path: path.display().to_string(),
        }
    }
}

impl From<Key> for KeyView {
    fn from(key: Key) -> Self {
        match key {
            Key::StartHidden => Self::StartHidden,
            Key::Language => Self::Language,
            Key::QuitAsks => Self::QuitAsks,
            Key::Proxy => Self::Proxy,
            Key::CaFile => Self::CaFile,
            Key::Keepalive => Self::Keepalive,
            Key::SignInBy => Self::SignInBy,
            Key::NotifyNeedsYou => Self::NotifyNeedsYou,
            Key::NotifyOutages => Self::NotifyOutages,
            Key::OutageAfter => Self::OutageAfter,
            Key::DropsTold => Self::DropsTold,
            Key::Theme => Self::Theme,
            Key::Zoom => Self::Zoom,
            Key::Density => Self::Density,
            Key::Sessions => Self::Sessions,
            Key::RenewAfter => Self::RenewAfter,
            Key::LogLevel => Self::LogLevel,
            Key::LogDays => Self::LogDays,
            Key::LogFormat => Self::LogFormat,
            Key::MetricsPort => Self::MetricsPort,
        }
    }
}

impl From<KeyView> for Key {
    fn from(key: KeyView) -> Self {
        match key {
            KeyView::StartHidden => Self::StartHidden,
            KeyView::Language => Self::Language,
            KeyView::QuitAsks => Self::QuitAsks,
            KeyView::Proxy => Self::Proxy,
            KeyView::CaFile => Self::CaFile,
            KeyView::Keepalive => Self::Keepalive,
            KeyView::SignInBy => Self::SignInBy,
            KeyView::NotifyNeedsYou => Self::NotifyNeedsYou,
            KeyView::NotifyOutages => Self::NotifyOutages,
            KeyView::OutageAfter => Self::OutageAfter,
            KeyView::DropsTold => Self::DropsTold,
            KeyView::Theme => Self::Theme,
            KeyView::Zoom => Self::Zoom,
            KeyView::Density => Self::Density,
            KeyView::Sessions => Self::Sessions,
            KeyView::RenewAfter => Self::RenewAfter,
            KeyView::LogLevel => Self::LogLevel,
            KeyView::LogDays => Self::LogDays,
            KeyView::LogFormat => Self::LogFormat,
            KeyView::MetricsPort => Self::MetricsPort,
        }
    }
}
