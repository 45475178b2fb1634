use std::sync::Mutex;

use harden_core::{
    BuildSetup, Context, Finding, Level, Meta, Mount, MountSource, Note, Place, Policy, Scopes, Service,
    ServiceKind, ServiceSetting, Transform, rewrite,
};

use super::*;
use crate::non_root_user::base::BaseView;
use crate::non_root_user::launch::probe::World;
use crate::non_root_user::risk::Effect;

mod home;
mod services;
mod shape;
mod steps;

type Read<'r, T> = &'r (dyn Fn(&View<'_, '_>) -> T + Sync);

struct Probe<'r, T>(Read<'r, T>, Mutex<Option<T>>);

static META: Meta = Meta { name: "probe", summary: "looks", worst: Level::Suggest, doc: "", findings: &[] };

impl<T: Send> Transform for Probe<'_, T> {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn propose(&self, ctx: &Context<'_>) -> Vec<Finding> {
        let scopes = Scopes::new(ctx.build, ctx.setup);
        let stage = ctx.build.outputs(ctx.setup)[0];
        let end = scopes.end(stage).unwrap();
        let (chain, _) = ctx.build.chain(stage);
        let base = BaseView::read(ctx, &scopes, &chain).unwrap();
        let view = View::new(ctx, &scopes, stage, chain, end, base);
        *self.1.lock().unwrap() = Some((self.0)(&view));
        Vec::new()
    }
}

/// What `read` makes of the first stage that is run.
fn look<T: Send>(text: &str, setup: &BuildSetup, world: &World, read: Read<'_, T>) -> T {
    let probe = Probe(read, Mutex::new(None));
    rewrite(text, &[&probe], setup, world, &Policy::at(Level::Safe)).unwrap();
    probe.1.into_inner().unwrap().unwrap()
}

/// `stop root-home-workdir 3` for each hazard, sorted: effect, id, and line or place.
fn risks_with(text: &str, setup: &BuildSetup, world: &World) -> Vec<String> {
    let mut shown = look(text, setup, world, &|view| {
        let one = |risk: Risk| {
            let effect = if risk.effect == Effect::Stop { "stop" } else { "lower" };
            assert!(!risk.hazard.message.is_empty());
            let place = match risk.hazard.place {
                Some(Place::Here(span)) => view.ctx.file().line_col(span.start).line.to_string(),
                Some(Place::File { name, line }) => format!("{name}:{}", line.unwrap_or(0)),
                None => "-".to_owned(),
            };
            format!("{effect} {} {place}", risk.hazard.id)
        };
        risks(view).into_iter().map(one).collect::<Vec<_>>()
    });
    shown.sort();
    shown
}

fn risks_of(text: &str, files: &[(&str, &str)]) -> Vec<String> {
    risks_with(text, &BuildSetup::default(), &World::new(files))
}

/// The hazards of instructions on Debian, lines counted from the first of them.
fn debian(lines: &str) -> Vec<String> {
    let text = format!("FROM debian:12\n{lines}\n");
    let mut found = risks_of(&text, &[]);
    for one in &mut found {
        let (what, line) = one.rsplit_once(' ').unwrap();
        if let Ok(line) = line.parse::<u32>() {
            *one = format!("{what} {}", line - 1);
        }
    }
    found
}

#[track_caller]
fn none(lines: &str) {
    assert_eq!(debian(lines), [""; 0], "{lines}");
}

#[track_caller]
fn one(lines: &str, expected: &str) {
    assert_eq!(debian(lines), [expected], "{lines}");
}

#[test]
fn a_kind_is_listed_a_few_times() {
    let lines: Vec<String> = (0..30).map(|at| format!("VOLUME /data{at}\n")).collect();
    assert_eq!(debian(&lines.concat()).len(), MAX_OF_A_KIND);
}

