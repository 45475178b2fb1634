//! The build a Dockerfile describes: stages, base images and what they refer to.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use dockerfile_syntax::{Dockerfile, Expansion, Flag, Instruction, Keyword, Pair, Reference, Span, Token};

use crate::shell::Located;
use crate::{BuildSetup, Why};

/// Arguments BuildKit sets by itself; their values differ between platforms
/// (Docker docs, "Automatic platform ARGs in the global scope").
pub const PLATFORM_ARGS: [&str; 8] = [
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
];

/// The commands of an instruction, and whether they are all it runs.
type Commands = Rc<(Vec<Located>, bool)>;

/// The stages of a Dockerfile and the arguments before them.
#[derive(Clone, Debug)]
pub struct Build<'a> {
    /// The file.
    pub file: &'a Dockerfile,
    /// Every name an ARG before the first FROM declares, in order.
    pub global_args: Vec<GlobalArg<'a>>,
    /// The stages in order.
    pub stages: Vec<Stage<'a>>,
    by_name: BTreeMap<String, Vec<usize>>,
    /// Index in `global_args` of the declaration of a name that counts.
    by_arg: BTreeMap<&'a str, usize>,
    /// What [`Build::commands`] keeps, by where the instruction starts.
    commands: RefCell<BTreeMap<u32, Commands>>,
}

/// One name of an ARG before the first FROM.
#[derive(Clone, Debug)]
pub struct GlobalArg<'a> {
    /// The ARG instruction.
    pub instruction: Instruction<'a>,
    /// Name and default.
    pub pair: Pair<'a>,
    /// The default with variables replaced; `None` when there is none or it cannot be known.
    pub value: Option<String>,
}

/// One build stage.
#[derive(Clone, Debug)]
pub struct Stage<'a> {
    /// Position, from 0; `COPY --from=0` counts like this.
    pub index: usize,
    /// The FROM instruction.
    pub from: Instruction<'a>,
    /// The image argument as written.
    pub image: Token<'a>,
    /// The name after AS, in lower case.
    pub name: Option<String>,
    /// What it starts from.
    pub base: Base,
    /// The instructions after FROM.
    pub instructions: Vec<Instruction<'a>>,
}

/// What a stage starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// The empty image.
    Scratch,
    /// An earlier stage.
    Stage(usize),
    /// An image: the reference with default arguments filled in.
    Image(Reference),
    /// It depends on something the file does not fix.
    Unknown(Why),
}

/// What `COPY --from` or `RUN --mount=from=` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A stage, by name or number. BuildKit looks at all stages, also later ones.
    Stage(usize),
    /// An additional build context.
    Context,
    /// The empty image.
    Scratch,
    /// An image.
    Image(Reference),
    /// Not readable as any of these.
    Unknown(Why),
}

/// One use of something outside the stage: a FROM is not among them.
#[derive(Clone, Debug)]
pub struct SourceUse<'a> {
    /// Index of the stage it stands in.
    pub stage: usize,
    /// The COPY or RUN instruction.
    pub instruction: Instruction<'a>,
    /// The flag.
    pub flag: Flag<'a>,
    /// The name as BuildKit reads it.
    pub name: Cow<'a, str>,
    /// Where the name stands, when it is written plainly.
    pub span: Option<Span>,
    /// What it is.
    pub source: Source,
}

impl<'a> Build<'a> {
    /// The commands of an instruction of this file, read once for all who ask. `read` may depend on nothing but the
    /// instruction and the SHELL in force, which the file fixes.
    pub(crate) fn commands(
        &self,
        instruction: Instruction<'_>,
        read: impl FnOnce() -> (Vec<Located>, bool),
    ) -> Commands {
        let at = instruction.span().start;
        if let Some(kept) = self.commands.borrow().get(&at) {
            return Rc::clone(kept);
        }
        let made = Rc::new(read());
        self.commands.borrow_mut().insert(at, Rc::clone(&made));
        made
    }

    /// Reads the stages of a file without errors; of a broken file, what can be read.
    pub fn new(file: &'a Dockerfile) -> Self {
        let mut build = Self {
            file,
            global_args: Vec::new(),
            stages: Vec::new(),
            by_name: BTreeMap::new(),
            by_arg: BTreeMap::new(),
            commands: RefCell::default(),
        };
        for instruction in file.instructions() {
            match (instruction.keyword(), instruction.from()) {
                (Keyword::From, Some(from)) => {
                    let base = build.base(from.image);
                    let index = build.stages.len();
                    let name = from.name.map(|name| name.text().to_lowercase());
                    if let Some(name) = &name {
                        build.by_name.entry(name.clone()).or_default().push(index);
                    }
                    build.stages.push(Stage {
                        index,
                        from: instruction,
                        image: from.image,
                        name,
                        base,
                        instructions: Vec::new(),
                    });
                }
                (Keyword::Arg, _) if build.stages.is_empty() => {
                    for pair in instruction.pairs() {
                        let value = build.global_default(&pair);
                        // `ARG NAME` again does not take a default away.
                        let index = build.global_args.len();
                        let counts = build.by_arg.entry(pair.key.text()).or_insert(index);
                        if pair.value.is_some() {
                            *counts = index;
                        }
                        build.global_args.push(GlobalArg { instruction, pair, value });
                    }
                }
                _ => {
                    if let Some(stage) = build.stages.last_mut() {
                        stage.instructions.push(instruction);
                    }
                }
            }
        }
        build
    }

