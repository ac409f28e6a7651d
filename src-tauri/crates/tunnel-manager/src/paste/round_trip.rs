//! Any tunnel, written as a command in each way of quoting, is read as the same tunnel; no text
//! makes the reader panic; no password comes out of an address.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// A way of writing a command.
#[derive(Debug, Clone, Copy)]
enum Quoting {
    ShSingle,
    ShDouble,
    ShAnsiC,
    ShBackslash,
    PowerShellSingle,
    PowerShellDouble,
    CmdDoubled,
    CmdBackslash,
}

impl Quoting {
    const ALL: [Self; 8] = [
        Self::ShSingle,
        Self::ShDouble,
        Self::ShAnsiC,
        Self::ShBackslash,
        Self::PowerShellSingle,
        Self::PowerShellDouble,
        Self::CmdDoubled,
        Self::CmdBackslash,
    ];

    fn prompt(self) -> &'static str {
        match self {
            Self::ShSingle | Self::ShDouble | Self::ShAnsiC | Self::ShBackslash => "$ ",
            Self::PowerShellSingle | Self::PowerShellDouble => "PS C:\\Users\\me> ",
            Self::CmdDoubled | Self::CmdBackslash => "C:\\Users\\me>",
        }
    }

    /// Between two words; in one of three cases the line goes on below.
    fn gap(self, broken: bool) -> &'static str {
        match self {
            _ if !broken => " ",
            Self::ShSingle | Self::ShDouble | Self::ShAnsiC | Self::ShBackslash => " \\\n    ",
            Self::PowerShellSingle | Self::PowerShellDouble => " `\n    ",
            Self::CmdDoubled | Self::CmdBackslash => " ^\n    ",
        }
    }

    fn quote(self, word: &str) -> String {
        let mapped = |map: &dyn Fn(char) -> String| word.chars().map(map).collect::<String>();
        match self {
            Self::ShSingle => format!("'{}'", word.replace('\'', "'\\''")),
            Self::ShDouble => {
                let inner = mapped(&|c| match c {
                    '$' | '`' | '"' | '\\' => format!("\\{c}"),
                    c => c.into(),
                });
                format!("\"{inner}\"")
            }
            Self::ShAnsiC => {
                let inner = mapped(&|c| match c {
                    'a'..='z' | 'A'..='Z' | '0'..='9' => c.into(),
                    '\'' | '\\' => format!("\\{c}"),
                    c if c.is_ascii() => format!("\\x{:02x}", u32::from(c)),
                    c => format!("\\U{:08x}", u32::from(c)),
                });
                format!("$'{inner}'")
            }
            Self::ShBackslash => mapped(&|c| match c {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '/' => c.into(),
                c => format!("\\{c}"),
            }),
            Self::PowerShellSingle => format!("'{}'", word.replace('\'', "''")),
            Self::PowerShellDouble => {
                let inner = mapped(&|c| match c {
                    '$' | '`' => format!("`{c}"),
                    '"' => "\"\"".to_owned(),
                    c => c.into(),
                });
                format!("\"{inner}\"")
            }
            Self::CmdDoubled => {
                // A backslash in front of a quote counts; two make one.
                let mut inner = String::new();
                let mut slashes = 0;
                for c in word.chars() {
                    if c == '"' {
                        inner.push_str(&"\\".repeat(slashes));
                        inner.push('"');
                    }
                    slashes = if c == '\\' { slashes + 1 } else { 0 };
                    inner.push(c);
                }
                format!("\"{inner}{}\"", "\\".repeat(slashes))
            }
            Self::CmdBackslash => {
                let mut inner = String::new();
                let mut slashes = 0;
                for c in word.chars() {
                    if c == '"' {
                        inner.push_str(&"\\".repeat(slashes + 1));
                    }
                    slashes = if c == '\\' { slashes + 1 } else { 0 };
                    inner.push(c);
                }
                format!("\"{inner}{}\"", "\\".repeat(slashes))
            }
        }
    }
}

/// How parameters are written.
#[derive(Debug, Clone, Copy)]
enum Style {
    Shorthand,
    Lists,
    Json,
    JsonNumbers,
}

