//! The production mark: `true`, or a table of its settings.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::{Serialize, Serializer};

use super::scalar::Scalar;
use crate::profile::ProductionDraft;

/// What `production` has for a value.
#[derive(Debug)]
pub(super) enum Mark {
    /// `true`: it is production, with everything as usual; or not.
    Is(bool),
    /// It is production, and some of it is not as usual.
    With(Settings),
}

/// What can be set of it.
#[derive(Debug, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    reason: Option<String>,
    closes_after: Option<Scalar>,
}

impl Mark {
    pub(super) fn into_draft(self) -> Option<ProductionDraft> {
        match self {
            Self::Is(is) => is.then(ProductionDraft::default),
            Self::With(settings) => Some(ProductionDraft {
                reason: settings.reason,
                closes_after: settings.closes_after.map(Scalar::into_text),
            }),
        }
    }
}

impl From<ProductionDraft> for Mark {
    fn from(draft: ProductionDraft) -> Self {
        if draft == ProductionDraft::default() {
            return Self::Is(true);
        }
        Self::With(Settings {
            reason: draft.reason,
            closes_after: draft.closes_after.map(Scalar::from),
        })
    }
}

impl Serialize for Mark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Is(is) => serializer.serialize_bool(*is),
            Self::With(settings) => settings.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Mark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MarkVisitor)
    }
}

struct MarkVisitor;

impl<'de> Visitor<'de> for MarkVisitor {
    type Value = Mark;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false or a table such as { reason = \"ask\", closes_after = \"8h\" }")
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<Mark, E> {
        Ok(Mark::Is(is))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Mark, A::Error> {
        Settings::deserialize(MapAccessDeserializer::new(map)).map(Mark::With)
    }
}
