//! How pages are drawn: without OpenGL, which only the toolkit's environment decides.

use std::io;

/// Has the window drawn without OpenGL, unless `GDK_GL` is set already, by the user or by this: a
/// list of tunnels needs none, and it takes 70 MB, and a third of the time to the first picture
/// (docs/performance.md). GTK 3 reads that from the environment alone, and a program can't safely
/// change its own beside other threads: so this one takes its own place, before it has begun anything.
///
/// # Errors
/// The program could not be started anew. It goes on with OpenGL as well.
#[cfg(all(unix, not(target_os = "macos")))]
pub(crate) fn without_opengl() -> io::Result<()> {
    use std::os::unix::process::CommandExt as _;

    const OPENGL: &str = "GDK_GL";
    if std::env::var_os(OPENGL).is_some() {
        return Ok(());
    }
    Err(std::process::Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(OPENGL, "disable")
        .exec())
}

/// Elsewhere the system's web view decides.
#[cfg(not(all(unix, not(target_os = "macos"))))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature everywhere")]
pub(crate) fn without_opengl() -> io::Result<()> {
    Ok(())
}
