//! Servers and what they ask of the user they are started by.
//!
//! Facts come from the manual pages and the documentation of each program; where a package or an official image
//! decides, a comment names it.

/// A server with a way of its own to start.
pub(crate) struct Server {
    /// Names of its commands.
    pub(crate) names: &'static [&'static str],
    pub(crate) demand: ServerDemand,
    /// Ports below 1024 it listens on unless it is told otherwise.
    pub(crate) low_ports: &'static [u16],
    /// Directories it writes to unless it is told otherwise.
    pub(crate) directories: &'static [&'static str],
}

/// What a server asks of its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerDemand {
    /// Root, whatever its configuration says.
    Root,
    /// As installed it fails as another user; with another configuration it runs.
    Configuration,
    /// Any user that may write to its directories will do.
    Directories,
    /// Any user will do.
    Nothing,
}

/// Servers by the names of their commands.
pub(crate) const SERVERS: &[Server] = &[
    // https://hub.docker.com/r/nginxinc/nginx-unprivileged
    server(
        &["nginx", "openresty", "tengine", "angie"],
        ServerDemand::Configuration,
        &[80],
        &["/run", "/var/cache/nginx", "/var/log/nginx"],
    ),
    // https://httpd.apache.org/docs/2.4/mod/mpm_common.html#pidfile
    server(
        &["apache2", "apache2ctl", "apachectl", "httpd", "httpd-foreground"],
        ServerDemand::Configuration,
        &[80],
        &["/run/apache2", "/var/log/apache2"],
    ),
    // The image of PHP gives its run, lock and log directories to everybody.
    // https://hub.docker.com/_/php (running as an arbitrary user)
    server(&["apache2-foreground"], ServerDemand::Nothing, &[80], &[]),
    // https://docs.haproxy.org/3.0/management.html#3
    server(&["haproxy"], ServerDemand::Configuration, &[], &["/run/haproxy"]),
    // https://redmine.lighttpd.net/projects/lighttpd/wiki/Server_port-Details
    server(&["lighttpd"], ServerDemand::Configuration, &[80], &["/run", "/var/log/lighttpd"]),
    // https://hub.docker.com/_/caddy
    server(&["caddy"], ServerDemand::Directories, &[80, 443], &["/data/caddy", "/config/caddy"]),
    // https://doc.traefik.io/traefik/routing/entrypoints/
    server(&["traefik"], ServerDemand::Nothing, &[80], &[]),
    // https://coredns.io/manual/toc/
    server(&["coredns"], ServerDemand::Nothing, &[53], &[]),
    // https://varnish-cache.org/docs/trunk/reference/varnishd.html
    server(&["varnishd"], ServerDemand::Directories, &[], &["/var/lib/varnish"]),
    // http://www.squid-cache.org/Doc/config/cache_effective_user/
    server(
        &["squid", "squid3"],
        ServerDemand::Configuration,
        &[],
        &["/run", "/var/log/squid", "/var/spool/squid"],
    ),
    // https://unit.nginx.org/howto/security/
    server(&["unitd"], ServerDemand::Configuration, &[], &["/run", "/var/lib/unit"]),
    // https://hub.docker.com/_/postgres (arbitrary --user notes)
    server(
        &["postgres", "postmaster", "pg_ctl", "pg_ctlcluster"],
        ServerDemand::Directories,
        &[],
        &["/var/lib/postgresql/data", "/var/run/postgresql"],
    ),
    // https://hub.docker.com/_/mysql (running as an arbitrary user)
    server(
        &["mysqld", "mysqld_safe", "mariadbd", "mariadbd-safe"],
        ServerDemand::Configuration,
        &[],
        &["/var/lib/mysql", "/run/mysqld"],
    ),
    // https://hub.docker.com/_/redis
    server(&["redis-server", "valkey-server", "keydb-server"], ServerDemand::Nothing, &[], &[]),
    // https://hub.docker.com/_/mongo
    server(&["mongod"], ServerDemand::Directories, &[], &["/data/db"]),
    // https://hub.docker.com/_/memcached
    server(&["memcached"], ServerDemand::Nothing, &[], &[]),
    // https://hub.docker.com/_/rabbitmq
    server(&["rabbitmq-server"], ServerDemand::Directories, &[], &["/var/lib/rabbitmq", "/var/log/rabbitmq"]),
    // https://hub.docker.com/_/influxdb
    server(&["influxd"], ServerDemand::Directories, &[], &["/var/lib/influxdb"]),
    // https://hub.docker.com/r/clickhouse/clickhouse-server
    server(
        &["clickhouse-server"],
        ServerDemand::Directories,
        &[],
        &["/var/lib/clickhouse", "/var/log/clickhouse-server"],
    ),
    // https://hub.docker.com/_/eclipse-mosquitto
    server(&["mosquitto"], ServerDemand::Directories, &[], &["/mosquitto/data"]),
    // https://grafana.com/docs/grafana/latest/setup-grafana/installation/docker/
    server(&["grafana-server"], ServerDemand::Directories, &[], &["/var/lib/grafana"]),
    // https://tomcat.apache.org/tomcat-10.1-doc/security-howto.html
    server(
        &["catalina.sh", "startup.sh"],
        ServerDemand::Directories,
        &[],
        &["/usr/local/tomcat/logs", "/usr/local/tomcat/temp", "/usr/local/tomcat/work"],
    ),
    // https://www.openldap.org/software/man.cgi?query=slapd
    server(&["slapd"], ServerDemand::Configuration, &[389], &["/var/lib/ldap", "/run/slapd"]),
    // their manual pages: they start as root and change the user themselves
    server(&["unbound", "dnsmasq", "named", "pdns_server", "pdns_recursor"], ServerDemand::Root, &[53], &[]),
];

const fn server(
    names: &'static [&'static str],
    demand: ServerDemand,
    low_ports: &'static [u16],
    directories: &'static [&'static str],
) -> Server {
    Server { names, demand, low_ports, directories }
}

/// The server with a command of that name. `php-fpm` of the official images runs as any user; the packages of
/// distributions, which carry the version in the name, write to `/run/php` and `/var/log`.
pub(crate) fn server_named(name: &str) -> Option<&'static Server> {
    // https://packages.debian.org/bookworm/php8.2-fpm
    static PACKAGED: Server = server(&[], ServerDemand::Configuration, &[], &["/run/php", "/var/log"]);
    if name != "php-fpm" && name.starts_with("php") && name.contains("fpm") {
        return Some(&PACKAGED);
    }
    SERVERS.iter().find(|server| server.names.contains(&name))
}
