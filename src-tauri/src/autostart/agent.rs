//! macOS: a launch agent of the user's (launchd.plist).

use std::path::{Path, PathBuf};

use super::file::Form;
use crate::arguments::AT_LOGIN;

pub(super) const FORM: Form = Form { text, is_off };

/// The agent's name, which is that of its file too.
const LABEL: &str = "io.culvert.desktop";

/// Where the agent is.
#[cfg_attr(
    not(target_os = "macos"),
    expect(dead_code, reason = "tested everywhere")
)]
pub(super) fn path() -> Option<PathBuf> {
    let agents = std::env::home_dir()?.join("Library/LaunchAgents");
    Some(agents.join(format!("{LABEL}.plist")))
}

fn text(program: &Path) -> String {
    let path = program.display().to_string();
    let escaped = path
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{LABEL}</string>
  <key>ProgramArguments</key>
  <array>
    <string>{escaped}</string>
    <string>{AT_LOGIN}</string>
  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>ProcessType</key>
  <string>Interactive</string>
</dict>
</plist>
"#
    )
}

/// launchd keeps elsewhere what the user has switched off; only this key is in the file.
fn is_off(text: &str) -> bool {
    let text: String = text.split_whitespace().collect();
    text.contains("<key>Disabled</key><true/>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_xml_wants_it() {
        let text = text(Path::new("/Applications/A & B <1>/culvert-desktop"));
        let wanted = "<string>/Applications/A &amp; B &lt;1&gt;/culvert-desktop</string>";
        assert!(text.contains(wanted), "{text}");
        assert!(!is_off(&text));
        let off = text.replace("</dict>", "<key>Disabled</key>\n<true/></dict>");
        assert!(is_off(&off));
    }
}
