//! What was left out of a text, or guessed.

use tunnel_proto::Named;

use super::Place;

/// Something to know about what was made of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What.
    pub notice: Notice,
    /// Where in the text.
    pub place: Place,
}

/// What was left out or guessed. Its text is a sentence. Nothing of the pasted text is in it
/// but names: the rest may be secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Notice {
    /// Quotes, dashes and spaces of a chat program or a word processor.
    #[error("Typographic quotes, dashes or spaces were read as plain ones.")]
    Typography,
    /// JSON with quotes escaped once more for a program on Windows.
    #[error("Quotes that were escaped for Windows were read as plain ones.")]
    EscapedQuotes,
    /// A command that makes no tunnel.
    #[error("Another command beside it was left out.")]
    CommandLeftOut,
    /// What stands before the command in question.
    #[error("What stands before the command itself was left out.")]
    WrapperLeftOut,
    /// An option that changes nothing of a tunnel.
    #[error("The option {name} was left out.")]
    OptionLeftOut {
        /// The option.
        name: String,
    },
    /// A parameter of the document that Culvert does not set.
    #[error("The parameter {name} was left out.")]
    ParameterLeftOut {
        /// Its name.
        name: String,
    },
    /// Access keys or tokens.
    #[error("Keys in the text were left out: Culvert takes credentials from your AWS profiles.")]
    KeysLeftOut,
    /// A user or a password in an address.
    #[error("The user or password in the address was left out: your program gives it itself.")]
    LoginLeftOut,
    /// User, key and port of an ssh login.
    #[error(
        "The login of ssh (user, key, port, jump host) was left out: Session Manager needs none."
    )]
    SshLoginLeftOut,
    /// Forwards of another kind.
    #[error("Forwards of another kind than -L were left out.")]
    OtherForwardLeftOut,
    /// A document of the account's own.
    #[error("The document {name} was left out: Culvert uses AWS's own port forwarding documents.")]
    OwnDocument {
        /// Its name.
        name: String,
    },
    /// `AWS-StartSSHSession`.
    #[error(
        "A session for ssh became a tunnel to that port; for a ProxyCommand there is culvert stream."
    )]
    SshDocument,
    /// A port that the text does not tell.
    #[error("No port is given: {port} was taken, as is usual for {what}.")]
    UsualPort {
        /// What it was taken for: a document or a scheme.
        what: String,
        /// The port.
        port: u16,
    },
    /// ssh goes to a host that is no managed node's id.
    #[error("ssh goes to a host by name or address: choose the managed node that stands for it.")]
    TargetToChoose,
    /// An address says where the service is, and not through which node it is reached.
    #[error("An address says nothing of the managed node that leads there: choose one.")]
    NodeToChoose,
    /// The host of an address is this machine.
    #[error("The address leads to this machine: behind a tunnel that is the managed node itself.")]
    ThisMachine,
    /// Every address of the machine.
    #[error("It listens at every address of this machine, as the command does.")]
    ListensEverywhere,
    /// Several hosts in one address.
    #[error("The address names several hosts: each became a tunnel.")]
    SeveralHosts,
}

impl Notice {
    /// The code for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Typography => "typography",
            Self::EscapedQuotes => "escaped-quotes",
            Self::CommandLeftOut => "command-left-out",
            Self::WrapperLeftOut => "wrapper-left-out",
            Self::OptionLeftOut { .. } => "option-left-out",
            Self::ParameterLeftOut { .. } => "parameter-left-out",
            Self::KeysLeftOut => "keys-left-out",
            Self::LoginLeftOut => "login-left-out",
            Self::SshLoginLeftOut => "ssh-login-left-out",
            Self::OtherForwardLeftOut => "other-forward-left-out",
            Self::OwnDocument { .. } => "own-document",
            Self::SshDocument => "ssh-document",
            Self::UsualPort { .. } => "usual-port",
            Self::TargetToChoose => "target-to-choose",
            Self::NodeToChoose => "node-to-choose",
            Self::ThisMachine => "this-machine",
            Self::ListensEverywhere => "listens-everywhere",
            Self::SeveralHosts => "several-hosts",
        }
    }

    /// What its sentence names, each value under its name.
    pub fn names(&self) -> Named {
        match self {
            Self::OptionLeftOut { name }
            | Self::ParameterLeftOut { name }
            | Self::OwnDocument { name } => Named::from([("name", name.clone())]),
            Self::UsualPort { what, port } => {
                Named::from([("what", what.clone()), ("port", port.to_string())])
            }
            Self::Typography
            | Self::EscapedQuotes
            | Self::CommandLeftOut
            | Self::WrapperLeftOut
            | Self::KeysLeftOut
            | Self::LoginLeftOut
            | Self::SshLoginLeftOut
            | Self::OtherForwardLeftOut
            | Self::SshDocument
            | Self::TargetToChoose
            | Self::NodeToChoose
            | Self::ThisMachine
            | Self::ListensEverywhere
            | Self::SeveralHosts => Named::default(),
        }
    }
}
