//! The file.

use std::fs::{self, File};
use std::io::{self, Cursor, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::deadline::Wait;
use super::{Bundle, BundleError, Cancel, Deadline};

/// A bundle that is on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    /// Where.
    pub path: PathBuf,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// How long it is.
    pub bytes: u64,
    /// Whether it is sure to outlast a power cut: some folders can't be flushed to their disk.
    pub flushed: bool,
}

impl Bundle {
    /// Writes it in the same way, within what is left of the time that it has.
    ///
    /// # Errors
    /// As [`write`](Self::write), or the disk has not taken it in time. Nothing is left then.
    pub async fn write_by(
        self,
        path: PathBuf,
        deadline: &Deadline,
    ) -> Result<Written, BundleError> {
        let cancel = deadline.cancel().clone();
        let (to, wanted) = (path.clone(), cancel.clone());
        let writing = spawn_blocking(move || self.write(&to, &wanted));
        match deadline.within(Wait::Writing, writing).await? {
            Some(written) => written?,
            None => {
                cancel.cancel();
                Err(BundleError::Write {
                    path,
                    source: io::ErrorKind::TimedOut.into(),
                })
            }
        }
    }

    /// Writes it as a zip file for its owner alone, under a temporary name first: whoever is killed
    /// meanwhile leaves nothing under the final one. Blocks.
    ///
    /// # Errors
    /// It is cancelled, there is a file of that name, or it can't be written. Nothing is left then.
    pub fn write(&self, path: &Path, cancel: &Cancel) -> Result<Written, BundleError> {
        self.write_with(path, cancel, sync_folder)
    }

    pub(super) fn write_with(
        &self,
        path: &Path,
        cancel: &Cancel,
        sync: impl Fn(&Path) -> io::Result<()>,
    ) -> Result<Written, BundleError> {
        let failed = |source: io::Error| BundleError::Write {
            path: path.to_owned(),
            source,
        };
        if path.exists() {
            return Err(BundleError::Exists(path.to_owned()));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        };
        // Packed in memory, where there is always room: a disk that is full half way meets one call.
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .unix_permissions(0o600);
        for each in &self.files {
            cancel.check()?;
            zip.start_file(each.path.as_str(), options)
                .map_err(|error| failed(error.into()))?;
            zip.write_all(each.text.as_bytes()).map_err(failed)?;
        }
        let packed = zip.finish().map_err(|error| failed(error.into()))?;
        let bytes = packed.into_inner();
        let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(&bytes).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        cancel.settle()?;
        file.persist_noclobber(path).map_err(|error| {
            if error.error.kind() == io::ErrorKind::AlreadyExists {
                BundleError::Exists(path.to_owned())
            } else {
                failed(error.error)
            }
        })?;
        // The file is there by now, whatever its folder says.
        let flushed = sync(folder);
        if let Err(error) = &flushed {
            let folder = folder.display();
            tracing::warn!(%error, %folder, "a folder can't be flushed to its disk");
        }
        Ok(Written {
            path: fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
            sha256: hex(&Sha256::digest(&bytes)),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            flushed: flushed.is_ok(),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A rename is only kept over a power cut once its folder is on the disk.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
