//! `ssh -L` (ssh(1), and `LocalForward` of ssh_config(5)).

use super::aws;
use super::lex::Word;
use super::scope::Scope;
use super::{Fault, Found, Notice, PasteError, Place};
use crate::profile::Draft;

/// Options of ssh(1) that have a value.
const WITH_VALUE: &str = "BbcDEeFIiJLlmOoPpQRSWw";

/// Those of them whose value means something for a tunnel.
const WITH_READ_VALUE: &str = "LJo";

#[derive(Default)]
struct Options {
    forwards: Vec<(String, Place)>,
    jump: Option<String>,
    /// `-g`: others may connect as well.
    gateway: bool,
    /// Everything that is about the login.
    login: Option<Place>,
    other_forward: Option<Place>,
    /// Target, profile and region of a ProxyCommand.
    proxied: Option<Draft>,
    left_out: Vec<(String, Place)>,
}

/// Reads the words behind `ssh`.
///
/// # Errors
/// It forwards no port to this machine, or to what is no port, or a value can't be known.
pub(super) fn read(
    program: &Word,
    words: &[Word],
    scope: &Scope,
    found: &mut Found,
) -> Result<(), PasteError> {
    let mut options = Options::default();
    let mut host = None;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = match scope.value(word) {
            Ok(text) => text,
            // It is not known what it is, but not an option: a command to run there.
            Err(_) if host.is_some() => {
                found.note(word.place, Notice::CommandLeftOut);
                break;
            }
            Err(error) => return Err(error),
        };
        if text == "--" {
            host = host.or(words.next().map(|word| scope.value(word)).transpose()?);
            break;
        }
        // A dash of a word processor became two.
        let letters = text.strip_prefix("--").or_else(|| text.strip_prefix('-'));
        match letters.filter(|letters| !letters.is_empty()) {
            Some(letters) => options.read(letters, word, &mut words, scope)?,
            None if host.is_none() => host = Some(text),
            // A command to run there.
            None => {
                found.note(word.place, Notice::CommandLeftOut);
                break;
            }
        }
    }
    options.finish(program.place, host.as_deref(), found)
}

impl Options {
    /// Reads letters that stand behind one dash, and the value of the last one.
    fn read<'a>(
        &mut self,
        letters: &str,
        word: &Word,
        words: &mut impl Iterator<Item = &'a Word>,
        scope: &Scope,
    ) -> Result<(), PasteError> {
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            if !WITH_VALUE.contains(letter) {
                match letter {
                    'g' => self.gateway = true,
                    // They say how ssh runs, and how it logs in.
                    'N' | 'f' | 'n' | 'T' | 't' | 'q' | 'v' | 'C' | '4' | '6' => {}
                    _ => self.login = self.login.or(Some(word.place)),
                }
                continue;
            }
            let (value, place) = match rest.as_str() {
                "" => match words.next() {
                    // What is left out anyway need not be known: a key under $HOME.
                    Some(word) if !WITH_READ_VALUE.contains(letter) => (String::new(), word.place),
                    Some(word) => (scope.value(word)?, word.place),
                    None => {
                        let option = format!("-{letter}");
                        return Err(Fault::MissingValue { option }.at(word.place));
                    }
                },
                glued => (glued.to_owned(), word.place),
            };
            match letter {
                'L' => self.forwards.push((value, place)),
                'R' | 'D' | 'W' | 'w' => self.other_forward = Some(place),
                'J' => self.jump = Some(value),
                'o' => self.setting(&value, place)?,
                _ => self.login = self.login.or(Some(place)),
            }
            return Ok(());
        }
        Ok(())
    }

    /// `-o Name=value` or `-o "Name value"`.
    fn setting(&mut self, text: &str, place: Place) -> Result<(), PasteError> {
        let divided = text.trim().split_once(['=', ' ', '\t']);
        let (name, value) = divided.unwrap_or((text, ""));
        let value = value.trim_start_matches(['=', ' ', '\t']);
        match name.to_ascii_lowercase().as_str() {
            "localforward" => {
                let (local, remote) = value
                    .split_once([' ', '\t'])
                    .ok_or(Fault::ForwardSpec.at(place))?;
                self.forwards
                    .push((format!("{local}:{}", remote.trim()), place));
            }
            "proxyjump" => self.jump = Some(value.to_owned()),
            "proxycommand" => self.proxied = proxied(value),
            "remoteforward" | "dynamicforward" => self.other_forward = Some(place),
            "gatewayports" => self.gateway = value.eq_ignore_ascii_case("yes"),
            "user" | "port" | "identityfile" => self.login = self.login.or(Some(place)),
            _ => self
                .left_out
                .push((format!("-o {}", aws::shown(name)), place)),
        }
        Ok(())
    }

    fn finish(self, place: Place, host: Option<&str>, found: &mut Found) -> Result<(), PasteError> {
        if self.forwards.is_empty() {
            return Err(Fault::NoLocalForward.at(place));
        }
        let host = host.map(bare_host).unwrap_or_default();
        let jump = self.jump.as_deref().map(bare_host);
        let proxied = self.proxied.unwrap_or_default();
        let mut login = self.login.or(self.jump.as_ref().map(|_| place));
        if host.has_user {
            login = login.or(Some(place));
        }
        // What is behind a jump host is to the node a host like any other.
        let behind = |target: &str| (target.to_owned(), Some(host.name.clone()));
        let (target, behind) = match jump {
            _ if is_target(&host.name) => (host.name.clone(), None),
            Some(jump) if is_target(&jump.name) => behind(&jump.name),
            // `--target %h`: the host is the node.
            Some(_) | None => (proxied.target.clone(), None),
        };
        if target.is_empty() {
            found.note(place, Notice::TargetToChoose);
        }
        if let Some(place) = login {
            found.note(place, Notice::SshLoginLeftOut);
        }
        if let Some(place) = self.other_forward {
            found.note(place, Notice::OtherForwardLeftOut);
        }
        for (name, place) in self.left_out {
            found.note(place, Notice::OptionLeftOut { name });
        }
        for (spec, place) in &self.forwards {
            let forward = Forward::read(spec, *place)?;
            let everywhere = forward.everywhere || (forward.bind.is_none() && self.gateway);
            if everywhere {
                found.note(*place, Notice::ListensEverywhere);
            }
            let bind = match forward.bind {
                _ if everywhere => "0.0.0.0".to_owned(),
                Some(bind) => bind,
                None => String::new(),
            };
            let remote_host = match forward.host {
                // The far end's own loopback.
                host if is_this_machine(&host) => behind.clone(),
                host => Some(host),
            };
            let draft = Draft {
                target: target.clone(),
                remote_host,
                remote_port: forward.port,
                bind,
                local_port: forward.local_port,
                profile: proxied.profile.clone(),
                region: proxied.region.clone(),
                ..Draft::default()
            };
            found.add(*place, draft)?;
        }
        Ok(())
    }
}

