//! Files that a remote desktop client opens.

/// The settings of a connection to this address; the client asks for the account.
pub(crate) fn text(address: &str) -> String {
    format!(
        "full address:s:{address}\r\nprompt for credentials:i:1\r\nautoreconnection enabled:i:1\r\n"
    )
}

/// A tunnel's name as a file's name on every system.
pub(crate) fn stem(name: &str) -> String {
    let plain = |each: char| each.is_alphanumeric() || matches!(each, ' ' | '-' | '_');
    let named: String = name
        .chars()
        .map(|each| if plain(each) { each } else { '-' })
        .take(80)
        .collect();
    let named = named.trim();
    if named.is_empty() {
        "tunnel".to_owned()
    } else {
        named.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_where_to_connect() {
        assert!(text("127.0.0.1:13389").starts_with("full address:s:127.0.0.1:13389\r\n"));
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        assert_eq!(stem("../../.ssh/config"), "-------ssh-config");
        assert_eq!(stem("C:\\x"), "C--x");
        assert_eq!(stem(" \u{1F680}\n "), "--");
        assert_eq!(stem("  "), "tunnel");
    }
}
