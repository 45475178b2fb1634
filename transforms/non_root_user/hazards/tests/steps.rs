use super::*;

#[test]
fn daemons_that_are_set_up() {
    for (lines, expected) in [
        ("RUN apt-get install -y cron && echo '* * * * * x' | crontab -", "stop cron 1"),
        ("RUN apt-get install -y cron\nCOPY jobs /etc/cron.d/jobs", "stop cron 2"),
        ("RUN apt-get install -y openssh-server && mkdir /var/run/sshd", "stop sshd 1"),
        ("RUN apt-get install -y supervisor\nCOPY x.conf /etc/supervisor/conf.d/", "stop supervisor 2"),
        ("RUN systemctl enable x", "stop systemd 1"),
        ("RUN apt-get install -y systemd && systemctl enable x", "stop systemd 1"),
        ("RUN curl -L https://x/s6-overlay-amd64.tar.gz | tar xz -C /", "stop init-system 1"),
        ("ADD https://x/s6-overlay-noarch.tar.xz /tmp", "stop init-system 1"),
        ("COPY run /etc/services.d/x/run", "stop init-system 1"),
        ("COPY init /etc/my_init.d/", "stop init-system 1"),
    ] {
        let found: Vec<String> =
            debian(lines).into_iter().filter(|risk| !risk.contains("unreadable")).collect();
        assert_eq!(found, [expected], "{lines}");
    }
    for (lines, expected) in [
        ("RUN apt-get install -y cron", "lower cron 1"),
        ("RUN apk add --no-cache openssh", "lower sshd 1"),
        ("RUN apt-get install -y --no-install-recommends supervisor=4.2", "lower supervisor 1"),
        ("RUN pip install supervisor", "lower supervisor 1"),
        ("RUN apt-get install -y docker.io", "lower docker-engine 1"),
        ("COPY x /etc/cron.d/x", "lower cron 1"),
    ] {
        one(lines, expected);
    }
    assert_eq!(
        debian("RUN apt-get install -y openssh-server\nEXPOSE 22"),
        ["lower low-port 2", "stop sshd 1"]
    );
    for lines in [
        "RUN apt-get install -y openssh-client",
        "RUN rm -rf /etc/cron.daily/apt && find /etc/cron.d -delete",
        "RUN curl -o /usr/local/bin/supercronic https://x/supercronic && apt-get install -y cron\nCOPY crontab /etc/crontab",
        "RUN echo systemctl enable x",
        "RUN crontab -l",
    ] {
        none(lines);
    }
}

#[test]
fn trees_laid_over_the_root_folder() {
    let text = "FROM debian:12\nCOPY rootfs/ /\n";
    let files = [("rootfs/etc/cont-init.d/10-x", "x"), ("rootfs/app/run", "x")];
    assert_eq!(risks_of(text, &files), ["stop init-system 2"]);
    assert_eq!(risks_of(text, &[("rootfs/etc/app.conf", "x")]), [""; 0]);
    let text = "FROM debian:12\nCOPY root /\n";
    assert_eq!(risks_of(text, &[("root/etc/cron.d/x", "x")]), ["lower cron 2"]);
    let text = "FROM debian:12\nCOPY . /app/\n";
    assert_eq!(risks_of(text, &[("etc/services.d/x/run", "x")]), [""; 0]);
}

#[test]
fn tools_and_bits() {
    for (lines, expected) in [
        ("RUN setcap cap_net_bind_service=+ep /usr/bin/node", "lower file-capabilities 1"),
        ("RUN setcap 'cap_net_raw,cap_net_admin=eip' /usr/bin/x", "stop file-capabilities 1"),
        ("RUN chmod u+s /usr/bin/x", "lower setuid 1"),
        ("RUN chmod 4755 /usr/bin/x", "lower setuid 1"),
        ("RUN chmod +s /usr/bin/x", "lower setuid 1"),
        ("RUN apt-get install -y curl iptables", "lower admin-tool 1"),
        ("RUN apk add wireguard-tools", "lower admin-tool 1"),
        ("RUN apt-get update && apt-get install -y sudo", "lower sudo 1"),
        ("RUN echo 'x ALL=(ALL) NOPASSWD:ALL' >> /etc/sudoers", "lower sudo 1"),
        ("COPY x /etc/sudoers.d/x", "lower sudo 1"),
        ("RUN apt-get install -y docker-ce-cli", "lower docker-client 1"),
    ] {
        one(lines, expected);
    }
    for lines in [
        "RUN setcap -r /usr/bin/x",
        "RUN chmod g+s /data && chmod 2775 /data && chmod -R 755 /x",
        "RUN apt-get purge -y sudo iptables",
        "RUN echo apt-get install sudo",
        "RUN apt-get install -y libfuse2 iputils-ping",
        "RUN pip install iptables",
    ] {
        none(lines);
    }
}
