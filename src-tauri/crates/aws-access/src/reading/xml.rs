//! Answers in XML: one element after the other, never more than one answer deep.

use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};

use super::malformed;
use crate::AccessError;

/// An element that is being read.
pub(super) type Element<'doc, 'from> = ScopedDecoder<'doc, 'from>;

/// Reads a document: `read` is given each child of its root, by name.
///
/// # Errors
/// [`AccessError::Unparsable`] for what is no XML, or has no root of this name.
pub(super) fn document(
    text: &str,
    root: &str,
    mut read: impl FnMut(&str, &mut Element<'_, '_>) -> Result<(), AccessError>,
) -> Result<(), AccessError> {
    let mut document = Document::new(text);
    let mut element = document.root_element().map_err(malformed)?;
    let name = element.start_el().local();
    if name != root {
        return Err(malformed(format_args!("{name} instead of {root}")));
    }
    children(&mut element, &mut read)
}

/// Gives `read` each child of an element, by name. What it does not read is skipped.
pub(super) fn children(
    element: &mut Element<'_, '_>,
    mut read: impl FnMut(&str, &mut Element<'_, '_>) -> Result<(), AccessError>,
) -> Result<(), AccessError> {
    while let Some(mut child) = element.next_tag() {
        let name = child.start_el().local().to_owned();
        read(&name, &mut child)?;
    }
    Ok(())
}

/// The text of an element; `None` if it is empty.
pub(super) fn text(element: &mut Element<'_, '_>) -> Result<Option<String>, AccessError> {
    let text = try_data(element).map_err(malformed)?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<String>, AccessError> {
        let mut names = Vec::new();
        document(text, "r", |name, _| {
            names.push(name.to_owned());
            Ok(())
        })?;
        Ok(names)
    }

    #[test]
    fn children_that_nobody_reads_are_skipped_however_deep_they_are() {
        let deep = format!("{}{}", "<x>".repeat(100_000), "</x>".repeat(100_000));
        let text = format!("<r><a/>{deep}<b>t</b></r>");
        assert_eq!(names(&text).unwrap(), ["a", "x", "b"]);
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for text in ["", "no xml", "<html><body/></html>", "<r"] {
            assert!(names(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn entities_of_xml_are_read_and_no_others() {
        let read = |text: &str| {
            let mut found = None;
            document(text, "r", |_, child| {
                found = self::text(child)?;
                Ok(())
            })
            .map(|()| found)
        };
        let plain = read("<r><a>a &amp; b &lt; c</a></r>").unwrap();
        assert_eq!(plain.as_deref(), Some("a & b < c"));
        assert_eq!(read("<r><a> </a></r>").unwrap(), None);
        let bomb = "<!DOCTYPE r [<!ENTITY a \"xx\">]><r><a>&a;</a></r>";
        assert!(read(bomb).is_err());
    }
}
