//! Why a text is no tunnel.

use tunnel_proto::{Problem, ProblemKind};

use super::Place;

/// A text that no tunnel can be made of, and where it fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault} (line {}, column {})", place.line, place.column)]
pub struct PasteError {
    /// What is wrong.
    pub fault: Fault,
    /// Where in the text.
    pub place: Place,
}

/// What is wrong with a text. Nothing of the text is in it but names of options, variables and
/// schemes: the rest may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing but blanks.
    #[error("There is nothing in the text.")]
    Empty,
    /// Too long for a command.
    #[error("The text is longer than {} KiB.", most / 1024)]
    TooLong {
        /// The bound, in bytes.
        most: usize,
    },
    /// A character that no command has, or that makes it look other than it is.
    #[error("The text has the control character U+{code:04X}.")]
    ControlCharacter {
        /// The code point.
        code: u32,
    },
    /// A quote is opened and not closed.
    #[error("A quote is opened and never closed.")]
    UnclosedQuote,
    /// No command and no address that it knows.
    #[error("There is no aws ssm start-session, no ssh -L and no address of a service in it.")]
    NothingFound,
    /// More tunnels than anybody wants.
    #[error("There are more than {most} tunnels in the text.")]
    TooMany {
        /// The bound.
        most: usize,
    },
    /// Commands within commands, too deep.
    #[error("Commands are nested too deeply.")]
    TooDeep,
    /// Its variables and inner commands amount to more than anybody's command.
    #[error("Written out, with its variables and inner commands, the text is too long.")]
    TooMuch,
    /// A value is in a variable.
    #[error("The value of the variable {name} can't be known from the text.")]
    Variable {
        /// Its name.
        name: String,
    },
    /// A value is what another command prints.
    #[error("A value is what another command prints, and nothing is run to find it out.")]
    CommandOutput,
    /// A value still has to be filled in, such as `<instance-id>`.
    #[error("A value in angle brackets stands for one that is yet to be filled in.")]
    Placeholder,
    /// An option without its value.
    #[error("The option {option} has no value.")]
    MissingValue {
        /// The option.
        option: String,
    },
    /// An AWS command that starts no session.
    #[error("This command of the AWS CLI starts no session.")]
    OtherAwsCommand,
    /// A session that forwards nothing.
    #[error("This command starts a session for a shell or a command, and forwards no port.")]
    ShellSession,
    /// Parameters in a file.
    #[error("The value of {option} is in a file, which can't be read from here.")]
    InFile {
        /// The option.
        option: String,
    },
    /// Parameters that are neither shorthand nor JSON.
    #[error("The parameters are neither shorthand (name=value) nor JSON.")]
    Parameters,
    /// A parameter with several values, or none.
    #[error("The parameter {name} needs exactly one value.")]
    ParameterValues {
        /// Its name.
        name: String,
    },
    /// Not a TCP port.
    #[error("The value of {what} is no port.")]
    Port {
        /// Whose value.
        what: String,
    },
    /// An ssh command that forwards nothing to this machine.
    #[error("This ssh command forwards no port to this machine (-L).")]
    NoLocalForward,
    /// What `-L` says can't be read.
    #[error("What -L forwards is not written as [address:]port:host:port.")]
    ForwardSpec,
    /// A socket file on the far side.
    #[error("A Unix socket on the far side can't be forwarded.")]
    RemoteSocket,
    /// A scheme without a usual port, and no port.
    #[error("Addresses that begin with {scheme}: have no usual port, and none is given.")]
    UnknownScheme {
        /// The scheme.
        scheme: String,
    },
    /// An address without a host, or with one that can't be.
    #[error("The address names no host that can be read.")]
    AddressHost,
    /// A host that DNS has yet to name (`mongodb+srv`).
    #[error("This kind of address names its hosts by a DNS record, and none is asked for here.")]
    HostByRecord,
    /// It can't be told where a password ends.
    #[error("It can't be told where the password in the address ends.")]
    AmbiguousAddress,
}

impl Fault {
    pub(super) fn at(self, place: Place) -> PasteError {
        PasteError { fault: self, place }
    }

