//! What is planted in connection strings and in what servers say of those who come.

/// ADO, ODBC, JDBC, Oracle's descriptors, MySQL's accounts.
pub(crate) const PLANTED: &[(&str, &str)] = &[
    (
        "zorahuber",
        "Access denied for user '{}'@'localhost' (using password: YES)",
    ),
    (
        "kundenhost",
        "Access denied for user 'zora'@'{}' (using password: YES)",
    ),
    ("zorahuber", "GRANT ALL ON *.* TO `{}`@`%`"),
    (
        "kundensqlx",
        "Server={};Database=ordersx;Trusted_Connection=True;",
    ),
    (
        "geheimdb",
        "Server=localhost;Database={};Trusted_Connection=True;",
    ),
    (
        "geheimdb",
        "Server=localhost;Initial Catalog={};Encrypt=True;",
    ),
    ("kundensqlx", "Server=tcp:{},1433;Encrypt=yes;"),
    (
        "kundensqlx",
        r"Data Source={}\SQL2019;Integrated Security=SSPI",
    ),
    (
        "kundenodbc",
        "Driver={ODBC Driver 18 for SQL Server};Server={};UID=app;",
    ),
    ("zorahuber", "Server=localhost;Uid={};Pwd=x1;"),
    (
        "zorahuber",
        "Host=localhost;Port=5432;User ID={};Pooling=true",
    ),
    ("kundenpgx", "Host={};Port=5432;Username=app;Pooling=true"),
    ("kundendsn", "DSN={};UID=app;PWD=x1"),
    ("planted-odbc", "DSN=x;UID=app;PWD={}"),
    (
        "kundensqlx",
        r"jdbc:sqlserver://{}\SQLEXPRESS:1433;databaseName=ordersx;encrypt=true",
    ),
    (
        "geheimdb",
        "jdbc:sqlserver://localhost:1433;databaseName={};encrypt=true",
    ),
    ("geheimdb", "jdbc:postgresql://localhost:5432/{}?ssl=true"),
    (
        "zorahuber",
        "jdbc:postgresql://localhost:5432/app?user={}&ssl=true",
    ),
    ("geheimsid", "jdbc:oracle:thin:@localhost:1521:{}"),
    ("kundenora", "jdbc:oracle:thin:@{}:1521:orcl"),
    (
        "geheimsid",
        "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=localhost)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME={})))",
    ),
    (
        "kundenora",
        "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST={})(PORT=1521))(CONNECT_DATA=(SID=x)))",
    ),
    (
        "kundenmongo7",
        "mongodb://localhost,{}:27017/app?replicaSet=rs0",
    ),
    ("geheimdb", "mongodb://localhost:27017/{}?authSource=admin"),
    ("kundenpgx", "host={} port=5432 dbname=ordersx user=zora"),
    (
        "geheimdb",
        "host=localhost port=5432 dbname={} sslmode=require",
    ),
    ("geheimdb", "FATAL: database \"{}\" does not exist"),
    (
        "zorahuber",
        "no pg_hba.conf entry for host \"127.0.0.1\", user \"{}\", database \"app\", no encryption",
    ),
    ("zorahuber", "Login failed for user '{}'. (code 18456)"),
];
