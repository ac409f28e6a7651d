//! Fields whose name tells what their value is: those of Culvert's own records, of AWS's answers, of
//! settings and of other programs' logs.

use crate::Kind;

/// Names of secrets, as they stand in a pattern: at the end of any word. A value behind one goes
/// whole.
pub(crate) const SECRETS: &str = "secret(?:[-_]?(?:string|binary))?|password|passwd|passphrase|passwort|kennwort|pwd\
|token|apikey|(?:api|access|secret|shared|account|encryption|master|auth|signing|session|private)[-_]?key\
|signature|credential|samlresponse|samlrequest|client[-_]?assertion|cell[-_]?number|jsessionid|phpsessid|sig|code[-_]?verifier|external[-_]?id|mfa[-_]?code|device[-_]?code|user[-_]?code";

/// The same for names that mean no secret as the end of another word: `bypass`.
pub(crate) const SECRETS_ALONE: &str = "pass|passcode|otp|auth";

/// Fields that are known by their name wherever they stand. Words are apart by `_`, which stands for
/// `_`, `-`, a space or nothing.
pub(crate) const TELLING: [(Kind, &[&str]); 9] = [
    (
        Kind::Name,
        &[
            "role_name",
            "role_session_name",
            "sso_role_name",
            "bucket",
            "bucket_name",
            "cluster",
            "cluster_name",
            "cluster_identifier",
            "db_cluster_identifier",
            "db_instance_identifier",
            "database",
            "database_name",
            "db_name",
            "instance_profile_name",
            "function_name",
            "table_name",
            "stack_name",
            "group_name",
            "key_name",
            "alias_name",
            "load_balancer_name",
            "log_group_name",
            "log_stream_name",
            "topic_name",
            "queue_name",
            "secret_name",
            "profile_name",
            "aws_profile",
            "sso_session",
            "source_profile",
            "pod_name",
            "account_name",
            "initial_catalog",
            "service_account",
            "replication_group_id",
            "workgroup",
            "pgdatabase",
            "mysql_database",
            "postgres_db",
            "account_domain",
            "awslogs_group",
            "cache_cluster_id",
            "container_name",
            "current_context",
            "document_name",
            "domain_name",
            "launch_template_name",
            "logon_domain",
            "namespace",
            "parameter_name",
            "project_id",
            "realm",
            "repository_name",
            "schema_name",
            "service_name",
            "share_name",
            "ssid",
            "target_group_name",
            "user_domain",
        ],
    ),
    (
        Kind::User,
        &[
            "user",
            "user_name",
            "user_id",
            "owner",
            "login",
            "login_name",
            "logname",
            "master_username",
            "db_user",
            "remote_user",
            "pguser",
            "mysql_user",
            "postgres_user",
            "created_by",
            "display_name",
            "family_name",
            "full_name",
            "given_name",
            "modified_by",
            "name_id",
            "preferred_username",
            "requested_by",
            "sam_account_name",
            "started_by",
            "sudo_user",
            "upn",
            "user_principal_name",
        ],
    ),
    (
        Kind::Host,
        &[
            "host",
            "host_name",
            "remote_host",
            "computer_name",
            "proxy_host",
            "server_name",
            "node_name",
            "private_dns_name",
            "public_dns_name",
            "db_host",
            "pghost",
            "mysql_host",
            "redis_host",
            "fqdn",
            "data_source",
            "workstation_name",
            "bastion",
            "jump_host",
            "proxy_jump",
            "admin_server",
            "db_server",
            "file_server",
            "kdc",
            "ldap_server",
            "machine_name",
            "server_instance",
            "smtp_server",
            "sql_server",
            "ssh_host",
        ],
    ),
    (
        Kind::Account,
        &[
            "account",
            "account_id",
            "owner_id",
            "owner_account",
            "aws_account_id",
            "sso_account_id",
        ],
    ),
    (Kind::Email, &["email", "e_mail"]),
    (Kind::Instance, &["instance_id"]),
    (Kind::Portal, &["start_url", "sso_start_url"]),
    (Kind::Tag, &["tag_key", "tag_value"]),
    // Whose they are: the ids of requests say nothing, these do.
    (
        Kind::Id,
        &["tenant_id", "subscription_id", "directory_id", "object_id"],
    ),
];

/// The same as options of commands alone: elsewhere they are words of sentences.
pub(crate) const OPTIONS: &str = "profile|context|kube-context|server|name";

/// Fields of JSON that are known there alone.
const IN_JSON: [(Kind, &[&str]); 5] = [
    (Kind::Session, &["session_id", "drop_of"]),
    (
        Kind::Phone,
        &[
            "phone",
            "phone_number",
            "telephone",
            "mobile",
            "mobile_number",
        ],
    ),
    (
        Kind::Token,
        &[
            "token_value",
            "token",
            "session_token",
            "access_token",
            "refresh_token",
            "id_token",
            "client_token",
            "aws_session_token",
            "x_amz_security_token",
            "authorization",
        ],
    ),
    (
        Kind::Secret,
        &[
            "secret_access_key",
            "aws_secret_access_key",
            "password",
            "client_secret",
            "secret",
            "secret_string",
            "secret_binary",
        ],
    ),
    (Kind::Key, &["access_key_id", "aws_access_key_id"]),
];

/// What a field of JSON is by its name.
pub(crate) fn marked(key: &str) -> Option<Kind> {
    if key == "sessionReason" {
        return Some(Kind::Text);
    }
    of(key, &IN_JSON).or_else(|| of(key, &TELLING))
}

/// What a field in a text is by its name.
pub(crate) fn told(key: &str) -> Option<Kind> {
    of(key, &TELLING)
}

/// What an option is by its name, where a field of that name may be anything.
pub(crate) fn option_told(name: &str) -> Option<Kind> {
    match name.to_ascii_lowercase().as_str() {
        "profile" | "context" | "kube-context" | "name" => Some(Kind::Name),
        "server" => Some(Kind::Host),
        _ => None,
    }
}

fn of(key: &str, table: &[(Kind, &[&str])]) -> Option<Kind> {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    let key = plain(key);
    table
        .iter()
        .find(|(_, names)| names.iter().any(|name| plain(name) == key))
        .map(|(kind, _)| *kind)
}
