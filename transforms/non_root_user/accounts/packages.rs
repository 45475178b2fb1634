//! Packages whose installation makes users.

use harden_core::shell::Command;

use crate::non_root_user::runs;

/// A package and the users that it makes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) users: &'static [&'static str],
}

/// Servers and tools that have a user of their own in Debian, Alpine or Fedora (their maintainer scripts and sysusers
/// files). The name is the beginning of the package's: `postgresql` is also `postgresql-16`. Sorted.
const PACKAGES: &[(&str, &[&str])] = &[
    ("389-ds", &["dirsrv"]),
    ("apache2", &["apache", "www-data"]),
    ("avahi", &["avahi"]),
    ("bind", &["bind", "named"]),
    ("caddy", &["caddy"]),
    ("ceph", &["ceph"]),
    ("chrony", &["_chrony", "chrony"]),
    ("clamav", &["clamav", "clamupdate"]),
    ("colord", &["colord"]),
    ("couchdb", &["couchdb"]),
    ("cron", &["crontab"]),
    ("cups", &["lp"]),
    ("dbus", &["messagebus", "dbus"]),
    ("dnsmasq", &["dnsmasq"]),
    ("docker", &["docker"]),
    ("dovecot", &["dovecot", "dovenull"]),
    ("ejabberd", &["ejabberd"]),
    ("elasticsearch", &["elasticsearch"]),
    ("etcd", &["etcd"]),
    ("exim", &["exim", "Debian-exim"]),
    ("freeradius", &["freerad", "radiusd"]),
    ("geoclue", &["geoclue"]),
    ("grafana", &["grafana"]),
    ("haproxy", &["haproxy"]),
    ("httpd", &["apache"]),
    ("influxdb", &["influxdb"]),
    ("jenkins", &["jenkins"]),
    ("knot", &["knot"]),
    ("libvirt", &["libvirt-qemu"]),
    ("lightdm", &["lightdm"]),
    ("lighttpd", &["lighttpd", "www-data"]),
    ("mariadb", &["mysql"]),
    ("memcached", &["memcache", "memcached"]),
    ("mongodb", &["mongodb", "mongod"]),
    ("mosquitto", &["mosquitto"]),
    ("mpd", &["mpd"]),
    ("munin", &["munin"]),
    ("mysql", &["mysql"]),
    ("nagios", &["nagios"]),
    ("nginx", &["nginx", "www-data"]),
    ("nsd", &["nsd"]),
    ("ntp", &["ntp", "ntpsec"]),
    ("opendkim", &["opendkim"]),
    ("openldap", &["ldap"]),
    ("openresty", &["nobody"]),
    ("openssh", &["sshd"]),
    ("openvpn", &["openvpn"]),
    ("pdns", &["pdns"]),
    ("php", &["www-data", "apache"]),
    ("polkit", &["polkitd"]),
    ("postfix", &["postfix", "postdrop"]),
    ("postgresql", &["postgres"]),
    ("proftpd", &["proftpd", "ftp"]),
    ("prometheus", &["prometheus"]),
    ("prosody", &["prosody"]),
    ("pulseaudio", &["pulse"]),
    ("rabbitmq", &["rabbitmq"]),
    ("redis", &["redis"]),
    ("rpcbind", &["_rpc", "rpc"]),
    ("rsyslog", &["syslog"]),
    ("rtkit", &["rtkit"]),
    ("saned", &["saned"]),
    ("slapd", &["openldap"]),
    ("snmpd", &["Debian-snmp"]),
    ("squid", &["proxy", "squid"]),
    ("sssd", &["sssd"]),
    ("strongswan", &["strongswan"]),
    ("stunnel", &["stunnel", "stunnel4"]),
    ("tcpdump", &["tcpdump"]),
    ("tftpd", &["tftp"]),
    ("tomcat", &["tomcat"]),
    ("tor", &["debian-tor", "tor"]),
    ("transmission", &["debian-transmission", "transmission"]),
    ("unbound", &["unbound"]),
    ("usbmux", &["usbmux"]),
    ("uuid-runtime", &["uuidd"]),
    ("uwsgi", &["uwsgi"]),
    ("valkey", &["valkey"]),
    ("varnish", &["varnish", "vcache"]),
    ("vsftpd", &["ftp"]),
    ("xrdp", &["xrdp"]),
    ("zabbix", &["zabbix"]),
    ("zookeeper", &["zookeeper"]),
];

/// Packages of these names make no user although they begin like one that does.
const CLIENTS: &[&str] = &[
    "-client",
    "-clients",
    "-common",
    "-contrib",
    "-dev",
    "-devel",
    "-doc",
    "-libs",
    "-tools",
    "-utils",
    "-cli",
    "-compose",
    "-keygen",
    "-perl",
    "-python",
    "-sftp-server",
    "-x11",
];

/// The packages among the arguments of a package manager that make users.
pub(super) fn installed(command: &Command) -> Vec<Package> {
    runs::packages(command).filter_map(find).collect()
}

fn find(word: &str) -> Option<Package> {
    let name = word.split(['=', '~', '<', '>', '@', ':']).next().unwrap_or(word);
    let at = PACKAGES.partition_point(|(known, _)| *known <= name);
    // Those that a name begins with stand before it, though perhaps not right before it.
    let (known, users) = PACKAGES
        .get(..at)?
        .iter()
        .rev()
        .take_while(|(known, _)| known.as_bytes().first() == name.as_bytes().first())
        .find(|(known, _)| {
            name.strip_prefix(known).is_some_and(|rest| {
                rest.is_empty()
                    || rest.starts_with(['-', '.'])
                    || rest.starts_with(|ch: char| ch.is_ascii_digit())
                    || (rest.starts_with('d') && rest.len() == 1)
            })
        })?;
    let rest = name.get(known.len()..).unwrap_or_default();
    let makes = match *known {
        // Only PHP's server comes with a user; of Docker only the daemon.
        "php" => rest.contains("fpm"),
        "docker" => matches!(rest, "" | ".io" | "-ce" | "-engine" | "-moby"),
        "bind" => matches!(rest, "" | "9"),
        "dbus" => matches!(rest, "" | "-daemon" | "-x11"),
        "openssh" => matches!(rest, "" | "-server" | "-server-pam"),
        "tor" => rest.is_empty(),
        "nginx" => true,
        _ => !CLIENTS.iter().any(|client| rest.contains(client)),
    };
    makes.then_some(Package { name: known, users })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted() {
        assert!(PACKAGES.is_sorted_by_key(|(name, _)| *name));
    }

    #[test]
    fn names() {
        for (word, expected) in [
            ("postgresql", Some("postgresql")),
            ("postgresql-16", Some("postgresql")),
            ("postgresql16=16.1-r0", Some("postgresql")),
            ("postgresql-client-16", None),
            ("postgresql16-client", None),
            ("redis-tools", None),
            ("redis-server", Some("redis")),
            ("mysql-server", Some("mysql")),
            ("default-mysql-client", None),
            ("php8.2-fpm", Some("php")),
            ("php83-fpm", Some("php")),
            ("php8.2-cli", None),
            ("openssh-client", None),
            ("openssh-server", Some("openssh")),
            ("openssh", Some("openssh")),
            ("crond", Some("cron")),
            ("cronolog", None),
            ("torsocks", None),
            ("nginx-light", Some("nginx")),
            ("docker-ce-cli", None),
            ("docker.io", Some("docker")),
            ("libpq-dev", None),
            ("dbus-libs", None),
            ("", None),
            ("zzz", None),
        ] {
            assert_eq!(find(word).map(|package| package.name), expected, "{word}");
        }
    }
}