#[test]
fn modes() {
    for (lines, expected) in [
        ("RUN chmod 600 /app/key.pem", "lower private-mode 1"),
        ("RUN chmod -R 700 /app", "lower private-mode 1"),
        ("RUN mkdir /x && chmod go-rwx /x/y", "lower private-mode 1"),
        ("RUN chmod o-r,g+w /x", "lower private-mode 1"),
        ("RUN chmod u=rw,go= /app/conf", "lower private-mode 1"),
        ("WORKDIR /app\nRUN chmod 0640 conf.ini", "lower private-mode 2"),
        ("RUN cd /app && chmod 750 run", "lower private-mode 1"),
        ("RUN install -m 0600 /src /etc/app.conf", "lower private-mode 1"),
        ("RUN umask 077 && mkdir /data", "lower private-mode 1"),
        ("COPY --chmod=600 key.pem /app/", "lower private-mode 1"),
        ("ARG MODE=0400\nCOPY --chmod=$MODE key.pem /app/", "lower private-mode 2"),
        ("ADD https://example.com/x /app/x", "lower unreadable-file 1"),
        // The folder on the way gets the mode too.
        ("ADD --chmod=644 https://example.com/x /app/x", "lower unreadable-file 1"),
    ] {
        one(lines, expected);
    }
    for lines in [
        "RUN chmod 600 /etc/shadow /root/.ssh/id_rsa /etc/cron.d/x",
        "RUN chmod 0440 /etc/ssh/sshd_config",
        "RUN chmod 755 /app && chmod +x /a && chmod u+x /b && chmod g=u /c && chmod -R a+rX /d",
        "RUN chmod 711 /app",
        "RUN chmod 700 /tmp/x.sh && /tmp/x.sh && rm /tmp/x.sh",
        "RUN chmod 700 get.sh && ./get.sh",
        "RUN chmod 600 /tmp/key\nRUN rm -rf /tmp/*",
        "RUN chmod 600 /app/x && chmod 644 /app/x",
        "RUN useradd app && chmod 700 /srv/app && chown -R app /srv/app",
        "RUN umask 022 && mkdir /data",
        "RUN umask 077",
        "COPY --chmod=755 run /app/",
        "COPY --chmod=600 --chown=1000 key /app/",
        "WORKDIR /app\nADD --chmod=644 https://example.com/x /app/x",
        "RUN echo chmod 600 /x",
        "RUN --mount=type=secret,id=x,mode=0400 true",
        "FROM debian:12",
    ] {
        none(lines);
    }
    // A stage that is only copied from.
    let text = "FROM debian:12 AS build\nRUN chmod 600 /app/x\nWORKDIR /root\nFROM debian:12\nCOPY --from=build /app/y /app/\n";
    assert_eq!(risks_of(text, &[]), [""; 0]);
}

#[test]
fn chmod_words() {
    for (mode, expected) in [
        ("600", Some(true)),
        ("0700", Some(true)),
        ("4750", Some(true)),
        ("644", Some(false)),
        ("777", Some(false)),
        ("711", None),
        ("+x", None),
        ("a+rx", Some(false)),
        ("o-rwx", Some(true)),
        ("go=", Some(true)),
        ("u+s", None),
        ("g+w", None),
        ("og-r", Some(true)),
        ("a-w", None),
        ("u=rwX,go=rX", Some(false)),
        ("--help", None),
    ] {
        assert_eq!(files::closes(mode), expected, "{mode}");
    }
}

#[test]
fn low_ports_of_the_file() {
    one("EXPOSE 80", "lower low-port 1");
    assert_eq!(debian("EXPOSE 8080 443/tcp 53/udp\nEXPOSE 443"), ["lower low-port 1", "lower low-port 1"]);
    one("ARG PORT=80\nEXPOSE $PORT", "lower low-port 2");
    one("ENV PORT=81\nEXPOSE ${PORT}/tcp", "lower low-port 2");
    one("EXPOSE 20-25", "lower low-port 1");
    for lines in
        ["EXPOSE 8080", "EXPOSE 1024", "ARG PORT\nEXPOSE $PORT", "EXPOSE 3000-3010", "ENV P=8080\nEXPOSE $P"]
    {
        none(lines);
    }
    let ports = look(
        "FROM debian\nEXPOSE 443 80 80/udp 8080\n",
        &BuildSetup::default(),
        &World::new(&[]),
        &low_ports,
    );
    assert_eq!(ports, [80, 443]);
}
