//! What is planted as programs write it that stand beside a tunnel: the AWS CLI, psql, ssh, kubectl, terraform,
//! proxies, Windows, and Culvert's own log.

/// Lines of their logs and of what they print.
pub(crate) const PLANTED: &[(&str, &str)] = &[
    // The AWS CLI.
    (
        "KundenRolle",
        "An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:sts::210987654321:assumed-role/{}/zora is not authorized",
    ),
    (
        "zora.huber",
        "An error occurred (AccessDenied): User: arn:aws:sts::210987654321:assumed-role/x/{} is not authorized to perform: ssm:StartSession",
    ),
    (
        "kundenprofil",
        "aws: error: The config profile ({}) could not be found",
    ),
    (
        "kunden-sso",
        "Error loading SSO Token: Token for {} does not exist",
    ),
    (
        "kunden-sso",
        "Error when retrieving token from sso: Token has expired and refresh failed for {}",
    ),
    (
        "i-0fedcba9876543210",
        "An error occurred (TargetNotConnected) when calling the StartSession operation: {} is not connected.",
    ),
    (
        "zora-0f1e2d3c4b5a69788",
        "Starting session with SessionId: {}",
    ),
    (
        "kunden-param",
        "An error occurred (ParameterNotFound) when calling the GetParameter operation: Parameter /{}/x not found",
    ),
    (
        "ASIAPLANTED987654321",
        "2026-11-30 08:10:24,123 - MainThread - botocore.auth - DEBUG - Credential={}/20261130/eu-central-1/ssm/aws4_request",
    ),
    (
        "plantedtoken0123456789abcdefABCDEF",
        "2026-11-30 08:10:24,123 - MainThread - botocore.auth - DEBUG - x-amz-security-token:{}",
    ),
    (
        "kunden-eimer",
        "fatal error: An error occurred (404) when calling the HeadObject operation: bucket {} was not found",
    ),
    ("QWRF-PLNT", "Then enter the code:\n\n{}\n"),
    // psql and other clients.
    (
        "kundendb7",
        "psql: error: connection to server at \"{}\" (127.0.0.1), port 5432 failed: Connection refused",
    ),
    (
        "zorahuber",
        "psql: error: FATAL:  role \"{}\" does not exist",
    ),
    (
        "geheimdb",
        "psql: error: FATAL:  database \"{}\" does not exist",
    ),
    (
        "10.17.3.42",
        "psql: error: connection to server at \"localhost\" ({}), port 5432 failed: timeout",
    ),
    ("geheime_tabelle", "ERROR:  permission denied for table {}"),
    (
        "zorahuber",
        "2026-11-30 08:10:24.123 UTC [4711] {}@app FATAL:  terminating connection",
    ),
    (
        "geheimdb",
        "You are now connected to database \"{}\" as user \"zora\".",
    ),
    (
        "kundenmysql",
        "ERROR 2005 (HY000): Unknown MySQL server host '{}' (-2)",
    ),
    (
        "kundencache",
        "Could not connect to Redis at {}:6379: Connection refused",
    ),
    (
        "kundensqlx",
        "Sqlcmd: Error: Microsoft ODBC Driver 18: Login timeout expired. Server is not found: {}.",
    ),
    // ssh.
    (
        "kundenziel",
        "debug1: Connecting to {} [127.0.0.1] port 22.",
    ),
    ("kundenziel", "debug1: Authenticating to {}:22 as 'root'"),
    (
        "zorahuber",
        "debug1: Authenticating to localhost:22 as '{}'",
    ),
    (
        "zorahuber",
        "debug1: identity file /home/{}/.ssh/id_ed25519 type 3",
    ),
    (
        "planted0fingerprintABCDEFGHIJKLMNOPQRSTUVWX",
        "debug1: Server host key: ssh-ed25519 SHA256:{}",
    ),
    (
        "kundenziel",
        "ssh: Could not resolve hostname {}: Name or service not known",
    ),
    (
        "kundenziel",
        "The authenticity of host '{} (127.0.0.1)' can't be established.",
    ),
    (
        "kundenziel",
        "Warning: Permanently added '{}' (ED25519) to the list of known hosts.",
    ),
    (
        "kundendbx",
        "channel 3: open failed: connect failed: {}: Connection refused",
    ),
    ("zorahuber", "{}@localhost: Permission denied (publickey)."),
    // kubectl.
    (
        "kunden-orders",
        "Error from server (NotFound): deployments.apps \"{}\" not found",
    ),
    ("kunden-nsx", "No resources found in {} namespace."),
    ("kunden-eks", "Switched to context \"{}\"."),
    (
        "kunden-orders",
        "Forwarding from 127.0.0.1:5432 -> 5432 for pod/{}",
    ),
    (
        "zora-admin",
        "Error from server (Forbidden): pods is forbidden: User \"{}\" cannot list resource",
    ),
    (
        "kunden-nsx",
        "cannot list resource \"pods\" in API group \"\" in the namespace \"{}\"",
    ),
    (
        "B0C1D2E3F4PLANTED.gr7.eu-central-1.eks.amazonaws.com",
        "dial tcp: lookup {}: no such host",
    ),
    // terraform.
    (
        "kunden-prod-vpc",
        "aws_vpc.main: Creation complete after 2s [name={}]",
    ),
    (
        "kunden_haupt",
        "  # aws_db_instance.{} will be updated in-place",
    ),
    (
        "kunden-zustand",
        "Error: error loading state: S3 bucket \"{}\" does not exist",
    ),
    ("planted-tfvar7", "  + db_password = \"{}\""),
    (
        "210987654321",
        "data.aws_caller_identity.current: Read complete after 0s [id={}]",
    ),
    ("kunden-rolle", "  ~ role = \"{}\" -> (known after apply)"),
    // Proxies.
    (
        "zorahuber",
        "1795262400.123    42 127.0.0.1 TCP_DENIED/407 4211 CONNECT localhost:443 {} HIER_NONE/- text/html",
    ),
    (
        "10.17.3.42",
        "1795262400.123    42 {} TCP_TUNNEL/200 4211 CONNECT localhost:443 - HIER_DIRECT/x -",
    ),
    ("cGxhbnRlZDpnZWhlaW0=", "> Proxy-Authorization: Basic {}"),
    ("kundenproxy7", "* Connected to {} (127.0.0.1) port 3128"),
    ("kundenproxy7", "curl: (5) Could not resolve proxy: {}"),
    // Windows.
    (
        "zorahuber",
        r"The system cannot find the path specified: 'C:\Users\{}\AppData\Local\culvert'",
    ),
    ("zorahuber", r"%USERPROFILE%=C:\Users\{}"),
    ("KUNDEN-PC7", "COMPUTERNAME={}"),
    ("zorahuber", r"runas /user:KUNDE\{} cmd"),
    (
        "dateiserver7",
        r"net : System error 53: \\{}\daten has occurred",
    ),
    // Culvert's own.
    (
        "kundendbx",
        "2026-11-30T08:10:24.123Z  WARN tunnel::listen \"Orders\" s1: the destination can't be reached host={} port=5432",
    ),
    (
        "zora-0f1e2d3c4b5a69788",
        "2026-11-30T08:10:24.123Z  INFO tunnel::driver \"Orders\" s1: a session is up session_id={}",
    ),
    (
        "kundenproxy7",
        "{\"at\":\"2026-11-30T08:10:24.123Z\",\"level\":\"warn\",\"part\":\"aws_access::way\",\"message\":\"no way\",\"values\":{\"proxy_host\":\"{}\"}}",
    ),
    (
        "kundendbx",
        "{\"at\":\"2026-11-30T08:10:24.123Z\",\"level\":\"warn\",\"part\":\"tunnel\",\"message\":\"can't reach {}:5432\"}",
    ),
    (
        "kundenprofil",
        "2026-11-30T08:10:24.123Z  INFO aws_access::sso: a login was renewed profile_name=\"{}\"",
    ),
    (
        "i-0fedcba9876543210",
        "2026-11-30T08:10:24.123Z DEBUG tunnel::driver \"Orders\" 1: input=session 0 is granted, target={}",
    ),
];
