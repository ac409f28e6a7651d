use super::*;

const NODE: &str = "i-0123456789abcdef0";

/// What every way of writing one and the same tunnel must come to.
fn orders() -> Draft {
    Draft {
        name: "db.internal:5432".to_owned(),
        target: NODE.to_owned(),
        remote_host: Some("db.internal".to_owned()),
        remote_port: 5432,
        local_port: 5433,
        ..Draft::default()
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn one(text: &str) -> Draft {
    let mut paste = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(paste.tunnels.len(), 1, "{text}\n{paste:#?}");
    paste.tunnels.remove(0)
}

fn fault(text: &str) -> Fault {
    match parse(text) {
        Ok(paste) => panic!("it became {paste:#?}\n{text}"),
        Err(error) => error.fault,
    }
}

fn notices(text: &str) -> Vec<Notice> {
    let paste = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    paste.notes.into_iter().map(|note| note.notice).collect()
}

const REMOTE: &str = "aws ssm start-session --target i-0123456789abcdef0 \
                      --document-name AWS-StartPortForwardingSessionToRemoteHost --parameters";

#[test]
fn parameters_are_read_in_every_quoting_of_a_posix_shell() {
    for parameters in [
        "host=db.internal,portNumber=5432,localPortNumber=5433",
        "host=\"db.internal\",portNumber=\"5432\",localPortNumber=\"5433\"",
        "'host=db.internal,portNumber=5432,localPortNumber=5433'",
        "'host=\"db.internal\",portNumber=[\"5432\"],localPortNumber=[\"5433\"]'",
        "portNumber=[\"5432\"],localPortNumber=[\"5433\"],host=[\"db.internal\"]",
        "host=db.internal, portNumber=5432, localPortNumber=5433",
        "host=db.internal portNumber=5432 localPortNumber=5433",
        "'{\"portNumber\":[\"5432\"],\"localPortNumber\":[\"5433\"],\"host\":[\"db.internal\"]}'",
        "'{ \"portNumber\": [ \"5432\" ], \"localPortNumber\": [\"5433\"],\n \"host\": [\"db.internal\"] }'",
        "'{\"portNumber\":\"5432\",\"localPortNumber\":5433,\"host\":\"db.internal\"}'",
        "'{\"portNumber\":[5432],\"localPortNumber\":[5433],\"host\":[\"db.internal\"]}'",
        "\"{\\\"portNumber\\\":[\\\"5432\\\"],\\\"localPortNumber\\\":[\\\"5433\\\"],\\\"host\\\":[\\\"db.internal\\\"]}\"",
        "{\"portNumber\":[\"5432\"],\"localPortNumber\":[\"5433\"],\"host\":[\"db.internal\"]}",
        "{\"portNumber\": [\"5432\"], \"localPortNumber\": [\"5433\"], \"host\": [\"db.internal\"]}",
        "$'{\"portNumber\":[\"5432\"],\"localPortNumber\":[\"5433\"],\"host\":[\"db\\x2einternal\"]}'",
        "host=db.int\"ern\"al,portNumber=54'32',localPortNumber=5433",
        "host=db.internal,portNumber=5432,\\\n  localPortNumber=5433",
    ] {
        assert_eq!(
            one(&format!("{REMOTE} {parameters}")),
            orders(),
            "{parameters}"
        );
        let glued = format!("{REMOTE}={parameters}");
        if !parameters.contains(", ") && !parameters.contains(" p") {
            assert_eq!(one(&glued), orders(), "{parameters}");
        }
    }
}

#[test]
fn commands_are_read_in_every_quoting_of_windows() {
    let options =
        "--target i-0123456789abcdef0 --document-name AWS-StartPortForwardingSessionToRemoteHost";
    for command in [
        // PowerShell
        "aws ssm start-session `\n  --target i-0123456789abcdef0 `\n  --document-name AWS-StartPortForwardingSessionToRemoteHost `\n  --parameters host=\"db.internal\",portNumber=\"5432\",localPortNumber=\"5433\"".to_owned(),
        format!("PS C:\\Users\\me> aws ssm start-session {options} --parameters '{{\"portNumber\":[\"5432\"],\"localPortNumber\":[\"5433\"],\"host\":[\"db.internal\"]}}'"),
        format!("PS C:\\Users\\me> aws ssm start-session {options} --parameters '{{\\\"portNumber\\\":[\\\"5432\\\"],\\\"localPortNumber\\\":[\\\"5433\\\"],\\\"host\\\":[\\\"db.internal\\\"]}}'"),
        format!("PS> aws ssm start-session {options} --parameters \"{{\"\"portNumber\"\":[\"\"5432\"\"],\"\"localPortNumber\"\":[\"\"5433\"\"],\"\"host\"\":[\"\"db.internal\"\"]}}\""),
        format!("aws ssm start-session {options} --parameters \"{{`\"portNumber`\":[`\"5432`\"],`\"localPortNumber`\":[`\"5433`\"],`\"host`\":[`\"db.internal`\"]}}\""),
        format!("aws --% ssm start-session {options} --parameters \"{{\\\"portNumber\\\":[\\\"5432\\\"],\\\"localPortNumber\\\":[\\\"5433\\\"],\\\"host\\\":[\\\"db.internal\\\"]}}\""),
        format!("& \"C:\\Program Files\\Amazon\\AWSCLIV2\\aws.exe\" ssm start-session {options} --parameters 'host=db.internal,portNumber=5432,localPortNumber=5433'"),
        // cmd.exe
        "aws ssm start-session ^\r\n  --target i-0123456789abcdef0 ^\r\n  --document-name AWS-StartPortForwardingSessionToRemoteHost ^\r\n  --parameters host=db.internal,portNumber=5432,localPortNumber=5433".to_owned(),
        format!("C:\\Users\\me>aws ssm start-session {options} --parameters \"{{\\\"portNumber\\\":[\\\"5432\\\"],\\\"localPortNumber\\\":[\\\"5433\\\"],\\\"host\\\":[\\\"db.internal\\\"]}}\""),
        format!("aws ssm start-session {options} --parameters \"{{\"\"portNumber\"\":[\"\"5432\"\"],\"\"localPortNumber\"\":[\"\"5433\"\"],\"\"host\"\":[\"\"db.internal\"\"]}}\""),
        format!("\"C:\\Program Files\\Amazon\\AWSCLIV2\\aws.exe\" ssm start-session {options} --parameters host=db.internal,portNumber=5432,localPortNumber=5433"),
    ] {
        assert_eq!(one(&command), orders(), "{command}");
    }
}

#[test]
fn what_stands_in_front_and_behind_is_no_hindrance() {
    let command = format!("{REMOTE} host=db.internal,portNumber=5432,localPortNumber=5433");
    for (before, after) in [
        ("$ ", ""),
        ("% ", ""),
        ("# ", ""),
        ("me@laptop:~/src (main)$ ", ""),
        ("[me@laptop ~]$ ", ""),
        ("me@laptop ~ % ", ""),
        ("➜  src git:(main) ✗ ", ""),
        ("sudo -E -u me ", ""),
        ("env -i ", ""),
        ("exec ", ""),
        ("nohup ", " > /tmp/out 2>&1 &"),
        ("", " # the orders"),
        ("", " &"),
        ("", " | tee log"),
        ("", " && echo done"),
        ("", " &> /dev/null"),
        ("cd ~/work; ", ""),
        ("while true; do ", "; done"),
        ("timeout 10h ", ""),
        ("```bash\n", "\n```\n"),
        ("`", "`"),
        ("bash -c '", "'"),
        ("\u{feff}", "\r\n"),
        ("# the orders database\n", "\n"),
        ("docker run --rm -it ", ""),
    ] {
        let text = format!("{before}{command}{after}");
        assert_eq!(one(&text), orders(), "{text}");
    }
    let docker = command.replacen("aws ", "docker run --rm -it amazon/aws-cli ", 1);
    assert_eq!(one(&docker), orders());
}

#[test]
fn profile_and_region_come_from_options_or_from_assignments() {
    let wanted = Draft {
        profile: some("prod"),
        region: some("eu-west-1"),
        ..orders()
    };
    let rest = "--target i-0123456789abcdef0 --document-name \
                AWS-StartPortForwardingSessionToRemoteHost --parameters \
                host=db.internal,portNumber=5432,localPortNumber=5433";
    for text in [
        format!("aws --profile prod --region eu-west-1 ssm start-session {rest}"),
        format!("aws ssm --profile=prod start-session {rest} --region=eu-west-1"),
        format!("aws ssm start-session {rest} --profile prod --region eu-west-1 --output json"),
        format!("AWS_PROFILE=prod AWS_REGION=eu-west-1 aws ssm start-session {rest}"),
        format!("env AWS_PROFILE=prod AWS_DEFAULT_REGION=eu-west-1 aws ssm start-session {rest}"),
        format!(
            "export AWS_PROFILE=prod\nexport AWS_REGION='eu-west-1'\naws ssm start-session {rest}"
        ),
        format!("aws-vault exec prod -- aws ssm start-session --region eu-west-1 {rest}"),
        format!(
            "aws-vault exec --duration 4h prod aws --region eu-west-1 ssm start-session {rest}"
        ),
        format!("AWS_REGION=eu-west-1 aws-vault exec prod -- aws ssm start-session {rest}"),
        format!(
            "$env:AWS_PROFILE = \"prod\"; $env:AWS_REGION='eu-west-1'\naws ssm start-session {rest}"
        ),
        format!(
            "set AWS_PROFILE=prod\r\nset \"AWS_REGION=eu-west-1\"\r\naws ssm start-session ^\r\n{rest}"
        ),
        format!(
            "set -x AWS_PROFILE prod; set -gx AWS_REGION eu-west-1; aws ssm start-session {rest}"
        ),
        format!(
            "P=prod; R=eu-west-1; aws --profile \"$P\" --region ${{R}} ssm start-session {rest}"
        ),
        format!(
            "AWS_PROFILE=dev aws sts get-caller-identity; aws --profile prod --region eu-west-1 ssm start-session {rest}"
        ),
    ] {
        assert_eq!(one(&text), wanted, "{text}");
    }
}

#[test]
fn an_assignment_in_front_of_one_command_is_not_one_of_the_next() {
    let text = format!(
        "AWS_PROFILE=dev aws s3 ls; {REMOTE} host=db.internal,portNumber=5432,localPortNumber=5433"
    );
    assert_eq!(one(&text).profile, None);
}

#[test]
fn each_document_means_what_it_does() {
    let start = "aws ssm start-session --target i-0123456789abcdef0 --document-name";
    let node = one(&format!(
        "{start} AWS-StartPortForwardingSession --parameters portNumber=3389,localPortNumber=13389"
    ));
    assert_eq!(
        (node.remote_host, node.remote_port, node.local_port),
        (None, 3389, 13389)
    );
    let usual = one(&format!("{start} AWS-StartPortForwardingSession"));
    assert_eq!((usual.remote_port, usual.local_port), (80, 0));
    let arn = one(&format!(
        "{start} arn:aws:ssm:eu-west-1::document/AWS-StartPortForwardingSession --parameters portNumber=1"
    ));
    assert_eq!(arn.remote_port, 1);
    let text = format!("{start} AWS-StartSSHSession --parameters 'portNumber=22'");
    assert_eq!(one(&text).remote_port, 22);
    assert!(notices(&text).contains(&Notice::SshDocument));
    let text =
        format!("{start} Our-Forward --parameters host=db.internal,portNumber=5432,colour=red");
    assert_eq!(one(&text).remote_host, some("db.internal"));
    assert_eq!(
        notices(&text),
        [
            Notice::ParameterLeftOut {
                name: "colour".to_owned()
            },
            Notice::OwnDocument {
                name: "Our-Forward".to_owned()
            },
        ]
    );
    for shell in [
        "",
        "--document-name AWS-StartInteractiveCommand --parameters command=top",
    ] {
        let text = format!("aws ssm start-session --target i-0123456789abcdef0 {shell}");
        assert_eq!(fault(&text), Fault::ShellSession);
    }
    assert_eq!(fault("aws s3 ls"), Fault::OtherAwsCommand);
}

#[test]
fn everything_the_command_says_is_kept_and_the_rest_is_named() {
    let text = "aws ssm start-session --endpoint-url https://me:planted-x@vpce.example:8443/ \
                --reason 'ticket 12' --target mi-0123456789abcdef0 --no-verify-ssl \
                --document-name AWS-StartPortForwardingSession --parameters portNumber=80";
    let draft = one(text);
    assert_eq!(
        draft.endpoint_url.as_deref(),
        Some("https://vpce.example:8443/")
    );
    assert_eq!(draft.reason.as_deref(), Some("ticket 12"));
    assert_eq!(draft.target, "mi-0123456789abcdef0");
    assert_eq!(
        notices(text),
        [
            Notice::OptionLeftOut {
                name: "--no-verify-ssl".to_owned()
            },
            Notice::LoginLeftOut
        ]
    );
}

#[test]
fn the_operations_input_may_be_one_json_object() {
    let text = "aws ssm start-session --cli-input-json '{\"Target\":\"i-0123456789abcdef0\",\
                \"DocumentName\":\"AWS-StartPortForwardingSessionToRemoteHost\",\"Parameters\":\
                {\"host\":[\"db.internal\"],\"portNumber\":[\"5432\"],\"localPortNumber\":[\"5433\"]}}'";
    assert_eq!(one(text), orders());
}

#[test]
fn typographic_quotes_dashes_and_spaces_are_read_as_plain_ones() {
    for text in [
        "aws ssm start-session –target i-0123456789abcdef0 —document-name AWS‑StartPortForwardingSessionToRemoteHost —parameters host=“db.internal”,portNumber=“5432”,localPortNumber=“5433”",
        "aws\u{a0}ssm\u{a0}start-session\u{a0}--target\u{a0}“i-0123456789abcdef0” --document-name ‘AWS-StartPortForwardingSessionToRemoteHost’ --parameters ‘{“portNumber”:[“5432”],“localPortNumber”:[“5433”],“host”:[“db.internal”]}’",
        "aws ssm start\u{ad}-session --target \u{200b}i-0123456789abcdef0 --document-name AWS-StartPortForwardingSessionToRemoteHost --parameters '{“portNumber”:[“5432”],“localPortNumber”:[“5433”],“host”:[“db.internal”]}'",
    ] {
        assert_eq!(one(text), orders(), "{text}");
    }
    let apostrophe = format!("{REMOTE} host=db.internal,portNumber=5432 --reason \"it’s mine\"");
    assert_eq!(one(&apostrophe).reason, some("it’s mine"));
    assert_eq!(notices(&apostrophe), []);
}

#[test]
fn what_cannot_be_known_is_named_and_never_run() {
    let variable = |name: &str| Fault::Variable {
        name: name.to_owned(),
    };
    let rest = "--document-name AWS-StartPortForwardingSession --parameters portNumber=80";
    for (target, wanted) in [
        ("$INSTANCE_ID", variable("INSTANCE_ID")),
        ("\"${INSTANCE_ID}\"", variable("INSTANCE_ID")),
        ("${ID:-i-0123456789abcdef0}", variable("ID")),
        ("$1", variable("1")),
        ("$(cat id)", Fault::CommandOutput),
        ("\"`cat id`\"", Fault::CommandOutput),
        ("<instance-id>", Fault::Placeholder),
        ("'<your instance>'", Fault::Placeholder),
    ] {
        assert_eq!(
            fault(&format!("aws ssm start-session --target {target} {rest}")),
            wanted,
            "{target}"
        );
    }
    assert_eq!(
        fault(&format!("aws ssm start-session --target %ID% {rest}")),
        variable("ID")
    );
    assert_eq!(
        fault(&format!(
            "$env:AWS_PROFILE='x'; aws ssm start-session --target $Id {rest}"
        )),
        variable("Id")
    );
    assert_eq!(
        fault(&format!(
            "ID=$(aws ec2 describe-instances)\naws ssm start-session --target $ID {rest}"
        )),
        variable("ID")
    );
    assert_eq!(
        fault(&format!("{REMOTE} host=<db-host>,portNumber=5432")),
        Fault::Placeholder
    );
    // Single quotes make it a text.
    assert_eq!(
        one(&format!("aws ssm start-session --target '$ID' {rest}")).target,
        "$ID"
    );
}

#[test]
fn errors_say_what_and_where() {
    let error = parse("aws ssm start-session \\\n  --target $ID --document-name x")
        .expect_err("a variable");
    assert_eq!(
        error.place,
        Place {
            line: 2,
            column: 12
        }
    );
    let problem = error.problem();
    assert_eq!(problem.code, "paste-variable");
    assert!(problem.details.contains("line 2, column 12"), "{problem:?}");
    assert!(!problem.remedy.is_empty());

    let option = || "--parameters".to_owned();
    assert_eq!(fault(""), Fault::Empty);
    assert_eq!(fault(" \n\t "), Fault::Empty);
    assert_eq!(fault("hello there"), Fault::NothingFound);
    assert_eq!(
        fault("aws ssm start-session --target 'i-1"),
        Fault::UnclosedQuote
    );
    assert_eq!(
        fault(&format!("{REMOTE} file://parameters.json")),
        Fault::InFile { option: option() }
    );
    assert_eq!(fault(REMOTE), Fault::MissingValue { option: option() });
    assert_eq!(
        fault(&format!("{REMOTE} --region x")),
        Fault::MissingValue { option: option() }
    );
    assert_eq!(fault(&format!("{REMOTE} db.internal")), Fault::Parameters);
    assert_eq!(fault(&format!("{REMOTE} '{{\"host\":'")), Fault::Parameters);
    let name = "portNumber".to_owned();
    assert_eq!(
        fault(&format!("{REMOTE} portNumber=1,2")),
        Fault::ParameterValues { name }
    );
    let what = "portNumber".to_owned();
    assert_eq!(
        fault(&format!("{REMOTE} portNumber=65536,host=x")),
        Fault::Port { what }
    );
    assert_eq!(
        fault("\u{1b}[2Jaws ssm"),
        Fault::ControlCharacter { code: 0x1b }
    );
    assert_eq!(
        fault("aws\u{202e}ssm"),
        Fault::ControlCharacter { code: 0x202e }
    );
    assert_eq!(
        fault(&"x".repeat(TEXT_MOST + 1)),
        Fault::TooLong { most: TEXT_MOST }
    );
    assert_eq!(fault(&"sudo ".repeat(1000)), Fault::TooDeep);
}

#[test]
fn what_variables_and_inner_commands_amount_to_is_bounded_over_the_whole_text() {
    let long = "x".repeat(TEXT_MOST / 2);
    let each = |times: usize, line: &str| line.repeat(times);
    for (why, text) in [
        ("words", format!("A={long}\necho{}\n", each(2000, " $A"))),
        ("values", format!("A={long}\n{}", each(2000, "B=$A\n"))),
        (
            "inner commands",
            format!("A='echo {long}'\n{}", each(1000, "sh -c \"$A\"\n")),
        ),
        (
            "inner commands of inner commands",
            format!(
                "A='echo {}'\n{}",
                &long[..TEXT_MOST / 4],
                each(400, "sh -c \"sh -c \\\"$A\\\"; sh -c \\\"$A\\\"\"\n")
            ),
        ),
    ] {
        assert!(text.len() <= TEXT_MOST, "{why}");
        assert_eq!(fault(&text), Fault::TooMuch, "{why}");
    }
    // A long text that somebody may have, with one value in many places.
    let target = "T=i-0123456789abcdef0\n";
    let line = "aws ssm start-session --target $T --document-name \
                AWS-StartPortForwardingSession --parameters portNumber=1\n";
    let text = format!("{target}{}", each(100, line));
    assert_eq!(parse(&text).unwrap().tunnels.len(), 100);
}

#[test]
fn every_local_forward_of_ssh_becomes_a_tunnel() {
    let draft = one("ssh -L 5433:db.internal:5432 ec2-user@i-0123456789abcdef0");
    assert_eq!(draft, orders());
    for text in [
        "ssh -N -f -i ~/.ssh/key.pem -p 2222 -L 5433:db.internal:5432 me@i-0123456789abcdef0",
        "ssh -fNTL 5433:db.internal:5432 -l me i-0123456789abcdef0",
        "ssh -i \"$HOME/.ssh/key.pem\" -L 5433:db.internal:5432 i-0123456789abcdef0",
        "ssh -L 5433:db.internal:5432 i-0123456789abcdef0 \"echo $HOME\"",
        "ssh -L5433:db.internal:5432 i-0123456789abcdef0 -N",
        "ssh i-0123456789abcdef0 -L 5433:db.internal:5432",
        "ssh -o \"LocalForward 5433 db.internal:5432\" i-0123456789abcdef0",
        "ssh -oLocalForward='5433 db.internal:5432' i-0123456789abcdef0",
        "autossh -M 0 -N -L 5433:db.internal:5432 i-0123456789abcdef0",
        "ssh -L 5433:[db.internal]:5432 ssh://me@i-0123456789abcdef0:22",
        "ssh –N –L 5433:db.internal:5432 i-0123456789abcdef0",
        "ssh -o ProxyCommand='aws ssm start-session --target i-0123456789abcdef0 --document-name AWS-StartSSHSession' -L 5433:db.internal:5432 bastion",
    ] {
        assert_eq!(one(text), orders(), "{text}");
    }
    let several =
        parse("ssh -L 1:a:2 -L 127.0.0.1:3:localhost:4 -L /run/db.sock:b:5 i-0123456789abcdef0")
            .expect("three");
    let seen: Vec<_> = several
        .tunnels
        .iter()
        .map(|draft| {
            (
                draft.bind.as_str(),
                draft.local_port,
                draft.remote_host.as_deref(),
                draft.remote_port,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("", 1, Some("a"), 2),
            ("127.0.0.1", 3, None, 4),
            ("/run/db.sock", 0, Some("b"), 5)
        ]
    );
    let six = one("ssh -L [::1]:5433:[2001:db8::5]:5432 i-0123456789abcdef0");
    assert_eq!(
        (six.bind.as_str(), six.remote_host.as_deref()),
        ("::1", Some("2001:db8::5"))
    );
}

#[test]
fn a_host_that_only_ssh_knows_leaves_the_target_open() {
    let text = "ssh -N -L 5433:db.internal:5432 -R 1:x:2 me@bastion";
    assert_eq!(one(text).target, "");
    assert_eq!(
        notices(text),
        [
            Notice::TargetToChoose,
            Notice::SshLoginLeftOut,
            Notice::OtherForwardLeftOut
        ]
    );
    let behind = one("ssh -J i-0123456789abcdef0 -L 5433:localhost:5432 10.0.0.5");
    assert_eq!(
        (behind.target.as_str(), behind.remote_host.as_deref()),
        (NODE, Some("10.0.0.5"))
    );
    let everywhere = "ssh -g -L 5433:db.internal:5432 i-0123456789abcdef0";
    assert_eq!(one(everywhere).bind, "0.0.0.0");
    assert_eq!(notices(everywhere), [Notice::ListensEverywhere]);
    assert_eq!(one("ssh -L *:1:a:2 i-0123456789abcdef0").bind, "0.0.0.0");
}

#[test]
fn an_ssh_command_that_can_be_no_tunnel_says_why() {
    assert_eq!(fault("ssh me@bastion"), Fault::NoLocalForward);
    assert_eq!(fault("ssh -D 1080 bastion"), Fault::NoLocalForward);
    assert_eq!(
        fault("ssh -L 5433:/run/db.sock bastion"),
        Fault::RemoteSocket
    );
    assert_eq!(fault("ssh -L /a:/b bastion"), Fault::RemoteSocket);
    assert_eq!(fault("ssh -L 5433:5432 bastion"), Fault::ForwardSpec);
    assert_eq!(fault("ssh -L 5433:[::1:5432 bastion"), Fault::ForwardSpec);
    assert_eq!(
        fault("ssh -L x:db:5432 bastion"),
        Fault::Port {
            what: "-L".to_owned()
        }
    );
    assert_eq!(
        fault("ssh bastion -L"),
        Fault::MissingValue {
            option: "-L".to_owned()
        }
    );
    assert_eq!(
        fault("ssh -L $PORT:db:5432 bastion"),
        Fault::Variable {
            name: "PORT".to_owned()
        }
    );
}

#[test]
fn the_address_of_a_service_is_a_destination() {
    for (text, host, port) in [
        (
            "postgres://me:planted-x@db.internal:6432/orders?sslmode=require",
            "db.internal",
            6432,
        ),
        ("postgresql://db.internal/orders", "db.internal", 5432),
        (
            "postgresql+asyncpg://db.internal/orders",
            "db.internal",
            5432,
        ),
        ("mysql://root:planted-x@db.internal", "db.internal", 3306),
        ("mariadb://db.internal:3307/", "db.internal", 3307),
        (
            "mongodb://me:planted-x@db.internal/?authSource=admin",
            "db.internal",
            27017,
        ),
        (
            "redis://:planted-x@cache.internal/0",
            "cache.internal",
            6379,
        ),
        ("rediss://cache.internal:6380", "cache.internal", 6380),
        ("sqlserver://db.internal", "db.internal", 1433),
        (
            "jdbc:sqlserver://db.internal;databaseName=x;password=planted-x",
            "db.internal",
            1433,
        ),
        (
            "jdbc:sqlserver://db.internal\\SQLEXPRESS:1434;encrypt=true",
            "db.internal",
            1434,
        ),
        (
            "jdbc:sqlserver://db.internal:1435;user=sa;password=planted-P@ss",
            "db.internal",
            1435,
        ),
        (
            "jdbc:postgresql://db.internal:5433/x?user=me&password=planted-x",
            "db.internal",
            5433,
        ),
        ("jdbc:mysql://db.internal/x", "db.internal", 3306),
        (
            "jdbc:oracle:thin:me/planted-x@//db.internal:1522/orders",
            "db.internal",
            1522,
        ),
        (
            "jdbc:oracle:thin:@tcps://db.internal:2484/orders",
            "db.internal",
            2484,
        ),
        (
            "jdbc:oracle:thin:@db.internal:1523:ORCL",
            "db.internal",
            1523,
        ),
        (
            "amqp://guest:planted-x@mq.internal/vhost",
            "mq.internal",
            5672,
        ),
        ("amqps://mq.internal", "mq.internal", 5671),
        ("http://console.internal/", "console.internal", 80),
        (
            "HTTPS://Console.Internal:8443/x#y",
            "console.internal",
            8443,
        ),
        ("postgres://me:p@ss@db.internal/x", "db.internal", 5432),
        ("postgres://[2001:db8::5]:5433/x", "2001:db8::5", 5433),
        ("postgres://10.1.2.3/x", "10.1.2.3", 5432),
        ("db.internal:9999", "db.internal", 9999),
        ("<postgres://db.internal/orders>", "db.internal", 5432),
        ("\"postgres://db.internal/orders\"", "db.internal", 5432),
        (
            "psql \"postgres://me:planted-x@db.internal/orders\"",
            "db.internal",
            5432,
        ),
        (
            "psql postgres://db.internal/orders -c 'select 1'",
            "db.internal",
            5432,
        ),
        (
            "DATABASE_URL=postgres://me:planted-x@db.internal/orders",
            "db.internal",
            5432,
        ),
        (
            "export DATABASE_URL='postgres://me:planted-x@db.internal/orders'",
            "db.internal",
            5432,
        ),
    ] {
        let draft = one(text);
        assert_eq!(
            (draft.remote_host.as_deref(), draft.remote_port),
            (Some(host), port),
            "{text}"
        );
        assert_eq!(draft.target, "", "{text}");
        let paste = parse(text).expect("read before");
        assert!(!format!("{paste:?}").contains("planted-"), "{paste:?}");
        if text.contains("planted-x@") {
            assert!(
                paste
                    .notes
                    .iter()
                    .any(|note| note.notice == Notice::LoginLeftOut),
                "{text}"
            );
        }
    }
}

#[test]
fn an_address_that_names_no_host_and_port_says_why() {
    assert_eq!(
        fault("mongodb+srv://cluster0.example.net/x"),
        Fault::HostByRecord
    );
    assert_eq!(
        fault("gopher+x://db.internal"),
        Fault::UnknownScheme {
            scheme: "gopher".to_owned()
        }
    );
    assert_eq!(fault("postgres:///orders"), Fault::AddressHost);
    assert_eq!(
        fault("postgres://%2Frun%2Fpostgresql/orders"),
        Fault::AddressHost
    );
    let what = "the address".to_owned();
    assert_eq!(fault("postgres://db.internal:0/x"), Fault::Port { what });
    assert_eq!(
        fault("postgres://me:planted-/x@db.internal/x"),
        Fault::AmbiguousAddress
    );
    assert_eq!(one("gopher://db.internal:70").remote_port, 70);
}

#[test]
fn several_hosts_and_several_lines_are_several_tunnels() {
    let several =
        parse("mongodb://me:planted-x@a.internal:1,b.internal,c.internal:3/x").expect("three");
    let ports: Vec<_> = several
        .tunnels
        .iter()
        .map(|draft| draft.remote_port)
        .collect();
    assert_eq!(ports, [1, 27017, 3]);
    let lines = parse("postgres://a.internal/x\n\nredis://b.internal\n").expect("two");
    assert_eq!(lines.tunnels.len(), 2);
    let commands = format!("{REMOTE} host=a,portNumber=1\n{REMOTE} host=b,portNumber=2\n");
    assert_eq!(parse(&commands).expect("two").tunnels.len(), 2);
    let many = "postgres://a/x\n".repeat(TUNNELS_MOST + 1);
    assert_eq!(fault(&many), Fault::TooMany { most: TUNNELS_MOST });
}

#[test]
fn beside_a_command_an_address_is_another_programs_business() {
    let text = format!(
        "{REMOTE} host=db.internal,portNumber=5432,localPortNumber=5433 &\npsql postgres://me:planted-x@localhost:5433/orders"
    );
    assert_eq!(one(&text), orders());
    assert_eq!(notices(&text), [Notice::CommandLeftOut]);
    assert!(!format!("{:?}", parse(&text)).contains("planted-"));
    let local = "postgres://localhost/x";
    assert_eq!(one(local).remote_host, None);
    assert!(notices(local).contains(&Notice::ThisMachine));
}

#[test]
fn keys_in_the_text_are_left_out_and_that_is_said() {
    let text = format!(
        "export AWS_ACCESS_KEY_ID=AKIAplanted-1 AWS_SECRET_ACCESS_KEY=planted-2 AWS_SESSION_TOKEN=planted-3\n\
         {REMOTE} host=db.internal,portNumber=5432,localPortNumber=5433"
    );
    assert_eq!(one(&text), orders());
    assert_eq!(notices(&text), [Notice::KeysLeftOut]);
    assert!(!format!("{:?}", parse(&text)).contains("planted-"));
    let used = "AWS_SESSION_TOKEN=planted-3; aws ssm start-session --target $AWS_SESSION_TOKEN --document-name x";
    assert!(!format!("{:?}", parse(used)).contains("planted-"));
}

#[test]
fn words_that_a_shell_has_taken_apart_are_read_as_they_are() {
    let words: Vec<_> = format!("{REMOTE} host=db.internal,portNumber=5432,localPortNumber=5433")
        .split_whitespace()
        .map(str::to_owned)
        .chain(["--reason".to_owned(), "it's $5 \"off\"".to_owned()])
        .collect();
    let paste = parse_words(&words).expect("read");
    assert_eq!(
        paste.tunnels,
        [Draft {
            reason: some("it's $5 \"off\""),
            ..orders()
        }]
    );
    assert_eq!(
        parse_words(&["postgres://db.internal/x"])
            .expect("read")
            .tunnels
            .len(),
        1
    );
    let error = parse_words(&["aws", "ssm", "start-session", "--target"]).expect_err("no value");
    assert_eq!(
        error.place,
        Place {
            line: 1,
            column: 23
        }
    );
}
