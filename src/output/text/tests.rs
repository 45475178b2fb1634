use std::collections::BTreeSet;

use dockerfile_syntax::Span;
use harden_core::{Level, Note, Why};

use super::*;

const LOOK: Look = Look { written: false, verbose: false, colour: false };
const VERBOSE: Look = Look { verbose: true, ..LOOK };

const TEXT: &str = "FROM debian:13\nEXPOSE 80\nVOLUME /data\nCMD [\"app\"]\n";

fn place(part: &str) -> Span {
    let start = TEXT.find(part).unwrap();
    Span::new(u32::try_from(start).unwrap(), u32::try_from(start + part.len()).unwrap())
}

fn report(disposition: Disposition) -> Report {
    Report {
        transform: "non-root-user",
        id: "runs-as-root",
        span: place("FROM"),
        message: "the container runs as root".to_owned(),
        disposition,
        hazards: Vec::new(),
        assumptions: Vec::new(),
        notes: Vec::new(),
        suggestion: None,
    }
}

fn fixed() -> Report {
    report(Disposition::Fixed(Level::Review, Why::new("no-hazard", "no hazard was found")))
}

fn offered(reason: &str) -> Report {
    report(Disposition::Offered(Level::Suggest, Why::new("hazard", reason.to_owned())))
}

fn hazard(id: &'static str, message: &str, place: Option<Place>) -> Hazard {
    Hazard { id, message: message.to_owned(), place }
}

fn shown(reports: Vec<Report>, look: Look) -> String {
    let source = Dockerfile::parse(TEXT);
    let outcome = Outcome { text: source.source(), patches: Vec::new(), reports, needs: BTreeSet::new() };
    findings("app/Dockerfile", &source, &outcome, look)
}

fn file(name: &str, line: Option<u32>) -> Place {
    Place::File { name: name.to_owned(), line }
}

fn volume(path: &str, source: Option<&str>) -> Note {
    Note::Volume { path: path.to_owned(), source: source.map(str::to_owned) }
}

#[test]
fn hazards_stand_below_their_finding_with_their_places() {
    let mut one = offered("what it would break is not known");
    one.hazards = vec![
        hazard("volume", "an existing volume still belongs to root", Some(Place::Here(place("/data")))),
        hazard("drops-privileges", "`gosu` needs root", Some(file("docker/entrypoint.sh", Some(3)))),
        hazard("service-user", "a service sets the user", Some(file("compose.yaml", None))),
        hazard("base-entrypoint", "the base image starts as root", None),
    ];
    one.assumptions = vec!["nobody mounts anything".to_owned()];
    let expected = "\
offered    app/Dockerfile:1:1 non-root-user [needs --level suggest]: the container runs as root
           what it would break is not known
           app/Dockerfile:3:8 volume: an existing volume still belongs to root
           docker/entrypoint.sh:3 drops-privileges: `gosu` needs root
           compose.yaml service-user: a service sets the user
           base-entrypoint: the base image starts as root
           assumed: nobody mounts anything
";
    assert_eq!(shown(vec![one], LOOK), expected);
}

#[test]
fn a_reason_that_is_a_hazard_is_told_once() {
    let mut one = offered("an existing volume still belongs to root");
    one.hazards = vec![hazard("volume", "an existing volume still belongs to root", None)];
    let expected = "\
offered    app/Dockerfile:1:1 non-root-user [needs --level suggest]: the container runs as root
           volume: an existing volume still belongs to root
";
    assert_eq!(shown(vec![one], LOOK), expected);
}

#[test]
fn refused_findings_have_hazards_and_ignored_ones_do_not() {
    let hazards = vec![hazard("init", "`s6` needs root", None)];
    let why = Why::new("needs-root", "the program needs root");
    for (disposition, look, expected) in [
        (Disposition::Refused(why.clone()), LOOK, true),
        (Disposition::Kept(why.clone()), LOOK, false),
        (Disposition::Kept(why), VERBOSE, true),
        (Disposition::Suppressed { comment: "# harden: ignore=non-root-user".to_owned() }, VERBOSE, false),
    ] {
        let text = shown(vec![Report { hazards: hazards.clone(), ..report(disposition.clone()) }], look);
        assert_eq!(text.contains("           init: `s6` needs root\n"), expected, "{disposition:?}\n{text}");
    }
}

#[test]
fn long_lists_are_cut_unless_everything_is_asked_for() {
    let mut one = fixed();
    let name = |index: usize| hazard("volume", &format!("volume {index}"), None);
    one.hazards = (0..SHOWN + 3).map(name).collect();
    one.notes = vec![Note::RunsAs { uid: 10001, gid: 10001 }];
    one.notes.extend((0..SHOWN + 2).map(|index| Note::Writes { path: format!("/w{index}") }));
    one.notes.extend((0..SHOWN + 4).map(|index| volume(&format!("/v{index}"), None)));
    let short = shown(vec![one.clone()], LOOK);
    assert_eq!(short.matches(" volume: volume ").count(), SHOWN);
    assert!(short.contains("\n           and 3 more; --verbose shows them\n"), "{short}");
    assert!(short.contains("`/w4` and 2 more; what is mounted"), "{short}");
    assert_eq!(short.matches("busybox chown").count(), SHOWN);
    assert!(short.contains("note: at run time: 4 more volumes; --verbose shows them\n"), "{short}");
    let long = shown(vec![one], VERBOSE);
    assert_eq!(long.matches(" volume: volume ").count(), SHOWN + 3);
    assert_eq!(long.matches("busybox chown").count(), SHOWN + 4);
    assert!(!long.contains("--verbose"), "{long}");
}

