//! The manual pages in `packaging/man`: made from the command line's own descriptions, and kept in
//! the repository, so that a package is made without a second build.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use clap::CommandFactory as _;

use crate::args::Args;

/// Set to write the pages instead of comparing them.
const WRITE_VARIABLE: &str = "CULVERT_WRITE_MANUAL";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../packaging/man")
}

fn pages(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|entry| entry.expect("readable"))
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).expect("readable");
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect()
}

#[test]
fn the_manual_pages_are_those_of_this_command_line() {
    let fresh = tempfile::tempdir().expect("a folder");
    // What `culvert help` does is said on the first page.
    let command = Args::command().disable_help_subcommand(true);
    clap_mangen::generate_to(command, fresh.path()).expect("written");
    let fresh = pages(fresh.path());
    assert!(fresh.contains_key("culvert.1") && fresh.contains_key("culvert-forward.1"));
    if env::var_os(WRITE_VARIABLE).is_some() {
        fs::remove_dir_all(folder()).ok();
        fs::create_dir_all(folder()).expect("writable");
        for (name, text) in &fresh {
            fs::write(folder().join(name), text).expect("writable");
        }
    }
    let kept = pages(&folder());
    let stale = fresh
        .iter()
        .filter(|(name, text)| kept.get(*name) != Some(text));
    let stale: Vec<_> = stale.map(|(name, _)| name).collect();
    assert!(
        stale.is_empty() && kept.len() == fresh.len(),
        "packaging/man is out of date ({stale:?}): run \
         `{WRITE_VARIABLE}=1 cargo test -p culvert-cli --bin culvert manual`"
    );
}
