//! Daemons that start as root: how they get into an image and how they are set up there.

use super::super::runs::is_below;

/// A program that starts as root, by the packages that bring it and what shows that it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Daemon {
    Cron,
    Sshd,
    Supervisor,
    S6,
    Runit,
    Systemd,
    OpenRc,
    Docker,
}

impl Daemon {
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Cron => "cron",
            Self::Sshd => "sshd",
            Self::Supervisor => "supervisor",
            Self::Systemd => "systemd",
            Self::S6 | Self::Runit | Self::OpenRc => "init-system",
            Self::Docker => "docker-engine",
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Cron => "cron",
            Self::Sshd => "sshd",
            Self::Supervisor => "supervisord",
            Self::S6 => "s6",
            Self::Runit => "runit",
            Self::Systemd => "systemd",
            Self::OpenRc => "OpenRC",
            Self::Docker => "the Docker engine",
        }
    }
}

/// Packages and the daemon they bring. Exact names.
const PACKAGES: &[(&str, Daemon)] = &[
    ("anacron", Daemon::Cron),
    ("cron", Daemon::Cron),
    ("cronie", Daemon::Cron),
    ("crond", Daemon::Cron),
    ("dcron", Daemon::Cron),
    ("docker", Daemon::Docker),
    ("docker-ce", Daemon::Docker),
    ("docker.io", Daemon::Docker),
    ("dropbear", Daemon::Sshd),
    ("openrc", Daemon::OpenRc),
    ("openssh", Daemon::Sshd),
    ("openssh-server", Daemon::Sshd),
    ("runit", Daemon::Runit),
    ("s6", Daemon::S6),
    ("s6-overlay", Daemon::S6),
    ("ssh", Daemon::Sshd),
    ("supervisor", Daemon::Supervisor),
    ("systemd", Daemon::Systemd),
    ("systemd-sysv", Daemon::Systemd),
];

/// Tools that change networks, file systems or the kernel.
pub(super) const ADMIN_TOOLS: &[&str] = &[
    "arptables",
    "bird",
    "bird2",
    "bpftrace",
    "bridge-utils",
    "cifs-utils",
    "conntrack",
    "conntrack-tools",
    "cryptsetup",
    "ebtables",
    "fuse",
    "fuse3",
    "hostapd",
    "ipset",
    "iptables",
    "iptables-persistent",
    "ipvsadm",
    "keepalived",
    "kmod",
    "lvm2",
    "nfs-common",
    "nfs-kernel-server",
    "nfs-utils",
    "nftables",
    "openvpn",
    "ppp",
    "redsocks",
    "smartmontools",
    "sshfs",
    "strongswan",
    "tcpdump",
    "tshark",
    "vpnc",
    "wireguard",
    "wireguard-tools",
    "wireshark-common",
    "xl2tpd",
];

/// Folders whose files only a daemon reads.
const CONFIGURED: &[(&str, Daemon)] = &[
    ("/etc/cron.d", Daemon::Cron),
    ("/etc/cron.daily", Daemon::Cron),
    ("/etc/cron.hourly", Daemon::Cron),
    ("/etc/cron.monthly", Daemon::Cron),
    ("/etc/cron.weekly", Daemon::Cron),
    ("/etc/crontab", Daemon::Cron),
    ("/etc/crontabs", Daemon::Cron),
    ("/etc/periodic", Daemon::Cron),
    ("/var/spool/cron", Daemon::Cron),
    ("/etc/ssh/sshd_config", Daemon::Sshd),
    ("/etc/supervisor", Daemon::Supervisor),
    ("/etc/supervisor.d", Daemon::Supervisor),
    ("/etc/supervisord.conf", Daemon::Supervisor),
    ("/etc/supervisord.d", Daemon::Supervisor),
    ("/etc/s6-overlay", Daemon::S6),
    ("/etc/cont-init.d", Daemon::S6),
    ("/etc/services.d", Daemon::S6),
    ("/etc/fix-attrs.d", Daemon::S6),
    ("/etc/my_init.d", Daemon::Runit),
    ("/etc/service", Daemon::Runit),
    ("/etc/sv", Daemon::Runit),
    ("/etc/systemd/system", Daemon::Systemd),
    ("/lib/systemd/system", Daemon::Systemd),
    ("/usr/lib/systemd/system", Daemon::Systemd),
    ("/etc/init.d", Daemon::OpenRc),
];

/// The daemon a package brings, by its name without a version.
pub(super) fn of_package(name: &str) -> Option<Daemon> {
    PACKAGES.iter().find(|(known, _)| *known == name).map(|(_, daemon)| *daemon)
}

/// The daemon that reads a file or folder.
pub(super) fn configured(path: &str) -> Option<Daemon> {
    let path = path.strip_suffix('/').unwrap_or(path);
    CONFIGURED.iter().find(|(folder, _)| is_below(path, folder)).map(|(_, daemon)| *daemon)
}
