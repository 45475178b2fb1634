//! What is read of a project file of .NET.
//!
//! Sources: the MSBuild schema, "Microsoft.NET.Sdk properties" and "ASP.NET Core web SDK" of Microsoft's documentation.

use roxmltree::{Document, ParsingOptions};

/// Nodes of one project that are looked at.
const MAX_NODES: u32 = 100_000;

/// One project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Project {
    /// `Microsoft.NET.Sdk.Web`.
    pub(super) sdk: String,
    /// The name of the program, where it is not that of the file.
    pub(super) assembly: Option<String>,
    /// It is native, or brings the runtime along.
    pub(super) self_contained: bool,
    /// Frameworks besides that of .NET itself: `Microsoft.AspNetCore.App`.
    pub(super) frameworks: Vec<String>,
    pub(super) packages: Vec<String>,
    /// Where it puts its output, when it says so.
    pub(super) own_output: bool,
}

/// Reads a project; `None` when it is none in the form of the SDK.
pub(super) fn read(text: &str) -> Option<Project> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = Document::parse_with_options(text, options).ok()?;
    let root = document.root_element();
    let mut project = Project { sdk: root.attribute("Sdk")?.to_owned(), ..Project::default() };
    for node in root.descendants().filter(roxmltree::Node::is_element) {
        let value = node.text().unwrap_or_default().trim();
        let include = || node.attribute("Include").unwrap_or_default().to_owned();
        match node.tag_name().name() {
            "AssemblyName" if !value.is_empty() => project.assembly = Some(value.to_owned()),
            "SelfContained" | "PublishSelfContained" | "PublishAot" => {
                project.self_contained |= value.eq_ignore_ascii_case("true");
            }
            "PublishDir" | "OutputPath" | "BaseOutputPath" => project.own_output = true,
            "FrameworkReference" => project.frameworks.push(include()),
            "PackageReference" => project.packages.push(include()),
            _ => {}
        }
    }
    Some(project)
}

impl Project {
    /// Whether it surely needs nothing of ASP.NET: packages may bring a reference to its framework along.
    pub(super) fn is_console(&self) -> bool {
        const PLAIN: [&str; 6] =
            ["CommandLineParser", "Dapper", "Microsoft.Extensions.", "Newtonsoft.Json", "System.", "Npgsql"];
        let sdk = matches!(self.sdk.as_str(), "Microsoft.NET.Sdk" | "Microsoft.NET.Sdk.Worker");
        let known = |name: &String| {
            PLAIN.iter().any(|plain| name == plain || plain.ends_with('.') && name.starts_with(plain))
        };
        sdk && self.frameworks.is_empty() && self.packages.iter().all(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_project_says() {
        let web = read("\u{feff}<Project Sdk=\"Microsoft.NET.Sdk.Web\"><PropertyGroup><AssemblyName>shop</AssemblyName></PropertyGroup></Project>").unwrap();
        assert_eq!(web.assembly.as_deref(), Some("shop"));
        assert!(!web.is_console());
        let console = "<Project Sdk=\"Microsoft.NET.Sdk\">\r\n<ItemGroup><PackageReference Include=\"Newtonsoft.Json\" Version=\"13\"/></ItemGroup></Project>";
        assert!(read(console).unwrap().is_console());
        assert!(!read(&console.replace("Newtonsoft.Json", "Swashbuckle.AspNetCore")).unwrap().is_console());
        let framework = console.replace(
            "PackageReference Include=\"Newtonsoft.Json\"",
            "FrameworkReference Include=\"Microsoft.AspNetCore.App\"",
        );
        assert!(!read(&framework).unwrap().is_console());
    }

    #[test]
    fn hostile_projects() {
        let deep = format!("<Project Sdk=\"x\">{}", "<a>".repeat(100_000));
        for text in ["", "<Project/>", "<!DOCTYPE x><Project Sdk=\"x\"/>", deep.as_str(), "\0"] {
            assert_eq!(read(text), None);
        }
    }
}
