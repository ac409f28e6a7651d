//! Which program a process is.

use std::fmt;
use std::path::Path;

/// What the files of Culvert's programs are called.
const CULVERT: [&str; 2] = ["culvert", "culvert-desktop"];

/// A process that has a port, or the other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its program's name.
    pub name: String,
    /// Its process id.
    pub pid: u32,
    /// Whether its program is Culvert, under whatever name it was started: the file decides, so
    /// that AWS's own session-manager-plugin is none, and what stands in for it is.
    pub is_culvert: bool,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

impl Holder {
    /// A process of which the system tells its name and its program's file, where it does.
    pub(crate) fn new(pid: u32, name: String, file: &Path) -> Self {
        let file = file_name(file);
        let is_culvert = file.as_deref().is_some_and(|file| CULVERT.contains(&file));
        Self {
            name: whole(name, file.into_iter().chain(called(pid))),
            pid,
            is_culvert,
        }
    }

    /// The process with this id; `None` if there is none.
    #[cfg(target_os = "linux")]
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let process = procfs::process::Process::new(i32::try_from(pid).ok()?).ok()?;
        let name = process.stat().ok()?.comm;
        // Those of other users do not tell.
        let file = process.exe().unwrap_or_default();
        Some(Self::new(pid, name, &file))
    }
}

/// The name of a program's file, without what Windows and, for one that was replaced while it
/// runs, Linux put behind it (proc(5), `/proc/pid/exe`).
fn file_name(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_string_lossy();
    let name = name.strip_suffix(" (deleted)").unwrap_or(&name);
    Some(name.strip_suffix(".exe").unwrap_or(name).to_owned())
}

/// What Linux keeps of a process's name (`TASK_COMM_LEN`, proc(5)), the NUL at its end left out.
#[cfg(target_os = "linux")]
const KEPT: usize = 15;

/// The name in full: Linux keeps its beginning, which the name of the program's file, or of the
/// link that it was started by, goes on.
#[cfg(target_os = "linux")]
fn whole(name: String, mut longer: impl Iterator<Item = String>) -> String {
    if name.len() < KEPT {
        return name;
    }
    longer
        .find(|longer| longer.starts_with(&name))
        .unwrap_or(name)
}

/// The name that a process was started by.
#[cfg(target_os = "linux")]
fn called(pid: u32) -> Option<String> {
    let process = procfs::process::Process::new(i32::try_from(pid).ok()?).ok()?;
    let arguments = process.cmdline().ok()?;
    file_name(Path::new(arguments.first()?))
}

#[cfg(not(target_os = "linux"))]
fn whole(name: String, _longer: impl Iterator<Item = String>) -> String {
    name
}

#[cfg(not(target_os = "linux"))]
fn called(_pid: u32) -> Option<String> {
    None
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// A program that waits for its input to end.
    struct Waiting(Child);

    impl Waiting {
        fn start(program: &Path) -> Self {
            let mut command = Command::new(program);
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn().unwrap();
            // It has begun once it gives back what it got: Linux tells the name of a process a
            // moment before its arguments.
            child.stdin.as_mut().unwrap().write_all(b"?").unwrap();
            let mut back = [0];
            child
                .stdout
                .as_mut()
                .unwrap()
                .read_exact(&mut back)
                .unwrap();
            Self(child)
        }

        fn holder(&self) -> Holder {
            Holder::of(self.0.id()).unwrap()
        }
    }

    impl Drop for Waiting {
        fn drop(&mut self) {
            drop(self.0.stdin.take());
            let _ = self.0.wait();
        }
    }

    /// A copy of a program, as whoever has installed it called it.
    fn installed(folder: &Path, name: &str) -> std::path::PathBuf {
        let copy = folder.join(name);
        // Not by this process: a test beside it that starts a program at that moment would have
        // that file open for writing, and it could not be run (ETXTBSY, execve(2)).
        let done = Command::new("cp").arg("/bin/cat").arg(&copy).status();
        assert!(done.unwrap().success());
        copy
    }

    #[test]
    fn a_name_is_told_in_full_and_aws_own_plugin_is_not_taken_for_culvert() {
        let folder = tempfile::tempdir().unwrap();
        let plugin = Waiting::start(&installed(folder.path(), "session-manager-plugin"));
        let holder = plugin.holder();
        assert_eq!(holder.name, "session-manager-plugin");
        assert!(!holder.is_culvert, "{holder:?}");
        let shown = format!("session-manager-plugin (process {})", plugin.0.id());
        assert_eq!(holder.to_string(), shown);
    }

    #[test]
    fn culvert_is_known_under_its_own_name_and_by_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let culvert = installed(folder.path(), "culvert");
        let link = folder.path().join("session-manager-plugin");
        std::os::unix::fs::symlink(&culvert, &link).unwrap();
        for (program, name) in [(&culvert, "culvert"), (&link, "session-manager-plugin")] {
            let holder = Waiting::start(program).holder();
            assert_eq!((holder.name.as_str(), holder.is_culvert), (name, true));
        }
        // An update has put another file in its place.
        let running = Waiting::start(&culvert);
        std::fs::remove_file(&culvert).unwrap();
        let holder = running.holder();
        assert!(holder.is_culvert, "{holder:?}");
    }

    #[test]
    fn only_a_name_that_was_cut_is_completed_and_by_what_goes_on_with_it() {
        let of = |name: &str, longer: &[&str]| {
            let longer = longer.iter().map(|longer| (*longer).to_owned());
            whole(name.to_owned(), longer)
        };
        assert_eq!(of("python3", &["python3.11"]), "python3");
        assert_eq!(of("session-manager", &["culvert"]), "session-manager");
        let names = ["culvert", "session-manager-plugin"];
        assert_eq!(of("session-manager", &names), "session-manager-plugin");
    }
}