fn parameters(draft: &Draft, style: Style) -> String {
    let mut pairs = Vec::new();
    if let Some(host) = &draft.remote_host {
        pairs.push(("host", host.clone(), false));
    }
    pairs.push(("portNumber", draft.remote_port.to_string(), true));
    if draft.local_port != 0 {
        pairs.push(("localPortNumber", draft.local_port.to_string(), true));
    }
    let each = |write: &dyn Fn(&str, &str, bool) -> String| {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value, number)| write(name, value, *number))
            .collect::<Vec<_>>()
            .join(",")
    };
    match style {
        Style::Shorthand => each(&|name, value, _| format!("{name}={value}")),
        Style::Lists => each(&|name, value, _| format!("{name}=[\"{value}\"]")),
        Style::Json => {
            let inner = each(&|name, value, _| format!("\"{name}\": [\"{value}\"]"));
            format!("{{{inner}}}")
        }
        Style::JsonNumbers => {
            let inner = each(&|name, value, number| match number {
                true => format!("\"{name}\":{value}"),
                false => format!("\"{name}\":\"{value}\""),
            });
            format!("{{{inner}}}")
        }
    }
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,20}(\\.[a-z][a-z0-9]{0,10}){0,3}",
        any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|address| address.to_string()),
    ]
}

/// A text with every character that means something to one of the shells. Only `%` in front of a
/// name can't be written for cmd.exe, and angle brackets mark what is to be filled in.
fn wild() -> impl Strategy<Value = Option<String>> {
    prop::option::of(
        "[A-Za-z0-9]([A-Za-z0-9 '\"$`\\\\&|;^#!*?(){}\\[\\]~=,.:@/é日-]{0,20}[A-Za-z0-9.])?",
    )
}

fn drafts() -> impl Strategy<Value = Draft> {
    let ports = (1..=65535_u32, 0..=65535_u32);
    let texts = (wild(), prop::option::of("[a-z]{2}-[a-z]{4}-[0-9]"), wild());
    (
        "i-[0-9a-f]{17}|mi-[0-9a-f]{17}",
        prop::option::of(host()),
        ports,
        texts,
    )
        .prop_map(
            |(target, remote_host, (remote_port, local_port), (profile, region, reason))| {
                let mut draft = Draft {
                    target,
                    remote_host,
                    remote_port,
                    local_port,
                    profile,
                    region,
                    reason,
                    ..Draft::default()
                };
                draft.name = suggested_name(&draft);
                draft
            },
        )
}

fn command(draft: &Draft, quoting: Quoting, style: Style, choices: &[bool]) -> String {
    let document = match draft.remote_host {
        Some(_) => "AWS-StartPortForwardingSessionToRemoteHost",
        None => "AWS-StartPortForwardingSession",
    };
    let mut options = vec![
        ("--target", draft.target.clone()),
        ("--document-name", document.to_owned()),
        ("--parameters", parameters(draft, style)),
    ];
    let optional = [
        ("--profile", &draft.profile),
        ("--region", &draft.region),
        ("--reason", &draft.reason),
    ];
    options.extend(
        optional
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?))),
    );
    let mut choices = choices.iter().copied().cycle();
    let mut choose = || choices.next().unwrap_or_default();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (name, value) in options {
        let list = if choose() { &mut before } else { &mut after };
        if choose() {
            list.push(format!("{name}={}", quoting.quote(&value)));
        } else {
            list.extend([name.to_owned(), quoting.quote(&value)]);
        }
    }
    let mut text = format!("{}aws", quoting.prompt());
    let operation = ["ssm".to_owned(), "start-session".to_owned()];
    for word in before.into_iter().chain(operation).chain(after) {
        text.push_str(quoting.gap(choose()));
        text.push_str(&word);
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_tunnel_is_read_from_its_command_in_every_quoting(
        draft in drafts(),
        quoting in select(&Quoting::ALL[..]),
        style in select(&[Style::Shorthand, Style::Lists, Style::Json, Style::JsonNumbers][..]),
        choices in prop::collection::vec(any::<bool>(), 1..20),
    ) {
        let text = command(&draft, quoting, style, &choices);
        let paste = parse(&text);
        prop_assert!(paste.is_ok(), "{paste:?}\n{text}");
        let paste = paste.expect("just asserted");
        prop_assert_eq!(&paste.tunnels, &[draft], "{}", text);
        prop_assert_eq!(paste.notes, []);
    }

    #[test]
    fn any_forward_is_read_from_its_ssh_command(
        target in "i-[0-9a-f]{17}",
        host in host(),
        ports in (1..=65535_u32, 1..=65535_u32),
        bind in prop_oneof![
            Just(String::new()),
            any::<std::net::Ipv6Addr>().prop_map(|address| address.to_string()),
            any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
            "(/[a-z]{1,8}){1,4}",
        ],
        glued in any::<bool>(),
    ) {
        let is_path = bind.starts_with('/');
        let in_brackets = |text: &str| if text.contains(':') { format!("[{text}]") } else { text.to_owned() };
        let local = match bind.as_str() {
            "" => ports.0.to_string(),
            path if is_path => path.to_owned(),
            address => format!("{}:{}", in_brackets(address), ports.0),
        };
        let gap = if glued { "" } else { " " };
        let text = format!("ssh -N -L{gap}{local}:{}:{} {target}", in_brackets(&host), ports.1);
        let paste = parse(&text);
        prop_assert!(paste.is_ok(), "{paste:?}\n{text}");
        let draft = &paste.expect("just asserted").tunnels[0];
        let this_machine = ssh::is_this_machine(&host);
        prop_assert_eq!(draft.remote_host.as_deref(), (!this_machine).then_some(host.as_str()));
        prop_assert_eq!(draft.remote_port, ports.1);
        prop_assert_eq!(&draft.bind, &bind);
        prop_assert_eq!(draft.local_port, if is_path { 0 } else { ports.0 });
        prop_assert_eq!(&draft.target, &target);
    }

    #[test]
    fn no_text_makes_it_panic(pieces in prop::collection::vec(piece(), 0..40)) {
        let text = pieces.concat();
        // Every place is one of the text.
        if let Err(error) = parse(&text) {
            let lines = text.split(['\n', '\r']).count();
            prop_assert!(error.place.line as usize <= lines.max(1), "{error:?}");
        }
    }

    #[test]
    fn no_characters_make_it_panic(text in any::<String>()) {
        let _ = parse(&text);
        let words: Vec<_> = text.split(' ').collect();
        let _ = parse_words(&words);
    }

    #[test]
    fn a_password_in_an_address_never_comes_out(
        password in "planted-[a-z0-9:/@#?=&;,%+ '\"\\\\$`.\\[\\]-]{0,20}",
        scheme in select(&["postgres", "redis", "jdbc:mysql", "amqp", "x+y"][..]),
        host in host(),
        around in select(&[("", ""), ("psql '", "'"), ("URL=\"", "\""), ("export A=", ""), ("<", ">")][..]),
    ) {
        let (before, after) = around;
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let text = format!("{before}{scheme}://me:{password}@{host}:5432/x{after}");
        let read = parse(&text);
        let mut said = format!("{read:?}");
        if let Err(error) = read {
            said.push_str(&format!("{error} {:?}", error.problem()));
        }
        prop_assert!(!said.contains("planted-"), "{}\n{}", said, text);
    }
}

fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "aws ",
        "ssm ",
        "start-session ",
        "--target ",
        "--target=",
        "--parameters ",
        "'",
        "\"",
        "`",
        "\\",
        "\n",
        " ",
        "$(",
        ")",
        "${",
        "}",
        "$'",
        "^",
        "%",
        "%A%",
        "$env:A",
        "=",
        "{",
        "[",
        "]",
        ":",
        ",",
        "portNumber",
        "host",
        "ssh ",
        "-L ",
        "-o ",
        "ProxyCommand=",
        "://",
        "postgres://",
        "jdbc:",
        "jdbc:oracle:",
        "@",
        "/",
        "&",
        "|",
        ";",
        "<",
        ">",
        "#",
        "--% ",
        "PS C:\\>",
        "$ ",
        "sudo ",
        "bash -c ",
        "cmd /c ",
        "aws-vault exec ",
        "env ",
        "A=",
        "--",
        "-",
        "“",
        "’",
        "—t",
        "\u{a0}",
        "é",
        "\\x",
        "\\u00e9",
        "file://",
        "i-0123456789abcdef0",
        "5432",
        "```",
        "--document-name ",
        "AWS-StartPortForwardingSession ",
        "--cli-input-json ",
        "set ",
    ];
    select(pieces.map(str::to_owned).to_vec())
}

#[test]
fn the_longest_texts_are_read_in_no_time_to_speak_of() {
    // Each of them is what a reader that goes back would choke on. That they end is the test.
    for piece in [
        "aws ",
        "'\"",
        "$(",
        "((",
        "[",
        "{\"a\":[",
        "a=b;",
        "a=b x;",
        "\\",
        "`\n",
        "^\n",
        "%A",
        "<a ",
        "ssh -L ",
        "$a$a ",
        "a=$a$a;",
        "host=",
        "host=[",
        "postgres://a,",
        "x@",
        "sudo a=1 ",
        "\n",
        "$ ",
        "aws ssm start-session aws ",
        "bash -c ",
        "'' ",
        "\"\"a",
    ] {
        let text = piece.repeat(TEXT_MOST / piece.len());
        for text in [
            text.clone(),
            format!("{REMOTE} {text}"),
            format!("ssh -L {text}"),
        ] {
            let _ = parse(&text[..text.floor_char_boundary(TEXT_MOST)]);
        }
    }
}

const REMOTE: &str = "aws ssm start-session --target i-0123456789abcdef0 --document-name \
                      AWS-StartPortForwardingSessionToRemoteHost --parameters";
