//! Whether there is a folder for what the program keeps, said before it is missed.

use std::io;
use std::path::{Path, PathBuf};

use tunnel_proto::{Problem, ProblemKind};

use super::{HISTORY, RECORDINGS, SESSIONS, STATE_DIR_VARIABLE};
use crate::log::LOG_FOLDER;

/// Why nothing, or not all, can be kept in this folder, which is made if need be; `None` where all can.
pub(super) fn problem(folder: Option<&Path>) -> Option<Problem> {
    let Some(folder) = folder else {
        return Some(Problem::new(
            ProblemKind::Settings,
            "state-nowhere",
            "What happens to tunnels is not kept: the system names no home folder.",
            format!("Name a folder with {STATE_DIR_VARIABLE}. Tunnels work without one."),
        ));
    };
    let (path, error) = unwritable(folder)?;
    let path = path.display();
    let problem = Problem::new(
        ProblemKind::Settings,
        "state-unwritable",
        format!("What happens to tunnels can't be kept: nothing can be written in {path}."),
        format!(
            "Make room there and let yourself write to it, or name another folder with \
             {STATE_DIR_VARIABLE}. Tunnels work without it; what they went through, their logs, and \
             which sessions a crash leaves behind is not kept."
        ),
    );
    Some(
        problem
            .with_fact("folder", &path)
            .with_details(error.to_string()),
    )
}

/// The first folder that can't be written to, and why.
fn unwritable(folder: &Path) -> Option<(PathBuf, io::Error)> {
    let tried = |path: PathBuf| tried(&path).err().map(|error| (path, error));
    let parts = [HISTORY, SESSIONS, RECORDINGS, LOG_FOLDER].map(|name| folder.join(name));
    // What is not there yet is made in the folder above.
    let there = parts
        .into_iter()
        .filter(|path| path.symlink_metadata().is_ok());
    std::iter::once(folder.to_owned())
        .chain(there)
        .find_map(tried)
}

/// Makes a folder, for its owner alone, and a file of one byte in it that goes at once.
fn tried(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, b"?")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_that_can_be_made_and_written_is_no_problem_and_keeps_nothing_of_the_trial() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("state/culvert");
        assert_eq!(problem(Some(&folder)), None);
        assert_eq!(fs::read_dir(&folder).expect("made").count(), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_made_or_is_none_is_told_with_its_name_and_code() {
        let home = tempfile::tempdir().expect("a folder");
        let file = home.path().join("file");
        fs::write(&file, "no folder").expect("written");
        for folder in [file.clone(), file.join("state")] {
            let told = problem(Some(&folder)).expect("told");
            assert_eq!(told.code, "state-unwritable");
            assert!(
                told.what.contains(&folder.display().to_string()),
                "{told:?}"
            );
            assert!(!told.details.is_empty());
        }
        assert_eq!(problem(None).expect("told").code, "state-nowhere");
    }

    #[test]
    fn a_part_of_it_that_cannot_be_written_is_told() {
        let home = tempfile::tempdir().expect("a folder");
        fs::write(home.path().join("history"), "no folder").expect("written");
        let told = problem(Some(home.path())).expect("told");
        assert!(told.what.contains("history"), "{told:?}");
    }
}