/// What `-L` says.
struct Forward {
    bind: Option<String>,
    everywhere: bool,
    local_port: u32,
    host: String,
    port: u32,
}

impl Forward {
    fn read(spec: &str, place: Place) -> Result<Self, PasteError> {
        let wrong = || Fault::ForwardSpec.at(place);
        let fields = fields(spec).ok_or_else(wrong)?;
        let is_path = |text: &str| text.starts_with('/');
        let (bind, local, host, port) = match fields.as_slice() {
            [.., last] if is_path(last) => return Err(Fault::RemoteSocket.at(place)),
            [local, host, port] => (None, local.as_str(), host, port),
            [bind, local, host, port] => (Some(bind.clone()), local.as_str(), host, port),
            _ => return Err(wrong()),
        };
        if host.is_empty() {
            return Err(wrong());
        }
        let everywhere = bind.as_deref().is_some_and(|bind| matches!(bind, "" | "*"));
        let (bind, local_port) = if is_path(local) {
            (Some(local.to_owned()), 0)
        } else {
            (bind, aws::port(local, "-L", place)?)
        };
        Ok(Self {
            bind,
            everywhere,
            local_port,
            host: host.clone(),
            port: aws::port(port, "-L", place)?,
        })
    }
}

/// The parts between colons, those in brackets whole.
fn fields(spec: &str) -> Option<Vec<String>> {
    let mut fields = vec![String::new()];
    let mut bracketed = false;
    for c in spec.trim().chars() {
        match (c, bracketed) {
            ('[', false) => bracketed = true,
            (']', true) => bracketed = false,
            (':', false) => fields.push(String::new()),
            (c, _) => fields.last_mut()?.push(c),
        }
    }
    (!bracketed && fields.len() <= 4).then_some(fields)
}

#[derive(Default)]
struct Host {
    name: String,
    has_user: bool,
}

/// The host of `user@host`, `ssh://user@host:port` or the first of several jump hosts.
fn bare_host(text: &str) -> Host {
    let first = text.split(',').next().unwrap_or_default();
    let (address, bare) = match first.strip_prefix("ssh://") {
        Some(rest) => (true, rest),
        None => (false, first),
    };
    let (has_user, bare) = match bare.rsplit_once('@') {
        Some((_, host)) => (true, host),
        None => (false, bare),
    };
    let bare = match bare.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None if address || bare.matches(':').count() == 1 => {
            bare.split([':', '/']).next().unwrap_or(bare)
        }
        None => bare,
    };
    let name = bare.to_owned();
    Host { name, has_user }
}

/// Whether the name is the id of a managed node.
fn is_target(name: &str) -> bool {
    let id = name.strip_prefix("i-").or_else(|| name.strip_prefix("mi-"));
    id.is_some_and(|id| id.len() >= 8 && id.chars().all(|c| c.is_ascii_hexdigit()))
}

pub(super) fn is_this_machine(host: &str) -> bool {
    let loopback = host
        .parse::<std::net::IpAddr>()
        .is_ok_and(|address| address.is_loopback());
    loopback || host.eq_ignore_ascii_case("localhost")
}

/// The node that a ProxyCommand of `aws ssm start-session` or `culvert stream` names. `%h`, the
/// host of ssh, is one that ssh's own settings may change, so it counts for nothing here: an id
/// is known as such anyway.
fn proxied(command: &str) -> Option<Draft> {
    let words: Vec<_> = command
        .split_whitespace()
        .map(|word| word.trim_matches(['"', '\'']))
        .collect();
    let value = |name: &str| {
        let at = words.iter().position(|word| *word == name)?;
        let value = words.get(at + 1)?;
        (!value.starts_with(['-', '%', '$'])).then(|| (*value).to_owned())
    };
    Some(Draft {
        target: value("--target").unwrap_or_default(),
        profile: value("--profile"),
        region: value("--region"),
        ..Draft::default()
    })
}
