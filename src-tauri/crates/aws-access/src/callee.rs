//! Who is called, as errors name it.

use crate::Service;

/// Who is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Callee {
    /// A service of AWS.
    Service(Service),
    /// Whoever hands out credentials and is no service of AWS: a metadata service, a program.
    Credentials,
}

impl Callee {
    /// The name for people, within a sentence.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Credentials => "the source of the AWS credentials",
            Self::Service(service) => match service {
                Service::Ssm => "AWS Systems Manager",
                Service::SsmMessages => "AWS Session Manager",
                Service::Kms => "AWS KMS",
                Service::Ec2 => "Amazon EC2",
                Service::Sts => "AWS STS",
                Service::Ecs => "Amazon ECS",
                Service::Rds => "Amazon RDS",
                Service::ElastiCache => "Amazon ElastiCache",
                Service::OpenSearch => "Amazon OpenSearch Service",
                Service::Sso | Service::SsoOidc => "IAM Identity Center",
            },
        }
    }
}
