//! Hosts and ports as the Query protocols write them.

use super::xml;
use crate::AccessError;

/// A host and its port, as far as they have been read.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
}

impl Place {
    /// Reads an element with `Address` and `Port` in it.
    pub(super) fn read(element: &mut xml::Element<'_, '_>) -> Result<Self, AccessError> {
        let mut place = Self::default();
        xml::children(element, |name, child| {
            match name {
                "Address" => place.host = xml::text(child)?,
                "Port" => place.port = port(child)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(place)
    }

    /// Both, if they are there: what is being created has none yet.
    pub(super) fn whole(self) -> Option<(String, u16)> {
        Some((self.host?, self.port?))
    }
}

/// Reads a port; what is none counts as absent.
pub(super) fn port(element: &mut xml::Element<'_, '_>) -> Result<Option<u16>, AccessError> {
    let port = xml::text(element)?.and_then(|port| port.parse().ok());
    Ok(port.filter(|port| *port != 0))
}

/// An engine and its version.
pub(super) fn engine(name: Option<String>, version: Option<String>) -> Option<String> {
    match (name, version) {
        (Some(name), Some(version)) => Some(format!("{name} {version}")),
        (one, None) | (None, one) => one,
    }
}