    /// The code for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "paste-empty",
            Self::TooLong { .. } => "paste-too-long",
            Self::ControlCharacter { .. } => "paste-control-character",
            Self::UnclosedQuote => "paste-unclosed-quote",
            Self::NothingFound => "paste-nothing-found",
            Self::TooMany { .. } => "paste-too-many",
            Self::TooDeep => "paste-too-deep",
            Self::TooMuch => "paste-too-much",
            Self::Variable { .. } => "paste-variable",
            Self::CommandOutput => "paste-command-output",
            Self::Placeholder => "paste-placeholder",
            Self::MissingValue { .. } => "paste-missing-value",
            Self::OtherAwsCommand => "paste-other-aws-command",
            Self::ShellSession => "paste-shell-session",
            Self::InFile { .. } => "paste-in-file",
            Self::Parameters => "paste-parameters",
            Self::ParameterValues { .. } => "paste-parameter-values",
            Self::Port { .. } => "paste-port",
            Self::NoLocalForward => "paste-no-local-forward",
            Self::ForwardSpec => "paste-forward-spec",
            Self::RemoteSocket => "paste-remote-socket",
            Self::UnknownScheme { .. } => "paste-unknown-scheme",
            Self::AddressHost => "paste-address-host",
            Self::HostByRecord => "paste-host-by-record",
            Self::AmbiguousAddress => "paste-ambiguous-address",
        }
    }

    /// What the user can do.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Empty | Self::NothingFound => {
                "Paste a command that you use, or an address such as postgres://db.internal/orders."
            }
            Self::TooLong { .. } | Self::TooMany { .. } => "Paste only the commands in question.",
            Self::ControlCharacter { .. } => {
                "Copy the command as plain text, or type it in again at that place."
            }
            Self::UnclosedQuote => "Copy the whole command, from its first to its last line.",
            Self::TooDeep | Self::TooMuch => "Paste the innermost command alone.",
            Self::Variable { .. } => "Put its value in its place, or its assignment in front.",
            Self::CommandOutput => "Run that command, and put what it prints in its place.",
            Self::Placeholder => "Fill it in.",
            Self::MissingValue { .. } => "Copy the whole command.",
            Self::OtherAwsCommand => "Paste the aws ssm start-session command.",
            Self::ShellSession => {
                "Name a document such as AWS-StartPortForwardingSession with --document-name."
            }
            Self::InFile { .. } => "Put what the file says in its place.",
            Self::Parameters => {
                "Write them as portNumber=5432,localPortNumber=5433 or as a JSON object."
            }
            Self::ParameterValues { .. } => "Leave one value.",
            Self::Port { .. } => "A port is a number from 1 to 65535.",
            Self::NoLocalForward => {
                "Paste a command with -L; -R and -D have no equal in Session Manager."
            }
            Self::ForwardSpec => "Write it as 5433:db.internal:5432.",
            Self::RemoteSocket => "Session Manager forwards TCP ports: name the port.",
            Self::UnknownScheme { .. } => "Add the port, as in db.internal:5432.",
            Self::AddressHost => "Write the address as scheme://host:port.",
            Self::HostByRecord => "Name one of the hosts and its port.",
            Self::AmbiguousAddress => {
                "Leave the password out: it is not needed, and would not be kept."
            }
        }
    }

    /// What its sentence names.
    fn names(&self) -> Option<String> {
        match self {
            Self::TooLong { most } => Some((most / 1024).to_string()),
            Self::TooMany { most } => Some(most.to_string()),
            Self::ControlCharacter { code } => Some(format!("U+{code:04X}")),
            Self::Variable { name } | Self::ParameterValues { name } => Some(name.clone()),
            Self::MissingValue { option } | Self::InFile { option } => Some(option.clone()),
            Self::Port { what } => Some(what.clone()),
            Self::UnknownScheme { scheme } => Some(scheme.clone()),
            Self::Empty
            | Self::UnclosedQuote
            | Self::NothingFound
            | Self::TooDeep
            | Self::TooMuch
            | Self::CommandOutput
            | Self::Placeholder
            | Self::OtherAwsCommand
            | Self::ShellSession
            | Self::Parameters
            | Self::NoLocalForward
            | Self::ForwardSpec
            | Self::RemoteSocket
            | Self::AddressHost
            | Self::HostByRecord
            | Self::AmbiguousAddress => None,
        }
    }

    /// What follows from it for the rest of the text.
    pub(super) const fn next(&self) -> Next {
        match self {
            Self::NothingFound | Self::Parameters => Next::OtherQuoting,
            Self::OtherAwsCommand | Self::NoLocalForward => Next::OtherCommand,
            Self::Empty
            | Self::UnclosedQuote
            | Self::CommandOutput
            | Self::TooLong { .. }
            | Self::ControlCharacter { .. }
            | Self::TooMany { .. }
            | Self::TooDeep
            | Self::TooMuch
            | Self::Variable { .. }
            | Self::Placeholder
            | Self::MissingValue { .. }
            | Self::ShellSession
            | Self::InFile { .. }
            | Self::ParameterValues { .. }
            | Self::Port { .. }
            | Self::ForwardSpec
            | Self::RemoteSocket
            | Self::UnknownScheme { .. }
            | Self::AddressHost
            | Self::HostByRecord
            | Self::AmbiguousAddress => Next::Stop,
        }
    }
}

/// What follows from a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Another shell's quoting may make sense of the text.
    OtherQuoting,
    /// It is a command that makes no tunnel; others in the text may.
    OtherCommand,
    /// The text can't be used.
    Stop,
}

impl PasteError {
    /// Tells it to people and to programs.
    pub fn problem(&self) -> Problem {
        let Place { line, column } = self.place;
        let problem = Problem::new(
            ProblemKind::Settings,
            self.fault.code(),
            self.fault.to_string(),
            self.fault.remedy(),
        )
        .with_details(format!("line {line}, column {column} of the text"));
        match self.fault.names() {
            Some(name) => problem.with_fact("name", &name),
            None => problem,
        }
    }
}
