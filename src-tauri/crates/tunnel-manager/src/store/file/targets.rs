//! A tunnel's targets: a text, or a list of texts.

use serde::{Deserialize, Serialize};

/// What `target` has for a value: one text, in which commas may stand, or one for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Targets {
    /// `"i-0123456789abcdef0"`, `"name:bastion, name:spare"`.
    Text(String),
    /// `["name:bastion", "name:spare"]`.
    List(Vec<String>),
}

impl Targets {
    /// The value as it would be typed into a form.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::List(texts) => texts.join(", "),
        }
    }
}
