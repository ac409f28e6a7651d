//! A message bus of a user's session, with nothing on it but what the test starts.

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A private bus. It ends with its test.
#[derive(Debug)]
pub struct Bus {
    address: String,
    _daemon: Child,
}

impl Bus {
    /// Starts it; its files are in this folder.
    ///
    /// # Errors
    /// There is no `dbus-daemon`, or it does not start.
    pub async fn start(folder: &Path) -> io::Result<Self> {
        // No file of the system that says which programs may be started for a name.
        let config = folder.join("bus.conf");
        let text = format!(
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
             \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\
             <busconfig><type>session</type><listen>unix:dir={}</listen>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
             <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
            folder.display()
        );
        std::fs::write(&config, text)?;
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let said = daemon.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let address = BufReader::new(said).lines().next_line().await?;
        Ok(Self {
            address: address.ok_or(io::ErrorKind::UnexpectedEof)?,
            _daemon: daemon,
        })
    }

    /// Where clients find it.
    pub fn address(&self) -> &str {
        &self.address
    }
}
