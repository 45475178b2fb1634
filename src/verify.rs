//! Builds an image from the original text and one from the new text, and compares what they are and do.
//!
//! The one place where harden runs other people's programs. The source tree is only read: both texts go to the builder
//! from a temporary folder, the build context is the user's. Everything that is made carries a label and is removed with
//! the [`Session`].

mod archive;
mod args;
mod builder;
mod checks;
mod container;
mod files;
mod layer;
mod log;
mod process;
mod report;
mod secrets;
mod session;
mod subject;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

pub use self::args::{BuilderName, VerifyArgs};
pub use self::report::{Check, Checked, Comparison, Document, FileVerdict, SCHEMA, Status, Totals};
pub use self::session::{LABEL, Session};
pub use self::subject::{Intent, Subject, subjects};

use self::archive::{Image, Known};
use self::builder::{ANSWER, BuildCommand};
use self::container::{Seen, user_id};
use self::process::Stop;
use self::secrets::{Extra, Given, Hidden, Needle};

/// The user stopped the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

/// Builds and compares one image before and after.
///
/// # Errors
/// When the user interrupts it. Everything else is a result.
pub fn compare(
    session: &Session,
    subject: &Subject,
    options: &VerifyArgs,
) -> Result<Comparison, Interrupted> {
    let mut trial = Trial::new(session, subject, options);
    let stop = trial.run().err();
    // Images of one file do not wait for those of the next.
    session.remove_all();
    match stop {
        Some(Stop::Interrupted) => return Err(Interrupted),
        Some(Stop::Failed(why)) => {
            let message = trial.hidden.mask(&why);
            trial.checks.push(Checked::new(trial.stage, Status::NotComparable, message));
        }
        None => {}
    }
    Ok(Comparison { target: subject.target.clone(), checks: trial.checks, log: trial.log })
}

/// One comparison on its way.
struct Trial<'a> {
    session: &'a Session,
    subject: &'a Subject,
    options: &'a VerifyArgs,
    needles: Vec<Needle>,
    extra: Extra,
    hidden: Hidden,
    arguments: Vec<(String, String)>,
    known: Known,
    /// The check that is on its way.
    stage: Check,
    checks: Vec<Checked>,
    log: Vec<String>,
}

/// One of the two texts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
    /// The original once more, without the builder's cache.
    Control,
}

impl<'a> Trial<'a> {
    fn new(session: &'a Session, subject: &'a Subject, options: &'a VerifyArgs) -> Self {
        let given: Vec<Given> = options.secret.iter().map(|option| Given::read(option)).collect();
        let arguments = subject.arguments(&options.build_arg);
        let extra = secrets::extra(&subject.before, &subject.notes, &given, &arguments, &subject.context);
        let needles = secrets::needles(&subject.before, &subject.after, &given);
        let secret = |(name, _): &&(String, String)| harden_core::secrets::is_secret_name(name);
        let more: Vec<_> = extra.environment.iter().chain(arguments.iter().filter(secret)).cloned().collect();
        let hidden = Hidden::new(&needles, &given, &more, [&subject.before, &subject.after]);
        Self {
            session,
            subject,
            options,
            needles,
            extra,
            hidden,
            arguments,
            known: Known::new(),
            stage: Check::Builds,
            checks: Vec::new(),
            log: Vec::new(),
        }
    }

    fn run(&mut self) -> Result<(), Stop> {
        let Some(before) = self.build(Side::Before)? else {
            let message = "the original does not build here; nothing can be said about the new text";
            self.push(Checked::new(Check::Builds, Status::NotComparable, message));
            return Ok(());
        };
        let Some(after) = self.build(Side::After)? else {
            let missing = self.extra.missing.join(", ");
            self.push(if missing.is_empty() {
                Checked::new(Check::Builds, Status::Failed, "the original builds, the new text does not")
            } else {
                let message = format!("the new text needs what was not given (--secret): {missing}");
                Checked::new(Check::Builds, Status::NotComparable, message)
            });
            return Ok(());
        };
        self.push(Checked::new(Check::Builds, Status::Passed, "before and after"));
        self.stage = Check::Files;
        let old = self.read(&before)?;
        let new = self.read(&after)?;
        self.stage = Check::Starts;
        let (was, is) = self.watch((&before, &old), (&after, &new))?;
        let intent = self.subject.intent;
        let exposed = old.config.ports();
        let seconds = self.options.run_timeout.as_secs();
        self.push(checks::user(&was, &is, intent));
        self.push(checks::starts(&was, &is, seconds, &self.hidden));
        self.push(checks::ports(&was, &is, &exposed));
        self.push(checks::secrets(&new, &self.needles, &self.hidden));
        self.stage = Check::Files;
        let new_uid =
            is.uid.or_else(|| user_id(&new.config, &new.passwd)).filter(|uid| was.uid != Some(*uid));
        let mut sorted = files::sort(&old, &new, intent, new_uid);
        if !sorted.left.is_empty()
            && !intent.split
            && let Some(control) = self.build(Side::Control)?
        {
            let control = self.read(&control)?;
            files::without_noise(&mut sorted, &old.files, &control.files);
        }
        self.push(checks::files(&sorted, &old, intent, &self.subject.copied()));
        self.push(checks::size(old.bytes, new.bytes));
        Ok(())
    }

