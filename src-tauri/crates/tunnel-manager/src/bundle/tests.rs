use tempfile::TempDir;

use super::*;

fn bundle() -> Bundle {
    Bundle {
        files: vec![BundleFile {
            path: "summary.md".to_owned(),
            text: "# What happened\n".repeat(1000),
            replaced: Vec::new(),
        }],
        lacks: Vec::new(),
    }
}

#[test]
fn a_bundle_is_written_whole_for_its_owner_alone_and_over_no_other_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bundle.zip");
    let written = bundle().write(&path, &Cancel::default()).unwrap();
    assert_eq!(written.sha256.len(), 64);
    assert_eq!(written.bytes, std::fs::metadata(&path).unwrap().len());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = bundle().write(&path, &Cancel::default());
    assert!(matches!(again, Err(BundleError::Exists(_))), "{again:?}");
}

#[test]
fn a_bundle_that_is_cancelled_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let cancel = Cancel::default();
    cancel.cancel();
    let written = bundle().write(&folder.path().join("bundle.zip"), &cancel);
    assert!(
        matches!(written, Err(BundleError::Cancelled)),
        "{written:?}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_is_not_there_is_a_failure_that_names_the_file() {
    let path = std::path::Path::new("/no/such/folder/bundle.zip");
    let written = bundle().write(path, &Cancel::default());
    assert!(
        matches!(written, Err(BundleError::Write { .. })),
        "{written:?}"
    );
}

#[test]
fn a_bundle_is_there_though_its_folder_can_not_be_flushed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bundle.zip");
    let refused = |_: &std::path::Path| Err(std::io::ErrorKind::Unsupported.into());
    let written = bundle().write_with(&path, &Cancel::default(), refused);
    assert!(!written.unwrap().flushed);
    assert!(path.exists());
}
