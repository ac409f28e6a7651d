//! Lists of hosts that the Query protocol gives page by page.

use aws_credential_types::Credentials;

use super::{Reader, Reading, xml};
use crate::{AccessError, Host};

/// A list, and how its pages are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pages {
    pub(super) reading: Reading,
    /// The API's.
    pub(super) version: &'static str,
    /// How many items a page has at most, and the parameter that says so.
    pub(super) most: (&'static str, &'static str),
    /// The element that holds the items.
    pub(super) list: &'static str,
    /// The place of the next page, as parameter and as element.
    pub(super) next: &'static str,
}

impl Reader {
    /// Asks for one page, with further parameters, and gives its hosts and the place of the next.
    pub(super) async fn page<I: IntoIterator<Item = Host>>(
        &self,
        pages: Pages,
        next: Option<&str>,
        further: &[(&str, &str)],
        credentials: &Credentials,
        item: impl FnMut(&mut xml::Element<'_, '_>) -> Result<I, AccessError>,
    ) -> Result<(Vec<Host>, Option<String>), AccessError> {
        let next = next.map(|next| (pages.next, next));
        let all = [pages.most].into_iter().chain(next);
        let parameters: Vec<_> = all
            .chain(further.iter().copied())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let (reading, version) = (pages.reading, pages.version);
        let answer = self
            .query(reading, version, &parameters, credentials)
            .await?;
        pages.read(&answer, item)
    }
}

impl Pages {
    /// Reads one page.
    pub(super) fn read<I: IntoIterator<Item = Host>>(
        self,
        answer: &str,
        mut item: impl FnMut(&mut xml::Element<'_, '_>) -> Result<I, AccessError>,
    ) -> Result<(Vec<Host>, Option<String>), AccessError> {
        let operation = self.reading.operation();
        let (mut hosts, mut next) = (Vec::new(), None);
        xml::document(answer, &format!("{operation}Response"), |name, child| {
            if name.strip_prefix(operation) != Some("Result") {
                return Ok(());
            }
            xml::children(child, |name, child| {
                if name == self.list {
                    xml::children(child, |_, child| {
                        hosts.extend(item(child)?);
                        Ok(())
                    })?;
                } else if name == self.next {
                    next = xml::text(child)?;
                }
                Ok(())
            })
        })?;
        Ok((hosts, next))
    }
}
