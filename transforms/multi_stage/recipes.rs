//! What programs of each kind need: one file a kind.

mod c;
mod compiled;
mod dotnet;
mod front_end;
mod go;
mod gradle;
mod java;
mod maven;
pub(super) mod node;
mod python;
mod rust;

use super::split::Recipe;

/// Every recipe. The first one that knows a stage decides.
pub(crate) static ALL: &[&dyn Recipe] = &[
    &c::C,
    &dotnet::Dotnet,
    &go::Go,
    &gradle::Gradle,
    &maven::Maven,
    &front_end::FrontEnd,
    &node::Node,
    &python::PythonRecipe,
    &rust::Rust,
];