    fn global_default(&self, pair: &Pair<'a>) -> Option<String> {
        let expansion = self.expand_global(pair.value?).ok()?;
        (expansion.unset.is_empty()).then_some(expansion.text)
    }

    fn expand_global(&self, token: Token<'a>) -> Result<Expansion, Why> {
        token.expand(&|name| self.global_arg(name)?.value.as_deref().map(Cow::Borrowed)).map_err(|error| {
            Why::new("bad-expansion", format!("`{}` cannot be expanded: {error}", token.text()))
        })
    }

    fn base(&self, image: Token<'a>) -> Base {
        let expansion = match self.expand_global(image) {
            Ok(expansion) => expansion,
            Err(why) => return Base::Unknown(why),
        };
        if let Some(name) = expansion.unset.first() {
            let why = if PLATFORM_ARGS.contains(&name.as_str()) {
                Why::new(
                    "platform-variable",
                    format!("`{}` depends on the platform that is built for", image.text()),
                )
            } else {
                Why::new(
                    "no-default",
                    format!("`{}` depends on the build argument {name}, which has no default", image.text()),
                )
            };
            return Base::Unknown(why);
        }
        let text = expansion.text;
        if text == "scratch" {
            return Base::Scratch;
        }
        if text.is_empty() {
            let message = format!("`{}` is empty unless the build gives an argument", image.text());
            return Base::Unknown(Why::new("no-default", message));
        }
        // Later stages are not known yet at this point, as in BuildKit.
        if let Some(&index) = self.by_name.get(&text.to_lowercase()).and_then(|all| all.last()) {
            return Base::Stage(index);
        }
        match Reference::parse(&text) {
            Ok(reference) => Base::Image(reference),
            Err(error) => {
                Base::Unknown(Why::new("bad-reference", format!("`{text}` is no image reference: {error}")))
            }
        }
    }

    /// The stages that make up `stage`, the first one first: `FROM base AS a`, `FROM a`, … And whether the first one
    /// starts from the empty image.
    pub fn chain(&self, stage: usize) -> (Vec<usize>, bool) {
        let mut chain = vec![stage];
        let mut scratch = false;
        while let Some(one) = chain.last().and_then(|&index| self.stages.get(index)) {
            match one.base {
                // Only earlier stages can be started from, so this ends.
                Base::Stage(parent) if parent < one.index => chain.push(parent),
                Base::Scratch => {
                    scratch = true;
                    break;
                }
                _ => break,
            }
        }
        chain.reverse();
        (chain, scratch)
    }

    /// The stages whose containers are run: the last one, and those that compose and bake files name as targets.
    /// Sorted.
    pub fn outputs(&self, setup: &BuildSetup) -> Vec<usize> {
        let named = setup.targets.iter().filter_map(|name| self.stage_named(name)).map(|stage| stage.index);
        let mut outputs: Vec<usize> = named.chain(self.stages.len().checked_sub(1)).collect();
        outputs.sort_unstable();
        outputs.dedup();
        outputs
    }

