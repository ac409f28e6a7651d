//! What the window sees of a file of tunnels. As in [`crate::view`], a contract of its own.

use serde::{Deserialize, Serialize};
use specta::Type;
use tunnel_manager::Draft;
use tunnel_manager::exchange::{Change, Choice, Difference, Offer};

use crate::view::{DraftView, FieldView};

/// A file that was read.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportView {
    /// By this it is named in the choice.
    number: u32,
    /// Its tunnels, in its order.
    offers: Vec<OfferView>,
}

/// A tunnel of the file.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfferView {
    /// As the file has it.
    draft: DraftView,
    difference: DifferenceView,
    /// What is done if nothing else is chosen.
    usual: ChoiceView,
}

/// How it differs from the saved ones.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(crate) enum DifferenceView {
    /// None has its id or its name.
    New,
    /// It is saved as it is.
    Same,
    /// It is saved with other settings.
    Changed { changes: Vec<ChangeView> },
    /// Another one of its name is saved.
    Clash { changes: Vec<ChangeView> },
}

/// A setting that differs; a text is empty where it is as usual.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangeView {
    field: FieldView,
    from: String,
    to: String,
}

/// What becomes of a tunnel of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ChoiceView {
    /// Nothing.
    Leave,
    /// It is saved, in the place of the one that it differs from.
    Take,
    /// It is saved beside that one.
    Beside,
}

impl ImportView {
    pub(super) fn new(number: u32, offers: &[Offer]) -> Self {
        Self {
            number,
            offers: offers.iter().map(OfferView::from).collect(),
        }
    }
}

impl From<&Offer> for OfferView {
    fn from(offer: &Offer) -> Self {
        Self {
            draft: Draft::from(&offer.profile).into(),
            difference: DifferenceView::from(&offer.difference),
            usual: super::usual(&offer.difference),
        }
    }
}

impl From<&Difference> for DifferenceView {
    fn from(difference: &Difference) -> Self {
        let all = |changes: &[Change]| changes.iter().map(ChangeView::from).collect();
        match difference {
            Difference::New => Self::New,
            Difference::Same => Self::Same,
            Difference::Changed(changes) => Self::Changed {
                changes: all(changes),
            },
            Difference::Clash { with: _, changes } => Self::Clash {
                changes: all(changes),
            },
        }
    }
}

impl From<&Change> for ChangeView {
    fn from(change: &Change) -> Self {
        Self {
            field: change.field.into(),
            from: change.from.clone(),
            to: change.to.clone(),
        }
    }
}

impl From<ChoiceView> for Choice {
    fn from(choice: ChoiceView) -> Self {
        match choice {
            ChoiceView::Leave => Self::Leave,
            ChoiceView::Take => Self::Take,
            ChoiceView::Beside => Self::Beside,
        }
    }
}

impl From<Choice> for ChoiceView {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Leave => Self::Leave,
            Choice::Take => Self::Take,
            Choice::Beside => Self::Beside,
        }
    }
}
