//! What crosses the bridge that is not of tunnels.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::view::ProblemView;

/// What the program round the window has to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShellView {
    /// What waits for an answer.
    pub(crate) question: Option<QuestionView>,
    /// The tunnel that the user was led to last.
    pub(crate) selected: Option<SelectedView>,
    /// Why what happens can't be kept on disk; none where it can.
    pub(crate) unkept: Option<ProblemView>,
}

/// A tunnel that the user is led to, by a click on a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SelectedView {
    /// Its id.
    pub(crate) tunnel: String,
    /// To sign in for it at once: the user has just chosen that.
    pub(crate) signs_in: bool,
    /// Another one each time.
    pub(crate) number: u32,
}

/// What the user is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum QuestionView {
    /// The window is about to close for the first time; the program goes on.
    Closing {
        /// How the window comes back.
        way: WayBackView,
    },
    /// The program is about to end, and connections would break: those in the overview.
    Quitting,
    /// A tunnel to production is about to be started.
    Production {
        /// Its id.
        tunnel: String,
    },
}

/// How a window that was closed comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum WayBackView {
    /// By the icon in the tray.
    Tray,
    /// By starting the program again.
    SecondStart,
}

/// What the user answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum AnswerView {
    /// Everything stays as it is.
    Stay,
    /// The window closes, the program goes on.
    CloseWindow,
    /// The program ends.
    Quit,
}
