//! What is planted in files of keys, in headers and in answers that carry them.

/// Files of clients, headers of each scheme, tokens, keys, assertions.
pub(crate) const PLANTED: &[(&str, &str)] = &[
    (
        "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLVBsYW50ZWQ",
        "    client-key-data: {}",
    ),
    ("kunden-eks", "    current-context: {}"),
    ("kunden-nsx", "    namespace: {}"),
    ("zora-admin", "    user: {}"),
    ("planted-dockertoken", "{\"identitytoken\": \"{}\"}"),
    (
        "planted-netrc",
        "machine localhost\n  login zora\n  password {}",
    ),
    ("planted-pgpass", "localhost:5432:ordersx:zora:{}"),
    ("zorahuber", "localhost:5432:ordersx:{}:x1"),
    ("planted-ntlm-TlRMTVNTUAAB", "Authorization: NTLM {}"),
    (
        "planted-nonce-77",
        "Authorization: Digest username=\"x\", nonce=\"{}\", uri=\"/\"",
    ),
    (
        "zorahuber",
        "Authorization: Digest username=\"{}\", realm=\"x\"",
    ),
    ("planted-hawk", "Authorization: Hawk id=\"x\", mac=\"{}\""),
    ("planted-sharedkey=", "Authorization: SharedKey konto:{}"),
    ("planted-apikey7", "X-Api-Key: {}"),
    ("planted-vault7", "X-Vault-Token: {}"),
    (
        "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024",
        "AWS4-HMAC-SHA256 Credential=x/20261130/eu-central-1/ssm/aws4_request, SignedHeaders=host, Signature={}",
    ),
    ("Kundenbereich", "WWW-Authenticate: Basic realm=\"{}\""),
    ("planted-sid7", "Cookie: theme=dark; sid={}; lang=de"),
    ("planted-sid8", "Set-Cookie: AWSALB={}; Path=/; HttpOnly"),
    ("PLANTED9F3C2A1B", "GET /x;jsessionid={} HTTP/1.1"),
    (
        "planted-code-1a2b3c",
        "GET /oauth/callback?code={}&scope=sso HTTP/1.1",
    ),
    (
        "planted-state-9z8y",
        "http://127.0.0.1:4711/oauth/callback?state={}",
    ),
    ("BQDR-XKCF", "enter the code {} in the browser"),
    (
        "eyJhbGciOiJFUzM4NCIsImtpZCI6InBsYW50ZWQifQ",
        "the token {} is cut",
    ),
    (
        "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQplanted",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----",
    ),
    (
        "lQOYBGplantedABCDEFG0123456789abcdef",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2.0 (x)\n\n{}\n-----END PGP PRIVATE KEY BLOCK-----",
    ),
    (
        "AAAAgQDplanted0123456789abcdefABCDEFxyz",
        "PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 1\n{}\nPrivate-MAC: x",
    ),
    (
        "JBSWY3DPEHPK3PXPLANT",
        "otpauth://totp/x?secret={}&issuer=x",
    ),
    (
        "PHNhbWxwOlJlc3BvbnNlIFBsYW50ZWQ",
        "SAMLResponse={}&RelayState=x",
    ),
    ("zorahuber", "<saml:NameID Format=\"x\">{}</saml:NameID>"),
    (
        "KundenAdmins",
        "<saml2:AttributeValue>{}</saml2:AttributeValue>",
    ),
    (
        "zorahuber",
        "<User><UserName>{}</UserName><Path>/</Path></User>",
    ),
    ("planted-xml-7", "<SecretAccessKey>{}</SecretAccessKey>"),
    ("planted-xml-8", "<db><password>{}</password></db>"),
    (
        "AAEAAplantedcell12",
        "wss://ssmmessages.eu-central-1.amazonaws.com/v1/data-channel/x?role=publish_subscribe&cell-number={}",
    ),
    (
        "plantedXyz12345",
        "https://hooks.slack.com/services/T0PLANTED/B0PLANTED/{}",
    ),
    (
        "plantedhook123",
        "https://discord.com/api/webhooks/1234567/{}",
    ),
    (
        "AAHplantedABCDEFGHIJKLMNOPQRSTUVWXY",
        "https://api.telegram.org/bot123456789:{}/getMe",
    ),
    ("planted-setcred", "aws_session_token = {}"),
    ("planted-ext-id", "external_id = {}"),
    ("planted-env-7", "docker run -e DB_PASSWORD={} x"),
    ("planted-list-7", "\"Env\":[\"A=b\",\"DB_PASSWORD={}\"]"),
    ("planted-toml-7", "password = '{}'"),
    ("planted-ruby-7", ":password => \"{}\""),
    ("planted-html-7", "<input name=\"password\" value=\"{}\">"),
    ("planted&amp-7x", "{\"password\":\"{}\"}"),
];