    fn push(&mut self, checked: Checked) {
        self.checks.push(checked);
    }

    /// Builds one side and gives the name of the image, or `None` and keeps the log.
    fn build(&mut self, side: Side) -> Result<Option<String>, Stop> {
        let tag = self.session.name("image");
        let folder = self.session.folder().join(&tag);
        let text = if side == Side::After { &self.subject.after } else { &self.subject.before };
        let dockerfile = place(&folder, text, self.subject.dockerfile.as_deref())
            .map_err(|error| format!("the texts cannot be put into a temporary folder: {error}"))?;
        let label = self.session.label();
        let (mut more, mut environment) = (Vec::<OsString>::new(), Vec::new());
        for (name, value) in &self.arguments {
            if side == Side::After && self.subject.is_replaced(name) {
                continue;
            }
            more.push("--build-arg".into());
            if harden_core::secrets::is_secret_name(name) {
                more.push(name.into());
                environment.push((name.clone(), value.clone()));
            } else {
                more.push(format!("{name}={value}").into());
            }
        }
        for (flag, values) in
            [("--build-context", &self.options.build_context), ("--secret", &self.options.secret)]
        {
            more.extend(values.iter().flat_map(|value| [flag.into(), value.into()]));
        }
        if side == Side::After {
            more.extend(self.extra.options.iter().map(OsString::from));
            environment.extend(self.extra.environment.iter().cloned());
        }
        let build = BuildCommand {
            dockerfile: &dockerfile,
            context: &self.subject.context,
            tag: &tag,
            label: &label,
            target: self.subject.target.as_deref(),
            network: self.options.network.as_deref(),
            more: &more,
            environment: &environment,
            anew: side == Side::Control,
        };
        let done = self.session.run(&mut self.session.builder.build(&build), self.options.build_timeout)?;
        if done.succeeded() {
            return Ok(Some(tag));
        }
        if side != Side::Control {
            self.log = log::failed(&done, &self.hidden);
        }
        Ok(None)
    }

    /// Saves an image and reads it.
    fn read(&mut self, tag: &str) -> Result<Image, Stop> {
        let file = self.session.folder().join(format!("{tag}.tar"));
        // Large images take minutes on slow disks; a builder that hangs is stopped nevertheless.
        let limit = self.options.build_timeout.max(ANSWER);
        self.session.ask(&mut self.session.builder.save(tag, &file), limit)?;
        let image = archive::read(&file, &self.needles, &mut self.known);
        let _ = fs::remove_file(&file);
        Ok(image?)
    }

    /// Runs a container of each image, both at the same time.
    fn watch(&self, before: (&str, &Image), after: (&str, &Image)) -> Result<(Seen, Seen), Stop> {
        let environment = self.subject.environment(&before.1.config);
        let watch = |(tag, image): (&str, &Image), environment: &[(String, String)]| {
            container::watch(self.session, tag, image, environment, self.options)
        };
        thread::scope(|scope| {
            let other = scope.spawn(|| watch(after, &environment));
            let was = watch(before, &[]);
            let is = other.join().unwrap_or_else(|_| Err("a thread ended early".to_owned().into()));
            Ok((was?, is?))
        })
    }
}

/// Puts a text into a folder of its own, with the ignore file that goes by the name of its Dockerfile: for builders that
/// file is the one beside the Dockerfile they are given.
fn place(folder: &Path, text: &str, original: Option<&Path>) -> std::io::Result<PathBuf> {
    fs::create_dir(folder)?;
    let dockerfile = folder.join("Dockerfile");
    fs::write(&dockerfile, text)?;
    if let Some(original) = original {
        for ending in [".dockerignore", ".containerignore"] {
            let mut name = original.as_os_str().to_owned();
            name.push(ending);
            match fs::read(PathBuf::from(name)) {
                Ok(rules) => fs::write(folder.join(format!("Dockerfile{ending}")), rules)?,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(dockerfile)
}
