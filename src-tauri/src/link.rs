//! Links of the form `culvert://connect/NAME`, which anybody may have written: a page, a mail. They
//! lead to a tunnel, and start none.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use tauri::{AppHandle, Manager as _, Url};
use tokio::time::timeout;
use tunnel_manager::{Manager, Overview, ProfileId};

use crate::shell::Shell;

const SCHEME: &str = "culvert";

/// A name has at most 100 characters of at most four bytes, each of which is written as three.
const LENGTH_MOST: usize = 1300;

/// How long the saved tunnels may take to be read before a link is forgotten.
const PATIENCE: Duration = Duration::from_secs(5);

/// Names a tunnel, or none that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its whole name, or its id.
    name: String,
}

impl Link {
    /// Reads a link. `None` for anything but the one form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > LENGTH_MOST {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let plain = url.scheme() == SCHEME
            && url.host_str() == Some("connect")
            && url.port().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let name = url.path().strip_prefix('/').filter(|_| plain)?;
        if name.contains('/') {
            return None;
        }
        let name = percent_decode_str(name).decode_utf8().ok()?;
        let is_name = !name.trim().is_empty() && !name.contains(char::is_control);
        is_name.then(|| Self {
            name: name.into_owned(),
        })
    }

    /// The tunnel that is meant: that of the id, or the only one of the name.
    fn tunnel(&self, overview: &Overview) -> Option<ProfileId> {
        let mut named = overview
            .tunnels
            .iter()
            .map(|tunnel| &tunnel.profile)
            .filter(|profile| profile.name == self.name || profile.id.to_string() == self.name);
        match (named.next(), named.next()) {
            (Some(one), None) => Some(one.id),
            (Some(_), Some(_)) | (None, _) => None,
        }
    }
}

/// Leads the user to the tunnel of a link as soon as it is known; nowhere if it is not.
pub(crate) async fn follow(app: AppHandle, link: Link) {
    let mut overview = app.state::<Manager>().overview();
    let known = overview.wait_for(|overview| link.tunnel(overview).is_some());
    let found = match timeout(PATIENCE, known).await {
        Ok(Ok(overview)) => link.tunnel(&overview),
        Ok(Err(_)) | Err(_) => None,
    };
    match found {
        Some(tunnel) => app.state::<Shell>().select(tunnel),
        None => tracing::info!("a link leads to no saved tunnel"),
    }
}

#[cfg(test)]
mod tests {
    use tunnel_proto::State;

    use super::*;
    use crate::fixtures::{overview, tunnel};

    fn name(text: &str) -> Option<String> {
        Link::parse(text).map(|link| link.name)
    }

    #[test]
    fn a_link_names_a_tunnel_and_nothing_else() {
        assert_eq!(name("culvert://connect/Orders").as_deref(), Some("Orders"));
        assert_eq!(
            name("culvert://connect/Orders%20(dev)%2F%C3%BC").as_deref(),
            Some("Orders (dev)/\u{fc}")
        );
        for bad in [
            "",
            "culvert://connect",
            "culvert://connect/",
            "culvert://connect/%20",
            "culvert://connect/a/b",
            "culvert://connect/a?now=1",
            "culvert://connect/a#b",
            "culvert://ann@connect/a",
            "culvert://connect:80/a",
            "culvert://start/a",
            "culvert:connect/a",
            "https://connect/a",
            "culvert://connect/a%00",
            "culvert://connect/%ff",
            "--hidden",
        ] {
            assert_eq!(name(bad), None, "{bad}");
        }
        assert_eq!(
            name(&format!("culvert://connect/{}", "a".repeat(2000))),
            None
        );
    }

    #[test]
    fn only_the_one_tunnel_of_this_name_or_id_is_led_to() {
        let (one, twin) = (tunnel("Orders", State::Off), tunnel("Twin", State::Off));
        let other = tunnel("Twin", State::Off);
        let id = one.profile.id;
        let overview = overview(vec![one, twin, other]);
        let led = |name: &str| {
            Link {
                name: name.to_owned(),
            }
            .tunnel(&overview)
        };
        assert_eq!(led("Orders"), Some(id));
        assert_eq!(led(&id.to_string()), Some(id));
        assert_eq!(led("orders"), None);
        assert_eq!(led("Twin"), None, "nobody could say which");
        assert_eq!(led("Nobody"), None);
    }
}
