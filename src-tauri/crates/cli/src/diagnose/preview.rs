//! What is in a bundle, before it is written.

use std::collections::BTreeMap;

use serde::Serialize;
use tunnel_manager::bundle::{Bundle, BundleFile, Lack};

use crate::output::{json, say};
use crate::words::one_line;

/// A line of JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum Line<'a> {
    File {
        path: &'a str,
        bytes: usize,
        replaced: BTreeMap<&'static str, u32>,
    },
    Lack {
        code: &'static str,
        what: &'a str,
    },
}

/// Prints the files, what was replaced in each, and what could not be had.
pub(super) fn show(bundle: &Bundle, as_json: bool) {
    for file in &bundle.files {
        match as_json {
            true => json(&Line::File {
                path: &file.path,
                bytes: file.text.len(),
                replaced: replaced(file),
            }),
            false => say(&line(file)),
        }
    }
    for Lack { code, what, .. } in &bundle.lacks {
        match as_json {
            true => json(&Line::Lack { code, what }),
            false => say(&format!("not there: {}", one_line(what))),
        }
    }
}

fn replaced(file: &BundleFile) -> BTreeMap<&'static str, u32> {
    let counts = file.replaced.iter();
    counts.map(|(kind, count)| (kind.label(), *count)).collect()
}

fn line(file: &BundleFile) -> String {
    let counts = replaced(file);
    let counts: Vec<_> = counts
        .iter()
        .map(|(label, count)| format!("{count} {label}"))
        .collect();
    let counts = match counts.as_slice() {
        [] => "nothing to replace".to_owned(),
        counts => format!("replaced: {}", counts.join(", ")),
    };
    format!(
        "{:<24} {:>9} bytes  {counts}",
        one_line(&file.path),
        file.text.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_with_what_was_replaced_in_it() {
        let mut file = BundleFile {
            path: "summary.md".to_owned(),
            text: "x".to_owned(),
            replaced: Vec::new(),
        };
        assert!(line(&file).ends_with("1 bytes  nothing to replace"));
        file.replaced = vec![(tunnel_manager::bundle::Kind::Host, 3)];
        assert!(line(&file).ends_with("replaced: 3 host"));
    }
}
