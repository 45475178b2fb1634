//! What programs ask of the user they are started by.
//!
//! Facts come from the manual pages and the documentation of each program; where a package or an official image
//! decides, a comment names it.

use super::Demand;

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

/// What a command asks for by its name alone.
pub(crate) fn demand_of(name: &str) -> Option<Demand> {
    let found = DEMANDS.iter().find(|(names, _)| names.contains(&name)).map(|(_, demand)| *demand);
    found.or_else(|| name.starts_with("mkfs.").then_some(Demand::Root("makes a file system")))
}

const DEMANDS: &[(&[&str], Demand)] = &[
    (
        &[
            "gosu",
            "su-exec",
            "setpriv",
            "runuser",
            "su",
            "sudo",
            "doas",
            "chpst",
            "setuidgid",
            "s6-setuidgid",
            "s6-applyuidgid",
            "setuser",
            "fixuid",
            "suexec",
            "capsh",
            "chroot",
        ],
        Demand::Drops,
    ),
    (&["chown", "chgrp"], Demand::Owners),
    (
        &[
            "usermod", "useradd", "userdel", "groupmod", "groupadd", "groupdel", "adduser", "addgroup",
            "deluser", "delgroup", "passwd", "chpasswd", "chage", "gpasswd", "newusers",
        ],
        Demand::Accounts,
    ),
    (
        &[
            "supervisord",
            "my_init",
            "s6-svscan",
            "s6-overlay-init",
            "systemd",
            "systemctl",
            "openrc",
            "openrc-init",
            "openrc-run",
            "rc-service",
            "rc-update",
            "runit",
            "runit-init",
            "runsvdir",
            "runsvdir-start",
            "initctl",
            "invoke-rc.d",
            "telinit",
            "monit",
            "dinit",
        ],
        Demand::Init,
    ),
    (&["cron", "crond", "anacron", "atd", "fcron", "incrond"], Demand::Root("starts jobs as other users")),
    (&["sshd", "dropbear", "in.telnetd", "telnetd", "rshd"], Demand::Root("logs people in as other users")),
    (
        &[
            "dockerd",
            "dockerd-entrypoint.sh",
            "containerd",
            "dind",
            "kubelet",
            "k3s",
            "crio",
            "buildkitd",
            "lxd",
            "incusd",
            "nomad",
        ],
        Demand::Root("runs containers"),
    ),
    (&["bpftrace", "sysdig", "falco", "tracee", "perf"], Demand::Root("looks into the kernel")),
    (&["certbot"], Demand::Root("writes below /etc/letsencrypt")),
    (
        &["rsyslogd", "syslogd", "syslog-ng", "klogd", "journald", "auditd"],
        Demand::Root("writes the log of the system"),
    ),
    (
        &["postfix", "sendmail", "exim", "exim4", "dovecot", "opendkim", "saslauthd", "opensmtpd"],
        Demand::Root("delivers mail as other users"),
    ),
    (
        &[
            "openvpn",
            "wg",
            "wg-quick",
            "wireguard-go",
            "boringtun",
            "ipsec",
            "charon",
            "strongswan",
            "pppd",
            "xl2tpd",
            "tailscaled",
            "zerotier-one",
            "openconnect",
            "vpnc",
            "keepalived",
            "bird",
            "zebra",
            "watchfrr",
            "frrinit.sh",
            "gobgpd",
            "hostapd",
            "wpa_supplicant",
            "dhcpd",
            "dhclient",
            "udhcpc",
            "udhcpd",
            "iptables",
            "iptables-restore",
            "iptables-save",
            "iptables-legacy",
            "iptables-nft",
            "ip6tables",
            "ip6tables-restore",
            "ipset",
            "ipvsadm",
            "nft",
            "ufw",
            "firewalld",
            "firewall-cmd",
            "ebtables",
            "tc",
            "brctl",
            "ovs-vsctl",
            "ovsdb-server",
            "ovs-vswitchd",
            "ethtool",
            "nethogs",
            "iftop",
            "dsniff",
        ],
        Demand::Root("changes the network"),
    ),
    (
        &["tcpdump", "tshark", "dumpcap", "suricata", "snort", "zeek", "arpwatch", "softflowd"],
        Demand::Root("reads raw packets"),
    ),
    (
        &[
            "mount",
            "umount",
            "swapon",
            "swapoff",
            "losetup",
            "modprobe",
            "insmod",
            "rmmod",
            "depmod",
            "mkfs",
            "fdisk",
            "parted",
            "sfdisk",
            "mkswap",
            "lvm",
            "pvcreate",
            "vgcreate",
            "lvcreate",
            "cryptsetup",
            "mdadm",
            "unshare",
            "nsenter",
            "pivot_root",
            "switch_root",
            "udevd",
            "udevadm",
            "hwclock",
            "ntpd",
            "chronyd",
            "reboot",
            "shutdown",
            "setcap",
            "mknod",
            "losetup",
            "fsfreeze",
            "debugfs",
            "quotaon",
            "acpid",
            "ntpdate",
        ],
        Demand::Root("changes the kernel's view of the machine"),
    ),
    (
        &[
            "smbd",
            "nmbd",
            "winbindd",
            "rpcbind",
            "rpc.nfsd",
            "rpc.mountd",
            "rpc.statd",
            "exportfs",
            "ganesha.nfsd",
            "vsftpd",
            "proftpd",
            "pure-ftpd",
            "in.tftpd",
            "tftpd",
            "xinetd",
            "inetd",
            "rpc.idmapd",
            "afpd",
            "netatalk",
            "cupsd",
        ],
        Demand::Root("serves files as other users"),
    ),
    (
        &[
            "dbus-daemon",
            "avahi-daemon",
            "bluetoothd",
            "pcscd",
            "fail2ban-server",
            "xrdp",
            "xrdp-sesman",
            "Xorg",
            "lightdm",
            "gdm",
            "gdm3",
            "sddm",
            "colord",
            "polkitd",
            "accounts-daemon",
            "nscd",
            "sssd",
            "lircd",
        ],
        Demand::Root("is a service of the system"),
    ),
    (
        &[
            "apt",
            "apt-get",
            "aptitude",
            "dpkg",
            "apk",
            "yum",
            "dnf",
            "microdnf",
            "tdnf",
            "rpm",
            "zypper",
            "pacman",
            "opkg",
            "emerge",
            "snap",
            "add-apt-repository",
            "apt-key",
            "docker-php-ext-install",
            "docker-php-ext-enable",
            "docker-php-ext-configure",
            "pecl",
        ],
        Demand::Packages,
    ),
    (
        &[
            "update-ca-certificates",
            "update-ca-trust",
            "ldconfig",
            "locale-gen",
            "update-locale",
            "dpkg-reconfigure",
            "update-alternatives",
            "alternatives",
            "a2enmod",
            "a2dismod",
            "a2ensite",
            "a2dissite",
            "a2enconf",
            "phpenmod",
            "phpdismod",
            "timedatectl",
            "localectl",
            "hostnamectl",
            "domainname",
            "crontab",
            "authconfig",
            "newaliases",
            "postmap",
            "postconf",
            "makemap",
            "restorecon",
            "chcon",
            "setenforce",
            "visudo",
        ],
        Demand::SystemFiles,
    ),
];