    /// The stage of that name; the last one when several have it.
    pub fn stage_named(&self, name: &str) -> Option<&Stage<'a>> {
        let index = *self.by_name.get(&name.to_lowercase())?.last()?;
        self.stages.get(index)
    }

    /// The declaration of a global argument that counts: the last one with a default.
    pub fn global_arg(&self, name: &str) -> Option<&GlobalArg<'a>> {
        self.global_args.get(*self.by_arg.get(name)?)
    }

    /// Every `COPY --from` and `RUN --mount=from=`, in order. ONBUILD triggers are left out: they resolve in the build
    /// that uses the image.
    pub fn source_uses(&self, setup: &BuildSetup) -> Vec<SourceUse<'a>> {
        let mut uses = Vec::new();
        for stage in &self.stages {
            for &instruction in &stage.instructions {
                self.source_uses_of(stage.index, instruction, setup, &mut uses);
            }
        }
        uses
    }

    fn source_uses_of(
        &self,
        stage: usize,
        instruction: Instruction<'a>,
        setup: &BuildSetup,
        uses: &mut Vec<SourceUse<'a>>,
    ) {
        match instruction.keyword() {
            Keyword::Copy => {
                let Some(flag) = instruction.flag("from") else { return };
                // BuildKit takes an empty name for none.
                let Some(name) = flag.value().filter(|name| !name.is_empty()) else { return };
                let span = flag.value_token().filter(|_| flag.is_plain()).map(Token::span);
                let source = self.source(name, true, setup);
                uses.push(SourceUse { stage, instruction, flag, name: Cow::Borrowed(name), span, source });
            }
            Keyword::Run => {
                for flag in instruction.flags().filter(|flag| flag.name() == "mount") {
                    let fields = flag.mount().unwrap_or_default();
                    for field in fields.into_iter().filter(|field| field.key == "from") {
                        let Some(name) = field.value.filter(|name| !name.is_empty()) else { continue };
                        let source = self.source(&name, false, setup);
                        uses.push(SourceUse { stage, instruction, flag, name, span: field.span, source });
                    }
                }
            }
            _ => {}
        }
    }

    /// What a name in `--from` means. Only COPY takes stage numbers.
    fn source(&self, name: &str, numbers: bool, setup: &BuildSetup) -> Source {
        if numbers && let Ok(index) = name.parse::<usize>() {
            return if index < self.stages.len() {
                Source::Stage(index)
            } else {
                Source::Unknown(Why::new("no-such-stage", format!("there is no stage number {index}")))
            };
        }
        if let Some(stage) = self.stage_named(name) {
            return Source::Stage(stage.index);
        }
        if setup.named_contexts.iter().any(|context| context.eq_ignore_ascii_case(name)) {
            return Source::Context;
        }
        if name == "scratch" {
            return Source::Scratch;
        }
        if name.contains('$') {
            let message = format!("`{name}` holds a variable, which BuildKit does not expand here");
            return Source::Unknown(Why::new("variable", message));
        }
        match Reference::parse(name) {
            Ok(reference) => Source::Image(reference),
            Err(error) => {
                Source::Unknown(Why::new("bad-reference", format!("`{name}` is no image reference: {error}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bases(text: &str) -> Vec<String> {
        let file = Dockerfile::parse(text);
        let build = Build::new(&file);
        build
            .stages
            .iter()
            .map(|stage| match &stage.base {
                Base::Scratch => "scratch".to_owned(),
                Base::Stage(index) => format!("stage {index}"),
                Base::Image(reference) => reference.canonical().to_owned(),
                Base::Unknown(why) => why.code.to_owned(),
            })
            .collect()
    }

    #[test]
    fn bases_resolve_like_buildkit() {
        let text = "ARG V=3.22\nARG IMG=alpine:$V\nARG NONE\nARG V\nARG EMPTY=\nFROM $IMG AS One\nFROM one\nFROM ${NONE:-busybox}\n\
                    FROM $NONE\nFROM scratch\nFROM build-$TARGETOS\nFROM two\nFROM x AS two\nFROM Bad/UPPER\nFROM $EMPTY\n";
        assert_eq!(
            bases(text),
            [
                "docker.io/library/alpine:3.22",
                "stage 0",
                "docker.io/library/busybox",
                "no-default",
                "scratch",
                "platform-variable",
                "docker.io/library/two",
                "docker.io/library/x",
                "bad-reference",
                "no-default",
            ]
        );
    }

    #[test]
    fn sources_of_copy_and_mounts() {
        let text = "FROM a AS build\nFROM b\nCOPY --from=BUILD x y\nCOPY --from=0 x y\nCOPY --from=nginx:1 x y\n\
                    COPY --from=later x y\nRUN --mount=type=bind,from=golang,target=/g true\nCOPY --from=7 a b\n\
                    COPY --from=assets a b\nCOPY \"--from=q\" a\nCOPY --from= a b\n\
                    RUN --mount=type=bind,from=,target=/g true\nFROM c AS later\n";
        let file = Dockerfile::parse(text);
        let setup = BuildSetup { named_contexts: ["assets".to_owned()].into(), ..BuildSetup::default() };
        let uses = Build::new(&file).source_uses(&setup);
        let found: Vec<_> = uses.iter().map(|one| one.source.clone()).collect();
        assert_eq!(
            found,
            [
                Source::Stage(0),
                Source::Stage(0),
                Source::Image(Reference::parse("nginx:1").unwrap()),
                Source::Stage(2),
                Source::Image(Reference::parse("golang").unwrap()),
                Source::Unknown(Why::new("no-such-stage", "there is no stage number 7")),
                Source::Context,
            ]
        );
        assert_eq!(file.slice(uses[4].span.unwrap()), "golang");
    }
}
