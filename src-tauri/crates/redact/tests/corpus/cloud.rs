//! What is planted of AWS and of other clouds.

/// Queues, images, filters, requests, subscriptions and projects.
pub(crate) const PLANTED: &[(&str, &str)] = &[
    (
        "kunden-queue",
        "https://sqs.eu-central-1.amazonaws.com/210987654321/{} is gone",
    ),
    (
        "210987654321",
        "https://sqs.eu-central-1.amazonaws.com/{}/x is gone",
    ),
    ("kunden-queue.fifo", "the queue {} is full"),
    ("kunden-queue", "no such queue \"{}\""),
    (
        "210987654321",
        "pull {}.dkr.ecr.eu-central-1.amazonaws.com/x:1.2.3",
    ),
    (
        "kunden-abbild",
        "pull 210987654321.dkr.ecr.eu-central-1.amazonaws.com/{}:1.2.3",
    ),
    (
        "kunden-abbild",
        "pull 210987654321.dkr.ecr.eu-central-1.amazonaws.com/team/{}@sha256:x",
    ),
    ("2109 8765 4321", "signed in to {} as administrator"),
    ("2109-8765-4321", "signed in to {} as administrator"),
    (
        "geheimer-bastion",
        "aws ec2 describe-instances --filters Name=tag:Name,Values={}",
    ),
    (
        "geheimer-bastion",
        r#"{"Filters":[{"Name":"tag:Name","Values":["{}"]}]}"#,
    ),
    (
        "kundendbx",
        r#"{"Parameters":{"host":["{}"],"portNumber":["5432"]}}"#,
    ),
    (
        "kundendbx",
        r#"--parameters '{"host":["{}"],"portNumber":["5432"]}'"#,
    ),
    (
        "KundenAdmin",
        "role AWSReservedSSO_{}_0123456789abcdef is used",
    ),
    ("kunden-admin", "[profile {}]\nregion = eu-central-1"),
    ("kunden-sso", "[sso-session {}]\nsso_region = eu-central-1"),
    ("kunden-admin", "The config profile ({}) could not be found"),
    ("Kunden-Dokument", "--document-name {} --target x"),
    ("/kunden/prod/db", "aws ssm get-parameter --name {}"),
    ("kunden-app", r#"{"serviceName":"{}","desiredCount":2}"#),
    ("kunden-app", r#"{"containerName":"{}"}"#),
    ("kunden-cache", r#"{"CacheClusterId":"{}"}"#),
    ("kunden-logs", r#"{"awslogs-group":"{}"}"#),
    (
        "kunden-lager",
        "https://{}.s3.eu-central-1.amazonaws.com/x.csv is gone",
    ),
    (
        "firma-alias",
        "https://{}.signin.aws.amazon.com/console is it",
    ),
    (
        "plantedSig0123456789abcdef0123456789abcdef",
        "https://localhost/x?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=60&X-Amz-Signature={}",
    ),
    (
        "ASIAPLANTED012345678",
        "https://localhost/x?X-Amz-Credential={}%2F20261130%2Feu-central-1%2Fs3%2Faws4_request",
    ),
    (
        "plantedAzureKey0123456789abcdefABCDEF==",
        "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={};EndpointSuffix=core.windows.net",
    ),
    (
        "kundenspeicher",
        "DefaultEndpointsProtocol=https;AccountName={};EndpointSuffix=core.windows.net",
    ),
    (
        "plantedSas%2BaBc9",
        "https://localhost/c?sv=2022-11-02&sp=r&sig={}",
    ),
    (
        "72f988bf-86f1-41af-91ab-2d7cd011db47",
        r#"{"tenantId":"{}"}"#,
    ),
    (
        "72f988bf-86f1-41af-91ab-2d7cd011db47",
        "https://login.microsoftonline.com/{}/oauth2/v2.0/token",
    ),
    (
        "0b1f6471-1bf0-4dda-aec3-cb9272f09590",
        "/subscriptions/{}/resourceGroups/x/providers",
    ),
    (
        "kunden-rg",
        "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/{}/providers",
    ),
    (
        "kunden-projekt-77",
        r#"{"type":"service_account","project_id":"{}"}"#,
    ),
    (
        "kunden-projekt-77",
        "projects/{}/locations/europe-west3/instances",
    ),
    (
        "svc-zora@kunden-projekt-77.iam.gserviceaccount.com",
        r#"{"client_email":"{}"}"#,
    ),
    (
        "0123456789abcdef0123456789abcdef01234567",
        r#"{"private_key_id":"{}"}"#,
    ),
];