#[test]
fn nothing_reaches_the_terminal_as_it_is() {
    let mut one = fixed();
    let secret = "at https://me:hunter2@host/x \u{1b}[31m";
    one.hazards = vec![hazard("volume", secret, Some(file("run\u{1b}]0;x.sh", Some(1))))];
    one.notes = vec![volume(&format!("/{secret}"), Some(secret)), Note::Writes { path: secret.to_owned() }];
    let text = shown(vec![one], VERBOSE);
    assert!(!text.contains("hunter2") && !text.contains('\u{1b}'), "{text}");
    assert_eq!(text.matches("********").count(), 7, "{text}");
}

#[test]
fn notes_say_what_to_do() {
    let mut one = fixed();
    one.notes = vec![
        Note::LowPort { port: 80 },
        volume("/data", Some("data")),
        volume("/var/cache", None),
        volume("/etc/app", Some("./my conf")),
        Note::Writes { path: "/srv/log".to_owned() },
        Note::Writes { path: "/srv/tmp".to_owned() },
        Note::RunsAs { uid: 10001, gid: 10002 },
    ];
    let expected = "\
would fix  app/Dockerfile:1:1 non-root-user [review]: the container runs as root
           no hazard was found
           note: at run time: the container runs as user 10001, group 10002; files mounted into it have to be readable for that user
           note: at run time: the program may write to `/srv/log`, `/srv/tmp`; what is mounted there has to be writable for 10001:10002
           note: at run time: port 80 is below 1024; Docker's own networks allow that, Kubernetes needs the sysctl `net.ipv4.ip_unprivileged_port_start=0` in the pod's `securityContext`, and `--network host` a higher port
           note: at run time: in Kubernetes set `fsGroup: 10002` in the pod's `securityContext`, so that volumes are writable
           note: at run time: the volume `data` at `/data` keeps its owner where it exists already; run once, with its full name (`docker volume ls`):
                 docker run --rm -v VOLUME:/data busybox chown -R 10001:10002 /data
           note: at run time: the folder `./my conf`, mounted at `/etc/app`, keeps its owner; run once:
                 docker run --rm -v './my conf':/etc/app busybox chown -R 10001:10002 /etc/app
           note: at run time: a volume at `/var/cache` keeps its owner where it exists already; run once, with its name (`docker volume ls`):
                 docker run --rm -v VOLUME:/var/cache busybox chown -R 10001:10002 /var/cache
";
    assert_eq!(shown(vec![one], LOOK), expected);
}

#[test]
fn notes_of_offered_fixes_are_told_on_request_and_each_once_a_file() {
    let notes = vec![Note::RunsAs { uid: 10001, gid: 0 }, volume("/data", None)];
    let other =
        vec![Note::RunsAs { uid: 10001, gid: 0 }, Note::LowPort { port: 80 }, Note::LowPort { port: 443 }];
    let offered = Report { notes: notes.clone(), ..offered("a hazard") };
    assert!(!shown(vec![offered.clone()], LOOK).contains("note:"));
    assert_eq!(shown(vec![offered.clone()], VERBOSE).matches("note:").count(), 3);
    let reports = vec![offered, Report { notes, ..fixed() }, Report { notes: other, ..fixed() }];
    let text = shown(reports, VERBOSE);
    for part in ["runs as user 10001, group 0", "busybox", "fsGroup: 0`", "ports 80, 443 are below"] {
        assert_eq!(text.matches(part).count(), 1, "{part}\n{text}");
    }
    assert!(text.contains("OpenShift sets a group by itself"), "{text}");
    let refused = report(Disposition::Refused(Why::new("a", "b")));
    let refused = Report { notes: vec![Note::LowPort { port: 80 }], ..refused };
    assert!(!shown(vec![refused], VERBOSE).contains("note:"));
}

#[test]
fn a_note_without_a_user_has_a_place_for_one() {
    let mut one = fixed();
    one.notes = vec![volume("/it's", Some("~/data"))];
    let text = shown(vec![one], LOOK);
    assert!(
        text.contains(r"docker run --rm -v ~/data:'/it'\''s' busybox chown -R UID:GID '/it'\''s'"),
        "{text}"
    );
    assert!(text.contains("set `fsGroup` in the pod's"), "{text}");
}

#[test]
fn colours_change_nothing_else() {
    let mut one = fixed();
    one.hazards = vec![hazard("volume", "x", Some(Place::Here(place("/data"))))];
    one.notes = vec![Note::LowPort { port: 80 }];
    let coloured = shown(vec![one.clone()], Look { colour: true, ..LOOK });
    assert!(coloured.contains('\u{1b}'));
    assert_eq!(console::strip_ansi_codes(&coloured), shown(vec![one], LOOK));
}

#[test]
fn what_was_shown_before_is_masked_again() {
    for _ in 0..2 {
        assert_eq!(quoted("ADD copies local files only"), "ADD copies local files only");
        assert_eq!(quoted("DB_PASSWORD=hunter2"), "DB_PASSWORD=********");
        assert_eq!(quoted("a\u{1b}[31m"), "a\u{241b}[31m");
    }
    KNOWN.with_borrow(|known| {
        assert!(known.contains("ADD copies local files only"));
        assert_eq!(known.len(), 1);
    });
}
