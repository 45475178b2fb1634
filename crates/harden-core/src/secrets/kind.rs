//! What kinds of secrets there are, and why a value is none.

use std::fmt;

/// Makes the enumeration of kinds with its stable ids and names.
macro_rules! kinds {
    ($($variant:ident $id:literal $name:literal,)*) => {
        /// What a secret is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = concat!("`", $id, "`: ", $name, ".")] $variant,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant,)*];

            /// The stable id, kebab-case: reports, settings and tests use it.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What it is called in a sentence, with its article.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    AgeKey "age-secret-key" "an age secret key",
    AivenPassword "aiven-password" "an Aiven service password",
    AnthropicKey "anthropic-key" "an Anthropic API key",
    AtlassianToken "atlassian-token" "an Atlassian API token",
    AwsAccessKeyId "aws-access-key-id" "an AWS access key id",
    AwsSecretKey "aws-secret-key" "an AWS secret access key",
    AwsSessionToken "aws-session-token" "an AWS session token",
    AzureAccountKey "azure-account-key" "an Azure shared key",
    AzureClientSecret "azure-client-secret" "a Microsoft Entra client secret",
    AzureSas "azure-sas" "an Azure shared access signature",
    BasicAuth "basic-auth" "a user name with its password",
    BearerToken "bearer-token" "a bearer token",
    CargoToken "cargo-token" "a crates.io token",
    CircleCiToken "circleci-token" "a CircleCI token",
    ConnectionString "connection-string" "a connection string with its password",
    DatabricksToken "databricks-token" "a Databricks token",
    DefaultPassword "default-password" "a password that is easily guessed",
    DigitalOceanToken "digitalocean-token" "a DigitalOcean token",
    DiscordToken "discord-token" "a Discord bot token",
    DiscordWebhook "discord-webhook" "a Discord webhook",
    DockerHubToken "docker-hub-token" "a Docker Hub access token",
    DopplerToken "doppler-token" "a Doppler token",
    DynatraceToken "dynatrace-token" "a Dynatrace token",
    FlyToken "fly-token" "a Fly.io token",
    GcpServiceAccount "gcp-service-account" "a Google Cloud service account key",
    GenericPassword "generic-password" "a password",
    GenericSecret "generic-secret" "a secret key",
    GenericToken "generic-token" "a token or API key",
    GithubToken "github-token" "a GitHub token",
    GitlabToken "gitlab-token" "a GitLab token",
    GoogleApiKey "google-api-key" "a Google API key",
    GoogleOauthSecret "google-oauth-secret" "a Google OAuth client secret or token",
    GrafanaToken "grafana-token" "a Grafana token",
    GroqKey "groq-key" "a Groq API key",
    HerokuKey "heroku-key" "a Heroku API key",
    HuggingFaceToken "hugging-face-token" "a Hugging Face token",
    JfrogToken "jfrog-token" "a JFrog access token",
    Jwt "jwt" "a JSON web token",
    LinearKey "linear-key" "a Linear API key",
    MailgunKey "mailgun-key" "a Mailgun API key",
    MapboxToken "mapbox-token" "a secret Mapbox token",
    NetrcPassword "netrc-password" "a password in the form of .netrc",
    NewRelicKey "new-relic-key" "a New Relic user key",
    NotionToken "notion-token" "a Notion token",
    NpmToken "npm-token" "an npm token",
    NugetKey "nuget-key" "a NuGet API key",
    NvidiaKey "nvidia-key" "an NVIDIA API key",
    OpenAiKey "openai-key" "an OpenAI API key",
    PasswordHash "password-hash" "the hash of a password",
    PlanetScaleToken "planetscale-token" "a PlanetScale token or password",
    PostmanKey "postman-key" "a Postman API key",
    PrivateKey "private-key" "a private key",
    PulumiToken "pulumi-token" "a Pulumi access token",
    PypiToken "pypi-token" "a PyPI token",
    ReplicateToken "replicate-token" "a Replicate API token",
    RubyGemsKey "rubygems-key" "a RubyGems API key",
    SendGridKey "sendgrid-key" "a SendGrid API key",
    SentryToken "sentry-token" "a Sentry token",
    ShopifyToken "shopify-token" "a Shopify token",
    SlackToken "slack-token" "a Slack token",
    SlackWebhook "slack-webhook" "a Slack webhook",
    SonarToken "sonar-token" "a SonarQube token",
    SquareToken "square-token" "a Square access token",
    StripeKey "stripe-key" "a Stripe key",
    SupabaseKey "supabase-key" "a Supabase key",
    TailscaleKey "tailscale-key" "a Tailscale key",
    TeamsWebhook "teams-webhook" "a Microsoft Teams webhook",
    TelegramToken "telegram-token" "a Telegram bot token",
    TerraformToken "terraform-token" "a Terraform Cloud token",
    TwilioKeyId "twilio-key-id" "a Twilio API key id",
    TwilioToken "twilio-token" "a Twilio auth token",
    UrlPassword "url-password" "a password in a URL",
    UrlToken "url-token" "a token in a URL",
    VaultToken "vault-token" "a HashiCorp Vault token",
}

impl Kind {
    /// Whether only a name or the place gives it away, not its own form.
    pub const fn is_generic(self) -> bool {
        matches!(
            self,
            Self::BasicAuth
                | Self::BearerToken
                | Self::DefaultPassword
                | Self::GenericPassword
                | Self::GenericSecret
                | Self::GenericToken
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Makes the enumeration of reasons with their stable ids and sentences.
macro_rules! reasons {
    ($($variant:ident $id:literal $sentence:literal,)*) => {
        /// Why something with the name or the look of a secret is none.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum NotSecret {
            $(#[doc = concat!("`", $id, "`: ", $sentence, ".")] $variant,)*
        }

        impl NotSecret {
            /// Every reason.
            pub const ALL: &'static [NotSecret] = &[$(NotSecret::$variant,)*];

            /// The stable id, kebab-case.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The reason as the rest of a sentence, without a full stop: `left alone: <reason>`.
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }
        }
    };
}

reasons! {
    Address "address" "it holds an address without a password",
    Boolean "boolean" "it switches something on or off",
    Checksum "checksum" "it holds a checksum or a revision",
    ClassName "class-name" "it holds the name of a class or a module",
    Empty "empty" "it holds nothing",
    Encrypted "encrypted" "the value is encrypted",
    Example "example" "the value is a sample from documentation",
    FileName "file-name" "it names a file",
    Fingerprint "fingerprint" "it holds the fingerprint of a public key",
    Identifier "identifier" "it names a secret or a key and does not hold it",
    NameOnly "name-only" "it is declared without a value",
    Number "number" "it holds a number",
    Ordinary "ordinary" "the name is no sure sign and the value looks ordinary",
    Path "path" "it holds a path",
    Placeholder "placeholder" "the value stands for one that is yet to be filled in",
    Public "public" "the value is made to be public",
    PublicKey "public-key" "it holds a public key",
    Reference "reference" "it refers to a value that is kept elsewhere",
    Setting "setting" "the name speaks of a setting beside a secret",
    Text "text" "it holds a sentence",
    Version "version" "it holds a version",
}

impl fmt::Display for NotSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
